package wdl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"isle/expr"
)

// Source is a definition found in a document.
type Source struct {
	Definition expr.Value
	Parameters expr.Value // name → {"value": …}; null: none
	Kind       string     // "" consumption; single-tenant: "Stateful" (also if parameters are declared beside the definition), "Stateless", or as written
	Name       string     // of the workflow resource, as written; "" elsewhere
	Pointer    string     // where the definition stands in the document
	Deployment bool       // it stands in a deployment template that is not evaluated yet
	Text       []byte     // the document in UTF-8
	// InProject says that the parameters are all that its single-tenant project has.
	InProject bool
}

// Compile compiles the definition with its parameters; problems get the lines and
// columns of the document. Kind, InProject, Deployment, Text and Base of the options
// are set from the source. One of the older schema version is taken as what it is
// upgraded to, as a server takes it, with a warning; problems have the pointers of that.
func (s Source) Compile(o Options) (*Program, Problems) {
	o.Kind, o.InProject, o.Deployment, o.Text, o.Base = s.Kind, s.InProject, s.Deployment, s.Text, s.Pointer
	definition, older := Upgrade(s.Definition)
	program, problems := Compile(definition, s.Parameters, o)
	if older {
		c := newCompiler(o)
		c.warn("/$schema", RuleSchemaVersion, "The definition is written in the older schema version '%s' and is taken as what it is upgraded to. The action 'generateUpgradedDefinition' of the workflow on a server gives that; save it, so that what is written is what runs", schemaPreview)
		problems = append(c.finish(s.Definition), problems...)
	}
	return program, problems
}

// DocumentError is why a document holds no definition (wdl-semantics §15 rule 39).
type DocumentError struct {
	Code         string
	Message      string
	Line, Column int   // where the text is no JSON, from 1; 0 where it is
	Cause        error // an [expr.SyntaxError], or nil
}

func (e *DocumentError) Error() string { return e.Message }

func (e *DocumentError) Unwrap() error { return e.Cause }

func documentError(format string, args ...any) *DocumentError {
	return &DocumentError{
		Code:    CodeInvalidRequestContent,
		Message: "The request content is not valid and could not be deserialized: '" + fmt.Sprintf(format, args...) + "'.",
	}
}

// syntaxError is the error of a text that is no JSON.
func syntaxError(text []byte, err error) error {
	e := documentError("%s", err)
	e.Cause = err
	var syntax *expr.SyntaxError
	if errors.As(err, &syntax) {
		e.Line, e.Column = lineColumn(text, syntax.Offset)
	}
	return e
}

// Open finds the definitions in a document, in document order. It takes a bare
// definition; an object with a member `definition`, as workflow.json and the
// gallery have it; a workflow resource with `properties.definition`; and a
// deployment template with any number of workflows, nested templates included. The
// text may be UTF-8 or UTF-16, with comments and trailing commas.
func Open(doc []byte) ([]Source, error) {
	text, v, err := readDocument(doc)
	if err != nil {
		return nil, err
	}
	f := finder{text: text}
	f.document(node{v, ""})
	if len(f.found) == 0 {
		return nil, documentError("no workflow definition found: expected a definition, an object with the property 'definition', a resource with 'properties.definition', or a deployment template with resources of type 'Microsoft.Logic/workflows'")
	}
	return f.found, nil
}

// ReadDocument reads the JSON of a document that goes with definitions, in the same
// encodings. The error is a *DocumentError.
func ReadDocument(doc []byte) (expr.Value, error) {
	_, v, err := readDocument(doc)
	return v, err
}

func readDocument(doc []byte) (text []byte, v expr.Value, err error) {
	if text, err = toUTF8(doc); err != nil {
		return nil, v, err
	}
	if v, err = expr.ReadJSON(text); err != nil {
		return nil, v, syntaxError(text, err)
	}
	return text, v, nil
}

// finder collects sources.
type finder struct {
	text  []byte
	found []Source
}

func (f *finder) document(n node) {
	if definition, ok := n.member("definition"); ok && definition.isObject() {
		f.add(definition, n, "", false)
		return
	}
	if definition, ok := n.path("properties.definition"); ok && definition.isObject() {
		f.resource(n, 0)
		return
	}
	if resources, ok := n.member("resources"); ok {
		f.resources(resources, 0)
		return
	}
	if isDefinition(n) {
		f.add(n, node{}, "", false)
	}
}

