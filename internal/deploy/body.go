package deploy

import (
	"errors"
	"strings"

	"isle/expr"
)

// isBody reports whether a member of a template resource is part of what is sent.
func isBody(name string) bool {
	switch strings.ToLower(name) {
	case "type", "name", "apiversion", "condition", "copy", "dependson", "resources", "comments", "metadata", "resourcegroup", "subscriptionid", "scope", "existing":
		return false
	}
	return true
}

// Body evaluates what is to be sent for a resource. The deployed function says of a
// resource of this plan whether it is there; when the body needs one that is not,
// the error is of type waiting.
func (p *Plan) Body(i int, reader Reader, deployed func(int) (ready bool, err error)) (expr.Value, error) {
	s := p.scope
	s.reader, s.turns = reader, 0
	s.deployed = func(ref string) (string, bool, error) { return p.lookup(ref, deployed) }
	defer func() { s.reader = nil }()
	return p.body(p.Resources[i])
}

func (p *Plan) body(r Planned) (expr.Value, error) {
	s := p.scope
	s.loops = r.loops
	defer func() { s.loops = nil }()
	var members []expr.Member
	for name, m := range r.source.body.Members() {
		if !isBody(name) {
			continue
		}
		evaluate := s.properties
		if strings.EqualFold(name, "properties") && strings.EqualFold(r.Type, TypeName) {
			evaluate = p.nested
		}
		v, err := evaluate(m)
		if err != nil {
			return expr.Value{}, err
		}
		members = append(members, expr.Member{Name: name, Value: v})
	}
	body := expr.Object(members...)
	if tooLarge(body) {
		return expr.Value{}, failf("The resource '%s' is larger than %d bytes", r.Name, maxSize)
	}
	return body, nil
}

// tryBodies evaluates what is to be sent as far as it goes without a deployed
// resource, so that its mistakes are known before anything is deployed.
func (p *Plan) tryBodies(found *problems) {
	p.scope.trial = true
	defer func() { p.scope.trial = false }()
	said := map[string]bool{}
	for _, r := range p.Resources {
		if !r.Deploy || said[r.source.pointer] {
			continue
		}
		p.scope.turns = 0
		if _, err := p.body(r); err != nil && !errors.As(err, new(later)) {
			said[r.source.pointer] = true
			found.fault(r.source.pointer, "Unable to process template language expressions for resource '"+r.ID+"'. ", err)
		}
	}
}

// nested evaluates a nested deployment's properties: with the scope "inner" its
// template is left to the inner deployment, by default this template's parameters
// and variables are meant, and what they gave is data for the inner one. A secret
// that goes in becomes a secure parameter or output there, and its text is told, so
// that no error and no exported template there shows it.
func (p *Plan) nested(properties expr.Value) (expr.Value, error) {
	inner := isInner(properties)
	given, _ := member(properties, "parameters")
	linked := !hasMember(properties, "template")
	var members []expr.Member
	for name, m := range properties.Members() {
		var err error
		switch {
		case strings.EqualFold(name, "parameters") && (linked || inner):
			if m, err = p.scope.properties(m); err == nil {
				m = p.markSecrets(m, given)
			}
		case strings.EqualFold(name, "template") && inner:
			m = p.secureParameters(m, given)
		case strings.EqualFold(name, "template"):
			m = p.secureOutputs(m)
			if m, err = p.scope.properties(m); err == nil {
				m = quoted(m)
			}
		default:
			if m, err = p.scope.properties(m); err == nil {
				m, err = p.nestedMember(name, m)
			}
		}
		if err != nil {
			return expr.Value{}, err
		}
		members = append(members, expr.Member{Name: name, Value: m})
	}
	nested := expr.Object(members...)
	if len(p.texts) > 0 {
		nested = nested.With(secureMember, textArray(p.texts))
	}
	return nested, nil
}

func textArray(texts []string) expr.Value {
	list := make([]expr.Value, len(texts))
	for i, text := range texts {
		list[i] = expr.String(text)
	}
	return expr.Array(list...)
}

// nestedMember makes a member of a nested deployment's properties what is sent. Only
// the deployment itself may be in mode Complete.
func (p *Plan) nestedMember(name string, m expr.Value) (expr.Value, error) {
	switch mode, _ := m.AsString(); {
	case strings.EqualFold(name, "templateLink"):
		return p.scope.target.relative(m)
	case strings.EqualFold(name, "mode") && strings.EqualFold(mode, modeComplete):
		return expr.Value{}, failf("A nested deployment cannot be in mode 'Complete': it would delete what this one deploys. Use 'Incremental'")
	}
	return m, nil
}

// markSecrets marks those values for a template evaluated on its own that are secret here.
func (p *Plan) markSecrets(values, given expr.Value) expr.Value {
	for name, v := range given.Members() {
		if evaluated, ok := member(values, name); ok && evaluated.Kind() == expr.KindObject && p.secrets.in(v) {
			values = values.With(name, evaluated.With(secureMember, expr.Bool(true)))
		}
	}
	return values
}

// secureParameters declares those parameters of an inner template secure that are
// given a secret.
func (p *Plan) secureParameters(template, given expr.Value) expr.Value {
	parameters := object(template, "parameters")
	for name, rules := range parameters.Members() {
		if v, ok := member(given, name); ok && rules.Kind() == expr.KindObject && p.secrets.in(v) {
			parameters = parameters.With(name, secured(rules))
			template = template.With("parameters", parameters)
		}
	}
	return template
}

// secureOutputs makes those outputs of a template secure that are secret here.
func (p *Plan) secureOutputs(template expr.Value) expr.Value {
	outputs := object(template, "outputs")
	for name, o := range outputs.Members() {
		if o.Kind() == expr.KindObject && p.secrets.in(o) {
			typ, _ := text(o, "type")
			outputs = outputs.With(name, o.With("type", expr.String(secureType(typ))))
			template = template.With("outputs", outputs)
		}
	}
	return template
}

// secured gives a declaration the secure form of its type, where there is one.
func secured(declaration expr.Value) expr.Value {
	typ, _ := text(declaration, "type")
	switch strings.ToLower(typ) {
	case "string", "object":
		return declaration.With("type", expr.String(secureType(typ)))
	}
	return declaration
}

// lookup resolves what reference() and the list functions name. What the plan does
// not deploy is taken for an ID that exists already.
func (p *Plan) lookup(ref string, deployed func(int) (bool, error)) (string, bool, error) {
	id := ref
	for _, i := range p.named(ref) {
		id = p.Resources[i].ID
		if !p.Resources[i].Deploy {
			continue
		}
		ready, err := deployed(i)
		return id, ready, err
	}
	if parent, ok := p.deploysParent(ref); ok {
		ready, err := deployed(parent)
		return id, ready, err
	}
	if !strings.HasPrefix(id, "/") {
		return "", false, failf("The resource '%s' that an expression refers to is not defined in the template, and is not a resource ID", ref)
	}
	return id, true, nil
}

// deploysParent finds the planned resource that the ID lies under: a workflow for the
// ID of its trigger.
func (p *Plan) deploysParent(id string) (int, bool) {
	best, found := 0, false
	for i, r := range p.Resources {
		if r.Deploy && len(id) > len(r.ID) && id[len(r.ID)] == '/' && strings.EqualFold(id[:len(r.ID)], r.ID) &&
			(!found || len(r.ID) > len(p.Resources[best].ID)) {
			best, found = i, true
		}
	}
	return best, found
}
