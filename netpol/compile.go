package netpol

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
)

const firewallSubnet = "AzureFirewallSubnet"

// Compile makes a policy of a model. The error is [Problems], and tells all of them.
func Compile(m *Model) (*Policy, error) {
	c := &compiler{
		model:  m,
		policy: &Policy{networks: map[string]*Network{}},
		groups: map[string]*SecurityGroup{}, tables: map[string]*RouteTable{}, subnets: map[string]*Network{},
		models: map[string]*VirtualNetwork{}, compiled: map[groupKey]*group{}, policies: map[string]*FirewallPolicy{}, nameTags: map[string][]string{},
	}
	c.check()
	if c.problems != nil {
		return nil, c.problems
	}
	c.tags = newTagTable(m.Tags, c.tagNames())
	for i := range m.Networks {
		c.network(&m.Networks[i])
	}
	c.connect()
	for i := range m.Interfaces {
		c.nic(&m.Interfaces[i])
	}
	for i := range m.Firewalls {
		c.firewall(&m.Firewalls[i])
	}
	if c.problems != nil {
		return nil, c.problems
	}
	return c.policy, nil
}

// compiler holds what is known of the model while it is compiled. Keys are IDs in
// lower case.
type compiler struct {
	model    *Model
	policy   *Policy
	problems Problems
	tags     *tagTable
	groups   map[string]*SecurityGroup
	tables   map[string]*RouteTable
	subnets  map[string]*Network
	models   map[string]*VirtualNetwork
	compiled map[groupKey]*group
	policies map[string]*FirewallPolicy
	nameTags map[string][]string // those of the model
}

// groupKey is what a compiled group depends on.
type groupKey struct {
	id    string
	scope *scope
}

// check reports what is wrong with each resource by itself.
func (c *compiler) check() {
	ids := map[string]bool{}
	once := func(id string) string {
		key := strings.ToLower(id)
		if id == "" {
			c.problems.add("(resource)", "it has no ID")
		} else if ids[key] {
			c.problems.add(id, "the ID is there twice")
		}
		ids[key] = true
		return key
	}
	for i := range c.model.SecurityGroups {
		g := &c.model.SecurityGroups[i]
		c.groups[once(g.ID)] = g
		checkGroup(g, &c.problems)
	}
	for i := range c.model.RouteTables {
		t := &c.model.RouteTables[i]
		c.tables[once(t.ID)] = t
		checkRoutes(t, &c.problems)
	}
	for i := range c.model.Networks {
		n := &c.model.Networks[i]
		c.models[once(n.ID)] = n
		c.checkNetwork(n)
		for _, s := range n.Subnets {
			once(s.ID)
		}
	}
	for i := range c.model.Networks {
		c.checkPeerings(&c.model.Networks[i])
	}
	for _, n := range c.model.Interfaces {
		once(n.ID)
	}
	for i := range c.model.Firewalls {
		once(c.model.Firewalls[i].ID)
		checkFirewall(&c.model.Firewalls[i], &c.problems)
	}
	for i := range c.model.Policies {
		p := &c.model.Policies[i]
		c.policies[once(p.ID)] = p
		checkPolicy(p, &c.problems)
	}
	c.checkPolicies()
	checkThreats("threats", &c.model.Threats, &c.problems)
	for i := range c.model.NameTags {
		c.nameTag(&c.model.NameTags[i])
	}
	for _, t := range c.model.Tags {
		if !isTagName(t.Name) {
			c.problems.add("service tag "+t.Name, "it is not the name of a service tag")
		}
		for _, p := range t.Prefixes {
			checkPrefix("service tag "+t.Name, "prefix", p, &c.problems)
		}
	}
}

func (c *compiler) nameTag(t *NameTag) {
	key := strings.ToLower(t.Name)
	if _, twice := c.nameTags[key]; twice || !isTagName(t.Name) {
		c.problems.add("FQDN tag "+t.Name, "its name is there twice, or is no name of a tag")
	}
	c.nameTags[key] = slices.Clone(t.Names)
	checkNames("FQDN tag "+t.Name, t.Names, &c.problems)
}

