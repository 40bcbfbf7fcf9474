//go:build linux

package kernel_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/netpol"
	"isle/netpol/layout"
	"isle/netpol/layout/layouttest"
	"isle/netpol/modeltext"
)

var (
	policySeed    = flag.Uint64("policy-seed", 0, "draw the networks of TestPolicyAgainstKernel again that this seed gave; 0 draws others")
	policyPackets = flag.Int("policy-packets", 100_000, "how many packets TestPolicyAgainstKernel sends, 4,000 through each network")
)

const packetsOfNetwork = 4000

// TestPolicyAgainstKernel sends raw packets with random addresses and ports through random
// networks. Every rule of every group and firewall must have counted the packets of which
// the policy says that it judged them, and each packet must have arrived where the policy
// says that its flow ends, from and for the addresses that it says: nowhere else, and not if
// it is denied. In the midst of it the firewalls' names get other addresses, for which no filter
// is loaded. A network where that is not so is written down as few lines as show it.
func TestPolicyAgainstKernel(t *testing.T) {
	k, tag := openTag(t, "policy")
	seed := cmp.Or(*policySeed, rand.Uint64())
	t.Logf("drawn with -policy-seed %d", seed)
	random := layouttest.New(seed)
	sent, came := 0, 0
	networks := max(1, *policyPackets/packetsOfNetwork)
	for i := range networks {
		rules := 3 + i*i*897/max(1, (networks-1)*(networks-1)) // 3 to 900
		c := newComparison(t, k, tag, random.Input(rules), nil)
		c.know(t, random.Names())
		c.drawAndSend(t, random, min(packetsOfNetwork, *policyPackets))
		wrong, suspect := c.problems(t)
		c.close()
		if len(wrong) > 0 {
			t.Errorf("in network %d of %d, with up to %d rules for a group:\n%s", i+1, networks, rules, strings.Join(wrong[:min(len(wrong), 20)], "\n"))
			c.shrink(t, suspect)
			t.FailNow()
		}
		sent, came = sent+len(c.sent)-1, came+c.came
	}
	t.Logf("%d packets through %d networks, %d of them arrived", sent, networks, came)
}

// comparison is one network and what its rules should have counted.
type comparison struct {
	kernel  *kernel.Kernel
	tag     string
	in      layout.Input
	layout  *layout.Layout
	names   netpol.Names
	known   map[netpol.Flow]bool // that make the kernel take another for their reply
	want    map[string]uint64
	sent    []sentFlow // by number, from 1 on
	came    int
	taps    []tap
	senders map[netip.Addr]int
	queue   queue
	spoil   func(layout.Input) layout.Input
	// patience is how long is waited for a kernel that is busy otherwise: to the end only
	// where something is wrong.
	patience time.Duration
}

// sentFlow is a packet that was sent, and what the policy says of it.
type sentFlow struct {
	flow  netpol.Flow
	trace netpol.Trace
}

// arrives is the flow as which it comes to who has an address; false for one that ends
// elsewhere, or nowhere.
func (s *sentFlow) arrives(senders map[netip.Addr]int) (netpol.Flow, bool) {
	d, f := &s.trace.Decision, s.flow
	if d.SNATIP.IsValid() {
		f.Source = d.SNATIP
	}
	if d.DNAT.IsValid() {
		f.Destination, f.DestinationPort = d.DNAT.Addr(), d.DNAT.Port()
	}
	_, there := senders[f.Destination]
	return f, d.Allowed() && d.Inside && there
}

