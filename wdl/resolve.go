package wdl

import (
	"fmt"
	"strings"

	"isle/expr"
)

// The resolve stage looks at every call in every template: it must name something
// that exists, is reachable, and may be read at that place (wdl-semantics §15 rules
// 6 to 15 and 17). What it finds becomes Reads.

func (c *compiler) resolve() {
	for _, s := range c.sites {
		for _, call := range s.template.Calls() {
			if call.Contextual || call.Function == "item" || firstIsAction(call.Function) || triggerReading(call.Function) {
				c.call(s, call)
			}
		}
	}
	for _, a := range c.program.Actions {
		if a.Type == TypeJavaScriptCode {
			c.codeDependencies(a)
		}
	}
}

// firstIsAction reports functions whose first argument names an action.
func firstIsAction(function string) bool {
	switch function {
	case "actions", "body", "outputs", "result", "formDataValue", "formDataMultiValues", "multipartBody":
		return true
	}
	return false
}

func triggerReading(function string) bool {
	switch function {
	case "trigger", "triggerBody", "triggerOutputs", "triggerFormDataValue", "triggerFormDataMultiValues", "triggerMultipartBody":
		return true
	}
	return false
}

// call checks one call.
func (c *compiler) call(s site, call expr.Call) {
	at := s.at + call.Pointer
	if s.role == roleTracked && !trackable(s, call) {
		c.report(at, RuleTracked, "The trackedProperties of %s %s may use the action itself, the trigger and parameters only, not '%s'", s.owner.where, position, call.Function)
		return
	}
	switch {
	case firstIsAction(call.Function):
		c.actionCall(s, call, at)
	case triggerReading(call.Function):
		s.owner.reads().trigger(call.Function == "trigger")
	default:
		switch call.Function {
		case "parameters":
			c.parameterCall(s, call, at)
		case "variables":
			c.variableCall(s, call, at)
		case "items", "iterationIndexes":
			c.loopCall(s, call, at)
		case "item":
			c.itemCall(s, at)
		case "action":
			c.selfCall(s, at)
		case "listCallbackUrl":
			if s.role != roleSubscribe && s.role != roleUnsubscribe && !s.owner.typeUnknown(c) {
				c.unexpected(s, call.Function, at)
			}
		case "workflow":
			s.owner.reads().Workflow = true
		case "appsetting":
			if c.Kind == "" {
				c.unexpected(s, call.Function, at)
			}
		}
	}
}

// trackable reports whether trackedProperties may use a call: they see the action
// itself, trigger data and parameters (wdl-semantics §12.9, §15 rule 35).
func trackable(s site, call expr.Call) bool {
	if firstIsAction(call.Function) && s.owner.action != nil {
		text, literal := name(call)
		return literal && strings.EqualFold(text, s.owner.action.Name)
	}
	return triggerReading(call.Function) || call.Function == "action" || call.Function == "parameters" || call.Function == "appsetting"
}

// reads returns where to note what a template reads.
func (o owner) reads() *Reads {
	switch {
	case o.noted != nil:
		return o.noted
	case o.action != nil:
		return &o.action.Reads
	case o.trigger != nil:
		return &o.trigger.Reads
	}
	return &Reads{}
}

// trigger notes that the trigger is read, and whether with its inputs.
func (r *Reads) trigger(whole bool) { r.Trigger, r.Fired = true, r.Fired || whole }

// unexpected reports a function that cannot stand at a place.
func (c *compiler) unexpected(s site, function, at string) {
	c.report(at, RuleContext, `The %s %s is not valid: "The template function '%s' is not expected at this location.".`, s.owner.where, position, function)
}

// name returns the first argument if it is literal.
func name(call expr.Call) (string, bool) {
	if len(call.Literal) == 0 || call.Literal[0] == nil {
		return "", false
	}
	return *call.Literal[0], true
}

