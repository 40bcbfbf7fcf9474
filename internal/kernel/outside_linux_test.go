package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/netpol/layout"
)

// theirs is a namespace that is nobody's of the layouts that are applied: of another tag.
func theirs(t testing.TB, name string) (k *kernel.Kernel, n netns.Namespace) {
	t.Helper()
	k, tag := openTag(t, name)
	apply(t, k, &layout.Layout{Namespaces: []layout.Namespace{{Name: "theirs"}}})
	return k, netns.At(kernel.Path(tag, "theirs"))
}

// given has an interface answered for by something of others.
func given(nic, parent string) func(*layout.Input) {
	return func(in *layout.Input) {
		for i := range in.Attachments {
			if in.Attachments[i].Interface == "/nic/"+nic {
				in.Attachments[i].Given = parent
			}
		}
	}
}

func TestANamespaceOfOthersJoinsAndLeaves(t *testing.T) {
	k, tag := openTag(t, "host")
	owner, guest := theirs(t, "guest")
	with := machines(t, two+"nsg group\n", given("two", guest.Path()))
	apply(t, k, with)
	holds(t, k, tag, with)
	echo(t, guest, "10.0.0.5:9000")
	echo(t, machine(tag, "one"), "10.0.0.4:9000")
	c := dial(t, machine(tag, "one"), "10.0.0.5:9000")
	alive(t, c)
	alive(t, dial(t, guest, "10.0.0.4:9000"))

	if again := apply(t, k, with); len(again.Changes)+len(again.Waiting) > 0 {
		t.Errorf("applied again: %+v", again)
	}
	alive(t, c)

	apply(t, k, machines(t, two+"nsg group\n", func(in *layout.Input) { in.Attachments = in.Attachments[:1] }))
	status, err := owner.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if links := status.Namespaces[0].Links; len(links) > 0 {
		t.Errorf("given back with links %v", links)
	}
}

