package expr

import "strings"

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
	} else if c.args[0].kind == KindString {
		text = c.args[0].str
	} else {
		return Value{}, c.wrongKind(0, "a string or an XML")
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
