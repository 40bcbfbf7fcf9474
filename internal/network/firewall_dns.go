package network

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// What firewalls do about names: dnsSettings of a policy, and of a firewall without one the
// additional properties Network.DNS.… (network.md §A6, FQDN in network rules).

// The additional properties of names.
const (
	dnsEnableProxy  = "Network.DNS.EnableProxy"
	dnsServers      = "Network.DNS.Servers"
	dnsRequireProxy = "Network.DNS.RequireProxyForNetworkRules"

	codeProxyNeeded    = "AzureFirewallDNSProxyMustBeEnabled"
	maxFirewallServers = 15 // of a firewall, by the page about DNS settings
)

var dnsProperties = []string{dnsEnableProxy, dnsServers, dnsRequireProxy}

// DNSSettings are those of a firewall or a policy, as stored.
type DNSSettings struct {
	Proxy   bool     `json:"proxy,omitempty"`
	Servers []string `json:"servers,omitempty"` // addresses
	// NotRequired lets network rules have names although the proxy is off
	// (requireProxyForNetworkRules is false).
	NotRequired bool `json:"notRequired,omitempty"`
}

// allow tells whether network rules may have names.
func (d *DNSSettings) allow() bool { return d.Proxy || d.NotRequired }

func (d *DNSSettings) model() (netpol.DNSSettings, error) {
	m := netpol.DNSSettings{Proxy: d.Proxy}
	var problems []error
	for _, text := range d.Servers {
		a, err := netip.ParseAddr(text)
		problems = append(problems, err)
		m.Servers = append(m.Servers, a.Unmap())
	}
	return m, errors.Join(problems...)
}

// checkServers checks the name servers.
func (d *DNSSettings) checkServers(at func(int) string, found *arm.Found) {
	if len(d.Servers) > maxFirewallServers {
		found.Add("FirewallDnsServersLimitExceeded", strings.TrimSuffix(at(0), "[0]"), "There are %d DNS servers. A firewall takes at most %d.", len(d.Servers), maxFirewallServers)
	}
	for i, text := range d.Servers {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() {
			found.Add("FirewallInvalidDnsServer", at(i), "The DNS server '%s' is not the address of a host. Give an IP address, such as 10.0.0.4.", text)
		}
	}
}

// checkRules reports network rules with names that the settings do not allow. The code and
// the first sentence are those of a recorded answer.
func (d *DNSSettings) checkRules(list []Collection, at func(int) (collection, head string), found *arm.Found) {
	if d.allow() {
		return
	}
	for i := range list {
		_, head := at(i)
		for j := range list[i].Rules {
			if r := &list[i].Rules[j]; len(r.DestinationNames) > 0 {
				found.Add(codeProxyNeeded, fmt.Sprintf("%s.rules[%d].destinationFqdns", head, j), "DNS Proxy must be enabled in order to use DestinationFqdns in Network Rules. See rule %s in network rule collection %s. Enable the proxy (dnsSettings.enableProxy of the policy, %s of a firewall without one), or set requireProxyForNetworkRules to false.", r.Name, list[i].Name, dnsEnableProxy)
			}
		}
	}
}

// dns are the settings of a firewall without a policy.
func (f *Firewall) dns() *DNSSettings {
	if f.DNS == nil {
		return &DNSSettings{}
	}
	return f.DNS
}

// readDNS reads one of the additional properties.
func (f *Firewall) readDNS(name, text, at string, found *arm.Found) {
	if f.DNS == nil {
		f.DNS = &DNSSettings{}
	}
	if strings.EqualFold(name, dnsServers) {
		f.DNS.Servers = entries(text)
		f.DNS.checkServers(func(int) string { return at }, found)
		return
	}
	yes, err := strconv.ParseBool(strings.ToLower(orElse(text, "false")))
	if err != nil {
		found.Add(codeFormat, at, "The additional property %s is '%s'. Give true or false.", name, text)
		return
	}
	if strings.EqualFold(name, dnsEnableProxy) {
		f.DNS.Proxy = yes
	} else {
		f.DNS.NotRequired = !yes
	}
}

// settings are those of a policy on the wire, as stored; nil if it gives none.
func (b *policyBody) settings(found *arm.Found) *DNSSettings {
	if b.DNS == nil {
		return nil
	}
	d := &DNSSettings{Proxy: b.DNS.Proxy, Servers: b.DNS.Servers, NotRequired: b.DNS.Required != nil && !*b.DNS.Required}
	d.checkServers(listed("properties.dnsSettings.servers"), found)
	return d
}

// dnsOf are the settings that hold for a policy: its own, or those of the nearest base that
// has any.
func (p *FirewallPolicy) dnsOf(tx *store.Tx) (*DNSSettings, error) {
	for at := p; ; {
		if at.DNS != nil {
			return at.DNS, nil
		}
		if at.Base == "" {
			return &DNSSettings{}, nil
		}
		next, err := arm.Load(tx, at.Base)
		if err != nil {
			return nil, err
		}
		if at, err = decode[FirewallPolicy](next); err != nil {
			return nil, err
		}
	}
}

// checkNamed reports the groups of a policy, and of those that take their settings from it,
// whose network rules have names that these settings do not allow.
func (d *DNSSettings) checkNamed(tx *store.Tx, id arm.ID, found *arm.Found) error {
	if d.allow() {
		return nil
	}
	groups, err := children[RuleGroup](tx, id, typeRuleGroups)
	if err != nil {
		return err
	}
	for i := range groups {
		g := &groups[i]
		for _, c := range g.form.Collections {
			for _, r := range c.Rules {
				if len(r.DestinationNames) > 0 {
					found.Add(codeProxyNeeded, "properties.dnsSettings", "DNS Proxy must be enabled in order to use DestinationFqdns in Network Rules. See rule %s in network rule collection %s of %s. Remove its destinationFqdns first, or leave the proxy on.", r.Name, c.Name, g.ID)
				}
			}
		}
	}
	_, heirs, err := policyUsers(tx, id.String())
	for _, heir := range heirs {
		form, err := arm.Load(tx, heir)
		if err != nil {
			return err
		}
		policy, err := decode[FirewallPolicy](form)
		if err != nil {
			return err
		}
		child, err := arm.ParseID(heir)
		if err != nil {
			return err
		}
		if policy.DNS == nil {
			if err := d.checkNamed(tx, child, found); err != nil {
				return err
			}
		}
	}
	return err
}

// checkNameTags reports FQDN tags that there are not, and gives the others the spelling of
// the file.
func checkNameTags(known []netpol.NameTag, list []Collection, at func(int) (collection, head string), found *arm.Found) {
	names := make([]string, len(known))
	for i := range known {
		names[i] = known[i].Name
	}
	for i := range list {
		_, head := at(i)
		for j := range list[i].Rules {
			r := &list[i].Rules[j]
			for k, tag := range r.NameTags {
				if n := indexFold(names, tag); n >= 0 {
					r.NameTags[k] = names[n]
					continue
				}
				found.Add("FirewallRuleInvalidFqdnTag", fmt.Sprintf("%s.rules[%d].fqdnTags[%d]", head, j, k), "Rule %s has the FQDN tag '%s', of which this server knows no names: those of most tags are known to their maker alone. Give targetFqdns, or have the operator add the tag to the file of FQDN tags (isle serve --fqdn-tags FILE). Known are: %s.", r.Name, tag, strings.Join(names, ", "))
			}
		}
	}
}

func indexFold(list []string, text string) int {
	for i, entry := range list {
		if strings.EqualFold(entry, text) {
			return i
		}
	}
	return -1
}