func TestANamespaceOfOthersMayDieAndComeAgain(t *testing.T) {
	k, tag := openTag(t, "host")
	owner, guest := theirs(t, "guest")
	l := machines(t, two+"nsg group\n", given("two", guest.Path()))
	apply(t, k, l)
	if err := owner.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if applied := apply(t, k, l); !slices.Equal(applied.Waiting, []string{guest.Path()}) {
		t.Errorf("without it: %+v", applied)
	}
	holds(t, k, tag, l)
	apply(t, owner, &layout.Layout{Namespaces: []layout.Namespace{{Name: "theirs"}}})
	if applied := apply(t, k, l); len(applied.Waiting) > 0 {
		t.Errorf("with another one: %+v", applied)
	}
	echo(t, guest, "10.0.0.5:9000")
	alive(t, dial(t, machine(tag, "one"), "10.0.0.5:9000"))

	// It dies together with the tag's own.
	if err := owner.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A path is looked at before it is used, and may lead elsewhere by then: that of a process
// above all.
func TestAGuestIsTheOneThatWasGiven(t *testing.T) {
	k, tag := openTag(t, "host")
	_, guest := theirs(t, "guest")
	var stat unix.Stat_t
	if err := unix.Stat(guest.Path(), &stat); err != nil {
		t.Fatal(err)
	}
	another := guest.Path() + "@1"
	if applied := apply(t, k, machines(t, two+"nsg group\n", given("two", another))); !slices.Equal(applied.Waiting, []string{another}) {
		t.Errorf("another one at its place: %+v", applied)
	}
	with := machines(t, two+"nsg group\n", given("two", fmt.Sprintf("%s@%d", guest.Path(), stat.Ino)))
	if applied := apply(t, k, with); len(applied.Waiting) > 0 {
		t.Errorf("the one that was given: %+v", applied)
	}
	holds(t, k, tag, with)
	echo(t, guest, "10.0.0.5:9000")
	alive(t, dial(t, machine(tag, "one"), "10.0.0.5:9000"))

	before, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("/proc/%d/ns/net", os.Getpid())
	if _, err := k.Apply(t.Context(), machines(t, two+"nsg group\n", given("two", own))); err == nil || !strings.Contains(err.Error(), own+" is the server's own") {
		t.Errorf("the server's own: %v", err)
	}
	after, err := net.Interfaces()
	if err != nil || slices.ContainsFunc(after, func(i net.Interface) bool { return strings.HasPrefix(i.Name, "port0a") }) {
		t.Errorf("the host had %v and has %v, %v", before, after, err)
	}
}

// What others do to namespaces is noticed without a look into them.
func TestWhatComesAndGoesIsNoticed(t *testing.T) {
	k, tag := openTag(t, "host")
	owner, guest := theirs(t, "guest")
	called := make(chan struct{}, 1)
	watching, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- kernel.Watch(watching, func() {
			select {
			case called <- struct{}{}:
			default:
			}
		})
	}()
	l := machines(t, two+"nsg group\n", given("two", guest.Path()))
	is := func(what string, changed bool) {
		t.Helper()
		if k.Changed() != changed {
			t.Errorf("%s: changed is %t", what, !changed)
		}
		apply(t, k, l)
		if k.Changed() {
			t.Errorf("%s: it has changed after an Apply", what)
		}
	}
	is("nothing was applied", false)
	is("all is there", false)
	<-called // of what was made
	apply(t, owner, &layout.Layout{})
	is("the guest has gone", true)
	apply(t, owner, &layout.Layout{Namespaces: []layout.Namespace{{Name: "theirs"}}})
	is("the guest is made anew", true)
	if err := kernel.Down(t.Context(), tag); err != nil {
		t.Fatal(err)
	}
	is("all was taken down", true)
	if left, err := kernel.Names(tag); err != nil || len(left) != len(l.Namespaces) {
		t.Errorf("the tag has %v, %v", left, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the watch ended with %v", err)
	}
}

func TestANamespaceWithAnotherWayOutIsRefused(t *testing.T) {
	k, tag := openTag(t, "host")
	owner, guest := theirs(t, "guest")
	err := guest.Do(func() error {
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "own0", Flags: 1}, PeerName: "own1"}); err != nil {
			return err
		}
		own, err := netlink.LinkByName("own0")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(own); err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{LinkIndex: own.Attrs().Index, Scope: netlink.SCOPE_LINK, Dst: &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}})
	})
	if err != nil {
		t.Skipf("SKIPPED: no default route of the guest's own: %v", err)
	}
	_, err = k.Apply(t.Context(), machines(t, two+"nic three a 10.0.0.6 -\nnsg group\n", given("two", guest.Path())))
	if err == nil || !strings.Contains(err.Error(), guest.Path()) {
		t.Errorf("the error says %v", err)
	}
	status, err := owner.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if links := status.Namespaces[0].Links; len(links) != 2 {
		t.Errorf("it has links %v", links)
	}
	// The others of its network do not suffer.
	echo(t, machine(tag, "one"), "10.0.0.4:9000")
	alive(t, dial(t, machine(tag, "three"), "10.0.0.4:9000"))
}

func TestATapIsTakenAndGivenBack(t *testing.T) {
	k, tag := openTag(t, "tap")
	name := fmt.Sprintf("islet%d", os.Getpid())
	tap := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: name}, Mode: netlink.TUNTAP_MODE_TAP}
	if err := netlink.LinkAdd(tap); err != nil {
		t.Skipf("SKIPPED: no tap can be made here: %v", err)
	}
	t.Cleanup(func() {
		if l, err := netlink.LinkByName(name); err == nil {
			_ = netlink.LinkDel(l)
		}
	})
	with := machines(t, two+"nsg group\n", given("two", name))
	apply(t, k, with)
	holds(t, k, tag, with)
	if _, err := netlink.LinkByName(name); err == nil {
		t.Error("the tap is on the host and in the network")
	}
	if again := apply(t, k, with); len(again.Changes)+len(again.Waiting) > 0 {
		t.Errorf("applied again: %+v", again)
	}
	for _, without := range []*layout.Layout{machines(t, two+"nsg group\n", func(in *layout.Input) { in.Attachments = in.Attachments[:1] }), {}} {
		apply(t, k, without)
		l, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatalf("given back: %v", err)
		}
		if l.Attrs().Alias != "" {
			t.Errorf("given back with the alias %q", l.Attrs().Alias)
		}
		apply(t, k, with)
	}
	if err := k.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l, err := netlink.LinkByName(name); err != nil || netlink.LinkDel(l) != nil { // its number may be another one
		t.Errorf("given back: %v", err)
	}
	if applied := apply(t, k, with); !slices.Equal(applied.Waiting, []string{name}) {
		t.Errorf("without the tap: %+v", applied)
	}
}

