package deploy

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// A group as a template (logic-api §5.1, ExportTemplate): what is in it now, each
// resource under a parameter for its name, IDs within the group as expressions.

// exportRoute is the action of groups.
func (p *Provider) exportRoute() arm.Route {
	return arm.Route{Method: http.MethodPost, Pattern: "/subscriptions/{subscription}/resourceGroups/{group}/exportTemplate",
		Action: arm.TypeSubscription + "/resourceGroups/exportTemplate/action", Serve: p.exportGroup}
}

// export collects a template.
type export struct {
	values, plain bool // parameters have default values; names are no parameters
	parameters    []expr.Member
	names         map[string]string   // expressions of IDs, by lower-case ID
	depends       map[string][]string // what each depends on, by its expression
	chosen        []expr.Value
}

func (p *Provider) exportGroup(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	group := scopeID(r.Values["subscription"], r.Values["group"])
	wanted, failed := exported(r.Body)
	if failed != nil {
		return nil, failed
	}
	options, _ := text(r.Body, "options")
	has := func(word string) bool { return strings.Contains(strings.ToLower(options), strings.ToLower(word)) }
	e := &export{values: has("IncludeParameterDefaultValue"), plain: has("SkipResourceNameParameterization") || has("SkipAllParameterization"), names: map[string]string{}, depends: map[string][]string{}}
	listed, err := p.resources.ListAll(ctx, r.Principal, group+"/resources", defaultVersion)
	if err != nil {
		return nil, err
	}
	for _, v := range listed {
		id, _ := text(v, "id")
		if wanted != nil && !wanted[strings.ToLower(id)] {
			continue
		}
		delete(wanted, strings.ToLower(id))
		result, err := p.resources.Get(ctx, r.Principal, id, defaultVersion)
		if err != nil {
			return nil, err
		}
		e.choose(result.Body)
	}
	for id := range wanted {
		return nil, arm.Missing("ResourceNotFound", "The resource '%s' is not in the resource group '%s', or is none that can be exported.", id, r.Values["group"])
	}
	if len(e.chosen) > maxResources {
		return nil, arm.Invalid("ExportTemplateTooManyResources", "resources", "The resource group has %d resources; a template has at most %d. Name those that you want.", len(e.chosen), maxResources)
	}
	return arm.Reply(expr.Object(expr.Member{Name: "template", Value: e.template()})), nil
}

// exported are the resources that a body asks for, by lower-case ID; nil is all.
func exported(body expr.Value) (map[string]bool, *arm.Error) {
	list, _ := member(body, "resources")
	if list.Len() == 0 {
		return nil, arm.Invalid("InvalidRequestContent", "resources", "The request content is not valid: 'resources' names the resources to export, or is [\"*\"] for all of the group.")
	}
	wanted := map[string]bool{}
	for _, v := range list.Elements() {
		id, _ := v.AsString()
		if id == "*" {
			return nil, nil
		}
		wanted[strings.ToLower(strings.TrimSuffix(id, "/"))] = true
	}
	return wanted, nil
}

// choose takes a resource into the template.
func (e *export) choose(view expr.Value) {
	id, _ := text(view, "id")
	typ, _ := text(view, "type")
	name, _ := text(view, "name")
	shown := "'" + strings.ReplaceAll(name, "'", "''") + "'"
	if !e.plain {
		parameter := strings.Map(plainRune, typ[strings.IndexByte(typ, '/')+1:]+"_"+name+"_name")
		rules := expr.Object(str("type", "String"))
		if e.values {
			rules = expr.Object(str("defaultValue", name), str("type", "String"))
		}
		e.parameters = append(e.parameters, expr.Member{Name: parameter, Value: rules})
		shown = "parameters('" + parameter + "')"
	}
	e.names[strings.ToLower(id)] = fmt.Sprintf("[resourceId('%s', %s)]", typ, shown)
	e.chosen = append(e.chosen, view.With("name", expr.String("["+shown+"]")))
}

// plainRune keeps to what names of parameters have.
func plainRune(c rune) rune {
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' {
		return c
	}
	return '_'
}

func (e *export) template() expr.Value {
	resources := make([]expr.Value, len(e.chosen))
	for i, view := range e.chosen {
		resources[i] = e.resource(view)
	}
	return expr.Object(str("$schema", "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"), str("contentVersion", "1.0.0.0"),
		expr.Member{Name: "parameters", Value: expr.Object(e.parameters...)}, expr.Member{Name: "variables", Value: expr.Object()},
		expr.Member{Name: "resources", Value: expr.Array(resources...)})
}

// resource is one of them, as a template has it.
func (e *export) resource(view expr.Value) expr.Value {
	id, _ := text(view, "id")
	typ, _ := text(view, "type")
	name, _ := text(view, "name")
	members := []expr.Member{str("type", typ), str("apiVersion", versionOf(typ)), str("name", name)}
	own := e.names[strings.ToLower(id)]
	for part, m := range view.Members() {
		if part == "id" || part == "type" || part == "name" {
			continue
		}
		m = e.expressed(steady(m, part), strings.ToLower(id), func(other string) {
			if !slices.Contains(e.depends[own], other) && !e.leads(other, own) {
				e.depends[own] = append(e.depends[own], other)
			}
		})
		members = append(members, expr.Member{Name: part, Value: m})
	}
	v := expr.Object(members...)
	if order := e.depends[own]; len(order) > 0 {
		v = v.With("dependsOn", textArray(order))
	}
	return v.Without("etag")
}

// leads reports whether a resource depends on another one: two that name each other
// cannot both wait.
func (e *export) leads(from, to string) bool {
	return from == to || slices.ContainsFunc(e.depends[from], func(next string) bool { return e.leads(next, to) })
}

// expressed writes IDs of the template's resources as expressions, and what looks like
// an expression as a text. What a resource says of itself, such as the IDs of its parts,
// is left out: the server makes it.
func (e *export) expressed(v expr.Value, self string, depend func(string)) expr.Value {
	switch v.Kind() {
	case expr.KindString:
		s, _ := v.AsString()
		if known, ok := e.names[strings.ToLower(s)]; ok && strings.ToLower(s) != self {
			depend(known)
			return expr.String(known)
		}
		return quoted(v)
	case expr.KindArray:
		list := make([]expr.Value, 0, v.Len())
		for _, m := range v.Elements() {
			list = append(list, e.expressed(m, self, depend))
		}
		return expr.Array(list...)
	case expr.KindObject:
		members := make([]expr.Member, 0, v.Len())
		for name, m := range v.Members() {
			if id, ok := m.AsString(); ok && name == "id" && strings.HasPrefix(strings.ToLower(id), self+"/") {
				continue
			}
			members = append(members, expr.Member{Name: name, Value: e.expressed(m, self, depend)})
		}
		return expr.Object(members...)
	}
	return v
}

// versionOf is the api-version that an exported resource is written with.
func versionOf(typ string) string {
	switch namespace, _, _ := strings.Cut(strings.ToLower(typ), "/"); namespace {
	case "microsoft.logic":
		return "2019-05-01"
	case "microsoft.network":
		return "2023-09-01"
	case "microsoft.web":
		return "2016-06-01"
	}
	return defaultVersion
}
