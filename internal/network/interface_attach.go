package network

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// What an interface stands for in the real world: its tag isle-attach.

const codeAttachment = "InvalidAttachment"

// attach checks the tag isle-attach of a PUT.
func (n *Interface) attach(tx *store.Tx, r *arm.PutRequest, _ *Interface, found *arm.Found) error {
	return n.checkAttach(tx, r.ID, r.Tags, found)
}

// checkAttach reads the tag isle-attach. What is attached in a network has one
// private address there: else nothing could tell who calls, or what is called.
func (n *Interface) checkAttach(tx *store.Tx, id arm.ID, tags expr.Value, found *arm.Found) error {
	text := tagText(tags, tagAttach)
	if text == "" {
		return nil
	}
	private := netip.IPv4Unspecified() // of an interface that has problems enough already
	if len(n.Configurations) > 0 {
		if a, err := netip.ParseAddr(n.Configurations[n.primary].Address); err == nil {
			private = a
		}
	}
	mappings, machine, problems := parseAttach(text, id.String(), private)
	others, machines, err := attachments(tx, n.subnet(), id)
	if err != nil {
		return err
	}
	for _, m := range mappings {
		real := netip.AddrPortFrom(m.Real, m.RealPort)
		if by := others[real]; by != "" {
			problems = append(problems, fmt.Sprintf("'%s' is attached to %s already, and what is attached has one private address in a virtual network", m.text(), by))
		}
		others[real] = id.String()
	}
	if by := machines[machine.Given]; by != "" {
		problems = append(problems, fmt.Sprintf("'%s' is the interface %s already", machine.Given, by))
	}
	if len(problems) > 0 {
		found.Add(codeAttachment, "tags."+tagAttach, "The tag %s, which says what network interface %s stands for, is not valid: %s.", tagAttach, id, strings.Join(problems, "; "))
	}
	return nil
}

// text is the real end of a mapping.
func (m *Mapping) text() string {
	if m.Port == 0 {
		return m.Real.String()
	}
	return netip.AddrPortFrom(m.Real, m.RealPort).String()
}

// attachments are the real ends that the interfaces of a subnet's network, but for
// one, stand for; port 0 is a whole machine. A tap has one end, in whatever network.
func attachments(tx *store.Tx, subnet string, but arm.ID) (attached map[netip.AddrPort]string, machines map[string]string, err error) {
	all, err := arm.List(tx, store.Query{Type: typeInterfaces})
	if err != nil {
		return nil, nil, err
	}
	attached, machines = map[netip.AddrPort]string{}, map[string]string{}
	for _, r := range all {
		text := tagText(r.Tags, tagAttach)
		if text == "" || r.Key == but.Key() {
			continue
		}
		form, err := decode[Interface](r)
		if err != nil {
			return nil, nil, err
		}
		mappings, machine, _ := parseAttach(text, r.ID, netip.Addr{})
		if machine.Given != "" {
			machines[machine.Given] = r.ID
		}
		if networkKey(form.subnet()) != networkKey(subnet) {
			continue
		}
		for _, m := range mappings {
			attached[netip.AddrPortFrom(m.Real, m.RealPort)] = r.ID
		}
	}
	return attached, machines, nil
}

// patchInterface changes the tags.
func patchInterface(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	form, err := decode[Interface](*r.Old)
	if err != nil {
		return nil, err
	}
	var found arm.Found
	if err := form.checkAttach(tx, r.ID, r.Tags, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	return arm.PatchTags(ctx, tx, r)
}
