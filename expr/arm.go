package expr

// The dialect of deployment templates: "[expression]" with the functions of Azure
// Resource Manager. The source for its rules is the ARM template documentation
// (template expressions, template functions); what depends on a deployment is
// answered by Env.Lookup.

import (
	"slices"
	"sync"
)

var templateDialect = sync.OnceValue(func() *Dialect {
	return &Dialect{
		functions: newFunctionSet(templateFunctions()),
		maxLength: 24576,
		split:     templateSplit,
	}
})

// ResourceTemplate returns the dialect of deployment templates. A string that begins
// with [ and ends with ] is an expression; one that begins with [[ stands for
// itself without the first bracket. Strings in expressions double their quotes.
func ResourceTemplate() *Dialect { return templateDialect() }

func templateSplit(s string) ([]piece, *parseError) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return nil, nil
	}
	if s[1] == '[' {
		return []piece{{text: s[1:]}}, nil
	}
	return []piece{{text: s[1 : len(s)-1], expression: true, offset: 1}}, nil
}

// templateFunctions is the list of the deployment dialect.
func templateFunctions() []Function {
	shared := map[string]bool{}
	for _, name := range []string{
		"base64", "base64ToString", "bool", "coalesce", "dataUri", "dataUriToString", "empty", "endsWith", "equals", "and", "or", "not", "if",
		"first", "last", "float", "greater", "greaterOrEquals", "less", "lessOrEquals", "indexOf", "lastIndexOf", "int", "join", "max", "min",
		"add", "sub", "mul", "div", "mod", "replace", "startsWith", "string", "substring", "toLower", "toUpper", "trim",
		"uriComponent", "uriComponentToString", "intersection", "contains",
	} {
		shared[name] = true
	}
	var list []Function
	for _, f := range slices.Concat(stringFunctions(), collectionFunctions(), logicalFunctions(), conversionFunctions(), mathFunctions()) {
		if shared[f.Name] {
			list = append(list, f)
		}
	}
	return slices.Concat(list, templateTextFunctions(), templateCollectionFunctions(), templateDateFunctions(), deploymentFunctions())
}

// deploymentFunctions are answered by the deployment.
func deploymentFunctions() []Function {
	list := []Function{
		{Name: "copyIndex", Min: 0, Max: 2}, {Name: "deployment", Min: 0, Max: 0}, {Name: "deployer", Min: 0, Max: 0}, {Name: "environment", Min: 0, Max: 0},
		{Name: "extensionResourceId", Min: 3, Max: -1}, {Name: "managementGroup", Min: 0, Max: 0}, {Name: "managementGroupResourceId", Min: 2, Max: -1},
		{Name: "parameters", Min: 1, Max: 1}, {Name: "pickZones", Min: 3, Max: 5}, {Name: "providers", Min: 1, Max: 2},
		{Name: "reference", Min: 1, Max: 3}, {Name: "references", Min: 1, Max: 2}, {Name: "resourceGroup", Min: 0, Max: 0}, {Name: "resourceId", Min: 2, Max: -1},
		{Name: "subscription", Min: 0, Max: 0}, {Name: "subscriptionResourceId", Min: 2, Max: -1},
		{Name: "tenant", Min: 0, Max: 0}, {Name: "tenantResourceId", Min: 2, Max: -1}, {Name: "variables", Min: 1, Max: 1},
	}
	for _, name := range []string{
		"list", "listAccountSas", "listAdminKeys", "listAuthKeys", "listCallbackUrl", "listChannelWithKeys", "listConnectionKeys", "listCredential",
		"listCredentials", "listKeys", "listKeyValue", "listQueryKeys", "listSecrets", "listServiceSas", "listSyncFunctionTriggerStatus", "listPackage",
	} {
		list = append(list, Function{Name: name, Min: 1, Max: 3})
	}
	for i := range list {
		list[i].Contextual = true
	}
	return list
}

func templateCollectionFunctions() []Function {
	constant := func(name string, v Value) Function {
		return Function{Name: name, Min: 0, Max: 0, eval: func(invocation) (Value, error) { return v, nil }}
	}
	return []Function{
		constant("true", Bool(true)), constant("false", Bool(false)), constant("null", Null()),
		{Name: "array", Min: 1, Max: 1, opaque: true, eval: templateArray},
		{Name: "concat", Min: 0, Max: -1, eval: templateConcat},
		{Name: "createArray", Min: 0, Max: -1, opaque: true, eval: evalCreateArray},
		{Name: "createObject", Min: 0, Max: -1, shallow: true, eval: createObject},
		{Name: "flatten", Min: 1, Max: 1, shallow: true, eval: flatten},
		{Name: "items", Min: 1, Max: 1, shallow: true, eval: objectItems},
		{Name: "json", Min: 1, Max: 1, eval: evalJSON},
		{Name: "length", Min: 1, Max: 1, shallow: true, eval: templateLength},
		{Name: "objectKeys", Min: 1, Max: 1, shallow: true, eval: objectKeys},
		{Name: "range", Min: 2, Max: 2, eval: templateRange},
		{Name: "shallowMerge", Min: 1, Max: 1, eval: shallowMerge},
		{Name: "skip", Min: 2, Max: 2, shallow: true, eval: clampedCount(evalSkip)},
		{Name: "take", Min: 2, Max: 2, shallow: true, eval: clampedCount(evalTake)},
		{Name: "tryGet", Min: 2, Max: -1, shallow: true, eval: tryGet},
		{Name: "union", Min: 1, Max: -1, usage: "either a comma separated list of arrays or a comma separated list of objects as its parameters", eval: templateUnion},
	}
}