// actionCall checks a reference to an action (rules 7 to 10).
func (c *compiler) actionCall(s site, call expr.Call, at string) {
	reads := s.owner.reads()
	if s.owner.trigger != nil {
		c.report(at, RuleTriggerReference, "The %s %s cannot reference actions: the function '%s' is not expected at this location", s.owner.where, position, call.Function)
		return
	}
	text, literal := name(call)
	if !literal {
		reads.Dynamic = true
		return
	}
	index, ok := c.program.actions[fold(text)]
	if !ok {
		if c.isTrigger(text) && call.Function != "result" {
			reads.Trigger = true // body('manual'): old definitions name the trigger
			return
		}
		c.undefinedAction(at, text, s.property(), s.owner.action)
		return
	}
	b, a := c.program.Actions[index], s.owner.action
	if call.Function == "result" {
		reads.Results = insert(reads.Results, index)
		if c.parsed[index].known && !b.Type.IsContainer() {
			c.report(at, RuleActionUnknown, "The action '%s' referenced by 'result' in the inputs of %s %s is no scope, condition, switch or loop", b.Name, s.owner.where, position)
			return
		}
	} else {
		reads.Actions = insert(reads.Actions, index)
	}
	if call.Function == "actions" {
		reads.Records = insert(reads.Records, index)
	}
	if a != nil && !c.reachable(s, b, a) {
		c.unreachable(at, b, a)
	}
}

// undefinedAction reports a reference to an action that does not exist (rule 7), in
// the words of public error reports.
func (c *compiler) undefinedAction(at, name, property string, a *Action) {
	in := "the outputs of the template"
	if a != nil {
		in = "action '" + a.Name + "'"
	}
	if c.hidden {
		return
	}
	c.report(at, RuleActionUnknown, "The action(s) '%s' referenced by '%s' in %s are not defined in the template.%s", name, property, in, c.didYouMean(name, c.actionNames))
}

// unreachable reports a reference to an action that need not be final (rule 8).
func (c *compiler) unreachable(at string, b, a *Action) {
	c.report(at, RuleActionReach, "The inputs of template action '%s' %s cannot reference action '%s'. Action '%s' must either be in 'runAfter' path, or within a scope action on the 'runAfter' path of action '%s', or be a Trigger.", a.Name, position, b.Name, b.Name, a.Name)
}

// reachable applies rules 8 and 9.
func (c *compiler) reachable(s site, b, a *Action) bool {
	switch s.role {
	case roleUntil:
		if inside(b, a) {
			return true
		}
	case roleTracked:
		return a == b
	}
	return c.before(b, a)
}

func (c *compiler) parameterCall(s site, call expr.Call, at string) {
	text, literal := name(call)
	reads := s.owner.reads()
	if !literal {
		for i := range c.program.Parameters {
			reads.Parameters = insert(reads.Parameters, i)
		}
		return
	}
	if i, ok := c.program.parameters[fold(text)]; ok {
		reads.Parameters = insert(reads.Parameters, i)
		return
	}
	if _, supplied := c.supplied.member(text); supplied || c.hiddenParameters {
		return // told with the other values that are not declared, or declared by the deployment
	}
	const message = `The %s %s is not valid: "The workflow parameter '%s' is not found.".%s`
	hint := c.didYouMean(text, c.parameterNames)
	if c.Kind != "" {
		c.warn(at, RuleParameterUnknown, message, s.owner.where, position, text, hint) // may be declared beside the definition
		return
	}
	c.report(at, RuleParameterUnknown, message, s.owner.where, position, text, hint)
}

