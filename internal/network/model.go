package network

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// The stored resources become a netpol.Model. Whatever the types' checks accept
// compiles: a text that cannot be read here is an error, never a rule that is
// silently missing.

// content is all that a Snapshot is made from; two that are deeply equal make the
// same one. Maps are by lower-case ID.
type content struct {
	model    netpol.Model
	mappings map[string][]Mapping             // by network
	guests   map[string]map[netip.Addr]string // the machines that have addresses, by network
	attached []Attached
	uplinks  []Uplink
	egress   map[netip.Addr]Egress
	outgoing map[firewallAt][]netip.Addr // the firewall's public addresses
	zones    map[string][]Zone           // private ones, by the network that they are linked to
	// registered are the record sets of interfaces, by ID.
	registered map[string]arm.Resource
}

// firewallAt is a firewall as routes name it.
type firewallAt struct {
	network string
	private netip.Addr
}

// reader makes a content of the provider's resources, which are read once.
type reader struct {
	*content
	known     tagNames
	types     map[string][]arm.Resource // by lower-case type
	parents   map[string][]arm.Resource // by type and key of the parent
	problems  []error
	addresses map[string][]netip.Addr       // public ones, by key of the address or the prefix
	nats      map[string]*netpol.NATGateway // by key
	wide      map[string]string             // keys of NAT gateways of whole networks, by key of the network
	// members are the addresses of application security groups, by their keys.
	members map[string][]netpol.Address
	groups  map[string][]netpol.Address // of IP groups, by key
}

func readContent(tx *store.Tx, tags netpol.TagFile, threats netpol.Threats, nameTags []netpol.NameTag) (*content, error) {
	all, err := arm.List(tx, store.Query{TypePrefix: "Microsoft.Network/"})
	if err != nil {
		return nil, err
	}
	r := &reader{addresses: map[string][]netip.Addr{}, nats: map[string]*netpol.NATGateway{}, wide: map[string]string{}, members: map[string][]netpol.Address{}, groups: map[string][]netpol.Address{}, known: knownTags(tags), types: map[string][]arm.Resource{}, parents: map[string][]arm.Resource{}, content: &content{
		mappings: map[string][]Mapping{}, guests: map[string]map[netip.Addr]string{}, egress: map[netip.Addr]Egress{}, outgoing: map[firewallAt][]netip.Addr{}, zones: map[string][]Zone{}, registered: map[string]arm.Resource{}}}
	for _, resource := range all {
		typ := strings.ToLower(resource.Type)
		r.types[typ] = append(r.types[typ], resource)
		r.parents[typ+resource.Parent] = append(r.parents[typ+resource.Parent], resource)
	}
	r.model.Tags, r.model.Threats, r.model.NameTags = tags.Tags, threats, nameTags
	each(r, typeInterfaces, r.join)
	each(r, typeGroups, r.group)
	each(r, typeTables, r.table)
	each(r, typePublicIPs, r.public)
	each(r, typePublicPrefixes, r.publicPrefix)
	each(r, typeNATGateways, r.nat)
	each(r, typeNetworks, r.network)
	each(r, typeInterfaces, r.nic)
	each(r, typeIPGroups, r.ipGroup)
	each(r, typePolicies, r.policy)
	each(r, typeFirewalls, r.firewall)
	each(r, typeGateways, r.gateway)
	each(r, typeZones, r.zone)
	return r.content, errors.Join(r.problems...)
}

// each decodes the resources of a type and gives them to read, which reports what
// cannot be read of one.
func each[Form any](r *reader, typ string, read func(arm.Resource, *Form) error) {
	r.forms(r.types[strings.ToLower(typ)], func(resource arm.Resource) error { return readForm(resource, read) })
}

// inner does so for what is nested in a resource.
func inner[Form any](r *reader, parent arm.Resource, typ string, read func(arm.Resource, *Form) error) {
	r.forms(r.parents[strings.ToLower(typ)+parent.Key], func(resource arm.Resource) error { return readForm(resource, read) })
}

func readForm[Form any](resource arm.Resource, read func(arm.Resource, *Form) error) error {
	form, err := decode[Form](resource)
	if err != nil {
		return err
	}
	if err := read(resource, form); err != nil {
		return fmt.Errorf("network: %s: %w", resource.ID, err)
	}
	return nil
}

func (r *reader) forms(list []arm.Resource, read func(arm.Resource) error) {
	for _, resource := range list {
		if err := read(resource); err != nil {
			r.problems = append(r.problems, err)
		}
	}
}

func (r *reader) network(resource arm.Resource, form *Network) error {
	servers, err := form.servers()
	n := netpol.VirtualNetwork{ID: resource.ID, Space: form.ranges(), DNSServers: servers}
	inner(r, resource, typeSubnets, func(s arm.Resource, subnet *Subnet) error {
		n.Subnets = append(n.Subnets, netpol.Subnet{ID: s.ID, Prefixes: subnet.ranges(), SecurityGroup: referenceID(subnet.SecurityGroup),
			RouteTable: referenceID(subnet.RouteTable), NAT: r.natOf(resource, s, subnet), ServiceEndpoints: r.known.endpointTags(subnet.ServiceEndpoints)})
		return nil
	})
	r.peerings(resource, &n)
	r.model.Networks = append(r.model.Networks, n)
	return errors.Join(err, r.uplink(resource))
}

// referenceID is the ID that a reference means, however its text is written.
func referenceID(text string) string {
	if id, err := arm.ParseID(text); err == nil {
		return id.String()
	}
	return text
}

