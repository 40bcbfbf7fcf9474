//go:build linux

package kernel_test

import (
	"cmp"
	"encoding/binary"
	"flag"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/netpol"
	"isle/netpol/layout"
	"isle/netpol/layout/layouttest"
)

var policySeed = flag.Uint64("policy-seed", 0, "draw the networks of TestPolicyAgainstKernel again that this seed gave; 0 draws others")

const (
	policySets    = 25
	policyPackets = 100_000
)

// TestPolicyAgainstKernel sends raw packets with random addresses and ports through random
// networks. Every rule of every group and firewall must have counted the packets of which
// the policy says that it judged them.
func TestPolicyAgainstKernel(t *testing.T) {
	k, tag := openTag(t, "policy")
	seed := cmp.Or(*policySeed, rand.Uint64())
	t.Logf("drawn with -policy-seed %d", seed)
	random := layouttest.New(seed)
	sent := 0
	for i := range policySets {
		rules := 3 + i*i*897/((policySets-1)*(policySets-1)) // 3 to 900
		c := &comparison{random: random, kernel: k, tag: tag, in: random.Input(rules), known: map[netpol.Flow]bool{}, want: map[string]uint64{}}
		sent += c.run(t, policyPackets/policySets)
		if t.Failed() {
			t.Fatalf("in network %d of %d, with up to %d rules for a group", i+1, policySets, rules)
		}
	}
	t.Logf("%d packets through %d networks", sent, policySets)
}

// comparison is one network and what its rules should have counted.
type comparison struct {
	random layouttest.Random
	kernel *kernel.Kernel
	tag    string
	in     layout.Input
	known  map[netpol.Flow]bool // that make the kernel take another for their reply
	want   map[string]uint64
}

// run makes the network, sends packets and compares; it returns how many it sent.
func (c *comparison) run(t *testing.T, packets int) int {
	l, err := layout.Compile(c.in)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.kernel.Down(t.Context()); err != nil { // and what has begun with it
		t.Fatal(err)
	}
	apply(t, c.kernel, l)
	senders := map[netip.Addr]int{}
	for _, ns := range l.Namespaces {
		addresses := layouttest.Sources()[ns.Name]
		if len(addresses) == 0 {
			continue
		}
		socket := rawSocket(t, kernel.Path(c.tag, ns.Name))
		defer unix.Close(socket)
		for _, a := range addresses {
			senders[a] = socket
		}
	}
	from := slices.SortedFunc(maps.Keys(senders), netip.Addr.Compare)
	queue := newQueue(t)
	for i := range packets {
		if i%queued == 0 {
			queue.pass(t)
		}
		f, trace := c.flow(senders, from)
		for _, s := range trace.Steps {
			if s.Decision.RuleID != "" {
				c.want[s.Decision.RuleID]++
			}
		}
		if err := unix.Sendto(senders[f.Source], packet(f, uint16(i)), 0, &unix.SockaddrInet4{Addr: f.Destination.As4()}); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	c.compare(t)
	return packets
}

// flow draws a flow of which the kernel knows nothing yet.
func (c *comparison) flow(senders map[netip.Addr]int, from []netip.Addr) (netpol.Flow, netpol.Trace) {
	networks := c.in.Policy.Networks()
	for {
		f := c.random.Flow(from[c.random.IntN(len(from))])
		at := slices.IndexFunc(networks, func(n *netpol.Network) bool {
			_, in := n.SubnetOf(f.Source)
			return in
		})
		trace := networks[at].Trace(f)
		if senders[f.Source] == senders[f.Destination] || trace.Decision.Reason == netpol.RoutingLoop {
			continue // what never leaves its namespace; what the kernel lets go round for longer
		}
		if c.fresh(f, trace) {
			return f, trace
		}
	}
}

// fresh tells whether no packet before was of the same connection, and notes this one's.
// The reply to a connection is of it, and a firewall may give those of several sources one.
func (c *comparison) fresh(f netpol.Flow, trace netpol.Trace) bool {
	ends := []netpol.Flow{f, {Protocol: f.Protocol, Source: f.Destination, SourcePort: f.DestinationPort, Destination: f.Source, DestinationPort: f.SourcePort}}
	translated := f
	if to := trace.Decision.DNAT; to.IsValid() {
		translated.Destination, translated.DestinationPort = to.Addr(), to.Port()
	}
	if a := trace.Decision.SNATIP; a.IsValid() {
		translated.Source = a
	}
	if translated != f { // and its reply comes from there
		ends = append(ends, translated, netpol.Flow{Protocol: f.Protocol, Source: translated.Destination, SourcePort: translated.DestinationPort, Destination: translated.Source, DestinationPort: f.SourcePort})
	}
	if slices.ContainsFunc(ends, func(f netpol.Flow) bool { return c.known[f] }) {
		return f.Protocol == netpol.ICMP // whose numbers tell them apart
	}
	for _, f := range ends {
		c.known[f] = true
	}
	return true
}

// compare waits until the kernel has counted as many packets as it should.
func (c *comparison) compare(t *testing.T) {
	total := func(counts map[string]uint64) (sum uint64) {
		for _, n := range counts {
			sum += n
		}
		return sum
	}
	got := c.counts(t)
	for deadline := time.Now().Add(time.Minute); total(got) < total(c.want) && time.Now().Before(deadline); got = c.counts(t) {
		runtime.Gosched()
	}
	for _, rule := range slices.Sorted(maps.Keys(got)) {
		if got[rule] != c.want[rule] {
			t.Errorf("%s judged %d packets in the kernel and %d in the policy", rule, got[rule], c.want[rule])
		}
		delete(c.want, rule)
	}
	for rule, n := range c.want {
		t.Errorf("%s judged %d packets in the policy and is not in the kernel", rule, n)
	}
}

func (c *comparison) counts(t *testing.T) map[string]uint64 {
	status, err := c.kernel.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]uint64{}
	for _, ns := range status.Namespaces {
		for _, counter := range ns.Counters {
			counts[counter.Rule] += counter.Packets
		}
	}
	return counts
}

