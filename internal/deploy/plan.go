package deploy

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"isle/expr"
)

// Planned is a resource that a template deploys: copies are spread out, nested
// children have their full names, the condition is decided.
type Planned struct {
	ID, Type, Name, APIVersion string
	Deploy                     bool // the condition holds, and it is not one that only names what exists
	DependsOn                  []int

	source source
	loops  []loop
	serial int // copies of a serial loop that are deployed at a time; 0: all
}

// Plan is what a deployment will do, in template order. Not safe for concurrent use.
type Plan struct {
	Resources []Planned
	scope     *scope
	secrets   *secrets
	index     []map[string][]int // by each way to name a resource, in lower case: see named
	none      map[string]bool    // copy loops that turn not once, by name and symbol in lower case
	texts     []string           // secret texts
	hidden    *strings.Replacer  // hides them; nil for none
}

// maxResources is how many resources a template may deploy (Azure's limit).
const maxResources = 800

// NewPlan evaluates everything about a template that needs no deployed resource,
// and reports all that is wrong with it.
func NewPlan(t *Template, target Target) (*Plan, []Problem) {
	p := &Plan{scope: newScope(t, target), secrets: newSecrets(t), none: map[string]bool{}}
	p.scope.info, p.scope.members = p.describe, p.named
	p.scope.empty = func(ref string) bool { return p.none[strings.ToLower(ref)] }
	var found problems
	if t.scope != target.scope() {
		found.add("/$schema", "The template's schema is that of deployments to a %s, and this deployment is to a %s. Use https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", t.scope, target.scope())
		return nil, found.list
	}
	p.evaluateParameters(&found)
	p.checkAsserts(&found)
	for _, s := range t.resources {
		p.spread(s, &found)
	}
	if len(p.Resources) > maxResources {
		found.add("/resources", "The template deploys %d resources; the limit is %d. Split it", len(p.Resources), maxResources)
	}
	if len(found.list) > 0 {
		return nil, p.scrubbed(found)
	}
	p.refuseDoubles(&found)
	p.index = indexed(p.Resources)
	for i := range p.Resources {
		p.resolve(i, &found)
	}
	p.refuseCycle(&found)
	p.tryBodies(&found)
	p.tryOutputs(&found)
	if len(found.list) > 0 {
		return nil, p.scrubbed(found)
	}
	return p, nil
}

// evaluateParameters gives all parameters their values, and learns the secrets that
// no message may hold.
func (p *Plan) evaluateParameters(found *problems) {
	p.texts = slices.Clone(p.scope.target.Secrets)
	for _, key := range p.scope.template.order {
		name := p.scope.template.parameters[key].name
		v, err := p.scope.Lookup("parameters", []expr.Value{expr.String(name)})
		if err != nil {
			found.fault("/parameters/"+escape(name), "", err)
			continue
		}
		if p.secrets.isSecret("parameter ", key) {
			p.texts = secretTexts(v, p.texts)
		}
	}
	p.hidden = hiding(p.texts)
}

// checkAsserts holds the template to what it says of itself.
func (p *Plan) checkAsserts(found *problems) {
	for name, v := range p.scope.template.asserts.Members() {
		pointer := "/asserts/" + escape(name)
		v, err := p.scope.eval(v)
		if err != nil {
			found.fault(pointer, "The template assert '"+name+"' is not valid: ", err)
			continue
		}
		if holds, ok := v.AsBool(); !ok {
			found.add(pointer, "The template assert '%s' is of type '%s'; it must be a boolean", name, v.TypeName())
		} else if !holds {
			found.add(pointer, "The template assert '%s' does not hold", name)
		}
	}
}

// describe tells what a symbolic name stands for: "site", or "sites[0]" of a loop.
func (p *Plan) describe(ref string) (Planned, error) {
	s := p.scope
	symbol, place, looped := strings.Cut(strings.TrimSuffix(ref, "]"), "[")
	for _, source := range s.template.resources {
		if source.symbol == "" || !strings.EqualFold(source.symbol, symbol) {
			continue
		}
		mark := "resource " + strings.ToLower(ref)
		if s.busy[mark] {
			return Planned{}, failf("The template resource '%s' refers to itself: circular references are not allowed. Break the circle", ref)
		}
		s.busy[mark] = true
		outer := s.loops
		defer func() { s.loops = outer; delete(s.busy, mark) }()
		r := Planned{source: source}
		if s.loops = nil; looped {
			entry, _ := member(source.body, "copy")
			name, _ := text(entry, "name")
			index, err := strconv.Atoi(place)
			if err != nil {
				break
			}
			s.loops = []loop{{name, index}}
		}
		return r, p.identify(&r)
	}
	return Planned{}, failf("The template reference '%s' is not valid: could not find template resource or resource copy with this name. Please see https://aka.ms/arm-function-reference for usage details.", ref)
}

// scrub takes the values of secure parameters out of a text.
func (p *Plan) scrub(text string) string {
	if p.hidden == nil {
		return text
	}
	return p.hidden.Replace(text)
}

func (p *Plan) scrubbed(found problems) []Problem {
	for i := range found.list {
		found.list[i].Message = p.scrub(found.list[i].Message)
	}
	return found.list
}

// reason is an evaluation error's text: a problem found on the way keeps its own
// sentence without the frame around it.
func reason(err error) string {
	var p Problem
	if errors.As(err, &p) {
		return strings.TrimSuffix(strings.TrimPrefix(p.Message, "Deployment template validation failed: '"), "'.")
	}
	return strings.TrimSuffix(err.Error(), ".")
}

