package network

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Azure Firewalls (network.md §A6): NAT, network and application rules, their own or
// those of a policy, what they do about names, and source translation to their public
// addresses. What this server does not enforce (hubs, web categories) is refused, never
// stored in silence.

const (
	subnetFirewall     = "AzureFirewallSubnet"
	firewallBits       = 26 // the longest prefix of its subnet
	firstUsable        = 4  // number of the first address that a resource can have
	privateRanges      = "Network.SNAT.PrivateRanges"
	typeConfigurations = typeFirewalls + "/azureFirewallIpConfigurations"

	codeFirewallSubnet  = "InvalidAzureFirewallSubnet"
	codeFirewallAddress = "InvalidAzureFirewallPublicIPAddress"
)

// putFirewall creates or replaces a firewall.
func (p *provider) putFirewall(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form := p.readFirewall(r, &found)
	if form == nil {
		return nil, found.Err()
	}
	old := &Firewall{}
	if r.Old != nil {
		var err error
		if old, err = decode[Firewall](*r.Old); err != nil {
			return nil, err
		}
	}
	for i := range form.Configurations {
		if err := form.place(tx, r, i, old, &found); err != nil {
			return nil, err
		}
	}
	if err := form.refer(tx, r, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := moveFirewall(tx, r, old, form); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readFirewall makes the stored form of a request and checks it by itself.
func (p *provider) readFirewall(r *arm.PutRequest, found *arm.Found) *Firewall {
	var body firewallBody
	var top publicTop
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) || !found.Decode(r.Body, &top, "", codeFormat) {
		return nil
	}
	f := &Firewall{
		Version: formVersion, Zones: top.Zones, Settings: carry(r.Properties(), carriedFirewall),
		Tier:        oneOf(orElse(body.SKU.Tier, skuStandard), "properties.sku.tier", found, skuBasic, skuStandard, "Premium"),
		ThreatIntel: oneOf(orElse(body.ThreatIntel, "Alert"), "properties.threatIntelMode", found, "Alert", "Deny", "Off"),
	}
	oneOf(orElse(body.SKU.Name, "AZFW_VNet"), "properties.sku.name", found, "AZFW_VNet")
	checkZones(f.Zones, found)
	body.checkAbsent(found)
	f.readConfigurations(body.Configurations, r.ID, found)
	f.readAdditional(body.Additional, found)
	f.NAT = collectionsOf(body.NAT, kindNAT, memberNAT, found)
	f.Collections = collectionsOf(body.Collections, kindNetwork, memberNetwork, found)
	f.Applications = collectionsOf(body.Application, kindApplication, memberApplication, found)
	for _, kind := range f.kinds() {
		p.tags().checkCollections(kind.list, classic(kind.member), found)
	}
	checkNameTags(p.policies.nameTags(), f.Applications, classic(memberApplication), found)
	f.dns().checkRules(f.Collections, classic(memberNetwork), found)
	if f.Policy = body.Policy.id(); f.Policy != "" {
		if len(f.NAT)+len(f.Collections)+len(f.Applications) > 0 {
			found.Add("AzureFirewallPolicyAndRuleCollectionsConflict", "properties.firewallPolicy", "Azure Firewall %s cannot have rule collections and a firewall policy. Give the rules in rule collection groups of the policy, or leave out firewallPolicy.", r.ID)
		}
		f.ThreatIntel = "Off" // the policy says
	}
	f.checkLimits(r.ID, found)
	return f
}

// The members of a firewall that have its own collections.
const (
	memberNAT         = "natRuleCollections"
	memberNetwork     = "networkRuleCollections"
	memberApplication = "applicationRuleCollections"
)

// kindOf is the collections of one kind, and the member that has them.
type kindOf struct {
	list   []Collection
	member string
}

func (f *Firewall) kinds() []kindOf {
	return []kindOf{{f.NAT, memberNAT}, {f.Collections, memberNetwork}, {f.Applications, memberApplication}}
}

// refer checks what the firewall refers to beside its place.
func (f *Firewall) refer(tx *store.Tx, r *arm.PutRequest, found *arm.Found) error {
	if f.Policy != "" {
		policy, err := referencedAnywhere(tx, f.Policy, typePolicies, r.ID, "properties.firewallPolicy", found)
		if err != nil {
			return err
		}
		if policy != nil {
			f.Policy = policy.ID
		}
	}
	for _, kind := range f.kinds() {
		if err := checkIPGroups(tx, r.ID, kind.list, classic(kind.member), found); err != nil {
			return err
		}
	}
	return f.checkPublicly(tx, found)
}

// checkAbsent reports what would promise something that nothing here does.
func (b *firewallBody) checkAbsent(found *arm.Found) {
	for _, m := range []struct {
		given                    bool
		member, code, what, give string
	}{
		{b.Hub.id() != "", "virtualHub", "VirtualHubNotSupported", "virtual hubs", "give ipConfigurations"},
		{b.HubAddresses.Len() > 0, "hubIPAddresses", "VirtualHubNotSupported", "virtual hubs", "give ipConfigurations"},
		{b.Management != nil, "managementIpConfiguration", "ManagementIPConfigurationNotSupported", "management configurations", "a firewall is managed without one"},
	} {
		if m.given {
			found.Add(m.code, "properties."+m.member, "The firewalls of this server have no %s, so nothing would do what they say. Remove %s; %s.", m.what, m.member, m.give)
		}
	}
}

// readConfigurations checks the names and that exactly one has the subnet.
func (f *Firewall) readConfigurations(list []firewallConfigurationBody, id arm.ID, found *arm.Found) {
	const target = "properties.ipConfigurations"
	subnets := 0
	for i, c := range list {
		at := fmt.Sprintf("%s[%d]", target, i)
		ruleNaming.check(c.Name, at+".name", found)
		entry := FirewallConfiguration{Name: c.Name, Subnet: c.Properties.Subnet.id(), PublicIP: c.Properties.PublicIP.id()}
		for _, other := range f.Configurations {
			if strings.EqualFold(other.Name, entry.Name) {
				found.Add(codeFormat, at+".name", "The IP configuration name '%s' occurs twice in firewall %s. Names are unique, ignoring case.", c.Name, id)
			}
			if entry.PublicIP != "" && arm.SameID(other.PublicIP, entry.PublicIP) {
				found.Add("PublicIPAddressInUse", at+".properties.publicIPAddress", "Public IP address %s is referenced by two IP configurations of firewall %s. Each has one of its own.", entry.PublicIP, id)
			}
		}
		if entry.PublicIP == "" {
			found.Add(codeFirewallAddress, at+".properties.publicIPAddress", "IP configuration '%s' of firewall %s has no public IP address. Give publicIPAddress.id of one with sku Standard.", c.Name, id)
		}
		if entry.Subnet != "" {
			subnets++
		}
		f.Configurations = append(f.Configurations, entry)
	}
	switch {
	case subnets > 1:
		found.Add("AzureFirewallSubnetReferenceConflict", target, "Azure Firewall %s cannot have more than one subnet reference. Give the subnet in one IP configuration; the others have only a public IP address.", id)
	case subnets == 0 && len(list) > 0:
		found.Add("AzureFirewallSubnetReferenceMissing", target, "Azure Firewall %s has IP configurations, and none has a subnet. Give the ID of a subnet named %s in one of them.", id, subnetFirewall)
	}
}

// readAdditional reads additionalProperties. Besides the ranges of translation,
// only what is switched off is accepted.
func (f *Firewall) readAdditional(given map[string]string, found *arm.Found) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		text := given[name]
		at := "properties.additionalProperties." + name
		switch {
		case strings.EqualFold(name, privateRanges):
			f.PrivateRanges = entries(text)
			if _, err := snatRanges(f.PrivateRanges); err != nil {
				found.Add("InvalidAddressPrefixFormat", at, "The private ranges '%s' are not valid: %s. Give ranges in CIDR notation, or IANAPrivateRanges, separated by commas.", text, strings.ReplaceAll(err.Error(), "\n", "; "))
			}
		case slices.ContainsFunc(dnsProperties, func(known string) bool { return strings.EqualFold(known, name) }):
			f.readDNS(name, text, at, found)
		case text != "" && !strings.EqualFold(text, "false"):
			found.Add("AdditionalPropertyNotSupported", at, "The firewalls of this server do not know the additional property '%s'. Remove it; known are %s, %s.", name, privateRanges, strings.Join(dnsProperties, ", "))
		}
	}
}

