package expr

// XPath's view of a document, its axes and node tests. The declaration and the
// document type are not part of it; neighbouring texts and CDATA sections are one
// text node, for which the first of them stands.

import (
	"cmp"
	"slices"
	"strings"
)

// xpathNode is a node of XPath's model: a node of the document, or one that belongs
// to an element.
type xpathNode struct {
	xml  *xmlNode
	part int32 // 0: xml itself; i+1: its attribute i; -i-1: its namespace node i
}

func (n xpathNode) attribute() *xmlAttr { return &n.xml.attrs[n.part-1] }

func (n xpathNode) namespace() *xmlAttr { return &n.xml.namespacesInScope()[-n.part-1] }

func compareOrder(a, b xpathNode) int {
	if a.xml != b.xml {
		return cmp.Compare(a.xml.order, b.xml.order)
	}
	return cmp.Compare(a.rank(), b.rank())
}

// rank orders what belongs to one element: itself, its namespaces, its attributes.
func (n xpathNode) rank() int64 {
	if n.part < 0 {
		return int64(-n.part)
	}
	return int64(n.part) << 32
}

// inDocumentOrder sorts a node-set and drops doubles, in place.
func (r *xpathRun) inDocumentOrder(nodes []xpathNode) []xpathNode {
	for i := 1; i < len(nodes); i++ {
		if compareOrder(nodes[i-1], nodes[i]) < 0 {
			continue
		}
		if !r.spend(8 * len(nodes)) {
			return nil
		}
		slices.SortFunc(nodes, compareOrder)
		return slices.Compact(nodes)
	}
	return nodes
}

type xpathAxis uint8

const (
	axisChild xpathAxis = iota
	axisAncestor
	axisAncestorOrSelf
	axisAttribute
	axisDescendant
	axisDescendantOrSelf
	axisFollowing
	axisFollowingSibling
	axisNamespace
	axisParent
	axisPreceding
	axisPrecedingSibling
	axisSelf
)

func xpathAxisNamed(name string) (xpathAxis, bool) {
	names := []string{"child", "ancestor", "ancestor-or-self", "attribute", "descendant", "descendant-or-self", "following",
		"following-sibling", "namespace", "parent", "preceding", "preceding-sibling", "self"}
	i := slices.Index(names, name)
	return xpathAxis(max(i, 0)), i >= 0
}

type xpathTestKind uint8

const (
	testNode        xpathTestKind = iota + 1 // node()
	testText                                 // text()
	testComment                              // comment()
	testInstruction                          // processing-instruction(), with or without a target
	testAny                                  // *
	testName                                 // a name without a prefix
)

type xpathTest struct {
	kind xpathTestKind
	name string
}

// matches tests a node of an axis. Names without a prefix are in no namespace.
func (t xpathTest) matches(axis xpathAxis, n xpathNode) bool {
	switch t.kind {
	case testNode:
		return true
	case testText:
		return n.part == 0 && n.xml.isText()
	case testComment:
		return n.part == 0 && n.xml.kind == xmlComment
	case testInstruction:
		return n.part == 0 && n.xml.kind == xmlInstruction && (t.name == "" || t.name == n.xml.name)
	}
	switch {
	case axis == axisAttribute:
		return n.part > 0 && (t.kind == testAny || n.attribute().uri == "" && n.attribute().name == t.name)
	case axis == axisNamespace:
		return n.part < 0 && (t.kind == testAny || n.namespace().declared() == t.name)
	}
	return n.part == 0 && n.xml.kind == xmlElement && (t.kind == testAny || n.xml.uri == "" && n.xml.name == t.name)
}

type xpathStep struct {
	axis       xpathAxis
	test       xpathTest
	predicates []xpathExpr
}

// everything reports whether the step is the one that // stands for.
func (s xpathStep) everything() bool {
	return s.axis == axisDescendantOrSelf && s.test.kind == testNode && len(s.predicates) == 0
}

// positional reports whether a predicate depends on the position along the axis.
func (s xpathStep) positional() bool {
	return slices.ContainsFunc(s.predicates, func(p xpathExpr) bool { return p.kind() == xpathNum || p.positional() })
}

