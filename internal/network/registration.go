package network

import (
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// What the resolver of a network knows of private zones: the records of those that it is
// linked to, and in those that register an address record for each interface of the
// networks that are linked so. A record set that somebody made has precedence; what would
// have a name that is too long has no record.

// zone reads a zone for each network that it is linked to. It needs the networks and the
// interfaces to have been read.
func (r *reader) zone(resource arm.Resource, _ *PrivateZone) error {
	name := strings.ToLower(lastSegment(resource.ID))
	var kept []Record
	taken := map[string]bool{} // names with address records or an alias
	for _, typ := range recordTypes {
		inner(r, resource, typeZones+"/"+typ, func(set arm.Resource, form *RecordSet) error {
			relative := strings.ToLower(lastSegment(set.ID))
			taken[relative] = taken[relative] || typ == "A" || typ == "CNAME"
			for _, data := range form.Records.data()[typ] {
				kept = append(kept, Record{fullName(relative, name), typ, form.TTL, data})
			}
			return nil
		})
	}
	type link struct {
		network  string // key
		redirect bool
	}
	var links []link
	inner(r, resource, typeZoneLinks, func(_ arm.Resource, form *ZoneLink) error {
		key := keyOf(form.Network)
		links = append(links, link{key, form.Redirect})
		if !form.Registration {
			return nil
		}
		for relative, set := range r.registrations(key) {
			if taken[relative] || len(fullName(relative, name)) > maxDomain {
				continue
			}
			taken[relative] = true
			for _, a := range set.Records.A {
				kept = append(kept, Record{fullName(relative, name), "A", set.TTL, a.Address})
			}
			body, err := encode(set)
			if err != nil {
				return err
			}
			id := resource.ID + "/A/" + relative
			r.registered[strings.ToLower(id)] = arm.Resource{Resource: store.Resource{ID: id, Key: strings.ToLower(id), Type: typeZones + "/A", Parent: resource.Key, State: succeeded, ETag: resource.ETag, Body: body}}
		}
		return nil
	})
	slices.SortFunc(kept, func(a, b Record) int { return strings.Compare(a.String(), b.String()) })
	for _, l := range links {
		r.zones[l.network] = append(r.zones[l.network], Zone{Name: name, Redirect: l.redirect, Records: kept})
	}
	return nil
}

// registrations are the record sets of the interfaces of a network, by relative name: the
// label that an interface gives itself, or its name.
func (r *reader) registrations(network string) map[string]*RecordSet {
	sets := map[string]*RecordSet{}
	each(r, typeInterfaces, func(resource arm.Resource, form *Interface) error {
		if networkKey(form.subnet()) != network {
			return nil
		}
		name := strings.ToLower(orElse(form.DNSLabel, lastSegment(resource.ID)))
		if !domainLabel.MatchString(name) || sets[name] != nil {
			return nil
		}
		set := &RecordSet{Version: formVersion, TTL: registrationTTL, Registered: true}
		for _, c := range form.Configurations {
			if a, err := netip.ParseAddr(c.Address); err == nil && a.Is4() {
				set.Records.A = append(set.Records.A, aRecord{a.String()})
			}
		}
		if len(set.Records.A) > 0 {
			sets[name] = set
		}
		return nil
	})
	return sets
}

// registeredIn are the registered record sets of a zone.
func (c *content) registeredIn(zone arm.ID) (list []arm.Resource) {
	for _, r := range c.registered {
		if r.Parent == zone.Key() {
			list = append(list, r)
		}
	}
	return list
}

// registeredSet finds a registered record set that nobody has stored.
func (p *Policies) registeredSet(id arm.ID) (arm.Resource, bool) {
	s := p.Latest()
	if s == nil {
		return arm.Resource{}, false
	}
	r, ok := s.content.registered[id.Key()]
	return r, ok
}

// Zones are the private zones that a network is linked to, by name.
func (s *Snapshot) Zones(network string) []Zone {
	list := slices.Clone(s.content.zones[strings.ToLower(network)])
	slices.SortFunc(list, func(a, b Zone) int { return strings.Compare(a.Name, b.Name) })
	return list
}
