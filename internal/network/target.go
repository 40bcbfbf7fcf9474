package network

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

const (
	typeEnvironments = "Microsoft.Logic/integrationServiceEnvironments"
	typeMachines     = "Microsoft.Compute/virtualMachines"

	codeReference = "InvalidResourceReference"
)

// vantage is from where a watcher looks: the addresses of a network that the target
// of a request has.
type vantage struct {
	id        string // of the interface or the environment
	network   string
	addresses []netip.Addr   // of a network interface
	ranges    []netip.Prefix // of an environment's subnets
	subnets   []string       // IDs of an environment's subnets
}

// has tells whether an address is one of the target's.
func (v *vantage) has(a netip.Addr) bool {
	return slices.Contains(v.addresses, a) || slices.ContainsFunc(v.ranges, func(p netip.Prefix) bool { return p.Contains(a) })
}

// own lists the target's addresses for a text.
func (v *vantage) own() string {
	var texts []string
	for _, a := range v.addresses {
		texts = append(texts, a.String())
	}
	for _, p := range v.ranges {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}

// sender is the address from which the target calls: an environment's built-in actions
// have the second address that is free in its first subnet.
func (v *vantage) sender() netip.Addr {
	if len(v.addresses) > 0 {
		return v.addresses[0]
	}
	return v.receiver().Next()
}

// receiver is the address at which the target is called: of an environment its access
// endpoint's.
func (v *vantage) receiver() netip.Addr {
	if len(v.addresses) > 0 {
		return v.addresses[0]
	}
	a := v.ranges[0].Masked().Addr()
	for range reservedAddresses - 1 {
		a = a.Next()
	}
	return a
}

// findTarget finds the target of a watcher's request; nil if something is wrong with
// it, which is reported. Who asks must be allowed to read it: a right to a watcher is none
// to what it looks at.
func findTarget(tx *store.Tx, r *arm.Request, target, nic string, found *arm.Found) (*vantage, error) {
	if nic != "" && !arm.SameID(nic, target) {
		found.Add(codeReference, "targetNicResourceId", "targetNicResourceId '%s' chooses an interface of a virtual machine, which this server does not have. Leave it out, or give the interface as targetResourceId.", nic)
	}
	return findTargetAt(tx, r, "read", target, "targetResourceId", found)
}

// findTargetAt is findTarget for a target that another member names, and for another
// right to it, "join/action" for one.
func findTargetAt(tx *store.Tx, r *arm.Request, right, target, member string, found *arm.Found) (*vantage, error) {
	if target == "" {
		found.Add(codeFormat, member, "%s is required: the ID of a network interface, or of an integration service environment.", member)
		return nil, nil
	}
	id, err := arm.ParseID(target)
	if err != nil {
		found.Add(codeReference, member, "'%s' is not a resource ID. Give that of a network interface, or of an integration service environment.", target)
		return nil, nil
	}
	for _, kind := range []struct {
		typ  string
		find func(*store.Tx, arm.ID, string, *arm.Found) (*vantage, error)
	}{{typeEnvironments, environmentTarget}, {typeInterfaces, interfaceTarget}} {
		if !strings.EqualFold(id.Type(), kind.typ) {
			continue
		}
		if action := kind.typ + "/" + right; !r.Allowed(action, id.String()) {
			return nil, r.Forbidden(action, id.String())
		}
		return kind.find(tx, id, member, found)
	}
	switch typ := id.Type(); {
	case strings.EqualFold(typ, typeMachines):
		stands, err := machineOf(tx, id)
		switch action := typeMachines + "/read"; {
		case err != nil:
			return nil, err
		case !r.Allowed(action, id.String()):
			return nil, r.Forbidden(action, id.String())
		case stands == nil:
			found.Add(codeReference, member, "%s", noMachine(id))
			return nil, nil
		}
		return findTargetAt(tx, r, right, stands.ID, member, found)
	default:
		found.Add(codeReference, member, "The target %s is of type %s. Give the ID of a network interface, or of an integration service environment.", target, typ)
	}
	return nil, nil
}

// environmentTarget is an environment: it is in the subnets whose links name it, the
// delegated one first.
func environmentTarget(tx *store.Tx, id arm.ID, member string, found *arm.Found) (*vantage, error) {
	subnets, err := arm.List(tx, store.Query{Type: typeSubnets})
	if err != nil {
		return nil, err
	}
	v := &vantage{id: id.String()}
	for _, r := range subnets {
		form, err := decode[Subnet](r)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(form.Links, func(l Link) bool { return arm.SameID(l.Owner, id.String()) })
		if i < 0 {
			continue
		}
		v.network = r.Parent
		at := len(v.ranges)
		if form.Links[i].Association {
			at = 0
		}
		v.ranges = slices.Insert(v.ranges, at, form.ranges()...)
		v.subnets = append(v.subnets, r.ID)
	}
	if v.network == "" {
		found.Add(codeReference, member, "No subnet has the environment %s in it: it does not exist, or is in no virtual network yet.", id)
		return nil, nil
	}
	return v, nil
}

// interfaceTarget is a network interface.
func interfaceTarget(tx *store.Tx, id arm.ID, member string, found *arm.Found) (*vantage, error) {
	r, err := arm.Load(tx, id.Key())
	if errors.Is(err, store.ErrNotFound) {
		found.Add(codeReference, member, "The network interface %s was not found.", id)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	form, err := decode[Interface](r)
	if err != nil {
		return nil, err
	}
	v := &vantage{id: r.ID}
	for _, c := range form.Configurations {
		a, err := netip.ParseAddr(c.Address)
		if err != nil {
			return nil, err
		}
		v.network, v.addresses = networkKey(c.Subnet), append(v.addresses, a)
	}
	return v, nil
}
