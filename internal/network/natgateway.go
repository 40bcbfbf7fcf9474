package network

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// NAT gateways (network.md §A7): flows that leave a subnet for the Internet have one of the
// gateway's public addresses as their source, those of its prefixes among them. Subnets say
// which one they use, as with security groups and route tables, or a gateway says of which
// network all may use it that have none.

const (
	typeNATGateways = "Microsoft.Network/natGateways"

	natIdleMax          = 120
	maxNATPublics       = 16
	codeNATIncompatible = "NatGatewayIncompatiblePublicIp"
	codeNATNetworks     = "NatGatewayCannotServeSubnetsOfDifferentVirtualNetworks"
)

// carriedNAT are the writable members that are stored and served as given.
var carriedNAT = []string{"idleTimeoutInMinutes"}

type natBody struct {
	Idle      *int        `json:"idleTimeoutInMinutes"`
	Publics   []reference `json:"publicIpAddresses"`
	Publics6  []reference `json:"publicIpAddressesV6"`
	Prefixes  []reference `json:"publicIpPrefixes"`
	Prefixes6 []reference `json:"publicIpPrefixesV6"`
	Network   *reference  `json:"sourceVirtualNetwork"`
}

type natTop struct {
	SKU struct {
		Name string `json:"name"`
	} `json:"sku"`
	Zones []string `json:"zones"`
}

