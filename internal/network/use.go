package network

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"isle/internal/store"
)

// Interfaces, firewalls and gateways are in a subnet by their IP configurations,
// each of which has one address of it. The subnet says so too: both sides are
// written in one transaction.

// Use is an address of a subnet that an IP configuration has.
type Use struct {
	Configuration string `json:"configuration"` // resource ID
	Address       string `json:"address"`
}

// owner is the ID of the resource whose IP configuration it is.
func (u *Use) owner() string {
	id := u.Configuration
	for range 2 {
		if cut := strings.LastIndexByte(id, '/'); cut > 0 {
			id = id[:cut]
		}
	}
	return id
}

// configurations are the IP configurations in the subnet, by ID.
func (s *Subnet) configurations() []string {
	var list []string
	for _, u := range s.Uses {
		list = append(list, u.Configuration)
	}
	return list
}

// taken are the addresses of the subnet that something has, with the ID of what.
func (s *Subnet) taken() map[netip.Addr]string {
	taken := map[netip.Addr]string{}
	add := func(text, owner string) {
		if a, err := netip.ParseAddr(text); err == nil {
			taken[a] = owner
		}
	}
	for _, l := range s.Links {
		for _, text := range l.Addresses {
			add(text, l.Owner)
		}
	}
	for _, u := range s.Uses {
		add(u.Address, u.owner())
	}
	return taken
}

// setUses says what an owner's configurations have of a subnet; none ends all its
// uses, and then a subnet that is gone is no error.
func setUses(tx *store.Tx, subnet, owner string, uses []Use, now time.Time) error {
	err := changeSubnet(tx, subnet, now, func(s *Subnet) {
		var kept []Use
		for _, u := range s.Uses {
			if !strings.EqualFold(u.owner(), owner) {
				kept = append(kept, u)
			}
		}
		s.Uses = append(kept, uses...)
	})
	if len(uses) == 0 && errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
