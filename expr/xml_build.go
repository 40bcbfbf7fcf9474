package expr

// JSON to XML by the rules of Newtonsoft's XmlNodeConverter (wdl-semantics §8).
// Attributes that come first in an object are read before its element is made, and
// bring their namespaces into force, for later siblings too; attributes that come
// later only are attributes.

import (
	"errors"
	"fmt"
	"strings"
)

// jsonToXML converts an object with exactly one root property. An empty object
// gives an empty document.
func jsonToXML(v Value) (*xmlNode, error) {
	b := &xmlBuilder{scope: newXMLScope(), places: map[xmlPlace]int{}}
	doc := &xmlNode{kind: xmlDocument}
	if err := b.members(doc, v.members(), 0); err != nil {
		return nil, err
	}
	if doc.child(xmlElement) == nil && v.Len() > 0 {
		return nil, errors.New("Root element is missing.")
	}
	return doc, nil
}

// xmlBuilder is the state of a conversion.
type xmlBuilder struct {
	scope  *xmlScope
	outer  string // default namespace outside of the open element
	places map[xmlPlace]int
	spare  []xmlNode // nodes to hand out
}

func (b *xmlBuilder) node(kind xmlKind, text string) *xmlNode {
	if len(b.spare) == 0 {
		b.spare = make([]xmlNode, 64)
	}
	n := &b.spare[0]
	b.spare = b.spare[1:]
	n.kind, n.text = kind, text
	return n
}

// xmlPlace names an attribute of an element.
type xmlPlace struct {
	n    *xmlNode
	name string
}

