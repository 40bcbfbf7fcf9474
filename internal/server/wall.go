package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/kernel"
	"isle/internal/logic"
	"isle/internal/network"
	"isle/netpol"
	"isle/netpol/layout"
)

// wall keeps the kernel in step with what is stored: the policy of the networks, and
// where environments are. One goroutine brings the kernel to what is stored now, again
// after each change; changes meanwhile are one. What fails is tried again, and told
// by whatever asks.
type wall struct {
	policies   *network.Policies
	placements func() (map[string]*logic.Placement, error) // of all environments, by store id
	placement  func(environment string) (*logic.Placement, error)
	refused    error // why this machine's kernel can hold nothing; nil: it can
	kernel     *kernel.Kernel
	tag        string
	log        *slog.Logger
	// stands is told after each apply what the kernel holds now.
	stands func(*standing) error

	wake chan struct{} // has room for one
	now  atomic.Pointer[standing]

	mu     sync.Mutex
	looked chan struct{} // closed when the wall has looked, and replaced; guarded by mu
}

// standing is what the kernel holds, or holds of it. It never changes.
type standing struct {
	policy     *network.Snapshot
	placements map[string]*logic.Placement
	held       dataplane.Held
	layout     *layout.Layout
	waiting    []string // namespaces and taps of others that are not there
	err        error    // what of it the kernel does not hold, and why
	at         time.Time
}

const (
	// wallEvery is how often the wall looks for what nobody told it of, and tries again
	// what failed.
	wallEvery = time.Second
	// wallProves is after how long the kernel is brought to what it holds again, should
	// somebody else have changed it.
	wallProves = time.Minute
	// wallPatience is how long one change of the kernel may take: who waits for it would
	// wait for a command that hangs.
	wallPatience = 2 * time.Minute
)

// KernelTag tells the namespaces of one data folder's server from those of others.
func KernelTag(data string) (string, error) {
	path, err := filepath.Abs(data)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:5]), nil
}

// open prepares the kernel; what keeps it from holding anything is refused.
func (w *wall) open(data string) error {
	w.wake, w.looked = make(chan struct{}, 1), make(chan struct{})
	var err error
	if w.tag, err = KernelTag(data); err != nil {
		return err
	}
	if w.refused == nil {
		w.kernel, w.refused = kernel.Open(kernel.Options{Tag: w.tag, Denied: w.denied})
	}
	return nil
}

// protocols are those of flows, by their numbers in IP.
var protocols = map[uint8]netpol.Protocol{1: netpol.ICMP, 6: netpol.TCP, 17: netpol.UDP, 50: netpol.ESP, 51: netpol.AH}

// denied tells whether a firewall denies an open flow now: those end (network.md
// §C7.3). Other changes leave open flows alone.
func (w *wall) denied(firewall string, f kernel.Flow) bool {
	policy, err := w.policies.Current()
	if err != nil {
		return true
	}
	for _, n := range policy.Policy.Networks() {
		d := n.Evaluate(netpol.Flow{Protocol: protocols[f.Protocol], Source: f.Source.Addr(), SourcePort: f.Source.Port(), Destination: f.Destination.Addr(), DestinationPort: f.Destination.Port()})
		if strings.EqualFold(d.Firewall, firewall) {
			return !d.Allowed() && d.Reason != netpol.NameUnknown // what went by its name goes on
		}
	}
	return false
}

// nudge has the wall look now.
func (w *wall) nudge() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run keeps the kernel in step until the context ends. The kernel then stays as it is.
func (w *wall) run(ctx context.Context) {
	if w.refused != nil {
		return
	}
	tick := time.NewTicker(wallEvery)
	defer tick.Stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if err := kernel.Watch(ctx, w.named); err != nil {
			w.log.Warn("namespaces that come and go are noticed a second later", "error", err)
		}
	}()
	defer func() { <-watched }()
	for {
		w.step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-tick.C:
		}
	}
}

// named is told that some namespace has got or lost its name. What fails makes and removes
// some, and is tried again in its own time.
func (w *wall) named() {
	if st := w.now.Load(); st != nil && st.err == nil {
		w.nudge()
	}
}

// step brings the kernel to what is stored, if it is not there.
func (w *wall) step(ctx context.Context) {
	policy, err := w.policies.Current()
	if err != nil {
		w.stand(&standing{err: err}) // everything is denied in front
		return
	}
	placements, err := w.placements()
	if err != nil {
		w.stand(&standing{err: err}) // the same
		return
	}
	next := &standing{policy: policy, placements: placements, at: time.Now()}
	was := w.now.Load()
	if was != nil && was.err == nil && len(was.waiting) == 0 && was.policy.SameResources(policy) && maps.Equal(was.placements, next.placements) && time.Since(was.at) < wallProves && !w.kernel.Changed() {
		if was.policy == policy {
			w.tell()
			return
		}
		next := new(*was) // only names have other addresses
		next.policy = policy
		limited, cancel := context.WithTimeout(ctx, wallPatience)
		defer cancel()
		if next.err = w.fill(limited, next); ctx.Err() == nil {
			w.stand(next)
		}
		return
	}
	var before *layout.Layout
	if was != nil {
		before = was.layout
	}
	var problems error
	next.layout, problems = layout.CompileApart(next.input(), before)
	limited, cancel := context.WithTimeout(ctx, wallPatience)
	defer cancel()
	applied, err := w.kernel.Apply(limited, next.layout)
	if applied != nil {
		next.waiting = applied.Waiting
		w.log.Debug("the kernel was changed", "changes", applied.Changes)
	}
	next.err = errors.Join(problems, err, w.fill(limited, next))
	if ctx.Err() != nil {
		return
	}
	next.hold(w.tag)
	if err := w.stands(next); err != nil {
		next.err = errors.Join(next.err, err)
	}
	w.stand(next)
}

