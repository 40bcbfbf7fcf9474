package expr

import (
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

func FuzzXPath(f *testing.F) {
	for _, seed := range []string{
		`//a[@x = 1 or position() = last()]/..//text()`, `count(//*|/a/namespace::*) div -2.5`, `id('x')/a["y"][2]`,
		`substring(concat(.,'a'), 0 div 0, 2)`, `preceding::node()[lang('en')]/following-sibling::*[1]`, `((((//*))))[.//@*]`,
	} {
		f.Add(seed)
	}
	doc, err := parseXML(`<?p q?><a x="1" xmlns:p="u"><b>t<![CDATA[u]]></b><p:c xml:lang="en"/><!--k--><a><b>2</b></a></a>`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		first, err := selectXPath(doc, path)
		second, again := selectXPath(doc, path)
		if (err == nil) != (again == nil) || err == nil && string(first.JSON()) != string(second.JSON()) {
			t.Fatalf("%q gives %v %v, then %v %v", path, first, err, second, again)
		}
	})
}
