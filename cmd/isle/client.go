package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"isle/internal/server"
)

// client calls the resource manager as its operator: what the commands do, any
// script can do.
type client struct {
	operator server.Operator
	stopped  bool // no server runs: the folder is open read-only
	http     *http.Client
	token    string
	expires  time.Time
}

// connect makes a client for the server that owns the data folder. A stopped
// server's folder is opened read-only and answers in this process; close releases it.
func connect(ctx context.Context, data string) (c *client, close func() error, err error) {
	operator, err := server.ReadOperator(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, noServerYet(data)
	}
	if err != nil {
		return nil, nil, err
	}
	stopped, err := server.OpenReadOnly(ctx, data)
	switch {
	case err == nil:
		transport := inProcess{stopped.Handler()}
		return &client{operator: operator, stopped: true, http: &http.Client{Transport: transport}}, func() error { return stopped.Close(ctx) }, nil
	case !errors.Is(err, server.ErrRunning):
		return nil, nil, err
	}
	return dial(operator)
}

// connectRunning is connect for commands that change something.
func connectRunning(ctx context.Context, data string) (*client, func() error, error) {
	c, done, err := connect(ctx, data)
	if err == nil && c.stopped {
		_ = done()
		return nil, nil, fmt.Errorf("no server runs with the data folder %s: start it with `%s up%s`, or name another folder with --data", data, program(), dataArgument(data))
	}
	return c, done, err
}

func noServerYet(data string) error {
	return fmt.Errorf("no server has run with the data folder %s yet: start one with `%s up%s`, or name another folder with --data", data, program(), dataArgument(data))
}

// dial makes a client of a running server. close ends its connections.
func dial(operator server.Operator) (c *client, close func() error, err error) {
	endpoint, err := url.Parse(operator.Endpoint)
	if err != nil {
		return nil, nil, err
	}
	pem, err := os.ReadFile(operator.CAFile)
	if err != nil {
		return nil, nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, fmt.Errorf("%s holds no certificate", operator.CAFile)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: endpoint.Hostname(), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, operator.Address)
		},
	}
	c = &client{operator: operator, http: &http.Client{Transport: transport, Timeout: time.Minute}}
	return c, func() error { transport.CloseIdleConnections(); return nil }, nil
}

// inProcess lets a client call a handler without a socket.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.RemoteAddr = "127.0.0.1:0"
	r.RequestURI = r.URL.RequestURI()
	r.Host = r.URL.Host
	t.handler.ServeHTTP(w, r)
	return w.response(r), nil
}

// recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Request: r,
		Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

// apiError is an answer of the resource manager that is no success.
type apiError struct {
	Status  int        `json:"-"` // of the answer
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Target  string     `json:"target,omitempty"`
	Details []apiError `json:"details,omitempty"`
}

func (e *apiError) Error() string {
	var b strings.Builder
	e.write(&b, "")
	return b.String()
}

func (e *apiError) write(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s%s: %s", indent, e.Code, e.Message)
	for i := range e.Details {
		b.WriteByte('\n')
		e.Details[i].write(b, indent+"  ")
	}
}

// group is the ID of a resource group of the operator's subscription.
func (c *client) group(name string) string {
	return "/subscriptions/" + c.operator.SubscriptionID + "/resourceGroups/" + url.PathEscape(name)
}

// call sends one request and decodes the answer into out, if there is one. The
// path may be an absolute URL, as answers give them.
func (c *client) call(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	return c.callIf(ctx, nil, method, path, in, out)
}

// callIf is call with headers that say on which condition the request holds.
func (c *client) callIf(ctx context.Context, condition http.Header, method, path string, in, out any) (http.Header, error) {
	if err := c.authenticate(ctx); err != nil {
		return nil, err
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	target := path
	if strings.HasPrefix(path, "/") {
		target = c.operator.Endpoint + path
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, condition)
	req.Header.Set("Authorization", "Bearer "+c.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.do(req, out)
}

func (c *client) do(req *http.Request, out any) (http.Header, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the server does not answer: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 {
		return resp.Header, failure(resp.StatusCode, text)
	}
	if out == nil || len(text) == 0 {
		return resp.Header, nil
	}
	return resp.Header, json.Unmarshal(text, out)
}

func failure(status int, text []byte) error {
	var answer struct{ Error apiError }
	if json.Unmarshal(text, &answer) != nil || answer.Error.Code == "" {
		return &apiError{Status: status, Code: strconv.Itoa(status), Message: strings.TrimSpace(string(text))}
	}
	answer.Error.Status = status
	return &answer.Error
}

// authenticate gets a token by the client-credentials grant, and keeps it.
func (c *client) authenticate(ctx context.Context) error {
	if time.Now().Before(c.expires) {
		return nil
	}
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {c.operator.ClientID},
		"client_secret": {c.operator.ClientSecret},
		"scope":         {c.operator.Endpoint + "/.default"},
	}
	target := c.operator.Authority + "/" + c.operator.TenantID + "/oauth2/v2.0/token"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if _, err := c.do(req, &answer); err != nil {
		return fmt.Errorf("signing in with the operator's secret: %w", err)
	}
	c.token = answer.AccessToken
	c.expires = time.Now().Add(time.Duration(answer.ExpiresIn)*time.Second - time.Minute)
	return nil
}

// pages calls yield with each page of a list.
func (c *client) pages(ctx context.Context, path string, yield func(page []json.RawMessage) (more bool, err error)) error {
	for path != "" {
		var page struct {
			Value    []json.RawMessage `json:"value"`
			NextLink string            `json:"nextLink"`
		}
		if _, err := c.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return err
		}
		more, err := yield(page.Value)
		if err != nil || !more {
			return err
		}
		path = page.NextLink
	}
	return nil
}
