package expr

// XML to JSON by the rules of Newtonsoft's XmlNodeConverter (wdl-semantics §8). The
// service reads the JSON that the converter writes once more and drops comments,
// which explains what becomes of those.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// jsonNamespace marks elements that shall become arrays, and metadata.
const jsonNamespace = "http://james.newtonking.com/projects/json"

// xmlToJSON converts a document.
func xmlToJSON(doc *xmlNode) (Value, error) {
	c := &xmlConverter{scope: newXMLScope()}
	v := c.grouped(nil, doc)
	if c.err != nil {
		return Value{}, c.err
	}
	if v.depth() > MaxDepth {
		return Value{}, errors.New("The document nests too deeply.")
	}
	return v, nil
}

// xmlConverter is the state of a conversion; the first error stays.
type xmlConverter struct {
	scope *xmlScope
	err   error
}

// xmlGroup is the children of one name.
type xmlGroup struct {
	name  string
	first *xmlNode
	rest  []*xmlNode
}

// groups puts the children of one name together at the place of the first.
func (c *xmlConverter) groups(groups []xmlGroup, n *xmlNode) []xmlGroup {
	var places map[string]int
	for at := n.first; at != nil; at = at.next {
		name := c.propertyName(at)
		if len(groups) > 8 && places == nil {
			places = map[string]int{}
			for i := range groups {
				places[groups[i].name] = i
			}
		}
		if i := placeOf(groups, places, name); i >= 0 {
			groups[i].rest = append(groups[i].rest, at)
			continue
		}
		if places != nil {
			places[name] = len(groups)
		}
		groups = append(groups, xmlGroup{name: name, first: at})
	}
	return groups
}

// placeOf finds a group by name, through places if there are many; -1 if there is
// none. The last one is the likeliest.
func placeOf(groups []xmlGroup, places map[string]int, name string) int {
	if last := len(groups) - 1; last >= 0 && groups[last].name == name {
		return last
	}
	if places != nil {
		if i, ok := places[name]; ok {
			return i
		}
		return -1
	}
	for i := range groups {
		if groups[i].name == name {
			return i
		}
	}
	return -1
}

// grouped makes an object of members already there and of the children of a node.
// A single comment disappears; of several the name stays, with an empty array.
func (c *xmlConverter) grouped(members []Member, n *xmlNode) Value {
	var room [8]xmlGroup
	groups := c.groups(room[:0], n)
	members = slices.Grow(members, len(groups))
	for i := range groups {
		g := &groups[i]
		switch {
		case g.first.kind != xmlComment:
			if g.rest == nil && !c.isArray(g.first) {
				g.name = c.ownName(g.first, g.name)
			}
			members = append(members, Member{g.name, c.group(g)})
		case g.rest != nil:
			members = append(members, Member{g.name, arrayOf(nil)})
		}
	}
	return objectOf(dropDuplicates(members))
}

func (c *xmlConverter) group(g *xmlGroup) Value {
	if g.rest == nil && !c.isArray(g.first) {
		return c.value(g.first)
	}
	elems := make([]Value, 1+len(g.rest))
	elems[0] = c.value(g.first)
	for i, n := range g.rest {
		elems[1+i] = c.value(n)
	}
	return arrayOf(elems)
}

// propertyName is the name by which nodes are put together.
func (c *xmlConverter) propertyName(n *xmlNode) string {
	switch n.kind {
	case xmlTextNode:
		return "#text"
	case xmlSpace:
		return "#significant-whitespace"
	case xmlCData:
		return "#cdata-section"
	case xmlComment:
		return "#comment"
	case xmlInstruction:
		return "?" + decodeXMLName(n.name)
	case xmlDeclaration:
		return "?xml"
	case xmlDocType:
		return "!DOCTYPE"
	case xmlReference:
		c.fail("The reference to the entity '%s' has no form in JSON.", n.name)
		return ""
	}
	if n.uri == jsonNamespace {
		_, local := splitName(n.name)
		return "$" + local
	}
	return c.fullName(n.name, n.uri)
}

