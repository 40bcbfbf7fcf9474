package deploy

import (
	"fmt"
	"slices"
	"strings"

	"isle/expr"
)

// Types of parameters and outputs: the plain ones, and those that a template defines
// under "definitions" and names with "$ref". A type may hold more: the types of an
// object's properties and of what else it has, of an array's elements, and which of
// several types an object is, by one of its properties ("discriminator").

// types are the definitions of a template.
type types struct {
	definitions expr.Value
	any         bool // a type may be left out: then it is any
}

func typesOf(template expr.Value) types {
	return types{object(template, "definitions"), isSymbolic(template)}
}

const definitionsPrefix = "#/definitions/"

// resolve follows "$ref". What stands beside it holds too, before what it leads to.
func (t types) resolve(rules expr.Value) expr.Value {
	for range 32 { // a chain that leads back to itself ends
		ref, ok := text(rules, "$ref")
		if !ok {
			break
		}
		target, ok := t.named(ref)
		if !ok {
			break
		}
		for name, v := range rules.Members() {
			if name != "$ref" {
				target = target.With(name, v)
			}
		}
		rules = target
	}
	return rules
}

func (t types) named(ref string) (expr.Value, bool) {
	name, ok := strings.CutPrefix(ref, definitionsPrefix)
	if !ok {
		return expr.Value{}, false
	}
	v, ok := member(t.definitions, strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
	return v, ok && v.Kind() == expr.KindObject
}

// refused says what is wrong with a type as it is written, or "".
func (t types) refused(rules expr.Value) string {
	if ref, ok := text(rules, "$ref"); ok {
		if _, ok := t.named(ref); !ok {
			return fmt.Sprintf("refers to the type '%s', which is not defined: a type stands under 'definitions' of the template and is named '%sname'", ref, definitionsPrefix)
		}
	}
	typ, ok := text(t.resolve(rules), "type")
	if !ok && t.any && !hasMember(t.resolve(rules), "$ref") {
		return ""
	}
	if !slices.Contains(parameterTypes, strings.ToLower(typ)) {
		return fmt.Sprintf("has the type '%s'. Its type must be one of '%s'", typ, strings.Join(parameterTypes, ", "))
	}
	return ""
}

// secure reports whether a type, or one of those in it, is secure.
func (t types) secure(rules expr.Value) bool { return t.secureIn(rules, map[string]bool{}) }

// secureIn is secure, without the definitions that were looked at before.
func (t types) secureIn(rules expr.Value, seen map[string]bool) bool {
	if ref, ok := text(rules, "$ref"); ok {
		if seen[ref] {
			return false
		}
		seen[ref] = true
	}
	rules = t.resolve(rules)
	if typ, _ := text(rules, "type"); isSecure(typ) {
		return true
	}
	return slices.ContainsFunc(inner(rules), func(part expr.Value) bool { return t.secureIn(part, seen) })
}

// inner are the types that a type is made of.
func inner(rules expr.Value) []expr.Value {
	var list []expr.Value
	for _, name := range []string{"items", "additionalProperties"} {
		if v, ok := member(rules, name); ok {
			list = append(list, v)
		}
	}
	discriminator, _ := member(rules, "discriminator")
	for _, group := range []expr.Value{object(rules, "properties"), object(discriminator, "mapping")} {
		for _, v := range group.Members() {
			list = append(list, v)
		}
	}
	prefix, _ := member(rules, "prefixItems")
	for _, v := range prefix.Elements() {
		list = append(list, v)
	}
	return list
}

// typeCheck holds a value against a type and collects what does not fit.
type typeCheck struct {
	types
	secret bool // values are not shown
	wrong  []string
}

// check is of the value at a path in the subject, "" for the whole.
func (c *typeCheck) check(v, rules expr.Value, path string) {
	if len(c.wrong) >= maxProblems {
		return
	}
	rules = c.resolve(rules)
	nullable, _ := member(rules, "nullable")
	if is, _ := nullable.AsBool(); is && v.IsNull() {
		return
	}
	typ, _ := text(rules, "type")
	if typ != "" && !hasType(v, typ) {
		c.add(path, "JToken type is not valid. Expected '%s'. Actual '%s'.", typeWords(typ), v.TypeName())
		return
	}
	if allowed, ok := member(rules, "allowedValues"); ok && !allows(allowed, v) {
		c.add(path, "The provided value '%s' is not valid. The value is not part of the allowed value(s): '%s'.", c.shown(v), listed(allowed))
	}
	for _, b := range bounds() {
		rule, _ := member(rules, b.rule)
		if limit, ok := rule.AsInt(); ok && b.breaks(v, limit) {
			c.add(path, "The provided value is not valid: %s %d.", b.words, limit)
		}
	}
	c.checkInside(v, rules, path)
}

// checkInside is check of what a value holds, by its resolved type.
func (c *typeCheck) checkInside(v, rules expr.Value, path string) {
	switch v.Kind() {
	case expr.KindObject:
		c.checkObject(v, rules, path)
	case expr.KindArray:
		c.checkArray(v, rules, path)
	}
}

func (c *typeCheck) add(path, format string, args ...any) {
	at := ""
	if path != "" {
		at = "The value at '" + path + "': "
	}
	c.wrong = append(c.wrong, at+fmt.Sprintf(format, args...))
}

func (c *typeCheck) shown(v expr.Value) string {
	if c.secret {
		return "(secure)"
	}
	return v.Text()
}

func (c *typeCheck) checkObject(v, rules expr.Value, path string) {
	if discriminator, ok := member(rules, "discriminator"); ok {
		c.checkVariant(v, discriminator, path)
		return
	}
	properties := object(rules, "properties")
	for name, p := range properties.Members() {
		m, ok := member(v, name)
		nullable, _ := member(c.resolve(p), "nullable")
		optional, _ := nullable.AsBool()
		switch {
		case ok:
			c.check(m, p, path+"/"+name)
		case !optional:
			c.add(path, "The property '%s' is required and missing.", name)
		}
	}
	rest, ok := member(rules, "additionalProperties")
	if !ok {
		return
	}
	allowed, sealed := rest.AsBool()
	for name, m := range v.Members() {
		if hasMember(properties, name) {
			continue
		}
		switch {
		case sealed && !allowed:
			c.add(path, "The property '%s' is not allowed. Permissible properties: '%s'.", name, strings.Join(names(properties), ", "))
		case rest.Kind() == expr.KindObject:
			c.check(m, rest, path+"/"+name)
		}
	}
}

// checkVariant finds the type that an object says it is of.
func (c *typeCheck) checkVariant(v, discriminator expr.Value, path string) {
	name, _ := text(discriminator, "propertyName")
	mapping := object(discriminator, "mapping")
	tag, _ := text(v, name)
	variant, ok := member(mapping, tag)
	if !ok {
		c.add(path, "The property '%s' tells the kind of the object and must be one of '%s'.", name, strings.Join(names(mapping), ", "))
		return
	}
	c.checkObject(v, c.resolve(variant).Without("discriminator"), path) // else one could lead back to itself
}

func (c *typeCheck) checkArray(v, rules expr.Value, path string) {
	prefix, _ := member(rules, "prefixItems")
	items, has := member(rules, "items")
	more, closed := items.AsBool()
	for i, e := range v.Elements() {
		at := fmt.Sprintf("%s/%d", path, i)
		switch {
		case i < prefix.Len():
			c.check(e, prefix.Index(i), at)
		case has && closed && !more:
			c.add(path, "The array has %d elements; at most %d are allowed.", v.Len(), prefix.Len())
			return
		case items.Kind() == expr.KindObject:
			c.check(e, items, at)
		}
	}
}
