package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/arm/armtest"
	"isle/internal/connector/connection"
	"isle/internal/store"
	"isle/internal/web"
)

const group = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g"

// world is a resource manager with Microsoft.Web, and environments that are only stored.
type world struct {
	t       testing.TB
	folder  string
	store   *store.Store
	service *web.Service
	server  *httptest.Server
	log     bytes.Buffer
	as      string                                 // who asks; "" is the tester
	call    func(inputs expr.Value) engine.Outcome // set before open; nil: nobody can be called
}

// people sign in by a header of theirs.
type people struct{}

func (people) SignIn(w http.ResponseWriter, r *http.Request, note string) (arm.Principal, bool) {
	who := r.Header.Get("Signed-In")
	if who == "" {
		_, _ = io.WriteString(w, note)
	}
	return arm.Principal{ID: who}, who != ""
}

func (people) Person(object string) bool { return object != "program" }

// owners are let do everything: "ann" alone.
type owners struct{}

func (owners) Allowed(p arm.Principal, _, _ string) bool { return p.ID == "ann" }
func (owners) Within(p arm.Principal, _, _ string) bool  { return p.ID == "ann" }

type anybody struct{}

func (anybody) Authenticate(r *http.Request) (arm.Principal, error) {
	if r.Header.Get("Authorization") == "" {
		return arm.Principal{}, errors.New("no token")
	}
	if who, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer x"); ok && who != "" {
		return arm.Principal{ID: who}, nil
	}
	return arm.Principal{ID: "tester"}, nil
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, folder: t.TempDir()}
	w.open()
	t.Cleanup(func() { w.close() })
	w.send("PUT", group, `{"location":"westus"}`)
	return w
}

// open starts a server on the folder.
func (w *world) open() {
	t := w.t
	s, err := store.Open(context.Background(), w.folder, store.Options{})
	must(t, err)
	logger := slog.New(slog.NewTextHandler(&w.log, nil))
	var call func(context.Context, string, expr.Value) engine.Outcome
	if w.call != nil {
		call = func(_ context.Context, _ string, inputs expr.Value) engine.Outcome { return w.call(inputs) }
	}
	w.service, err = web.New(web.Config{Store: s, BaseURL: "https://server", People: people{}, Authorizer: owners{}, Call: call, APIs: []web.API{
		{Name: "sql", Title: "SQL Server", Tier: "Standard", Capabilities: []string{"actions"}, Parameters: []web.Parameter{
			{Name: "server", Type: "string", Required: true}, {Name: "username", Type: "securestring", Clear: true}, {Name: "password", Type: "securestring"}, {Name: "encrypt", Type: "bool"}, {Name: "gateway", Type: "gatewaySetting"}}},
		{Name: "x12", Title: "X12", Tier: "Standard"},
	}})
	must(t, err)
	stored := func(name string) arm.Type {
		return arm.Type{Name: name, Tracked: !strings.HasSuffix(name, "managedApis"),
			Put: func(context.Context, *store.Tx, *arm.PutRequest) (*arm.Written, error) {
				return &arm.Written{Body: []byte("{}")}, nil
			},
			Delete: func(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil },
			View:   func(context.Context, *store.Tx, arm.Resource) (expr.Value, error) { return expr.Object(), nil }}
	}
	manager, err := arm.New(arm.Config{Store: s, Types: append(w.service.Types(), stored("Microsoft.Logic/integrationServiceEnvironments"), stored("Microsoft.Logic/integrationServiceEnvironments/managedApis")),
		Routes: w.service.Routes(), Authenticator: anybody{}, Tenant: "tenant", Subscriptions: []arm.Subscription{{ID: "11111111-2222-3333-4444-555555555555", Name: "test"}}, Log: logger})
	must(t, err)
	w.service.Bind(manager)
	w.server, w.store = httptest.NewTLSServer(manager), s
}

func (w *world) close() {
	w.server.Close()
	_ = w.store.Close() // a test may have closed it
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) send(method, path, body string) (int, string) {
	w.t.Helper()
	res, text := w.client().Do(w.t, method, path, body)
	return res.StatusCode, string(text)
}

// client calls the server, as who is asking.
func (w *world) client() armtest.Client {
	return armtest.Client{Server: w.server, APIVersion: "2016-06-01", Who: "x" + w.as}
}

// TestScripts plays the exchanges of testdata: an answer is its status and its body. $G is
// the resource group.
func TestScripts(t *testing.T) {
	script := armtest.Script{Names: []string{"$G", group}, Volatile: []armtest.Volatile{
		armtest.Hide(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "TIME"),
		armtest.Hide(`\b[0-9a-f]{32}\b`, "ID"),
		armtest.Hide(`\b(link)=[\w-]{43}`, "$1=RANDOM"),
	}}
	script.Run(t, "testdata/*.txt", func(t *testing.T) func(method, path, body string) string {
		w := newWorld(t)
		return func(method, path, body string) string {
			status, answer := w.send(method, path, body)
			return strings.TrimSpace(fmt.Sprintln(status) + w.client().Pretty([]byte(answer)))
		}
	})
}

