package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"isle/internal/store"
)

// ask sends a GET to the server's handler, from an address.
func ask(s *Server, path, from string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://localhost"+path, nil)
	r.RemoteAddr = from + ":1234"
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

const (
	here      = "127.0.0.1"
	elsewhere = "203.0.113.9"
)

// bearer logs in, and gives the header of the token.
func bearer(t *testing.T, s *Server, id, secret string) http.Header {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {"https://management.azure.com/.default"}}
	r := httptest.NewRequest(http.MethodPost, "https://localhost/"+s.issuer.Tenant()+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return http.Header{"Authorization": {"Bearer " + answer.Token}}
}

// Programs on the machine read the metrics; others need a token that may read the
// subscription; a proxy on the machine makes nobody local.
func TestWhoReadsMetrics(t *testing.T) {
	s := start(t, t.TempDir())
	nobody, err := s.issuer.CreateClient(t.Context(), "nobody")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, from string
		header     http.Header
		want       int
	}{
		{"local", here, nil, http.StatusOK},
		{"remote", elsewhere, nil, http.StatusUnauthorized},
		{"proxied", here, http.Header{"X-Forwarded-For": {elsewhere}}, http.StatusUnauthorized},
		{"wrong token", elsewhere, http.Header{"Authorization": {"Bearer x"}}, http.StatusUnauthorized},
		{"token", elsewhere, bearer(t, s, s.operator.ClientID, s.operator.ClientSecret), http.StatusOK},
		{"token without a role", elsewhere, bearer(t, s, nobody.ClientID, nobody.Secret), http.StatusForbidden},
	} {
		w := ask(s, "/metrics", test.from, test.header)
		if w.Code != test.want || (test.want == http.StatusOK) != strings.Contains(w.Body.String(), `isle_commit_batch_size_count{environment="control"}`) {
			t.Errorf("%s: %d %.200s", test.name, w.Code, w.Body)
		}
	}
	if text := ask(s, "/metrics", here, nil).Body.String(); !strings.Contains(text, `isle_http_requests_total{code="401",method="GET",route="/metrics"} 3`) {
		t.Error("the requests are not counted by their routes")
	}
}

// wantHealth checks an answer of /healthz or /readyz: its reasons' codes.
func wantHealth(t *testing.T, w *httptest.ResponseRecorder, codes ...string) {
	t.Helper()
	var answer healthAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	var got []string
	for _, r := range answer.Reasons {
		got = append(got, r.Environment+" "+r.Code)
		if r.Message == "" {
			t.Errorf("%s has no message", r.Code)
		}
	}
	if ok := len(codes) == 0; ok != (w.Code == http.StatusOK) || ok != (answer.Status == "ok") || strings.Join(got, ",") != strings.Join(codes, ",") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestHealth(t *testing.T) {
	s := start(t, t.TempDir())
	for _, path := range []string{"/healthz", "/readyz"} {
		wantHealth(t, ask(s, path, elsewhere, nil))
	}
	r := httptest.NewRequest(http.MethodGet, "https://10.9.8.7/readyz", nil) // as a supervisor calls it
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	wantHealth(t, w)

	s.stopping.Store(true)
	wantHealth(t, ask(s, "/healthz", here, nil))
	wantHealth(t, ask(s, "/readyz", here, nil), " stopping")
	if w := ask(s, "/workflows/x/triggers/manual/paths/invoke", here, nil); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a stopping server takes requests: %d %s", w.Code, w.Body)
	}
	s.stopping.Store(false)
	s.recovered.Store(false)
	wantHealth(t, ask(s, "/readyz", here, nil), " starting")
	s.recovered.Store(true)
}

// slowWorkflow deploys a workflow outside of environments, and gives what calls it.
func slowWorkflow(t *testing.T, s *Server) (invoke func() *httptest.ResponseRecorder) {
	t.Helper()
	token := bearer(t, s, s.operator.ClientID, s.operator.ClientSecret)
	send := func(method, target, body string, header http.Header) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.RemoteAddr = here + ":1234"
		r.Header = header.Clone()
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w
	}
	group := "https://localhost/subscriptions/" + s.issuer.Subscription() + "/resourceGroups/g"
	flow := group + "/providers/Microsoft.Logic/workflows/flow"
	const version = "?api-version=2019-05-01"
	for _, put := range []struct{ target, body string }{
		{group + "?api-version=2021-04-01", `{"location":"westus"}`},
		{flow + version, `{"location":"westus","properties":{"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},"actions":{"C":{"type":"Compose","inputs":1}}}}}`},
	} {
		if w := send("PUT", put.target, put.body, token); w.Code/100 != 2 {
			t.Fatalf("%s: %d %s", put.target, w.Code, w.Body)
		}
	}
	var callback struct{ Value string }
	w := send("POST", flow+"/triggers/manual/listCallbackUrl"+version, "", token)
	if err := json.Unmarshal(w.Body.Bytes(), &callback); err != nil || callback.Value == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return func() *httptest.ResponseRecorder { return send("POST", callback.Value, `{}`, http.Header{}) }
}

// While a commit of an environment hangs, the server says that it is not well, nor ready, and
// takes in nothing for it; then it goes on by itself.
func TestASlowDisk(t *testing.T) {
	s := start(t, t.TempDir())
	db, err := s.store.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	invoke := slowWorkflow(t, s)
	release, begun, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Write(context.Background(), func(*store.Tx) error { close(begun); <-release; return nil })
	}()
	<-begun
	eventually(t, "the commit takes long", func() bool { return db.Slow() != nil })
	name := s.metrics.Environment(store.Shared)
	wantHealth(t, ask(s, "/healthz", here, nil), name+" slow")
	wantHealth(t, ask(s, "/readyz", here, nil), name+" slow")
	if w := invoke(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "StorageUnavailable") {
		t.Errorf("a request while a commit hangs: %d %v %s", w.Code, w.Header(), w.Body)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantHealth(t, ask(s, "/readyz", here, nil))
	if w := invoke(); w.Code != http.StatusAccepted {
		t.Errorf("a request afterwards: %d %s", w.Code, w.Body)
	}
}
