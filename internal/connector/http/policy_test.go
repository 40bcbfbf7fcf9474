package http

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"isle/engine"
	"isle/internal/dataplane"
	"isle/netpol"
	"isle/wdl"
)

// network is one environment whose policy a test changes.
type network struct {
	place atomic.Pointer[dataplane.Place]
}

func (n *network) Of(string) *dataplane.Place { return n.place.Load() }

// allow puts a policy in force: its rules are outbound and deny a prefix each.
func (n *network) deny(t *testing.T, prefixes ...string) {
	t.Helper()
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
	rules := []netpol.SecurityRule{{Name: "AllowHost", Priority: 4000, Direction: netpol.Outbound, Access: netpol.Allow}}
	for i, p := range prefixes {
		rules = append(rules, netpol.SecurityRule{Name: "Block", Priority: 200 + i, Direction: netpol.Outbound,
			Destination: netpol.Side{Addresses: []netpol.Address{{Prefix: netip.MustParsePrefix(p)}}}})
	}
	front := netpol.Subnet{ID: id + "virtualNetworks/hub/subnets/front", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/27")}, SecurityGroup: id + "networkSecurityGroups/web"}
	policy, err := netpol.Compile(&netpol.Model{
		Networks:       []netpol.VirtualNetwork{{ID: id + "virtualNetworks/hub", Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, Subnets: []netpol.Subnet{front}}},
		SecurityGroups: []netpol.SecurityGroup{{ID: id + "networkSecurityGroups/web", Rules: rules}}})
	if err != nil {
		t.Fatal(err)
	}
	next := &dataplane.Place{Revision: 1, Environment: "/e", Subnets: [4]string{front.ID}, Ranges: [4]netip.Prefix{front.Prefixes[0]}}
	if old := n.place.Load(); old != nil {
		next.Revision = old.Revision + 1
	}
	next.Network, _ = policy.Network(id + "virtualNetworks/hub")
	n.place.Store(next)
}

func newPolicyFixture(t *testing.T) (*fixture, *network) {
	t.Helper()
	n := &network{}
	n.deny(t)
	f := newFixture(t, Options{})
	f.network = dataplane.NewInproc(dataplane.Options{Networks: n})
	return f, n
}

// connections counts the connections of a server.
type connections struct{ opened, open atomic.Int32 }

func (c *connections) watch(_ net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		c.opened.Add(1)
		c.open.Add(1)
	case http.StateClosed:
		c.open.Add(-1)
	}
}

func TestARuleAddedBetweenTwoRequests(t *testing.T) {
	var c connections
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") }))
	s.Config.ConnState = c.watch
	s.Start()
	defer s.Close()
	f, n := newPolicyFixture(t)
	get := func() engine.Outcome {
		return f.perform(`{"method":"GET","uri":"` + s.URL + `/x?sig=secret"}`)
	}
	for range 2 {
		if out := get(); out.StatusCode != 200 {
			t.Fatalf("%+v %v", out, out.Error)
		}
	}
	if c.opened.Load() != 1 {
		t.Fatalf("%d connections for two requests", c.opened.Load())
	}
	n.deny(t, "127.0.0.1/32")
	out := get()
	want := "Http request failed: the network policy denies the connection to " + strings.TrimPrefix(s.URL, "http://") + ": denied by securityRules/Block (priority 200) of NSG web on subnet front."
	if out.Status != wdl.Failed || out.Code != "NetworkPolicyDenied" || out.Retryable || out.Error == nil || out.Error.Message != want {
		t.Errorf("%+v %v", out, out.Error)
	}
	n.deny(t)
	if out := get(); out.StatusCode != 200 {
		t.Errorf("the rule is gone: %+v %v", out, out.Error)
	}
	if c.opened.Load() != 2 {
		t.Errorf("%d connections", c.opened.Load())
	}
}

func TestRequestsUnderWayEndAndPoolsDoNotPileUp(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	closed := make(chan struct{}, 100)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			<-finish
		}
		fmt.Fprint(w, "ok")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.Start()
	defer s.Close()
	f, n := newPolicyFixture(t)
	ended := make(chan engine.Outcome)
	go func() { ended <- f.perform(`{"method":"GET","uri":"` + s.URL + `/slow"}`) }()
	<-arrived
	const changes = 5
	for range changes {
		n.deny(t)
		if out := f.perform(`{"method":"GET","uri":"` + s.URL + `"}`); out.StatusCode != 200 {
			t.Fatalf("%+v %v", out, out.Error)
		}
	}
	for range changes - 1 { // all but the pool of now have nothing left
		<-closed
	}
	close(finish)
	if out := <-ended; out.StatusCode != 200 {
		t.Errorf("%+v %v", out, out.Error)
	}
	<-closed // that of the request that was under way
	if pools := len(f.op.transports.pools); pools != 1 {
		t.Errorf("%d pools", pools)
	}
}

func TestNameServersInMessages(t *testing.T) {
	for err, want := range map[error]string{
		&net.DNSError{Name: "shop.test", Err: "no such host", IsNotFound: true}:                                      "The provided host name 'shop.test' could not be resolved.",
		&net.DNSError{Name: "shop.test", Server: "10.0.1.10:53", Err: "the server does not answer", IsTimeout: true}: "The provided host name 'shop.test' could not be resolved: name server 10.0.1.10:53: the server does not answer.",
	} {
		if out := failure(err); out.Code != "UnresolvableHostName" || !out.Retryable || out.Error.Message != want {
			t.Errorf("%+v %v", out, out.Error)
		}
	}
}

// What an answer leads to is a new request: one that comes after a change of the policy
// does not use a connection from before it.
func TestARedirectAfterAChangeIsJudged(t *testing.T) {
	f, n := newPolicyFixture(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			n.deny(t, "127.0.0.1/32")
			http.Redirect(w, r, "/second", http.StatusFound)
		}
	}))
	defer s.Close()
	if out := f.perform(`{"method":"GET","uri":"` + s.URL + `/first"}`); out.Code != "NetworkPolicyDenied" {
		t.Errorf("%+v %v", out, out.Error)
	}
}
