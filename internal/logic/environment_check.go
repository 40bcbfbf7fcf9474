package logic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
)

// What an integration service environment must be, from its set-up document
// (ise.md §A2, §A3): pure checks over the request, the stored environment and
// the subnets it names. They report every problem they find.

const (
	subnetCount  = 4
	subnetBits   = 27 // a /27 has the 32 addresses that each subnet needs
	maxCapacity  = 10
	skuPremium   = "Premium"
	skuDeveloper = "Developer"
	endInternal  = "Internal"
	endExternal  = "External"

	// delegationService is the real name of the service a subnet is delegated to;
	// the document writes it in the singular, so both are accepted (network.md §A2).
	delegationService         = "Microsoft.Logic/integrationServiceEnvironments"
	delegationServiceSingular = "Microsoft.Logic/integrationServiceEnvironment"
)

// privateRanges are the address ranges of an environment's subnets: the
// document's "Class B address space" read as any private range.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// reservedRanges are what an environment's network must not use, because the service
// cannot resolve them (ise.md #43).
var reservedRanges = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("169.254.169.254/32"),
}

// wanted is what a request asks an environment to be.
type wanted struct {
	name     string
	location string
	sku      string
	capacity *int64
	endpoint string
	subnets  []string // resource IDs, in the order of the request
}

// checkWanted checks the request by itself.
func checkWanted(w *wanted, found *arm.Found) {
	if !validEnvironmentName(w.name) {
		found.Add("InvalidResourceName", "name", "The name '%s' of the integration service environment is invalid. A name has 1 to 80 characters and only letters, numbers, hyphens (-), underscores (_), and periods (.).", w.name)
	}
	checkSKU(w, found)
	if endpoint, ok := arm.Choice(w.endpoint, endInternal, endExternal); ok {
		w.endpoint = endpoint
	} else {
		found.Add("InvalidAccessEndpointType", "properties.networkConfiguration.accessEndpoint.type", "The access endpoint type '%s' is invalid. Choose Internal or External; it cannot be changed later.", w.endpoint)
	}
	checkSubnetList(w.subnets, found)
}

func checkSKU(w *wanted, found *arm.Found) {
	sku, ok := arm.Choice(w.sku, skuPremium, skuDeveloper)
	if !ok {
		found.Add("InvalidSku", "sku.name", "The SKU '%s' is invalid. Choose Premium or Developer; it cannot be changed later.", w.sku)
		return
	}
	w.sku = sku
	if w.capacity == nil {
		return
	}
	switch {
	case sku == skuDeveloper && *w.capacity != 0:
		found.Add("InvalidSkuCapacity", "sku.capacity", "The SKU capacity %d is invalid. A Developer environment has no additional capacity: leave capacity out or give 0.", *w.capacity)
	case *w.capacity < 0 || *w.capacity > maxCapacity:
		found.Add("InvalidSkuCapacity", "sku.capacity", "The SKU capacity %d is invalid. A Premium environment has 0 to %d additional units.", *w.capacity, maxCapacity)
	}
}

func checkSubnetList(subnets []string, found *arm.Found) {
	const target = "properties.networkConfiguration.subnets"
	if len(subnets) != subnetCount {
		found.Add("InvalidSubnetCount", target, "An integration service environment needs exactly %d subnets; the request has %d.", subnetCount, len(subnets))
	}
	network := ""
	for i, id := range subnets {
		at := fmt.Sprintf("%s[%d].id", target, i)
		parent, ok := networkOf(id)
		if !ok {
			found.Add("InvalidResourceReference", at, "'%s' is not the resource ID of a subnet. Give /subscriptions/…/virtualNetworks/{network}/subnets/{subnet}.", id)
			continue
		}
		if slices.ContainsFunc(subnets[:i], func(other string) bool { return strings.EqualFold(other, id) }) {
			found.Add("DuplicateSubnets", at, "The subnet '%s' occurs twice. The %d subnets must be distinct.", id, subnetCount)
		}
		if network == "" {
			network = parent
		} else if !strings.EqualFold(network, parent) {
			found.Add("SubnetsNotInSameVirtualNetwork", at, "The subnet '%s' is not in the virtual network '%s' of the first subnet. All subnets must be in one virtual network.", id, network)
		}
	}
}

// checkSubnets checks the subnets that the request names, as they are in the
// network, for the environment with the ID. A nil subnet does not exist.
func checkSubnets(w *wanted, environment string, subnets []*Subnet, found *arm.Found) {
	delegated := 0
	if len(subnets) > 0 && subnets[0] != nil {
		checkSpace(subnets[0], found)
	}
	for i, s := range subnets {
		at := fmt.Sprintf("properties.networkConfiguration.subnets[%d].id", i)
		if s == nil {
			found.Add("InvalidResourceReference", at, "The subnet '%s' was not found. Create it before the environment.", w.subnets[i])
			continue
		}
		if checkSubnet(s, environment, at, found) {
			delegated++
		}
		if i == 0 && w.location != "" && !arm.SameLocation(s.Location, w.location) {
			found.Add("InvalidResourceLocation", "location", "The environment's location '%s' is not the location '%s' of its virtual network. Both must be the same.", w.location, s.Location)
		}
	}
	switch {
	case delegated == 0 && len(subnets) > 0:
		found.Add("SubnetMissingRequiredDelegation", "properties.networkConfiguration.subnets", "None of the subnets is delegated. Delegate exactly one of them to %s.", delegationService)
	case delegated > 1:
		found.Add("SubnetDelegationNotAllowed", "properties.networkConfiguration.subnets", "%d of the subnets are delegated. Delegate exactly one of them to %s.", delegated, delegationService)
	}
}

