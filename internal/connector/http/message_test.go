package http

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"isle/engine"
	"isle/internal/connector"
	"isle/wdl"
)

// echo answers with the request that it got: method, target, type and body.
func echo(t *testing.T) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s|%s|%s", r.Method, r.RequestURI, r.Header.Get("Content-Type"), body)
	})
}

// wdl-semantics §7.2: what goes over the wire. §11.10: queries, bodies of GET.
func TestWhatIsSent(t *testing.T) {
	url := echo(t)
	f := newFixture(t, Options{})
	for _, c := range []struct{ name, inputs, want string }{
		{"§7.2: text", `"method":"POST","uri":"U","body":"hé"`, "POST /|text/plain; charset=utf-8|hé"},
		{"§7.2: JSON", `"method":"POST","uri":"U","body":[1,{"a":null}]`, `POST /|application/json; charset=utf-8|[1,{"a":null}]`},
		{"§7.2: an envelope", `"method":"PUT","uri":"U","body":{"$content-type":"image/png","$content":"AAE="}`, "PUT /|image/png|\x00\x01"},
		{"§7.2: none", `"method":"POST","uri":"U","body":null`, "POST /||"},
		{"§7.2: an explicit type wins", `"method":"POST","uri":"U","headers":{"content-type":"application/vnd.x+json"},"body":{"a":1}`, `POST /|application/vnd.x+json|{"a":1}`},
		{"§7.2: text that is JSON already is not quoted again", `"method":"POST","uri":"U","headers":{"Content-Type":"application/json"},"body":"{\"a\":1}"`, `POST /|application/json|{"a":1}`},
		{"§7.2: a form", `"method":"POST","uri":"U","headers":{"Content-Type":"application/x-www-form-urlencoded"},"body":"a=1&b=%20"`, "POST /|application/x-www-form-urlencoded|a=1&b=%20"},
		{"a body of GET", `"method":"get","uri":"U","body":"x"`, "GET /|text/plain; charset=utf-8|x"},
		{"queries go behind the uri's own", `"method":"GET","uri":"U?a=1","queries":{"b":"x y","c":true,"d":1.5,"e":null,"f":["x"],"g":""}`, "GET /?a=1&b=x%20y&c=True&d=1.5&f=%5B%22x%22%5D&g=||"},
		{"an open query", `"method":"GET","uri":"U/?","queries":{"b":"1"}`, "GET /?b=1||"},
		{"an open query with a pair", `"method":"GET","uri":"U/?a=1&","queries":{"b":"1"}`, "GET /?a=1&b=1||"},
		{"a fragment is not sent", `"method":"GET","uri":"U/x#y","queries":{"b":"#"}`, "GET /x?b=%23||"},
		{"characters of an expression", `"method":"GET","uri":"U/a b?$filter=Name eq 'ä'"`, "GET /a%20b?$filter=Name%20eq%20'%C3%A4'||"},
		{"OPTIONS", `"method":"OPTIONS","uri":"U/x"`, "OPTIONS /x||"},
		{"DELETE with a body", `"method":"DELETE","uri":"U/x","body":{"a":1}`, `DELETE /x|application/json; charset=utf-8|{"a":1}`},
	} {
		out := f.perform(`{` + strings.ReplaceAll(c.inputs, `"U`, `"`+url) + `}`)
		if body, _ := out.Outputs.Get("body"); body.Text() != c.want {
			t.Errorf("%s: %q, want %q; %v", c.name, body.Text(), c.want, out.Error)
		}
	}
}

// wdl-semantics §7.2: several parts keep their boundary under an explicit type.
func TestMultipartUnderAnExplicitType(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.FormValue("a"))
	})
	out := newFixture(t, Options{}).perform(`{"method":"POST","uri":"` + url + `","headers":{"Content-Type":"multipart/form-data"},` +
		`"body":{"$content-type":"multipart/form-data","$multipart":[{"body":"hi","headers":{"Content-Disposition":"form-data; name=a"}}]}}`)
	if body, _ := out.Outputs.Get("body"); body.Text() != "hi" {
		t.Errorf("%+v %s", out.Error, body.Text())
	}
}

// wdl-semantics §7.1, §11.10: the answer to HEAD has the headers of a body, and none.
func TestHead(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "999999999999")
	})
	out := newFixture(t, Options{}).perform(`{"method":"HEAD","uri":"` + url + `"}`)
	headers, _ := out.Outputs.Get("headers")
	length, _ := headers.Get("Content-Length")
	if _, body := out.Outputs.Get("body"); out.StatusCode != 200 || body || length.Text() != "999999999999" {
		t.Errorf("%+v %s", out.Error, out.Outputs.JSON())
	}
}

