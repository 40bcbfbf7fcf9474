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
// gateway's first public address as their source. Subnets say which one they use, as
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
	Idle     *int         `json:"idleTimeoutInMinutes"`
	Publics  []reference  `json:"publicIpAddresses"`
	Publics6 []reference  `json:"publicIpAddressesV6"`
	Prefixes []expr.Value `json:"publicIpPrefixes"`
	Network  *reference   `json:"sourceVirtualNetwork"`
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
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := movePublics(tx, r, form.Publics); err != nil {
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
	if len(b.Publics) > maxNATPublics {
		found.Add("NatGatewayPublicIpCountLimitReached", "properties.publicIpAddresses", "NAT gateway %s has %d public IP addresses; at most %d are allowed.", id, len(b.Publics), maxNATPublics)
	}
	for _, absent := range []struct {
		member, what string
		given        bool
	}{
		{"publicIpPrefixes", "public IP prefixes", len(b.Prefixes) > 0},
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

// movePublics says to public addresses which NAT gateway has them now, and to those it
// had before that it has not.
func movePublics(tx *store.Tx, r *arm.PutRequest, publics []string) error {
	if r.Old != nil {
		was, err := decode[Attachment](*r.Old)
		if err != nil {
			return err
		}
		if err := freePublics(tx, slices.DeleteFunc(was.Publics, func(id string) bool { return containsFold(publics, id) }), r.Now); err != nil {
			return err
		}
	}
	for _, id := range publics {
		if err := setPublicUser(tx, id, r.ID.String(), r.Now); err != nil {
			return err
		}
	}
	return nil
}

func freePublics(tx *store.Tx, publics []string, now time.Time) error {
	for _, id := range publics {
		if err := setPublicUser(tx, id, "", now); err != nil {
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
	return freePublics(tx, form.Publics, r.Now)
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
	f.references("subnets", form.Subnets)
	sku.text("name", skuStandard)
	top.add("sku", sku.value())
	top.add("properties", f.value())
	top.texts("zones", form.Zones)
	return top.value(), nil
}

// nat reads a NAT gateway: the address that flows leave with. It needs the public
// addresses to have been read.
func (r *reader) nat(resource arm.Resource, form *Attachment) error {
	for _, id := range form.Publics {
		if a, ok := r.addresses[keyOf(id)]; ok {
			r.nats[resource.Key] = a
			return nil
		}
	}
	return nil
}

// natAddress is the public address of a NAT gateway; zero for none.
func (r *reader) natAddress(id string) netip.Addr { return r.nats[keyOf(id)] }
