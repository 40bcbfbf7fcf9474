package network_test

import (
	"context"
	"fmt"
	"io"
	"log"
	stdnet "net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"isle/internal/dataplane"
	"isle/netpol"
)

// here tells that one environment is in the network of world.office.
type here struct{ w *world }

func (h here) Of(string) *dataplane.Place {
	s := h.w.snapshot()
	n, ok := s.Policy.Network(net)
	if !ok {
		return &dataplane.Place{Err: fmt.Errorf("there is no network %s", net)}
	}
	p := &dataplane.Place{Network: n, Revision: s.Revision, Environment: environment, Zones: dataplane.NewZones()}
	for i := range p.Subnets {
		p.Subnets[i], p.Ranges[i] = net+"/subnets/a", netip.MustParsePrefix("10.0.0.0/24")
	}
	return p
}

// phonebook knows a few names.
type phonebook map[string][]netip.Addr

func (b phonebook) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := b[host]; ok {
		return slices.Clone(a), nil
	}
	return nil, &stdnet.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// TestConnectivityIsProbed: what the policy allows is tried, on the way that a workflow's
// call would take, and what it does not is not.
func TestConnectivityIsProbed(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	var asked atomic.Int64
	var headers atomic.Value
	site := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		headers.Store(r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("X-Key") + " " + r.Host)
		if r.URL.Path == "/half" && n%2 == 0 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	site.Config.ErrorLog = log.New(io.Discard, "", 0) // probes of a port alone end in the middle of TLS
	site.StartTLS()
	defer site.Close()
	up := site.Listener.Addr().(*stdnet.TCPAddr).Port
	closed, err := stdnet.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	down := closed.Addr().(*stdnet.TCPAddr).Port
	w.must(closed.Close())
	own, err := stdnet.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	defer own.Close()
	attempts := 0
	site4 := netip.MustParseAddr("127.0.0.1")
	inproc := dataplane.NewInproc(dataplane.Options{Networks: here{w}, Resolver: phonebook{"site.contoso.com": {site4, netip.IPv6Loopback()}}, Attempted: func(dataplane.Attempt) { attempts++ }})
	ownAt := netip.MustParseAddrPort(own.Addr().String())
	inproc.Reserve("the resource manager", ownAt)
	w.plane.prober = inproc.Prober("ise")
	w.send("PUT", group+"/securityRules/no-ftp", strings.NewReplacer("Inbound", "Outbound", "Allow", "Deny", "443", "21").Replace(`{"properties":`+anyRule(200)+`}`), 201)

	ask := func(destination, more string) string {
		t.Helper()
		answer := w.send("POST", watcher+"/connectivityCheck", `{"source":{"resourceId":"`+environment+`"},"destination":{`+destination+`}`+more+`}`, 200)
		hops := answer["hops"].([]any)
		text := fmt.Sprint(answer["connectionStatus"], " ", answer["probesFailed"], "/", answer["probesSent"], " ", len(hops))
		_, told := answer["avgLatencyInMs"]
		if failed, sent := answer["probesFailed"].(float64), answer["probesSent"].(float64); told != (sent > failed) {
			t.Errorf("%s: latency of %v probes: %v", destination, sent-failed, told)
		}
		for i, h := range hops {
			for _, issue := range h.(map[string]any)["issues"].([]any) {
				one := issue.(map[string]any)
				text += fmt.Sprintf(" %d:%s %s %s", i+1, one["origin"], one["severity"], one["type"])
			}
		}
		return text
	}
	at := func(host string, port int) string { return fmt.Sprintf(`"address":%q,"port":%d`, host, port) }
	for _, c := range []struct{ what, destination, more, want string }{
		{"a port", at("127.0.0.1", up), ``, "Reachable 0/10 2"},
		{"nobody", at("127.0.0.1", down), ``, "Unreachable 10/10 2 2:Inbound Error Unknown"},
		{"a name", at("site.contoso.com", up), ``, "Reachable 0/10 2"},
		{"no name", at("none.contoso.com", up), ``, "Unreachable 0/0 1 1:Local Error DnsResolution"},
		{"a rule", at("127.0.0.1", 21), ``, "Unreachable 0/0 2 1:Outbound Error NetworkSecurityRule"},
		{"its own port", at("127.0.0.1", int(ownAt.Port())), ``, "Unreachable 0/0 2 1:Outbound Error Platform"},
		{"metadata", at("169.254.169.254", 80), ``, "Unreachable 0/0 2 1:Outbound Error Platform"},
		{"nothing attached", at("10.0.0.77", 80), ``, "Unreachable 10/10 2 2:Inbound Error Platform"},
		{"an echo", `"address":"127.0.0.1"`, `,"protocol":"Icmp"`, "Reachable 0/0 2"},
		{"a page", fmt.Sprintf(`"address":"https://site.contoso.com:%d/page?q=1"`, up), `,"protocolConfiguration":{"HTTPConfiguration":{"method":"Get","headers":[{"name":"X-Key","value":"k"}],"validStatusCodes":[200,204]}}`, "Reachable 0/10 2"},
		{"a status", at("127.0.0.1", up), `,"protocol":"Https","protocolConfiguration":{"HTTPConfiguration":{"validStatusCodes":[404]}}`, "Unreachable 10/10 2 2:Inbound Error Unknown"},
		{"not always", fmt.Sprintf(`"address":"https://127.0.0.1:%d/half"`, up), `,"protocolConfiguration":{"HTTPConfiguration":{"validStatusCodes":[200]}}`, "Degraded 5/10 2 2:Inbound Warning Unknown"},
		{"http at a port of TLS", at("127.0.0.1", down), `,"protocol":"Http"`, "Unreachable 10/10 2 2:Inbound Error Unknown"},
	} {
		if got := ask(c.destination, c.more); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		if want := fmt.Sprintf("GET /page?q=1 k site.contoso.com:%d", up); c.what == "a page" && headers.Load() != want {
			t.Errorf("it was asked %v, want %s", headers.Load(), want)
		}
	}
	w.plane.prober = inproc.MachineProber(dataplane.Namespace{})
	if got, want := ask(at("169.254.169.254", 80), ``), "Reachable 0/0 2 1:Local Warning AgentStopped"; got != want { // none is sent, so nobody there is to blame
		t.Errorf("metadata from a machine: %s, want %s", got, want)
	}
	if attempts > 0 {
		t.Errorf("%d probes count as what workflows try", attempts)
	}
	if d := w.judge(netpol.Flow{Protocol: netpol.TCP, Source: netip.MustParseAddr("10.0.0.5"), SourcePort: 50000, Destination: netpol.HostAddress(), DestinationPort: uint16(up)}); !d.Allowed() {
		t.Error("the host is not the Internet any more:", d)
	}
}

