package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

func clientFor(caFile string) (*http.Client, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return newClient(pool), nil
}

func newClient(pool *x509.CertPool) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 64,
	}}
}

// request is what every client of a load sends.
type request struct {
	client *http.Client
	url    string
	body   []byte
	status int // wanted; 0: 200
}

// post sends the request and reads the whole answer.
func (r request) post(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp, err
}

func (r request) send(ctx context.Context) error {
	resp, err := r.post(ctx)
	if err != nil {
		return err
	}
	if resp.StatusCode != max(r.status, http.StatusOK) {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

type result struct {
	requests, errors int
	span             time.Duration
	latencies        []time.Duration // sorted
}

func (r result) rate() float64 { return float64(r.requests) / r.span.Seconds() }

func (r result) at(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(int(q*float64(len(r.latencies))), len(r.latencies)-1)]
}

func (r result) print(title string) {
	fmt.Printf("| %s | %.0f | %.2f ms | %.2f ms | %d |\n", title, r.rate(), ms(r.at(0.5)), ms(r.at(0.99)), r.errors)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// load sends requests from the clients, one after the other each, for the span.
func load(r request, clients int, span time.Duration) result {
	for range 100 { // connections and caches are warm before the clock starts
		_ = r.send(context.Background())
	}
	return loadWith(clients, span, r.send)
}

// loadWith has each client do one thing after the other, for the span.
func loadWith(clients int, span time.Duration, do func(context.Context) error) result {
	ctx := context.Background()
	var (
		mu    sync.Mutex
		total = result{span: span}
		group sync.WaitGroup
	)
	end := time.Now().Add(span)
	for range clients {
		group.Go(func() {
			var own []time.Duration
			failed := 0
			for time.Now().Before(end) {
				begun := time.Now()
				if err := do(ctx); err != nil {
					failed++
					continue
				}
				own = append(own, time.Since(begun))
			}
			mu.Lock()
			defer mu.Unlock()
			total.latencies = append(total.latencies, own...)
			total.errors += failed
		})
	}
	group.Wait()
	total.requests = len(total.latencies)
	slices.Sort(total.latencies)
	return total
}
