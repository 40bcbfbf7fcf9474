package deploy

import (
	"strings"
	"unicode/utf16"

	"isle/expr"
)

// parameter is a declared parameter with its value, which is a template when it
// comes from a default and data when the caller gave it.
type parameter struct {
	name     string
	typ      string // lower case, one of parameterTypes
	value    expr.Value
	computed bool // the value is a default, still to be evaluated
	nullable bool
	secret   bool // its type, or one in it, is secure
	rules    expr.Value
	types    types
}

// secureMember marks a value given to a linked or inner template that is a secret of the
// deployment around it, whatever the template says of its parameter. Beside a nested
// template it holds the texts of that deployment's secrets.
const secureMember = "secure"

var parameterTypes = []string{"string", "securestring", "int", "bool", "object", "secureobject", "array"}

func (p parameter) secure() bool { return p.secret }

func isSecure(typ string) bool { return strings.HasPrefix(strings.ToLower(typ), "secure") }

// shownType is a type in the API's spelling.
func shownType(typ string) string {
	switch typ = strings.ToLower(typ); typ {
	case "securestring":
		return "SecureString"
	case "secureobject":
		return "SecureObject"
	case "":
		return ""
	}
	return strings.ToUpper(typ[:1]) + typ[1:]
}

// readParameters declares the parameters and finds their values; open ones need none.
func (t *Template) readParameters(declared, values expr.Value, open bool, found *problems) {
	for name, rules := range declared.Members() {
		pointer := "/parameters/" + escape(name)
		key := strings.ToLower(name)
		resolved := t.types.resolve(rules)
		typ, _ := text(resolved, "type")
		p := parameter{name: name, typ: strings.ToLower(typ), rules: resolved, types: t.types, secret: t.types.secure(rules)}
		nullable, _ := member(resolved, "nullable")
		p.nullable, _ = nullable.AsBool()
		if wrong := t.types.refused(rules); wrong != "" {
			found.add(pointer, "The template parameter '%s' %s", name, wrong)
		} else {
			p.take(values, pointer, open, found)
		}
		t.parameters[key] = p
		t.order = append(t.order, key)
	}
	for name := range values.Members() {
		if !hasMember(declared, name) {
			found.add("/parameters", "The template parameters '%s' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '%s'", name, strings.Join(names(declared), ", "))
		}
	}
}

// take finds the parameter's value: the given one, else the default.
func (p *parameter) take(values expr.Value, pointer string, open bool, found *problems) {
	given, _ := member(values, p.name)
	if secure, _ := member(given, secureMember); !secure.IsNull() {
		p.secret = true
	}
	value, ok := member(given, "value")
	defaultValue, _ := member(p.rules, "defaultValue")
	switch {
	case hasMember(given, "reference"):
		found.add(pointer, "The value of the template parameter '%s' refers to a key vault, and there is none here. Give the value itself", p.name)
	case ok && value.IsNull() && p.nullable:
	case ok && value.IsNull():
		found.add(pointer, "The value of deployment parameter '%s' is null. Please specify the value or leave the parameter out", p.name)
	case ok:
		p.value = value
		p.check(pointer, found)
	case !defaultValue.IsNull(): // an exported template has null where a value must be given
		p.value, p.computed = defaultValue, true
	case p.nullable || open:
	default:
		found.add(pointer, "The value for the template parameter '%s' is not provided. Give it in properties.parameters as {\"%s\": {\"value\": …}}, or declare a defaultValue", p.name, p.name)
	}
}

// check holds the value against the declaration: its type, the allowed values and
// the bounds.
func (p parameter) check(pointer string, found *problems) {
	if p.value.IsNull() && p.nullable {
		return
	}
	if !hasType(p.value, p.typ) {
		found.add(pointer, "Template parameter JToken type is not valid. Expected '%s'. Actual '%s'. Change the value of the parameter '%s'", typeWords(p.typ), p.value.TypeName(), p.name)
		return
	}
	if allowed, ok := member(p.rules, "allowedValues"); ok && !allows(allowed, p.value) {
		found.add(pointer, "The provided value '%s' for the template parameter '%s' is not valid. The parameter value is not part of the allowed value(s): '%s'", p.shown(), p.name, listed(allowed))
	}
	for _, b := range bounds() {
		rule, _ := member(p.rules, b.rule)
		limit, ok := rule.AsInt()
		if ok && b.breaks(p.value, limit) {
			found.add(pointer, "The provided value for the template parameter '%s' is not valid: %s %d", p.name, b.words, limit)
		}
	}
	inside := typeCheck{types: p.types, secret: p.secret}
	inside.checkInside(p.value, p.rules, "")
	for _, wrong := range inside.wrong {
		found.add(pointer, "The provided value for the template parameter '%s' is not valid. %s", p.name, strings.TrimSuffix(wrong, "."))
	}
}

type bound struct {
	rule, words string
	breaks      func(v expr.Value, limit int64) bool
}

func bounds() []bound {
	return []bound{
		{"minValue", "it must be at least", func(v expr.Value, limit int64) bool { n, ok := v.AsInt(); return ok && n < limit }},
		{"maxValue", "it must be at most", func(v expr.Value, limit int64) bool { n, ok := v.AsInt(); return ok && n > limit }},
		{"minLength", "its length must be at least", func(v expr.Value, limit int64) bool { n, ok := length(v); return ok && n < limit }},
		{"maxLength", "its length must be at most", func(v expr.Value, limit int64) bool { n, ok := length(v); return ok && n > limit }},
	}
}

// length counts the characters of a string or the elements of an array.
func length(v expr.Value) (int64, bool) {
	if s, ok := v.AsString(); ok {
		return int64(len(utf16.Encode([]rune(s)))), true
	}
	return int64(v.Len()), v.Kind() == expr.KindArray
}

// shown is the value for a message; a secret stays one.
func (p parameter) shown() string {
	if p.secure() {
		return "(secure)"
	}
	return p.value.Text()
}

// hasType holds a value against a type; without one it is any.
func hasType(v expr.Value, typ string) bool {
	switch strings.ToLower(typ) {
	case "":
		return true
	case "string", "securestring":
		return v.Kind() == expr.KindString
	case "int":
		return v.Kind() == expr.KindInt
	case "bool":
		return v.Kind() == expr.KindBool
	case "array":
		return v.Kind() == expr.KindArray
	default:
		return v.Kind() == expr.KindObject
	}
}

// typeWords are the names that the service has for a type in its messages.
func typeWords(typ string) string {
	switch strings.ToLower(typ) {
	case "string", "securestring":
		return "String, Uri"
	case "int":
		return "Integer"
	case "bool":
		return "Boolean"
	case "array":
		return "Array"
	default:
		return "Object"
	}
}

// allows reports whether the value is one of the allowed ones; of an array each
// element may be one.
func allows(allowed, v expr.Value) bool {
	if contains(allowed, v) {
		return true
	}
	if v.Kind() != expr.KindArray {
		return false
	}
	for _, e := range v.Elements() {
		if !contains(allowed, e) {
			return false
		}
	}
	return true
}

func contains(array, v expr.Value) bool {
	for _, e := range array.Elements() {
		if expr.Equal(e, v) {
			return true
		}
	}
	return false
}

func listed(array expr.Value) string {
	var list []string
	for _, e := range array.Elements() {
		list = append(list, e.Text())
	}
	return strings.Join(list, ",")
}
