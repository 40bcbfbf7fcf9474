package logic

import (
	"context"
	"net/url"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	firing "isle/internal/trigger"
	"isle/wdl"
)

// listSwagger describes the workflow's Request triggers as an OpenAPI 2.0 document that
// generators of clients accept (logic-api §2.2).
func (s *Service) listSwagger(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, compiled, err := s.compiled(ctx, r)
	if err != nil {
		return nil, err
	}
	var paths, definitions fields
	for _, t := range compiled.Program.Triggers {
		if method := swaggerMethod(t); method != "" {
			address := "/" + url.PathEscape(t.Name) + "/paths/invoke"
			if p := t.Request.Path; p != nil {
				address += "/" + strings.Trim(p.String(), "/")
			}
			schema := path(compiled.Program.Definition, "triggers", t.Name, "inputs", "schema")
			addSchemas(&definitions, "request-"+t.Name, schema)
			paths.add(address, object(member(method, swaggerOperation(t, method))))
		}
	}
	document := fields{
		member("swagger", expr.String("2.0")),
		member("info", object(member("version", expr.String("1.0.0.0")), member("title", expr.String(r.ID.Name())))),
	}
	if u, err := url.Parse(s.config.Access(form.Environment)); err == nil && !strings.Contains(u.Host, "[") { // the form knows no IPv6
		document.text("host", u.Host)
	}
	json := texts("application/json")
	document = append(document,
		member("basePath", expr.String("/workflows/"+form.FlowID+"/triggers")),
		member("schemes", texts("https")),
		member("consumes", json), member("produces", json),
		member("paths", paths.value()),
		member("definitions", definitions.value()))
	return arm.Reply(document.value()), nil
}

// swaggerMethod is the method that a trigger is described with, in lower case; "" if it
// cannot be called with one that OpenAPI knows.
func swaggerMethod(t *wdl.Trigger) string {
	if t.Request == nil {
		return ""
	}
	method, ok := arm.Choice(firing.Method(t), "get", "put", "post", "delete", "options", "head", "patch")
	if !ok {
		return ""
	}
	return method
}

func swaggerOperation(t *wdl.Trigger, method string) expr.Value {
	parameter := func(name, in string) expr.Value {
		return object(member("name", expr.String(name)), member("in", expr.String(in)), member("required", expr.Bool(true)), member("type", expr.String("string")))
	}
	var parameters []expr.Value
	for _, name := range []string{"api-version", "sp", "sv", "sig"} {
		parameters = append(parameters, parameter(name, "query"))
	}
	if t.Request.Path != nil {
		for _, name := range t.Request.Path.Parameters() {
			parameters = append(parameters, parameter(name, "path"))
		}
	}
	if method != "get" && method != "head" {
		parameters = append(parameters, object(
			member("name", expr.String("body")), member("in", expr.String("body")), member("required", expr.Bool(false)),
			member("schema", schemaReference("request-"+t.Name))))
	}
	return object(
		member("description", expr.String("Trigger a run of the logic app.")),
		member("operationId", expr.String(t.Name+"-invoke")),
		member("parameters", expr.Array(parameters...)),
		member("responses", object(member("default", object(member("description", expr.String("The Logic App Response.")), member("schema", object(member("type", expr.String("object")))))))))
}

// schemaReference points to a definition of the document.
func schemaReference(name string) expr.Value {
	pointer := strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	return object(member("$ref", expr.String("#/definitions/"+url.PathEscape(pointer))))
}
