package expr

// Array and object functions that deployment templates have and workflow definitions
// have not, or have in another form.

import (
	"cmp"
	"slices"
	"strings"
)

func templateCollectionFunctions() []Function {
	constant := func(name string, v Value) Function {
		return Function{Name: name, Min: 0, Max: 0, eval: func(invocation) (Value, error) { return v, nil }}
	}
	return []Function{
		constant("true", Bool(true)), constant("false", Bool(false)), constant("null", Null()),
		{Name: "array", Min: 1, Max: 1, opaque: 1, eval: templateArray},
		{Name: "concat", Min: 1, Max: -1, eval: templateConcat},
		{Name: "contains", Min: 2, Max: 2, eval: templateContains},
		{Name: "createArray", Min: 0, Max: -1, opaque: 1, eval: evalCreateArray},
		{Name: "createObject", Min: 0, Max: -1, shallow: true, eval: createObject},
		{Name: "empty", Min: 1, Max: 1, shallow: true, eval: demanding(emptiable, evalEmpty)},
		{Name: "first", Min: 1, Max: 1, shallow: true, eval: demanding(oneEnd, evalFirst)},
		{Name: "flatten", Min: 1, Max: 1, shallow: true, eval: flatten},
		{Name: "indexFromEnd", Min: 2, Max: 2, shallow: true, eval: indexFromEnd},
		{Name: "indexOf", Min: 2, Max: 2, eval: templateIndexOf(evalIndexOf, slices.IndexFunc[[]Value])},
		{Name: "intersection", Min: 2, Max: -1, eval: demanding(alike, evalIntersection)},
		{Name: "items", Min: 1, Max: 1, shallow: true, eval: objectItems},
		{Name: "last", Min: 1, Max: 1, shallow: true, eval: demanding(oneEnd, evalLast)},
		{Name: "lastIndexOf", Min: 2, Max: 2, eval: templateIndexOf(evalLastIndexOf, lastIndexFunc)},
		{Name: "length", Min: 1, Max: 1, shallow: true, eval: demanding(measurable, templateLength)},
		{Name: "objectKeys", Min: 1, Max: 1, shallow: true, eval: objectKeys},
		{Name: "shallowMerge", Min: 1, Max: 1, eval: shallowMerge},
		{Name: "skip", Min: 2, Max: 2, shallow: true, eval: demanding(cuttable, clampedCount(evalSkip))},
		{Name: "take", Min: 2, Max: 2, shallow: true, eval: demanding(cuttable, clampedCount(evalTake))},
		{Name: "tryGet", Min: 2, Max: -1, shallow: true, eval: tryGet},
		{Name: "tryIndexFromEnd", Min: 2, Max: 2, shallow: true, eval: tryIndexFromEnd},
		{Name: "union", Min: 1, Max: -1, eval: demanding(alike, templateUnion)},
	}
}

// templateArray makes an array of a value that is none.
func templateArray(c invocation) (Value, error) {
	if c.args[0].kind == KindArray {
		return c.args[0], nil
	}
	return Array(c.args[0]), nil
}

// templateConcat joins arrays, or else texts.
func templateConcat(c invocation) (Value, error) {
	arrays := 0
	for _, arg := range c.args {
		switch arg.kind {
		case KindArray:
			arrays++
		case KindObject:
			return Value{}, c.mixedConcat()
		}
	}
	switch arrays {
	case 0:
		return evalConcat(c)
	case len(c.args):
		elems := make([]Value, 0, len(c.args))
		for _, arg := range c.args {
			elems = append(elems, arg.elements()...)
		}
		return arrayOf(elems), nil
	}
	return Value{}, c.mixedConcat()
}

func (c invocation) mixedConcat() error {
	return c.failWith(ArgumentError, "The provided parameters for the template language function '%s' are not valid. Either all or none of the parameters must be an array. %s", c.name, seeFunctions("concat"))
}

