package wdl

import (
	"fmt"
	"strings"

	"isle/expr"
)

// role says what a template is for, which decides what it may read.
type role uint8

const (
	roleInputs    role = iota
	roleRow            // evaluated for each row of a data operation: item()
	roleUntil          // an Until's expression: the loop's children, action()
	roleTracked        // trackedProperties: action()
	roleSubscribe      // listCallbackUrl()
	roleUnsubscribe
	roleSplitOn
	roleOutput // of the workflow: anything
)

// site is a compiled template and where it stands.
type site struct {
	template *expr.Template
	owner    owner
	role     role
	at       string
}

// property names the member of the item in which the template stands.
func (s site) property() string {
	path := strings.Split(s.at, "/")
	for i := len(path) - 1; i >= 2; i-- {
		if path[i-2] == "actions" || path[i-2] == "triggers" || path[i-2] == "outputs" {
			return pointerUnescape.Replace(path[i])
		}
	}
	return "inputs"
}

// owner is the item that a template belongs to: an action, a trigger, or neither
// for an output.
type owner struct {
	action  *Action
	trigger *Trigger
	where   string // "template action 'A'", for messages
	noted   *Reads // of what is no action and no trigger; nil: nothing is noted
}

// typeUnknown reports whether the type of the item is not known, so that nothing can
// be said about what its templates may read.
func (o owner) typeUnknown(c *compiler) bool {
	return o.action != nil && !c.parsed[o.action.Index].known || o.trigger != nil && o.trigger.Type == ""
}

// template compiles a value and remembers its site; nil if it has problems.
func (c *compiler) template(n node, o owner, r role) *expr.Template {
	t, problems := c.dialect.Compile(c.settled(n))
	return c.compiled(t, problems, n, o, r)
}

// condition compiles a condition of wdl-semantics §11.3.
func (c *compiler) condition(n node, o owner, r role) *expr.Template {
	t, problems := c.dialect.CompileCondition(c.settled(n))
	return c.compiled(t, problems, n, o, r)
}

func (c *compiler) compiled(t *expr.Template, problems []expr.Problem, n node, o owner, r role) *expr.Template {
	for _, p := range problems {
		rule := RuleExpression
		if p.Code == expr.CodeLength {
			rule = RuleLimit
		}
		hint := ""
		if p.Code == expr.CodeFunction {
			hint = c.didYouMean(quoted(p.Message), c.functionNames)
		}
		c.add(Problem{Pointer: n.at + p.Pointer, Code: CodeInvalidTemplate, Rule: rule, inName: p.InName,
			Message: fmt.Sprintf(`The %s %s is not valid: "%s".%s`, o.where, position, p.Message, hint)})
	}
	if len(problems) > 0 {
		return nil
	}
	c.sites = append(c.sites, site{t, o, r, n.at})
	return t
}

// quoted returns the name that a message holds between apostrophes.
func quoted(message string) string {
	_, rest, _ := strings.Cut(message, "'")
	name, _, _ := strings.Cut(rest, "'")
	return name
}

func runes(s string) int { return len([]rune(s)) }

// missing reports a required member (wdl-semantics §15 rule 22). The rule has one code
// for members of inputs and of control actions; a type is rule 21.
func (c *compiler) missing(o owner, at, property string) {
	message := fmt.Sprintf("The %s %s is not valid: the required property '%s' is missing", o.where, position, property)
	if inputs, ok := strings.CutPrefix(property, "inputs."); ok && o.action != nil {
		message = fmt.Sprintf("The 'inputs' of workflow run action '%s' of type '%s' is not valid. Property '%s' is missing.", o.action.Name, o.action.Type, inputs)
	}
	for name := range strings.SplitSeq(property, ".") {
		if written, ok := c.misspelt(join(at, name)); ok {
			message = fmt.Sprintf("%s. The member '%s' is not known: did you mean '%s'?", strings.TrimSuffix(message, "."), written, name)
		}
	}
	code := CodeInputsMissingProperty
	if property == "type" || property == "kind" {
		code = CodeInvalidTemplate
	}
	c.add(Problem{Pointer: at, Code: code, Rule: RuleMissing, Message: message})
}

// invalid reports a member with a value that the rule does not allow.
func (c *compiler) invalid(n node, o owner, rule Rule, format string, args ...any) {
	c.report(n.at, rule, "The %s %s is not valid: %s", o.where, position, fmt.Sprintf(format, args...))
}

// unmarked warns of a text where only an expression can work: the '@' is forgotten.
func (c *compiler) unmarked(n node, o owner, property string) {
	if text, isString := n.AsString(); isString && !c.dynamic(n) {
		c.warn(n.at, RuleExpression, "The %s %s will fail: its '%s' is the text '%s', which is no expression. An expression begins with '@'", o.where, position, property, text)
	}
}

// object returns a member that must be an object, if it is there.
func (c *compiler) object(n node, name string, o owner) (node, bool) {
	m, ok := n.member(name)
	if !ok || c.dynamic(m) {
		return m, false
	}
	if !m.isObject() {
		c.invalid(m, o, RuleShape, "the property '%s' must be an object, but is %s", name, describe(m.Value))
		return m, false
	}
	return m, true
}

// integer returns a static integer, written as a number or as digits. known is
// false if the value is an expression.
func (c *compiler) integer(n node) (value int, known, ok bool) {
	if c.dynamic(n) {
		return 0, false, true
	}
	if i, isInt := n.AsInt(); isInt {
		return int(i), true, true
	}
	if f, isNumber := n.AsFloat(); isNumber && f == float64(int(f)) {
		return int(f), true, true
	}
	var i int
	s := n.text()
	if _, err := fmt.Sscanf(s, "%d", &i); err == nil && fmt.Sprint(i) == strings.TrimPrefix(s, "+") {
		return i, true, true
	}
	return 0, true, false
}
