package expr

import (
	"fmt"
	"strings"
	"testing"
)

// megabyte is about 1 MB of XML, the shape of a list of orders.
func megabyte() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><orders xmlns:p="urn:p">`)
	for i := 0; b.Len() < 1<<20; i++ {
		fmt.Fprintf(&b, `<order id="%d" p:state="open"><name>Gala &amp; more</name><p:lines><line n="1">1.5</line><line n="2">%d</line></p:lines></order>`, i, i)
	}
	b.WriteString("</orders>")
	return b.String()
}

func BenchmarkXML(b *testing.B) {
	text := megabyte()
	doc, err := parseXML(text)
	if err != nil {
		b.Fatal(err)
	}
	v, err := xmlToJSON(doc)
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"read":    func() error { _, err := parseXML(text); return err },
		"write":   func() error { xmlString(doc); return nil },
		"toJSON":  func() error { _, err := xmlToJSON(doc); return err },
		"ofJSON":  func() error { _, err := jsonToXML(v); return err },
		"xpath":   func() error { _, err := selectXPath(doc, "count(//line)", xpathBudget); return err },
		"where":   func() error { _, err := selectXPath(doc, "count(//line[@n=2 and . > 10])", xpathBudget); return err },
		"results": func() error { _, err := selectXPath(doc, "//line", xpathBudget); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
