package kernel

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"isle/netpol/layout"
)

// plan is what turns a state into a layout.
type plan struct {
	works   []*work // of namespaces that change; routers first, then firewalls, by name
	waiting []string
}

// work is what one namespace needs.
type work struct {
	name   string
	want   *layout.Namespace // nil: the namespace is to go
	broken bool              // its name must be removed before it is made
	create bool

	settings   []setting
	loopback   bool // to be brought up
	dropLinks  []string
	makeLinks  []newLink
	setLinks   []linkWork // by name
	loadFilter bool
	addRules   []layout.RoutingRule
	dropRules  []layout.RoutingRule
	setRoutes  []layout.Route // those that others need first
	dropRoutes []layout.Route
	// judgeFlows has the open flows of a firewall asked again.
	judgeFlows bool
}

// newLink is a link to be made. Of a pair, one of both ends has it.
type newLink struct {
	layout.Link
	alias string
}

// linkWork is what a link that is there, or was just made, needs.
type linkWork struct {
	name          string
	dropAddresses []netip.Prefix
	addAddresses  []netip.Prefix
	settings      []setting
	mtu           int // 0: stays
	up            bool
	// Both ends of a pair are told each other's hardware address: nobody has to ask for
	// it first, and the kernel's table of those that it asked for, which is one for the
	// whole host, stays empty (network.md §B1).
	peer           layout.End
	addNeighbours  []netip.Addr
	dropNeighbours []netip.Addr
}

func (w linkWork) empty() bool {
	return len(w.dropAddresses)+len(w.addAddresses)+len(w.settings)+len(w.addNeighbours)+len(w.dropNeighbours) == 0 && w.mtu == 0 && !w.up
}

// compare plans the way from what is to what must be.
func compare(want *layout.Layout, have *state) *plan {
	c := &comparison{want: map[string]*layout.Namespace{}, have: have, ends: map[layout.End]bool{}, plan: &plan{}}
	for i := range want.Namespaces {
		c.want[want.Namespaces[i].Name] = &want.Namespaces[i]
	}
	for _, name := range slices.Sorted(maps.Keys(have.namespaces)) {
		if c.want[name] == nil {
			c.plan.works = append(c.plan.works, &work{name: name})
		}
	}
	for _, n := range inOrder(want) {
		w := c.namespace(n)
		if !w.empty() {
			c.plan.works = append(c.plan.works, w)
		}
	}
	slices.Sort(c.plan.waiting)
	return c.plan
}

// inOrder lists the namespaces of a layout, those that filter first.
func inOrder(l *layout.Layout) []*layout.Namespace {
	list := make([]*layout.Namespace, len(l.Namespaces))
	for i := range l.Namespaces {
		list[i] = &l.Namespaces[i]
	}
	slices.SortStableFunc(list, func(a, b *layout.Namespace) int {
		return cmp.Or(cmp.Compare(order(a.Role), order(b.Role)), cmp.Compare(a.Name, b.Name))
	})
	return list
}

func (w *work) empty() bool {
	return w.want != nil && !w.broken && !w.create && !w.loadFilter && !w.loopback && len(w.settings)+len(w.dropLinks)+len(w.makeLinks)+
		len(w.setLinks)+len(w.addRules)+len(w.dropRules)+len(w.setRoutes)+len(w.dropRoutes) == 0
}

// comparison keeps what is known while a plan is made.
type comparison struct {
	want map[string]*layout.Namespace
	have *state
	plan *plan
	ends map[layout.End]bool // ends of pairs that another namespace's work makes
}

// namespace plans the work of one namespace.
func (c *comparison) namespace(n *layout.Namespace) *work {
	w := &work{name: n.Name, want: n}
	have := c.have.namespaces[n.Name]
	if have == nil || have.broken {
		w.broken = have != nil
		w.create = true
		have = &namespaceState{}
	}
	w.settings = differing(settingsOf(n), have.settings, w.create)
	w.loopback = !have.loopbackUp
	left := c.links(w, have)
	w.loadFilter = generation(n.Filter) != have.filter || len(have.strangers) > 0
	w.judgeFlows = w.loadFilter && n.Role == layout.Firewall
	c.rules(w, have.rules)
	c.routes(w, left, have.routes)
	return w
}

// differing lists the settings whose value is another one. What this kernel does not
// have cannot differ; in a namespace or a link that is new, everything may.
func differing(want []setting, have map[string]string, all bool) []setting {
	var list []setting
	for _, s := range want {
		value, known := have[s.path]
		if all || known && value != s.value {
			list = append(list, s)
		}
	}
	return list
}

