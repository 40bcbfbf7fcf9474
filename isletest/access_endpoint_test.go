package isletest_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"isle/isletest"
)

// from is a client whose connections come from one address of this machine.
func from(t *testing.T, s *isletest.Server, address string) *http.Client {
	t.Helper()
	d := &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 0))}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(t, s), MinVersion: tls.VersionTLS12}, DialContext: d.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// refused checks that an answer is the network's refusal, and what it tells.
func refused(t *testing.T, what string, a isletest.Answer, says, hides string) {
	t.Helper()
	text := a.Text("error", "message")
	if a.Status != http.StatusForbidden || a.Text("error", "code") != "NetworkPolicyDenied" {
		t.Errorf("%s: %d %s", what, a.Status, a.Body)
	}
	if !strings.Contains(text, says) || hides != "" && strings.Contains(text, hides) {
		t.Errorf("%s: %s", what, text)
	}
}

// send sends a request without a token.
func send(t *testing.T, c *http.Client, method, url string) isletest.Answer {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	must(t, err)
	answer, err := c.Do(r)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return isletest.Answer{Status: answer.StatusCode, Header: answer.Header, Body: body}
}

// TestAnInternalEndpointAnswersItsNetworkOnly calls a workflow of an Internal
// environment from this host, which is outside its network, and from an address that
// is attached to it (ise.md #79, #80).
func TestAnInternalEndpointAnswersItsNetworkOnly(t *testing.T) {
	loopback(t, "127.0.0.2")
	s := newSite(t, 1)
	environment := s.environment(0, internal)
	workflow, callback := s.workflow("inside", environment, answering)
	unsigned, _, _ := strings.Cut(callback, "&sig=")

	refused(t, "with a signature", send(t, s.HTTP(), http.MethodPost, callback), "127.0.0.1 is outside", "")
	refused(t, "without one", send(t, s.HTTP(), http.MethodPost, unsigned), "does not let this caller in.", "127.0.0.1")
	refused(t, "from where nothing is attached", send(t, from(t, s.Server, "127.0.0.2"), http.MethodPost, callback), "127.0.0.2 is outside", "")

	s.attach("operator", "10.0.9.10", "127.0.0.2")
	attached := from(t, s.Server, "127.0.0.2")
	if a := send(t, attached, http.MethodPost, callback); a.Status != http.StatusOK {
		t.Fatalf("from inside the network: %d %s", a.Status, a.Body)
	}
	run := lastRun(s.Server, workflow) // the list of runs is the resource manager's
	if run.Status != http.StatusOK || run.Text("value", 0, "properties", "status") != "Succeeded" {
		t.Fatalf("the list of runs: %d %s", run.Status, run.Body)
	}
	link := s.Do(http.MethodGet, workflow+"/runs/"+run.Text("value", 0, "name")+"/actions/Value", nil).Text("properties", "outputsLink", "uri")
	refused(t, "the contents of the run", send(t, s.HTTP(), http.MethodGet, link), "127.0.0.1 is outside", "")
	unsigned, _, _ = strings.Cut(link, "&sig=")
	refused(t, "the contents without a signature", send(t, s.HTTP(), http.MethodGet, unsigned), "does not let this caller in.", "127.0.0.1")
	if a := send(t, attached, http.MethodGet, link); a.Status != http.StatusOK || string(a.Body) != `"inside"` {
		t.Errorf("the contents from inside: %d %s", a.Status, a.Body)
	}
}

// TestAnExternalEndpointAnswersTheHost calls from this host, which counts as Internet;
// a security group that closes 443 refuses it, and an attached caller as well.
func TestAnExternalEndpointAnswersTheHost(t *testing.T) {
	loopback(t, "127.0.0.2")
	s := newSite(t, 1)
	environment := s.environment(0, external)
	_, callback := s.workflow("outside", environment, answering)
	s.attach("operator", "10.0.9.10", "127.0.0.2")
	attached := from(t, s.Server, "127.0.0.2")
	for name, c := range map[string]*http.Client{"the host": s.HTTP(), "an attached caller": attached} {
		if a := send(t, c, http.MethodPost, callback); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	s.guard("front", "web", append(required(t), rule(t, "Closed", "200 Inbound Deny Tcp * -> *:443"))...)
	for name, c := range map[string]*http.Client{"the host": s.HTTP(), "an attached caller": attached} {
		refused(t, name, send(t, c, http.MethodPost, callback), "denied by securityRules/Closed (priority 200) of NSG web on subnet front", "")
	}
	s.dropRule("web", "Closed")
	if a := send(t, s.HTTP(), http.MethodPost, callback); a.Status != http.StatusOK {
		t.Errorf("the host, opened again: %d %s", a.Status, a.Body)
	}
}
