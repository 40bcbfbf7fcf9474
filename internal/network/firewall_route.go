package network

import (
	"context"
	"net/netip"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// A firewall's own flows leave by the routes of its subnet: a route table there must
// lead 0.0.0.0/0 to the Internet (network.md §A6, §A9). That is checked wherever it
// may become false: when a firewall comes, when a subnet gets a table, and when the
// routes of a table change.

// firewall is the ID of the firewall in the subnet; "" if there is none.
func (s *Subnet) firewall() string {
	for i := range s.Uses {
		owner := s.Uses[i].owner()
		if id, err := arm.ParseID(owner); err == nil && strings.EqualFold(id.Type(), typeFirewalls) {
			return owner
		}
	}
	return ""
}

func hasInternetRoute(routes []Route) bool {
	for i := range routes {
		p, err := netip.ParsePrefix(routes[i].Prefix)
		if err == nil && p.Bits() == 0 && p.Addr().Is4() && routes[i].NextHopType == "Internet" {
			return true
		}
	}
	return false
}

func needInternetRoute(subnet, table, target string, found *arm.Found) {
	found.Add("AzureFirewallSubnetRouteTableMustHaveDefaultRouteToInternet", target, "Route table %s on subnet %s must have a route with address prefix 0.0.0.0/0 and next hop type Internet, because a firewall is in that subnet.", table, subnet)
}

// checkFirewallTable checks the route table of a firewall's subnet; "" is none, which
// is as good.
func checkFirewallTable(tx *store.Tx, subnet, table, target string, found *arm.Found) error {
	id, err := arm.ParseID(table)
	if err != nil {
		return nil // there is none, or it has been reported
	}
	entries, err := children[Route](tx, id, typeRoutes)
	if err == nil && !hasInternetRoute(forms(entries)) {
		needInternetRoute(subnet, table, target, found)
	}
	return err
}

func forms[Form any](list []nested[Form]) []Form {
	all := make([]Form, len(list))
	for i := range list {
		all[i] = *list[i].form
	}
	return all
}

// checkFirewallRoutes checks what the routes of a table are to be against the
// subnets that use it.
func checkFirewallRoutes(tx *store.Tx, table string, routes []Route, target string, found *arm.Found) error {
	r, err := arm.Load(tx, table)
	if err != nil {
		return err
	}
	form, err := decode[Attachment](r)
	if err != nil || hasInternetRoute(routes) {
		return err
	}
	for _, id := range form.Subnets {
		_, subnet, err := loadSubnet(tx, id)
		if err != nil {
			return err
		}
		if subnet.firewall() != "" {
			needInternetRoute(id, r.ID, target, found)
		}
	}
	return nil
}

// deleteRoute deletes a route, unless a firewall needs it.
func deleteRoute(ctx context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	if r.Cascade {
		return nil
	}
	parent, _ := r.ID.Parent()
	siblings, err := children[Route](tx, parent, typeRoutes)
	if err != nil {
		return err
	}
	var rest []Route
	for i := range siblings {
		if !strings.EqualFold(siblings[i].name, r.ID.Name()) {
			rest = append(rest, *siblings[i].form)
		}
	}
	var found arm.Found
	if err := checkFirewallRoutes(tx, parent.Key(), rest, "", &found); err != nil {
		return err
	}
	if err := found.Err(); err != nil {
		return err
	}
	return deleteChild(ctx, tx, r)
}
