package network

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Private DNS zones (network.md §A7), by the models of armprivatedns 2024-06-01: zones,
// their record sets (record.go), and links to the virtual networks whose resolver knows
// them. One link of a network may register: the interfaces of the network then have
// records in that zone.

const (
	typeZones     = "Microsoft.Network/privateDnsZones"
	typeZoneLinks = typeZones + "/virtualNetworkLinks"

	maxRecordSets              = 25000 // of a zone
	maxZoneLinks               = 1000
	maxRegistrationLinks       = 100
	maxRecords                 = 20 // of a record set
	codeZone                   = "BadRequest"
	policyDefault              = "Default"
	policyRedirect             = "NxDomainRedirect"
	registrationTTL      int64 = 10
)

// PrivateZone is a zone as stored.
type PrivateZone struct {
	Version int    `json:"v"`
	GUID    string `json:"guid"`
}

// ZoneLink is a link of a zone to a virtual network, as stored.
type ZoneLink struct {
	Version      int    `json:"v"`
	Network      string `json:"network"` // resource ID
	Registration bool   `json:"registration,omitempty"`
	Redirect     bool   `json:"redirect,omitempty"` // names that are not there are looked for outside
}

// maxDomain is how long a domain name may be, without a dot at its end (RFC 1035 §2.3.4).
const maxDomain = 253