// step takes a step from all nodes of a set.
func (r *xpathRun) step(s *xpathStep, set []xpathNode) []xpathNode {
	if len(s.predicates) == 0 {
		set = r.startingPoints(s.axis, set)
	}
	var found []xpathNode
	limit := 1 << 16
	for _, from := range set {
		kept := len(found)
		r.walk(s.axis, from, func(n xpathNode) bool {
			if s.test.matches(s.axis, n) {
				found = append(found, n)
				return r.spend(2)
			}
			return r.spend(1)
		})
		if len(s.predicates) > 0 {
			found = found[:kept+len(r.filter(found[kept:], s.predicates))]
		}
		if len(found) > limit {
			found = r.inDocumentOrder(found)
			limit = 2 * (len(found) + limit)
		}
	}
	if r.left < 0 {
		return nil
	}
	return r.inDocumentOrder(found)
}

// startingPoints leaves out nodes whose axis adds nothing to that of others.
func (r *xpathRun) startingPoints(axis xpathAxis, set []xpathNode) []xpathNode {
	if len(set) < 2 {
		return set
	}
	switch axis {
	case axisDescendant, axisDescendantOrSelf:
		var kept []xpathNode
		for _, n := range set {
			if last := len(kept) - 1; axis == axisDescendantOrSelf && n.part != 0 || last < 0 || !kept[last].xml.contains(n.xml) || kept[last].part != 0 {
				kept = append(kept, n)
			}
		}
		return kept
	case axisPreceding:
		return set[len(set)-1:]
	case axisFollowing:
		return []xpathNode{slices.MinFunc(set, func(a, b xpathNode) int { return cmp.Compare(a.end(), b.end()) })}
	case axisFollowingSibling, axisParent:
		return r.onePerParent(set, false)
	case axisPrecedingSibling:
		return r.onePerParent(set, true)
	}
	return set
}

// onePerParent keeps the first or the last of the nodes that have the same parent.
func (r *xpathRun) onePerParent(set []xpathNode, last bool) []xpathNode {
	if !r.spend(8 * len(set)) {
		return nil
	}
	seen := map[*xmlNode]bool{}
	var kept []xpathNode
	for i := range set {
		n := set[i]
		if last {
			n = set[len(set)-1-i]
		}
		if n.part != 0 {
			kept = append(kept, n)
		} else if !seen[n.xml.parent] {
			seen[n.xml.parent] = true
			kept = append(kept, n)
		}
	}
	return kept
}

// end is the place of the last node that following does not see.
func (n xpathNode) end() int32 {
	if n.part != 0 {
		return n.xml.order
	}
	at := n.xml
	for at.last != nil {
		at = at.last
	}
	return at.order
}

// walk gives the nodes of an axis, in the axis' order, until visit says no.
func (r *xpathRun) walk(axis xpathAxis, from xpathNode, visit func(xpathNode) bool) {
	plain := func(n *xmlNode) bool { return visit(xpathNode{xml: n}) }
	switch axis {
	case axisSelf:
		visit(from)
	case axisParent:
		if up := from.parent(); up != nil {
			plain(up)
		}
	case axisAncestor, axisAncestorOrSelf:
		if axis == axisAncestorOrSelf && !visit(from) {
			return
		}
		for up := from.parent(); up != nil && plain(up); up = up.parent {
		}
	case axisAttribute, axisNamespace:
		if from.part == 0 && from.xml.kind == xmlElement {
			r.walkParts(axis, from.xml, visit)
		}
	case axisFollowing:
		walkFollowing(from, plain)
	default:
		if axis == axisDescendantOrSelf && !visit(from) {
			return
		}
		if from.part == 0 || axis == axisPreceding {
			walkTree(axis, from.xml, plain)
		}
	}
}

// walkTree gives the nodes of an axis of a node of the document.
func walkTree(axis xpathAxis, n *xmlNode, visit func(*xmlNode) bool) {
	switch axis {
	case axisChild:
		for at := n.first; at != nil && (at.hidden() || visit(at)); at = at.next {
		}
	case axisDescendant, axisDescendantOrSelf:
		for at := n.first; at != nil && (at.hidden() || visit(at)); at = at.after(n) {
		}
	case axisFollowingSibling:
		for at := n.next; at != nil && (at.hidden() || visit(at)); at = at.next {
		}
	case axisPrecedingSibling:
		for at := n.prev; at != nil && (at.hidden() || visit(at)); at = at.prev {
		}
	case axisPreceding:
		for ; n != nil; n = n.parent {
			for sibling := n.prev; sibling != nil; sibling = sibling.prev {
				if !walkBackwards(sibling, visit) {
					return
				}
			}
		}
	}
}

