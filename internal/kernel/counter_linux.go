package kernel

import (
	"encoding/binary"
	"iter"
	"strings"

	"golang.org/x/sys/unix"
)

// readCounters reads the counters of the filter in the namespace of this thread, by
// comment, summed.
func readCounters() (map[string]Counter, error) {
	rules, err := dumpFilter(getRule)
	if err != nil {
		return nil, err
	}
	sums := map[string]Counter{}
	for _, r := range rules {
		if r.family != familyInet || r.text(unix.NFTA_RULE_TABLE) != filterTable {
			continue
		}
		comment := commentIn(r.attributes[unix.NFTA_RULE_USERDATA])
		c, ok := counterIn(r.attributes[unix.NFTA_RULE_EXPRESSIONS])
		if comment == "" || !ok {
			continue
		}
		sum := sums[comment]
		sums[comment] = Counter{Packets: sum.Packets + c.Packets, Bytes: sum.Bytes + c.Bytes}
	}
	return sums, nil
}

// attributesIn reads attributes of netlink, up to the first that is none.
func attributesIn(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofNlAttr {
			size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
			if size < unix.SizeofNlAttr || size > len(b) || !yield(kind&^unix.NLA_F_NESTED, b[unix.SizeofNlAttr:size]) {
				return
			}
			b = b[min((size+unix.NLA_ALIGNTO-1)&^(unix.NLA_ALIGNTO-1), len(b)):]
		}
	}
}

// commentIn finds the comment in what nft keeps with a rule: each datum has a byte for its
// kind, of which comments are 0, and one for its length; a text ends with a zero.
func commentIn(data []byte) string {
	for len(data) >= 2 && len(data) >= 2+int(data[1]) {
		if data[0] == 0 {
			return strings.TrimRight(string(data[2:2+int(data[1])]), "\x00")
		}
		data = data[2+int(data[1]):]
	}
	return ""
}

// counterIn finds the counter among a rule's expressions.
func counterIn(expressions []byte) (c Counter, ok bool) {
	for _, expression := range attributesIn(expressions) {
		name, data := "", []byte(nil)
		for kind, value := range attributesIn(expression) {
			switch kind {
			case unix.NFTA_EXPR_NAME:
				name = strings.TrimRight(string(value), "\x00")
			case unix.NFTA_EXPR_DATA:
				data = value
			}
		}
		if name != "counter" {
			continue
		}
		for kind, value := range attributesIn(data) {
			if len(value) != 8 {
				continue
			}
			switch kind {
			case unix.NFTA_COUNTER_PACKETS:
				c.Packets = binary.BigEndian.Uint64(value)
			case unix.NFTA_COUNTER_BYTES:
				c.Bytes = binary.BigEndian.Uint64(value)
			}
		}
		return c, true
	}
	return Counter{}, false
}
