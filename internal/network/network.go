package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

const (
	maxSubnets    = 3000
	maxDNSServers = 20
)

// putNetwork creates or replaces a virtual network. A request without the member
// "subnets" leaves the subnets as they are; one that has it names all of them.
func putNetwork(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	body := new(networkBody)
	networkNaming.check(r.ID.Name(), "name", &found)
	if !found.Decode(r.Properties(), body, "properties", codeFormat) {
		return nil, found.Err()
	}
	form := &Network{Version: formVersion, Space: body.AddressSpace.AddressPrefixes, Settings: carry(r.Properties(), carriedNetwork)}
	space := checkSpace(r.ID.String(), form.Space, &found)
	checkDNS(body.DHCPOptions.DNSServers, &found)
	if err := checkUplink(tx, r.ID, r.Tags, space, &found); err != nil {
		return nil, err
	}
	var old []nested[Subnet]
	if r.Old != nil {
		was, err := decode[Network](*r.Old)
		if err != nil {
			return nil, err
		}
		form.GUID = was.GUID
		if old, err = children[Subnet](tx, r.ID, typeSubnets); err != nil {
			return nil, err
		}
	} else {
		form.GUID = arm.NewGUID()
	}
	want := old
	if body.Subnets != nil {
		want = readSubnets(*body.Subnets, r.ID, old, &found)
		checkRemoved(old, want, &found)
	}
	checkLayout(want, space, &found)
	peerings, err := readPeerings(tx, r, form.Space, want, body.Peerings, &found)
	if err != nil {
		return nil, err
	}
	if err := checkReferences(tx, r.ID, r.Location, want, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := replaceReferences(tx, r.ID, old, want, r.Now); err != nil {
		return nil, err
	}
	if err := replace(tx, r.ID, "subnets", old, want, r.Now); err != nil {
		return nil, err
	}
	for _, o := range old {
		if find(want, o.name) == nil {
			if err := endFlowLogs(tx, o.ID); err != nil {
				return nil, err
			}
		}
	}
	if err := peerings.store(); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

func checkDNS(servers []string, found *arm.Found) {
	const target = "properties.dhcpOptions.dnsServers"
	if len(servers) > maxDNSServers {
		found.Add("DnsServerCountLimitReached", target, "The virtual network has %d DNS servers; at most %d are allowed.", len(servers), maxDNSServers)
	}
	for i, s := range servers {
		if addr, err := netip.ParseAddr(s); err != nil || addr.Zone() != "" {
			found.Add(codeFormat, fmt.Sprintf("%s[%d]", target, i), "The DNS server '%s' is not an IP address.", s)
		}
	}
}

// readSubnets reads the subnets that a PUT of the network gives. What is in a
// subnet stays there.
func readSubnets(list []nestedBody, network arm.ID, old []nested[Subnet], found *arm.Found) []nested[Subnet] {
	if len(list) > maxSubnets {
		found.Add("SubnetCountLimitReached", "properties.subnets", "The virtual network has %d subnets; at most %d are allowed.", len(list), maxSubnets)
	}
	want := make([]nested[Subnet], 0, len(list))
	for i, c := range list {
		at := fmt.Sprintf("properties.subnets[%d]", i)
		form := readSubnet(c.Name, c.Properties, at+".properties", found)
		if form == nil {
			continue
		}
		if find(want, c.Name) != nil {
			found.Add(codeFormat, at+".name", "The subnet name '%s' occurs twice. Names are unique in a virtual network, ignoring case.", c.Name)
			continue
		}
		entry := nested[Subnet]{name: c.Name, form: form}
		if o := find(old, c.Name); o != nil {
			form.Links, form.Uses = o.form.Links, o.form.Uses
			checkOccupied(o.ID, c.Name, o.form, form, at+".properties", found)
		}
		entry.ID = network.Child("subnets", c.Name).String()
		want = append(want, entry)
	}
	return want
}

// checkRemoved reports each subnet in use that a request leaves out.
func checkRemoved(old, want []nested[Subnet], found *arm.Found) {
	for _, o := range old {
		if find(want, o.name) == nil {
			checkEmpty(o.ID, o.form, found)
		}
	}
}

// checkEmpty reports a subnet that cannot be deleted because it is in use.
func checkEmpty(id string, s *Subnet, found *arm.Found) {
	if user := s.user(id); user != "" {
		found.Add("InUseSubnetCannotBeDeleted", "properties.subnets", "Subnet %s is in use by %s and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet: %s.", lastSegment(id), user, strings.Join(s.owners(), ", "))
	}
}

// checkLayout checks that the subnets lie in the address space and apart from each
// other. A range in use that would be left outside cannot be taken away.
func checkLayout(subnets []nested[Subnet], space []netip.Prefix, found *arm.Found) {
	var ranges []owned
	for i := range subnets {
		s := &subnets[i]
		prefixes := s.form.ranges()
		for _, p := range prefixes {
			ranges = append(ranges, owned{p, s.name})
		}
		var outside arm.Found
		checkContained(s.name, prefixes, space, "properties.subnets", &outside)
		if len(outside) > 0 && s.form.user(s.ID) != "" {
			found.Add("InUsePrefixCannotBeDeleted", "properties.addressSpace.addressPrefixes", "IpPrefix %s on Subnet %s has active allocations and cannot be deleted. Keep a range that contains it in the address space.", joinPrefixes(prefixes), s.name)
			continue
		}
		*found = append(*found, outside...)
	}
	checkDisjoint(ranges, "properties.subnets", found)
}

// patchNetwork changes the tags.
func patchNetwork(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	form, err := decode[Network](*r.Old)
	if err != nil {
		return nil, err
	}
	if err := checkUplink(tx, r.ID, r.Tags, form.ranges(), &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	return arm.PatchTags(ctx, tx, r)
}

// deleteNetwork: its subnets, which are deleted first, have refused if one is in
// use. A NAT gateway that is for all of it names it as well.
func deleteNetwork(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	gateway, err := gatewayOfNetwork(tx, r.Old.ID, "")
	if err == nil && gateway != "" {
		return refuseUsed("InUseVirtualNetworkCannotBeDeleted", "Virtual network", r.Old.ID, []string{gateway})
	}
	return err
}

func viewNetwork(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, id, err := decodeAt[Network](r)
	if err != nil {
		return expr.Null(), err
	}
	subnets, err := children[Subnet](tx, id, typeSubnets)
	if err != nil {
		return expr.Null(), err
	}
	peerings, err := children[Peering](tx, id, typePeerings)
	if err != nil {
		return expr.Null(), err
	}
	var problems []error
	peered := embedded(peerings, typePeerings, func(p *nested[Peering]) expr.Value {
		view, err := p.form.view(tx, id)
		problems = append(problems, err)
		return view
	})
	inside := embedded(subnets, typeSubnets, func(s *nested[Subnet]) expr.Value { return s.form.view(s.ID, s.ETag) })
	f := form.view(inside, peered)
	problems = append(problems, f.addFlowLogs(tx, r.ID))
	return properties(f.value()), errors.Join(problems...)
}
