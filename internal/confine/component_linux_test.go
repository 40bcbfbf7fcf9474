//go:build amd64 || arm64

package confine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/netpol"
	"isle/netpol/layout"
	"isle/netpol/modeltext"
)

const twoMachines = `
network 10.0.0.0/16
subnet one 10.0.0.0/24 - -
nic a one 10.0.0.4 -
nic b one 10.0.0.5 -
`

// machines are those of a virtual network of the test's own, in the kernel.
func machines(t *testing.T, name string) (a, b netns.Namespace) {
	t.Helper()
	if err := kernel.Unavailable(kernel.Probe(t.Context())); err != nil {
		t.Skipf("SKIPPED: nothing was tested in the kernel: %v", err)
	}
	m := modeltext.Parse(t, twoMachines, nil)
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Compile(layout.Input{Model: m, Policy: policy, Attachments: []layout.Attachment{{Interface: "/nic/a"}, {Interface: "/nic/b"}}})
	if err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprintf("%s%d", name, os.Getpid())
	k, err := kernel.Open(kernel.Options{Tag: tag})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := k.Apply(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	at := func(nic string) netns.Namespace { return netns.At(kernel.Path(tag, layout.MachineName(nic))) }
	return at("/nic/a"), at("/nic/b")
}

// A program of an ordinary user, inside a virtual network, reaches neither the host nor
// another virtual network that has the same addresses.
func TestHostileChildInANetwork(t *testing.T) {
	mine, _ := machines(t, "mine")
	theirs, server := machines(t, "theirs")
	binary := binaryForAll(t)
	tries := func(from netns.Namespace, w world) map[string]string {
		told, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		cmd := ofNobody(binary, childArgument, wallNone)
		var out, problems bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(told), &out, &problems
		if err := from.Do(cmd.Run); err != nil {
			t.Fatalf("%v: %s", err, problems.Bytes())
		}
		return failures(out.Bytes())
	}
	host := newWorld(t)
	there := serverOf(t, server, "10.0.0.5")
	free, inside, foreign, own := tries(netns.At("/proc/self/ns/net"), host), tries(mine, host), tries(mine, there), tries(theirs, there)
	tried, succeeded := 0, 0
	for _, a := range attempts() {
		if !a.network {
			continue
		}
		tried++
		if free[a.name] == "" {
			succeeded++
		}
		if why, known := inside[a.name]; !known || why == "" {
			t.Errorf("%s: reaches the host from a virtual network", a.name)
		}
		if why, known := foreign[a.name]; strings.HasSuffix(a.name, "to the host's address") && (!known || why == "") {
			t.Errorf("%s: reaches another virtual network", a.name)
		}
	}
	for _, protocol := range []string{"tcp", "udp"} {
		if why := own[protocol+" to the host's address"]; why != "" {
			t.Errorf("%s within a virtual network: %s", protocol, why)
		}
	}
	t.Logf("%d of %d attempts succeed on the host itself, none from a virtual network", succeeded, tried)
	if succeeded < tried/3 {
		t.Error("few attempts succeed on the host: this test shows nothing")
	}
}

// serverOf answers in a network.
func serverOf(t *testing.T, n netns.Namespace, address string) world {
	t.Helper()
	at := netip.AddrPortFrom(netip.MustParseAddr(address), 0)
	l, err := n.Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.ListenPacket(t.Context(), "udp", at)
	if err != nil {
		t.Fatal(err)
	}
	answer(t, l)
	answerPackets(t, p)
	return world{Address: address, Port: l.Addr().(*net.TCPAddr).Port, DatagramPort: p.LocalAddr().(*net.UDPAddr).Port, Parent: os.Getpid()}
}
