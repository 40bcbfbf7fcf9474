package layout

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"isle/netpol"
)

// script is the text of an nft script under work. It knows the statements of nft 1.0.1
// and no newer ones.
type script struct {
	strings.Builder                   // the chains
	comments        map[string]string // rules by text
	sets            map[string]string // names of large sets of addresses, by elements
	order           []string          // of sets
	hosts           []NameSet         // that are filled with what a firewall knows
	tells           bool              // it gives packets to the log
}

func newScript() *script {
	return &script{comments: map[string]string{}, sets: map[string]string{}}
}

// finish writes the table.
func (s *script) finish() (string, []Comment) {
	chains := s.String()
	s.Reset()
	s.line("add table inet isle")
	s.line("delete table inet isle")
	s.line("table inet isle {")
	for _, elements := range s.order {
		s.set(s.sets[elements], "ipv4_addr\n\t\tflags interval", elements)
	}
	slices.SortFunc(s.hosts, func(a, b NameSet) int { return strings.Compare(a.Name, b.Name) })
	for _, h := range s.hosts {
		if h.To {
			s.line("\tmap %s {\n\t\ttype inet_proto : ipv4_addr\n\t}", h.Name)
		} else {
			s.line("\tset %s {\n\t\ttype ipv4_addr\n\t}", h.Name)
		}
	}
	s.WriteString(chains)
	s.line("}")
	comments := make([]Comment, 0, len(s.comments))
	for text, rule := range s.comments {
		comments = append(comments, Comment{text, rule})
	}
	slices.SortFunc(comments, func(a, b Comment) int { return strings.Compare(a.Text, b.Text) })
	return s.String(), comments
}

func (s *script) line(format string, args ...any) {
	fmt.Fprintf(s, format, args...)
	s.WriteByte('\n')
}

// set writes a named set.
func (s *script) set(name, kind, elements string) {
	s.line("\tset %s {\n\t\ttype %s\n\t\telements = { %s }\n\t}", name, kind, elements)
}

// chain writes a chain; hook is "" for one that others jump to.
func (s *script) chain(name, hook string, body func()) {
	s.line("\tchain %s {", name)
	if hook != "" {
		s.line("\t\ttype %s", hook)
	}
	body()
	s.line("\t}")
}

func (s *script) rule(format string, args ...any) { s.line("\t\t"+format, args...) }

// filterRule writes a rule of the policy: two of nft if it limits ports and names
// protocols that have none as well, none if no packet of IPv4 can match it.
func (s *script) filterRule(r *netpol.FilterRule, allow string) {
	verdict := "drop"
	if r.Access == netpol.Allow {
		verdict = allow
	}
	s.counted(r, verdict)
}

// counted writes what becomes of the packets that match a rule of the policy.
func (s *script) counted(r *netpol.FilterRule, verdict string) {
	for _, match := range s.matches(r) {
		comment := commentOf(r)
		s.comments[comment] = r.ID
		s.rule("%scounter %s comment %q", match, verdict, comment)
	}
}

// matches are the conditions of a rule, one of which must be met.
func (s *script) matches(r *netpol.FilterRule) []string {
	source, from := s.addressMatch("saddr", r.Source)
	if !from {
		return nil
	}
	var destinations, list []string
	if destination, to := s.addressMatch("daddr", r.Destination); to {
		destinations = append(destinations, destination)
	}
	for _, name := range r.Names {
		destinations = append(destinations, "ip daddr @"+s.host(name, false)+" ")
	}
	for _, destination := range destinations {
		for _, protocol := range protocolMatches(r) {
			list = append(list, protocol+source+destination)
		}
	}
	return list
}

// host is the set of the addresses of a name, or the map of where NAT rules lead.
func (s *script) host(name string, to bool) string {
	set := NameSet{Name: "host_" + digest(name), Host: name, To: to}
	if to {
		set.Name = "to_" + digest(name)
	}
	if !slices.Contains(s.hosts, set) {
		s.hosts = append(s.hosts, set)
	}
	return set.Name
}

// manyPrefixes is how many make a set of its own: service tags are large, and many rules
// name the same.
const manyPrefixes = 8

// addressMatch is a condition on an address; "" where any will do. It tells whether an
// address of IPv4 can meet it.
func (s *script) addressMatch(side string, prefixes []netip.Prefix) (string, bool) {
	if prefixes == nil {
		return "", true
	}
	prefixes = ipv4(prefixes)
	if len(prefixes) > 0 && prefixes[0].Bits() == 0 {
		return "", true
	}
	of := prefixSet(prefixes)
	if len(prefixes) > manyPrefixes {
		of = "@" + s.named(strings.Trim(of, "{ }"))
	}
	return "ip " + side + " " + of + " ", len(prefixes) > 0
}

// named is the name of a large set of addresses.
func (s *script) named(elements string) string {
	if s.sets[elements] == "" {
		s.sets[elements] = fmt.Sprintf("prefixes%d", len(s.order))
		s.order = append(s.order, elements)
	}
	return s.sets[elements]
}

// ipv4 leaves the prefixes of IPv4.
func ipv4(prefixes []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(prefixes), func(p netip.Prefix) bool { return p.Addr().Is6() })
}

// prefixSet is a set of merged prefixes.
func prefixSet(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = strings.TrimSuffix(p.String(), "/32")
	}
	return set(texts)
}

// protocolMatches are the conditions on protocol and ports, one of which must be met.
func protocolMatches(r *netpol.FilterRule) []string {
	sport, dport := portMatch("sport", r.SourcePorts), portMatch("dport", r.DestinationPorts)
	if sport == "" && dport == "" {
		return []string{protocolMatch(append(slices.Clone(r.Ported), r.Portless...))}
	}
	var matches []string
	if len(r.Ported) > 0 {
		matches = append(matches, protocolMatch(r.Ported)+sport+dport)
	}
	if len(r.Portless) > 0 {
		matches = append(matches, protocolMatch(r.Portless))
	}
	return matches
}

// protocolNumbers are the protocols that the network has (network.md §A1), by their
// numbers: the database of names is not everywhere.
var protocolNumbers = [...]string{netpol.TCP: "6", netpol.UDP: "17", netpol.ICMP: "1", netpol.ESP: "50", netpol.AH: "51"}

const allProtocols = len(protocolNumbers) - 1

func protocolMatch(list []netpol.Protocol) string {
	if len(list) == allProtocols {
		return ""
	}
	var texts []string
	for _, p := range list {
		texts = append(texts, protocolNumbers[p])
	}
	return "meta l4proto " + set(texts) + " "
}

func portMatch(side string, ranges []netpol.PortRange) string {
	var texts []string
	for _, r := range ranges {
		if r.First == 0 && r.Last == 65535 {
			return ""
		}
		texts = append(texts, r.String())
	}
	return "th " + side + " " + set(texts) + " "
}

// quoted are names as nft reads them.
func quoted(names []string) []string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = strconv.Quote(n)
	}
	return texts
}

// set is one value, or a set of several.
func set(texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	return "{ " + strings.Join(texts, ", ") + " }"
}
