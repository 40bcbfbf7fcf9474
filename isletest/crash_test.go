package isletest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/processtest"
	"isle/internal/store"
	"isle/isletest"
)

// crashData tells a child of this test binary the data folder it serves.
const crashData = "ISLE_TEST_CRASH_DATA"

// TestCrashChild is the server that is killed.
func TestCrashChild(t *testing.T) {
	data := os.Getenv(crashData)
	if data == "" {
		t.Skip("only as a child of TestAKilledServerLosesAndDoublesNothing")
	}
	isletest.Start(t, isletest.WithData(data), isletest.WithLog(os.Stderr))
	fmt.Println("ready")
	processtest.UntilKilled()
}

// crashFlows are the workflows under load; each calls the target with the run's name,
// the action, and the caller's number. The order workflow comes on top.
func crashFlows(target string) map[string]string {
	call := func(action, more string) string {
		return `{"type":"Http","inputs":{"method":"POST","uri":"` + target + `","headers":{"x-run":"@{workflow().run.name}","x-call":"` + action + `","x-number":"@{triggerBody()['number']}"},"body":"@triggerBody()"` + more + `}`
	}
	return map[string]string{
		"call":  `{"A":` + call("A", "") + `,"runAfter":{}},"B":` + call("B", "") + `,"runAfter":{"A":["Succeeded"]}},"C":{"type":"Compose","inputs":"@body('B')","runAfter":{"B":["Succeeded"]}}}`,
		"each":  `{"Each":{"type":"Foreach","foreach":"@range(0,4)","actions":{"Call":` + call("@{items('Each')}", "") + `,"runAfter":{}}},"runAfter":{}},"Done":{"type":"Compose","inputs":"@length(result('Each'))","runAfter":{"Each":["Succeeded"]}}}`,
		"wait":  `{"N":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer","value":0}]},"runAfter":{}},"Until":{"type":"Until","expression":"@equals(variables('n'),2)","limit":{"count":5,"timeout":"PT1H"},"actions":{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Second"}},"runAfter":{}},"Add":{"type":"IncrementVariable","inputs":{"name":"n","value":1},"runAfter":{"Wait":["Succeeded"]}}},"runAfter":{"N":["Succeeded"]}}}`,
		"retry": `{"A":` + call("retried", `,"retryPolicy":{"type":"fixed","count":2,"interval":"PT5S"}`) + `,"runAfter":{}}}`,
	}
}

// crashCalls are the calls that a run of each workflow makes.
var crashCalls = map[string][]string{"order": nil, "wait": nil, "call": {"A", "B"}, "each": {"0", "1", "2", "3"}, "retry": {"retried"}}

// crashTarget is what the workflows call: slow at random, and it remembers the client
// request ids of each call.
type crashTarget struct {
	*httptest.Server
	mu     sync.Mutex
	calls  map[string]map[string][]string // run → call → distinct client request ids, in order
	runs   map[string]map[string]bool     // caller's number → runs
	twice  map[string]bool                // run/call that arrived twice under one id
	total  int
	repeat int
}

func newCrashTarget(t *testing.T) *crashTarget {
	g := &crashTarget{calls: map[string]map[string][]string{}, twice: map[string]bool{}, runs: map[string]map[string]bool{}}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *crashTarget) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	status := g.note(r.Header.Get("x-run"), r.Header.Get("x-call"), r.Header.Get("x-number"), r.Header.Get("x-ms-client-request-id"))
	select {
	case <-time.After(time.Duration(rand.IntN(60)) * time.Millisecond):
	case <-r.Context().Done():
	}
	w.WriteHeader(status)
}

// note counts a call. Of a call that is to be tried again the first attempt fails, and
// so it does when it is repeated.
func (g *crashTarget) note(run, call, number, id string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total++
	if g.calls[run] == nil {
		g.calls[run] = map[string][]string{}
	}
	if g.runs[number] == nil {
		g.runs[number] = map[string]bool{}
	}
	g.runs[number][run] = true
	ids := g.calls[run][call]
	nth := len(ids)
	for i, known := range ids {
		if known == id {
			nth = i
			g.repeat++
			g.twice[run+"/"+call] = true
		}
	}
	if nth == len(ids) {
		g.calls[run][call] = append(ids, id)
	}
	if call == "retried" && nth == 0 {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// crashServer is the server in a process of its own.
type crashServer struct {
	t       *testing.T
	data    string
	process *processtest.Process
	ready   <-chan struct{} // closed when it is ready or gone
}

func startCrashServer(t *testing.T) *crashServer {
	t.Helper()
	c := &crashServer{t: t, data: filepath.Join(t.TempDir(), "data")}
	c.start()
	t.Cleanup(c.kill)
	return c
}

func (c *crashServer) start() {
	c.t.Helper()
	process, ready := processtest.Start(c.t, "TestCrashChild", crashData+"="+c.data), make(chan struct{})
	go func() {
		for line := range process.Lines() {
			if line == "ready" {
				break
			}
		}
		close(ready)
	}()
	c.process, c.ready = process, ready
}

// kill kills it, unless it has ended by itself: somebody else may have taken its port.
func (c *crashServer) kill() {
	c.t.Helper()
	c.process.Kill()
	<-c.ready // or two would read its lines
	c.process.Wait()
}

// crashLoad are the callers.
type crashLoad struct {
	t          *testing.T
	client     *http.Client
	urls       map[string]string
	mu         sync.Mutex
	accepted   map[string]string // run → workflow
	next       int
	stopped    chan struct{}
	callers    sync.WaitGroup
	unanswered int
}

func (l *crashLoad) run(seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	flows := []string{"order", "call", "each", "order", "call", "wait", "order", "retry"}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-l.stopped:
			return
		case <-pause.C: // the pace of the load
		}
		l.call(flows[random.IntN(len(flows))])
		pause.Reset(time.Duration(random.IntN(40)) * time.Millisecond)
	}
}

