package isletest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"isle/isletest"
)

// TestEachAttemptKeepsItsAnswer: the request histories of an action show what each attempt
// was answered with (logic-api §2.6), also after a restart, small or large; of an action
// whose outputs are secured nothing.
func TestEachAttemptKeepsItsAnswer(t *testing.T) {
	var asked, askedSecretly atomic.Int32
	large := strings.Repeat("x", 200_000)
	peer := stub(t, func(w http.ResponseWriter, r *http.Request) {
		count := &asked
		if r.URL.Path == "/secret" {
			count = &askedSecretly
		}
		n := count.Add(1)
		w.Header().Set("Retry-After", "1")
		w.Header().Set("X-Try", fmt.Sprint(n))
		w.Header().Set("Set-Cookie", "planted-cookie")
		w.Header().Set("Content-Type", "text/plain")
		switch n {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "planted "+large)
		case 2:
			w.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(w, "planted small")
		default:
			io.WriteString(w, "planted last")
		}
	})
	s := isletest.Start(t)
	group := s.Group("attempts")
	call := func(path, more string) string {
		return workflowBody(`{"Call":{"type":"Http","inputs":{"method":"GET","uri":"` + peer + path + `","retryPolicy":{"type":"fixed","count":3,"interval":"PT5S"}}` + more + `}}`)
	}
	open, openURL := put(t, s, group, "open", call("/open", ""))
	secret, secretURL := put(t, s, group, "secret", call("/secret", `,"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}`))
	for _, url := range []string{openURL, secretURL} {
		if a := s.Call(url, `{}`); a.Status != http.StatusAccepted {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	until(t, "an attempt has failed", func() bool {
		return s.Do(http.MethodGet, lastRun(s, open).Text("value", 0, "id")+"/actions/Call", nil).Text("properties", "status") == "Waiting"
	})
	s.Restart()
	for _, id := range []string{open, secret} {
		until(t, "the run has succeeded", func() bool { return lastRun(s, id).Text("value", 0, "properties", "status") == "Succeeded" })
	}
	history := s.Do(http.MethodGet, lastRun(s, open).Text("value", 0, "id")+"/actions/Call/requestHistories", nil)
	if strings.Contains(string(history.Body), "planted") {
		t.Errorf("the cookie is shown: %s", history.Body)
	}
	for i, want := range []struct{ status, try, body string }{{"200", "3", `"planted last"`}, {"429", "2", `"planted small"`}, {"503", "1", `"planted ` + large + `"`}} { // newest first
		at := func(names ...any) string {
			return history.Text(append([]any{"value", i, "properties", "response"}, names...)...)
		}
		if at("statusCode") != want.status || at("headers", "X-Try") != want.try {
			t.Errorf("exchange %d: %s", i, history.Body)
		}
		if got := fetch(t, s, at("bodyLink", "uri")); got != want.body {
			t.Errorf("exchange %d: body of %d bytes, want %d: %.200s", i, len(got), len(want.body), got)
		}
	}
	history = s.Do(http.MethodGet, lastRun(s, secret).Text("value", 0, "id")+"/actions/Call/requestHistories", nil)
	if strings.Contains(string(history.Body), "response") || history.Text("value", 2, "properties", "startTime") == "" {
		t.Errorf("secured answers: %s", history.Body)
	}
}

// fetch reads a content link.
func fetch(t *testing.T, s *isletest.Server, url string) string {
	t.Helper()
	answer, err := s.HTTP().Get(url)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return string(text)
}
