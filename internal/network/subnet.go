package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// Subnet is a subnet as stored.
type Subnet struct {
	Version          int               `json:"v"`
	Prefixes         []string          `json:"prefixes"`
	Plural           bool              `json:"plural,omitempty"` // given, and so served, as addressPrefixes
	Delegations      []Delegation      `json:"delegations,omitempty"`
	SecurityGroup    string            `json:"securityGroup,omitempty"` // resource IDs
	RouteTable       string            `json:"routeTable,omitempty"`
	NATGateway       string            `json:"natGateway,omitempty"`
	ServiceEndpoints []ServiceEndpoint `json:"serviceEndpoints,omitempty"`
	Links            []Link            `json:"links,omitempty"` // written by AddLink and RemoveLinks only
	Uses             []Use             `json:"uses,omitempty"`  // written by setUses only
	Settings         expr.Value        `json:"settings"`        // the members of carriedSubnet that were given
}

// Delegation lets a service put its resources into the subnet.
type Delegation struct {
	Name    string `json:"name"`
	Service string `json:"service"`
}

// ServiceEndpoint is a service that the subnet reaches by its private route.
type ServiceEndpoint struct {
	Service   string   `json:"service"`
	Locations []string `json:"locations,omitempty"`
}

// Link marks a subnet as used by a resource of another provider: a service
// association link on the delegated subnet, a resource navigation link on the
// others (network.md §A2).
type Link struct {
	Name        string   `json:"name"`
	Owner       string   `json:"owner"` // resource ID
	Type        string   `json:"type"`  // linkedResourceType
	Association bool     `json:"association,omitempty"`
	Location    string   `json:"location,omitempty"`
	Addresses   []string `json:"addresses,omitempty"` // those of the subnet that the owner uses
}

// ranges are the subnet's prefixes; what is stored has been checked.
func (s *Subnet) ranges() []netip.Prefix {
	list := make([]netip.Prefix, 0, len(s.Prefixes))
	for _, text := range s.Prefixes {
		if p, err := netip.ParsePrefix(text); err == nil {
			list = append(list, p)
		}
	}
	return list
}

func (s *Subnet) services() []string {
	list := make([]string, len(s.Delegations))
	for i, d := range s.Delegations {
		list[i] = d.Service
	}
	return list
}

// user is a text that names what occupies the subnet; "" if it is empty.
func (s *Subnet) user(subnetID string) string {
	switch {
	case len(s.Links) > 0:
		l := s.Links[0]
		return subnetID + "/" + l.segment() + "/" + l.Name
	case len(s.Uses) > 0:
		return s.Uses[0].Configuration
	}
	return ""
}

// owners are the IDs of what is in the subnet.
func (s *Subnet) owners() []string {
	var list []string
	for _, l := range s.Links {
		list = append(list, l.Owner)
	}
	for _, u := range s.Uses {
		if owner := u.owner(); !containsFold(list, owner) {
			list = append(list, owner)
		}
	}
	return list
}

func (l *Link) segment() string {
	if l.Association {
		return "serviceAssociationLinks"
	}
	return "resourceNavigationLinks"
}

// readSubnet makes the stored form of a request and checks it by itself; target is the
// path of the subnet's properties.
func readSubnet(name string, properties expr.Value, target string, found *arm.Found) *Subnet {
	subnetNaming.check(name, strings.TrimSuffix(target, "properties")+"name", found)
	var body subnetBody
	if !found.Decode(properties, &body, target, codeFormat) {
		return nil
	}
	s := &Subnet{
		Version: formVersion, Prefixes: body.AddressPrefixes, Plural: len(body.AddressPrefixes) > 0,
		SecurityGroup: body.SecurityGroup.id(), RouteTable: body.RouteTable.id(), NATGateway: body.NATGateway.id(),
		ServiceEndpoints: body.ServiceEndpoints, Settings: carry(properties, carriedSubnet),
	}
	if body.AddressPrefix != "" && !s.Plural {
		s.Prefixes = []string{body.AddressPrefix}
	}
	if body.AddressPrefix != "" && s.Plural && (len(s.Prefixes) != 1 || s.Prefixes[0] != body.AddressPrefix) {
		found.Add(codeFormat, target+".addressPrefix", "Subnet '%s' has both addressPrefix and addressPrefixes, and they differ. Give one of them.", name)
	}
	checkSubnetPrefixes(name, s.Prefixes, target, found)
	checkServices(name, &body, s, target, found)
	body.checkEndpointPolicies(name, target, found)
	return s
}

func checkServices(name string, body *subnetBody, s *Subnet, target string, found *arm.Found) {
	names := map[string]struct{}{}
	for i, d := range body.Delegations {
		at := fmt.Sprintf("%s.delegations[%d]", target, i)
		if d.Name == "" {
			found.Add(codeFormat, at+".name", "A delegation of subnet '%s' has no name. Give one, for example \"delegation\".", name)
		}
		if _, twice := names[strings.ToLower(d.Name)]; twice {
			found.Add(codeFormat, at+".name", "The delegation name '%s' occurs twice in subnet '%s'.", d.Name, name)
		}
		names[strings.ToLower(d.Name)] = struct{}{}
		if provider, kind, ok := strings.Cut(d.Properties.ServiceName, "/"); !ok || provider == "" || kind == "" {
			found.Add("InvalidServiceNameOnDelegation", at+".properties.serviceName", "The service name '%s' of delegation '%s' of subnet '%s' is invalid. Give a provider and a type, for example Microsoft.Logic/integrationServiceEnvironments.", d.Properties.ServiceName, d.Name, name)
		}
		s.Delegations = append(s.Delegations, Delegation{Name: d.Name, Service: d.Properties.ServiceName})
	}
	for i, e := range s.ServiceEndpoints {
		if provider, kind, ok := strings.Cut(e.Service, "."); !ok || provider == "" || kind == "" {
			found.Add(codeFormat, fmt.Sprintf("%s.serviceEndpoints[%d].service", target, i), "The service '%s' of a service endpoint of subnet '%s' is invalid. Give a provider, for example Microsoft.Storage.", e.Service, name)
		}
	}
}

// checkOccupied reports what an update changes that a subnet in use must keep
// (network.md §A2, §A9).
func checkOccupied(id, name string, old, new *Subnet, target string, found *arm.Found) {
	owners := old.owners()
	if len(owners) == 0 {
		return
	}
	kept := new.ranges()
	for _, prefix := range old.ranges() {
		if !slices.Contains(kept, prefix) {
			found.Add("InUsePrefixCannotBeDeleted", target+".addressPrefix", "IpPrefix %s on Subnet %s has active allocations and cannot be deleted. It is in use by %s.", prefix, name, old.user(id))
		}
	}
	if sameFold(old.services(), new.services()) {
		return
	}
	found.Add("SubnetDelegationsCannotChangeWhenSubnetUsedByResource", target+".delegations", "Delegations of subnet %s cannot be changed from [%s] to [%s] because it is being used by the resource %s. Delete that resource first.",
		id, strings.Join(old.services(), ", "), strings.Join(new.services(), ", "), owners[0])
	for _, l := range old.Links {
		if l.Association && len(new.Delegations) == 0 {
			found.Add("SubnetMissingRequiredDelegation", target+".delegations", "Subnet %s requires any of the following delegation(s) [%s] to reference service association link %s/serviceAssociationLinks/%s.", id, strings.Join(old.services(), ", "), id, l.Name)
		}
	}
}

// sameFold tells whether two lists hold the same texts, ignoring case and order.
func sameFold(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, s := range a {
		if !containsFold(b, s) {
			return false
		}
	}
	return true
}
