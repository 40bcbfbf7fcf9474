package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// kept is how long the soaked server keeps runs; what is older goes at the next start.
const kept = "20s"

// measureSoak loads a server with a mix for a long time, to see what grows: memory,
// goroutines, open files. Then the runs are purged, and the file must shrink.
func measureSoak(o options) error {
	return withFolder(func(data string) error {
		var empty, full int64
		if err := serve(o, data, func(p *process, c *client) error {
			empty = folderSize(data)
			return p.soak(o, c)
		}, "--limit", "runDuration="+kept); err != nil {
			return err
		}
		full = folderSize(data)
		return serve(o, data, func(p *process, c *client) error {
			took, err := p.purged(c)
			if err != nil {
				return err
			}
			err = p.stop() // what lies in the log goes to the file
			fmt.Printf("\nPurged within %.0f s: %d MB became %d MB; the empty folder has %d MB.\n", took.Seconds(), full>>20, folderSize(data)>>20, empty>>20)
			return err
		}, "--limit", "runDuration="+kept)
	})
}

// soak loads the server, and waits until all runs are older than they are kept.
func (p *process) soak(o options, c *client) error {
	mixed, err := newMix(c)
	if err != nil {
		return err
	}
	defer mixed.stub.Close()
	fmt.Printf("| %v of mixed load, 16 clients | runs | memory | goroutines | open files | stored |\n|---|---|---|---|---|---|\n", o.soak)
	const parts = 5
	for part := range parts + 1 {
		runs := 0
		if part > 0 {
			r := loadWith(16, o.soak/parts, mixed.next)
			if runs = r.requests; r.errors > 0 {
				return fmt.Errorf("%d calls failed", r.errors)
			}
		}
		if err := p.tell(c, fmt.Sprintf("after part %d of %d", part, parts), runs); err != nil {
			return err
		}
	}
	age, err := time.ParseDuration(kept)
	time.Sleep(age + time.Second)
	return err
}

// tell prints what might grow.
func (p *process) tell(c *client, when string, runs int) error {
	memory, err := p.memory()
	goroutines, err2 := c.metric("go_goroutines", "")
	files, err3 := c.metric("process_open_fds", "")
	fmt.Printf("| %s | %d | %d MB | %d | %d | %d MB |\n", when, runs, memory>>20, goroutines, files, folderSize(p.data)>>20)
	return errors.Join(err, err2, err3)
}

// purged waits until no run is left and the folder shrinks no more, and says how long that
// took.
func (p *process) purged(c *client) (time.Duration, error) {
	begun := time.Now()
	for left := true; left; time.Sleep(200 * time.Millisecond) {
		var page struct{ Value []json.RawMessage }
		if err := c.do(http.MethodGet, "/subscriptions/"+c.ready.SubscriptionID+"/providers/Microsoft.Logic/runs?$top=1", nil, &page); err != nil {
			return 0, err
		}
		left = len(page.Value) > 0
	}
	smallest, last := folderSize(p.data), time.Now()
	for time.Since(last) < 10*time.Second {
		time.Sleep(100 * time.Millisecond)
		if size := folderSize(p.data); size < smallest {
			smallest, last = size, time.Now()
		}
	}
	return last.Sub(begun), nil
}

// mix is what the clients do in turn.
type mix struct {
	stub  *arrivals
	http  *http.Client
	calls request // two calls, one after the other
	turns []request

	mu sync.Mutex
	n  int
}

func newMix(c *client) (*mix, error) {
	m := &mix{stub: newArrivals(), http: c.http}
	call := func(more string) string {
		return `"type":"Http","inputs":{"method":"POST","uri":"` + m.stub.URL + `","body":"@triggerBody()"` + more + `}`
	}
	for _, w := range []struct {
		name, actions string
		body          []byte
		status        int
	}{
		{"answer", requestActions, []byte(`{"id":"A-1","qty":4,"price":30}`), http.StatusOK},
		{"loop", `{"Each":{"type":"Foreach","foreach":"@range(0,50)","actions":{"Double":{"type":"Compose","inputs":"@mul(items('Each'),2)"}}}}`, []byte(`{}`), http.StatusAccepted},
		{"wait", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":2,"unit":"Second"}}}}`, []byte(`{}`), http.StatusAccepted},
		{"large", `{"Copy":{"type":"Compose","inputs":"@triggerBody()"}}`, orders(200 << 10), http.StatusAccepted},
		{"fails", `{"Call":{"type":"Http","inputs":{"method":"GET","uri":"http://127.0.0.1:9/","retryPolicy":{"type":"none"}}}}`, []byte(`{}`), http.StatusAccepted},
	} {
		url, err := c.workflow(w.name, w.actions)
		if err != nil {
			return nil, err
		}
		m.turns = append(m.turns, request{client: c.http, url: url, body: w.body, status: w.status})
	}
	url, err := c.workflow("calls", `{"A":{`+call("")+`},"B":{`+call(`,"headers":{"x-last":"@{triggerBody()['number']}"}`)+`,"runAfter":{"A":["Succeeded"]}}}`)
	m.calls = request{client: c.http, url: url}
	return m, err
}

func (m *mix) next(ctx context.Context) error {
	m.mu.Lock()
	n := m.n
	m.n++
	m.mu.Unlock()
	if n%2 == 0 {
		return m.stub.run(ctx, m.calls)
	}
	return m.turns[n/2%len(m.turns)].send(ctx)
}
