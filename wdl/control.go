package wdl

import (
	"slices"
	"strings"

	"isle/expr"
)

// ifAction reads an If (wdl-semantics §11.2).
func (c *compiler) ifAction(a *Action, n node) {
	o := c.owner(a)
	if e, ok := n.member("expression"); ok {
		c.unmarked(e, o, "expression")
		a.Condition, a.Expression = c.condition(e, o, roleInputs), e.Text()
	}
	c.branch(a, n)
	otherwise, ok := c.object(n, "else", o)
	if !ok {
		otherwise = node{at: join(n.at, "else")}
	}
	c.branchMembers(otherwise, o, "actions")
	c.branch(a, otherwise)
}

// branchMembers checks the members of a branch: an action is often written beside
// 'actions' instead of in it.
func (c *compiler) branchMembers(n node, o owner, names ...string) {
	known := anything(names...)
	for name, m := range n.members() {
		if containsFold(names, name) || c.computed(name) {
			continue
		}
		if typ, ok := m.member("type"); ok && typ.text() != "" {
			c.invalid(m, o, RuleShape, "the action '%s' stands where no action is run: put it into the member 'actions'", name)
			continue
		}
		c.noteUnknown(n, m, o, name, known, complete)
	}
}

// switchAction reads a Switch. Case values are literals; they are compared exactly,
// so 1 and "1" are two cases.
func (c *compiler) switchAction(a *Action, n node) {
	o := c.owner(a)
	if e, ok := n.member("expression"); ok {
		a.Subject, a.Expression = c.template(e, o, roleInputs), e.Text()
	}
	cases, ok := c.object(n, "cases", o)
	if ok && cases.Len() > c.bounds.Cases {
		c.invalid(cases, o, RuleLimit, "the switch has %d cases, the limit is %d", cases.Len(), c.bounds.Cases)
	}
	seen := map[string]string{}
	for name, n := range cases.members() {
		value := c.switchCase(name, n, o, seen)
		a.Cases = append(a.Cases, Case{Name: name, Value: value})
		c.branchMembers(n, o, "case", "actions")
		c.branch(a, n)
	}
	if fallback, ok := c.object(n, "default", o); ok {
		a.Cases = append(a.Cases, Case{Name: "default", IsDefault: true})
		c.branchMembers(fallback, o, "actions")
		c.branch(a, fallback)
	}
}

func (c *compiler) switchCase(name string, n node, o owner, seen map[string]string) expr.Value {
	value, ok := n.member("case")
	if !ok {
		c.missing(o, n.at, "cases."+name+".case")
		return expr.Null()
	}
	if c.unknown(value) {
		return value.Value
	}
	text, isString := value.AsString()
	if _, isInteger := value.AsInt(); c.dynamic(value) || !isString && !isInteger {
		c.invalid(value, o, RuleSwitchCase, "the value of case '%s' must be a literal string or integer", name)
		return value.Value
	}
	if literal, escaped := strings.CutPrefix(text, "@@"); escaped {
		value.Value = expr.String("@" + literal)
	}
	key := string(value.JSON())
	if first, taken := seen[key]; taken {
		c.invalid(value, o, RuleSwitchCase, "the cases '%s' and '%s' have the same value %s", first, name, key)
	}
	seen[key] = name
	return value.Value
}

// foreachAction reads a Foreach (wdl-semantics §11.4).
func (c *compiler) foreachAction(a *Action, n node) {
	o := c.owner(a)
	if e, ok := n.member("foreach"); ok {
		if _, isString := e.AsString(); !isString && !e.isArray() {
			c.invalid(e, o, RuleShape, "the property 'foreach' must be an expression or an array, but is %s", describe(e.Value))
		}
		c.unmarked(e, o, "foreach")
		a.Subject, a.Expression = c.template(e, o, roleInputs), e.Text()
	}
	if a.Options.Has(Sequential) {
		a.Concurrency = 1
	}
	c.branch(a, n)
}

