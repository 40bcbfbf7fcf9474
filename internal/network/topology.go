package network

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Topology (armnetwork Topology): the network resources of a group, of a virtual network
// or of a subnet, each with what it contains (Contains) and what it is joined with
// (Associated). A resource, or an end of an association, that the caller may not read is
// left out.

type topologyBody struct {
	Group   string     `json:"targetResourceGroupName"`
	Network *reference `json:"targetVirtualNetwork"`
	Subnet  *reference `json:"targetSubnet"`
}

const (
	contains   = "Contains"
	associated = "Associated"
)

// topologyNode is a resource of a topology.
type topologyNode struct {
	id, typ, location string
	changed           time.Time
	edges             []topologyEdge
}

// topologyEdge leads from a node to another resource, which may be gone or elsewhere.
type topologyEdge struct{ kind, id string }

// topologyGraph is all network resources of a subscription, and the environments in their
// subnets, by key.
type topologyGraph map[string]*topologyNode

// topology answers POST {watcher}/topology.
func (p *provider) topology(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body topologyBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	start := body.start(r.ID.Subscription, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	if start.Provider != "" { // of a group all is shown that the caller may read
		if action := start.Type() + "/read"; !r.Allowed(action, start.String()) {
			return nil, r.Forbidden(action, start.String())
		}
	}
	return p.topologyOf(ctx, r, start)
}

// start is what a request is about, the narrowest that it names: a group, a network or a
// subnet. What it names must fit together.
func (b *topologyBody) start(subscription string, found *arm.Found) (start arm.ID) {
	switch group, err := arm.ParseID("/subscriptions/" + subscription + "/resourceGroups/" + b.Group); {
	case b.Group == "" && b.Network.id() == "" && b.Subnet.id() == "":
		found.Add(codeFormat, "targetResourceGroupName", "The request names nothing to show. Give targetResourceGroupName, or the id of targetVirtualNetwork or of targetSubnet.")
	case b.Group != "" && (err != nil || group.Provider != ""):
		found.Add(codeFormat, "targetResourceGroupName", "'%s' is no name of a resource group.", b.Group)
	case b.Group != "":
		start = group
	}
	for _, of := range []struct{ id, typ, member string }{
		{b.Network.id(), typeNetworks, "targetVirtualNetwork.id"}, {b.Subnet.id(), typeSubnets, "targetSubnet.id"},
	} {
		if of.id == "" {
			continue
		}
		id, err := arm.ParseID(of.id)
		switch {
		case err != nil || !strings.EqualFold(id.Type(), of.typ):
			found.Add(codeReference, of.member, "'%s' is not the ID of a resource of type %s.", of.id, of.typ)
			continue
		case !strings.EqualFold(id.Subscription, subscription):
			found.Add(codeReference, of.member, "%s is in another subscription than the network watcher, which is in %s. Ask a watcher of that subscription.", of.id, subscription)
		case b.Group != "" && !strings.EqualFold(id.Group, b.Group):
			found.Add(codeFormat, of.member, "%s is not in the resource group '%s' that targetResourceGroupName names. Give one of them.", of.id, b.Group)
		case start.Provider != "" && !strings.HasPrefix(id.Key(), start.Key()+"/"):
			found.Add(codeFormat, of.member, "%s is no subnet of %s, which targetVirtualNetwork names. Give one of them.", of.id, start)
		}
		start = id
	}
	return start
}

// topologyOf shows a group, a network or a subnet.
func (p *provider) topologyOf(ctx context.Context, r *arm.Request, start arm.ID) (*arm.Response, error) {
	var all topologyGraph
	err := p.control.Read(ctx, func(tx *store.Tx) (err error) {
		if _, err := arm.Load(tx, start.Key()); errors.Is(err, store.ErrNotFound) {
			return arm.NotFound(start)
		} else if err != nil {
			return err
		}
		all, err = readTopology(tx, start.Subscription)
		return err
	})
	if err != nil {
		return nil, err
	}
	return arm.Reply(all.view(all.within(start), r)), nil
}

// readTopology reads the resources of a subscription.
func readTopology(tx *store.Tx, subscription string) (topologyGraph, error) {
	all := topologyGraph{}
	scope := "/subscriptions/" + subscription
	for _, q := range []store.Query{{TypePrefix: "Microsoft.Network/", ScopePrefix: scope}, {Type: typeEnvironments, ScopePrefix: scope}} {
		list, err := arm.List(tx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if !topologyShows(r.Type) {
				continue
			}
			edges, err := topologyEdges(r)
			if err != nil {
				return nil, err
			}
			all[r.Key] = &topologyNode{id: r.ID, typ: r.Type, location: r.Location, changed: r.Changed, edges: edges}
		}
	}
	all.nest()
	return all, nil
}

// topologyShows leaves out what is no part of a network's shape: watchers with what is
// nested in them, and the records of zones.
func topologyShows(typ string) bool {
	typ = strings.ToLower(typ)
	zone := strings.HasPrefix(typ, strings.ToLower(typeZones)+"/")
	return !strings.HasPrefix(typ, strings.ToLower(typeWatchers)) && (!zone || strings.EqualFold(typ, typeZoneLinks))
}

// nest has each resource contain what is nested in it, which is where it is.
func (g topologyGraph) nest() {
	for key, node := range g {
		id, err := arm.ParseID(node.id)
		if err != nil {
			continue
		}
		parent, nested := id.Parent()
		if !nested {
			continue
		}
		if above := g[parent.Key()]; above != nil {
			above.edges = append(above.edges, topologyEdge{contains, g[key].id})
			node.location = above.location
		}
	}
}

// topologyEdges are the resources that one names.
func topologyEdges(r arm.Resource) (edges []topologyEdge, err error) {
	add := func(kind string, ids ...string) {
		for _, id := range ids {
			if id != "" && !slices.ContainsFunc(edges, func(e topologyEdge) bool { return arm.SameID(e.id, id) }) {
				edges = append(edges, topologyEdge{kind, id})
			}
		}
	}
	switch {
	case strings.EqualFold(r.Type, typeSubnets):
		err = named(r, func(s *Subnet) {
			add(associated, s.SecurityGroup, s.RouteTable, s.NATGateway)
			add(contains, s.owners()...)
		})
	case strings.EqualFold(r.Type, typePeerings):
		err = named(r, func(p *Peering) { add(associated, p.Remote) })
	case strings.EqualFold(r.Type, typeInterfaces):
		err = named(r, func(n *Interface) {
			add(associated, n.SecurityGroup)
			for _, c := range n.Configurations {
				add(associated, c.PublicIP)
				add(associated, c.Groups...)
			}
		})
	case strings.EqualFold(r.Type, typeFirewalls):
		err = named(r, func(f *Firewall) {
			for _, c := range f.Configurations {
				add(associated, c.PublicIP)
			}
			add(associated, f.Policy)
			add(associated, ipGroupsIn(f.NAT, f.Collections, f.Applications)...)
		})
	case strings.EqualFold(r.Type, typePolicies):
		err = named(r, func(p *FirewallPolicy) { add(associated, p.Base) })
	case strings.EqualFold(r.Type, typeRuleGroups):
		err = named(r, func(g *RuleGroup) { add(associated, ipGroupsIn(g.Collections)...) })
	case strings.EqualFold(r.Type, typeGateways):
		err = named(r, func(g *VirtualGateway) {
			for _, c := range g.Configurations {
				add(associated, c.PublicIP)
			}
		})
	case strings.EqualFold(r.Type, typeNATGateways):
		err = named(r, func(n *Attachment) { add(associated, slices.Concat(n.Publics, n.Prefixes)...) })
	case strings.EqualFold(r.Type, typePublicPrefixes):
		err = named(r, func(p *PublicPrefix) { add(contains, p.Publics...) })
	case strings.EqualFold(r.Type, typeRules):
		err = named(r, func(rule *Rule) { add(associated, rule.groups()...) })
	case strings.EqualFold(r.Type, typeZoneLinks):
		err = named(r, func(l *ZoneLink) { add(associated, l.Network) })
	}
	return edges, err
}

// named decodes a resource and gives its form to see.
func named[Form any](r arm.Resource, see func(*Form)) error {
	form, err := decode[Form](r)
	if err == nil {
		see(form)
	}
	return err
}

// ipGroupsIn are the IP groups that rules name.
func ipGroupsIn(lists ...[]Collection) (ids []string) {
	for _, list := range lists {
		for _, c := range list {
			for _, r := range c.Rules {
				ids = append(append(ids, r.SourceGroups...), r.DestinationGroups...)
			}
		}
	}
	return ids
}

// within are the keys of what belongs to a group, or to a network or subnet: what is in it,
// and what that is associated with. It stops at other networks.
func (g topologyGraph) within(start arm.ID) map[string]bool {
	keys := map[string]bool{}
	if start.Provider == "" {
		for key, node := range g {
			if id, err := arm.ParseID(node.id); err == nil && strings.EqualFold(id.Group, start.Group) {
				keys[key] = true
			}
		}
		return keys
	}
	g.follow(start.Key(), keys)
	for key, node := range g { // zones name the network, not the other way round
		if strings.EqualFold(node.typ, typeZoneLinks) && slices.ContainsFunc(node.edges, func(e topologyEdge) bool { return arm.SameID(e.id, start.String()) }) {
			keys[key] = true
			if id, err := arm.ParseID(node.id); err == nil {
				zone, _ := id.Parent()
				keys[zone.Key()] = true
			}
		}
	}
	return keys
}

func (g topologyGraph) follow(key string, keys map[string]bool) {
	node := g[key]
	if node == nil || keys[key] {
		return
	}
	keys[key] = true
	for _, e := range node.edges {
		if next := g[keyOf(e.id)]; next != nil && (e.kind == contains || !strings.EqualFold(next.typ, typeNetworks)) {
			g.follow(keyOf(e.id), keys)
		}
	}
}

// view shows the nodes with these keys, by ID, as far as the caller may read them.
func (g topologyGraph) view(keys map[string]bool, r *arm.Request) expr.Value {
	readable := func(node *topologyNode) bool { return node != nil && r.Allowed(node.typ+"/read", node.id) }
	var last time.Time
	list := []expr.Value{}
	sorted := make([]string, 0, len(keys))
	for key := range keys {
		sorted = append(sorted, key)
	}
	slices.Sort(sorted)
	for _, key := range sorted {
		node := g[key]
		if !readable(node) {
			continue
		}
		if node.changed.After(last) {
			last = node.changed
		}
		slices.SortFunc(node.edges, func(a, b topologyEdge) int { return strings.Compare(strings.ToLower(a.id), strings.ToLower(b.id)) })
		ends := []expr.Value{}
		for _, e := range node.edges {
			if end := g[keyOf(e.id)]; readable(end) {
				ends = append(ends, e.view(end))
			}
		}
		list = append(list, node.view(ends))
	}
	if last.IsZero() {
		last = r.Now
	}
	var f fields
	f.text("id", arm.NewGUID())
	f.text("createdDateTime", r.Now.Format(time.RFC3339Nano))
	f.text("lastModified", last.UTC().Format(time.RFC3339Nano))
	f.add("resources", expr.Array(list...))
	return f.value()
}

func (n *topologyNode) view(ends []expr.Value) expr.Value {
	var f fields
	f.text("name", lastSegment(n.id))
	f.text("id", n.id)
	f.text("location", n.location)
	f.add("associations", expr.Array(ends...))
	return f.value()
}

func (e *topologyEdge) view(end *topologyNode) expr.Value {
	var f fields
	f.text("name", lastSegment(end.id))
	f.text("resourceId", end.id)
	f.text("associationType", e.kind)
	return f.value()
}
