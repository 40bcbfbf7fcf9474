package network

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// Policies keeps the compiled policy of all networks up to date. Safe for
// concurrent use.
//
// What changes the network counts one up after its commit and before its request
// is answered; who asks for the policy compiles it if the count has moved since. A
// change is therefore in force for whoever has seen its answer, and changes that
// nobody asks after cost nothing.
type Policies struct {
	control *store.DB
	tags    atomic.Pointer[knownFile]
	threats atomic.Pointer[netpol.Threats]
	hosts   atomic.Pointer[[]netpol.NameTag]
	names   atomic.Pointer[netpol.Names] // set while making is held
	log     *slog.Logger
	// resources writes on behalf of callers; set by Bind.
	resources Resources

	changes atomic.Uint64 // committed so far
	latest  atomic.Pointer[outcome]
	making  sync.Mutex // held by the one who compiles
}

// outcome is what a compilation gave: a snapshot, or why there is none.
type outcome struct {
	changes  uint64 // counted before the resources were read
	revision uint64
	content  *content
	compiled *netpol.Policy // without the names that firewalls know
	snapshot *Snapshot
	err      error
}

// Snapshot is the policy of all networks at one moment, and what of their resources
// the data plane must know beside it. It never changes.
type Snapshot struct {
	Revision uint64 // higher than that of every policy before that differed
	Policy   *netpol.Policy
	content  *content
	names    netpol.Names // that the policy's firewalls know
}

// Mapping is an attachment: a real address that stands for a private one.
type Mapping struct {
	Interface string // resource ID
	Private   netip.Addr
	Port      uint16 // 0: every port, and calls that come from Real
	Real      netip.Addr
	RealPort  uint16 // 0 where Port is
}

// Egress is how flows with a public address as their source leave the host: bound to
// a local address, or through a proxy.
type Egress struct {
	PublicIP string // resource ID of the public address, or of its prefix
	Bind     netip.Addr
	Proxy    *url.URL
}

// NewPolicies makes the policies of the networks in a store. The tag file's service
// tags have its prefixes; all others stand for no real address.
func NewPolicies(s *store.Store, tags netpol.TagFile, log *slog.Logger) *Policies {
	if log == nil {
		log = slog.Default()
	}
	p := &Policies{control: s.Control(), log: log}
	p.SetTags(tags)
	return p
}

// Current is the policy as it is now. It compiles if something has changed since the
// last call, once for all who ask meanwhile; otherwise it is an atomic load. The
// error says why there is no policy to go by: deny everything.
func (p *Policies) Current() (*Snapshot, error) {
	if o := p.fresh(); o != nil {
		return o.snapshot, o.err
	}
	p.making.Lock()
	defer p.making.Unlock()
	if o := p.fresh(); o != nil {
		return o.snapshot, o.err
	}
	o, err := p.compile()
	if err != nil {
		return nil, err // the resources could not be read: the next one tries again
	}
	p.latest.Store(o)
	return o.snapshot, o.err
}

// Latest is for those who hold a transaction and so must not wait for one who needs
// one: the policy as it is now, or the one before while another is compiling; nil if
// there is none.
func (p *Policies) Latest() *Snapshot {
	if p.fresh() == nil && p.making.TryLock() {
		defer p.making.Unlock()
		if o, err := p.compile(); err == nil {
			p.latest.Store(o)
		}
	}
	if o := p.latest.Load(); o != nil {
		return o.snapshot
	}
	return nil
}

func (p *Policies) fresh() *outcome {
	if o := p.latest.Load(); o != nil && o.changes == p.changes.Load() {
		return o
	}
	return nil
}

