package http

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
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
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), body)
	if err != nil {
		return nil, invalidf("the request is not valid.")
	}
	request.Header = r.Header.Clone()
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
// a connection was judged for the place that opened it.
type transports struct {
	rootCAs *x509.CertPool
	pools   sync.Map // dataplane.Source → *http.Transport
}

func (t *transports) of(d dataplane.Dialer) *http.Transport {
	source := d.Source()
	if pool, ok := t.pools.Load(source); ok {
		return pool.(*http.Transport)
	}
	pool, _ := t.pools.LoadOrStore(source, t.new(d, nil))
	return pool.(*http.Transport)
}

// new makes a transport; with a client certificate it serves a single request.
func (t *transports) new(d dataplane.Dialer, certificate *tls.Certificate) *http.Transport {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.rootCAs}
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

func (t *transports) close() {
	t.pools.Range(func(_, pool any) bool {
		pool.(*http.Transport).CloseIdleConnections()
		return true
	})
}
