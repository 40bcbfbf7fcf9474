//go:build linux

package kernel_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/netpol"
	"isle/netpol/layout"
)

// The rules of these measurements stand in four groups on the way of a connection, those
// of the interfaces and the subnets at both ends, and none but the defaults matches it.
// "Bare" is a router without a packet filter.
var ways = []struct {
	name  string
	rules int
	bare  bool
}{{"bare", 0, true}, {"rules=0", 0, false}, {"rules=10", 10, false}, {"rules=1000", 1000, false}, {"rules=10000", 10000, false}}

// BenchmarkThroughput is one connection between two ports for each of the ways, which send
// 8 MB in turn: what else the machine does falls on all of them alike. The figures are
// those of the middle one of all turns.
func BenchmarkThroughput(b *testing.B) {
	data := make([]byte, 8<<20)
	streams := make([]net.Conn, len(ways))
	spent := make([][]time.Duration, len(ways))
	for i, way := range ways {
		from, listener := twoPorts(b, i, way.rules, way.bare)
		go func() {
			if c, err := listener.Accept(); err == nil {
				drain(c, len(data))
			}
		}()
		streams[i] = connect(b, from, listener)
		defer streams[i].Close()
	}
	for b.Loop() {
		for i, c := range streams {
			begin := time.Now()
			if err := send(c, data); err != nil {
				b.Fatal(err)
			}
			spent[i] = append(spent[i], time.Since(begin))
		}
	}
	for i, way := range ways {
		b.ReportMetric(float64(len(data)*8)/1e9/median(spent[i]).Seconds(), way.name+"-Gbit/s")
	}
}

// send writes and waits until the other end has it all.
func send(c net.Conn, data []byte) error {
	if _, err := c.Write(data); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 1))
	return err
}

// drain says after each so many bytes that it has them.
func drain(c net.Conn, size int) {
	for {
		if _, err := io.CopyN(io.Discard, c, int64(size)); err != nil {
			return
		}
		if _, err := c.Write([]byte{1}); err != nil {
			return
		}
	}
}

// BenchmarkConnect is how long a connection takes to begin, its first packet meeting all
// the rules, in turn as well.
func BenchmarkConnect(b *testing.B) {
	listeners := make([]net.Listener, len(ways))
	from := make([]netns.Namespace, len(ways))
	spent := make([][]time.Duration, len(ways))
	for i, way := range ways {
		from[i], listeners[i] = twoPorts(b, i, way.rules, way.bare)
		go func() {
			for {
				c, err := listeners[i].Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		}()
	}
	for b.Loop() {
		for i := range ways {
			begin := time.Now()
			c := connect(b, from[i], listeners[i])
			spent[i] = append(spent[i], time.Since(begin))
			c.Close()
		}
	}
	for i, way := range ways {
		b.ReportMetric(float64(median(spent[i]).Nanoseconds())/1e3, way.name+"-µs")
	}
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

func connect(b *testing.B, from netns.Namespace, to net.Listener) net.Conn {
	c, err := from.Dial(b.Context(), net.Dialer{}, "tcp", to.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// twoPorts makes a network of two machines, and a listener in one of them.
func twoPorts(b *testing.B, number, rules int, bare bool) (netns.Namespace, net.Listener) {
	needsRoot(b)
	l, err := layout.Compile(between(b, rules))
	if err != nil {
		b.Fatal(err)
	}
	if router, ok := l.Find(layout.RouterName("/vnet")); ok && bare {
		router.Filter, router.Comments = "", nil
	}
	k, tag := openTag(b, fmt.Sprintf("speed%dx", number))
	apply(b, k, l)
	at := func(nic string) netns.Namespace { return netns.At(kernel.Path(tag, layout.MachineName(nic))) }
	listener, err := at("/nic/to").Listen(b.Context(), "tcp", netip.MustParseAddrPort("10.0.1.4:5001"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	return at("/nic/from"), listener
}

func between(b *testing.B, rules int) layout.Input {
	m := &netpol.Model{
		Networks: []netpol.VirtualNetwork{{ID: "/vnet", Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, Subnets: []netpol.Subnet{
			{ID: "/vnet/a", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}, {ID: "/vnet/b", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.1.0/24")}}}}},
		Interfaces: []netpol.Interface{
			{ID: "/nic/from", Subnet: "/vnet/a", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}},
			{ID: "/nic/to", Subnet: "/vnet/b", Addresses: []netip.Addr{netip.MustParseAddr("10.0.1.4")}}},
	}
	ends := []*string{&m.Interfaces[0].SecurityGroup, &m.Networks[0].Subnets[0].SecurityGroup, &m.Networks[0].Subnets[1].SecurityGroup, &m.Interfaces[1].SecurityGroup}
	for i, group := range ends {
		g := netpol.SecurityGroup{ID: fmt.Sprint("/nsg/", i)}
		for k := range rules*(i+1)/4 - rules*i/4 {
			g.Rules = append(g.Rules, netpol.SecurityRule{Name: fmt.Sprint("r", k), Priority: 100 + k, Direction: netpol.Direction(1 - i/2), Protocol: netpol.TCP,
				Source:      netpol.Side{Addresses: []netpol.Address{{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(k >> 8), byte(k)}), 32)}}},
				Destination: netpol.Side{Ports: []netpol.PortRange{{First: uint16(10000 + k), Last: uint16(10000 + k)}}}})
		}
		if rules > 0 {
			m.SecurityGroups = append(m.SecurityGroups, g)
			*group = g.ID
		}
	}
	policy, err := netpol.Compile(m)
	if err != nil {
		b.Fatal(err)
	}
	return layout.Input{Model: m, Policy: policy, Attachments: []layout.Attachment{{Interface: "/nic/from"}, {Interface: "/nic/to"}}}
}
