package deploy

import (
	"errors"
	"slices"
	"strings"

	"isle/expr"
)

// Planned is a resource that a template deploys: copies are spread out, nested
// children have their full names, the condition is decided.
type Planned struct {
	ID, Type, Name, APIVersion string
	Deploy                     bool // the condition holds
	DependsOn                  []int

	source source
	loops  []loop
	symbol string
}

// Plan is what a deployment will do, in template order.
type Plan struct {
	Resources []Planned
	scope     *scope
}

// NewPlan evaluates everything about a template that needs no deployed resource,
// and reports all that is wrong with it.
func NewPlan(t *Template, target Target) (*Plan, []Problem) {
	p := &Plan{scope: newScope(t, target)}
	var found problems
	for _, key := range t.order {
		name := t.parameters[key].name
		if _, err := p.scope.Lookup("parameters", []expr.Value{expr.String(name)}); err != nil {
			found.add("/parameters/"+escape(name), "%s", reason(err))
		}
	}
	for _, s := range t.resources {
		p.spread(s, &found)
	}
	if len(found.list) > 0 {
		return nil, found.list
	}
	p.refuseDoubles(&found)
	for i := range p.Resources {
		p.resolve(i, &found)
	}
	p.refuseCycle(&found)
	p.scope.deployed = func(ref string) (string, bool, error) { return "", false, nil }
	return p, found.list
}

// reason is an evaluation error's text: a problem found on the way keeps its own
// sentence without the frame around it.
func reason(err error) string {
	var p Problem
	if errors.As(err, &p) {
		return strings.TrimSuffix(strings.TrimPrefix(p.Message, "Deployment template validation failed: '"), "'.")
	}
	return err.Error()
}

// spread adds the resource, once for each turn of its copy loop.
func (p *Plan) spread(s source, found *problems) {
	entry, looped := member(s.body, "copy")
	if !looped || entry.Kind() != expr.KindObject {
		p.add(s, nil, found)
		return
	}
	name, _ := text(entry, "name")
	count, err := p.scope.count(entry)
	if err != nil {
		found.add(s.pointer+"/copy", "%s", reason(err))
		return
	}
	for i := range count {
		p.add(s, []loop{{name, i}}, found)
	}
}

func (p *Plan) add(s source, loops []loop, found *problems) {
	p.scope.loops = loops
	defer func() { p.scope.loops = nil }()
	r := Planned{source: s, loops: loops, symbol: s.symbol, Deploy: true}
	if err := p.identify(&r); err != nil {
		found.add(s.pointer, "%s", reason(err))
		return
	}
	if condition, ok := member(s.body, "condition"); ok {
		v, err := p.scope.eval(condition)
		if err != nil {
			found.add(s.pointer+"/condition", "%s", reason(err))
			return
		}
		holds, ok := v.AsBool()
		if !ok {
			found.add(s.pointer+"/condition", "The condition of the resource '%s' is of type '%s'; it must be a boolean.", r.Name, v.TypeName())
			return
		}
		r.Deploy = holds
	}
	p.Resources = append(p.Resources, r)
}

// identify gives the resource its type, name and ID: those of a nested one follow
// its parent's.
func (p *Plan) identify(r *Planned) error {
	typ, name, err := p.fullName(&r.source)
	if err != nil {
		return err
	}
	r.Type, r.Name = typ, name
	if r.APIVersion, err = p.textOf(r.source.body, "apiVersion"); err != nil {
		return err
	}
	base := p.scope.target.groupID()
	group, _ := member(r.source.body, "resourceGroup")
	if group.Kind() == expr.KindString {
		other, err := p.textOf(r.source.body, "resourceGroup")
		if err != nil {
			return err
		}
		base = "/subscriptions/" + p.scope.target.SubscriptionID + "/resourceGroups/" + other
	}
	id, err := joined(base, []expr.Value{expr.String(r.Type), expr.String(r.Name)})
	if err != nil {
		return failf("The resource '%s' of type '%s' has an incorrect number of name segments: a name has one for each segment of the type after the provider.", r.Name, r.Type)
	}
	r.ID, _ = id.AsString()
	return nil
}

