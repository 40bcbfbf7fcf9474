package http

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/dataplane"
	"isle/wdl"
)

type fixture struct {
	op      *Operation
	network *dataplane.Inproc
	options wdl.OptionSet
}

func newFixture(t *testing.T, o Options) *fixture {
	t.Helper()
	f := &fixture{op: New(o), network: dataplane.NewInproc(dataplane.Options{})}
	t.Cleanup(f.op.Close)
	return f
}

func (f *fixture) call(inputs string) connector.Call {
	v, err := expr.ParseJSON([]byte(inputs))
	if err != nil {
		panic(err)
	}
	return connector.Call{
		Call: engine.Call{
			ID: "e", Subject: engine.Subject{Index: 3, Name: "Get it", Options: f.options}, Operation: wdl.TypeHTTP, Inputs: v, Attempt: 1,
			ClientRequestID: "11111111-1111-1111-1111-111111111111", TrackingID: "22222222-2222-2222-2222-222222222222",
		},
		Workflow: &engine.Workflow{
			ID:   "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Logic/workflows/orders",
			Name: "orders", Location: "westeurope", Version: "08", FlowID: "0123456789abcdef0123456789abcdef",
		},
		RunID: "0858CU00", TriggerTrackingID: "33333333-3333-3333-3333-333333333333", ClientTrackingID: "mine",
		Dialer: f.network.Dialer("e", dataplane.SubnetBuiltIn),
	}
}

func (f *fixture) perform(inputs string) engine.Outcome {
	return f.op.Perform(context.Background(), f.call(inputs))
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestRequestAndAnswer(t *testing.T) {
	var got *http.Request
	var body []byte
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header()["Date"] = nil
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		w.Header().Set("x-ms-request-id", "srv")
		_, _ = w.Write([]byte(`{"ok":true}`))
	})
	f := newFixture(t, Options{})
	out := f.perform(`{"method":"post","uri":"` + url + `/a%20b?x=1","queries":{"q":"ä &","n":2},"headers":{"X-Mine":"1","Accept":"*/*","Accept-Language":"de","Host":"evil","Content-Length":"9999","Cookie":"no"},"cookie":"yes=1","body":{"a":1}}`)
	if want := `{"statusCode":200,"headers":{"X-Ms-Request-Id":"srv","X-Two":"a,b","Content-Type":"application/json","Content-Length":"11"},"body":{"ok":true}}`; string(out.Outputs.JSON()) != want {
		t.Errorf("outputs %s", out.Outputs.JSON())
	}
	if out.Status != wdl.Succeeded || out.StatusCode != 200 || out.Error != nil || out.ServiceRequestID != "srv" || out.Start.IsZero() || out.End.Before(out.Start) {
		t.Errorf("%+v", out)
	}
	if got.Method != "POST" || got.URL.String() != "/a%20b?x=1&q=%C3%A4%20%26&n=2" || string(body) != `{"a":1}` || got.Host == "evil" {
		t.Errorf("%s %s %s, host %s", got.Method, got.URL, body, got.Host)
	}
	for name, want := range map[string]string{
		"X-Mine": "1", "Accept": "*/*", "Accept-Language": "", "Cookie": "yes=1",
		"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "gzip, deflate",
		"User-Agent":                   "azure-logic-apps/1.0 (workflow 0123456789abcdef0123456789abcdef; version 08)",
		"X-Ms-Workflow-Id":             "0123456789abcdef0123456789abcdef",
		"X-Ms-Workflow-Version":        "08",
		"X-Ms-Workflow-Name":           "orders",
		"X-Ms-Workflow-System-Id":      "/locations/westeurope/scaleunits/prod-00/workflows/0123456789abcdef0123456789abcdef",
		"X-Ms-Workflow-Run-Id":         "0858CU00",
		"X-Ms-Workflow-Operation-Name": "Get it",
		"X-Ms-Client-Request-Id":       "11111111-1111-1111-1111-111111111111",
		"X-Ms-Client-Tracking-Id":      "mine",
		"X-Ms-Action-Tracking-Id":      "22222222-2222-2222-2222-222222222222",
		"X-Ms-Activity-Vector":         "IN.04",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
}

