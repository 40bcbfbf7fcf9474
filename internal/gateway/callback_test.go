package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/runner"
)

// handedOn are the callback URLs that webhooks have sent to a subscriber.
type handedOn struct {
	*httptest.Server
	mu   sync.Mutex
	urls []string
	hook func(url string) // called before the subscriber answers; may be nil
}

func newSubscriber(t *testing.T) *handedOn {
	h := &handedOn{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if h.hook != nil {
			h.hook(string(body))
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.urls = append(h.urls, string(body))
	}))
	t.Cleanup(h.Close)
	return h
}

// wait returns the URLs when there are so many.
func (h *handedOn) wait(t *testing.T, n int) []string {
	t.Helper()
	deadline := time.Now().Add(hanging)
	for {
		h.mu.Lock()
		urls := h.urls
		h.mu.Unlock()
		if len(urls) >= n {
			return urls
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d subscriptions", len(urls), n)
		}
		time.Sleep(time.Millisecond)
	}
}

func (h *handedOn) webhook(more string) string {
	return `{"type":"HttpWebhook","inputs":{"subscribe":{"uri":"` + h.URL + `","body":"@listCallbackUrl()"}}` + more + `}`
}

// wdl-semantics §11.10: what the callback brings becomes the outputs.
func TestCallbackBecomesTheOutputs(t *testing.T) {
	h := newSubscriber(t)
	e := newEndpoint(t)
	d := e.deploy(t, "approve", "", `{"W":`+h.webhook("")+`,"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('W')"},"runAfter":{"W":["Succeeded"]}}}`)
	var called sync.WaitGroup
	called.Go(func() {
		callback := h.wait(t, 1)[0]
		if a := send(t, "POST", callback+"&who=me", jsonType, `{"ok":true}`, "X-Mine", "1", "Authorization", "Basic dTpw"); a.status != 202 || a.body != "" {
			t.Errorf("the callback is answered %+v", a)
		}
	})
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	called.Wait()
	var outputs struct {
		StatusCode int
		Headers    map[string]string
		Queries    map[string]string
		Body       map[string]bool
	}
	if err := json.Unmarshal([]byte(a.body), &outputs); err != nil || a.status != 200 {
		t.Fatalf("%+v, %v", a, err)
	}
	if outputs.StatusCode != 200 || outputs.Headers["X-Mine"] != "1" || len(outputs.Queries) != 1 || outputs.Queries["who"] != "me" || !outputs.Body["ok"] {
		t.Errorf("outputs %+v", outputs)
	}
	if _, kept := outputs.Headers["Authorization"]; kept {
		t.Error("the Authorization header is kept")
	}
}

func TestCallbackKeepsAuthorizationIfAsked(t *testing.T) {
	h := newSubscriber(t)
	e := newEndpoint(t)
	d := e.deploy(t, "keeps", "", `{"W":`+h.webhook(`,"operationOptions":"IncludeAuthorizationHeadersInOutputs"`)+`,
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('W')['headers']['Authorization']"},"runAfter":{"W":["Succeeded"]}}}`)
	var called sync.WaitGroup
	called.Go(func() { send(t, "POST", h.wait(t, 1)[0], "", "", "Authorization", "Basic dTpw") })
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); a.body != "Basic dTpw" {
		t.Errorf("%+v", a)
	}
	called.Wait()
}

// A subscriber may call back before it answers.
func TestCallbackBeforeTheAnswer(t *testing.T) {
	h := newSubscriber(t)
	e := newEndpoint(t)
	called := make(chan struct{})
	h.hook = func(callback string) {
		defer close(called)
		if a := send(t, "POST", callback, "text/plain", "at once"); a.status != 202 {
			t.Errorf("%+v", a)
		}
	}
	d := e.deploy(t, "early", "", `{"W":`+h.webhook("")+`,"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@body('W')"},"runAfter":{"W":["Succeeded"]}}}`)
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); a.body != "at once" {
		t.Errorf("%+v", a)
	}
	<-called
}