// links plans which links go, come and change, and returns those that stay.
func (c *comparison) links(w *work, have *namespaceState) (left map[string]linkState) {
	left = map[string]linkState{}
	wanted := map[string]bool{}
	for _, l := range w.want.Links {
		alias, there := c.have.identity(l)
		if !there {
			c.plan.waiting = append(c.plan.waiting, l.Parent)
			continue
		}
		wanted[l.Name] = true
		is, ok := have.links[l.Name]
		if ok && c.same(w.name, l, is, alias) {
			left[l.Name] = is
			c.set(w, l, is, false, have.settings)
			continue
		}
		if ok {
			w.dropLinks = append(w.dropLinks, l.Name)
		}
		c.make(w, l, alias)
		c.set(w, l, linkState{}, true, nil)
	}
	for name := range have.links {
		if !wanted[name] {
			w.dropLinks = append(w.dropLinks, name)
		}
	}
	slices.Sort(w.dropLinks)
	return left
}

// same reports whether a link is the one that is wanted.
func (c *comparison) same(namespace string, l layout.Link, is linkState, alias string) bool {
	if is.kind != kernelKind(l) || is.alias != alias {
		return false
	}
	if l.Kind != layout.Veth {
		return true
	}
	other := c.have.namespaces[l.Peer.Namespace]
	if other == nil || other.broken {
		return false
	}
	end, ok := other.links[l.Peer.Link]
	return ok && end.kind == kindVeth && end.peer == is.index && is.peer == end.index
}

// make has a link made, unless it is the other end of one.
func (c *comparison) make(w *work, l layout.Link, alias string) {
	if c.ends[layout.End{Namespace: w.name, Link: l.Name}] {
		return
	}
	if l.Kind == layout.Veth {
		c.ends[l.Peer] = true
	}
	w.makeLinks = append(w.makeLinks, newLink{Link: l, alias: alias})
}

// set plans what a link needs.
func (c *comparison) set(w *work, l layout.Link, is linkState, fresh bool, settings map[string]string) {
	s := linkWork{name: l.Name, settings: differing(linkSettings(l, fresh), settings, fresh), up: !is.up}
	s.dropAddresses = without(is.addresses, l.Addresses)
	s.addAddresses = without(l.Addresses, is.addresses)
	if l.MTU != 0 && l.MTU != is.mtu {
		s.mtu = l.MTU
	}
	if l.Kind == layout.Veth {
		c.neighbours(&s, l, is, fresh)
	}
	if !s.empty() {
		w.setLinks = append(w.setLinks, s)
	}
}

// neighbours plans what a link is told of its other end.
func (c *comparison) neighbours(s *linkWork, l layout.Link, is linkState, fresh bool) {
	s.peer = l.Peer
	hardware := ""
	if other := c.have.namespaces[l.Peer.Namespace]; other != nil {
		hardware = other.links[l.Peer.Link].hardware
	}
	wanted := map[netip.Addr]bool{}
	for _, p := range c.end(l.Peer).Addresses {
		wanted[p.Addr()] = true
		if known, ok := is.neighbours[p.Addr()]; fresh || !ok || known != hardware {
			s.addNeighbours = append(s.addNeighbours, p.Addr())
		}
	}
	for a := range is.neighbours {
		if !wanted[a] {
			s.dropNeighbours = append(s.dropNeighbours, a)
		}
	}
	slices.SortFunc(s.dropNeighbours, netip.Addr.Compare)
}

// end is the link of the layout that is one end of a pair.
func (c *comparison) end(e layout.End) layout.Link {
	if n := c.want[e.Namespace]; n != nil {
		for _, l := range n.Links {
			if l.Name == e.Link {
				return l
			}
		}
	}
	return layout.Link{}
}

// rules plans the routing rules.
func (c *comparison) rules(w *work, have []layout.RoutingRule) {
	w.addRules = without(w.want.Rules, have)
	w.dropRules = without(have, w.want.Rules)
}

// place is what a table has one route for.
type place struct {
	table int
	to    netip.Prefix
}

