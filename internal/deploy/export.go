package deploy

import (
	"context"
	"fmt"
	"maps"
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

// Exporter gives resources as templates have them, each before what is nested in it.
type Exporter interface {
	Export(ctx context.Context, p arm.Principal, id string) ([]arm.Exported, error)
}

// maxExport is how many bytes of resources a template has, as a request may.
const maxExport = 4 << 20

// export collects a template.
type export struct {
	values     bool // parameters have default values
	plain      bool // names are no parameters
	whole      bool // nothing is a parameter, secrets are left out
	size       int  // bytes of what is chosen
	parameters []expr.Member
	names      map[string][]string // expressions of the names in an ID, by lower-case ID
	types      map[string]string   // likewise, the type
	depends    map[string][]string // what each depends on, by its expression
	chosen     []arm.Exported
}

func (p *Provider) exportGroup(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	group := scopeID(r.Values["subscription"], r.Values["group"])
	wanted, failed := exported(r.Body)
	if failed != nil {
		return nil, failed
	}
	options, _ := text(r.Body, "options")
	has := func(word string) bool { return strings.Contains(strings.ToLower(options), strings.ToLower(word)) }
	e := &export{values: has("IncludeParameterDefaultValue"), plain: has("SkipResourceNameParameterization") || has("SkipAllParameterization"), whole: has("SkipAllParameterization"),
		names: map[string][]string{}, types: map[string]string{}, depends: map[string][]string{}}
	ids, err := p.toExport(ctx, r, group, wanted)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		found, err := p.exporter.Export(ctx, r.Principal, id)
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			if err := e.choose(x); err != nil {
				return nil, err
			}
		}
	}
	return arm.Reply(expr.Object(expr.Member{Name: "template", Value: e.template()})), nil
}

