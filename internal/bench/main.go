// Command bench measures a server from outside, as BENCHMARKS.md shows it: the built
// binary is started on an empty folder, its start-up is timed, and one workflow
// (Request → Compose → If → Compose → Response) is called by 1 and by 32 clients. In
// the same run it measures the ceiling: a bare HTTPS handler that commits the same
// number of bytes through the same group commit.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	binary := flag.String("binary", "bin/isle", "the server to measure")
	span := flag.Duration("for", 5*time.Second, "how long each load lasts")
	flag.Parse()
	if err := run(*binary, *span); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(binary string, span time.Duration) error {
	data, err := os.MkdirTemp("", "isle-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)

	first, err := start(binary, data)
	if err != nil {
		return err
	}
	if err := first.stop(); err != nil {
		return err
	}
	second, err := start(binary, data)
	if err != nil {
		return err
	}
	defer second.stop()
	idle, err := second.memory()
	if err != nil {
		return err
	}
	client, err := clientFor(second.ready.CAFile)
	if err != nil {
		return err
	}
	fmt.Printf("| Start | measured | aim |\n|---|---|---|\n")
	fmt.Printf("| first start to a ready environment | %d ms | < 1000 ms |\n", first.took.Milliseconds())
	fmt.Printf("| second start | %d ms | < 300 ms |\n", second.took.Milliseconds())
	fmt.Printf("| memory after start | %d MB | < 60 MB |\n\n", idle>>20)

	before := folderSize(data)
	fmt.Printf("| Load | requests/s | p50 | p99 | errors |\n|---|---|---|---|---|\n")
	target := request{client: client, url: second.ready.CallbackURL, body: []byte(`{"id":"A-1","qty":4,"price":30}`)}
	measured := map[int]result{}
	total := 0
	for _, clients := range []int{1, 32} {
		r := load(target, clients, span)
		measured[clients] = r
		total += r.requests
		r.print(fmt.Sprintf("workflow, %d client(s)", clients))
	}
	grown := folderSize(data) - before
	after, err := second.memory()
	if err != nil {
		return err
	}
	perRun := int(grown) / max(total, 1)
	for _, clients := range []int{1, 32} {
		r, err := ceiling(perRun, clients, span)
		if err != nil {
			return err
		}
		r.print(fmt.Sprintf("ceiling, %d client(s)", clients))
		fmt.Printf("| → workflow / ceiling | %.0f %% | | | |\n", 100*measured[clients].rate()/r.rate())
	}
	fmt.Printf("\nMemory after the load: %d MB. Stored for each run: about %d bytes, over %d runs.\n", after>>20, perRun, total)
	return nil
}

// process is a server that was started.
type process struct {
	cmd   *exec.Cmd
	took  time.Duration
	ready struct{ Endpoint, CAFile, CallbackURL string }
}

// start runs `isle up --json` and waits for its line.
func start(binary, data string) (*process, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(path, "up", "--json", "--data", data, "--listen", "127.0.0.1:0")}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	p.took = time.Since(begun)
	if err != nil {
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("the server did not become ready: %w", err)
	}
	return p, json.Unmarshal(line, &p.ready)
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// memory is the resident set in bytes, as Linux tells it.
func (p *process) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("the kernel tells no resident set")
}

func folderSize(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, "-wal") && !strings.HasSuffix(path, "-shm") {
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return size
}

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
}

func (r request) send(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
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
	ctx := context.Background()
	for range 100 { // connections and caches are warm before the clock starts
		_ = r.send(ctx)
	}
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
				if err := r.send(ctx); err != nil {
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
