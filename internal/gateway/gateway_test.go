package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/builtin"
	"isle/internal/dataplane"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/task"
	"isle/wdl"
)

const environment = "0123456789abcdef0123456789abcdef"

type library struct {
	mu    sync.Mutex
	flows map[string]*runner.Deployed
}

func (l *library) ByFlowID(_ context.Context, flowID string) (*runner.Deployed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := l.flows[flowID]; d != nil {
		return d, nil
	}
	return nil, store.ErrNotFound
}

func (l *library) Workflow(ctx context.Context, _, flowID, version string) (*engine.Workflow, error) {
	d, err := l.ByFlowID(ctx, flowID)
	if err != nil || version != d.Version {
		return nil, store.ErrNotFound
	}
	return d.Workflow, nil
}

// endpoint is a gateway with everything below it, on a real socket.
type endpoint struct {
	*httptest.Server
	library *library
	runner  *runner.Runner
	store   *store.Store
	db      *store.DB
	end     func() // stops everything, once
}

func newEndpoint(t *testing.T, change ...func(*Config)) *endpoint {
	t.Helper()
	return newEndpointIn(t, t.TempDir(), change...)
}

func newEndpointIn(t *testing.T, dir string, change ...func(*Config)) *endpoint {
	t.Helper()
	return newEndpointOn(t, dir, nil, change...)
}

// newEndpointInside is reached without a socket, so that its time may be a bubble's.
func newEndpointInside(t *testing.T, change ...func(*Config)) (*endpoint, http.RoundTripper) {
	t.Helper()
	network := dataplane.NewInproc(dataplane.Options{})
	l := network.Publish("the access endpoint", netip.MustParseAddrPort("127.0.0.1:9"))
	dial := network.Dialer(dataplane.Shared, dataplane.SubnetBuiltIn).Dial
	return newEndpointOn(t, t.TempDir(), l, change...), &http.Transport{DialContext: dial, DisableKeepAlives: true}
}

