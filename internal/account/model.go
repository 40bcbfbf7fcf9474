package account

import (
	_ "embed"
	"fmt"
	"math"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

//go:embed models.txt
var modelTable string

// models are the objects and choices of models.txt, by name. Read-only.
type models struct {
	objects map[string][]field
	choices map[string][]string
}

// field is a member of an object.
type field struct {
	name     string
	required bool
	list     bool   // an array of what kind says
	kind     string // text, flag, int32, int64, time, any, or a name of models
}

// readModels reads models.txt; the error names the line.
func readModels(table string) (*models, error) {
	m := &models{objects: map[string][]field{}, choices: map[string][]string{}}
	object := ""
	for i, line := range strings.Split(table, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "\t") && object != "" && len(words) == 2:
			name, required := strings.CutSuffix(words[0], "!")
			kind, list := strings.CutPrefix(words[1], "[]")
			m.objects[object] = append(m.objects[object], field{name, required, list, kind})
		case len(words) > 2 && words[1] == "=":
			m.choices[words[0]] = words[2:]
		case len(words) == 1:
			object = words[0]
			m.objects[object] = nil
		default:
			return nil, fmt.Errorf("account: models, line %d: %q is neither an object nor a member nor a choice", i+1, line)
		}
	}
	return m, m.complete()
}

// complete wants every type that is named to be there.
func (m *models) complete() error {
	for object, fields := range m.objects {
		for _, f := range fields {
			if !isScalar(f.kind) && m.objects[f.kind] == nil && m.choices[f.kind] == nil {
				return fmt.Errorf("account: models: %s.%s is of type %s, which is not there", object, f.name, f.kind)
			}
		}
	}
	return nil
}

func isScalar(kind string) bool {
	switch kind {
	case "text", "flag", "int32", "int64", "time", "any":
		return true
	}
	return false
}

// check holds a value to an object of the models and gives it in the models' own
// spelling: members and choices ignore letter case, null is as good as nothing. What
// the model does not know is kept. target is the path of the value, "" for the body.
func (m *models) check(v expr.Value, object, target string, found *arm.Found) expr.Value {
	if v.Kind() != expr.KindObject {
		found.Add(wdl.CodeInvalidRequestContent, target, "The request content is not valid and could not be deserialized: %s must be an object, not a JSON %s.", place(target), jsonName(v))
		return v
	}
	fields := m.objects[object]
	var known, rest []expr.Member
	for _, f := range fields {
		member, _ := v.Get(f.name)
		if member.IsNull() {
			if f.required {
				found.Add(wdl.CodeInvalidRequestContent, join(target, f.name), "The request content is not valid and could not be deserialized: 'Required property '%s' not found in JSON. Path '%s'.'.", f.name, target)
			}
			continue
		}
		known = append(known, expr.Member{Name: f.name, Value: m.value(member, f, join(target, f.name), found)})
	}
	for name, member := range v.Members() {
		if !member.IsNull() && !knows(fields, name) {
			rest = append(rest, expr.Member{Name: name, Value: member})
		}
	}
	return expr.Object(append(known, rest...)...)
}

// place names what a path is about.
func place(target string) string {
	if target == "" {
		return "the body"
	}
	return "'" + target + "'"
}

func knows(fields []field, name string) bool {
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// maxProblems is how many problems end the look at a list: who has made so many need not
// be told of all.
const maxProblems = 200

func (m *models) value(v expr.Value, f field, target string, found *arm.Found) expr.Value {
	if !f.list {
		return m.one(v, f.kind, target, found)
	}
	if v.Kind() != expr.KindArray {
		mismatch(found, target, "an array", v)
		return v
	}
	values := make([]expr.Value, 0, v.Len())
	for i, e := range v.Elements() {
		if len(*found) >= maxProblems {
			break
		}
		values = append(values, m.one(e, f.kind, fmt.Sprintf("%s[%d]", target, i), found))
	}
	return expr.Array(values...)
}

func (m *models) one(v expr.Value, kind, target string, found *arm.Found) expr.Value {
	if choices, ok := m.choices[kind]; ok {
		return choice(v, choices, target, found)
	}
	switch kind {
	case "any":
	case "text":
		if _, ok := v.AsString(); !ok {
			mismatch(found, target, "a text", v)
		}
	case "flag":
		if _, ok := v.AsBool(); !ok {
			mismatch(found, target, "true or false", v)
		}
	case "int32", "int64":
		return integer(v, kind, target, found)
	case "time":
		if text, ok := v.AsString(); !ok || !isTime(text) {
			found.Add(wdl.CodeInvalidRequestContent, target, "The value of '%s' is no time. Give one such as 2030-01-31T00:00:00Z.", target)
		}
	default:
		return m.check(v, kind, target, found)
	}
	return v
}

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

func choice(v expr.Value, choices []string, target string, found *arm.Found) expr.Value {
	text, ok := v.AsString()
	if !ok {
		mismatch(found, target, "a text", v)
		return v
	}
	if spelled, ok := arm.Choice(text, choices...); ok {
		return expr.String(spelled)
	}
	found.Add(wdl.CodeInvalidRequestContent, target, "The value '%s' of '%s' is not valid. Give one of: %s.", shorten(text), target, strings.Join(choices, ", "))
	return v
}

// integer accepts whole numbers of the size, also such as 3.0, which clients of
// JavaScript write.
func integer(v expr.Value, kind, target string, found *arm.Found) expr.Value {
	n, ok := v.AsInt()
	if f, isFloat := v.AsFloat(); !ok && isFloat && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		n, ok = int64(f), true
	}
	if !ok || kind == "int32" && (n < math.MinInt32 || n > math.MaxInt32) {
		mismatch(found, target, "a whole number of "+strings.TrimPrefix(kind, "int")+" bits", v)
		return v
	}
	return expr.Int(n)
}

func mismatch(found *arm.Found, target, want string, v expr.Value) {
	found.Add(wdl.CodeInvalidRequestContent, target, "The request content is not valid and could not be deserialized: '%s' must be %s, not a JSON %s.", target, want, jsonName(v))
}

// jsonName is the name of a value's type in JSON's own terms.
func jsonName(v expr.Value) string {
	switch v.Kind() {
	case expr.KindNull:
		return "null"
	case expr.KindBool:
		return "boolean"
	case expr.KindString:
		return "string"
	case expr.KindArray:
		return "array"
	case expr.KindObject:
		return "object"
	}
	return "number"
}

func join(target, name string) string {
	if target == "" {
		return name
	}
	return target + "." + name
}

// shorten bounds what a message repeats of a request.
func shorten(text string) string {
	const most = 256
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
