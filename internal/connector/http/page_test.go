package http

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// pages performs a call whose action has a paginationPolicy.
func (f *fixture) pages(minimum int, progress expr.Value, inputs string) engine.Outcome {
	c := f.call(inputs)
	c.Subject.Pagination, c.Progress = minimum, progress
	return f.op.Perform(context.Background(), c)
}

// listServer serves pages of two items each, /list?page=N, up to last.
func listServer(t *testing.T, last int, link func(w http.ResponseWriter, r *http.Request, next int) string) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		n = max(n, 1)
		w.Header()["Date"] = nil
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Page", strconv.Itoa(n))
		next := ""
		if n < last {
			next = fmt.Sprintf(`,%s`, link(w, r, n+1))
		}
		fmt.Fprintf(w, `{"@odata.context":"c","value":[%d,%d]%s}`, 2*n-1, 2*n, next)
	})
}

// wdl-semantics §12.3: paginationPolicy.
func TestPagesUntilThereAreEnough(t *testing.T) {
	var base string
	base = listServer(t, 4, func(w http.ResponseWriter, r *http.Request, next int) string {
		forms := [...]string{`"nextLink":"?page=` + strconv.Itoa(next) + `"`, `"@odata.nextLink":"` + base + `/list?page=` + strconv.Itoa(next) + `"`, `"nextLink":"/list?page=` + strconv.Itoa(next) + `"`}
		return forms[next%3]
	})
	f := newFixture(t, Options{})
	for minimum, want := range map[int]string{1: "[1,2]", 2: "[1,2]", 3: "[1,2,3,4]", 5: "[1,2,3,4,5,6]", 8: "[1,2,3,4,5,6,7,8]", 100_000: "[1,2,3,4,5,6,7,8]"} {
		out := f.pages(minimum, expr.Null(), `{"method":"GET","uri":"`+base+`/list"}`)
		body, _ := out.Outputs.Get("body")
		if string(body.JSON()) != `{"value":`+want+`}` || out.StatusCode != 200 || !out.Progress.IsNull() {
			t.Errorf("%d: %s %v", minimum, body.JSON(), out.Error)
		}
	}
}

// wdl-semantics §12.3: what is no list stays as it is.
func TestAnswersThatAreNoPages(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"an object":          {`{"a":1}`, `{"a":1}`},
		"value is no array":  {`{"value":1,"nextLink":"/x"}`, `{"value":1,"nextLink":"/x"}`},
		"an array":           {`[1]`, `[1]`},
		"a list on its own":  {`{"value":[],"count":0}`, `{"value":[]}`},
		"nextLink is null":   {`{"value":[1],"nextLink":null}`, `{"value":[1]}`},
		"nextLink is no uri": {`{"value":[1],"nextLink":"ftp://x"}`, `failed`},
		"a circle":           {`{"value":[],"nextLink":"/x"}`, `failed`},
	} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(c.answer))
		})
		out := newFixture(t, Options{}).pages(10, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
		body, _ := out.Outputs.Get("body")
		got := string(body.JSON())
		if out.Status == wdl.Failed {
			got = "failed"
		}
		if got != c.want || out.Status == wdl.Failed && (out.Code != "BadRequest" || out.Retryable) {
			t.Errorf("%s: %s %v", name, got, out.Error)
		}
	}
}

// wdl-semantics §12.3, §12.4: a page that fails is retried by itself.
func TestAPageThatFails(t *testing.T) {
	fail := true
	asked := map[string]int{}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.RequestURI()]++
		if r.URL.Path == "/3" && fail {
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		n, _ := strconv.Atoi(r.URL.Path[1:])
		next := fmt.Sprintf(`"/%d"`, n+1)
		if n == 4 {
			next = "null"
		}
		fmt.Fprintf(w, `{"value":["%d"],"nextLink":%s}`, n, next)
	})
	f := newFixture(t, Options{})
	inputs := `{"method":"GET","uri":"` + url + `/1"}`
	out := f.pages(10, expr.Null(), inputs)
	if out.StatusCode != 503 || out.Status != wdl.Failed || out.RetryAfter == 0 || out.Progress.IsNull() {
		t.Fatalf("%+v", out)
	}
	again := f.pages(10, out.Progress, inputs)
	if again.StatusCode != 503 || !again.Progress.IsNull() {
		t.Fatalf("a failure that is not further: %+v", again)
	}
	fail = false
	stored, err := expr.ParseStored(out.Progress.JSON())
	if err != nil {
		t.Fatal(err)
	}
	last := f.pages(10, stored, inputs)
	if body, _ := last.Outputs.Get("body"); string(body.JSON()) != `{"value":["1","2","3","4"]}` {
		t.Errorf("%s %v", body.JSON(), last.Error)
	}
	if asked["/1"] != 1 || asked["/2"] != 1 || asked["/3"] != 3 {
		t.Errorf("%v", asked)
	}
}

// wdl-semantics §12.3: credentials stay with the origin of the author's uri.
func TestPagesOfAnotherOrigin(t *testing.T) {
	var seen []string
	note := func(r *http.Request) {
		seen = append(seen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+r.Header.Get("X-Key")+r.Header.Get("Cookie")+r.Header.Get("Content-Type"))
	}
	var home string
	away := serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"value":[2],"nextLink":"%s/3"}`, home)
	})
	home = serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/3" {
			fmt.Fprint(w, `{"value":[3]}`)
			return
		}
		fmt.Fprintf(w, `{"value":[1],"nextLink":"%s/2"}`, away)
	})
	out := newFixture(t, Options{}).pages(5, expr.Null(), `{"method":"POST","uri":"`+home+`/1","headers":{"X-Key":"k"},"cookie":"c=1","body":{"q":1},"authentication":{"type":"Raw","value":"secret"}}`)
	want := "POST /1 secretkc=1application/json; charset=utf-8, GET /2 , GET /3 secretkc=1"
	if got := strings.Join(seen, ", "); got != want || out.StatusCode != 200 {
		t.Errorf("%s\n%s", got, want)
	}
}

func TestPagesHaveABound(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"value":["%s"],"nextLink":"/"}`, strings.Repeat("x", 1000))
	})
	out := newFixture(t, Options{MaxBody: 10_000}).pages(100_000, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
	if out.Code != "ResponseSizeLimitExceeded" || out.Retryable {
		t.Errorf("%+v %v", out, out.Error)
	}
}
