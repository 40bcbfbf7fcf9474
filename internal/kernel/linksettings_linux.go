package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// linkValues are the settings of links for IPv4 that the kernel tells with each link, by
// their places in its list, which begins with 1. A file for each would be the most
// expensive part of reading.
var linkValues = map[string]int{"proxy_arp": 3, "accept_redirects": 4, "send_redirects": 6, "rp_filter": 8, "accept_source_route": 9, "arp_ignore": 19, "arp_notify": 22}

// readLinkSettings reads the settings of the links of the namespace that the thread is in.
func readLinkSettings(into map[string]string) error {
	request := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	request.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	links, err := again(func() ([][]byte, error) { return request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK) })
	if err != nil {
		return fmt.Errorf("read the settings of links: %w", err)
	}
	for _, l := range links {
		name, values := linkSettingsIn(l)
		for setting, place := range linkValues {
			if end := 4 * place; end <= len(values) {
				into["ipv4/conf/"+name+"/"+setting] = fmt.Sprint(binary.NativeEndian.Uint32(values[end-4:]))
			}
		}
		if into["ipv4/conf/"+name+"/proxy_arp"] == "1" {
			readSettings([]setting{{path: proxyDelay(name)}}, into)
		}
	}
	return nil
}

// linkSettingsIn finds a link's name in what the kernel tells of it, and its list of
// settings for IPv4, 32 bits each.
func linkSettingsIn(link []byte) (name string, values []byte) {
	const list = 1 // IFLA_INET_CONF
	for kind, value := range attributesIn(link[min(unix.SizeofIfInfomsg, len(link)):]) {
		switch kind {
		case unix.IFLA_IFNAME:
			name = string(bytes.TrimRight(value, "\x00"))
		case unix.IFLA_AF_SPEC:
			for family, of := range attributesIn(value) {
				for kind, value := range attributesIn(of) {
					if family == unix.AF_INET && kind == list {
						values = value
					}
				}
			}
		}
	}
	return name, values
}