func TestCallbackRefusals(t *testing.T) {
	h := newSubscriber(t)
	e := newEndpoint(t, func(c *Config) { c.MaxBody = 1 << 10 })
	d := e.deploy(t, "refuses", "", `{"W":`+h.webhook("")+`,"X":`+h.webhook("")+`,"C":{"type":"Compose","inputs":1},
		"D":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}},"Late":`+h.webhook(`,"runAfter":{"D":["Succeeded"]}`)+`,
		"L":{"type":"Foreach","foreach":[1],"actions":{"In":`+h.webhook("")+`}}}`)
	run := send(t, "POST", e.callback(d, ""), jsonType, `{}`).header.Get("x-ms-workflow-run-id")
	h.wait(t, 3)
	signed := func(action, repetition string) string {
		return runner.CallbackLink(d.FlowID, run, action, repetition, apiVersion).URL(e.URL, d.Keys[0])
	}
	other := func(a, b string) string { return strings.Replace(signed("W", ""), a, b, 1) }
	for _, c := range []struct {
		name, method, url, contentType, body string
		status                               int
		code                                 string
	}{
		{"another action's signature", "POST", other("/actions/W/run", "/actions/X/run"), "", "", 401, "SignatureInvalid"},
		{"no signature", "POST", strings.Split(signed("W", ""), "?")[0], "", "", 401, "DirectApiAuthorizationRequired"},
		{"not POST", "GET", signed("W", ""), "", "", 405, "MethodNotAllowed"},
		{"another run", "POST", runner.CallbackLink(d.FlowID, "none", "W", "", apiVersion).URL(e.URL, d.Keys[0]), "", "", 404, "WorkflowRunNotFound"},
		{"no such action", "POST", signed("Nope", ""), "", "", 404, "WorkflowRunActionNotFound"},
		{"no webhook", "POST", signed("C", ""), "", "", 404, "WorkflowRunActionNotFound"},
		{"not begun", "POST", signed("Late", ""), "", "", 404, "WorkflowRunActionNotFound"},
		{"a repetition of none", "POST", signed("W", "000000"), "", "", 404, "WorkflowRunActionRepetitionNotFound"},
		{"no repetition of one in a loop", "POST", signed("In", ""), "", "", 404, "WorkflowRunActionNotFound"},
		{"a repetition that there is not", "POST", signed("In", "000009"), "", "", 404, "WorkflowRunActionRepetitionNotFound"},
		{"a repetition that is no number", "POST", signed("In", "one"), "", "", 404, "WorkflowRunActionRepetitionNotFound"},
		{"not what its type says", "POST", signed("W", ""), jsonType, "{", 400, "InvalidRequestContent"},
		{"too large", "POST", signed("W", ""), "text/plain", strings.Repeat("x", 2000), 413, "RequestEntityTooLarge"},
		{"the action's name in another case", "POST", signed("w", ""), "", "", 202, ""},
		{"again", "POST", signed("W", ""), "text/plain", "other", 202, ""},
		{"of a repetition", "POST", signed("In", "000000"), "", "", 202, ""},
	} {
		if a := send(t, c.method, c.url, c.contentType, c.body); a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.code(), c.status, c.code)
		}
	}
	if err := e.runner.Cancel(t.Context(), environment, run); err != nil {
		t.Fatal(err)
	}
	if a := send(t, "POST", signed("X", ""), "", ""); a.status != 409 || a.code() != "WorkflowRunActionIsNotWaiting" || !strings.Contains(a.body, "Cancelled") {
		t.Errorf("after the run was cancelled: %+v", a)
	}
}

