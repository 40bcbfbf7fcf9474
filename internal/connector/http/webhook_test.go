package http

import (
	"context"
	"io"
	"net/http"
	"testing"
)

// wdl-semantics §11.10: the forms in which a webhook names its requests, and
// §10.5: who holds the callback URL may call, so no history shows its signature.
func TestWebhookRequests(t *testing.T) {
	var got, body string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r.Method+" "+r.URL.Path, string(text)
	})
	const callback = "https://isle/workflows/f/triggers/t/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Ft%2Frun&sv=1.0&sig=s3cret_Text"
	const hidden = "https://isle/workflows/f/triggers/t/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Ft%2Frun&sv=1.0&sig=*sanitized*"
	for _, c := range []struct{ inputs, request, body, shown string }{
		{`{"subscribe":{"method":"PUT","uri":"` + url + `/s","body":{"to":["` + callback + `"]},"authentication":{"type":"Basic","username":"u","password":"p"}}}`,
			"PUT /s", `{"to":["` + callback + `"]}`,
			`{"subscribe":{"method":"PUT","uri":"` + url + `/s","body":{"to":["` + hidden + `"]},"authentication":{"type":"Basic","username":"u","password":"*sanitized*"}}}`},
		{`{"unsubscribe":{"url":"` + url + `/u"}}`, "POST /u", "", `{"unsubscribe":{"uri":"` + url + `/u","method":"POST"}}`},
		{`{"subscribe":"` + url + `/alone"}`, "POST /alone", "", `{"subscribe":{"uri":"` + url + `/alone","method":"POST"}}`},
		{`{"subscribe":{"uri":"` + url + `/q","queries":{"to":"` + callback + `"}}}`, "POST /q", "",
			`{"subscribe":{"uri":"` + url + `/q","queries":{"to":"` + hidden + `"},"method":"POST"}}`},
	} {
		f := newFixture(t, Options{})
		call := f.call(c.inputs)
		call.Callback = callback
		out := f.op.Webhook().Perform(context.Background(), call)
		if out.StatusCode != 200 || got != c.request || body != c.body {
			t.Errorf("%s: %d, %s %s", c.inputs, out.StatusCode, got, body)
		}
		if shown := string(out.Inputs.JSON()); !out.HasInputs || shown != c.shown {
			t.Errorf("shown as\n%s, want\n%s", shown, c.shown)
		}
	}
	f := newFixture(t, Options{})
	if out := f.op.Webhook().Perform(context.Background(), f.call(`{"subscribe":{"method":"POST"}}`)); out.Error == nil || out.Code != "BadRequest" {
		t.Errorf("without an address: %+v", out)
	}
}
