package network

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// Network interfaces. There are no machines behind them: an interface stands for a
// real one where its tag isle-attach says so.

const (
	interfaceConfigurations = typeInterfaces + "/ipConfigurations"
	maxConfigurations       = 256
	azureDNS                = "AzureProvidedDNS"

	codePublicUsed = "PublicIPAddressInUse"
)

// putInterface creates or replaces an interface. What has an address by the method
// Dynamic keeps it.
func putInterface(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form := readInterface(r, &found)
	if form == nil {
		return nil, found.Err()
	}
	old := &Interface{GUID: arm.NewGUID()}
	if r.Old != nil {
		var err error
		if old, err = decode[Interface](*r.Old); err != nil {
			return nil, err
		}
	}
	form.GUID = old.GUID
	for _, check := range []func(*store.Tx, *arm.PutRequest, *Interface, *arm.Found) error{form.refer, form.settle, form.join, form.attach} {
		if err := check(tx, r, old, &found); err != nil {
			return nil, err
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	form.Configurations = slices.Concat(form.Configurations[form.primary:form.primary+1], form.Configurations[:form.primary], form.Configurations[form.primary+1:])
	if err := moveInterface(tx, r.ID, old, form, r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readInterface makes the stored form of a request, without addresses that are to be
// chosen, and checks it by itself.
func readInterface(r *arm.PutRequest, found *arm.Found) *Interface {
	var body interfaceBody
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil
	}
	n := &Interface{Version: formVersion, SecurityGroup: body.SecurityGroup.id(), Forwarding: body.Forwarding,
		DNSServers: body.DNS.Servers, DNSLabel: body.DNS.Label, Settings: carry(r.Properties(), carriedInterface)}
	if id := body.PrivateLink.id(); id != "" {
		found.Add(codeReference, "properties.privateLinkService", "Resource %s referenced by resource %s was not found: there are no private link services in this server. Remove privateLinkService.", id, r.ID)
	}
	n.checkDNS(found)
	n.readConfigurations(body.Configurations, r.ID, found)
	return n
}

// checkDNS checks the DNS servers of an interface: they are for the machine that it
// stands for, which asks them by itself.
func (n *Interface) checkDNS(found *arm.Found) {
	const target = "properties.dnsSettings.dnsServers"
	if len(n.DNSServers) > maxDNSServers {
		found.Add("DnsServerCountLimitReached", target, "The network interface has %d DNS servers; at most %d are allowed.", len(n.DNSServers), maxDNSServers)
	}
	for i, text := range n.DNSServers {
		at := fmt.Sprintf("%s[%d]", target, i)
		if strings.EqualFold(text, azureDNS) {
			if len(n.DNSServers) > 1 {
				found.Add(codeFormat, at, "The DNS server '%s' cannot be combined with others. Give it alone, or leave it out.", text)
			}
			continue
		}
		if a, err := netip.ParseAddr(text); err != nil || a.Zone() != "" {
			found.Add(codeFormat, at, "The DNS server '%s' is neither an IP address nor %s.", text, azureDNS)
		}
	}
}

func (n *Interface) readConfigurations(list []interfaceConfigurationBody, id arm.ID, found *arm.Found) {
	const target = "properties.ipConfigurations"
	if len(list) == 0 {
		found.Add(codeFormat, target, "Network interface %s has no IP configuration. Give one with a name and a subnet.", id)
	}
	if len(list) > maxConfigurations {
		found.Add("IpConfigurationCountLimitReached", target, "Network interface %s has %d IP configurations; at most %d are allowed.", id, len(list), maxConfigurations)
	}
	for i := range list {
		at := fmt.Sprintf("%s[%d]", target, i)
		ruleNaming.check(list[i].Name, at+".name", found)
		c := list[i].read(at+".properties", id, found)
		for _, other := range n.Configurations {
			if strings.EqualFold(other.Name, c.Name) {
				found.Add(codeFormat, at+".name", "The IP configuration name '%s' occurs twice in network interface %s. Names are unique, ignoring case.", c.Name, id)
			}
			if c.PublicIP != "" && arm.SameID(other.PublicIP, c.PublicIP) {
				found.Add(codePublicUsed, at+".properties.publicIPAddress", "Public IP address %s is referenced by two IP configurations of network interface %s. Each has one of its own.", c.PublicIP, id)
			}
		}
		n.Configurations = append(n.Configurations, c)
	}
	n.choosePrimary(list, found)
}

// choosePrimary finds the primary configuration: the one that says so, or the first of
// the request.
func (n *Interface) choosePrimary(list []interfaceConfigurationBody, found *arm.Found) {
	primary := -1
	for i := range list {
		if !list[i].Properties.Primary {
			continue
		}
		if primary >= 0 {
			found.Add(codeFormat, fmt.Sprintf("properties.ipConfigurations[%d].properties.primary", i), "The IP configurations '%s' and '%s' are both primary. A network interface has one primary IP configuration.", list[primary].Name, list[i].Name)
			return
		}
		primary = i
	}
	n.primary = max(primary, 0)
	if len(list) > 0 && n.Configurations[n.primary].Protocol == versionIPv6 {
		found.Add(codeFormat, n.at(n.primary)+".privateIPAddressVersion", "The primary IP configuration '%s' has the version %s. It must be %s; others may be %s.", list[n.primary].Name, versionIPv6, versionIPv4, versionIPv6)
	}
}

// read makes a stored configuration; its address is the one that the request asks
// for, and empty if one is to be chosen.
func (b *interfaceConfigurationBody) read(target string, id arm.ID, found *arm.Found) Configuration {
	p := &b.Properties
	method := oneOf(orElse(p.Method, methodDynamic), target+".privateIPAllocationMethod", found, methodDynamic, methodStatic)
	c := Configuration{Name: b.Name, Subnet: p.Subnet.id(), PublicIP: p.PublicIP.id(), Groups: ids(p.Groups), Static: method == methodStatic,
		Protocol: oneOf(orElse(p.Version, versionIPv4), target+".privateIPAddressVersion", found, versionIPv4, versionIPv6)}
	if c.Subnet == "" {
		found.Add("SubnetIsRequired", target+".subnet", "Subnet reference is required for IP configuration '%s' of network interface %s. Give subnet.id.", b.Name, id)
	}
	if c.Static && p.Address != "" {
		a, err := netip.ParseAddr(p.Address)
		if err != nil || a.Zone() != "" || a.Is4In6() || versionOf(a) != c.Protocol {
			found.Add(codeFormat, target+".privateIPAddress", "The privateIPAddress '%s' of IP configuration '%s' is not an %s address.", p.Address, b.Name, c.Protocol)
		} else {
			c.Address = a.String()
		}
	}
	if p.Length != nil && *p.Length != 32 && *p.Length != 128 {
		found.Add(codeFormat, target+".privateIPAddressPrefixLength", "IP configuration '%s' asks for a block of addresses; an IP configuration of this server has one address. Remove privateIPAddressPrefixLength.", b.Name)
	}
	absent := b.absent()
	for _, member := range slices.Sorted(maps.Keys(absent)) {
		found.Add(codeReference, target+"."+member, "The %s of IP configuration '%s' were not found: there are no %s in this server. Remove %s.", member, b.Name, absent[member], member)
	}
	return c
}

// refer checks what an interface refers to besides its subnet.
func (n *Interface) refer(tx *store.Tx, r *arm.PutRequest, _ *Interface, found *arm.Found) error {
	if n.SecurityGroup != "" {
		group, err := referenced(tx, n.SecurityGroup, typeGroups, r.ID, r.Location, "properties.networkSecurityGroup", found)
		if err != nil {
			return err
		}
		if group != nil {
			n.SecurityGroup = group.ID
		}
	}
	for i := range n.Configurations {
		c := &n.Configurations[i]
		if c.PublicIP == "" {
			continue
		}
		at := n.at(i) + ".publicIPAddress"
		public, err := checkPublic(tx, &c.PublicIP, publicUser{r.ID, r.Location, c.id(r.ID), at}, found)
		if err != nil {
			return err
		}
		if public != nil && public.Protocol != c.Protocol {
			found.Add(codeFormat, at, "Public IP address %s has the version %s, and IP configuration '%s' the version %s; they must be the same.", c.PublicIP, public.Protocol, c.Name, c.Protocol)
		}
	}
	return nil
}

// at is the path of a configuration's properties.
func (n *Interface) at(i int) string {
	return fmt.Sprintf("properties.ipConfigurations[%d].properties", i)
}

// id is the resource ID of a configuration.
func (c *Configuration) id(nic arm.ID) string {
	return nic.String() + "/ipConfigurations/" + c.Name
}

// subnet is the ID of the interface's subnet; "" if it has none yet.
func (n *Interface) subnet() string {
	if len(n.Configurations) == 0 {
		return ""
	}
	return n.Configurations[0].Subnet
}

func deleteInterface(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[Interface](r.Old)
	if err != nil {
		return err
	}
	return moveInterface(tx, r.ID, form, &Interface{}, r.Now)
}

// moveInterface brings the other sides of an interface's references up to date: its
// subnet, its security group, and its public addresses.
func moveInterface(tx *store.Tx, id arm.ID, old, form *Interface, now time.Time) error {
	before, after := old.subnet(), form.subnet()
	if before != "" && !arm.SameID(before, after) {
		if err := setUses(tx, before, id.String(), nil, now); err != nil {
			return err
		}
	}
	if uses := form.uses(id); after != "" && !(arm.SameID(before, after) && slices.Equal(uses, old.uses(id))) {
		if err := setUses(tx, after, id.String(), uses, now); err != nil {
			return err
		}
	}
	if err := moveUser(tx, id.String(), old.SecurityGroup, form.SecurityGroup, now); err != nil {
		return err
	}
	users := map[string]string{} // by public address
	for _, c := range old.Configurations {
		users[c.PublicIP] = ""
	}
	for _, c := range form.Configurations {
		users[c.PublicIP] = c.id(id)
	}
	delete(users, "")
	for _, public := range slices.Sorted(maps.Keys(users)) {
		if err := setPublicUser(tx, public, users[public], now); err != nil {
			return err
		}
	}
	return nil
}

// uses are what the configurations have of the subnet.
func (n *Interface) uses(id arm.ID) []Use {
	var list []Use
	for i := range n.Configurations {
		list = append(list, Use{n.Configurations[i].id(id), n.Configurations[i].Address})
	}
	return list
}
