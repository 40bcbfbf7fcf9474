package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Public IP prefixes: ranges out of the pools of public addresses, which nothing else
// gets an address of. Public addresses are made from one, or a NAT gateway has it as a
// whole; prefix, addresses and gateway name each other, written in one transaction.

const (
	codePrefixUsed         = "PublicIPPrefixInUse"
	codePrefixIncompatible = "PublicIPAddressIncompatiblePublicIPPrefix"

	// minPrefixHost and maxPrefixHost are how many bits of a prefix count its addresses:
	// 2 to 16 of them.
	minPrefixHost, maxPrefixHost = 1, 4
)

// PublicPrefix is a public IP prefix, as stored.
type PublicPrefix struct {
	Version    int        `json:"v"`
	GUID       string     `json:"guid"`
	SKU        string     `json:"sku,omitempty"` // none is Standard
	Tier       string     `json:"tier"`
	Protocol   string     `json:"protocol"` // IPv4, IPv6
	Zones      []string   `json:"zones,omitempty"`
	Range      string     `json:"range"`                // CIDR
	Publics    []string   `json:"publics,omitempty"`    // the addresses made from it, by ID
	NATGateway string     `json:"natGateway,omitempty"` // ID of the one that has it as a whole
	Settings   expr.Value `json:"settings"`
}

// carriedPublicPrefix are the writable members that are stored and served as given.
var carriedPublicPrefix = []string{"ipTags"}

type publicPrefixBody struct {
	Length   *int       `json:"prefixLength"`
	Protocol string     `json:"publicIPAddressVersion"`
	Custom   *reference `json:"customIPPrefix"`
}

