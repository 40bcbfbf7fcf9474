package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"isle/netpol/layout"
	"isle/netpol/layout/layouttest"
)

// perfect is the state of a machine that holds a layout.
func perfect(l *layout.Layout) *state {
	s := &state{namespaces: map[string]*namespaceState{}, outside: map[string]string{}}
	index := map[layout.End]int{}
	for _, n := range l.Namespaces {
		for _, link := range n.Links {
			index[layout.End{Namespace: n.Name, Link: link.Name}] = 2 + len(index)
			if link.Kind != layout.Veth {
				s.outside[link.Parent] = "here"
			}
		}
	}
	for i := range l.Namespaces {
		n := &l.Namespaces[i]
		is := &namespaceState{settings: map[string]string{}, loopbackUp: true, links: map[string]linkState{},
			routes: slices.Clone(n.Routes), rules: slices.Clone(n.Rules), filter: generation(n.Filter)}
		settings := settingsOf(n)
		for _, link := range n.Links {
			alias, _ := s.identity(link)
			neighbours := map[netip.Addr]string{}
			if link.Kind == layout.Veth {
				peer, _ := l.Find(link.Peer.Namespace)
				for _, other := range peer.Links {
					for _, a := range other.Addresses {
						if other.Name == link.Peer.Link {
							neighbours[a.Addr()] = fmt.Sprint(link.Peer)
						}
					}
				}
			}
			is.links[link.Name] = linkState{index: index[layout.End{Namespace: n.Name, Link: link.Name}], peer: index[link.Peer], kind: kernelKind(link), alias: alias,
				up: true, mtu: max(link.MTU, 1500), addresses: slices.Clone(link.Addresses),
				hardware: fmt.Sprint(layout.End{Namespace: n.Name, Link: link.Name}), neighbours: neighbours}
			settings = append(settings, linkSettings(link, false)...)
		}
		for _, v := range settings {
			is.settings[v.path] = v.value
		}
		s.namespaces[n.Name] = is
	}
	return s
}

func TestNothingIsPlannedForWhatIsRight(t *testing.T) {
	for seed := range uint64(50) {
		l, err := layout.Compile(layouttest.New(seed).Input(5))
		if err != nil {
			t.Fatal(err)
		}
		if p := compare(l, perfect(l)); len(p.works) > 0 {
			t.Errorf("seed %d: %v", seed, p.differences())
		}
	}
}