// variableCall checks that a variable exists and was initialised before (rules 15
// and 17).
func (c *compiler) variableCall(s site, call expr.Call, at string) {
	reads := s.owner.reads()
	if s.owner.trigger != nil {
		c.report(at, RuleTriggerReference, "The %s %s cannot use variables: they exist in runs only", s.owner.where, position)
		return
	}
	text, literal := name(call)
	if !literal {
		for i := range c.program.Variables {
			reads.Variables = insert(reads.Variables, i)
		}
		return
	}
	a := s.owner.action
	index, ok := c.program.variables[fold(text)]
	switch {
	case !ok && a == nil:
		c.add(Problem{Pointer: at, Code: CodeInvalidVariableOperation, Rule: RuleVariableUse,
			Message: fmt.Sprintf("The %s uses the variable '%s', which is not initialized.", s.owner.where, text)})
		return
	case !ok:
		c.uninitialized(at, a, text)
		return
	}
	reads.Variables = insert(reads.Variables, index)
	if a == nil {
		return
	}
	if a.Type == TypeSetVariable && strings.EqualFold(a.Variable.Name, text) {
		c.add(Problem{Pointer: at, Code: CodeInputsInvalidProperty, Rule: RuleVariableSelf,
			Message: fmt.Sprintf("The inputs of workflow run action '%s' of type 'SetVariable' are not valid. Self reference is not supported when updating the value of variable '%s'.", a.Name, text)})
	}
	c.initializedBefore(at, a, index)
}

// initializedBefore checks that the declaration of a variable lies on the runAfter
// path.
func (c *compiler) initializedBefore(at string, a *Action, variable int) {
	v := c.program.Variables[variable]
	declaring := c.program.Actions[v.Action]
	if declaring == a || !c.before(declaring, a) {
		c.uninitialized(at, a, v.Name)
	}
}

// loopCall checks items() and iterationIndexes() (rules 11 and 12).
func (c *compiler) loopCall(s site, call expr.Call, at string) {
	want, rule := TypeForeach, RuleItem
	if call.Function == "iterationIndexes" {
		want, rule = TypeUntil, RuleIteration
	}
	text, literal := name(call)
	a := s.owner.action
	if !literal || a == nil {
		if a == nil {
			c.unexpected(s, call.Function, at)
		}
		return
	}
	index, ok := c.program.actions[fold(text)]
	if !ok {
		c.report(at, rule, "The repetition action(s) '%s' referenced by '%s' in action '%s' are not defined in the template.", text, s.property(), a.Name)
		return
	}
	loop := c.program.Actions[index]
	within := inside(a, loop) || c.hidden || want == TypeUntil && s.role == roleUntil && a == loop
	switch {
	case !within || c.parsed[index].known && loop.Type != want:
		functions := "'repeatItems' or 'items' functions"
		if want == TypeUntil {
			functions = "'iterationIndexes' function"
		}
		c.report(at, rule, "The inputs of template action '%s' %s is invalid. Action '%s' must be a parent '%s' scope of action '%s' to be referenced by %s.", a.Name, position, loop.Name, strings.ToLower(string(want)), a.Name, functions)
	default:
		a.Reads.Loops = insert(a.Reads.Loops, index)
	}
}

// itemCall checks item() (rule 11).
func (c *compiler) itemCall(s site, at string) {
	if s.role == roleRow {
		return
	}
	if a := s.owner.action; a != nil {
		for x := a; x != nil; x = x.Container.Owner {
			if !c.parsed[x.Index].known {
				return // it may be a loop, or a data operation
			}
		}
		for i := len(a.Loops) - 1; i >= 0; i-- {
			if c.program.Actions[a.Loops[i]].Type == TypeForeach {
				a.Reads.Item = true
				a.Reads.Loops = insert(a.Reads.Loops, a.Loops[i])
				return
			}
		}
	}
	c.report(at, RuleItem, `The %s %s is not valid: "The template function 'item' is not expected at this location.": it needs a 'Foreach' around it, or stands in a 'Select', 'Query' or 'Table'`, s.owner.where, position)
}

// selfCall checks action() (rule 13).
func (c *compiler) selfCall(s site, at string) {
	switch {
	case s.role == roleTracked, s.role == roleUnsubscribe, s.role == roleUntil, s.owner.typeUnknown(c):
		s.owner.reads().Self = true
	default:
		c.unexpected(s, "action", at)
	}
}
