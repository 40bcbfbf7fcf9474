package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/kernel"
	"isle/internal/network"
)

// watcherPlane is the data plane as network watchers see it.
type watcherPlane struct{ s *Server }

// Held implements network.Plane.
func (p watcherPlane) Held(ctx context.Context, id string) (*network.Held, error) {
	w := p.s.wall
	if w == nil {
		return nil, nil
	}
	if w.refused != nil {
		return &network.Held{Problems: []string{w.refused.Error()}}, nil
	}
	limited, cancel := context.WithTimeout(ctx, prepareWait)
	defer cancel()
	_, _ = w.settled(limited, "") // what fails is told below
	st := w.now.Load()
	if st == nil || st.policy == nil {
		return nil, errors.New("what the kernel holds is not known yet")
	}
	var status kernel.Status
	if w.kernel != nil {
		read, err := w.kernel.Status(ctx)
		if err != nil {
			return nil, err
		}
		status = *read
	}
	all := st.networks(status.Differences)
	i := slices.IndexFunc(all, func(n HeldNetwork) bool { return strings.EqualFold(n.ID, id) })
	if i < 0 {
		return nil, fmt.Errorf("the virtual network %s is not among those that the kernel is to hold", id)
	}
	held := &network.Held{Differences: all[i].Differences, Waiting: all[i].Waiting}
	for _, problem := range all[i].Problems {
		held.Problems = append(held.Problems, problem.Message)
	}
	held.Uplink, held.Gateway = st.waysOut(id)
	return held, nil
}

// waysOut are the uplink of a network, and the machine that is the way to what lies behind
// its gateway.
func (s *standing) waysOut(id string) (uplink, gateway string) {
	for _, u := range s.policy.Uplinks() {
		if strings.EqualFold(u.Network, id) {
			uplink = u.Interface
		}
	}
	for _, a := range s.policy.Attached() {
		for _, nic := range s.policy.Model().Interfaces {
			if a.Gateway && strings.EqualFold(nic.ID, a.Interface) && strings.EqualFold(networkOfSubnet(nic.Subnet), id) {
				gateway = a.Given
			}
		}
	}
	return uplink, gateway
}

// Prober implements network.Plane.
func (p watcherPlane) Prober(ctx context.Context, id string) (dataplane.Prober, error) {
	if parsed, err := arm.ParseID(id); err == nil && strings.EqualFold(parsed.Type(), "Microsoft.Network/networkInterfaces") {
		return p.machine(ctx, id)
	}
	placements, err := p.s.allPlacements()
	if err != nil {
		return nil, err
	}
	for environment, place := range placements {
		if arm.SameID(place.Resource, id) {
			return p.s.network.Prober(environment), nil
		}
	}
	return nil, errors.New("the environment is in no virtual network yet")
}

// machine sends probes as an interface. A namespace that is somebody else's may lead
// anywhere, so nothing is sent from there.
func (p watcherPlane) machine(ctx context.Context, id string) (dataplane.Prober, error) {
	if p.s.wall == nil {
		return nil, errors.New("probes leave an interface only where the kernel holds the networks (--dataplane kernel)")
	}
	limited, cancel := context.WithTimeout(ctx, prepareWait)
	defer cancel()
	_, _ = p.s.wall.settled(limited, "")
	st := p.s.wall.now.Load()
	if st == nil {
		return nil, errors.New("what the kernel holds is not known yet")
	}
	ns, there := st.held.Machines[strings.ToLower(id)]
	if !there {
		return nil, errors.New("the kernel holds no namespace for the interface: that is so for interfaces with a real address attached (`isle port add`), not for machines of others")
	}
	return p.s.network.MachineProber(ns), nil
}
