package expr

import (
	"slices"
	"strings"
)

func collectionFunctions() []Function {
	lists := "either a comma separated list of arrays or a comma separated list of objects as its parameters"
	return []Function{
		{Name: "length", Min: 1, Max: 1, shallow: true, usage: "one parameter: an array or a string the length of which is returned", eval: evalLength},
		{Name: "chunk", Min: 2, Max: 2, shallow: true, usage: "two parameters: the string to chunk as the first parameter, the chunk length as the second parameter", eval: evalChunk},
		{Name: "contains", Min: 2, Max: 2, usage: "two parameters : the collection of items to search within and the object to find within the collection", eval: evalContains},
		{Name: "empty", Min: 1, Max: 1, shallow: true, usage: "one parameter: the object, array or string to test for emptiness", eval: evalEmpty},
		{Name: "first", Min: 1, Max: 1, shallow: true, usage: "one parameter: the array or string of which the first element will be returned", eval: evalFirst},
		{Name: "last", Min: 1, Max: 1, shallow: true, usage: "one parameter: the array or string of which the last element will be returned", eval: evalLast},
		{Name: "intersection", Min: 2, Max: -1, usage: lists, eval: evalIntersection},
		{Name: "union", Min: 2, Max: -1, usage: lists, eval: evalUnion},
		{Name: "join", Min: 2, Max: 2, usage: "two parameters: the array of elements to join as the first parameter, and the element separator as the second parameter", eval: evalJoin},
		{Name: "reverse", Min: 1, Max: 1, shallow: true, usage: "an array as the first parameter", eval: evalReverse},
		{Name: "skip", Min: 2, Max: 2, shallow: true, usage: "two parameters: the collection to skip the objects from as the first parameter and the count of objects to skip as the second parameter", eval: evalSkip},
		{Name: "take", Min: 2, Max: 2, shallow: true, usage: "two parameters: the collection to take the objects from as the first parameter and the count of objects to take as the second parameter", eval: evalTake},
		{Name: "sort", Min: 1, Max: 2, usage: "an array as the first parameter and an optional object key as the second parameter", eval: evalSort},
		{Name: "mergeObjects", Min: 2, Max: 2, shallow: true, eval: evalMergeObjects},
		{Name: "addProperty", Min: 3, Max: 3, shallow: true, usage: "three parameters: the object as the first parameter, the name of the property to add as the second parameter, and the value as the third parameter", eval: evalAddProperty},
		{Name: "setProperty", Min: 3, Max: 3, shallow: true, usage: "three parameters: the object as the first parameter, the name of the property to set as the second parameter, and the value as the third parameter", eval: evalSetProperty},
		{Name: "removeProperty", Min: 2, Max: 2, shallow: true, usage: "two parameters: the object as the first parameter and the name of the property to remove as the second parameter", eval: evalRemoveProperty},
	}
}

func evalLength(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindString:
		return Int(int64(utf16Length(v.str))), nil
	case KindArray:
		return Int(int64(v.Len())), nil
	}
	return Value{}, c.wrongKind(0, "an array or a string")
}

func evalChunk(c invocation) (Value, error) {
	size, err := c.integer(1)
	if err != nil {
		return Value{}, err
	}
	if size < 1 {
		return Value{}, c.notValid("The chunk length '%d' must be a positive integer.", size)
	}
	var chunks []Value
	switch v := c.args[0]; v.kind {
	case KindString:
		rest := v.str
		for n := utf16Length(rest); int64(n) > size; n -= int(size) {
			head := utf16Slice(rest, 0, int(size))
			from, inside := utf16Offset(rest, int(size))
			chunks = append(chunks, String(head))
			if rest = rest[from:]; inside {
				rest = "\uFFFD" + utf16Slice(rest, 2, n)
			}
		}
		if rest != "" {
			chunks = append(chunks, String(rest))
		}
	case KindArray:
		rest := v.elements()
		for int64(len(rest)) > size {
			chunks = append(chunks, Array(rest[:size]...))
			rest = rest[size:]
		}
		if len(rest) > 0 {
			chunks = append(chunks, Array(rest...))
		}
	default:
		return Value{}, c.wrongKind(0, "an array or a string")
	}
	return arrayOf(chunks), nil
}

func evalContains(c invocation) (Value, error) {
	collection, wanted := c.args[0], c.args[1]
	switch collection.kind {
	case KindString:
		part, err := c.text(1)
		if err != nil {
			return Value{}, err
		}
		return Bool(strings.Contains(collection.str, part)), nil
	case KindArray:
		return Bool(slices.ContainsFunc(collection.elements(), func(v Value) bool { return Equal(v, wanted) })), nil
	case KindObject:
		name, err := c.text(1)
		if err != nil {
			return Value{}, err
		}
		_, ok := collection.Get(name)
		return Bool(ok), nil
	}
	return Value{}, c.wrongKind(0, "an object, an array or a string")
}

