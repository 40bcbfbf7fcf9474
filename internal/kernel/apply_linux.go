package kernel

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

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
	// layout is what was applied last, and applied how often that was; guarded by mu.
	layout  *layout.Layout
	applied int
	// known is what namespaces are that were read and not changed since; guarded by mu.
	known map[string]*namespaceState
	// judged tells the firewalls whose open flows were judged; guarded by mu.
	judged map[string]bool
	// outside is what the things of others were when the last Apply began; guarded by mu.
	outside map[string]string
	// elements are those that name sets shall have, and filled those that they were given,
	// by namespace; guarded by mu.
	elements Elements
	filled   Elements
}

// Open returns the part of the kernel that has a tag, as it was left. It changes
// nothing.
func Open(o Options) (*Kernel, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Kernel{options: o, layout: &layout.Layout{}, known: map[string]*namespaceState{}, judged: map[string]bool{}, filled: Elements{}}, nil
}

// Apply makes the kernel hold what a layout says, and nothing else of this tag.
// Namespaces that the last Apply left right, and that the layout leaves as they are, are
// not looked at. The error joins those of the networks that could not be changed as a
// whole; the others are.
func (k *Kernel) Apply(ctx context.Context, want *layout.Layout) (*Applied, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	applied, err := k.apply(ctx, want)
	return applied, errors.Join(err, k.deadUplinks())
}

func (k *Kernel) apply(ctx context.Context, want *layout.Layout) (*Applied, error) {
	if err := k.forgetChanged(want); err != nil {
		return nil, err
	}
	k.layout = want
	k.applied++
	k.outside = lookOutside(want)
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
		for _, d := range p.differences() {
			applied.Changes = append(applied.Changes, d.String())
		}
		if err := k.carryOut(ctx, p); err != nil {
			return applied, fmt.Errorf("kernel: %w", err)
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
	damaged, of := map[string]bool{}, islands(k.layout)
	for _, n := range k.layout.Namespaces {
		if !slices.Contains(names, n.Name) {
			damaged[of[n.Network]] = true
		}
	}
	now := islands(want)
	for i := range want.Namespaces {
		n := &want.Namespaces[i]
		before, ok := k.layout.Find(n.Name)
		if !ok || damaged[of[n.Network]] || of[n.Network] != now[n.Network] || !reflect.DeepEqual(n, before) || slices.ContainsFunc(n.Links, isGiven) {
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

// islands tells of each network of a layout which of those are one island: links lead
// from one to the other. An island is called by the first of them.
func islands(l *layout.Layout) map[string]string {
	networks := map[string]string{} // by namespace
	island := map[string]string{}
	for i := range l.Namespaces {
		n := &l.Namespaces[i]
		networks[n.Name], island[n.Network] = n.Network, n.Network
	}
	for i := range l.Namespaces {
		n := &l.Namespaces[i]
		for _, link := range n.Links {
			other, there := networks[link.Peer.Namespace]
			if !there || island[other] == island[n.Network] {
				continue
			}
			low, high := min(island[other], island[n.Network]), max(island[other], island[n.Network])
			for network, of := range island {
				if of == high {
					island[network] = low
				}
			}
		}
	}
	return island
}

// carryOut does what is planned and forgets what was known of the namespaces that it
// changes. Networks that no link connects are changed side by side.
func (k *Kernel) carryOut(ctx context.Context, p *plan) error {
	if slices.ContainsFunc(p.works, func(w *work) bool { return w.create }) {
		if err := shareFolder(); err != nil {
			return err
		}
	}
	changes := k.changes(p)
	failed := make([]error, len(changes))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range changes {
		group.Go(func() error {
			defer c.close()
			failed[i] = c.carryOut(ctx)
			return nil
		})
	}
	group.Wait()
	for _, c := range changes {
		for _, name := range c.judged {
			k.judged[name] = true
		}
		for _, name := range c.loaded {
			k.filled[name] = k.elements[name]
		}
	}
	return errors.Join(failed...)
}

// changes splits a plan by islands. What is to go belongs to none, and is one change.
func (k *Kernel) changes(p *plan) []*change {
	of := islands(k.layout)
	changes := map[string]*change{}
	var list []*change
	for _, w := range p.works {
		island := ""
		if w.want == nil {
			delete(k.judged, w.name)
			delete(k.filled, w.name)
		} else {
			island = of[w.want.Network]
		}
		c := changes[island]
		if c == nil {
			c = &change{options: k.options, elements: k.elements, spaces: map[string]*space{}, failed: map[string]bool{}, outside: map[layout.End]error{}}
			changes[island] = c
			list = append(list, c)
		}
		c.works = append(c.works, w)
		delete(k.known, w.name)
	}
	return list
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
