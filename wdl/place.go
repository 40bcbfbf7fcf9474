package wdl

import (
	"fmt"
	"slices"
	"strings"
)

// The place stage checks where actions may stand and what the definition as a whole
// may be (wdl-semantics §15 rules 15, 20, 25, 26, 35, 40).

func (c *compiler) place() {
	for _, a := range c.program.Actions {
		at := c.parsed[a.Index].at
		switch {
		case a.Type == TypeResponse:
			c.program.response = true
			c.placeResponse(a, at)
		case a.Type == TypeTerminate && len(a.Loops) > 0:
			loop := c.program.Actions[a.Loops[len(a.Loops)-1]]
			c.report(at, RuleTerminate, "The template action '%s' %s of type 'Terminate' cannot be nested in the action '%s' of type '%s'", a.Name, position, loop.Name, loop.Type)
		case a.Variable != nil && a.Variable.Index >= 0:
			c.initializedBefore(at, a, a.Variable.Index)
			a.Reads.Variables = insert(a.Reads.Variables, a.Variable.Index)
		}
	}
}

// placeResponse applies rules 25 and 40.
func (c *compiler) placeResponse(a *Action, at string) {
	if len(a.Loops) > 0 {
		loop := c.program.Actions[a.Loops[len(a.Loops)-1]]
		c.report(at, RuleResponse, "The template action '%s' %s of type 'Response' cannot be nested in the action '%s' of type '%s'", a.Name, position, loop.Name, loop.Type)
	}
	if !c.answers() {
		c.report(at, RuleResponse, "The template action '%s' %s of type 'Response' needs a trigger of type 'Request'", a.Name, position)
	}
	for _, t := range c.program.Triggers {
		if t.Runs > 0 && !a.Options.Has(Asynchronous) {
			c.add(Problem{Pointer: at, Code: CodeInvalidConcurrency, Rule: RuleAsyncResponse,
				Message: fmt.Sprintf("The concurrency configuration of the trigger '%s' is not valid: concurrency control is not supported when the workflow contains actions of type 'Response' without the operationOptions flag set to 'Asynchronous', such as the action '%s'.", t.Name, a.Name)})
		}
	}
	if b := c.racing(a); b != nil {
		c.warn(at, RuleResponseParallel, "The template action '%s' %s of type 'Response' runs in parallel with the action '%s', and nothing joins them", a.Name, position, b.Name)
	}
}

// answers reports whether a trigger has a caller that can wait. One whose type is
// unknown is given the benefit of the doubt.
func (c *compiler) answers() bool {
	for _, t := range c.program.Triggers {
		switch t.Type {
		case TypeRequest, TypeManual, TypeHTTPWebhook, TypeAPIConnectionWebhook, "":
			return true
		}
	}
	return false
}

// racing finds a sibling that starts beside a Response, or beside an action before
// it, and is not waited for. Handlers of other outcomes of one predecessor exclude
// each other and do not count, nor does one whose predecessors are in doubt.
func (c *compiler) racing(a *Action) *Action {
	if c.doubtful(a) {
		return nil
	}
	awaited := map[int][]StatusSet{} // by predecessor, on the way to a
	for _, x := range c.upTo(a) {
		for _, p := range x.RunAfter {
			awaited[p.Action] = append(awaited[p.Action], p.Statuses)
		}
	}
	for _, i := range a.Container.Actions {
		b := c.program.Actions[i]
		if b != a && !c.doubtful(b) && !c.preds[a.Index].has(i) && !c.preds[i].has(a.Index) && !c.excluded(b, awaited) {
			return b
		}
	}
	return nil
}

// excluded reports whether b, or an action before it, awaits another outcome of a
// predecessor than awaited lists, so that the two can never both run.
func (c *compiler) excluded(b *Action, awaited map[int][]StatusSet) bool {
	for _, y := range c.upTo(b) {
		for _, q := range y.RunAfter {
			for _, statuses := range awaited[q.Action] {
				if statuses&q.Statuses == 0 {
					return true
				}
			}
		}
	}
	return false
}

// upTo returns an action and all before it in its container.
func (c *compiler) upTo(a *Action) []*Action {
	list := []*Action{a}
	for _, i := range a.Container.Actions {
		if c.preds[a.Index].has(i) {
			list = append(list, c.program.Actions[i])
		}
	}
	return list
}

