package expr

// Form fields and multipart parts of an action's or the trigger's body
// (wdl-semantics §7.3).

import (
	"errors"
	"strings"
)

func formFunctions() []Function {
	action := func(name, second string, eval func(c invocation, body Value, last Value) (Value, error)) Function {
		return Function{
			Name: name, Min: 2, Max: 2, Contextual: true,
			usage: "two parameters: the name of the action as the first parameter, " + second + " as the second parameter",
			eval: func(c invocation) (Value, error) {
				if _, err := c.text(0); err != nil {
					return Value{}, err
				}
				body, err := c.body("body", c.args[:1])
				if err != nil {
					return Value{}, err
				}
				return eval(c, body, c.args[1])
			},
		}
	}
	trigger := func(name string, eval func(c invocation, body Value, last Value) (Value, error)) Function {
		return Function{Name: name, Min: 1, Max: 1, Contextual: true, eval: func(c invocation) (Value, error) {
			body, err := c.body("triggerBody", nil)
			if err != nil {
				return Value{}, err
			}
			return eval(c, body, c.args[0])
		}}
	}
	return []Function{
		action("formDataValue", "the name of the form field", formDataValue),
		action("formDataMultiValues", "the name of the form field", formDataMultiValues),
		action("multipartBody", "the index of the multipart content", multipartBody),
		trigger("triggerFormDataValue", formDataValue),
		trigger("triggerFormDataMultiValues", formDataMultiValues),
		trigger("triggerMultipartBody", multipartBody),
	}
}

func (c invocation) body(function string, args []Value) (Value, error) {
	body, err := c.e.env.Lookup(function, args)
	var missing *Error
	if errors.As(err, &missing) && missing.Kind == ContextError && missing.Function == function {
		return Value{}, NotExpected(c.function.Name)
	}
	if err != nil {
		return Value{}, err
	}
	if body.HasReference() {
		return Value{}, unloaded(body)
	}
	return body, nil
}

// wrongContent complains about the type of a body.
func (c invocation) wrongContent(body Value, wanted string) error {
	contentType := ""
	if t, ok := body.Get("$content-type"); ok {
		contentType = t.Text()
	}
	return c.notValid("The content type of the body is '%s'. The function requires %s.", contentType, wanted)
}

func formDataValue(c invocation, body, field Value) (Value, error) {
	found, err := formDataMultiValues(c, body, field)
	if err != nil {
		return Value{}, err
	}
	if found.Len() > 1 {
		return Value{}, c.notValid("The form field '%s' occurs %d times. Use 'formDataMultiValues' to get all of its values.", field.Text(), found.Len())
	}
	return found.Index(0), nil
}

func formDataMultiValues(c invocation, body, field Value) (Value, error) {
	name, ok := field.AsString()
	if !ok {
		return Value{}, c.wrongType(len(c.args)-1, "string")
	}
	if fields, ok := body.Get("$formdata"); ok && fields.kind == KindArray {
		return formFields(fields, name), nil
	}
	if parts, ok := body.Get("$multipart"); ok && parts.kind == KindArray && isType(body, "multipart/form-data") {
		return formParts(parts, name), nil
	}
	return Value{}, c.wrongContent(body, "'application/x-www-form-urlencoded' or 'multipart/form-data'")
}

func isType(body Value, media string) bool {
	t, _ := body.Get("$content-type")
	got, _, _ := strings.Cut(t.Text(), ";")
	return strings.EqualFold(strings.TrimSpace(got), media)
}

func formFields(fields Value, name string) Value {
	var values []Value
	for _, field := range fields.elements() {
		key, _ := field.Get("key")
		if s, ok := key.AsString(); ok && equalFold(s, name) {
			value, _ := field.Get("value")
			values = append(values, value)
		}
	}
	return arrayOf(values)
}

// formParts finds the bodies of the parts that a content disposition names so.
func formParts(parts Value, name string) Value {
	var values []Value
	for _, part := range parts.elements() {
		headers, _ := part.Get("headers")
		disposition, _ := headers.Get("Content-Disposition")
		if equalFold(parameter(disposition.Text(), "name"), name) {
			value, _ := part.Get("body")
			values = append(values, value)
		}
	}
	return arrayOf(values)
}

func multipartBody(c invocation, body, index Value) (Value, error) {
	i, ok := index.AsInt()
	if !ok {
		return Value{}, c.wrongType(len(c.args)-1, "integer")
	}
	parts, ok := body.Get("$multipart")
	if !ok || parts.kind != KindArray {
		return Value{}, c.wrongContent(body, "a multipart content type")
	}
	if i < 0 || i >= int64(parts.Len()) {
		return Value{}, c.notValid("The index '%d' is outside the bounds of the %d parts of the multipart content.", i, parts.Len())
	}
	part, _ := parts.Index(int(i)).Get("body")
	return part, nil
}