// newEndpointOn serves on a listener; nil: a free port.
func newEndpointOn(t *testing.T, dir string, on net.Listener, change ...func(*Config)) *endpoint {
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
	l := &library{flows: map[string]*runner.Deployed{}}
	e := &endpoint{library: l, store: s, db: db, Server: httptest.NewUnstartedServer(nil)}
	if on != nil {
		_ = e.Listener.Close()
		e.Listener = on
	}
	access := func(string) string { return "http://" + e.Listener.Addr().String() }
	r := runner.New(runner.Config{Store: s, Programs: l, Operations: operations, Network: dataplane.NewInproc(dataplane.Options{}),
		Access: access, StopTimeout: 10 * time.Millisecond})
	e.runner = r
	config := Config{Workflows: l, Runner: r, Store: s, Access: access}
	for _, c := range change {
		c(&config)
	}
	e.Config.Handler = New(config)
	e.Start()
	tasks := task.New(s, r.Handlers(), task.Options{})
	if err := tasks.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	e.end = sync.OnceFunc(func() {
		e.CloseClientConnections()
		e.Close()
		tasks.Stop()
		r.Stop()
		end()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(e.end)
	return e
}

func (e *endpoint) deploy(t testing.TB, name, trigger, actions string) *runner.Deployed {
	t.Helper()
	if trigger == "" {
		trigger = `{"type":"Request","kind":"Http","inputs":{}}`
	}
	def, err := expr.ParseJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":{"manual":` + trigger + `},"actions":` + actions + `}`))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(def, expr.Null(), wdl.Options{Supported: engine.Supported})
	if program == nil {
		t.Fatal(problems)
	}
	id := fmt.Sprintf("%032x", name)
	d := &runner.Deployed{
		Environment: environment, FlowID: id, Version: "08", Name: name, Enabled: true, Keys: [][]byte{[]byte("primary"), []byte("secondary")},
		Workflow: &engine.Workflow{Program: program, ID: "/x/" + name, Name: name, Location: "local", Version: "08", FlowID: id},
	}
	e.library.mu.Lock()
	e.library.flows[id] = d
	e.library.mu.Unlock()
	return d
}

func (e *endpoint) callback(d *runner.Deployed, relativePath string) string {
	return runner.TriggerLink(d.FlowID, "", "manual", relativePath, apiVersion).URL(e.URL, d.Keys[0])
}

// hanging is when a test that waits has hung: no machine that runs the tests is so slow.
const hanging = 3 * time.Minute

// runsOf waits until a workflow has as many runs, and says how many it has.
func (e *endpoint) runsOf(t *testing.T, flow string, want int) int {
	t.Helper()
	for deadline := time.Now().Add(hanging); ; time.Sleep(time.Millisecond) {
		var runs []store.Run
		if err := e.db.Read(context.Background(), func(tx *store.Tx) (err error) { runs, err = tx.Runs(store.RunQuery{Workflow: flow}); return err }); err != nil {
			t.Fatal(err)
		}
		if len(runs) == want || time.Now().After(deadline) {
			return len(runs)
		}
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) code() string {
	var e struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal([]byte(a.body), &e)
	if e.Error.Message == "" && e.Error.Code != "" {
		return "no message"
	}
	return e.Error.Code
}

func send(t *testing.T, method, url, contentType, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return do(t, r)
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	return doWith(t, http.DefaultTransport, r)
}

func doWith(t *testing.T, transport http.RoundTripper, r *http.Request) answer {
	t.Helper()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

const jsonType = "application/json"

// echo answers with what the trigger saw.
const echo = `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@triggerOutputs()"},"runAfter":{}}}`

func TestResponse(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "orders", "", `{"Answer":{"type":"Response","inputs":{"statusCode":201,"headers":{"X-Mine":"1","Content-Type":"text/csv","Allow":"GET","Content-Length":"7777","Set-Cookie":"a=b","Content-Language":"de","Location":"https://elsewhere"},"body":"a;b"},"runAfter":{}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`, "x-ms-client-tracking-id", "mine")
	if a.status != 201 || a.body != "a;b" || a.header.Get("Content-Type") != "text/csv" || a.header.Get("X-Mine") != "1" || a.header.Get("Location") != "https://elsewhere" {
		t.Errorf("%+v", a)
	}
	for _, name := range []string{"Allow", "Set-Cookie", "Content-Language"} {
		if a.header.Get(name) != "" {
			t.Errorf("%s was sent", name)
		}
	}
	run := a.header.Get("x-ms-workflow-run-id")
	for name, want := range map[string]string{ // wdl-semantics §14.4
		"x-ms-correlation-id": a.header.Get("x-ms-tracking-id"), "x-ms-client-tracking-id": "mine", "x-ms-trigger-history-name": run,
		"x-ms-workflow-system-id": "/locations/local/scaleunits/prod-00/workflows/" + d.FlowID, "x-ms-workflow-id": d.FlowID,
		"x-ms-workflow-version": "08", "x-ms-workflow-name": "orders",
	} {
		if got := a.header.Get(name); got != want || got == "" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if id := a.header.Get("x-ms-request-id"); len(id) != 37 || id[0] != ':' {
		t.Errorf("x-ms-request-id %q", id)
	}
}

func TestSuppressWorkflowHeadersOnResponse(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "quiet", `{"type":"Request","operationOptions":"SuppressWorkflowHeadersOnResponse"}`, echo)
	for name := range send(t, "POST", e.callback(d, ""), jsonType, `{}`).header {
		if strings.HasPrefix(name, "X-Ms-") {
			t.Errorf("%s was sent", name)
		}
	}
}

func TestTriggerOutputs(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "echo", `{"type":"Request","inputs":{"method":"PUT","relativePath":"orders/{id}/lines/{line}"}}`, echo)
	u := e.callback(d, "orders/a%2Fb/lines/7%20x") + "&q=1&b=x%20y&q=2"
	a := send(t, "PUT", u, jsonType, `{"n": 1}`, "Authorization", "Basic secret", "User-Agent", "test", "X-A", "1", "Accept-Encoding", "identity")
	host, _ := url.Parse(e.URL)
	want := `{"headers":{"Accept-Encoding":"identity","Host":"` + host.Host + `","User-Agent":"test","X-A":"1","Content-Type":"application/json","Content-Length":"8"},"queries":{"q":"1,2","b":"x y"},"relativePathParameters":{"id":"a/b","line":"7 x"},"body":{"n":1}}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	d = e.deploy(t, "keeps", `{"type":"Request","operationOptions":"IncludeAuthorizationHeadersInOutputs"}`, echo)
	if a := send(t, "POST", e.callback(d, ""), "", "", "Authorization", "Basic secret"); !strings.Contains(a.body, `"Authorization":"Basic secret"`) || strings.Contains(a.body, `"body"`) {
		t.Errorf("%s", a.body)
	}
}

func TestRefusals(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "plain", "", echo)
	put := e.deploy(t, "put", `{"type":"Request","inputs":{"method":"PUT","relativePath":"a/{b}"}}`, echo)
	off := e.deploy(t, "off", "", echo)
	off.Enabled = false
	closed := e.deploy(t, "closed", "", echo)
	closed.Triggers = runner.Callers{Limited: true, Ranges: []runner.AddressRange{{From: netip.MustParseAddr("10.0.0.0"), To: netip.MustParseAddr("10.0.0.9")}}}
	timer := e.deploy(t, "timer", `{"type":"Recurrence","recurrence":{"frequency":"Day","interval":1}}`, `{"A":{"type":"Compose","inputs":1,"runAfter":{}}}`)
	strict := e.deploy(t, "strict", `{"type":"Request","operationOptions":"EnableSchemaValidation","inputs":{"schema":{"type":"object","required":["id"],"properties":{"id":{"type":"string"}}}}}`, echo)
	good := e.callback(d, "")
	expired := runner.TriggerLink(d.FlowID, "", "manual", "", apiVersion)
	expired.Expires = time.Now().Add(-time.Second)
	for _, c := range []struct {
		name, method, url, contentType, body string
		status                               int
		code                                 string
		headers                              []string
	}{
		{"no signature", "POST", strings.Split(good, "&sig=")[0], jsonType, `{}`, 401, "DirectApiAuthorizationRequired", nil},
		{"wrong signature", "POST", good[:len(good)-3] + "AAA", jsonType, `{}`, 401, "SignatureInvalid", nil},
		{"another workflow's signature", "POST", strings.Replace(good, d.FlowID, put.FlowID, 1), jsonType, `{}`, 401, "SignatureInvalid", nil},
		{"expired", "POST", expired.URL(e.URL, d.Keys[0]), jsonType, `{}`, 401, "SignatureExpired", nil},
		{"bearer as well", "POST", good, jsonType, `{}`, 401, "DirectApiRequestHasMoreThanOneAuthorization", []string{"Authorization", "Bearer x"}},
		{"bearer only", "POST", strings.Split(good, "?")[0], jsonType, `{}`, 401, "DirectApiAuthorizationRequired", []string{"Authorization", "bearer x"}},
		{"unknown workflow", "POST", strings.ReplaceAll(good, d.FlowID, strings.Repeat("f", 32)), jsonType, `{}`, 404, "WorkflowNotFound", nil},
		{"unknown trigger", "POST", runner.TriggerLink(d.FlowID, "", "other", "", "").URL(e.URL, d.Keys[0]), jsonType, `{}`, 404, "WorkflowTriggerNotFound", nil},
		{"not a Request trigger", "POST", e.callback(timer, ""), jsonType, `{}`, 404, "WorkflowTriggerNotFound", nil},
		{"unknown version", "POST", runner.TriggerLink(d.FlowID, "07", "manual", "", "").URL(e.URL, d.Keys[0]), jsonType, `{}`, 404, "WorkflowVersionNotFound", nil},
		{"from an address that may not call", "POST", e.callback(closed, ""), jsonType, `{}`, 403, "AuthorizationFailed", nil},
		{"disabled", "POST", e.callback(off, ""), jsonType, `{}`, 404, "WorkflowTriggerIsNotEnabled", nil},
		{"wrong method", "GET", good, "", "", 405, "TriggerRequestMethodNotValid", nil},
		{"wrong method of those given", "POST", e.callback(put, "a/b"), jsonType, `{}`, 405, "TriggerRequestMethodNotValid", nil},
		{"relative path too short", "PUT", e.callback(put, "a"), jsonType, `{}`, 404, "TriggerRelativePathNotValid", nil},
		{"relative path too long", "PUT", e.callback(put, "a/b/c"), jsonType, `{}`, 404, "TriggerRelativePathNotValid", nil},
		{"relative path of other literals", "PUT", e.callback(put, "A/b"), jsonType, `{}`, 404, "TriggerRelativePathNotValid", nil},
		{"relative path where there is none", "POST", e.callback(d, "x"), jsonType, `{}`, 404, "TriggerRelativePathNotValid", nil},
		{"no JSON", "POST", good, jsonType, `{"a":`, 400, "InvalidRequestContent", nil},
		{"schema", "POST", e.callback(strict, ""), jsonType, `{"id":1}`, 400, "TriggerInputSchemaMismatch", nil},
		{"schema, no body", "POST", e.callback(strict, ""), "", "", 400, "TriggerInputSchemaMismatch", nil},
		{"bad query", "POST", good + "&a=%zz", jsonType, `{}`, 400, "InvalidRequestUri", nil},
		{"nothing there", "GET", e.URL + "/workflows/" + d.FlowID, "", "", 404, "ResourceNotFound", nil},
		{"dots", "POST", e.URL + "/workflows/%2e%2e/triggers/manual/paths/invoke?sig=x", "", "", 404, "ResourceNotFound", nil},
	} {
		a := send(t, c.method, c.url, c.contentType, c.body, c.headers...)
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		if a.status == 401 && a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", c.name)
		}
		if strings.Contains(a.body, "sig=") {
			t.Errorf("%s: the signature shows: %s", c.name, a.body)
		}
	}
	if a := send(t, "POST", e.callback(strict, ""), jsonType, `{"id":"a"}`); a.status != 200 {
		t.Errorf("a body that matches: %+v", a)
	}
	if a := send(t, "POST", runner.TriggerLink(d.FlowID, "08", "MANUAL", "", "").URL(e.URL, d.Keys[1]), jsonType, `{}`); a.status != 200 {
		t.Errorf("a version, another case, the secondary key: %+v", a)
	}
	var runs []store.Run
	_ = e.db.Read(context.Background(), func(tx *store.Tx) (err error) { runs, err = tx.Runs(store.RunQuery{}); return err })
	if len(runs) != 2 {
		t.Errorf("%d runs: a refused request began one", len(runs))
	}
}

func TestAcceptedWithoutAResponseAction(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "quiet", "", `{"A":{"type":"Compose","inputs":1,"runAfter":{}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if a.status != 202 || a.body != "" || a.header.Get("x-ms-workflow-run-id") == "" {
		t.Errorf("%+v", a)
	}
	d = e.deploy(t, "split", `{"type":"Request","splitOn":"@triggerBody()"}`, `{"A":{"type":"Compose","inputs":"@triggerBody()","runAfter":{}}}`)
	if a := send(t, "POST", e.callback(d, ""), jsonType, `[1,2]`); a.status != 202 {
		t.Errorf("splitOn: %+v", a)
	}
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); a.status != 400 || a.code() != "ExpressionEvaluationFailed" {
		t.Errorf("splitOn of no array: %+v", a)
	}
}

func TestNoResponseAndTimeout(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "fails", "", `{"A":{"type":"Compose","inputs":"@int('x')","runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"A":["Succeeded"]}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if run := a.header.Get("x-ms-workflow-run-id"); a.status != 502 || a.code() != "NoResponse" || !strings.Contains(a.body, "The server did not receive a response from an upstream server. Request tracking id '"+run+"'.") {
		t.Errorf("%+v", a)
	}
	e = newEndpoint(t, func(c *Config) { c.EnvironmentResponseTimeout = 50 * time.Millisecond })
	d = e.deploy(t, "slow", "", `{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"W":["Succeeded"]}}}`)
	a = send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if a.status != 504 || a.code() != "GatewayTimeout" {
		t.Errorf("%+v", a)
	}
	var run store.Run
	_ = e.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		run, err = tx.Run(a.header.Get("x-ms-workflow-run-id"))
		return err
	})
	if !run.End.IsZero() || run.Name == "" {
		t.Errorf("the run did not go on: %+v", run)
	}
}

func TestAsynchronousResponse(t *testing.T) {
	e := newEndpoint(t)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-release }))
	defer slow.Close()
	d := e.deploy(t, "async", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+slow.URL+`"},"runAfter":{}},"Answer":{"type":"Response","operationOptions":"Asynchronous","inputs":{"statusCode":201,"headers":{"X-A":"b"},"body":{"done":true}},"runAfter":{"Get":["Succeeded"]}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	location := a.header.Get("Location")
	if a.status != 202 || !strings.HasPrefix(location, e.URL+"/workflows/"+d.FlowID+"/runs/") || a.header.Get("Retry-After") == "" {
		t.Fatalf("%+v", a)
	}
	if a := send(t, "GET", location, "", ""); a.status != 202 || a.header.Get("Location") != location {
		t.Errorf("while it runs: %+v", a)
	}
	if a := send(t, "GET", strings.Split(location, "&sig=")[0], "", ""); a.status != 401 {
		t.Errorf("unsigned: %+v", a)
	}
	close(release)
	deadline := time.Now().Add(hanging)
	for a = send(t, "GET", location, "", ""); a.status == 202; a = send(t, "GET", location, "", "") {
		if time.Now().After(deadline) {
			t.Fatal("never answered")
		}
	}
	if a.status != 201 || a.body != `{"done":true}` || a.header.Get("X-A") != "b" {
		t.Errorf("at the end: %+v", a)
	}
}

// A Response that is polled for is durable: the process that took the request may
// be gone when it is sent, and when it is asked for.
func TestAsynchronousResponseSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	e := newEndpointIn(t, dir)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	actions := `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"` + slow.URL + `"},"runAfter":{}},"Answer":{"type":"Response","operationOptions":"Asynchronous","inputs":{"statusCode":201,"body":"late"},"runAfter":{"Get":["Succeeded"]}}}`
	d := e.deploy(t, "async", "", actions)
	location := send(t, "POST", e.callback(d, ""), jsonType, `{}`).header.Get("Location")
	old := e.URL
	e.end()
	close(release)
	e = newEndpointIn(t, dir)
	e.deploy(t, "async", "", actions)
	if err := e.runner.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	location = strings.Replace(location, old, e.URL, 1)
	deadline := time.Now().Add(hanging)
	a := send(t, "GET", location, "", "")
	for ; a.status == 202; a = send(t, "GET", location, "", "") {
		if time.Now().After(deadline) {
			t.Fatal("never answered")
		}
	}
	if a.status != 201 || a.body != "late" {
		t.Errorf("%+v", a)
	}
}

func TestBodyKinds(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "body", "", `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@triggerBody()"},"runAfter":{}}}`)
	for _, c := range []struct{ in, body, out string }{
		{"application/json; charset=utf-8", `{"a":[1,2.5]}`, "application/json; charset=utf-8"},
		{"text/plain", "hällo", "text/plain; charset=utf-8"},
		{"image/png", "\x89PNG\x00", "image/png"},
		{"application/xml", "<a/>", "application/xml"},
		{"application/x-www-form-urlencoded", "a=1&b=2", "application/x-www-form-urlencoded"},
	} {
		a := send(t, "POST", e.callback(d, ""), c.in, c.body)
		if a.status != 200 || a.body != c.body || a.header.Get("Content-Type") != c.out {
			t.Errorf("%s: %+v", c.in, a)
		}
	}
	if a := send(t, "POST", e.callback(d, ""), "", ""); a.status != 200 || a.body != "" || a.header.Get("Content-Type") != "" {
		t.Errorf("no body: %+v", a)
	}
	large := `"` + strings.Repeat("x", 3<<20) + `"`
	if a := send(t, "POST", e.callback(d, ""), jsonType, large); a.status != 200 || a.body != large[1:len(large)-1] {
		t.Errorf("3 MB: %d, %d bytes", a.status, len(a.body))
	}
}