func templateContains(c invocation) (Value, error) {
	switch collection, wanted := c.args[0], c.args[1]; collection.kind {
	case KindArray:
		return evalContains(c)
	case KindString, KindObject:
		if wanted.kind == KindInt { // a number is looked for by its text
			c.args = []Value{collection, String(wanted.Text())}
		} else if wanted.kind != KindString {
			return Value{}, c.expects(1, "its second parameter to be a string", seeFunctions("contains"))
		}
		return evalContains(c)
	}
	return Value{}, c.expects(0, "its first parameter to be an object, an array, or a string", seeFunctions("contains"))
}

// templateIndexOf looks in a string, ignoring case, or in an array, where equality is
// exact.
func templateIndexOf(text func(c invocation) (Value, error), find func([]Value, func(Value) bool) int) func(c invocation) (Value, error) {
	return func(c invocation) (Value, error) {
		if c.args[0].kind == KindArray {
			return Int(int64(find(c.args[0].elements(), func(v Value) bool { return Equal(v, c.args[1]) }))), nil
		}
		return demanding(textPair, text)(c)
	}
}

func lastIndexFunc(list []Value, is func(Value) bool) int {
	for i := len(list) - 1; i >= 0; i-- {
		if is(list[i]) {
			return i
		}
	}
	return -1
}

func createObject(c invocation) (Value, error) {
	if len(c.args)%2 != 0 {
		return Value{}, c.unable("function requires an even number of arguments, names and values, while %d were provided.", len(c.args))
	}
	members := make([]Member, 0, len(c.args)/2)
	for i := 0; i < len(c.args); i += 2 {
		if c.args[i].kind != KindString {
			return Value{}, c.expects(i, "its "+ordinal(i)+" parameter, a property name, to be a string", seeFunctions("createObject"))
		}
		members = append(members, Member{c.args[i].str, c.args[i+1]})
	}
	return objectOf(dropDuplicates(members)), nil
}

// onlyOf returns the elements of an array argument, all of one kind.
func (c invocation) onlyOf(kind Kind) ([]Value, error) {
	if c.args[0].kind != KindArray {
		return nil, c.expects(0, "its parameter to be an array", seeFunctions(c.function.Name))
	}
	for _, v := range c.args[0].elements() {
		if v.kind != kind {
			return nil, c.unable("every element of the array must be of type '%s'; one is of type '%s'.", Value{kind: kind}.TypeName(), v.TypeName())
		}
	}
	return c.args[0].elements(), nil
}

func flatten(c invocation) (Value, error) {
	arrays, err := c.onlyOf(KindArray)
	var elems []Value
	for _, v := range arrays {
		elems = append(elems, v.elements()...)
	}
	return arrayOf(elems), err
}

// sortedMembers returns the members of an object argument by name, ignoring case.
func (c invocation) sortedMembers() ([]Member, error) {
	if c.args[0].kind != KindObject {
		return nil, c.expects(0, "its parameter to be an object", seeFunctions(c.function.Name))
	}
	members := c.args[0].copyMembers(0)
	slices.SortStableFunc(members, func(a, b Member) int {
		return cmp.Or(compareText(a.Name, b.Name), strings.Compare(a.Name, b.Name))
	})
	return members, nil
}

func objectItems(c invocation) (Value, error) {
	members, err := c.sortedMembers()
	elems := make([]Value, len(members))
	for i, m := range members {
		elems[i] = objectOf([]Member{{"key", String(m.Name)}, {"value", m.Value}})
	}
	return arrayOf(elems), err
}

func objectKeys(c invocation) (Value, error) {
	members, err := c.sortedMembers()
	elems := make([]Value, len(members))
	for i, m := range members {
		elems[i] = String(m.Name)
	}
	return arrayOf(elems), err
}

func templateLength(c invocation) (Value, error) {
	if c.args[0].kind == KindObject {
		return Int(int64(c.args[0].Len())), nil
	}
	return evalLength(c)
}

