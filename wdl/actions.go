package wdl

import (
	"fmt"
	"slices"
	"strings"

	"isle/expr"
)

// declaredActions reads the whole tree of actions.
func (c *compiler) declaredActions(d node) {
	list, ok := d.member("actions")
	if _, hasTriggers := d.member("triggers"); !ok && !hasTriggers {
		c.report(d.at, RuleDocument, "The required property 'actions' of the template %s is missing", position)
	} else if !ok {
		c.warn(d.at, RuleDocument, "The property 'actions' of the template %s is missing, which counts as empty", position)
	}
	switch {
	case c.unknown(list):
		c.hidden = true
	case ok && !list.isObject():
		c.report(list.at, RuleShape, "The property 'actions' of the template %s must be an object, but is %s", position, describe(list.Value))
	}
	c.program.Root = c.container(nil, list)
}

// container reads the actions of one graph. The list may be absent, which is an
// empty graph (wdl-semantics §15 rule 22).
func (c *compiler) container(parent *Action, list node) *Container {
	box := &Container{Index: len(c.program.Containers), Owner: parent}
	c.program.Containers = append(c.program.Containers, box)
	if parent != nil {
		box.Branch = len(parent.Branches)
		parent.Branches = append(parent.Branches, box)
	}
	for name, n := range list.members() {
		if c.actions++; c.actions <= beyond(c.bounds.Actions)+1 {
			c.action(name, n, box)
		}
	}
	return box
}

// branch reads a member `actions` of n as the next branch of a container action.
func (c *compiler) branch(a *Action, n node) {
	list, ok := n.member("actions")
	switch {
	case c.unknown(list):
		c.hidden = true
	case ok && !list.isObject():
		c.invalid(list, c.owner(a), RuleShape, "the property 'actions' must be an object, but is %s", describe(list.Value))
	}
	c.container(a, list)
}

func (c *compiler) owner(a *Action) owner {
	return owner{action: a, where: "template action '" + a.Name + "'"}
}

// action reads one action and, through its operation, its children.
func (c *compiler) action(name string, n node, box *Container) {
	a := &Action{Index: len(c.program.Actions), Name: name, Container: box}
	c.program.Actions = append(c.program.Actions, a)
	box.Actions = append(box.Actions, a.Index)
	if parent := box.Owner; parent != nil {
		a.Depth, a.Loops = parent.Depth, parent.Loops
		if parent.Type.IsLoop() {
			a.Depth, a.Loops = parent.Depth+1, append(slices.Clip(parent.Loops), parent.Index)
		}
	}
	c.parsed = append(c.parsed, parsedAction{node: n})
	c.actionName(a, n)
	if !n.isObject() {
		if c.unknown(n) {
			c.hidden = true
		} else {
			c.invalid(n, c.owner(a), RuleShape, "an action must be an object, but is %s", describe(n.Value))
		}
		a.End = len(c.program.Actions)
		return
	}
	c.parsed[a.Index].runAfter, _ = n.member("runAfter")
	op, kind := c.operation(n, c.owner(a), ActionItem)
	a.Kind = kind
	if op == nil {
		op = &operation{parse: (*compiler).unknownAction}
	} else {
		a.Type = op.name
		c.parsed[a.Index].known = true
		c.operationMembers(n, c.owner(a), op)
	}
	c.actionMembers(a, n)
	c.require(c.owner(a), n, op.required)
	op.parse(c, a, n)
	a.End = len(c.program.Actions)
}

// operationMembers checks the members of a trigger or action of a known type.
func (c *compiler) operationMembers(n node, o owner, op *operation) {
	c.members(n, o, op.members, complete)
	inputs, ok := n.member("inputs")
	if !ok || op.inputs == nil || c.dynamic(inputs) {
		return
	}
	if !inputs.isObject() {
		c.invalid(inputs, o, RuleShape, "the property 'inputs' must be an object, but is %s", describe(inputs.Value))
		return
	}
	c.members(inputs, o, op.inputs, partial)
}

// actionName checks that a name is unique ignoring case (wdl-semantics §2).
func (c *compiler) actionName(a *Action, n node) {
	key := fold(a.Name)
	if _, taken := c.program.actions[key]; taken {
		c.report(n.at, RuleDuplicateName, "The name '%s' %s is used by more than one action: names must be unique in the whole definition, nested actions included", a.Name, position)
	} else {
		c.program.actions[key] = a.Index
	}
	if a.Name == "" {
		c.report(n.at, RuleLimit, "The name of a template action %s is empty", position)
	}
}