// members adds what members mean to a node.
func (b *xmlBuilder) members(parent *xmlNode, members []Member, depth int) error {
	if depth > maxXMLDepth {
		return errors.New("The value nests too deeply.")
	}
	for _, m := range members {
		if parent.kind == xmlDocument && parent.child(xmlElement) != nil {
			return errors.New("JSON root object has multiple properties. The root object must have a single property in order to create a valid XML document.")
		}
		elems := []Value{m.Value}
		if m.Value.kind == KindArray {
			elems = m.Value.elements()
		}
		for _, elem := range elems {
			if err := b.property(parent, m.Name, elem, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// property adds what one value under a name means.
func (b *xmlBuilder) property(parent *xmlNode, name string, v Value, depth int) error {
	switch {
	case name == "":
		return errors.New("An empty property name cannot be converted to XML.")
	case name == "#text", name == "#cdata-section", name == "#whitespace", name == "#significant-whitespace":
		return b.leaf(parent, name, v)
	case name[0] == '?':
		return b.instruction(parent, name[1:], v)
	case equalFold(name, "!DOCTYPE"):
		return b.docType(parent, v)
	case v.kind == KindArray:
		return b.nested(parent, name, v, depth)
	case name[0] == '@':
		return b.attribute(parent, name[1:], v)
	case name == "$id", name == "$ref", name == "$type", name == "$value":
		return b.attribute(parent, b.metadataName(name), v)
	}
	return b.element(parent, name, v, depth)
}

// metadataName is the name of metadata in the JSON namespace, if that is declared.
func (b *xmlBuilder) metadataName(name string) string {
	if prefix, _ := b.scope.prefix(jsonNamespace); prefix != "" {
		return prefix + ":" + name[1:]
	}
	return name[1:]
}

// leaf adds text, a CDATA section or white space.
func (b *xmlBuilder) leaf(parent *xmlNode, name string, v Value) error {
	text, err := scalarXML(v)
	if err != nil {
		return err
	}
	kind := xmlSpace
	switch {
	case name == "#text":
		kind = xmlTextNode
	case name == "#cdata-section":
		kind = xmlCData
		if strings.Contains(text, "]]>") {
			return errors.New("Cannot have ']]>' inside an XML CDATA block.")
		}
		if err := checkText(text); err != nil {
			return err
		}
	case strings.Trim(text, xmlWhite) != "":
		return errors.New("The string for white space contains an invalid character.")
	}
	if parent.kind == xmlDocument && kind != xmlSpace {
		return errors.New("Data at the root level is invalid.")
	}
	parent.append(b.node(kind, text))
	return nil
}

// instruction adds a processing instruction or the declaration.
func (b *xmlBuilder) instruction(parent *xmlNode, target string, v Value) error {
	if target == "xml" {
		return b.declaration(parent, v)
	}
	text, err := scalarXML(v)
	if err != nil {
		return err
	}
	if !isXMLName(target) || equalFold(target, "xml") {
		return fmt.Errorf("'%s' is an invalid name for processing instructions.", target)
	}
	if strings.Contains(text, "?>") {
		return errors.New("Cannot have '?>' inside an XML processing instruction.")
	}
	parent.append(&xmlNode{kind: xmlInstruction, name: target, text: text})
	return checkText(text)
}

func (b *xmlBuilder) declaration(parent *xmlNode, v Value) error {
	if parent.kind != xmlDocument || parent.first != nil {
		return errors.New("Unexpected XML declaration. The XML declaration must be the first node in the document.")
	}
	n := &xmlNode{kind: xmlDeclaration, name: "xml"}
	given, err := prologMembers(v, "version", "encoding", "standalone")
	if err != nil {
		return err
	}
	if version := given["version"]; !strings.HasPrefix(version, "1.") || strings.Trim(version[2:], "0123456789") != "" || version == "1." {
		return errors.New("The XML declaration needs a '@version' of the form '1.n'.")
	}
	if standalone := given["standalone"]; standalone != "" && standalone != "yes" && standalone != "no" {
		return fmt.Errorf("Wrong value for the XML declaration standalone attribute of '%s'.", standalone)
	}
	for _, name := range []string{"version", "encoding", "standalone"} {
		if given[name] != "" {
			n.attrs = append(n.attrs, xmlAttr{name: name, value: given[name]})
		}
	}
	parent.append(n)
	return nil
}

// docType adds a document type. Its subset is dropped, as .NET does.
func (b *xmlBuilder) docType(parent *xmlNode, v Value) error {
	if parent.kind != xmlDocument || parent.child(xmlDocType) != nil {
		return errors.New("Unexpected DTD declaration.")
	}
	given, err := prologMembers(v, "name", "public", "system", "internalSubset")
	if err != nil {
		return err
	}
	n := &xmlNode{kind: xmlDocType, bare: true, name: given["name"]}
	if prefix, local := splitName(n.name); !isXMLName(local) || prefix != "" && !isXMLName(prefix) {
		return fmt.Errorf("'%s' is no name for a document type.", n.name)
	}
	for _, name := range []string{"public", "system"} {
		value, ok := given[name]
		if strings.ContainsAny(value, `"<>`) {
			return fmt.Errorf("The identifier '%s' of the document type is invalid.", value)
		}
		if ok {
			n.attrs = append(n.attrs, xmlAttr{name: name, value: value})
		}
	}
	parent.append(n)
	return nil
}

// prologMembers reads an object that has no members but the given ones, with @.
func prologMembers(v Value, names ...string) (map[string]string, error) {
	if v.kind != KindObject {
		return nil, errors.New("The XML declaration and the document type need an object.")
	}
	given := map[string]string{}
next:
	for _, m := range v.members() {
		for _, name := range names {
			if m.Name != "@"+name {
				continue
			}
			text, err := scalarXML(m.Value)
			if err != nil {
				return nil, err
			}
			if m.Value.kind != KindNull {
				given[name] = text
			}
			if err := checkText(text); err != nil {
				return nil, err
			}
			continue next
		}
		return nil, fmt.Errorf("Unexpected property name '%s' in the XML declaration or the document type.", m.Name)
	}
	return given, nil
}

// nested adds an element for an array in an array.
func (b *xmlBuilder) nested(parent *xmlNode, name string, v Value, depth int) error {
	if depth > maxXMLDepth {
		return errors.New("The value nests too deeply.")
	}
	n, err := b.newElement(parent, name)
	if err != nil {
		return err
	}
	for _, elem := range v.elements() {
		if err := b.property(n, name, elem, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (b *xmlBuilder) element(parent *xmlNode, name string, v Value, depth int) error {
	var attrs []xmlAttr
	members := v.members()
	if v.kind == KindObject {
		var err error
		if attrs, members, err = b.leading(members); err != nil {
			return err
		}
	}
	metadata := name == "$values"
	if metadata {
		name = name[1:]
	}
	n, err := b.newElement(parent, name)
	if err != nil {
		return err
	}
	if metadata {
		if _, known := b.scope.prefix(jsonNamespace); known {
			n.uri = jsonNamespace
		}
	}
	for _, a := range attrs {
		if err := b.setAttribute(n, a); err != nil {
			return err
		}
	}
	switch {
	case v.kind == KindNull:
	case v.kind != KindObject:
		text, err := scalarXML(v)
		if err != nil {
			return err
		}
		n.append(b.node(xmlTextNode, text))
	default:
		return b.children(n, members, depth)
	}
	return nil
}

// children adds members in a scope of their own. The default namespace that the
// element declared ends with it.
func (b *xmlBuilder) children(n *xmlNode, members []Member, depth int) error {
	mark, outer := b.scope.mark(), b.outer
	b.outer, _ = b.scope.lookup("")
	err := b.members(n, members, depth)
	b.scope.leave(mark)
	b.outer = outer
	if current, _ := b.scope.lookup(""); current != outer {
		b.scope.declare("", outer)
	}
	return err
}

// newElement makes an element, with the namespace that its prefix has now.
func (b *xmlBuilder) newElement(parent *xmlNode, name string) (*xmlNode, error) {
	if parent.kind == xmlDocument && parent.child(xmlElement) != nil {
		return nil, errors.New("This document already has a root element.")
	}
	n := b.node(xmlElement, "")
	n.bare = true
	var err error
	if n.name, n.uri, err = b.resolve(name); err != nil {
		return nil, err
	}
	if n.uri == namespaceXMLNS {
		return nil, errors.New("Cannot bind to the reserved namespace.")
	}
	parent.append(n)
	return n, nil
}

// resolve encodes a name and finds its namespace. A prefix that is not declared is
// dropped.
func (b *xmlBuilder) resolve(name string) (encoded, uri string, err error) {
	prefix, local := splitName(name)
	if local == "" || strings.Contains(local, ":") || strings.HasPrefix(name, ":") {
		return "", "", fmt.Errorf("The ':' character, hexadecimal value 0x3A, cannot be included in the name '%s'.", name)
	}
	uri, known := b.scope.lookup(prefix)
	if prefix != "" && known && uri != "" {
		return encodeXMLName(prefix) + ":" + encodeXMLName(local), uri, nil
	}
	if prefix != "" {
		uri = ""
	}
	return encodeXMLName(local), uri, nil
}

// leading reads the attributes that an object begins with, and brings the
// namespaces that they declare into force.
func (b *xmlBuilder) leading(members []Member) (attrs []xmlAttr, rest []Member, err error) {
	for i, m := range members {
		name := m.Name
		switch {
		case strings.HasPrefix(name, "@"):
			name = name[1:]
		case name == "$id", name == "$ref", name == "$type", name == "$value", name == "$values":
			if _, known := b.scope.prefix(jsonNamespace); !known {
				attrs = append(attrs, b.declareJSON())
			}
			if name == "$values" {
				return attrs, members[i:], nil
			}
			name = b.metadataName(name)
		default:
			return attrs, members[i:], nil
		}
		text, err := scalarXML(m.Value)
		if err != nil {
			return nil, nil, err
		}
		if m.Name[0] == '$' {
			text = m.Value.Text() // True and False, unlike elsewhere
		}
		a := xmlAttr{name: name, value: text}
		if a.declares() {
			if m.Value.kind == KindNull {
				return nil, nil, errors.New("Namespace attribute must have a value.")
			}
			b.scope.declare(a.declared(), text)
		}
		attrs = append(attrs, a)
	}
	return attrs, nil, nil
}

// declareJSON declares the namespace of metadata under a prefix that is free.
func (b *xmlBuilder) declareJSON() xmlAttr {
	prefix := "json"
	for i := 1; ; i++ {
		if _, taken := b.scope.lookup(prefix); !taken {
			break
		}
		prefix = fmt.Sprint("json", i)
	}
	b.scope.declare(prefix, jsonNamespace)
	return xmlAttr{name: "xmlns:" + prefix, value: jsonNamespace}
}

// attribute adds an attribute that does not come first.
func (b *xmlBuilder) attribute(parent *xmlNode, name string, v Value) error {
	if parent.kind == xmlDocument {
		return fmt.Errorf("JSON root object has property '@%s' that will be converted to an attribute. A root object cannot have any attribute properties.", name)
	}
	text, err := scalarXML(v)
	if err != nil {
		return err
	}
	return b.setAttribute(parent, xmlAttr{name: name, value: text})
}

// setAttribute adds an attribute, or replaces the one of the same name.
func (b *xmlBuilder) setAttribute(n *xmlNode, a xmlAttr) error {
	if a.name == "" {
		return errors.New("The attribute local name cannot be empty.")
	}
	if prefix, _ := splitName(a.name); prefix == "xmlns" || a.name == "xmlns" {
		if err := checkDeclaration(a); err != nil {
			return err
		}
		a.uri = namespaceXMLNS
		if prefix == "xmlns" {
			a.name = "xmlns:" + encodeXMLName(a.declared())
		}
	} else if prefix == "" {
		a.name = encodeXMLName(a.name)
	} else {
		var err error
		if a.name, a.uri, err = b.resolve(a.name); err != nil {
			return err
		}
	}
	place := xmlPlace{n, a.name}
	if i, taken := b.places[place]; taken {
		n.attrs[i] = a
		return nil
	}
	b.places[place] = len(n.attrs)
	n.attrs = append(n.attrs, a)
	return nil
}

func checkDeclaration(a xmlAttr) error {
	switch prefix := a.declared(); {
	case prefix == "xml" && a.value != namespaceXML || prefix == "xmlns" || a.value == namespaceXMLNS:
		return fmt.Errorf("The prefix '%s' or its namespace is reserved.", prefix)
	case a.name != "xmlns" && (a.value == "" || prefix == "" || strings.Contains(prefix, ":")):
		return fmt.Errorf("'%s' is no valid declaration of a namespace.", a.name)
	}
	return nil
}

// checkText refuses characters that XML cannot hold, where they cannot be escaped.
func checkText(s string) error {
	for _, c := range s {
		if !isXMLChar(c) {
			return fmt.Errorf("The character U+%04X cannot stand in XML.", c)
		}
	}
	return nil
}

// scalarXML is the spelling of a scalar: that of JSON, if there is one.
func scalarXML(v Value) (string, error) {
	switch v.kind {
	case KindNull:
		return "", nil
	case KindString:
		return v.str, nil
	case KindArray, KindObject:
		return "", errors.New("Cannot get an XML string value from an array or an object.")
	}
	if f, _ := v.AsFloat(); v.kind == KindFloat && !finite(f) {
		return strings.Replace(string(appendFloat(nil, f)), "Infinity", "INF", 1), nil
	}
	return string(v.AppendJSON(nil)), nil
}