// putPublicPrefix creates a prefix, with its range, or replaces one, which keeps that.
func putPublicPrefix(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form, bits := readPublicPrefix(r, &found)
	if form == nil {
		return nil, found.Err()
	}
	checkEgress(r.Tags, form.Protocol == versionIPv4, &found)
	if err := form.settle(tx, r, bits, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readPublicPrefix makes the stored form of a request, and the length of its range, and
// checks it by itself. The length is 0 if it cannot be one.
func readPublicPrefix(r *arm.PutRequest, found *arm.Found) (p *PublicPrefix, bits int) {
	var body publicPrefixBody
	var top publicTop
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) || !found.Decode(r.Body, &top, "", codeFormat) {
		return nil, 0
	}
	p = &PublicPrefix{
		Version: formVersion, Zones: top.Zones, Settings: carry(r.Properties(), carriedPublicPrefix),
		Tier:     oneOf(orElse(top.SKU.Tier, "Regional"), "sku.tier", found, "Regional", "Global"),
		Protocol: oneOf(orElse(body.Protocol, versionIPv4), "properties.publicIPAddressVersion", found, versionIPv4, versionIPv6),
	}
	p.SKU = oneOf(orElse(top.SKU.Name, skuStandard), "sku.name", found, skuStandard, skuStandardV2)
	checkZones(p.Zones, found)
	if id := body.Custom.id(); id != "" {
		found.Add(codeReference, "properties.customIPPrefix", "Resource %s referenced by resource %s was not found: there are no custom IP prefixes in this server. Remove customIPPrefix.", id, r.ID)
	}
	if pools := publicPools[p.Protocol]; pools != nil {
		width := pools[0].Addr().BitLen()
		shortest, longest := width-maxPrefixHost, width-minPrefixHost
		switch {
		case body.Length == nil:
			found.Add(codeFormat, "properties.prefixLength", "The public IP prefix %s has no prefixLength. Give one from %d to %d.", r.ID, shortest, longest)
		case *body.Length < shortest || *body.Length > longest:
			found.Add(codeFormat, "properties.prefixLength", "prefixLength is %d; that of an %s prefix must be from %d to %d.", *body.Length, p.Protocol, shortest, longest)
		default:
			bits = *body.Length
		}
	}
	return p, bits
}

// settle gives the form its range: the one it had, which cannot become another, or a
// free one.
func (p *PublicPrefix) settle(tx *store.Tx, r *arm.PutRequest, bits int, found *arm.Found) error {
	if r.Old != nil {
		old, err := decode[PublicPrefix](*r.Old)
		if err != nil {
			return err
		}
		p.GUID, p.Range, p.Publics, p.NATGateway = old.GUID, old.Range, old.Publics, old.NATGateway
		return p.checkChange(old, bits, found)
	}
	p.GUID = arm.NewGUID()
	if bits == 0 {
		return nil
	}
	space, err := readPublicSpace(tx, r.ID)
	if err != nil {
		return err
	}
	free, ok := space.freeRange(p.Protocol, bits)
	if !ok {
		found.Add("PublicIPPrefixesExhausted", "properties.prefixLength", "No range of length %d is free in %s. Ask for a smaller one, or delete public IP prefixes or addresses that are not needed.", bits, joinPrefixes(publicPools[p.Protocol]))
		return nil
	}
	p.Range = free.String()
	return nil
}

// checkChange reports what cannot become different.
func (p *PublicPrefix) checkChange(old *PublicPrefix, bits int, found *arm.Found) error {
	is, err := old.prefix()
	if err != nil {
		return err
	}
	for _, c := range []struct {
		target, member, was, is string
		changed                 bool
	}{
		{"sku.name", "sku.name", orElse(old.SKU, skuStandard), p.SKU, p.SKU != orElse(old.SKU, skuStandard)},
		{"sku.tier", "sku.tier", old.Tier, p.Tier, p.Tier != old.Tier},
		{"properties.publicIPAddressVersion", "publicIPAddressVersion", old.Protocol, p.Protocol, p.Protocol != old.Protocol},
		{"properties.prefixLength", "prefixLength", fmt.Sprint(is.Bits()), fmt.Sprint(bits), bits != 0 && bits != is.Bits()},
	} {
		if c.changed {
			found.Add(codeChange, c.target, "Changing property '%s' from %s to %s is not allowed. Create another public IP prefix.", c.member, c.was, c.is)
		}
	}
	return nil
}

func (p *PublicPrefix) prefix() (netip.Prefix, error) { return netip.ParsePrefix(p.Range) }

// addressesOf are all addresses of a prefix, in order.
func addressesOf(p netip.Prefix) (list []netip.Addr) {
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		list = append(list, a)
	}
	return list
}

// publicSpace is what is taken of the public addresses: single ones by the resources that
// have them, and ranges by public IP prefixes.
type publicSpace struct {
	taken  map[netip.Addr]string // IDs
	ranges []owned
}

// readPublicSpace reads what all resources but one have.
func readPublicSpace(tx *store.Tx, but arm.ID) (*publicSpace, error) {
	space := &publicSpace{taken: map[netip.Addr]string{}}
	publics, err := arm.List(tx, store.Query{Type: typePublicIPs})
	if err != nil {
		return nil, err
	}
	for _, r := range publics {
		form, err := decode[PublicIP](r)
		if err != nil {
			return nil, err
		}
		if a, err := netip.ParseAddr(form.Address); err == nil && r.Key != but.Key() {
			space.taken[a] = r.ID
		}
	}
	prefixes, err := arm.List(tx, store.Query{Type: typePublicPrefixes})
	if err != nil {
		return nil, err
	}
	for _, r := range prefixes {
		form, err := decode[PublicPrefix](r)
		if err != nil {
			return nil, err
		}
		if p, err := form.prefix(); err == nil && r.Key != but.Key() {
			space.ranges = append(space.ranges, owned{p, r.ID})
		}
	}
	return space, nil
}

// owner is the ID of what has an address, or a prefix that it lies in, but for the prefix
// that is asked for; "" if nothing has it.
func (s *publicSpace) owner(a netip.Addr, prefix string) string {
	if id := s.taken[a]; id != "" {
		return id
	}
	for _, r := range s.ranges {
		if r.prefix.Contains(a) && !arm.SameID(r.owner, prefix) {
			return r.owner
		}
	}
	return ""
}

