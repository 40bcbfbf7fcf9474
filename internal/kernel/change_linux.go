package kernel

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"isle/netpol/layout"
)

// change carries out the works of one network, or of those that are linked with each
// other, step by step over all their namespaces, so that nothing is open before it is
// filtered (see the package). What is to go is a change as well.
type change struct {
	options Options
	works   []*work
	spaces  map[string]*space // that are open, by name
	failed  map[string]bool   // namespaces where a step failed, which get no further ones
	judged  []string          // firewalls whose flows were judged
	// elements are those that name sets begin with, and loaded the namespaces whose filters
	// have been given them.
	elements Elements
	loaded   []string
	// outside tells what could not be made of links that lead to others. The rest of the
	// network does without them.
	outside map[layout.End]error
}

func (c *change) close() {
	for _, s := range c.spaces {
		s.close()
	}
}

// carryOut runs each step in all namespaces before the next one.
func (c *change) carryOut(ctx context.Context) error {
	steps := []func(context.Context, *work) error{
		c.dropOwn, c.empty, c.remove, c.create, c.dropLinks, c.loadFilter, c.makeLinks, c.settle, c.awaitRunning, c.judge,
	}
	failed := map[string][]error{} // by network
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			for _, w := range c.works {
				if network := w.network(); !slices.Contains(failed[network], err) {
					failed[network] = append(failed[network], err)
				}
			}
			break
		}
		for _, w := range c.works {
			if c.failed[w.name] {
				continue
			}
			if err := step(ctx, w); err != nil {
				c.failed[w.name] = true
				failed[w.network()] = append(failed[w.network()], fmt.Errorf("namespace %s: %w", w.name, err))
			}
		}
	}
	for _, w := range c.works {
		for at, err := range c.outside {
			if at.Namespace == w.name {
				failed[w.network()] = append(failed[w.network()], err)
			}
		}
	}
	var found []error
	for _, network := range slices.Sorted(maps.Keys(failed)) {
		err := errors.Join(failed[network]...)
		if network != "" {
			err = &layout.NetworkError{Network: network, Err: err}
		}
		found = append(found, err)
	}
	return errors.Join(found...)
}

// network is the ID of the network that a namespace is of; "" for one that is to go.
func (w *work) network() string {
	if w.want == nil {
		return ""
	}
	return w.want.Network
}

func (c *change) path(name string) string { return Path(c.options.Tag, name) }

// open returns a namespace, which stays open until the change is done.
func (c *change) open(name string) (*space, error) {
	if s := c.spaces[name]; s != nil {
		return s, nil
	}
	s, err := openSpace(c.path(name))
	if err != nil {
		return nil, err
	}
	c.spaces[name] = s
	return s, nil
}

// dropOwn deletes the links that were made from a namespace that is to go: all at once,
// which is much cheaper than one by one, and with their other ends.
func (c *change) dropOwn(_ context.Context, w *work) error {
	s, err := c.leaving(w)
	if s == nil {
		return err
	}
	return s.inside(dropOwnLinks)
}

// empty takes out of a namespace that is to go what is left in it.
func (c *change) empty(_ context.Context, w *work) error {
	s, err := c.leaving(w)
	if s == nil {
		return err
	}
	links, err := again(s.handle.LinkList)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := s.dropLink(l); err != nil {
			return fmt.Errorf("remove link %s: %w", l.Attrs().Name, err)
		}
	}
	return nil
}

// leaving opens a namespace that is to go; nil for others.
func (c *change) leaving(w *work) (*space, error) {
	if w.want != nil || !isSpace(c.path(w.name)) {
		return nil, nil
	}
	return c.open(w.name)
}

// ownLinks is the group of the links that were made from a namespace.
const ownLinks = 0x15e

// dropOwnLinks deletes that group in the namespace of this thread.
func dropOwnLinks() error {
	request := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	request.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	request.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(ownLinks)))
	_, err := request.Execute(unix.NETLINK_ROUTE, 0)
	if errors.Is(err, unix.ENODEV) {
		return nil // none
	}
	return err
}

// remove takes a namespace's name away. It goes on living for as long as a process is in
// it, but nothing leads out of it any more.
func (c *change) remove(_ context.Context, w *work) error {
	if w.want != nil {
		return nil
	}
	return removeName(c.path(w.name))
}

// create makes a namespace and its settings.
func (c *change) create(_ context.Context, w *work) error {
	if w.want == nil {
		return nil
	}
	if w.broken {
		if err := removeName(c.path(w.name)); err != nil {
			return err
		}
	}
	if w.create {
		if err := createSpace(c.path(w.name)); err != nil {
			return err
		}
	}
	if !w.loopback && len(w.settings) == 0 {
		return nil
	}
	s, err := c.open(w.name)
	if err != nil {
		return err
	}
	if err := s.inside(func() error { return writeSettings(w.settings) }); err != nil {
		return err
	}
	return s.handle.LinkSetUp(&netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: 1}}) // loopback is the first
}

