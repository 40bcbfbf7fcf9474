package netpol_test

import (
	"fmt"
	"strings"
	"testing"

	"isle/netpol"
)

// publicTags is a tag file of the size that the public one has: 3,000 tags, 100,000 prefixes.
func publicTags(prefix string) []byte {
	const tags, prefixes = 3000, 34
	var b strings.Builder
	b.WriteString(`{"changeNumber":300,"cloud":"Public","values":[`)
	for i := range tags {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"Service%d.Region","id":"Service%d.Region","properties":{"changeNumber":%d,"region":"region","regionId":7,"platform":"Azure","systemService":"Service","addressPrefixes":[`, i, i, i)
		for j := range prefixes {
			if j > 0 {
				b.WriteByte(',')
			}
			n := i*prefixes + j
			if j%2 == 0 {
				fmt.Fprintf(&b, `"%d.%d.%d.%d/28%s"`, 20+n>>16, n>>8&255, n&255, 0, prefix)
			} else {
				fmt.Fprintf(&b, `"2603:%x:%x::/48"`, n>>8, n&255)
			}
		}
		b.WriteString(`],"networkFeatures":["API","NSG","UDR","FW"]}}`)
	}
	b.WriteString("]}")
	return []byte(b.String())
}

// A file of the public one's size is read as a whole; what is wrong with it is told in few
// lines.
func TestTagFileOfThePublicSize(t *testing.T) {
	file, err := netpol.DecodeTags(publicTags(""))
	if err != nil || len(file.Tags) != 3000 || len(file.Tags[2999].Prefixes) != 34 || file.ChangeNumber != "300" {
		t.Errorf("%d tags, %v", len(file.Tags), err)
	}
	_, err = netpol.DecodeTags(publicTags("/x"))
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != 21 || !strings.Contains(lines[0], "Service0.Region") || !strings.HasSuffix(lines[20], " 50980 more problems") {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}

// BenchmarkDecodeTags reads a file of the public one's size.
func BenchmarkDecodeTags(b *testing.B) {
	data := publicTags("")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := netpol.DecodeTags(data); err != nil {
			b.Fatal(err)
		}
	}
}
