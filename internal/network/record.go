package network

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// recordTypes are the types of record sets that a private zone has.
var recordTypes = []string{"A", "AAAA", "CNAME", "MX", "PTR", "SOA", "SRV", "TXT"}

// maxRecordPage is how many record sets a page has.
const maxRecordPage = 1000

// apex is the relative name of the zone itself.
const apex = "@"

// RecordSet is the records of one name and type, as stored.
type RecordSet struct {
	Version  int               `json:"v"`
	TTL      int64             `json:"ttl"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Records  records           `json:"records"`
	// Registered ones are not stored: they are made of an interface.
	Registered bool `json:"registered,omitempty"`
}

// records are those of a set, of one type.
type records struct {
	A     []aRecord    `json:"aRecords,omitempty"`
	AAAA  []aaaaRecord `json:"aaaaRecords,omitempty"`
	CNAME *cnameRecord `json:"cnameRecord,omitempty"`
	MX    []mxRecord   `json:"mxRecords,omitempty"`
	PTR   []ptrRecord  `json:"ptrRecords,omitempty"`
	SOA   *soaRecord   `json:"soaRecord,omitempty"`
	SRV   []srvRecord  `json:"srvRecords,omitempty"`
	TXT   []txtRecord  `json:"txtRecords,omitempty"`
}

type (
	aRecord struct {
		Address string `json:"ipv4Address"`
	}
	aaaaRecord struct {
		Address string `json:"ipv6Address"`
	}
	cnameRecord struct {
		Name string `json:"cname"`
	}
	mxRecord struct {
		Exchange   string `json:"exchange"`
		Preference uint16 `json:"preference"`
	}
	ptrRecord struct {
		Name string `json:"ptrdname"`
	}
	soaRecord struct {
		Host    string `json:"host"`
		Email   string `json:"email"`
		Serial  uint32 `json:"serialNumber"`
		Refresh uint32 `json:"refreshTime"`
		Retry   uint32 `json:"retryTime"`
		Expire  uint32 `json:"expireTime"`
		Minimum uint32 `json:"minimumTtl"`
	}
	srvRecord struct {
		Priority uint16 `json:"priority"`
		Weight   uint16 `json:"weight"`
		Port     uint16 `json:"port"`
		Target   string `json:"target"`
	}
	txtRecord struct {
		Value []string `json:"value"`
	}
)

// data are the records in the form of zone files, by type.
func (r *records) data() map[string][]string {
	data := map[string][]string{}
	add := func(typ, format string, args ...any) { data[typ] = append(data[typ], fmt.Sprintf(format, args...)) }
	dotted := func(name string) string { return strings.TrimSuffix(name, ".") + "." }
	for _, a := range r.A {
		add("A", "%s", a.Address)
	}
	for _, a := range r.AAAA {
		add("AAAA", "%s", a.Address)
	}
	if r.CNAME != nil {
		add("CNAME", "%s", dotted(r.CNAME.Name))
	}
	for _, m := range r.MX {
		add("MX", "%d %s", m.Preference, dotted(m.Exchange))
	}
	for _, p := range r.PTR {
		add("PTR", "%s", dotted(p.Name))
	}
	if s := r.SOA; s != nil {
		add("SOA", "%s %s %d %d %d %d %d", dotted(s.Host), dotted(strings.Replace(s.Email, "@", ".", 1)), s.Serial, s.Refresh, s.Retry, s.Expire, s.Minimum)
	}
	for _, s := range r.SRV {
		add("SRV", "%d %d %d %s", s.Priority, s.Weight, s.Port, dotted(s.Target))
	}
	for _, t := range r.TXT {
		var texts []string
		for _, v := range t.Value {
			for chunk := range slices.Chunk([]byte(v), maxTextChunk) {
				texts = append(texts, quotedText(chunk))
			}
		}
		add("TXT", "%s", strings.Join(texts, " "))
	}
	return data
}

const (
	maxTextChunk = 255  // of one text of a TXT record
	maxText      = 1024 // of all
)

// quotedText is a text as zone files have it (RFC 1035 §5.1).
func quotedText(text []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"', c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// check reports what is wrong with the records by themselves.
func (r *records) check(found *arm.Found) {
	bad := func(member string, i int, what, text string) {
		found.Add(codeZone, fmt.Sprintf("properties.%s[%d]", member, i), "'%s' is not %s.", text, what)
	}
	for i, a := range r.A {
		if at, err := netip.ParseAddr(a.Address); err != nil || !at.Is4() {
			bad("aRecords", i, "an IPv4 address", a.Address)
		}
	}
	for i, a := range r.AAAA {
		if at, err := netip.ParseAddr(a.Address); err != nil || !at.Is6() || at.Is4In6() || at.Zone() != "" {
			bad("aaaaRecords", i, "an IPv6 address", a.Address)
		}
	}
	domain := func(member string, i int, name string) {
		if !isDomain(name) {
			bad(member, i, "a domain name", name)
		}
	}
	if r.CNAME != nil {
		domain("cnameRecord", 0, r.CNAME.Name)
	}
	for i, m := range r.MX {
		domain("mxRecords", i, m.Exchange)
	}
	for i, p := range r.PTR {
		domain("ptrRecords", i, p.Name)
	}
	for i, s := range r.SRV {
		domain("srvRecords", i, s.Target)
	}
	if r.SOA != nil {
		domain("soaRecord", 0, r.SOA.Host)
		domain("soaRecord", 0, strings.Replace(r.SOA.Email, "@", ".", 1))
	}
	for i, t := range r.TXT {
		if n := len(strings.Join(t.Value, "")); n == 0 || n > maxText {
			found.Add(codeZone, fmt.Sprintf("properties.txtRecords[%d]", i), "The text of a TXT record has 1 to %d characters; it has %d.", maxText, n)
		}
	}
}

type recordBody struct {
	TTL      *int64            `json:"ttl"`
	Metadata map[string]string `json:"metadata"`
	records
}

// putRecord creates or replaces a record set; a PATCH gives what changes.
func putRecord(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	var body recordBody
	typ := lastSegment(r.ID.Type())
	if r.Old != nil && r.Patch() {
		old, err := decode[RecordSet](*r.Old)
		if err != nil {
			return nil, err
		}
		body = recordBody{&old.TTL, old.Metadata, old.Records}
	}
	zone, _ := r.ID.Parent()
	checkRecordName(r.ID.Name(), zone.Name(), typ, &found)
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil, found.Err()
	}
	form := &RecordSet{Version: formVersion, Metadata: body.Metadata, Records: body.records}
	if body.TTL == nil || *body.TTL < 1 || *body.TTL > 1<<31-1 {
		found.Add(codeZone, "properties.ttl", "Record set '%s' needs a ttl, a number of seconds from 1 to 2147483647.", r.ID.Name())
	} else {
		form.TTL = *body.TTL
	}
	data := form.Records.data()
	for other := range data {
		if other != typ {
			found.Add(codeZone, "properties", "Record set '%s' is of type %s, and the request has %s records. Give those of its type only.", r.ID.Name(), typ, other)
		}
	}
	switch list := data[typ]; {
	case len(list) == 0 && typ == "SOA":
		found.Add(codeZone, "properties.soaRecord", "Record set '%s' has no SOA record. Give it.", r.ID.Name())
	case len(list) > maxRecords:
		found.Add(codeZone, "properties", "Record set '%s' has %d records; a record set can have %d.", r.ID.Name(), len(list), maxRecords)
	case len(slices.Compact(slices.Sorted(slices.Values(list)))) < len(list):
		found.Add(codeZone, "properties", "Record set '%s' has the same record twice.", r.ID.Name())
	}
	form.Records.check(&found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := checkAlone(tx, r, typ); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// checkRecordName checks the name of a record set in its zone.
func checkRecordName(name, zone, typ string, found *arm.Found) {
	labels := strings.Split(name, ".")
	valid := name == apex || !slices.ContainsFunc(labels, func(l string) bool { return !domainLabel.MatchString(l) }) ||
		labels[0] == "*" && !slices.ContainsFunc(labels[1:], func(l string) bool { return !domainLabel.MatchString(l) })
	switch {
	case !valid:
		found.Add(codeZone, "name", "The record set name '%s' is not valid: give '@' for the zone itself, or labels of letters, digits, hyphens and underscores; the first may be '*'.", name)
	case len(fullName(name, zone)) > maxDomain:
		found.Add(codeZone, "name", "The record set name '%s' is too long: with the name of zone '%s' it has %d characters; it can have %d.", name, zone, len(fullName(name, zone)), maxDomain)
	case name == apex && typ == "CNAME":
		found.Add(codeZone, "name", "There can be no CNAME record at the zone's own name.")
	case name != apex && typ == "SOA":
		found.Add(codeZone, "name", "The SOA record set is at '@' only.")
	}
}

// checkAlone sees that an alias has no other records beside it, and that the zone has room.
func checkAlone(tx *store.Tx, r *arm.PutRequest, typ string) error {
	zone, _ := r.ID.Parent()
	all, err := arm.List(tx, store.Query{Parent: zone.Key()})
	if err != nil {
		return err
	}
	for _, other := range all {
		kind := lastSegment(other.Type)
		if other.Key == r.ID.Key() || strings.EqualFold(other.Type, typeZoneLinks) || !strings.EqualFold(lastSegment(other.ID), r.ID.Name()) {
			continue
		}
		if typ == "CNAME" || strings.EqualFold(kind, "CNAME") {
			return arm.Conflict("Conflict", "name", "The record set could not be created because a CNAME record can be the only one of its name: %s is there.", other.ID)
		}
	}
	if r.Old == nil && len(all) >= maxRecordSets+maxZoneLinks {
		return arm.Conflict("Conflict", "name", "Zone '%s' has %d record sets; no more are allowed.", zone.Name(), maxRecordSets)
	}
	return nil
}

func deleteRecord(_ context.Context, _ *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[RecordSet](r.Old)
	switch {
	case err != nil || r.Cascade:
		return err
	case form.Registered:
		return arm.Invalid(codeZone, "name", "Record set '%s' is registered for a network interface and cannot be deleted. Delete the interface, or set registrationEnabled of the link to false.", r.ID.Name())
	case strings.EqualFold(lastSegment(r.Old.Type), "SOA"):
		return arm.Invalid(codeZone, "name", "The SOA record set of a zone cannot be deleted.")
	}
	return nil
}

func viewRecord(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[RecordSet](r)
	if err != nil {
		return expr.Null(), err
	}
	return form.view(r.ID)
}

func (s *RecordSet) view(id string) (expr.Value, error) {
	parsed, err := arm.ParseID(id)
	if err != nil {
		return expr.Null(), err
	}
	zone, _ := parsed.Parent()
	text, err := json.Marshal(s.Records)
	if err != nil {
		return expr.Null(), err
	}
	shown, err := expr.ReadJSON(string(text))
	if err != nil {
		return expr.Null(), err
	}
	var f, metadata fields
	for _, name := range slices.Sorted(maps.Keys(s.Metadata)) {
		metadata.text(name, s.Metadata[name])
	}
	if len(metadata) > 0 {
		f.add("metadata", metadata.value())
	}
	f.text("fqdn", fullName(parsed.Name(), zone.Name())+".")
	f.add("ttl", expr.Int(s.TTL))
	f.add("isAutoRegistered", expr.Bool(s.Registered))
	f.settings(shown)
	return properties(f.value()), nil
}

// fullName is the name of a record set with its zone's.
func fullName(relative, zone string) string {
	if relative == apex {
		return zone
	}
	return relative + "." + zone
}

// listRecords answers GET {zone}/{type} and {zone}/ALL: the stored record sets, and those
// that are registered. The query has $top and $recordsetnamesuffix.
func (p *provider) listRecords(typ string) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		zone := r.ID
		if !strings.EqualFold(zone.Type(), typeZones) {
			zone, _ = r.ID.Parent()
		}
		var all []arm.Resource
		err := p.control.Read(ctx, func(tx *store.Tx) (err error) {
			all, err = arm.List(tx, store.Query{Parent: zone.Key()})
			return err
		})
		if err != nil {
			return nil, err
		}
		if s := p.policies.Latest(); s != nil {
			all = append(all, s.content.registeredIn(zone)...)
		}
		suffix := r.Query.Get("$recordsetnamesuffix")
		all = slices.DeleteFunc(all, func(one arm.Resource) bool {
			kind := lastSegment(one.Type)
			return strings.EqualFold(one.Type, typeZoneLinks) || typ != "" && !strings.EqualFold(kind, typ) || !strings.HasSuffix(strings.ToLower(lastSegment(one.ID)), strings.ToLower(suffix))
		})
		slices.SortFunc(all, func(a, b arm.Resource) int { return strings.Compare(a.Key, b.Key) })
		return page(r, all)
	}
}

// page is one page of record sets, which are in the order of their keys.
func page(r *arm.Request, all []arm.Resource) (*arm.Response, error) {
	top, err := r.Top(maxRecordPage, maxRecordPage)
	if err != nil {
		return nil, err
	}
	after, err := r.SkipToken()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(one arm.Resource) bool { return one.Key <= after })
	shown := all[:min(top, len(all))]
	values := []expr.Value{}
	for _, one := range shown {
		form, err := decode[RecordSet](one)
		if err != nil {
			return nil, err
		}
		view, err := form.view(one.ID)
		if err != nil {
			return nil, err
		}
		properties, _ := view.Get("properties")
		values = append(values, child(one.ID, lastSegment(one.ID), one.Type, one.ETag, properties))
	}
	if len(shown) < len(all) {
		return arm.Page(values, r.NextLink(shown[len(shown)-1].Key)), nil
	}
	return arm.Page(values, ""), nil
}