// fill has the filters of firewalls know the addresses of names.
func (w *wall) fill(ctx context.Context, st *standing) error {
	if st.layout == nil {
		return nil
	}
	return w.kernel.Fill(ctx, st.layout.Elements(st.policy.Names()))
}

// stand publishes what the kernel holds, and tells once of what begins and ends to fail.
func (w *wall) stand(next *standing) {
	was := w.now.Load()
	if next.policy == nil && was != nil { // what the kernel holds, it goes on to hold
		failed := next.err
		next = new(*was)
		next.err = failed
	}
	switch had := was != nil && was.err != nil; {
	case next.err != nil && (!had || was.err.Error() != next.err.Error()):
		w.log.Error("the kernel does not hold the networks as they are stored; it is tried again", "error", next.err)
	case next.err == nil && had:
		w.log.Warn("the kernel holds the networks again")
	}
	w.now.Store(next)
	w.tell()
}

// tell has everybody who waits look again.
func (w *wall) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.looked)
	w.looked = make(chan struct{})
}

// parts are the names of components in layouts, by component.
var parts = [...]string{dataplane.AccessEndpoint: "access-endpoint", dataplane.BuiltIn: "built-in", dataplane.Connectors: "connectors", dataplane.Management: "management", dataplane.Cache: "cache"}

// input is what a layout is made from.
func (s *standing) input() layout.Input {
	in := layout.Input{Model: s.policy.Model(), Policy: s.policy.Policy}
	for id, p := range s.placements {
		place := dataplane.Place{Ranges: p.Ranges}
		e := layout.Environment{ID: p.Resource, Store: id, Network: p.Network}
		for c, name := range parts {
			if a, ok := place.Address(dataplane.Component(c)); ok {
				e.Parts = append(e.Parts, layout.Part{Name: name, Subnet: p.Subnets[dataplane.Component(c).Subnet()], Address: a})
			}
		}
		in.Environments = append(in.Environments, e)
	}
	for _, a := range s.policy.Attached() {
		in.Attachments = append(in.Attachments, layout.Attachment(a))
	}
	for _, u := range s.policy.Uplinks() {
		in.Uplinks = append(in.Uplinks, layout.NetworkUplink(u))
	}
	return in
}

// hold notes what the layout has, as the data plane asks for it.
func (s *standing) hold(tag string) {
	h := dataplane.Held{Namespaces: map[string]dataplane.Namespaces{}, Ports: map[string]map[netip.Addr]bool{}, Machines: map[string]dataplane.Namespace{}, Firewalls: map[string]dataplane.Namespace{}, Outside: map[string]bool{}, Gateways: map[string]bool{}}
	find := func(name string) dataplane.Namespace { return dataplane.FindNamespace(kernel.Path(tag, name)) }
	port := func(network string, a netip.Addr) {
		network = strings.ToLower(network)
		if h.Ports[network] == nil {
			h.Ports[network] = map[netip.Addr]bool{}
		}
		h.Ports[network][a] = true
	}
	in := s.input()
	for _, e := range in.Environments {
		var all dataplane.Namespaces
		for c, name := range parts {
			all[c] = find(layout.ComponentName(e.Store, name))
		}
		for _, p := range e.Parts {
			port(e.Network, p.Address)
		}
		h.Namespaces[e.Store] = all
	}
	for _, a := range in.Attachments {
		id := strings.ToLower(a.Interface)
		if ns := find(layout.MachineName(a.Interface)); a.Given == "" && ns.Found() {
			h.Machines[id] = ns
		}
		for _, nic := range in.Model.Interfaces {
			if !strings.EqualFold(nic.ID, a.Interface) {
				continue
			}
			network := networkOfSubnet(nic.Subnet)
			for _, address := range nic.Addresses {
				port(network, address)
			}
			h.Gateways[strings.ToLower(network)] = h.Gateways[strings.ToLower(network)] || a.Gateway
		}
	}
	for i := range in.Model.Firewalls {
		f := &in.Model.Firewalls[i]
		h.Firewalls[strings.ToLower(f.ID)] = find(layout.FirewallName(f.ID))
		if home, ok := in.Policy.Network(networkOfSubnet(f.Subnet)); ok {
			if filter, there := home.Firewall(f.ID); there && filter.DNS.Proxy {
				port(home.ID(), f.PrivateIP)
			}
		}
	}
	for _, u := range in.Uplinks {
		h.Outside[strings.ToLower(u.Network)] = true
	}
	for network, gateway := range in.LentGateways() {
		h.Gateways[network] = h.Gateways[gateway] || h.Outside[gateway]
	}
	s.held = h
}

