package server

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"isle/internal/dataplane"
	"isle/internal/network"
	"isle/netpol"
)

const (
	// entrancesEvery is how often the policy is looked at for entrances.
	entrancesEvery = time.Second
	// maxEntrances bounds them: NAT rules may have ranges of ports.
	maxEntrances = 256
)

// watchEntrances has callers of firewalls' public addresses let in at the local addresses
// that those have on this host. Where a network has an uplink that the kernel holds, they
// come by that.
func (s *Server) watchEntrances(ctx context.Context) {
	entrances, last, told := new(dataplane.Entrances), (*network.Snapshot)(nil), ""
	tick := time.NewTicker(entrancesEvery)
	defer tick.Stop()
	for {
		if now, err := s.policies.Current(); err == nil && now != last {
			problem := ""
			if err := entrances.Keep(s.network, s.entrances(now), s.inward); err != nil {
				problem = err.Error()
			} else {
				last = now
			}
			if problem != "" && problem != told {
				s.log.Error("callers of a firewall's public address are not let in; it is tried again", "error", problem)
			}
			told = problem
		}
		select {
		case <-ctx.Done():
			_ = entrances.Keep(s.network, nil, s.inward)
			return
		case <-tick.C:
		}
	}
}

// inward is a network as it is now.
func (s *Server) inward(id string) (*netpol.Network, []dataplane.Mapping) {
	now, err := s.policies.Current()
	if err != nil {
		return nil, nil
	}
	n, _ := now.Policy.Network(id)
	return n, mappings(now, id)
}

// entrances are the ports that NAT rules let callers in by.
func (s *Server) entrances(now *network.Snapshot) map[dataplane.Entrance]bool {
	wanted := map[dataplane.Entrance]bool{}
	for i := range now.Model().Firewalls {
		f := &now.Model().Firewalls[i]
		id := networkOfSubnet(f.Subnet)
		n, ok := now.Policy.Network(id)
		if !ok || s.wall != nil && slices.ContainsFunc(now.Uplinks(), func(u network.Uplink) bool { return strings.EqualFold(u.Network, id) }) {
			continue
		}
		filter, _ := n.Firewall(f.ID)
		for k := range filter.NAT {
			for _, public := range filter.Publics {
				if e := now.Egress()[public]; e.Bind.IsValid() {
					addEntrances(wanted, id, &filter.NAT[k], public, e.Bind)
				}
			}
		}
	}
	return wanted
}

func addEntrances(wanted map[dataplane.Entrance]bool, network string, rule *netpol.Translation, public, at netip.Addr) {
	of := func(p netip.Prefix) bool { return p.Contains(public) }
	if !slices.Contains(rule.Ported, netpol.TCP) || rule.Destination != nil && !slices.ContainsFunc(rule.Destination, of) {
		return
	}
	for _, r := range rule.DestinationPorts {
		for port := int(max(r.First, 1)); port <= int(r.Last) && len(wanted) < maxEntrances; port++ {
			wanted[dataplane.Entrance{Network: network, Public: netip.AddrPortFrom(public, uint16(port)), At: netip.AddrPortFrom(at, uint16(port))}] = true
		}
	}
}