// newComparison makes the network; spoil, if any, makes it differ from the policy.
func newComparison(t *testing.T, k *kernel.Kernel, tag string, in layout.Input, spoil func(layout.Input) layout.Input) *comparison {
	made := in
	if spoil != nil {
		made = spoil(in)
	}
	l, err := layout.Compile(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Down(t.Context()); err != nil { // and what has begun with it
		t.Fatal(err)
	}
	apply(t, k, l)
	c := &comparison{layout: l, kernel: k, tag: tag, in: in, known: map[netpol.Flow]bool{}, want: map[string]uint64{}, sent: make([]sentFlow, 1), senders: map[netip.Addr]int{}, queue: newQueue(t), spoil: spoil, patience: time.Minute}
	for _, ns := range l.Namespaces {
		addresses := layouttest.Sources()[ns.Name]
		if len(addresses) == 0 {
			continue
		}
		socket := rawSocket(t, kernel.Path(tag, ns.Name))
		c.taps = append(c.taps, newTap(t, kernel.Path(tag, ns.Name), addresses))
		for _, a := range addresses {
			c.senders[a] = socket
		}
	}
	return c
}

func (c *comparison) close() {
	for _, socket := range c.senders { // several addresses may share one
		_ = unix.Close(socket)
	}
	for _, tap := range c.taps {
		_ = unix.Close(tap.socket)
	}
	_ = c.queue.Close()
}

// drawAndSend sends packets of random flows.
func (c *comparison) drawAndSend(t *testing.T, random layouttest.Random, packets int) {
	from := slices.SortedFunc(maps.Keys(c.senders), netip.Addr.Compare)
	for i := range packets {
		if i%queued == 0 {
			c.queue.pass(t)
		}
		if i == packets/2/queued*queued {
			c.know(t, random.Names())
		}
		c.send(t, c.flow(random, from))
	}
}

// trace is what the policy says of a flow.
func (c *comparison) trace(f netpol.Flow) netpol.Trace {
	networks := c.in.Policy.Networks()
	at := slices.IndexFunc(networks, func(n *netpol.Network) bool {
		_, in := n.SubnetOf(f.Source)
		return in
	})
	return networks[at].Trace(f)
}

func (c *comparison) send(t *testing.T, f netpol.Flow) {
	trace := c.trace(f)
	for _, s := range trace.Steps {
		if s.Decision.RuleID != "" {
			c.want[s.Decision.RuleID]++
		}
	}
	number := uint16(len(c.sent))
	c.sent = append(c.sent, sentFlow{f, trace})
	if err := unix.Sendto(c.senders[f.Source], packet(f, number), 0, &unix.SockaddrInet4{Addr: f.Destination.As4()}); err != nil {
		t.Fatalf("%s: %v", f, err)
	}
}

// TestWhatDiffersIsWrittenInFewLines: of a network whose kernel lets pass what one rule
// denies, that rule is left, and what a rule needs.
func TestWhatDiffersIsWrittenInFewLines(t *testing.T) {
	k, tag := openTag(t, "few")
	compiled := func(text string) layout.Input {
		in := layout.Input{Model: modeltext.Parse(t, text, nil), Attachments: []layout.Attachment{{Interface: "/nic/a"}, {Interface: "/nic/b"}}}
		var err error
		if in.Policy, err = netpol.Compile(in.Model); err != nil {
			t.Fatal(err)
		}
		return in
	}
	const needed = `network 10.0.0.0/16
subnet front 10.0.0.0/24 guard -
subnet back 10.0.1.0/24 - way
nic a vnet/front 10.0.0.6,10.0.0.7 -
nic b vnet/back 10.0.1.9 -
nsg guard
`
	const rule = "rule guard r2 110 Out Deny Tcp * * 10.0.1.0/24 80\n"
	in := compiled(needed + "rule guard r1 100 Out Allow Udp * * * *\n" + rule + "rule guard r3 120 Out Deny Tcp * * 8.8.8.8 *\nroute way r 192.168.0.0/16 None\nthreat 198.51.100.0/24\n")
	c := newComparison(t, k, tag, in, func(in layout.Input) layout.Input {
		return compiled(strings.Replace(modeltext.Format(in.Model), "r2 110 Out Deny", "r2 110 Out Allow", 1))
	})
	c.send(t, netpol.Flow{Protocol: netpol.TCP, Source: netip.MustParseAddr("10.0.0.6"), SourcePort: 5000, Destination: netip.MustParseAddr("10.0.1.9"), DestinationPort: 80})
	for range 10 {
		c.queue.pass(t)
	}
	wrong, suspect := c.problems(t)
	c.close()
	if len(wrong) == 0 || len(suspect) == 0 {
		t.Fatal("nothing differs")
	}
	lines := c.fewer(t, strings.Split(strings.TrimSpace(modeltext.Format(in.Model)), "\n"), suspect[0])
	if got, want := strings.Join(lines, "\n"), strings.TrimSpace(needed+rule)+"\ntable way"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// know has the firewalls know these addresses of names.
func (c *comparison) know(t *testing.T, names netpol.Names) {
	t.Helper()
	c.names, c.in.Policy = names, c.in.Policy.WithNames(names)
	if err := c.kernel.Fill(t.Context(), c.layout.Elements(&names)); err != nil {
		t.Fatal(err)
	}
	if again := apply(t, c.kernel, c.layout); len(again.Changes) > 0 {
		t.Errorf("names alone change %v", again.Changes)
	}
}

// flow draws a flow of which the kernel knows nothing yet.
func (c *comparison) flow(random layouttest.Random, from []netip.Addr) netpol.Flow {
	for {
		f := random.Flow(from[random.IntN(len(from))])
		trace := c.trace(f)
		if c.senders[f.Source] == c.senders[f.Destination] || trace.Decision.Reason == netpol.RoutingLoop {
			continue // what never leaves its namespace; what the kernel lets go round for longer
		}
		if c.fresh(f, trace) {
			return f
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

// problems waits until the kernel has counted as many packets as it should, and tells
// where it differs from the policy, and the flows that did not fare as they should.
func (c *comparison) problems(t *testing.T) (wrong []string, suspect []netpol.Flow) {
	total := func(counts map[string]uint64) (sum uint64) {
		for _, n := range counts {
			sum += n
		}
		return sum
	}
	got := c.counts(t)
	for deadline := time.Now().Add(c.patience); total(got) < total(c.want) && time.Now().Before(deadline); got = c.counts(t) {
		runtime.Gosched()
	}
	for _, rule := range slices.Sorted(maps.Keys(got)) {
		if got[rule] != c.want[rule] {
			wrong = append(wrong, fmt.Sprintf("%s judged %d packets in the kernel and %d in the policy", rule, got[rule], c.want[rule]))
			suspect = append(suspect, c.judgedBy(rule)...)
		}
	}
	for rule, n := range c.want {
		if _, there := got[rule]; !there {
			wrong = append(wrong, fmt.Sprintf("%s judged %d packets in the policy and is not in the kernel", rule, n))
			suspect = append(suspect, c.judgedBy(rule)...)
		}
	}
	c.queue.pass(t)
	arrivals, flows := c.wrongArrivals(t)
	return append(wrong, arrivals...), append(flows, suspect...)
}

// judgedBy are the first flows that the policy has judged by a rule.
func (c *comparison) judgedBy(rule string) (flows []netpol.Flow) {
	for i := 1; i < len(c.sent) && len(flows) < 5; i++ {
		if slices.ContainsFunc(c.sent[i].trace.Steps, func(s netpol.Step) bool { return s.Decision.RuleID == rule }) {
			flows = append(flows, c.sent[i].flow)
		}
	}
	return flows
}

// wrongArrivals compares who has got which packet with what the policy says.
func (c *comparison) wrongArrivals(t *testing.T) (wrong []string, flows []netpol.Flow) {
	arrived := map[uint16][]netpol.Flow{}
	for _, tap := range c.taps {
		tap.drain(t, c.sent, arrived)
	}
	for i := 1; i < len(c.sent); i++ {
		s := &c.sent[i]
		want, arrives := s.arrives(c.senders)
		got := arrived[uint16(i)]
		var expected []netpol.Flow
		if arrives {
			expected = []netpol.Flow{want}
		}
		if same := slices.EqualFunc(got, expected, func(a, b netpol.Flow) bool {
			a.SourcePort, b.SourcePort = 0, 0 // which a translation may change
			return a == b
		}); !same {
			wrong, flows = append(wrong, fmt.Sprintf("%s: arrived as %v, want %v\n%s", s.flow, got, expected, s.trace)), append(flows, s.flow)
		}
		c.came += len(got)
	}
	return wrong, flows
}

// shrink writes the network down as the lines that it takes for one of the flows alone to
// be judged differently. What takes several flows is written as a whole.
func (c *comparison) shrink(t *testing.T, suspect []netpol.Flow) {
	lines := strings.Split(strings.TrimSpace(modeltext.Format(c.in.Model)), "\n")
	for _, f := range suspect[:min(len(suspect), 5)] {
		if c.differs(t, lines, f) {
			t.Logf("%s is judged differently in\n%s", f, strings.Join(c.fewer(t, lines, f), "\n"))
			return
		}
	}
	t.Logf("no flow alone is judged differently in\n%s", strings.Join(lines, "\n"))
}

// fewer leaves out what the difference does not need: many lines at a time, then few.
func (c *comparison) fewer(t *testing.T, lines []string, f netpol.Flow) []string {
	for size := len(lines) / 2; size > 0; size /= 2 {
		for at := 0; at < len(lines); {
			end := min(at+size, len(lines))
			rest := slices.Clone(lines[:at])
			for _, line := range lines[at:end] {
				if !mayGo(line) {
					rest = append(rest, line)
				}
			}
			kept := len(rest)
			if rest = append(rest, lines[end:]...); len(rest) < len(lines) && c.differs(t, rest, f) {
				lines, at = rest, kept
				continue
			}
			at = end
		}
	}
	return lines
}

// mayGo tells whether nothing names what a line says.
func mayGo(line string) bool {
	verb, _, _ := strings.Cut(line, " ")
	return slices.Contains([]string{"rule", "route", "netrule", "natrule", "apprule", "peer", "nat", "endpoint", "threat", "gateway", "private", "intel", "dns", "compat"}, verb)
}

// differs tells whether a flow alone is judged differently in a network.
func (c *comparison) differs(t *testing.T, lines []string, f netpol.Flow) bool {
	in := c.in
	in.Model = modeltext.Parse(t, strings.Join(lines, "\n"), nil)
	var err error
	if in.Policy, err = netpol.Compile(in.Model); err != nil {
		return false
	}
	one := newComparison(t, c.kernel, c.tag, in, c.spoil)
	one.know(t, c.names)
	defer one.close()
	one.patience = time.Second
	if one.trace(f).Decision.Reason == netpol.RoutingLoop {
		return false
	}
	one.send(t, f)
	for range 10 {
		one.queue.pass(t)
	}
	wrong, _ := one.problems(t)
	return len(wrong) > 0
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

// tap sees what comes into a namespace.
type tap struct {
	socket int
	own    []netip.Addr
}

// newTap makes one that forgets nothing that a comparison sends.
func newTap(t *testing.T, path string, own []netip.Addr) tap {
	t.Helper()
	var socket int
	ip := int(binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP)))
	err := netns.At(path).Do(func() (err error) {
		socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, ip)
		return err
	})
	if err == nil {
		err = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tap{socket, own}
}

// drain adds what has come for the namespace itself of the packets that were sent, by
// their numbers. Answers of machines are none of them.
func (p tap) drain(t *testing.T, sent []sentFlow, arrived map[uint16][]netpol.Flow) {
	t.Helper()
	b := make([]byte, 2048)
	for {
		n, from, err := unix.Recvfrom(p.socket, b, 0)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			t.Fatal(err)
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); !ok || ll.Pkttype != unix.PACKET_HOST || n < 28 {
			continue
		}
		number := binary.BigEndian.Uint16(b[4:])
		f, ok := received(b[:n])
		if !ok || int(number) >= len(sent) || number == 0 || !slices.Contains(p.own, f.Destination) {
			continue
		}
		if s := &sent[number].flow; f.Protocol == s.Protocol && (f.SourcePort == s.SourcePort || f.Source != s.Source) {
			arrived[number] = append(arrived[number], f)
		}
	}
}

// received reads the first packet of a flow; false for others, which answer.
func received(p []byte) (f netpol.Flow, first bool) {
	for protocol, number := range numbers {
		if number == p[9] {
			f.Protocol = protocol
		}
	}
	f.Source, f.Destination = netip.AddrFrom4([4]byte(p[12:16])), netip.AddrFrom4([4]byte(p[16:20]))
	body := p[20:]
	switch f.Protocol {
	case netpol.TCP:
		first = len(body) > 13 && body[13] == 0x02
	case netpol.ICMP:
		return f, body[0] == 8
	case netpol.UDP, netpol.ESP, netpol.AH:
		first = true
	}
	if f.Protocol.HasPorts() {
		f.SourcePort, f.DestinationPort = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
	}
	return f, first
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
	binary.BigEndian.PutUint16(p[4:], number)
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
