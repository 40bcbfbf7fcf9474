package wdl

import (
	"slices"
	"strings"

	"isle/expr"
)

// The service reads triggers, actions and what is around them into objects of fixed
// members, names in any case, and refuses what it does not know ("Could not find
// member 'x' on object of type 'FlowTemplateAction'"). Real files hold more than it
// knows today, so an unknown member is kept; it is a warning, with the member that
// was probably meant.

// form is the set of JSON types that a member may have when it is no expression.
type form uint8

const (
	formText form = 1 << iota
	formObject
	formArray
	formNumber
	formBool

	formAny form = 0
)

// noun says what the form is, for messages.
func (f form) noun() string {
	var words []string
	for i, word := range [...]string{"a string", "an object", "an array", "a number", "a boolean"} {
		if f&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, " or ")
}

func (f form) admits(k expr.Kind) bool {
	switch k {
	case expr.KindString:
		return f&formText != 0
	case expr.KindObject:
		return f&formObject != 0
	case expr.KindArray:
		return f&formArray != 0
	case expr.KindBool:
		return f&formBool != 0
	}
	return f&formNumber != 0
}

// member is a member that an object may have.
type member struct {
	name   string
	form   form
	values []string // what a text may be, ignoring case; nil: anything
}

// texts, objects and anything list members of one form.
func texts(names ...string) []member    { return ofForm(formText, names) }
func objects(names ...string) []member  { return ofForm(formObject, names) }
func anything(names ...string) []member { return ofForm(formAny, names) }

func ofForm(f form, names []string) []member {
	list := make([]member, len(names))
	for i, name := range names {
		list[i] = member{name: name, form: f}
	}
	return list
}

// extent says whether a list of members is all that the service knows.
type extent bool

const (
	partial  extent = false // others may be the operation's own business
	complete extent = true
)

// members checks the members of an object against a list: the JSON type and value of
// those that are written out, and the names of the others.
func (c *compiler) members(n node, o owner, list []member, known extent) {
	for name, m := range n.members() {
		i := slices.IndexFunc(list, func(m member) bool { return strings.EqualFold(m.name, name) })
		switch {
		case i >= 0:
			c.memberValue(m, o, list[i])
		case !c.computed(name):
			c.noteUnknown(n, m, o, name, list, known)
		}
	}
}

// memberValue checks the value of a listed member; null counts as absent.
func (c *compiler) memberValue(m node, o owner, known member) {
	if m.Value.IsNull() || c.dynamic(m) || known.form == formAny {
		return
	}
	if !known.form.admits(m.Kind()) {
		c.invalid(m, o, RuleShape, "the property '%s' must be %s, but is %s", known.name, known.form.noun(), describe(m.Value))
		return
	}
	if text, isString := m.AsString(); isString && known.values != nil && !containsFold(known.values, text) {
		c.invalid(m, o, RuleShape, "the property '%s' is '%s', which is none of %s", known.name, text, strings.Join(known.values, ", "))
	}
}

func containsFold(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, text) })
}

// computed reports whether a member's name is known to the deployment only.
func (c *compiler) computed(name string) bool {
	return c.unknown(node{Value: expr.String(name)})
}

// unknownMember notes a member that is not listed, with the one of the list that is
// spelled like it and not there. What is misspelt may be reported as missing later,
// so it is told at the end: see misspellings.
func (c *compiler) noteUnknown(n, m node, o owner, name string, list []member, known extent) {
	meant := ""
	for _, candidate := range list {
		if !Alike(candidate.name, name) && !(candidate.name == "uri" && strings.EqualFold(name, "url")) {
			continue
		}
		if _, there := n.Get(candidate.name); !there {
			meant = candidate.name
		}
	}
	if meant == "" && known == partial || len(c.unknowns) == maxProblems {
		return
	}
	c.unknowns = append(c.unknowns, unknownMember{at: m.at, where: o.where, name: name, meant: meant, intended: join(n.at, meant)})
}

// unknownMember is a member that is not known where it stands.
type unknownMember struct {
	at, where, name string
	meant           string // the known member that is spelled like it; "" if there is none
	intended        string // pointer of the member meant
}

// isMeant reports whether a misspelt member stands in for the one at a pointer.
func (c *compiler) isMeant(intended string) bool {
	return slices.ContainsFunc(c.unknowns, func(u unknownMember) bool { return u.meant != "" && u.intended == intended })
}

// misspelt takes the member that stands in for a missing one, so that one mistake is
// told once.
func (c *compiler) misspelt(intended string) (name string, ok bool) {
	i := slices.IndexFunc(c.unknowns, func(u unknownMember) bool { return u.meant != "" && u.intended == intended })
	if i < 0 {
		return "", false
	}
	name = c.unknowns[i].name
	c.unknowns = slices.Delete(c.unknowns, i, i+1)
	return name, true
}

// misspellings tells the unknown members that are left.
func (c *compiler) misspellings() {
	for _, u := range c.unknowns {
		hint := ", which the service does not know: it is kept and ignored"
		if u.meant != "" {
			hint = ", which is ignored: did you mean '" + u.meant + "'?"
		} else if place, ok := misplaced(u.name); ok {
			hint = ", which is ignored there: it belongs " + place
		}
		c.warn(u.at, RuleUnknownMember, "The %s %s has the member '%s'%s", u.where, position, u.name, hint)
	}
}

// misplaced says where a member belongs that is often written elsewhere.
func misplaced(name string) (place string, ok bool) {
	switch strings.ToLower(name) {
	case "maximumwaitingruns", "runs", "repetitions":
		return "into 'runtimeConfiguration.concurrency'", true
	case "hours", "minutes", "weekdays", "monthdays", "monthlyoccurrences":
		return "into 'recurrence.schedule'", true
	case "frequency", "interval", "timezone", "starttime", "endtime":
		return "into 'recurrence'", true
	case "recurrence":
		return "to a trigger", true
	case "dependson":
		return "to an older schema version: use 'runAfter'", true
	case "retrypolicy", "method", "uri", "headers", "queries", "body", "authentication", "schema", "host":
		return "into 'inputs'", true
	}
	return "", false
}
