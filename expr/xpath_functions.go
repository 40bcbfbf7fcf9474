package expr

// The core library of XPath 1.0. Lengths and positions count UTF-16 units, as .NET
// does.

import (
	"math"
	"strings"
)

// xpathFunction is a function of the core library.
type xpathFunction struct {
	name       string
	min, max   int
	gives      xpathKind
	nodes      bool // the argument must give nodes
	own        bool // without an argument it is the context node
	positional bool
	eval       func(c *xpathContext, args []xpathValue) xpathValue
}

// anyNumber is the maximum of functions that take any number of arguments.
const anyNumber = math.MaxInt

// xpathFunctions lists the 27 functions of the recommendation.
func xpathFunctions() []xpathFunction {
	return []xpathFunction{
		{name: "last", gives: xpathNum, positional: true, eval: func(c *xpathContext, _ []xpathValue) xpathValue { return xpathNumberValue(float64(c.size)) }},
		{name: "position", gives: xpathNum, positional: true, eval: func(c *xpathContext, _ []xpathValue) xpathValue { return xpathNumberValue(float64(c.position)) }},
		{name: "count", min: 1, max: 1, gives: xpathNum, nodes: true, eval: func(_ *xpathContext, args []xpathValue) xpathValue {
			return xpathNumberValue(float64(len(args[0].nodes)))
		}},
		{name: "id", min: 1, max: 1, gives: xpathNodes, eval: xpathID},
		{name: "local-name", max: 1, gives: xpathText, nodes: true, own: true, eval: nameFunction(func(prefix, local, uri string) string { return local })},
		{name: "namespace-uri", max: 1, gives: xpathText, nodes: true, own: true, eval: nameFunction(func(prefix, local, uri string) string { return uri })},
		{name: "name", max: 1, gives: xpathText, nodes: true, own: true, eval: nameFunction(joinName)},

		{name: "string", max: 1, gives: xpathText, own: true, eval: textFunction(func(args []string) string { return args[0] })},
		{name: "concat", min: 2, max: anyNumber, gives: xpathText, eval: textFunction(func(args []string) string { return strings.Join(args, "") })},
		{name: "starts-with", min: 2, max: 2, gives: xpathBool, eval: textTest(strings.HasPrefix)},
		{name: "contains", min: 2, max: 2, gives: xpathBool, eval: textTest(strings.Contains)},
		{name: "substring-before", min: 2, max: 2, gives: xpathText, eval: textFunction(substringBefore)},
		{name: "substring-after", min: 2, max: 2, gives: xpathText, eval: textFunction(substringAfter)},
		{name: "substring", min: 2, max: 3, gives: xpathText, eval: xpathSubstring},
		{name: "string-length", max: 1, gives: xpathNum, own: true, eval: func(c *xpathContext, args []xpathValue) xpathValue {
			return xpathNumberValue(float64(utf16Length(args[0].string(c.run))))
		}},
		{name: "normalize-space", max: 1, gives: xpathText, own: true, eval: textFunction(func(args []string) string {
			return strings.Join(strings.FieldsFunc(args[0], isXMLWhite), " ")
		})},
		{name: "translate", min: 3, max: 3, gives: xpathText, eval: textFunction(translate)},

		{name: "boolean", min: 1, max: 1, gives: xpathBool, eval: func(_ *xpathContext, args []xpathValue) xpathValue { return xpathBoolValue(args[0].boolean()) }},
		{name: "not", min: 1, max: 1, gives: xpathBool, eval: func(_ *xpathContext, args []xpathValue) xpathValue { return xpathBoolValue(!args[0].boolean()) }},
		{name: "true", gives: xpathBool, eval: func(*xpathContext, []xpathValue) xpathValue { return xpathBoolValue(true) }},
		{name: "false", gives: xpathBool, eval: func(*xpathContext, []xpathValue) xpathValue { return xpathBoolValue(false) }},
		{name: "lang", min: 1, max: 1, gives: xpathBool, eval: xpathLang},

		{name: "number", max: 1, gives: xpathNum, own: true, eval: numberFunction(func(f float64) float64 { return f })},
		{name: "sum", min: 1, max: 1, gives: xpathNum, nodes: true, eval: xpathSum},
		{name: "floor", min: 1, max: 1, gives: xpathNum, eval: numberFunction(math.Floor)},
		{name: "ceiling", min: 1, max: 1, gives: xpathNum, eval: numberFunction(math.Ceil)},
		{name: "round", min: 1, max: 1, gives: xpathNum, eval: numberFunction(xpathRound)},
	}
}

// textFunction makes a function of the text forms of its arguments.
func textFunction(f func(args []string) string) func(*xpathContext, []xpathValue) xpathValue {
	return func(c *xpathContext, args []xpathValue) xpathValue {
		texts, size := make([]string, len(args)), 0
		for i := range args {
			texts[i] = args[i].string(c.run)
			size += len(texts[i])
		}
		if !c.run.spend(size / 4) {
			return xpathTextValue("")
		}
		return xpathTextValue(f(texts))
	}
}

