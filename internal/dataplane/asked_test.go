package dataplane

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"isle/netpol"
)

// hello is the ClientHello that a TLS client sends for a name.
func hello(t testing.TB, name string) []byte {
	t.Helper()
	sent := &heard{Reader: strings.NewReader("")}
	said := &saying{heard: sent}
	_ = tls.Client(said, &tls.Config{ServerName: name, InsecureSkipVerify: name == ""}).Handshake()
	return said.Bytes()
}

// saying keeps what was written.
type saying struct {
	*heard
	bytes.Buffer
}

func (s *saying) Write(b []byte) (int, error) { return s.Buffer.Write(b) }
func (s *saying) Read(b []byte) (int, error)  { return s.heard.Read(b) }

func TestAsked(t *testing.T) {
	for _, c := range []struct {
		first []byte
		want  netpol.Application
	}{
		{hello(t, "www.example.com"), netpol.Application{Protocol: netpol.HTTPS, Name: "www.example.com"}},
		{hello(t, ""), netpol.Application{Protocol: netpol.HTTPS}},
		{[]byte("GET / HTTP/1.1\r\nHost: www.example.com:8080\r\n\r\n"), netpol.Application{Protocol: netpol.HTTP, Name: "www.example.com"}},
		{[]byte("POST http://a.example.com/x HTTP/1.1\r\nHost: b.example.com\r\n\r\nbody"), netpol.Application{Protocol: netpol.HTTP, Name: "a.example.com"}},
		{[]byte("GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n"), netpol.Application{Protocol: netpol.HTTP, Name: "[2001:db8::1]"}},
		{[]byte{0x12, 1, 0, 8}, netpol.Application{Protocol: netpol.MSSQL}},
	} {
		if got, err := asked(c.first); err != nil || got != c.want {
			t.Errorf("%q: %v %v, want %v", c.first, got, err, c.want)
		}
		for cut := range c.first {
			if got, err := asked(c.first[:cut]); err == nil && got != c.want || err != nil && !errors.Is(err, errUnfinished) {
				t.Fatalf("%q: %v %v", c.first[:cut], got, err)
			}
		}
	}
	for _, bad := range []string{"SSH-2.0-x\r\n", "GET /\r\n", "\x16\x03\x01\x00\x04\x02\x00\x00\x00", "\x00", "get / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"} {
		if got, err := asked([]byte(bad)); err == nil || errors.Is(err, errUnfinished) {
			t.Errorf("%q: %v %v", bad, got, err)
		}
	}
}

// FuzzAsked: whatever a client says first is read without harm, and what is known of the
// beginning stays so whatever follows.
func FuzzAsked(f *testing.F) {
	f.Add(hello(f, "www.example.com"), []byte("more"))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), []byte("GET /"))
	f.Add([]byte{0x12, 1}, []byte{0})
	f.Fuzz(func(t *testing.T, first, more []byte) {
		app, err := asked(first)
		if err != nil {
			return
		}
		if again, err := asked(append(bytes.Clone(first), more...)); err != nil || again != app {
			t.Fatalf("%v, then %v %v", app, again, err)
		}
	})
}

// named leads what front sends to the servers through a firewall with application rules:
// https to *.example.com, http to www.example.com, all but bad.example.com, and https to
// port 8443 of all.
func named(t *testing.T) *netpol.Model {
	m := throughFirewall(model(), "10.0.1.0/24")
	f := &m.Firewalls[0]
	f.Collections = nil
	https, http := netpol.ApplicationPort{Protocol: netpol.HTTPS, Port: 443}, netpol.ApplicationPort{Protocol: netpol.HTTP, Port: 80}
	f.Applications = []netpol.ApplicationCollection{
		{Name: "no", Priority: 100, Rules: []netpol.ApplicationRule{{Name: "bad", Protocols: []netpol.ApplicationPort{https}, Names: []string{"bad.example.com"}}}},
		{Name: "yes", Priority: 200, Action: netpol.Allow, Rules: []netpol.ApplicationRule{{Name: "tls", Protocols: []netpol.ApplicationPort{https}, Names: []string{"*.example.com"}},
			{Name: "plain", Protocols: []netpol.ApplicationPort{http}, Names: []string{"www.example.com"}},
			{Name: "all", Protocols: []netpol.ApplicationPort{{Protocol: netpol.HTTPS, Port: 8443}}, Names: []string{"*"}}}}}
	return m
}

