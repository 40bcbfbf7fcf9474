package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
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
	// maxEntrances bounds those of a firewall: NAT rules may have ranges of ports.
	maxEntrances = 256
)

// watchEntrances has callers of firewalls' public addresses let in at the local addresses
// that those have on this host. Where a network has an uplink that the kernel holds, they
// come by that.
func (s *Server) watchEntrances(ctx context.Context) {
	var entrances dataplane.Entrances
	var last *network.Snapshot
	var wanted map[dataplane.Entrance]bool
	var left, failed error
	tick := time.NewTicker(entrancesEvery)
	defer tick.Stop()
	for {
		if now, err := s.policies.Current(); err == nil && (now != last || failed != nil) {
			if now != last {
				before := left
				wanted, left = s.entrances(now)
				s.tellNew("ports of a firewall's public address are not served", before, left)
			}
			before := failed
			failed = entrances.Keep(s.network, wanted, s.inward)
			s.tellNew("callers of a firewall's public address are not let in; it is tried again", before, failed)
			last = now
		}
		select {
		case <-ctx.Done():
			_ = entrances.Keep(s.network, nil, s.inward)
			return
		case <-tick.C:
		}
	}
}

// tellNew logs an error unless it was told before.
func (s *Server) tellNew(message string, before, err error) {
	if err != nil && (before == nil || before.Error() != err.Error()) {
		s.log.Error(message, "error", err)
	}
}

// inward is a network as it is now, and what is attached within its reach.
func (s *Server) inward(id string) (*netpol.Network, []dataplane.Mapping) {
	now, err := s.policies.Current()
	if err != nil {
		return nil, nil
	}
	n, ok := now.Policy.Network(id)
	if !ok {
		return nil, nil
	}
	return n, attached(now, n)
}

// entrances are the ports that NAT rules let callers in by. The error tells of those that
// are too many.
func (s *Server) entrances(now *network.Snapshot) (map[dataplane.Entrance]bool, error) {
	wanted := map[dataplane.Entrance]bool{}
	var found []error
	for i := range now.Model().Firewalls {
		f := &now.Model().Firewalls[i]
		id := networkOfSubnet(f.Subnet)
		n, ok := now.Policy.Network(id)
		if !ok || s.wall != nil && slices.ContainsFunc(now.Uplinks(), func(u network.Uplink) bool { return strings.EqualFold(u.Network, id) }) {
			continue
		}
		filter, _ := n.Firewall(f.ID)
		list := entrancesOf(id, &filter, now.Egress())
		if more := len(list) - maxEntrances; more > 0 {
			found = append(found, fmt.Errorf("the NAT rules of firewall %s let callers in at %d ports, of which the first %d are served: the first that is not is %s; give the rules fewer ports",
				path.Base(f.ID), len(list), maxEntrances, list[maxEntrances].Public))
			list = list[:maxEntrances]
		}
		for _, e := range list {
			wanted[e] = true
		}
	}
	return wanted, errors.Join(found...)
}

// entrancesOf are all that a firewall's NAT rules let callers in by, in the rules' order.
func entrancesOf(id string, filter *netpol.FirewallFilter, egress map[netip.Addr]network.Egress) (list []dataplane.Entrance) {
	known := map[netip.AddrPort]bool{}
	for k := range filter.NAT {
		for _, public := range filter.Publics {
			e := egress[public]
			if !e.Bind.IsValid() || !translates(&filter.NAT[k], public) {
				continue
			}
			for _, r := range filter.NAT[k].DestinationPorts {
				for port := int(max(r.First, 1)); port <= int(r.Last); port++ {
					if at := netip.AddrPortFrom(public, uint16(port)); !known[at] {
						known[at] = true
						list = append(list, dataplane.Entrance{Network: id, Public: at, At: netip.AddrPortFrom(e.Bind, uint16(port))})
					}
				}
			}
		}
	}
	return list
}

// translates tells whether a NAT rule lets callers of a public address in over TCP.
func translates(rule *netpol.Translation, public netip.Addr) bool {
	of := func(p netip.Prefix) bool { return p.Contains(public) }
	return slices.Contains(rule.Ported, netpol.TCP) && (rule.Destination == nil || slices.ContainsFunc(rule.Destination, of))
}
