package runner

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/internal/trigger"
)

// splitter deploys a workflow that splits the items of its body, each of which it
// hands on.
func (l *library) splitter(t testing.TB, name, settings string) *Deployed {
	return l.deploy(t, name, `{"manual":{"type":"Request","splitOn":"@triggerBody()?['items']"`+settings+`}}`,
		`{"A":{"type":"Compose","inputs":"@triggerBody()","runAfter":{}}}`)
}

func (w *world) fireBody(d *Deployed, body string) (Firing, error) {
	return w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0], Fired: request(d, body, false).Trigger})
}

// numbers is a body with so many items.
func numbers(n int) string {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"n":%d}`, i)
	}
	return b.String() + `]}`
}

func (w *world) splits(t testing.TB, d *Deployed) (n int) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { n, err = tx.CountTasks(splitPrefix(d.FlowID)); return err }); err != nil {
		t.Fatal(err)
	}
	return n
}

// itemsOf are the outputs of A of all ended runs, in the order of their items: names
// sort the last one first.
func (w *world) itemsOf(t testing.TB) (items []string) {
	t.Helper()
	var runs []store.Run
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { runs, err = tx.Runs(store.RunQuery{}); return err }); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(runs, func(a, b store.Run) int { return strings.Compare(b.Name, a.Name) })
	for _, r := range runs {
		items = append(items, string(w.record(t, r.Name, "A").Outputs.JSON()))
	}
	return items
}

// wdl-semantics §10.1 splitOn: one run for each item, whose body it is; conditions come
// before; no item, no run; no array, the trigger fails. splitOnConfiguration gives each
// its tracking id.
func TestConditionsAndSplitOn(t *testing.T) {
	w := newWorld(t)
	defer w.schedule(t)()
	d := w.library.splitter(t, "split", `,"conditions":[{"expression":"@equals(triggerBody()?['go'], true)"}],"splitOnConfiguration":{"correlation":{"clientTrackingId":"@triggerBody()?['id']"}}`)
	if f, err := w.fireBody(d, `{"go":false,"items":[1]}`); err != nil || !f.Skipped || f.Split != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	firing, err := w.fireBody(d, `{"go":true,"items":[{"id":"a"},{"id":"b"}]}`)
	if err != nil || firing.Split != 2 {
		t.Errorf("%+v, %v", firing, err)
	}
	eventually(t, "the runs have begun", func() bool { return w.splits(t, d) == 0 })
	if f, err := w.fireBody(d, `{"go":true,"items":[]}`); err != nil || f.Split != 0 || !f.Skipped {
		t.Errorf("%+v, %v", f, err)
	}
	var failed *TriggerError
	if _, err := w.fireBody(d, `{"go":true,"items":"no"}`); !errors.As(err, &failed) || !strings.Contains(err.Error(), "is of type 'String'. The result must be a valid array.") {
		t.Errorf("%v", err)
	}
	if got := fmt.Sprint(w.itemsOf(t)); got != `[{"id":"a"} {"id":"b"}]` {
		t.Errorf("%s", got)
	}
	for i, id := range []string{"a", "b"} {
		run := w.run(t, trigger.ItemName(firing.Name, i))
		s, err := engine.DecodeHead(run.Head)
		if err != nil || run.ClientTrackingID != id || s.TriggerRecord.OriginHistoryName != firing.Name || s.TriggerRecord.ClientTrackingID != id {
			t.Errorf("%+v, %v", s, err)
		}
	}
	var told []string
	for _, h := range w.histories(t, d) {
		told = append(told, fmt.Sprint(h.Status, " ", h.Code, " ", h.Fired, " ", h.Run != ""))
	}
	want := []string{"Failed ExpressionEvaluationFailed false false", "Skipped  false false", "Succeeded  true true", "Succeeded  true true", "Succeeded  true false", "Skipped  false false"}
	if !slices.Equal(told, want) {
		t.Errorf("histories %q", told)
	}
}

// wdl-semantics §17: 100,000 items, 100 with concurrency.
func TestSplitOnLimits(t *testing.T) {
	w := newWorld(t)
	for settings, most := range map[string]int{"": 100_000, concurrency(`"runs":5`): 100, `,"operationOptions":"SingleInstance"` + concurrency(`"maximumWaitingRuns":200`): 100} {
		d := w.library.splitter(t, "limits", settings)
		_, err := w.fireBody(d, numbers(most+1))
		var failed *TriggerError
		if !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "SplitOnItemsLimitExceeded") {
			t.Errorf("%s: %.200v", settings, err)
		}
		if h := w.histories(t, d)[0]; h.Status != "Failed" || h.Code != "SplitOnItemsLimitExceeded" {
			t.Errorf("%s: %+v", settings, h)
		}
	}
}

// Where runs are counted, all of a firing's wait for their turns, or none does; they
// begin in the order of the items.
func TestSplitOnWithConcurrency(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.deploy(t, "counted", `{"manual":{"type":"Request","splitOn":"@triggerBody()?['items']"`+concurrency(`"runs":1`)+`}}`,
		`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+c.URL+`","body":"@{triggerBody()?['n']}"},"runAfter":{}}}`)
	if f, err := w.fireBody(d, numbers(20)); err != nil || f.Split != 20 {
		t.Fatalf("%+v, %v", f, err)
	}
	if running, waiting := w.loads(t, d); running+waiting != 20 || running > 1 {
		t.Errorf("%d under way, %d wait", running, waiting)
	}
	if _, err := w.fireBody(d, numbers(2)); !errors.Is(err, ErrQueueFull) {
		t.Errorf("%v", err)
	}
	c.let(20)
	eventually(t, "all end", func() bool { running, waiting := w.loads(t, d); return running+waiting == 0 })
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint(i))
	}
	if got := c.seen(); !slices.Equal(got, want) || c.peak() != 1 {
		t.Errorf("they began as %v, %d at once", got, c.peak())
	}
}