func evalEmpty(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindNull:
		return Bool(true), nil
	case KindString:
		return Bool(v.str == ""), nil
	case KindArray, KindObject:
		return Bool(v.Len() == 0), nil
	}
	return Value{}, c.wrongKind(0, "an object, an array or a string")
}

func evalFirst(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindString:
		return String(utf16Slice(v.str, 0, 1)), nil
	case KindArray:
		return v.Index(0), nil
	}
	return Value{}, c.wrongKind(0, "an array or a string")
}

func evalLast(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindString:
		n := utf16Length(v.str)
		return String(utf16Slice(v.str, max(n-1, 0), n)), nil
	case KindArray:
		return v.Index(v.Len() - 1), nil
	}
	return Value{}, c.wrongKind(0, "an array or a string")
}

// sameContainers returns the kind of all arguments: arrays or objects.
func (c invocation) sameContainers() (Kind, error) {
	kind := c.args[0].kind
	for _, arg := range c.args {
		if kind != KindArray && kind != KindObject || arg.kind != kind {
			return 0, c.fail(ArgumentError, "expects %s. The function was invoked with a parameter of type '%s'. %s", c.function.usage, arg.TypeName(), c.see())
		}
	}
	return kind, nil
}

func evalIntersection(c invocation) (Value, error) {
	kind, err := c.sameContainers()
	if err != nil {
		return Value{}, err
	}
	if kind == KindObject {
		return c.commonMembers(), nil
	}
	kept := newValueSet()
	others := make([]*valueSet, 0, len(c.args)-1)
	for _, other := range c.args[1:] {
		set := newValueSet()
		for _, v := range other.elements() {
			set.add(v)
		}
		others = append(others, set)
	}
	for _, v := range c.args[0].elements() {
		if !slices.ContainsFunc(others, func(set *valueSet) bool { return !set.has(v) }) {
			kept.add(v)
		}
	}
	return arrayOf(kept.values), nil
}

func (c invocation) commonMembers() Value {
	var kept []Member
	for _, m := range c.args[0].members() {
		missing := slices.ContainsFunc(c.args[1:], func(other Value) bool {
			i := other.node.level(KindObject).findExact(m.Name)
			return i < 0 || !Equal(other.node.members[i].Value, m.Value)
		})
		if !missing {
			kept = append(kept, m)
		}
	}
	return objectOf(kept)
}

func evalUnion(c invocation) (Value, error) {
	kind, err := c.sameContainers()
	if err != nil {
		return Value{}, err
	}
	if kind == KindObject {
		return mergeMembers(c.args), nil
	}
	set := newValueSet()
	for _, arg := range c.args {
		for _, v := range arg.elements() {
			set.add(v)
		}
	}
	return arrayOf(set.values), nil
}

// mergeMembers unites objects: each name at its first place with its last value.
func mergeMembers(objects []Value) Value {
	var members []Member
	at := map[string]int{}
	for _, object := range objects {
		for _, m := range object.members() {
			if i, ok := at[m.Name]; ok {
				members[i].Value = m.Value
				continue
			}
			at[m.Name] = len(members)
			members = append(members, m)
		}
	}
	return objectOf(members)
}

func evalMergeObjects(c invocation) (Value, error) {
	for i, arg := range c.args {
		if arg.kind != KindObject {
			return Value{}, c.wrongType(i, "object")
		}
	}
	return mergeMembers(c.args), nil
}

// valueSet holds distinct values in order of arrival, found by a key that equal
// values share.
type valueSet struct {
	values []Value
	byKey  map[string][]int
}

func newValueSet() *valueSet { return &valueSet{byKey: map[string][]int{}} }

func (s *valueSet) has(v Value) bool {
	return slices.ContainsFunc(s.byKey[setKey(v)], func(i int) bool { return Equal(s.values[i], v) })
}

func (s *valueSet) add(v Value) {
	if s.has(v) {
		return
	}
	key := setKey(v)
	s.byKey[key] = append(s.byKey[key], len(s.values))
	s.values = append(s.values, v)
}

// setKey is equal for values that are Equal.
func setKey(v Value) string {
	switch v.kind {
	case KindString:
		return "s" + v.str
	case KindInt, KindBigInt, KindFloat, KindDecimal:
		f, _ := v.AsFloat()
		return "n" + string(appendFloat(nil, f+0))
	case KindArray, KindObject:
		return "c" + string(rune(v.Len())) + string(rune(v.kind))
	}
	return string(v.AppendJSON(nil))
}

