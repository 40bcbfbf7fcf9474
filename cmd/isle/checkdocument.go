package main

import (
	"path/filepath"
	"slices"
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
	isJSON  bool
	root    expr.Value   // of templates and parameters
	sources []wdl.Source // the definitions in it
}

// openDocument recognises what a file holds. The error says why it holds nothing
// that can be checked.
func openDocument(name string, content []byte) (document, error) {
	d := document{name: name, content: trimBOM(content)}
	root, err := expr.ReadJSON(d.content)
	if err == nil {
		d.isJSON, d.root, d.kind = true, root, kindOf(root)
	}
	if d.kind == definitionDocument && namedParameters(name) && hasValues(d.root) {
		d.kind = parametersDocument
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

// isMeant reports whether a file that holds no definition says that it should.
func (d document) isMeant() bool {
	kind, _ := d.root.Get("kind")
	typ, _ := d.root.Get("type")
	return oneOf(kind.Text(), "Stateful", "Stateless") || oneOf(typ.Text(), "Microsoft.Logic/workflows")
}

func oneOf(text string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(text, name) })
}

// namedParameters recognises the name of a parameters file: app.parameters.json,
// app.parameters.prod.json.
func namedParameters(name string) bool {
	return strings.Contains(strings.ToLower(filepath.Base(name)), ".parameters.")
}

// hasValues recognises the bare form of a parameters file: {name: {"value": …}}.
func hasValues(root expr.Value) bool {
	for _, v := range root.Members() {
		_, value := v.Get("value")
		_, reference := v.Get("reference")
		if !value && !reference {
			return false
		}
	}
	return root.Len() > 0
}
