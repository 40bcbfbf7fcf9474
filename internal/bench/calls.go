package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// arrivals is the stub that workflows call: it tells who waits for a run that its last
// call has come.
type arrivals struct {
	*httptest.Server
	waiting sync.Map // number of the run → chan struct{}
	calls   atomic.Int64
}

func newArrivals() *arrivals {
	a := &arrivals{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		a.calls.Add(1)
		if last := r.Header.Get("x-last"); last != "" {
			if done, ok := a.waiting.LoadAndDelete(last); ok {
				close(done.(chan struct{}))
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	return a
}

// measureCalls measures runs that are accepted, make three HTTP calls one after another,
// and end: each client waits for its run's last call.
func measureCalls(o options) error {
	stub := newArrivals()
	defer stub.Close()
	return withServer(o, func(p *process, c *client) error {
		url, err := c.workflow("calls", callActions(stub.URL))
		if err != nil {
			return err
		}
		fmt.Printf("| accepted → three HTTP calls → done | runs/s | p50 | p99 | errors |\n|---|---|---|---|---|\n")
		for _, clients := range []int{1, 32} {
			busy := p.processorTime()
			r := stub.load(request{client: c.http, url: url}, clients, o.span)
			r.print(fmt.Sprintf("%d client(s)", clients))
			fmt.Printf("| → of the server's processor time, a run | %.0f µs | | | |\n", float64((p.processorTime()-busy)/time.Microsecond)/float64(max(r.requests, 1)))
		}
		return c.settled("calls")
	})
}

// callActions are three calls of a stub, one after another.
func callActions(stub string) string {
	call := func(more string) string {
		return `"type":"Http","inputs":{"method":"POST","uri":"` + stub + `","body":"@triggerBody()"` + more + `}`
	}
	return `{"A":{` + call("") + `},"B":{` + call("") + `,"runAfter":{"A":["Succeeded"]}},"C":{` +
		call(`,"headers":{"x-last":"@{triggerBody()['number']}"}`) + `,"runAfter":{"B":["Succeeded"]}}}`
}

var numbers atomic.Int64

func (a *arrivals) load(r request, clients int, span time.Duration) result {
	return loadWith(clients, span, func(ctx context.Context) error { return a.run(ctx, r) })
}

// run begins a run and waits for its last call.
func (a *arrivals) run(ctx context.Context, r request) error {
	number := strconv.FormatInt(numbers.Add(1), 10)
	done := make(chan struct{})
	a.waiting.Store(number, done)
	r.body, r.status = []byte(`{"number":"`+number+`","id":"A-1","qty":4,"price":30}`), http.StatusAccepted
	if err := r.send(ctx); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-time.After(10 * time.Second):
		return fmt.Errorf("run %s made no last call", number)
	}
}

// settled waits until a workflow's newest runs have succeeded.
func (c *client) settled(workflow string) error {
	for end := time.Now().Add(time.Minute); ; {
		status, err := c.unfinished(workflow)
		if err != nil || status == "" {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("a run of %s is %s", workflow, status)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
