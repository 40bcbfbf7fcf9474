package expr

// XPath 1.0 over the XML reader's documents (wdl-semantics §8).

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/antchfx/xpath"
)

func evalXPath(c invocation) (Value, error) {
	e, ok := c.args[0].envelope()
	if !ok || !e.isXML() {
		return Value{}, c.wrongKind(0, "an XML content. Use the function 'xml' to make one")
	}
	path, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	doc, err := parseXML(e.text())
	if err != nil {
		return Value{}, c.badXML(err)
	}
	v, err := selectXPath(doc, path)
	if err != nil {
		return Value{}, c.notValid("The XPath expression '%s' cannot be evaluated: %s.", path, strings.TrimRight(err.Error(), "."))
	}
	return v, nil
}

// selectXPath evaluates a path at the root of a document. The engine panics on some
// expressions it cannot handle; that is an error here.
func selectXPath(doc *xmlNode, path string) (v Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = Value{}, fmt.Errorf("%v", p)
		}
	}()
	if name := laterFunction(path); name != "" {
		return Value{}, fmt.Errorf("%s() is not a function of XPath 1.0", name)
	}
	compiled, err := xpath.CompileWithNS(path, map[string]string{})
	if err != nil {
		return Value{}, err
	}
	switch result := compiled.Evaluate(&xmlNavigator{doc: doc, node: doc, attr: -1}).(type) {
	case bool:
		return Bool(result), nil
	case float64:
		return Float(result), nil
	case string:
		return String(result), nil
	case *xpath.NodeIterator:
		return nodeSet(result), nil
	}
	return Value{}, errors.New("the result has an unknown type")
}

// xpathCall matches a string literal, or a name with the parenthesis of a call.
var xpathCall = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"[^"]*"|'[^']*'|([\w.-]+)\s*\(`)
})

// laterFunction returns the first function of XPath 2.0 and later that path calls,
// which the engine knows and .NET does not; "" if there is none.
func laterFunction(path string) string {
	for _, match := range xpathCall().FindAllStringSubmatch(path, -1) {
		switch match[1] {
		case "ends-with", "lower-case", "matches", "replace", "reverse", "string-join":
			return match[1]
		}
	}
	return ""
}

// nodeSet makes an array of a node-set in document order: texts and attributes as
// strings, elements as envelopes that declare the namespaces in scope.
func nodeSet(nodes *xpath.NodeIterator) Value {
	var found []*xmlNavigator
	for nodes.MoveNext() {
		found = append(found, nodes.Current().Copy().(*xmlNavigator))
	}
	var elems []Value
	for _, at := range inDocumentOrder(found) {
		if at.attr < 0 && (at.node.kind == xmlElement || at.node.kind == xmlDocument) {
			var b strings.Builder
			writeXML(&b, at.node, at.node.inheritedNamespaces())
			elems = append(elems, Envelope(typeXML, []byte(b.String())))
			continue
		}
		elems = append(elems, String(at.Value()))
	}
	return arrayOf(elems)
}

// inDocumentOrder sorts a node-set and drops duplicates: the engine gives unions one
// operand after the other, and reverse axes from the inside out.
func inDocumentOrder(found []*xmlNavigator) []*xmlNavigator {
	if len(found) < 2 {
		return found
	}
	order := map[*xmlNode]int{}
	found[0].doc.number(order)
	slices.SortStableFunc(found, func(a, b *xmlNavigator) int {
		return cmp.Or(cmp.Compare(order[a.node], order[b.node]), cmp.Compare(a.attr, b.attr))
	})
	return slices.CompactFunc(found, func(a, b *xmlNavigator) bool { return a.node == b.node && a.attr == b.attr })
}

// number gives n and all nodes below it their places in document order.
func (n *xmlNode) number(order map[*xmlNode]int) {
	order[n] = len(order)
	for _, child := range n.children {
		child.number(order)
	}
}

// inheritedNamespaces are the declarations of ancestors that hold for n.
func (n *xmlNode) inheritedNamespaces() []xmlAttr {
	var scope []xmlAttr
	seen := map[string]bool{}
	for _, a := range n.attrs {
		seen[a.name] = true
	}
	for up := n.parent; up != nil; up = up.parent {
		for _, a := range up.attrs {
			if (a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:")) && up.kind == xmlElement && !seen[a.name] {
				seen[a.name] = true
				scope = append(scope, a)
			}
		}
	}
	return scope
}

