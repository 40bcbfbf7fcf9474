package account

import (
	"encoding/xml"
	"slices"

	"isle/expr"
	"isle/internal/arm"
)

const (
	namespaceXSD     = "http://www.w3.org/2001/XMLSchema"
	namespaceBizTalk = "http://schemas.microsoft.com/BizTalk/2003"
	codeSchema       = "InvalidSchemaContent"
)

func schemaKind() *kind {
	return &kind{
		segment: "schemas", model: "IntegrationAccountSchemaProperties", missing: "IntegrationAccountSchemaNotFound",
		most: perSKU{free: 25, basic: 500, standard: 1000}, filter: byProperty("schemaType", arm.Text), content: textContent, check: checkSchema,
	}
}

// checkSchema reads the schema, and takes its target namespace and its root element as
// what the artifact is known by, whatever the request says (logic-api §2.7).
func checkSchema(d *draft, found *arm.Found) {
	if d.text("schemaType") == "NotSpecified" {
		found.Add("InvalidRequestContent", "properties.schemaType", "The type of the schema must be given: Xml.")
	}
	checkContentType(d, found)
	if d.content == nil {
		return
	}
	s := new(schemaReader)
	if err := walkXML(d.content, s.element); err != nil {
		found.Add(codeSchema, "properties.content", "The content of the schema is no well-formed XML: %s.", err)
		return
	}
	if s.fault != "" {
		found.Add(codeSchema, "properties.content", "The content is no XML schema: %s.", s.fault)
		return
	}
	if s.namespace != "" {
		d.set("targetNamespace", expr.String(s.namespace))
	}
	if root := s.root(); root != "" {
		d.set("documentName", expr.String(root))
	}
}

// schemaReader looks at the top of a schema: what XSD lets stand there.
type schemaReader struct {
	namespace string
	reference string   // the root that BizTalk's annotation names
	elements  []string // global ones
	fault     string   // the first, "" for none
}

// root is the element of the documents that the schema is about.
func (s *schemaReader) root() string {
	switch {
	case s.reference != "" && slices.Contains(s.elements, s.reference):
		return s.reference
	case len(s.elements) > 0:
		return s.elements[0]
	}
	return ""
}

func (s *schemaReader) element(depth int, e xml.StartElement) {
	switch {
	case s.fault != "":
	case depth == 0 && (e.Name.Space != namespaceXSD || e.Name.Local != "schema"):
		s.fault = "its root is '" + shorten(e.Name.Local) + "' of the namespace '" + shorten(e.Name.Space) + "', not 'schema' of '" + namespaceXSD + "'"
	case depth == 0:
		s.namespace, _ = attribute(e, "targetNamespace")
	case depth == 1:
		s.top(e)
	case depth == 3 && e.Name.Space == namespaceBizTalk && e.Name.Local == "schemaInfo" && s.reference == "":
		s.reference, _ = attribute(e, "root_reference")
	}
}

// top looks at a component of the schema.
func (s *schemaReader) top(e xml.StartElement) {
	components := []string{"include", "import", "redefine", "override", "annotation", "defaultOpenContent",
		"simpleType", "complexType", "group", "attributeGroup", "element", "attribute", "notation"}
	if e.Name.Space != namespaceXSD || !slices.Contains(components, e.Name.Local) {
		s.fault = "'" + shorten(e.Name.Local) + "' cannot stand directly in a schema"
		return
	}
	if e.Name.Local != "element" {
		return
	}
	name, ok := attribute(e, "name")
	if !ok || name == "" {
		s.fault = "a global element has no name"
		return
	}
	s.elements = append(s.elements, name)
}
