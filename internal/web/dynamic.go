package web

import (
	"context"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// dynamicInvoke calls an operation of a custom API for a designer, as an action of a
// workflow in the connection's environment would (connections §1.1). Whatever the API
// answers, the outer status is 200.
func (s *Service) dynamicInvoke(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, a, err := s.load(ctx, r.Resource.ID)
	if err != nil {
		return nil, err
	}
	if a.custom == nil || s.config.Call == nil {
		return refuseDynamic(ctx, r)
	}
	request := at(r.Body, "request")
	method, path := text(request, "method"), text(request, "path")
	if err := checkInvocation(method, path); err != nil {
		return nil, err
	}
	e, err := s.endpoint(ctx, r.Resource.ID, form, a)
	if err != nil {
		return nil, arm.Invalid("Unauthorized", "", "%s.", strings.TrimSuffix(err.Error(), "."))
	}
	inputs := requestOf(e, &testOperation{method, path})
	for _, name := range [...]string{"queries", "headers"} {
		for member, v := range at(request, name).Members() {
			if _, own := folded(at(inputs, name), member); !own { // a credential stays what it is
				inputs = inputs.With(name, orObject(at(inputs, name)).With(member, v))
			}
		}
	}
	if body, given := request.Get("body"); given {
		inputs = inputs.With("body", body)
	}
	outcome := s.config.Call(ctx, form.Environment, inputs)
	status, answered := at(outcome.Outputs, "statusCode").AsInt()
	if !answered {
		return nil, callFailed(outcome.Error)
	}
	return arm.Reply(object("response", object("statusCode", statusName(int(status)), "headers", at(outcome.Outputs, "headers"), "body", at(outcome.Outputs, "body")))), nil
}

func orObject(v expr.Value) expr.Value {
	if v.Kind() != expr.KindObject {
		return expr.Object()
	}
	return v
}

// checkInvocation keeps a call below the backend's address.
func checkInvocation(method, path string) error {
	var found arm.Found
	switch strings.ToUpper(method) {
	case "GET", "PUT", "POST", "PATCH", "DELETE", "HEAD":
	default:
		found.Add(codeInvalidContent, "request.method", "The method '%.20s' is none of GET, PUT, POST, PATCH, DELETE and HEAD.", method)
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#\\ ") || leadsOut(path) {
		found.Add(codeInvalidContent, "request.path", "The path '%.200s' must begin with a slash, have no query (give 'queries'), and no segment '..'.", path)
	}
	return found.Err()
}

// leadsOut tells whether a path has a segment that goes up, escaped or not.
func leadsOut(path string) bool {
	lower := strings.ToLower(path)
	for _, escaped := range [...][2]string{{"%2e", "."}, {"%2f", "/"}, {"%5c", "/"}} {
		lower = strings.ReplaceAll(lower, escaped[0], escaped[1])
	}
	for segment := range strings.SplitSeq(lower, "/") {
		if segment == ".." || segment == "." {
			return true
		}
	}
	return false
}

// statusName is the name that a status has in answers of dynamicInvoke, such as NotFound.
func statusName(status int) string {
	name := strings.NewReplacer(" ", "", "-", "", "'", "").Replace(http.StatusText(status))
	if name == "" {
		return expr.Int(int64(status)).Text()
	}
	return name
}

func refuseDynamic(context.Context, *arm.Request) (*arm.Response, error) {
	return nil, &arm.Error{Status: http.StatusBadRequest, Code: "DynamicInvocationNotSupported", Message: "This server calls the operations of custom APIs for a designer, by dynamicInvoke, and no others. A workflow calls them by ApiConnection actions."}
}
