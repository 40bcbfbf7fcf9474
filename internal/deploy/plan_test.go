package deploy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"isle/expr"
)

// written makes a template of its sections, written with single quotes for double
// ones and with backquotes for single ones.
func written(t testing.TB, sections string) expr.Value {
	t.Helper()
	return parsed(t, `{'$schema':'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#','contentVersion':'1.0.0.0',`+sections+`}`)
}

func parsed(t testing.TB, quoted string) expr.Value {
	t.Helper()
	v, err := expr.ParseJSON([]byte(strings.NewReplacer("'", `"`, "`", "'").Replace(quoted)))
	if err != nil {
		t.Fatalf("%v in %s", err, quoted)
	}
	return v
}

// thing is a resource with that name and those members.
func thing(name, members string) string {
	return `{'type':'Test.Things/things','apiVersion':'2024-01-01','name':'` + name + `'` + members + `}`
}

func TestValuesOfParameters(t *testing.T) {
	for _, tt := range []struct{ name, rules, given, want, problem string }{
		{"string", `'type':'String'`, `{'value':'x'}`, `"x"`, ""},
		{"a string in brackets is data", `'type':'string'`, `{'value':'[parameters(1)]'}`, `"[parameters(1)]"`, ""},
		{"int", `'type':'int'`, `{'value':3}`, `3`, ""},
		{"bool", `'type':'BOOL'`, `{'value':false}`, `false`, ""},
		{"array", `'type':'array'`, `{'value':[1]}`, `[1]`, ""},
		{"object", `'type':'object'`, `{'value':{'a':1}}`, `{"a":1}`, ""},
		{"secure string", `'type':'securestring'`, `{'value':'x'}`, `"x"`, ""},
		{"secure object", `'type':'secureObject'`, `{'value':{}}`, `{}`, ""},
		{"a computed default", `'type':'string','defaultValue':'[concat(resourceGroup().location, ` + "`-`" + `, deployment().name)]'`, ``, `"westeurope-first"`, ""},
		{"null where it may be", `'type':'string','nullable':true`, ``, `null`, ""},
		{"a number for a string", `'type':'string'`, `{'value':3}`, "", "Expected 'String, Uri'. Actual 'Integer'"},
		{"a string for a number", `'type':'int'`, `{'value':'3'}`, "", "Expected 'Integer'. Actual 'String'"},
		{"a string for a boolean", `'type':'bool'`, `{'value':'true'}`, "", "Expected 'Boolean'"},
		{"an object for an array", `'type':'array'`, `{'value':{}}`, "", "Expected 'Array'"},
		{"a default of another type", `'type':'int','defaultValue':'x'`, ``, "", "Expected 'Integer'"},
		{"one of the allowed", `'type':'string','allowedValues':['a','b']`, `{'value':'b'}`, `"b"`, ""},
		{"none of the allowed", `'type':'string','allowedValues':['a','b']`, `{'value':'c'}`, "", "allowed value(s): 'a,b'"},
		{"a secret is not shown", `'type':'securestring','allowedValues':['a']`, `{'value':'hunter2'}`, "", "'(secure)'"},
		{"some of the allowed", `'type':'array','allowedValues':['a','b']`, `{'value':['b','a']}`, `["b","a"]`, ""},
		{"too small", `'type':'int','minValue':2`, `{'value':1}`, "", "must be at least 2"},
		{"too large", `'type':'int','maxValue':2`, `{'value':3}`, "", "must be at most 2"},
		{"at the bounds", `'type':'int','minValue':2,'maxValue':2`, `{'value':2}`, `2`, ""},
		{"too short", `'type':'string','minLength':3`, `{'value':'äö'}`, "", "length must be at least 3"},
		{"too long", `'type':'array','maxLength':1`, `{'value':[1,2]}`, "", "length must be at most 1"},
		{"missing", `'type':'string'`, ``, "", "is not provided"},
		{"a default that is null is none", `'type':'string','defaultValue':null`, ``, "", "is not provided"},
		{"unknown type", `'type':'number'`, `{'value':1}`, "", "must be one of 'string, securestring, int"},
		{"key vault", `'type':'securestring'`, `{'reference':{'keyVault':{'id':'/x'},'secretName':'s'}}`, "", "refers to a key vault"},
		{"refers to itself", `'type':'string','defaultValue':'[parameters(` + "`p`" + `)]'`, ``, "", "refers to itself"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values := expr.Object()
			if tt.given != "" {
				values = parsed(t, `{'P':`+tt.given+`}`)
			}
			plan, found := planOf(written(t, `'parameters':{'p':{`+tt.rules+`}},'resources':[]`), values)
			if tt.problem != "" {
				if len(found) != 1 || !strings.Contains(found[0].Message, tt.problem) || found[0].Pointer != "/parameters/p" || found[0].Code != "InvalidTemplate" || strings.Contains(found[0].Message, "hunter2") {
					t.Errorf("problems: %v", found)
				}
				return
			}
			if len(found) > 0 {
				t.Fatal(found)
			}
			if got := string(plan.scope.parameters["p"].JSON()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestProblems holds each mistake to its pointer and sentence.
func TestProblems(t *testing.T) {
	for _, tt := range []struct{ name, sections, pointer, message string }{
		{"unknown function", `'resources':[` + thing("a", `,'properties':{'x':'[nope()]'}`) + `]`, "/resources/0/properties/x", "'nope' is not"},
		{"wrong arity", `'resources':[` + thing("a", `,'properties':{'x':'[length()]'}`) + `]`, "/resources/0/properties/x", "length"},
		{"cannot be parsed", `'resources':[` + thing("a", `,'properties':{'x':'[concat(]'}`) + `]`, "/resources/0/properties/x", "Unable to parse"},
		{"unknown parameter", `'resources':[` + thing("a", `,'properties':{'x':'[parameters(`+"`q`"+`)]'}`) + `]`, "/resources/0/properties/x", "The template parameter 'q' is not found"},
		{"unknown variable", `'outputs':{'o':{'type':'string','value':'[variables(` + "`q`" + `)]'}},'resources':[]`, "/outputs/o/value", "The template variable 'q' is not found"},
		{"unknown in an inner template", `'resources':[{'type':'Microsoft.Resources/deployments','apiVersion':'2021-04-01','name':'n','properties':{'mode':'Incremental','expressionEvaluationOptions':{'scope':'inner'},
			'template':{'$schema':'x','contentVersion':'1.0.0.0','resources':[` + thing("[variables(`q`)]", "") + `]}}}]`, "/resources/0/properties/template/resources/0/name", "variable 'q'"},
		{"reference in a variable", `'variables':{'v':'[reference(` + "`x`" + `)]'},'resources':[]`, "/variables/v", "is not expected at this location"},
		{"reference in a name", `'resources':[` + thing("[reference(`x`).a]", "") + `]`, "/resources/0", "is not expected at this location"},
		{"utcNow outside a default", `'resources':[` + thing("a", `,'properties':{'x':'[utcNow()]'}`) + `]`, "/resources/0/properties/x", "default value of a parameter"},
		{"copyIndex outside a loop", `'resources':[` + thing("[string(copyIndex())]", "") + `]`, "/resources/0", "only within a copy loop"},
		{"variables in a circle", `'variables':{'a':'[variables(` + "`b`" + `)]','b':'[variables(` + "`a`" + `)]'},'resources':[` + thing("[variables(`a`)]", "") + `]`, "/resources/0", "refers to itself"},
		{"a property that is not there", `'variables':{'a':{}},'resources':[` + thing("a", `,'properties':'[variables(`+"`a`"+`).b]'`) + `]`, "/resources/0", "property 'b' doesn't exist"},
		{"condition that is no boolean", `'resources':[` + thing("a", `,'condition':'yes'`) + `]`, "/resources/0/condition", "must be a boolean"},
		{"no name", `'resources':[{'type':'Test.Things/things','apiVersion':'2024-01-01'}]`, "/resources/0", "lacks the member 'name'"},
		{"no apiVersion", `'resources':[{'type':'Test.Things/things','name':'a'}]`, "/resources/0", "lacks the member 'apiVersion'"},
		{"no resources", `'variables':{}`, "/resources", "'resources' is missing"},
		{"too few names", `'resources':[{'type':'Test.Things/things/parts','apiVersion':'2024-01-01','name':'a'}]`, "/resources/0", "incorrect number of name segments"},
		{"count too large", `'resources':[` + thing("a[x]", `,'copy':{'name':'c','count':801}`) + `]`, "/resources/0/copy", "from 0 to 800"},
		{"count is no number", `'resources':[` + thing("a", `,'copy':{'name':'c','count':'many'}`) + `]`, "/resources/0/copy", "from 0 to 800"},
		{"copy without a name", `'resources':[` + thing("a", `,'copy':{'count':2}`) + `]`, "/resources/0/copy", "lacks its 'name'"},
		{"copy mode", `'resources':[` + thing("a", `,'copy':{'name':'c','count':2,'mode':'random'}`) + `]`, "/resources/0/copy", "'serial' or 'parallel'"},
		{"batch size", `'resources':[` + thing("a", `,'copy':{'name':'c','count':2,'mode':'serial','batchSize':0}`) + `]`, "/resources/0/copy", "batchSize"},
		{"copies of one name", `'resources':[` + thing("a", `,'copy':{'name':'c','count':2}`) + `]`, "/resources/0", "defined multiple times"},
		{"twice", `'resources':[` + thing("a", "") + `,` + thing("A", "") + `]`, "/resources/1", "defined multiple times"},
		{"depends on nothing there", `'resources':[` + thing("a", `,'dependsOn':['b']`) + `]`, "/resources/0/dependsOn", "The resource 'b' is not defined in the template. It is a dependency of the resource 'a'"},
		{"depends on a number", `'resources':[` + thing("a", `,'dependsOn':[1]`) + `]`, "/resources/0/dependsOn", "takes names and IDs"},
		{"dependsOn is no array", `'resources':[` + thing("a", `,'dependsOn':'b'`) + `,` + thing("b", "") + `]`, "/resources/0/dependsOn", "must be an array"},
		{"depends on itself", `'resources':[` + thing("a", `,'dependsOn':['a']`) + `]`, "/resources/0/dependsOn", "Circular dependency"},
		{"a circle", `'resources':[` + thing("a", `,'dependsOn':['b']`) + `,` + thing("b", `,'dependsOn':['c']`) + `,` + thing("c", `,'dependsOn':['a']`) + `]`, "/resources/0", "'a' -> 'b' -> 'c' -> 'a'"},
		{"resourceId without a type", `'resources':[` + thing("a", `,'properties':{'x':'[resourceId(`+"`a`, `b`"+`)]'}`) + `]`, "/resources/0", "requires exactly one multi-segmented argument"},
		{"resourceId with too few names", `'resources':[` + thing("a", `,'properties':{'x':'[resourceId(`+"`A.B/c/d`, `b`"+`)]'}`) + `]`, "/resources/0", "requires '2' resource name"},
		{"output of another type", `'outputs':{'o':{'type':'int','value':'x'}},'resources':[]`, "/outputs/o", "Expected 'Integer'. Actual 'String'"},
		{"output without a type", `'outputs':{'o':{'value':'x'}},'resources':[]`, "/outputs/o", "Its type must be one of"},
		{"output without a value", `'outputs':{'o':{'type':'int'}},'resources':[]`, "/outputs/o", "lacks the member 'value'"},
		{"variables that double each other", doubling(30), "/resources/0", "more than 8388608 bytes"},
		{"lambdas without end", `'variables':{` + strings.Join([]string{`'a':'[map(range(0, 900), lambda(` + "`i`, map(range(0, 900), lambda(`j`, 1))" + `))]'`, `'b':'[map(range(0, 900), lambda(` + "`i`, map(range(0, 900), lambda(`j`, 1))" + `))]'`,
			`'c':'[map(range(0, 900), lambda(` + "`i`, map(range(0, 900), lambda(`j`, 1))" + `))]'`}, ",") + `},'resources':[` + thing("a", `,'properties':{'x':'[length(variables(`+"`a`"+`))]','y':'[length(variables(`+"`b`"+`))]','z':'[length(variables(`+"`c`"+`))]'}`) + `]`, "/resources/0", "more than 2000000 times"},
		{"loops in loops", `'variables':{'v':{'copy':[{'name':'a','count':800,'input':{'copy':[{'name':'b','count':800,'input':1}]}}]}},'resources':[` + thing("a", `,'properties':'[variables(`+"`v`"+`)]'`) + `]`, "/resources/0", "turn more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, found := planOf(written(t, tt.sections), expr.Object())
			if len(found) != 1 || found[0].Pointer != tt.pointer || !strings.Contains(found[0].Message, tt.message) || found[0].Code != "InvalidTemplate" {
				t.Errorf("problems: %v", found)
			}
		})
	}
}

// TestLimits holds templates to the documented limits, and just below them to none.
func TestLimits(t *testing.T) {
	many := func(n int, format string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(list, ",")
	}
	for _, tt := range []struct {
		pointer, message string
		sections         func(over int) string
	}{
		{"/parameters", "exceeds the limit of '256'", func(n int) string {
			return `'parameters':{` + many(256+n, `'p%d':{'type':'int','defaultValue':1}`) + `},'resources':[]`
		}},
		{"/variables", "exceeds the limit of '256'", func(n int) string { return `'variables':{` + many(256+n, `'v%d':1`) + `},'resources':[]` }},
		{"/outputs", "exceeds the limit of '64'", func(n int) string {
			return `'resources':[],'outputs':{` + many(64+n, `'o%d':{'type':'int','value':1}`) + `}`
		}},
		{"/resources", "exceeds the limit of '800'", func(n int) string { return `'resources':[` + many(800+n, thing("r%d", "")) + `]` }},
		{"/variables/v", "longer than the limit of 24576", func(n int) string {
			return `'variables':{'v':'[concat(` + "`" + strings.Repeat("x", 24576-10+n) + "`" + `)]'},'resources':[]`
		}},
		{"", "the limit is 4194304", func(n int) string {
			return `'variables':{'v':'` + strings.Repeat("x", 4194304-156+n*100) + `'},'resources':[]`
		}},
	} {
		if _, found := planOf(written(t, tt.sections(0)), expr.Object()); len(found) > 0 {
			t.Errorf("%s, at the limit: %s", tt.message, brief(found[0].Message))
		}
		_, found := planOf(written(t, tt.sections(1)), expr.Object())
		if len(found) != 1 || found[0].Pointer != tt.pointer || !strings.Contains(found[0].Message, tt.message) || len(found[0].Message) > 2000 {
			t.Errorf("%s, above it: %d problems, the first %s", tt.message, len(found), brief(fmt.Sprint(found)))
		}
	}
}

func doubling(n int) string {
	list := []string{`'v0':'0123456789'`}
	for i := range n {
		list = append(list, fmt.Sprintf("'v%d':'[createArray(variables(`v%d`), variables(`v%d`))]'", i+1, i, i))
	}
	return `'variables':{` + strings.Join(list, ",") + `},'resources':[` + thing("a", fmt.Sprintf(",'properties':'[variables(`v%d`)]'", n)) + `]`
}

func TestEveryProblemIsTold(t *testing.T) {
	_, found := planOf(written(t, `'parameters':{'p':{'type':'string'},'q':{'type':'int'}},'resources':[`+
		thing("[nope()]", `,'dependsOn':['[variables(`+"`x`"+`)]']`)+`,{'type':'a'}],'outputs':{'o':{'type':'thing','value':'[newGuid()]'}}`),
		parsed(t, `{'q':{'value':'x'},'r':{'value':1}}`))
	var pointers []string
	for _, f := range found {
		pointers = append(pointers, f.Pointer)
	}
	slices.Sort(pointers)
	want := []string{"/outputs/o", "/outputs/o/value", "/parameters", "/parameters/p", "/parameters/q", "/resources/0/dependsOn/0", "/resources/0/name", "/resources/1"}
	if !slices.Equal(pointers, want) {
		t.Errorf("got  %v\nwant %v", pointers, want)
	}
}

// bodies evaluates what a plan sends, by name.
func bodies(t *testing.T, plan *Plan) map[string]string {
	t.Helper()
	sent := map[string]string{}
	for i, r := range plan.Resources {
		v, err := plan.Body(i, nil, func(int) (bool, error) { return true, nil })
		if err != nil {
			t.Fatal(err)
		}
		sent[r.Name] = string(v.JSON())
	}
	return sent
}

func mustPlan(t *testing.T, sections, values string) *Plan {
	t.Helper()
	plan, found := planOf(written(t, sections), parsed(t, values))
	if len(found) > 0 {
		t.Fatal(found)
	}
	return plan
}

func TestBodies(t *testing.T) {
	plan := mustPlan(t, `'parameters':{'p':{'type':'string','defaultValue':'[newGuid()]'}},
		'variables':{'unused':'[parameters(`+"`p`"+`).nothing]','v':'[concat(variables(`+"`w`"+`), `+"`!`"+`)]','w':'W','copy':[{'name':'list','count':2,'input':'[copyIndex(`+"`list`"+`, 5)]'}],
			'inside':{'copy':[{'name':'pairs','count':2,'input':{'n':'[copyIndex(`+"`pairs`"+`)]'}}],'kept':true}},
		'resources':[`+
		thing("a", `,'location':'here','comments':'none','properties':{'v':'[variables(`+"`V`"+`)]','list':'[variables(`+"`list`"+`)]','inside':'[variables(`+"`inside`"+`)]','esc':'[[x]','open':'[x',
			'copy':[{'name':'disks','count':2,'input':{'n':'[copyIndex(`+"`disks`"+`)]','t':'[concat(`+"`[`, `]`"+`)]'}}]}`)+`,`+
		thing("[concat(`c`, copyIndex(1))]", `,'copy':{'name':'loop','count':2},'tags':{'[concat(`+"`k`, `ey`"+`)]':'[string(copyIndex())]'}`)+`]`, `{}`)
	got := bodies(t, plan)
	for name, want := range map[string]string{
		"a":  `{"location":"here","properties":{"v":"W!","list":[5,6],"inside":{"pairs":[{"n":0},{"n":1}],"kept":true},"esc":"[x]","open":"[x","disks":[{"n":0,"t":"[]"},{"n":1,"t":"[]"}]}}`,
		"c1": `{"tags":{"key":"0"}}`,
		"c2": `{"tags":{"key":"1"}}`,
	} {
		if got[name] != want {
			t.Errorf("%s: %s\nwant %s", name, got[name], want)
		}
	}
}

func TestNamesAndDependencies(t *testing.T) {
	const id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/Group/providers/Test.Things/things/"
	nested := `,'resources':[{'type':'parts','apiVersion':'2024-01-01','name':'p','dependsOn':['[resourceId(` + "`Test.Things/things/`, `a`" + `)]']},
		{'type':'Test.Things/things/parts','apiVersion':'2024-01-01','name':'a/q'}]`
	plan := mustPlan(t, `'resources':[`+strings.Join([]string{
		thing("a", nested),
		thing("off", `,'condition':'[equals(1, 2)]'`),
		thing("[concat(`c`, copyIndex())]", `,'copy':{'name':'loop','count':5,'mode':'Serial','batchSize':2}`),
		thing("byname", `,'dependsOn':['a','off']`),
		thing("bytype", `,'dependsOn':['Test.Things/things/a','[resourceId(`+"`Test.Things/things/parts`, `a`, `p`"+`)]']`),
		thing("byloop", `,'dependsOn':['loop']`),
		thing("other", `,'dependsOn':['[resourceId(subscription().subscriptionId, resourceGroup().name, `+"`test.things/THINGS`, `a`"+`)]']`),
	}, ",")+`]`, `{}`)
	place := map[string]int{}
	for i, r := range plan.Resources {
		place[r.Name] = i
	}
	for name, want := range map[string][]string{
		"a": nil, "off": nil, "a/p": {"a"}, "a/q": {"a"}, "c0": nil, "c1": nil, "c2": {"c0", "c1"}, "c4": {"c2", "c3"},
		"byname": {"a"}, "bytype": {"a", "a/p"}, "byloop": {"c0", "c1", "c2", "c3", "c4"}, "other": {"a"},
	} {
		var got []string
		for _, d := range plan.Resources[place[name]].DependsOn {
			got = append(got, plan.Resources[d].Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s depends on %v, want %v", name, got, want)
		}
	}
	if got := plan.Resources[place["a/p"]]; got.ID != id+"a/parts/p" || got.Type != "Test.Things/things/parts" {
		t.Errorf("the child is %s of type %s", got.ID, got.Type)
	}
	if plan.Resources[place["off"]].Deploy {
		t.Error("the condition does not hold")
	}
}

func TestSymbolicNames(t *testing.T) {
	plan := mustPlan(t, `'languageVersion':'2.0','resources':{'first':`+thing("a", "")+`,'there':`+thing("old", `,'existing':true`)+`,'second':`+thing("b", `,'dependsOn':['first','there']`)+`}`, `{}`)
	if r := plan.Resources[2]; !slices.Equal(r.DependsOn, []int{0}) || plan.Resources[1].Deploy {
		t.Errorf("second depends on %v; there is deployed: %v", r.DependsOn, plan.Resources[1].Deploy)
	}
}

func TestResourceIDs(t *testing.T) {
	const group = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/"
	for expression, want := range map[string]string{
		"resourceId('A.B/c', 'x')":                                                  group + "Group/providers/A.B/c/x",
		"resourceId('A.B/c/', 'x')":                                                 group + "Group/providers/A.B/c/x",
		"resourceId('A.B/c/d', 'x', 'y')":                                           group + "Group/providers/A.B/c/x/d/y",
		"resourceId('other', 'A.B/c', 'x')":                                         group + "other/providers/A.B/c/x",
		"resourceId('33333333-3333-3333-3333-333333333333', 'other', 'A.B/c', 'x')": "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/other/providers/A.B/c/x",
		"resourceId('s', 'other', 'A.B/c', 'x')":                                    "error: The provided value 's' is not valid subscription identifier",
		"resourceId('A.B/c', 'x/y')":                                                "error: Unable to evaluate template language function 'resourceId': function requires exactly one multi-segmented",
		"subscriptionResourceId('A.B/c/d', 'x', 'y')":                               "/subscriptions/22222222-2222-2222-2222-222222222222/providers/A.B/c/x/d/y",
		"subscriptionResourceId('s', 'A.B/c', 'x')":                                 "/subscriptions/s/providers/A.B/c/x",
		"tenantResourceId('A.B/c', 'x')":                                            "/providers/A.B/c/x",
		"extensionResourceId(resourceId('A.B/c', 'x'), 'D.E/f', 'y')":               group + "Group/providers/A.B/c/x/providers/D.E/f/y",
		"resourceGroup().id":                                                        group + "Group",
		"resourceGroup().tags.stage":                                                "test",
		"subscription().id":                                                         "/subscriptions/22222222-2222-2222-2222-222222222222",
		"subscription().tenantId":                                                   "11111111-1111-1111-1111-111111111111",
		"tenant().tenantId":                                                         "11111111-1111-1111-1111-111111111111",
		"deployment().name":                                                         "first",
		"environment().resourceManager":                                             "https://isle.test:7443/",
		"environment().suffixes.storage":                                            "core.windows.net",
		"providers('Microsoft.Logic', 'workflows').apiVersions[0]":                  "2019-05-01",
		"concat(managementGroupResourceId('A.B/c', 'x'))":                           "error: The template function 'managementGroupResourceId' needs the management group",
		"managementGroupResourceId('m', 'A.B/c', 'x')":                              "/providers/Microsoft.Management/managementGroups/m/providers/A.B/c/x",
		"providers('Microsoft.Logic').namespace":                                    "error: The template function 'providers' does not know",
		"extensionResourceId(resourceId('A.B/c', 'x'), 'D.E/f', 'y', 'z')":          "error: Unable to evaluate",
	} {
		t.Run(expression, func(t *testing.T) {
			plan := mustPlan(t, `'resources':[]`, `{}`)
			v, err := plan.scope.eval(expr.String("[" + expression + "]"))
			got, _ := v.AsString()
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != want && !(err != nil && strings.HasPrefix(want, "error: ") && strings.HasPrefix(got, want)) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestNewGUIDIsDrawnOnce(t *testing.T) {
	sections := `'parameters':{'a':{'type':'string','defaultValue':'[newGuid()]'},'b':{'type':'string','defaultValue':'[newGuid()]'}},'resources':[]`
	first, again := mustPlan(t, sections, `{}`).Parameters(), mustPlan(t, sections, `{}`).Parameters()
	if !expr.Equal(first, again) {
		t.Errorf("a plan made again differs: %s, %s", first.JSON(), again.JSON())
	}
	a, _ := first.Get("a")
	b, _ := first.Get("b")
	if expr.Equal(a, b) {
		t.Error("two are the same")
	}
}

// TestSecretsAreNotShown: outputs and parameters that lead to a secret have no value,
// and no message holds one.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = "hunter2-hunter2"
	output := func(name, value string) string {
		return `'` + name + `':{'type':'string','value':'[` + value + `]'}`
	}
	plan := mustPlan(t, `'parameters':{'s':{'type':'securestring'},'o':{'type':'secureobject'},'plain':{'type':'string','defaultValue':'p'},
			'derived':{'type':'string','defaultValue':'[concat(parameters(`+"`S`"+`), `+"`x`"+`)]'}},
		'variables':{'direct':'[parameters(`+"`s`"+`)]','far':'[variables(`+"`direct`"+`)]','clean':'[parameters(`+"`plain`"+`)]','copy':[{'name':'list','count':1,'input':'[parameters(`+"`s`"+`)]'}]},
		'resources':[],'outputs':{`+strings.Join([]string{
		output("a", "parameters(`s`)"), output("b", "concat(`x`, variables(`FAR`))"), output("c", "variables(`list`)[0]"),
		output("d", "parameters(concat(`s`, ``))"), output("e", "variables(concat(`far`, ``))"), output("f", "parameters(`o`).x"),
		output("g", "parameters(`derived`)"), output("h", "listKeys(`/x`, `2024-01-01`).key"), output("clean", "variables(`clean`)"),
		`'i':{'type':'securestring','value':'x'}`,
	}, ",")+`}`, `{'s':{'value':'`+secret+`'},'o':{'value':{'x':'`+secret+`'}}}`)
	outputs, err := plan.Outputs(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range outputs.Members() {
		if want := name != "clean"; hasMember(o, "value") == want {
			t.Errorf("output %s: %s", name, o.JSON())
		}
	}
	for _, shown := range []expr.Value{outputs, plan.Parameters()} {
		if strings.Contains(string(shown.JSON()), secret) {
			t.Errorf("shown: %s", shown.JSON())
		}
	}
	if got := plan.scrub("'" + secret + "' is no name"); strings.Contains(got, secret) {
		t.Error(got)
	}
	_, found := planOf(written(t, `'parameters':{'s':{'type':'securestring'}},'resources':[`+thing("a", `,'properties':{'n':'[int(parameters(`+"`s`"+`))]'}`)+`]`), parsed(t, `{'s':{'value':'`+secret+`'}}`))
	if len(found) != 1 || strings.Contains(found[0].Message, secret) {
		t.Errorf("problems: %v", found)
	}
}

func TestSecretsThatGoIntoNestedDeployments(t *testing.T) {
	nested := func(name, options, parameters, template string) string {
		return `{'type':'Microsoft.Resources/deployments','apiVersion':'2021-04-01','name':'` + name + `','properties':{'mode':'Incremental'` + options + parameters +
			`,'template':{'$schema':'x','contentVersion':'1.0.0.0',` + template + `}}}`
	}
	plan := mustPlan(t, `'parameters':{'s':{'type':'securestring'}},'resources':[`+
		nested("outer", "", "", `'resources':[`+thing("x", `,'properties':{'b':'[concat(`+"`[`, `]`"+`)]'}`)+`],'outputs':{'o':{'type':'string','value':'[parameters(`+"`s`"+`)]'}}`)+`,`+
		nested("inner", `,'expressionEvaluationOptions':{'scope':'inner'}`, `,'parameters':{'p':{'value':'[parameters(`+"`s`"+`)]'}}`,
			`'parameters':{'p':{'type':'string'}},'resources':[`+thing("x", `,'properties':{'b':'[parameters(`+"`p`"+`)]'}`)+`]`)+`]`,
		`{'s':{'value':'hunter2-hunter2'}}`)
	got := bodies(t, plan)
	if !strings.Contains(got["outer"], `"outputs":{"o":{"type":"SecureString"`) || !strings.Contains(got["outer"], `"b":"[[]"`) {
		t.Errorf("outer: %s", got["outer"])
	}
	if !strings.Contains(got["inner"], `"parameters":{"p":{"type":"SecureString"}}`) || !strings.Contains(got["inner"], `"b":"[parameters('p')]"`) {
		t.Errorf("inner: %s", got["inner"])
	}
}

func TestOutputs(t *testing.T) {
	plan := mustPlan(t, `'resources':[],'outputs':{'a':{'type':'STRING','value':'x'},'off':{'condition':'[bool(`+"`false`"+`)]','type':'string','value':'x'},
		'list':{'type':'array','copy':{'count':2,'input':'[copyIndex()]'}}}`, `{}`)
	got, err := plan.Outputs(nil)
	if want := `{"a":{"type":"String","value":"x"},"list":{"type":"Array","value":[0,1]}}`; err != nil || string(got.JSON()) != want {
		t.Errorf("got %s, %v", got.JSON(), err)
	}
}

// FuzzPlan: no input makes the planner panic, hang or give neither plan nor problems.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"template":{"$schema":"s","contentVersion":"1","resources":[{"type":"A.B/c","apiVersion":"2024-01-01","name":"[concat('x', copyIndex())]","copy":{"name":"n","count":3},"dependsOn":[]}]},"parameters":{}}`))
	f.Add([]byte(`{"template":{"$schema":"s","contentVersion":"1","parameters":{"p":{"type":"int"}},"variables":{"copy":[{"name":"v","count":2,"input":"[copyIndex('v')]"}]},"resources":{"a":{"type":"A.B/c","apiVersion":"1","name":"x","existing":true}},"outputs":{"o":{"type":"array","value":"[variables('v')]"}}},"parameters":{"p":{"value":1}}}`))
	f.Add([]byte(`{"template":{"$schema":"s","contentVersion":"1","resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"1","name":"x","properties":{"template":{"resources":[]}},"resources":[{"type":"y","name":"z","apiVersion":"1"}]}]}}`))
	f.Add([]byte(`{"template":{"$schema":"s","contentVersion":"1","languageVersion":"2.0","definitions":{"t":{"type":"object","properties":{"l":{"$ref":"#/definitions/t","nullable":true}}}},"functions":[{"namespace":"n","members":{"f":{"parameters":[{"name":"x","type":"int"}],"output":{"type":"int","value":"[n.f(parameters('x'))]"}}}}],"parameters":{"p":{"$ref":"#/definitions/t"}},"resources":{"a":{"type":"A.B/c","apiVersion":"1","name":"[string(n.f(1))]","copy":{"name":"a","count":2},"dependsOn":["a[0]"],"properties":{"x":"[references('a')]","y":"[resourceInfo('a').id]","z":"[map(range(0, 3), lambda('i', lambdaVariables('i')))]"}}},"asserts":{"a":true}},"parameters":{"p":{"value":{"l":{}}}}}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		v, err := expr.ParseJSON(input)
		if err != nil {
			t.Skip()
		}
		template, _ := member(v, "template")
		plan, found := planOf(template, object(v, "parameters"))
		if (plan == nil) == (len(found) == 0) {
			t.Fatalf("plan %v, problems %v", plan, found)
		}
		if plan == nil {
			return
		}
		for i := range plan.Resources {
			_, _ = plan.Body(i, nil, func(int) (bool, error) { return true, nil })
		}
		_, _ = plan.Outputs(nil)
		plan.Parameters()
	})
}