// keyOf is the key of the resource that a reference means.
func keyOf(text string) string { return strings.ToLower(referenceID(text)) }

func (r *reader) group(resource arm.Resource, _ *Attachment) error {
	g := netpol.SecurityGroup{ID: resource.ID}
	inner(r, resource, typeRules, func(child arm.Resource, form *Rule) error {
		rule, err := form.model(lastSegment(child.ID))
		if err == nil && r.expand(&rule, form) {
			g.Rules = append(g.Rules, rule)
		}
		return err
	})
	r.model.SecurityGroups = append(r.model.SecurityGroups, g)
	return nil
}

// join notes the addresses of an interface as those of the application security groups
// that it is a member of.
func (r *reader) join(_ arm.Resource, form *Interface) error {
	for _, c := range form.Configurations {
		for _, group := range c.Groups {
			address, err := netpol.ParseAddress(c.Address)
			if err != nil {
				return err
			}
			r.members[keyOf(group)] = append(r.members[keyOf(group)], address)
		}
	}
	return nil
}

// expand gives a rule the addresses of the application security groups that it names;
// false if one side has none, so that it concerns no flow.
func (r *reader) expand(rule *netpol.SecurityRule, form *Rule) bool {
	for _, side := range []struct {
		groups []string
		of     *netpol.Side
	}{{form.Source.Groups, &rule.Source}, {form.Destination.Groups, &rule.Destination}} {
		for _, group := range side.groups {
			side.of.Addresses = append(side.of.Addresses, r.members[keyOf(group)]...)
		}
		if len(side.groups) > 0 && len(side.of.Addresses) == 0 {
			return false
		}
	}
	return true
}

func (r *Rule) model(name string) (netpol.SecurityRule, error) {
	rule := netpol.SecurityRule{Name: name, Priority: r.Priority}
	if r.Direction == directionOutbound {
		rule.Direction = netpol.Outbound
	}
	if r.Access == "Allow" {
		rule.Access = netpol.Allow
	}
	var problems [3]error
	rule.Protocol, problems[0] = netpol.ParseProtocol(r.Protocol)
	rule.Source, problems[1] = r.Source.model()
	rule.Destination, problems[2] = r.Destination.model()
	return rule, errors.Join(problems[:]...)
}

func (s *Side) model() (netpol.Side, error) {
	return sideOf(given(s.Prefix, s.Prefixes), given(s.Port, s.Ports))
}

// given joins a singular and a plural member, of which one is there.
func given(one string, more []string) []string {
	if one == "" {
		return more
	}
	return append([]string{one}, more...)
}

// sideOf reads the addresses and ports of a rule.
func sideOf(addresses, ports []string) (side netpol.Side, err error) {
	var problems []error
	for _, text := range addresses {
		a, err := netpol.ParseAddress(text)
		problems = append(problems, err)
		side.Addresses = append(side.Addresses, a)
	}
	for _, text := range ports {
		p, err := netpol.ParsePorts(text)
		problems = append(problems, err)
		side.Ports = append(side.Ports, p)
	}
	return side, errors.Join(problems...)
}

func (r *reader) table(resource arm.Resource, form *Attachment) error {
	t := netpol.RouteTable{ID: resource.ID}
	off, _ := form.Settings.Get("disableBgpRoutePropagation")
	t.DisableGatewayRoutes, _ = off.AsBool()
	inner(r, resource, typeRoutes, func(child arm.Resource, form *Route) error {
		route, err := form.model(lastSegment(child.ID))
		t.Routes = append(t.Routes, route)
		return err
	})
	r.model.RouteTables = append(r.model.RouteTables, t)
	return nil
}

// nextHops are the next hops that users write.
var nextHops = map[string]netpol.NextHopType{
	"VirtualNetworkGateway": netpol.VirtualNetworkGateway, "VnetLocal": netpol.VnetLocal, "Internet": netpol.Internet,
	hopAppliance: netpol.VirtualAppliance, "None": netpol.None,
}

func (r *Route) model(name string) (netpol.Route, error) {
	route := netpol.Route{Name: name, NextHop: nextHops[r.NextHopType]}
	var problems [2]error
	route.Destination, problems[0] = netpol.ParseAddress(r.Prefix)
	if r.NextHop != "" {
		route.NextHopIP, problems[1] = netip.ParseAddr(r.NextHop)
		route.NextHopIP = route.NextHopIP.Unmap()
	}
	return route, errors.Join(problems[:]...)
}

// endpointNames are the services of service endpoints whose tag has another name
// than the service's provider.
var endpointNames = map[string]string{
	"microsoft.web": "AppService", "microsoft.keyvault": "AzureKeyVault", "microsoft.cognitiveservices": "CognitiveServicesManagement",
	"microsoft.containerregistry": "AzureContainerRegistry", "microsoft.azureactivedirectory": "AzureActiveDirectory",
}

// endpointTags are the service tags that service endpoints lead to. A service
// without a tag has no addresses that a route could have.
func (known tagNames) endpointTags(endpoints []ServiceEndpoint) []string {
	var tags []string
	for _, e := range endpoints {
		service := strings.ToLower(e.Service)
		name, other := endpointNames[service]
		if !other {
			_, name, _ = strings.Cut(e.Service, ".")
		}
		if name, _, _ = strings.Cut(name, "."); known.has(name) {
			tags = append(tags, name)
		}
	}
	return tags
}
