package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// The call that lets a run go on to its end is answered, although the run ends the server.
func TestSettleServerAnswersCallsUnderWay(t *testing.T) {
	reached, closing := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(reached)
		<-closing
		_, _ = io.WriteString(w, "taken")
	}))
	server.Config.RegisterOnShutdown(func() { close(closing) })
	server.Start()
	defer server.Close()
	answer := make(chan string, 1)
	go func() {
		res, err := http.Post(server.URL, "application/json", nil)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- string(body)
	}()
	<-reached
	settleServer(server.Config)
	if got := <-answer; got != "taken" {
		t.Errorf("the call under way got %q", got)
	}
}
