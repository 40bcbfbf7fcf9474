package gateway

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Whatever is answered is no page of the server's to a browser: it has no origin, and binds
// none.
func TestAnswersHaveNoOrigin(t *testing.T) {
	e := newEndpoint(t)
	page := e.deploy(t, "page", "", `{"Answer":{"type":"Response","inputs":{"statusCode":200,"headers":{"Content-Type":"text/html","content-security-policy":"sandbox allow-same-origin allow-scripts","x-content-type-options":"x",
		"clear-site-data":"\"*\"","Strict-Transport-Security":"max-age=1","ALT-SVC":"h3=\":1\"","NEL":"{}","Report-To":"{}","X-Mine":"1"},"body":"<script>1</script>"},"runAfter":{}}}`)
	plain := e.deploy(t, "plain", "", `{"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{}}}`)
	fails := e.deploy(t, "fails", "", `{"A":{"type":"Compose","inputs":"@int('x')","runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"A":["Succeeded"]}}}`)
	accepted := e.deploy(t, "accepted", "", `{"A":{"type":"Compose","inputs":1,"runAfter":{}}}`)
	for name, tt := range map[string]struct {
		url      string
		status   int
		policies []string
	}{
		"a page":    {e.callback(page, ""), 200, []string{sandbox}},
		"no body":   {e.callback(plain, ""), 200, []string{sandbox}},
		"no answer": {e.callback(fails, ""), 502, []string{sandbox}},
		"accepted":  {e.callback(accepted, ""), 202, []string{sandbox}},
		"unsigned":  {strings.Replace(e.callback(plain, ""), "sig=", "gis=", 1), 401, []string{sandbox}},
		"nothing":   {e.URL + "/workflows/x", 404, []string{sandbox}},
	} {
		a := send(t, http.MethodPost, tt.url, "", "")
		if a.status != tt.status || !slices.Equal(a.header["Content-Security-Policy"], tt.policies) || !slices.Equal(a.header["X-Content-Type-Options"], []string{"nosniff"}) {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
		for _, wide := range originWide() {
			if a.header.Values(wide) != nil {
				t.Errorf("%s: it answers %s", name, wide)
			}
		}
		if name == "a page" && (a.header.Get("X-Mine") != "1" || a.header.Get("Content-Type") != "text/html" || a.body != "<script>1</script>") {
			t.Errorf("%s: %v %s", name, a.header, a.body)
		}
	}
}