// compile reads all resources and compiles them, unless they say what they said
// before. Its error is that they could not be read.
func (p *Policies) compile() (*outcome, error) {
	o := &outcome{changes: p.changes.Load(), revision: 1}
	err := p.control.Read(context.Background(), func(tx *store.Tx) (err error) {
		o.content, err = readContent(tx, p.tags.Load().file, p.knownThreats(), p.nameTags())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("network policy: %w", err)
	}
	if last := p.latest.Load(); last != nil {
		if reflect.DeepEqual(last.content, o.content) {
			o.revision, o.compiled, o.snapshot, o.err = last.revision, last.compiled, last.snapshot, last.err
			o.content = last.content // who compares snapshots sees that it is the same
			return o, nil
		}
		o.revision = last.revision + 1
	}
	policy, err := netpol.Compile(&o.content.model)
	if err != nil {
		o.err = fmt.Errorf("network policy: %w", err)
		p.log.Error("the network policy does not compile: everything is denied", "problems", err)
		return o, nil
	}
	o.compiled = policy
	names := p.knownNames()
	o.snapshot = &Snapshot{Revision: o.revision, Policy: policy.WithNames(names), content: o.content, names: names}
	return o, nil
}

// SetNames says what firewalls know of names from now on. Nothing is compiled for it. The
// caller must not change it any more.
func (p *Policies) SetNames(names netpol.Names) {
	p.making.Lock()
	defer p.making.Unlock()
	p.names.Store(&names)
	last := p.latest.Load()
	if last == nil || last.compiled == nil {
		return // whoever compiles next takes them up
	}
	next := *last
	next.revision++
	next.snapshot = &Snapshot{Revision: next.revision, Policy: last.compiled.WithNames(names), content: last.content, names: names}
	p.latest.Store(&next)
}

func (p *Policies) knownNames() netpol.Names {
	if names := p.names.Load(); names != nil {
		return *names
	}
	return netpol.Names{}
}

// Names are what the firewalls of the snapshots from now on know.
func (p *Policies) Names() netpol.Names { return p.knownNames() }

// Names are what the snapshot's firewalls know. The caller must not change it.
func (s *Snapshot) Names() *netpol.Names { return &s.names }

// SameResources tells whether two snapshots differ at most in the names that firewalls
// know.
func (s *Snapshot) SameResources(other *Snapshot) bool {
	return s != nil && other != nil && s.content == other.content
}

// knownFile is a file of service tags, and the names that rules may use.
type knownFile struct {
	file  netpol.TagFile
	names tagNames
}

// SetTags says what service tags stand for from now on; rules that name one that the file
// does not have stay, and concern no real address. The caller must not change the file
// any more.
func (p *Policies) SetTags(file netpol.TagFile) {
	p.tags.Store(&knownFile{file, knownTags(file)})
	p.changed()
}

// SetThreats says what firewalls know as threats from now on. The caller must not change
// it any more.
func (p *Policies) SetThreats(t netpol.Threats) {
	p.threats.Store(&t)
	p.changed()
}

// SetNameTags says what FQDN tags stand for from now on; rules that name one that is not
// there stay, and have no names by it. The caller must not change them any more.
func (p *Policies) SetNameTags(tags []netpol.NameTag) {
	p.hosts.Store(&tags)
	p.changed()
}

func (p *Policies) nameTags() []netpol.NameTag {
	if tags := p.hosts.Load(); tags != nil {
		return *tags
	}
	return netpol.DefaultNameTags()
}

func (p *Policies) knownThreats() netpol.Threats {
	if t := p.threats.Load(); t != nil {
		return *t
	}
	return netpol.Threats{}
}

// changed counts a change that is durable.
func (p *Policies) changed() { p.changes.Add(1) }

// watch makes every change of a type's resources a change of the policy.
func (p *Policies) watch(t arm.Type) arm.Type {
	t.Put, t.Patch = p.watchWrite(t.Put), p.watchWrite(t.Patch)
	t.TagsByPatch = t.Patch != nil
	if remove := t.Delete; remove != nil {
		t.Delete = func(ctx context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
			tx.AfterCommit(p.changed)
			return remove(ctx, tx, r)
		}
	}
	if move := t.Move; move != nil {
		t.Move = func(ctx context.Context, tx *store.Tx, r *arm.MoveRequest) error {
			tx.AfterCommit(p.changed)
			return move(ctx, tx, r)
		}
	}
	return t
}

type writeHook func(context.Context, *store.Tx, *arm.PutRequest) (*arm.Written, error)

func (p *Policies) watchWrite(write writeHook) writeHook {
	if write == nil {
		return nil
	}
	return func(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
		tx.AfterCommit(p.changed)
		return write(ctx, tx, r)
	}
}

// Mappings are the attachments of a network.
func (s *Snapshot) Mappings(network string) []Mapping {
	return slices.Clone(s.content.mappings[strings.ToLower(network)])
}

// Guests are the machines of a network that nothing but the kernel reaches, by each of
// their addresses: paths of namespaces, and names of taps. The caller must not change it.
func (s *Snapshot) Guests(network string) map[netip.Addr]string {
	return s.content.guests[strings.ToLower(network)]
}

// NameServers are those of a network; none: the platform's.
func (s *Snapshot) NameServers(network string) []netip.Addr {
	i := slices.IndexFunc(s.content.model.Networks, func(n netpol.VirtualNetwork) bool { return strings.EqualFold(n.ID, network) })
	if i < 0 {
		return nil
	}
	return s.content.model.Networks[i].DNSServers
}

// Model is what the policy was compiled from, Attached who answers for its interfaces,
// and Uplinks how its networks reach what lies outside. The caller must not change them.
func (s *Snapshot) Model() *netpol.Model { return &s.content.model }
func (s *Snapshot) Attached() []Attached { return s.content.attached }
func (s *Snapshot) Uplinks() []Uplink    { return s.content.uplinks }

// Egress is how flows leave that have a public address as their source, by that
// address. The caller must not change it.
func (s *Snapshot) Egress() map[netip.Addr]Egress { return s.content.egress }

// Outgoing are the static public addresses as which the flows of a subnet leave for
// the Internet: those with egress of its NAT gateway and of the firewalls that its routes
// lead to, and all of them where the network has an uplink and the kernel holds it. It
// is empty if nothing claims any.
func (s *Snapshot) Outgoing(network, subnet string, kernel bool) []netip.Addr {
	n, ok := s.Policy.Network(network)
	if !ok {
		return nil
	}
	out := kernel && slices.ContainsFunc(s.content.uplinks, func(u Uplink) bool { return strings.EqualFold(u.Network, network) })
	var found []netip.Addr
	for _, r := range n.EffectiveRoutes(subnet) {
		if !r.Active || !leaves(r.Prefix) {
			continue
		}
		for _, a := range s.publicOf(network, subnet, &r) {
			if _, egress := s.content.egress[a]; (egress || out) && !slices.Contains(found, a) {
				found = append(found, a)
			}
		}
	}
	return found
}

// publicOf are the public addresses of what a route of a subnet leads through. A NAT
// gateway of a firewall's subnet has the last word.
func (s *Snapshot) publicOf(network, subnet string, r *netpol.EffectiveRoute) []netip.Addr {
	switch r.NextHop {
	case netpol.Internet:
		return s.natOf(subnet)
	case netpol.VirtualAppliance:
		home, ok := s.Policy.Network(network)
		if !ok {
			return nil
		}
		for _, n := range home.Reach() { // a firewall of the network, or of a peered one
			at, ok := n.SubnetOf(r.NextHopIP)
			if !ok {
				continue
			}
			if nat := s.natOf(at); len(nat) > 0 {
				return nat
			}
			public := s.content.outgoing[firewallAt{strings.ToLower(n.ID()), r.NextHopIP}]
			return public[:min(1, len(public))] // it leaves with the first one
		}
	}
	return nil
}

func (s *Snapshot) natOf(subnet string) []netip.Addr {
	if _, at := s.content.subnet(subnet); at != nil {
		return at.NAT.Of(true)
	}
	return nil
}

// leaves tells whether a route's prefix has addresses of the Internet.
func leaves(p netip.Prefix) bool {
	return !slices.ContainsFunc(privateSpace, func(private netip.Prefix) bool { return Within(p, private) })
}

// privateSpace is what no flow leaves for under a public address (network.md §A6).
var privateSpace = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

// DNSServers are the name servers of a network as they are set now, in their order;
// none means the host's resolver. A network that is not there is store.ErrNotFound.
func DNSServers(tx *store.Tx, network string) ([]netip.Addr, error) {
	r, err := arm.Load(tx, network)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(r.Type, typeNetworks) {
		return nil, store.ErrNotFound
	}
	form, err := decode[Network](r)
	if err != nil {
		return nil, err
	}
	return form.servers()
}

// servers are the network's name servers. What is stored has been checked, in the
// way it is read here.
func (n *Network) servers() ([]netip.Addr, error) {
	var given struct {
		Options struct {
			Servers []string `json:"dnsServers"`
		} `json:"dhcpOptions"`
	}
	if err := json.Unmarshal(n.Settings.JSON(), &given); err != nil {
		return nil, fmt.Errorf("network: DNS servers: %w", err)
	}
	var list []netip.Addr
	for _, text := range given.Options.Servers {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("network: DNS server %q: %w", text, err)
		}
		list = append(list, a.Unmap())
	}
	return list, nil
}