func shallowMerge(c invocation) (Value, error) {
	objects, err := c.onlyOf(KindObject)
	merged := Object()
	for _, o := range objects {
		merged = mergeTemplateObjects(merged, o, false)
	}
	return merged, err
}

// clampedCount lets a negative count mean zero.
func clampedCount(eval func(c invocation) (Value, error)) func(c invocation) (Value, error) {
	return func(c invocation) (Value, error) {
		if n, ok := c.args[1].AsInt(); ok && n < 0 {
			c.args = []Value{c.args[0], Int(0)}
		}
		return eval(c)
	}
}

// tryGet follows names and indexes and gives null where one is missing. An index from
// the end is an object {"value": 1, "fromEnd": true}.
func tryGet(c invocation) (Value, error) {
	v := c.args[0]
	for i, step := range c.args[1:] {
		switch step.kind {
		case KindString:
			v, _ = v.Get(step.str)
		case KindInt:
			v = elementAt(v, int64(step.num))
		case KindObject:
			at, _ := step.Get("value")
			n, _ := at.AsInt()
			if end, _ := step.Get("fromEnd"); end.kind == KindBool && end.num != 0 {
				n = int64(v.Len()) - n
			}
			v = elementAt(v, n)
		default:
			return Value{}, c.expects(i+1, "its "+ordinal(i+1)+" parameter to be a string or an integer", seeFunctions("tryGet"))
		}
		if v.kind == KindReference {
			return Value{}, unloaded(v)
		}
	}
	return v, nil
}

func elementAt(v Value, i int64) Value {
	if v.kind != KindArray || i < 0 || i >= int64(v.Len()) {
		return Null()
	}
	return v.Index(int(i))
}

// indexFromEnd counts from 1: the last element.
func indexFromEnd(c invocation) (Value, error) {
	if c.args[0].kind != KindArray {
		return Value{}, c.expects(0, "its first parameter to be an array", seeFunctions(c.function.Name))
	}
	n, ok := c.args[1].AsInt()
	if !ok {
		return Value{}, c.expects(1, "its second parameter to be an integer", seeFunctions(c.function.Name))
	}
	if n < 1 || n > int64(c.args[0].Len()) {
		return Value{}, c.failWith(DereferenceError, "The language expression property array index '%d' is out of bounds.", n)
	}
	return c.args[0].Index(c.args[0].Len() - int(n)), nil
}

func tryIndexFromEnd(c invocation) (Value, error) {
	n, ok := c.args[1].AsInt()
	if !ok {
		return Value{}, c.expects(1, "its second parameter to be an integer", seeFunctions(c.function.Name))
	}
	return elementAt(c.args[0], int64(c.args[0].Len())-n), nil
}

// templateUnion merges objects at every level.
func templateUnion(c invocation) (Value, error) {
	if c.args[0].kind == KindArray {
		return evalUnion(c)
	}
	merged := c.args[0]
	for _, other := range c.args[1:] {
		merged = mergeTemplateObjects(merged, other, true)
	}
	return merged, nil
}

// mergeTemplateObjects unites two objects, whose names are the same ignoring case;
// deep goes on in members that are objects in both.
func mergeTemplateObjects(a, b Value, deep bool) Value {
	members := a.copyMembers(b.Len())
	at := make(map[string]int, len(members))
	for i, m := range members {
		at[toUpper(m.Name)] = i
	}
	for _, m := range b.members() {
		i, there := at[toUpper(m.Name)]
		switch {
		case !there:
			at[toUpper(m.Name)] = len(members)
			members = append(members, m)
		case deep && members[i].Value.kind == KindObject && m.Value.kind == KindObject:
			members[i].Value = mergeTemplateObjects(members[i].Value, m.Value, true)
		default:
			members[i].Value = m.Value
		}
	}
	return objectOf(members)
}
