package deploy

import (
	"strings"

	"isle/expr"
)

// sketch is what a template says of a resource as it may be shown before it is
// deployed: secrets are not in it, and what cannot be evaluated yet stands there as its
// expression.
func (p *Plan) sketch(i int, reader Reader, deployed func(int) (bool, error)) expr.Value {
	r := p.Resources[i]
	s := p.scope
	s.reader, s.turns, s.loops = reader, 0, r.loops
	s.deployed = func(ref string) (string, bool, error) { return p.lookup(ref, deployed) }
	defer func() { s.reader, s.loops = nil, nil }()
	var members []expr.Member
	for name, m := range r.source.body.Members() {
		if isBody(name) {
			members = append(members, expr.Member{Name: name, Value: p.sketchOf(m)})
		}
	}
	return expr.Object(members...)
}

// sketchOf evaluates as much of a tree as can be shown.
func (p *Plan) sketchOf(v expr.Value) expr.Value {
	secret := p.secrets.in(v)
	if !secret {
		if got, err := p.scope.properties(v); err == nil {
			return got
		}
	}
	switch {
	case v.Kind() == expr.KindArray:
		list := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			list = append(list, p.sketchOf(e))
		}
		return expr.Array(list...)
	case v.Kind() == expr.KindObject && !hasCopies(v):
		members := make([]expr.Member, 0, v.Len())
		for name, m := range v.Members() {
			members = append(members, expr.Member{Name: name, Value: p.sketchOf(m)})
		}
		return expr.Object(members...)
	case secret:
		return expr.String(secureShown)
	}
	return v
}

// open reports whether a text of a sketch stands for a value that is not known, or not
// shown.
func open(v expr.Value) bool {
	s, ok := v.AsString()
	return ok && (s == secureShown || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && !strings.HasPrefix(s, "[["))
}

// merged is what is there with what a sketch says of it.
func merged(before, sketch expr.Value) expr.Value {
	if before.Kind() != expr.KindObject || sketch.Kind() != expr.KindObject {
		if open(sketch) {
			return before
		}
		return sketch
	}
	for name, m := range sketch.Members() {
		old, _ := member(before, name)
		before = before.With(name, merged(old, m))
	}
	return before
}
