package wdl

import (
	"strings"

	"isle/wdl/schema"
)

// declaredTriggers reads `triggers` (wdl-semantics §10).
func (c *compiler) declaredTriggers(d node) {
	list, _ := d.member("triggers")
	for name, n := range list.members() {
		c.trigger(name, n)
	}
	if c.unknown(list) {
		c.program.Triggers = append(c.program.Triggers, &Trigger{}) // any there may be
	} else if list.Value.IsNull() || list.isObject() && list.Len() == 0 {
		c.warn(d.at, RuleNoTrigger, "The template %s has no trigger, so nothing starts it", position)
	}
}

func (c *compiler) triggerOwner(t *Trigger) owner {
	return owner{trigger: t, where: "template trigger '" + t.Name + "'"}
}

func (c *compiler) trigger(name string, n node) {
	t := &Trigger{Index: len(c.program.Triggers), Name: name}
	o := c.triggerOwner(t)
	if _, taken := c.program.triggers[fold(name)]; taken {
		c.report(n.at, RuleDuplicateName, "The name '%s' %s is used by more than one trigger", name, position)
	} else {
		c.program.triggers[fold(name)] = t.Index
	}
	c.program.Triggers = append(c.program.Triggers, t)
	if !n.isObject() {
		if !c.unknown(n) {
			c.invalid(n, o, RuleShape, "a trigger must be an object, but is %s", describe(n.Value))
		}
		return
	}
	op, kind := c.operation(n, o, TriggerItem)
	if t.Kind = kind; op != nil {
		t.Type = op.name
		c.operationMembers(n, o, op)
	}
	c.triggerMembers(t, n)
	if op == nil {
		if inputs, ok := n.member("inputs"); ok {
			t.Inputs = c.template(inputs, o, roleInputs)
		}
		return
	}
	c.require(o, n, op.required)
	op.trigger(c, t, n)
}

// triggerMembers reads the members common to all triggers (wdl-semantics §10.1).
func (c *compiler) triggerMembers(t *Trigger, n node) {
	o := c.triggerOwner(t)
	t.Options = c.options(n, o)
	t.Limit = c.limit(n, o)
	c.description(n, o)
	c.triggerConditions(t, n)
	if splitOn, ok := n.member("splitOn"); ok && !c.unknown(splitOn) {
		c.unmarked(splitOn, o, "splitOn")
		t.SplitOn = c.template(splitOn, o, roleSplitOn)
		if t.Type == TypeRecurrence || t.Type == TypeSlidingWindow {
			c.invalid(splitOn, o, RuleSplitOn, "a trigger of type '%s' cannot have 'splitOn'", t.Type)
		}
	}
	if id, ok := n.path("splitOnConfiguration.correlation.clientTrackingId"); ok {
		t.SplitOnClientTrackingID = c.template(id, o, roleSplitOn)
	}
	if id, ok := n.path("correlation.clientTrackingId"); ok {
		t.ClientTrackingID = c.template(id, o, roleInputs)
	}
	if tracked, ok := n.member("trackedProperties"); ok && tracked.Len() > 0 {
		t.TrackedProperties = c.template(tracked, o, roleTracked)
	}
	runtime, ok := n.member("runtimeConfiguration")
	if !ok || !runtime.isObject() {
		return
	}
	c.runtimeMembers(runtime, o)
	c.triggerConcurrency(t, runtime, o)
	t.SecureInputs, t.SecureOutputs = c.secureData(runtime, o)
	if at, _ := runtime.member("secureData"); t.Type == TypeRecurrence && (t.SecureInputs || t.SecureOutputs) {
		c.invalid(at, o, RuleSecureData, "a trigger of type 'Recurrence' has no data to secure")
	}
	for _, name := range [...]string{"paginationPolicy", "staticResult"} {
		if m, ok := runtime.member(name); ok {
			rule := RuleConcurrency
			if name == "staticResult" {
				rule = RuleStaticResult
			}
			c.invalid(m, o, rule, "'%s' is for actions only", name)
		}
	}
}

