package network

import (
	"fmt"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// peeringList is all peerings of a network as a PUT of the network gives them; a request
// without the member leaves them as they are.
type peeringList struct {
	*peered
	old, want []nested[Peering]
}

// readPeerings checks the peerings of a network, and that its address space, as it will
// be, is apart from those of the networks it is peered with.
func readPeerings(tx *store.Tx, r *arm.PutRequest, space []string, subnets []nested[Subnet], given *[]nestedBody, found *arm.Found) (*peeringList, error) {
	l := &peeringList{peered: &peered{tx: tx, id: r.ID, space: space, subnets: append([]nested[Subnet]{}, subnets...), now: r.Now}}
	var err error
	if l.old, err = children[Peering](tx, r.ID, typePeerings); err != nil {
		return nil, err
	}
	l.want, l.peerings = l.old, l.old
	if given != nil {
		if err := l.read(*given, found); err != nil {
			return nil, err
		}
	}
	return l, l.checkSpaces("properties.addressSpace.addressPrefixes", found)
}

// read ends those that are not given, and establishes those that are.
func (l *peeringList) read(given []nestedBody, found *arm.Found) error {
	named := func(name string) bool {
		return slices.ContainsFunc(given, func(c nestedBody) bool { return strings.EqualFold(c.Name, name) })
	}
	l.want, l.peerings = nil, nil
	for _, o := range l.old {
		if named(o.name) {
			l.peerings = append(l.peerings, o)
		} else if err := disconnect(l.tx, l.id, o.form, l.now); err != nil {
			return err
		}
	}
	for i, c := range given {
		at := fmt.Sprintf("properties.virtualNetworkPeerings[%d]", i)
		form := readPeering(c.Name, c.Properties, at+".properties", found)
		if form == nil {
			continue
		}
		if find(l.want, c.Name) != nil {
			found.Add(codeFormat, at+".name", "The peering name '%s' occurs twice. Names are unique in a virtual network, ignoring case.", c.Name)
			continue
		}
		if err := l.establish(c.Name, form, at+".properties", found); err != nil {
			return err
		}
		entry := nested[Peering]{name: c.Name, form: form}
		entry.ID = l.id.Child("virtualNetworkPeerings", c.Name).String()
		l.want = append(l.want, entry)
		l.peerings = append(slices.DeleteFunc(l.peerings, func(o nested[Peering]) bool { return strings.EqualFold(o.name, c.Name) }), entry)
	}
	return nil
}

// store writes those that are new or differ.
func (l *peeringList) store() error {
	return replace(l.tx, l.id, "virtualNetworkPeerings", l.old, l.want, l.now)
}