func TestErrorStatusesFailWithoutAnErrorObject(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	out := newFixture(t, Options{}).perform(`{"method":"GET","uri":"` + url + `"}`)
	if out.Status != wdl.Failed || out.StatusCode != 429 || out.Error != nil || !out.HasOutputs || out.RetryAfter != 7*time.Second || out.Retryable {
		t.Errorf("%+v", out)
	}
	if _, present := out.Outputs.Get("body"); present {
		t.Error("an empty body is present")
	}
}

func TestSuppressWorkflowHeaders(t *testing.T) {
	var got http.Header
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header })
	f := newFixture(t, Options{})
	f.options = wdl.SuppressWorkflowHeaders
	f.perform(`{"method":"GET","uri":"` + url + `"}`)
	for name := range got {
		if strings.HasPrefix(name, "X-Ms-") {
			t.Errorf("%s was sent", name)
		}
	}
}

func TestAsynchronousPattern(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/status" {
			fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Authorization"), r.Header.Get("X-Key"))
			return
		}
		w.Header().Set("Location", "/status")
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusAccepted)
	})
	f := newFixture(t, Options{})
	inputs := `{"method":"POST","uri":"` + url + `/start","headers":{"X-Key":"k"},"body":"x","authentication":{"type":"Raw","value":"secret"}}`
	out := f.perform(inputs)
	if out.Poll == nil || out.Poll.URL != url+"/status" || out.Poll.RetryAfter != 3*time.Second {
		t.Fatalf("%+v", out.Poll)
	}
	call := f.call(inputs)
	call.Poll = out.Poll
	if body, _ := f.op.Perform(context.Background(), call).Outputs.Get("body"); body.Text() != "GET secret k" {
		t.Errorf("the poll of the same origin was %s", body.Text())
	}
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %q %q", r.Method, r.Header.Get("Authorization"), r.Header.Get("X-Key"))
	})
	call.Poll = &engine.Poll{URL: other}
	if body, _ := f.op.Perform(context.Background(), call).Outputs.Get("body"); body.Text() != `GET "" ""` {
		t.Errorf("the poll of another origin was %s", body.Text())
	}
	f.options = wdl.DisableAsyncPattern
	if out := f.perform(inputs); out.Poll != nil || out.StatusCode != 202 {
		t.Errorf("with DisableAsyncPattern: %+v", out)
	}
}

func TestRedirects(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "other %q %q %q %q", r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("X-Api-Key"), r.Header.Get("Accept"))
	})
	var url string
	hits := 0
	url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/same": "/end", "/other": other, "/back": other + "/../", "/metadata": "http://169.254.169.254/latest", "/file": "file:///etc/passwd", "/loop": "/loop", "/post": "/end"}[r.URL.Path]
		if r.URL.Path == "/loop" {
			hits++
		}
		if to == "" {
			fmt.Fprintf(w, "%s %q", r.URL.Path, r.Header.Get("Authorization"))
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	})
	f := newFixture(t, Options{})
	request := func(method, path string) engine.Outcome {
		return f.perform(`{"method":"` + method + `","uri":"` + url + path + `","headers":{"X-Api-Key":"k","Accept":"a/b"},"cookie":"c=1","authentication":{"type":"Raw","value":"secret"}}`)
	}
	text := func(o engine.Outcome) string { b, _ := o.Outputs.Get("body"); return b.Text() }
	if got := text(request("GET", "/same")); got != `/end "secret"` {
		t.Errorf("same origin: %s", got)
	}
	if got := text(request("GET", "/other")); got != `other "" "" "" "a/b"` {
		t.Errorf("credentials went along: %s", got)
	}
	if out := request("GET", "/metadata"); out.Status != wdl.Failed || out.Code != "NetworkPolicyDenied" || out.Retryable {
		t.Errorf("a redirect to the metadata service: %+v", out)
	}
	if out := request("GET", "/file"); out.StatusCode != 302 || out.Status != wdl.Succeeded {
		t.Errorf("a redirect to a file: %+v", out)
	}
	if out := request("GET", "/loop"); out.StatusCode != 302 || hits != maxRedirects+1 {
		t.Errorf("a loop: %+v after %d", out, hits)
	}
	if out := request("POST", "/post"); out.StatusCode != 302 {
		t.Errorf("a POST was redirected: %+v", out)
	}
}

