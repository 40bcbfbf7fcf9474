package account

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"isle/expr"
	"isle/internal/arm"
)

// reference reads a file of the reference beside the project; without it the test is
// skipped, and says so.
func reference(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("../../../shared/reference/" + name)
	if os.IsNotExist(err) {
		t.Skipf("SKIPPED: ../shared/reference/%s is not beside this checkout", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestModelsAreTheSDKs compares models.txt with the models of the SDK: every member that
// a client may write, with its type, and every choice.
func TestModelsAreTheSDKs(t *testing.T) {
	var sdk struct {
		Enums  map[string][]string
		Models map[string][]struct {
			Name, Type         string
			Required, ReadOnly bool
		}
	}
	if err := json.Unmarshal(reference(t, "logic-models.json"), &sdk); err != nil {
		t.Fatal(err)
	}
	m, err := readModels(modelTable)
	if err != nil {
		t.Fatal(err)
	}
	for name, choices := range m.choices {
		if !slices.Equal(choices, sdk.Enums[name]) {
			t.Errorf("%s: %v, want %v", name, choices, sdk.Enums[name])
		}
	}
	kinds := map[string]string{"string": "text", "bool": "flag", "time.Time": "time"}
	for name, fields := range m.objects {
		var want, got []string
		for _, f := range sdk.Models[name] {
			kind, list := strings.CutPrefix(f.Type, "[]")
			if k, ok := kinds[kind]; ok {
				kind = k
			}
			if !f.ReadOnly {
				want = append(want, fmt.Sprint(f.Name, f.Required, list, kind))
			}
		}
		for _, f := range fields {
			got = append(got, fmt.Sprint(f.name, f.required, f.list, f.kind))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, want)
		}
	}
	for _, k := range append(modelsOfKinds(), "IntegrationAccountProperties", "IntegrationAccountSKU", "TrackingEventsDefinition", "ListKeyVaultKeysDefinition") {
		if m.objects[k] == nil {
			t.Errorf("%s is not among the models", k)
		}
	}
}

func modelsOfKinds() (models []string) {
	for _, k := range kinds() {
		models = append(models, k.model)
	}
	return models
}

// TestLimitsAreTheDocumented compares the limits of each SKU with those of ise.md.
func TestLimitsAreTheDocumented(t *testing.T) {
	text := string(reference(t, "ise.md"))
	for title, segment := range map[string]string{"Agreements": "agreements", "Partners": "partners", "Maps": "maps", "Schemas": "schemas", "Assemblies": "assemblies", "Certificates": "certificates", "Batch configurations": "batchConfigurations"} {
		row := regexp.MustCompile(`(?m)^\| ` + title + ` \| ([\d,]+) \| ([\d,]+) \| ([\d,]+)`).FindStringSubmatch(text)
		if row == nil {
			t.Errorf("no row of %s", title)
			continue
		}
		number := func(i int) int {
			n, err := strconv.Atoi(strings.ReplaceAll(row[i], ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if got, want := kindOf(segment).most, (perSKU{number(1), number(2), number(3)}); got != want {
			t.Errorf("%s: %+v, want %+v", segment, got, want)
		}
	}
}

// TestModelTableFaults: a table that does not read is told with its line or its type.
func TestModelTableFaults(t *testing.T) {
	for table, want := range map[string]string{
		"A\n\tx text odd":      `line 2: "\tx text odd"`,
		"\tx text":             "line 1",
		"A\n\tx B":             "A.x is of type B",
		"A\n\tx []flag\nB c d": `line 3`,
	} {
		if _, err := readModels(table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", table, err, want)
		}
	}
}

// TestEveryMemberIsChecked breaks each member of a whole agreement in turn: there is one
// problem for it, at its place.
func TestEveryMemberIsChecked(t *testing.T) {
	m, err := readModels(modelTable)
	if err != nil {
		t.Fatal(err)
	}
	broken := 0
	for _, object := range []string{"AS2AgreementContent", "X12AgreementContent", "EdifactAgreementContent"} {
		whole := sample(m, object)
		var found arm.Found
		if got := m.check(whole, object, "c", &found); len(found) > 0 || !expr.Equal(got, whole) {
			t.Fatalf("%s: %v", object, found)
		}
		everyPlace(m, object, "c", func(target string, f field, replace func(expr.Value) expr.Value) {
			broken++
			wrong := expr.Array(expr.String("wrong"))
			if f.list {
				wrong = expr.Bool(true)
			}
			var found arm.Found
			m.check(replace(wrong), object, "c", &found)
			if len(found) != 1 || found[0].Target != target {
				t.Errorf("%s: %v", target, found)
			}
			found = nil
			m.check(replace(expr.Null()), object, "c", &found)
			if (len(found) == 1) != f.required {
				t.Errorf("%s is left out: %v", target, found)
			}
		})
	}
	if broken < 300 {
		t.Errorf("%d members were broken", broken)
	}
}

// sample is a valid value of a model.
func sample(m *models, kind string) expr.Value {
	if choices := m.choices[kind]; choices != nil {
		return expr.String(choices[0])
	}
	switch kind {
	case "text":
		return expr.String("x")
	case "flag":
		return expr.Bool(true)
	case "int32", "int64":
		return expr.Int(7)
	}
	v := expr.Object()
	for _, f := range m.objects[kind] {
		one := sample(m, f.kind)
		if f.list {
			one = expr.Array(one)
		}
		v = v.With(f.name, one)
	}
	return v
}

// everyPlace visits all members of a sample; replace gives the sample with another value
// in the member's place.
func everyPlace(m *models, object, target string, visit func(target string, f field, replace func(expr.Value) expr.Value)) {
	whole := sample(m, object)
	for _, f := range m.objects[object] {
		at := target + "." + f.name
		visit(at, f, func(v expr.Value) expr.Value { return whole.With(f.name, v) })
		if m.objects[f.kind] == nil {
			continue
		}
		if f.list {
			at += "[0]"
		}
		everyPlace(m, f.kind, at, func(target string, inner field, replace func(expr.Value) expr.Value) {
			visit(target, inner, func(v expr.Value) expr.Value {
				one := replace(v)
				if f.list {
					one = expr.Array(one)
				}
				return whole.With(f.name, one)
			})
		})
	}
}

// FuzzLiquid: the reader of templates ends, and finds a line in them.
func FuzzLiquid(f *testing.F) {
	for _, seed := range []string{"", "{{a}}", "{% if a %}{% endif %}", "{%raw%}{{{%endraw%}", "{% comment %}", "{{'}}'}}", "{{ it's }}", "{%-", "{%%}", "{% end %}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var found arm.Found
		checkLiquid([]byte(text), &found)
		if len(found) > 1 {
			t.Fatal(found)
		}
	})
}
