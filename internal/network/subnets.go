package network

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

func putSubnet(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	form := readSubnet(r.ID.Name(), r.Properties(), "properties", &found)
	if form == nil {
		return nil, found.Err()
	}
	parent, _ := r.ID.Parent()
	network, err := arm.Load(tx, parent.Key())
	if err != nil {
		return nil, err
	}
	space, err := decode[Network](network)
	if err != nil {
		return nil, err
	}
	siblings, err := children[Subnet](tx, parent, typeSubnets)
	if err != nil {
		return nil, err
	}
	entry := nested[Subnet]{name: r.ID.Name(), form: form}
	before := &Subnet{}
	if old := find(siblings, entry.name); old != nil {
		before = old.form
		form.Links, form.Uses = before.Links, before.Uses
		entry.ID = old.ID
		checkOccupied(old.ID, old.name, before, form, "properties", &found)
		old.form = form
	} else {
		entry.ID = r.ID.String()
		siblings = append(siblings, entry)
		if len(siblings) > maxSubnets {
			found.Add("SubnetCountLimitReached", "", "The virtual network has %d subnets already; no more are allowed.", maxSubnets)
		}
	}
	checkPlace(&entry, siblings, space.ranges(), &found)
	if err := checkReferences(tx, parent, network.Location, []nested[Subnet]{entry}, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := moveReferences(tx, entry.ID, before, form, r.Now); err != nil {
		return nil, err
	}
	if err := touch(tx, parent.Key(), r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// checkPlace checks one subnet against the address space and its siblings.
func checkPlace(entry *nested[Subnet], siblings []nested[Subnet], space []netip.Prefix, found *arm.Found) {
	prefixes := entry.form.ranges()
	checkContained(entry.name, prefixes, space, "properties", found)
	for _, s := range siblings {
		if strings.EqualFold(s.name, entry.name) {
			continue
		}
		for _, p := range prefixes {
			for _, q := range s.form.ranges() {
				if p.Overlaps(q) {
					found.Add("NetcfgSubnetRangesOverlap", "properties.addressPrefix", "Subnet '%s' with range '%s' overlaps subnet '%s' with range '%s'. Give each subnet a range of its own.", entry.name, p, s.name, q)
				}
			}
		}
	}
	var own []owned
	for _, p := range prefixes {
		own = append(own, owned{p, entry.name})
	}
	checkDisjoint(own, "properties.addressPrefixes", found)
}

func deleteSubnet(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[Subnet](r.Old)
	if err != nil {
		return err
	}
	var found arm.Found
	if checkEmpty(r.Old.ID, form, &found); len(found) > 0 {
		return found.Err()
	}
	if err := moveReferences(tx, r.Old.ID, form, &Subnet{}, r.Now); err != nil {
		return err
	}
	parent, _ := r.ID.Parent()
	return touch(tx, parent.Key(), r.Now)
}

func viewSubnet(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[Subnet](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view(r.ID, r.ETag)), nil
}

// linkReader answers GET {subnet}/ServiceAssociationLinks and
// {subnet}/ResourceNavigationLinks.
func linkReader(association bool) arm.Handler {
	return func(_ context.Context, r *arm.Request) (*arm.Response, error) {
		form, err := decode[Subnet](r.Resource)
		if err != nil {
			return nil, err
		}
		return arm.Reply(list(form.linkList(r.Resource.ID, r.Resource.ETag, association))), nil
	}
}

func list(values expr.Value) expr.Value {
	return expr.Object(expr.Member{Name: "value", Value: values})
}

// Place is what a service that puts itself into subnets must know about one.
type Place struct {
	ID, Name, Network, Location string
	Ranges                      []netip.Prefix
	Space                       []netip.Prefix // of the network
	Delegations                 []string       // names of services
	Users                       []string       // IDs of what is in it
}

// Lookup reads a subnet; store.ErrNotFound if there is none.
func Lookup(tx *store.Tx, id string) (*Place, error) {
	r, form, err := loadSubnet(tx, id)
	if err != nil {
		return nil, err
	}
	parsed, err := arm.ParseID(r.ID)
	if err != nil {
		return nil, err
	}
	parent, _ := parsed.Parent()
	network, err := arm.Load(tx, parent.Key())
	if err != nil {
		return nil, err
	}
	around, err := decode[Network](network)
	if err != nil {
		return nil, err
	}
	p := &Place{ID: r.ID, Name: parsed.Name(), Network: network.ID, Location: network.Location, Ranges: form.ranges(), Space: around.ranges(), Delegations: form.services(), Users: form.owners()}
	return p, nil
}

// AddLink marks a subnet as used. A link of the same owner is replaced.
func AddLink(tx *store.Tx, subnet string, link Link, now time.Time) error {
	return changeLinks(tx, subnet, link.Owner, &link, now)
}

// RemoveLinks ends every use of a subnet by an owner. A subnet that is gone is no
// error.
func RemoveLinks(tx *store.Tx, subnet, owner string, now time.Time) error {
	err := changeLinks(tx, subnet, owner, nil, now)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func changeLinks(tx *store.Tx, subnet, owner string, add *Link, now time.Time) error {
	return changeSubnet(tx, subnet, now, func(form *Subnet) {
		var kept []Link
		for _, l := range form.Links {
			if !strings.EqualFold(l.Owner, owner) {
				kept = append(kept, l)
			}
		}
		if add != nil {
			kept = append(kept, *add)
		}
		form.Links = kept
	})
}

// changeSubnet changes the stored form of a subnet.
func changeSubnet(tx *store.Tx, subnet string, now time.Time, change func(*Subnet)) error {
	r, form, err := loadSubnet(tx, subnet)
	if err != nil {
		return err
	}
	change(form)
	if r.Body, err = encode(form); err != nil {
		return err
	}
	r.ETag, r.Changed = arm.NewETag(), now
	if err := arm.Save(tx, r); err != nil {
		return err
	}
	return touch(tx, r.Parent, now)
}

func loadSubnet(tx *store.Tx, id string) (arm.Resource, *Subnet, error) {
	r, err := arm.Load(tx, id)
	if err != nil {
		return r, nil, err
	}
	if !strings.EqualFold(r.Type, typeSubnets) {
		return r, nil, store.ErrNotFound
	}
	form, err := decode[Subnet](r)
	return r, form, err
}
