package network

import (
	"net/netip"
	"strings"

	"isle/internal/arm"
)

// Limits of a route table (network.md §A1).
const (
	maxRoutes    = 400
	maxTagRoutes = 25
)

const hopAppliance = "VirtualAppliance"

// Route is a user-defined route, as stored.
type Route struct {
	Version     int    `json:"v"`
	Name        string `json:"name"`
	Prefix      string `json:"prefix"`
	NextHopType string `json:"nextHopType"`
	NextHop     string `json:"nextHop,omitempty"`
}

// checkRoutes checks the routes of one table, each alone and together; path tells
// where each stands in the request. Of two that conflict the later one is reported.
func (t tagNames) checkRoutes(routes []Route, path func(int) string, found *arm.Found) {
	const target = "properties.routes"
	if len(routes) > maxRoutes {
		found.Add("RouteCountLimitReached", target, "The table has %d routes; a route table has at most %d.", len(routes), maxRoutes)
	}
	names := make(map[string]struct{}, len(routes))
	prefixes := make(map[string]string, len(routes))
	tags := 0
	for i := range routes {
		r := &routes[i]
		at := path(i)
		t.checkRoute(r, at, found)
		if _, twice := names[strings.ToLower(r.Name)]; twice {
			found.Add(codeFormat, inside(at, "name"), "Route name '%s' occurs twice. Names are unique in a table, ignoring case.", r.Name)
		}
		names[strings.ToLower(r.Name)] = struct{}{}
		key := r.destination()
		if other, twice := prefixes[key]; twice {
			found.Add("RouteConflict", inside(at, "properties.addressPrefix"), "Route %s conflicts with route %s: both have the address prefix '%s'. One prefix has one next hop.", r.Name, other, r.Prefix)
		}
		prefixes[key] = r.Name
		if t.has(r.Prefix) {
			tags++
		}
	}
	if tags > maxTagRoutes {
		found.Add("RouteCountLimitReached", target, "The table has %d routes to service tags; at most %d are allowed.", tags, maxTagRoutes)
	}
}

// destination is the prefix or tag in the one spelling by which routes compare.
func (r *Route) destination() string {
	if p, err := netip.ParsePrefix(r.Prefix); err == nil {
		return p.String()
	}
	return strings.ToLower(r.Prefix)
}

// checkRoute checks one route by itself and gives its next hop type its
// canonical spelling.
func (t tagNames) checkRoute(r *Route, at string, found *arm.Found) {
	ruleNaming.check(r.Name, inside(at, "name"), found)
	at = inside(at, "properties")
	switch {
	case strings.EqualFold(r.Prefix, "VirtualNetwork") || strings.EqualFold(r.Prefix, "Internet"):
		found.Add("InvalidAddressPrefixFormat", at+".addressPrefix", "Route %s: the service tag %s cannot be the destination of a route, because routes decide what it has. Give a range in CIDR notation, or another tag.", r.Name, r.Prefix)
	case !t.has(r.Prefix):
		if _, problem := ParsePrefix(r.Prefix); problem != nil {
			found.Add(problem.Code, at+".addressPrefix", "Route %s: %s", r.Name, problem.Message)
		}
	}
	r.NextHopType = oneOf(r.NextHopType, at+".nextHopType", found, "VirtualNetworkGateway", "VnetLocal", "Internet", hopAppliance, "None")
	switch {
	case r.NextHopType == hopAppliance && r.NextHop == "":
		found.Add("MissingNextHopIpAddress", at+".nextHopIpAddress", "Next hop IP address is required for route %s with next hop type %s. Give the appliance's private address.", r.Name, hopAppliance)
	case r.NextHopType == hopAppliance:
		if addr, err := netip.ParseAddr(r.NextHop); err != nil || addr.Zone() != "" {
			found.Add("InvalidNextHopIpAddress", at+".nextHopIpAddress", "Next hop IP address '%s' of route %s is not an IP address.", r.NextHop, r.Name)
		}
	case r.NextHop != "":
		found.Add("NextHopIpAddressNotAllowed", at+".nextHopIpAddress", "Route %s has next hop type %s, which takes no next hop IP address. Remove nextHopIpAddress, or use %s.", r.Name, r.NextHopType, hopAppliance)
	}
}
