package logic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// orders is a workflow that books an order, then sends it, which fails while its peer is
// down; %s are settings of Book, the peer, and the inputs of Note.
const orders = `{"location":"West US","properties":{"definition":{"$schema":"` + schema + `","contentVersion":"1.0.0.0",
	"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},
	"actions":{
		"Count":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer","value":1}]},"runAfter":{}},
		"Try":{"type":"Scope","actions":{
			"Book":{"type":"Http","inputs":{"method":"POST","uri":"%[2]s/book","body":"@triggerBody()"},%[1]s"runAfter":{}},
			"Send":{"type":"Http","inputs":{"method":"POST","uri":"%[2]s/send/@{variables('n')}","body":{"booked":"@outputs('Book')?['body']","of":"@triggerBody()"},"retryPolicy":{"type":"none"}},"runAfter":{"Book":["Succeeded"]}}},
			"runAfter":{"Count":["Succeeded"]}},
		"Failed":{"type":"IncrementVariable","inputs":{"name":"n"},"runAfter":{"Try":["Failed"]}},
		"Each":{"type":"Foreach","foreach":[1,2],"actions":{"In":{"type":"Compose","inputs":"@item()"}},"runAfter":{"Count":["Succeeded"]}},
		"Note":{"type":"Compose","inputs":%[3]s,"runAfter":{"Try":["Succeeded"]}}
	}}}}`

// peer is the peer of the orders.
type peer struct {
	*httptest.Server
	mu     sync.Mutex
	calls  map[string]int
	bodies []string
	down   bool // to what is sent
}

