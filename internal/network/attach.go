package network

import (
	"errors"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// A subnet names the security group and the route table it is attached to, and
// they name the subnets that are attached to them: both sides are written in one
// transaction, so that neither a GET nor a DELETE has to look through all subnets.

// attached lists what a subnet is attached to.
func (s *Subnet) attached() []string {
	var list []string
	for _, id := range []string{s.SecurityGroup, s.RouteTable} {
		if id != "" {
			list = append(list, id)
		}
	}
	return list
}

// checkReferences checks what subnets refer to: it is there, of the right type, and
// in the network's subscription and location (network.md §A2).
func checkReferences(tx *store.Tx, network arm.ID, location string, subnets []nested[Subnet], found *arm.Found) error {
	for _, s := range subnets {
		if s.form.firewall() != "" {
			if err := checkFirewallTable(tx, s.ID, s.form.RouteTable, "properties.routeTable", found); err != nil {
				return err
			}
		}
		for _, ref := range []struct{ id, typ, member string }{
			{s.form.SecurityGroup, typeGroups, "networkSecurityGroup"},
			{s.form.RouteTable, typeTables, "routeTable"},
		} {
			if ref.id == "" {
				continue
			}
			if err := checkReference(tx, network, location, s.name, ref.id, ref.typ, "properties."+ref.member, found); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkReference(tx *store.Tx, network arm.ID, location, subnet, id, typ, target string, found *arm.Found) error {
	parsed, err := arm.ParseID(id)
	if err != nil || !strings.EqualFold(parsed.Type(), typ) {
		found.Add("InvalidResourceReference", target, "Resource %s referenced by subnet '%s' is not the ID of a resource of type %s.", id, subnet, typ)
		return nil
	}
	r, err := arm.Load(tx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		found.Add("InvalidResourceReference", target, "Resource %s referenced by subnet '%s' was not found. Make sure that it exists, and is in the same location.", id, subnet)
	case err != nil:
		return err
	case !strings.EqualFold(parsed.Subscription, network.Subscription) || !sameLocation(r.Location, location):
		found.Add("InvalidResourceReference", target, "Resource %s referenced by subnet '%s' is in location '%s'; it must be in the subscription and location '%s' of the virtual network.", id, subnet, r.Location, location)
	}
	return nil
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
	was, is := before.attached(), after.attached()
	for _, id := range was {
		if !containsFold(is, id) {
			if err := setUser(tx, id, subnet, false, now); err != nil {
				return err
			}
		}
	}
	for _, id := range is {
		if !containsFold(was, id) {
			if err := setUser(tx, id, subnet, true, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func setUser(tx *store.Tx, id, subnet string, used bool, now time.Time) error {
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
	form.Subnets = slices.DeleteFunc(form.Subnets, func(s string) bool { return strings.EqualFold(s, subnet) })
	if used {
		form.Subnets = append(form.Subnets, subnet)
	}
	if r.Body, err = encode(form); err != nil {
		return err
	}
	r.ETag, r.Changed = arm.NewETag(), now
	return arm.Save(tx, r)
}
