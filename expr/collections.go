package expr

import (
	"slices"
	"strings"
	"unicode/utf8"
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
		{Name: "addProperty", Min: 3, Max: 3, shallow: true, opaque: 3, usage: "three parameters: the object as the first parameter, the name of the property to add as the second parameter, and the value as the third parameter", eval: evalAddProperty},
		{Name: "setProperty", Min: 3, Max: 3, shallow: true, opaque: 3, usage: "three parameters: the object as the first parameter, the name of the property to set as the second parameter, and the value as the third parameter", eval: evalSetProperty},
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

// maxElements is the longest array that a function makes out of something smaller.
const maxElements = 10_000_000

func evalChunk(c invocation) (Value, error) {
	v := c.args[0]
	length := v.Len()
	switch v.kind {
	case KindString:
		length = utf16Length(v.str)
	case KindArray:
	default:
		return Value{}, c.wrongKind(0, "an array or a string")
	}
	size, err := c.integer(1)
	switch {
	case err != nil:
		return Value{}, err
	case size < 1:
		return Value{}, c.fail(ArgumentError, "expects chunk size to be a positive integer. The provided value is less than 1. %s", c.see())
	case int64(length)/size >= maxElements:
		return Value{}, c.tooLarge()
	case v.kind == KindString:
		return arrayOf(chunkText(v.str, int(min(size, int64(length))))), nil
	}
	var chunks []Value
	for chunk := range slices.Chunk(v.elements(), int(min(size, int64(max(length, 1))))) {
		chunks = append(chunks, Array(chunk...))
	}
	return arrayOf(chunks), nil
}

// chunkText cuts s after each size UTF-16 units. U+FFFD stands for each half of a
// character that is cut in two, as in utf16Slice.
func chunkText(s string, size int) []Value {
	var chunks []Value
	start, units, head := 0, 0, ""
	end := func(at int, tail string) {
		chunks = append(chunks, String(head+s[start:at]+tail))
		start, units, head = at, 0, ""
	}
	for i, r := range s {
		width := 1
		if r > 0xFFFF {
			width = 2
		}
		if units == size {
			end(i, "")
		}
		if units+width <= size {
			units += width
			continue
		}
		end(i, "\uFFFD")
		start, units, head = i+utf8.RuneLen(r), 1, "\uFFFD"
	}
	if s != "" {
		end(len(s), "")
	}
	return chunks
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
	return Value{}, c.fail(ArgumentError, "expects its first argument 'collection' to be a dictionary (object), an array or a string. The provided value is of type '%s'.", collection.TypeName())
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
	return Value{}, c.noSequence()
}

func evalLast(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindString:
		n := utf16Length(v.str)
		return String(utf16Slice(v.str, max(n-1, 0), n)), nil
	case KindArray:
		return v.Index(v.Len() - 1), nil
	}
	return Value{}, c.noSequence()
}

// noSequence is the sentence of first and last, which lacks a "to" in the service.
func (c invocation) noSequence() error {
	return c.fail(ArgumentError, "expects its parameter be an array or a string. The provided value is of type '%s'. %s", c.args[0].TypeName(), c.see())
}

// sameContainers returns the kind of all arguments: arrays or objects.
func (c invocation) sameContainers() (Kind, error) {
	kind := c.args[0].kind
	same := kind == KindArray || kind == KindObject
	var types []string
	for _, arg := range c.args {
		same = same && arg.kind == kind
		if name := arg.TypeName(); !slices.Contains(types, name) {
			types = append(types, name)
		}
	}
	if !same {
		return 0, c.failWith(ArgumentError, "Template language function '%s' expects parameters of same type, but found '%s' distinct types.", c.name, strings.Join(types, ","))
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
	others := make([]*valueSet, 0, len(c.args)-1)
	for _, other := range c.args[1:] {
		set := newValueSet()
		for _, v := range other.elements() {
			set.add(v)
		}
		others = append(others, set)
	}
	seen := newValueSet()
	var kept []Value
	for _, v := range c.args[0].elements() {
		missing := slices.ContainsFunc(others, func(set *valueSet) bool { return !set.has(v) })
		if !missing && seen.add(v) {
			kept = append(kept, v)
		}
	}
	return arrayOf(kept), nil
}

// commonMembers keeps the members of the first object that are in all others too.
func (c invocation) commonMembers() Value {
	kept := c.args[0].members()
	for _, other := range c.args[1:] {
		values := make(map[string]Value, other.Len())
		for _, m := range other.members() {
			values[m.Name] = m.Value
		}
		var common []Member
		for _, m := range kept {
			if v, ok := values[m.Name]; ok && Equal(v, m.Value) {
				common = append(common, m)
			}
		}
		kept = common
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
	seen := newValueSet()
	var kept []Value
	for _, arg := range c.args {
		for _, v := range arg.elements() {
			if seen.add(v) {
				kept = append(kept, v)
			}
		}
	}
	return arrayOf(kept), nil
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

func evalJoin(c invocation) (Value, error) {
	if c.args[0].kind != KindArray {
		return Value{}, c.wrongKind(0, "an array")
	}
	separator, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	text, err := c.join(c.args[0].elements(), separator)
	return String(text), err
}

func evalReverse(c invocation) (Value, error) {
	if c.args[0].kind != KindArray { // "first", though there is but one
		return Value{}, c.fail(ArgumentError, "expects its first parameter to be of type array. The provided value is of type '%s'. %s", c.args[0].TypeName(), c.see())
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
		return 0, 0, c.fail(ArgumentError, "expects its first parameter 'collection' to be an array or a string. The provided value is of type '%s'. %s", v.TypeName(), c.see())
	}
	n, err := c.integer(1)
	if err == nil && n < 0 {
		err = c.fail(ArgumentError, "parameters are out of range: 'count' must be a positive integer. The provided value is '%d'. %s", n, c.see())
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
	name := ""
	if len(c.args) == 2 {
		var err error
		if name, err = c.text(1); err != nil {
			return Value{}, err
		}
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
		return Value{}, c.fail(ArgumentError, "expects the property to not exist in the object. Unable to add property '%s' to '%s' as it already exists.", shown(name), object.excerpt())
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
