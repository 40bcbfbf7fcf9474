package kernel_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/netpol"
	"isle/netpol/layout"
	"isle/netpol/modeltext"
)

// machines lays out a model with a machine for each of its interfaces; change, if any,
// edits what is compiled.
func machines(t testing.TB, model string, change func(*layout.Input)) *layout.Layout {
	t.Helper()
	return machinesOf(t, modeltext.Parse(t, model, nil), change)
}

// machinesOf is machines of a model that is read.
func machinesOf(t testing.TB, m *netpol.Model, change func(*layout.Input)) *layout.Layout {
	t.Helper()
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	in := layout.Input{Model: m, Policy: policy}
	for _, i := range m.Interfaces {
		in.Attachments = append(in.Attachments, layout.Attachment{Interface: i.ID})
	}
	if change != nil {
		change(&in)
	}
	l, err := layout.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// machine is the namespace of an interface.
func machine(tag, nic string) netns.Namespace {
	return netns.At(kernel.Path(tag, layout.MachineName("/nic/"+nic)))
}

// echo answers on an address of a namespace until the test ends.
func echo(t testing.TB, n netns.Namespace, at string) {
	t.Helper()
	listener, err := n.Listen(t.Context(), "tcp", netip.MustParseAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
}

// dial opens a flow that must be possible.
func dial(t testing.TB, n netns.Namespace, to string) net.Conn {
	t.Helper()
	c, err := n.Dial(t.Context(), net.Dialer{Timeout: time.Minute}, "tcp", netip.MustParseAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// refuses checks that no flow can be opened. A dropped packet has no answer, so this
// waits for a while; a flow that is let in is opened by then.
func refuses(t testing.TB, n netns.Namespace, to string) {
	t.Helper()
	c, err := n.Dial(t.Context(), net.Dialer{Timeout: 500 * time.Millisecond}, "tcp", netip.MustParseAddrPort(to))
	if err == nil {
		c.Close()
		t.Errorf("%s is reached", to)
	}
}

// alive checks that a flow carries what is said, both ways.
func alive(t testing.TB, c net.Conn) {
	t.Helper()
	if err := says(c, time.Minute); err != nil {
		t.Errorf("the flow to %s is dead: %v", c.RemoteAddr(), err)
	}
}

func says(c net.Conn, patience time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 5))
	return err
}

// two are machines in one subnet.
const two = `
network 10.0.0.0/16
subnet a 10.0.0.0/24 group -
nic one a 10.0.0.4 -
nic two a 10.0.0.5 -
`

func TestOpenFlowsSurviveAnEditOfAGroup(t *testing.T) {
	k, tag := openTag(t, "edit")
	apply(t, k, machines(t, two+"nsg group\n", nil))
	echo(t, machine(tag, "two"), "10.0.0.5:9000")
	c := dial(t, machine(tag, "one"), "10.0.0.5:9000")
	alive(t, c)

	changes := apply(t, k, machines(t, two+"rule group no 100 In Deny Tcp * * * 9000\n", nil)).Changes
	if len(changes) != 1 || !strings.HasSuffix(changes[0], "the filter is another one") {
		t.Errorf("an edit changes %v", changes)
	}
	alive(t, c)
	refuses(t, machine(tag, "one"), "10.0.0.5:9000")

	apply(t, k, machines(t, two+"nsg group\n", nil))
	alive(t, c)
	alive(t, dial(t, machine(tag, "one"), "10.0.0.5:9000"))
}

// through are machines in two subnets with a firewall between them.
const through = `
network 10.0.0.0/16
subnet a 10.0.0.0/24 - way
subnet b 10.0.1.0/24 - way
subnet AzureFirewallSubnet 10.0.2.0/26 - -
nic one a 10.0.0.4 -
nic two b 10.0.1.4 -
route way a 10.0.0.0/24 VirtualAppliance 10.0.2.4
route way b 10.0.1.0/24 VirtualAppliance 10.0.2.4
firewall fw AzureFirewallSubnet 10.0.2.4 203.0.113.9
`

func TestAnEditOfAFirewallCutsWhatItDenies(t *testing.T) {
	needsRoot(t)
	tag := fmt.Sprintf("cut%d", os.Getpid())
	var denied atomic.Bool
	k, err := kernel.Open(kernel.Options{Tag: tag, Denied: func(firewall string, f kernel.Flow) bool {
		want := kernel.Flow{Protocol: 6, Source: f.Source, Destination: netip.MustParseAddrPort("10.0.1.4:9000"), Translated: netip.MustParseAddrPort("10.0.1.4:9000")}
		return denied.Load() && firewall == "/fw/fw" && f == want && f.Source.Addr() == netip.MustParseAddr("10.0.0.4")
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	apply(t, k, machines(t, through+"netrule fw c 100 Allow all Any * * *\n", nil))
	echo(t, machine(tag, "two"), "10.0.1.4:9000")
	echo(t, machine(tag, "two"), "10.0.1.4:9001")
	cut, kept := dial(t, machine(tag, "one"), "10.0.1.4:9000"), dial(t, machine(tag, "one"), "10.0.1.4:9001")
	alive(t, cut)
	alive(t, kept)

	apply(t, k, machines(t, through+"netrule fw c 100 Allow all Tcp * * *\n", nil))
	alive(t, cut)

	denied.Store(true)
	apply(t, k, machines(t, through+"netrule fw c 100 Allow all Tcp * * 9001\n", nil))
	if says(cut, time.Second) == nil {
		t.Error("a flow that the firewall denies now goes on")
	}
	alive(t, kept)
}

// A process that ends between a new filter and its judgement leaves that to the next one.
func TestTheFirstApplyJudgesOpenFlows(t *testing.T) {
	k, tag := openTag(t, "judge")
	l := machines(t, through+"netrule fw c 100 Allow all Tcp * * *\n", nil)
	apply(t, k, l)
	echo(t, machine(tag, "two"), "10.0.1.4:9000")
	alive(t, dial(t, machine(tag, "one"), "10.0.1.4:9000"))
	judged := 0
	next, err := kernel.Open(kernel.Options{Tag: tag, Denied: func(string, kernel.Flow) bool {
		judged++
		return false
	}})
	if err != nil {
		t.Fatal(err)
	}
	if apply(t, next, l); judged == 0 {
		t.Error("no flow was judged")
	}
	judged = 0
	if apply(t, next, l); judged != 0 {
		t.Error("flows of a firewall that did not change were judged again")
	}
}

func TestTagsDoNotTouchEachOther(t *testing.T) {
	a, tagA := openTag(t, "a")
	b, tagB := openTag(t, "b")
	l := machines(t, two+"nsg group\n", nil)
	apply(t, a, l)
	apply(t, b, l)
	echo(t, machine(tagA, "two"), "10.0.0.5:9000")
	c := dial(t, machine(tagA, "one"), "10.0.0.5:9000")
	refuses(t, machine(tagB, "one"), "10.0.0.5:9000")
	for range 3 {
		if err := b.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
		apply(t, b, l)
	}
	if err := kernel.Down(t.Context(), tagB); err != nil {
		t.Fatal(err)
	}
	if left := names(t, tagB); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	alive(t, c)
	if again := apply(t, a, l); len(again.Changes) > 0 {
		t.Errorf("the other tag's end changes %v", again.Changes)
	}
	holds(t, a, tagA, l)
}

func TestAFilterThatIsRefusedLeavesItsNetworkClosed(t *testing.T) {
	k, tag := openTag(t, "refused")
	l := environments(t, 2)
	broken := slices.IndexFunc(l.Namespaces, func(n layout.Namespace) bool { return n.Role == layout.Router })
	network := l.Namespaces[broken].Network
	right := l.Namespaces[broken].Filter
	l.Namespaces[broken].Filter = "table inet isle { nonsense }"
	_, err := k.Apply(t.Context(), l)
	if err == nil || !strings.Contains(err.Error(), network) || !strings.Contains(err.Error(), "nonsense") {
		t.Fatalf("the error says %v", err)
	}
	status, err := k.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range status.Namespaces {
		up := slices.ContainsFunc(n.Links, func(l kernel.LinkStatus) bool { return l.Up })
		if n.Role == layout.Router.String() && up == (n.Network == network) {
			t.Errorf("%s of %s: links %v", n.Name, n.Network, n.Links)
		}
	}
	l.Namespaces[broken].Filter = right
	apply(t, k, l)
	holds(t, k, tag, l)
}

func TestCountersTellTheirRules(t *testing.T) {
	k, tag := openTag(t, "count")
	apply(t, k, machines(t, two+"rule group yes 100 In Allow Tcp * * * 9000\n", nil))
	echo(t, machine(tag, "two"), "10.0.0.5:9000")
	for range 3 {
		alive(t, dial(t, machine(tag, "one"), "10.0.0.5:9000"))
	}
	status, err := k.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(status.Namespaces, func(n kernel.NamespaceStatus) bool { return n.Role == layout.Router.String() })
	router := status.Namespaces[i]
	rule := slices.IndexFunc(router.Counters, func(c kernel.Counter) bool { return strings.HasSuffix(c.Rule, "/securityRules/yes") })
	if rule < 0 || router.Counters[rule].Packets != 3 || router.Counters[rule].Bytes == 0 {
		t.Errorf("counters %v", router.Counters)
	}
	if router.Connections < 3 || status.ConnectionLimit < 3 {
		t.Errorf("%d connections of %d", router.Connections, status.ConnectionLimit)
	}
	// An edit beside the rule leaves what it has counted, and one of the rule does not.
	counted := func(model string) uint64 {
		t.Helper()
		apply(t, k, machines(t, two+model, nil))
		status, err := k.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var sum uint64
		for _, n := range status.Namespaces {
			for _, c := range n.Counters {
				if strings.HasSuffix(c.Rule, "/securityRules/yes") {
					sum += c.Packets
				}
			}
		}
		return sum
	}
	if n := counted("rule group no 110 In Deny Tcp * * * 9001\nrule group yes 100 In Allow Tcp * * * 9000\n"); n != 3 {
		t.Errorf("after an edit beside it the rule has counted %d", n)
	}
	if n := counted("rule group yes 100 In Allow Tcp * * * 9000-9001\n"); n != 0 {
		t.Errorf("the rule is another one, and has counted %d", n)
	}
	if l := router.Links[0]; !l.Up || l.ReceivedFrames == 0 || l.SentBytes == 0 || len(l.Addresses) == 0 {
		t.Errorf("link %+v", l)
	}
}
