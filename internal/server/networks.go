package server

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"isle/internal/dataplane"
	"isle/internal/logic"
	"isle/internal/network"
	"isle/internal/store"
	"isle/netpol"
)

// policies is the network policy as environments see it.
type policies struct {
	*network.Policies
	kernel bool // the kernel holds the networks
}

func (p policies) Policy() (*netpol.Policy, uint64, error) {
	now, err := p.Current()
	if err != nil {
		return nil, 0, err
	}
	return now.Policy, now.Revision, nil
}

func (p policies) Latest() (*netpol.Policy, uint64) {
	now := p.Policies.Latest()
	if now == nil {
		return nil, 0
	}
	return now.Policy, now.Revision
}

func (p policies) Outgoing(network, subnet string) []netip.Addr {
	now := p.Policies.Latest()
	if now == nil {
		return nil // nothing leaves
	}
	return now.Outgoing(network, subnet, p.kernel)
}

func (policies) DNSServers(tx *store.Tx, id string) ([]netip.Addr, error) {
	return network.DNSServers(tx, id)
}

// networks tells the data plane where environments are. What it tells is made anew
// when the policy or the environment has changed; else it is a look into a map.
type networks struct {
	policies     *network.Policies
	environments *logic.Service // set before the first dial
	log          *slog.Logger

	revision atomic.Uint64
	mu       sync.RWMutex
	placed   map[string]*placed // by environment; guarded by mu
	left     sync.Map           // has what was logged of records that are left out
	zoned    zoned
}

// zoned are the private zones of networks, and what they were made of.
type zoned struct {
	mu     sync.Mutex
	policy *network.Snapshot           // guarded by mu
	known  map[string]*dataplane.Zones // by the network's ID in lower case; guarded by mu
}

// placed is a place, and what it was made of.
type placed struct {
	policy *network.Snapshot
	in     *logic.Placement
	place  *dataplane.Place
}

func newNetworks(p *network.Policies, log *slog.Logger) *networks {
	return &networks{policies: p, log: log, placed: map[string]*placed{}}
}

// errNoEnvironment is why what runs on after its environment reaches nothing.
var errNoEnvironment = errors.New("the integration service environment is not there any more")

// Of implements dataplane.Networks.
func (n *networks) Of(environment string) *dataplane.Place {
	if environment == dataplane.Shared {
		return nil
	}
	in, err := n.environments.Placement(environment)
	if err != nil {
		return &dataplane.Place{Err: err}
	}
	if in == nil {
		n.forget(environment)
		return &dataplane.Place{Err: errNoEnvironment}
	}
	policy, err := n.policies.Current()
	if err != nil {
		return n.place(in, nil, err)
	}
	n.mu.RLock()
	known := n.placed[environment]
	n.mu.RUnlock()
	if known.is(policy, in) {
		return known.place
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if known = n.placed[environment]; !known.is(policy, in) { // one revision for all who wait here
		known = &placed{policy: policy, in: in, place: n.place(in, policy, nil)}
		n.placed[environment] = known
	}
	return known.place
}

// is tells whether a place was made of these.
func (p *placed) is(policy *network.Snapshot, in *logic.Placement) bool {
	return p != nil && p.policy == policy && p.in == in
}

func (n *networks) forget(environment string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.placed, environment)
}

// place is an environment in a policy, or without one for a reason.
func (n *networks) place(in *logic.Placement, policy *network.Snapshot, err error) *dataplane.Place {
	p := &dataplane.Place{
		Revision: n.revision.Add(1), Environment: in.Resource, Internal: in.Internal,
		Subnets: in.Subnets, Ranges: in.Ranges, DNS: in.DNS, Err: err,
	}
	if err != nil {
		return p
	}
	found, ok := policy.Policy.Network(in.Network)
	if !ok {
		p.Err = fmt.Errorf("the virtual network %s is not there any more", path.Base(in.Network))
		return p
	}
	p.Network = found
	p.Zones = n.zones(policy, in.Network)
	p.Mappings, p.Guests = attached(policy, found), map[netip.Addr]string{}
	for _, n := range slices.Backward(found.Reach()) { // the nearest has the last word
		maps.Copy(p.Guests, policy.Guests(n.ID()))
	}
	p.Proxies = n.proxies(policy, found)
	p.Egress = make(map[netip.Addr]dataplane.Egress, len(policy.Egress()))
	for a, e := range policy.Egress() {
		p.Egress[a] = dataplane.Egress(e)
	}
	return p
}

