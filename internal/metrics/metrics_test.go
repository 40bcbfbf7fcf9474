package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

const (
	environment = "0123456789abcdef0123456789abcdef"
	resource    = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/"
)

// world is a server's metrics over a store; what names names can be changed.
type world struct {
	*Metrics
	store *store.Store
	names map[string]string // ids → resource IDs
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Metrics: New("1.2.3"), names: map[string]string{environment: resource + "integrationServiceEnvironments/isle", "f1": resource + "workflows/order"}}
	var err error
	if w.store, err = store.Open(t.Context(), t.TempDir(), store.Options{Observe: w.Commit}); err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Config{Store: w.store})
	t.Cleanup(func() {
		r.Stop()
		w.store.Close()
	})
	of := func(id string) string { return w.names[id] }
	w.Watch(w.store, r, Names{Environment: of, Workflow: of})
	return w
}

// scrape is what a scrape gives.
func (w *world) scrape(t testing.TB) string {
	t.Helper()
	answer := httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func wantLines(t testing.TB, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			t.Errorf("no %s; there is:\n%s", line, grep(text, name))
		}
	}
}

func grep(text, word string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

func workflow(flow, name string) *engine.Workflow {
	return &engine.Workflow{FlowID: flow, ID: resource + "workflows/" + name}
}

func TestRunsAreCounted(t *testing.T) {
	w := newWorld(t)
	noon := time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)
	order := workflow("f1", "order")
	w.Committed(runner.Progress{Environment: environment, Workflow: order, Began: true, Executed: 3, Status: wdl.Running, Start: noon})
	w.Committed(runner.Progress{Environment: environment, Workflow: order, Executed: 1, Ended: true, Status: wdl.Failed, Start: noon, End: noon.Add(4 * time.Second)})
	w.Requested(runner.Request{Environment: environment, Workflow: order, Operation: wdl.TypeHTTP, StatusCode: 200, Took: 20 * time.Millisecond})
	w.Requested(runner.Request{Environment: environment, Workflow: order, Operation: wdl.TypeHTTP, StatusCode: 503})
	w.Requested(runner.Request{Environment: environment, Workflow: order, Operation: wdl.TypeHTTP, Status: wdl.Failed})
	const of = `{environment="g/isle",workflow="g/order"`
	wantLines(t, w.scrape(t),
		"isle_runs_started_total"+of+"} 1",
		`isle_runs_finished_total{environment="g/isle",status="Failed",workflow="g/order"} 1`,
		`isle_runs_finished_total{environment="g/isle",status="Succeeded",workflow="g/order"} 0`,
		"isle_actions_total"+of+"} 4",
		"isle_run_duration_seconds_bucket"+of+`,le="2"} 0`,
		"isle_run_duration_seconds_bucket"+of+`,le="10"} 1`,
		`isle_requests_total{environment="g/isle",outcome="succeeded",type="Http",workflow="g/order"} 1`,
		`isle_requests_total{environment="g/isle",outcome="failed",type="Http",workflow="g/order"} 2`,
		`isle_request_duration_seconds_count{environment="g/isle",type="Http"} 3`,
		`isle_build_info{version="1.2.3"} 1`)
}

func TestWhatWaitsIsLookedAt(t *testing.T) {
	w := newWorld(t)
	db, err := w.store.Environment(t.Context(), environment)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		for i, waits := range []bool{false, true, true} {
			if err := tx.CreateRun(store.Run{Name: fmt.Sprint(i), Workflow: "f1", Trigger: "manual", Queued: waits}); err != nil {
				return err
			}
		}
		ended := time.Now().Add(-time.Hour)
		if err := tx.CreateRun(store.Run{Name: "ended", Workflow: "f1", Trigger: "manual", Status: "Succeeded", Start: ended, End: ended}); err != nil {
			return err
		}
		if err := tx.CreateRun(store.Run{Name: "rests", Workflow: "f1", Trigger: "manual", Status: "Running", Resting: true, Wake: time.Now().Add(time.Hour)}); err != nil {
			return err
		}
		if err := tx.PutTask(store.Task{Key: "later", Kind: "k", Due: time.Now().Add(time.Hour)}); err != nil {
			return err
		}
		return tx.PutTask(store.Task{Key: "now", Kind: "k", Due: time.Now().Add(-time.Hour)})
	}); err != nil {
		t.Fatal(err)
	}
	text := w.scrape(t)
	wantLines(t, text,
		`isle_runs_open{environment="g/isle",workflow="g/order"} 2`,
		`isle_runs_resting{environment="g/isle"} 1`,
		`isle_search_runs_behind{environment="g/isle"} 1`,
		`isle_search_index_bytes{environment="g/isle"} 0`,
		`isle_runs_waiting{environment="g/isle",workflow="g/order"} 2`,
		`isle_tasks{environment="g/isle"} 2`,
		`isle_tasks_due{environment="g/isle"} 1`,
		`isle_tasks{environment="control"} 0`,
		`isle_commit_queue{environment="g/isle"} 0`,
		`isle_commit_batch_size_bucket{environment="g/isle",le="1"} 1`)
	if late := grep(text, `isle_tasks_late_seconds{environment="g/isle"}`); !strings.Contains(late, " 360") {
		t.Errorf("late: %s", late)
	}
	if behind := grep(text, `isle_search_behind_seconds{environment="g/isle"}`); !strings.Contains(behind, " 360") {
		t.Errorf("behind: %s", behind)
	}
	if size := grep(text, `isle_database_bytes{environment="g/isle"}`); size == "" || strings.HasSuffix(size, " 0\n") {
		t.Errorf("size: %s", size)
	}
}

