package isletest_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
	"github.com/miekg/dns"

	"isle/isletest"
)

// nameServer is a DNS server on loopback that knows these names, each with an IPv4
// address, and no others. It gives its port, for UDP and TCP.
func nameServer(t *testing.T, names map[string]string) (port string) {
	t.Helper()
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		address, known := names[q.Question[0].Name]
		switch {
		case !known:
			m.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(address)}}
		}
		_ = w.WriteMsg(m)
	})
	packets, streams := bothPorts(t)
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: answer}, {Listener: streams, Handler: answer}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	_, port, err := net.SplitHostPort(packets.LocalAddr().String())
	must(t, err)
	return port
}

// bothPorts listens on the same port of UDP and TCP.
func bothPorts(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		if streams, err := net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, streams
		}
		must(t, packets.Close())
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

// TestAnEnvironmentAsksItsNetworksNameServers: names are looked up by the servers of the
// network, of which an environment takes notice when it starts; a name that leads to
// what the policy denies fails for that reason.
func TestAnEnvironmentAsksItsNetworksNameServers(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		target, err := url.Parse(stub(t, func(w http.ResponseWriter, r *http.Request) {}))
		must(t, err)
		first := nameServer(t, map[string]string{"old.site.test.": "127.0.0.1", "closed.site.test.": "10.0.9.99"})
		second := nameServer(t, map[string]string{"new.site.test.": "127.0.0.1"})
		s := newSite(t, 1, options...)
		s.attach("dns1", "10.0.9.53", fmt.Sprint("53=127.0.0.1:", first))
		s.attach("dns2", "10.0.9.54", fmt.Sprint("53=127.0.0.1:", second))
		s.nameServers("10.0.9.53")
		environment := s.environment(0, external)
		_, callback := s.caller("caller", environment)
		at := func(name string) string { return "http://" + name + ":" + target.Port() + "/" }
		s.succeeded(s.call(callback, at("old.site.test")))
		s.succeeded(s.call(callback, at("localhost")))
		if o := s.call(callback, at("new.site.test")); o.Status != "Failed" {
			t.Errorf("a name that the server does not know: %+v", o)
		}

		s.guard("front", "web", append(required(t), rule(t, "NotThere", "200 Outbound Deny * * -> 10.0.9.99:*"))...)
		s.denied(s.call(callback, at("closed.site.test")), "closed.site.test", "10.0.9.99", "securityRules/NotThere", "web", "front")

		s.dropRule("web", "NotThere")
		s.putRule("web", rule(t, "NoDNS", "200 Outbound Deny * * -> 10.0.9.53:53"))
		s.denied(s.call(callback, at("old.site.test")), "old.site.test", "10.0.9.53", "securityRules/NoDNS")
		s.dropRule("web", "NoDNS")

		s.nameServers("10.0.9.54")
		s.succeeded(s.call(callback, at("old.site.test")))
		if _, err := s.logic.NewIntegrationServiceEnvironmentsClient().Restart(t.Context(), siteGroup, "isle", nil); err != nil {
			t.Fatal(err)
		}
		s.succeeded(s.call(callback, at("new.site.test")))
		if o := s.call(callback, at("old.site.test")); o.Status != "Failed" {
			t.Errorf("after the restart the old server is asked: %+v", o)
		}
	})
}

// TestAWorkflowCallsANameOfAPrivateZone: a workflow calls names of a zone that its
// network is linked to, by an address, an alias and the registered name of an interface.
// A rule denies what a name leads to; what the zone does not have is looked for nowhere
// else; without the link nobody knows the names.
func TestAWorkflowCallsANameOfAPrivateZone(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		target, err := url.Parse(stub(t, func(w http.ResponseWriter, r *http.Request) {}))
		must(t, err)
		s := newSite(t, 1, options...)
		s.attach("db", "10.0.9.50", "80="+target.Host)
		_, callback := s.caller("caller", s.environment(0, external))

		credential, azureOptions := azure(t, s.Server)
		zones, err := armprivatedns.NewClientFactory(s.SubscriptionID, credential, azureOptions)
		must(t, err)
		const zone = "corp.test"
		await(zones.NewPrivateZonesClient().BeginCreateOrUpdate(t.Context(), siteGroup, zone, armprivatedns.PrivateZone{Location: to.Ptr("global")}, nil))(t)
		record := func(typ armprivatedns.RecordType, name string, p armprivatedns.RecordSetProperties) {
			t.Helper()
			p.TTL = to.Ptr[int64](60)
			_, err := zones.NewRecordSetsClient().CreateOrUpdate(t.Context(), siteGroup, zone, typ, name, armprivatedns.RecordSet{Properties: &p}, nil)
			must(t, err)
		}
		record(armprivatedns.RecordTypeA, "sftp", armprivatedns.RecordSetProperties{ARecords: []*armprivatedns.ARecord{{IPv4Address: to.Ptr("10.0.9.50")}}})
		record(armprivatedns.RecordTypeCNAME, "files", armprivatedns.RecordSetProperties{CnameRecord: &armprivatedns.CnameRecord{Cname: to.Ptr("sftp.corp.test")}})
		unknown := func(name string) {
			t.Helper()
			if o := s.call(callback, "http://"+name+"/"); o.Status != "Failed" || o.Error.Code != "UnresolvableHostName" {
				t.Errorf("%s: %+v", name, o)
			}
		}
		unknown("sftp.corp.test")

		links := zones.NewVirtualNetworkLinksClient()
		await(links.BeginCreateOrUpdate(t.Context(), siteGroup, zone, "net", armprivatedns.VirtualNetworkLink{Location: to.Ptr("global"),
			Properties: &armprivatedns.VirtualNetworkLinkProperties{VirtualNetwork: &armprivatedns.SubResource{ID: to.Ptr(s.id("virtualNetworks/net"))}, RegistrationEnabled: to.Ptr(true)}}, nil))(t)
		for _, name := range []string{"sftp", "files", "db", "SFTP"} {
			s.succeeded(s.call(callback, "http://"+name+".corp.test/"))
		}
		unknown("other.corp.test")
		s.guard("front", "web", append(required(t), rule(t, "NotThere", "200 Outbound Deny * * -> 10.0.9.50:*"))...)
		s.denied(s.call(callback, "http://files.corp.test/"), "files.corp.test", "10.0.9.50", "securityRules/NotThere")
		s.dropRule("web", "NotThere")
		s.succeeded(s.call(callback, "http://files.corp.test/"))

		await(links.BeginDelete(t.Context(), siteGroup, zone, "net", nil))(t)
		unknown("sftp.corp.test")
	})
}

// nameServers changes the name servers of the network and nothing else.
func (s *site) nameServers(servers ...string) {
	s.t.Helper()
	networks := s.network.NewVirtualNetworksClient()
	found, err := networks.Get(s.t.Context(), siteGroup, "net", nil)
	must(s.t, err)
	found.Properties.DhcpOptions = &armnetwork.DhcpOptions{DNSServers: to.SliceOfPtrs(servers...)}
	await(networks.BeginCreateOrUpdate(s.t.Context(), siteGroup, "net", found.VirtualNetwork, nil))(s.t)
}