func TestNoRedirectFromHTTPSToHTTP(t *testing.T) {
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("reached the plain server") })
	s := httptest.NewTLSServer(http.RedirectHandler(plain, http.StatusFound))
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	if out := newFixture(t, Options{RootCAs: pool}).perform(`{"method":"GET","uri":"` + s.URL + `"}`); out.StatusCode != 302 {
		t.Errorf("%+v", out)
	}
}

func TestCompression(t *testing.T) {
	var plain = strings.Repeat("hello ", 1000)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		var z io.WriteCloser
		switch r.URL.Path {
		case "/gzip":
			z = gzip.NewWriter(&b)
		case "/deflate":
			z = zlib.NewWriter(&b)
		}
		_, _ = io.WriteString(z, plain)
		z.Close()
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", r.URL.Path[1:])
		_, _ = w.Write(b.Bytes())
	})
	f := newFixture(t, Options{})
	for _, encoding := range []string{"gzip", "deflate"} {
		out := f.perform(`{"method":"GET","uri":"` + url + `/` + encoding + `"}`)
		body, _ := out.Outputs.Get("body")
		headers, _ := out.Outputs.Get("headers")
		if _, still := headers.Get("Content-Encoding"); still || body.Text() != plain {
			t.Errorf("%s: %+v", encoding, headers)
		}
	}
	f.options = wdl.DisableAutomaticDecompression
	out := f.perform(`{"method":"GET","uri":"` + url + `/gzip"}`)
	headers, _ := out.Outputs.Get("headers")
	if v, _ := headers.Get("Content-Encoding"); v.Text() != "gzip" {
		t.Errorf("DisableAutomaticDecompression: %+v", out)
	}
}

func TestZipBombAndLimits(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 100 {
		_, _ = z.Write(zeros)
	}
	z.Close()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/announced":
			w.Header().Set("Content-Length", "999999999999")
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		case "/cut":
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("hi"))
		}
	})
	f := newFixture(t, Options{MaxBody: 64 << 20})
	for path, code := range map[string]string{"/bomb": "ResponseSizeLimitExceeded", "/announced": "ResponseSizeLimitExceeded", "/endless": "ResponseSizeLimitExceeded", "/cut": "ServiceUnavailable"} {
		if out := f.perform(`{"method":"GET","uri":"` + url + path + `"}`); out.Status != wdl.Failed || out.Code != code || out.HasOutputs {
			t.Errorf("%s: %+v", path, out)
		}
	}
}

