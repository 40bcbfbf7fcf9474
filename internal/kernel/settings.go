package kernel

import "isle/netpol/layout"

// setting is a value of /proc/sys/net.
type setting struct{ path, value string }

// settingsOf are those of a namespace as a whole, in the order in which they must be
// written: forwarding resets others (network.md §B1).
func settingsOf(n *layout.Namespace) []setting {
	list := []setting{
		{"ipv6/conf/all/disable_ipv6", "1"},
		{"ipv6/conf/default/disable_ipv6", "1"},
		{"ipv4/ip_forward", flag(n.Forwards)},
	}
	for _, of := range []string{"all", "default"} {
		list = append(list, inherited(of)...)
		list = append(list, setting{"ipv4/conf/" + of + "/promote_secondaries", "1"})
	}
	return list
}

// linkSettings are those of one link. Its name is of letters, digits and dashes, so it
// is the name in the path too. A fresh one has from "default" what is inherited; to write
// that again costs more than all the rest of a link.
func linkSettings(l layout.Link, fresh bool) []setting {
	var list []setting
	if !fresh {
		list = inherited(l.Name)
	}
	if l.ProxyARP || !fresh {
		list = append(list, setting{"ipv4/conf/" + l.Name + "/proxy_arp", flag(l.ProxyARP)})
	}
	if l.ProxyARP { // answers would wait up to 0.8 s
		list = append(list, setting{proxyDelay(l.Name), "0"})
	}
	if l.Kind == layout.Uplink {
		// The neighbours on the host's network learn who has the addresses now, and only
		// of those that are this link's own.
		list = append(list, setting{"ipv4/conf/" + l.Name + "/arp_notify", "1"}, setting{"ipv4/conf/" + l.Name + "/arp_ignore", "1"})
	}
	return list
}

func proxyDelay(link string) string { return "ipv4/neigh/" + link + "/proxy_delay" }

// inherited are the settings that links have from "default". The path of packets is
// decided by rules and filters, not by the kernel's guess of where a source lives, and
// nobody is redirected past a router.
func inherited(of string) []setting {
	at := "ipv4/conf/" + of + "/"
	return []setting{
		{at + "rp_filter", "0"},
		{at + "send_redirects", "0"},
		{at + "accept_redirects", "0"},
		{at + "accept_source_route", "0"},
	}
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
