package dataplane

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// Zones are the private DNS zones that a network's resolver knows before all else: for
// each name the zone with the longest name that it ends in (network.md §A7). A name that
// is not there is not looked for elsewhere, unless the zone's link says so. A value that
// nobody changes; nil has no zones.
type Zones struct {
	zones []privateZone // those with longer names first
}

// privateZone is a zone with its records by name; names are lower-case and end in a dot.
type privateZone struct {
	name     string
	redirect bool
	records  map[string][]dns.RR
	exists   map[string]bool // names that have records, or are between one that has and the zone
}

var errNoRecord = errors.New("the line has no record")

// NewZones are no zones yet.
func NewZones() *Zones { return &Zones{} }

// Add adds a zone with its records in the form of zone files; redirect has names that are
// not there looked for elsewhere. A record that is none is left out, and tells why.
func (z *Zones) Add(name string, redirect bool, records []string) (left []error) {
	added := privateZone{name: dns.Fqdn(strings.ToLower(name)), redirect: redirect, records: map[string][]dns.RR{}}
	added.exists = map[string]bool{added.name: true}
	for _, line := range records {
		r, err := dns.NewRR(line)
		if err == nil && r == nil {
			err = errNoRecord
		}
		if err != nil {
			left = append(left, fmt.Errorf("private zone %s: record %q: %w", name, line, err))
			continue
		}
		at := strings.ToLower(r.Header().Name)
		added.records[at] = append(added.records[at], r)
		for ; at != added.name && dns.IsSubDomain(added.name, at); at = parent(at) {
			added.exists[at] = true
		}
	}
	z.zones = append(z.zones, added)
	slices.SortStableFunc(z.zones, func(a, b privateZone) int { return len(b.name) - len(a.name) })
	return left
}

// parent is a name without its first label.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	if rest == "" {
		return "."
	}
	return rest
}

// Answer is what the zones say of a name, which ends in a dot.
type Answer struct {
	Records []dns.RR // aliases first
	// Next is the name to be asked for elsewhere; "": the zones have said all.
	Next  string
	Rcode int
	Start dns.RR // the zone's start of authority, where there are no records of the type
}

// Answer looks a name up, following aliases.
func (z *Zones) Answer(name string, kind uint16) Answer {
	var a Answer
	for range maxAliases {
		at := z.of(name)
		if at == nil {
			a.Next = name
			return a
		}
		found, there := at.lookup(strings.ToLower(name))
		if !there {
			if at.redirect {
				a.Next = name
				return a
			}
			a.Rcode = dns.RcodeNameError
		}
		alias := ""
		for _, r := range found {
			r = dns.Copy(r)
			r.Header().Name = name // as it was asked for, also below a wildcard
			if c, is := r.(*dns.CNAME); is && kind != dns.TypeCNAME {
				alias = c.Target
				a.Records = append(a.Records, r)
			} else if r.Header().Rrtype == kind || kind == dns.TypeANY {
				a.Records = append(a.Records, r)
			}
		}
		if alias == "" {
			a.Start = at.start()
			return a
		}
		name = alias
	}
	a.Records, a.Rcode = nil, dns.RcodeServerFailure
	return a
}

// of is the zone that a name is in; nil for none.
func (z *Zones) of(name string) *privateZone {
	if z == nil {
		return nil
	}
	i := slices.IndexFunc(z.zones, func(at privateZone) bool { return dns.IsSubDomain(at.name, strings.ToLower(name)) })
	if i < 0 {
		return nil
	}
	return &z.zones[i]
}

// lookup finds the records of a name, or of the wildcard that stands for it: the one at
// its closest name that is there (RFC 4592 §3.3.1).
func (z *privateZone) lookup(name string) (records []dns.RR, there bool) {
	if z.exists[name] {
		return z.records[name], true
	}
	for at := parent(name); ; at = parent(at) {
		if z.exists[at] {
			records = z.records["*."+at]
			return records, len(records) > 0
		}
		if at == "." {
			return nil, false
		}
	}
}

func (z *privateZone) start() dns.RR {
	for _, r := range z.records[z.name] {
		if r.Header().Rrtype == dns.TypeSOA {
			return dns.Copy(r)
		}
	}
	return nil
}

// Reply answers a question from the zones. What must be asked elsewhere is asked by elsewhere,
// which gives nil where nobody answers; so does Reply then.
func (z *Zones) Reply(question *dns.Msg, elsewhere func(*dns.Msg) *dns.Msg) *dns.Msg {
	if len(question.Question) != 1 || question.Question[0].Qclass != dns.ClassINET {
		return elsewhere(question)
	}
	q := question.Question[0]
	a := z.Answer(q.Name, q.Qtype)
	if a.Next == q.Name {
		return elsewhere(question)
	}
	answer := new(dns.Msg).SetRcode(question, a.Rcode)
	answer.RecursionAvailable, answer.Answer = true, a.Records
	switch {
	case a.Next != "":
		next := question.Copy()
		next.Question[0].Name = a.Next
		rest := elsewhere(next)
		if rest == nil {
			return nil
		}
		answer.Rcode, answer.Truncated, answer.Answer, answer.Ns = rest.Rcode, rest.Truncated, append(answer.Answer, rest.Answer...), rest.Ns
	case a.Start != nil && !slices.ContainsFunc(a.Records, func(r dns.RR) bool { return r.Header().Rrtype == q.Qtype }):
		answer.Ns = []dns.RR{a.Start}
	}
	return answer
}
