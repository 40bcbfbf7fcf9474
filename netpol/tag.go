package netpol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ServiceTag is a named set of prefixes. Names compare ignoring case; a name may
// have a region: "Storage.WestUS".
type ServiceTag struct {
	Name          string
	ID            string
	ChangeNumber  string
	Region        string
	SystemService string
	Prefixes      []netip.Prefix
}

// TagFile is the public file of service tags.
type TagFile struct {
	ChangeNumber string
	Cloud        string
	Tags         []ServiceTag
}

// DecodeTags reads a tag file: the JSON of the weekly download, which is also that
// of the serviceTags API,
//
//	{"changeNumber": 1, "cloud": "Public", "values": [{"name": "Sql", "id": "Sql",
//	 "properties": {"changeNumber": 1, "region": "", "systemService": "AzureSQL",
//	 "addressPrefixes": ["192.0.2.0/24"]}}]}
//
// Members it does not know are passed over. The error joins the first of its problems, and
// tells how many more there are: the public file has a hundred thousand prefixes.
func DecodeTags(data []byte) (TagFile, error) {
	var file struct {
		ChangeNumber number
		Cloud        string
		Values       []struct {
			Name, ID   string
			Properties struct {
				ChangeNumber    number
				Region          string
				SystemService   string
				AddressPrefixes []string
			}
		}
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &file); err != nil {
		return TagFile{}, fmt.Errorf("tag file: %w", err)
	}
	tags := TagFile{ChangeNumber: string(file.ChangeNumber), Cloud: file.Cloud}
	var problems []error
	seen := map[string]bool{}
	for i, v := range file.Values {
		key := strings.ToLower(v.Name)
		if !isTagName(v.Name) {
			problems = append(problems, fmt.Errorf("tag file: values[%d]: %q is not the name of a service tag", i, v.Name))
		} else if seen[key] {
			problems = append(problems, fmt.Errorf("tag file: values[%d]: service tag %s is there twice", i, v.Name))
		}
		seen[key] = true
		tag := ServiceTag{Name: v.Name, ID: v.ID, ChangeNumber: string(v.Properties.ChangeNumber), Region: v.Properties.Region, SystemService: v.Properties.SystemService}
		for _, text := range v.Properties.AddressPrefixes {
			a, err := ParseAddress(text)
			if err != nil || !a.Prefix.IsValid() {
				problems = append(problems, fmt.Errorf("tag file: service tag %s: %q is not an address prefix", v.Name, text))
				continue
			}
			tag.Prefixes = append(tag.Prefixes, a.Prefix)
		}
		tags.Tags = append(tags.Tags, tag)
	}
	if n := len(problems); n > maxTagProblems {
		problems = append(problems[:maxTagProblems], fmt.Errorf("tag file: %d more problems", n-maxTagProblems))
	}
	if problems != nil {
		return TagFile{}, errors.Join(problems...)
	}
	return tags, nil
}

// maxTagProblems is how many problems of a file are told one by one.
const maxTagProblems = 20

// number is a change number, which the file writes as a number and the API as a
// string.
type number string

func (n *number) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, (*string)(n))
	}
	var plain json.Number
	err := json.Unmarshal(text, &plain)
	*n = number(plain)
	return err
}

// isTagName tells whether text has the form of a tag's name: letters, digits and
// single dots or underscores between them, a letter first.
func isTagName(text string) bool {
	word := false
	for i := range len(text) {
		c := text[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case letter, i > 0 && '0' <= c && c <= '9':
			word = true
		case word && (c == '.' || c == '_'):
			word = false
		default:
			return false
		}
	}
	return word
}

// Names of tags with a meaning of their own, in lower case.
const (
	tagVirtualNetwork = "virtualnetwork"
	tagInternet       = "internet"
	tagLoadBalancer   = "azureloadbalancer"
	tagPlatformDNS    = "azureplatformdns"
	tagPlatformIMDS   = "azureplatformimds"
	tagPlatformLKM    = "azureplatformlkm"
)

var (
	platformDNS  = netip.AddrFrom4([4]byte{168, 63, 129, 16})
	platformIMDS = netip.AddrFrom4([4]byte{169, 254, 169, 254})
)

// isPlatform tells whether rules and routes pass the address by (network.md §A3).
func isPlatform(a netip.Addr) bool { return a == platformDNS || a == platformIMDS }

// namesPlatform tells whether a rule that names the tag concerns the platform's
// addresses after all.
func namesPlatform(tag string) bool {
	switch strings.ToLower(tag) {
	case tagLoadBalancer, tagPlatformDNS, tagPlatformIMDS, tagPlatformLKM:
		return true
	}
	return false
}

// privateRanges are what a firewall does not translate and a network may hold.
var privateRanges = mustPrefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")

// public is what the Internet tag begins with: unicast space, less what is special
// (network.md §A4). The ranges for documentation stay in, so that examples work.
var public = subtractSpans(spansOf(mustPrefixes("0.0.0.0/0", "2000::/3")), spansOf(append(mustPrefixes(
	"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/3"), privateRanges...)))

