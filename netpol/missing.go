package netpol

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The rules that open what an environment needs are found group by group. Each
// group at a subnet, or at an interface in it, is judged alone over the flows of
// each row that is not open; where it denies some, it needs a rule with the row's
// tuple before the first rule that denies. Needs of one group with the same tuple
// are one. Those with a rule to precede take the highest free priority before it,
// which fills the priorities as well as any order can; the others follow.

// Limits of a security group (ise.md, limits; network.md §A3).
const (
	maxRules     = 1000
	maxNameChars = 80
	// firstMissingPriority is where rules begin that need to precede none.
	firstMissingPriority = 1000
)

// MissingRule is a rule that would open what a required access lacks.
type MissingRule struct {
	SecurityGroup string       // ID
	Rule          SecurityRule // with a free name, and a free priority before the rule that denies
	Rows          []string     // IDs of the requirements that it is for
}

// MissingRules finds the rules whose addition opens every required access that only
// the security groups at the environment's subnets, and at the interfaces there,
// keep from being open. What stays closed is in rest, as it will be judged when the
// rules are there: by routes, firewalls and groups elsewhere, or because a group has
// no priority or no place left. The error is that of RequiredAccess.
func (p *Policy) MissingRules(e Environment, v Version) (rules []MissingRule, rest []AccessResult, err error) {
	results, err := p.RequiredAccess(e, v)
	if err != nil {
		return nil, nil, err
	}
	n, _ := p.Network(e.Network)
	m := &missing{judge: &judge{network: n, environment: e, spans: spanCache{}}}
	for i := range results {
		if r := &results[i]; r.lacking() && r.Requirement.ID != defaultRouteRow {
			m.row(r.Requirement, n.subnets[strings.ToLower(r.Subnet)])
		}
	}
	if rules = m.rules(); len(rules) > 0 {
		if results, err = n.withRules(rules).requiredAccess(e, v); err != nil {
			return nil, nil, err
		}
	}
	return rules, slices.DeleteFunc(results, func(r AccessResult) bool { return !r.lacking() }), nil
}

// lacking tells whether some of what was judged is closed.
func (r *AccessResult) lacking() bool { return r.Openness == PartlyOpen || r.Openness == Blocked }

// missing gathers what the groups of an environment need.
type missing struct {
	judge *judge
	needs []*need
}

// need is a rule that a group lacks.
type need struct {
	group   *group
	rule    SecurityRule // without name and priority
	before  int          // the lowest priority that denies; above all where only a default rule does
	rows    []string
	purpose string // of the first row
}

// row adds what the groups at one subnet need for a row.
func (m *missing) row(r Requirement, s *subnet) {
	m.group(r, s, s.group, s.prefixes)
	for _, n := range s.nics {
		m.group(r, s, n.group, hostPrefixes(n.addresses))
	}
}

// group judges one group alone over the flows of a row from or to addresses of its
// own, for each way in which a rule can write the row's other side.
func (m *missing) group(r Requirement, s *subnet, g *group, own []netip.Prefix) {
	if g == nil {
		return
	}
	near, far := r.Source, r.Destination
	if r.Direction == Inbound {
		near, far = far, near
	}
	mine := m.parts(near, r, s)
	for _, other := range m.parts(far, r, s) {
		if len(mine) == 0 {
			return
		}
		flows := set{source: own, destination: other.prefixes, ports: mergePorts(r.Ports)}
		rule := SecurityRule{Direction: r.Direction, Access: Allow, Source: Side{Addresses: mine[0].addresses},
			Destination: Side{Addresses: other.addresses, Ports: slices.Clone(r.Ports)}}
		if r.Direction == Inbound {
			flows.source, flows.destination = flows.destination, flows.source
			rule.Source.Addresses, rule.Destination.Addresses = rule.Destination.Addresses, rule.Source.Addresses
		}
		if before, denies := g.denies(newCuts(flows, m.judge.spans), r.Direction); denies {
			m.add(&need{group: g, rule: rule, before: before, rows: []string{r.ID}, purpose: r.Purpose})
		}
	}
}