func textTest(f func(s, part string) bool) func(*xpathContext, []xpathValue) xpathValue {
	return func(c *xpathContext, args []xpathValue) xpathValue {
		s, part := args[0].string(c.run), args[1].string(c.run)
		c.run.spend(len(s) / 16)
		return xpathBoolValue(f(s, part))
	}
}

func numberFunction(f func(float64) float64) func(*xpathContext, []xpathValue) xpathValue {
	return func(c *xpathContext, args []xpathValue) xpathValue {
		return xpathNumberValue(f(args[0].number(c.run)))
	}
}

// nameFunction makes a function of the name of the first node.
func nameFunction(f func(prefix, local, uri string) string) func(*xpathContext, []xpathValue) xpathValue {
	return func(_ *xpathContext, args []xpathValue) xpathValue {
		if len(args[0].nodes) == 0 {
			return xpathTextValue("")
		}
		return xpathTextValue(f(args[0].nodes[0].expandedName()))
	}
}

func joinName(prefix, local, uri string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

// expandedName is what a node is called; the name of a namespace node is its prefix.
func (n xpathNode) expandedName() (prefix, local, uri string) {
	switch {
	case n.part > 0:
		prefix, local = splitName(n.attribute().name)
		return prefix, local, n.attribute().uri
	case n.part < 0:
		return "", n.namespace().declared(), ""
	case n.xml.kind == xmlElement:
		prefix, local = splitName(n.xml.name)
		return prefix, local, n.xml.uri
	case n.xml.kind == xmlInstruction:
		return "", n.xml.name, ""
	}
	return "", "", ""
}

func substringBefore(args []string) string {
	before, _, found := strings.Cut(args[0], args[1])
	if !found {
		return ""
	}
	return before
}

func substringAfter(args []string) string {
	_, after, _ := strings.Cut(args[0], args[1])
	return after
}

// xpathSubstring is .NET's: a negative length takes what is before the start.
func xpathSubstring(c *xpathContext, args []xpathValue) xpathValue {
	s := args[0].string(c.run)
	size := float64(utf16Length(s))
	start := xpathRound(args[1].number(c.run)) - 1
	if math.IsNaN(start) || start >= size {
		return xpathTextValue("")
	}
	length := size
	if len(args) == 3 {
		length = xpathRound(args[2].number(c.run))
		if start < 0 || length < 0 {
			length += start
			start = 0
		}
	}
	start = max(start, 0)
	if !(length > 0) {
		return xpathTextValue("")
	}
	end := start + min(length, size-start)
	return xpathTextValue(utf16Slice(s, int(start), int(end)))
}

// translate replaces the characters of the second text by those of the third.
func translate(args []string) string {
	to := []rune(args[2])
	table := map[rune]rune{}
	for i, c := range []rune(args[1]) {
		if _, taken := table[c]; taken {
			continue
		}
		table[c] = -1
		if i < len(to) {
			table[c] = to[i]
		}
	}
	return strings.Map(func(c rune) rune {
		if by, ok := table[c]; ok {
			return by
		}
		return c
	}, args[0])
}

// xpathRound rounds halves up.
func xpathRound(f float64) float64 {
	whole := math.RoundToEven(f)
	if f-whole == 0.5 {
		return whole + 1
	}
	return whole
}

func xpathSum(c *xpathContext, args []xpathValue) xpathValue {
	sum := 0.0
	for _, n := range args[0].nodes {
		if !c.run.spend(1) {
			break
		}
		sum += xpathNumber(c.run.text(n))
	}
	return xpathNumberValue(sum)
}

// xpathLang tests the nearest xml:lang: the language, or one of its sublanguages.
func xpathLang(c *xpathContext, args []xpathValue) xpathValue {
	want := args[0].string(c.run)
	for n := c.node.xml; n != nil; n = n.parent {
		lang, ok := n.attr("xml:lang")
		if !ok {
			continue
		}
		main, _, _ := strings.Cut(lang, "-")
		return xpathBoolValue(strings.EqualFold(lang, want) || strings.EqualFold(main, want) ||
			len(lang) > len(want) && lang[len(want)] == '-' && strings.EqualFold(lang[:len(want)], want))
	}
	return xpathBoolValue(false)
}

// xpathID finds the elements whose ID, by the document type, is one of the words of
// a text or of the texts of nodes.
func xpathID(c *xpathContext, args []xpathValue) xpathValue {
	texts := []string{}
	if args[0].kind == xpathNodes {
		for _, n := range args[0].nodes {
			texts = append(texts, c.run.text(n))
		}
	} else {
		texts = append(texts, args[0].string(c.run))
	}
	wanted := map[string]bool{}
	for _, text := range texts {
		for _, word := range strings.FieldsFunc(text, isXMLWhite) {
			wanted[word] = true
		}
	}
	var found []xpathNode
	for n := c.run.doc; n != nil && c.run.spend(1); n = n.after(nil) {
		for _, a := range n.attrs {
			if n.kind == xmlElement && a.isID && wanted[a.value] {
				delete(wanted, a.value)
				found = append(found, xpathNode{xml: n})
			}
		}
	}
	return xpathNodesValue(found)
}
