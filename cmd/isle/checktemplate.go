package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"isle/expr"
	"isle/internal/deploy"
	"isle/internal/server"
	"isle/wdl"
)

// checkTemplate finds the problems of a deployment template itself, and holds the
// parameters file that the command line names against it. Without one the values come
// with the deployment, and none is missing here.
func (c *checker) checkTemplate(d document) []finding {
	values, own := expr.Object(), []finding(nil)
	if c.parameters != "" {
		values, own = c.givenParameters(d.root)
	}
	findings := append(templateFindings(d, deploy.Check(d.root, values, now())), unknownTypes(d)...)
	return append(findings, own...)
}

// givenParameters reads the parameters file that the command line names, and finds what
// is wrong with it for a template.
func (c *checker) givenParameters(template expr.Value) (values expr.Value, findings []finding) {
	content, err := readInput(c.cmd, c.parameters)
	if err != nil {
		return expr.Object(), []finding{unreadable(c.parameters, err)}
	}
	p := document{name: c.parameters, content: trimBOM(content)}
	if p.root, err = expr.ReadJSON(p.content); err != nil {
		return expr.Object(), []finding{unreadable(c.parameters, err)}
	}
	if values, err = deploy.ParametersOf(p.root); err != nil {
		values = expr.Object()
	}
	return values, parameterFindings(template, p)
}

// unknownTypes warns of resources that no server here deploys.
func unknownTypes(d document) (findings []finding) {
	known := map[string]bool{}
	for _, name := range server.ResourceTypes() {
		known[strings.ToLower(name)] = true
	}
	for _, use := range deploy.Types(d.root) {
		if use.Type == "" || known[strings.ToLower(use.Type)] {
			continue
		}
		line, column := wdl.Place(d.content, use.Pointer)
		findings = append(findings, finding{
			File: d.name, Line: line, Column: column, Severity: wdl.Warning.String(), Code: "ResourceTypeNotSupported", Pointer: use.Pointer,
			Message: fmt.Sprintf("The resource type '%s' is none that this server knows: it refuses to deploy it", use.Type),
		})
	}
	return findings
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
	for _, name := range templateNames(d.name) {
		content, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		template, err := expr.ReadJSON(trimBOM(content))
		if err != nil || kindOf(template) != templateDocument {
			continue
		}
		return parameterFindings(template, d)
	}
	return []finding{{
		File: d.name, Severity: wdl.Warning.String(), Code: "TemplateNotFound",
		Message: fmt.Sprintf("No template beside this parameters file has its name (%s): its values are not checked. Give it to one with --parameters", strings.Join(templateNames(filepath.Base(d.name)), ", ")),
	}}
}

// templateNames are the files that may be the template of a parameters file:
// app.parameters.json, app.parameters.prod.json and app.prod.parameters.json belong to
// app.json, parameters.json to the usual names.
func templateNames(name string) []string {
	dir, base := filepath.Split(name)
	if strings.EqualFold(base, "parameters.json") {
		return []string{dir + "azuredeploy.json", dir + "template.json", dir + "mainTemplate.json", dir + "main.json"}
	}
	stem := base[:len(base)-len(filepath.Ext(base))]
	if i := strings.Index(strings.ToLower(base), ".parameters."); i >= 0 {
		stem = base[:i]
	}
	names := []string{dir + stem + ".json"}
	if first, _, ok := strings.Cut(stem, "."); ok && first != "" {
		names = append(names, dir+first+".json")
	}
	return names
}

// parameterFindings are what is wrong with a parameters file for a template, placed in
// the file.
func parameterFindings(template expr.Value, d document) []finding {
	problems := deploy.CheckParameters(template, d.root)
	if _, wrapped := d.root.Get("parameters"); !wrapped {
		for i := range problems {
			problems[i].Pointer = strings.TrimPrefix(problems[i].Pointer, "/parameters")
		}
	}
	return templateFindings(d, problems)
}
