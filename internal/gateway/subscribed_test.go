package gateway

import (
	"net/url"
	"strings"
	"testing"
)

// hookTrigger is an HttpWebhook trigger with further members.
func hookTrigger(more string) string {
	return `{"type":"HttpWebhook","inputs":{"subscribe":{"method":"POST","uri":"http://peer","body":"@listCallbackUrl()"}}` + more + `}`
}

// wdl-semantics §10.2 HttpWebhook: a POST on the callback URL fires it; outputs are
// headers, queries, body.
func TestCallbackOfASubscription(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "hooked", hookTrigger(""), echo)
	a := send(t, "POST", e.callback(d, "")+"&q=1", jsonType, `{"n":1}`, "Authorization", "Basic secret", "User-Agent", "peer", "Accept-Encoding", "identity")
	host, _ := url.Parse(e.URL)
	want := `{"headers":{"Accept-Encoding":"identity","Host":"` + host.Host + `","User-Agent":"peer","Content-Type":"application/json","Content-Length":"7"},"queries":{"q":"1"},"body":{"n":1}}`
	if a.status != 200 || a.body != want {
		t.Errorf("%d\ngot  %s\nwant %s", a.status, a.body, want)
	}
	// wdl-semantics §12.2 IncludeAuthorizationHeadersInOutputs, on HttpWebhook as well.
	d = e.deploy(t, "keeps", hookTrigger(`,"operationOptions":"IncludeAuthorizationHeadersInOutputs"`), echo)
	if a := send(t, "POST", e.callback(d, ""), "", "", "Authorization", "Basic secret"); !strings.Contains(a.body, `"Authorization":"Basic secret"`) {
		t.Errorf("%s", a.body)
	}
}

// wdl-semantics §10.5: the callback is answered at once; §10.1: conditions and splitOn.
func TestAnswersToACallback(t *testing.T) {
	e := newEndpoint(t)
	const act = `{"A":{"type":"Compose","inputs":"@triggerBody()","runAfter":{}}}`
	off := e.deploy(t, "off", hookTrigger(""), act)
	off.Enabled = false
	busy := e.deploy(t, "busy", hookTrigger(`,"operationOptions":"SingleInstance"`), `{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}}`)
	for _, c := range []struct {
		name, url, method, body string
		status                  int
		code                    string
		runs                    int
	}{
		{"no Response action", e.callback(e.deploy(t, "plain", hookTrigger(""), act), ""), "POST", `1`, 202, "", 1},
		{"a condition that does not hold", e.callback(e.deploy(t, "never", hookTrigger(`,"conditions":[{"expression":"@equals(triggerBody(),2)"}]`), act), ""), "POST", `1`, 202, "", 0},
		{"splitOn", e.callback(e.deploy(t, "split", hookTrigger(`,"splitOn":"@triggerBody()"`), act), ""), "POST", `[1,2,3]`, 202, "", 3},
		{"another method", e.callback(e.deploy(t, "get", hookTrigger(""), act), ""), "GET", ``, 405, "TriggerRequestMethodNotValid", 0},
		{"a path behind it", e.callback(e.deploy(t, "path", hookTrigger(""), act), "more"), "POST", `1`, 404, "TriggerRelativePathNotValid", 0},
		{"disabled", e.callback(off, ""), "POST", `1`, 404, "WorkflowTriggerIsNotEnabled", 0},
		{"a notification, which is fetched later", e.callback(e.deploy(t, "notified", `{"type":"ApiConnectionNotification","inputs":{"host":{"connection":{"name":"x"}},"fetch":{"pathTemplate":{"template":"/f"},"method":"get"},"subscribe":{"pathTemplate":{"template":"/s"},"body":{"NotificationUrl":"@listCallbackUrl()"}}}}`, act), ""), "POST", `{}`, 202, "", 0},
		{"SingleInstance, the first", e.callback(busy, ""), "POST", `1`, 202, "", 1},
		{"SingleInstance, one is active", e.callback(busy, ""), "POST", `1`, 429, "WorkflowRunInProgress", 1},
	} {
		a := send(t, c.method, c.url, jsonType, c.body)
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		flow := strings.Split(strings.Split(c.url, "/workflows/")[1], "/")[0]
		if n := e.runsOf(t, flow, c.runs); n != c.runs {
			t.Errorf("%s: %d runs", c.name, n)
		}
	}
}
