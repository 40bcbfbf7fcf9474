package expr

// XML to JSON and back by Newtonsoft's rules (wdl-semantics §8).

import (
	"errors"
	"fmt"
	"strings"
)

// jsonNamespace marks elements that shall become arrays.
const jsonNamespace = "http://james.newtonking.com/projects/json"

// xmlToJSON converts the content of an XML envelope, whose declared encoding must be
// one that its bytes can be in.
func xmlToJSON(e envelope) (Value, error) {
	doc, err := parseXML(e.text())
	if err != nil {
		return Value{}, err
	}
	if d := doc.children[0]; d.kind == xmlDeclaration {
		encoding, _ := d.attr("encoding")
		_, known := charset(encoding)
		wide := strings.HasPrefix(strings.ToLower(encoding), "u") && !equalFold(encoding, "utf-8") && !equalFold(encoding, "us-ascii")
		if !known || wide {
			return Value{}, fmt.Errorf("the encoding '%s' is not the one of the content", encoding)
		}
	}
	v := groupedNodes(nil, doc)
	if v.depth() > MaxDepth {
		return Value{}, errors.New("the XML nests too deeply")
	}
	return v, nil
}

// groupedNodes makes an object of members already there and of the children of a
// node, those of one name together at the place of the first. A single comment
// disappears; of several the name stays, with an empty array.
func groupedNodes(members []Member, n *xmlNode) Value {
	groups := map[string][]*xmlNode{}
	var order []string
	for _, child := range n.children {
		name := propertyName(child)
		if _, seen := groups[name]; !seen {
			order = append(order, name)
		}
		groups[name] = append(groups[name], child)
	}
	for _, name := range order {
		group := groups[name]
		switch {
		case group[0].kind == xmlComment && len(group) == 1:
		case group[0].kind == xmlComment:
			members = append(members, Member{name, arrayOf(nil)})
		case len(group) == 1 && !isJSONArray(group[0]):
			members = append(members, Member{name, nodeValue(group[0])})
		default:
			elems := make([]Value, len(group))
			for i := range group {
				elems[i] = nodeValue(group[i])
			}
			members = append(members, Member{name, arrayOf(elems)})
		}
	}
	return objectOf(dropDuplicates(members))
}

func propertyName(n *xmlNode) string {
	switch n.kind {
	case xmlTextNode:
		return "#text"
	case xmlSpace:
		return "#significant-whitespace"
	case xmlCData:
		return "#cdata-section"
	case xmlComment:
		return "#comment"
	case xmlInstruction, xmlDeclaration:
		return "?" + n.name
	case xmlDocType:
		return "!DOCTYPE"
	}
	return n.name
}

func isJSONArray(n *xmlNode) bool {
	for _, a := range n.attrs {
		if n.isArrayMark(a) {
			return a.value == "true" || a.value == "1"
		}
	}
	return false
}

// isArrayMark reports whether an attribute is json:Array.
func (n *xmlNode) isArrayMark(a xmlAttr) bool {
	prefix, local := splitName(a.name)
	uri, _ := n.namespace(prefix)
	return prefix != "" && uri == jsonNamespace && local == "Array"
}

func nodeValue(n *xmlNode) Value {
	switch n.kind {
	case xmlElement:
		return elementValue(n)
	case xmlDeclaration, xmlDocType:
		var members []Member
		if n.kind == xmlDocType {
			members = append(members, Member{"@name", String(n.name)})
		}
		for _, a := range n.attrs {
			if a.value != "" {
				members = append(members, Member{"@" + a.name, String(a.value)})
			}
		}
		if n.text != "" {
			members = append(members, Member{"@internalSubset", String(n.text)})
		}
		return objectOf(members)
	}
	return String(n.text)
}

func elementValue(n *xmlNode) Value {
	var members []Member
	for _, a := range n.attrs {
		declares := a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:")
		if n.isArrayMark(a) || declares && a.value == jsonNamespace {
			continue
		}
		members = append(members, Member{"@" + a.name, String(a.value)})
	}
	switch {
	case len(members) == 0 && len(n.children) == 1 && n.children[0].kind == xmlTextNode:
		return String(n.children[0].text)
	case len(n.attrs) == 0 && len(n.children) == 0 && n.closed:
		return Null()
	case len(n.attrs) == 0 && len(n.children) == 0:
		return String("")
	}
	return groupedNodes(members, n)
}

