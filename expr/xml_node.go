package expr

import (
	"slices"
	"strings"
)

type xmlKind uint8

const (
	xmlDocument xmlKind = iota
	xmlElement
	xmlTextNode
	xmlSpace // white space kept by xml:space="preserve"
	xmlCData
	xmlReference // to an entity of the document type; text is what stands for it
	xmlComment
	xmlInstruction
	xmlDeclaration
	xmlDocType
)

// xmlNode is a node of a document. Trees are made by the reader or from JSON and do
// not change afterwards.
type xmlNode struct {
	kind  xmlKind
	bare  bool   // an element written <a />; a document type without brackets
	order int32  // place in document order; the reader sets it
	name  string // qualified; of an instruction its target
	uri   string // namespace of an element
	text  string // of the leaves; of a document type its internal subset
	attrs []xmlAttr

	parent, first, last, prev, next *xmlNode
}

// xmlAttr is an attribute or a declaration of a namespace.
type xmlAttr struct {
	name, value string
	uri         string // namespace of the name
	source      string // how the value was written, if that had references to entities
	isDefault   bool   // from the document type, not written
	isID        bool   // by the document type
}

const (
	namespaceXML   = "http://www.w3.org/XML/1998/namespace"
	namespaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

// declares reports whether the attribute declares a namespace.
func (a *xmlAttr) declares() bool {
	return strings.HasPrefix(a.name, "xmlns") && (len(a.name) == 5 || a.name[5] == ':')
}

// declared is the prefix that a declaration is for, "" for the default namespace.
func (a *xmlAttr) declared() string {
	_, prefix := splitName(a.name)
	if a.name == "xmlns" {
		return ""
	}
	return prefix
}

func (n *xmlNode) attr(name string) (string, bool) {
	for i := range n.attrs {
		if n.attrs[i].name == name {
			return n.attrs[i].value, true
		}
	}
	return "", false
}

func (n *xmlNode) append(child *xmlNode) {
	child.parent, child.prev = n, n.last
	if n.last == nil {
		n.first = child
	} else {
		n.last.next = child
	}
	n.last = child
}

// child returns the first child of a kind, nil if there is none.
func (n *xmlNode) child(kind xmlKind) *xmlNode {
	for at := n.first; at != nil; at = at.next {
		if at.kind == kind {
			return at
		}
	}
	return nil
}

// isText reports whether a node is text in XPath's model.
func (n *xmlNode) isText() bool {
	return n.kind == xmlTextNode || n.kind == xmlSpace || n.kind == xmlCData || n.kind == xmlReference
}

// after returns the next node in document order, nil behind the last one in top.
func (n *xmlNode) after(top *xmlNode) *xmlNode {
	if n.first != nil {
		return n.first
	}
	for n != top {
		if n.next != nil {
			return n.next
		}
		if n = n.parent; n == nil {
			return nil
		}
	}
	return nil
}

// behind returns the next node in document order that is not in n.
func (n *xmlNode) behind() *xmlNode {
	for ; n != nil; n = n.parent {
		if n.next != nil {
			return n.next
		}
	}
	return nil
}

// contains reports whether other is n or in n.
func (n *xmlNode) contains(other *xmlNode) bool {
	for ; other != nil; other = other.parent {
		if other == n {
			return true
		}
	}
	return false
}

// splitName cuts a qualified name.
func splitName(name string) (prefix, local string) {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

// xmlScope is a stack of declarations: what prefixes mean at a place of a document.
type xmlScope struct {
	bindings []xmlBinding
	latest   map[string]int   // by prefix, the place of the one in force
	places   map[string][]int // by namespace
}

type xmlBinding struct {
	prefix, uri string
	hides       int // the binding of the same prefix before it, -1 if none
}

func newXMLScope() *xmlScope {
	s := &xmlScope{latest: map[string]int{}, places: map[string][]int{}}
	s.declare("", "")
	s.declare("xml", namespaceXML)
	s.declare("xmlns", namespaceXMLNS)
	return s
}

func (s *xmlScope) declare(prefix, uri string) {
	hides, ok := s.latest[prefix]
	if !ok {
		hides = -1
	}
	s.latest[prefix] = len(s.bindings)
	s.places[uri] = append(s.places[uri], len(s.bindings))
	s.bindings = append(s.bindings, xmlBinding{prefix, uri, hides})
}

// mark is a place to go back to with leave.
func (s *xmlScope) mark() int { return len(s.bindings) }

func (s *xmlScope) leave(mark int) {
	for i := len(s.bindings) - 1; i >= mark; i-- {
		b := s.bindings[i]
		s.places[b.uri] = s.places[b.uri][:len(s.places[b.uri])-1]
		if b.hides < 0 {
			delete(s.latest, b.prefix)
		} else {
			s.latest[b.prefix] = b.hides
		}
	}
	s.bindings = s.bindings[:mark]
}

// lookup resolves a prefix.
func (s *xmlScope) lookup(prefix string) (uri string, ok bool) {
	i, ok := s.latest[prefix]
	if !ok {
		return "", false
	}
	return s.bindings[i].uri, true
}

// prefix finds the prefix of a namespace, the last declared one in force.
func (s *xmlScope) prefix(uri string) (string, bool) {
	for _, i := range slices.Backward(s.places[uri]) {
		if b := s.bindings[i]; s.latest[b.prefix] == i {
			return b.prefix, true
		}
	}
	return "", false
}
