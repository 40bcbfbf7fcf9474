package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/netpol"
)

// What has addresses in a network, as the model and the data plane know it.

func (r *reader) nic(resource arm.Resource, form *Interface) error {
	n := netpol.Interface{ID: resource.ID, SecurityGroup: referenceID(form.SecurityGroup), IPForwarding: form.Forwarding}
	for _, c := range form.Configurations {
		a, err := netip.ParseAddr(c.Address)
		if err != nil {
			return err
		}
		n.Subnet, n.Addresses = referenceID(c.Subnet), append(n.Addresses, a)
	}
	if len(n.Addresses) == 0 {
		return nil
	}
	r.model.Interfaces = append(r.model.Interfaces, n)
	text := tagText(resource.Tags, tagAttach)
	mappings, machine, problems := parseAttach(text, resource.ID, n.Addresses[0])
	if text != "" {
		r.attached = append(r.attached, machine)
	}
	key := networkKey(n.Subnet)
	r.mappings[key] = append(r.mappings[key], mappings...)
	if machine.Given != "" {
		if r.guests[key] == nil {
			r.guests[key] = map[netip.Addr]string{}
		}
		for _, a := range n.Addresses {
			r.guests[key][a] = machine.Given
		}
	}
	return texts(problems)
}

// networkKey is the key of the network that a subnet is in.
func networkKey(subnet string) string {
	id, err := arm.ParseID(subnet)
	if err != nil {
		return ""
	}
	parent, _ := id.Parent()
	return parent.Key()
}

// texts makes one error of what is wrong with a tag.
func texts(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}

func (r *reader) public(resource arm.Resource, form *PublicIP) error {
	a, err := netip.ParseAddr(form.Address)
	if err != nil {
		return err
	}
	r.addresses[resource.Key] = []netip.Addr{a}
	egress, there, err := egressOf(resource)
	if there {
		r.egress[a] = egress
	}
	return err
}

// egressOf reads the tag isle-egress of a resource; false if there is none.
func egressOf(resource arm.Resource) (Egress, bool, error) {
	text := tagText(resource.Tags, tagEgress)
	if text == "" {
		return Egress{}, false, nil
	}
	egress, problem := parseEgress(text)
	if problem != "" {
		return Egress{}, false, errors.New(problem)
	}
	egress.PublicIP = resource.ID
	return egress, true, nil
}

// firewall needs the public addresses to have been read.
func (r *reader) firewall(resource arm.Resource, form *Firewall) (err error) {
	f := netpol.Firewall{ID: resource.ID}
	for _, c := range form.Configurations {
		if c.Subnet != "" {
			f.Subnet = referenceID(c.Subnet)
		}
		f.PublicIPs = append(f.PublicIPs, r.addresses[keyOf(c.PublicIP)]...)
	}
	if f.Subnet == "" {
		return nil // it is in no network: routes cannot lead to it
	}
	var problems [3]error
	f.PrivateIP, problems[0] = netip.ParseAddr(form.Address)
	f.PrivateRanges, problems[1] = snatRanges(form.PrivateRanges)
	var wrong error
	f.DNS, wrong = form.dns().model()
	problems[0] = errors.Join(problems[0], wrong)
	f.Policy, f.ThreatIntel.Mode = referenceID(form.Policy), threatMode(form.ThreatIntel)
	f.NAT, f.Collections, f.Applications, problems[2] = r.rules(slices.Concat(form.NAT, form.Collections, form.Applications))
	r.model.Firewalls = append(r.model.Firewalls, f)
	at := firewallAt{networkKey(f.Subnet), f.PrivateIP}
	r.outgoing[at] = f.PublicIPs
	return errors.Join(problems[:]...)
}

// snatRanges reads Network.SNAT.PrivateRanges; nil is the default (network.md §A6).
func snatRanges(given []string) (ranges []netip.Prefix, err error) {
	var problems []error
	for _, text := range given {
		if strings.EqualFold(text, "IANAPrivateRanges") {
			ranges = append(ranges, privateSpace...)
			continue
		}
		a, err := netpol.ParseAddress(text)
		if err == nil && !a.Prefix.IsValid() {
			err = fmt.Errorf("%q is no range", text)
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		ranges = append(ranges, a.Prefix)
	}
	return ranges, errors.Join(problems...)
}

// gateway needs the networks to have been read: it is part of one.
func (r *reader) gateway(resource arm.Resource, form *VirtualGateway) error {
	g := netpol.Gateway{ID: resource.ID}
	tagged, wrong := parsePrefixes(tagText(resource.Tags, tagRoutes))
	problems := []error{texts(wrong)}
	for _, list := range [][]string{form.ClientPool, form.Routes} {
		for _, text := range list {
			p, err := netip.ParsePrefix(text)
			problems = append(problems, err)
			g.Prefixes = append(g.Prefixes, p)
		}
	}
	g.Prefixes = append(g.Prefixes, tagged...)
	key := networkKey(form.Subnet)
	for i := range r.model.Networks {
		if n := &r.model.Networks[i]; strings.EqualFold(n.ID, key) {
			if n.Gateway == nil { // a network may have one of each type
				n.Gateway = &netpol.Gateway{ID: g.ID}
			}
			n.Gateway.Prefixes = append(n.Gateway.Prefixes, g.Prefixes...)
		}
	}
	return errors.Join(problems...)
}
