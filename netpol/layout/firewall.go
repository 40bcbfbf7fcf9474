package layout

import (
	"fmt"
	"net/netip"
	"slices"

	"isle/netpol"
)

// A packet passes a firewall's chains in this order (network.md §A6, §C5):
//
//	threats  neither end is on the list of threats
//	alerts   or what begins from or to them is told of
//	inward   it goes to a public address: NAT rules give it another destination. What no
//	         network rule is about and application rules are, goes to the proxy that listens
//	         in the namespace and asks for the name
//	firewall network rules, and what has been translated
//	nat      it leaves: as the public address, or if it was translated as the firewall
//
// Only the first packet of a connection goes through inward and nat.

// ProxyPort is where the connections of which application rules decide by their names
// are led in the namespace of a firewall. What the proxy calls there has the firewall's
// own address.
const ProxyPort = 15001

// namePort is where a firewall answers for names, and its name servers do.
const namePort = 53

// firewallFilter writes the packet filter of a firewall into its namespace.
func (r *router) firewallFilter(ns *Namespace) {
	filter, _ := r.network.Firewall(ns.Owner)
	f := &firewallScript{newScript(), filter, slices.DeleteFunc(slices.Clone(filter.Publics), func(a netip.Addr) bool { return !a.Is4() })}
	f.threats()
	f.alerts()
	f.inward()
	f.chain("stage_firewall", "filter hook forward priority filter; policy drop;", func() {
		f.begun()
		f.rule(hasProtocol)
		if len(f.publics) > 0 {
			f.rule("ip daddr %s drop", prefixSet(netpol.Merge(hosts(f.publics))))
		}
		for i := range filter.Rules {
			f.filterRule(&filter.Rules[i], "accept")
		}
		if len(filter.NAT) > 0 {
			f.rule("ct status dnat accept")
		}
	})
	f.chain("stage_router", "filter hook input priority filter; policy drop;", func() {
		f.begun()
		if len(filter.Applications) > 0 {
			f.rule("ct status dnat meta l4proto 6 th dport %d accept", ProxyPort)
		}
		if filter.DNS.Proxy {
			f.rule("ip daddr %s meta l4proto { 6, 17 } th dport %d accept", filter.Address, namePort)
		}
	})
	f.chain("stage_answers", "filter hook output priority filter; policy drop;", func() {
		f.begun()
		if len(filter.Applications) > 0 {
			f.rule("ip saddr %s meta l4proto 6 accept", filter.Address)
		}
		if filter.DNS.Proxy || len(filter.LooksUp) > 0 || len(filter.Applications) > 0 && len(filter.DNS.Servers) > 0 {
			f.rule("ip saddr %s meta l4proto { 6, 17 } th dport %d accept", filter.Address, namePort)
		}
	})
	f.nat()
	ns.Filter, ns.Comments = f.finish()
	ns.Sets, ns.Tells = f.hosts, f.tells
}

// firewallScript writes the filter of a firewall.
type firewallScript struct {
	*script
	netpol.FirewallFilter
	publics []netip.Addr // of IPv4
}

func (f *firewallScript) threats() {
	if len(ipv4(f.Threats)) == 0 {
		return
	}
	f.chain("stage_threats", "filter hook prerouting priority raw; policy accept;", func() {
		for _, side := range []string{"saddr", "daddr"} {
			match, _ := f.addressMatch(side, f.Threats)
			f.tell(match)
			f.rule("%sdrop", match)
		}
	})
}

func (f *firewallScript) alerts() {
	if len(ipv4(f.Alerts)) == 0 {
		return
	}
	f.chain("stage_alerts", "filter hook prerouting priority mangle; policy accept;", func() {
		f.rule("ct state != new accept")
		for _, side := range []string{"saddr", "daddr"} {
			match, _ := f.addressMatch(side, f.Alerts)
			f.tell(match)
		}
	})
}

// tell gives packets to the log, and bounds how many: who sends more is known by then.
func (f *firewallScript) tell(match string) {
	f.tells = true
	f.rule("%slimit rate 50/second burst 100 packets log group %d snaplen 128", match, LogGroup)
}

// inward translates what comes to a public address, and leads to the proxy what is its.
func (f *firewallScript) inward() {
	if len(f.NAT) == 0 && len(f.Applications) == 0 {
		return
	}
	f.chain("translate", "", func() {
		for i := range f.NAT {
			f.translation(&f.NAT[i])
		}
	})
	f.chain("stage_inward", "nat hook prerouting priority dstnat; policy accept;", func() {
		if len(f.publics) > 0 {
			f.rule("ip daddr %s goto translate", prefixSet(netpol.Merge(hosts(f.publics))))
		}
		if len(f.Applications) == 0 {
			return
		}
		if f.DNS.Proxy {
			f.rule("ip daddr %s accept", f.Address)
		}
		f.rule("meta l4proto != 6 accept")
		for i := range f.Rules {
			for _, match := range f.matches(&f.Rules[i]) {
				f.rule("%saccept", match)
			}
		}
		for i := range f.Applications {
			for _, match := range f.matches(&f.Applications[i]) {
				f.rule("%sredirect to :%d", match, ProxyPort)
			}
		}
	})
}

// translation writes a NAT rule, for one protocol at a time: nft gives a port only to
// what is known to have one.
func (f *firewallScript) translation(t *netpol.Translation) {
	for _, p := range t.Ported {
		one := t.FilterRule
		one.Ported, one.Portless = []netpol.Protocol{p}, nil
		verdict := "accept" // untranslated, so it is dropped: a network has addresses of IPv4
		switch {
		case t.ToName != "":
			verdict = fmt.Sprintf("dnat ip to meta l4proto map @%s : %d", f.host(t.ToName, true), t.To.Port())
		case t.To.Addr().Is4():
			verdict = "dnat ip to " + t.To.String()
		}
		f.counted(&one, verdict)
		if t.ToName != "" { // of which nothing is known
			for _, match := range f.matches(&one) {
				f.rule("%saccept", match)
			}
		}
	}
}

// nat gives what leaves another source.
func (f *firewallScript) nat() {
	private := ipv4(f.Private)
	inside := len(private) > 0 && private[0].Bits() == 0 // nothing leaves
	public := f.Public.Is4() && !inside
	if !public && len(f.NAT) == 0 {
		return
	}
	f.chain("stage_nat", "nat hook postrouting priority srcnat; policy accept;", func() {
		match, _ := f.addressMatch("daddr", private)
		some := len(private) > 0
		if len(f.NAT) > 0 && some {
			f.rule("ct status dnat %ssnat ip to %s", match, f.Address)
		}
		if public {
			if some {
				f.rule("%saccept", match)
			}
			f.rule("snat ip to %s", f.Public)
		}
	})
}