func TestFaultsAreCounted(t *testing.T) {
	w := newWorld(t)
	w.Commit(store.Commit{Database: environment, Fault: &store.UnavailableError{Fault: store.FaultFull}})
	w.Commit(store.Commit{Database: "control", Fault: store.ErrCorrupt})
	wantLines(t, w.scrape(t), `isle_store_errors_total{environment="g/isle",reason="full"} 1`, `isle_store_errors_total{environment="control",reason="other"} 1`)
}

// Deleted workflows and environments disappear; what is deployed again under the name of
// one goes on with its series.
func TestDeletedOnesDisappear(t *testing.T) {
	w := newWorld(t)
	w.names["f2"], w.names["f3"] = resource+"workflows/gone", resource+"workflows/again"
	began := func(flow, name string) {
		w.Committed(runner.Progress{Environment: environment, Workflow: workflow(flow, name), Began: true})
	}
	began("f1", "order")
	began("f2", "gone")
	began("f3", "again")
	w.Commit(store.Commit{Database: environment, Calls: 1})
	wantLines(t, w.scrape(t), `isle_runs_started_total{environment="g/isle",workflow="g/gone"} 1`)
	delete(w.names, "f2")
	delete(w.names, "f3")
	w.names["f4"] = resource + "workflows/again"
	began("f4", "again")
	text := w.scrape(t)
	if left := grep(text, "g/gone"); left != "" {
		t.Errorf("a deleted workflow is still there: %s", left)
	}
	began("f4", "again")
	wantLines(t, w.scrape(t), `isle_runs_started_total{environment="g/isle",workflow="g/again"} 3`)
	delete(w.names, environment)
	w.scrape(t)
	if left := grep(w.scrape(t), "g/isle"); left != "" {
		t.Errorf("a deleted environment is still there: %s", left)
	}
}

func TestWorkflowsBeyondTheBoundShareTheirSeries(t *testing.T) {
	w := newWorld(t)
	for i := range maxFlows + 10 {
		id := fmt.Sprint("x", i)
		w.names[id] = resource + "workflows/" + id
		w.Committed(runner.Progress{Environment: environment, Workflow: workflow(id, id), Began: true})
	}
	text := w.scrape(t)
	wantLines(t, text, `isle_runs_started_total{environment="other",workflow="other"} 10`)
	if n := strings.Count(grep(text, "isle_runs_started_total"), "\n"); n != maxFlows+1 {
		t.Errorf("%d workflows have series", n)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	w := newWorld(t)
	seen := ""
	h := w.HTTP(func(*http.Request) string { return "trigger" }, func(_ *http.Request, route string, code int, _ time.Duration) { seen += fmt.Sprint(route, code, " ") }, http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			answer.WriteHeader(http.StatusAccepted)
		}
		if err := http.NewResponseController(answer).Flush(); err != nil {
			t.Errorf("the writer below is hidden: %v", err)
		}
	}))
	for _, method := range []string{http.MethodPost, http.MethodGet, "BREW"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/", nil))
	}
	if seen != "trigger202 trigger200 trigger200 " {
		t.Error(seen)
	}
	wantLines(t, w.scrape(t),
		`isle_http_requests_total{code="202",method="POST",route="trigger"} 1`,
		`isle_http_requests_total{code="200",method="GET",route="trigger"} 1`,
		`isle_http_requests_total{code="200",method="other",route="trigger"} 1`,
		`isle_http_requests_in_flight{route="trigger"} 0`,
		`isle_http_request_duration_seconds_count{route="trigger"} 3`)
}

// What is counted on the way of every run allocates nothing.
func TestCommittedAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	p := whole()
	if n := testing.AllocsPerRun(100, func() { w.Committed(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func whole() runner.Progress {
	return runner.Progress{Environment: environment, Workflow: workflow("f1", "order"), Began: true, Ended: true, Status: wdl.Succeeded, Executed: 3}
}

// BenchmarkCommitted is the cost of a whole run.
func BenchmarkCommitted(b *testing.B) {
	w := newWorld(b)
	p := whole()
	b.ReportAllocs()
	for b.Loop() {
		w.Committed(p)
	}
}

func TestWhatFlowLogsLeaveOutIsCounted(t *testing.T) {
	w := newWorld(t)
	flows, records := uint64(3), uint64(0)
	w.FlowLogs(func() (uint64, uint64) { return flows, records })
	wantLines(t, w.scrape(t), `isle_flow_logs_lost_total{what="flows"} 3`, `isle_flow_logs_lost_total{what="records"} 0`)
	records = 7
	wantLines(t, w.scrape(t), `isle_flow_logs_lost_total{what="records"} 7`)
}