// place checks what a configuration refers to, and gives the firewall its private
// address.
func (f *Firewall) place(tx *store.Tx, r *arm.PutRequest, i int, old *Firewall, found *arm.Found) error {
	c := &f.Configurations[i]
	at := fmt.Sprintf("properties.ipConfigurations[%d].properties", i)
	if c.PublicIP != "" {
		if err := c.checkAddress(tx, r, at+".publicIPAddress", found); err != nil {
			return err
		}
	}
	if c.Subnet == "" {
		return nil
	}
	resource, err := referenced(tx, c.Subnet, typeSubnets, r.ID, r.Location, at+".subnet", found)
	if resource == nil || err != nil {
		return err
	}
	c.Subnet = resource.ID
	subnet, err := decode[Subnet](*resource)
	if err != nil {
		return err
	}
	sameGroup(r.ID, resource.ID, "the virtual network of subnet", at+".subnet", found)
	if old.subnet() == resource.ID {
		f.Address = old.Address
	}
	f.checkSubnet(r.ID, resource.ID, subnet, at+".subnet", found)
	return checkFirewallTable(tx, resource.ID, subnet.RouteTable, at+".subnet", found)
}

// subnet is the ID of the firewall's subnet; "" if it is in none.
func (f *Firewall) subnet() string {
	for _, c := range f.Configurations {
		if c.Subnet != "" {
			return c.Subnet
		}
	}
	return ""
}

