package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// answered is the status, code and Retry-After of a POST.
func answered(t *testing.T, url string, body io.Reader) string {
	t.Helper()
	resp, err := http.Post(url, "application/json", body)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	_, code, _ := strings.Cut(string(text), `"code":"`)
	code, _, _ = strings.Cut(code, `"`)
	return strings.TrimSpace(resp.Status[:3] + " " + code + " " + resp.Header.Get("Retry-After"))
}

// until waits for what holds of the counts.
func (i *intake) until(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hanging); ; time.Sleep(time.Millisecond) {
		i.mu.Lock()
		done := holds()
		i.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the requests are not counted as they should be")
		}
	}
}

// half sends a request whose body is not whole until the function is called, which gives
// the answer. It returns when the server has let the request in.
func half(t *testing.T, in *intake, url string) func() string {
	t.Helper()
	body, rest := io.Pipe()
	answer := make(chan string, 1)
	go func() { answer <- answered(t, url, body) }()
	_, _ = rest.Write([]byte(`{"a":`))
	in.until(t, func() bool { return in.all > 0 })
	return func() string {
		_, _ = rest.Write([]byte(`1}`))
		rest.Close()
		return <-answer
	}
}

const noted = `{"N":{"type":"Compose","inputs":1}}`

func TestRequestsBeyondTheBoundAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		most int
		want string
	}{
		{"of the server", 1, "503 ServerBusy 1"},
		{"of the environment", 2, "429 EnvironmentBusy 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEndpoint(t, func(c *Config) { c.MaxRequests = test.most })
			url := e.callback(e.deploy(t, "flow", "", noted), "")
			finish := half(t, &e.Config.Handler.(*Gateway).intake, url)
			if got := answered(t, url, strings.NewReader("{}")); got != test.want {
				t.Errorf("the second request gets %q, want %q", got, test.want)
			}
			if got := finish(); got != "202" {
				t.Errorf("the first gets %q", got)
			}
			if got := answered(t, url, strings.NewReader("{}")); got != "202" {
				t.Errorf("a later one gets %q", got)
			}
		})
	}
}

// Callers that wait are bounded apart from requests that are being taken in.
func TestWaitingCallersAreBounded(t *testing.T) {
	release, called := make(chan struct{}), make(chan struct{}, 4)
	peer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- struct{}{}; <-release }))
	defer peer.Close()
	e := newEndpoint(t, func(c *Config) { c.MaxRequests, c.MaxCallers = 2, 1 })
	slow := e.deploy(t, "slow", "", `{"Call":{"type":"Http","inputs":{"method":"GET","uri":"`+peer.URL+`"},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Call":["Succeeded"]}}}`)
	url := e.callback(slow, "")
	first := make(chan string, 1)
	go func() { first <- answered(t, url, strings.NewReader("{}")) }()
	<-called
	in := &e.Config.Handler.(*Gateway).intake
	in.until(t, func() bool { return in.waiting == 1 && in.all == 0 })
	if got := answered(t, url, strings.NewReader("{}")); got != "503 ServerBusy 1" {
		t.Errorf("the second caller gets %q", got)
	}
	close(release)
	if got := <-first; got != "200" {
		t.Errorf("the first gets %q", got)
	}
	in.until(t, func() bool { return in.waiting == 0 })
	if got := answered(t, url, strings.NewReader("{}")); got != "200" {
		t.Errorf("a later one gets %q", got)
	}
}