// freeAddress is the lowest free address of the pools of an IP version; "" for none.
func (s *publicSpace) freeAddress(version string) string {
	for _, pool := range publicPools[version] {
		for a := pool.Addr().Next(); pool.Contains(a.Next()); a = a.Next() {
			if s.owner(a, "") == "" {
				return a.String()
			}
		}
	}
	return ""
}

// freeRange is the lowest range of a length in the pools of an IP version that has only
// addresses that are free and that an address by itself could get.
func (s *publicSpace) freeRange(version string, bits int) (netip.Prefix, bool) {
	for _, pool := range publicPools[version] {
		for a := pool.Addr(); pool.Contains(a); {
			list := addressesOf(netip.PrefixFrom(a, bits))
			last := list[len(list)-1]
			usable := a != pool.Addr() && pool.Contains(last.Next())
			if usable && !slices.ContainsFunc(list, func(a netip.Addr) bool { return s.owner(a, "") != "" }) {
				return netip.PrefixFrom(a, bits), true
			}
			a = last.Next()
		}
	}
	return netip.Prefix{}, false
}

// comesFrom checks the prefix that a public address is made from, which stays the one of
// its beginning, and gives its range; invalid for none.
func (p *PublicIP) comesFrom(tx *store.Tx, r *arm.PutRequest, ref string, old *PublicIP, found *arm.Found) (netip.Prefix, error) {
	const target = "properties.publicIPPrefix"
	if r.Old != nil {
		p.Prefix = old.Prefix
		if ref != "" && !arm.SameID(ref, old.Prefix) {
			found.Add(codeChange, target, "Changing property 'publicIPPrefix' from '%s' to '%s' is not allowed. Create another public IP address.", old.Prefix, ref)
			return netip.Prefix{}, nil
		}
		ref = old.Prefix
	}
	if ref == "" {
		return netip.Prefix{}, nil
	}
	resource, err := referenced(tx, ref, typePublicPrefixes, r.ID, r.Location, target, found)
	if resource == nil || err != nil {
		return netip.Prefix{}, err
	}
	p.Prefix = resource.ID
	from, err := decode[PublicPrefix](*resource)
	if err != nil {
		return netip.Prefix{}, err
	}
	for _, c := range []struct{ target, member, is, want string }{
		{"sku.name", "sku", p.SKU, orElse(from.SKU, skuStandard)},
		{"sku.tier", "tier", p.Tier, from.Tier},
		{"properties.publicIPAddressVersion", "version", p.Protocol, from.Protocol},
	} {
		if c.is != c.want {
			found.Add(codePrefixIncompatible, c.target, "Public IP address %s has the %s %s; one of public IP prefix %s needs %s.", r.ID, c.member, c.is, p.Prefix, c.want)
		}
	}
	return from.prefix()
}

// free is the lowest free address of a prefix that a public address is made from.
func (p *PublicIP) free(space *publicSpace, from netip.Prefix, found *arm.Found) string {
	list := addressesOf(from)
	for _, a := range list {
		if space.taken[a] == "" {
			return a.String()
		}
	}
	found.Add("PublicIpPrefixOutOfIpAddresses", "properties.publicIPPrefix", "Public IP prefix %s has %d addresses, and all of them are public IP addresses already. Delete one that is not needed, or name another prefix.", p.Prefix, len(list))
	return ""
}

// changePublicPrefix changes what a prefix says of who has it; with gone, one that is not
// there is no error.
func changePublicPrefix(tx *store.Tx, id string, gone bool, now time.Time, change func(*PublicPrefix)) error {
	r, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) && gone {
		return nil
	}
	if err != nil {
		return err
	}
	form, err := decode[PublicPrefix](r)
	if err != nil {
		return err
	}
	change(form)
	if r.Body, err = encode(form); err != nil {
		return err
	}
	r.ETag, r.Changed = arm.NewETag(), now
	return arm.Save(tx, r)
}

