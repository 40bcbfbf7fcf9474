package runner

import (
	"context"
	"testing"

	"isle/internal/store"
)

// A long loop is stored in many bounded commits, between which it can be cancelled
// and others get their turn.
func TestLongLoopIsStoredInBoundedSteps(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "long", "", `{"Each":{"type":"Foreach","foreach":"@range(0,20000)","actions":{"In":{"type":"Compose","inputs":"@item()"}},"runAfter":{}}}`)
	tiny := w.library.deploy(t, "tiny", "", tiers)
	s := w.start(t, d, `{}`, false)
	between := w.start(t, tiny, `{"id":"a","qty":1,"price":1}`, true)
	if _, err := between.Reply(context.Background()); err != nil {
		t.Fatal(err)
	}
	run := w.finished(t, s.RunID)
	if run.Status != "Succeeded" || run.Revision < 10 {
		t.Errorf("%+v", run)
	}
	if r := w.record(t, s.RunID, "Each"); r.ForeachItemsCount != 20000 {
		t.Errorf("%+v", r)
	}
	longer := w.library.deploy(t, "longer", "", `{"Each":{"type":"Foreach","foreach":"@range(0,100000)","actions":{"In":{"type":"Compose","inputs":"@item()"}},"runAfter":{}}}`)
	again := w.start(t, longer, `{}`, false)
	if err := w.Cancel(context.Background(), environment, again.RunID); err != nil {
		t.Fatal(err)
	}
	if run := w.run(t, again.RunID); run.Status != "Cancelled" {
		t.Errorf("%+v", run)
	}
}

func TestHistoriesMergeRunsAndRowsInPages(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "mixed", `{"manual":{"type":"Request","conditions":[{"expression":"@equals(triggerBody(),1)"}]}}`, compose)
	for i := range 7 {
		body := "1"
		if i%2 == 1 {
			body = "2"
		}
		if _, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0], Fired: request(d, body, false).Trigger}); err != nil {
			t.Fatal(err)
		}
	}
	var got []store.TriggerHistory
	var after HistoryPlace
	q := store.TriggerHistoryQuery{Workflow: d.FlowID, Trigger: "manual", Limit: 3}
	for {
		var page []store.TriggerHistory
		if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { page, err = Histories(tx, q, after); return err }); err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if len(page) < q.Limit {
			break
		}
		after = PlaceOf(page[len(page)-1])
	}
	if len(got) != 7 {
		t.Fatalf("%d histories", len(got))
	}
	for i, h := range got {
		if h.Fired != (i%2 == 0) || i > 0 && h.Name <= got[i-1].Name {
			t.Errorf("%d: %+v", i, h)
		}
	}
}
