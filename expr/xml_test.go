package expr

import (
	"fmt"
	"strings"
	"testing"
)

func FuzzXML(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0"?><a b="1">x<!--c--><![CDATA[d]]><p:e xmlns:p="u"/></a>`,
		`<!DOCTYPE a SYSTEM "x" [<!ELEMENT a ANY>]><a/>`,
		`<!DOCTYPE a [<!ENTITY x "1&#38;2"><!ATTLIST a b ID #IMPLIED c CDATA 'd'>]><a b="&x;">&x;&#1;</a>`,
		`<a xml:space="preserve"> <b xmlns="u" xmlns:json="http://james.newtonking.com/projects/json" json:Array="true"/></a>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := parseXML(text)
		if err != nil {
			return
		}
		out := xmlString(doc)
		again, err := parseXML(out)
		if err != nil || xmlString(again) != out {
			t.Fatalf("%q gives %q, which gives %v", text, out, err)
		}
		v, err := xmlToJSON(doc)
		if err != nil {
			return
		}
		if _, err := ReadJSON(v.JSON()); err != nil {
			t.Fatalf("%q gives %s: %v", text, v.JSON(), err)
		}
		if doc, err := jsonToXML(v); err == nil {
			if _, err := parseXML(xmlString(doc)); err != nil {
				t.Fatalf("%q by %s gives %q: %v", text, v.JSON(), xmlString(doc), err)
			}
		}
	})
}

func FuzzJSONToXML(f *testing.F) {
	for _, seed := range []string{
		`{"?xml":{"@version":"1.0"},"a":{"@xmlns:p":"u","p:b":[1,[2],null],"#text":"t","#cdata-section":"c"}}`,
		`{"a":{"$id":"1","$values":[1],"x y":{"@xmlns":"v","z":{}},"?p":"q","_x0020_":true}}`,
		`{"!DOCTYPE":{"@name":"a","@public":"p"},"a":{"b":1,"@c":2.5,"@p:d":null}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ReadJSON([]byte(text))
		if err != nil || v.Kind() != KindObject || v.Len() == 0 {
			return
		}
		doc, err := jsonToXML(v)
		if err != nil {
			return
		}
		out := xmlString(doc)
		again, err := parseXML(out)
		if err != nil {
			if strings.Contains(err.Error(), "Version number") {
				return // may be written, may not be read
			}
			t.Fatalf("%s gives %q: %v", text, out, err)
		}
		if third, err := parseXML(xmlString(again)); err != nil || xmlString(third) != xmlString(again) {
			t.Fatalf("%s gives %q, which gives %v", text, out, err)
		}
	})
}

// What could take forever, or all memory, is an error or quick.
func TestHostileXML(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	laughs := `<!ENTITY l40 "ha">` + many(40, `<!ENTITY l%d "&l%[2]d;&l%[2]d;">`)
	for _, c := range []struct{ name, text, want string }{
		{"depth", strings.Repeat("<a>", 1_000_000), "The document nests deeper than"},
		{"entities", "<!DOCTYPE a [" + laughs + "]><a>&l0;</a>", "stands for more than"},
		{"entities in an attribute", "<!DOCTYPE a [" + laughs + `]><a b="&l0;"/>`, "stands for more than"},
		{"defaults", "<!DOCTYPE a [<!ATTLIST b" + many(1000, ` a%d CDATA "x%d"`) + ">]><a>" + strings.Repeat("<b/>", 20_000) + "</a>", "stands for more than"},
		{"attributes", "<a" + many(100_000, ` a%d="%d"`) + "/>", ""},
		{"prefixes", "<a" + many(20_000, ` xmlns:p%d="u%d"`) + ">" + strings.Repeat("<p0:b/>", 20_000) + "</a>", ""},
		{"comments", "<a>" + strings.Repeat("<!---->", 200_000) + "</a>", ""},
		{"open brackets", strings.Repeat("<!DOCTYPE a [", 100_000), "Expected DTD markup"},
		{"names", "<a>" + strings.Repeat("<b/><c/>", 100_000) + "</a>", ""},
	} {
		doc, err := parseXML(c.text)
		if err == nil {
			var v Value
			if v, err = xmlToJSON(doc); err == nil {
				_, err = jsonToXML(v)
			}
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
