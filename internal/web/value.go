package web

import (
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// object makes one of names and values in turn; a text or a Go bool stands for its value,
// a null value is left out.
func object(parts ...any) expr.Value {
	var members []expr.Member
	for i := 0; i+1 < len(parts); i += 2 {
		v := valueOf(parts[i+1])
		if v.IsNull() {
			continue
		}
		members = append(members, expr.Member{Name: parts[i].(string), Value: v})
	}
	return expr.Object(members...)
}

func valueOf(v any) expr.Value {
	switch v := v.(type) {
	case string:
		if v == "" {
			return expr.Null()
		}
		return expr.String(v)
	case bool:
		return expr.Bool(v)
	case []string:
		values := make([]expr.Value, len(v))
		for i, s := range v {
			values[i] = expr.String(s)
		}
		return expr.Array(values...)
	}
	return v.(expr.Value)
}

// at follows the names of members.
func at(v expr.Value, names ...string) expr.Value {
	for _, name := range names {
		v, _ = v.Get(name)
	}
	return v
}

func text(v expr.Value, names ...string) string {
	s, _ := at(v, names...).AsString()
	return strings.TrimSpace(s)
}

// folded finds a member in any letter case, as connectors name their parameters
// (connections §6).
func folded(v expr.Value, name string) (expr.Value, bool) {
	for other, value := range v.Members() {
		if strings.EqualFold(other, name) {
			return value, true
		}
	}
	return expr.Null(), false
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func reference(id, typ string) expr.Value {
	return object("id", id, "name", lastSegment(id), "type", typ)
}

// decode reads a stored form; one of a newer version is refused.
func decode[Form any](r store.Resource) (*Form, error) { return arm.Decode[Form](r, formVersion) }

// propertiesOf are those of a request, an object.
func propertiesOf(r *arm.PutRequest, found *arm.Found) expr.Value {
	p := r.Properties()
	if p.Kind() != expr.KindObject {
		found.Add(codeInvalidContent, "properties", "The request content is not valid: 'properties' must be an object.")
		return expr.Object()
	}
	return p
}

// checkTexts wants members to be texts where they are given.
func checkTexts(v expr.Value, place string, found *arm.Found, names ...string) {
	for _, name := range names {
		if m := at(v, name); !m.IsNull() && m.Kind() != expr.KindString {
			found.Add(codeInvalidContent, place+"."+name, "'%s.%s' must be a text, not of type '%s'.", place, name, m.TypeName())
		}
	}
}

// environmentOf is the environment that a request names: by the property that lists are
// filtered by, or by a reference (connections §1.2, §2).
func environmentOf(properties expr.Value) (id, place string) {
	if id := text(properties, "integrationServiceEnvironmentResourceId"); id != "" {
		return id, "properties.integrationServiceEnvironmentResourceId"
	}
	return text(properties, "integrationServiceEnvironment", "id"), "properties.integrationServiceEnvironment.id"
}
