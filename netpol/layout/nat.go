package layout

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/netpol"
)

// natGateway is a NAT gateway and the links of the ports that leave through it.
type natGateway struct {
	addresses []netip.Addr // IPv4, at least one
	idle      int          // seconds
	links     []string
}

// gateways are the NAT gateways of a router's ports, in the order of those.
func (r *router) gateways() []*natGateway {
	var list []*natGateway
	for _, p := range r.ports {
		addresses := p.subnet.NAT.Of(true)
		if len(addresses) == 0 {
			continue
		}
		g := &natGateway{addresses: addresses, idle: 60 * cmp.Or(p.subnet.NAT.IdleMinutes, defaultIdle)}
		i := slices.IndexFunc(list, func(other *natGateway) bool {
			return slices.Equal(other.addresses, g.addresses) && other.idle == g.idle
		})
		if i < 0 {
			i, list = len(list), append(list, g)
		}
		list[i].links = append(list[i].links, p.link())
	}
	return list
}

// choice is the address that a flow gets, which [netpol.NATSource] says as well.
func (g *natGateway) choice() string {
	if len(g.addresses) == 1 {
		return g.addresses[0].String()
	}
	elements := make([]string, len(g.addresses))
	for i, a := range g.addresses {
		elements[i] = fmt.Sprintf("%d : %s", i, a)
	}
	return fmt.Sprintf("jhash ip saddr . ip daddr mod %d seed %#x map { %s }", len(elements), netpol.NATSeed, strings.Join(elements, ", "))
}

// defaultIdle is how many minutes a connection may be silent where nothing else is said, and
// what flows of UDP have always.
const defaultIdle = 4

// idle has connections through NAT gateways end when they have been silent for long.
func (f *routerFilter) idle(gateways []*natGateway) {
	if len(gateways) == 0 {
		return
	}
	f.timeout(udpIdle, "udp", fmt.Sprintf("unreplied : %d, replied : %[1]d", 60*defaultIdle))
	written := map[int]bool{}
	for _, g := range gateways {
		if !written[g.idle] {
			written[g.idle] = true
			f.timeout(g.tcpIdle(), "tcp", fmt.Sprintf("established : %d", g.idle))
		}
	}
	f.chain("stage_idle", "filter hook postrouting priority mangle; policy accept;", func() {
		for _, g := range gateways {
			f.rule("iifname %s oifname %q meta l4proto 6 ct timeout set %q", set(quoted(g.links)), UplinkLink, g.tcpIdle())
			f.rule("iifname %s oifname %q meta l4proto 17 ct timeout set %q", set(quoted(g.links)), UplinkLink, udpIdle)
		}
	})
}

const udpIdle = "idle_udp"

func (g *natGateway) tcpIdle() string { return fmt.Sprintf("idle_tcp_%d", g.idle) }

// timeout writes how long connections of a protocol are kept in some of their states.
func (s *script) timeout(name, protocol, policy string) {
	s.line("\tct timeout %s {\n\t\tprotocol %s;\n\t\tl3proto ip;\n\t\tpolicy = { %s };\n\t}", name, protocol, policy)
}
