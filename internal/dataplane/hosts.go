package dataplane

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"isle/netpol"
)

// Firewalls look up the names in their network and NAT rules, by their own name servers
// (network.md §A6): each every 15 seconds, and once somebody has asked their name proxy.
// An address that is not told any more counts for 15 minutes.

const (
	// HostsEvery is how often a name is looked up.
	HostsEvery = 15 * time.Second
	// hostsKeep is how long an address counts that was told once.
	hostsKeep = 15 * time.Minute
	// maxHostAddresses bounds the addresses of a name that count.
	maxHostAddresses = 1000
)

// Hosts are the names that firewalls look up, and what was told of them. Time is what
// callers say it is. The zero value is ready for use.
type Hosts struct {
	mu    sync.Mutex
	known map[Host]*hostKnown // what rules have now; guarded by mu
}

// Host is a name as a firewall looks it up.
type Host struct {
	Firewall string // resource ID in lower case
	Name     string // in plain form
}

type hostKnown struct {
	asked time.Time                // zero: never
	under bool                     // it is being looked up
	seen  map[netip.Addr]time.Time // when an address was told last
	to    netip.Addr               // the lowest IPv4 one of those that were told last
}

// HostOf is a name as it is known here.
func HostOf(firewall, name string) Host {
	return Host{strings.ToLower(firewall), strings.ToLower(strings.TrimSuffix(name, "."))}
}

// Want says which names firewalls look up from now on; what is known of others is
// forgotten.
func (h *Hosts) Want(list []netpol.FirewallNames) {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := map[Host]*hostKnown{}
	for _, f := range list {
		for _, name := range f.Names {
			host := HostOf(f.Firewall, name)
			if known[host] = h.known[host]; known[host] == nil {
				known[host] = &hostKnown{seen: map[netip.Addr]time.Time{}}
			}
		}
	}
	h.known = known
}

// Due are the names that are to be looked up now, and takes them to be until Done.
func (h *Hosts) Due(now time.Time) (due []Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for host, k := range h.known {
		if !k.under && (k.asked.IsZero() || now.Sub(k.asked) >= HostsEvery) {
			k.asked, k.under = now, true
			due = append(due, host)
		}
	}
	slices.SortFunc(due, func(a, b Host) int {
		return strings.Compare(a.Firewall+" "+a.Name, b.Firewall+" "+b.Name)
	})
	return due
}

// Done says that the lookup of a name has ended.
func (h *Hosts) Done(host Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := h.known[host]; k != nil {
		k.under = false
	}
}

// Learn notes the addresses of a name, if the firewall looks it up, and tells whether
// others than before count now.
func (h *Hosts) Learn(host Host, addresses []netip.Addr, now time.Time) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.known[host]
	if k == nil || len(addresses) == 0 {
		return false
	}
	var lowest netip.Addr // none where only addresses of IPv6 were asked for
	for _, a := range addresses {
		a = a.Unmap()
		if _, before := k.seen[a]; !before {
			if len(k.seen) >= maxHostAddresses {
				continue
			}
			changed = true
		}
		k.seen[a] = now
		if a.Is4() && (!lowest.IsValid() || a.Less(lowest)) {
			lowest = a
		}
	}
	if lowest.IsValid() && lowest != k.to {
		k.to, changed = lowest, true
	}
	return changed
}

// Names are what counts now. Addresses whose time is over are forgotten.
func (h *Hosts) Names(now time.Time) (names netpol.Names) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for host, k := range h.known {
		var known netpol.Known
		for a, seen := range k.seen {
			if now.Sub(seen) >= hostsKeep {
				delete(k.seen, a)
				continue
			}
			known.Addresses = append(known.Addresses, a)
		}
		if _, counts := k.seen[k.to]; !counts {
			k.to = netip.Addr{}
		}
		slices.SortFunc(known.Addresses, netip.Addr.Compare)
		if known.To = k.to; len(known.Addresses) > 0 {
			names.Put(host.Firewall, host.Name, known)
		}
	}
	return names
}
