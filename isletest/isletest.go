// Package isletest is a whole server inside a Go test: resource manager, token
// issuer, access endpoints and runs, on a free port of loopback, with its data in the
// test's temporary folder. Real clients talk to it as they would to a server of their
// own:
//
//	s := isletest.Start(t)
//	cloud := cloud.Configuration{ActiveDirectoryAuthorityHost: s.Authority, …}
//
// A server ends with its test. It can be stopped and started again on the same data,
// which is what a restart looks like to a client.
package isletest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"isle/internal/server"
)

// Server is a running server and what a client needs to call it.
type Server struct {
	Endpoint       string // of the resource manager, "https://localhost:port"
	Authority      string // of the token issuer
	CAFile         string // the certificate that clients must trust
	TenantID       string
	SubscriptionID string
	ClientID       string
	ClientSecret   string

	t      testing.TB
	config server.Config
	server *server.Server
	http   *http.Client
	token  string // of the operator, got when first needed
}

// Option changes a server before it starts.
type Option func(*server.Config)

// WithData keeps the data in a folder of the test's choice.
func WithData(dir string) Option { return func(c *server.Config) { c.Data = dir } }

// WithResponseLimit sets how long a caller waits for a Response, in an environment and
// outside.
func WithResponseLimit(d time.Duration) Option {
	return func(c *server.Config) { c.ResponseLimit, c.EnvironmentResponseLimit = d, d }
}

// WithLog sends the server's log somewhere; by default it is the test's.
func WithLog(w io.Writer) Option {
	return func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(w, nil)) }
}

// WithFlowLog writes what the network policy decides to a file.
func WithFlowLog(name string) Option { return func(c *server.Config) { c.FlowLog = name } }

// WithPrivateLinks lets templates be linked from loopback, where a test's own server is.
func WithPrivateLinks() Option { return func(c *server.Config) { c.PrivateLinks = true } }

// WithInlineCode runs the JavaScriptCode actions of workflows inside the test's process,
// where nothing stops a script that takes all memory. Without it a server in a test
// refuses such workflows, since it has no program to run them in a process of its own.
func WithInlineCode() Option {
	return func(c *server.Config) { c.InlineCode = server.InlineCodeInProcess }
}

// WithLimits sets limits that are not to be the documented ones, each as name=value.
func WithLimits(limits ...string) Option { return func(c *server.Config) { c.Limit = limits } }

// WithDocumentedThroughput has environments throttled as they are documented.
func WithDocumentedThroughput() Option {
	return func(c *server.Config) { c.Limits = server.LimitsDocumented }
}

// WithServiceTags gives service tags the addresses of a file.
func WithServiceTags(name string) Option { return func(c *server.Config) { c.ServiceTags = name } }

// WithDataPlane says who enforces the policy of networks: server.DataPlaneKernel needs
// root. What the kernel then holds stays when the test ends, for whoever takes it down.
func WithDataPlane(mode string) Option { return func(c *server.Config) { c.DataPlane = mode } }

// WithConnections tells a server where connections, functions and APIs are called, by a
// file like connections.json of a single-tenant project.
func WithConnections(name string) Option { return func(c *server.Config) { c.Connections = name } }

// Start starts a server; the test fails when it does not become ready.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{t: t, config: server.Config{Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)}}
	for _, o := range options {
		o(&s.config)
	}
	if s.config.Data == "" {
		s.config.Data = t.TempDir()
	}
	s.start()
	t.Cleanup(s.Stop)
	return s
}

// Connect is a client of the server that another process runs on a data folder. Stop
// and Restart are not for it.
func Connect(t testing.TB, data string) *Server {
	t.Helper()
	o, err := server.ReadOperator(data)
	if err != nil {
		t.Fatalf("isletest: %v", err)
	}
	s := &Server{t: t, config: server.Config{Data: data}}
	s.connect(o)
	return s
}

func (s *Server) start() {
	s.t.Helper()
	running, err := server.Start(context.Background(), s.config)
	if err != nil {
		s.t.Fatalf("isletest: %v", err)
	}
	s.server = running
	s.connect(running.Operator())
}

// connect makes the client.
func (s *Server) connect(o server.Operator) {
	s.t.Helper()
	s.token = ""
	s.Endpoint, s.Authority, s.CAFile = o.Endpoint, o.Authority, o.CAFile
	s.TenantID, s.SubscriptionID, s.ClientID, s.ClientSecret = o.TenantID, o.SubscriptionID, o.ClientID, o.ClientSecret
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		s.t.Fatalf("isletest: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	s.http = &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 64},
		Timeout:   time.Minute,
	}
}