// A callback URL opens what it was made for: not the same action of another run, of
// another repetition, of another workflow, in another environment, or beyond what its
// text says; and nothing once its key is another one.
func TestCallbacksOpenNothingElse(t *testing.T) {
	h := newSubscriber(t)
	e := newEndpoint(t)
	actions := `{"W":` + h.webhook("") + `,"L":{"type":"Foreach","foreach":[1,2],"actions":{"In":` + h.webhook("") + `}}}`
	d := e.deploy(t, "mine", "", actions)
	other := e.deploy(t, "theirs", "", actions)
	other.Keys = [][]byte{[]byte("their own key")}
	begin := func(d *runner.Deployed) string {
		return send(t, "POST", e.callback(d, ""), jsonType, `{}`).header.Get("x-ms-workflow-run-id")
	}
	run, second, third := begin(d), begin(d), begin(other)
	h.wait(t, 9)
	link := func(action, repetition string) string {
		return runner.CallbackLink(d.FlowID, run, action, repetition, apiVersion).URL(e.URL, d.Keys[0])
	}
	w := link("W", "")
	for name, url := range map[string]string{
		"another run":            strings.Replace(w, "/runs/"+run, "/runs/"+second, 1),
		"another workflow":       strings.Replace(strings.Replace(w, d.FlowID, other.FlowID, 1), run, third, -1),
		"another workflow's key": runner.CallbackLink(d.FlowID, run, "W", "", apiVersion).URL(e.URL, other.Keys[0]),
		"another repetition":     strings.Replace(link("In", "000000"), "/repetitions/000000/", "/repetitions/000001/", 1),
		"no repetition":          strings.Replace(link("In", "000000"), "/repetitions/000000", "", 1),
		"a wider permission":     strings.Replace(w, "sp=%2Fruns%2F"+run+"%2Factions%2FW%2Frun", "sp=%2F%2F%2A", 1),
		"the trigger":            strings.Replace(w, "/runs/"+run+"/actions/W/run", "/triggers/manual/paths/invoke", 1),
		"what the run recorded":  strings.Replace(w, "/actions/W/run", "/contents/TriggerOutputs", 1),
		"an end that has passed": w + "&se=2001-01-01T00:00:00.0000000Z",
		"an end that is added":   w + "&se=2999-01-01T00:00:00.0000000Z",
		"two signatures":         w + "&sig=x",
		"a signature cut off":    w[:len(w)-1],
	} {
		method := "POST"
		if strings.Contains(name, "recorded") {
			method = "GET"
		}
		if a := send(t, method, url, "", ""); a.status != 401 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	// Signed by a workflow for a run that is not its own.
	if a := send(t, "POST", runner.CallbackLink(d.FlowID, third, "W", "", apiVersion).URL(e.URL, d.Keys[0]), "", ""); a.status != 404 {
		t.Errorf("a run of another workflow: %d %s", a.status, a.body)
	}
	turned := *d
	turned.Workflow = &engine.Workflow{Program: d.Workflow.Program, ID: d.Workflow.ID, Name: d.Name, Location: "local", Version: d.Version, FlowID: d.FlowID, Stateless: true}
	e.library.mu.Lock()
	e.library.flows[d.FlowID] = &turned
	e.library.mu.Unlock()
	if a := send(t, "POST", runner.CallbackLink(d.FlowID, third, "W", "", apiVersion).URL(e.URL, d.Keys[0]), "", ""); a.status != 404 {
		t.Errorf("a run of another workflow, through a stateless one: %d %s", a.status, a.body)
	}
	turned.Workflow, turned.Keys = d.Workflow, [][]byte{[]byte("a new one"), []byte("and another")}
	if a := send(t, "POST", w, "", ""); a.status != 401 {
		t.Errorf("after the keys have changed: %d %s", a.status, a.body)
	}
}

// The callers of a callback are judged like those of a trigger (ise.md #163).
func TestCallbackIsUnderAccessControl(t *testing.T) {
	h := newSubscriber(t)
	e := newEndpoint(t)
	d := e.deploy(t, "guarded", "", `{"W":`+h.webhook("")+`}`)
	send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	callback := h.wait(t, 1)[0]
	guarded := *d
	elsewhere := netip.MustParseAddr("192.0.2.1")
	guarded.Triggers = runner.Callers{Limited: true, Ranges: []runner.AddressRange{{From: elsewhere, To: elsewhere}}}
	e.library.mu.Lock()
	e.library.flows[d.FlowID] = &guarded
	e.library.mu.Unlock()
	if a := send(t, "POST", callback, "", ""); a.status != 403 || a.code() != "AuthorizationFailed" {
		t.Errorf("%+v", a)
	}
}

// The address and the credentials of a subscription are not shown, whether it is
// under way, waits, or was called before it was answered.
func TestSecretsOfASubscriptionAreNotShown(t *testing.T) {
	for name, body := range map[string]string{
		"inline":             "@listCallbackUrl()",
		"in content storage": "@concat(listCallbackUrl(),'#',triggerBody()?['pad'])",
	} {
		t.Run(name, func(t *testing.T) { checkSecretsOfASubscription(t, body) })
	}
}

func checkSecretsOfASubscription(t *testing.T, body string) {
	h := newSubscriber(t)
	e := newEndpoint(t)
	var run string
	var d *runner.Deployed
	inputs := func() string {
		return send(t, "GET", runner.ContentLink(d.FlowID, run, "/actions/W", "ActionInputs", apiVersion, time.Now()).URL(e.URL, d.Keys[0]), "", "").body
	}
	var seen []string
	called := make(chan bool)
	h.hook = func(callback string) {
		<-called
		seen = append(seen, inputs())
		send(t, "POST", callback, "", "")
		seen = append(seen, inputs(), callback)
		called <- true
	}
	d = e.deploy(t, "secret", "", `{"W":{"type":"HttpWebhook","inputs":{"subscribe":{"uri":"`+h.URL+`","body":"`+body+`","authentication":{"type":"Basic","username":"u","password":"hush"}}}}}`)
	run = send(t, "POST", e.callback(d, ""), jsonType, `{"pad":"`+strings.Repeat("x", engine.Inline+1)+`"}`).header.Get("x-ms-workflow-run-id")
	called <- true
	<-called
	u, err := url.Parse(seen[2])
	if err != nil || len(u.Query().Get("sig")) < 40 {
		t.Fatalf("handed on %s, %v", seen[2], err)
	}
	for i, shown := range seen[:2] {
		if strings.Contains(shown, "hush") || strings.Contains(shown, u.Query().Get("sig")) || !strings.Contains(shown, `"uri"`) {
			t.Errorf("look %d shows %s", i, shown)
		}
	}
}