func TestSlowAnswersTimeOut(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = w.Write([]byte("begun"))
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	f := newFixture(t, Options{Timeout: 100 * time.Millisecond})
	for _, path := range []string{"/head", "/body"} {
		if out := f.perform(`{"method":"GET","uri":"` + url + path + `"}`); out.Code != "RequestTimeout" || !out.Retryable || out.StatusCode != 0 {
			t.Errorf("%s: %+v", path, out)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + l.Addr().String()
	l.Close()
	f := newFixture(t, Options{})
	f.network.Reserve("management", netip.MustParseAddrPort("127.0.0.1:8443"))
	for _, c := range []struct {
		uri, code string
		retryable bool
	}{
		{"http://does-not-exist.invalid/x?sig=secret", "UnresolvableHostName", true},
		{refused + "/x?sig=secret", "ServiceUnavailable", true},
		{"https://localhost:8443/x?sig=secret", "NetworkPolicyDenied", false},
		{"http://169.254.169.254/x?sig=secret", "NetworkPolicyDenied", false},
		{"ftp://host/x?sig=secret", "BadRequest", false},
		{"/relative?sig=secret", "BadRequest", false},
		{"http:///x?sig=secret", "BadRequest", false},
		{"http://[::1?sig=secret", "BadRequest", false},
	} {
		out := f.perform(`{"method":"GET","uri":"` + c.uri + `"}`)
		if out.Status != wdl.Failed || out.Code != c.code || out.Retryable != c.retryable || out.Error == nil || out.Error.Code != c.code || out.HasOutputs || out.StatusCode != 0 {
			t.Errorf("%s: %+v %+v", c.uri, out, out.Error)
		}
		if strings.Contains(out.Error.Message, "secret") || strings.Contains(string(out.Inputs.JSON()), "secret") {
			t.Errorf("%s: the signature shows: %s %s", c.uri, out.Error.Message, out.Inputs.JSON())
		}
	}
}

func TestUntrustedCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	out := newFixture(t, Options{}).perform(`{"method":"GET","uri":"` + s.URL + `"}`)
	if out.Code != "BadRequest" || out.Retryable || !strings.Contains(out.Error.Message, "not trusted") {
		t.Errorf("%+v %v", out, out.Error)
	}
}

func TestUnreadableContent(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{"))
	})
	out := newFixture(t, Options{}).perform(`{"method":"GET","uri":"` + url + `"}`)
	if out.Status != wdl.Failed || out.Code != "BadRequest" || !strings.HasPrefix(out.Error.Message, "Http request failed as the content was not valid") {
		t.Errorf("%+v", out)
	}
}

func TestInvalidInputs(t *testing.T) {
	f := newFixture(t, Options{})
	for _, inputs := range []string{
		`{"uri":"http://127.0.0.1:1"}`,
		`{"method":"GE T","uri":"http://127.0.0.1:1"}`,
		`{"method":"CONNECT","uri":"http://127.0.0.1:1"}`,
		`{"method":"GET"}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","headers":{"X":"a\r\nHost: b"}}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","headers":{"X Y":"a"}}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","cookie":"a\nb"}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","authentication":{"type":"Telepathy"}}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","authentication":{"type":"Basic","username":"u"}}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","authentication":{"type":"ClientCertificate","pfx":"AAAA"}}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","authentication":{"type":"ActiveDirectoryOAuth","tenant":"t","audience":"a","clientId":"c"}}`,
		`{"method":"GET","uri":"http://127.0.0.1:1","authentication":"text"}`,
		`{"method":"POST","uri":"http://127.0.0.1:1","body":{"$content-type":"a/b","$content":"?"}}`,
	} {
		if out := f.perform(inputs); out.Status != wdl.Failed || out.Code != "BadRequest" || out.Retryable {
			t.Errorf("%s: %+v", inputs, out)
		}
	}
}

func TestBasicAuthentication(t *testing.T) {
	var user, password string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { user, password, _ = r.BasicAuth() })
	f := newFixture(t, Options{})
	out := f.perform(`{"method":"GET","uri":"` + url + `","headers":{"Authorization":"x"},"authentication":"{\"type\":\"basic\",\"username\":\"u\",\"password\":\"p:w\"}"}`)
	if user != "u" || password != "p:w" {
		t.Errorf("%q %q", user, password)
	}
	if strings.Contains(string(out.Inputs.JSON()), "p:w") || !out.HasInputs {
		t.Errorf("recorded %s", out.Inputs.JSON())
	}
}

func TestDirectoryToken(t *testing.T) {
	asked := 0
	var form map[string][]string
	authority := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		_ = r.ParseForm()
		form = r.PostForm
		if r.URL.Path != "/contoso/oauth2/token" || r.PostForm.Get("client_secret") == "wrong" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\r\nTrace"}`))
			return
		}
		_, _ = w.Write([]byte(`{"access_token":"tok","expires_in":"3600"}`))
	})
	var got string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") })
	f := newFixture(t, Options{})
	inputs := func(secret string) string {
		return `{"method":"GET","uri":"` + url + `","authentication":{"type":"ActiveDirectoryOAuth","authority":"` + authority + `","tenant":"contoso","audience":"https://a","clientId":"c","secret":"` + secret + `"}}`
	}
	for range 2 {
		if out := f.perform(inputs("s3cret")); out.StatusCode != 200 || got != "Bearer tok" {
			t.Fatalf("%+v %q", out, got)
		}
	}
	if asked != 1 || form["grant_type"][0] != "client_credentials" || form["resource"][0] != "https://a" {
		t.Errorf("asked %d times, %v", asked, form)
	}
	out := f.perform(inputs("wrong"))
	if out.Code != "Unauthorized" || !strings.Contains(out.Error.Message, "AADSTS7000215") || strings.Contains(out.Error.Message, "Trace") {
		t.Errorf("%+v %v", out, out.Error)
	}
}

