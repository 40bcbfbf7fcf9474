package wdl

import (
	"strings"
	"testing"
	"time"

	"isle/expr"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]string{
		"PT5S": "PT5S", "P1DT12H": "P1DT12H", "P1Y2M": "P1Y2M", "PT90M": "PT1H30M", "P2W": "P14D",
		"PT0S": "PT0S", "PT0.5S": "PT0.5S", "P1.5D": "P1DT12H", "-PT5M": "-PT5M", "P90D": "P90D",
	} {
		if d, err := ParseDuration(text); err != nil || d.String() != want {
			t.Errorf("%s: %v %v", text, d, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "5M", "P5", "PT5", "PTS", "P1H", "PT1D", "P1M1Y", "PT1M1H", "P1.5M", "PT5S ", "pt5s", "PT99999999999999999999S"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q: got %v", text, d)
		}
	}
}

func TestDurationKeepsTheDayOfTheMonth(t *testing.T) {
	d, _ := ParseDuration("P1M")
	if got := d.From(at(t, "2024-01-31T10:00:00Z")); !got.Equal(at(t, "2024-02-29T10:00:00Z")) {
		t.Error(got)
	}
}

func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration{Months: rapid.IntRange(0, 600).Draw(t, "months"), Rest: time.Duration(rapid.Int64Range(0, 1<<60).Draw(t, "rest"))}
		if back, err := ParseDuration(d.String()); err != nil || back != d {
			t.Fatalf("%v: %v %v", d, back, err)
		}
	})
}

func TestPathPattern(t *testing.T) {
	for _, test := range []struct{ pattern, path, want string }{
		{"orders/{id}", "orders/7", `{"id":"7"}`},
		{"/orders/{id}/lines/{line}/", "/orders/a%2Fb/lines/x%20y", `{"id":"a/b","line":"x y"}`},
		{"orders", "orders", "null"},
		{"orders/{id}", "orders", ""}, {"orders/{id}", "orders/7/8", ""}, {"orders/{id}", "Orders/7", ""},
		{"orders/{id}", "orders/", ""}, {"a/{b}", "a/%zz", ""},
	} {
		p, err := ParsePath(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := p.Match(test.path)
		if ok != (test.want != "") || ok && string(got.JSON()) != test.want {
			t.Errorf("%s against %s: %s %v", test.pattern, test.path, got.JSON(), ok)
		}
	}
	if _, ok := (*PathPattern)(nil).Match(""); !ok {
		t.Error("no pattern matches no path")
	}
	for _, bad := range []string{"a//b", "a/{b", "a/x{b}", "{a}/{A}", "a/{}"} {
		if _, err := ParsePath(bad); err == nil {
			t.Error(bad)
		}
	}
}

type noEnv struct{}

func (noEnv) Lookup(name string, _ []expr.Value) (expr.Value, error) {
	return expr.Null(), expr.NotExpected(name)
}
func (noEnv) Now() time.Time { return time.Time{} }
func (noEnv) Random() uint64 { return 0 }

// TestRetryWaits holds the waits to the bounds of wdl-semantics §12.4.
func TestRetryWaits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Retry{Type: RetryExponential, Count: 90, Interval: time.Duration(rapid.IntRange(5, 86400).Draw(t, "interval")) * time.Second, Minimum: 5 * time.Second, Maximum: time.Duration(rapid.IntRange(5, 86400).Draw(t, "maximum")) * time.Second}
		n := rapid.IntRange(1, 90).Draw(t, "n")
		wait := r.Wait(n, rapid.Uint64().Draw(t, "random"))
		if wait < r.Minimum || wait > r.Maximum {
			t.Fatalf("retry %d waits %v", n, wait)
		}
	})
	d := DefaultLimits().retry().Default()
	for n, bounds := range map[int][2]time.Duration{1: {5 * time.Second, 7500 * time.Millisecond}, 2: {7500 * time.Millisecond, 15 * time.Second}, 3: {15 * time.Second, 30 * time.Second}, 4: {30 * time.Second, 45 * time.Second}} {
		if low, high := d.Wait(n, 0), d.Wait(n, ^uint64(0)); low != bounds[0] || high != bounds[1] {
			t.Errorf("retry %d: %v to %v", n, low, high)
		}
	}
}

