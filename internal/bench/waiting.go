package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// measureWaiting measures a server in which many runs wait for tomorrow: what they take
// of its memory, how fast it starts, and how late a run wakes among them.
func measureWaiting(o options) error {
	return withFolder(func(data string) error {
		n := o.size(1_000_000)
		if err := serve(o, data, func(p *process, c *client) error {
			begun := time.Now()
			if err := c.putWaiting(n); err != nil {
				return err
			}
			took := time.Since(begun)
			memory, err := p.memory()
			fmt.Printf("| %d runs that wait | measured | aim |\n|---|---|---|\n", n)
			fmt.Printf("| beginning them by splitOn | %.0f/s | |\n", float64(n)/took.Seconds())
			fmt.Printf("| memory while they wait | %d MB | < 500 MB |\n", memory>>20)
			return err
		}); err != nil {
			return err
		}
		return serve(o, data, func(p *process, c *client) error {
			memory, err := p.memory()
			if err != nil {
				return err
			}
			late, err := c.lateness()
			if err != nil {
				return err
			}
			fmt.Printf("| start with them | %.2f s | |\n| memory after the start | %d MB | < 500 MB |\n| a run that wakes among them is late by | %.0f ms | < 1000 ms |\n", p.took.Seconds(), memory>>20, ms(late))
			fmt.Printf("| stored for each | %d bytes | |\n", folderSize(data)/int64(n))
			return nil
		})
	})
}

// firing is how many runs one firing with splitOn begins at most.
const firing = 100_000

func (c *client) putWaiting(n int) error {
	if err := c.put("waiting", `{"manual":{"type":"Request","kind":"Http","splitOn":"@triggerBody()","inputs":{}}}`, `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Day"}}}}`); err != nil {
		return err
	}
	url, err := c.callback("waiting")
	if err != nil {
		return err
	}
	for left := n; left > 0; left -= firing {
		size := min(left, firing)
		r := request{client: &http.Client{Transport: c.http.Transport, Timeout: 2 * time.Minute}, url: url, status: http.StatusAccepted,
			body: []byte("[" + strings.TrimSuffix(strings.Repeat("1,", size), ",") + "]")}
		if err := r.send(context.Background()); err != nil {
			return err
		}
		if err := c.begun("waiting", n-left+size); err != nil {
			return err
		}
	}
	return nil
}

// begun waits until a workflow has so many open runs, as the metrics tell.
func (c *client) begun(workflow string, runs int) error {
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		n, err := c.metric("isle_runs_open", workflow)
		if err != nil {
			return err
		}
		if n >= runs {
			return nil
		}
	}
	return fmt.Errorf("not %d runs of %s have begun", runs, workflow)
}

// lateness is how much later than it should a run goes on after its wait.
func (c *client) lateness() (time.Duration, error) {
	stub := newArrivals()
	defer stub.Close()
	url, err := c.workflow("wakes", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":3,"unit":"Second"}}},"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+stub.URL+`","headers":{"x-last":"@{triggerBody()['number']}"}},"runAfter":{"Wait":["Succeeded"]}}}`)
	if err != nil {
		return 0, err
	}
	worst := time.Duration(0)
	for range 3 {
		r := stub.load(request{client: c.http, url: url}, 1, time.Millisecond)
		if r.errors > 0 {
			return 0, fmt.Errorf("%d runs did not wake", r.errors)
		}
		worst = max(worst, r.at(1)-3*time.Second)
	}
	return worst, nil
}