// ownName is the name of a member for one node alone: the declarations of an element
// count for its name, which they do not where nodes are put together.
func (c *xmlConverter) ownName(n *xmlNode, shared string) string {
	if n.kind != xmlElement || n.uri == "" {
		return shared
	}
	mark := c.enter(n)
	name := c.propertyName(n)
	c.scope.leave(mark)
	return name
}

func (c *xmlConverter) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// enter brings the declarations of an element into force.
func (c *xmlConverter) enter(n *xmlNode) (mark int) {
	mark = c.scope.mark()
	for i := range n.attrs {
		if a := &n.attrs[i]; a.declares() {
			c.scope.declare(decodeXMLName(a.declared()), a.value)
		}
	}
	return mark
}

// fullName is the decoded name with the prefix that the namespace has here.
func (c *xmlConverter) fullName(name, uri string) string {
	prefix, local := splitName(name)
	if prefix == "" && uri == "" {
		return decodeXMLName(local)
	}
	if name == "xmlns" {
		return name
	}
	if prefix, _ = c.scope.prefix(uri); prefix != "" {
		return prefix + ":" + decodeXMLName(local)
	}
	return decodeXMLName(local)
}

// isArray reports whether an element is marked by json:Array.
func (c *xmlConverter) isArray(n *xmlNode) bool {
	for i := range n.attrs {
		a := &n.attrs[i]
		if !a.marksArray() {
			continue
		}
		switch strings.Trim(a.value, xmlWhite) {
		case "true", "1":
			return true
		case "false", "0":
			return false
		}
		c.fail("The value '%s' of json:Array is no boolean.", a.value)
	}
	return false
}

func (a *xmlAttr) marksArray() bool {
	return a.uri == jsonNamespace && strings.HasSuffix(a.name, ":Array")
}

func (c *xmlConverter) value(n *xmlNode) Value {
	switch n.kind {
	case xmlElement:
		return c.elementValue(n)
	case xmlComment:
		return Null()
	case xmlDeclaration, xmlDocType:
		return prologValue(n)
	}
	return String(n.text)
}

// prologValue is the value of a declaration or of a document type.
func prologValue(n *xmlNode) Value {
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

func (c *xmlConverter) elementValue(n *xmlNode) Value {
	if n.first != nil && c.isArray(n) && allNamedLike(n) {
		return c.nested(n)
	}
	mark := c.enter(n)
	defer c.scope.leave(mark)
	only := n.first != nil && n.first == n.last && n.first.kind == xmlTextNode
	switch {
	case only && !hasValues(n.attrs):
		return String(n.first.text)
	case len(n.attrs) == 0 && n.first == nil && n.bare:
		return Null()
	case len(n.attrs) == 0 && n.first == nil:
		return String("")
	}
	return c.grouped(c.attributes(n), n)
}

// nested is the value of a marked element whose children are named like it: theirs.
// Declarations of the element do not count for their names.
func (c *xmlConverter) nested(n *xmlNode) Value {
	g := &xmlGroup{first: n.first}
	for at := n.first.next; at != nil; at = at.next {
		g.rest = append(g.rest, at)
	}
	return c.group(g)
}

func allNamedLike(n *xmlNode) bool {
	_, local := splitName(n.name)
	for at := n.first; at != nil; at = at.next {
		if _, other := splitName(at.name); at.kind != xmlElement || other != local {
			return false
		}
	}
	return true
}

// hasValues reports whether there are attributes that are more than marks.
func hasValues(attrs []xmlAttr) bool {
	for i := range attrs {
		a := &attrs[i]
		if a.uri != jsonNamespace && !(a.declares() && a.value == jsonNamespace) {
			return true
		}
	}
	return false
}

func (c *xmlConverter) attributes(n *xmlNode) []Member {
	var members []Member
	for i := range n.attrs {
		a := &n.attrs[i]
		_, local := splitName(a.name)
		switch {
		case a.marksArray() || a.declares() && a.value == jsonNamespace:
		case a.uri == jsonNamespace:
			members = append(members, Member{"$" + local, String(a.value)})
		case a.declares() && a.name != "xmlns":
			members = append(members, Member{"@xmlns:" + decodeXMLName(local), String(a.value)})
		default:
			members = append(members, Member{"@" + c.fullName(a.name, a.uri), String(a.value)})
		}
	}
	return members
}