// tagTable finds the prefixes of service tags that do not depend on a network.
type tagTable struct {
	listed   map[string][]netip.Prefix // by name in lower case
	standIns map[string]netip.Prefix   // of tags without prefixes, by name without region
}

// newTagTable takes the listed tags, and gives each name that has no prefixes an
// address to stand for it. The names decide which, in their order.
func newTagTable(tags []ServiceTag, names []string) *tagTable {
	t := &tagTable{listed: map[string][]netip.Prefix{}, standIns: map[string]netip.Prefix{}}
	for _, tag := range tags {
		key := strings.ToLower(tag.Name)
		for _, p := range tag.Prefixes {
			t.listed[key] = append(t.listed[key], p.Masked())
		}
	}
	var empty []string
	for _, name := range names {
		name = strings.ToLower(name)
		if name != tagVirtualNetwork && name != tagInternet && t.find(name) == nil {
			top, _, _ := strings.Cut(name, ".")
			empty = append(empty, top)
		}
	}
	slices.Sort(empty)
	next := netip.AddrFrom4([4]byte{240, 0, 0, 1})
	for _, name := range slices.Compact(empty) {
		t.standIns[name] = netip.PrefixFrom(next, 32)
		next = next.Next()
	}
	return t
}

// find returns the prefixes of a tag. A region without prefixes is as large as the
// whole tag; a tag without prefixes is as large as its regions together.
func (t *tagTable) find(name string) []netip.Prefix {
	key := strings.ToLower(name)
	if p := t.listed[key]; p != nil {
		return p
	}
	top, _, regional := strings.Cut(key, ".")
	if regional {
		return t.find(top)
	}
	switch key {
	case tagLoadBalancer, tagPlatformDNS:
		return []netip.Prefix{netip.PrefixFrom(platformDNS, 32)}
	case tagPlatformIMDS:
		return []netip.Prefix{netip.PrefixFrom(platformIMDS, 32)}
	}
	var regions []span
	for other, p := range t.listed {
		if strings.HasPrefix(other, key+".") {
			regions = append(regions, spansOf(p)...)
		}
	}
	if regions != nil {
		return prefixesOf(regions)
	}
	if p, ok := t.standIns[key]; ok {
		return []netip.Prefix{p}
	}
	return nil
}

// IsStandIn tells whether an address stands for a service tag without prefixes.
func IsStandIn(a netip.Addr) bool { return a.Is4() && a.As4()[0] >= 240 }

// scope resolves addresses of rules as one network, or one subnet of it, sees them.
type scope struct {
	tags    *tagTable
	virtual []netip.Prefix // VirtualNetwork
	inside  []netip.Prefix // VirtualNetwork without the platform's address
	outside []netip.Prefix // Internet
	both    []netip.Prefix // inside and outside
}

// newScope computes the two tags: VirtualNetwork is what belongs to the network,
// Internet all public space that does not (network.md §A4).
func newScope(tags *tagTable, own []netip.Prefix) *scope {
	own = append(append(slices.Clone(own), netip.PrefixFrom(platformDNS, 32)), tags.listed[tagVirtualNetwork]...)
	outside := slices.Concat(public, spansOf(tags.listed[tagInternet]))
	outside = append(outside, spanOf(netip.PrefixFrom(HostAddress(), 32)), spanOf(netip.PrefixFrom(NeighbourAddress(), 32)))
	for name, p := range tags.standIns {
		if !namesPlatform(name) {
			outside = append(outside, spanOf(p))
		}
	}
	s := &scope{tags: tags, virtual: prefixesOf(spansOf(own)), outside: prefixesOf(subtractSpans(outside, spansOf(own)))}
	s.inside = withoutPlatform(s.virtual)
	s.both = prefixesOf(append(spansOf(s.inside), spansOf(s.outside)...))
	return s
}

// withoutPlatform leaves out the platform's address, which no rule concerns.
func withoutPlatform(prefixes []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(prefixes), func(p netip.Prefix) bool { return p.Bits() == p.Addr().BitLen() && isPlatform(p.Addr()) })
}

// resolve returns the prefixes of a list of addresses; nil means any.
func (s *scope) resolve(list []Address) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, a := range list {
		switch {
		case a.IsAny():
			return nil
		case a.Tag == "":
			prefixes = append(prefixes, a.Prefix.Masked())
		default:
			prefixes = append(prefixes, s.tag(a.Tag)...)
		}
	}
	if prefixes == nil && len(list) > 0 {
		return []netip.Prefix{} // a tag that is empty here, such as Internet where all is VirtualNetwork
	}
	return prefixes
}

func (s *scope) tag(name string) []netip.Prefix {
	switch strings.ToLower(name) {
	case tagVirtualNetwork:
		return s.virtual
	case tagInternet:
		return s.outside
	}
	return s.tags.find(name)
}