func (p *Plan) fullName(s *source) (typ, name string, err error) {
	if typ, err = p.textOf(s.body, "type"); err != nil {
		return "", "", err
	}
	if name, err = p.textOf(s.body, "name"); err != nil {
		return "", "", err
	}
	typ = strings.Trim(typ, "/")
	if s.parent == nil {
		return typ, name, nil
	}
	parentType, parentName, err := p.fullName(s.parent)
	if err != nil {
		return "", "", err
	}
	if !strings.Contains(typ, "/") || !strings.HasPrefix(strings.ToLower(typ), strings.ToLower(parentType)+"/") {
		typ = parentType + "/" + typ
	}
	if strings.Count(name, "/") < strings.Count(typ, "/")-1 {
		name = parentName + "/" + name
	}
	return typ, name, nil
}

func (p *Plan) textOf(body expr.Value, name string) (string, error) {
	v, _ := member(body, name)
	v, err := p.scope.eval(v)
	if err != nil {
		return "", err
	}
	s, ok := v.AsString()
	if !ok || s == "" {
		return "", failf("The template resource member '%s' is of type '%s'; it must be a string that is not empty.", name, v.TypeName())
	}
	return s, nil
}

func (p *Plan) refuseDoubles(found *problems) {
	seen := map[string]bool{}
	for _, r := range p.Resources {
		key := strings.ToLower(r.ID)
		if r.Deploy && seen[key] {
			found.add(r.source.pointer, "The resource '%s' is defined multiple times in a template.", r.Name)
		}
		seen[key] = seen[key] || r.Deploy
	}
}

// resolve turns dependsOn, which names resources by ID, name, symbol or loop, into
// places in the plan. What the condition leaves out is no dependency.
func (p *Plan) resolve(i int, found *problems) {
	r := &p.Resources[i]
	list, ok := member(r.source.body, "dependsOn")
	if !ok {
		return
	}
	p.scope.loops = r.loops
	defer func() { p.scope.loops = nil }()
	list, err := p.scope.eval(list)
	if err != nil {
		found.add(r.source.pointer+"/dependsOn", "%s", reason(err))
		return
	}
	for _, e := range list.Elements() {
		name, ok := e.AsString()
		if !ok {
			found.add(r.source.pointer+"/dependsOn", "The dependsOn of the resource '%s' holds a value of type '%s'; it takes names and IDs of resources.", r.Name, e.TypeName())
			continue
		}
		targets := p.named(name)
		if len(targets) == 0 {
			found.add(r.source.pointer+"/dependsOn", "The resource '%s' is not defined in the template. It is a dependency of the resource '%s'.", name, r.Name)
			continue
		}
		for _, t := range targets {
			if t != i && p.Resources[t].Deploy && !slices.Contains(r.DependsOn, t) {
				r.DependsOn = append(r.DependsOn, t)
			}
		}
	}
}

