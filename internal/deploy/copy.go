package deploy

import (
	"strings"

	"isle/expr"
)

// Copy loops: an object's member "copy": [{"name","count","input"}] stands for one
// member for each entry, an array that the loop makes. Loops nest, and copyIndex()
// tells the turn of the innermost one or of the one that it names.

const (
	maxCopies = 800    // turns of one loop (Azure's limit)
	maxTurns  = 50_000 // of all loops of one evaluation
)

// loop is a copy loop under evaluation.
type loop struct {
	name  string
	index int
}

// properties evaluates a value in which objects may hold a "copy" array: each of
// its entries becomes a member, an array made by the loop.
func (s *scope) properties(v expr.Value) (expr.Value, error) {
	expanded, err := s.expandCopies(v)
	if err != nil {
		return expr.Value{}, err
	}
	return s.eval(expanded)
}

// isCopy reports whether a member makes arrays: "copy": [{"name","count","input"}].
func isCopy(name string, m expr.Value) bool {
	return strings.EqualFold(name, "copy") && m.Kind() == expr.KindArray && hasMember(m.Index(0), "input")
}

func hasCopies(v expr.Value) bool {
	for _, e := range v.Elements() {
		if hasCopies(e) {
			return true
		}
	}
	for name, m := range v.Members() {
		if isCopy(name, m) || hasCopies(m) {
			return true
		}
	}
	return false
}

func (s *scope) expandCopies(v expr.Value) (expr.Value, error) {
	if !hasCopies(v) {
		return v, nil
	}
	switch v.Kind() {
	case expr.KindArray:
		list := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			e, err := s.expandCopies(e)
			if err != nil {
				return expr.Value{}, err
			}
			list = append(list, e)
		}
		return expr.Array(list...), nil
	case expr.KindObject:
		return s.expandMembers(v)
	default:
		return v, nil
	}
}

func (s *scope) expandMembers(v expr.Value) (expr.Value, error) {
	var members []expr.Member
	for name, m := range v.Members() {
		if isCopy(name, m) {
			for _, c := range m.Elements() {
				name, ok := text(c, "name")
				if !ok {
					return expr.Value{}, failf("A copy loop of a property lacks its 'name', which is the property that it makes")
				}
				list, err := s.copied(c, name)
				if err != nil {
					return expr.Value{}, err
				}
				members = append(members, expr.Member{Name: name, Value: quoted(list)})
			}
			continue
		}
		m, err := s.expandCopies(m)
		if err != nil {
			return expr.Value{}, err
		}
		members = append(members, expr.Member{Name: name, Value: m})
	}
	return expr.Object(members...), nil
}

// copied is the array that one entry of a copy makes.
func (s *scope) copied(entry expr.Value, name string) (expr.Value, error) {
	count, err := s.count(entry)
	if err != nil {
		return expr.Value{}, err
	}
	input, ok := member(entry, "input")
	if !ok {
		return expr.Value{}, failf("The copy loop '%s' lacks its 'input', which it copies", name)
	}
	if s.turns += count; s.turns > maxTurns {
		return expr.Value{}, failf("The copy loops of one evaluation turn more than %d times", maxTurns)
	}
	list := make([]expr.Value, 0, count)
	for i := range count {
		s.loops = append(s.loops, loop{name, i})
		v, err := s.properties(input)
		s.loops = s.loops[:len(s.loops)-1]
		if err != nil {
			return expr.Value{}, err
		}
		list = append(list, v)
	}
	array := expr.Array(list...)
	if tooLarge(array) {
		return expr.Value{}, failf("The copy loop '%s' makes more than %d bytes", name, maxSize)
	}
	return array, nil
}

func (s *scope) count(entry expr.Value) (int, error) {
	v, ok := member(entry, "count")
	if !ok {
		return 0, failf("The copy loop lacks its 'count'")
	}
	v, err := s.eval(v)
	if err != nil {
		return 0, err
	}
	n, ok := v.AsInt()
	if !ok || n < 0 || n > maxCopies {
		return 0, failf("The copy count '%s' is not valid: it must be an integer from 0 to %d", v.Text(), maxCopies)
	}
	return int(n), nil
}

// quoted protects evaluated data from being evaluated again: a string in brackets
// gets a second one, which stands for the first.
func quoted(v expr.Value) expr.Value { return eachString(v, quotedText) }

// eachString changes all strings of a tree and the names in it.
func eachString(v expr.Value, change func(string) string) expr.Value {
	switch v.Kind() {
	case expr.KindString:
		s, _ := v.AsString()
		return expr.String(change(s))
	case expr.KindArray:
		list := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			list = append(list, eachString(e, change))
		}
		return expr.Array(list...)
	case expr.KindObject:
		members := make([]expr.Member, 0, v.Len())
		for name, m := range v.Members() {
			members = append(members, expr.Member{Name: change(name), Value: eachString(m, change)})
		}
		return expr.Object(members...)
	}
	return v
}

func quotedText(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return "[" + s
	}
	return s
}

func (s *scope) copyIndex(args []expr.Value) (expr.Value, error) {
	if len(s.loops) == 0 {
		return expr.Value{}, failf("The template function 'copyIndex' is not expected at this location: it stands only within a copy loop")
	}
	current := s.loops[len(s.loops)-1]
	if name, ok := first(args).AsString(); ok {
		args = rest(args)
		found := false
		for _, l := range s.loops {
			if strings.EqualFold(l.name, name) {
				current, found = l, true
			}
		}
		if !found {
			return expr.Value{}, failf("The copy loop '%s' that copyIndex names is not around it", name)
		}
	}
	offset, _ := first(args).AsInt()
	return expr.Int(int64(current.index) + offset), nil
}
