package expr

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

func xmlFunctions() []Function {
	return []Function{
		{Name: "json", Min: 1, Max: 1, usage: "one parameter: the string or XML to be parsed", eval: evalJSON},
		{Name: "xml", Min: 1, Max: 1, usage: "one parameter: the string or object to be converted", eval: evalXML},
		{Name: "xpath", Min: 2, Max: 2, usage: "two parameters: an XML object and an XPath expression", eval: evalXPath},
	}
}

// evalJSON parses text, or turns XML into JSON.
func evalJSON(c invocation) (Value, error) {
	text := ""
	if e, ok := c.args[0].envelope(); ok {
		if e.isXML() {
			return c.jsonOfXML(e)
		}
		text = e.text()
	} else {
		var err error
		if text, err = c.text(0); err != nil {
			return Value{}, err
		}
	}
	v, err := ReadJSON(text)
	if err != nil {
		return Value{}, c.fail(ConversionError, "parameter is not valid. The provided value '%s' cannot be parsed: '%s'. %s", excerpt(text), err.Error(), c.see())
	}
	return v, nil
}

// excerpt bounds what a message quotes.
func excerpt(s string) string {
	const limit = 1000
	if utf16Length(s) <= limit {
		return s
	}
	return utf16Slice(s, 0, limit) + "…"
}

func (c invocation) jsonOfXML(e envelope) (Value, error) {
	doc, err := parseXML(e.xmlSource())
	if err == nil {
		err = checkEncoding(doc, e.content)
	}
	var v Value
	if err == nil {
		v, err = xmlToJSON(doc)
	}
	if err != nil {
		return Value{}, c.fail(ConversionError, "parameter is not valid. The provided XML cannot be converted to JSON: '%s'. %s", err.Error(), c.see())
	}
	return v, nil
}

// evalXML parses text and writes it again, relabels an envelope, converts an object.
// Only bytes of no particular type must be XML to be called so: an envelope of any
// other type is not looked into.
func evalXML(c invocation) (Value, error) {
	v := c.args[0]
	if e, ok := v.envelope(); ok {
		if strings.HasPrefix(strings.ToLower(e.contentType), typeBinary) {
			if _, err := parseXML(e.xmlSource()); err != nil {
				return Value{}, c.badXML(err)
			}
		}
		return envelopeValue(typeXML, e.base64), nil
	}
	var doc *xmlNode
	var err error
	switch v.kind {
	case KindString:
		doc, err = parseXML(v.str)
	case KindObject:
		doc, err = jsonToXML(v)
	default:
		return Value{}, c.wrongKind(0, "a string or an object")
	}
	if err != nil {
		return Value{}, c.badXML(err)
	}
	return Envelope(typeXML, []byte(xmlString(doc))), nil
}

func (c invocation) badXML(err error) error {
	return c.fail(ConversionError, "parameter is not valid. The provided value cannot be converted to XML: '%s'. %s", err.Error(), c.see())
}

// xmlSource decodes the content of an XML envelope: by its byte order mark or first
// bytes, by the charset of its type, by its declaration, else as UTF-8.
func (e envelope) xmlSource() string {
	if decode, ok := charset(wideEncoding(e.content)); ok && wideEncoding(e.content) != "" {
		return decode(e.content)
	}
	name := parameter(e.contentType, "charset")
	if name == "" && !bytes.HasPrefix(e.content, []byte("\uFEFF")) {
		name = declaredEncoding(e.content)
	}
	decode, ok := charset(name)
	if wide, _ := charset("utf-16"); !ok || wide != nil && strings.HasPrefix(strings.ToLower(name), "utf-16") && wideEncoding(e.content) == "" {
		decode = decodeUTF8
	}
	return decode(e.content)
}

// wideEncoding is the encoding of two bytes a character that content begins in, "" if
// it does not.
func wideEncoding(content []byte) string {
	for name, starts := range map[string][]string{"utf-16le": {"\xFF\xFE", "<\x00"}, "utf-16be": {"\xFE\xFF", "\x00<"}} {
		for _, start := range starts {
			if bytes.HasPrefix(content, []byte(start)) {
				return name
			}
		}
	}
	return ""
}

// declaredEncoding is the encoding that content in single bytes declares.
func declaredEncoding(content []byte) string {
	if !bytes.HasPrefix(content, []byte("<?xml")) {
		return ""
	}
	head, _, _ := bytes.Cut(content, []byte("?>"))
	r := &xmlReader{text: decodeLatin1(head) + "?>", scope: newXMLScope()}
	doc := r.node(xmlDocument)
	if r.declaration(doc) != nil {
		return ""
	}
	name, _ := doc.first.attr("encoding")
	return name
}

// checkEncoding refuses a declared encoding that is not known or that the content
// cannot be in: what the service finds when it reads bytes (wdl-semantics §8).
func checkEncoding(doc *xmlNode, content []byte) error {
	d := doc.child(xmlDeclaration)
	if d == nil {
		return nil
	}
	name, _ := d.attr("encoding")
	if _, known := charset(name); !known {
		return fmt.Errorf("System does not support '%s' encoding.", name)
	}
	wide := strings.HasPrefix(strings.ToLower(name), "u") && !equalFold(name, "utf-8") && !equalFold(name, "utf8") && !equalFold(name, "us-ascii")
	if wide && wideEncoding(content) == "" {
		return errors.New("There is no Unicode byte order mark. Cannot switch to Unicode.")
	}
	return nil
}
