// Package tracing makes OpenTelemetry spans of what runs do: a run is a trace, or a part
// of its caller's, and each repetition of an action is a span of it. Retries are events.
//
// Spans are made of the records of a commit, when it is durable: what has not happened
// has no span. Their ids follow from the run, the action and the repetition, so that a
// request can name the span it belongs to before there is one, and what a process that
// was killed did not send is at most the spans of its last seconds; none is sent twice
// as another one, and what the next process sends of a run is of the same trace.
//
// What spans hold is names, statuses, codes, times and tracking ids; never inputs,
// outputs or messages. Spans that the collector does not take in time are dropped and
// counted: nothing that runs ever waits for it.
package tracing

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"isle/engine"
	"isle/internal/dataplane"
	"isle/internal/runner"
)

// Options of a Tracer. Endpoint and Network must be set.
type Options struct {
	Endpoint string // base of the collector's URLs; spans go to v1/traces below it, by OTLP over HTTP
	Version  string // of the program
	Network  dataplane.Network
	RootCAs  *x509.CertPool // nil: the system's
	// Environment is what an environment is called, by store id.
	Environment func(id string) string
	// Failed is told when spans cannot be sent.
	Failed func(error)
}

// Bounds of what waits to be sent.
const (
	maxCommits = 4096
	maxSpans   = 16384
	sendEvery  = 2 * time.Second
	sendWithin = 10 * time.Second
)

// Tracer sends spans. It is a [runner.Observer] and a [runner.Tracer].
type Tracer struct {
	options  Options
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	dropped  atomic.Int64

	commits chan runner.Progress // what spans are to be made of
	closing sync.Once
	done    chan struct{} // closed when no more are made
}

var (
	_ runner.Observer = (*Tracer)(nil)
	_ runner.Tracer   = (*Tracer)(nil)
)

// CheckEndpoint refuses what is no base of a collector's URLs.
func CheckEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not an http or https URL, such as http://localhost:4318", text)
	}
	return nil
}

// New makes a tracer that sends from now on. The caller must Close it after the runner
// has stopped.
func New(o Options) (*Tracer, error) {
	base, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, err
	}
	t := &Tracer{options: o, commits: make(chan runner.Progress, maxCommits), done: make(chan struct{})}
	// All is said here, so that nothing is taken from the process's environment.
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithEndpointURL(base.JoinPath("v1", "traces").String()),
		otlptracehttp.WithHeaders(map[string]string{}),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithTimeout(sendWithin),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: 30 * time.Second}),
		otlptracehttp.WithHTTPClient(t.client()))
	if err != nil {
		return nil, err
	}
	t.provide(told{exporter, o.Failed})
	return t, nil
}

// provide sets the tracer up over an exporter.
func (t *Tracer) provide(e sdk.SpanExporter) {
	t.provider = sdk.NewTracerProvider(
		// The goroutine that makes spans waits for room, so that only commits are dropped,
		// and those are counted.
		sdk.WithBatcher(e, sdk.WithBlocking(), sdk.WithMaxQueueSize(maxSpans), sdk.WithMaxExportBatchSize(512), sdk.WithBatchTimeout(sendEvery), sdk.WithExportTimeout(40*time.Second)),
		sdk.WithIDGenerator(derived{}),
		sdk.WithSampler(sdk.ParentBased(sdk.AlwaysSample())),
		sdk.WithRawSpanLimits(sdk.SpanLimits{AttributeValueLengthLimit: 1024, AttributeCountLimit: 64, EventCountLimit: 128, LinkCountLimit: 1, AttributePerEventCountLimit: 16, AttributePerLinkCountLimit: 1}),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "isle"), attribute.String("service.version", t.options.Version))))
	t.tracer = t.provider.Tracer("isle")
	go t.run()
}

// client reaches the collector as the server's own requests reach anything: by the data
// plane, which keeps it from metadata services and the server's own ports.
func (t *Tracer) client() *http.Client {
	return &http.Client{
		Timeout:       sendWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return t.options.Network.Dialer(dataplane.Shared, dataplane.SubnetBuiltIn).Dial(ctx, network, address)
			},
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.options.RootCAs},
			MaxIdleConns:    2, IdleConnTimeout: time.Minute,
		},
	}
}

// told tells of spans that cannot be sent.
type told struct {
	sdk.SpanExporter
	failed func(error)
}

// ExportSpans implements sdk.SpanExporter.
func (e told) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && e.failed != nil {
		e.failed(err)
	}
	return nil // it has been told
}

// Committed implements runner.Observer.
func (t *Tracer) Committed(p runner.Progress) {
	if p.Trace.Known() && p.Trace.Flags&1 == 0 { // its caller does not sample the trace
		return
	}
	if len(p.Rows) == 0 && !p.Ended {
		return
	}
	select {
	case t.commits <- p:
	default:
		t.dropped.Add(1)
	}
}

// Requested implements runner.Observer.
func (t *Tracer) Requested(runner.Request) {}

// Fired implements runner.Observer: what begins no run has no span.
func (t *Tracer) Fired(runner.Fired) {}

// HandOn implements runner.Tracer.
func (t *Tracer) HandOn(run string, of engine.Trace, c *engine.Call) engine.Trace {
	return engine.Trace{ID: traceID(run, of), Parent: spanID(run, c.Subject.Name, engine.ScopeOf(c.Repetition), false), Flags: flags(of), State: of.State}
}

// Dropped is how many commits made no spans, because the collector is too slow.
func (t *Tracer) Dropped() int64 { return t.dropped.Load() }

// Close sends all that waits, as long as the context allows: a graceful end loses no span
// that a working collector takes.
func (t *Tracer) Close(ctx context.Context) error {
	t.closing.Do(func() { close(t.commits) })
	select {
	case <-t.done:
	case <-ctx.Done():
	}
	return t.provider.Shutdown(ctx)
}