// CheckUpdate compares a definition with the one it replaces: concurrency of a
// trigger cannot be removed once it is saved (wdl-semantics §15 rule 38).
func CheckUpdate(old, next *Program) Problems {
	var problems Problems
	for _, before := range old.Triggers {
		after, ok := next.Trigger(before.Name)
		if ok && before.Runs > 0 && after.Runs == 0 {
			problems = append(problems, Problem{
				Pointer: join("/triggers", after.Name), Code: CodeInvalidConcurrency, Rule: RuleConcurrency, Line: 1, Column: 1,
				Message: fmt.Sprintf("The concurrency control of the trigger '%s' cannot be removed once it is enabled.", after.Name),
			})
		}
	}
	return problems
}

// excessive reports whether a definition is far beyond the limits, so that nothing more
// than that is worth telling.
func (c *compiler) excessive() bool {
	p, l := c.program, &c.bounds
	return len(p.Actions) > beyond(l.Actions) || len(p.Parameters) > beyond(10*l.Parameters) || len(p.Variables) > beyond(l.Variables) || len(p.Triggers) > beyond(l.Actions)
}

// limits applies rule 20, in the words of public error reports.
func (c *compiler) limits(d node) {
	parameters := c.bounds.Parameters
	if c.Kind != "" {
		parameters *= 10
	}
	for _, l := range []struct {
		member, noun string
		count, limit int
	}{
		{"actions", "actions", c.actions, c.bounds.Actions},
		{"triggers", "triggers", len(c.program.Triggers), c.bounds.Triggers},
		{"parameters", "parameters", len(c.program.Parameters), parameters},
		{"outputs", "outputs", len(c.program.Outputs), c.bounds.Outputs},
		{"actions", "variables", len(c.program.Variables), c.bounds.Variables},
	} {
		if l.count > l.limit {
			m, _ := d.member(l.member)
			c.report(m.at, RuleLimit, "The number of template %s limit exceeded: maximum '%d' and actual '%d'.", l.noun, l.limit, l.count)
		}
	}
	c.description(d, owner{where: "template"})
	for _, a := range c.program.Actions {
		c.nameLength(c.parsed[a.Index].at, "action", a.Name)
		if depth := nesting(a); depth == c.bounds.Nesting+1 {
			c.report(c.parsed[a.Index].at, RuleLimit, "The template action '%s' %s is nested %d levels deep, the limit is %d", a.Name, position, depth, c.bounds.Nesting)
		}
		c.nameCharacters(c.parsed[a.Index].at, "action", a.Name, CodeInvalidTemplate)
	}
	triggers, _ := d.member("triggers")
	for _, t := range c.program.Triggers {
		at := join(triggers.at, t.Name)
		c.nameLength(at, "trigger", t.Name)
		c.nameCharacters(at, "trigger", t.Name, CodeInvalidTriggerName)
	}
}

// nameCharacters reports what names may not hold, since they are parts of addresses
// (wdl-semantics §2), in the words of a public error report.
func (c *compiler) nameCharacters(at, kind, name, code string) {
	const symbols = "<>%&\\?/"
	var bad []rune
	for _, r := range name {
		if (r < ' ' || strings.ContainsRune(symbols, r)) && !slices.Contains(bad, r) {
			bad = append(bad, r)
		}
	}
	if len(bad) > 0 && !c.computed(name) {
		c.add(Problem{Pointer: at, Code: code, Rule: RuleName, Message: fmt.Sprintf(
			"The provided workflow %s name '%s' has these invalid characters '%s'. The name cannot contain any control characters or any of the following symbols: '<', '>', '%%', '&', '\\', '?', '/'.", kind, name, string(bad))})
	}
}

func (c *compiler) nameLength(at, kind, name string) {
	if longest := c.bounds.NameLength; len(name) > longest && runes(name) > longest {
		c.report(at, RuleLimit, "The name of template %s '%s' %s has %d characters, the limit is %d", kind, shortened(name), position, runes(name), longest)
	}
}

// shownName is how much of a very long name is shown.
const shownName = 80

// shortened returns the begin of a very long name.
func shortened(name string) string {
	if r := []rune(name); len(r) > 2*shownName {
		return string(r[:shownName]) + "…"
	}
	return name
}

// nesting returns the level of an action: 1 at the top.
func nesting(a *Action) int {
	level := 1
	for box := a.Container; box.Owner != nil; box = box.Owner.Container {
		level++
	}
	return level
}
