package deploy

import (
	"strings"
	"time"

	"isle/expr"
)

// Target is where a template is deployed, and when: all that its functions may
// ask about besides the template itself.
type Target struct {
	TenantID, SubscriptionID string
	Group, GroupLocation     string
	GroupTags                expr.Value
	Deployment               string
	Endpoint                 string // of the resource manager, for environment()
	Authority                string
	Time                     time.Time
	Seed                     uint64 // newGuid() draws from it, so that a repeated evaluation gives the same
}

func (t Target) groupID() string {
	return "/subscriptions/" + t.SubscriptionID + "/resourceGroups/" + t.Group
}

// Reader reads resources that exist: for reference() and the list functions.
// Its errors end the evaluation and are the resource's error.
type Reader interface {
	// Reference gives the resource's view: the whole of it as the API serves it.
	Reference(id, apiVersion string) (expr.Value, error)
	// List posts to an action, such as listKeys, and gives its answer.
	List(id, action, apiVersion string, body expr.Value) (expr.Value, error)
}

// waiting is the error of an evaluation that needs a resource of the same template
// which is not deployed yet.
type waiting struct{ id string }

func (w waiting) Error() string { return "the resource '" + w.id + "' is not deployed yet" }

// later is the error of an evaluation on trial that needs a deployed resource.
type later struct{}

func (later) Error() string { return "resources can be read only while the deployment runs" }

// reported is the error of an evaluation that needs a parameter or variable which
// could not be evaluated before.
type reported struct{}

func (reported) Error() string { return "a value that is needed cannot be evaluated" }

// maxSize bounds a value, in bytes of roughly its JSON: what a template may make of a
// few lines.
const maxSize = 8 << 20

// scope evaluates a template's expressions: it is their expr.Env.
type scope struct {
	template *Template
	target   Target
	reader   Reader // nil while only names, conditions and counts are evaluated
	trial    bool   // reading a resource ends the evaluation with later
	turns    int    // of copy loops in this evaluation
	deployed func(ref string) (id string, ready bool, err error)
	dialect  *expr.Dialect

	parameters map[string]expr.Value
	variables  map[string]expr.Value
	busy       map[string]bool // parameters and variables under evaluation: a cycle comes back to one
	failed     map[string]bool // those that cannot be evaluated
	loops      []loop          // innermost last
	drawn      uint64
}

func newScope(t *Template, target Target) *scope {
	return &scope{template: t, target: target, dialect: expr.ResourceTemplate(),
		parameters: map[string]expr.Value{}, variables: map[string]expr.Value{}, busy: map[string]bool{}, failed: map[string]bool{}}
}

// eval evaluates a JSON tree of templates.
func (s *scope) eval(v expr.Value) (expr.Value, error) {
	template, found := s.dialect.Compile(v)
	if len(found) > 0 {
		return expr.Value{}, failf("%s", found[0].Message)
	}
	return template.Eval(s)
}

// Now implements expr.Env: every utcNow() of a deployment gives the same time.
func (s *scope) Now() time.Time { return s.target.Time }

// Random implements expr.Env by a splitmix64 sequence from the deployment's seed.
func (s *scope) Random() uint64 {
	s.drawn++
	z := s.target.Seed + s.drawn*0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// Lookup implements expr.Env.
func (s *scope) Lookup(name string, args []expr.Value) (expr.Value, error) {
	switch strings.ToLower(name) {
	case "parameters":
		return s.named(args, "parameter", s.parameters, s.parameter)
	case "variables":
		return s.named(args, "variable", s.variables, s.variable)
	case "copyindex":
		return s.copyIndex(args)
	case "resourcegroup":
		return s.resourceGroup(), nil
	case "subscription":
		return s.subscription(), nil
	case "tenant":
		return expr.Object(expr.Member{Name: "tenantId", Value: expr.String(s.target.TenantID)}), nil
	case "deployment":
		return s.deployment(), nil
	case "environment":
		return s.environment(), nil
	case "providers":
		return providers(args)
	case "resourceid":
		return s.resourceID(args)
	case "subscriptionresourceid":
		return s.subscriptionResourceID(args)
	case "tenantresourceid":
		return joined("", args)
	case "extensionresourceid":
		base, _ := first(args).AsString()
		return joined(base, rest(args))
	case "reference":
		return s.reference(args)
	}
	if strings.HasPrefix(strings.ToLower(name), "list") {
		return s.list(name, args)
	}
	return expr.Value{}, failf("The template function '%s' is not supported in a deployment to a resource group", name)
}

// named gives a parameter's or variable's value, computing it once.
func (s *scope) named(args []expr.Value, kind string, known map[string]expr.Value, compute func(key string) (expr.Value, bool, error)) (expr.Value, error) {
	name, _ := first(args).AsString()
	key := strings.ToLower(name)
	if v, ok := known[key]; ok {
		return v, nil
	}
	mark := kind + " " + key
	if s.failed[mark] {
		return expr.Value{}, reported{}
	}
	if s.busy[mark] {
		return expr.Value{}, failf("The template %s '%s' refers to itself: circular references are not allowed. Break the circle", kind, name)
	}
	s.busy[mark] = true
	defer delete(s.busy, mark)
	loops := s.loops
	s.loops = nil // a value that is shared knows no loop around its first use
	v, ok, err := compute(key)
	s.loops = loops
	if err != nil {
		s.failed[mark] = true
		return expr.Value{}, err
	}
	if !ok {
		return expr.Value{}, failf("The template %s '%s' is not found. Declare it under '%ss' of the template, or correct its name", kind, name, kind)
	}
	if tooLarge(v) {
		return expr.Value{}, failf("The template %s '%s' has a value of more than %d bytes", kind, name, maxSize)
	}
	known[key] = v
	return v, nil
}

// tooLarge bounds values: a few variables that double each other make millions.
func tooLarge(v expr.Value) bool {
	left := int64(maxSize)
	return !fits(v, &left)
}

func fits(v expr.Value, left *int64) bool {
	switch v.Kind() {
	case expr.KindArray:
		for _, e := range v.Elements() {
			if !fits(e, left) {
				return false
			}
		}
	case expr.KindObject:
		for name, m := range v.Members() {
			*left -= int64(len(name))
			if !fits(m, left) {
				return false
			}
		}
	case expr.KindString:
		s, _ := v.AsString()
		*left -= int64(len(s))
	}
	*left -= 4
	return *left >= 0
}

func (s *scope) parameter(key string) (expr.Value, bool, error) {
	p, ok := s.template.parameters[key]
	if !ok || !p.computed {
		return p.value, ok, nil
	}
	v, err := s.eval(p.value)
	if err != nil {
		return expr.Value{}, false, err
	}
	p.value = v
	var found problems
	p.check("/parameters/"+escape(p.name), &found)
	if len(found.list) > 0 {
		return expr.Value{}, false, found.list[0]
	}
	return v, true, nil
}

func (s *scope) variable(key string) (expr.Value, bool, error) {
	copies, _ := member(s.template.variables, "copy")
	for _, c := range copies.Elements() {
		if name, _ := text(c, "name"); strings.EqualFold(name, key) {
			v, err := s.copied(c, name)
			return v, true, err
		}
	}
	v, ok := member(s.template.variables, key)
	if !ok {
		return expr.Value{}, false, nil
	}
	v, err := s.properties(v)
	return v, true, err
}

func first(args []expr.Value) expr.Value {
	if len(args) == 0 {
		return expr.Null()
	}
	return args[0]
}

func rest(args []expr.Value) []expr.Value {
	if len(args) == 0 {
		return nil
	}
	return args[1:]
}
