package wdl

import (
	"iter"
	"strings"

	"isle/expr"
)

// node is a value and where it stands in the definition.
type node struct {
	expr.Value
	at string // JSON pointer
}

// member returns the member of that name, ignoring case. A null member counts as
// absent, since exported files are full of them.
func (n node) member(name string) (node, bool) {
	v, ok := n.Get(name)
	if !ok || v.IsNull() {
		return node{at: join(n.at, name)}, false
	}
	return node{v, join(n.at, spelling(n.Value, name))}, true
}

// path returns the member reached by names separated by dots.
func (n node) path(names string) (node, bool) {
	for name := range strings.SplitSeq(names, ".") {
		var ok bool
		if n, ok = n.member(name); !ok {
			return n, false
		}
	}
	return n, true
}

// spelling returns a member's name as it is written.
func spelling(v expr.Value, name string) string {
	folded := ""
	for written := range v.Members() {
		if written == name {
			return name
		}
		if folded == "" && strings.EqualFold(written, name) {
			folded = written
		}
	}
	if folded != "" {
		return folded
	}
	return name
}

func (n node) members() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		for name, v := range n.Members() {
			if !yield(name, node{v, join(n.at, name)}) {
				return
			}
		}
	}
}

func (n node) elements() iter.Seq2[int, node] {
	return func(yield func(int, node) bool) {
		for i, v := range n.Elements() {
			if !yield(i, node{v, n.at + "/" + itoa(i)}) {
				return
			}
		}
	}
}

func (n node) isObject() bool { return n.Kind() == expr.KindObject }
func (n node) isArray() bool  { return n.Kind() == expr.KindArray }

// text returns a string member's text, "" if it is none.
func (n node) text() string {
	s, _ := n.AsString()
	return s
}

// join appends one reference token to a JSON pointer.
func join(pointer, token string) string {
	return pointer + "/" + pointerEscape.Replace(token)
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
