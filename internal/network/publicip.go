package network

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Public addresses. Each has its address from the beginning: the one of the request,
// or the local one that its egress binds, or a free one of the ranges that stand for
// the Internet in documents (RFC 5737, RFC 3849). Nothing routes the latter to this
// host; they name the source of a flow in the network.

const (
	skuBasic, skuStandard         = "Basic", "Standard"
	skuStandardV2                 = "StandardV2" // of what NAT gateways of that SKU have
	methodStatic, methodDynamic   = "Static", "Dynamic"
	versionIPv4, versionIPv6      = "IPv4", "IPv6"
	idleDefault, idleMin, idleMax = 4, 4, 30
	codeTag                       = "InvalidTagValue"
	codeChange                    = "PropertyChangeNotAllowed"
)

// publicPools are where addresses are chosen from, by version.
var publicPools = map[string][]netip.Prefix{
	versionIPv4: {netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("198.51.100.0/24")},
	versionIPv6: {netip.MustParsePrefix("2001:db8::/64")},
}

// putPublicIP creates or replaces a public address. Who uses it stays.
func putPublicIP(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form, prefix := readPublicIP(r, &found)
	if form == nil {
		return nil, found.Err()
	}
	egress := checkEgress(r.Tags, form.ipv4(), &found)
	old := &PublicIP{GUID: arm.NewGUID()}
	if r.Old != nil {
		var err error
		if old, err = decode[PublicIP](*r.Old); err != nil {
			return nil, err
		}
		form.checkChange(old, &found)
	}
	form.GUID, form.User = old.GUID, old.User
	from, err := form.comesFrom(tx, r, prefix, old, &found)
	if err != nil {
		return nil, err
	}
	if err := form.settle(tx, r.ID, old.Address, egress, from, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if r.Old == nil && form.Prefix != "" {
		if err := setPublicPrefix(tx, form.Prefix, r.ID.String(), true, r.Now); err != nil {
			return nil, err
		}
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readPublicIP makes the stored form of a request and checks it by itself; prefix is the
// reference to a public IP prefix.
func readPublicIP(r *arm.PutRequest, found *arm.Found) (p *PublicIP, prefix string) {
	var body publicBody
	var top publicTop
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) || !found.Decode(r.Body, &top, "", codeFormat) {
		return nil, ""
	}
	p = &PublicIP{
		Version: formVersion, Address: body.Address, Zones: top.Zones, Settings: carry(r.Properties(), carriedPublic),
		SKU:      oneOf(orElse(top.SKU.Name, skuBasic), "sku.name", found, skuBasic, skuStandard, skuStandardV2),
		Tier:     oneOf(orElse(top.SKU.Tier, "Regional"), "sku.tier", found, "Regional", "Global"),
		Method:   oneOf(orElse(body.Method, methodDynamic), "properties.publicIPAllocationMethod", found, methodDynamic, methodStatic),
		Protocol: oneOf(orElse(body.Version, versionIPv4), "properties.publicIPAddressVersion", found, versionIPv4, versionIPv6),
	}
	if p.SKU != skuBasic && p.Method == methodDynamic {
		found.Add("StandardSkuPublicIPAddressesMustBeStatic", "properties.publicIPAllocationMethod", "Standard sku publicIp %s must have AllocationMethod set to Static.", r.ID)
	}
	if p.SKU == skuBasic && (len(p.Zones) > 0 || p.Tier == "Global") {
		found.Add(codeFormat, "sku.name", "The public IP address %s has availability zones or the tier Global, which only sku Standard has. Give sku.name Standard, or leave them out.", r.ID)
	}
	checkZones(p.Zones, found)
	if n := body.Idle; n != nil && (*n < idleMin || *n > idleMax) {
		found.Add(codeFormat, "properties.idleTimeoutInMinutes", "idleTimeoutInMinutes is %d; it must be a whole number from %d to %d.", *n, idleMin, idleMax)
	}
	body.checkDNS(found)
	body.checkAbsent(r.ID, found)
	return p, body.Prefix.id()
}

func orElse(text, usual string) string {
	if text == "" {
		return usual
	}
	return text
}

// checkZones checks the availability zones of a resource: they mean nothing here.
func checkZones(zones []string, found *arm.Found) {
	for i, zone := range zones {
		if zone != "1" && zone != "2" && zone != "3" || containsFold(zones[:i], zone) {
			found.Add(codeFormat, "zones", "The availability zones [%s] are not valid. Give some of \"1\", \"2\", \"3\", each once.", strings.Join(zones, ", "))
			return
		}
	}
}

func (b *publicBody) checkDNS(found *arm.Found) {
	if b.DNS == nil || b.DNS.Label == "" {
		return
	}
	label := b.DNS.Label
	if len(label) < 3 || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] < 'a' || label[len(label)-1] == '-' {
		found.Add("InvalidDomainNameLabel", "properties.dnsSettings.domainNameLabel", "The domain name label '%s' is invalid. It must conform to ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.", label)
	}
}

// checkAbsent reports references to what this server does not have.
func (b *publicBody) checkAbsent(id arm.ID, found *arm.Found) {
	for _, ref := range []struct {
		member, what string
		to           *reference
	}{
		{"linkedPublicIPAddress", "linked public addresses", b.Linked}, {"servicePublicIPAddress", "service public addresses", b.Service},
	} {
		if ref.to.id() != "" {
			found.Add(codeReference, "properties."+ref.member, "Resource %s referenced by resource %s was not found: there are no %s in this server. Remove %s.", ref.to.id(), id, ref.what, ref.member)
		}
	}
}

// ipv4 tells whether it is an IPv4 address.
func (p *PublicIP) ipv4() bool { return p.Protocol != versionIPv6 }

// checkChange reports what cannot become different.
func (p *PublicIP) checkChange(old *PublicIP, found *arm.Found) {
	if p.Protocol != old.Protocol {
		found.Add(codeChange, "properties.publicIPAddressVersion", "Changing property 'publicIPAddressVersion' from %s to %s is not allowed. Create another public IP address.", old.Protocol, p.Protocol)
	}
	if p.SKU != old.SKU && (old.SKU != skuBasic || old.User != "") {
		found.Add(codeChange, "sku.name", "Changing property 'sku.name' from %s to %s is not allowed%s.", old.SKU, p.SKU, because(old.User))
	}
}

func because(user string) string {
	if user == "" {
		return ": a Standard one stays Standard"
	}
	return " while the address is in use by " + user
}

// settle gives the form its address, if the request has none: the one it had, one of the
// prefix that it comes from, the one that is bound, or a free one.
func (p *PublicIP) settle(tx *store.Tx, id arm.ID, old string, egress Egress, from netip.Prefix, found *arm.Found) error {
	space, err := readPublicSpace(tx, id)
	if err != nil {
		return err
	}
	switch bind := egress.Bind; {
	case p.Address != "":
		p.checkAddress(space, from, found)
	case old != "":
		p.Address = old
	case from.IsValid():
		p.Address = p.free(space, from, found)
	case bind.IsValid() && !bind.IsLoopback() && space.owner(bind, "") == "":
		p.Address = bind.String()
	default:
		p.Address = space.freeAddress(p.Protocol)
		if p.Address == "" {
			found.Add("PublicIPAddressesExhausted", "properties.ipAddress", "No %s address is free in %s. Give one in ipAddress, or delete a public IP address that is not needed.", p.Protocol, joinPrefixes(publicPools[p.Protocol]))
		}
	}
	return nil
}

// checkAddress checks an address that the request gives, and writes it in its one
// spelling.
func (p *PublicIP) checkAddress(space *publicSpace, from netip.Prefix, found *arm.Found) {
	const target = "properties.ipAddress"
	a, err := netip.ParseAddr(p.Address)
	switch {
	case err != nil || a.Zone() != "" || a.Is4() != p.ipv4():
		found.Add(codeFormat, target, "The ipAddress '%s' is not an %s address.", p.Address, p.Protocol)
	case a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Is4In6():
		found.Add(codeFormat, target, "The ipAddress '%s' cannot be the source of a flow to the Internet. Give an address of this host, or leave it out.", p.Address)
	case from.IsValid() && !from.Contains(a):
		found.Add(codePrefixIncompatible, target, "The ipAddress '%s' is not in %s, the range of public IP prefix %s. Give one of it, or leave it out.", p.Address, from, p.Prefix)
	case space.owner(a, p.Prefix) != "":
		found.Add("PublicIPAddressIsAllocated", target, "The ipAddress '%s' is allocated to %s. Give another one, or leave it out.", p.Address, space.owner(a, p.Prefix))
	default:
		p.Address = a.String()
	}
}

// checkEgress reads the tag isle-egress.
func checkEgress(tags expr.Value, version4 bool, found *arm.Found) Egress {
	text := tagText(tags, tagEgress)
	if text == "" {
		return Egress{}
	}
	egress, problem := parseEgress(text)
	if problem == "" && egress.Bind.IsValid() && egress.Bind.Is4() != version4 {
		problem = "'" + text + "' is of another IP version than the public IP address"
	}
	if problem != "" {
		found.Add(codeTag, "tags."+tagEgress, "The tag %s says how flows with this public IP address leave: %s.", tagEgress, problem)
	}
	return egress
}

// patchPublicIP changes the tags.
func patchPublicIP(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	form, err := decode[PublicIP](*r.Old)
	if err != nil {
		return nil, err
	}
	return patchEgress(ctx, tx, r, form.ipv4())
}

// patchEgress changes the tags of what has public addresses.
func patchEgress(ctx context.Context, tx *store.Tx, r *arm.PutRequest, version4 bool) (*arm.Written, error) {
	var found arm.Found
	checkEgress(r.Tags, version4, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	return arm.PatchTags(ctx, tx, r)
}

func deletePublicIP(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[PublicIP](r.Old)
	if err != nil {
		return err
	}
	if form.User == "" {
		if form.Prefix == "" {
			return nil
		}
		return setPublicPrefix(tx, form.Prefix, r.Old.ID, false, r.Now)
	}
	return arm.Invalid("PublicIPAddressCannotBeDeleted", "", "Public IP address %s can not be deleted since it is still allocated to resource %s. In order to delete the public IP, disassociate/detach the Public IP address from the resource.", r.Old.ID, form.User)
}

func viewPublicIP(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[PublicIP](r)
	if err != nil {
		return expr.Null(), err
	}
	form.Settings = withFQDN(form.Settings, r.Location)
	return form.view(), nil
}

// withFQDN gives the settings of an address with a label the name that it would have, which
// templates put out. It is one that nobody can have (RFC 6761): no name is made.
func withFQDN(settings expr.Value, location string) expr.Value {
	dns, _ := settings.Get("dnsSettings")
	label, _ := dns.Get("domainNameLabel")
	text, _ := label.AsString()
	if text == "" {
		return settings
	}
	region := strings.ToLower(strings.ReplaceAll(location, " ", ""))
	return settings.With("dnsSettings", dns.With("fqdn", expr.String(text+"."+region+".publicip.invalid")))
}

func (p *PublicIP) view() expr.Value {
	var f, sku, top fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", p.GUID)
	f.text("ipAddress", p.Address)
	f.text("publicIPAddressVersion", p.Protocol)
	f.text("publicIPAllocationMethod", p.Method)
	f.settings(p.Settings)
	f.missing(p.Settings, "idleTimeoutInMinutes", expr.Int(idleDefault))
	f.missing(p.Settings, "ipTags", expr.Array())
	if p.Prefix != "" {
		f.add("publicIPPrefix", idObject(p.Prefix))
	}
	switch {
	case isOf(p.User, typeNATGateways):
		f.add("natGateway", idObject(p.User))
	case p.User != "":
		f.add("ipConfiguration", idObject(p.User))
	}
	top.add("properties", f.value())
	sku.text("name", p.SKU)
	sku.text("tier", p.Tier)
	top.add("sku", sku.value())
	top.texts("zones", p.Zones)
	return top.value()
}

// protection answers POST {publicIPAddress}/ddosProtectionStatus: there is none.
func protection(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[PublicIP](r.Resource)
	if err != nil {
		return nil, err
	}
	var f fields
	f.text("publicIpAddressId", r.Resource.ID)
	f.text("publicIpAddress", form.Address)
	f.text("isWorkloadProtected", "False")
	return arm.Reply(f.value()), nil
}

// publicUser is an IP configuration that refers to a public address.
type publicUser struct {
	owner         arm.ID // the resource that has it
	location      string
	configuration string // its ID
	target        string // of the reference in the request
}

// checkPublic checks a reference to a public address: it is there, in the user's
// subscription and location, and no other resource has it. The reference is given the
// spelling of the address's ID. Nil is one that is not.
func checkPublic(tx *store.Tx, ref *string, user publicUser, found *arm.Found) (*PublicIP, error) {
	r, err := referenced(tx, *ref, typePublicIPs, user.owner, user.location, user.target, found)
	if r == nil || err != nil {
		return nil, err
	}
	*ref = r.ID
	form, err := decode[PublicIP](*r)
	if err != nil {
		return nil, err
	}
	if by := form.owner(); by != "" && !arm.SameID(by, user.owner.String()) {
		found.Add("PublicIPAddressInUse", user.target, "Resource %s is referencing public IP address %s that is already allocated to resource %s.", user.configuration, r.ID, form.User)
		return nil, nil
	}
	by, err := form.prefixGateway(tx)
	if err != nil {
		return nil, err
	}
	if by != "" && !arm.SameID(by, user.owner.String()) {
		found.Add("PublicIPAddressInUse", user.target, "Resource %s is referencing public IP address %s of public IP prefix %s that is already allocated to resource %s.", user.configuration, r.ID, form.Prefix, by)
		return nil, nil
	}
	return form, nil
}

// referencedAnywhere loads what a resource refers to in its subscription; nil if it is not
// there or not of the type, which is reported.
func referencedAnywhere(tx *store.Tx, id, typ string, by arm.ID, target string, found *arm.Found) (*arm.Resource, error) {
	parsed, err := arm.ParseID(id)
	if err != nil || !strings.EqualFold(parsed.Type(), typ) {
		found.Add(codeReference, target, "Resource %s referenced by resource %s is not the ID of a resource of type %s.", id, by, typ)
		return nil, nil
	}
	r, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		found.Add(codeReference, target, "Resource %s referenced by resource %s was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.", id, by)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(parsed.Subscription, by.Subscription) {
		found.Add(codeReference, target, "Resource %s referenced by resource %s is in another subscription; both must be in one.", id, by)
		return nil, nil
	}
	return &r, nil
}

// referenced does so for what must be in the same location.
func referenced(tx *store.Tx, id, typ string, by arm.ID, location, target string, found *arm.Found) (*arm.Resource, error) {
	r, err := referencedAnywhere(tx, id, typ, by, target, found)
	if r == nil || err != nil {
		return nil, err
	}
	at := r.Location
	if at == "" { // a nested resource is where its parent is
		parent, err := arm.Load(tx, r.Parent)
		if err != nil {
			return nil, err
		}
		at = parent.Location
	}
	if !arm.SameLocation(at, location) {
		found.Add(codeReference, target, "Resource %s referenced by resource %s is in location '%s'; both must be in one subscription and location ('%s').", id, by, at, location)
		return nil, nil
	}
	return r, nil
}

// owner is the ID of the resource that has the address; "" if none does.
func (p *PublicIP) owner() string {
	if p.User == "" || isOf(p.User, typeNATGateways) {
		return p.User
	}
	return (&Use{Configuration: p.User}).owner()
}

// setPublicUser says which IP configuration or NAT gateway has a public address; "" is
// none, and then one that is gone is no error.
func setPublicUser(tx *store.Tx, id, configuration string, now time.Time) error {
	r, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) && configuration == "" {
		return nil
	}
	if err != nil {
		return err
	}
	form, err := decode[PublicIP](r)
	if err != nil || form.User == configuration {
		return err
	}
	form.User = configuration
	if r.Body, err = encode(form); err != nil {
		return err
	}
	r.ETag, r.Changed = arm.NewETag(), now
	return arm.Save(tx, r)
}
