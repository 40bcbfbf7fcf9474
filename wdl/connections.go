package wdl

import "isle/expr"

// connections is the parameter that the platform supplies (wdl-semantics §3).
const connections = "$connections"

// connectionValues checks what an operation reads of each entry of $connections
// (connections §1). A value that is given lies outside the definition: then the place is
// that of the parameter.
func (c *compiler) connectionValues(value node, given bool) {
	if c.bounds.stored || !value.isObject() {
		return
	}
	o := owner{where: "workflow parameter '" + connections + "'"}
	for name, entry := range value.members() {
		where := entry
		if given {
			where.at = value.at
		}
		switch {
		case entry.IsNull() || c.parameterOpen(entry):
		case !entry.isObject():
			c.invalid(where, o, RuleConnection, "its entry '%s' must be an object, but is %s", name, describeNumber(entry.Value))
		default:
			c.connectionValue(name, entry, where, o, given)
		}
	}
}

func (c *compiler) connectionValue(name string, entry, where node, o owner, given bool) {
	for _, member := range [...]struct {
		name string
		kind expr.Kind
		is   string
	}{{"connectionId", expr.KindString, "a string"}, {"connectionRuntimeUrl", expr.KindString, "a string"}, {"authentication", expr.KindObject, "an object"}} {
		m, ok := entry.member(member.name)
		if !ok || c.parameterOpen(m) || m.Kind() == member.kind {
			continue
		}
		if given {
			m.at = where.at
		}
		c.invalid(m, o, RuleConnection, "the '%s' of its entry '%s' must be %s, but is %s", member.name, name, member.is, describeNumber(m.Value))
	}
}
