package network

import (
	"context"
	"errors"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// Moves into another group. What names a moved resource follows (arm.Type.Names), so
// only what must share a group with it stands against a move: a firewall, which itself
// cannot be moved (network.md §A6).

const codeMove = "ResourceMoveProviderValidationFailed"

// moveNetwork moves a virtual network; the resource manager moves its subnets.
func moveNetwork(ctx context.Context, tx *store.Tx, r *arm.MoveRequest) error {
	id, err := arm.ParseID(r.Old.ID)
	if err != nil {
		return err
	}
	subnets, err := children[Subnet](tx, id, typeSubnets)
	if err != nil {
		return err
	}
	for i := range subnets {
		if err := checkMovable(tx, &subnets[i]); err != nil {
			return err
		}
	}
	peerings, err := children[Peering](tx, id, typePeerings)
	if err != nil {
		return err
	}
	if len(peerings) > 0 {
		return arm.Conflict(codeMove, r.Old.ID, "Virtual network %s cannot be moved while it is peered. Delete its peerings first: %s.", r.Old.ID, peerings[0].ID)
	}
	return arm.Rehome(ctx, tx, r)
}

// checkMovable reports a subnet with a firewall, and one that is still to be released by
// an environment that is gone: it would not be found.
func checkMovable(tx *store.Tx, s *nested[Subnet]) error {
	for _, u := range s.form.Uses {
		if owner := u.owner(); isFirewall(owner) {
			return staysWith(s.ID, owner)
		}
	}
	for _, l := range s.form.Links {
		if _, err := arm.Load(tx, l.Owner); errors.Is(err, store.ErrNotFound) {
			return arm.Conflict(codeMove, s.ID, "Subnet %s cannot be moved: it is being released by %s, which was deleted. Wait until it has no links any more.", s.ID, l.Owner)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func movePublicIP(ctx context.Context, tx *store.Tx, r *arm.MoveRequest) error {
	form, err := decode[PublicIP](r.Old)
	if err != nil {
		return err
	}
	if owner := form.owner(); isFirewall(owner) {
		return staysWith(r.Old.ID, owner)
	}
	return arm.Rehome(ctx, tx, r)
}

func isFirewall(id string) bool { return isOf(id, typeFirewalls) }

// isOf tells whether an ID is that of a resource of a type.
func isOf(id, typ string) bool {
	parsed, err := arm.ParseID(id)
	return err == nil && strings.EqualFold(parsed.Type(), typ)
}

func staysWith(id, firewall string) error {
	return arm.Conflict(codeMove, id, "Resource %s cannot be moved: firewall %s uses it, must be in the same resource group, and cannot be moved itself. Delete the firewall first.", id, firewall)
}