// xmlNavigator walks a document for the XPath engine. The document's declaration and
// type are not part of XPath's model.
type xmlNavigator struct {
	doc, node *xmlNode
	attr      int // of node.attrs; -1 on the node itself
}

var _ xpath.NodeNavigator = (*xmlNavigator)(nil)

func (v *xmlNavigator) NodeType() xpath.NodeType {
	if v.attr >= 0 {
		return xpath.AttributeNode
	}
	switch v.node.kind {
	case xmlDocument:
		return xpath.RootNode
	case xmlElement:
		return xpath.ElementNode
	case xmlTextNode, xmlCData, xmlSpace:
		return xpath.TextNode
	}
	return xpath.CommentNode
}

func (v *xmlNavigator) qualified() string {
	if v.attr >= 0 {
		return v.node.attrs[v.attr].name
	}
	return v.node.name
}

func (v *xmlNavigator) LocalName() string {
	_, local := splitName(v.qualified())
	return local
}

func (v *xmlNavigator) Prefix() string {
	prefix, _ := splitName(v.qualified())
	return prefix
}

// NamespaceURL is asked for by the functions on namespaces.
func (v *xmlNavigator) NamespaceURL() string {
	if v.attr >= 0 && v.Prefix() == "" {
		return ""
	}
	uri, _ := v.node.namespace(v.Prefix())
	return uri
}

func (v *xmlNavigator) Value() string {
	if v.attr >= 0 {
		return v.node.attrs[v.attr].value
	}
	if v.node.kind != xmlElement && v.node.kind != xmlDocument {
		return v.node.text
	}
	var b strings.Builder
	innerText(&b, v.node)
	return b.String()
}

func innerText(b *strings.Builder, n *xmlNode) {
	for _, child := range n.children {
		switch child.kind {
		case xmlTextNode, xmlCData, xmlSpace:
			b.WriteString(child.text)
		case xmlElement:
			innerText(b, child)
		}
	}
}

func (v *xmlNavigator) Copy() xpath.NodeNavigator {
	c := *v
	return &c
}

func (v *xmlNavigator) MoveToRoot() { v.node, v.attr = v.doc, -1 }

func (v *xmlNavigator) MoveToParent() bool {
	if v.attr >= 0 {
		v.attr = -1
		return true
	}
	if v.node.parent == nil {
		return false
	}
	v.node = v.node.parent
	return true
}

func (v *xmlNavigator) MoveToNextAttribute() bool {
	for i := v.attr + 1; i < len(v.node.attrs) && v.node.kind == xmlElement; i++ {
		if name := v.node.attrs[i].name; name != "xmlns" && !strings.HasPrefix(name, "xmlns:") {
			v.attr = i
			return true
		}
	}
	return false
}

// visible nodes are part of XPath's model.
func (n *xmlNode) visible() bool { return n.kind != xmlDeclaration && n.kind != xmlDocType }

// move goes to the first visible of siblings from a place on, in steps of ±1.
func (v *xmlNavigator) move(siblings []*xmlNode, from, step int) bool {
	for i := from; i >= 0 && i < len(siblings); i += step {
		if siblings[i].visible() {
			v.node = siblings[i]
			return true
		}
	}
	return false
}

func (v *xmlNavigator) MoveToChild() bool {
	return v.attr < 0 && v.move(v.node.children, 0, 1)
}

func (v *xmlNavigator) MoveToFirst() bool {
	return v.attr < 0 && v.node.parent != nil && v.move(v.node.parent.children, 0, 1)
}

func (v *xmlNavigator) MoveToNext() bool {
	return v.attr < 0 && v.node.parent != nil && v.move(v.node.parent.children, v.node.place+1, 1)
}

func (v *xmlNavigator) MoveToPrevious() bool {
	return v.attr < 0 && v.node.parent != nil && v.move(v.node.parent.children, v.node.place-1, -1)
}

func (v *xmlNavigator) MoveTo(other xpath.NodeNavigator) bool {
	o, ok := other.(*xmlNavigator)
	if !ok || o.doc != v.doc {
		return false
	}
	*v = *o
	return true
}
