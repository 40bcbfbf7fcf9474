package logic

import (
	"net/url"
	"regexp"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// A trigger's schema may be of any draft; OpenAPI 2.0 has a part of draft 4. What is
// beyond that part is left out, so that the description accepts more than the trigger
// does, never less.

// addSchemas adds a trigger's schema, and those that it defines itself, to the
// definitions of a document.
func addSchemas(to *fields, name string, schema expr.Value) {
	c := &schemaConversion{name: name, inner: map[string]string{}}
	for _, members := range [...]string{"definitions", "$defs"} {
		for inner := range path(schema, members).Members() {
			c.inner["#/"+members+"/"+inner] = name + "-" + inner
		}
	}
	to.add(name, c.convert(schema))
	for _, members := range [...]string{"definitions", "$defs"} {
		for inner, v := range path(schema, members).Members() {
			to.add(name+"-"+inner, c.convert(v))
		}
	}
}

// schemaConversion is that of one trigger's schema.
type schemaConversion struct {
	name  string            // of the definition it becomes
	inner map[string]string // reference within the schema → definition
}

func (c *schemaConversion) convert(schema expr.Value) expr.Value {
	if ref, ok := path(schema, "$ref").AsString(); ok {
		return c.reference(ref)
	}
	var f fields
	typ, nullable := schemaType(path(schema, "type"))
	f.text("type", typ)
	if nullable {
		f.add("x-nullable", expr.Bool(true))
	}
	for name, v := range schema.Members() {
		c.keyword(&f, name, v)
	}
	if items, given := schema.Get("items"); typ == "array" && (!given || items.Kind() != expr.KindObject) {
		f.add("items", object())
	}
	c.properties(&f, path(schema, "properties"), path(schema, "required"))
	return f.value()
}

// reference leads to a definition of the document; one that leads elsewhere allows all.
func (c *schemaConversion) reference(ref string) expr.Value {
	if ref == "#" {
		return schemaReference(c.name)
	}
	decoded, err := url.PathUnescape(ref)
	if err == nil {
		decoded = strings.NewReplacer("~1", "/", "~0", "~").Replace(decoded)
	}
	if name, ok := c.inner[decoded]; ok {
		return schemaReference(name)
	}
	return object()
}

// schemaType is the one type that OpenAPI can name; "" for several or none.
func schemaType(v expr.Value) (typ string, nullable bool) {
	var types []string
	for _, t := range v.Elements() {
		if text, _ := t.AsString(); text == "null" {
			nullable = true
		} else {
			types = append(types, text)
		}
	}
	if text, ok := v.AsString(); ok {
		types = []string{text}
	}
	if len(types) != 1 {
		return "", nullable
	}
	typ, ok := arm.Choice(types[0], "string", "number", "integer", "boolean", "array", "object")
	if !ok {
		return "", nullable
	}
	return typ, nullable
}

// keyword adds what one keyword becomes, if it stays.
func (c *schemaConversion) keyword(f *fields, name string, v expr.Value) {
	switch name {
	case "title", "description", "format":
		if text, ok := v.AsString(); ok {
			f.text(name, text)
		}
	case "pattern":
		if text, ok := v.AsString(); ok {
			if _, err := regexp.Compile(text); err == nil {
				f.text(name, text)
			}
		}
	case "maximum", "minimum":
		if _, ok := v.AsFloat(); ok {
			f.add(name, v)
		}
	case "maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties":
		if n, ok := v.AsInt(); ok && n >= 0 {
			f.add(name, v)
		}
	case "multipleOf":
		if n, ok := v.AsFloat(); ok && n > 0 {
			f.add(name, v)
		}
	case "uniqueItems", "readOnly":
		if _, ok := v.AsBool(); ok {
			f.add(name, v)
		}
	case "enum":
		if v.Kind() == expr.KindArray && v.Len() > 0 {
			f.add(name, distinct(v))
		}
	case "const":
		f.add("enum", expr.Array(v))
	case "items", "additionalProperties":
		if _, isBool := v.AsBool(); isBool && name == "additionalProperties" {
			f.add(name, v)
		} else if v.Kind() == expr.KindObject {
			f.add(name, c.convert(v))
		}
	case "allOf":
		var all []expr.Value
		for _, part := range v.Elements() {
			all = append(all, c.convert(part))
		}
		if len(all) > 0 {
			f.add(name, expr.Array(all...))
		}
	}
}

// properties adds the members, and those that are required without being described.
func (c *schemaConversion) properties(f *fields, properties, required expr.Value) {
	described := object()
	for name, v := range properties.Members() {
		described = described.With(name, c.convert(v))
	}
	var names []expr.Value
	for _, r := range distinct(required).Elements() {
		name, ok := r.AsString()
		if !ok {
			continue
		}
		names = append(names, r)
		if _, there := described.Get(name); !there {
			described = described.With(name, object())
		}
	}
	if described.Len() > 0 {
		f.add("properties", described)
	}
	if len(names) > 0 {
		f.add("required", expr.Array(names...))
	}
}

func distinct(list expr.Value) expr.Value {
	var kept []expr.Value
	seen := map[string]bool{}
	for _, v := range list.Elements() {
		if text := string(v.JSON()); !seen[text] {
			seen[text] = true
			kept = append(kept, v)
		}
	}
	return expr.Array(kept...)
}