func TestStatusSet(t *testing.T) {
	if s := Statuses(Failed, TimedOut, Succeeded); !s.Has(Succeeded) || !s.Has(Failed) || !s.Has(TimedOut) || s.Has(Skipped) {
		t.Error(s)
	}
	for i := range statusCount {
		if s, ok := ParseStatus(strings.ToUpper(Status(i).String())); !ok || s != Status(i) {
			t.Error(Status(i))
		}
	}
}

func compileText(t testing.TB, text string) *Program {
	t.Helper()
	v, err := expr.ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := Compile(v, expr.Null(), Options{})
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

const everyPart = `{
 "parameters":{"p":{"type":"bool","defaultValue":true}},
 "outputs":{"o":{"value":"@outputs('Sum')","type":"string"}},
 "actions":{
  "Init":{"inputs":{"variables":[{"name":"n","type":"integer"}]},"type":"InitializeVariable"},
  "Loop":{"type":"foreach","foreach":"@triggerBody()","operationOptions":"sequential","runAfter":{"Init":["SUCCEEDED"]},"actions":{
    "Get":{"type":"Http","inputs":{"method":"GET","uri":"https://x/@{item()}","retryPolicy":{"type":"fixed","count":3,"interval":"PT10S"}}},
    "Pick":{"type":"Switch","expression":"@outputs('Get')['statusCode']","runAfter":{"Get":["Succeeded","Failed"]},
      "cases":{"ok":{"case":200,"actions":{"Add":{"type":"IncrementVariable","inputs":{"name":"N"}}}}},"default":{"actions":{}}}}},
  "Sum":{"type":"Compose","inputs":{"n":"@variables('n')","r":"@result('Loop')","p":"@parameters('P')"},"runAfter":{"Loop":["Succeeded"]}},
  "Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('Sum')"},"runAfter":{"Sum":["Succeeded"]}}},
 "triggers":{"manual":{"inputs":{"method":"post","relativePath":"a/{b}"},"kind":"Http","type":"request"}},
 "contentVersion":"1.0.0.0","$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"}`

// TestProgramShape looks at what the engine builds on.
func TestProgramShape(t *testing.T) {
	p := compileText(t, everyPart)
	names := []string{}
	for i, a := range p.Actions {
		if a.Index != i || a.Container.Actions[0] > i || a.End <= i {
			t.Errorf("%s: index %d, end %d", a.Name, a.Index, a.End)
		}
		names = append(names, a.Name)
	}
	if got := strings.Join(names, " "); got != "Init Loop Get Pick Add Sum Answer" {
		t.Fatal(got)
	}
	loop, _ := p.Action("LOOP")
	pick, _ := p.Action("pick")
	add, _ := p.Action("add")
	sum, _ := p.Action("sum")
	get, _ := p.Action("get")
	if loop.End != 5 || loop.Concurrency != 1 || add.Depth != 1 || add.Loops[0] != loop.Index {
		t.Error("loop", loop.End, loop.Concurrency, add.Depth)
	}
	if len(pick.Branches) != 2 || !pick.Cases[1].IsDefault || pick.RunAfter[0].Expected != "Succeeded, Failed" {
		t.Error("switch", pick.Cases, pick.RunAfter)
	}
	if add.Variable.Index != 0 || p.Variables[0].Type != VariableInteger {
		t.Error("variable", add.Variable)
	}
	if r := sum.Reads; len(r.Results) != 1 || r.Results[0] != loop.Index || len(r.Variables) != 1 || len(r.Parameters) != 1 {
		t.Errorf("reads %+v", r)
	}
	if box := p.Root; len(box.First) != 1 || len(box.Leaves) != 1 || p.Actions[box.Leaves[0]].Name != "Answer" {
		t.Errorf("root %+v", box)
	}
	if retry, err := get.Retry.Resolve(noEnv{}); err != nil || retry.Count != 3 || retry.Wait(2, 0) != 10*time.Second {
		t.Error(retry, err)
	}
	if m := p.Triggers[0].Request; m.Method != "POST" || m.Path.String() != "a/{b}" || !p.ResponseExpected() {
		t.Error(m)
	}
}

// TestNormalisedDefinition quotes logic-api §1.6.
func TestNormalisedDefinition(t *testing.T) {
	p := compileText(t, everyPart)
	text := string(p.Definition.JSON())
	var last int
	for _, part := range []string{`{"$schema":`, `"contentVersion":`, `"parameters":{"p":{"type":"Bool"`, `"triggers":{"manual":{"type":"request","kind":"Http","inputs":`, `"actions":{"Init":{"type":"InitializeVariable","inputs"`, `"Loop":{"runAfter":{"Init":["SUCCEEDED"]},"type":"foreach","foreach"`, `"outputs":{"o":{"value":"@outputs('Sum')","type":"String"}}}`} {
		i := strings.Index(text, part)
		if i < last {
			t.Fatalf("%s stands at %d in %s", part, i, text)
		}
		last = i
	}
	again := compileText(t, text)
	if string(again.Definition.JSON()) != text {
		t.Error("normalising twice changes it")
	}
}

// TestStartTimeIsNotFarAhead quotes wdl-semantics §10.4: at most 49 years.
func TestStartTimeIsNotFarAhead(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for start, refused := range map[string]bool{"2073-01-01T00:00:00Z": false, "2073-01-02T00:00:00Z": true} {
		v, _ := expr.ParseJSON([]byte(`{"triggers":{"r":{"type":"Recurrence","recurrence":{"frequency":"Day","interval":1,"startTime":"` + start + `"}}},"actions":{}}`))
		if _, problems := Compile(v, expr.Null(), Options{Now: now}); problems.Failed() != refused {
			t.Error(start, problems)
		}
		if _, problems := Compile(v, expr.Null(), Options{}); problems.Failed() {
			t.Error("without a clock", problems)
		}
	}
}

func TestConcurrencyStays(t *testing.T) {
	limited := compileText(t, `{"triggers":{"m":{"type":"Request","runtimeConfiguration":{"concurrency":{"runs":5}}}},"actions":{}}`)
	free := compileText(t, `{"triggers":{"M":{"type":"Request"}},"actions":{}}`)
	if p := CheckUpdate(limited, free); !p.Failed() || p[0].Code != CodeInvalidConcurrency {
		t.Error(p)
	}
	if p := CheckUpdate(free, limited); p.Failed() {
		t.Error(p)
	}
}

func TestSingleTenantParametersMayBeExpressions(t *testing.T) {
	definition, _ := expr.ParseJSON([]byte(`{"triggers":{"m":{"type":"Request"}},"actions":{},"parameters":{"p":{"type":"Int","defaultValue":"@appsetting('x')"}}}`))
	p, problems := Compile(definition, expr.Null(), Options{Kind: "Stateful"})
	if p == nil || p.Parameters[0].Expression == nil {
		t.Fatal(problems)
	}
	if _, problems := Compile(definition, expr.Null(), Options{}); !problems.Failed() {
		t.Error("an Int must not be a string in consumption")
	}
}

func TestOperationTypesAreNamedOnce(t *testing.T) {
	for _, kind := range []ItemKind{TriggerItem, ActionItem} {
		seen := map[string]bool{}
		for _, typ := range Types(kind) {
			if _, _, foreign := elsewhere(string(typ)); foreign || seen[fold(string(typ))] {
				t.Error(typ)
			}
			seen[fold(string(typ))] = true
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	v, _ := expr.ParseJSON([]byte(everyPart))
	b.ReportAllocs()
	for b.Loop() {
		Compile(v, expr.Null(), Options{})
	}
}
