package deploy

import (
	"errors"
	"slices"
	"strings"
	"time"

	"isle/expr"
)

// What can be said of files without a deployment, for who checks them.

// Check finds what is wrong with a template, whatever its parameters' values will be;
// and if all have values, given or by default, what a deployment of it to a group
// would be refused for. What is wrong with the values is for [CheckParameters].
func Check(template, values expr.Value, now time.Time) []Problem {
	if found := checkAlone(template); len(found) > 0 {
		return found
	}
	t, found := parse(template, values, false)
	if len(found) > 0 {
		return nil
	}
	target := anywhere(template, now)
	if t.scope == scopeSubscription {
		target.Group = ""
	}
	_, found = NewPlan(t, target)
	// A default that is made of the group's location may fit no place but the real one.
	return slices.DeleteFunc(found, func(p Problem) bool { return strings.HasPrefix(p.Pointer, "/parameters/") })
}

func checkAlone(template expr.Value) []Problem {
	_, found := parse(template, expr.Object(), true)
	return found
}

// anywhere is a target of a template that is deployed nowhere.
func anywhere(template expr.Value, now time.Time) Target {
	const nobody = "00000000-0000-0000-0000-000000000000"
	return Target{
		TenantID: nobody, SubscriptionID: nobody, Group: "group", GroupLocation: "westeurope", GroupTags: expr.Object(),
		Deployment: "check", Mode: modeIncremental, Template: template, Principal: nobody,
		Endpoint: "https://localhost", Authority: "https://localhost", Time: now,
		Provider: func(string) expr.Value { return expr.Null() },
	}
}

// CheckParameters holds a parameters file, in either form, against its template. What
// is wrong with the template alone is not told.
func CheckParameters(template, file expr.Value) []Problem {
	values, err := ParametersOf(file)
	if err != nil {
		return []Problem{{Code: "InvalidParametersFile", Message: err.Error()}}
	}
	alone := map[Problem]bool{}
	for _, p := range checkAlone(template) {
		alone[p] = true
	}
	_, found := parse(template, values, false)
	var own []Problem
	for _, p := range found {
		if !alone[p] {
			own = append(own, p)
		}
	}
	return own
}

// ParametersOf reads the values of a parameters file: {name: {"value": …}}, bare or
// under "parameters" as a deploymentParameters file has them.
func ParametersOf(file expr.Value) (expr.Value, error) {
	if inside, ok := member(file, "parameters"); ok && (hasMember(file, "$schema") || hasMember(file, "contentVersion") || !hasMember(inside, "value")) {
		file = inside
	}
	if file.IsNull() {
		return expr.Object(), nil
	}
	if file.Kind() != expr.KindObject {
		return expr.Value{}, errors.New("the parameters must be an object whose members are objects with a 'value': {\"name\": {\"value\": …}}")
	}
	for name, v := range file.Members() {
		switch {
		case v.Kind() != expr.KindObject || !hasMember(v, "value") && !hasMember(v, "reference") && !hasMember(v, "expression"):
			return expr.Value{}, errors.New("the parameter '" + name + "' is not an object with a 'value': write {\"" + name + "\": {\"value\": …}}")
		case hasMember(v, "expression"):
			return expr.Value{}, errors.New("the parameter '" + name + "' is given by an 'expression', which is not supported: give its 'value'")
		}
	}
	return file, nil
}

// TypeUse is a resource type that a template deploys.
type TypeUse struct {
	Type    string // as written, with its parents' segments; "" if it is computed
	Pointer string
}

// Types lists the types of a template's resources, those of nested templates
// included.
func Types(template expr.Value) []TypeUse {
	resources, _ := member(template, "resources")
	return typesIn(resources, "/resources", nil, nil)
}

func typesIn(resources expr.Value, pointer string, parent *source, list []TypeUse) []TypeUse {
	for _, s := range readResources(resources, pointer, parent, &problems{}) {
		if s.existing {
			continue
		}
		list = append(list, TypeUse{s.literalType(), s.pointer + "/type"})
		properties, _ := member(s.body, "properties")
		if inner, ok := member(properties, "template"); ok {
			nested, _ := member(inner, "resources")
			list = typesIn(nested, s.pointer+"/properties/template/resources", nil, list)
		}
	}
	return list
}

// literalType is the whole type of a resource, "" if a part of it is computed.
func (s *source) literalType() string {
	typ, _ := text(s.body, "type")
	if typ = strings.Trim(typ, "/"); strings.HasPrefix(typ, "[") {
		return ""
	}
	if s.parent == nil {
		return typ
	}
	parent := s.parent.literalType()
	if parent == "" || strings.HasPrefix(strings.ToLower(typ), strings.ToLower(parent)+"/") {
		return typ
	}
	return parent + "/" + typ
}