// routes plans the routes. Those of a link that goes, or is down, have gone with it.
func (c *comparison) routes(w *work, left map[string]linkState, have []layout.Route) {
	is := map[place]layout.Route{}
	for _, r := range have {
		if _, stays := left[r.Link]; r.Link != "" && !stays {
			continue
		}
		at := place{r.Table, r.To}
		if _, twice := is[at]; twice {
			w.dropRoutes = append(w.dropRoutes, r)
			continue
		}
		is[at] = r
	}
	wanted := map[place]bool{}
	for _, r := range w.want.Routes {
		if !c.linked(w.want, r) {
			continue
		}
		at := place{r.Table, r.To}
		wanted[at] = true
		if old, ok := is[at]; !ok || old != r {
			w.setRoutes = append(w.setRoutes, r)
		}
	}
	for at, r := range is {
		if !wanted[at] {
			w.dropRoutes = append(w.dropRoutes, r)
		}
	}
	slices.SortStableFunc(w.setRoutes, first)
	slices.SortFunc(w.dropRoutes, func(a, b layout.Route) int { return -first(a, b) })
}

// linked reports whether the link of a route is one that can be there now.
func (c *comparison) linked(n *layout.Namespace, r layout.Route) bool {
	if r.Link == "" {
		return true
	}
	i := slices.IndexFunc(n.Links, func(l layout.Link) bool { return l.Name == r.Link })
	if i < 0 {
		return true // a mistake, which the kernel will name
	}
	_, there := c.have.identity(n.Links[i])
	return there
}

// first sorts routes so that each next hop is on a link by an earlier one, and what
// drops packets comes before what lets them on.
func first(a, b layout.Route) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Table, b.Table),
		a.To.Addr().Compare(b.To.Addr()), cmp.Compare(a.To.Bits(), b.To.Bits()), cmp.Compare(a.Link, b.Link))
}

func rank(r layout.Route) int {
	switch {
	case r.Link == "":
		return 0
	case !r.Via.IsValid():
		return 1
	}
	return 2
}

// without is what is in the first list only.
func without[T comparable](list, other []T) []T {
	var left []T
	for _, v := range list {
		if !slices.Contains(other, v) {
			left = append(left, v)
		}
	}
	return left
}

// differences says what a plan would change.
func (p *plan) differences() []Difference {
	var list []Difference
	for _, w := range p.works {
		list = append(list, w.differences()...)
	}
	return list
}

func (w *work) differences() []Difference {
	var list []Difference
	network := ""
	if w.want != nil {
		network = w.want.Network
	}
	say := func(format string, a ...any) {
		list = append(list, Difference{w.name, network, fmt.Sprintf(format, a...)})
	}
	if w.want == nil {
		say("the namespace is not wanted")
		return list
	}
	if w.create {
		say("the namespace is missing")
		return list
	}
	if w.loopback {
		say("loopback is down")
	}
	for _, s := range w.settings {
		say("%s is not %s", s.path, s.value)
	}
	for _, l := range w.dropLinks {
		say("link %s is not wanted as it is", l)
	}
	for _, l := range w.makeLinks {
		say("link %s is missing", l.Name)
	}
	for _, l := range w.setLinks {
		say("%s", l.describe())
	}
	if w.loadFilter {
		say("the filter is another one")
	}
	for _, r := range w.addRules {
		say("%s is missing", describeRule(r))
	}
	for _, r := range w.dropRules {
		say("%s is not wanted", describeRule(r))
	}
	for _, r := range w.setRoutes {
		say("%s is missing", describeRoute(r))
	}
	for _, r := range w.dropRoutes {
		say("%s is not wanted", describeRoute(r))
	}
	return list
}

// describe names the first thing that a link lacks.
func (w linkWork) describe() string {
	switch {
	case len(w.addAddresses)+len(w.dropAddresses) > 0:
		return fmt.Sprintf("link %s: addresses %v are missing, %v are not wanted", w.name, w.addAddresses, w.dropAddresses)
	case w.mtu != 0:
		return fmt.Sprintf("link %s: MTU is not %d", w.name, w.mtu)
	case w.up:
		return fmt.Sprintf("link %s: down", w.name)
	case len(w.addNeighbours)+len(w.dropNeighbours) > 0:
		return fmt.Sprintf("link %s: neighbours %v are missing, %v are not wanted", w.name, w.addNeighbours, w.dropNeighbours)
	}
	return fmt.Sprintf("link %s: %s is not %s", w.name, w.settings[0].path, w.settings[0].value)
}

func describeRule(r layout.RoutingRule) string {
	return fmt.Sprintf("rule %d: from %s by table %d", r.Priority, r.In, r.Table)
}

func describeRoute(r layout.Route) string {
	text := fmt.Sprintf("table %d: route to %s", r.Table, r.To)
	switch {
	case r.Link == "":
		text += ", a blackhole,"
	case r.Via.IsValid():
		text += fmt.Sprintf(" via %s at %s", r.Via, r.Link)
	default:
		text += " at " + r.Link
	}
	return text
}