func TestBodyLimits(t *testing.T) {
	e := newEndpoint(t, func(c *Config) { c.MaxBody = 1 << 20; c.MaxBuffered = 4 << 20 })
	d := e.deploy(t, "body", "", echo)
	for name, body := range map[string]io.Reader{
		"announced": bytes.NewReader(make([]byte, 1<<20+1)),
		"chunked":   io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), strings.NewReader("x")),
	} {
		r, _ := http.NewRequest("POST", e.callback(d, ""), body)
		if a := do(t, r); a.status != 413 || a.code() != "RequestEntityTooLarge" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	r, _ := http.NewRequest("POST", e.callback(d, ""), bytes.NewReader(make([]byte, 1<<20)))
	if a := do(t, r); a.status != 200 {
		t.Errorf("the largest: %+v", a.status)
	}
	// What would never have room is too large, not too soon.
	narrow := newEndpoint(t, func(c *Config) { c.MaxBody = 1 << 20; c.MaxBuffered = 256 << 10 })
	r, _ = http.NewRequest("POST", narrow.callback(narrow.deploy(t, "body", "", echo), ""), bytes.NewReader(make([]byte, 512<<10)))
	if a := do(t, r); a.status != 413 || a.code() != "RequestEntityTooLarge" {
		t.Errorf("larger than all messages in memory may be: %+v", a)
	}
	// 300 MB are refused before any of it is read.
	c, err := net.Dial("tcp", e.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	u, _ := url.Parse(e.callback(d, ""))
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 314572800\r\n\r\n", u.RequestURI())
	head := make([]byte, 12)
	if _, err := io.ReadFull(c, head); err != nil || string(head) != "HTTP/1.1 413" {
		t.Errorf("%q, %v", head, err)
	}
	if n := e.Config.Handler.(*Gateway).buffer.Held(); n != 0 {
		t.Errorf("%d bytes are still counted", n)
	}
}

// Bodies that are in memory have a bound together: one that has no place beside others is
// told to come again, one that never can is too large.
func TestBodiesInMemoryAreBounded(t *testing.T) {
	e := newEndpoint(t, func(c *Config) { c.MaxBuffered = 1 << 20 })
	d := e.deploy(t, "body", "", echo)
	others := e.Config.Handler.(*Gateway).buffer.Room()
	if err := others.Take(1 << 19); err != nil {
		t.Fatal(err)
	}
	body := func(size int) string { return `"` + strings.Repeat("x", size-2) + `"` }
	if a := send(t, "POST", e.callback(d, ""), jsonType, body(1<<19)); a.status != 200 {
		t.Errorf("beside others: %d %s", a.status, a.code())
	}
	if a := send(t, "POST", e.callback(d, ""), jsonType, body(1<<19+1)); a.status != 503 || a.code() != "ServerBusy" || a.header.Get("Retry-After") == "" {
		t.Errorf("no place: %d %s", a.status, a.code())
	}
	if a := send(t, "POST", e.callback(d, ""), jsonType, body(1<<20+1)); a.status != 413 || a.code() != "RequestEntityTooLarge" {
		t.Errorf("never a place: %d %s", a.status, a.code())
	}
	others.Release()
	if a := send(t, "POST", e.callback(d, ""), jsonType, body(1<<20)); a.status != 200 {
		t.Errorf("alone: %d %s", a.status, a.code())
	}
}

func TestSlowSenderIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, inside := newEndpointInside(t)
		d := e.deploy(t, "body", "", echo)
		began := time.Now()
		in, out := io.Pipe()
		go func() { _, _ = out.Write([]byte("{")) }() // and no more
		r, _ := http.NewRequest("POST", e.callback(d, ""), in)
		r.ContentLength = 100
		if a := doWith(t, inside, r); a.status != http.StatusRequestTimeout {
			t.Errorf("%+v", a)
		}
		if waited := time.Since(began); waited < 29*time.Second || waited > time.Minute {
			t.Errorf("it is cut off after %v", waited)
		}
		in.Close()
		e.end()
	})
}