// putNATGateway creates or replaces a NAT gateway; the subnets that use it stay.
func putNATGateway(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	var body natBody
	var top natTop
	ruleNaming.check(r.ID.Name(), "name", &found)
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) || !found.Decode(r.Body, &top, "", codeFormat) {
		return nil, found.Err()
	}
	form, err := attachment(r, carriedNAT)
	if err != nil {
		return nil, err
	}
	form.Zones = top.Zones
	form.SKU = oneOf(orElse(top.SKU.Name, skuStandard), "sku.name", &found, skuStandard, skuStandardV2)
	checkZones(top.Zones, &found)
	body.check(r.ID, &found)
	if err := form.referToPublics(tx, r, ids(body.Publics), &found); err != nil {
		return nil, err
	}
	if err := form.referToPrefixes(tx, r, ids(body.Prefixes), &found); err != nil {
		return nil, err
	}
	if err := form.referToNetwork(tx, r, body.Network.id(), &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := movePublics(tx, r, form); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// check checks a body by itself.
func (b *natBody) check(id arm.ID, found *arm.Found) {
	if n := b.Idle; n != nil && (*n < idleMin || *n > natIdleMax) {
		found.Add(codeFormat, "properties.idleTimeoutInMinutes", "idleTimeoutInMinutes is %d; it must be a whole number from %d to %d.", *n, idleMin, natIdleMax)
	}
	for _, absent := range []struct {
		member, what string
		given        bool
	}{
		{"publicIpAddressesV6", "NAT gateways for IPv6", len(b.Publics6) > 0},
		{"publicIpPrefixesV6", "NAT gateways for IPv6", len(b.Prefixes6) > 0},
	} {
		if absent.given {
			found.Add(codeReference, "properties."+absent.member, "The %s of NAT gateway %s were not found: there are no %s in this server. Remove %s.", absent.member, id, absent.what, absent.member)
		}
	}
}

// referToPublics checks the public addresses of a NAT gateway, and gives each the
// spelling of its resource's ID.
func (a *Attachment) referToPublics(tx *store.Tx, r *arm.PutRequest, publics []string, found *arm.Found) error {
	a.Publics = publics
	for i := range publics {
		target := fmt.Sprintf("properties.publicIpAddresses[%d]", i)
		public, err := checkPublic(tx, &publics[i], publicUser{r.ID, r.Location, r.ID.String(), target}, found)
		if err != nil {
			return err
		}
		if public != nil && (public.SKU != a.SKU || !public.ipv4()) {
			found.Add(codeNATIncompatible, target, "Public IP address %s has sku %s and version %s; this NAT gateway needs sku %s and version %s.", publics[i], public.SKU, public.Protocol, a.SKU, versionIPv4)
		}
		if containsFold(publics[:i], publics[i]) {
			found.Add(codePublicUsed, target, "Public IP address %s is there twice.", publics[i])
		}
	}
	return nil
}

// referToPrefixes does so for public IP prefixes, of which the gateway has every address,
// and counts all that it has.
func (a *Attachment) referToPrefixes(tx *store.Tx, r *arm.PutRequest, prefixes []string, found *arm.Found) error {
	a.Prefixes = prefixes
	count := len(a.Publics)
	for i := range prefixes {
		target := fmt.Sprintf("properties.publicIpPrefixes[%d]", i)
		resource, err := referenced(tx, prefixes[i], typePublicPrefixes, r.ID, r.Location, target, found)
		if err != nil {
			return err
		}
		if resource == nil {
			continue
		}
		prefixes[i] = resource.ID
		form, err := decode[PublicPrefix](*resource)
		if err != nil {
			return err
		}
		if err := form.checkGateway(tx, resource.ID, r.ID, target, found); err != nil {
			return err
		}
		if sku := orElse(form.SKU, skuStandard); sku != a.SKU {
			found.Add(codeNATIncompatible, target, "Public IP prefix %s has sku %s; this NAT gateway needs sku %s.", resource.ID, sku, a.SKU)
		}
		if containsFold(prefixes[:i], prefixes[i]) {
			found.Add(codePrefixUsed, target, "Public IP prefix %s is there twice.", prefixes[i])
		}
		has, err := form.prefix()
		if err != nil {
			return err
		}
		if form.Protocol == versionIPv4 {
			count += len(addressesOf(has))
		}
	}
	if count > maxNATPublics {
		found.Add("NatGatewayPublicIpCountLimitReached", "properties.publicIpAddresses", "NAT gateway %s has %d public IP addresses, those of its prefixes among them; at most %d are allowed.", r.ID, count, maxNATPublics)
	}
	return nil
}

// referToNetwork checks the network that a NAT gateway is for as a whole: one that has no
// other, and in which all subnets are that use the gateway by themselves.
func (a *Attachment) referToNetwork(tx *store.Tx, r *arm.PutRequest, network string, found *arm.Found) error {
	if network == "" {
		return nil
	}
	const target = "properties.sourceVirtualNetwork"
	resource, err := referenced(tx, network, typeNetworks, r.ID, r.Location, target, found)
	if resource == nil || err != nil {
		return err
	}
	a.Network = resource.ID
	for _, subnet := range a.Subnets {
		if networkKey(subnet) != resource.Key {
			found.Add(codeNATNetworks, target, "NAT gateway %s is for virtual network %s, and subnet %s of another one uses it. Detach that subnet first.", r.ID, resource.ID, subnet)
		}
	}
	other, err := gatewayOfNetwork(tx, resource.ID, r.ID.Key())
	if other != "" {
		found.Add("VirtualNetworkAlreadyHasNatGateway", target, "Virtual network %s has NAT gateway %s already. Remove sourceVirtualNetwork there first.", resource.ID, other)
	}
	return err
}

// gatewayOfNetwork is the ID of the NAT gateway, but for one, that a network has as a whole;
// "" for none.
func gatewayOfNetwork(tx *store.Tx, network, but string) (string, error) {
	all, err := arm.List(tx, store.Query{Type: typeNATGateways})
	if err != nil {
		return "", err
	}
	for _, r := range all {
		form, err := decode[Attachment](r)
		if err != nil {
			return "", err
		}
		if r.Key != but && form.Network != "" && arm.SameID(form.Network, network) {
			return r.ID, nil
		}
	}
	return "", nil
}

// checkSubnetNAT checks that a subnet can use a NAT gateway: all that use one are of one
// network, and the subnet of a gateway is none of them.
func checkSubnetNAT(network arm.ID, s *nested[Subnet], gateway *arm.Resource, target string, found *arm.Found) error {
	form, err := decode[Attachment](*gateway)
	if err != nil {
		return err
	}
	if strings.EqualFold(s.name, subnetGateway) {
		found.Add("NatGatewayNotSupportedOnGatewaySubnet", target, "Subnet %s of virtual network %s is that of a gateway, and cannot use NAT gateway %s.", s.name, network, gateway.ID)
	}
	for _, other := range append(slices.Clone(form.Subnets), form.Network) {
		key := networkKey(other)
		if other == form.Network {
			key = keyOf(other)
		}
		if other != "" && key != network.Key() {
			found.Add(codeNATNetworks, target, "NAT gateway %s is used by %s, and a NAT gateway serves the subnets of one virtual network; subnet %s is in %s. Make another NAT gateway.", gateway.ID, other, s.name, network)
			break
		}
	}
	return nil
}

// checkGateway tells whether a NAT gateway can have a prefix: it is of IPv4, and neither it
// nor one of its addresses has another user.
func (p *PublicPrefix) checkGateway(tx *store.Tx, id string, gateway arm.ID, target string, found *arm.Found) error {
	if p.Protocol != versionIPv4 {
		found.Add(codeNATIncompatible, target, "Public IP prefix %s has version %s; a NAT gateway needs version %s.", id, p.Protocol, versionIPv4)
	}
	if p.NATGateway != "" && !arm.SameID(p.NATGateway, gateway.String()) {
		found.Add(codePrefixUsed, target, "Resource %s is referencing public IP prefix %s that is already allocated to resource %s.", gateway, id, p.NATGateway)
	}
	public, user, err := p.usedBy(tx, gateway)
	if public != "" {
		found.Add(codePrefixUsed, target, "Resource %s is referencing public IP prefix %s, whose public IP address %s is already allocated to resource %s.", gateway, id, public, user)
	}
	return err
}

// movePublics says to public addresses and prefixes which NAT gateway has them now, and
// to those it had before that it has not.
func movePublics(tx *store.Tx, r *arm.PutRequest, form *Attachment) error {
	if r.Old != nil {
		was, err := decode[Attachment](*r.Old)
		if err != nil {
			return err
		}
		was.Publics = slices.DeleteFunc(was.Publics, func(id string) bool { return containsFold(form.Publics, id) })
		was.Prefixes = slices.DeleteFunc(was.Prefixes, func(id string) bool { return containsFold(form.Prefixes, id) })
		if err := was.claimPublics(tx, "", r.Now); err != nil {
			return err
		}
	}
	return form.claimPublics(tx, r.ID.String(), r.Now)
}

// claimPublics gives the public addresses and prefixes of a NAT gateway to it; "" frees them.
func (a *Attachment) claimPublics(tx *store.Tx, gateway string, now time.Time) error {
	for _, id := range a.Publics {
		if err := setPublicUser(tx, id, gateway, now); err != nil {
			return err
		}
	}
	for _, id := range a.Prefixes {
		if err := setPrefixGateway(tx, id, gateway, now); err != nil {
			return err
		}
	}
	return nil
}

func deleteNATGateway(ctx context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	if err := deleteAttachment("InUseNatGatewayCannotBeDeleted", "NAT gateway")(ctx, tx, r); err != nil {
		return err
	}
	form, err := decode[Attachment](r.Old)
	if err != nil {
		return err
	}
	return form.claimPublics(tx, "", r.Now)
}

func viewNATGateway(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[Attachment](r)
	if err != nil {
		return expr.Null(), err
	}
	var f, sku, top fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", form.GUID)
	f.settings(form.Settings)
	f.missing(form.Settings, "idleTimeoutInMinutes", expr.Int(idleDefault))
	f.references("publicIpAddresses", form.Publics)
	f.references("publicIpPrefixes", form.Prefixes)
	f.references("subnets", form.Subnets)
	if form.Network != "" {
		f.add("sourceVirtualNetwork", idObject(form.Network))
	}
	sku.text("name", orElse(form.SKU, skuStandard))
	top.add("sku", sku.value())
	top.add("properties", f.value())
	top.texts("zones", form.Zones)
	return top.value(), nil
}

// nat reads a NAT gateway: the addresses that flows leave with. It needs the public
// addresses and prefixes to have been read.
func (r *reader) nat(resource arm.Resource, form *Attachment) error {
	g := &netpol.NATGateway{ID: resource.ID}
	for _, id := range slices.Concat(form.Publics, form.Prefixes) {
		for _, a := range r.addresses[keyOf(id)] {
			if !slices.Contains(g.Addresses, a) { // one may be made from a prefix
				g.Addresses = append(g.Addresses, a)
			}
		}
	}
	if idle, ok := form.Settings.Get("idleTimeoutInMinutes"); ok {
		minutes, _ := idle.AsInt()
		g.IdleMinutes = int(minutes)
	}
	r.nats[resource.Key] = g
	if form.Network != "" {
		r.wide[keyOf(form.Network)] = resource.Key
	}
	return nil
}

// natOf is the NAT gateway of a subnet: its own, or that of its network; nil for none.
func (r *reader) natOf(network, subnet arm.Resource, form *Subnet) *netpol.NATGateway {
	if form.NATGateway != "" {
		return r.nats[keyOf(form.NATGateway)]
	}
	if wide := r.wide[network.Key]; wide != "" && !strings.EqualFold(lastSegment(subnet.ID), subnetGateway) {
		return r.nats[wide]
	}
	return nil
}
