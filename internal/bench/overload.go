package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// flood is what clients do that send as fast as they are answered and never wait for a
// run to end: more than any server can do.
const floodClients = 512

// measureOverload measures what a flood into one environment does to it and to another
// one: what is refused and how, what is lost, how much memory it takes, and how much
// longer a single caller of the other environment waits.
func measureOverload(o options) error {
	stub := newArrivals()
	defer stub.Close()
	return withServer(o, func(p *process, c *client) error {
		url, err := c.workflow("flood", callActions(stub.URL))
		if err != nil {
			return err
		}
		if err := c.putOutside("quiet", requestActions); err != nil {
			return err
		}
		quiet, err := c.callback("quiet")
		if err != nil {
			return err
		}
		ask := request{client: c.http, url: quiet, body: []byte(`{"id":"A-1","qty":4,"price":30}`)}
		fmt.Printf("| one caller of another environment | requests/s | p50 | p99 | errors |\n|---|---|---|---|---|\n")
		load(ask, 1, o.span).print("alone")
		if err := p.forgetPeak(); err != nil {
			return err
		}
		f := flood{request: request{client: floodClient(c.http), url: url, body: []byte(`{"number":"","id":"A-1"}`)}}
		stop := f.begin()
		load(ask, 1, 2*o.span).print(fmt.Sprintf("while %d clients flood one", floodClients))
		stop()
		drained, err := f.drained(stub)
		if err != nil {
			return err
		}
		largest, err := p.peak()
		fmt.Printf("\n| the flood | |\n|---|---|\n| accepted | %d, %.0f/s |\n| told 429 or 503 with Retry-After | %d |\n| errors | %d |\n", f.accepted.Load(), float64(f.accepted.Load())/(2*o.span).Seconds(), f.refused.Load(), f.failed.Load())
		fmt.Printf("| calls of accepted runs made | %d of %d, the last %.1f s after the flood |\n| largest memory | %d MB |\n", stub.calls.Load(), 3*f.accepted.Load(), drained.Seconds(), largest>>20)
		return err
	})
}

// floodClient has room for all connections of a flood.
func floodClient(of *http.Client) *http.Client {
	transport := of.Transport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = floodClients
	return &http.Client{Timeout: of.Timeout, Transport: transport}
}

// flood counts what became of the requests of many clients.
type flood struct {
	request
	accepted, refused, failed atomic.Int64
}

// begin has the clients send until the function that it gives is called.
func (f *flood) begin() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range floodClients {
		group.Go(func() {
			for ctx.Err() == nil {
				f.once()
			}
		})
	}
	return func() { cancel(); group.Wait() }
}

func (f *flood) once() {
	resp, err := f.post(context.Background())
	if err != nil {
		f.failed.Add(1)
		return
	}
	switch {
	case resp.StatusCode == http.StatusAccepted:
		f.accepted.Add(1)
	case (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) && resp.Header.Get("Retry-After") != "":
		f.refused.Add(1)
		time.Sleep(10 * time.Millisecond) // a client that minds Retry-After would wait longer
	default:
		f.failed.Add(1)
	}
}

// drained waits until the runs that were accepted have made their calls.
func (f *flood) drained(stub *arrivals) (time.Duration, error) {
	begun := time.Now()
	for stub.calls.Load() < 3*f.accepted.Load() {
		if time.Since(begun) > 3*time.Minute {
			return time.Since(begun), errors.New("accepted runs have not made their calls")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(begun), nil
}
