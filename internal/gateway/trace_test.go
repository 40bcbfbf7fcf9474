package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const callerTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// The trace of a caller reaches whom the run calls, also through splitOn; an author's own
// header wins, and what is no trace is not handed on.
func TestTraceIsHandedOn(t *testing.T) {
	seen := make(chan http.Header, 4)
	peer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	defer peer.Close()
	e := newEndpoint(t)
	call := func(headers string) string {
		return `{"Call":{"type":"Http","inputs":{"method":"GET","uri":"` + peer.URL + `"` + headers + `},"runAfter":{}}}`
	}
	const request = `{"type":"Request","kind":"Http","inputs":{}}`
	for _, test := range []struct {
		name, trigger, actions string
		parent, state          string
		wantParent, wantState  string
	}{
		{"plain", request, call(""), callerTrace, "a=1", callerTrace, "a=1"},
		{"split", `{"type":"Request","kind":"Http","inputs":{},"splitOn":"@triggerBody()"}`, call(""), callerTrace, "a=1", callerTrace, "a=1"},
		{"own", request, call(`,"headers":{"Traceparent":"mine"}`), callerTrace, "a=1", "mine", ""},
		{"none", request, call(""), "", "a=1", "", ""},
		{"broken", request, call(""), "00-1-2-3", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := e.deploy(t, test.name, test.trigger, test.actions)
			r, _ := http.NewRequest(http.MethodPost, e.callback(d, ""), strings.NewReader(`[1]`))
			r.Header = http.Header{"Content-Type": {"application/json"}, "Traceparent": {test.parent}, "Tracestate": {test.state}}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if h := <-seen; h.Get("traceparent") != test.wantParent || h.Get("tracestate") != test.wantState {
				t.Errorf("%d: %q, %q", answer.StatusCode, h.Get("traceparent"), h.Get("tracestate"))
			}
		})
	}
}
