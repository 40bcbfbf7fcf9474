package kernel_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/internal/kernel"
	"isle/netpol"
	"isle/netpol/layout"
)

// named is a firewall that knows names.
func named(addresses ...string) (names netpol.Names) {
	var k netpol.Known
	for _, text := range addresses {
		k.Addresses = append(k.Addresses, netip.MustParseAddr(text))
		k.To = k.Addresses[0]
	}
	names.Put("/fw/fw", "two.example.com", k)
	return names
}

// TestNamesAreFilledIn: a rule with a name lets pass what the set has; the addresses change
// without another filter, and are there when a filter is loaded again, also by a process
// that has not filled them.
func TestNamesAreFilledIn(t *testing.T) {
	k, tag := openTag(t, "fill")
	l := machines(t, through+"netrule fw c 100 Allow all Tcp * =two.example.com 9000\nnetrule fw back 200 Allow all Tcp 10.0.1.4 * *\n", nil)
	apply(t, k, l)
	echo(t, machine(tag, "two"), "10.0.1.4:9000")
	refuses(t, machine(tag, "one"), "10.0.1.4:9000")
	fill := func(k *kernel.Kernel, addresses ...string) {
		t.Helper()
		names := named(addresses...)
		if err := k.Fill(t.Context(), l.Elements(&names)); err != nil {
			t.Fatal(err)
		}
	}
	fill(k, "10.0.1.4", "10.0.1.9")
	alive(t, dial(t, machine(tag, "one"), "10.0.1.4:9000"))
	if again := apply(t, k, l); len(again.Changes) > 0 {
		t.Errorf("names alone change %v", again.Changes)
	}

	l = machines(t, through+"netrule fw c 100 Allow all Tcp * =two.example.com 9000-9001\nnetrule fw back 200 Allow all Tcp 10.0.1.4 * *\n", nil)
	apply(t, k, l)
	alive(t, dial(t, machine(tag, "one"), "10.0.1.4:9000"))

	next, err := kernel.Open(kernel.Options{Tag: tag})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, next, l)
	fill(next, "10.0.1.9")
	refuses(t, machine(tag, "one"), "10.0.1.4:9000")
	fill(next)
	refuses(t, machine(tag, "one"), "10.0.1.4:9000")
}

// TestThreatsAreTold: packets from or to a threat are in the log of their firewall, those
// that pass once for each flow.
func TestThreatsAreTold(t *testing.T) {
	for _, mode := range []string{"Alert", "Deny"} {
		k, tag := openTag(t, strings.ToLower(mode))
		apply(t, k, machines(t, through+"netrule fw c 100 Allow all Any * * *\nintel fw "+mode+" -\nthreat 10.0.1.4/32\n", nil))
		var mu sync.Mutex
		var seen []kernel.Flow
		told := make(chan struct{}, 100)
		log, err := kernel.OpenLog(kernel.Path(tag, layout.FirewallName("/fw/fw")), layout.LogGroup, func(f kernel.Flow) {
			mu.Lock()
			seen = append(seen, f)
			mu.Unlock()
			told <- struct{}{}
		})
		if err != nil {
			t.Fatal(err)
		}
		echo(t, machine(tag, "two"), "10.0.1.4:9000")
		if mode == "Alert" {
			alive(t, dial(t, machine(tag, "one"), "10.0.1.4:9000"))
		} else {
			refuses(t, machine(tag, "one"), "10.0.1.4:9000")
		}
		select {
		case <-told:
		case <-time.After(time.Minute):
			t.Fatalf("%s: nothing was told", mode)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		if f := seen[0]; f.Protocol != 6 || f.Source.Addr() != netip.MustParseAddr("10.0.0.4") || f.Destination != netip.MustParseAddrPort("10.0.1.4:9000") {
			t.Errorf("%s: %+v", mode, f)
		}
		if mode == "Alert" && len(seen) != 1 {
			t.Errorf("one flow was told %d times: %s", len(seen), fmt.Sprint(seen))
		}
	}
}