// A large body may take long as a whole, as long as it keeps coming.
func TestSteadySenderIsNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, inside := newEndpointInside(t)
		d := e.deploy(t, "body", "", `{"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{}}}`)
		const chunks = 4
		in, out := io.Pipe()
		go func() {
			for n := range chunks {
				if n > 0 {
					time.Sleep(25 * time.Second) // of the bubble
				}
				_, _ = out.Write(make([]byte, readChunk))
			}
			out.Close()
		}()
		r, _ := http.NewRequest("POST", e.callback(d, ""), in)
		r.ContentLength = chunks * readChunk
		if a := doWith(t, inside, r); a.status != 200 {
			t.Errorf("%+v", a)
		}
		e.end()
	})
}

func TestContentLinks(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "contents", "", `{"A":{"type":"Compose","inputs":"@triggerBody()?['a']","runAfter":{}},
		"Hidden":{"type":"Compose","inputs":"secret","runtimeConfiguration":{"secureData":{"properties":["inputs"]}},"runAfter":{}},
		"Each":{"type":"Foreach","foreach":[10,20],"actions":{"In":{"type":"Compose","inputs":"@item()"}},"runAfter":{}},
		"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"A":["Succeeded"],"Each":["Succeeded"]}}}`)
	large := strings.Repeat("y", 200<<10)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{"a":"`+large+`"}`)
	run := a.header.Get("x-ms-workflow-run-id")
	read := func(owner, content string) answer {
		a := send(t, "GET", runner.ContentLink(d.FlowID, run, owner, content, apiVersion, time.Now()).URL(e.URL, d.Keys[0]), "", "")
		if got := a.header.Values("Content-Security-Policy"); !slices.Equal(got, []string{inert, sandbox}) {
			t.Errorf("%s%s may do %q", owner, content, got)
		}
		return a
	}
	if a := read("/actions/A", "ActionOutputs"); a.status != 200 || a.body != `"`+large+`"` || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("action outputs: %d, %d bytes", a.status, len(a.body))
	}
	if a := read("", "TriggerOutputs"); a.status != 200 || !strings.Contains(a.body, `"a":"yyy`) {
		t.Errorf("trigger outputs: %d, %.100s", a.status, a.body)
	}
	if a := read("/actions/in/repetitions/000001", "ActionOutputs"); a.status != 200 || a.body != "20" {
		t.Errorf("repetition: %+v", a)
	}
	for _, c := range [][2]string{{"/actions/Hidden", "ActionInputs"}, {"/actions/None", "ActionInputs"}, {"/actions/A", "Other"}, {"/actions/In/repetitions/000009", "ActionInputs"}} {
		if a := read(c[0], c[1]); a.status != 404 || a.code() != "ContentNotFound" || strings.Contains(a.body, "secret") {
			t.Errorf("%v: %+v", c, a)
		}
	}
	link := runner.ContentLink(d.FlowID, run, "/actions/A", "ActionOutputs", apiVersion, time.Now()).URL(e.URL, d.Keys[0])
	for name, u := range map[string]string{
		"another content":      strings.Replace(link, "/contents/ActionOutputs?", "/contents/ActionInputs?", 1),
		"the trigger's":        e.URL + "/workflows/" + d.FlowID + "/runs/" + run + "/contents/TriggerOutputs?" + strings.SplitN(link, "?", 2)[1],
		"expired":              runner.ContentLink(d.FlowID, run, "/actions/A", "ActionOutputs", apiVersion, time.Now().Add(-5*time.Hour)).URL(e.URL, d.Keys[0]),
		"with a revoked key":   runner.ContentLink(d.FlowID, run, "/actions/A", "ActionOutputs", apiVersion, time.Now()).URL(e.URL, []byte("old")),
		"with a trigger's sig": e.URL + "/workflows/" + d.FlowID + "/runs/" + run + "/contents/TriggerOutputs?" + strings.SplitN(e.callback(d, ""), "?", 2)[1],
	} {
		if a := send(t, "GET", u, "", ""); a.status != 401 {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := send(t, "POST", link, "", ""); a.status != 405 {
		t.Errorf("POST: %+v", a)
	}
}

// What the history keeps of a firing that began no run is read by links of its own.
func TestContentLinksOfSkippedFirings(t *testing.T) {
	e := newEndpoint(t)
	skips := func(secure string) string {
		return `{"type":"Request","kind":"Http","inputs":{"schema":{}},"conditions":[{"expression":"@equals(1,2)"}]` + secure + `}`
	}
	d := e.deploy(t, "skips", skips(""), echo)
	secured := e.deploy(t, "secures", skips(`,"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}`), echo)
	read := func(d *runner.Deployed, history, content string) answer {
		return send(t, "GET", runner.FiringLink(d.FlowID, "manual", history, content, apiVersion, time.Now()).URL(e.URL, d.Keys[0]), "", "")
	}
	history := send(t, "POST", e.callback(d, ""), jsonType, `{"a":1}`, "Cookie", "hidden=1").header.Get("x-ms-trigger-history-name")
	if a := read(d, history, "triggeroutputs"); a.status != 200 || !strings.Contains(a.body, `"body":{"a":1}`) || strings.Contains(a.body, "hidden") {
		t.Errorf("%+v", a)
	}
	of := send(t, "POST", e.callback(secured, ""), jsonType, `{"a":1}`).header.Get("x-ms-trigger-history-name")
	for name, a := range map[string]answer{
		"secured": read(secured, of, "TriggerOutputs"), "no inputs": read(d, history, "TriggerInputs"),
		"no such content": read(d, history, "ActionOutputs"), "another workflow's": read(d, of, "TriggerOutputs"), "none": read(d, "08", "TriggerOutputs"),
	} {
		if a.status != 404 || a.code() != "ContentNotFound" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	link := runner.FiringLink(d.FlowID, "manual", history, "TriggerOutputs", apiVersion, time.Now()).URL(e.URL, d.Keys[0])
	if a := send(t, "GET", strings.Replace(link, "/TriggerOutputs?", "/TriggerInputs?", 1), "", ""); a.status != 401 {
		t.Errorf("another content: %+v", a)
	}
	if a := send(t, "POST", link, "", ""); a.status != 405 {
		t.Errorf("POST: %+v", a)
	}
}

// newSlowServer answers its one request when release is closed, and closes arrived
// when it has it.
func newSlowServer() (s *httptest.Server, arrived, release chan struct{}) {
	arrived, release = make(chan struct{}), make(chan struct{})
	return httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	})), arrived, release
}