func (c *change) dropLinks(_ context.Context, w *work) error {
	if len(w.dropLinks) == 0 {
		return nil
	}
	s, err := c.open(w.name)
	if err != nil {
		return err
	}
	for _, name := range w.dropLinks {
		l, err := s.handle.LinkByName(name)
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			continue // it went with its other end
		}
		if err == nil {
			err = s.dropLink(l)
		}
		if err != nil {
			return fmt.Errorf("remove link %s: %w", name, err)
		}
	}
	return nil
}

func (c *change) loadFilter(ctx context.Context, w *work) error {
	if !w.loadFilter {
		return nil
	}
	s, err := c.open(w.name)
	if err != nil {
		return err
	}
	if err := s.inside(func() error { return loadFilter(ctx, w.want.Filter, c.elements[w.name]) }); err != nil {
		return err
	}
	c.loaded = append(c.loaded, w.name)
	return nil
}

// settle gives links what they need, and sets rules and routes. A link comes up when the
// rules for what it brings are there, and the routes that lead nowhere; what is new is
// there before what is old goes.
func (c *change) settle(_ context.Context, w *work) error {
	if len(w.setLinks)+len(w.addRules)+len(w.dropRules)+len(w.setRoutes)+len(w.dropRoutes) == 0 {
		return nil
	}
	s, err := c.open(w.name)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(w.setRoutes, func(r layout.Route) bool { return r.Link != "" })
	if at < 0 {
		at = len(w.setRoutes)
	}
	return inTurn(
		func() error { return each(w.addRules, describeRule, s.addRule) },
		func() error { return each(w.setRoutes[:at], describeRoute, s.setRoute) },
		func() error {
			return each(w.setLinks, linkWork.describe, func(l linkWork) error { return c.setLink(s, l) })
		},
		func() error { return each(w.setRoutes[at:], describeRoute, s.setRoute) },
		func() error { return each(w.dropRules, describeRule, s.dropRule) },
		func() error { return each(w.dropRoutes, describeRoute, s.dropRoute) })
}

// inTurn calls functions until one fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// each does something with all of a list, and says with which one it failed.
func each[T any](list []T, describe func(T) string, do func(T) error) error {
	for _, v := range list {
		if err := do(v); err != nil {
			return fmt.Errorf("%s: %w", describe(v), err)
		}
	}
	return nil
}

func (c *change) setLink(s *space, w linkWork) error {
	if err := s.setLink(w); err != nil || len(w.addNeighbours)+len(w.dropNeighbours) == 0 {
		return err
	}
	other, err := c.open(w.peer.Namespace)
	if err != nil {
		return err
	}
	return s.introduce(w, other)
}

// introduce tells a link about the other end of its pair.
func (s *space) introduce(w linkWork, other *space) error {
	here, err := s.handle.LinkByName(w.name)
	if err != nil {
		return err
	}
	there, err := other.handle.LinkByName(w.peer.Link)
	if err != nil {
		return err
	}
	neighbour := netlink.Neigh{LinkIndex: here.Attrs().Index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT, HardwareAddr: there.Attrs().HardwareAddr}
	for _, a := range w.addNeighbours {
		neighbour.IP = a.AsSlice()
		if err := s.handle.NeighSet(&neighbour); err != nil {
			return fmt.Errorf("neighbour %s: %w", a, err)
		}
	}
	for _, a := range w.dropNeighbours {
		neighbour.IP = a.AsSlice()
		if err := s.handle.NeighDel(&neighbour); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("remove neighbour %s: %w", a, err)
		}
	}
	return nil
}

func (s *space) setLink(w linkWork) error {
	l, err := s.handle.LinkByName(w.name)
	if err != nil {
		return err
	}
	if len(w.settings) > 0 {
		if err := s.inside(func() error { return writeSettings(w.settings) }); err != nil {
			return err
		}
	}
	if w.mtu != 0 {
		if err := s.handle.LinkSetMTU(l, w.mtu); err != nil {
			return fmt.Errorf("MTU %d: %w", w.mtu, err)
		}
	}
	for _, a := range w.dropAddresses {
		if err := s.handle.AddrDel(l, &netlink.Addr{IPNet: netOf(a)}); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("remove address %s: %w", a, err)
		}
	}
	for _, a := range w.addAddresses {
		if err := s.handle.AddrReplace(l, &netlink.Addr{IPNet: netOf(a)}); err != nil {
			return fmt.Errorf("address %s: %w", a, err)
		}
	}
	if w.up {
		return s.handle.LinkSetUp(l)
	}
	return nil
}

