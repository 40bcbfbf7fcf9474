package main

import (
	"strings"

	"isle/expr"
	"isle/wdl"
)

// documentKind says what a file holds, as far as checking goes.
type documentKind int

const (
	definitionDocument documentKind = iota // definitions, in any form but a template
	templateDocument                       // a deployment template
	parametersDocument                     // parameters of a deployment
	testDocument                           // a file of isle test, whose definitions may be wrong on purpose
)

// document is a file that can be checked.
type document struct {
	name    string
	content []byte // without byte order mark
	kind    documentKind
	root    expr.Value   // of templates and parameters
	sources []wdl.Source // the definitions in it
}

// openDocument recognises what a file holds. The error says why it holds nothing
// that can be checked; it is an [expr.SyntaxError] inside if the text is no JSON.
func openDocument(name string, content []byte) (document, error) {
	d := document{name: name, content: trimBOM(content)}
	root, err := expr.ReadJSON(d.content)
	if err == nil {
		d.root, d.kind = root, kindOf(root)
	}
	if d.kind == parametersDocument {
		return d, nil
	}
	d.sources, err = wdl.Open(content)
	if d.kind == templateDocument || d.kind == testDocument {
		return d, nil
	}
	return d, err
}

// kindOf recognises a document by its schema, or a file of tests by its cases.
func kindOf(root expr.Value) documentKind {
	schema, _ := root.Get("$schema")
	cases, _ := root.Get("cases")
	switch name := strings.ToLower(schema.Text()); {
	case strings.Contains(name, "deploymenttemplate.json"):
		return templateDocument
	case strings.Contains(name, "deploymentparameters.json"):
		return parametersDocument
	case cases.Kind() == expr.KindArray:
		return testDocument
	}
	return definitionDocument
}
