package expr

// Form fields and multipart parts of an action's or the trigger's body
// (wdl-semantics §7.3).

import (
	"errors"
	"fmt"
	"strings"
)

func formFunctions() []Function {
	action := func(name, second string, eval formFunction) Function {
		return Function{
			Name: name, Min: 2, Max: 2, Contextual: true,
			usage: "two parameters: the name of the action as the first parameter, " + second + " as the second parameter",
			eval: func(c invocation) (Value, error) {
				if _, err := c.text(0); err != nil {
					return Value{}, err
				}
				outputs, err := c.outputs("outputs", c.args[:1])
				if err != nil {
					return Value{}, err
				}
				return eval(c, outputs)
			},
		}
	}
	trigger := func(name string, eval formFunction) Function {
		return Function{Name: name, Min: 1, Max: 1, Contextual: true, eval: func(c invocation) (Value, error) {
			outputs, err := c.outputs("triggerOutputs", nil)
			if err != nil {
				return Value{}, err
			}
			return eval(c, outputs)
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

// A formFunction reads the outputs of an action or trigger; what it looks for is the
// last argument.
type formFunction func(c invocation, outputs formOutputs) (Value, error)

// formOutputs is what the form functions read of outputs. The type is that of the
// header Content-Type, not that of the body (measured); "<null>" if there is none.
type formOutputs struct {
	contentType string
	body        Value
}

// outputs asks the environment, with a contextual function of another name.
func (c invocation) outputs(function string, args []Value) (formOutputs, error) {
	outputs, err := c.e.env.Lookup(function, args)
	var missing *Error
	if errors.As(err, &missing) && missing.Kind == ContextError && missing.Function == function {
		return formOutputs{}, NotExpected(c.function.Name)
	}
	if err != nil {
		return formOutputs{}, err
	}
	headers, _ := outputs.Get("headers")
	contentType, ok := headers.Get("Content-Type")
	body, _ := outputs.Get("body")
	for _, v := range []Value{outputs, headers} {
		if v.kind == KindReference {
			return formOutputs{}, unloaded(v)
		}
	}
	for _, v := range []Value{contentType, body} {
		if v.HasReference() {
			return formOutputs{}, unloaded(v)
		}
	}
	if !ok || contentType.IsNull() {
		contentType = String("<null>")
	}
	return formOutputs{contentType.Text(), body}, nil
}

// media is the type without parameters, in lower case.
func (o formOutputs) media() string {
	media, _, _ := strings.Cut(o.contentType, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// notRetrieved says why the outputs hold no form or multipart contents.
func (c invocation) notRetrieved(what, format string, args ...any) error {
	return c.fail(ArgumentError, "failed to retrieve %s contents from outputs. %s", what, fmt.Sprintf(format, args...))
}

func formDataValue(c invocation, outputs formOutputs) (Value, error) {
	found, err := formDataMultiValues(c, outputs)
	switch {
	case err != nil:
		return Value{}, err
	case found.Len() > 1:
		return Value{}, c.notRetrieved("formdata", "There are more than one items matching the field name '%s'.", c.args[len(c.args)-1].Text())
	}
	return found.Index(0), nil
}

func formDataMultiValues(c invocation, outputs formOutputs) (Value, error) {
	name, err := c.text(len(c.args) - 1)
	if err != nil {
		return Value{}, err
	}
	switch outputs.media() {
	case "application/x-www-form-urlencoded", "multipart/form-data":
	default:
		return Value{}, c.notRetrieved("formdata", "The output content is not a valid form data content. Supported form data content types are 'multipart/form-data' and 'application/x-www-form-urlencoded' and the provided content type is '%s'.", outputs.contentType)
	}
	if fields, ok := outputs.body.Get("$formdata"); ok {
		return formFields(fields, name), nil
	}
	parts, _ := outputs.body.Get("$multipart")
	return formParts(parts, name), nil
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

func multipartBody(c invocation, outputs formOutputs) (Value, error) {
	i, err := c.integer(len(c.args) - 1)
	if err != nil {
		return Value{}, err
	}
	if !strings.HasPrefix(outputs.media(), "multipart/") {
		// The blank at the end is the service's.
		return Value{}, c.notRetrieved("multipart", "The supported multipart content type is 'multipart/*' and the provided content type is '%s'. ", outputs.contentType)
	}
	parts, _ := outputs.body.Get("$multipart")
	if i < 0 || i >= int64(parts.Len()) {
		return Value{}, c.notRetrieved("multipart", "The index value '%d' exceeds the number of multipart contents '%d' in the outputs.", i, parts.Len())
	}
	body, _ := parts.Index(int(i)).Get("body")
	return body, nil
}