// named finds the planned resources that a reference means.
func (p *Plan) named(ref string) []int {
	tests := []func(Planned) bool{
		func(r Planned) bool { return strings.EqualFold(r.ID, ref) },
		func(r Planned) bool { return strings.EqualFold(r.Type+"/"+r.Name, ref) },
		func(r Planned) bool { return r.symbol != "" && strings.EqualFold(r.symbol, ref) },
		func(r Planned) bool { return len(r.loops) > 0 && strings.EqualFold(r.loops[0].name, ref) },
		func(r Planned) bool { return strings.EqualFold(r.Name, ref) },
		func(r Planned) bool { return strings.EqualFold(lastSegment(r.Name), ref) },
	}
	for _, test := range tests {
		var found []int
		for i, r := range p.Resources {
			if test(r) {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func lastSegment(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// refuseCycle reports the first cycle of dependsOn by the names on it.
func (p *Plan) refuseCycle(found *problems) {
	done := make([]bool, len(p.Resources))
	var path []int
	var visit func(i int) []int
	visit = func(i int) []int {
		if at := slices.Index(path, i); at >= 0 {
			return append(slices.Clone(path[at:]), i)
		}
		if done[i] {
			return nil
		}
		path = append(path, i)
		for _, d := range p.Resources[i].DependsOn {
			if cycle := visit(d); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		done[i] = true
		return nil
	}
	for i := range p.Resources {
		cycle := visit(i)
		if cycle == nil {
			continue
		}
		names := make([]string, len(cycle))
		for n, c := range cycle {
			names[n] = p.Resources[c].Name
		}
		found.add(p.Resources[i].source.pointer, "Circular dependency detected on resource: '%s'. The resources wait for each other: remove one of these dependsOn.", strings.Join(names, "' -> '"))
		return
	}
}

// notBody are the members of a template resource that are not part of what is sent.
var notBody = []string{"type", "name", "apiVersion", "condition", "copy", "dependsOn", "resources", "comments", "resourceGroup", "subscriptionId", "scope"}

// Body evaluates what is to be sent for a resource. The deployed function says of a
// resource of this plan whether it is there; when the body needs one that is not,
// the error is of type waiting.
func (p *Plan) Body(i int, reader Reader, deployed func(int) (ready bool, err error)) (expr.Value, error) {
	r := p.Resources[i]
	s := p.scope
	s.loops, s.reader = r.loops, reader
	s.deployed = func(ref string) (string, bool, error) { return p.lookup(ref, deployed) }
	defer func() { s.loops, s.reader = nil, nil }()
	var members []expr.Member
	for name, m := range r.source.body.Members() {
		if slices.ContainsFunc(notBody, func(n string) bool { return strings.EqualFold(n, name) }) {
			continue
		}
		evaluate := s.properties
		if name == "properties" && r.isNestedDeployment() {
			evaluate = s.nested
		}
		v, err := evaluate(m)
		if err != nil {
			return expr.Value{}, err
		}
		members = append(members, expr.Member{Name: name, Value: v})
	}
	return expr.Object(members...), nil
}

func (r Planned) isNestedDeployment() bool {
	return strings.EqualFold(r.Type, TypeName)
}

// nested evaluates a nested deployment's properties: with the scope "inner" its
// template is left to the inner deployment, by default this template's parameters
// and variables are meant.
func (s *scope) nested(properties expr.Value) (expr.Value, error) {
	options, _ := member(properties, "expressionEvaluationOptions")
	inner, _ := text(options, "scope")
	if !strings.EqualFold(inner, "inner") {
		return s.properties(properties)
	}
	var members []expr.Member
	for name, m := range properties.Members() {
		if !strings.EqualFold(name, "template") {
			v, err := s.properties(m)
			if err != nil {
				return expr.Value{}, err
			}
			m = v
		}
		members = append(members, expr.Member{Name: name, Value: m})
	}
	return expr.Object(members...), nil
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
		return "", false, failf("The resource '%s' that an expression refers to is not defined in the template, and is not a resource ID.", ref)
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

// Outputs evaluates the template's outputs as the API shows them: {name: {type,
// value}}; a secure one has no value.
func (p *Plan) Outputs(reader Reader) (expr.Value, error) {
	s := p.scope
	s.reader = reader
	s.deployed = func(ref string) (string, bool, error) {
		return p.lookup(ref, func(int) (bool, error) { return true, nil })
	}
	defer func() { s.reader = nil }()
	var members []expr.Member
	for name, o := range s.template.outputs.Members() {
		typ, _ := text(o, "type")
		if condition, ok := member(o, "condition"); ok {
			v, err := s.eval(condition)
			if err != nil {
				return expr.Value{}, err
			}
			if holds, _ := v.AsBool(); !holds {
				continue
			}
		}
		if strings.HasPrefix(strings.ToLower(typ), "secure") {
			members = append(members, obj(name, str("type", typ)))
			continue
		}
		value, _ := member(o, "value")
		v, err := s.properties(value)
		if err != nil {
			return expr.Value{}, failf("The output '%s' cannot be evaluated: %s", name, err)
		}
		members = append(members, obj(name, str("type", typ), expr.Member{Name: "value", Value: v}))
	}
	return expr.Object(members...), nil
}

// Parameters are the values that the deployment used, as the API shows them: secure
// ones have no value.
func (p *Plan) Parameters() expr.Value {
	var members []expr.Member
	for _, key := range p.scope.template.order {
		param := p.scope.template.parameters[key]
		shown := []expr.Member{str("type", param.rulesType())}
		if !param.secure() {
			shown = append(shown, expr.Member{Name: "value", Value: p.scope.parameters[key]})
		}
		members = append(members, obj(param.name, shown...))
	}
	return expr.Object(members...)
}

// rulesType is the type in the API's spelling.
func (p parameter) rulesType() string {
	t, _ := text(p.rules, "type")
	return t
}
