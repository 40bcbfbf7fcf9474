package http

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"isle/internal/dataplane"
)

// http is the request in the standard library's form.
func (r *Request) http(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, "/", body)
	if err != nil {
		return nil, invalidf("the request is not valid.")
	}
	request.URL, request.Host, request.Header = r.URL, strings.TrimSuffix(r.URL.Host, ":"), r.Header.Clone()
	if user := r.URL.User; user != nil && request.Header.Get("Authorization") == "" {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header["User-Agent"] = []string{""} // none, rather than Go's
	}
	return request, nil
}

// transports keeps one pool of connections for each place that calls come from, as
// a connection was judged for the place that opened it, by the policy of that time.
type transports struct {
	roots func(environment string) *x509.CertPool
	mu    sync.Mutex
	pools map[origin]pool // guarded by mu
}

// origin is a subnet of an environment, whatever the policy and the address there.
type origin struct {
	environment string
	subnet      dataplane.Subnet
}

type pool struct {
	source    dataplane.Source
	roots     *x509.CertPool
	transport *http.Transport
}

// of returns the pool of a dialer's source. If the policy, or whom the environment
// trusts, is another one than that of the pool, a new one begins: what is idle in the old one is closed, what is under way
// there ends.
func (t *transports) of(d dataplane.Dialer) *http.Transport {
	source := d.Source()
	key, roots := origin{source.Environment, source.Subnet}, t.roots(source.Environment)
	t.mu.Lock()
	defer t.mu.Unlock()
	old, ok := t.pools[key]
	if ok && old.source == source && old.roots == roots {
		return old.transport
	}
	if t.pools == nil {
		t.pools = map[origin]pool{}
	}
	t.pools[key] = pool{source, roots, t.new(d, nil)}
	if ok {
		old.transport.CloseIdleConnections()
	}
	return t.pools[key].transport
}

// new makes a transport; with a client certificate it serves a single request.
func (t *transports) new(d dataplane.Dialer, certificate *tls.Certificate) *http.Transport {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.roots(d.Source().Environment)}
	if certificate != nil {
		config.Certificates = []tls.Certificate{*certificate}
	}
	return &http.Transport{
		DialContext:            d.Dial,
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // done here, with bounds
		DisableKeepAlives:      certificate != nil,
		MaxIdleConnsPerHost:    64,
		MaxIdleConns:           512,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    30 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// told is the context of a request that tells the data plane whom a connection serves that
// is there already.
func told(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { dataplane.Used(ctx, got.Conn, got.Reused) }})
}

func (t *transports) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.pools {
		p.transport.CloseIdleConnections()
	}
}