func (s *space) addRule(r layout.RoutingRule) error {
	if err := s.handle.RuleAdd(ruleOf(r)); !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}

func (s *space) dropRule(r layout.RoutingRule) error {
	if err := s.handle.RuleDel(ruleOf(r)); !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// ruleOf is a rule for packets that come in by a link, or, without one, for all.
func ruleOf(r layout.RoutingRule) *netlink.Rule {
	rule := netlink.NewRule()
	rule.Family, rule.Priority, rule.IifName, rule.Table = netlink.FAMILY_V4, r.Priority, r.In, r.Table
	return rule
}

func (s *space) setRoute(r layout.Route) error {
	route, err := s.routeOf(r)
	if err != nil {
		return err
	}
	return s.handle.RouteReplace(route)
}

func (s *space) dropRoute(r layout.Route) error {
	route, err := s.routeOf(r)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil // it went with its link
	}
	if err != nil {
		return err
	}
	route.Protocol, route.Scope = unix.RTPROT_UNSPEC, netlink.SCOPE_NOWHERE // whoever made it
	if err := s.handle.RouteDel(route); !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil
}

func (s *space) routeOf(r layout.Route) (*netlink.Route, error) {
	route := &netlink.Route{Family: netlink.FAMILY_V4, Table: r.Table, Dst: netOf(r.To), Protocol: unix.RTPROT_STATIC, Src: r.Source.AsSlice()}
	if r.Link == "" {
		route.Type = unix.RTN_BLACKHOLE
		return route, nil
	}
	l, err := s.handle.LinkByName(r.Link)
	if err != nil {
		return nil, err
	}
	route.LinkIndex, route.Type, route.Scope = l.Attrs().Index, unix.RTN_UNICAST, netlink.SCOPE_LINK
	if r.Via.IsValid() {
		route.Gw, route.Scope = r.Via.AsSlice(), netlink.SCOPE_UNIVERSE
	}
	if r.OnLink {
		route.Flags = unix.RTNH_F_ONLINK
	}
	return route, nil
}

// judge cuts the open flows of a firewall that are denied now.
func (c *change) judge(_ context.Context, w *work) error {
	if !w.judgeFlows {
		return nil
	}
	if denied := c.options.Denied; denied != nil {
		s, err := c.open(w.name)
		if err != nil {
			return err
		}
		if _, err := s.cut(func(f Flow) bool { return denied(w.want.Owner, f) }); err != nil {
			return fmt.Errorf("cut denied flows: %w", err)
		}
	}
	c.judged = append(c.judged, w.name)
	return nil
}

// makeLinks makes links that are missing, all of them down.
func (c *change) makeLinks(_ context.Context, w *work) error {
	if len(w.makeLinks) == 0 {
		return nil
	}
	s, err := c.open(w.name)
	if err != nil {
		return err
	}
	for _, l := range w.makeLinks {
		err := c.makeLink(s, l)
		if err == nil {
			continue
		}
		err = fmt.Errorf("make link %s: %w", l.Name, err)
		if l.Kind == layout.Veth {
			return err
		}
		c.outside[layout.End{Namespace: w.name, Link: l.Name}] = &OutsideError{To: l.Parent, Err: err}
	}
	w.abandon(func(link string) bool { return c.outside[layout.End{Namespace: w.name, Link: link}] != nil })
	return nil
}

// abandon takes out of a work what is for links that could not be made.
func (w *work) abandon(failed func(link string) bool) {
	w.setLinks = slices.DeleteFunc(w.setLinks, func(l linkWork) bool { return failed(l.name) })
	w.setRoutes = slices.DeleteFunc(w.setRoutes, func(r layout.Route) bool { return failed(r.Link) })
}

func (c *change) makeLink(s *space, l newLink) error {
	switch {
	case l.Kind == layout.Uplink:
		return s.makeUplink(l)
	case isTap(l.Link):
		return s.takeTap(l)
	case l.Kind == layout.Given:
		return s.attach(l)
	}
	other, err := c.open(l.Peer.Namespace)
	if err != nil {
		return err
	}
	return s.makePair(l.Link, l.Peer.Link, other.fd())
}

// makePair makes a pair with one end here and one in another namespace, both at once and
// by their names, so that no end is ever anywhere else.
func (s *space) makePair(l layout.Link, peer string, there int) error {
	pair := netlink.NewVeth(attributes(l))
	pair.PeerName, pair.PeerNamespace = peer, netlink.NsFd(there)
	return s.handle.LinkAdd(pair)
}

func attributes(l layout.Link) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name, a.MTU, a.Group = l.Name, l.MTU, ownLinks
	return a
}
