//go:build !linux

package kernel

import (
	"context"
	"runtime"

	"isle/netpol/layout"
)

// Kernel is nothing on this system.
type Kernel struct{}

// Probe says that this system is not Linux.
func Probe(context.Context) []Obstacle {
	return []Obstacle{{Needs: "Linux", Problem: "this system is " + runtime.GOOS}}
}

// Open fails.
func Open(o Options) (*Kernel, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return nil, Unavailable(Probe(context.Background()))
}

// Apply fails.
func (*Kernel) Apply(ctx context.Context, _ *layout.Layout) (*Applied, error) {
	return nil, Unavailable(Probe(ctx))
}

// Elements are those of name sets.
type Elements map[string]map[string][]string

// Fill fails.
func (*Kernel) Fill(ctx context.Context, _ Elements) error { return Unavailable(Probe(ctx)) }

// Log is nothing on this system.
type Log struct{}

// OpenLog fails.
func OpenLog(string, uint16, func(Flow)) (*Log, error) {
	return nil, Unavailable(Probe(context.Background()))
}

// Close does nothing.
func (*Log) Close() error { return nil }

// Status fails.
func (*Kernel) Status(ctx context.Context) (*Status, error) { return nil, Unavailable(Probe(ctx)) }

// Changed is false: nothing is ever applied.
func (*Kernel) Changed() bool { return false }

// Watch fails.
func Watch(ctx context.Context, _ func()) error { return Unavailable(Probe(ctx)) }

// Names are none.
func Names(string) ([]string, error) { return nil, nil }

// Down fails.
func (*Kernel) Down(ctx context.Context) error { return Unavailable(Probe(ctx)) }

// Down fails.
func Down(ctx context.Context, _ string) error { return Unavailable(Probe(ctx)) }
