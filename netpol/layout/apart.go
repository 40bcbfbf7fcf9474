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

// CompileApart is Compile, but the problems of a network are its own: it is laid out as
// it was before, or not at all if it was not there (before may be nil). The error joins a
// [NetworkError] for each such network, and the problems of none.
func CompileApart(in Input, before *Layout) (*Layout, error) {
	l, err := Compile(in)
	var all netpol.Problems
	if !errors.As(err, &all) {
		return l, err
	}
	l = &Layout{}
	var found []error
	for i := range in.Model.Networks {
		id := in.Model.Networks[i].ID
		one, err := Compile(in.of(id))
		var problems netpol.Problems
		if errors.As(err, &problems) {
			one = before.of(id)
			found = append(found, &NetworkError{id, err})
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

// of is what of the input is in a network.
func (in Input) of(network string) Input {
	is := func(id string) bool { return strings.EqualFold(id, network) }
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

// of is what of the layout is of a network.
func (l *Layout) of(network string) *Layout {
	if l == nil {
		return &Layout{}
	}
	return &Layout{Namespaces: slices.DeleteFunc(slices.Clone(l.Namespaces), func(n Namespace) bool { return !strings.EqualFold(n.Network, network) })}
}