// part is addresses of a party as one rule can write them.
type part struct {
	addresses []Address
	prefixes  []netip.Prefix
}

// parts writes a party as rules do: by its service tag, or by its prefixes.
func (m *missing) parts(p Party, r Requirement, s *subnet) []part {
	prefixes := m.judge.party(p, r, s)
	scope := s.tags
	switch {
	case len(prefixes) == 0:
		return nil
	case p == PartyAny:
		return append(m.parts(PartyVnet, r, s), m.parts(PartyInternet, Requirement{}, s)...)
	case p == PartyInternet && slices.Equal(prefixes, scope.outside) && s.scope != scope:
		// Where the tags are as wide as on Azure, some of the Internet is VirtualNetwork.
		inside := prefixesOf(subtractSpans(spansOf(scope.outside), spansOf(s.scope.outside)))
		return slices.DeleteFunc([]part{{tagged(PartyInternet), s.scope.outside}, {tagged(PartyVnet), inside}}, func(p part) bool { return len(p.prefixes) == 0 })
	case isTagName(string(p)) && !(p == PartyInternet && !slices.Equal(prefixes, scope.outside)):
		return []part{{tagged(p), prefixes}}
	}
	written := part{prefixes: prefixes}
	for _, prefix := range prefixes {
		written.addresses = append(written.addresses, Address{Prefix: prefix.Masked()})
	}
	return []part{written}
}

func tagged(p Party) []Address { return []Address{{Tag: string(p)}} }

// denies tells whether the group denies some of the flows, and the lowest priority
// of the rules that do.
func (g *group) denies(c *cuts, d Direction) (before int, denies bool) {
	c.group(g, d, nil)
	side := g.sides[d]
	before = maxPriority + 1
	var result AccessResult
	result.judgeSet(c, func(f Flow) Decision {
		i := side.find(&f)
		if i < 0 {
			return Decision{Verdict: Allow}
		}
		return Decision{Verdict: side.rules[i].Access, Priority: side.rules[i].Priority, RuleID: side.rules[i].id}
	})
	for _, denial := range result.Denials {
		before = min(before, denial.Decision.Priority)
	}
	return before, len(result.Denials) > 0
}

// add notes a need, together with one that the same rule meets.
func (m *missing) add(n *need) {
	same := func(other *need) bool {
		return strings.EqualFold(other.group.id, n.group.id) && other.rule.Direction == n.rule.Direction && sameSide(other.rule.Source, n.rule.Source) && sameSide(other.rule.Destination, n.rule.Destination)
	}
	i := slices.IndexFunc(m.needs, same)
	if i < 0 {
		m.needs = append(m.needs, n)
		return
	}
	known := m.needs[i]
	known.before = min(known.before, n.before)
	if !slices.Contains(known.rows, n.rows[0]) {
		known.rows = append(known.rows, n.rows[0])
	}
}

func sameSide(a, b Side) bool {
	return slices.Equal(a.Addresses, b.Addresses) && slices.Equal(mergePorts(a.Ports), mergePorts(b.Ports))
}

// rules gives each need a name and a priority, as far as there is room.
func (m *missing) rules() []MissingRule {
	rooms := map[string]*room{}
	order := slices.Clone(m.needs) // those without a rule to precede come last
	slices.SortStableFunc(order, func(a, b *need) int { return cmp.Compare(a.before, b.before) })
	placed := map[*need]int{}
	for _, n := range order {
		key := strings.ToLower(n.group.id)
		if rooms[key] == nil {
			rooms[key] = newRoom(n.group)
		}
		if p, ok := rooms[key].priority(n); ok {
			placed[n] = p
		}
	}
	var rules []MissingRule
	for _, n := range m.needs { // in the order of the rows
		if p, ok := placed[n]; ok {
			n.rule.Priority, n.rule.Name = p, rooms[strings.ToLower(n.group.id)].name(n)
			rules = append(rules, MissingRule{n.group.id, n.rule, n.rows})
		}
	}
	return rules
}

// last tells whether the need has no rule to precede but a default rule.
func (n *need) last() bool { return n.before > maxPriority }