// operation finds the operation of a trigger or action by its type, nil if there is
// none, and checks its kind.
func (c *compiler) operation(n node, o owner, item ItemKind) (op *operation, kind string) {
	typ, ok := n.member("type")
	k, _ := n.member("kind")
	if op = c.operations.find(item, typ.text()); op != nil {
		c.supported(typ, o, item, op)
		c.kind(k, o, op)
		return op, k.text()
	}
	common := commonActionMembers()
	if item == TriggerItem {
		common = commonTriggerMembers()
	}
	c.members(n, o, common, partial)
	switch {
	case !ok:
		c.missing(o, n.at, "type")
	case !c.unknown(typ):
		c.unknownType(typ, o, item)
	}
	return nil, k.text()
}

// unknownType reports a type that the language does not have.
func (c *compiler) unknownType(typ node, o owner, kind ItemKind) {
	if _, isString := typ.AsString(); !isString {
		c.invalid(typ, o, RuleType, "the property 'type' must be a string, but is %s", describe(typ.Value))
		return
	}
	if where, instead, ok := elsewhere(typ.text()); ok {
		c.invalid(typ, o, RuleType, "the %s type '%s' %s: %s", kind, typ.text(), where, instead)
		return
	}
	hint := ""
	if meant, ok := otherWord(kind, typ.text()); ok {
		hint = ": did you mean '" + string(meant) + "'?"
	}
	for _, known := range Types(kind) {
		if Alike(string(known), typ.text()) {
			hint = ": did you mean '" + string(known) + "'?"
		}
	}
	c.invalid(typ, o, RuleType, "the %s type '%s' is not known%s", kind, typ.text(), hint)
}

// supported reports a type that this server does not run.
func (c *compiler) supported(typ node, o owner, kind ItemKind, op *operation) {
	if c.Supported != nil && !c.Supported(kind, string(op.name)) {
		c.invalid(typ, o, RuleUnsupported, "the %s type '%s' is not supported by this server yet, though it is part of the language: leave it out, or call what it does by an action of type 'Http'", kind, op.name)
	}
}

// kind checks `kind` where the type knows several.
func (c *compiler) kind(kind node, o owner, op *operation) {
	if kind.Value.IsNull() || c.unknown(kind) {
		return
	}
	text, isString := kind.AsString()
	if isString && (len(op.kinds) == 0 || slices.ContainsFunc(op.kinds, func(k string) bool { return strings.EqualFold(k, text) })) {
		return
	}
	if !isString {
		c.invalid(kind, o, RuleType, "the property 'kind' must be a string, but is %s", describe(kind.Value))
		return
	}
	c.invalid(kind, o, RuleType, "the kind '%s' is none of %s", text, strings.Join(op.kinds, ", "))
}

// require reports members that are absent; a path stops at a member that is an
// expression. Of a path and one that goes on from it, the shorter is reported.
func (c *compiler) require(o owner, n node, paths []string) {
	reported := ""
paths:
	for _, path := range paths {
		if reported != "" && strings.HasPrefix(path, reported+".") {
			continue
		}
		at := n
		for name := range strings.SplitSeq(path, ".") {
			if !at.isObject() {
				continue paths // told as a wrong shape
			}
			next, ok := at.member(name)
			if !ok {
				c.missing(o, at.at, path)
				reported = path
				continue paths
			}
			if at = next; c.dynamic(at) {
				continue paths
			}
		}
	}
}

// actionMembers reads the members common to all actions (wdl-semantics §11.1).
func (c *compiler) actionMembers(a *Action, n node) {
	o := c.owner(a)
	a.Options = c.options(n, o)
	a.Limit = c.limit(n, o)
	c.description(n, o)
	if tracked, ok := n.member("trackedProperties"); ok && tracked.Len() > 0 {
		a.TrackedProperties = c.template(tracked, o, roleTracked)
		if tracked.Size() > int64(c.bounds.TrackedProperties) {
			c.invalid(tracked, o, RuleTracked, "the trackedProperties have %d characters, the limit is %d", tracked.Size(), c.bounds.TrackedProperties)
		}
	}
	runtime, ok := n.member("runtimeConfiguration")
	if !ok || !runtime.isObject() {
		return
	}
	c.runtimeMembers(runtime, o)
	c.actionConcurrency(a, runtime, o)
	a.SecureInputs, a.SecureOutputs = c.secureData(runtime, o)
	c.secureAction(a, runtime, o)
	if policy, ok := runtime.path("paginationPolicy.minimumItemCount"); ok {
		a.Pagination = c.pagination(a, policy)
	} else if _, there := runtime.member("paginationPolicy"); there && policy.at != "" {
		c.missing(o, policy.at[:strings.LastIndexByte(policy.at, '/')], "runtimeConfiguration.paginationPolicy.minimumItemCount")
	}
	if mode, ok := runtime.path("contentTransfer.transferMode"); ok {
		a.Chunked = strings.EqualFold(mode.text(), "Chunked")
	}
	c.chunkSizes(a, runtime)
	c.staticResult(a, runtime, o)
}