// The real inputs are needed again after a crash; nobody may see them.
func TestSecretsOfACallUnderWayAreNotShown(t *testing.T) {
	e := newEndpoint(t)
	slow, arrived, release := newSlowServer()
	defer slow.Close()
	defer close(release)
	d := e.deploy(t, "secret", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+slow.URL+`","authentication":{"type":"Raw","value":"s3cret"}},"runAfter":{}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	<-arrived
	link := runner.ContentLink(d.FlowID, a.header.Get("x-ms-workflow-run-id"), "/actions/Get", "ActionInputs", apiVersion, time.Now())
	if a := send(t, "GET", link.URL(e.URL, d.Keys[0]), "", ""); a.status != 200 || !strings.Contains(a.body, "*sanitized*") || strings.Contains(a.body, "s3cret") {
		t.Errorf("%+v", a)
	}
}

func TestRunSurvivesACallerThatHangsUp(t *testing.T) {
	e := newEndpoint(t)
	slow, arrived, release := newSlowServer()
	defer slow.Close()
	d := e.deploy(t, "hangup", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+slow.URL+`"},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Get":["Succeeded"]}}}`)
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, "POST", e.callback(d, ""), strings.NewReader("{}"))
	go func() {
		if resp, err := http.DefaultTransport.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-arrived
	cancel()
	close(release)
	deadline := time.Now().Add(hanging)
	for {
		var runs []store.Run
		_ = e.db.Read(context.Background(), func(tx *store.Tx) (err error) { runs, err = tx.Runs(store.RunQuery{}); return err })
		if len(runs) == 1 && !runs[0].End.IsZero() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", runs)
		}
		time.Sleep(time.Millisecond)
	}
}

func FuzzTarget(f *testing.F) {
	f.Add("/workflows/a/triggers/manual/paths/invoke/x/y")
	f.Add("/workflows/a/versions/08/triggers/m%20n/paths/invoke")
	f.Add("/workflows/a/runs/08/actions/b/repetitions/000001/contents/ActionInputs")
	f.Add("/workflows/a/runs/08/operations/x")
	f.Add("/integrationAccounts/a/schemas/b%20c/contents/Value")
	f.Fuzz(func(t *testing.T, path string) {
		v, ok := parseTarget(path)
		if !ok {
			return
		}
		if v.flowID == "" || v.permission() == "" {
			t.Fatalf("%+v", v)
		}
		pattern, err := wdl.ParsePath("a/{b}")
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := pattern.Match(v.relativePath); ok {
			if b, _ := p.Get("b"); b.Kind() != expr.KindString {
				t.Fatalf("%s", p.JSON())
			}
		}
	})
}

// Large headers are a content of their own, and hidden as small ones are.
func TestCredentialsInLargeHeadersAreNotShown(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "large-headers", "", `{"A":{"type":"Compose","inputs":"@triggerOutputs()"}}`)
	req, err := http.NewRequest(http.MethodPost, e.callback(d, ""), strings.NewReader(`{"pad":"`+strings.Repeat("x", engine.Inline)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": jsonType, "Authorization": "Basic hush-a", "Cookie": "c=hush-b", "Ocp-Apim-Subscription-Key": "hush-c", "X-Functions-Key": "hush-d",
		"X-Pad": strings.Repeat("y", engine.Inline/4),
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	run := resp.Header.Get("x-ms-workflow-run-id")
	e.ended(t, run)
	for owner, content := range map[string]string{"": "TriggerOutputs", "/actions/A": "ActionOutputs"} {
		a := send(t, "GET", runner.ContentLink(d.FlowID, run, owner, content, apiVersion, time.Now()).URL(e.URL, d.Keys[0]), "", "")
		if a.status != 200 || !strings.Contains(a.body, "yyy") {
			t.Errorf("%s: %d %.200s", content, a.status, a.body)
		}
		if strings.Contains(a.body, "hush") {
			t.Errorf("%s shows a credential", content)
		}
	}
}