func (c *compiler) triggerConditions(t *Trigger, n node) {
	o := c.triggerOwner(t)
	list, _ := n.member("conditions")
	for _, entry := range list.elements() {
		if c.unknown(entry) {
			continue
		}
		if !entry.isObject() {
			c.invalid(entry, o, RuleShape, "each of the 'conditions' must be an object with an 'expression', but one is %s", describe(entry.Value))
			continue
		}
		c.members(entry, o, anything("expression", "dependsOn"), complete)
		e, ok := entry.member("expression")
		if !ok {
			if _, older := entry.member("dependsOn"); !older { // which may stand alone
				c.missing(o, entry.at, "expression")
			}
			continue
		}
		if condition := c.condition(e, o, roleInputs); condition != nil {
			t.Conditions = append(t.Conditions, condition)
			t.Checks = t.Checks || mentionsStatus(e.Text())
		}
	}
}

// mentionsStatus reports whether a condition looks at the status code, which
// replaces the "200 only" rule of polling triggers (wdl-semantics §10.1).
func mentionsStatus(expression string) bool {
	text := strings.ToLower(expression)
	return strings.Contains(text, "statuscode") || strings.Contains(text, ".code") || strings.Contains(text, "'code'")
}

// Concurrency of triggers (wdl-semantics §12.3; the newer, wider bounds).
const (
	defaultRuns = 25 // when it is switched on without a number
)

func (c *compiler) triggerConcurrency(t *Trigger, runtime node, o owner) {
	concurrency, ok := runtime.member("concurrency")
	if !ok || !concurrency.isObject() {
		return
	}
	if m, ok := concurrency.member("repetitions"); ok {
		c.invalid(m, o, RuleConcurrency, "concurrency.repetitions is for actions of type 'Foreach' only")
	}
	runs, hasRuns := concurrency.member("runs")
	if concurrency.Len() == 0 && !t.Options.Has(SingleInstance) {
		t.Runs = min(defaultRuns, c.bounds.TriggerConcurrency)
	}
	if hasRuns {
		t.Runs = c.literalInteger(runs, o, "concurrency.runs", 1, c.most(c.bounds.TriggerConcurrency))
		if t.Options.Has(SingleInstance) {
			c.invalid(runs, o, RuleConflict, "the operation option 'SingleInstance' and concurrency.runs exclude each other")
		}
	}
	waiting, ok := concurrency.member("maximumWaitingRuns")
	if !ok || c.unknown(waiting) {
		return
	}
	switch {
	case t.Type == TypeRecurrence:
		c.invalid(waiting, o, RuleConcurrency, "concurrency.maximumWaitingRuns is not for triggers of type 'Recurrence'")
	case !hasRuns && !t.Options.Has(SingleInstance):
		c.invalid(waiting, o, RuleConcurrency, "concurrency.maximumWaitingRuns needs concurrency.runs or the operation option 'SingleInstance'")
	default:
		t.MaximumWaitingRuns = c.literalInteger(waiting, o, "concurrency.maximumWaitingRuns", 1, c.bounds.WaitingRuns)
		if value := t.MaximumWaitingRuns; value > 0 && t.Runs > 0 && value < t.Runs+10 {
			c.invalid(waiting, o, RuleConcurrency, "concurrency.maximumWaitingRuns must be at least %d, ten more than concurrency.runs", t.Runs+10)
		}
	}
}

// requestTrigger reads a Request trigger (wdl-semantics §10.2).
func (c *compiler) requestTrigger(t *Trigger, n node) {
	o := c.triggerOwner(t)
	t.Request = &RequestTrigger{}
	inputs, ok := n.member("inputs")
	if !ok || !inputs.isObject() {
		return
	}
	// The schema is data for the caller, not a template.
	rest := inputs
	schemaNode, hasSchema := inputs.member("schema")
	for name := range inputs.Members() {
		if strings.EqualFold(name, "schema") {
			rest.Value = rest.Without(name)
		}
	}
	literal := true
	if rest.Len() > 0 {
		if t.Inputs = c.template(rest, o, roleInputs); t.Inputs != nil {
			_, literal = t.Inputs.Literal()
		}
	}
	if hasSchema && literal {
		t.Request.Inputs = inputs.Value
	}
	method, hasMethod := inputs.member("method")
	if hasMethod && !c.dynamic(method) {
		c.method(inputs, o)
		t.Request.Method = strings.ToUpper(method.text())
	}
	c.relativePath(t, inputs, hasMethod)
	if hasSchema {
		c.requestSchema(t, schemaNode)
	}
}