func (c *FirewallConfiguration) checkAddress(tx *store.Tx, r *arm.PutRequest, target string, found *arm.Found) error {
	public, err := checkPublic(tx, &c.PublicIP, publicUser{r.ID, r.Location, configurationID(r.ID, c.Name), target}, found)
	if public == nil || err != nil {
		return err
	}
	sameGroup(r.ID, c.PublicIP, "public IP address", target, found)
	if public.SKU != skuStandard || public.Method != methodStatic || !public.ipv4() {
		found.Add(codeFirewallAddress, target, "Public IP address %s has sku %s, allocation method %s and version %s; a firewall takes sku Standard, method Static, version IPv4.", c.PublicIP, public.SKU, public.Method, public.Protocol)
	}
	return nil
}

func configurationID(firewall arm.ID, name string) string {
	return firewall.String() + "/azureFirewallIpConfigurations/" + name
}

// sameGroup reports what is in another resource group than its firewall.
func sameGroup(firewall arm.ID, other, what, target string, found *arm.Found) {
	if id, err := arm.ParseID(other); err == nil && !strings.EqualFold(id.Group, firewall.Group) {
		found.Add(codeReference, target, "Firewall %s and %s %s must be in one resource group; they are in '%s' and '%s'.", firewall, what, other, firewall.Group, id.Group)
	}
}

