package wdl

import (
	"slices"
	"strings"

	"isle/expr"
)

// The schema version 2015-08-01-preview, and how a definition in it is written in
// 2016-06-01 (the service's notes on its schema of June 2016):
//
//   - `conditions` of an action that name another one (`dependsOn`), or compare its
//     status, become `runAfter`; so does what its expressions read of other actions,
//     which was a dependency as well.
//   - Other conditions become an action of type If around it. What follows an action of
//     its branch goes into the branch; what wants it Skipped goes into `else`.
//   - `forEach` and `until` of an action become a loop with the action in it. A condition
//     on the item of a forEach becomes a Query before the loop.
//   - Triggers of type Manual become Request, actions of type Filter become Query, and
//     the host of a Workflow action has its id one level deeper.

const (
	schemaPrefix  = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/"
	schemaPreview = "2015-08-01-preview"
	// SchemaCurrent is the version of the language.
	SchemaCurrent = "2016-06-01"
)

// Upgrade writes a definition of the schema version 2015-08-01-preview in the current
// one. Any other definition is given back as it is, with false. What comes out is to be
// compiled: parts that have no counterpart stay as they were, and are refused there.
func Upgrade(definition expr.Value) (expr.Value, bool) {
	schema, _ := definition.Get("$schema")
	text, _ := schema.AsString()
	if version, _ := schemaDate(text); version != schemaPreview {
		return definition, false
	}
	u := &upgrade{named: map[string]*oldAction{}, taken: map[string]bool{}, root: new(branch)}
	actions, _ := definition.Get("actions")
	u.read(actions)
	for _, a := range u.order() {
		u.place(a)
	}
	upgraded := definition.With("$schema", expr.String(schemaPrefix+SchemaCurrent+"/workflowdefinition.json#"))
	if triggers, ok := definition.Get("triggers"); ok {
		upgraded = upgraded.With("triggers", upgradeTriggers(triggers))
	}
	if actions.Kind() == expr.KindObject {
		upgraded = upgraded.With("actions", u.root.value())
	}
	return upgraded, true
}

// upgrade is one definition on its way. Its tree of branches is what comes out.
type upgrade struct {
	actions []*oldAction // in document order
	named   map[string]*oldAction
	taken   map[string]bool // names in use, folded
	root    *branch
}

// oldAction is an action as it was written.
type oldAction struct {
	name       string
	rest       expr.Value // without what becomes something else
	after      []dependency
	conditions []string // expressions, with their @
	each       expr.Value
	until      expr.Value

	// Set by place: what stands for it in the tree, and the If around it, if any.
	outer     *newAction
	condition *newAction
}

// dependency is an action that comes before, and the ends it may have.
type dependency struct {
	on       *oldAction
	statuses []string
}

// branch is the actions of the definition, of a loop, or of one side of an If.
type branch struct {
	owner   *newAction // nil: the definition
	actions []*newAction
}

// newAction is an action as it comes out.
type newAction struct {
	name            string
	home            *branch
	after           []edge
	value           expr.Value // without runAfter and what is in it
	then, otherwise *branch    // of an If or a loop; else nil
}

type edge struct {
	name     string
	statuses []string
}

func upgradeTriggers(triggers expr.Value) expr.Value {
	for name, t := range triggers.Members() {
		if text, _ := memberOf(t, "type").AsString(); strings.EqualFold(text, string(TypeManual)) {
			triggers = triggers.With(name, t.With("type", expr.String(string(TypeRequest))).With("kind", expr.String("Http")))
		}
	}
	return triggers
}

func memberOf(v expr.Value, name string) expr.Value {
	v, _ = v.Get(name)
	return v
}

// read takes the actions apart.
func (u *upgrade) read(actions expr.Value) {
	for name, v := range actions.Members() {
		a := &oldAction{name: name, rest: v}
		u.actions = append(u.actions, a)
		u.named[fold(name)], u.taken[fold(name)] = a, true
	}
	for _, a := range u.actions {
		u.readAction(a)
	}
}