func newPeer(t *testing.T) *peer {
	p := &peer{calls: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls[r.URL.Path]++
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		p.bodies = append(p.bodies, string(body))
		if p.down && strings.HasPrefix(r.URL.Path, "/send") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "%q", "number "+fmt.Sprint(p.calls[r.URL.Path]))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *peer) set(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *peer) called(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// resubmit begins a run and gives it when it has ended.
func (w *world) resubmit(flow, origin, body string) map[string]any {
	w.t.Helper()
	made, header := w.receive("POST", flow+"/runs/"+origin+"/resubmit", body, 202)
	name := made["name"].(string)
	if header.Get("x-ms-workflow-run-id") != name {
		w.t.Errorf("the header names %q, not %s", header.Get("x-ms-workflow-run-id"), name)
	}
	var run map[string]any
	w.until("the run has ended", func() bool {
		run = w.send("GET", flow+"/runs/"+name, "", 200)
		return get(run, "properties", "status") != "Running"
	})
	return run
}

// A run goes on at an action of another one: what went before is in its history as it was,
// marked, and not done again; variables are what they were there.
func TestARunIsResubmittedFromAnAction(t *testing.T) {
	w, p := newWorld(t), newPeer(t)
	flow := workflows + "/orders"
	w.send("PUT", flow, fmt.Sprintf(orders, "", p.URL, `"@variables('n')"`), 201)
	p.set(true)
	origin := w.fireRecorder(flow, `{"id":"A-1"}`)[0]
	p.set(false)
	for _, body := range []string{`{"from":"failed"}`, `{"actionsToResubmit":[{"name":"send"}]}`, `{"actionsToResubmit":[{"name":"Send"}],"body":{"id":"A-2"}}`} {
		run := w.resubmit(flow, origin, body)
		if get(run, "properties", "status") != "Succeeded" || get(run, "properties", "trigger", "originHistoryName") != origin {
			t.Errorf("%s: %v", body, run)
		}
		actions := flow + "/runs/" + run["name"].(string) + "/actions/"
		was, is := w.send("GET", flow+"/runs/"+origin+"/actions/Book", "", 200), w.send("GET", actions+"Book", "", 200)
		for _, member := range []string{"startTime", "endTime", "trackingId", "status"} {
			if get(was, "properties", member) != get(is, "properties", member) {
				t.Errorf("%s of Book was %v and is %v", member, get(was, "properties", member), get(is, "properties", member))
			}
		}
		if get(is, "properties", "kept") != true || get(is, "properties", "outputsLink", "uri") == nil || get(was, "properties", "kept") != nil {
			t.Errorf("%s: kept as %v", body, is)
		}
		if send := w.send("GET", actions+"Send", "", 200); get(send, "properties", "kept") != nil || get(send, "properties", "status") != "Succeeded" {
			t.Errorf("%s: %v", body, send)
		}
	}
	if p.called("/book") != 1 || p.called("/send/1") != 4 {
		t.Errorf("%v", p.calls)
	}
	if last := p.bodies[len(p.bodies)-1]; last != `{"booked":"number 1","of":{"id":"A-2"}}` {
		t.Errorf("with another body it sent %s", last)
	}
}

// Where a run cannot begin is told, all of it, and no run begins.
func TestWhatCannotBeResubmittedFrom(t *testing.T) {
	w, p := newWorld(t), newPeer(t)
	flow := workflows + "/orders"
	w.send("PUT", flow, fmt.Sprintf(orders, "", p.URL, `"@variables('n')"`), 201)
	p.set(true)
	origin := w.fireRecorder(flow, `{"id":"A-1"}`)[0]
	path := flow + "/runs/" + origin + "/resubmit"
	for _, wrong := range []string{`{"actionsToResubmit":[]}`, `{"actionsToResubmit":["Send"]}`, `{"actionsToResubmit":[{"name":""}]}`, `{"from":"start"}`,
		`{"from":"failed","actionsToResubmit":[{"name":"Send"}]}`, `{"actionToResubmit":[{"name":"Send"}]}`} {
		w.refused("POST", path, wrong, 400, "InvalidRequestContent")
	}
	w.refused("POST", path, `{"actionsToResubmit":[{"name":"Nobody"}]}`, 400, "WorkflowActionNotFound")
	w.refused("POST", path, `{"actionsToResubmit":[{"name":"In"}]}`, 409, "ActionNotResubmittable")
	w.refused("POST", path, `{"actionsToResubmit":[{"name":"Note"}]}`, 409, "ActionNotResubmittable")
	two := w.send("POST", path, `{"actionsToResubmit":[{"name":"Nobody"},{"name":"In"}]}`, 400)
	if list, _ := get(two, "error", "details").([]any); len(list) != 2 {
		t.Errorf("%v", two)
	}

	w.refused("POST", flow+"/runs/none/resubmit", `{"from":"failed"}`, 404, "WorkflowRunNotFound")
	w.send("PUT", flow, fmt.Sprintf(strings.Replace(orders, "/book", "/book2", 1), "", p.URL, `1`), 200)
	w.refused("POST", path, `{"from":"failed"}`, 409, "KeptActionChanged")
	if runs := w.pages(flow + "/runs"); len(runs) != 1 {
		t.Errorf("%d runs", len(runs))
	}
	// Book is done again, and so may have changed.
	p.set(false)
	if run := w.resubmit(flow, origin, `{"actionsToResubmit":[{"name":"Book"}]}`); get(run, "properties", "status") != "Succeeded" || p.called("/book2") != 1 {
		t.Errorf("%v, %v", run, p.calls)
	}
}

// What a kept action had in secret stays so; it is not handed to a definition that would
// show it. What a definition secures now is not shown of what is kept.
func TestSecuredActionsAreKeptInSecret(t *testing.T) {
	w, p := newWorld(t), newPeer(t)
	flow := workflows + "/orders"
	put := func(settings string, want int) {
		t.Helper()
		w.send("PUT", flow, fmt.Sprintf(orders, settings, p.URL, `1`), want)
	}
	const secured = `"runtimeConfiguration":{"secureData":{"properties":["inputs","outputs"]}},`
	put(secured, 201)
	p.set(true)
	hidden := w.fireRecorder(flow, `{"id":"A-1"}`)[0]
	p.set(false)
	book := func(run map[string]any) map[string]any {
		return w.send("GET", flow+"/runs/"+run["name"].(string)+"/actions/Book", "", 200)
	}
	links := func(action map[string]any) bool {
		return get(action, "properties", "inputsLink") != nil || get(action, "properties", "outputsLink") != nil
	}
	if is := book(w.resubmit(flow, hidden, `{"from":"failed"}`)); links(is) || get(is, "properties", "kept") != true || fmt.Sprint(get(is, "properties", "secured")) != "[inputs outputs]" {
		t.Errorf("secured then and now: %v", is)
	}
	put("", 200)
	w.refused("POST", flow+"/runs/"+hidden+"/resubmit", `{"from":"failed"}`, 409, "SecuredOutputsNotResubmittable")
	w.refused("POST", flow+"/runs/"+hidden+"/resubmit", `{"from":"failed","outputs":{}}`, 409, "SecuredOutputsNotResubmittable")
	p.set(true)
	shown := w.fireRecorder(flow, `{"id":"A-2"}`)[0]
	p.set(false)
	put(secured, 200)
	if is := book(w.resubmit(flow, shown, `{"from":"failed"}`)); links(is) {
		t.Errorf("secured now: %v", is)
	}
}

// Many runs go on where each failed; those in which nothing failed are left.
func TestManyRunsGoOnWhereTheyFailed(t *testing.T) {
	w, p := newWorld(t), newPeer(t)
	flow := workflows + "/orders"
	w.send("PUT", flow, fmt.Sprintf(orders, "", p.URL, `1`), 201)
	p.set(true)
	failed := w.fireRecorder(flow, `{"id":"1"}`, `{"id":"2"}`, `{"id":"3"}`)
	p.set(false)
	w.fireRecorder(flow, `{"id":"4"}`)
	all := "?$filter=" + url.QueryEscape("startTime ge 2000-01-01T00:00:00Z")
	_, header := w.receive("POST", flow+"/resubmitRuns"+all, `{"from":"failed"}`, 202)
	at, err := url.Parse(header.Get("Location"))
	w.must(err)
	done := w.eventually(at.Path, "Succeeded", "status")
	if get(done, "properties", "done") != 3.0 || get(done, "properties", "skipped") != 1.0 || get(done, "properties", "failed") != 0.0 {
		t.Errorf("%v", done)
	}
	w.until("all have ended", func() bool {
		return len(w.pages(flow+"/runs?$filter="+url.QueryEscape("status eq 'Succeeded'"))) == 4
	})
	if p.called("/book") != 4 {
		t.Errorf("%v", p.calls)
	}
	for _, name := range w.pages(flow + "/runs") {
		from, _ := get(w.send("GET", flow+"/runs/"+name, "", 200), "properties", "trigger", "originHistoryName").(string)
		if from != name && !slices.Contains(failed, from) {
			t.Errorf("%s goes on from %s", name, from)
		}
	}
	w.refused("POST", flow+"/resubmitRuns"+all, `{"body":1}`, 400, "InvalidRequestContent")
	w.refused("POST", flow+"/resubmitRuns"+all, `{"from":"start"}`, 400, "InvalidRequestContent")
}

// What a call of the trigger would be refused for, a run does not begin with again.
func TestAResubmittedBodyIsHeldToTheSchema(t *testing.T) {
	w := newWorld(t)
	flow := workflows + "/held"
	definition := `{"location":"West US","properties":{"definition":{"$schema":"` + schema + `","contentVersion":"1.0.0.0","triggers":{"manual":{"type":"Request","kind":"Http",
		"inputs":{"schema":{"type":"object","required":["id"]}}%s}},"actions":{}}}}`
	w.send("PUT", flow, fmt.Sprintf(definition, `,"operationOptions":"EnableSchemaValidation"`), 201)
	origin := w.fireRecorder(flow, `{"id":"A-1"}`)[0]
	for _, body := range []string{`{"body":{"no":1}}`, `{"outputs":{"body":{"no":1}}}`, `{"outputs":{}}`} {
		if refused := w.send("POST", flow+"/runs/"+origin+"/resubmit", body, 400); get(refused, "error", "code") != "TriggerInputSchemaMismatch" {
			t.Errorf("%s: %v", body, refused)
		}
	}
	if runs := w.send("GET", flow+"/runs", "", 200); len(runs["value"].([]any)) != 1 {
		t.Errorf("%v", runs)
	}
	w.resubmit(flow, origin, `{"body":{"id":"A-2"}}`)
	w.send("PUT", flow, fmt.Sprintf(definition, ""), 200)
	w.resubmit(flow, origin, `{"body":{"no":1}}`) // as a call would be
}
