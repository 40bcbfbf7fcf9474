package gateway

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"isle/internal/dataplane"
	"isle/internal/runner"
)

// network lets in as it is told, and keeps who called.
type network struct {
	mu     sync.Mutex
	reason string // why callers are refused; empty: they are let in
	asked  []dataplane.Caller
}

func (n *network) Admit(_ string, c dataplane.Caller) dataplane.Decision {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, c)
	return dataplane.Decision{Allowed: n.reason == "", Reason: n.reason}
}

func (n *network) refuse(reason string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reason = reason
}

func (n *network) last(t *testing.T) dataplane.Caller {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.asked) == 0 {
		t.Fatal("the network was not asked")
	}
	return n.asked[len(n.asked)-1]
}

func (a answer) denied() bool {
	return a.status == http.StatusForbidden && a.code() == "NetworkPolicyDenied"
}

// Triggers, contents of the run history and polls are judged, each request anew; the
// reason is told to those who have a signature (ise.md #79, #80).
func TestCallersAreJudgedByTheNetwork(t *testing.T) {
	n := &network{}
	e := newEndpoint(t, func(c *Config) { c.Network = n })
	d := e.deploy(t, "inside", "", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}},"Answer":{"type":"Response","operationOptions":"Asynchronous","inputs":{"statusCode":200},"runAfter":{"Wait":["Succeeded"]}}}`)
	call := e.callback(d, "")
	poll := send(t, "POST", call, jsonType, `{}`).header.Get("Location")
	run := strings.Split(strings.Split(poll, "/runs/")[1], "/")[0]
	content := runner.Link{FlowID: d.FlowID, Path: "/workflows/" + d.FlowID + "/runs/" + run + "/contents/TriggerOutputs", Permission: "/runs/" + run + "/contents/TriggerOutputs/read", APIVersion: apiVersion}.URL(e.URL, d.Keys[0])
	const reason = "denied by securityRules/Closed (priority 200) of NSG web on subnet front"
	for _, c := range []struct {
		name, method, url string
		status            int
	}{{"trigger", "POST", call, 202}, {"content", "GET", content, 200}, {"poll", "GET", poll, 202}} {
		n.refuse(reason)
		if a := send(t, c.method, c.url, "", ""); !a.denied() || !strings.Contains(a.body, reason) {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		unsigned, _, _ := strings.Cut(c.url, "&sig=")
		for name, u := range map[string]string{"unsigned": unsigned, "wrongly signed": c.url[:len(c.url)-3] + "AAA"} {
			if a := send(t, c.method, u, "", ""); !a.denied() || strings.Contains(a.body, "securityRules") || strings.Contains(a.body, "web") {
				t.Errorf("%s, %s: %d %s", c.name, name, a.status, a.body)
			}
		}
		if a := send(t, c.method, c.url, "", "", "Authorization", "Bearer x"); !a.denied() || strings.Contains(a.body, "securityRules") {
			t.Errorf("%s with a token as well: %d %s", c.name, a.status, a.body)
		}
		n.refuse("")
		if a := send(t, c.method, c.url, "", ""); a.status != c.status {
			t.Errorf("%s, let in: %d %s", c.name, a.status, a.body)
		}
		if a := send(t, c.method, unsigned, "", ""); a.status != http.StatusUnauthorized {
			t.Errorf("%s, let in, unsigned: %d %s", c.name, a.status, a.body)
		}
	}
}

// Access control is a second lock behind the network's.
func TestAccessControlComesAfterTheNetwork(t *testing.T) {
	n := &network{}
	e := newEndpoint(t, func(c *Config) { c.Network = n })
	d := e.deploy(t, "closed", "", echo)
	d.Triggers = runner.Callers{Limited: true, Ranges: []runner.AddressRange{{From: netip.MustParseAddr("10.0.0.0"), To: netip.MustParseAddr("10.0.0.9")}}}
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); a.status != http.StatusForbidden || a.code() != "AuthorizationFailed" {
		t.Errorf("%d %s", a.status, a.body)
	}
	n.refuse("no")
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); !a.denied() {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Who calls is what the connection says: a workflow of this process is known as one
// whatever its headers are, and nobody else can claim to be one.
func TestCallersAreKnownByTheirConnection(t *testing.T) {
	n := &network{}
	e := newEndpoint(t, func(c *Config) { c.Network = n })
	d := e.deploy(t, "called", "", echo)
	lies := []string{"X-Forwarded-For", "10.0.0.5", "Forwarded", "for=10.0.0.5"}
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`, lies...); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if c := n.last(t); c.Source != nil || c.Address.String() != "127.0.0.1" {
		t.Errorf("a caller from outside: %+v", c)
	}

	plane := dataplane.NewInproc(dataplane.Options{})
	inside := plane.Publish("the access endpoint", netip.MustParseAddrPort(e.Listener.Addr().String()))
	server := &http.Server{Handler: e.Config.Handler, ConnContext: ConnContext}
	go func() { _ = server.Serve(inside) }()
	t.Cleanup(func() { _ = server.Close() })
	dialer := plane.Dialer("another environment", dataplane.SubnetConnectors)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.Dial(ctx, network, address)
	}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequest("POST", e.callback(d, ""), strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", "192.0.2.7")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if c := n.last(t); answer.StatusCode != 200 || c.Source == nil || *c.Source != dialer.Source() {
		t.Errorf("a workflow of this process: %d %+v", answer.StatusCode, c)
	}
}
