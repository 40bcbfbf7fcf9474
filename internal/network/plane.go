package network

import (
	"context"

	"isle/internal/dataplane"
)

// Plane is what carries the flows of the networks, as far as network watchers ask it. Nil
// stands for none: then nothing is known of the kernel, and nobody sends probes.
type Plane interface {
	// Held tells what the kernel holds of a virtual network; nil if it is to hold none.
	Held(ctx context.Context, network string) (*Held, error)
	// Prober sends probes as an environment or an interface, by its ID. The error says why
	// nobody can.
	Prober(ctx context.Context, id string) (dataplane.Prober, error)
}

// Held is what the kernel holds of a virtual network.
type Held struct {
	Problems    []string // why it does not hold all of it
	Differences []string // from what it is to hold
	Waiting     []string // namespaces and taps of others that are named and not there
	Uplink      string   // the interface of the host by which it reaches what lies outside; "" for none
	Gateway     string   // the machine that is the way to what lies behind its gateway; "" for none
}

// InForce tells whether it holds what it must.
func (h *Held) InForce() bool { return len(h.Problems)+len(h.Differences) == 0 }