// isDefinition recognises a bare definition.
func isDefinition(n node) bool {
	if !n.isObject() {
		return false
	}
	schema, _ := n.member("$schema")
	_, actions := n.member("actions")
	_, triggers := n.member("triggers")
	return actions || triggers || strings.Contains(strings.ToLower(schema.text()), "workflowdefinition.json")
}

// maxTemplateDepth bounds how deep templates and child resources may nest.
const maxTemplateDepth = 32

// resources looks at a template's resources, a list or, with symbolic names, an
// object.
func (f *finder) resources(list node, depth int) {
	if depth > maxTemplateDepth {
		return
	}
	for _, n := range list.elements() {
		f.resource(n, depth)
	}
	for _, n := range list.members() {
		f.resource(n, depth)
	}
}

func (f *finder) resource(n node, depth int) {
	typ, _ := n.member("type")
	definition, ok := n.path("properties.definition")
	if ok && definition.isObject() && (strings.EqualFold(typ.text(), "Microsoft.Logic/workflows") || typ.text() == "" || isDefinition(definition)) {
		properties, _ := n.member("properties")
		name, _ := n.member("name")
		f.add(definition, properties, name.text(), true)
	}
	for _, path := range [...]string{"resources", "properties.template.resources"} {
		if children, ok := n.path(path); ok {
			f.resources(children, depth+1)
		}
	}
}

// workflowKinds are those of single-tenant workflows.
var workflowKinds = [...]string{"Stateful", "Stateless", "Agentic", "Agent"}

// add notes a definition whose parameters and kind stand in around.
func (f *finder) add(definition, around node, name string, deployment bool) {
	parameters, _ := around.member("parameters")
	kind, _ := around.member("kind")
	s := Source{Definition: definition.Value, Name: name, Pointer: definition.at, Deployment: deployment, Text: f.text}
	if parameters.isObject() {
		s.Parameters = parameters.Value
	}
	s.Kind = kind.text()
	for _, canonical := range workflowKinds {
		if strings.EqualFold(s.Kind, canonical) {
			s.Kind = canonical
		}
	}
	if s.Kind == "" && !deployment && declaredBeside(parameters) {
		s.Kind = "Stateful"
	}
	f.found = append(f.found, s)
}

// declaredBeside reports whether parameters beside a definition have types: then they
// are declared there, as in single-tenant files.
func declaredBeside(parameters node) bool {
	for _, p := range parameters.members() {
		if _, ok := p.member("type"); ok {
			return true
		}
	}
	return false
}

// toUTF8 removes a byte order mark and converts UTF-16, with a mark or recognised
// by the zero bytes of its first characters.
func toUTF8(doc []byte) ([]byte, error) {
	switch {
	case len(doc) >= 3 && string(doc[:3]) == "\xEF\xBB\xBF":
		doc = doc[3:]
	case len(doc) >= 2 && doc[0] == 0xFF && doc[1] == 0xFE:
		return fromUTF16(doc[2:], binary.LittleEndian)
	case len(doc) >= 2 && doc[0] == 0xFE && doc[1] == 0xFF:
		return fromUTF16(doc[2:], binary.BigEndian)
	case len(doc) >= 4 && doc[0] != 0 && doc[1] == 0 && doc[3] == 0:
		return fromUTF16(doc, binary.LittleEndian)
	case len(doc) >= 4 && doc[0] == 0 && doc[1] != 0 && doc[2] == 0:
		return fromUTF16(doc, binary.BigEndian)
	}
	if !utf8.Valid(doc) {
		return nil, documentError("the text is neither UTF-8 nor UTF-16")
	}
	return doc, nil
}

func fromUTF16(doc []byte, order binary.ByteOrder) ([]byte, error) {
	if len(doc)%2 != 0 {
		return nil, documentError("the UTF-16 text ends in the middle of a character")
	}
	units := make([]uint16, len(doc)/2)
	for i := range units {
		units[i] = order.Uint16(doc[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}