func (l *crashLoad) call(flow string) {
	l.mu.Lock()
	l.next++
	number := l.next
	l.mu.Unlock()
	resp, err := l.client.Post(l.urls[flow], "application/json", strings.NewReader(fmt.Sprintf(`{"id":"A-%d","qty":2,"price":60,"number":"%d"}`, number, number)))
	var body []byte
	if err == nil {
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.unanswered++ // no promise
		return
	}
	if resp.StatusCode == http.StatusServiceUnavailable { // it is starting: no promise either
		return
	}
	want := http.StatusAccepted
	if flow == "order" {
		want = http.StatusOK
	}
	run := resp.Header.Get("x-ms-workflow-run-id")
	if resp.StatusCode != want || run == "" {
		l.t.Errorf("%s answered %d %s", flow, resp.StatusCode, body)
		return
	}
	if l.accepted[run] != "" {
		l.t.Errorf("two callers were told of run %s", run)
	}
	l.accepted[run] = flow
}

// TestAKilledServerLosesAndDoublesNothing kills a server under load at random moments,
// starting up included, and starts it again on the same data and port. In the end
// every run that a caller was told of, or that is listed, has succeeded, each action
// was closed once, and what was called again was called under the same id.
func TestAKilledServerLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	kills := 50
	if processtest.Raced { // which is about what the server does between two of them
		kills = 20
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	g := newCrashTarget(t)
	c := startCrashServer(t)
	<-c.ready
	s := isletest.Connect(t, c.data)
	workflows, urls := deployCrash(t, s, g.URL)
	l := &crashLoad{t: t, client: s.HTTP(), urls: urls, accepted: map[string]string{}, stopped: make(chan struct{})}
	for i := range 6 {
		l.callers.Go(func() { l.run(seed + uint64(i)) })
	}
	for i := range kills {
		if i%4 != 0 {
			<-c.ready // else it may be killed while it starts
		}
		time.Sleep(time.Duration(50+random.IntN(600)) * time.Millisecond) // the random moment
		c.kill()
		c.start()
	}
	<-c.ready
	close(l.stopped)
	l.callers.Wait()

	for flow, url := range urls { // the old URLs hold
		if a := s.Call(url, map[string]any{"id": "last", "qty": 1, "price": 1, "number": "last-" + flow}); a.Status >= 300 {
			t.Errorf("the callback URL of %s: %d %s", flow, a.Status, a.Body)
		}
	}
	listed := listCrashRuns(t, s, workflows)
	for run, flow := range l.accepted {
		if listed[run] != flow {
			t.Errorf("run %s of %s was accepted and is lost", run, flow)
		}
	}
	c.kill()
	g.check(t, listed, checkCrashRecords(t, c.data, listed))
	t.Logf("%d kills, %d accepted runs, %d listed, %d requests without an answer; %d calls, %d of them repeated", kills, len(l.accepted), len(listed), l.unanswered, g.total, g.repeat)
	if len(l.accepted) < 100 || l.unanswered == 0 {
		t.Error("the load was too small to prove anything")
	}
}

// deployCrash deploys the order in its environment and the other workflows outside and
// in it, and gives their IDs and callback URLs.
func deployCrash(t *testing.T, s *isletest.Server, target string) (workflows, urls map[string]string) {
	order, url := deployOrder(t, s)
	workflows, urls = map[string]string{"order": order}, map[string]string{"order": url}
	environment := strings.Replace(order, "workflows/order", "integrationServiceEnvironments/isle", 1)
	for name, actions := range crashFlows(target) {
		where := ""
		if name == "each" || name == "retry" {
			where = `"integrationServiceEnvironment":{"id":"` + environment + `"},`
		}
		id := strings.Replace(order, "workflows/order", "workflows/"+name, 1)
		if a := s.Do(http.MethodPut, id, `{"location":"local","properties":{`+where+`"definition":`+definition(actions)+`}}`); a.Status != http.StatusCreated {
			t.Fatalf("workflow %s: %d %s", name, a.Status, a.Body)
		}
		workflows[name], urls[name] = id, s.Do(http.MethodPost, id+"/triggers/manual/listCallbackUrl", nil).Text("value")
	}
	return workflows, urls
}