// TestApplicationRulesDecideByName: at the dial by the name that is dialed, and then by
// what is said.
func TestApplicationRulesDecideByName(t *testing.T) {
	server := peer(t, func(c net.Conn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		fmt.Fprintf(c, "%d", n)
	})
	p := placeOf(t, named(t)).mapped("10.0.1.4:443", server.String()).mapped("10.0.1.4:80", server.String()).mapped("10.0.1.4:8443", server.String())
	var seen []Decision
	hosts := names{"www.example.com": {"10.0.1.4"}, "bad.example.com": {"10.0.1.4"}, "other.test": {"10.0.1.4"}}
	d := NewInproc(Options{Networks: in(p), Resolver: hosts, Observe: func(d Decision) { seen = append(seen, d) }}).Dialer("e", SubnetBuiltIn)
	for _, c := range []struct{ address, say, want string }{
		{"www.example.com:443", string(hello(t, "www.example.com")), "yes/tls"},
		{"www.example.com:443", string(hello(t, "WWW2.example.com")), "yes/tls"},
		{"www.example.com:443", string(hello(t, "bad.example.com")), "denied no/bad"},
		{"www.example.com:443", string(hello(t, "other.test")), "denied no rule matched"},
		{"www.example.com:443", string(hello(t, "")), "denied application rules decide by the name that the client asks for, and none is known"},
		{"www.example.com:443", "SSH-2.0-x\r\n", "denied application rules decide by the name that the client asks for, and none is known"},
		{"www.example.com:443", "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "denied no rule matched"},
		{"www.example.com:80", "GET / HTTP/1.1\r\nHost: www.example.com:80\r\n\r\n", "yes/plain"},
		{"www.example.com:80", "GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n", "denied no rule matched"},
		{"bad.example.com:443", "", "denied no/bad"},
		{"other.test:443", "", "denied no rule matched"},
		{"10.0.1.4:443", "", "denied no rule matched"},
		{"10.0.1.4:8443", string(hello(t, "")), "yes/all"},
		{"10.0.1.4:8443", "SSH-2.0-x\r\n", "denied application rules decide by the name that the client asks for, and none is known"},
	} {
		seen = nil
		got, err := sayTo(t, d, c.address, c.say)
		var denied *DeniedError
		if errors.As(err, &denied) {
			got = "denied " + denied.Decision.Rule
			if denied.Decision.Record.Firewall == "" || !strings.HasPrefix(denied.Decision.Record.Message, "denied by ") {
				t.Errorf("%+v", denied.Decision.Record)
			}
		} else if err != nil {
			t.Fatal(c.address, err)
		} else if got == fmt.Sprint(len(c.say)) {
			got = seen[len(seen)-1].Rule
		}
		if last := seen[len(seen)-1].Record; got != c.want || last.RuleName != "" && last.FQDN == "" {
			t.Errorf("%s says %.40q: %s, want %s (%+v)", c.address, c.say, got, c.want, last)
		}
	}
}

// sayTo says something in two pieces, and returns the answer.
func sayTo(t *testing.T, d Dialer, address, say string) (string, error) {
	t.Helper()
	c, err := d.Dial(t.Context(), "tcp", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	for _, piece := range []string{say[:len(say)/2], say[len(say)/2:]} {
		if _, err := io.WriteString(c, piece); err != nil {
			return "", err
		}
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}

// TestLaterRequestsAreNotLookedAt: what was let through goes on (DIVERGENCES.md).
func TestLaterRequestsAreNotLookedAt(t *testing.T) {
	server := peer(t, func(c net.Conn) {
		for said := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(said)
			if err != nil {
				return
			}
			fmt.Fprintln(c, r.Host)
		}
	})
	p := placeOf(t, named(t)).mapped("10.0.1.4:80", server.String())
	d := NewInproc(Options{Networks: in(p), Resolver: names{"www.example.com": {"10.0.1.4"}}}).Dialer("e", SubnetBuiltIn)
	c, err := d.Dial(t.Context(), "tcp", "www.example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	answers := bufio.NewReader(c)
	for _, host := range []string{"www.example.com", "a.example.com"} {
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host)
		if got, err := answers.ReadString('\n'); got != host+"\n" {
			t.Errorf("%s: %q %v", host, got, err)
		}
	}
}

// TestWhoSaysMuchHearsTheEnd: a Write that nobody takes holds up no Read.
func TestWhoSaysMuchHearsTheEnd(t *testing.T) {
	for taken := range 2 { // requests before the one that is not taken
		here, there := net.Pipe()
		defer there.Close()
		c := &asking{Conn: here, judge: func(netpol.Application) error { return nil }}
		defer c.Close()
		request := []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		go func() {
			for range taken + 1 {
				_, _ = c.Write(request)
			}
		}()
		if _, err := io.ReadFull(there, make([]byte, taken*len(request)+1)); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Unix(1, 0))
		ended := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			ended <- err
		}()
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("after %d: %v", taken, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("after %d: Read waits for Write", taken)
		}
	}
}

