package network

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Types are the resource types of the package. Every change of one of their
// resources is a change of the policies. What carries the flows may be nil; without
// captures, packet captures are refused.
func Types(s *store.Store, policies *Policies, plane Plane, captures *Captures) []arm.Type {
	p := newProvider(s.Control(), policies)
	p.plane, p.captures = plane, captures
	types := resourceTypes(p)
	for i := range types {
		types[i] = policies.watch(withoutLogs(limited(types[i])))
	}
	return types
}

// TypeNames are the names of the types, for who checks templates without a server.
func TypeNames() []string { return arm.Names(resourceTypes(new(provider))) }

func resourceTypes(p *provider) []arm.Type {
	versions := []string{"2025-01-01", "2024-10-01", "2024-07-01", "2024-05-01", "2024-03-01", "2024-01-01", "2023-11-01", "2023-09-01", "2023-06-01", "2023-05-01", "2023-04-01", "2023-02-01",
		"2022-11-01", "2022-09-01", "2022-07-01", "2022-05-01", "2022-01-01", "2021-08-01", "2021-05-01", "2021-03-01", "2021-02-01", "2020-11-01", "2020-08-01", "2020-07-01", "2020-06-01", "2020-05-01", "2020-04-01", "2020-03-01",
		"2019-12-01", "2019-11-01", "2019-09-01", "2019-08-01", "2019-07-01", "2019-06-01", "2019-04-01", "2019-02-01", "2018-12-01", "2018-11-01", "2018-10-01", "2018-08-01", "2018-07-01", "2018-06-01", "2018-04-01", "2018-02-01", "2018-01-01",
		"2017-11-01", "2017-10-01", "2017-09-01", "2017-08-01", "2017-06-01", "2017-03-01", "2016-12-01", "2016-09-01", "2016-06-01", "2016-03-30", "2015-06-15", "2015-05-01-preview"}
	top := arm.Type{APIVersions: versions, AnyVersion: true, Tracked: true, ETagMember: true, Patch: arm.PatchTags, List: &arm.ListSpec{}, ValidName: anyName}
	top.Names = []string{typeNetworks, typeGroups, typeTables, typePublicIPs, typePublicPrefixes, typeInterfaces, typeGateways, typeApplicationGroups, typeNATGateways, typePolicies, typeIPGroups}
	top.Move = arm.Rehome
	child := arm.Type{APIVersions: versions, AnyVersion: true, ETagMember: true, List: &arm.ListSpec{}, ValidName: anyName, Names: top.Names}

	peerings := child
	peerings.Name, peerings.Put, peerings.Delete, peerings.View = typePeerings, putPeering, deletePeering, viewPeering
	peerings.ReadOnly = []string{"properties.resourceGuid", "properties.peeringState", "properties.peeringSyncLevel", "properties.localAddressSpace", "properties.localVirtualNetworkAddressSpace",
		"properties.remoteAddressSpace", "properties.remoteVirtualNetworkAddressSpace"}

	networks := top
	networks.Name, networks.Put, networks.Patch, networks.Delete, networks.View = typeNetworks, putNetwork, patchNetwork, deleteNetwork, viewNetwork
	networks.Move = moveNetwork
	networks.ReadOnly = []string{"properties.resourceGuid", "properties.flowLogs", "properties.subnets.properties.ipConfigurations", "properties.subnets.properties.serviceAssociationLinks", "properties.subnets.properties.resourceNavigationLinks"}
	for _, path := range peerings.ReadOnly {
		networks.ReadOnly = append(networks.ReadOnly, "properties.virtualNetworkPeerings."+path)
	}
	networks.Linked = "peer/action"
	networks.Actions = map[string]arm.Handler{"ddosProtectionStatus": protections, "trace": p.trace}
	networks.Reads = map[string]arm.Handler{"usages": p.usages, "CheckIPAddressAvailability": p.availability}

	subnets := child
	subnets.Name, subnets.Put, subnets.Delete, subnets.View = typeSubnets, putSubnet, deleteSubnet, viewSubnet
	subnets.Reads = map[string]arm.Handler{"ServiceAssociationLinks": linkReader(true), "ResourceNavigationLinks": linkReader(false)}
	subnets.Actions = map[string]arm.Handler{"PrepareNetworkPolicies": prepareSubnet, "UnprepareNetworkPolicies": prepareSubnet}

	groups := top
	groups.Name, groups.Put, groups.View = typeGroups, p.putGroup, viewGroup
	groups.Delete = deleteAttachment("InUseNetworkSecurityGroupCannotBeDeleted", "Network security group")
	groups.ReadOnly = []string{"properties.resourceGuid", "properties.defaultSecurityRules", "properties.networkInterfaces", "properties.subnets", "properties.flowLogs"}
	groups.Reads = map[string]arm.Handler{"defaultSecurityRules": readDefaultRules, "defaultSecurityRules/{rule}": readDefaultRule}

	rules := child
	rules.Name, rules.Put, rules.Delete, rules.View = typeRules, p.putRule, deleteChild, viewRule

	applications := top
	applications.Name, applications.Put, applications.Delete, applications.View = typeApplicationGroups, putApplicationGroup, deleteApplicationGroup, viewApplicationGroup
	applications.ReadOnly = []string{"properties.resourceGuid"}

	tables := top
	tables.Name, tables.Put, tables.View = typeTables, p.putTable, viewTable
	tables.ReadOnly = []string{"properties.resourceGuid", "properties.subnets"}
	tables.Delete = deleteAttachment("InUseRouteTableCannotBeDeleted", "Route table")

	nats := top
	nats.Name, nats.Put, nats.Delete, nats.View = typeNATGateways, putNATGateway, deleteNATGateway, viewNATGateway
	nats.ReadOnly = []string{"properties.resourceGuid", "properties.subnets"}

	endpointPolicies := top
	endpointPolicies.Name, endpointPolicies.Put, endpointPolicies.Delete, endpointPolicies.View = typeEndpointPolicies, putEndpointPolicy, deleteAttachment("InUseServiceEndpointPolicyCannotBeDeleted", "Service endpoint policy"), viewEndpointPolicy
	endpointPolicies.ReadOnly = []string{"properties.resourceGuid", "properties.subnets"}
	endpointDefinitions := child
	endpointDefinitions.Name, endpointDefinitions.Put, endpointDefinitions.Delete, endpointDefinitions.View = typeEndpointDefinitions, putEndpointDefinition, deleteChild, viewEndpointDefinition

	zones := top
	zones.Name, zones.APIVersions, zones.Put, zones.Delete, zones.View, zones.Move = typeZones, zoneVersions, putZone, deleteZone, viewZone, nil
	zones.Reads = map[string]arm.Handler{"ALL": p.listRecords("")}
	links := child
	links.Name, links.APIVersions, links.Tracked, links.Put, links.Patch, links.Delete, links.View = typeZoneLinks, zoneVersions, true, putZoneLink, putZoneLink, deleteZoneLink, viewZoneLink
	links.ReadOnly = []string{"properties.virtualNetworkLinkState"}
	var records []arm.Type
	for _, typ := range recordTypes {
		t := child
		t.Name, t.APIVersions, t.NoState, t.Put, t.Patch, t.Delete, t.View = typeZones+"/"+typ, zoneVersions, true, putRecord, putRecord, deleteRecord, viewRecord
		t.ReadOnly = []string{"properties.fqdn", "properties.isAutoRegistered"}
		t.Collection = p.listRecords(typ)
		if typ == "A" && p.policies != nil {
			t.Builtin = p.policies.registeredSet
		}
		records = append(records, t)
	}

	routes := child
	routes.Name, routes.Put, routes.Delete, routes.View = typeRoutes, p.putRoute, deleteRoute, viewRoute

	watchers := top
	watchers.Name, watchers.Put, watchers.Delete, watchers.View, watchers.AcceptDelete = typeWatchers, putWatcher, deleteWatcher, viewWatcher, true
	watchers.Actions = map[string]arm.Handler{"ipFlowVerify": p.verifyFlow, "nextHop": p.nextHop, "connectivityCheck": p.checkConnectivity,
		"networkConfigurationDiagnostic": p.diagnose, "securityGroupView": p.securityView, "topology": p.topology,
		"troubleshoot": p.troubleshoot, "queryTroubleshootResult": p.troubleshot,
		"azureReachabilityReport": p.reachabilityReport, "availableProvidersList": p.availableProviders,
		"configureFlowLog": p.configureLog, "queryFlowLogStatus": p.logStatus}
	flowLogs := child
	flowLogs.Name, flowLogs.Tracked, flowLogs.AcceptDelete, flowLogs.Put, flowLogs.Patch, flowLogs.Delete, flowLogs.View = typeFlowLogs, true, true, putFlowLog, arm.PatchTags, deleteFlowLog, viewFlowLog
	flowLogs.ReadOnly = []string{"properties.targetResourceGuid", "properties.folder"}

	captures := child
	captures.Name, captures.Put, captures.Prepare, captures.Delete, captures.View, captures.AcceptDelete = typeCaptures, p.captures.put, p.captures.prepare, p.captures.remove, p.captures.view, true
	captures.Names = append([]string{typeEnvironments}, child.Names...)
	captures.ReadOnly = []string{"properties.storageLocation.storagePath"}
	captures.Actions = p.captures.captureActions()
	firewallCaptures := captures // made by the firewall's actions
	firewallCaptures.Name, firewallCaptures.Put, firewallCaptures.Prepare = typeFirewallCaptures, nil, nil

	publics := top
	publics.Name, publics.Put, publics.Patch, publics.Delete, publics.View = typePublicIPs, putPublicIP, patchPublicIP, deletePublicIP, viewPublicIP
	publics.Move = movePublicIP
	publics.ReadOnly = []string{"properties.resourceGuid", "properties.dnsSettings.fqdn", "properties.ipAddress", "properties.ipConfiguration", "properties.natGateway"}
	publics.Actions = map[string]arm.Handler{"ddosProtectionStatus": protection}

	publicPrefixes := top
	publicPrefixes.Name, publicPrefixes.Put, publicPrefixes.Patch, publicPrefixes.Delete, publicPrefixes.View = typePublicPrefixes, putPublicPrefix, patchPublicPrefix, deletePublicPrefix, viewPublicPrefix
	publicPrefixes.ReadOnly = []string{"properties.resourceGuid", "properties.ipPrefix", "properties.publicIPAddresses", "properties.natGateway"}

	firewalls := top
	firewalls.Name, firewalls.Put, firewalls.Delete, firewalls.View = typeFirewalls, p.putFirewall, deleteFirewall, viewFirewall
	firewalls.Move = nil // as in Azure
	firewalls.Actions = map[string]arm.Handler{"learnedIPPrefixes": learnedPrefixes, "packetCapture": p.captures.firewallCaptured, "packetCaptureOperation": p.captures.firewallCaptureOperation}

	policies := top
	policies.Name, policies.Put, policies.Delete, policies.View = typePolicies, putPolicy, deletePolicy, viewPolicy
	policies.ReadOnly = []string{"properties.firewalls", "properties.childPolicies", "properties.ruleCollectionGroups"}
	ruleGroups := child
	ruleGroups.Name, ruleGroups.Put, ruleGroups.Delete, ruleGroups.View = typeRuleGroups, p.putRuleGroup, deleteChild, viewRuleGroup
	ipGroups := top
	ipGroups.Name, ipGroups.Put, ipGroups.Delete, ipGroups.View = typeIPGroups, putIPGroup, deleteIPGroup, viewIPGroup
	ipGroups.ReadOnly = []string{"properties.firewalls", "properties.firewallPolicies"}

	gateways := top
	gateways.Name, gateways.Put, gateways.Patch, gateways.Delete, gateways.View = typeGateways, putGateway, patchGateway, deleteGateway, viewGateway
	interfaces := top
	interfaces.Name, interfaces.Put, interfaces.Patch, interfaces.Delete, interfaces.View = typeInterfaces, putInterface, patchInterface, deleteInterface, viewInterface
	interfaces.ReadOnly = []string{"properties.resourceGuid", "properties.macAddress", "properties.hostedWorkloads", "properties.tapConfigurations", "properties.vnetEncryptionSupported", "properties.dnsSettings.appliedDnsServers"}
	interfaces.Reads = map[string]arm.Handler{"ipConfigurations": readConfigurations, "ipConfigurations/{configuration}": readConfiguration}
	interfaces.Actions = map[string]arm.Handler{"effectiveNetworkSecurityGroups": p.policies.effectiveGroups, "effectiveRouteTable": p.policies.effectiveRoutes}
	firewalls.ReadOnly, gateways.ReadOnly = []string{"properties.ipConfigurations.properties.privateIPAddress"}, []string{"properties.resourceGuid"}
	for _, t := range []*arm.Type{&subnets, &groups, &tables, &publics, &publicPrefixes, &interfaces, &gateways, &applications, &nats, &policies, &ipGroups} {
		t.Linked = "join/action"
	}
	return append([]arm.Type{networks, peerings, subnets, groups, applications, rules, tables, routes, nats, watchers, flowLogs, captures, publics, publicPrefixes, firewalls, firewallCaptures, policies, ruleGroups, ipGroups, interfaces, gateways, endpointPolicies, endpointDefinitions}, append(records, zones, links)...)
}

