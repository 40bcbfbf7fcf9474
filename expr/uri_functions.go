package expr

// The functions that take a URI apart (wdl-functions.json, category uri).
func uriFunctions() []Function {
	part := func(name string, of func(absoluteURI) Value) Function {
		return Function{Name: name, Min: 1, Max: 1, eval: func(c invocation) (Value, error) {
			text, err := c.text(0)
			if err != nil {
				return Value{}, err
			}
			u, ok := parseAbsoluteURI(text)
			if !ok {
				return Value{}, c.failWith(ConversionError, "In function '%s', the value provided for URI string '%s' was not valid. The string must be an absolute URI.", c.name, shown(text))
			}
			return of(u), nil
		}}
	}
	return []Function{
		part("uriHost", func(u absoluteURI) Value { return String(u.host) }),
		part("uriPath", func(u absoluteURI) Value { return String(u.path) }),
		part("uriPathAndQuery", func(u absoluteURI) Value { return String(u.path + u.query) }),
		part("uriPort", func(u absoluteURI) Value { return Int(int64(u.port)) }),
		part("uriQuery", func(u absoluteURI) Value { return String(u.query) }),
		part("uriScheme", func(u absoluteURI) Value { return String(u.scheme) }),
	}
}