// An interface of the host, here the end of a pair whose other end is in a namespace that
// plays the world outside.
func TestAnUplinkLeadsOut(t *testing.T) {
	k, tag := openTag(t, "up")
	_, world := theirs(t, "world")
	name := fmt.Sprintf("islew%d", os.Getpid())
	file, err := os.Open(world.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lan := netlink.NewVeth(netlink.LinkAttrs{Name: name, TxQLen: -1})
	lan.PeerName, lan.PeerNamespace = "world0", netlink.NsFd(int(file.Fd()))
	if err := netlink.LinkAdd(lan); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = netlink.LinkDel(lan) })
	mute(t, name)
	err = world.Do(func() error {
		end, err := netlink.LinkByName("world0")
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(end, &netlink.Addr{IPNet: netlink.NewIPNet([]byte{198, 51, 100, 1})}); err != nil {
			return err
		}
		address, _ := netlink.ParseAddr("192.0.2.1/24")
		if err := netlink.AddrAdd(end, address); err != nil {
			return err
		}
		return netlink.LinkSetUp(end)
	})
	if err != nil {
		t.Fatal(err)
	}
	l := machines(t, two+"nsg group\n", func(in *layout.Input) {
		in.Uplinks = []layout.NetworkUplink{{Network: "/vnet", Interface: name, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}, Gateway: netip.MustParseAddr("192.0.2.1")}}
	})
	var outside *kernel.OutsideError
	if _, err := k.Apply(t.Context(), l); !errors.As(err, &outside) || outside.To != name || !strings.Contains(err.Error(), "is down: ip link set "+name+" up") {
		t.Errorf("over an interface that is down: %v", err)
	}
	if err := netlink.LinkSetUp(lan); err != nil {
		t.Fatal(err)
	}
	apply(t, k, l)
	holds(t, k, tag, l)
	echo(t, world, "198.51.100.1:9000")
	c := dial(t, machine(tag, "one"), "198.51.100.1:9000")
	alive(t, c)
	if again := apply(t, k, l); len(again.Changes) > 0 {
		t.Errorf("applied again: %v", again.Changes)
	}
	alive(t, c)

	for _, end := range []struct {
		says     string
		down, up func() error
	}{
		{"is down: ip link set " + name + " up", func() error { return netlink.LinkSetDown(lan) }, func() error { return netlink.LinkSetUp(lan) }},
		{"has no carrier", func() error { return world.Do(func() error { return setUp("world0", false) }) }, func() error { return world.Do(func() error { return setUp("world0", true) }) }},
	} {
		if err := end.down(); err != nil {
			t.Fatal(err)
		}
		if !k.Changed() {
			t.Errorf("that the interface %s is not noticed", end.says)
		}
		again, err := k.Apply(t.Context(), l)
		if !errors.As(err, &outside) || outside.To != name || !strings.Contains(err.Error(), end.says) {
			t.Errorf("an interface that %s: %v", end.says, err)
		}
		if again != nil && len(again.Changes) > 0 {
			t.Errorf("an interface that %s: %v", end.says, again.Changes)
		}
		if err := end.up(); err != nil {
			t.Fatal(err)
		}
		apply(t, k, l)
		alive(t, c)
	}

	other := machines(t, two+"nsg group\n", nil)
	apply(t, k, other)
	holds(t, k, tag, other)
	refuses(t, machine(tag, "one"), "198.51.100.1:9000")
}