// small is a router with a port to a machine, a way out and a machine of somebody else.
func small() *layout.Layout {
	next := netip.PrefixFrom(layout.NextHop, 32)
	return &layout.Layout{Namespaces: []layout.Namespace{
		{Name: "machine", Role: layout.Machine, Network: "/vnet", Owner: "/nic",
			Links:  []layout.Link{{Name: "eth0", Peer: layout.End{Namespace: "router", Link: "port1"}, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.4/32")}}},
			Routes: []layout.Route{{Table: layout.MainTable, To: netip.MustParsePrefix("0.0.0.0/0"), Via: layout.NextHop, Link: "eth0", OnLink: true}}},
		{Name: "router", Role: layout.Router, Network: "/vnet", Owner: "/vnet", Forwards: true, Filter: "table inet isle {}",
			Links: []layout.Link{
				{Name: "port1", Peer: layout.End{Namespace: "machine", Link: "eth0"}, Addresses: []netip.Prefix{next}},
				{Name: "port2", Kind: layout.Given, Parent: "/run/netns/theirs", Addresses: []netip.Prefix{next}, ProxyARP: true},
				{Name: "port3", Kind: layout.Given, Parent: "tap7", Addresses: []netip.Prefix{next}, ProxyARP: true},
				{Name: "uplink0", Kind: layout.Uplink, Parent: "lan0", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}},
			},
			Rules: []layout.RoutingRule{{Priority: 1000, In: "port1", Table: 7}},
			Routes: []layout.Route{
				{Table: 7, To: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("192.0.2.1"), Link: "uplink0"},
				{Table: 7, To: netip.MustParsePrefix("10.0.0.0/8")},
				{Table: 7, To: netip.MustParsePrefix("10.0.0.4/32"), Link: "port1"},
				{Table: 7, To: netip.MustParsePrefix("10.0.0.5/32"), Link: "port2"},
			}},
	}}
}

// Each row damages what is right, and names all that must be done.
func TestPlan(t *testing.T) {
	router := func(s *state) *namespaceState { return s.namespaces["router"] }
	for _, test := range []struct {
		name   string
		damage func(l *layout.Layout, s *state)
		want   []string
	}{
		{"nothing", func(*layout.Layout, *state) {}, nil},
		{"a namespace too many", func(_ *layout.Layout, s *state) { s.namespaces["old"] = &namespaceState{} }, []string{"old: the namespace is not wanted"}},
		{"all gone", func(_ *layout.Layout, s *state) { clear(s.namespaces) }, []string{"router: the namespace is missing", "machine: the namespace is missing"}},
		{"a machine gone", func(_ *layout.Layout, s *state) { delete(s.namespaces, "machine") }, []string{
			"router: link port1 is not wanted as it is", "router: link port1 is missing",
			"router: link port1: addresses [169.254.1.1/32] are missing, [] are not wanted",
			"router: table 7: route to 10.0.0.4/32 at port1 is missing", "machine: the namespace is missing"}},
		{"a name without a namespace", func(_ *layout.Layout, s *state) { s.namespaces["machine"] = &namespaceState{broken: true} }, []string{
			"router: link port1 is not wanted as it is", "router: link port1 is missing",
			"router: link port1: addresses [169.254.1.1/32] are missing, [] are not wanted",
			"router: table 7: route to 10.0.0.4/32 at port1 is missing", "machine: the namespace is missing"}},
		{"ends of two pairs", func(_ *layout.Layout, s *state) {
			end := s.namespaces["machine"].links["eth0"]
			end.index += 100
			s.namespaces["machine"].links["eth0"] = end
		}, []string{
			"router: link port1 is not wanted as it is", "router: link port1 is missing",
			"router: link port1: addresses [169.254.1.1/32] are missing, [] are not wanted",
			"router: table 7: route to 10.0.0.4/32 at port1 is missing",
			"machine: link eth0 is not wanted as it is", "machine: link eth0: addresses [10.0.0.4/32] are missing, [] are not wanted",
			"machine: table 254: route to 0.0.0.0/0 via 169.254.1.1 at eth0 is missing"}},
		{"a link too many, with its route", func(_ *layout.Layout, s *state) {
			router(s).links["spare"] = linkState{index: 99}
			router(s).routes = append(router(s).routes, layout.Route{Table: 7, To: netip.MustParsePrefix("192.0.2.128/25"), Link: "spare"})
		}, []string{"router: link spare is not wanted as it is"}},
		{"a link down", func(_ *layout.Layout, s *state) {
			l := router(s).links["port1"]
			l.up = false
			router(s).links["port1"] = l
		}, []string{"router: link port1: down"}},
		{"another address", func(l *layout.Layout, s *state) {
			l.Namespaces[0].Links[0].Addresses = []netip.Prefix{netip.MustParsePrefix("10.0.0.6/32")}
		}, []string{
			"router: link port1: neighbours [10.0.0.6] are missing, [10.0.0.4] are not wanted",
			"machine: link eth0: addresses [10.0.0.6/32] are missing, [10.0.0.4/32] are not wanted"}},
		{"a neighbour missing, and one too many", func(_ *layout.Layout, s *state) {
			router(s).links["port1"].neighbours[netip.MustParseAddr("10.0.0.9")] = "machine"
			delete(router(s).links["port1"].neighbours, netip.MustParseAddr("10.0.0.4"))
		}, []string{"router: link port1: neighbours [10.0.0.4] are missing, [10.0.0.9] are not wanted"}},
		{"another hardware address", func(_ *layout.Layout, s *state) {
			l := router(s).links["port1"]
			l.hardware = "other"
			router(s).links["port1"] = l
		}, []string{"machine: link eth0: neighbours [169.254.1.1] are missing, [] are not wanted"}},
		{"another MTU", func(l *layout.Layout, s *state) { l.Namespaces[0].Links[0].MTU = 1400 }, []string{"machine: link eth0: MTU is not 1400"}},
		{"settings", func(_ *layout.Layout, s *state) {
			router(s).settings["ipv4/ip_forward"] = "0"
			router(s).settings["ipv4/conf/port2/proxy_arp"] = "0"
			delete(router(s).settings, "ipv6/conf/all/disable_ipv6") // a kernel without IPv6
			router(s).loopbackUp = false
		}, []string{"router: loopback is down", "router: ipv4/ip_forward is not 1", "router: link port2: ipv4/conf/port2/proxy_arp is not 1"}},
		{"another filter", func(l *layout.Layout, _ *state) { l.Namespaces[1].Filter = "" }, []string{"router: the filter is another one"}},
		{"a filter of somebody else", func(_ *layout.Layout, s *state) { router(s).strangers = []string{"docker"} }, []string{"router: the filter is another one"}},
		{"rules", func(l *layout.Layout, s *state) { router(s).rules[0].Table = 8 }, []string{
			"router: rule 1000: from port1 by table 7 is missing", "router: rule 1000: from port1 by table 8 is not wanted"}},
		{"a route that leads elsewhere", func(_ *layout.Layout, s *state) { router(s).routes[1].Link = "port1" }, []string{
			"router: table 7: route to 10.0.0.0/8, a blackhole, is missing"}},
		{"routes missing and too many", func(_ *layout.Layout, s *state) {
			router(s).routes = append(router(s).routes[:1], layout.Route{Table: 254, To: netip.MustParsePrefix("0.0.0.0/0"), Link: "uplink0"}, router(s).routes[0])
		}, []string{
			"router: table 7: route to 10.0.0.0/8, a blackhole, is missing", "router: table 7: route to 10.0.0.4/32 at port1 is missing",
			"router: table 7: route to 10.0.0.5/32 at port2 is missing",
			"router: table 7: route to 0.0.0.0/0 via 192.0.2.1 at uplink0 is not wanted", "router: table 254: route to 0.0.0.0/0 at uplink0 is not wanted"}},
		{"a given namespace has gone", func(_ *layout.Layout, s *state) {
			s.outside["/run/netns/theirs"] = ""
			delete(router(s).links, "port2")
			router(s).routes = router(s).routes[:3]
		}, nil},
		{"a given namespace is another one", func(_ *layout.Layout, s *state) { s.outside["/run/netns/theirs"] = "there" }, []string{
			"router: link port2 is not wanted as it is", "router: link port2 is missing",
			"router: link port2: addresses [169.254.1.1/32] are missing, [] are not wanted", "router: table 7: route to 10.0.0.5/32 at port2 is missing"}},
		{"an uplink over another interface", func(l *layout.Layout, s *state) {
			l.Namespaces[1].Links[3].Parent = "lan1"
			s.outside["lan1"] = "here"
		}, []string{"router: link uplink0 is not wanted as it is", "router: link uplink0 is missing",
			"router: link uplink0: addresses [192.0.2.2/24] are missing, [] are not wanted", "router: table 7: route to 0.0.0.0/0 via 192.0.2.1 at uplink0 is missing"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := small()
			s := perfect(l)
			test.damage(l, s)
			var got []string
			for _, d := range compare(l, s).differences() {
				got = append(got, d.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
		})
	}
}

func TestOneOfBothEndsMakesAPair(t *testing.T) {
	made := map[string]int{}
	for _, w := range compare(small(), &state{outside: map[string]string{"lan0": "here"}}).works {
		for _, l := range w.makeLinks {
			made[w.name+" "+l.Name]++
		}
	}
	if len(made) != 2 || made["router port1"] != 1 || made["router uplink0"] != 1 {
		t.Errorf("made: %v", made)
	}
}

func TestWhatIsNotThereIsWaitedFor(t *testing.T) {
	s := perfect(small())
	s.outside = map[string]string{}
	if got := compare(small(), s).waiting; !slices.Equal(got, []string{"/run/netns/theirs", "lan0", "tap7"}) {
		t.Errorf("waiting for %v", got)
	}
}

func TestNextHopsAreReachedBeforeTheyAreUsed(t *testing.T) {
	w := compare(small(), &state{outside: map[string]string{"lan0": "here", "/run/netns/theirs": "here"}}).works[0]
	var got []string
	for _, r := range w.setRoutes {
		got = append(got, r.To.String())
	}
	if want := []string{"10.0.0.0/8", "10.0.0.4/32", "10.0.0.5/32", "0.0.0.0/0"}; !slices.Equal(got, want) {
		t.Errorf("routes are set in the order %v, want %v", got, want)
	}
}

func TestTags(t *testing.T) {
	for tag, ok := range map[string]bool{"a": true, "abc0123456789def": true, "": false, "abc0123456789defg": false, "A": false, "a-b": false, "a/b": false, ".": false} {
		if err := (Options{Tag: tag}).validate(); (err == nil) != ok {
			t.Errorf("%q: %v", tag, err)
		}
	}
}