// templateArray makes an array of a value that is none.
func templateArray(c invocation) (Value, error) {
	if c.args[0].kind == KindArray {
		return c.args[0], nil
	}
	return Array(c.args[0]), nil
}

// templateConcat joins arrays if the first argument is one, else texts.
func templateConcat(c invocation) (Value, error) {
	if len(c.args) == 0 || c.args[0].kind != KindArray {
		return evalConcat(c)
	}
	var elems []Value
	for i, arg := range c.args {
		if arg.kind != KindArray {
			return Value{}, c.wrongType(i, "array")
		}
		elems = append(elems, arg.elements()...)
	}
	return arrayOf(elems), nil
}

func createObject(c invocation) (Value, error) {
	if len(c.args)%2 != 0 {
		return Value{}, c.fail(ArgumentError, "expects an even number of parameters: names and values. The function was invoked with '%d' parameter(s).", len(c.args))
	}
	members := make([]Member, 0, len(c.args)/2)
	for i := 0; i < len(c.args); i += 2 {
		name, err := c.text(i)
		if err != nil {
			return Value{}, err
		}
		members = append(members, Member{name, c.args[i+1]})
	}
	return objectOf(dropDuplicates(members)), nil
}

func flatten(c invocation) (Value, error) {
	var elems []Value
	for _, v := range c.args[0].elements() {
		if v.kind != KindArray {
			return Value{}, c.notValid("Every element must be an array. One is of type '%s'.", v.TypeName())
		}
		elems = append(elems, v.elements()...)
	}
	if c.args[0].kind != KindArray {
		return Value{}, c.wrongType(0, "array")
	}
	return arrayOf(elems), nil
}

// sortedMembers returns the members of an object argument by name.
func (c invocation) sortedMembers() ([]Member, error) {
	if c.args[0].kind != KindObject {
		return nil, c.wrongType(0, "object")
	}
	members := c.args[0].copyMembers(0)
	slices.SortStableFunc(members, func(a, b Member) int { return compareText(a.Name, b.Name) })
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

func templateRange(c invocation) (Value, error) {
	if n, ok := c.args[1].AsInt(); ok && n == 0 {
		return Array(), nil
	}
	return evalRange(c)
}

func shallowMerge(c invocation) (Value, error) {
	if c.args[0].kind != KindArray {
		return Value{}, c.wrongType(0, "array")
	}
	for _, v := range c.args[0].elements() {
		if v.kind != KindObject {
			return Value{}, c.notValid("Every element must be an object. One is of type '%s'.", v.TypeName())
		}
	}
	return mergeMembers(c.args[0].elements()), nil
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

// tryGet follows names and indexes and gives null where one is missing.
func tryGet(c invocation) (Value, error) {
	v := c.args[0]
	for _, step := range c.args[1:] {
		switch step.kind {
		case KindString:
			v, _ = v.Get(step.str)
		case KindInt:
			v = v.Index(int(step.num))
		default:
			return Value{}, c.notValid("A name must be a string and an index an integer, not of type '%s'.", step.TypeName())
		}
		if v.kind == KindReference {
			return Value{}, unloaded(v)
		}
	}
	return v, nil
}

// templateUnion merges objects at every level.
func templateUnion(c invocation) (Value, error) {
	kind, err := c.sameContainers()
	if err != nil || kind == KindArray {
		if err == nil {
			return evalUnion(c)
		}
		return Value{}, err
	}
	merged := c.args[0]
	for _, other := range c.args[1:] {
		merged = mergeDeep(merged, other)
	}
	return merged, nil
}

func mergeDeep(a, b Value) Value {
	members := a.copyMembers(b.Len())
	for _, m := range b.members() {
		at := slices.IndexFunc(members, func(x Member) bool { return equalFold(x.Name, m.Name) })
		switch {
		case at < 0:
			members = append(members, m)
		case members[at].Value.kind == KindObject && m.Value.kind == KindObject:
			members[at].Value = mergeDeep(members[at].Value, m.Value)
		default:
			members[at].Value = m.Value
		}
	}
	return objectOf(members)
}