// setPublicPrefix says to a prefix that an address is made from it, or is no more.
func setPublicPrefix(tx *store.Tx, id, public string, made bool, now time.Time) error {
	return changePublicPrefix(tx, id, !made, now, func(p *PublicPrefix) {
		p.Publics = slices.DeleteFunc(p.Publics, func(s string) bool { return arm.SameID(s, public) })
		if made {
			p.Publics = append(p.Publics, public)
		}
	})
}

// setPrefixGateway says to a prefix which NAT gateway has it; "" is none.
func setPrefixGateway(tx *store.Tx, id, gateway string, now time.Time) error {
	return changePublicPrefix(tx, id, gateway == "", now, func(p *PublicPrefix) { p.NATGateway = gateway })
}

// prefixGateway is the NAT gateway that has the prefix of a public address; "" for none.
func (p *PublicIP) prefixGateway(tx *store.Tx) (string, error) {
	if p.Prefix == "" {
		return "", nil
	}
	r, err := arm.Load(tx, p.Prefix)
	if err != nil {
		return "", err
	}
	form, err := decode[PublicPrefix](r)
	if err != nil {
		return "", err
	}
	return form.NATGateway, nil
}

// usedBy is a public address of the prefix that another resource than one has, and that
// resource; "" for none.
func (p *PublicPrefix) usedBy(tx *store.Tx, but arm.ID) (public, user string, err error) {
	for _, id := range p.Publics {
		r, err := arm.Load(tx, id)
		if err != nil {
			return "", "", err
		}
		form, err := decode[PublicIP](r)
		if err != nil {
			return "", "", err
		}
		if by := form.owner(); by != "" && !arm.SameID(by, but.String()) {
			return id, by, nil
		}
	}
	return "", "", nil
}

// patchPublicPrefix changes the tags.
func patchPublicPrefix(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	form, err := decode[PublicPrefix](*r.Old)
	if err != nil {
		return nil, err
	}
	return patchEgress(ctx, tx, r, form.Protocol == versionIPv4)
}

func deletePublicPrefix(_ context.Context, _ *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[PublicPrefix](r.Old)
	if err != nil {
		return err
	}
	users := slices.Clone(form.Publics)
	if form.NATGateway != "" {
		users = append(users, form.NATGateway)
	}
	return refuseUsed("InUsePublicIpPrefixCannotBeDeleted", "Public IP prefix", r.Old.ID, users)
}

func viewPublicPrefix(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[PublicPrefix](r)
	if err != nil {
		return expr.Null(), err
	}
	prefix, err := form.prefix()
	if err != nil {
		return expr.Null(), err
	}
	var f, sku, top fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", form.GUID)
	f.add("prefixLength", expr.Int(int64(prefix.Bits())))
	f.text("ipPrefix", form.Range)
	f.text("publicIPAddressVersion", form.Protocol)
	f.settings(form.Settings)
	f.missing(form.Settings, "ipTags", expr.Array())
	f.references("publicIPAddresses", form.Publics)
	if form.NATGateway != "" {
		f.add("natGateway", idObject(form.NATGateway))
	}
	top.add("properties", f.value())
	sku.text("name", orElse(form.SKU, skuStandard))
	sku.text("tier", form.Tier)
	top.add("sku", sku.value())
	top.texts("zones", form.Zones)
	return top.value(), nil
}

// publicPrefix reads a prefix: its first address is what a NAT gateway gives to flows. The
// tag isle-egress is that of each of its addresses that has none; it needs those to have
// been read.
func (r *reader) publicPrefix(resource arm.Resource, form *PublicPrefix) error {
	prefix, err := form.prefix()
	if err != nil {
		return err
	}
	r.addresses[resource.Key] = addressesOf(prefix)
	egress, there, err := egressOf(resource)
	if !there {
		return err
	}
	for _, a := range addressesOf(prefix) {
		if _, own := r.egress[a]; !own {
			r.egress[a] = egress
		}
	}
	return nil
}
