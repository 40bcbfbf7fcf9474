package runner

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/builtin"
	"isle/internal/dataplane"
	"isle/internal/store"
	"isle/wdl"
)

const environment = "0123456789abcdef0123456789abcdef"

// library is the workflows of a test, by flow id.
type library struct {
	mu     sync.Mutex
	flows  map[string]*Deployed
	outage error // of every look-up
}

// fail makes every look-up fail, until it is given nil.
func (l *library) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outage = err
}

func (l *library) ByFlowID(_ context.Context, flowID string) (*Deployed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outage != nil {
		return nil, l.outage
	}
	if d := l.flows[flowID]; d != nil {
		return d, nil
	}
	return nil, store.ErrNotFound
}

func (l *library) Workflow(ctx context.Context, _, flowID, _ string) (*engine.Workflow, error) {
	d, err := l.ByFlowID(ctx, flowID)
	if err != nil {
		return nil, err
	}
	return d.Workflow, nil
}

func (l *library) set(d *Deployed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flows[d.FlowID] = d
}

// deploy compiles a definition's triggers and actions under a name, whose flow id
// it makes.
func (l *library) deploy(t testing.TB, name, triggers, actions string) *Deployed {
	t.Helper()
	if triggers == "" {
		triggers = `{"manual":{"type":"Request","kind":"Http","inputs":{}}}`
	}
	def, err := expr.ParseJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":` + triggers + `,"actions":` + actions + `}`))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(def, expr.Null(), wdl.Options{Supported: engine.Supported})
	if program == nil {
		t.Fatal(problems)
	}
	d := &Deployed{
		Environment: environment, FlowID: fmt.Sprintf("%032x", name), Version: "08", Name: name, Enabled: true, Keys: [][]byte{[]byte("key")},
		Workflow: &engine.Workflow{Program: program, ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/" + name, Name: name, Location: "local", Version: "08", FlowID: fmt.Sprintf("%032x", name)},
	}
	l.set(d)
	return d
}

// world is a runner over a store in a folder.
type world struct {
	*Runner
	store   *store.Store
	db      *store.DB
	library *library
}

func open(t testing.TB, dir string, l *library, change ...func(*Config)) *world {
	t.Helper()
	s, err := store.Open(context.Background(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Environment(context.Background(), environment)
	if err != nil {
		t.Fatal(err)
	}
	operations, end := builtin.Operations(builtin.Options{})
	t.Cleanup(end)
	config := Config{Store: s, Programs: l, Operations: operations, Network: dataplane.NewInproc(dataplane.Options{})}
	for _, c := range change {
		c(&config)
	}
	return &world{Runner: New(config), store: s, db: db, library: l}
}

func (w *world) close(t testing.TB) {
	t.Helper()
	w.Stop()
	if err := w.store.Close(); err != nil {
		t.Error(err)
	}
}

func newWorld(t testing.TB, change ...func(*Config)) *world {
	t.Helper()
	w := open(t, t.TempDir(), &library{flows: map[string]*Deployed{}}, change...)
	t.Cleanup(func() { w.close(t) })
	return w
}

func (w *world) start(t testing.TB, d *Deployed, body string, caller bool) *Started {
	t.Helper()
	s, err := w.Start(context.Background(), request(d, body, caller))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func request(d *Deployed, body string, caller bool) StartRequest {
	q := StartRequest{Environment: d.Environment, Workflow: d.Workflow, Caller: caller, Trigger: engine.Fired{Name: d.Workflow.Program.Triggers[0].Name}}
	if body != "" {
		v, err := expr.ParseJSON([]byte(body))
		if err != nil {
			panic(err)
		}
		q.Trigger.Outputs, q.Trigger.HasOutputs = expr.Object(expr.Member{Name: "body", Value: v}), true
	}
	return q
}

func (w *world) run(t testing.TB, name string) store.Run {
	t.Helper()
	var run store.Run
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { run, err = tx.Run(name); return err }); err != nil {
		t.Fatal(err)
	}
	return run
}

func (w *world) records(t testing.TB, name string) []engine.Record {
	t.Helper()
	var rows []store.Row
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { rows, err = tx.Rows(name); return err }); err != nil {
		t.Fatal(err)
	}
	records, err := engine.DecodeRecords(rows)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func (w *world) record(t testing.TB, name, action string) engine.Record {
	t.Helper()
	for _, r := range w.records(t, name) {
		if r.Action == action {
			return r
		}
	}
	t.Fatalf("run %s has no record of %s", name, action)
	return engine.Record{}
}

// hanging is when a test that waits has hung: no machine that runs the tests is so slow.
const hanging = 3 * time.Minute

// eventually polls a condition; a test that it fails would wait for ever.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(hanging)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (w *world) finished(t testing.TB, name string) store.Run {
	t.Helper()
	var run store.Run
	eventually(t, "the run ends", func() bool {
		run = w.run(t, name)
		return !run.End.IsZero()
	})
	return run
}

// target is a server on loopback that counts requests.
type target struct {
	*httptest.Server
	mu    sync.Mutex
	calls map[string]map[string]int // run → client request id → requests
}

func newTarget(t testing.TB, h http.HandlerFunc) *target {
	g := &target{calls: map[string]map[string]int{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		run := r.Header.Get("x-ms-workflow-run-id")
		g.mu.Lock()
		if g.calls[run] == nil {
			g.calls[run] = map[string]int{}
		}
		g.calls[run][r.Header.Get("x-ms-client-request-id")]++
		g.mu.Unlock()
		if h != nil {
			h(w, r)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *target) total() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, ids := range g.calls {
		for _, count := range ids {
			n += count
		}
	}
	return n
}