// zoneVersions are the api-versions of private DNS zones.
var zoneVersions = []string{"2024-06-01", "2020-06-01", "2020-01-01", "2018-09-01"}

// anyName leaves names to the types' own rules, which report them together with
// all else.
func anyName(string) *arm.Error { return nil }

// Routes are the paths of the package that belong to no resource. captures may be nil.
func Routes(policies *Policies, captures *Captures) []arm.Route {
	p := newProvider(policies.control, policies)
	p.captures = captures
	const subscription, group = "/subscriptions/{subscription}", "/subscriptions/{subscription}/resourceGroups/{group}"
	at := func(scope, path string, serve arm.Handler) arm.Route {
		return arm.Route{Method: "GET", Pattern: scope + "/providers/Microsoft.Network/locations/{location}/" + path, Action: "Microsoft.Network/locations/" + path + "/read", Serve: serve}
	}
	return []arm.Route{
		at(subscription, "availableDelegations", availableDelegations),
		at(group, "availableDelegations", availableDelegations),
		{Method: "GET", Pattern: subscription + "/providers/Microsoft.Network/azureFirewallFqdnTags", Action: "Microsoft.Network/azureFirewallFqdnTags/read", Serve: policies.fqdnTags},
		at(subscription, "virtualNetworkAvailableEndpointServices", availableEndpointServices),
		at(subscription, "serviceTags", policies.serviceTags),
		at(subscription, "serviceTagDetails", policies.serviceTagDetails),
		at(subscription, "usages", p.quotaUsages),
		p.machineRoute(),
	}
}

