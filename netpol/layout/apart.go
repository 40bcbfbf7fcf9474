package layout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"isle/netpol"
)

// NetworkError is what is wrong with one virtual network. The others do without it.
type NetworkError struct {
	Network string // resource ID
	Err     error
}

func (e *NetworkError) Error() string { return fmt.Sprintf("network %s: %v", e.Network, e.Err) }

// Unwrap gives the cause.
func (e *NetworkError) Unwrap() error { return e.Err }

// CompileApart is Compile, but the problems of networks are their own: those that are
// peered with each other are laid out as they were before, or not at all if they were not
// there (before may be nil). The error joins a [NetworkError] for each such network, and
// the problems of none.
func CompileApart(in Input, before *Layout) (*Layout, error) {
	l, err := Compile(in)
	var all netpol.Problems
	if !errors.As(err, &all) {
		return l, err
	}
	l = &Layout{}
	var found []error
	for _, island := range islands(in.Model) {
		one, err := Compile(in.of(island))
		var problems netpol.Problems
		if errors.As(err, &problems) {
			one = before.of(island)
			for _, id := range island {
				found = append(found, &NetworkError{id, err})
			}
			all = slices.DeleteFunc(all, func(p netpol.Problem) bool { return slices.Contains(problems, p) })
		}
		l.Namespaces = append(l.Namespaces, one.Namespaces...)
	}
	slices.SortFunc(l.Namespaces, func(a, b Namespace) int { return strings.Compare(a.Name, b.Name) })
	if len(all) > 0 {
		found = append(found, all)
	}
	return l, errors.Join(found...)
}

// islands are the networks of a model, those together that peerings connect, by their IDs.
func islands(m *netpol.Model) [][]string {
	var list [][]string
	seen := map[string]bool{}
	networks := map[string]*netpol.VirtualNetwork{}
	for i := range m.Networks {
		networks[strings.ToLower(m.Networks[i].ID)] = &m.Networks[i]
	}
	for i := range m.Networks {
		var island []string
		for rest := []string{m.Networks[i].ID}; len(rest) > 0; rest = rest[1:] {
			key := strings.ToLower(rest[0])
			n := networks[key]
			if seen[key] || n == nil {
				continue
			}
			seen[key] = true
			island = append(island, n.ID)
			for _, p := range n.Peerings {
				rest = append(rest, p.Remote)
			}
		}
		if island != nil {
			list = append(list, island)
		}
	}
	return list
}

// of is what of the input is in some networks.
func (in Input) of(networks []string) Input {
	is := func(id string) bool {
		return slices.ContainsFunc(networks, func(n string) bool { return strings.EqualFold(n, id) })
	}
	in.Environments = slices.DeleteFunc(slices.Clone(in.Environments), func(e Environment) bool { return !is(e.Network) })
	in.Attachments = slices.DeleteFunc(slices.Clone(in.Attachments), func(a Attachment) bool { return !is(in.NetworkOf(a.Interface)) })
	in.Uplinks = slices.DeleteFunc(slices.Clone(in.Uplinks), func(u NetworkUplink) bool { return !is(u.Network) })
	return in
}

// NetworkOf is the ID of the network that an interface is in; "" if there is none.
func (in Input) NetworkOf(nic string) string {
	i := slices.IndexFunc(in.Model.Interfaces, func(n netpol.Interface) bool { return strings.EqualFold(n.ID, nic) })
	if i < 0 {
		return ""
	}
	holds := func(s netpol.Subnet) bool { return strings.EqualFold(s.ID, in.Model.Interfaces[i].Subnet) }
	for _, n := range in.Model.Networks {
		if slices.ContainsFunc(n.Subnets, holds) {
			return n.ID
		}
	}
	return ""
}

// of is what of the layout is of some networks.
func (l *Layout) of(networks []string) *Layout {
	if l == nil {
		return &Layout{}
	}
	return &Layout{Namespaces: slices.DeleteFunc(slices.Clone(l.Namespaces), func(n Namespace) bool {
		return !slices.ContainsFunc(networks, func(id string) bool { return strings.EqualFold(id, n.Network) })
	})}
}