// listCrashRuns waits until every run has ended and gives the workflow of each.
func listCrashRuns(t *testing.T, s *isletest.Server, workflows map[string]string) map[string]string {
	t.Helper()
	type page struct {
		Value []struct {
			Name       string
			Properties struct{ Status, Code string }
		}
		NextLink string
	}
	deadline := time.Now().Add(hanging)
	listed := map[string]string{}
	for flow, id := range workflows {
		for {
			open, link := 0, id+"/runs?$top=250"
			for link != "" {
				var p page
				a := s.Do(http.MethodGet, link, nil)
				must(t, json.Unmarshal(a.Body, &p))
				for _, run := range p.Value {
					switch run.Properties.Status {
					case "Succeeded":
						listed[run.Name] = flow
					case "Running", "Waiting":
						open++
					default:
						t.Fatalf("run %s of %s: %s %s\n%s", run.Name, flow, run.Properties.Status, run.Properties.Code, s.Do(http.MethodGet, id+"/runs/"+run.Name+"/actions", nil).Body)
					}
				}
				link = p.NextLink
			}
			if open == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d runs of %s have not ended", open, flow)
			}
			time.Sleep(50 * time.Millisecond) // the client's side of polling
		}
	}
	return listed
}

// checkCrashRecords reads what the server stored, and gives the calls (run/call) that it
// marked as repeated: each record of an action was closed
// by one commit.
func checkCrashRecords(t *testing.T, data string, listed map[string]string) (marked map[string]bool) {
	t.Helper()
	marked = map[string]bool{}
	st, err := store.Open(t.Context(), data, store.Options{ReadOnly: true})
	must(t, err)
	defer st.Close()
	found := 0
	for _, environment := range st.Environments() {
		db, err := st.Environment(t.Context(), environment)
		must(t, err)
		must(t, db.Read(t.Context(), func(tx *store.Tx) error {
			runs, err := tx.Runs(store.RunQuery{})
			if err != nil {
				return err
			}
			for _, run := range runs {
				found++
				rows, err := tx.Rows(run.Name)
				if err != nil {
					return err
				}
				if err := closedOnce(rows); err != nil {
					t.Errorf("run %s of %s: %v", run.Name, listed[run.Name], err)
				}
				if err := markRepeated(marked, run.Name, rows); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	if found != len(listed) {
		t.Errorf("%d runs are stored, %d are listed", found, len(listed))
	}
	return marked
}

// markRepeated notes the calls of a run that its history says were repeated.
func markRepeated(marked map[string]bool, run string, rows []store.Row) error {
	records, err := engine.DecodeRecords(rows)
	for _, r := range records {
		if !r.Repeated {
			continue
		}
		call := r.Action
		switch {
		case len(r.Repetition) > 0:
			call = fmt.Sprint(r.Repetition[0].Index)
		case len(r.RetryHistory) > 1:
			call = "retried"
		}
		marked[run+"/"+call] = true
	}
	return err
}

func closedOnce(rows []store.Row) error {
	closed := map[string]int{}
	for _, row := range rows {
		records, err := engine.DecodeRecords([]store.Row{row})
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.Status.Final() {
				closed[fmt.Sprintf("%s/%s/%v", r.Action, engine.RepetitionName(r.Repetition), r.Iteration)]++
			}
		}
	}
	var errs []error
	for action, n := range closed {
		if n != 1 {
			errs = append(errs, fmt.Errorf("%s was closed %d times", action, n))
		}
	}
	return errors.Join(errs...)
}

// check: every call of every run was made, each attempt under one id, and no caller's
// request became two runs. What arrived twice is marked in the run's history.
func (g *crashTarget) check(t *testing.T, listed map[string]string, marked map[string]bool) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for run, flow := range listed {
		for _, call := range crashCalls[flow] {
			want := 1
			if flow == "retry" {
				want = 2
			}
			if ids := g.calls[run][call]; len(ids) != want {
				t.Errorf("run %s of %s: %s was called under the ids %v, want %d", run, flow, call, ids, want)
			}
		}
		if len(g.calls[run]) != len(crashCalls[flow]) {
			t.Errorf("run %s of %s made the calls %v", run, flow, g.calls[run])
		}
	}
	for call := range g.twice {
		if !marked[call] {
			t.Errorf("%s was called twice, and the history does not say so", call)
		}
	}
	for number, runs := range g.runs {
		if len(runs) != 1 {
			t.Errorf("request %s became the runs %v", number, runs)
		}
	}
}