// options reads operationOptions; unknown tokens are a warning (wdl-semantics
// §12.2).
func (c *compiler) options(n node, o owner) OptionSet {
	m, ok := n.member("operationOptions")
	if !ok || c.unknown(m) {
		return 0
	}
	text, _ := m.AsString()
	set, unknown := parseOptions(text)
	for _, token := range unknown {
		if c.dynamic(m) {
			continue
		}
		c.warn(m.at, RuleOption, "The %s %s has the unknown operation option '%s', which is ignored", o.where, position, token)
	}
	return set
}

// limit reads `limit` (wdl-semantics §12.5).
func (c *compiler) limit(n node, o owner) Limit {
	var l Limit
	limit, ok := c.object(n, "limit", o)
	if !ok {
		return l
	}
	if timeout, ok := limit.member("timeout"); ok && !c.unknown(timeout) {
		d, _ := c.durationMember(timeout, o, RuleUntilLimit, "limit.timeout")
		if (d.Months < 0 || d.Rest < 0) && !c.bounds.stored { // saved ones were let through
			c.invalid(timeout, o, RuleUntilLimit, "the property 'limit.timeout' must not be negative, but is '%s'", timeout.text())
		}
		l.Timeout = c.template(timeout, o, roleInputs)
	}
	if count, ok := limit.member("count"); ok && !c.unknown(count) {
		l.Count = c.template(count, o, roleInputs)
	}
	return l
}

// durationMember checks a static ISO 8601 duration.
func (c *compiler) durationMember(n node, o owner, rule Rule, name string) (Duration, bool) {
	if c.dynamic(n) {
		return Duration{}, false
	}
	d, err := ParseDuration(n.text())
	if err != nil {
		c.invalid(n, o, rule, "the property '%s' must be an ISO 8601 duration such as 'PT1H', but is '%s'", name, n.Text())
		return Duration{}, false
	}
	return d, true
}

// description applies the limit of rule 20, in the words of public error reports.
func (c *compiler) description(n node, o owner) {
	longest := c.bounds.DescriptionLength
	d, ok := n.member("description")
	if !ok || len(d.text()) <= longest || runes(d.text()) <= longest {
		return
	}
	const message = "The description for %s exceeded the length limit: maximum '%d' and actual '%d'."
	switch {
	case o.action != nil:
		c.add(Problem{Pointer: d.at, Code: CodeActionDescription, Rule: RuleLimit,
			Message: fmt.Sprintf(message, "action '"+o.action.Name+"'", longest, runes(d.text()))})
	case o.trigger != nil:
		c.add(Problem{Pointer: d.at, Code: CodeTriggerDescription, Rule: RuleLimit,
			Message: fmt.Sprintf(message, "trigger '"+o.trigger.Name+"'", longest, runes(d.text()))})
	default:
		c.report(d.at, RuleLimit, message, "the "+o.where, longest, runes(d.text()))
	}
}

// unknownAction reads what can be read of an action whose type is not known, so
// that the problems of its templates and children are told too.
func (c *compiler) unknownAction(a *Action, n node) {
	if inputs, ok := n.member("inputs"); ok {
		c.template(inputs, c.owner(a), roleInputs)
	}
	for _, path := range [...]string{"actions", "else.actions", "default.actions"} {
		if list, ok := n.path(path); ok && list.isObject() {
			c.container(a, list)
		}
	}
	cases, _ := n.member("cases")
	for _, n := range cases.members() {
		if list, ok := n.member("actions"); ok && list.isObject() {
			c.container(a, list)
		}
	}
}

// inputs compiles `inputs` whole.
func (c *compiler) inputs(a *Action, n node) {
	if inputs, ok := n.member("inputs"); ok {
		a.Inputs = c.template(inputs, c.owner(a), roleInputs)
	} else if v, present := n.Get("inputs"); present && v.Kind() == expr.KindNull {
		a.Inputs = c.template(node{v, join(n.at, "inputs")}, c.owner(a), roleInputs)
	}
}