var domainLabel = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$`)

// isDomain tells whether a text is a domain name; a dot may end it.
func isDomain(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !domainLabel.MatchString(label) {
			return false
		}
	}
	return true
}

func putZone(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	if name := r.ID.Name(); !isDomain(name) || !strings.Contains(strings.TrimSuffix(name, "."), ".") || strings.HasSuffix(name, ".") {
		found.Add(codeZone, "name", "The zone name '%s' is not valid: a private DNS zone has a domain name of two labels or more, of letters, digits, hyphens and underscores, such as contoso.internal.", name)
	}
	form := &PrivateZone{Version: formVersion, GUID: arm.NewGUID()}
	if r.Old != nil {
		was, err := decode[PrivateZone](*r.Old)
		if err != nil {
			return nil, err
		}
		form.GUID = was.GUID
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if r.Old == nil {
		if err := saveStart(tx, r); err != nil {
			return nil, err
		}
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// saveStart stores the start of authority that each zone has.
func saveStart(tx *store.Tx, r *arm.PutRequest) error {
	form := &RecordSet{Version: formVersion, TTL: 3600, Records: records{SOA: &soaRecord{Host: "azureprivatedns.net", Email: "azureprivatedns-host.microsoft.com", Serial: 1, Refresh: 3600, Retry: 300, Expire: 2419200, Minimum: 10}}}
	body, err := encode(form)
	if err != nil {
		return err
	}
	resource := arm.Resource{Resource: store.Resource{ID: r.ID.Child("SOA", apex).String(), State: succeeded, Created: r.Now, Changed: r.Now, ETag: arm.NewETag(), Body: body}}
	return arm.Save(tx, resource)
}

func deleteZone(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil }

func viewZone(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, id, err := decodeAt[PrivateZone](r)
	if err != nil {
		return expr.Null(), err
	}
	all, err := arm.List(tx, store.Query{Parent: id.Key()})
	if err != nil {
		return expr.Null(), err
	}
	links, err := children[ZoneLink](tx, id, typeZoneLinks)
	if err != nil {
		return expr.Null(), err
	}
	registering := 0
	for i := range links {
		if links[i].form.Registration {
			registering++
		}
	}
	var f fields
	for _, n := range []struct {
		name  string
		count int
	}{{"maxNumberOfRecordSets", maxRecordSets}, {"maxNumberOfVirtualNetworkLinks", maxZoneLinks}, {"maxNumberOfVirtualNetworkLinksWithRegistration", maxRegistrationLinks},
		{"numberOfRecordSets", len(all) - len(links)}, {"numberOfVirtualNetworkLinks", len(links)}, {"numberOfVirtualNetworkLinksWithRegistration", registering}} {
		f.add(n.name, expr.Int(int64(n.count)))
	}
	f.text("internalId", form.GUID)
	f.text("provisioningState", succeeded)
	return properties(f.value()), nil
}

type zoneLinkBody struct {
	Network      *reference `json:"virtualNetwork"`
	Registration bool       `json:"registrationEnabled"`
	Policy       string     `json:"resolutionPolicy"`
}

// putZoneLink creates or replaces a link; a PATCH gives what changes.
func putZoneLink(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	var body zoneLinkBody
	ruleNaming.check(r.ID.Name(), "name", &found)
	old := &ZoneLink{}
	if r.Old != nil {
		var err error
		if old, err = decode[ZoneLink](*r.Old); err != nil {
			return nil, err
		}
		if r.Patch() {
			body = zoneLinkBody{&reference{old.Network}, old.Registration, map[bool]string{true: policyRedirect}[old.Redirect]}
		}
	}
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil, found.Err()
	}
	form := &ZoneLink{Version: formVersion, Network: body.Network.id(), Registration: body.Registration,
		Redirect: oneOf(orElse(body.Policy, policyDefault), "properties.resolutionPolicy", &found, policyDefault, policyRedirect) == policyRedirect}
	if err := form.check(tx, r, old, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// check checks a link against the network, the zone's other links, and the network's.
func (l *ZoneLink) check(tx *store.Tx, r *arm.PutRequest, old *ZoneLink, found *arm.Found) error {
	const target = "properties.virtualNetwork"
	if l.Network == "" {
		found.Add(codeFormat, target, "Link %s has no virtualNetwork. Give the ID of the virtual network to link the zone to.", r.ID.Name())
		return nil
	}
	network, err := arm.Load(tx, l.Network)
	if isMissing(err) || err == nil && !strings.EqualFold(network.Type, typeNetworks) {
		found.Add(codeReference, target+".id", "Resource %s referenced by resource %s was not found. Please make sure that the referenced virtual network exists.", l.Network, r.ID)
		return nil
	}
	if err != nil {
		return err
	}
	l.Network = network.ID
	if old.Network != "" && !arm.SameID(old.Network, l.Network) {
		found.Add(codeChange, target, "Changing property 'virtualNetwork' of link %s from %s to %s is not allowed. Delete the link, and create it anew.", r.ID, old.Network, l.Network)
	}
	all, err := arm.List(tx, store.Query{Type: typeZoneLinks})
	if err != nil {
		return err
	}
	zone, _ := r.ID.Parent()
	links, registering := 0, 0
	for _, other := range all {
		if other.Key == r.ID.Key() {
			continue
		}
		form, err := decode[ZoneLink](other)
		if err != nil {
			return err
		}
		id, err := arm.ParseID(other.ID)
		if err != nil {
			return err
		}
		parent, _ := id.Parent()
		if parent.Key() == zone.Key() {
			links++
			if form.Registration {
				registering++
			}
		}
		if !arm.SameID(form.Network, l.Network) {
			continue
		}
		if strings.EqualFold(parent.Name(), zone.Name()) {
			found.Add(codeZone, target, "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '%s' and '%s' zones: link %s is there.", zone.Name(), parent.Name(), other.ID)
		}
		if form.Registration && l.Registration {
			found.Add(codeZone, "properties.registrationEnabled", "A virtual network can be linked to one zone with registration: %s is linked to zone '%s' so. Set registrationEnabled to false.", l.Network, parent.Name())
		}
	}
	if links >= maxZoneLinks || l.Registration && registering >= maxRegistrationLinks {
		found.Add(codeZone, target, "Zone '%s' has %d links, %d of them with registration; it can have %d and %d.", zone.Name(), links, registering, maxZoneLinks, maxRegistrationLinks)
	}
	return nil
}

func deleteZoneLink(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil }

func viewZoneLink(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[ZoneLink](r)
	if err != nil {
		return expr.Null(), err
	}
	var f fields
	f.text("provisioningState", succeeded)
	f.add("registrationEnabled", expr.Bool(form.Registration))
	f.text("resolutionPolicy", map[bool]string{true: policyRedirect, false: policyDefault}[form.Redirect])
	f.add("virtualNetwork", idObject(form.Network))
	f.text("virtualNetworkLinkState", "Completed")
	return properties(f.value()), nil
}

// Zone is a private zone as the resolver of a virtual network knows it.
type Zone struct {
	Name     string // in lower case, without a dot at its end
	Redirect bool   // names that are not there are looked for outside
	Records  []Record
}

// Record is a resource record in the form of zone files (RFC 1035 §5).
type Record struct {
	Name string // in lower case, without a dot at its end; the first label may be "*"
	Type string
	TTL  int64
	Data string
}

// String is the record as a line of a zone file.
func (r Record) String() string { return fmt.Sprintf("%s. %d IN %s %s", r.Name, r.TTL, r.Type, r.Data) }
