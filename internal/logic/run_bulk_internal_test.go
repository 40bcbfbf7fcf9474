package logic

import (
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// Each of very many runs of one operation is resubmitted as a run of its own, and as the
// same one when the operation is carried on after a crash.
func TestResubmittedRunsHaveNamesOfTheirOwn(t *testing.T) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	names := map[string]bool{}
	for i := range 200_000 {
		origin := trigger.RunName(at.Add(-time.Duration(i)*time.Millisecond), uint64(i))
		name := resubmittedName(at, "operation", origin)
		if names[name] {
			t.Fatalf("run %d has the name of another one, %s", i, name)
		}
		names[name] = true
		if again := resubmittedName(at, "operation", origin); again != name {
			t.Fatalf("run %d is resubmitted as %s and as %s", i, name, again)
		}
	}
}

// A run of the name that is there already counts only if it comes from the same run.
func TestRunOfTheNameComesFromTheSameRun(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.CreateRun(runFrom(t, "made", "origin")) }); err != nil {
		t.Fatal(err)
	}
	if err := begunBefore(t.Context(), db, "origin", "made"); err != nil {
		t.Errorf("of the same run: %v", err)
	}
	wire := arm.AsError(begunBefore(t.Context(), db, "other", "made"))
	if wire == nil || wire.Status != 409 || wire.Code != "WorkflowRunNameTaken" {
		t.Errorf("of another run: %v", wire)
	}
}

// runFrom is a run that was begun by resubmitting origin.
func runFrom(t *testing.T, name, origin string) store.Run {
	t.Helper()
	definition, err := expr.ReadJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
		"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},"actions":{"A":{"type":"Compose","inputs":1,"runAfter":{}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(definition, expr.Null(), wdl.Options{Supported: engine.Supported})
	if program == nil {
		t.Fatal(problems)
	}
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	run := engine.New(&engine.Workflow{Program: program, ID: "/workflows/w", Name: "w"},
		engine.Start{RunID: name, Time: now, Trigger: engine.Fired{Name: "manual", Start: now, End: now, Status: wdl.Succeeded, OriginHistoryName: origin}})
	step, err := run.Step(now, engine.Begin{})
	if err != nil {
		t.Fatal(err)
	}
	return store.Run{Name: name, Workflow: "w", Trigger: "manual", Status: "Succeeded", Start: now, End: now, Head: step.Head}
}