// untilAction reads an Until.
func (c *compiler) untilAction(a *Action, n node) {
	o := c.owner(a)
	if e, ok := n.member("expression"); ok {
		if _, isString := e.AsString(); !isString {
			c.invalid(e, o, RuleShape, "the property 'expression' must be a string, but is %s", describe(e.Value))
		}
		c.unmarked(e, o, "expression")
		a.Condition, a.Expression = c.condition(e, o, roleUntil), e.Text()
	}
	if limit, ok := c.object(n, "limit", o); ok {
		count, hasCount := limit.member("count")
		_, hasTimeout := limit.member("timeout")
		if !hasCount && !hasTimeout {
			c.invalid(limit, o, RuleUntilLimit, "the limit needs a 'count' or a 'timeout'")
		}
		if value, known, ok := c.integer(count); hasCount && (!ok || known && (value < 1 || value > c.bounds.UntilIterations && !c.bounds.stored)) {
			c.invalid(count, o, RuleUntilLimit, "limit.count must lie between 1 and %d", c.bounds.UntilIterations)
		}
	}
	c.branch(a, n)
}

// terminateAction reads a Terminate (wdl-semantics §13.6).
func (c *compiler) terminateAction(a *Action, n node) {
	c.inputs(a, n)
	o := c.owner(a)
	status, ok := n.path("inputs.runStatus")
	if !ok || c.dynamic(status) {
		return
	}
	parsed, known := ParseStatus(status.text())
	if !known || !Statuses(Succeeded, Failed, Cancelled).Has(parsed) {
		c.invalid(status, o, RuleTerminate, "the runStatus '%s' is none of Succeeded, Failed, Cancelled", status.Text())
		return
	}
	if failure, ok := n.path("inputs.runError"); ok && parsed != Failed && failure.Len() > 0 {
		c.invalid(failure, o, RuleTerminate, "a 'runError' is allowed with the runStatus 'Failed' only")
	}
}

// responseAction reads a Response (wdl-semantics §11.2).
func (c *compiler) responseAction(a *Action, n node) {
	c.inputs(a, n)
	status, ok := n.path("inputs.statusCode")
	if !ok {
		return
	}
	code, known, isInteger := c.integer(status)
	if !isInteger || known && (code < 200 || code > 299 && code < 400 || code > 599) {
		c.invalid(status, c.owner(a), RuleResponse, "the statusCode '%s' is none of 2xx, 4xx and 5xx", status.Text())
	}
}

// waitUnits are the units of a Wait's interval.
var waitUnits = [...]string{"Second", "Minute", "Hour", "Day", "Week", "Month", "Year"}

// waitAction reads a Wait: exactly one of interval and until.
func (c *compiler) waitAction(a *Action, n node) {
	c.inputs(a, n)
	o := c.owner(a)
	inputs, ok := n.member("inputs")
	if !ok {
		c.missing(o, n.at, "inputs.interval")
		return
	}
	if c.dynamic(inputs) {
		return
	}
	interval, hasInterval := inputs.member("interval")
	until, hasUntil := inputs.member("until")
	switch {
	case !hasInterval && !hasUntil:
		c.missing(o, inputs.at, "inputs.interval")
	case hasInterval && hasUntil:
		c.invalid(inputs, o, RuleMissing, "only one of 'interval' and 'until' may be given")
	case hasUntil:
		c.require(o, n, []string{"inputs.until.timestamp"})
		c.staticTimestamp(until, o)
	case !c.dynamic(interval):
		c.require(o, n, []string{"inputs.interval.count", "inputs.interval.unit"})
		c.waitInterval(interval, o)
	}
}

func (c *compiler) staticTimestamp(until node, o owner) {
	stamp, ok := until.member("timestamp")
	if ok && !c.dynamic(stamp) && stamp.Kind() != expr.KindString {
		c.invalid(stamp, o, RuleShape, "the property 'timestamp' must be a string, but is %s", describe(stamp.Value))
	}
}

func (c *compiler) waitInterval(interval node, o owner) {
	if count, ok := interval.member("count"); ok {
		if value, known, isInteger := c.integer(count); !isInteger || known && value < 0 {
			c.invalid(count, o, RuleShape, "interval.count must be an integer of 0 or more, but is '%s'", count.Text())
		}
	}
	if unit, ok := interval.member("unit"); ok && !c.dynamic(unit) &&
		!slices.ContainsFunc(waitUnits[:], func(u string) bool { return strings.EqualFold(u, unit.text()) }) {
		c.invalid(unit, o, RuleShape, "interval.unit '%s' is none of %s", unit.Text(), strings.Join(waitUnits[:], ", "))
	}
}
