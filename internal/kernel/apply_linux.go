package kernel

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"isle/netpol/layout"
)

// rounds bounds how often what was changed is read again and mended: a change can take
// along what the kernel ties to it, such as the routes of an address.
const rounds = 3

// Kernel is the part of the machine's kernel that has one tag. It may be used by many
// goroutines; changes are made one after the other.
type Kernel struct {
	options Options

	mu sync.Mutex
	// layout is what was applied last; guarded by mu.
	layout *layout.Layout
	// known is what namespaces are that were read and not changed since; guarded by mu.
	known map[string]*namespaceState
	// judged tells the firewalls whose open flows were judged; guarded by mu.
	judged map[string]bool
}

// Open returns the part of the kernel that has a tag, as it was left. It changes
// nothing.
func Open(o Options) (*Kernel, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Kernel{options: o, layout: &layout.Layout{}, known: map[string]*namespaceState{}, judged: map[string]bool{}}, nil
}

// Apply makes the kernel hold what a layout says, and nothing else of this tag.
// Namespaces that the last Apply left right, and that the layout leaves as they are, are
// not looked at. The error joins those of the networks that could not be changed as a
// whole; the others are.
func (k *Kernel) Apply(ctx context.Context, want *layout.Layout) (*Applied, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.forgetChanged(want); err != nil {
		return nil, err
	}
	k.layout = want
	applied := &Applied{}
	for range rounds {
		p, err := k.plan()
		if err != nil {
			return applied, err
		}
		applied.Waiting = p.waiting
		k.judgeAnew(p)
		if len(p.works) == 0 {
			return applied, nil
		}
		applied.Changes = append(applied.Changes, p.differences()...)
		if err := k.carryOut(ctx, p); err != nil {
			return applied, err
		}
	}
	p, err := k.plan()
	if err == nil && len(p.works) > 0 {
		err = fmt.Errorf("kernel: what was changed does not stay: %s", p.differences()[0])
	}
	return applied, err
}

// plan compares the layout with what is, reading what is not known.
func (k *Kernel) plan() (*plan, error) {
	names, err := listNames(k.options.Tag)
	if err != nil {
		return nil, fmt.Errorf("kernel: list %s: %w", folder, err)
	}
	have, err := readState(k.options.Tag, k.layout, names, k.known)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	k.known = have.namespaces
	return compare(k.layout, have), nil
}

// forgetChanged forgets what is known of the namespaces that a layout changes, or that
// others can change, and of whole networks where one has lost its name.
func (k *Kernel) forgetChanged(want *layout.Layout) error {
	names, err := listNames(k.options.Tag)
	if err != nil {
		return fmt.Errorf("kernel: list %s: %w", folder, err)
	}
	damaged := map[string]bool{}
	for _, n := range k.layout.Namespaces {
		if !slices.Contains(names, n.Name) {
			damaged[n.Network] = true
		}
	}
	for i := range want.Namespaces {
		n := &want.Namespaces[i]
		before, ok := k.layout.Find(n.Name)
		if !ok || damaged[n.Network] || !reflect.DeepEqual(n, before) || slices.ContainsFunc(n.Links, isGiven) {
			delete(k.known, n.Name)
		}
	}
	for name := range k.known {
		if _, ok := want.Find(name); !ok {
			delete(k.known, name)
		}
	}
	return nil
}

// judgeAnew has the flows of firewalls judged that this process has not judged yet: the
// one before may have ended between a new filter and its judgement.
func (k *Kernel) judgeAnew(p *plan) {
	for i := range k.layout.Namespaces {
		n := &k.layout.Namespaces[i]
		if n.Role != layout.Firewall || k.judged[n.Name] {
			continue
		}
		at := slices.IndexFunc(p.works, func(w *work) bool { return w.name == n.Name })
		if at < 0 {
			p.works = append(p.works, &work{name: n.Name, want: n, judgeFlows: true})
			continue
		}
		p.works[at].judgeFlows = true
	}
}

// carryOut does what is planned, network by network, and forgets what was known of the
// namespaces that it changed.
func (k *Kernel) carryOut(ctx context.Context, p *plan) error {
	networks := map[string][]*work{}
	var order []string
	for _, w := range p.works {
		network := ""
		if w.want != nil {
			network = w.want.Network
		}
		if networks[network] == nil {
			order = append(order, network)
		}
		networks[network] = append(networks[network], w)
		delete(k.known, w.name)
	}
	var failed []error
	for _, network := range order {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(failed, err)...)
		}
		c := &change{kernel: k, works: networks[network], spaces: map[string]*space{}, failed: map[string]bool{}}
		err := c.carryOut(ctx)
		c.close()
		if err != nil {
			failed = append(failed, fmt.Errorf("kernel: network %s: %w", network, err))
		}
	}
	return errors.Join(failed...)
}

// Down removes everything of the tag.
func (k *Kernel) Down(ctx context.Context) error {
	_, err := k.Apply(ctx, &layout.Layout{})
	return err
}

// Down removes everything of a tag, also where no server has it any more.
func Down(ctx context.Context, tag string) error {
	k, err := Open(Options{Tag: tag})
	if err != nil {
		return err
	}
	return k.Down(ctx)
}