func availableDelegations(_ context.Context, r *arm.Request) (*arm.Response, error) {
	const service, name = "Microsoft.Logic/integrationServiceEnvironments", "Microsoft.Logic.integrationServiceEnvironments"
	var f fields
	f.text("name", name)
	f.text("id", "/subscriptions/"+r.Values["subscription"]+"/providers/Microsoft.Network/availableDelegations/"+name)
	f.text("type", "Microsoft.Network/availableDelegations")
	f.text("serviceName", service)
	f.texts("actions", delegationActions(service))
	return arm.Reply(list(expr.Array(f.value()))), nil
}

// provider answers what looks at more than one resource, or at the service tags.
type provider struct {
	control  *store.DB
	policies *Policies
	plane    Plane     // nil: nobody carries flows
	captures *Captures // nil: there are none
}

func newProvider(control *store.DB, policies *Policies) *provider {
	return &provider{control: control, policies: policies}
}

// tags are the service tags that rules may name now.
func (p *provider) tags() tagNames { return p.policies.tags.Load().names }

func (p *provider) subnets(ctx context.Context, network arm.ID) (found []nested[Subnet], err error) {
	err = p.control.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = children[Subnet](tx, network, typeSubnets)
		return err
	})
	return found, err
}

// usages answers GET {network}/usages: for each subnet, how many of its addresses
// are in use (network.md §A2).
func (p *provider) usages(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	subnets, err := p.subnets(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	values := make([]expr.Value, len(subnets))
	for i := range subnets {
		s := &subnets[i]
		values[i] = usage(s.ID, "SubnetSpace", "Subnet size and usage", int64(len(s.form.taken())), usable(s.form.ranges()))
	}
	return arm.Reply(list(expr.Array(values...))), nil
}

// suggested is how many free addresses an answer about a taken one names.
const suggested = 5

// availability answers GET {network}/CheckIPAddressAvailability?ipAddress=…
func (p *provider) availability(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	address, err := netip.ParseAddr(r.Query.Get("ipaddress"))
	if err != nil {
		return nil, arm.Invalid(codeFormat, "ipAddress", "The query parameter ipAddress must be an IP address of the virtual network; it is '%s'.", r.Query.Get("ipaddress"))
	}
	subnets, err := p.subnets(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for i := range subnets {
		a := subnets[i].form.allocate(subnets[i].ID, "")
		if prefix, inside := a.has(address); inside {
			return arm.Reply(a.availability(prefix, address)), nil
		}
	}
	return nil, arm.Invalid("PrivateIPAddressNotInAnySubnet", "ipAddress", "Private static IP address %s does not belong to the range of any subnet in the virtual network %s.", address, r.Resource.ID)
}

// availability tells whether an address is free, and which others are if it is not.
func (a *allocation) availability(prefix netip.Prefix, address netip.Addr) expr.Value {
	free := a.free(address)
	var f fields
	f.add("available", expr.Bool(free))
	if !free {
		f.texts("availableIPAddresses", addressTexts(a.list(versionOf(address), suggested)))
	}
	f.add("isPlatformReserved", expr.Bool(reservedIn(prefix, address)))
	return f.value()
}

func addressTexts(list []netip.Addr) []string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return texts
}

// protections answers POST {network}/ddosProtectionStatus: no address has any.
func protections(context.Context, *arm.Request) (*arm.Response, error) {
	return arm.Reply(list(expr.Array())), nil
}

// reservedIn tells whether an address is one of the five of its subnet that no
// resource can have.
func reservedIn(prefix netip.Prefix, address netip.Addr) bool {
	first := prefix.Addr()
	for range reservedAddresses - 1 {
		if address == first {
			return true
		}
		first = first.Next()
	}
	return !prefix.Contains(address.Next())
}

func containsFold(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, text) })
}