const orders = `{"swagger":"2.0","info":{"title":"Orders","version":"1"},"host":"orders.example","basePath":"/v1","schemes":["https"],"securityDefinitions":{%s},
 "paths":{"/orders":{"get":{"operationId":"List","responses":{"200":{"description":"ok"}}}}}}`

// TestEndpoints: what a connection's values become on the way to a backend.
func TestEndpoints(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ security, parameters, values, want string }{
		"none":   {"", `{}`, `{}`, "https://orders.example/v1"},
		"basic":  {`"b":{"type":"basic"}`, `null`, `{"userName":"u","PASSWORD":"p"}`, `https://orders.example/v1 {"type":"Basic","username":"u","password":"p"}`},
		"header": {`"k":{"type":"apiKey","in":"header","name":"X-Key"}`, `null`, `{"api_key":"v"}`, "https://orders.example/v1 X-Key=v"},
		"query":  {`"k":{"type":"apiKey","in":"query","name":"code"}`, `{"secret":{"type":"securestring"},"other":{"type":"string"}}`, `{"secret":"v","other":"o"}`, "https://orders.example/v1 ?code=v"},
		"oauth":  {`"o":{"type":"oauth2"}`, `{}`, `{}`, "The custom API 'oauth' wants a person's consent (OAuth), and has no connection parameter of type oauthSetting to ask for it"},
		"no key": {`"k":{"type":"apiKey","in":"header","name":"X-Key"}`, `null`, `{}`, "The connection 'no key' cannot be used: The connection parameter 'api_key' has no value."},
	} {
		api, id := group+"/providers/Microsoft.Web/customApis/"+name, group+"/providers/Microsoft.Web/connections/"+name
		if status, answer := w.send("PUT", api, fmt.Sprintf(`{"location":"westus","properties":{"displayName":%q,"swagger":%s,"connectionParameters":%s}}`, name, fmt.Sprintf(orders, c.security), c.parameters)); status != 201 {
			t.Fatalf("%d %s", status, answer)
		}
		if status, answer := w.send("PUT", id, fmt.Sprintf(`{"location":"westus","properties":{"api":{"id":%q},"parameterValues":%s}}`, api, c.values)); status != 201 {
			t.Fatalf("%d %s", status, answer)
		}
		e, known, err := w.service.Find(context.Background(), nil, connection.Key{Kind: connection.Connector, ID: id})
		got := e.URL
		for _, h := range e.Headers {
			got += " " + h.Name + "=" + h.Value.Text()
		}
		for _, q := range e.Queries {
			got += " ?" + q.Name + "=" + q.Value.Text()
		}
		if !e.Authentication.IsNull() {
			got += " " + string(e.Authentication.JSON())
		}
		if err != nil {
			got = err.Error()
		}
		if got != c.want || known != (err == nil) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// FuzzPut: whatever a PUT of a connection or a custom API says, it is no fault of the
// server, and what is refused changes nothing.
func FuzzPut(f *testing.F) {
	f.Add(`{"location":"westus","properties":{"api":{"id":"` + group + `/providers/Microsoft.Web/customApis/a"},"parameterValues":{"a":1}}}`)
	f.Add(`{"location":"westus","kind":"V2","properties":{"api":{"id":"/subscriptions/s/providers/Microsoft.Web/locations/l/managedApis/sql"},"parameterValueSet":{"name":"x","values":{"a":{"value":1}}},"integrationServiceEnvironmentResourceId":"/x"}}`)
	f.Add(`{"location":"westus","properties":{"swagger":` + fmt.Sprintf(orders, `"k":{"type":"apiKey"}`) + `,"connectionParameters":{"t":{"type":"oauthSetting","oAuthSettings":{"clientSecret":"s"}}}}}`)
	f.Add(`{"location":"westus","properties":{"swagger":{"swagger":"2.0","paths":{"/{a":{"parameters":[{"$ref":"#/paths/x"}],"get":[]}}},"capabilities":[1],"wsdlDefinition":{"url":"x"}}}`)
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		w.t = t
		for _, typ := range []string{"connections", "customApis"} {
			path := group + "/providers/Microsoft.Web/" + typ + "/fuzzed"
			_, before := w.send("GET", path, "")
			status, answer := w.send("PUT", path, body)
			_, after := w.send("GET", path, "")
			if status >= 500 || status >= 400 && before != after {
				t.Fatalf("%d %s\nbefore %s\nafter %s", status, answer, before, after)
			}
			w.send("GET", group+"/providers/Microsoft.Web/"+typ, "")
		}
	})
}