// wdl-semantics §7.1: bodies of answers.
func TestWhatIsReceived(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body, want string
		status                        int
	}{
		{"JSON", "application/json; charset=utf-8", `{"a":1}`, `{"a":1}`, 200},
		{"null is present", "application/json", `null`, `null`, 200},
		{"empty", "application/json", ``, `absent`, 200},
		{"204", "", ``, `absent`, 204},
		{"text in latin-1", "text/plain; charset=iso-8859-1", "h\xe9", `"hé"`, 200},
		{"html", "text/html", "<p>", `"<p>"`, 200},
		{"xml", "application/xml", "<a/>", `{"$content-type":"application/xml","$content":"PGEvPg=="}`, 200},
		{"problem", "application/problem+json", `{"title":"x"}`, `{"title":"x"}`, 409},
		{"octets", "application/octet-stream", "\x00", `{"$content-type":"application/octet-stream","$content":"AA=="}`, 200},
	} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if c.contentType != "" {
				w.Header().Set("Content-Type", c.contentType)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		out := newFixture(t, Options{}).perform(`{"method":"GET","uri":"` + url + `"}`)
		body, present := out.Outputs.Get("body")
		got := string(body.JSON())
		if !present {
			got = "absent"
		}
		if got != c.want || out.StatusCode != c.status || (out.Status == wdl.Failed) != (c.status >= 400) || out.Error != nil {
			t.Errorf("%s: %s, %d, %v", c.name, got, out.StatusCode, out.Error)
		}
	}
}

// wdl-semantics §11.11: every status that redirects, for GET and HEAD.
func TestEveryRedirect(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &status); err == nil && status > 0 {
			w.Header().Set("Location", "end?x y#z")
			w.WriteHeader(status)
			return
		}
		fmt.Fprint(w, r.Method+" "+r.RequestURI)
	})
	f := newFixture(t, Options{})
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "HEAD"} {
			if out := f.perform(fmt.Sprintf(`{"method":"%s","uri":"%s/%d"}`, method, url, status)); out.StatusCode != 200 {
				t.Errorf("%d of %s: %+v", status, method, out)
			}
		}
		if out := f.perform(fmt.Sprintf(`{"method":"POST","uri":"%s/%d"}`, url, status)); out.StatusCode != status || out.Status != wdl.Succeeded {
			t.Errorf("%d of POST: %+v", status, out)
		}
	}
	for _, status := range []int{300, 304, 305} {
		if out := f.perform(fmt.Sprintf(`{"method":"GET","uri":"%s/%d"}`, url, status)); out.StatusCode != status {
			t.Errorf("%d: %+v", status, out)
		}
	}
}

// Requests that follow from an answer are observed, and answered, one by one.
func TestEachRequestIsObserved(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			http.Redirect(w, r, "/b", http.StatusFound)
		}
	})
	var seen []string
	f := newFixture(t, Options{Observe: func(_ connector.Call, r *Request) { seen = append(seen, r.Method+" "+r.URL.Path) }})
	f.perform(`{"method":"GET","uri":"` + url + `/a"}`)
	if strings.Join(seen, ", ") != "GET /a, GET /b" {
		t.Errorf("%v", seen)
	}
}

// wdl-semantics §11.10: a token that its audience refuses is not kept, and an
// authority that is unwell may be asked again.
func TestTokensThatAreRefused(t *testing.T) {
	var issued atomic.Int32
	authority := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/busy/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, `{"access_token":"t%d","expires_in":3600}`, issued.Add(1))
	})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer t1" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	f := newFixture(t, Options{Authority: authority})
	request := func(tenant string) engine.Outcome {
		return f.perform(`{"method":"GET","uri":"` + url + `","authentication":{"type":"activedirectoryoauth","tenant":"` + tenant + `","audience":"a","clientId":"c","secret":"s"}}`)
	}
	for i, want := range []int{401, 200, 200} {
		if out := request("contoso"); out.StatusCode != want {
			t.Errorf("%d: %+v %v", i, out, out.Error)
		}
	}
	if n := issued.Load(); n != 2 {
		t.Errorf("%d tokens", n)
	}
	if out := request("busy"); out.Status != wdl.Failed || out.Code != "ServiceUnavailable" || !out.Retryable || out.HasOutputs {
		t.Errorf("%+v %v", out, out.Error)
	}
}

// The time of one request is its own: a run's context that ends is not a timeout.
func TestACallThatIsAbandoned(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	f := newFixture(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if out := f.op.Perform(ctx, f.call(`{"method":"GET","uri":"`+url+`"}`)); out.Status != wdl.Failed || out.Code == "RequestTimeout" {
		t.Errorf("%+v", out)
	}
}
