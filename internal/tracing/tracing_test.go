package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/builtin"
	"isle/internal/dataplane"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// receiver is a collector.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans map[string]*otlp.Span // by name
	raw   bytes.Buffer
	path  string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{spans: map[string]*otlp.Span{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		packed, err := gzip.NewReader(q.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, _ := io.ReadAll(packed)
		var request collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(body)
		r.path = q.URL.Path
		for _, of := range request.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, s := range scope.Spans {
					if r.spans[s.Name] != nil {
						t.Errorf("%s is sent twice", s.Name)
					}
					r.spans[s.Name] = s
				}
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// library is the one workflow there is.
type library struct{ only *engine.Workflow }

func (l library) ByFlowID(context.Context, string) (*runner.Deployed, error) {
	return nil, store.ErrNotFound
}

func (l library) Workflow(context.Context, string, string, string) (*engine.Workflow, error) {
	return l.only, nil
}

func compile(t *testing.T, actions string) *engine.Workflow {
	t.Helper()
	def, err := expr.ParseJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},"actions":` + actions + `}`))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(def, expr.Null(), wdl.Options{Supported: engine.Supported})
	if program == nil {
		t.Fatal(problems)
	}
	return &engine.Workflow{Program: program, ID: "/x/order", Name: "order", Version: "08", FlowID: "f1"}
}

// play runs a workflow to its end, traced, and gives the name of the run.
func play(t *testing.T, to *receiver, w *engine.Workflow, in engine.Trace) string {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	network := dataplane.NewInproc(dataplane.Options{})
	tracer, err := New(Options{Endpoint: to.URL + "/otlp", Network: network, Environment: func(id string) string { return "g/" + id }, Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	operations, end := builtin.Operations(builtin.Options{})
	r := runner.New(runner.Config{Store: s, Programs: library{w}, Operations: operations, Network: network, Observers: []runner.Observer{tracer}, Tracer: tracer})
	started, err := r.Start(t.Context(), runner.StartRequest{Environment: store.Shared, Workflow: w, Caller: true, Trace: in, Trigger: engine.Fired{Name: "manual"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := started.Reply(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Stop()
	end()
	if err := tracer.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if tracer.Dropped() != 0 {
		t.Error("spans are missing")
	}
	return started.RunID
}

const planted = "planted-secret"

// flaky answers 503 once, then 200, and keeps the traces it was given.
func flaky(t *testing.T) (url string, given func() []string) {
	var mu sync.Mutex
	var parents []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		parents = append(parents, r.Header.Get("traceparent")+" "+r.Header.Get("tracestate"))
		if len(parents) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		io.WriteString(w, planted)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return parents
	}
}

// A run is a span of its caller's trace, each repetition of an action one below what it
// stands in; a request names the span it belongs to; nothing that the run works with is
// told.
func TestSpansOfARun(t *testing.T) {
	to := newReceiver(t)
	url, given := flaky(t)
	w := compile(t, `{
		"Each":{"type":"Foreach","foreach":[7],"actions":{"Scope":{"type":"Scope","actions":{
			"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+url+`","body":"`+planted+`","retryPolicy":{"type":"fixed","count":2,"interval":"PT5S"}}}}}},"runAfter":{}},
		"Broken":{"type":"Compose","inputs":"@int('`+planted+`')","runAfter":{"Each":["Succeeded"]}},
		"Never":{"type":"Compose","inputs":1,"runAfter":{"Broken":["Succeeded"]}}}`)
	in, ok := engine.ParseTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=1")
	if !ok {
		t.Fatal("no trace")
	}
	play(t, to, w, in)
	if to.path != "/otlp/v1/traces" {
		t.Error(to.path)
	}
	if bytes.Contains(to.raw.Bytes(), []byte(planted)) {
		t.Error("spans hold what the run works with")
	}
	below := map[string]string{"order": "", "Each": "order", "Each[0]": "Each", "Scope": "Each[0]", "Call": "Scope", "Broken": "order"}
	if len(to.spans) != len(below) {
		t.Errorf("%d spans", len(to.spans))
	}
	for name, above := range below {
		s := to.spans[name]
		if s == nil {
			t.Fatalf("%s has no span", name)
		}
		want := in.Parent[:]
		if above != "" {
			want = to.spans[above].GetSpanId()
		}
		if !bytes.Equal(s.TraceId, in.ID[:]) || !bytes.Equal(s.ParentSpanId, want) || s.TraceState != "a=1" {
			t.Errorf("%s: trace %x %s, parent %x, want %x", name, s.TraceId, s.TraceState, s.ParentSpanId, want)
		}
		failed := name == "order" || name == "Broken"
		if (s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR) != failed || s.EndTimeUnixNano < s.StartTimeUnixNano {
			t.Errorf("%s: %v", name, s)
		}
	}
	call := to.spans["Call"]
	want := "00-4bf92f3577b34da6a3ce929d0e0e4736-" + hex.EncodeToString(call.SpanId) + "-01 a=1"
	if got := given(); len(got) != 2 || got[0] != want || got[1] != want {
		t.Errorf("requests hand on %q, want %q", got, want)
	}
	if len(call.Events) == 0 || call.Events[0].Name != "attempt" || call.Kind != otlp.Span_SPAN_KIND_CLIENT {
		t.Errorf("events of the call: %v", call.Events)
	}
}

// Without a caller's trace the run begins its own, the same each time it is asked for;
// one that the caller does not sample is handed on and not sent.
func TestWhoseTrace(t *testing.T) {
	url, given := flaky(t)
	w := compile(t, `{"Call":{"type":"Http","inputs":{"method":"GET","uri":"`+url+`","retryPolicy":{"type":"none"}}}}`)
	own := newReceiver(t)
	run := play(t, own, w, engine.Trace{})
	id := traceID(run, engine.Trace{})
	if s := own.spans["order"]; s == nil || !bytes.Equal(s.TraceId, id[:]) || len(s.ParentSpanId) != 0 {
		t.Errorf("%v", own.spans)
	}
	unsampled := newReceiver(t)
	in, _ := engine.ParseTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", "")
	play(t, unsampled, w, in)
	if len(unsampled.spans) != 0 {
		t.Errorf("%v", unsampled.spans)
	}
	if got := given(); len(got) != 2 || !strings.HasPrefix(got[0], "00-"+id.String()+"-") || !strings.HasSuffix(got[0], "-01 ") ||
		!strings.HasPrefix(got[1], "00-4bf92f3577b34da6a3ce929d0e0e4736-") || !strings.HasSuffix(got[1], "-00 ") {
		t.Errorf("%q", got)
	}
}

// A collector that takes nothing delays nobody: what does not fit is dropped.
func TestASlowCollectorDelaysNobody(t *testing.T) {
	tracer := &Tracer{commits: make(chan runner.Progress, 1)}
	for range 3 {
		tracer.Committed(runner.Progress{Ended: true, Start: time.Now(), End: time.Now()})
	}
	if tracer.Dropped() != 2 {
		t.Errorf("%d dropped", tracer.Dropped())
	}
}

func TestCheckEndpoint(t *testing.T) {
	for text, good := range map[string]bool{
		"http://localhost:4318": true, "https://c.example/otlp": true,
		"localhost:4318": false, "ftp://x": false, "http://": false, "http://u:p@x": false, "http://x?y=1": false, "": false,
	} {
		if err := CheckEndpoint(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// counter is a collector that counts the spans it gets.
func counter(t *testing.T) (url string, spans func() map[string]int) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]int{} // by trace and span id
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		packed, err := gzip.NewReader(q.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(packed)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, of := range request.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, s := range scope.Spans {
					seen[hex.EncodeToString(s.TraceId)+"/"+hex.EncodeToString(s.SpanId)]++
				}
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(seen)
	}
}

func newTracer(t *testing.T, url string) *Tracer {
	t.Helper()
	tracer, err := New(Options{Endpoint: url, Network: dataplane.NewInproc(dataplane.Options{}), Environment: func(id string) string { return id }, Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

// A graceful end sends every span, also of more commits at once than the collector is sent
// in one go.
func TestAGracefulEndLosesNoSpan(t *testing.T) {
	url, spans := counter(t)
	tracer := newTracer(t, url)
	w := compile(t, `{"C":{"type":"Compose","inputs":1}}`)
	const runs = maxCommits
	now := time.Now()
	for i := range runs {
		tracer.Committed(runner.Progress{Run: fmt.Sprint("run", i), Workflow: w, Ended: true, Status: wdl.Succeeded, Start: now, End: now})
	}
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(spans()); got+int(tracer.Dropped()) != runs || tracer.Dropped() != 0 {
		t.Errorf("%d spans of %d runs, %d dropped", got, runs, tracer.Dropped())
	}
}

// A run that waits when its process is killed goes on in the next one, whose spans belong
// to the same trace; no span is sent twice as another one.
func TestSpansAfterAKillAreOfTheSameTrace(t *testing.T) {
	url, spans := counter(t)
	w := compile(t, `{"First":{"type":"Compose","inputs":1},"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Second"}},"runAfter":{"First":["Succeeded"]}},"Last":{"type":"Compose","inputs":2,"runAfter":{"Wait":["Succeeded"]}}}`)
	dir := t.TempDir()
	begin := func(tracer *Tracer) (*store.Store, *runner.Runner) {
		s, err := store.Open(t.Context(), dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		network := dataplane.NewInproc(dataplane.Options{})
		operations, end := builtin.Operations(builtin.Options{})
		t.Cleanup(end)
		return s, runner.New(runner.Config{Store: s, Programs: library{w}, Operations: operations, Network: network, Observers: []runner.Observer{tracer}, Tracer: tracer})
	}
	killed := newTracer(t, url)
	s, r := begin(killed)
	started, err := r.Start(t.Context(), runner.StartRequest{Environment: store.Shared, Workflow: w, Trigger: engine.Fired{Name: "manual"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	id := traceID(started.RunID, engine.Trace{})
	tracer := newTracer(t, url) // what the killed one had not sent is lost
	s, r = begin(tracer)
	defer s.Close()
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	for ended := false; !ended; time.Sleep(time.Millisecond) {
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			run, err := tx.Run(started.RunID)
			ended = !run.End.IsZero()
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	r.Stop()
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := spans()
	for _, name := range []string{"", "Wait", "Last"} {
		span := spanID(started.RunID, name, "", false)
		if n := got[id.String()+"/"+span.String()]; n != 1 {
			t.Errorf("the span of %q was sent %d times in the run's trace", name, n)
		}
	}
	for key := range got {
		if !strings.HasPrefix(key, id.String()+"/") {
			t.Errorf("%s is of another trace", key)
		}
	}
	if err := killed.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
