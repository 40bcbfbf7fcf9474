package network

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"isle/expr"
)

// Tags with a meaning of their own: they say what in the real world a resource of
// the simulated network stands for (architecture.md, Addresses).
const (
	tagAttach = "isle-attach" // of an interface: real addresses that are served or are it, or the machine that is it
	tagEgress = "isle-egress" // of a public address: how its flows leave the host
	tagRoutes = "isle-routes" // of a gateway: prefixes behind it
	tagUplink = "isle-uplink" // of a virtual network: how it reaches what lies outside, where the kernel holds it
)

// tagText is the text of a tag, whose name compares ignoring case; "" if it is not
// there.
func tagText(tags expr.Value, name string) string {
	for given, v := range tags.Members() {
		if strings.EqualFold(given, name) {
			text, _ := v.AsString()
			return text
		}
	}
	return ""
}

// entries splits a list that is separated by commas or spaces.
func entries(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' })
}

// parseAttach reads isle-attach of an interface with a private address: entries
// PORT=ADDRESS:PORT and ADDRESS, or netns:PATH or tap:NAME. It gives what can be read,
// and a text for each problem.
func parseAttach(text, id string, private netip.Addr) (list []Mapping, machine Attached, problems []string) {
	machine.Interface = id
	seen := map[uint16]bool{}
	for _, entry := range entries(text) {
		if given, problem := machine.readGiven(entry); given {
			if problem != "" {
				problems = append(problems, fmt.Sprintf("'%s' %s", entry, problem))
			}
			continue
		}
		m := Mapping{Interface: id, Private: private}
		port, real, mapped := strings.Cut(entry, "=")
		problem := ""
		if mapped {
			problem = m.readPort(port, real)
		} else {
			m.Real, problem = realAddress(entry)
		}
		if problem == "" && seen[m.Port] {
			problem = "is the second one for its port; a port has one real address"
		}
		if problem != "" {
			problems = append(problems, fmt.Sprintf("'%s' %s", entry, problem))
			continue
		}
		seen[m.Port] = true
		list = append(list, m)
	}
	return list, machine, append(problems, machine.checkGiven(list)...)
}

// readPort reads PORT and ADDRESS:PORT of an entry.
func (m *Mapping) readPort(port, real string) (problem string) {
	n, ok := parsePort(port)
	if !ok || n == 0 {
		return fmt.Sprintf("has '%s' in front of the =, which is no port: give 22=127.0.0.1:2222", port)
	}
	at, err := netip.ParseAddrPort(real)
	if err != nil || at.Port() == 0 {
		return fmt.Sprintf("has '%s' behind the =, which is no address with a port: give 22=127.0.0.1:2222", real)
	}
	m.Port, m.RealPort = uint16(n), at.Port()
	m.Real, problem = realAddress(at.Addr().String())
	return problem
}

func realAddress(text string) (netip.Addr, string) {
	a, err := netip.ParseAddr(text)
	switch a = a.Unmap(); {
	case err != nil || a.Zone() != "":
		return netip.Addr{}, "is none of PORT=ADDRESS:PORT, an IP address, netns:PATH and tap:NAME"
	case a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast():
		return netip.Addr{}, "has an address that nothing can be attached at: give one of this host or of a machine that it reaches"
	}
	return a, ""
}

// parseEgress reads isle-egress: bind:ADDRESS, or the URL of a proxy.
func parseEgress(text string) (e Egress, problem string) {
	const give = "; give bind:ADDRESS, socks5://HOST:PORT or http://HOST:PORT"
	if address, bind := strings.CutPrefix(text, "bind:"); bind {
		a, err := netip.ParseAddr(address)
		if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
			return Egress{}, fmt.Sprintf("'%s' is no address of this host%s", address, give)
		}
		e.Bind = a.Unmap()
		return e, ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "socks5" && u.Scheme != "http" || u.Hostname() == "" || u.Port() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return Egress{}, fmt.Sprintf("'%s' is neither an address to bind nor the URL of a proxy%s", redacted(text), give)
	}
	if _, ok := parsePort(u.Port()); !ok {
		return Egress{}, fmt.Sprintf("'%s' is no port%s", u.Port(), give)
	}
	e.Proxy = u
	return e, ""
}

// redacted leaves out what may be a password in a text that is no URL.
func redacted(text string) string {
	if cut := strings.LastIndexByte(text, '@'); cut >= 0 {
		return "…" + text[cut:]
	}
	return text
}

// parsePrefixes reads isle-routes: prefixes without host bits.
func parsePrefixes(text string) (list []netip.Prefix, problems []string) {
	for _, entry := range entries(text) {
		p, problem := ParsePrefix(entry)
		if problem != nil {
			problems = append(problems, problem.Message)
			continue
		}
		list = append(list, p)
	}
	return list, problems
}