// Stop stops the server in order; a second time does nothing.
func (s *Server) Stop() {
	if s.server == nil {
		return
	}
	s.http.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.server.Close(ctx); err != nil {
		s.t.Errorf("isletest: stopping: %v", err)
	}
	s.server = nil
}

// Restart stops the server and starts it on the same data and the same port, with
// further options.
func (s *Server) Restart(options ...Option) {
	s.t.Helper()
	s.Stop()
	for _, o := range options {
		o(&s.config)
	}
	s.start()
}

// Data is the server's data folder.
func (s *Server) Data() string { return s.config.Data }

// HTTP is a client that trusts the server.
func (s *Server) HTTP() *http.Client { return s.http }

// Token gets an access token for the operator, by the client-credentials grant.
func (s *Server) Token() string {
	s.t.Helper()
	if s.token != "" {
		return s.token
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret}, "scope": {s.Endpoint + "/.default"}}
	resp, err := s.http.PostForm(s.Authority+"/"+s.TenantID+"/oauth2/v2.0/token", form)
	if err != nil {
		s.t.Fatalf("isletest: token: %v", err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		s.t.Fatalf("isletest: token: status %d, %v", resp.StatusCode, err)
	}
	s.token = answer.AccessToken
	return s.token
}

// Answer is the answer to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Text is a string at a path of member names and array indexes in a JSON body, "" when
// it is not there.
func (a Answer) Text(path ...any) string {
	var v any
	if json.Unmarshal(a.Body, &v) != nil {
		return ""
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[step]
		case int:
			array, _ := v.([]any)
			if step >= len(array) {
				return ""
			}
			v = array[step]
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// Do sends a request to the resource manager as the operator. The path is absolute or
// a URL; an api-version is added when it has none. The body may be nil, []byte or a
// string that is sent as it is, or anything that becomes JSON.
func (s *Server) Do(method, path string, body any) Answer {
	s.t.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = s.Endpoint + path
	}
	if !strings.Contains(target, "api-version=") {
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		target += separator + "api-version=2019-05-01"
	}
	req, err := http.NewRequest(method, target, s.reader(body))
	if err != nil {
		s.t.Fatalf("isletest: %v", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return s.send(req)
}

// Call posts JSON to a callback URL, without a token.
func (s *Server) Call(callbackURL string, body any) Answer {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, callbackURL, s.reader(body))
	if err != nil {
		s.t.Fatalf("isletest: %v", err)
	}
	req.Header.Set("Content-Type", "application/json")
	return s.send(req)
}

func (s *Server) reader(body any) io.Reader {
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return bytes.NewReader(b)
	case string:
		return strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			s.t.Fatalf("isletest: %v", err)
		}
		return bytes.NewReader(text)
	}
}

func (s *Server) send(req *http.Request) Answer {
	s.t.Helper()
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatalf("isletest: %s %s: %v", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("isletest: %s %s: %v", req.Method, req.URL.Path, err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
}

// Group is the ID of a resource group, which is made.
func (s *Server) Group(name string) string {
	s.t.Helper()
	id := "/subscriptions/" + s.SubscriptionID + "/resourceGroups/" + name
	if a := s.Do(http.MethodPut, id, map[string]any{"location": "local"}); a.Status >= 300 {
		s.t.Fatalf("isletest: making the group %s: %d %s", name, a.Status, a.Body)
	}
	return id
}

// Deploy deploys a template into a group and waits for the end. The answer is the
// deployment as it is then.
func (s *Server) Deploy(group, name string, template, parameters any) Answer {
	s.t.Helper()
	id := group + "/providers/Microsoft.Resources/deployments/" + name
	body := map[string]any{"properties": map[string]any{"mode": "Incremental", "template": template, "parameters": parameters}}
	a := s.Do(http.MethodPut, id, body)
	if a.Status >= 300 {
		return a
	}
	return s.Wait(id)
}

// Wait reads a resource until its provisioning has ended.
func (s *Server) Wait(id string) Answer {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		a := s.Do(http.MethodGet, id, nil)
		switch a.Text("properties", "provisioningState") {
		case "Succeeded", "Failed", "Canceled":
			return a
		}
		if a.Status >= 300 {
			return a
		}
		time.Sleep(5 * time.Millisecond) // the client's side of polling
	}
	s.t.Fatalf("isletest: %s is not ready after a minute", id)
	return Answer{}
}
