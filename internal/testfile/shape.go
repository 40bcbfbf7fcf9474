package testfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// A file is judged before it is decoded: one walk over the document, along the shapes
// that its values must have, finds everything that is wrong, each with its place. What
// passes can be decoded.

// shape is what a value must be.
type shape struct {
	want  string // in words, such as "an array"
	kinds []expr.Kind
	// members are those that an object may have; nil: any, and each is their shape.
	members []shapeMember
	each    *shape // of the elements of an array too; nil: any value
	cases   bool   // of an array: its elements are the cases
	strict  bool   // of an object: unknown members are refused, since they would assert nothing
	// judge finds what a type does not say; it also gets null, and what is absent of
	// an object is its business. nil: nothing.
	judge func(*judge, spot, expr.Value)
}

type shapeMember struct {
	name string
	*shape
}

// spot is a place in the file.
type spot struct{ path, pointer string }

func (s spot) member(name string) spot {
	return spot{strings.TrimPrefix(s.path+"."+name, "."), s.pointer + "/" + pointerEscape.Replace(name)}
}

func (s spot) element(i int) spot {
	n := strconv.Itoa(i)
	return spot{s.path + "[" + n + "]", s.pointer + "/" + n}
}

func (s spot) String() string {
	if s.path == "" {
		return "it"
	}
	return s.path
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// maxProblems is how many problems, and how many warnings, are told of one file.
const maxProblems = 100

// judge collects what is wrong with a file.
type judge struct {
	content            []byte
	actions            map[string]wdl.Type // of the definition, by name; nil: not known
	inCase             string              // the name of the case that is judged
	problems, warnings []*Problem
}

func (j *judge) problem(at spot, format string, args ...any) {
	j.tell(&j.problems, at, at.String()+fmt.Sprintf(format, args...))
}

func (j *judge) warning(at spot, format string, args ...any) {
	j.tell(&j.warnings, at, at.String()+fmt.Sprintf(format, args...))
}

func (j *judge) tell(list *[]*Problem, at spot, message string) {
	if len(*list) >= maxProblems {
		return
	}
	p := &Problem{Case: j.inCase, Message: message}
	p.Line, p.Column = wdl.Place(j.content, at.pointer)
	*list = append(*list, p)
}

// value judges a value and all that is in it. Null fits anywhere.
func (j *judge) value(v expr.Value, at spot, s *shape) {
	if s == nil {
		return
	}
	if !v.IsNull() && len(s.kinds) > 0 && !slices.Contains(s.kinds, v.Kind()) {
		j.problem(at, " must be %s, it is %s", s.want, shown(v, s))
		return
	}
	if s.judge != nil {
		s.judge(j, at, v)
	}
	for i, e := range v.Elements() {
		if s.cases {
			j.inCase = nameOf(e, i)
		}
		j.value(e, at.element(i), s.each)
	}
	if s.cases {
		j.inCase = ""
	}
	for name, e := range v.Members() {
		if s.members == nil {
			j.value(e, at.member(name), s.each)
			continue
		}
		j.member(name, e, at, s)
	}
}

// nameOf is the name of the case.
func nameOf(v expr.Value, i int) string {
	if name, _ := v.Get("name"); name.Text() != "" {
		return name.Text()
	}
	return caseName(i)
}

// member judges a member of an object that has certain ones. Their names ignore case,
// as in definitions.
func (j *judge) member(name string, v expr.Value, at spot, s *shape) {
	i := slices.IndexFunc(s.members, func(m shapeMember) bool { return strings.EqualFold(m.name, name) })
	if i >= 0 {
		j.value(v, at.member(name), s.members[i].shape)
		return
	}
	var known []string
	for _, m := range s.members {
		known = append(known, m.name)
	}
	switch meant := nearest(name, known); {
	case isNote(name):
	case meant != "":
		j.problem(at.member(name), " is unknown: did you mean %q?", meant)
	case s.strict:
		j.problem(at.member(name), " is unknown, so it asserts nothing: the members are %s", strings.Join(known, ", "))
	default:
		j.warning(at.member(name), " is unknown and does nothing: the members are %s", strings.Join(known, ", "))
	}
}

// isNote tells members that are for the reader only, anywhere.
func isNote(name string) bool {
	switch strings.ToLower(name) {
	case "notes", "comment", "comments", "description", "$schema":
		return true
	}
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, "//")
}

// shown is a value of a wrong kind: a number where another one is wanted by its text.
func shown(v expr.Value, s *shape) string {
	switch v.Kind() {
	case expr.KindString:
		return "a string"
	case expr.KindBool:
		return "a boolean"
	case expr.KindArray:
		return "an array"
	case expr.KindObject:
		return "an object"
	}
	if slices.Contains(s.kinds, expr.KindInt) {
		return v.Text()
	}
	return "a number"
}