// walkFollowing gives what comes after a node and what is in it; what belongs to an
// element comes before the element's children.
func walkFollowing(from xpathNode, visit func(*xmlNode) bool) {
	at := from.xml
	if from.part == 0 || at.first == nil {
		at = at.behind()
	} else {
		at = at.first
	}
	for at != nil && (at.hidden() || visit(at)) {
		at = at.after(nil)
	}
}

// walkBackwards gives a node and what is in it, the last first.
func walkBackwards(top *xmlNode, visit func(*xmlNode) bool) bool {
	at := top
	for at.last != nil {
		at = at.last
	}
	for at.hidden() || visit(at) {
		switch {
		case at == top:
			return true
		case at.prev == nil:
			at = at.parent
		default:
			for at = at.prev; at.last != nil; at = at.last {
			}
		}
	}
	return false
}

// walkParts gives the attributes or the namespaces of an element.
func (r *xpathRun) walkParts(axis xpathAxis, n *xmlNode, visit func(xpathNode) bool) {
	if axis == axisAttribute {
		for i := range n.attrs {
			if !n.attrs[i].declares() && !visit(xpathNode{n, int32(i + 1)}) {
				return
			}
		}
		return
	}
	for up := n; up != nil; up = up.parent {
		r.spend(len(up.attrs))
	}
	if r.left < 0 {
		return
	}
	for i := range n.namespacesInScope() {
		if !visit(xpathNode{n, int32(-i - 1)}) {
			return
		}
	}
}

func (n xpathNode) parent() *xmlNode {
	if n.part != 0 {
		return n.xml
	}
	return n.xml.parent
}

// hidden nodes are not part of XPath's model.
func (n *xmlNode) hidden() bool {
	switch n.kind {
	case xmlDeclaration, xmlDocType:
		return true
	case xmlTextNode, xmlSpace, xmlCData, xmlReference:
		return n.prev != nil && n.prev.isText()
	}
	return false
}

// namespacesInScope are the declarations that hold for an element, its own first
// and the last of an element before the first, as .NET has them; xml comes last.
func (n *xmlNode) namespacesInScope() []xmlAttr {
	var scope []xmlAttr
	seen := map[string]bool{}
	for up := n; up != nil; up = up.parent {
		for i := len(up.attrs) - 1; i >= 0; i-- {
			a := up.attrs[i]
			if !a.declares() || seen[a.name] {
				continue
			}
			seen[a.name] = true
			if a.value != "" {
				scope = append(scope, a)
			}
		}
	}
	return append(scope, xmlAttr{name: "xmlns:xml", value: namespaceXML})
}

// text is the string-value of a node.
func (r *xpathRun) text(n xpathNode) string {
	switch {
	case r.left < 0:
		return ""
	case n.part > 0:
		return n.attribute().value
	case n.part < 0:
		return n.namespace().value
	case n.xml.kind == xmlComment || n.xml.kind == xmlInstruction:
		return n.xml.text
	case n.xml.isText() && (n.xml.next == nil || !n.xml.next.isText()):
		return n.xml.text
	}
	if only := n.xml.first; only != nil && only.next == nil && only.isText() {
		return only.text
	}
	var b strings.Builder
	r.writeText(&b, n.xml)
	r.spend(b.Len() / 4)
	return b.String()
}

// writeText writes the text in a node, or of a run of texts that begins there.
func (r *xpathRun) writeText(b *strings.Builder, n *xmlNode) {
	if n.isText() {
		for ; n != nil && n.isText(); n = n.next {
			b.WriteString(n.text)
		}
		return
	}
	for at := n.first; at != nil && r.spend(1); at = at.after(n) {
		if at.isText() {
			b.WriteString(at.text)
		}
	}
}
