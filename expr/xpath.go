package expr

import "errors"

// evalXPath evaluates a path of XPath 1.0 over XML content (wdl-semantics §8).
func evalXPath(c invocation) (Value, error) {
	e, ok := c.args[0].envelope()
	if !ok || !e.isXML() {
		return Value{}, c.wrongKind(0, "an XML object")
	}
	path, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	doc, err := parseXML(e.xmlSource())
	if err != nil {
		return Value{}, c.badXML(err)
	}
	v, err := selectXPath(doc, path, xpathBudget)
	if err != nil {
		return Value{}, c.notValid("The XPath expression '%s' cannot be evaluated: %s.", excerpt(path), err.Error())
	}
	return v, nil
}

// selectXPath evaluates a path at the root of a document, in at most budget steps.
func selectXPath(doc *xmlNode, path string, budget int) (Value, error) {
	e, err := parseXPath(path)
	if err != nil {
		return Value{}, err
	}
	r := &xpathRun{doc: doc, left: budget, done: map[*xpathPath][]xpathNode{}}
	v := e.eval(&xpathContext{run: r, node: xpathNode{xml: doc}, position: 1, size: 1})
	result, size := r.result(v)
	switch {
	case r.left < 0:
		return Value{}, errors.New("it takes too many steps")
	case size > MaxSize:
		return Value{}, errors.New("its result is too large")
	}
	return result, nil
}

// result makes a value of a result, a node-set being an array in document order:
// elements, and the document, as envelopes that declare those of the namespaces in
// scope that they use, all else as text. size is about that of the result; beyond
// MaxSize it is not complete.
func (r *xpathRun) result(v xpathValue) (result Value, size int) {
	switch v.kind {
	case xpathNum:
		return Float(v.num), 0
	case xpathText:
		return String(v.text), len(v.text)
	case xpathBool:
		return Bool(v.yes), 0
	}
	elems := make([]Value, 0, len(v.nodes))
	for _, n := range v.nodes {
		if size > MaxSize || r.left < 0 {
			break
		}
		if n.part == 0 && (n.xml.kind == xmlElement || n.xml.kind == xmlDocument) {
			text := xmlPart(n.xml)
			size += len(text) * 4 / 3
			r.spend(len(text) / 4)
			elems = append(elems, Envelope(typeXML, []byte(text)))
			continue
		}
		text := r.text(n)
		size += len(text)
		elems = append(elems, String(text))
	}
	return arrayOf(elems), size
}
