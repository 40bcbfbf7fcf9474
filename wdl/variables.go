package wdl

import (
	"fmt"
	"slices"
	"strings"

	"isle/expr"
)

// variableTypes are the canonical spellings (wdl-semantics §11.9).
var variableTypes = [...]VariableType{VariableArray, VariableBoolean, VariableFloat, VariableInteger, VariableObject, VariableString}

func canonicalVariableType(name string) (VariableType, bool) {
	for _, t := range variableTypes {
		if strings.EqualFold(string(t), name) {
			return t, true
		}
	}
	return VariableType(name), false
}

// initializeAction reads an InitializeVariable: a list of variables, or the old
// form with name, type and value in the inputs themselves.
func (c *compiler) initializeAction(a *Action, n node) {
	o := c.owner(a)
	a.Variable = &VariableUse{Index: -1}
	if parent := a.Container.Owner; parent != nil {
		c.add(Problem{Pointer: n.at, Code: CodeInvalidVariableInitialization, Rule: RuleVariableInit,
			Message: fmt.Sprintf("The variable action '%s' of type 'InitializeVariable' cannot be nested in an action of type '%s'.", a.Name, parent.Type)})
	}
	inputs, _ := c.object(n, "inputs", o)
	list, ok := inputs.member("variables")
	entries := []node{}
	if ok && !list.isArray() {
		c.invalid(list, o, RuleShape, "the property 'variables' must be an array, but is %s", describe(list.Value))
		return
	}
	for _, entry := range list.elements() {
		entries = append(entries, entry)
	}
	if _, flat := inputs.member("name"); !ok && flat {
		entries = append(entries, inputs)
	}
	if len(entries) == 0 {
		c.add(Problem{Pointer: join(n.at, "inputs"), Code: CodeInvalidVariableInitialization, Rule: RuleVariableInit,
			Message: fmt.Sprintf("The variable action '%s' of type 'InitializeVariable' declares no variable: 'inputs.variables' needs an entry.", a.Name)})
	}
	for _, entry := range entries {
		c.declaration(a, entry, o)
	}
}

// declaration reads one declared variable.
func (c *compiler) declaration(a *Action, n node, o owner) {
	name, _ := n.member("name")
	typ, hasType := n.member("type")
	if name.text() == "" {
		c.missing(o, n.at, "inputs.variables.name")
		return
	}
	if !hasType {
		c.missing(o, n.at, "inputs.variables.type")
	}
	canonical, known := canonicalVariableType(typ.text())
	if hasType && !known {
		c.invalid(typ, o, RuleVariableType, "the variable type '%s' is none of Array, Boolean, Float, Integer, Object, String", typ.Text())
	}
	index := len(c.program.Variables)
	if first, taken := c.program.variables[fold(name.text())]; taken {
		other := c.program.Actions[c.program.Variables[first].Action]
		c.add(Problem{Pointer: n.at, Code: CodeInvalidVariableInitialization, Rule: RuleVariableInit,
			Message: fmt.Sprintf("The variable '%s' of action '%s' is already initialized by action '%s'.", name.text(), a.Name, other.Name)})
	} else {
		c.program.variables[fold(name.text())] = index
	}
	c.program.Variables = append(c.program.Variables, Variable{Name: name.text(), Type: canonical, Action: a.Index})
	d := Declaration{Index: index}
	if value, ok := n.member("value"); ok {
		d.Value = c.template(value, o, roleInputs)
		if known {
			if what, bad := c.staticMismatch(d.Value, value, canonical); bad {
				c.invalid(value, o, RuleVariableType, "the variable '%s' of type '%s' cannot hold %s", name.text(), canonical, what)
			}
		}
	}
	a.Variable.Declared = append(a.Variable.Declared, d)
}

// staticMismatch returns what a variable of the type cannot hold, if that is known
// now (wdl-semantics §15 rule 18).
func (c *compiler) staticMismatch(t *expr.Template, n node, typ VariableType) (string, bool) {
	if t == nil || c.unknown(n) {
		return "", false
	}
	value, static := t.Literal()
	if !static {
		if n.Kind() == expr.KindString {
			return "", false
		}
		value = n.Value
	}
	return describeNumber(value), !typ.Accepts(value)
}

// variableAction reads an action that changes a variable. Which one it is, is known
// when all declarations have been read: see declareVariables.
func (c *compiler) variableAction(a *Action, n node) {
	o := c.owner(a)
	a.Variable = &VariableUse{Index: -1}
	inputs, ok := c.object(n, "inputs", o)
	if !ok {
		return
	}
	name, _ := inputs.member("name")
	a.Variable.Name = name.text()
	value, ok := inputs.member("value")
	if v, present := inputs.Get("value"); !ok && present {
		value.Value, ok = v, true
	}
	if !ok {
		if a.Type != TypeIncrementVariable && a.Type != TypeDecrementVariable {
			c.missing(o, inputs.at, "inputs.value")
		}
		return
	}
	a.Variable.Value = c.template(value, o, roleInputs)
}

// declareVariables joins variable actions with their variables and checks static
// values.
func (c *compiler) declareVariables() {
	for _, a := range c.program.Actions {
		if a.Variable == nil || a.Type == TypeInitializeVariable || a.Variable.Name == "" {
			continue
		}
		n := c.parsed[a.Index]
		index, ok := c.program.variables[fold(a.Variable.Name)]
		if !ok {
			c.uninitialized(n.at, a, a.Variable.Name)
			continue
		}
		a.Variable.Index = index
		c.variableOperation(a, n.node, c.program.Variables[index])
	}
}

func (c *compiler) uninitialized(at string, a *Action, name string) {
	if c.hidden {
		return
	}
	hint := ""
	if _, declared := c.program.variables[fold(name)]; !declared {
		hint = c.didYouMean(name, c.variableNames)
	}
	c.add(Problem{Pointer: at, Code: CodeInvalidVariableOperation, Rule: RuleVariableUse,
		Message: fmt.Sprintf("The inputs of workflow run action '%s' of type '%s' are not valid. The variable '%s' must be initialized before it can be used inside action '%s'.%s", a.Name, a.Type, name, a.Name, hint)})
}

// variableOperation warns of an action that does not suit its variable: the service
// saves it, and the action fails when it runs.
func (c *compiler) variableOperation(a *Action, n node, v Variable) {
	o := c.owner(a)
	value, hasValue := n.path("inputs.value")
	allowed, element := []VariableType{v.Type}, v.Type
	switch a.Type {
	case TypeIncrementVariable, TypeDecrementVariable:
		allowed, element = []VariableType{VariableInteger, VariableFloat}, VariableFloat
	case TypeAppendToStringVariable:
		allowed, element = []VariableType{VariableString}, ""
	case TypeAppendToArrayVariable:
		allowed, element = []VariableType{VariableArray}, ""
	}
	if _, known := canonicalVariableType(string(v.Type)); !known {
		return
	}
	if !slices.Contains(allowed, v.Type) {
		c.warn(n.at, RuleVariableType, "The %s %s will fail: an action of type '%s' cannot change the variable '%s' of type '%s'", o.where, position, a.Type, v.Name, v.Type)
		return
	}
	if !hasValue || element == "" {
		return
	}
	if what, bad := c.staticMismatch(a.Variable.Value, value, element); bad {
		c.warn(value.at, RuleVariableType, "The %s %s will fail: the variable '%s' of type '%s' cannot hold %s", o.where, position, v.Name, v.Type, what)
	}
}
