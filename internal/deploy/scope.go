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
	Group, GroupLocation     string // "" and the deployment's location in a deployment to a subscription
	GroupTags                expr.Value
	Deployment               string
	Mode                     string // Incremental, Complete
	Link                     string // URI that the template was fetched from, "" for none
	LinkQuery                string // the query to fetch others beside it with
	Template                 expr.Value
	TemplateHash             string
	Principal                string // object ID of who deploys
	Endpoint                 string // of the resource manager, for environment()
	Authority                string
	Time                     time.Time
	Secrets                  []string // texts of the deployment that this one is nested in
	Seed                     uint64   // newGuid() draws from it, so that a repeated evaluation gives the same

	// Provider is a resource provider as the API serves it: {"namespace",
	// "resourceTypes": [{"resourceType", "locations", "apiVersions"}]}, or null.
	Provider func(namespace string) expr.Value
}

// scope is what a template must be made for.
func (t Target) scope() string {
	if t.Group == "" {
		return scopeSubscription
	}
	return scopeGroup
}

// groupID is the ID of the place that is deployed to.
func (t Target) groupID() string { return scopeID(t.SubscriptionID, t.Group) }

func scopeID(subscription, group string) string {
	if group == "" {
		return "/subscriptions/" + subscription
	}
	return "/subscriptions/" + subscription + "/resourceGroups/" + group
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
	depth    int    // of functions that the template defines
	calls    int    // of them, in all
	spent    int    // evaluations of lambdas, in all
	deployed func(ref string) (id string, ready bool, err error)
	info     func(ref string) (Planned, error) // what a symbolic name stands for
	members  func(ref string) []int            // the planned resources that a name means
	empty    func(ref string) bool             // it means a copy loop that turns not once
	dialect  *expr.Dialect

	functions  map[string]func(args []expr.Value) (expr.Value, error) // by lower-case name
	parameters map[string]expr.Value
	variables  map[string]expr.Value
	busy       map[string]bool // parameters and variables under evaluation: a cycle comes back to one
	failed     map[string]bool // those that cannot be evaluated
	loops      []loop          // innermost last
	drawn      uint64
}

func newScope(t *Template, target Target) *scope {
	s := &scope{template: t, target: target, dialect: t.dialect,
		parameters: map[string]expr.Value{}, variables: map[string]expr.Value{}, busy: map[string]bool{}, failed: map[string]bool{}}
	s.functions = s.answers()
	return s
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

// maxLambdas is how often the lambdas of a whole template may be evaluated.
const maxLambdas = 2_000_000

// Spend implements expr.Metered.
func (s *scope) Spend() error {
	if s.spent++; s.spent > maxLambdas {
		return failf("The lambdas of the template are evaluated more than %d times", maxLambdas)
	}
	return nil
}

// Lookup implements expr.Env.
func (s *scope) Lookup(name string, args []expr.Value) (expr.Value, error) {
	key := strings.ToLower(name)
	if f, ok := s.template.functions[key]; ok {
		return s.call(f, args)
	}
	if answer, ok := s.functions[key]; ok {
		return answer(args)
	}
	if strings.HasPrefix(key, "list") {
		return s.list(name, args)
	}
	return expr.Value{}, failf("The template function '%s' is not supported in a deployment to a %s", name, s.target.scope())
}

// answers are the functions that a deployment answers, by lower-case name.
func (s *scope) answers() map[string]func(args []expr.Value) (expr.Value, error) {
	always := func(value func() expr.Value) func([]expr.Value) (expr.Value, error) {
		return func([]expr.Value) (expr.Value, error) { return value(), nil }
	}
	return map[string]func(args []expr.Value) (expr.Value, error){
		"parameters": func(args []expr.Value) (expr.Value, error) {
			return s.named(args, "parameter", s.parameters, s.parameter)
		},
		"variables":                 func(args []expr.Value) (expr.Value, error) { return s.named(args, "variable", s.variables, s.variable) },
		"copyindex":                 s.copyIndex,
		"resourcegroup":             s.resourceGroup,
		"subscription":              always(s.subscription),
		"tenant":                    always(s.tenant),
		"deployer":                  always(s.deployer),
		"deployment":                always(s.deployment),
		"environment":               always(s.environment),
		"providers":                 s.providers,
		"pickzones":                 pickZones,
		"tologicalzone":             logicalZone,
		"tologicalzones":            eachZone(logicalZone),
		"tophysicalzone":            physicalZone,
		"tophysicalzones":           eachZone(physicalZone),
		"resourceid":                s.resourceID,
		"subscriptionresourceid":    s.subscriptionResourceID,
		"managementgroupresourceid": managementGroupResourceID,
		"tenantresourceid":          func(args []expr.Value) (expr.Value, error) { return joined("tenantResourceId", "", args) },
		"extensionresourceid":       extensionResourceID,
		"resourceinfo":              s.resourceInfo,
		"reference":                 s.reference,
		"references":                s.references,
	}
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