// checkSubnet checks the subnet of a firewall and chooses the private address, if
// there is none yet: the first usable one.
func (f *Firewall) checkSubnet(id arm.ID, subnetID string, s *Subnet, target string, found *arm.Found) {
	if name := lastSegment(subnetID); !strings.EqualFold(name, subnetFirewall) {
		found.Add(codeFirewallSubnet, target, "Subnet '%s' is not for firewalls: firewall %s needs a subnet named %s.", name, id, subnetFirewall)
		return
	}
	if len(s.Delegations) > 0 {
		found.Add("ResourceNotPermittedOnDelegatedSubnet", target, "Firewall %s cannot be in subnet %s, which is delegated to %s. Remove the delegation.", id, subnetID, strings.Join(s.services(), ", "))
	}
	for _, owner := range s.owners() {
		if !arm.SameID(owner, id.String()) {
			found.Add("SubnetWithExternalResourcesCannotBeUsedByOtherResources", target, "Subnet %s has %s in it; a firewall has its subnet for itself. Delete that resource, or use another virtual network.", subnetID, owner)
		}
	}
	for _, prefix := range s.ranges() {
		if prefix.Addr().Is4() && prefix.Bits() <= firewallBits {
			if f.Address == "" {
				f.Address = usableIn(prefix).String()
			}
			return
		}
	}
	found.Add(codeFirewallSubnet, target, "Subnet %s with range %s is too small: %s needs an IPv4 range of at least /%d.", subnetID, joinPrefixes(s.ranges()), subnetFirewall, firewallBits)
}

// usableIn is the first address of a subnet's range that a resource can have.
func usableIn(prefix netip.Prefix) netip.Addr {
	a := prefix.Addr()
	for range firstUsable {
		a = a.Next()
	}
	return a
}

// moveFirewall brings the other side of a firewall's references up to date.
func moveFirewall(tx *store.Tx, r *arm.PutRequest, old, form *Firewall) error {
	if before := old.subnet(); before != "" && before != form.subnet() {
		if err := setUses(tx, before, r.ID.String(), nil, r.Now); err != nil {
			return err
		}
	}
	users := map[string]string{} // by public address
	for _, c := range old.Configurations {
		users[strings.ToLower(c.PublicIP)] = ""
	}
	for _, c := range form.Configurations {
		users[strings.ToLower(c.PublicIP)] = configurationID(r.ID, c.Name)
		if c.Subnet != "" && !slices.Contains(old.Configurations, c) {
			if err := setUses(tx, c.Subnet, r.ID.String(), []Use{{configurationID(r.ID, c.Name), form.Address}}, r.Now); err != nil {
				return err
			}
		}
	}
	for id, configuration := range users {
		if err := setPublicUser(tx, id, configuration, r.Now); err != nil {
			return err
		}
	}
	return nil
}

func deleteFirewall(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[Firewall](r.Old)
	if err != nil {
		return err
	}
	return moveFirewall(tx, &arm.PutRequest{ID: r.ID, Now: r.Now}, form, &Firewall{})
}

// learnedPrefixes answers POST {firewall}/learnedIPPrefixes: none are learned.
func learnedPrefixes(context.Context, *arm.Request) (*arm.Response, error) {
	return arm.Reply(expr.Object(expr.Member{Name: "ipPrefixes", Value: expr.Array()})), nil
}

// fqdnTags answers GET …/azureFirewallFqdnTags: those that the operator's file has, or whose
// names are public.
func (p *Policies) fqdnTags(_ context.Context, r *arm.Request) (*arm.Response, error) {
	tags := p.nameTags()
	values := make([]expr.Value, len(tags))
	for i := range tags {
		var f, inner fields
		f.text("id", "/subscriptions/"+r.Values["subscription"]+"/providers/Microsoft.Network/azureFirewallFqdnTags/"+tags[i].Name)
		f.text("name", tags[i].Name)
		f.text("type", "Microsoft.Network/azureFirewallFqdnTags")
		inner.text("provisioningState", succeeded)
		inner.text("fqdnTagName", tags[i].Name)
		f.add("properties", inner.value())
		values[i] = f.value()
	}
	return arm.Reply(list(expr.Array(values...))), nil
}
