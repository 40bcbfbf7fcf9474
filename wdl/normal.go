package wdl

import (
	"slices"
	"strings"

	"isle/expr"
)

// normalise puts a definition into the form in which the service stores and serves
// it: members in a fixed order, parameter and output types in canonical spelling
// (logic-api §1.6). Members without a fixed place follow in their own order.
func normalise(definition expr.Value) expr.Value {
	root := ordered(definition, "$schema", "contentVersion", "parameters", "triggers", "actions", "outputs")
	return mapMembers(root, func(name string, v expr.Value) expr.Value {
		switch strings.ToLower(name) {
		case "parameters", "outputs":
			return mapMembers(v, func(_ string, declared expr.Value) expr.Value { return canonicalType(declared) })
		case "triggers":
			return mapMembers(v, func(_ string, t expr.Value) expr.Value {
				return ordered(t, "recurrence", "evaluatedRecurrence", "splitOn", "type", "kind", "inputs", "conditions")
			})
		case "actions":
			return normaliseActions(v)
		}
		return v
	})
}

// normaliseActions orders the members of actions, nested ones included.
func normaliseActions(list expr.Value) expr.Value {
	return mapMembers(list, func(_ string, action expr.Value) expr.Value {
		action = ordered(action, "runAfter", "until", "type", "kind", "inputs", "conditions")
		return mapMembers(action, func(name string, v expr.Value) expr.Value {
			switch strings.ToLower(name) {
			case "actions":
				return normaliseActions(v)
			case "else", "default":
				return normaliseBranch(v)
			case "cases":
				return mapMembers(v, func(_ string, branch expr.Value) expr.Value { return normaliseBranch(branch) })
			}
			return v
		})
	})
}

func normaliseBranch(branch expr.Value) expr.Value {
	return mapMembers(branch, func(name string, v expr.Value) expr.Value {
		if strings.EqualFold(name, "actions") {
			return normaliseActions(v)
		}
		return v
	})
}

func canonicalType(declared expr.Value) expr.Value {
	return mapMembers(declared, func(name string, v expr.Value) expr.Value {
		text, isString := v.AsString()
		if canonical, known := canonicalParameterType(text); isString && known && strings.EqualFold(name, "type") {
			return expr.String(canonical)
		}
		return v
	})
}

// ordered moves the named members to the front, in that order.
func ordered(v expr.Value, names ...string) expr.Value {
	if v.Kind() != expr.KindObject {
		return v
	}
	rank := func(m expr.Member) int {
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, m.Name) })
		if i < 0 {
			return len(names)
		}
		return i
	}
	members := make([]expr.Member, 0, v.Len())
	for name, value := range v.Members() {
		members = append(members, expr.Member{Name: name, Value: value})
	}
	slices.SortStableFunc(members, func(a, b expr.Member) int { return rank(a) - rank(b) })
	return expr.Object(members...)
}

// mapMembers replaces each member's value; what is no object stays.
func mapMembers(v expr.Value, f func(name string, v expr.Value) expr.Value) expr.Value {
	if v.Kind() != expr.KindObject {
		return v
	}
	members := make([]expr.Member, 0, v.Len())
	for name, value := range v.Members() {
		members = append(members, expr.Member{Name: name, Value: f(name, value)})
	}
	return expr.Object(members...)
}