// spread adds the resource, once for each turn of its copy loop.
func (p *Plan) spread(s source, found *problems) {
	entry, looped := member(s.body, "copy")
	if !looped {
		p.add(Planned{source: s}, found)
		return
	}
	count, serial, err := p.copyOf(entry)
	if err != nil {
		found.fault(s.pointer+"/copy", "", err)
		return
	}
	name, _ := text(entry, "name")
	if count == 0 {
		p.none[strings.ToLower(name)], p.none[strings.ToLower(s.symbol)] = true, true
	}
	for i := range count {
		if !p.add(Planned{source: s, loops: []loop{{name, i}}, serial: serial}, found) || len(p.Resources) > maxResources {
			return // what is wrong with one copy is wrong with the others
		}
	}
}

// copyOf reads a resource's copy loop: how many there are, and how many of them are
// deployed at a time when the loop is serial.
func (p *Plan) copyOf(entry expr.Value) (count, serial int, err error) {
	if name, ok := text(entry, "name"); !ok || name == "" {
		return 0, 0, failf("The copy loop lacks its 'name': it is an object with 'name' and 'count'")
	}
	mode, err := p.optional(entry, "mode", expr.String("parallel"))
	if err != nil {
		return 0, 0, err
	}
	size, err := p.optional(entry, "batchSize", expr.Int(1))
	if err != nil {
		return 0, 0, err
	}
	word, _ := mode.AsString()
	n, ok := size.AsInt()
	switch {
	case !strings.EqualFold(word, "serial") && !strings.EqualFold(word, "parallel"):
		return 0, 0, failf("The copy mode '%s' is not valid: it must be 'serial' or 'parallel'", mode.Text())
	case !ok || n < 1 || n > maxCopies:
		return 0, 0, failf("The copy batchSize '%s' is not valid: it must be an integer from 1 to %d", size.Text(), maxCopies)
	case strings.EqualFold(word, "serial"):
		serial = int(n)
	}
	count, err = p.scope.count(entry)
	return count, serial, err
}

// optional evaluates a member that may be missing.
func (p *Plan) optional(v expr.Value, name string, missing expr.Value) (expr.Value, error) {
	m, ok := member(v, name)
	if !ok {
		return missing, nil
	}
	return p.scope.eval(m)
}

func (p *Plan) add(r Planned, found *problems) bool {
	s := r.source
	p.scope.loops = r.loops
	defer func() { p.scope.loops = nil }()
	if err := p.identify(&r); err != nil {
		found.fault(s.pointer, "", err)
		return false
	}
	r.Deploy = !s.existing
	if condition, ok := member(s.body, "condition"); ok {
		v, err := p.scope.eval(condition)
		if err != nil {
			found.fault(s.pointer+"/condition", "", err)
			return false
		}
		holds, ok := v.AsBool()
		if !ok {
			found.add(s.pointer+"/condition", "The condition of the resource '%s' is of type '%s'; it must be a boolean", r.Name, v.TypeName())
			return false
		}
		r.Deploy = r.Deploy && holds
	}
	p.Resources = append(p.Resources, r)
	return true
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
	base, err := p.base(r.source.body)
	if err != nil {
		return err
	}
	id, ok := resourceIDOf(base, r.Type, r.Name)
	if !ok {
		return failf("The resource '%s' of type '%s' has an incorrect number of name segments: a name has one for each segment of the type after the provider", r.Name, r.Type)
	}
	r.ID = id
	return nil
}

const groupType = "Microsoft.Resources/resourceGroups"

// resourceIDOf is the ID of a resource under a base. A resource group lies under its
// subscription without a provider.
func resourceIDOf(base, typ, name string) (string, bool) {
	if strings.EqualFold(typ, groupType) {
		return base + "/resourceGroups/" + name, !strings.Contains(name, "/")
	}
	types, names := strings.Split(typ, "/"), strings.Split(strings.Trim(name, "/"), "/")
	if len(types) < 2 || len(names) != len(types)-1 {
		return "", false
	}
	id := base + "/providers/" + types[0]
	for i, name := range names {
		id += "/" + types[i+1] + "/" + name
	}
	return id, true
}

// base is where a resource is deployed: a nested deployment may name another group
// or subscription, an extension resource the one that it extends.
func (p *Plan) base(body expr.Value) (string, error) {
	if hasMember(body, "scope") {
		scope, err := p.textOf(body, "scope")
		if err != nil {
			return "", err
		}
		if scope == "/" {
			return "", nil // the tenant
		}
		if scope = strings.Trim(scope, "/"); strings.HasPrefix(strings.ToLower(scope), "subscriptions/") {
			return "/" + scope, nil
		}
		return p.scope.target.groupID() + "/providers/" + scope, nil
	}
	subscription, group := p.scope.target.SubscriptionID, p.scope.target.Group
	if hasMember(body, "subscriptionId") && !hasMember(body, "resourceGroup") {
		group = "" // a deployment to the subscription
	}
	for _, place := range []struct {
		name string
		to   *string
	}{{"subscriptionId", &subscription}, {"resourceGroup", &group}} {
		v, _ := member(body, place.name)
		v, err := p.scope.eval(v)
		if err != nil {
			return "", err
		}
		name, ok := v.AsString()
		if !ok && !v.IsNull() {
			return "", failf("The template resource member '%s' is of type '%s'; it must be a string", place.name, v.TypeName())
		}
		if name != "" { // null and "" mean the deployment's own
			*place.to = name
		}
	}
	return scopeID(subscription, group), nil
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
		return "", failf("The template resource member '%s' is of type '%s'; it must be a string that is not empty", name, v.TypeName())
	}
	return s, nil
}
