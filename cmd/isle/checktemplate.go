package main

import (
	"fmt"
	"os"
	"strings"

	"isle/expr"
	"isle/internal/deploy"
	"isle/internal/server"
	"isle/wdl"
)

// checkTemplate finds the problems of a deployment template itself, with the values
// of the parameters file that the command line names. Without one the values come
// with the deployment, and none is missing here.
func (c *checker) checkTemplate(d document) []finding {
	if c.parameters == "" {
		return append(templateFindings(d, deploy.Check(d.root)), unknownTypes(d)...)
	}
	values, err := readParameters(c.cmd, c.parameters)
	if err != nil {
		return []finding{unreadable(c.parameters, err)}
	}
	_, problems := deploy.Parse(d.root, values)
	return append(templateFindings(d, problems), unknownTypes(d)...)
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
	return templateFindings(d, deploy.CheckParameters(template, d.root))
}