func (u *upgrade) readAction(a *oldAction) {
	v := a.rest
	for m, value := range v.Members() {
		switch fold(m) {
		case "conditions":
			u.readConditions(a, value)
		case "dependson":
			u.dependOn(a, value)
		case "foreach", "repeat":
			a.each = value
		case "until":
			a.until = value
		default:
			continue
		}
		a.rest = a.rest.Without(m)
	}
	a.rest = upgradeType(a.rest)
	for _, c := range a.conditions {
		if mentionsStatus(c) {
			u.readReferences(a, expr.String(c), anyEnd())
		}
	}
	u.readReferences(a, expr.Array(a.rest, a.each, a.until, stringsValue(a.conditions)), succeeded())
}

func succeeded() []string { return []string{Succeeded.String()} }

func anyEnd() []string {
	return []string{Succeeded.String(), Failed.String(), Skipped.String(), TimedOut.String()}
}

func stringsValue(list []string) expr.Value {
	values := make([]expr.Value, len(list))
	for i, s := range list {
		values[i] = expr.String(s)
	}
	return expr.Array(values...)
}

// upgradeType renames what has another name now.
func upgradeType(v expr.Value) expr.Value {
	typ, _ := memberOf(v, "type").AsString()
	switch fold(typ) {
	case "filter":
		return v.With("type", expr.String(string(TypeQuery)))
	case "workflow":
		inputs := memberOf(v, "inputs")
		host := memberOf(inputs, "host")
		if id, ok := host.Get("id"); ok {
			host = host.Without("id").With("workflow", expr.Object(expr.Member{Name: "id", Value: id}))
			return v.With("inputs", inputs.With("host", host))
		}
	}
	return v
}

func (u *upgrade) readConditions(a *oldAction, list expr.Value) {
	for _, c := range list.Elements() {
		if on, ok := c.Get("dependsOn"); ok {
			u.dependOn(a, on)
		}
		text, ok := memberOf(c, "expression").AsString()
		if !ok {
			continue
		}
		if name, statuses := statusTest(text); u.named[fold(name)] != nil {
			a.depend(u.named[fold(name)], statuses)
			continue
		}
		a.conditions = append(a.conditions, text)
	}
}

// dependOn reads the names of dependsOn: a text or a list of them.
func (u *upgrade) dependOn(a *oldAction, names expr.Value) {
	for _, name := range names.Elements() {
		u.dependOn(a, name)
	}
	if name, ok := names.AsString(); ok {
		on := u.named[fold(name)]
		if on == nil { // to be refused with its name
			on = &oldAction{name: name}
		}
		a.dependUnlessKnown(on, succeeded())
	}
}

// depend sets the ends that an action before may have.
func (a *oldAction) depend(on *oldAction, statuses []string) {
	if i := slices.IndexFunc(a.after, func(d dependency) bool { return d.on == on }); i >= 0 {
		a.after[i].statuses = statuses
		return
	}
	a.after = append(a.after, dependency{on, statuses})
}

func (a *oldAction) dependUnlessKnown(on *oldAction, statuses []string) {
	if on != a && !slices.ContainsFunc(a.after, func(d dependency) bool { return strings.EqualFold(d.on.name, on.name) }) {
		a.after = append(a.after, dependency{on, statuses})
	}
}

// readReferences finds the actions that expressions read.
func (u *upgrade) readReferences(a *oldAction, v expr.Value, statuses []string) {
	t, _ := expr.Workflow().Compile(v)
	if t == nil {
		return
	}
	for _, c := range t.Calls() {
		switch fold(c.Function) {
		case "actions", "body", "outputs", "actionbody", "actionoutputs":
		default:
			continue
		}
		if len(c.Literal) == 0 || c.Literal[0] == nil {
			continue
		}
		if on := u.named[fold(*c.Literal[0])]; on != nil {
			a.dependUnlessKnown(on, statuses)
		}
	}
}

// order puts each action behind those that come before it; what goes in circles stays in
// document order.
func (u *upgrade) order() []*oldAction {
	ordered, seen := make([]*oldAction, 0, len(u.actions)), map[*oldAction]bool{}
	var visit func(*oldAction)
	visit = func(a *oldAction) {
		if seen[a] {
			return
		}
		seen[a] = true
		for _, d := range a.after {
			if u.named[fold(d.on.name)] == d.on {
				visit(d.on)
			}
		}
		ordered = append(ordered, a)
	}
	for _, a := range u.actions {
		visit(a)
	}
	return ordered
}