func (c *compiler) relativePath(t *Trigger, inputs node, hasMethod bool) {
	o := c.triggerOwner(t)
	path, ok := inputs.member("relativePath")
	if !ok || c.dynamic(path) || strings.Trim(path.text(), "/") == "" {
		return
	}
	if !hasMethod {
		c.invalid(path, o, RuleRequest, "the property 'relativePath' needs a 'method'")
	}
	pattern, err := ParsePath(path.text())
	if err != nil {
		c.invalid(path, o, RuleRequest, "%s", err)
	}
	t.Request.Path = pattern
}

func (c *compiler) requestSchema(t *Trigger, n node) {
	o := c.triggerOwner(t)
	if c.dynamic(n) {
		return
	}
	if !n.isObject() {
		if s, isString := n.AsString(); !isString || s != "" {
			c.invalid(n, o, RuleRequest, "the schema must be an object, but is %s", describe(n.Value))
		}
		return
	}
	if !t.Options.Has(EnableSchemaValidation) {
		return
	}
	compiled, err := schema.Compile(n.Value)
	if err != nil {
		c.invalid(n, o, RuleRequest, "the schema cannot be used for 'EnableSchemaValidation': %s", err)
		return
	}
	t.Request.Schema = compiled
}

func (c *compiler) recurrenceTrigger(t *Trigger, n node) {
	t.Recurrence = c.recurrenceMember(n, c.triggerOwner(t))
	if inputs, ok := n.member("inputs"); ok && inputs.Len() > 0 {
		t.Inputs = c.template(inputs, c.triggerOwner(t), roleInputs)
	}
}

func (c *compiler) slidingTrigger(t *Trigger, n node) {
	o := c.triggerOwner(t)
	t.Recurrence = c.recurrenceMember(n, o)
	if r := t.Recurrence; r != nil && r.Frequency > Day {
		c.invalid(node{at: join(n.at, "recurrence")}, o, RuleRecurrence, "a sliding window must have the frequency Second, Minute, Hour or Day")
	}
	if inputs, ok := n.member("inputs"); ok && inputs.Len() > 0 {
		t.Inputs = c.template(inputs, o, roleInputs)
		if delay, ok := inputs.member("delay"); ok {
			t.Delay = c.delay(delay, o)
		}
	}
}

// delay is evaluated when the workflow is saved, as its recurrence is.
func (c *compiler) delay(n node, o owner) Duration {
	if c.dynamic(n) {
		t := c.template(n, o, roleInputs)
		if t == nil || c.unsettled(n) || c.readsUnknown(t) {
			return Duration{}
		}
		v, err := t.Eval(parameterEnv{c})
		if err != nil {
			c.invalid(n, o, RuleRecurrence, "the delay cannot be evaluated: %s", err)
			return Duration{}
		}
		n.Value = v
	}
	d, ok := c.durationMember(n, o, RuleRecurrence, "delay")
	if ok && (d.Months < 0 || d.Rest < 0) {
		c.invalid(n, o, RuleRecurrence, "the delay '%s' must not be negative", n.text())
		return Duration{}
	}
	return d
}

// pollingTrigger reads Http, ApiConnection and ApiManagement triggers.
func (c *compiler) pollingTrigger(t *Trigger, n node) {
	o := c.triggerOwner(t)
	t.Recurrence = c.recurrenceMember(n, o)
	if _, given := n.member("recurrence"); !given && t.Type == TypeAPIManagement {
		t.Recurrence = &Recurrence{Frequency: Minute, Interval: 1} // the member is optional
	}
	inputs, ok := n.member("inputs")
	if !ok {
		return
	}
	if t.Type == TypeAPIManagement {
		c.management(n, o)
	}
	t.Inputs = c.template(inputs, o, roleInputs)
	t.Retry = c.retry(n, "inputs", o)
	c.request(inputs, o)
	c.connection(inputs, o)
}