func (c *compiler) checkNetwork(n *VirtualNetwork) {
	if len(n.Space) == 0 {
		c.problems.add(n.ID, "the address space is empty")
	}
	for _, p := range n.Space {
		checkPrefix(n.ID, "address space", p, &c.problems)
	}
	if n.Gateway != nil {
		for _, p := range n.Gateway.Prefixes {
			checkPrefix(n.Gateway.ID, "prefix", p, &c.problems)
		}
	}
	var taken []netip.Prefix
	for _, s := range n.Subnets {
		if len(s.Prefixes) == 0 {
			c.problems.add(s.ID, "the subnet has no address range")
		}
		for _, p := range s.Prefixes {
			checkPrefix(s.ID, "address range", p, &c.problems)
			if !slices.ContainsFunc(n.Space, func(space netip.Prefix) bool { return within(p, space) }) {
				c.problems.add(s.ID, "range %s is outside of the address space of the virtual network", p)
			}
			if slices.ContainsFunc(taken, p.Overlaps) {
				c.problems.add(s.ID, "range %s overlaps another range", p)
			}
			taken = append(taken, p)
		}
		if _, ok := c.groups[strings.ToLower(s.SecurityGroup)]; !ok && s.SecurityGroup != "" {
			c.problems.add(s.ID, "there is no network security group %s", s.SecurityGroup)
		}
		if _, ok := c.tables[strings.ToLower(s.RouteTable)]; !ok && s.RouteTable != "" {
			c.problems.add(s.ID, "there is no route table %s", s.RouteTable)
		}
		for _, a := range append(s.NAT.Of(true), s.NAT.Of(false)...) {
			if !a.IsValid() || a.Is4In6() || a.Zone() != "" {
				c.problems.add(s.ID, "address %s of NAT gateway %s is not valid", a, s.NAT.ID)
			}
		}
		for _, name := range s.ServiceEndpoints {
			if !isTagName(name) {
				c.problems.add(s.ID, "service endpoint %q is not the name of a service tag", name)
			}
		}
	}
}

// tagNames lists every service tag that the model or an environment's required
// access names.
func (c *compiler) tagNames() []string {
	names := requiredTags()
	add := func(sides ...Side) {
		for _, s := range sides {
			for _, a := range s.Addresses {
				if a.Tag != "" {
					names = append(names, a.Tag)
				}
			}
		}
	}
	for _, g := range c.model.SecurityGroups {
		for _, r := range g.Rules {
			add(r.Source, r.Destination)
		}
	}
	for i := range c.model.Firewalls {
		add(c.model.Firewalls[i].own().sides()...)
	}
	for i := range c.model.Policies {
		for k := range c.model.Policies[i].Groups {
			add(c.model.Policies[i].Groups[k].sides()...)
		}
	}
	for _, t := range c.model.RouteTables {
		for _, r := range t.Routes {
			add(Side{Addresses: []Address{r.Destination}})
		}
	}
	for _, n := range c.model.Networks {
		for _, s := range n.Subnets {
			names = append(names, s.ServiceEndpoints...)
		}
	}
	for _, t := range c.model.Tags {
		names = append(names, t.Name)
	}
	return names
}

func (c *compiler) network(m *VirtualNetwork) {
	n := &Network{id: m.ID, space: slices.Clone(m.Space), dns: slices.Clone(m.DNSServers), subnets: map[string]*subnet{}, at: &bart.Fast[uint32]{}, publics: map[netip.Addr]int{}}
	gateway, by := c.gateway(m)
	if gateway != nil {
		n.gateway = true
		n.behind = slices.DeleteFunc(slices.Clone(gateway.Prefixes), func(p netip.Prefix) bool { return p.Bits() == 0 })
	}
	whole := sight{gateway: gateway}
	for i := range m.Peerings {
		whole.peerings = append(whole.peerings, &m.Peerings[i])
	}
	n.scope = newScope(c.tags, c.near(m, whole))
	scopes := map[string]*scope{whole.key(): n.scope}
	for i := range m.Subnets {
		from := &m.Subnets[i]
		seen := sight{peerings: slices.DeleteFunc(slices.Clone(whole.peerings), func(p *Peering) bool { return !p.Joins(from.ID) })}
		if by == nil || by.Joins(from.ID) {
			seen.gateway = gateway
		}
		tags := scopes[seen.key()]
		if tags == nil {
			tags = newScope(c.tags, c.near(m, seen))
			scopes[seen.key()] = tags
		}
		c.subnet(n, m, from, seen, tags)
	}
	c.policy.networks[strings.ToLower(m.ID)] = n
	c.policy.order = append(c.policy.order, n)
}

// sight is what of its network's surroundings a subnet has to do with.
type sight struct {
	peerings []*Peering
	gateway  *Gateway
}

