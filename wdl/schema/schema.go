// Package schema validates JSON values against JSON schemas, drafts 4 to 7, and
// reports violations in the words of Newtonsoft.Json.Schema, which workflow authors
// see in ParseJson actions and Request triggers (wdl-semantics §11.7).
//
// A compiled [Schema] is immutable and may be used by many goroutines. The package
// does no input or output: a $ref must point into its own document. Validation
// terminates: schemas that apply themselves to the same value are refused when
// compiling, and the work for one value is bounded.
package schema

import (
	"fmt"

	"isle/expr"
)

// Schema is a compiled schema.
type Schema struct{ root *node }

// Unsupported says that a schema uses a keyword that workflows may not use. The code
// of the failed action is ActionSchemaNotSupported.
type Unsupported struct {
	Keyword string
	Pointer string // where the schema with the keyword stands
}

func (e *Unsupported) Error() string {
	return fmt.Sprintf("The schema at '%s' uses the keyword '%s', which is not supported.", e.Pointer, e.Keyword)
}

// Invalid says that a schema is not one.
type Invalid struct {
	Pointer string
	Reason  string
}

func (e *Invalid) Error() string {
	return fmt.Sprintf("The schema at '%s' is not valid: %s", e.Pointer, e.Reason)
}

// Violation is one way in which a value does not follow its schema.
type Violation struct {
	Message   string
	Path      string // of the value: a.b[0]; "" for the root
	SchemaID  string // of the violated schema: #/properties/a
	ErrorType string // the keyword in Newtonsoft's spelling: required, type, maximumLength …
	Value     expr.Value
	// LineNumber and LinePosition are 0: values do not remember their text.
	LineNumber, LinePosition int
	ChildErrors              []Violation
}

// Compile reads a schema. The error is an *Unsupported or an *Invalid.
func Compile(schema expr.Value) (*Schema, error) {
	c := compiler{document: schema, nodes: map[string]*node{}}
	root, err := c.node(schema, "#")
	if err != nil {
		return nil, err
	}
	if err := c.checkCycles(); err != nil {
		return nil, err
	}
	if id, ok := identifier(schema); ok {
		for _, n := range c.nodes {
			n.id = id + n.id
		}
	}
	return &Schema{root}, nil
}

func identifier(schema expr.Value) (string, bool) {
	for _, keyword := range []string{"$id", "id"} {
		if v, ok := member(schema, keyword); ok {
			if id, ok := v.AsString(); ok && id != "" {
				return id, true
			}
		}
	}
	return "", false
}

// member finds a member of exactly that name.
func member(v expr.Value, name string) (expr.Value, bool) {
	for key, m := range v.Members() {
		if key == name {
			return m, true
		}
	}
	return expr.Value{}, false
}

// Report is the form in which violations stand in the outputs of a failed ParseJson
// action: an array of objects.
func Report(violations []Violation) expr.Value {
	list := make([]expr.Value, len(violations))
	for i, v := range violations {
		list[i] = expr.Object(
			expr.Member{Name: "message", Value: expr.String(v.Message)},
			expr.Member{Name: "lineNumber", Value: expr.Int(int64(v.LineNumber))},
			expr.Member{Name: "linePosition", Value: expr.Int(int64(v.LinePosition))},
			expr.Member{Name: "path", Value: expr.String(v.Path)},
			expr.Member{Name: "value", Value: v.Value},
			expr.Member{Name: "schemaId", Value: expr.String(v.SchemaID)},
			expr.Member{Name: "errorType", Value: expr.String(v.ErrorType)},
			expr.Member{Name: "childErrors", Value: Report(v.ChildErrors)},
		)
	}
	return expr.Array(list...)
}
