package deploy

import (
	"errors"

	"isle/expr"
)

// Outputs evaluates the template's outputs as the API shows them: {name: {type,
// value}}. Secure ones, and those that would show a secret, have no value.
func (p *Plan) Outputs(reader Reader) (expr.Value, error) {
	s := p.scope
	s.reader, s.turns = reader, 0
	s.deployed = func(ref string) (string, bool, error) {
		return p.lookup(ref, func(int) (bool, error) { return true, nil })
	}
	defer func() { s.reader = nil }()
	var members []expr.Member
	for name, o := range s.template.outputs.Members() {
		v, shown, err := p.output(o)
		if err != nil {
			return expr.Value{}, outputError{name, err}
		}
		if shown {
			members = append(members, expr.Member{Name: name, Value: v})
		}
	}
	outputs := expr.Object(members...)
	if tooLarge(outputs) {
		return expr.Value{}, failf("The outputs are larger than %d bytes", maxSize)
	}
	return outputs, nil
}

// outputError says which output cannot be evaluated.
type outputError struct {
	name  string
	cause error
}

func (e outputError) Error() string {
	return "The template output '" + e.name + "' is not valid: " + reason(e.cause)
}

func (e outputError) Unwrap() error { return e.cause }

// output evaluates one; it is not shown when its condition does not hold.
func (p *Plan) output(o expr.Value) (shown expr.Value, holds bool, err error) {
	if condition, ok := member(o, "condition"); ok {
		v, err := p.scope.eval(condition)
		if err != nil {
			return expr.Value{}, false, err
		}
		if holds, ok := v.AsBool(); !ok {
			return expr.Value{}, false, failf("its condition is of type '%s'; it must be a boolean", v.TypeName())
		} else if !holds {
			return expr.Value{}, false, nil
		}
	}
	rules := p.scope.template.types.resolve(o)
	typ, _ := text(rules, "type")
	if isSecure(typ) {
		return expr.Object(str("type", shownType(typ))), true, nil
	}
	if p.secrets.in(o) || p.scope.template.types.secure(o) {
		return expr.Object(str("type", secureType(typ))), true, nil
	}
	v, err := p.outputValue(o)
	if err != nil {
		return expr.Value{}, false, err
	}
	nullable, _ := member(rules, "nullable")
	if may, _ := nullable.AsBool(); may && v.IsNull() {
		return expr.Object(str("type", shownType(typ)), expr.Member{Name: "value", Value: v}), true, nil
	}
	if !hasType(v, typ) {
		return expr.Value{}, false, failf("Template output JToken type is not valid. Expected '%s'. Actual '%s'", typeWords(typ), v.TypeName())
	}
	if err := p.scope.fits(v, rules.Without("value").Without("copy"), "The value"); err != nil {
		return expr.Value{}, false, err
	}
	return expr.Object(str("type", shownType(typ)), expr.Member{Name: "value", Value: v}), true, nil
}

func (p *Plan) outputValue(o expr.Value) (expr.Value, error) {
	if entry, ok := member(o, "copy"); ok {
		return p.scope.copied(entry, "")
	}
	v, _ := member(o, "value")
	return p.scope.properties(v)
}

// tryOutputs finds the mistakes of outputs that read no resource.
func (p *Plan) tryOutputs(found *problems) {
	p.scope.trial = true
	defer func() { p.scope.trial = false }()
	for name, o := range p.scope.template.outputs.Members() {
		p.scope.turns = 0
		if _, _, err := p.output(o); err != nil && !errors.As(err, new(later)) {
			found.fault("/outputs/"+escape(name), "The template output '"+name+"' is not valid: ", err)
		}
	}
}

// Parameters are the values that the deployment used, as the API shows them: secure
// ones have no value.
func (p *Plan) Parameters() expr.Value {
	var members []expr.Member
	for _, key := range p.scope.template.order {
		param := p.scope.template.parameters[key]
		switch {
		case isSecure(param.typ):
			members = append(members, obj(param.name, str("type", shownType(param.typ))))
		case param.secure() || p.secrets.isSecret("parameter ", key):
			members = append(members, obj(param.name, str("type", secureType(param.typ))))
		default:
			members = append(members, obj(param.name, str("type", shownType(param.typ)),
				expr.Member{Name: "value", Value: p.scope.parameters[key]}))
		}
	}
	return expr.Object(members...)
}