// With SingleInstance a firing begins all its runs, and the next one is skipped while
// one of them is open or has not begun (wdl-semantics §12.2).
func TestSplitOnWithSingleInstance(t *testing.T) {
	w := newWorld(t)
	d := w.library.splitter(t, "single", `,"operationOptions":"SingleInstance"`)
	if _, err := w.fireBody(d, numbers(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.fireBody(d, numbers(3)); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	defer w.schedule(t)()
	eventually(t, "the next one begins", func() bool { _, err := w.fireBody(d, numbers(1)); return err == nil })
	eventually(t, "all have begun", func() bool { return w.splits(t, d) == 0 })
	if n := len(w.runs(t)); n != 4 {
		t.Errorf("%d runs", n)
	}
}

// The task may be cut off anywhere and begun again: each item has one run. Items above
// the inline limit are contents, which go with the task.
func TestSplitOnIsCarriedOn(t *testing.T) {
	for _, padding := range []int{0, 100} {
		w := newWorld(t)
		d := w.library.splitter(t, "cut", "")
		const items = 2500
		body := numbers(items)
		body = strings.ReplaceAll(body, `"n":`, `"p":"`+strings.Repeat("x", padding)+`","n":`)
		firing, err := w.fireBody(d, body)
		if err != nil {
			t.Fatal(err)
		}
		contents := func() (n int) {
			if err := w.db.Read(context.Background(), func(tx *store.Tx) error {
				all, err := tx.Contents(firing.Name)
				n = len(all)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if large := padding > 0; (contents() > 0) != large {
			t.Errorf("padding %d: %d contents", padding, contents())
		}
		for _, after := range []int{1, 700, 1300} { // cut off after so many items
			ctx, cancel := context.WithCancel(context.Background())
			cut := w.splitOf(t, d)
			done := make(chan error, 1)
			go func() { done <- w.beginItems(ctx, w.db, &cut) }()
			eventually(t, "so many have begun", func() bool { return len(w.runs(t)) >= after })
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		s := w.splitOf(t, d)
		if s.Next == 0 {
			t.Error("no progress was remembered")
		}
		if err := w.beginItems(context.Background(), w.db, &s); err != nil {
			t.Fatal(err)
		}
		if runs := w.runs(t); len(runs) != items {
			t.Errorf("%d runs", len(runs))
		}
		for i := range items {
			if r := w.record(t, trigger.ItemName(firing.Name, i), "A"); r.Outputs.Text() == "" {
				t.Fatal(r)
			} else if n, _ := r.Outputs.Get("n"); n.Text() != fmt.Sprint(i) {
				t.Fatalf("item %d is %s", i, r.Outputs.JSON())
			}
		}
		if w.splits(t, d) != 0 || contents() != 0 {
			t.Error("the task or its items are left")
		}
	}
}

func (w *world) splitOf(t testing.TB, d *Deployed) (s split) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) error {
		tasks, err := tx.Tasks(splitPrefix(d.FlowID))
		if err == nil && len(tasks) == 1 {
			err = json.Unmarshal(tasks[0].Payload, &s)
		}
		return err
	}); err != nil || s.Firing == "" {
		t.Fatal(err)
	}
	return s
}

// An item that is tried again leaves the run alone that it has begun before.
func TestItemTriedAgainLeavesItsRun(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.deploy(t, "again", `{"manual":{"type":"Request","splitOn":"@triggerBody()?['items']"}}`,
		`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+c.URL+`","body":"x"},"runAfter":{}}}`)
	firing, err := w.fireBody(d, numbers(1))
	if err != nil {
		t.Fatal(err)
	}
	s := w.splitOf(t, d)
	again := s
	if next, err := w.beginBatch(context.Background(), w.db, d.Workflow, &s, bufio.NewReader(bytes.NewReader(s.Lines)), 1); err != nil || next != 1 {
		t.Fatal(next, err)
	}
	eventually(t, "the call arrives", func() bool { return len(c.seen()) == 1 })
	if err := w.beginItems(context.Background(), w.db, &again); err != nil {
		t.Fatal(err)
	}
	c.let(1)
	if run := w.finished(t, trigger.ItemName(firing.Name, 0)); run.Status != "Succeeded" || len(c.seen()) != 1 {
		t.Errorf("%+v, %d calls", run, len(c.seen()))
	}
}

// The same attempt at a firing is made durable once.
func TestSplitFiringIsOnce(t *testing.T) {
	w := newWorld(t)
	d := w.library.splitter(t, "once", "")
	also := 0
	fire := func() error {
		_, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0], Fired: request(d, numbers(2), false).Trigger,
			Name: trigger.RunName(time.Unix(1, 0), 7), Also: func(*store.Tx) error { also++; return nil }})
		return err
	}
	if err := fire(); err != nil {
		t.Fatal(err)
	}
	if err := fire(); !errors.Is(err, store.ErrExists) || also != 1 || w.splits(t, d) != 1 {
		t.Errorf("%v, %d times", err, also)
	}
}

// A deleted workflow begins none of the items that are left.
func TestDeletedWorkflowSplitsNoMore(t *testing.T) {
	w := newWorld(t)
	d := w.library.splitter(t, "deleted", "")
	if _, err := w.fireBody(d, numbers(5)); err != nil {
		t.Fatal(err)
	}
	s := w.splitOf(t, d)
	if err := w.db.Write(context.Background(), func(tx *store.Tx) error { return w.DisarmAll(tx, d.FlowID) }); err != nil {
		t.Fatal(err)
	}
	if err := w.beginItems(context.Background(), w.db, &s); !errors.Is(err, errGone) {
		t.Errorf("%v", err)
	}
	if n := len(w.runs(t)); n != 0 {
		t.Errorf("%d runs", n)
	}
}

func TestItemNamesAreDistinctAndSorted(t *testing.T) {
	at := time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)
	firing := trigger.RunName(at, 5)
	last := firing
	for i := range 1000 {
		name := trigger.ItemName(firing, i)
		if name >= last || len(name) != trigger.NameLength {
			t.Fatalf("%s is not before %s", name, last)
		}
		last = name
	}
	if trigger.ItemName(firing, 3) != trigger.RunName(at.Add(400*time.Nanosecond), 5) {
		t.Error("a name is of another time")
	}
}

func BenchmarkSplit(b *testing.B) {
	for _, items := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			w := newWorld(b)
			d := w.library.splitter(b, "bench", "")
			v, err := expr.ParseJSON([]byte(numbers(items)))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				q := FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0]}
				q.Fired.Outputs, q.Fired.HasOutputs = expr.Object(expr.Member{Name: "body", Value: v}), true
				begin := time.Now()
				if _, err := w.Fire(context.Background(), q); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms/firing")
				s := w.splitOf(b, d)
				if err := w.beginItems(context.Background(), w.db, &s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(items*b.N)/b.Elapsed().Seconds(), "runs/s")
		})
	}
}
