package deploy

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"isle/expr"
)

var rewrite = flag.Bool("rewrite", false, "write what the code does into testdata")

// shared finds the shared reading beside the repository; tests of it are skipped
// where it is not present.
func shared(t testing.TB, path string) string {
	t.Helper()
	found := filepath.Join("..", "..", "..", "shared", path)
	if _, err := os.Stat(found); err != nil {
		t.Skipf("%s is not here", path)
	}
	return found
}

func readFile(t testing.TB, path string) expr.Value {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := expr.ParseJSON(content)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// somewhere is where the tests deploy to.
func somewhere() Target {
	return Target{
		TenantID: "11111111-1111-1111-1111-111111111111", SubscriptionID: "22222222-2222-2222-2222-222222222222",
		Group: "Group", GroupLocation: "westeurope", GroupTags: expr.Object(str("stage", "test")), Deployment: "first",
		Endpoint: "https://isle.test:7443", Authority: "https://isle.test:7443", Time: time.Date(2024, 3, 15, 10, 30, 45, 0, time.UTC), Seed: 42,
	}
}

// TestCorpus plans every real template, and what a GET gave as a template of data.
// testdata/corpus.txt lists those with problems, each truly in the template, which
// Azure refuses as well: an expression that is cut off or quotes wrongly, a variable
// that does not exist.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "corpus"), "[0-9]*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var got bytes.Buffer
	planned := 0
	for _, path := range files {
		entry := readFile(t, path)
		resource, _ := member(entry, "resource")
		if wrapper, _ := text(entry, "wrapper"); wrapper != "arm" {
			continue
		}
		if detail, _ := text(entry, "wrapper_detail"); detail != "template" {
			resource = wrapped(quoted(resource)) // data, with no expression in it
		}
		number := strings.TrimSuffix(filepath.Base(path), ".json")
		plan, found := planOf(resource, plausible(resource))
		if (plan == nil) == (len(found) == 0) {
			t.Errorf("%s: plan and problems disagree", number)
		}
		if plan != nil {
			planned++
		}
		for _, f := range found {
			fmt.Fprintf(&got, "%s %s %s\n", number, f.Pointer, strings.ReplaceAll(f.Message, "\n", " "))
		}
	}
	if planned < 246 {
		t.Errorf("%d templates are planned", planned)
	}
	golden(t, "testdata/corpus.txt", got.Bytes())
}

func planOf(template, values expr.Value) (*Plan, []Problem) {
	parsed, found := Parse(template, values)
	if len(found) > 0 {
		return nil, found
	}
	target := somewhere()
	if parsed.scope == scopeSubscription {
		target.Group = ""
	}
	return NewPlan(parsed, target)
}

// wrapped makes a template of a resource's body, which may be what a GET gave.
func wrapped(resource expr.Value) expr.Value {
	for name, value := range map[string]string{"name": "flow", "apiVersion": "2019-05-01"} {
		if v, ok := text(resource, name); !ok || v == "" {
			resource = resource.With(name, expr.String(value))
		}
	}
	resource = resource.With("type", expr.String("Microsoft.Logic/workflows")) // some are of a gallery
	return expr.Object(str("$schema", "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"),
		str("contentVersion", "1.0.0.0"), expr.Member{Name: "resources", Value: expr.Array(resource)})
}

// plausible gives values to the parameters that have no default.
func plausible(template expr.Value) expr.Value {
	var members []expr.Member
	for name, rules := range object(template, "parameters").Members() {
		if v, _ := member(rules, "defaultValue"); v.IsNull() {
			v := plausibleValue(name, rules)
			if v.Kind() == expr.KindObject {
				v = asked(name, string(template.JSON()))
			}
			members = append(members, obj(name, expr.Member{Name: "value", Value: v}))
		}
	}
	return expr.Object(members...)
}

// asked is an object with the members that the template asks of a parameter.
func asked(name, template string) expr.Value {
	v := expr.Object()
	for _, m := range regexp.MustCompile(`parameters\('`+regexp.QuoteMeta(name)+`'\)\.(\w+)`).FindAllStringSubmatch(template, -1) {
		v = v.With(m[1], expr.String(strings.ToLower(m[1])+"-value"))
	}
	return v
}

func plausibleValue(name string, rules expr.Value) expr.Value {
	if allowed, ok := member(rules, "allowedValues"); ok && allowed.Len() > 0 {
		return allowed.Index(0)
	}
	typ, _ := text(rules, "type")
	switch strings.ToLower(typ) {
	case "int":
		if least, ok := member(rules, "minValue"); ok {
			return least
		}
		return expr.Int(1)
	case "bool":
		return expr.Bool(true)
	case "array":
		return expr.Array(expr.String("one"))
	case "object", "secureobject":
		return expr.Object()
	}
	if lower := strings.ToLower(name); strings.HasSuffix(lower, "id") && !strings.Contains(lower, "subscription") {
		return expr.String("/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/Group/providers/Microsoft.Some/things/" + name)
	}
	if strings.HasSuffix(strings.ToLower(name), "time") {
		return expr.String("2024-03-15 10:30:45Z")
	}
	return expr.String(strings.ToLower(name) + "-value")
}

// golden compares with a file, or writes it with -rewrite.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-rewrite writes it):\n%s", path, got)
	}
}
