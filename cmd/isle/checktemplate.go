package main

import (
	"os"
	"strings"

	"isle/expr"
	"isle/internal/deploy"
	"isle/wdl"
)

// checkTemplate finds the problems of a deployment template itself, with the values
// of the parameters file that the command line names. Without one the values come
// with the deployment, and none is missing here.
func (c *checker) checkTemplate(d document) []finding {
	template, values := withoutValues(d.root), expr.Object()
	if c.parameters != "" {
		content, err := readInput(c.cmd, c.parameters)
		if err == nil {
			template = d.root
			values, err = parameterValues(content)
		}
		if err != nil {
			return []finding{unreadable(c.parameters, err)}
		}
	}
	_, problems := deploy.Parse(template, values)
	return templateFindings(d, problems)
}

// withoutValues is the template with parameters that need no value.
func withoutValues(template expr.Value) expr.Value {
	parameters, ok := template.Get("parameters")
	if !ok {
		return template
	}
	for name, rules := range parameters.Members() {
		if rules.Kind() == expr.KindObject {
			parameters = parameters.With(name, rules.With("nullable", expr.Bool(true)))
		}
	}
	return template.With("parameters", parameters)
}

// parameterValues reads a parameters file: {"parameters": {name: {"value": …}}}, or
// what is inside alone.
func parameterValues(content []byte) (expr.Value, error) {
	root, err := expr.ReadJSON(trimBOM(content))
	if err != nil {
		return expr.Value{}, err
	}
	if values, ok := root.Get("parameters"); ok {
		return values, nil
	}
	return root, nil
}

func templateFindings(d document, problems []deploy.Problem) (findings []finding) {
	for _, p := range problems {
		line, column := wdl.Place(d.content, p.Pointer)
		findings = append(findings, finding{
			File: d.name, Line: line, Column: column, Severity: wdl.Error.String(), Code: p.Code, Message: p.Message, Pointer: p.Pointer,
		})
	}
	return findings
}

// checkParameters holds a parameters file against the template beside it. What is
// wrong with the template alone is told of the template.
func checkParameters(d document) []finding {
	name, ok := strings.CutSuffix(strings.ToLower(d.name), ".parameters.json")
	if !ok {
		return nil
	}
	content, err := os.ReadFile(d.name[:len(name)] + ".json")
	if err != nil {
		return nil
	}
	template, err := expr.ReadJSON(trimBOM(content))
	if err != nil {
		return nil
	}
	values, _ := d.root.Get("parameters")
	_, problems := deploy.Parse(template, values)
	var own []deploy.Problem
	for _, p := range problems {
		if strings.HasPrefix(p.Pointer, "/parameters") {
			own = append(own, p)
		}
	}
	return templateFindings(d, own)
}
