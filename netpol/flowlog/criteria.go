package flowlog

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxCriteria is how long a filter may be, in characters (vnet-flow-logs-filtering.md).
const maxCriteria = 1000

// Criteria says which tuples a log has: those that meet all conditions of one of its
// alternatives. The zero value has all.
type Criteria struct{ any []alternative }

type alternative []condition

// condition compares one field with a list of values.
type condition struct {
	field    string // in lower case
	not      bool
	prefixes []netip.Prefix
	ports    []ports
	words    []string // in lower case
}

type ports struct{ first, last uint16 }

// words are the values of the fields that have some.
var words = map[string][]string{
	"direction":   {"Inbound", "Outbound"},
	"protocol":    {"TCP", "UDP"},
	"action":      {"Allow", "Deny"},
	"recordtypes": {"B", "C", "E", "D"},
	"encryption":  {"X", "NX", "NX_ALL", "NX_HW_NOT_SUPPORTED", "NX_SW_NOT_READY", "NX_NOT_ACCEPTED", "NX_NOT_SUPPORTED", "NX_LOCAL_DST", "NX_FALLBACK"},
}

// ParseCriteria reads a filter: conditions such as SrcIP=10.0.0.0/8,10.1.0.4 or
// DstPort!=443, joined by && and ||, of which && binds more tightly. Names and words are
// compared ignoring case. The problems are all that are wrong with it, as sentences
// without a full stop.
func ParseCriteria(text string) (c Criteria, problems []string) {
	if strings.TrimSpace(text) == "" {
		return c, nil
	}
	if n := len([]rune(text)); n > maxCriteria {
		return c, []string{fmt.Sprintf("it has %d characters; at most %d are allowed", n, maxCriteria)}
	}
	for part := range strings.SplitSeq(text, "||") {
		var all alternative
		for one := range strings.SplitSeq(part, "&&") {
			read, wrong := parseCondition(one)
			all, problems = append(all, read), append(problems, wrong...)
		}
		c.any = append(c.any, all)
	}
	if len(problems) > 0 {
		return Criteria{}, problems
	}
	return c, nil
}

func parseCondition(text string) (c condition, problems []string) {
	name, list, there := strings.Cut(text, "=")
	if !there {
		return c, []string{fmt.Sprintf("'%s' is no condition: give a field, '=' or '!=', and values with commas between them", strings.TrimSpace(text))}
	}
	name, c.not = strings.CutSuffix(name, "!")
	name = strings.TrimSpace(name)
	c.field = strings.ToLower(name)
	for value := range strings.SplitSeq(list, ",") {
		if problem := c.add(strings.TrimSpace(value)); problem != "" {
			problems = append(problems, fmt.Sprintf("'%s' %s", strings.TrimSpace(value), problem))
		}
	}
	if !c.known() {
		problems = []string{fmt.Sprintf("there is no field '%s': the fields are Direction, SrcIP, SrcPort, DstIP, DstPort, Protocol, Encryption, Action and RecordTypes", name)}
	}
	return c, problems
}

func (c *condition) known() bool {
	_, worded := words[c.field]
	return worded || c.field == "srcip" || c.field == "dstip" || c.field == "srcport" || c.field == "dstport"
}

// add reads a value; the problem is "" for none.
func (c *condition) add(value string) (problem string) {
	switch c.field {
	case "srcip", "dstip":
		p, ok := parseRange(value)
		if !ok {
			return "is no IP address and no range as 10.0.0.0/8"
		}
		c.prefixes = append(c.prefixes, p)
	case "srcport", "dstport":
		p, ok := parsePorts(value)
		if !ok {
			return "is no port and no range of ports as 8080-8090"
		}
		c.ports = append(c.ports, p)
	default:
		allowed := words[c.field]
		if !slices.ContainsFunc(allowed, func(w string) bool { return strings.EqualFold(w, value) }) {
			return "is not one of " + strings.Join(allowed, ", ")
		}
		c.words = append(c.words, strings.ToLower(value))
	}
	return ""
}

// parseRange reads an address or a range, whose host bits mean nothing.
func parseRange(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil && !p.Addr().Is4In6()
}

func parsePorts(text string) (p ports, ok bool) {
	first, last, ranged := strings.Cut(text, "-")
	if !ranged {
		last = first
	}
	a, err := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	b, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	return ports{uint16(a), uint16(b)}, err == nil && err2 == nil && a <= b
}

// Match tells whether the criteria have a tuple.
func (c Criteria) Match(t *Tuple) bool {
	return len(c.any) == 0 || slices.ContainsFunc(c.any, func(all alternative) bool {
		return !slices.ContainsFunc(all, func(one condition) bool { return one.has(t) == one.not })
	})
}

// has tells whether one of the values is the tuple's.
func (c *condition) has(t *Tuple) bool {
	switch c.field {
	case "srcip":
		return c.contains(t.Source.Addr())
	case "dstip":
		return c.contains(t.Destination.Addr())
	case "srcport":
		return c.covers(t.Source.Port())
	case "dstport":
		return c.covers(t.Destination.Port())
	case "encryption": // every flow is "NX"
		return slices.Contains(c.words, "nx") || slices.Contains(c.words, "nx_all")
	}
	return slices.Contains(c.words, t.word(c.field))
}

// word is the tuple's value of a field that has words.
func (t *Tuple) word(field string) string {
	switch {
	case field == "direction" && t.Inbound:
		return "inbound"
	case field == "direction":
		return "outbound"
	case field == "protocol" && t.Protocol == UDP:
		return "udp"
	case field == "protocol":
		return "tcp"
	case field == "action" && t.State == Deny:
		return "deny"
	case field == "action":
		return "allow"
	}
	return strings.ToLower(string(rune(t.State)))
}

func (c *condition) contains(a netip.Addr) bool {
	return slices.ContainsFunc(c.prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (c *condition) covers(port uint16) bool {
	return slices.ContainsFunc(c.ports, func(p ports) bool { return p.first <= port && port <= p.last })
}

// ParseStates reads a list of states such as B,E; "" is all. The problem is "" for none.
func ParseStates(text string) (s States, problem string) {
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.ToUpper(strings.TrimSpace(entry))
		switch {
		case entry == "" && strings.TrimSpace(text) == "":
		case len(entry) != 1 || !strings.Contains("BCED", entry):
			return "", fmt.Sprintf("'%s' is no state of a flow: give some of B, C, E and D, with commas between them", entry)
		case !strings.Contains(string(s), entry):
			s += States(entry)
		}
	}
	return s, ""
}
