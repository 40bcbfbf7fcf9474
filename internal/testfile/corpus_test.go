package testfile

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/wdl"
)

var rewrite = flag.Bool("rewrite", false, "write what the runs do into testdata")

// TestCorpus runs every real definition to its end: the trigger brings what its
// schema says, every call is answered with what the definition parses it as.
// testdata/corpus.txt has a line for each: how it ended and, if it failed, the first
// action that did and why; or the types for which it is refused. Made-up values
// explain most failures; what no line may say is an unexpected end.
func TestCorpus(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "[0-9]*.json"))
	if len(paths) == 0 {
		t.Skip("SKIPPED: the shared corpus is not there (../shared/corpus): nothing was run")
	}
	var got bytes.Buffer
	for _, path := range paths {
		number := strings.TrimSuffix(filepath.Base(path), ".json")
		end := rehearse(t, path)
		if strings.Contains(end, "InternalServerError") {
			t.Errorf("%s: %s", number, end)
		}
		fmt.Fprintf(&got, "%s %s\n", number, end)
	}
	const golden = "testdata/corpus.txt"
	if *rewrite {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, got.Bytes()) {
		return
	}
	was := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got.String(), "\n") {
		if i >= len(was) || line != was[i] {
			t.Errorf("got  %s", line)
			if i < len(was) {
				t.Errorf("want %s", was[i])
			}
		}
	}
}

// rehearse runs the definition of one file of the corpus and says how it ended.
func rehearse(t *testing.T, path string) string {
	source := corpusSource(t, path)
	settings := madeUpSettings(source)
	workflow, problems := Compile(source, settings)
	if workflow == nil {
		return "refused: " + strings.Join(brokenRules(problems), "; ")
	}
	mocks := madeUpMocks(source.Definition)
	c := &Case{Clock: time.Date(2024, 3, 15, 10, 30, 45, 0, time.UTC), Mocks: &mocks, Expect: &Expectation{}}
	if on := workflow.Program.Triggers; len(on) > 0 {
		c.Trigger = madeUpTrigger(on[0], source)
	}
	for i := range mocks {
		if err := mocks[i].prepare(); err != nil {
			t.Fatal(err)
		}
	}
	s := &stage{expected: c}
	ctx, stop := context.WithCancelCause(context.Background())
	s.stop = stop
	defer stop(nil)
	invoked, err := s.invoke(ctx, workflow)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	switch {
	case err != nil:
		return "stopped: " + err.Error()
	case len(invoked.Runs) == 0:
		return "no run: " + invoked.Reason
	}
	return ending(invoked.Runs[0])
}

// ending is a run's status, with the first failure that explains it.
func ending(run Run) string {
	status := run.Summary.Status.String()
	if run.Summary.Status == wdl.Succeeded {
		return status
	}
	for _, r := range run.Records {
		if r.Status == wdl.Failed && !(r.Error != nil && r.Error.Code == "ActionFailed") {
			message := r.Code
			if r.Error != nil {
				message = r.Error.Code + ": " + r.Error.Message
			}
			if _, why, ok := strings.Cut(message, "at line '0' and column '0': "); ok {
				message = r.Error.Code + ": " + why
			}
			if len(message) > 160 {
				message = message[:160] + "…"
			}
			return fmt.Sprintf("%s: %s %s: %s", status, r.Type, r.Action, strings.ReplaceAll(message, "\n", " "))
		}
	}
	return status + ": " + run.Summary.Code
}

// brokenRules are the rules for which a definition is refused, with the types that
// are not run.
func brokenRules(problems wdl.Problems) (list []string) {
	for _, p := range problems {
		if p.Severity != wdl.Error {
			continue
		}
		text := string(p.Rule)
		if p.Rule == wdl.RuleUnsupported || p.Rule == wdl.RuleType {
			if _, after, ok := strings.Cut(p.Message, " type '"); ok {
				typ, _, _ := strings.Cut(after, "'")
				text += " " + typ
			}
		}
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}

func corpusSource(t *testing.T, path string) wdl.Source {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Resource json.RawMessage
		Pointer  string
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	sources, err := wdl.Open(file.Resource)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		if s.Pointer != file.Pointer {
			continue
		}
		if s.Deployment {
			s = fillIn(s)
		}
		return s
	}
	t.Fatalf("%s: no definition at %s", path, file.Pointer)
	return wdl.Source{}
}

var (
	connectionName = regexp.MustCompile(`parameters\('\$connections'\)\??\['([^']+)'\]`)
	bodyName       = regexp.MustCompile(`body\('([^']+)'\)`)
	settingName    = regexp.MustCompile(`appsetting\('([^']+)'\)`)
)

// madeUpText is the value of parameters and settings, which often are addresses.
const madeUpText = "https://service.example"

