package network

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// What a network is joined to where the kernel holds it: namespaces and taps of others
// as machines (tag isle-attach), and an interface of the host as the way out (tag
// isle-uplink). In a process alone nobody answers there.

// Attached is a network interface that somebody answers for.
type Attached struct {
	Interface string // resource ID
	// Given is the path of a network namespace that the machine is in, that of a process
	// perhaps with @ and the number that the namespace must have there, or the name of its
	// tap; "" where real addresses are attached.
	Given string
	// Gateway says that what lies behind the network's gateway is behind this machine.
	Gateway bool
}

// Uplink is an interface of the host by which a network reaches what lies outside.
type Uplink struct {
	Network   string // resource ID
	Interface string
	Addresses []netip.Prefix // the network's own ones on that link
	Gateway   netip.Addr     // the next router; zero: everything is on the link
}

const (
	givenNamespace = "netns:"
	givenTap       = "tap:"
	givenGateway   = "gateway"
)

var (
	// namespacePath are the places where namespaces of others are found: those with names,
	// and those of processes. Isle's own are none of them.
	namespacePath = regexp.MustCompile(`^(/proc/[1-9][0-9]{0,9}/ns/net(@[1-9][0-9]{0,19})?|(/var)?/run(/docker)?/netns/[A-Za-z0-9][A-Za-z0-9_.-]{0,100})$`)
	linkNames     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,14}$`)
)

const ownNamespace = "/run/netns/isle-"

// readGiven reads an entry of isle-attach that is no real address; false for others.
func (a *Attached) readGiven(entry string) (given bool, problem string) {
	path, namespace := strings.CutPrefix(entry, givenNamespace)
	tap, isTap := strings.CutPrefix(entry, givenTap)
	switch {
	case entry == givenGateway:
		a.Gateway = true
		return true, ""
	case !namespace && !isTap:
		return false, ""
	case a.Given != "":
		return true, "is the second machine of the interface; it can be one"
	case namespace && (!namespacePath.MatchString(path) || strings.Contains(path, ownNamespace)):
		return true, "names no network namespace of a machine: give netns:/run/netns/NAME, or netns:/proc/PID/ns/net"
	case isTap && !linkNames.MatchString(tap):
		return true, "names no tap: give tap:NAME, of at most 15 letters, digits, hyphens and underscores"
	}
	a.Given = path
	if isTap {
		a.Given = tap
	}
	return true, ""
}

// checkGiven finds what does not go together in one tag.
func (a *Attached) checkGiven(mappings []Mapping) []string {
	switch {
	case a.Given != "" && len(mappings) > 0:
		return []string{fmt.Sprintf("names the machine %s and real addresses as well; an interface is one or the other", a.Given)}
	case a.Gateway && a.Given == "":
		return []string{"'gateway' says that a namespace or a tap is the way to what lies behind the network's gateway, and names none: give netns:PATH,gateway or tap:NAME,gateway"}
	}
	return nil
}

// parseUplink reads isle-uplink: INTERFACE ADDRESS/BITS… [via ROUTER].
func parseUplink(text string) (u Uplink, problems []string) {
	words := entries(text)
	if len(words) == 0 {
		return u, nil
	}
	if u.Interface = words[0]; !linkNames.MatchString(u.Interface) {
		problems = append(problems, fmt.Sprintf("'%s' is no name of an interface of the host", u.Interface))
	}
	words = words[1:]
	if n := len(words); n >= 2 && words[n-2] == "via" {
		a, err := netip.ParseAddr(words[n-1])
		if u.Gateway = a; err != nil || !a.Is4() {
			problems = append(problems, fmt.Sprintf("'%s' is no IPv4 address of a router", words[n-1]))
		}
		words = words[:n-2]
	}
	for _, w := range words {
		p, err := netip.ParsePrefix(w)
		if err != nil || !p.Addr().Is4() || p.Addr().IsUnspecified() || p.Addr().IsLoopback() || p.Addr().IsMulticast() {
			problems = append(problems, fmt.Sprintf("'%s' is no IPv4 address with its prefix length", w))
			continue
		}
		switch a := p.Addr(); {
		case p.Bits() < 31 && !(p.Contains(a.Prev()) && p.Contains(a.Next())):
			problems = append(problems, fmt.Sprintf("'%s' is the first or the last address of its range, which no machine can have", w))
		case a == u.Gateway:
			problems = append(problems, fmt.Sprintf("'%s' is the router's address as well: give the network another one", w))
		}
		u.Addresses = append(u.Addresses, p)
	}
	if len(u.Addresses) == 0 && len(problems) == 0 {
		problems = append(problems, "it has no address")
	}
	return u, problems
}

// checkUplink checks the tag isle-uplink of a virtual network with an address space: by
// itself, and against those of all other networks. On one interface of the host, each
// network has addresses of its own there, and none is another one's router.
func checkUplink(tx *store.Tx, network arm.ID, tags expr.Value, space []netip.Prefix, found *arm.Found) error {
	const target = "tags." + tagUplink
	u, problems := parseUplink(tagText(tags, tagUplink))
	if len(problems) > 0 {
		found.Add(codeTag, target, "The tag %s says by which interface of the host the network reaches what lies outside, such as 'eth1 203.0.113.10/24 via 203.0.113.1': %s.", tagUplink, strings.Join(problems, "; "))
		return nil
	}
	if u.Interface == "" {
		return nil
	}
	within := slices.DeleteFunc(slices.Clone(u.Addresses), func(a netip.Prefix) bool { return !slices.ContainsFunc(space, a.Masked().Overlaps) })
	if len(within) > 0 {
		found.Add("UplinkOverlapsAddressSpace", target, "The tag %s has %s, which overlaps the virtual network's own address space. Give the uplink an address of the network that the interface %s is in.", tagUplink, joinPrefixes(within), u.Interface)
	}
	all, err := arm.List(tx, store.Query{Type: typeNetworks})
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Key == network.Key() {
			continue
		}
		other, problems := parseUplink(tagText(r.Tags, tagUplink))
		if len(problems) > 0 || other.Interface != u.Interface {
			continue
		}
		if both := u.shared(&other); len(both) > 0 {
			found.Add("UplinkAddressInUse", target, "%s on interface %s is that of virtual network %s, or of its router: replies could not be told apart. Give each virtual network an address of its own in its tag %s.", strings.Join(addressTexts(both), ", "), u.Interface, r.ID, tagUplink)
		}
	}
	return nil
}

// shared are the addresses that two uplinks of one interface both have, or that are the
// other one's router's.
func (u *Uplink) shared(other *Uplink) []netip.Addr {
	var both []netip.Addr
	for _, a := range u.Addresses {
		if a.Addr() == other.Gateway || slices.ContainsFunc(other.Addresses, func(b netip.Prefix) bool { return b.Addr() == a.Addr() }) {
			both = append(both, a.Addr())
		}
	}
	if slices.ContainsFunc(other.Addresses, func(b netip.Prefix) bool { return b.Addr() == u.Gateway }) {
		both = append(both, u.Gateway)
	}
	return both
}

func (r *reader) uplink(resource arm.Resource) error {
	u, problems := parseUplink(tagText(resource.Tags, tagUplink))
	if u.Network = resource.ID; u.Interface != "" && len(problems) == 0 {
		r.uplinks = append(r.uplinks, u)
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}