// setUp sets a link of this thread's namespace up or down.
func setUp(name string, up bool) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if up {
		return netlink.LinkSetUp(l)
	}
	return netlink.LinkSetDown(l)
}

// Each row damages what was applied by hand. Status tells it, and the next Apply mends it.
func TestDamageIsToldAndMended(t *testing.T) {
	k, tag := openTag(t, "damage")
	l := machines(t, through+"netrule fw c 100 Allow all Tcp * * *\n", nil)
	apply(t, k, l)
	router := netns.At(kernel.Path(tag, layout.RouterName("/vnet")))
	one := machine(tag, "one")
	link := func(name string) netlink.Link {
		l, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first := l.Namespaces[slices.IndexFunc(l.Namespaces, func(n layout.Namespace) bool { return n.Role == layout.Router })].Links[0].Name
	for _, test := range []struct {
		name  string
		where netns.Namespace
		do    func() error
	}{
		{"a link is deleted", router, func() error { return netlink.LinkDel(link(first)) }},
		{"a link is down", one, func() error { return netlink.LinkSetDown(link(layout.PortLink)) }},
		{"an address is added", one, func() error {
			return netlink.AddrAdd(link(layout.PortLink), &netlink.Addr{IPNet: netlink.NewIPNet([]byte{10, 9, 9, 9})})
		}},
		{"an address is gone", one, func() error {
			return netlink.AddrDel(link(layout.PortLink), &netlink.Addr{IPNet: netlink.NewIPNet([]byte{10, 0, 0, 4})})
		}},
		{"a route is added", router, func() error {
			return netlink.RouteAdd(&netlink.Route{Type: unix.RTN_BLACKHOLE, Dst: netlink.NewIPNet([]byte{10, 0, 1, 9})})
		}},
		{"routes are gone", router, func() error {
			routes, err := netlink.RouteList(link(first), netlink.FAMILY_V4)
			for i := range routes {
				err = netlink.RouteDel(&routes[i])
			}
			return err
		}},
		{"a rule is added", router, func() error {
			rule := netlink.NewRule()
			rule.Priority, rule.Table = 5, unix.RT_TABLE_MAIN
			return netlink.RuleAdd(rule)
		}},
		{"a setting is changed", router, func() error { return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("0"), 0) }},
		{"a link's setting is changed", router, func() error { return os.WriteFile("/proc/sys/net/ipv4/conf/"+first+"/rp_filter", []byte("1"), 0) }},
		{"a link answers for others", one, func() error {
			return os.WriteFile("/proc/sys/net/ipv4/conf/"+layout.PortLink+"/proxy_arp", []byte("1"), 0)
		}},
		{"loopback is down", one, func() error { return netlink.LinkSetDown(link("lo")) }},
		{"a stranger's link", one, func() error {
			return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "stranger0", TxQLen: -1}, PeerName: "stranger1"})
		}},
		{"a namespace loses its name", netns.At(kernel.Path(tag, layout.MachineName("/nic/two"))), func() error {
			return unix.Unmount(kernel.Path(tag, layout.MachineName("/nic/two")), unix.MNT_DETACH)
		}},
		{"a namespace's name is removed", netns.At("/proc/thread-self/ns/net"), func() error {
			path := kernel.Path(tag, layout.FirewallName("/fw/fw"))
			if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
				return err
			}
			return os.Remove(path)
		}},
		{"a namespace too many", netns.At("/proc/thread-self/ns/net"), func() error {
			return os.WriteFile(filepath.Join("/run/netns", "isle-"+tag+"-more"), nil, 0o444)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.where.Do(test.do); err != nil {
				t.Fatal(err)
			}
			status, err := k.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(status.Differences) == 0 {
				t.Error("Status tells no difference")
			}
			apply(t, k, l)
			holds(t, k, tag, l)
		})
	}
	echo(t, machine(tag, "two"), "10.0.1.4:9000")
	alive(t, dial(t, one, "10.0.1.4:9000"))
}
