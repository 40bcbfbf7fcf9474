package deploy

import (
	"context"

	"isle/expr"
	"isle/internal/arm"
)

// reader reads resources for a template's expressions as the deployment's principal.
type reader struct {
	ctx       context.Context
	resources Resources
	principal arm.Principal
}

// defaultVersion serves where a template names no version: every type has one shape.
const defaultVersion = "2021-04-01"

func (r reader) Reference(id, apiVersion string) (expr.Value, error) {
	result, err := r.resources.Get(r.ctx, r.principal, id, versionOr(apiVersion))
	if err != nil {
		return expr.Value{}, err
	}
	return result.Body, nil
}

func (r reader) List(id, action, apiVersion string, body expr.Value) (expr.Value, error) {
	var sent []byte
	if !body.IsNull() {
		sent = body.JSON()
	}
	result, err := r.resources.Post(r.ctx, r.principal, id+"/"+action, versionOr(apiVersion), sent)
	if err != nil {
		return expr.Value{}, err
	}
	return result.Body, nil
}

func versionOr(apiVersion string) string {
	if apiVersion == "" {
		return defaultVersion
	}
	return apiVersion
}