// toExport are the IDs of the resources that are asked for: those that stand in the group
// itself, and nested ones that are named.
func (p *Provider) toExport(ctx context.Context, r *arm.Request, group string, wanted map[string]bool) (ids []string, err error) {
	listed, err := p.resources.ListAll(ctx, r.Principal, group+"/resources", defaultVersion)
	if err != nil {
		return nil, err
	}
	for _, v := range listed {
		id, _ := text(v, "id")
		if wanted == nil || wanted[strings.ToLower(id)] {
			ids = append(ids, id)
			delete(wanted, strings.ToLower(id))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		parsed, err := arm.ParseID(id)
		if _, nested := parsed.Parent(); err != nil || !nested || !strings.EqualFold(parsed.GroupID().String(), group) {
			return nil, arm.Missing("ResourceNotFound", "The resource '%s' is not in the resource group '%s', or is none that can be exported.", id, r.Values["group"])
		}
		if !slices.ContainsFunc(ids, func(other string) bool { return strings.HasPrefix(id, strings.ToLower(other)+"/") }) {
			ids = append(ids, id)
		}
	}
	return ids, nil
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
func (e *export) choose(x arm.Exported) error {
	e.size += int(x.View.Size())
	if len(e.chosen) == maxResources || e.size > maxExport {
		return arm.Invalid("ExportTemplateTooLarge", "resources", "There is more to export than a template can have: %d resources and %d bytes. Name those that you want.", maxResources, maxExport)
	}
	e.names[x.ID.Key()], e.types[x.ID.Key()] = e.nameOf(x), x.Type
	e.chosen = append(e.chosen, x)
	return nil
}

// nameOf are the expressions of a resource's names: that of a resource of the group is a
// parameter.
func (e *export) nameOf(x arm.Exported) []string {
	if parent, nested := x.ID.Parent(); nested {
		if known, ok := e.names[parent.Key()]; ok {
			return append(slices.Clone(known), textLiteral(x.ID.Name()))
		}
		names := make([]string, len(x.ID.Names))
		for i, name := range x.ID.Names {
			names[i] = textLiteral(name)
		}
		return names
	}
	if e.plain {
		return []string{textLiteral(x.ID.Name())}
	}
	rules := expr.Object(str("type", "String"))
	if e.values {
		rules = expr.Object(str("defaultValue", x.ID.Name()), str("type", "String"))
	}
	return []string{e.parameter(strings.Join(x.ID.Types, "_")+"_"+x.ID.Name()+"_name", rules)}
}

// textLiteral is a text within an expression.
func textLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// parameter declares a parameter and gives the expression of its value.
func (e *export) parameter(name string, rules expr.Value) string {
	name = strings.Map(plainRune, name)
	unique := name
	for i := 2; slices.ContainsFunc(e.parameters, func(m expr.Member) bool { return strings.EqualFold(m.Name, unique) }); i++ {
		unique = fmt.Sprintf("%s_%d", name, i)
	}
	e.parameters = append(e.parameters, expr.Member{Name: unique, Value: rules})
	return "parameters('" + unique + "')"
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
	for i, x := range e.chosen {
		resources[i] = e.resource(x)
	}
	return expr.Object(str("$schema", "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"), str("contentVersion", "1.0.0.0"),
		expr.Member{Name: "parameters", Value: expr.Object(e.parameters...)}, expr.Member{Name: "variables", Value: expr.Object()},
		expr.Member{Name: "resources", Value: expr.Array(resources...)})
}

// resource is one of them, as a template has it.
func (e *export) resource(x arm.Exported) expr.Value {
	key := x.ID.Key()
	members := []expr.Member{str("type", x.Type), str("apiVersion", x.APIVersion), str("name", nameExpression(e.names[key]))}
	own, _ := e.reference(x.ID.String())
	depend := func(other string) {
		if other != own && !slices.Contains(e.depends[own], other) && !e.leads(other, own) {
			e.depends[own] = append(e.depends[own], other)
		}
	}
	if parent, nested := x.ID.Parent(); nested && e.names[parent.Key()] != nil {
		known, _ := e.reference(parent.String())
		depend(known)
	}
	for part, m := range x.View.Members() {
		if part != "id" && part != "type" && part != "name" {
			members = append(members, expr.Member{Name: part, Value: e.expressed(steady(m, part), key, depend)})
		}
	}
	v := expr.Object(members...)
	for _, secret := range x.Secrets {
		if !e.whole {
			name := strings.Join(x.ID.Types, "_") + "_" + x.ID.Name() + "_" + strings.Join(secret.Path[2:], "_")
			v = withAt(v, secret.Path, expr.String("["+e.parameter(name, expr.Object(str("type", secret.Type)))+"]"))
		}
	}
	if order := e.depends[own]; len(order) > 0 {
		v = v.With("dependsOn", textArray(order))
	}
	return v.Without("etag")
}

// withAt sets a member, and the objects that it is in.
func withAt(v expr.Value, path []string, to expr.Value) expr.Value {
	if len(path) == 0 {
		return to
	}
	m, _ := member(v, path[0])
	if m.IsNull() {
		m = expr.Object()
	}
	if v.Kind() != expr.KindObject {
		v = expr.Object()
	}
	return v.With(path[0], withAt(m, path[1:], to))
}

// nameExpression is the member "name" of a resource.
func nameExpression(names []string) string {
	if len(names) == 1 {
		return "[" + names[0] + "]"
	}
	return "[concat(" + strings.Join(names, ", '/', ") + ")]"
}

// leads reports whether a resource depends on another one: two that name each other
// cannot both wait.
func (e *export) leads(from, to string) bool {
	seen := map[string]bool{from: true}
	for next := []string{from}; len(next) > 0; {
		one := next[len(next)-1]
		if next = next[:len(next)-1]; one == to {
			return true
		}
		for _, n := range e.depends[one] {
			if !seen[n] {
				seen[n] = true
				next = append(next, n)
			}
		}
	}
	return false
}

// reference is the expression of an ID of the template's resources, or in one of them,
// and that of the resource itself; "" for another text.
func (e *export) reference(id string) (expression, of string) {
	n, found := arm.LeadingID(id, func(key string) bool { return e.names[key] != nil })
	if !found {
		return "", ""
	}
	whole := func(typ string, names []string) string {
		return "[resourceId('" + typ + "', " + strings.Join(names, ", ") + ")]"
	}
	key := strings.ToLower(id[:n])
	typ, names := e.types[key], e.names[key]
	of = whole(typ, names)
	names = slices.Clone(names)
	for rest := strings.Split(id[n:], "/")[1:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 {
			return "", ""
		}
		typ, names = typ+"/"+rest[0], append(names, textLiteral(rest[1]))
	}
	return whole(typ, names), of
}

// expressed writes IDs of the template's resources as expressions, and what looks like
// an expression as a text. What a resource says of itself, such as the IDs of its parts,
// is left out: the server makes it.
func (e *export) expressed(v expr.Value, self string, depend func(string)) expr.Value {
	switch v.Kind() {
	case expr.KindString:
		s, _ := v.AsString()
		if known, of := e.reference(s); known != "" && strings.ToLower(s) != self {
			depend(of)
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
			if known, of := e.reference(name); known != "" {
				depend(of)
				name = known
			}
			members = append(members, expr.Member{Name: name, Value: e.expressed(m, self, depend)})
		}
		return expr.Object(members...)
	}
	return v
}
