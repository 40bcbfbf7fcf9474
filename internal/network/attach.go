package network

import (
	"errors"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// A subnet names the security group, the route table and the NAT gateway it is attached
// to, and an interface its security group; those name the subnets and interfaces that are
// attached to them. Both sides are written in one transaction, so that neither a GET
// nor a DELETE has to look through all of them.

// checkReferences checks what subnets refer to: it is there, of the right type, and
// in the network's subscription and location (network.md §A2).
func checkReferences(tx *store.Tx, network arm.ID, location string, subnets []nested[Subnet], found *arm.Found) error {
	for _, s := range subnets {
		if s.form.firewall() != "" {
			if err := checkFirewallTable(tx, s.ID, s.form.RouteTable, "properties.routeTable", found); err != nil {
				return err
			}
		}
		for _, ref := range []struct {
			id          *string
			typ, member string
		}{
			{&s.form.SecurityGroup, typeGroups, "networkSecurityGroup"},
			{&s.form.RouteTable, typeTables, "routeTable"},
			{&s.form.NATGateway, typeNATGateways, "natGateway"},
		} {
			if *ref.id == "" {
				continue
			}
			r, err := checkReference(tx, network, location, s.name, ref.id, ref.typ, "properties."+ref.member, found)
			if err == nil && r != nil && ref.typ == typeNATGateways {
				err = checkSubnetNAT(network, &s, r, "properties.natGateway", found)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// checkReference checks one reference and gives it the spelling of the resource's ID; nil,
// reported, if the resource cannot be meant.
func checkReference(tx *store.Tx, network arm.ID, location, subnet string, ref *string, typ, target string, found *arm.Found) (*arm.Resource, error) {
	id := *ref
	parsed, err := arm.ParseID(id)
	if err != nil || !strings.EqualFold(parsed.Type(), typ) {
		found.Add("InvalidResourceReference", target, "Resource %s referenced by subnet '%s' is not the ID of a resource of type %s.", id, subnet, typ)
		return nil, nil
	}
	r, err := arm.Load(tx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		found.Add("InvalidResourceReference", target, "Resource %s referenced by subnet '%s' was not found. Make sure that it exists, and is in the same location.", id, subnet)
	case err != nil:
		return nil, err
	case !strings.EqualFold(parsed.Subscription, network.Subscription) || !arm.SameLocation(r.Location, location):
		found.Add("InvalidResourceReference", target, "Resource %s referenced by subnet '%s' is in location '%s'; it must be in the subscription and location '%s' of the virtual network.", id, subnet, r.Location, location)
	default:
		*ref = r.ID
		return &r, nil
	}
	return nil, nil
}

// replaceReferences brings the other side of the subnets' references up to date.
func replaceReferences(tx *store.Tx, network arm.ID, old, want []nested[Subnet], now time.Time) error {
	for _, o := range old {
		after := &Subnet{}
		if w := find(want, o.name); w != nil {
			after = w.form
		}
		if err := moveReferences(tx, o.ID, o.form, after, now); err != nil {
			return err
		}
	}
	for _, w := range want {
		if find(old, w.name) == nil {
			if err := moveReferences(tx, network.Child("subnets", w.name).String(), &Subnet{}, w.form, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// moveReferences does so for one subnet.
func moveReferences(tx *store.Tx, subnet string, before, after *Subnet, now time.Time) error {
	if err := moveUser(tx, subnet, before.SecurityGroup, after.SecurityGroup, now); err != nil {
		return err
	}
	if err := moveUser(tx, subnet, before.RouteTable, after.RouteTable, now); err != nil {
		return err
	}
	return moveUser(tx, subnet, before.NATGateway, after.NATGateway, now)
}

// moveUser takes a user, a subnet or an interface, from what it was attached to and
// gives it to what it is attached to; "" is nothing.
func moveUser(tx *store.Tx, user, was, is string, now time.Time) error {
	if strings.EqualFold(was, is) {
		return nil
	}
	if was != "" {
		if err := setUser(tx, was, user, false, now); err != nil {
			return err
		}
	}
	if is == "" {
		return nil
	}
	return setUser(tx, is, user, true, now)
}

func setUser(tx *store.Tx, id, user string, used bool, now time.Time) error {
	r, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) && !used {
		return nil
	}
	if err != nil {
		return err
	}
	form, err := decode[Attachment](r)
	if err != nil {
		return err
	}
	list := form.list(user)
	*list = slices.DeleteFunc(*list, func(s string) bool { return strings.EqualFold(s, user) })
	if used {
		*list = append(*list, user)
	}
	if r.Body, err = encode(form); err != nil {
		return err
	}
	r.ETag, r.Changed = arm.NewETag(), now
	return arm.Save(tx, r)
}

// list is the one that a user belongs into.
func (a *Attachment) list(user string) *[]string {
	if id, err := arm.ParseID(user); err == nil && strings.EqualFold(id.Type(), typeInterfaces) {
		return &a.Interfaces
	}
	return &a.Subnets
}