// rawSocket is a socket for whole packets, made in a namespace.
func rawSocket(t *testing.T, path string) (socket int) {
	t.Helper()
	err := netns.At(path).Do(func() (err error) {
		socket, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return socket
}

// queued is how many packets are sent before the kernel must have taken up all of them: a
// processor that is busy otherwise lets them queue, and drops what exceeds a thousand.
const queued = 50

// queue is a socket that sends to itself, by the queue that all packets between
// namespaces go through.
type queue struct{ *net.UDPConn }

func newQueue(t *testing.T) queue {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return queue{c}
}

// pass waits until a packet has passed the queue.
func (q queue) pass(t *testing.T) {
	b := []byte{1}
	if err := q.SetReadDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := q.WriteTo(b, q.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Read(b); err != nil {
		t.Fatal(err)
	}
}

// numbers are the protocols of IP.
var numbers = map[netpol.Protocol]byte{netpol.TCP: unix.IPPROTO_TCP, netpol.UDP: unix.IPPROTO_UDP, netpol.ICMP: unix.IPPROTO_ICMP, netpol.ESP: unix.IPPROTO_ESP, netpol.AH: unix.IPPROTO_AH}

// packet is the first packet of a flow; those of ICMP have a number.
func packet(f netpol.Flow, number uint16) []byte {
	body := payload(f, number)
	p := make([]byte, 20, 20+len(body))
	p[0], p[8], p[9] = 0x45, 64, numbers[f.Protocol]
	binary.BigEndian.PutUint16(p[2:], uint16(20+len(body)))
	source, destination := f.Source.As4(), f.Destination.As4()
	copy(p[12:], source[:])
	copy(p[16:], destination[:])
	return append(p, body...)
}

func payload(f netpol.Flow, number uint16) []byte {
	switch f.Protocol {
	case netpol.TCP:
		b := make([]byte, 20)
		ports(b, f)
		b[12], b[13], b[14] = 5<<4, 0x02, 0xff // SYN
		binary.BigEndian.PutUint16(b[16:], checksum(b, f))
		return b
	case netpol.UDP:
		b := make([]byte, 8)
		ports(b, f)
		b[5] = 8
		return b
	case netpol.ICMP:
		b := make([]byte, 8)
		b[0] = 8 // echo request
		binary.BigEndian.PutUint16(b[4:], number)
		binary.BigEndian.PutUint16(b[2:], ^fold(sum(b)))
		return b
	}
	return make([]byte, 24)
}

func ports(b []byte, f netpol.Flow) {
	binary.BigEndian.PutUint16(b, f.SourcePort)
	binary.BigEndian.PutUint16(b[2:], f.DestinationPort)
}

// checksum is that of TCP, which covers addresses as well.
func checksum(b []byte, f netpol.Flow) uint16 {
	source, destination := f.Source.As4(), f.Destination.As4()
	return ^fold(sum(b) + sum(source[:]) + sum(destination[:]) + uint32(unix.IPPROTO_TCP) + uint32(len(b)))
}

func sum(b []byte) (n uint32) {
	for i := 0; i < len(b); i += 2 {
		n += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	return n
}

func fold(n uint32) uint16 {
	for n>>16 != 0 {
		n = n&0xffff + n>>16
	}
	return uint16(n)
}