// proxies are the firewalls within a network's reach that answer for names.
func (n *networks) proxies(policy *network.Snapshot, found *netpol.Network) map[netip.Addr]*dataplane.Place {
	proxies := map[netip.Addr]*dataplane.Place{}
	list := policy.Policy.FirewallNames()
	for _, r := range slices.Backward(found.Reach()) { // the nearest has the last word
		for i := range list {
			if f := &list[i]; f.DNS.Proxy && f.Network == r.ID() {
				proxies[f.Address] = n.firewall(policy, f)
			}
		}
	}
	return proxies
}

// zones are the private zones of a network, which are made once for what is stored: each
// question to a firewall needs them.
func (n *networks) zones(policy *network.Snapshot, id string) *dataplane.Zones {
	n.zoned.mu.Lock()
	defer n.zoned.mu.Unlock()
	if !policy.SameResources(n.zoned.policy) {
		n.zoned.policy, n.zoned.known = policy, map[string]*dataplane.Zones{}
	}
	key := strings.ToLower(id)
	if n.zoned.known[key] == nil {
		n.zoned.known[key] = n.readZones(policy, id)
	}
	return n.zoned.known[key]
}

// readZones reads the private zones of a network. A record that is none, as an older version
// may have stored one, is left out, and logged once: it is no reason to know no other names.
func (n *networks) readZones(policy *network.Snapshot, id string) *dataplane.Zones {
	all := dataplane.NewZones()
	for _, z := range policy.Zones(id) {
		lines := make([]string, len(z.Records))
		for i, r := range z.Records {
			lines[i] = r.String()
		}
		for _, err := range all.Add(z.Name, z.Redirect, lines) {
			if _, logged := n.left.LoadOrStore(err.Error(), true); !logged {
				n.log.Warn("a record of a private zone is left out: put it anew, or delete it", "error", err)
			}
		}
	}
	return all
}

// zonesOf tells the private zones of a network as they are now.
func (n *networks) zonesOf(id string) func() (*dataplane.Zones, error) {
	return func() (*dataplane.Zones, error) {
		now, err := n.policies.Current()
		if err != nil {
			return nil, err
		}
		return n.zones(now, id), nil
	}
}

// attached are the attachments within a network's reach, the nearest first.
func attached(policy *network.Snapshot, n *netpol.Network) (list []dataplane.Mapping) {
	for _, r := range n.Reach() {
		list = append(list, mappings(policy, r.ID())...)
	}
	return list
}

// mappings are the attachments of a network.
func mappings(policy *network.Snapshot, id string) (list []dataplane.Mapping) {
	for _, m := range policy.Mappings(id) {
		list = append(list, dataplane.Mapping{Network: id, Interface: m.Interface, Private: m.Private, Port: m.Port, Real: m.Real, RealPort: m.RealPort})
	}
	return list
}

// trial tells where environments are in the networks of one snapshot, for who asks what
// it would mean. Not safe for concurrent use.
type trial struct {
	networks *networks
	policy   *network.Snapshot
	places   map[string]*dataplane.Place
}

// under is the environments of now in the networks of a snapshot.
func (n *networks) under(policy *network.Snapshot) dataplane.Networks {
	return &trial{n, policy, map[string]*dataplane.Place{}}
}

// Of implements dataplane.Networks.
func (t *trial) Of(environment string) *dataplane.Place {
	if environment == dataplane.Shared {
		return nil
	}
	p, known := t.places[environment]
	if !known {
		in, err := t.networks.environments.Placement(environment)
		switch {
		case err != nil:
			p = &dataplane.Place{Err: err}
		case in == nil:
			p = &dataplane.Place{Err: errNoEnvironment}
		default:
			p = t.networks.place(in, t.policy, nil)
		}
		t.places[environment] = p
	}
	return p
}
