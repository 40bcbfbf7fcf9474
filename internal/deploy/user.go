package deploy

import (
	"fmt"
	"slices"
	"strings"

	"isle/expr"
)

// Functions that a template defines: "functions": [{"namespace": "contoso", "members":
// {"name": {"parameters": [{"name","type"}], "output": {"type","value"}}}}]. A function
// knows its own parameters and nothing else of the template; it reads no resource.

// function is one of them.
type function struct {
	name       string // with its namespace
	parameters []string
	rules      []expr.Value // of the parameters
	output     expr.Value   // {"type", "value"}
	pointer    string
}

// What a template's functions may do in one evaluation.
const (
	maxFunctionDepth = 32
	maxFunctionCalls = 50_000
)

func readFunctions(template expr.Value, pointer string, found *problems) map[string]function {
	list, ok := member(template, "functions")
	if !ok || list.IsNull() {
		return nil
	}
	functions := map[string]function{}
	if list.Kind() != expr.KindArray {
		found.add(pointer+"/functions", "The template member 'functions' is of type '%s'; it must be an array of namespaces", list.TypeName())
	}
	for i, space := range list.Elements() {
		at := fmt.Sprintf("%s/functions/%d", pointer, i)
		namespace, _ := text(space, "namespace")
		if !isNamespace(namespace) {
			found.add(at, "The namespace '%s' of template functions is not valid: it is a string of letters, digits and underscores", namespace)
			continue
		}
		members := object(space, "members")
		for name, m := range members.Members() {
			f := readFunction(namespace+"."+name, at+"/members/"+escape(name), m, found)
			if _, twice := functions[strings.ToLower(f.name)]; twice {
				found.add(f.pointer, "The template function '%s' is defined twice", f.name)
			}
			functions[strings.ToLower(f.name)] = f
		}
	}
	return functions
}

// isNamespace keeps to what an expression can name.
func isNamespace(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}

func readFunction(name, pointer string, m expr.Value, found *problems) function {
	f := function{name: name, output: object(m, "output"), pointer: pointer}
	list, _ := member(m, "parameters")
	for i, p := range list.Elements() {
		at := fmt.Sprintf("%s/parameters/%d", pointer, i)
		parameter, ok := text(p, "name")
		if !ok || parameter == "" {
			found.add(at, "A parameter of the template function '%s' lacks its 'name'", name)
		}
		if hasMember(p, "defaultValue") {
			found.add(at, "The parameter '%s' of the template function '%s' has a default value, which parameters of functions cannot have", parameter, name)
		}
		f.parameters = append(f.parameters, parameter)
		f.rules = append(f.rules, p)
	}
	if !hasMember(f.output, "value") {
		found.add(pointer+"/output", "The template function '%s' lacks its output: {\"type\": …, \"value\": …}", name)
	}
	return f
}

// dialectWith is the language of expressions with a template's own functions.
func dialectWith(functions map[string]function) *expr.Dialect {
	list := make([]expr.DeclaredFunction, 0, len(functions))
	for _, f := range functions {
		list = append(list, expr.DeclaredFunction{Name: f.name, Parameters: len(f.parameters)})
	}
	slices.SortFunc(list, func(a, b expr.DeclaredFunction) int { return strings.Compare(a.Name, b.Name) })
	return expr.ResourceTemplate().With(list)
}

// invocation is a call of a template's function: it answers parameters() with the
// call's arguments, and the rest as the template does.
type invocation struct {
	*scope
	values map[string]expr.Value // by lower-case name
}

// Lookup implements expr.Env.
func (i invocation) Lookup(name string, args []expr.Value) (expr.Value, error) {
	switch strings.ToLower(name) {
	case "parameters":
		wanted, _ := first(args).AsString()
		v, ok := i.values[strings.ToLower(wanted)]
		if !ok {
			return expr.Value{}, failf("The template function parameter '%s' is not found. A function knows only parameters of its own", wanted)
		}
		return v, nil
	case "variables", "copyindex":
		return expr.Value{}, failf("The template function '%s' is not expected at this location: a function that a template defines knows only its parameters", name)
	}
	return i.scope.Lookup(name, args)
}

// call evaluates a function that the template defines.
func (s *scope) call(f function, args []expr.Value) (expr.Value, error) {
	s.depth, s.calls = s.depth+1, s.calls+1
	defer func() { s.depth-- }()
	if s.depth > maxFunctionDepth || s.calls > maxFunctionCalls {
		return expr.Value{}, failf("The template function '%s' is called too often: a function may not call itself, and one evaluation calls at most %d", f.name, maxFunctionCalls)
	}
	values := make(map[string]expr.Value, len(args))
	for i, v := range args {
		if err := s.fits(v, f.rules[i], "The parameter '"+f.parameters[i]+"' of the template function '"+f.name+"'"); err != nil {
			return expr.Value{}, err
		}
		values[strings.ToLower(f.parameters[i])] = v
	}
	value, _ := member(f.output, "value")
	template, found := s.dialect.Compile(value)
	if len(found) > 0 {
		return expr.Value{}, failf("%s", found[0].Message)
	}
	v, err := template.Eval(invocation{s, values})
	if err != nil {
		return expr.Value{}, err
	}
	if tooLarge(v) {
		return expr.Value{}, failf("The template function '%s' gives a value of more than %d bytes", f.name, maxSize)
	}
	return v, s.fits(v, f.output, "The output of the template function '"+f.name+"'")
}

// fits holds a value against a type.
func (s *scope) fits(v, rules expr.Value, subject string) error {
	check := typeCheck{types: s.template.types}
	check.check(v, rules, "")
	if len(check.wrong) > 0 {
		return failf("%s is not valid. %s", subject, strings.Join(check.wrong, " "))
	}
	return nil
}
