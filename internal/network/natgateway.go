package network

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// NAT gateways (network.md §A7): flows that leave a subnet for the Internet have the
// gateway's first public address as their source, or else the first one of its prefixes. Subnets say which one they use, as
// with security groups and route tables.

const (
	typeNATGateways = "Microsoft.Network/natGateways"

	natIdleMax          = 120
	maxNATPublics       = 16
	codeNATIncompatible = "NatGatewayIncompatiblePublicIp"
)

// carriedNAT are the writable members that are stored and served as given.
var carriedNAT = []string{"idleTimeoutInMinutes"}

type natBody struct {
	Idle     *int        `json:"idleTimeoutInMinutes"`
	Publics  []reference `json:"publicIpAddresses"`
	Publics6 []reference `json:"publicIpAddressesV6"`
	Prefixes []reference `json:"publicIpPrefixes"`
	Network  *reference  `json:"sourceVirtualNetwork"`
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
	oneOf(orElse(top.SKU.Name, skuStandard), "sku.name", &found, skuStandard)
	checkZones(top.Zones, &found)
	body.check(r.ID, &found)
	if err := form.referToPublics(tx, r, ids(body.Publics), &found); err != nil {
		return nil, err
	}
	if err := form.referToPrefixes(tx, r, ids(body.Prefixes), &found); err != nil {
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
		{"sourceVirtualNetwork", "NAT gateways of whole networks", b.Network.id() != ""},
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
		if public != nil && (public.SKU != skuStandard || !public.ipv4()) {
			found.Add(codeNATIncompatible, target, "Public IP address %s has sku %s and version %s; a NAT gateway needs sku %s and version %s.", publics[i], public.SKU, public.Protocol, skuStandard, versionIPv4)
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
	sku.text("name", skuStandard)
	top.add("sku", sku.value())
	top.add("properties", f.value())
	top.texts("zones", form.Zones)
	return top.value(), nil
}

// nat reads a NAT gateway: the address that flows leave with. It needs the public
// addresses and prefixes to have been read.
func (r *reader) nat(resource arm.Resource, form *Attachment) error {
	for _, id := range slices.Concat(form.Publics, form.Prefixes) {
		if a, ok := r.addresses[keyOf(id)]; ok {
			r.nats[resource.Key] = a
			return nil
		}
	}
	return nil
}

// natAddress is the public address of a NAT gateway; zero for none.
func (r *reader) natAddress(id string) netip.Addr { return r.nats[keyOf(id)] }