// TestClientsGoThroughApplicationRules: real ones, of TLS and of HTTP.
func TestClientsGoThroughApplicationRules(t *testing.T) {
	server := peer(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(r.Host), r.Host)
		}
	})
	p := placeOf(t, named(t)).mapped("10.0.1.4:80", server.String())
	d := NewInproc(Options{Networks: in(p), Resolver: names{"www.example.com": {"10.0.1.4"}}}).Dialer("e", SubnetBuiltIn)
	client := &http.Client{Transport: &http.Transport{DialContext: d.Dial}}
	defer client.CloseIdleConnections()
	for host, want := range map[string]string{"": "www.example.com", "evil.test": "denied"} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://www.example.com/", nil)
		r.Host = host
		res, err := client.Do(r)
		got := ""
		if err == nil {
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			got = string(body)
		} else if errors.As(err, new(*DeniedError)) {
			got = "denied"
		}
		if got != want {
			t.Errorf("Host %q: %q %v, want %q", host, got, err, want)
		}
		client.CloseIdleConnections()
	}
}

// TestKnownThreatsAreKeptAway: by address and by name, whatever rules say.
func TestKnownThreatsAreKeptAway(t *testing.T) {
	server := whoami(t)
	m := throughFirewall(model(), "10.0.1.0/24")
	m.Threats = netpol.Threats{Names: []string{"*.evil.test"}}
	for _, mode := range []netpol.ThreatMode{netpol.ThreatDeny, netpol.ThreatAlert} {
		m.Firewalls[0].ThreatIntel.Mode = mode
		p := placeOf(t, m).mapped("10.0.1.4:22", server.String())
		var last Decision
		d := NewInproc(Options{Networks: in(p), Resolver: names{"a.evil.test": {"10.0.1.4"}}, Observe: func(d Decision) { last = d }}).Dialer("e", SubnetBuiltIn)
		if got, err := greeting(t, d, "tcp", "a.evil.test:22"); (got == "127.0.0.1") != (mode == netpol.ThreatAlert) || errors.As(err, new(*DeniedError)) != (mode == netpol.ThreatDeny) {
			t.Errorf("%s: %q %v", mode, got, err)
		}
		if last.Record.Threat != mode.String() || last.Record.FQDN != "a.evil.test" {
			t.Errorf("%+v", last.Record)
		}
	}
}