// key is the same for subnets that have to do with the same.
func (s sight) key() (key string) {
	for _, p := range s.peerings {
		key += strings.ToLower(p.ID) + " "
	}
	return key
}

// near are the ranges that belong to a network, as a subnet sees it: what its VirtualNetwork
// tag is made of.
func (c *compiler) near(m *VirtualNetwork, seen sight) []netip.Prefix {
	own := slices.Clone(m.Space)
	for _, p := range seen.peerings {
		if p.Access {
			own = append(own, p.Space...)
		}
	}
	if seen.gateway != nil {
		for _, p := range seen.gateway.Prefixes {
			if p.Bits() > 0 || c.model.AzureCompatVnetTag {
				own = append(own, p)
			}
		}
	}
	return own
}

func (c *compiler) subnet(n *Network, m *VirtualNetwork, from *Subnet, seen sight, tags *scope) {
	table := c.tables[strings.ToLower(from.RouteTable)]
	s := &subnet{id: from.ID, key: strings.ToLower(from.ID), gateway: seen.gateway != nil, tags: tags, scope: tags, nat: newNATPool(from.NAT), prefixes: slices.Clone(from.Prefixes), routes: compileRoutes(m, seen.gateway, from, table, c.tags)}
	if table != nil && c.model.AzureCompatVnetTag {
		s.scope = newScope(c.tags, append(c.near(m, seen), userPrefixes(s.routes)...))
	}
	if !strings.EqualFold(lastName(from.ID), firewallSubnet) { // network.md §A3: the group is not used there
		s.group = c.group(from.SecurityGroup, s.scope)
	}
	s.appliances = slices.ContainsFunc(s.routes.list, func(r EffectiveRoute) bool { return r.Active && r.NextHop == VirtualAppliance })
	n.subnets[s.key] = s
	n.order = append(n.order, s)
	n.put(place{subnet: s}, s.prefixes...)
	c.subnets[s.key] = n
}

func userPrefixes(r *routes) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, e := range r.list {
		if e.Source == SourceUser {
			prefixes = append(prefixes, e.Prefix)
		}
	}
	return prefixes
}

// group compiles a security group, once for each scope it is seen from.
func (c *compiler) group(id string, s *scope) *group {
	if id == "" {
		return nil
	}
	key := groupKey{strings.ToLower(id), s}
	if c.compiled[key] == nil {
		c.compiled[key] = compileGroup(c.groups[key.id], s)
	}
	return c.compiled[key]
}

func (c *compiler) nic(m *Interface) {
	n, s := c.home(m.ID, m.Subnet)
	if n == nil {
		return
	}
	if _, ok := c.groups[strings.ToLower(m.SecurityGroup)]; !ok && m.SecurityGroup != "" {
		c.problems.add(m.ID, "there is no network security group %s", m.SecurityGroup)
		return
	}
	compiled := &nic{id: m.ID, addresses: slices.Clone(m.Addresses), group: c.group(m.SecurityGroup, s.scope), forwards: m.IPForwarding}
	s.nics = append(s.nics, compiled)
	c.settle(m.ID, n, place{subnet: s, nic: compiled}, m.Addresses...)
}

func (c *compiler) firewall(m *Firewall) {
	n, s := c.home(m.ID, m.Subnet)
	if n == nil {
		return
	}
	for _, a := range m.PublicIPs {
		n.publics[a] = len(n.places)
	}
	c.settle(m.ID, n, place{subnet: s, firewall: c.compileFirewall(m, s.tags)}, m.PrivateIP)
}

// home finds the subnet of a resource.
func (c *compiler) home(id, subnet string) (*Network, *subnet) {
	key := strings.ToLower(subnet)
	n := c.subnets[key]
	if n == nil {
		c.problems.add(id, "there is no subnet %s", subnet)
		return nil, nil
	}
	return n, n.subnets[key]
}

// settle gives a place its addresses, which must be free and in the subnet.
func (c *compiler) settle(id string, n *Network, p place, addresses ...netip.Addr) {
	var prefixes []netip.Prefix
	for _, a := range addresses {
		if !a.IsValid() || !contains(p.subnet.prefixes, a) {
			c.problems.add(id, "address %s is not in subnet %s", a, p.subnet.id)
			continue
		}
		prefix := netip.PrefixFrom(a, a.BitLen())
		if _, taken := n.at.Get(prefix); taken {
			c.problems.add(id, "address %s is taken", a)
			continue
		}
		prefixes = append(prefixes, prefix)
	}
	n.put(p, prefixes...)
}
