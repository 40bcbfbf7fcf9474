package network

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Virtual network gateways, as far as the policy needs them: that a network has one,
// and what lies behind it (the client pool, customRoutes, and the tag isle-routes).
// The way there is the host's own routing; no tunnel is made.

const (
	subnetGateway   = "GatewaySubnet"
	gatewayVPN      = "Vpn"
	gatewayExpress  = "ExpressRoute"
	maxGatewayAddrs = 3 // IP configurations of one

	codeGateway = "InvalidGatewayConfiguration"
)

// gatewaySKUs are the sizes of each type of gateway.
var gatewaySKUs = map[string][]string{
	gatewayVPN: {"VpnGw1", "Basic", "Standard", "HighPerformance", "VpnGw2", "VpnGw3", "VpnGw4", "VpnGw5",
		"VpnGw1AZ", "VpnGw2AZ", "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ"},
	gatewayExpress: {"Standard", "HighPerformance", "UltraPerformance", "ErGw1AZ", "ErGw2AZ", "ErGw3AZ", "ErGwScale"},
}

// putGateway creates or replaces a gateway.
func putGateway(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form := readGateway(r, &found)
	if form == nil {
		return nil, found.Err()
	}
	checkGatewayTags(r.Tags, &found)
	old := &VirtualGateway{}
	if r.Old != nil {
		var err error
		if old, err = decode[VirtualGateway](*r.Old); err != nil {
			return nil, err
		}
		form.GUID = old.GUID
		form.checkChange(old, &found)
	}
	if err := form.place(tx, r, old, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := moveGateway(tx, r, old, form); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readGateway makes the stored form of a request and checks it by itself.
func readGateway(r *arm.PutRequest, found *arm.Found) *VirtualGateway {
	var body gatewayBody
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil
	}
	g := &VirtualGateway{
		Version: formVersion, GUID: arm.NewGUID(), Settings: carry(r.Properties(), carriedGateway),
		Type: oneOf(body.Type, "properties.gatewayType", found, gatewayVPN, gatewayExpress),
	}
	if skus := gatewaySKUs[g.Type]; skus != nil {
		g.SKU = oneOf(orElse(body.SKU.Name, skus[0]), "properties.sku.name", found, skus...)
	}
	if g.Type == gatewayVPN {
		g.VPNType = oneOf(orElse(body.VPNType, "RouteBased"), "properties.vpnType", found, "RouteBased", "PolicyBased")
	} else if body.Client != nil {
		found.Add(codeGateway, "properties.vpnClientConfiguration", "Gateway %s is of type %s; only a gateway of type %s has VPN clients. Remove vpnClientConfiguration.", r.ID, g.Type, gatewayVPN)
	}
	if len(body.NAT) > 0 {
		found.Add("NatRulesNotSupported", "properties.natRules", "The gateways of this server have no NAT rules, so nothing would do what they say. Remove natRules.")
	}
	g.readConfigurations(body.Configurations, r.ID, found)
	if body.Client != nil {
		g.ClientPool = checkPrefixes(body.Client.Pool.Prefixes, "properties.vpnClientConfiguration.vpnClientAddressPool.addressPrefixes", found)
	}
	g.Routes = checkPrefixes(body.Routes.Prefixes, "properties.customRoutes.addressPrefixes", found)
	return g
}

// checkPrefixes checks a list of ranges and gives it back.
func checkPrefixes(list []string, target string, found *arm.Found) []string {
	for i, text := range list {
		if _, problem := ParsePrefix(text); problem != nil {
			found.Add(problem.Code, fmt.Sprintf("%s[%d]", target, i), "%s", problem.Message)
		}
	}
	return list
}

// readConfigurations checks that all are in one subnet, with an address each.
func (g *VirtualGateway) readConfigurations(list []gatewayConfigurationBody, id arm.ID, found *arm.Found) {
	const target = "properties.ipConfigurations"
	if len(list) == 0 || len(list) > maxGatewayAddrs {
		found.Add(codeGateway, target, "Gateway %s has %d IP configurations; it needs one to %d in a subnet named %s.", id, len(list), maxGatewayAddrs, subnetGateway)
	}
	for i, c := range list {
		at := fmt.Sprintf("%s[%d]", target, i)
		ruleNaming.check(c.Name, at+".name", found)
		entry := GatewayConfiguration{Name: c.Name, PublicIP: c.Properties.PublicIP.id()}
		subnet := c.Properties.Subnet.id()
		switch {
		case subnet == "":
			found.Add(codeGateway, at+".properties.subnet", "IP configuration '%s' of gateway %s has no subnet. Give the ID of a subnet named %s.", c.Name, id, subnetGateway)
		case g.Subnet == "":
			g.Subnet = subnet
		case !arm.SameID(g.Subnet, subnet):
			found.Add(codeGateway, at+".properties.subnet", "The IP configurations of gateway %s are in different subnets, %s and %s. Give one subnet.", id, g.Subnet, subnet)
		}
		if entry.PublicIP == "" && g.Type == gatewayVPN {
			found.Add(codeGateway, at+".properties.publicIPAddress", "IP configuration '%s' of gateway %s has no public IP address, which a gateway of type %s needs.", c.Name, id, gatewayVPN)
		}
		for _, other := range g.Configurations {
			if strings.EqualFold(other.Name, entry.Name) {
				found.Add(codeFormat, at+".name", "The IP configuration name '%s' occurs twice in gateway %s. Names are unique, ignoring case.", c.Name, id)
			}
			if entry.PublicIP != "" && arm.SameID(other.PublicIP, entry.PublicIP) {
				found.Add("PublicIPAddressInUse", at+".properties.publicIPAddress", "Public IP address %s is referenced by two IP configurations of gateway %s. Each has one of its own.", entry.PublicIP, id)
			}
		}
		g.Configurations = append(g.Configurations, entry)
	}
}

// checkChange reports what cannot become different.
func (g *VirtualGateway) checkChange(old *VirtualGateway, found *arm.Found) {
	for _, p := range []struct{ name, was, is string }{
		{"gatewayType", old.Type, g.Type}, {"vpnType", old.VPNType, g.VPNType},
	} {
		if p.was != p.is {
			found.Add(codeChange, "properties."+p.name, "Changing property '%s' from '%s' to '%s' is not allowed. Delete the gateway and create it anew.", p.name, p.was, p.is)
		}
	}
	if g.Subnet != "" && !arm.SameID(g.Subnet, old.Subnet) {
		found.Add(codeChange, "properties.ipConfigurations", "Changing property 'subnet' from %s to %s is not allowed. Delete the gateway and create it anew.", old.Subnet, g.Subnet)
	}
}

func checkGatewayTags(tags expr.Value, found *arm.Found) {
	if _, problems := parsePrefixes(tagText(tags, tagRoutes)); len(problems) > 0 {
		found.Add(codeTag, "tags."+tagRoutes, "The tag %s lists the prefixes behind the gateway, separated by commas or spaces: %s", tagRoutes, strings.Join(problems, " "))
	}
}

// place checks what the gateway refers to, and gives its configurations addresses.
func (g *VirtualGateway) place(tx *store.Tx, r *arm.PutRequest, old *VirtualGateway, found *arm.Found) error {
	for i := range g.Configurations {
		c := &g.Configurations[i]
		target := fmt.Sprintf("properties.ipConfigurations[%d].properties.publicIPAddress", i)
		if c.PublicIP == "" {
			continue
		}
		if _, err := checkPublic(tx, &c.PublicIP, publicUser{r.ID, r.Location, gatewayConfigurationID(r.ID, c.Name), target}, found); err != nil {
			return err
		}
	}
	if g.Subnet == "" {
		return nil
	}
	const target = "properties.ipConfigurations"
	resource, err := referenced(tx, g.Subnet, typeSubnets, r.ID, r.Location, target, found)
	if resource == nil || err != nil {
		return err
	}
	subnet, err := decode[Subnet](*resource)
	if err != nil {
		return err
	}
	g.Subnet = resource.ID
	if err := g.checkSubnet(tx, r.ID, subnet, target, found); err != nil {
		return err
	}
	if err := g.checkPeers(tx, r.ID, resource.Parent, target, found); err != nil {
		return err
	}
	g.settle(old, subnet, target, found)
	return g.checkPool(tx, resource.Parent, found)
}

func gatewayConfigurationID(gateway arm.ID, name string) string {
	return gateway.String() + "/ipConfigurations/" + name
}

// checkSubnet: a network may have one gateway of each type, and its subnet has
// nothing else in it.
func (g *VirtualGateway) checkSubnet(tx *store.Tx, id arm.ID, s *Subnet, target string, found *arm.Found) error {
	if name := lastSegment(g.Subnet); !strings.EqualFold(name, subnetGateway) {
		found.Add(codeGateway, target, "Subnet '%s' is not for gateways: gateway %s needs a subnet named %s.", name, id, subnetGateway)
		return nil
	}
	if len(s.Delegations) > 0 {
		found.Add("ResourceNotPermittedOnDelegatedSubnet", target, "Gateway %s cannot be in subnet %s, which is delegated to %s. Remove the delegation.", id, g.Subnet, strings.Join(s.services(), ", "))
	}
	for _, owner := range s.owners() {
		if arm.SameID(owner, id.String()) {
			continue
		}
		other, err := gatewayOf(tx, owner)
		switch {
		case err != nil:
			return err
		case other == nil:
			found.Add("SubnetWithExternalResourcesCannotBeUsedByOtherResources", target, "Subnet %s has %s in it; only gateways can be in it. Delete that resource, or use another virtual network.", g.Subnet, owner)
		case other.Type == g.Type:
			found.Add("GatewayTypeAlreadyInVirtualNetwork", target, "The virtual network of subnet %s has a gateway of type %s already, %s. A virtual network can have one of each type.", g.Subnet, g.Type, owner)
		}
	}
	return nil
}

// gatewayOf is the gateway with an ID; nil if it is something else.
func gatewayOf(tx *store.Tx, id string) (*VirtualGateway, error) {
	if parsed, err := arm.ParseID(id); err != nil || !strings.EqualFold(parsed.Type(), typeGateways) {
		return nil, nil
	}
	r, err := arm.Load(tx, id)
	if err != nil {
		return nil, err
	}
	return decode[VirtualGateway](r)
}

// settle gives each configuration the address it had, or a free one.
func (g *VirtualGateway) settle(old *VirtualGateway, s *Subnet, target string, found *arm.Found) {
	addresses := s.allocate(g.Subnet, "")
	for i := range g.Configurations {
		c := &g.Configurations[i]
		if j := slices.IndexFunc(old.Configurations, func(o GatewayConfiguration) bool { return strings.EqualFold(o.Name, c.Name) }); j >= 0 {
			c.Address = old.Configurations[j].Address
			continue
		}
		a := addresses.next(versionIPv4, c.Name)
		if !a.IsValid() {
			found.Add("SubnetIsFull", target, "Subnet %s with address prefix %s does not have enough capacity for %d IP configurations.", g.Subnet, joinPrefixes(s.ranges()), len(g.Configurations))
			return
		}
		c.Address = a.String()
	}
}

// checkPool: clients cannot have addresses of the network itself.
func (g *VirtualGateway) checkPool(tx *store.Tx, network string, found *arm.Found) error {
	r, err := arm.Load(tx, network)
	if err != nil {
		return err
	}
	form, err := decode[Network](r)
	if err != nil {
		return err
	}
	for i, text := range g.ClientPool {
		pool, err := netip.ParsePrefix(text)
		if err == nil && slices.ContainsFunc(form.ranges(), pool.Overlaps) {
			found.Add("VnetAddressSpacesOverlap", fmt.Sprintf("properties.vpnClientConfiguration.vpnClientAddressPool.addressPrefixes[%d]", i),
				"The VPN client address pool %s overlaps the address space %s of virtual network %s. Overlapping address prefixes: %s.", text, joinPrefixes(form.ranges()), r.ID, text)
		}
	}
	return nil
}

// moveGateway brings the other side of a gateway's references up to date.
func moveGateway(tx *store.Tx, r *arm.PutRequest, old, form *VirtualGateway) error {
	var uses []Use
	users := map[string]string{} // by public address
	for _, c := range old.Configurations {
		users[strings.ToLower(c.PublicIP)] = ""
	}
	for _, c := range form.Configurations {
		id := gatewayConfigurationID(r.ID, c.Name)
		users[strings.ToLower(c.PublicIP)] = id
		uses = append(uses, Use{id, c.Address})
	}
	for id, configuration := range users {
		if id == "" {
			continue
		}
		if err := setPublicUser(tx, id, configuration, r.Now); err != nil {
			return err
		}
	}
	if slices.Equal(old.Configurations, form.Configurations) {
		return nil
	}
	return setUses(tx, orElse(form.Subnet, old.Subnet), r.ID.String(), uses, r.Now)
}

// patchGateway changes the tags.
func patchGateway(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	checkGatewayTags(r.Tags, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	return arm.PatchTags(ctx, tx, r)
}

func deleteGateway(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[VirtualGateway](r.Old)
	if err != nil {
		return err
	}
	return moveGateway(tx, &arm.PutRequest{ID: r.ID, Now: r.Now}, form, &VirtualGateway{})
}

func viewGateway(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[VirtualGateway](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view(r.ID, r.ETag)), nil
}

func (g *VirtualGateway) view(id, etag string) expr.Value {
	var f, sku, pool, client, routes fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", g.GUID)
	f.text("gatewayType", g.Type)
	f.text("vpnType", g.VPNType)
	sku.text("name", g.SKU)
	sku.text("tier", g.SKU)
	f.add("sku", sku.value())
	list := make([]expr.Value, len(g.Configurations))
	for i := range g.Configurations {
		c := &g.Configurations[i]
		list[i] = child(id+"/ipConfigurations/"+c.Name, c.Name, typeGateways+"/ipConfigurations", etag, c.view(g.Subnet))
	}
	f.add("ipConfigurations", expr.Array(list...))
	f.settings(g.Settings)
	f.missing(g.Settings, "activeActive", expr.Bool(false))
	f.missing(g.Settings, "enableBgp", expr.Bool(false))
	if len(g.ClientPool) > 0 {
		pool.texts("addressPrefixes", g.ClientPool)
		client.add("vpnClientAddressPool", pool.value())
		f.add("vpnClientConfiguration", client.value())
	}
	if len(g.Routes) > 0 {
		routes.texts("addressPrefixes", g.Routes)
		f.add("customRoutes", routes.value())
	}
	return f.value()
}

func (c *GatewayConfiguration) view(subnet string) expr.Value {
	var f fields
	f.text("provisioningState", succeeded)
	f.text("privateIPAddress", c.Address)
	f.text("privateIPAllocationMethod", methodDynamic)
	if c.PublicIP != "" {
		f.add("publicIPAddress", idObject(c.PublicIP))
	}
	f.add("subnet", idObject(subnet))
	return f.value()
}