func evalJoin(c invocation) (Value, error) {
	if c.args[0].kind != KindArray {
		return Value{}, c.wrongType(0, "array")
	}
	separator, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	elems := c.args[0].elements()
	size := int64(len(separator)) * int64(max(len(elems)-1, 0))
	for _, v := range elems {
		size = addWeight(size, v.weight())
	}
	if size > MaxSize {
		return Value{}, c.tooLarge()
	}
	text := make([]byte, 0, size)
	for i, v := range elems {
		if i > 0 {
			text = append(text, separator...)
		}
		text = v.appendText(text)
	}
	return String(string(text)), nil
}

func evalReverse(c invocation) (Value, error) {
	if c.args[0].kind != KindArray {
		return Value{}, c.wrongType(0, "array")
	}
	elems := slices.Clone(c.args[0].elements())
	slices.Reverse(elems)
	return arrayOf(elems), nil
}

// cut returns the count of skip and take, bounded by the length of the collection.
func (c invocation) cut() (count, length int, err error) {
	switch v := c.args[0]; v.kind {
	case KindString:
		length = utf16Length(v.str)
	case KindArray:
		length = v.Len()
	default:
		return 0, 0, c.wrongKind(0, "an array or a string")
	}
	n, err := c.integer(1)
	if err == nil && n < 0 {
		err = c.notValid("The count '%d' must not be negative.", n)
	}
	return int(min(n, int64(length))), length, err
}

func evalSkip(c invocation) (Value, error) {
	count, length, err := c.cut()
	if err != nil {
		return Value{}, err
	}
	if v := c.args[0]; v.kind == KindString {
		return String(utf16Slice(v.str, count, length)), nil
	}
	return Array(c.args[0].elements()[count:]...), nil
}

func evalTake(c invocation) (Value, error) {
	count, _, err := c.cut()
	if err != nil {
		return Value{}, err
	}
	if v := c.args[0]; v.kind == KindString {
		return String(utf16Slice(v.str, 0, count)), nil
	}
	return Array(c.args[0].elements()[:count]...), nil
}

// evalSort orders by kind, then by value; keys must be primitive.
func evalSort(c invocation) (Value, error) {
	if c.args[0].kind != KindArray {
		return Value{}, c.wrongType(0, "array")
	}
	name, err := c.optionalText(1, "")
	if err != nil {
		return Value{}, err
	}
	type entry struct{ key, value Value }
	entries := make([]entry, 0, c.args[0].Len())
	for _, v := range c.args[0].elements() {
		key := v
		if len(c.args) == 2 {
			key, _ = v.Get(name)
		}
		if key.kind == KindArray || key.kind == KindObject || key.kind == KindNull {
			return Value{}, c.notValid("The values to sort by must be integers, floats, strings or booleans. One is of type '%s'.", key.TypeName())
		}
		entries = append(entries, entry{key, v})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return compareKeys(a.key, b.key) })
	sorted := make([]Value, len(entries))
	for i := range entries {
		sorted[i] = entries[i].value
	}
	return arrayOf(sorted), nil
}

func compareKeys(a, b Value) int {
	switch {
	case a.isNumber() && b.isNumber():
		return compareNumbers(a, b)
	case a.kind != b.kind:
		return compare(int(a.kind), int(b.kind))
	case a.kind == KindString:
		if n := compareText(a.str, b.str); n != 0 {
			return n
		}
		return strings.Compare(a.str, b.str)
	}
	return compare(int(a.num), int(b.num))
}

// objectAndName returns the first two arguments of the property functions.
func (c invocation) objectAndName() (Value, string, error) {
	if c.args[0].kind != KindObject {
		return Value{}, "", c.wrongType(0, "object")
	}
	name, err := c.text(1)
	return c.args[0], name, err
}

func evalAddProperty(c invocation) (Value, error) {
	object, name, err := c.objectAndName()
	if err != nil {
		return Value{}, err
	}
	if _, ok := object.Get(name); ok {
		return Value{}, c.notValid("The object already has a property '%s'.", name)
	}
	return objectOf(append(object.copyMembers(1), Member{name, c.args[2]})), nil
}

// evalSetProperty moves a property that exists to the end and keeps its spelling.
func evalSetProperty(c invocation) (Value, error) {
	object, name, err := c.objectAndName()
	if err != nil {
		return Value{}, err
	}
	members := object.copyMembers(1)
	if i := object.node.find(name); i >= 0 {
		name = members[i].Name
		members = slices.Delete(members, i, i+1)
	}
	return objectOf(append(members, Member{name, c.args[2]})), nil
}

func evalRemoveProperty(c invocation) (Value, error) {
	object, name, err := c.objectAndName()
	if err != nil {
		return Value{}, err
	}
	members := object.copyMembers(0)
	i := object.node.find(name)
	if i < 0 {
		return object, nil
	}
	return objectOf(slices.Delete(members, i, i+1)), nil
}