func networkOfSubnet(id string) string {
	subnet, err := arm.ParseID(id)
	if err != nil {
		return ""
	}
	network, _ := subnet.Parent()
	return network.String()
}

// routers are the namespaces of networks, by the networks' IDs.
func (s *standing) routers(tag string) map[string]dataplane.Namespace {
	list := map[string]dataplane.Namespace{}
	if s.layout == nil {
		return list
	}
	for i := range s.layout.Namespaces {
		if n := &s.layout.Namespaces[i]; n.Role == layout.Router {
			list[n.Network] = dataplane.FindNamespace(kernel.Path(tag, n.Name))
		}
	}
	return list
}

// Held implements dataplane.Wall.
func (w *wall) Held(ctx context.Context, environment string) (*dataplane.Held, error) {
	st, err := w.settled(ctx, environment)
	if err != nil {
		return nil, err
	}
	if _, there := st.held.Namespaces[environment]; !there && environment != "" {
		return nil, errors.Join(errors.New("the environment is not in it"), st.err)
	}
	return &st.held, nil
}

// settled waits until what is stored now was brought to the kernel, or has failed to be.
// Where the environment is, is asked each time: it can change meanwhile, and then the
// kernel never holds what was.
func (w *wall) settled(ctx context.Context, environment string) (*standing, error) {
	if w.refused != nil {
		return nil, w.refused
	}
	policy, err := w.policies.Current()
	for asked := false; err == nil; asked = true {
		w.mu.Lock()
		looked := w.looked
		w.mu.Unlock()
		st := w.now.Load()
		if st != nil && st.policy != nil && st.policy.Revision >= policy.Revision {
			if environment == "" {
				return st, nil
			}
			if is, err := w.placement(environment); err != nil || st.placements[environment] == is {
				return st, err
			}
		}
		if !asked { // once: what never comes about must not keep both busy
			w.nudge()
		}
		select {
		case <-looked:
			_, err = w.policies.Current() // without one the kernel gets no other
		case <-ctx.Done():
			return nil, fmt.Errorf("what is stored is not in force there yet: %w", ctx.Err())
		}
	}
	return nil, err
}

// prepareWait is how long a new environment waits for a kernel that does not take its
// network.
const prepareWait = 10 * time.Second

// prepare has a new environment wait until the kernel holds it.
func (w *wall) prepare(ctx context.Context, environment string) error {
	limited, cancel := context.WithTimeout(ctx, prepareWait)
	defer cancel()
	for {
		st, err := w.settled(limited, environment)
		if err == nil {
			err = st.failure(environment)
		}
		if err == nil {
			return nil
		}
		if w.refused == nil && limited.Err() == nil {
			select {
			case <-limited.Done():
			case <-time.After(wallEvery):
			}
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err() // the server stops: again after its next start
		}
		return &arm.Error{Status: 500, Code: "NetworkIsolationFailed", Cause: err,
			Message: "The kernel of this machine does not hold the environment's virtual network, as --dataplane kernel asks for: " + err.Error() + ". Mend that and send the request again, or start the server with --dataplane inproc, which isolates less."}
	}
}

// failure is what the kernel does not hold of an environment's network; what is wrong
// with others is theirs.
func (s *standing) failure(environment string) error {
	p := s.placements[environment]
	if p == nil {
		return errors.Join(errors.New("the environment is not in it"), s.err)
	}
	return concerning(s.err, p.Network)
}

// concerning leaves out of an error what other networks alone have.
func concerning(err error, network string) error {
	switch e := err.(type) {
	case *layout.NetworkError:
		if strings.EqualFold(e.Network, network) {
			return e
		}
		return nil
	case interface{ Unwrap() []error }:
		var found []error
		for _, one := range e.Unwrap() {
			found = append(found, concerning(one, network))
		}
		return errors.Join(found...)
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil && concerning(inner, network) == nil {
			return nil
		}
	}
	return err
}

// Isolation implements dataplane.Wall.
func (w *wall) Isolation(environment string) dataplane.Isolation {
	i := dataplane.Isolation{Mode: DataPlaneKernel}
	st := w.now.Load()
	var failed error
	switch {
	case st == nil:
	case environment == "":
		failed = st.err
	default:
		failed = st.failure(environment)
	}
	switch {
	case w.refused != nil:
		i.Reasons = []string{"The kernel of this machine was asked to hold the networks, and cannot: " + w.refused.Error() + ". Nothing leaves environments, and no new one can be made."}
	case st == nil:
		i.Reasons = []string{"The networks have not been brought to the kernel yet."}
	case failed != nil:
		i.Reasons = []string{"The kernel does not hold the networks as they are stored: " + failed.Error() + "."}
	default:
		i.Isolated = true
	}
	return i
}
