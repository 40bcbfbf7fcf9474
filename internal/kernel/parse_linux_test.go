package kernel

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isle/netpol/layout"
)

// attribute is one of netlink.
func attribute(kind uint16, value ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofNlAttr+len(value)))
	b = append(binary.NativeEndian.AppendUint16(b, kind), value...)
	return append(b, make([]byte, -len(b)&3)...)
}

// expressions are those of a rule with a counter behind something else.
func expressions(packets, size uint64) []byte {
	payload := attribute(unix.NFTA_LIST_ELEM, attribute(unix.NFTA_EXPR_NAME, []byte("payload\x00")...)...)
	counts := append(attribute(unix.NFTA_COUNTER_BYTES, binary.BigEndian.AppendUint64(nil, size)...), attribute(unix.NFTA_COUNTER_PACKETS, binary.BigEndian.AppendUint64(nil, packets)...)...)
	counter := append(attribute(unix.NFTA_EXPR_NAME, []byte("counter\x00")...), attribute(unix.NFTA_EXPR_DATA|unix.NLA_F_NESTED, counts...)...)
	return append(payload, attribute(unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, counter...)...)
}

func TestCounters(t *testing.T) {
	if c, ok := counterIn(expressions(3, 180)); !ok || c != (Counter{Packets: 3, Bytes: 180}) {
		t.Errorf("%v, %t", c, ok)
	}
	if c, ok := counterIn(attribute(unix.NFTA_LIST_ELEM, attribute(unix.NFTA_EXPR_NAME, []byte("payload\x00")...)...)); ok {
		t.Errorf("a counter %v of a rule without one", c)
	}
	for data, want := range map[string]string{"\x00\x06web-1\x00": "web-1", "\x01\x02xy\x00\x02a\x00": "a", "\x01\x02xy": "", "\x00\x09web": "", "": ""} {
		if got := commentIn([]byte(data)); got != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
	sums := byRule(map[string]Counter{"a": {Packets: 1}, "b": {Packets: 2}, "c": {Packets: 4}}, []layout.Comment{{Text: "a", Rule: "/rule"}, {Text: "b", Rule: "/rule"}})
	if !slices.Equal(sums, []Counter{{Rule: "/rule", Packets: 3}, {Rule: "c", Packets: 4}}) {
		t.Errorf("%v", sums)
	}
}

func TestSettingsOfALink(t *testing.T) {
	values := make([]byte, 4*22)
	binary.NativeEndian.PutUint32(values[4*2:], 1)
	link := slices.Concat(make([]byte, unix.SizeofIfInfomsg), attribute(unix.IFLA_IFNAME, []byte("port0\x00")...),
		attribute(unix.IFLA_AF_SPEC|unix.NLA_F_NESTED, slices.Concat(attribute(unix.AF_INET6, attribute(1, 9, 9, 9, 9)...), attribute(unix.AF_INET, attribute(1, values...)...))...))
	for length := range link { // whatever is cut off
		linkSettingsIn(link[:length])
	}
	if name, got := linkSettingsIn(link); name != "port0" || !slices.Equal(got, values) {
		t.Errorf("%q %v", name, got)
	}
}

func TestVersionsOfNft(t *testing.T) {
	for text, ok := range map[string]bool{
		"nftables v1.0.6 (Lester Gooch #5)\n": true, "nftables v1.0.1 (Fearless Fosdick #3)": true, "nftables v1.1.0": true, "nftables v2.0.0": true,
		"nftables v1.0.0 (Fearless Fosdick #2)": false, "nftables v0.9.8 (E.D.S.)": false, "what?": false, "": false,
	} {
		if err := checkVersion(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzCounters(f *testing.F) {
	f.Add(expressions(1, 2))
	f.Add([]byte("\x00\x06web-1\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, ok := counterIn(data); !ok && c != (Counter{}) {
			t.Errorf("%v of no counter", c)
		}
		if comment := commentIn(data); len(comment) > len(data) {
			t.Errorf("%q is longer than what it is in", comment)
		}
	})
}

// A filter that is loaded again begins with what its rules have counted; no other rule has
// a part in that, and the filter is known as the same one.
func TestCountersGoOn(t *testing.T) {
	filter := "\t\ttcp dport 22 counter accept comment \"a-1\"\n\t\tcounter accept comment \"a-1\"\n\t\tcounter drop comment \"b-2\"\n\t\tct state invalid drop\n"
	want := strings.Replace(filter, "22 counter accept", "22 counter packets 3 bytes 180 accept", 1)
	if got := goOn(filter, map[string]Counter{"a-1": {Packets: 3, Bytes: 180}, "b-2": {}, "gone": {Packets: 9}}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := script(filter, map[string]Counter{"a-1": {Packets: 3}}, nil); !strings.Contains(got, generation(filter)) || generation(filter) == generation(want) {
		t.Errorf("its generation is not in %s", got)
	}
}
