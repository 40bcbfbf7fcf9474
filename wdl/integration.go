package wdl

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Actions of enterprise integration, and those that name another workflow
// (wdl-semantics §11.12, §11.13).

func (c *compiler) mapAction(a *Action, n node)    { c.artifactAction(a, n, "map") }
func (c *compiler) schemaAction(a *Action, n node) { c.artifactAction(a, n, "schema") }

// artifactAction reads an action that uses a map or a schema. It is named by
// integrationAccount{map{name}}, or by map{name, source} as single-tenant files have
// it; a transformation may name a function instead.
func (c *compiler) artifactAction(a *Action, n node, artifact string) {
	c.inputs(a, n)
	o := c.owner(a)
	inputs, ok := n.member("inputs")
	if !ok || c.dynamic(inputs) {
		return
	}
	_, direct := inputs.member(artifact)
	_, account := inputs.member("integrationAccount")
	_, function := inputs.member("function")
	switch {
	case direct && !account:
		c.require(o, n, []string{"inputs." + artifact + ".name"})
	case !function:
		c.require(o, n, []string{"inputs.integrationAccount." + artifact + ".name"})
	}
	if options, ok := inputs.member("transformOptions"); ok {
		c.transformOptions(options, o)
	}
}

// transformOptions of an Xslt are a list of words.
func (c *compiler) transformOptions(n node, o owner) {
	known := []string{"DisableByteOrderMark", "GenerateTextOutput", "ApplyXsltOutputAttributes"}
	if c.dynamic(n) {
		return
	}
	for word := range strings.SplitSeq(n.text(), ",") {
		if word = strings.TrimSpace(word); word != "" && !containsFold(known, word) {
			c.warn(n.at, RuleOption, "The %s %s has the unknown transform option '%s', which is ignored", o.where, position, word)
		}
	}
}

// workflowAction reads the call of a nested workflow (wdl-semantics §11.12).
func (c *compiler) workflowAction(a *Action, n node) {
	c.inputs(a, n)
	a.Retry = c.retry(n, "inputs", c.owner(a))
	if _, ok := n.path("inputs.host.id"); ok && c.Kind != "" {
		return // the older form of single-tenant files
	}
	c.workflowHost(a, n, c.Kind == "")
}

// sendToBatchAction reads the sending to a batch receiver.
func (c *compiler) sendToBatchAction(a *Action, n node) {
	c.inputs(a, n)
	c.workflowHost(a, n, true)
}

// workflowHost wants the workflow that an action calls, and its trigger.
func (c *compiler) workflowHost(a *Action, n node, trigger bool) {
	paths := []string{"inputs.host.workflow", "inputs.host.workflow.id"}
	if trigger {
		paths = append(paths, "inputs.host.triggerName")
	}
	c.require(c.owner(a), n, paths)
	if host, ok := n.path("inputs.host"); ok {
		c.members(host, c.owner(a), slices.Concat(texts("triggerName", "id"), objects("workflow")), partial)
	}
	if workflow, ok := n.path("inputs.host.workflow"); ok {
		c.members(workflow, c.owner(a), texts("id"), partial)
	}
}

// codeAction reads JavaScriptCode, whose code is no template.
func (c *compiler) codeAction(a *Action, n node) {
	inputs, ok := n.member("inputs")
	if !ok {
		return
	}
	code, _ := inputs.member("code")
	a.Code = code.text()
	if n := utf8.RuneCountInString(a.Code); n > c.bounds.InlineCode {
		c.invalid(code, c.owner(a), RuleLimit, "the code has %d characters, the limit is %d", n, c.bounds.InlineCode)
	}
	rest := inputs
	for name := range inputs.Members() {
		if strings.EqualFold(name, "code") {
			rest.Value = rest.Without(name)
		}
	}
	a.Inputs = c.template(rest, c.owner(a), roleInputs)
	if wanted, ok := inputs.member("explicitDependencies"); ok && wanted.isObject() {
		c.members(wanted, c.owner(a), []member{{name: "actions", form: formArray}, {name: "includeTrigger", form: formBool}}, partial)
	}
}

// codeDependencies resolves the actions that inline code asks for: they must exist
// and be final before it (wdl-semantics §15 rules 7 and 8).
func (c *compiler) codeDependencies(a *Action) {
	list, _ := c.parsed[a.Index].path("inputs.explicitDependencies.actions")
	for _, n := range list.elements() {
		name, isString := n.AsString()
		if !isString || c.dynamic(n) {
			continue
		}
		index, ok := c.program.actions[fold(name)]
		switch {
		case !ok:
			c.undefinedAction(n.at, name, "inputs", a)
		case !c.before(c.program.Actions[index], a):
			c.unreachable(n.at, c.program.Actions[index], a)
		default:
			a.readsByCode(name, index)
		}
	}
	if trigger, ok := c.parsed[a.Index].path("inputs.explicitDependencies.includeTrigger"); ok {
		a.Reads.Trigger, _ = trigger.AsBool()
	}
	c.codeNames(a, list.Len() > 0)
}

// codeNames adds what the text of inline code names. A name that is no action, or of
// one that need not be final, is undefined in JavaScript and no error. Code that
// computes names may read every action that has ended before it, unless the author
// lists them.
func (c *compiler) codeNames(a *Action, listed bool) {
	named := scanCode(a.Code)
	a.Reads.Trigger = a.Reads.Trigger || named.trigger
	a.Reads.Fired = a.Reads.Trigger
	for _, name := range named.actions {
		if i, ok := c.program.actions[fold(name)]; ok && c.before(c.program.Actions[i], a) {
			a.readsByCode(name, i)
		}
	}
	if !named.any || listed {
		return
	}
	for _, b := range c.program.Actions {
		if len(b.Loops) <= len(a.Loops) && slices.Equal(b.Loops, a.Loops[:len(b.Loops)]) && c.before(b, a) {
			a.readsByCode(b.Name, b.Index)
		}
	}
}

// readsByCode notes that inline code reads an action, which it may spell in another
// case.
func (a *Action) readsByCode(name string, action int) {
	a.Reads.Actions = insert(a.Reads.Actions, action)
	a.Reads.Records = insert(a.Reads.Records, action)
	if use := (CodeName{name, action}); !slices.Contains(a.CodeNames, use) {
		a.CodeNames = append(a.CodeNames, use)
	}
}

// expressionAction reads the time actions; what one needs depends on its kind
// (wdl-semantics §11.6).
func (c *compiler) expressionAction(a *Action, n node) {
	c.inputs(a, n)
	needs := map[string][]string{
		"addtotime":        {"baseTime", "interval", "timeUnit"},
		"subtractfromtime": {"baseTime", "interval", "timeUnit"},
		"converttimezone":  {"baseTime", "sourceTimeZone", "destinationTimeZone"},
		"getfuturetime":    {"interval", "timeUnit"},
		"getpasttime":      {"interval", "timeUnit"},
	}
	var paths []string
	for _, name := range needs[fold(a.Kind)] {
		paths = append(paths, "inputs."+name)
	}
	c.require(c.owner(a), n, paths)
	unit, ok := n.path("inputs.timeUnit")
	if ok && !c.dynamic(unit) && !slices.ContainsFunc(waitUnits[:], func(u string) bool { return strings.EqualFold(u, strings.TrimSuffix(unit.text(), "s")) }) {
		c.invalid(unit, c.owner(a), RuleShape, "the property 'timeUnit' is '%s', which is none of %s", unit.Text(), strings.Join(waitUnits[:], ", "))
	}
}
