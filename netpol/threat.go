package netpol

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
)

// threatFilter is the list of threats as one firewall takes it.
type threatFilter struct {
	mode     ThreatMode
	prefixes []netip.Prefix // those that are allowed left out; merged
	at       *bart.Lite
	names    names
	allowed  names
}

func (c *compiler) threatFilter(intel ThreatIntel) threatFilter {
	t := threatFilter{mode: intel.Mode}
	if t.mode == ThreatOff {
		return t
	}
	t.prefixes = prefixesOf(subtractSpans(spansOf(c.model.Threats.Prefixes), spansOf(intel.Allowed.Prefixes)))
	t.at = new(bart.Lite)
	for _, p := range t.prefixes {
		t.at.Insert(p)
	}
	t.names, t.allowed = newNames(c.model.Threats.Names), newNames(intel.Allowed.Names)
	return t
}

// find tells what becomes of a flow because one of its ends is a threat.
func (t *threatFilter) find(f *Flow) ThreatMode {
	switch {
	case t.mode == ThreatOff:
	case t.at.Contains(f.Source) || t.at.Contains(f.Destination):
		return t.mode
	case f.Application.Name != "" && t.names.has(f.Application.Name) && !t.allowed.has(f.Application.Name):
		return t.mode
	}
	return ThreatOff
}

// DecodeThreats reads a list of threats: an address, a range in CIDR notation or a name
// ("example.com", "*.example.com") on each line; what follows a # is for the reader. The
// error joins every problem.
func DecodeThreats(text string) (Threats, error) {
	var t Threats
	var problems []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		entry, _, _ := strings.Cut(strings.TrimPrefix(line, "\ufeff"), "#")
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		a, err := ParseAddress(entry)
		switch {
		case err == nil && a.Prefix.IsValid() && a.Prefix.Bits() > 0:
			t.Prefixes = append(t.Prefixes, a.Prefix)
		case strings.Trim(entry, "*") != "" && strings.Contains(entry, ".") && !strings.Contains(entry, "/") && CheckName(entry) == nil:
			t.Names = append(t.Names, entry)
		default:
			problems = append(problems, fmt.Errorf("line %d: %q is neither an address, a range in CIDR notation without host bits, nor a name such as example.com or *.example.com", number, entry))
		}
	}
	if problems != nil {
		return Threats{}, errors.Join(problems...)
	}
	slices.SortFunc(t.Prefixes, netip.Prefix.Compare)
	return t, nil
}