// checkSpace checks the address space of the network, all of it: the subnets may be good
// ones beside a reserved range.
func checkSpace(s *Subnet, found *arm.Found) {
	for _, p := range s.Space {
		if r, reserved := reservedRange(p); reserved {
			found.Add("InvalidVirtualNetworkAddressSpace", "properties.networkConfiguration.subnets", "The address space '%s' of the virtual network '%s' touches the reserved range %s, which an integration service environment cannot use. Take it out of the network, or choose another network.", p, lastSegment(s.Network), r)
		}
	}
}

func reservedRange(p netip.Prefix) (netip.Prefix, bool) {
	for _, r := range reservedRanges {
		if p.Overlaps(r) {
			return r, true
		}
	}
	return netip.Prefix{}, false
}

// checkSubnet checks one subnet and tells whether it is delegated to the service.
func checkSubnet(s *Subnet, environment, at string, found *arm.Found) (delegated bool) {
	if !validSubnetName(s.Name) {
		found.Add("InvalidSubnetName", at, "The subnet name '%s' is invalid. It must start with a letter or an underscore and must not contain any of <, >, %%, &, \\, ?, /.", s.Name)
	}
	v4 := slices.DeleteFunc(slices.Clone(s.Ranges), func(p netip.Prefix) bool { return !p.Addr().Is4() })
	if len(v4) == 0 {
		found.Add("InvalidSubnetAddressSpace", at, "The subnet '%s' has no IPv4 range. Each subnet needs a range of at least /%d.", s.Name, subnetBits)
	}
	for _, p := range v4 {
		if p.Bits() > subnetBits {
			found.Add("InvalidSubnetSize", at, "The subnet '%s' with range '%s' is too small: it has %d addresses. Each subnet needs a /%d (32 addresses) or larger.", s.Name, p, 1<<(32-p.Bits()), subnetBits)
		}
		if r, reserved := reservedRange(p); reserved {
			found.Add("InvalidSubnetAddressSpace", at, "The subnet '%s' with range '%s' touches the reserved range %s, which an integration service environment cannot use. Use 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.", s.Name, p, r)
		} else if !slices.ContainsFunc(privateRanges, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Contains(p.Addr()) }) {
			found.Add("InvalidSubnetAddressSpace", at, "The subnet '%s' with range '%s' is not in a private range. Use 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.", s.Name, p)
		}
	}
	for _, user := range s.Users {
		if !strings.EqualFold(user, environment) {
			found.Add("SubnetWithExternalResourcesCannotBeUsedByOtherResources", at, "The subnet '%s' is not empty: '%s' is in it. Each subnet of an environment must be empty.", s.Name, user)
		}
	}
	for _, service := range s.Delegations {
		if isDelegation(service) {
			delegated = true
		} else {
			found.Add("ResourceNotPermittedOnDelegatedSubnet", at, "The subnet '%s' is delegated to '%s'. Remove that delegation, or choose another subnet.", s.Name, service)
		}
	}
	return delegated
}

// checkUnchanged reports what the request changes that is fixed at creation.
func checkUnchanged(old *environment, w *wanted, found *arm.Found) {
	fixed := func(target, what, was, is string) {
		found.Add("PropertyChangeNotAllowed", target, "Changing the %s is not allowed: it is '%s' since creation, the request says '%s'. Delete the environment and create it anew.", what, was, is)
	}
	if w.sku != old.SKU {
		fixed("sku.name", "SKU", old.SKU, w.sku)
	}
	if w.endpoint != old.Endpoint {
		fixed("properties.networkConfiguration.accessEndpoint.type", "access endpoint", old.Endpoint, w.endpoint)
	}
	if !slices.EqualFunc(old.Subnets, w.subnets, strings.EqualFold) {
		fixed("properties.networkConfiguration.subnets", "list of subnets", strings.Join(old.Subnets, ", "), strings.Join(w.subnets, ", "))
	}
}

func isDelegation(service string) bool {
	return strings.EqualFold(service, delegationService) || strings.EqualFold(service, delegationServiceSingular)
}

func validEnvironmentName(name string) bool {
	return len(name) >= 1 && len(name) <= 80 && strings.IndexFunc(name, func(r rune) bool {
		return !isAlphanumeric(r) && r != '-' && r != '_' && r != '.'
	}) < 0
}

// validWorkflowName is the rule of the create pane: letters, numbers, hyphens,
// underscores, parentheses, periods; at most 80 (ise.md, limits).
func validWorkflowName(name string) bool {
	return len(name) >= 1 && len(name) <= 80 && strings.IndexFunc(name, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("-_.()", r)
	}) < 0
}

func validSubnetName(name string) bool {
	if name == "" || strings.ContainsAny(name, `<>%&\?/`) {
		return false
	}
	c := rune(name[0])
	return c == '_' || isAlphanumeric(c) && (c < '0' || c > '9')
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// networkOf is the ID of the virtual network that a subnet's ID is in.
func networkOf(subnet string) (string, bool) {
	id, err := arm.ParseID(subnet)
	if err != nil || !strings.EqualFold(id.Type(), "Microsoft.Network/virtualNetworks/subnets") {
		return "", false
	}
	parent, _ := id.Parent()
	return parent.String(), true
}
