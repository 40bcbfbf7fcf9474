package trigger

import (
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// compiled makes the workflow of a definition with one trigger.
func compiled(t *testing.T, trigger string) (*engine.Workflow, *wdl.Trigger) {
	t.Helper()
	definition, err := expr.ParseJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
		"contentVersion":"1.0.0.0","parameters":{"least":{"type":"Int","defaultValue":3}},"triggers":{"manual":` + trigger + `},"actions":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(definition, expr.Value{}, wdl.Options{})
	if program == nil {
		t.Fatal(problems)
	}
	return &engine.Workflow{Program: program, ID: "/workflows/w", Name: "w", Location: "here"}, program.Triggers[0]
}

func TestConditionsReadTheFiring(t *testing.T) {
	noon := time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		condition string
		admitted  bool
		fault     string
	}{
		{"@equals(triggerBody(), 'b')", true, ""},
		{"@equals(triggerBody(), 'c')", false, ""},
		{"@greater(2, parameters('least'))", false, ""},
		{"@equals(workflow()?['run']?['name'], 'run')", true, ""},
		{"@equals(string(workflow()['tags']), '{}')", true, ""},
		{"@equals(trigger()['originHistoryName'], 'before')", true, ""},
		{"@equals(trigger()['scheduledTime'], '2024-03-15T12:00:00Z')", true, ""},
		{"@equals(int(triggerBody()), 1)", false, "'int'"},
	} {
		w, on := compiled(t, `{"type":"Request","kind":"Http","conditions":[{"expression":"`+c.condition+`"}]}`)
		fired := engine.Fired{Name: "manual", Status: wdl.Succeeded, HasOutputs: true, OriginHistoryName: "before", ScheduledTime: noon,
			Outputs: expr.Object(expr.Member{Name: "body", Value: expr.String("b")})}
		admitted, err := Admit(w, on, &fired, "run", noon)
		if admitted != c.admitted || (err != nil) != (c.fault != "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %v, %v", c.condition, admitted, err)
		}
		if want := !admitted && err == nil; want != (fired.Status == wdl.Skipped) {
			t.Errorf("%s: the status is %v", c.condition, fired.Status)
		}
	}
}

func TestEachItemIsTheBodyOfItsFiring(t *testing.T) {
	w, on := compiled(t, `{"type":"Request","kind":"Http","splitOn":"@triggerBody()"}`)
	f := engine.Fired{Name: "manual", Outputs: expr.Object(
		expr.Member{Name: "headers", Value: expr.Object()},
		expr.Member{Name: "body", Value: expr.Array(expr.Int(1), expr.Int(2))})}
	items, err := Split(w, on, &f, "run", time.Time{})
	if err != nil || items.Len() != 2 {
		t.Fatal(items.Text(), err)
	}
	item, err := Item(w, on, f, items.Index(1), "second", time.Time{})
	if got := string(item.Outputs.JSON()); err != nil || got != `{"body":2}` {
		t.Errorf("%s, %v", got, err)
	}
	f.Outputs = expr.Object(expr.Member{Name: "body", Value: expr.String("no array")})
	if _, err := Split(w, on, &f, "run", time.Time{}); err == nil {
		t.Error("a text was split")
	}
}

func TestNamesSortNewestFirst(t *testing.T) {
	at := time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)
	older, newer := RunName(at, 999_999_999), RunName(at.Add(time.Millisecond), 0)
	if newer >= older || len(newer) != NameLength || !strings.HasSuffix(newer, "CU00") {
		t.Errorf("%s is not before %s", newer, older)
	}
}