// room is what is taken in a group.
type room struct {
	rules      int
	priorities [2]map[int]bool // by Direction
	names      map[string]bool // in lower case
}

func newRoom(g *group) *room {
	r := &room{priorities: [2]map[int]bool{{}, {}}, names: map[string]bool{}}
	for d, side := range g.sides {
		for _, rule := range side.own() {
			r.rules++
			r.priorities[d][rule.Priority] = true
			r.names[strings.ToLower(rule.Name)] = true
		}
	}
	return r
}

// own lists the rules that are no default rules.
func (l *ruleList) own() []SecurityRule {
	var own []SecurityRule
	for _, r := range l.rules {
		if r.Priority <= maxPriority {
			own = append(own, r.SecurityRule)
		}
	}
	return own
}

// priority takes a free priority for a need.
func (r *room) priority(n *need) (int, bool) {
	if r.rules == maxRules {
		return 0, false
	}
	taken := r.priorities[n.rule.Direction]
	try := func(from, to, step int) (int, bool) {
		for p := from; p != to+step; p += step {
			if !taken[p] {
				taken[p] = true
				r.rules++
				return p, true
			}
		}
		return 0, false
	}
	if n.last() {
		if p, ok := try(firstMissingPriority, maxPriority, 1); ok {
			return p, true
		}
		return try(firstMissingPriority-1, minPriority, -1)
	}
	return try(n.before-1, minPriority, -1)
}

// name makes a free name of the first row: "Isle-I6-ConnectorDeployment".
func (r *room) name(n *need) string {
	name := "Isle-" + strings.Trim(strings.Map(nameRune, n.rows[0]), "-") + "-" + camelCase(n.purpose)
	name = strings.TrimRight(name[:min(len(name), maxNameChars-5)], "-")
	free := name
	for i := 2; r.names[strings.ToLower(free)]; i++ {
		free = name + "-" + strconv.Itoa(i)
	}
	r.names[strings.ToLower(free)] = true
	return free
}

// nameRune keeps what the name of a rule may have.
func nameRune(r rune) rune {
	if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		return r
	}
	return '-'
}

// camelCase joins the words of a text.
func camelCase(text string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return nameRune(r) == '-' }) {
		fmt.Fprint(&b, strings.ToUpper(word[:1]), word[1:])
	}
	return b.String()
}

// withRules is the network with rules added to its groups.
func (n *Network) withRules(added []MissingRule) *Network {
	compiled := map[groupKey]*group{}
	more := func(g *group, s *scope) *group {
		if g == nil {
			return nil
		}
		key := groupKey{strings.ToLower(g.id), s}
		if compiled[key] == nil {
			whole := &SecurityGroup{ID: g.id, Rules: append(g.sides[Inbound].own(), g.sides[Outbound].own()...)}
			for _, a := range added {
				if strings.EqualFold(a.SecurityGroup, g.id) {
					whole.Rules = append(whole.Rules, a.Rule)
				}
			}
			compiled[key] = compileGroup(whole, s)
		}
		return compiled[key]
	}
	return n.withGroups(more)
}

// withGroups is the network with other groups in place of its own.
func (n *Network) withGroups(other func(*group, *scope) *group) *Network {
	changed := &Network{id: n.id, space: n.space, gateway: n.gateway, behind: n.behind, dns: n.dns, scope: n.scope, subnets: map[string]*subnet{}, at: n.at, publics: n.publics}
	subnets, nics := map[*subnet]*subnet{}, map[*nic]*nic{nil: nil}
	for _, s := range n.order {
		c := *s
		c.group, c.nics = other(s.group, s.scope), nil
		for _, at := range s.nics {
			nics[at] = &nic{id: at.id, addresses: at.addresses, group: other(at.group, s.scope), forwards: at.forwards}
			c.nics = append(c.nics, nics[at])
		}
		subnets[s] = &c
		changed.order = append(changed.order, &c)
		changed.subnets[strings.ToLower(s.id)] = &c
	}
	for _, p := range n.places {
		changed.places = append(changed.places, place{subnet: subnets[p.subnet], nic: nics[p.nic], firewall: p.firewall})
	}
	n.replaceBy(changed)
	return changed
}