// madeUpSettings gives every parameter without a value one of its type, each
// connection an id, each application setting a text.
func madeUpSettings(s wdl.Source) Settings {
	text := string(s.Definition.JSON()) + string(s.Parameters.JSON())
	settings := Settings{Parameters: map[string]expr.Value{}, AppSettings: map[string]string{}}
	for _, m := range settingName.FindAllStringSubmatch(text, -1) {
		settings.AppSettings[m[1]] = madeUpText
	}
	declared, _ := s.Definition.Get("parameters")
	for name, p := range declared.Members() {
		given, _ := s.Parameters.Get(name)
		if _, ok := given.Get("value"); ok {
			continue
		}
		if _, ok := p.Get("defaultValue"); ok && name != "$connections" {
			continue
		}
		kind, _ := p.Get("type")
		v := madeUp(expr.Object(expr.Member{Name: "type", Value: expr.String(strings.TrimPrefix(strings.ToLower(kind.Text()), "secure"))}))
		if v.Kind() == expr.KindString {
			v = expr.String(madeUpText)
		}
		settings.Parameters[name] = v
	}
	if _, ok := declared.Get("$connections"); ok {
		settings.Parameters["$connections"] = madeUpConnections(text)
	}
	return settings
}

func madeUpConnections(text string) expr.Value {
	connections := expr.Object()
	for _, m := range connectionName.FindAllStringSubmatch(text, -1) {
		id := expr.String("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/connections/" + m[1])
		connections = connections.With(m[1], expr.Object(
			expr.Member{Name: "connectionId", Value: id},
			expr.Member{Name: "connectionName", Value: expr.String(m[1])},
			expr.Member{Name: "id", Value: id},
		))
	}
	return connections
}

// madeUpTrigger brings what the trigger's schema says.
func madeUpTrigger(on *wdl.Trigger, s wdl.Source) Trigger {
	triggers, _ := s.Definition.Get("triggers")
	definition, _ := triggers.Get(on.Name)
	inputs, _ := definition.Get("inputs")
	schema, _ := inputs.Get("schema")
	body := madeUp(schema)
	if on.Request == nil {
		item := expr.Object(expr.Member{Name: "value", Value: expr.Array(body)})
		return Trigger{Name: on.Name, Outputs: Value{Value: expr.Object(expr.Member{Name: "body", Value: item}), Given: true}}
	}
	t := Trigger{Name: on.Name, Body: Value{Value: body, Given: true}}
	if on.Request.Path != nil {
		t.RelativePath = strings.NewReplacer("{", "", "}", "").Replace(on.Request.Path.String())
	}
	return t
}

// madeUpMocks answers each call with what the ParseJson that reads it wants, and any
// other one with an empty page.
func madeUpMocks(definition expr.Value) []Mock {
	var mocks []Mock
	for a := range actionsOf(definition) {
		inputs, _ := a.Get("inputs")
		content, _ := inputs.Get("content")
		schema, _ := inputs.Get("schema")
		for _, m := range bodyName.FindAllStringSubmatch(content.Text(), -1) {
			mocks = append(mocks, Mock{Action: m[1], Responses: []MockResponse{{Body: Value{Value: madeUp(schema), Given: true}}}})
		}
	}
	page := expr.Object(expr.Member{Name: "value", Value: expr.Array()})
	return append(mocks, Mock{Responses: []MockResponse{{Body: Value{Value: page, Given: true}}}})
}

// actionsOf are all actions of a definition, at any depth.
func actionsOf(v expr.Value) iter.Seq[expr.Value] {
	return func(yield func(expr.Value) bool) { walkActions(v, yield) }
}

func walkActions(v expr.Value, yield func(expr.Value) bool) bool {
	actions, _ := v.Get("actions")
	for _, a := range actions.Members() {
		if !yield(a) || !walkActions(a, yield) {
			return false
		}
	}
	for _, name := range [...]string{"else", "default"} {
		if branch, ok := v.Get(name); ok && !walkActions(branch, yield) {
			return false
		}
	}
	cases, _ := v.Get("cases")
	for _, branch := range cases.Members() {
		if !walkActions(branch, yield) {
			return false
		}
	}
	return true
}

// madeUp is a value that a schema accepts, as far as its types say.
func madeUp(schema expr.Value) expr.Value {
	kind, _ := schema.Get("type")
	for _, k := range kind.Elements() {
		if kind = k; k.Text() != "null" {
			break
		}
	}
	switch strings.ToLower(kind.Text()) {
	case "string":
		return expr.String("2024-03-15T10:30:45Z")
	case "integer", "int", "number", "float":
		return expr.Int(1)
	case "boolean", "bool":
		return expr.Bool(true)
	case "array":
		items, _ := schema.Get("items")
		if items.Kind() != expr.KindObject {
			return expr.Array()
		}
		return expr.Array(madeUp(items))
	}
	object := expr.Object()
	properties, _ := schema.Get("properties")
	for name, property := range properties.Members() {
		object = object.With(name, madeUp(property))
	}
	return object
}