// jsonToXML converts an object with exactly one root property. An empty object
// gives an empty document.
func jsonToXML(v Value) (*xmlNode, error) {
	doc := &xmlNode{kind: xmlDocument}
	for _, m := range v.members() {
		if err := appendProperty(doc, m.Name, m.Value, 0); err != nil {
			return nil, err
		}
	}
	roots := 0
	for _, child := range doc.children {
		switch child.kind {
		case xmlElement:
			roots++
		case xmlTextNode, xmlCData, xmlSpace:
			return nil, errors.New("text cannot stand at the root of a document")
		}
	}
	if roots > 1 || roots == 0 && v.Len() > 0 {
		return nil, errors.New("the object must have exactly one root property")
	}
	return doc, nil
}

// appendProperty adds what a member means to a node.
func appendProperty(parent *xmlNode, name string, v Value, depth int) error {
	if depth > maxXMLDepth {
		return errors.New("the value nests too deeply")
	}
	if v.kind == KindArray && !strings.HasPrefix(name, "@") {
		for _, elem := range v.elements() {
			if err := appendProperty(parent, name, elem, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	switch {
	case name == "":
		return errors.New("a property with an empty name cannot be converted to XML")
	case name == "#text":
		parent.append(&xmlNode{kind: xmlTextNode, text: scalarXML(v)})
	case name == "#cdata-section":
		parent.append(&xmlNode{kind: xmlCData, text: scalarXML(v)})
	case name == "#whitespace" || name == "#significant-whitespace":
		parent.append(&xmlNode{kind: xmlSpace, text: scalarXML(v)})
	case name[0] == '@':
		parent.attrs = append(parent.attrs, xmlAttr{name[1:], scalarXML(v)})
	case name == "?xml":
		parent.append(&xmlNode{kind: xmlDeclaration, name: "xml", attrs: attributeMembers(v)})
	case name[0] == '?':
		parent.append(&xmlNode{kind: xmlInstruction, name: encodeXMLName(name[1:]), text: scalarXML(v)})
	case name == "!DOCTYPE":
		parent.append(docTypeNode(v))
	default:
		return appendElement(parent, name, v, depth)
	}
	return checkText(scalarXML(v))
}

// checkText refuses characters that XML cannot hold.
func checkText(s string) error {
	for _, c := range s {
		if !isXMLChar(c) {
			return fmt.Errorf("the character U+%04X cannot stand in XML", c)
		}
	}
	return nil
}

func appendElement(parent *xmlNode, name string, v Value, depth int) error {
	n := &xmlNode{kind: xmlElement, closed: true}
	parent.append(n)
	switch v.kind {
	case KindNull:
	case KindObject:
		for _, m := range v.members() {
			if err := appendProperty(n, m.Name, m.Value, depth+1); err != nil {
				return err
			}
		}
		n.resolveAttributes()
	default:
		n.append(&xmlNode{kind: xmlTextNode, text: scalarXML(v)})
		if err := checkText(scalarXML(v)); err != nil {
			return err
		}
	}
	n.name = n.resolveName(name)
	return nil
}

// resolveName encodes a name and drops a prefix that is not declared.
func (n *xmlNode) resolveName(name string) string {
	name = encodeXMLName(name)
	prefix, local := splitName(name)
	if _, ok := n.namespace(prefix); prefix == "" || ok {
		return name
	}
	return local
}

func (n *xmlNode) resolveAttributes() {
	for i := range n.attrs {
		n.attrs[i].name = n.resolveName(n.attrs[i].name)
	}
}

// scalarXML is the spelling of a scalar: that of JSON.
func scalarXML(v Value) string {
	switch v.kind {
	case KindNull:
		return ""
	case KindString:
		return v.str
	}
	return string(v.AppendJSON(nil))
}

func attributeMembers(v Value) []xmlAttr {
	var attrs []xmlAttr
	for _, m := range v.members() {
		if name, ok := strings.CutPrefix(m.Name, "@"); ok {
			attrs = append(attrs, xmlAttr{name, scalarXML(m.Value)})
		}
	}
	return attrs
}

func docTypeNode(v Value) *xmlNode {
	n := &xmlNode{kind: xmlDocType}
	for _, a := range attributeMembers(v) {
		switch a.name {
		case "name":
			n.name = a.value
		case "internalSubset":
			n.text = a.value
		default:
			n.attrs = append(n.attrs, a)
		}
	}
	return n
}