func TestConnectivityTellsWhatIsWrongWithARequest(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	const from = `{"source":{"resourceId":"` + environment + `"},`
	for body, want := range map[string]string{
		from + `"destination":{"address":"site.contoso.com","port":443}}`:                                        "InvalidRequestFormat destination.address",
		from + `"destination":{"address":"ftp://site.contoso.com"}}`:                                             "InvalidRequestFormat destination.address, InvalidRequestFormat destination.port",
		from + `"destination":{"address":"https://user:pass@10.0.0.4/"}}`:                                        "InvalidRequestFormat destination.address, InvalidRequestFormat destination.port",
		from + `"destination":{"address":"https://10.0.0.4:65536/"}}`:                                            "InvalidRequestFormat destination.port",
		from + `"destination":{"address":"https://10.0.0.4:99999999999999999999/"}}`:                             "InvalidRequestFormat destination.port",
		from + `"destination":{"address":"10.0.0.300","port":1}}`:                                                "InvalidRequestFormat destination.address",
		from + `"destination":{"address":"10.0.0.4","port":1},"preferredIPVersion":"6"}`:                         "InvalidRequestFormat preferredIPVersion",
		from + `"destination":{"address":"10.0.0.4","port":1},"protocolConfiguration":{"HTTPConfiguration":{}}}`: "InvalidRequestFormat protocolConfiguration.HTTPConfiguration",
		from + `"destination":{"address":"http://10.0.0.4"},"protocolConfiguration":{"HTTPConfiguration":{"method":"Post","headers":[{"name":"a b"},{"name":"A","value":"b\r\nc"}],"validStatusCodes":[0]}}}`: "InvalidRequestFormat protocolConfiguration.HTTPConfiguration.method, InvalidRequestFormat protocolConfiguration.HTTPConfiguration.headers[0], InvalidRequestFormat protocolConfiguration.HTTPConfiguration.headers[1], InvalidRequestFormat protocolConfiguration.HTTPConfiguration.validStatusCodes[0]",
	} {
		if got := problems(w.send("POST", watcher+"/connectivityCheck", body, 400)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
