// Package fetch gets what a link in a request points the server itself at: a linked
// template and its parameters.
//
// Whoever may write a link must not thereby reach what only the server can reach. So
// only http and https are followed, never a file; each name is looked up once and only
// its public addresses are dialed, unless private ones are allowed; each redirect is
// judged like the first address, and none leads from https to http; no credentials are
// sent but those in the link. Size and time are bounded. Every socket comes from the
// data plane, which refuses metadata addresses in any case and, of this server's own
// ports, reaches the access endpoint alone. What an answer holds is the caller's to
// check.
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"isle/internal/dataplane"
)

// Options of a Fetcher.
type Options struct {
	Network dataplane.Network
	Private bool           // private, loopback and link-local addresses are allowed too
	RootCAs *x509.CertPool // nil: the system's
	Timeout time.Duration  // of one fetch with its redirects; 0: 30 s
}

// Fetcher follows links. It is safe for concurrent use and keeps no connection.
type Fetcher struct {
	options Options
	client  *http.Client
}

const (
	defaultTimeout = 30 * time.Second
	maxRedirects   = 5
)

// New returns a Fetcher.
func New(o Options) *Fetcher {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	f := &Fetcher{options: o}
	f.client = &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: redirect,
		Transport: &http.Transport{
			DialContext:       f.dial,
			TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
			DisableKeepAlives: true, // a connection is judged for one fetch
		},
	}
	return f
}

// Error says why a link cannot be followed. Its text is for whoever wrote the link; the
// link, which may hold a signature, is not in it.
type Error struct {
	Reason string
	cause  error
}

func (e *Error) Error() string { return e.Reason }
func (e *Error) Unwrap() error { return e.cause }

// Fetch gets the content of a link, of at most limit bytes. Its error is an *Error.
func (f *Fetcher) Fetch(ctx context.Context, uri string, limit int64) ([]byte, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, &Error{Reason: "it is not a URI"}
	}
	if err := check(u); err != nil {
		return nil, failed(err)
	}
	content, err := f.get(ctx, u, limit)
	if err != nil {
		return nil, failed(err)
	}
	return content, nil
}

func (f *Fetcher) get(ctx context.Context, u *url.URL, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "Isle")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, refusal(fmt.Sprintf("the answer has the status %d", response.StatusCode))
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = refusal(fmt.Sprintf("the answer has more than %d bytes", limit))
	}
	return content, err
}

// refusal is a reason of our own.
type refusal string

func (r refusal) Error() string { return string(r) }

// check judges what can be judged of a link without its address.
func check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refusal("only http and https are followed")
	case u.Hostname() == "":
		return refusal("it names no host")
	}
	return nil
}

func redirect(next *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return refusal(fmt.Sprintf("it is redirected more than %d times", maxRedirects))
	case via[0].URL.Scheme == "https" && next.URL.Scheme != "https":
		return refusal("it is redirected from https to http")
	}
	next.Header.Del("Referer") // it would have the query
	return check(next.URL)
}

// dial looks the name up and dials what it may: the address that was judged, not the
// name once more.
func (f *Fetcher) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := f.options.Network.Dialer(dataplane.Shared, dataplane.SubnetBuiltIn)
	addresses, err := dialer.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	allowed := f.allowed(addresses)
	if len(allowed) == 0 {
		return nil, refusal("its host has no public address, and links to private ones are not allowed on this server (--private-links)")
	}
	var first error
	for _, a := range allowed {
		c, err := dialer.Dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func (f *Fetcher) allowed(addresses []netip.Addr) []netip.Addr {
	var list []netip.Addr
	for _, a := range addresses {
		if f.options.Private || dataplane.IsPublic(a) {
			list = append(list, a)
		}
	}
	return list
}

// failed puts a reason in words that show no address and no query.
func failed(err error) *Error {
	e := &Error{Reason: "the host could not be reached", cause: err}
	var ours refusal
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var denied *dataplane.DeniedError
	var timeout net.Error
	switch {
	case errors.As(err, &ours):
		e.Reason = ours.Error()
	case errors.As(err, &denied):
		e.Reason = "this server may not call it"
	case errors.As(err, &name):
		e.Reason = "its host name cannot be looked up"
	case errors.As(err, &certificate):
		e.Reason = "the certificate of its host is not trusted"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Reason = "the host did not answer in time"
	}
	return e
}
