package logic

import (
	"context"
	"net/url"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// listSwagger describes the workflow's Request triggers (logic-api §2.2).
func (s *Service) listSwagger(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, compiled, err := s.compiled(ctx, r)
	if err != nil {
		return nil, err
	}
	host := s.config.Access(form.Environment)
	if u, err := url.Parse(host); err == nil {
		host = u.Host
	}
	var paths, definitions fields
	for _, t := range compiled.Program.Triggers {
		if t.Request == nil {
			continue
		}
		schema := path(compiled.Program.Definition, "triggers", t.Name, "inputs", "schema")
		if schema.IsNull() {
			schema = object()
		}
		definitions.add("request-"+t.Name, schema)
		method := strings.ToLower(t.Request.Method)
		if method == "" {
			method = "post"
		}
		address := "/" + t.Name + "/paths/invoke"
		if p := t.Request.Path; p != nil {
			address += "/" + strings.Trim(p.String(), "/")
		}
		paths.add(address, object(member(method, swaggerOperation(t.Name))))
	}
	json := texts("application/json")
	return arm.Reply(object(
		member("swagger", expr.String("2.0")),
		member("info", object(member("version", expr.String("1.0.0.0")), member("title", expr.String(r.ID.Name())))),
		member("host", expr.String(host)),
		member("basePath", expr.String("/workflows/"+form.FlowID+"/triggers")),
		member("schemes", texts("https")),
		member("consumes", json), member("produces", json),
		member("paths", paths.value()),
		member("definitions", definitions.value()))), nil
}

func swaggerOperation(trigger string) expr.Value {
	var parameters []expr.Value
	for _, name := range []string{"api-version", "sp", "sv", "sig"} {
		parameters = append(parameters, object(
			member("name", expr.String(name)), member("in", expr.String("query")), member("required", expr.Bool(true)), member("type", expr.String("string"))))
	}
	parameters = append(parameters, object(
		member("name", expr.String("body")), member("in", expr.String("body")), member("required", expr.Bool(false)),
		member("schema", object(member("$ref", expr.String("#/definitions/request-"+trigger))))))
	return object(
		member("description", expr.String("Trigger a run of the logic app.")),
		member("operationId", expr.String(trigger+"-invoke")),
		member("parameters", expr.Array(parameters...)),
		member("responses", object(member("default", object(member("description", expr.String("The Logic App Response.")), member("schema", object(member("type", expr.String("object")))))))))
}