func TestManagedIdentityNeedsAProvider(t *testing.T) {
	out := newFixture(t, Options{}).perform(`{"method":"GET","uri":"http://127.0.0.1:1","authentication":{"type":"ManagedServiceIdentity"}}`)
	if out.Code != "ManagedIdentityNotConfigured" || out.Retryable {
		t.Errorf("%+v", out)
	}
	var audience string
	got := ""
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") })
	f := newFixture(t, Options{ManagedIdentity: identity(func(a string) string { audience = a; return "mi" })})
	f.perform(`{"method":"GET","uri":"` + url + `/x","authentication":{"type":"ManagedServiceIdentity"}}`)
	if got != "Bearer mi" || audience != url {
		t.Errorf("%q for %q", got, audience)
	}
}

type identity func(audience string) string

func (i identity) Token(_ context.Context, _ *engine.Workflow, _, audience string) (string, time.Time, error) {
	return i(audience), time.Time{}, nil
}

func newPFX(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, _ := x509.ParseCertificate(der)
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, "pw")
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pfx)
}

func TestCertificates(t *testing.T) {
	pfx := newPFX(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	f := newFixture(t, Options{RootCAs: pool})
	out := f.perform(`{"method":"GET","uri":"` + s.URL + `","authentication":{"type":"ClientCertificate","pfx":"` + pfx + `","password":"pw"}}`)
	if body, _ := out.Outputs.Get("body"); body.Text() != "client" {
		t.Errorf("%+v %v", out, out.Error)
	}
	if strings.Contains(string(out.Inputs.JSON()), pfx[:40]) {
		t.Error("the pfx is recorded")
	}
	assertion := ""
	authority := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		assertion = r.PostForm.Get("client_assertion")
		_, _ = w.Write([]byte(`{"access_token":"tok","expires_in":3600}`))
	})
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	if out := f.perform(`{"method":"GET","uri":"` + target + `","authentication":{"type":"ActiveDirectoryOAuth","authority":"` + authority + `","tenant":"t","audience":"a","clientId":"c","credentialType":"Certificate","pfx":"` + pfx + `","password":"pw"}}`); out.StatusCode != 200 {
		t.Errorf("%+v %v", out, out.Error)
	}
	if strings.Count(assertion, ".") != 2 {
		t.Errorf("assertion %q", assertion)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 3, 15, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, " 5 ": 5 * time.Second, "-1": 0, "x": 0, "4294967295": maxRetryAfter,
		"Fri, 15 Mar 2024 10:00:30 GMT": 30 * time.Second, "Fri, 15 Mar 2024 09:00:00 GMT": 0,
	} {
		if got := RetryAfter(text, now); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzNewRequest(f *testing.F) {
	f.Add(`{"method":"GET","uri":"http://127.0.0.1/x?y","queries":{"a":1},"headers":{"a":"b"},"body":{"c":1}}`)
	f.Add(`{"method":"PUT","uri":"HTTPS://u:p@[::1]:1/%zz","cookie":"a","authentication":{"type":"Raw","value":"x"}}`)
	fx := &fixture{network: dataplane.NewInproc(dataplane.Options{})}
	f.Fuzz(func(t *testing.T, inputs string) {
		if _, err := expr.ParseJSON([]byte(inputs)); err != nil {
			return
		}
		r, err := NewRequest(fx.call(inputs))
		if err != nil {
			return
		}
		if !reachable(r.URL) {
			t.Fatalf("%s", r.URL)
		}
		if _, err := r.http(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}
