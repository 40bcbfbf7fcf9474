package expr

// The dialect of deployment templates: "[expression]" with the functions of Azure
// Resource Manager. The source for its rules is the ARM template documentation
// (template expressions, template functions); what depends on a deployment is
// answered by Env.Lookup.

import (
	"slices"
	"strings"
	"sync"
)

var templateDialect = sync.OnceValue(func() *Dialect {
	return newTemplateDialect(newFunctionSet(templateFunctions()))
})

func newTemplateDialect(functions *functionSet) *Dialect {
	return &Dialect{
		grammar:    grammar{template: true},
		functions:  functions,
		bounds:     Bounds{Length: 24576, Result: MaxSize},
		listed:     true,
		marker:     `"[`,
		split:      templateSplit,
		opening:    "[",
		closing:    "]",
		escape:     templateEscape,
		evaluators: &sync.Pool{},
	}
}

// ResourceTemplate returns the dialect of deployment templates. A string that begins
// with [ and ends with ] is an expression; one that begins with [[ stands for
// itself without the first bracket. Strings in expressions double their quotes.
func ResourceTemplate() *Dialect { return templateDialect() }

// DeclaredFunction is a function that a template defines: its name with the
// namespace, "contoso.uniqueName", and the number of its parameters.
type DeclaredFunction struct {
	Name       string
	Parameters int
}

// With returns the dialect with functions that a template defines. Env.Lookup answers
// them, by their names as declared. Names that a function of the dialect has are
// the caller's to refuse.
func (d *Dialect) With(declared []DeclaredFunction) *Dialect {
	if len(declared) == 0 {
		return d
	}
	list := make([]Function, 0, len(declared))
	for _, f := range declared {
		list = append(list, Function{Name: f.Name, Min: f.Parameters, Max: f.Parameters, Contextual: true, template: true})
	}
	return newTemplateDialect(newFunctionSet(d.functions.sorted, list))
}

// function finds a function by name, ignoring case.
func (d *Dialect) function(name string) *Function {
	f := d.functions.find(name)
	if f == nil && d.listed && len(name) > 4 && equalFold(name[:4], "list") && !strings.Contains(name, ".") {
		return &Function{Name: name, Min: 1, Max: 3, Contextual: true, template: true}
	}
	return f
}

func (d *Dialect) unknownFunction(name string) string {
	if d.grammar.template {
		return "The template function '" + name + "' is not valid. " + seeFunctions("")
	}
	return "The template function '" + name + "' is not defined or not valid."
}

// qualified reads the rest of a name with a namespace, from the dot on.
func (p *parser) qualified(namespace string) (string, *parseError) {
	if err := p.advanceTo(true); err != nil {
		return "", err
	}
	if p.next != tokenIdentifier {
		return "", p.unexpected(tokenIdentifier)
	}
	name := namespace + "." + p.text[p.from:p.pos]
	return name, p.advance()
}

func templateSplit(s string) ([]piece, *parseError) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return nil, nil
	}
	if s[1] == '[' {
		return []piece{{text: s[1:]}}, nil
	}
	return []piece{{text: s[1 : len(s)-1], expression: true, offset: 1}}, nil
}

// templateEscape writes a text so that it stands for itself.
func templateEscape(text string) string {
	if len(text) > 1 && text[0] == '[' && text[len(text)-1] == ']' {
		return "[" + text
	}
	return text
}

// templateFunctions is the list of the deployment dialect.
func templateFunctions() []Function {
	list := slices.Concat(
		[]Function{templateFormatFunction()}, templateTextFunctions(), templateCollectionFunctions(), templateNumberFunctions(),
		templateLambdaFunctions(), templateCIDRFunctions(), templateDateFunctions(), deploymentFunctions(),
	)
	for i := range list {
		list[i].template = true
	}
	return list
}

// deploymentFunctions are answered by the deployment. Any list function is: see
// [Dialect.function].
func deploymentFunctions() []Function {
	list := []Function{
		{Name: "copyIndex", Min: 0, Max: 2}, {Name: "deployment", Min: 0, Max: 0}, {Name: "deployer", Min: 0, Max: 0}, {Name: "environment", Min: 0, Max: 0},
		{Name: "extensionResourceId", Min: 3, Max: -1}, {Name: "list", Min: 1, Max: 3}, {Name: "listKeys", Min: 1, Max: 3},
		{Name: "managementGroup", Min: 0, Max: 0}, {Name: "managementGroupResourceId", Min: 2, Max: -1},
		{Name: "parameters", Min: 1, Max: 1}, {Name: "pickZones", Min: 3, Max: 5}, {Name: "providers", Min: 1, Max: 2},
		{Name: "reference", Min: 1, Max: 3}, {Name: "references", Min: 1, Max: 3}, {Name: "resourceGroup", Min: 0, Max: 0}, {Name: "resourceId", Min: 2, Max: -1},
		{Name: "resourceInfo", Min: 1, Max: 1}, {Name: "subscription", Min: 0, Max: 0}, {Name: "subscriptionResourceId", Min: 2, Max: -1},
		{Name: "tenant", Min: 0, Max: 0}, {Name: "tenantResourceId", Min: 2, Max: -1}, {Name: "variables", Min: 1, Max: 1},
		{Name: "toLogicalZone", Min: 3, Max: 3}, {Name: "toLogicalZones", Min: 3, Max: 3}, {Name: "toPhysicalZone", Min: 3, Max: 3}, {Name: "toPhysicalZones", Min: 3, Max: 3},
	}
	for i := range list {
		list[i].Contextual = true
	}
	return list
}
