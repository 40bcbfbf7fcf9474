package expr

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
			v, err := xmlToJSON(e)
			if err != nil {
				return Value{}, c.notValid("The XML cannot be converted to JSON: %s.", err.Error())
			}
			return v, nil
		}
		text = e.text()
	} else {
		var err error
		if text, err = c.text(0); err != nil {
			return Value{}, err
		}
	}
	v, err := ReadJSON([]byte(text))
	if err != nil {
		return Value{}, c.notValid("The value cannot be parsed as JSON: %s", err.Error())
	}
	return v, nil
}

// evalXML parses text and writes it again, checks and relabels an envelope, converts
// an object.
func evalXML(c invocation) (Value, error) {
	v := c.args[0]
	if e, ok := v.envelope(); ok {
		if _, err := parseXML(e.text()); err != nil {
			return Value{}, c.badXML(err)
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
	return c.notValid("The value cannot be converted to XML: %s.", err.Error())
}
