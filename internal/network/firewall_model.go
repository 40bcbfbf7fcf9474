package network

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"

	"isle/internal/arm"
	"isle/netpol"
)

// Rules of firewalls, as the model knows them.

func threatMode(text string) netpol.ThreatMode {
	return netpol.ThreatMode(max(0, slices.Index(threatModes, text)))
}

// ipGroup notes the addresses of an IP group.
func (r *reader) ipGroup(resource arm.Resource, form *IPGroup) error {
	var problems []error
	list := []netpol.Address{}
	for _, text := range form.Addresses {
		prefixes, err := prefixesIn(text)
		problems = append(problems, err)
		for _, p := range prefixes {
			list = append(list, netpol.Address{Prefix: p})
		}
	}
	r.groups[resource.Key] = list
	return errors.Join(problems...)
}

// policy needs the IP groups to have been read, as firewalls do.
func (r *reader) policy(resource arm.Resource, form *FirewallPolicy) error {
	p := netpol.FirewallPolicy{ID: resource.ID, Base: referenceID(form.Base), ThreatIntel: netpol.ThreatIntel{Mode: threatMode(form.ThreatIntel)}}
	var problems []error
	for _, text := range form.AllowedAddresses {
		prefixes, err := prefixesIn(text)
		problems = append(problems, err)
		p.ThreatIntel.Allowed.Prefixes = append(p.ThreatIntel.Allowed.Prefixes, prefixes...)
	}
	p.ThreatIntel.Allowed.Names = slices.Clone(form.AllowedNames)
	var err error
	p.PrivateRanges, err = snatRanges(form.PrivateRanges)
	problems = append(problems, err)
	if form.DNS != nil {
		d, err := form.DNS.model()
		p.DNS, problems = &d, append(problems, err)
	}
	inner(r, resource, typeRuleGroups, func(child arm.Resource, form *RuleGroup) error {
		g := netpol.RuleCollectionGroup{Name: lastSegment(child.ID), Priority: form.Priority}
		var err error
		g.NAT, g.Collections, g.Applications, err = r.rules(form.Collections)
		p.Groups = append(p.Groups, g)
		return err
	})
	r.model.Policies = append(r.model.Policies, p)
	return errors.Join(problems...)
}

// rules sorts collections by their kinds.
func (r *reader) rules(given []Collection) (nat []netpol.NATCollection, network []netpol.RuleCollection, applications []netpol.ApplicationCollection, err error) {
	var problems []error
	for i := range given {
		c := &given[i]
		var err error
		switch c.Kind {
		case kindNAT:
			var one netpol.NATCollection
			one, err = r.natCollection(c)
			nat = append(nat, one)
		case kindApplication:
			var one netpol.ApplicationCollection
			one, err = r.applicationCollection(c)
			applications = append(applications, one)
		default:
			var one netpol.RuleCollection
			one, err = r.networkCollection(c)
			network = append(network, one)
		}
		problems = append(problems, err)
	}
	return nat, network, applications, errors.Join(problems...)
}

func (c *Collection) access() netpol.Access {
	if c.Action == "Allow" {
		return netpol.Allow
	}
	return netpol.Deny
}

func (r *reader) networkCollection(c *Collection) (netpol.RuleCollection, error) {
	list := netpol.RuleCollection{Name: c.Name, Priority: c.Priority, Action: c.access()}
	var problems []error
	for i := range c.Rules {
		source, destination, protocols, some, err := r.ends(&c.Rules[i])
		problems = append(problems, err)
		if some {
			list.Rules = append(list.Rules, netpol.NetworkRule{Name: c.Rules[i].Name, Protocols: protocols, Source: source, Destination: destination, Names: slices.Clone(c.Rules[i].DestinationNames)})
		}
	}
	return list, errors.Join(problems...)
}

func (r *reader) natCollection(c *Collection) (netpol.NATCollection, error) {
	list := netpol.NATCollection{Name: c.Name, Priority: c.Priority}
	var problems []error
	for i := range c.Rules {
		from := &c.Rules[i]
		source, destination, protocols, some, err := r.ends(from)
		var a netip.Addr
		var wrong error
		if from.ToName == "" {
			a, wrong = netip.ParseAddr(from.ToAddress)
		}
		port, bad := strconv.ParseUint(from.ToPort, 10, 16)
		problems = append(problems, err, wrong, bad)
		if some {
			list.Rules = append(list.Rules, netpol.NATRule{Name: from.Name, Protocols: protocols, Source: source, Destination: destination, To: netip.AddrPortFrom(a, uint16(port)), ToName: from.ToName})
		}
	}
	return list, errors.Join(problems...)
}

var applicationProtocols = map[string]netpol.ApplicationProtocol{"Http": netpol.HTTP, "Https": netpol.HTTPS, "Mssql": netpol.MSSQL}

func (r *reader) applicationCollection(c *Collection) (netpol.ApplicationCollection, error) {
	list := netpol.ApplicationCollection{Name: c.Name, Priority: c.Priority, Action: c.access()}
	var problems []error
	for i := range c.Rules {
		from := &c.Rules[i]
		source, destination, _, some, err := r.ends(from)
		problems = append(problems, err)
		rule := netpol.ApplicationRule{Name: from.Name, Sources: source.Addresses, Destinations: destination.Addresses, Names: slices.Clone(from.Names), Tags: slices.Clone(from.NameTags)}
		for _, p := range from.Applications {
			rule.Protocols = append(rule.Protocols, netpol.ApplicationPort{Protocol: applicationProtocols[p.Type], Port: uint16(p.Port)})
		}
		if some {
			list.Rules = append(list.Rules, rule)
		}
	}
	return list, errors.Join(problems...)
}

// ends reads both sides of a rule; false if a side has nothing but IP groups without
// addresses, so that it concerns no flow.
func (r *reader) ends(rule *FirewallRule) (source, destination netpol.Side, protocols []netpol.Protocol, some bool, err error) {
	var problems [3]error
	for _, text := range rule.Protocols {
		p, err := netpol.ParseProtocol(text)
		problems[0] = errors.Join(problems[0], err)
		protocols = append(protocols, p)
	}
	source, problems[1] = sideOf(rule.Sources, nil)
	destination, problems[2] = sideOf(rule.Destinations, rule.Ports)
	some = true
	for _, side := range []struct {
		groups []string
		of     *netpol.Side
	}{{rule.SourceGroups, &source}, {rule.DestinationGroups, &destination}} {
		for _, group := range side.groups {
			side.of.Addresses = append(side.of.Addresses, r.groups[keyOf(group)]...)
		}
		some = some && (len(side.groups) == 0 || len(side.of.Addresses) > 0 || len(rule.DestinationNames) > 0 && side.of == &destination)
	}
	return source, destination, protocols, some, errors.Join(problems[:]...)
}
