// Package trigger says what a firing of a trigger brings, and what its caller gets:
// how a request becomes the trigger's outputs, what a trigger that polls asks with and
// which answers are news, whether a firing may begin a run, into how many runs it is
// split, and how a Response is written (wdl-semantics §9, §10).
//
// The access endpoint, the runner and `isle test` all go through it, so that a
// workflow under test sees what it will see when deployed. The package is pure but
// for the identifiers it is given: no clock, no socket, nothing stored.
package trigger

import (
	"errors"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// Request is a call of a trigger's callback URL, read whole.
type Request struct {
	Method string
	Path   string // behind "invoke/", still escaped
	Query  Query
	Host   string // "" if the header is all there is
	Header http.Header
	Body   []byte // the outputs may keep it
}

// Refusal is why a request begins no run, in the words its caller gets.
type Refusal struct {
	Status  int
	Code    string
	Message string
	Header  http.Header // more headers, may be nil
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

func badRequest(code, message string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: code, Message: message}
}

// Failure is what the caller gets when a template of the trigger fails: no run begins
// (wdl-semantics §10.1).
func Failure(t *wdl.Trigger, cause error) *Refusal {
	var known *engine.Error
	if errors.As(cause, &known) {
		return badRequest(known.Code, "The template language expression evaluation failed: '"+known.Message+"'")
	}
	return badRequest("InvalidTemplate", "Unable to process template language expressions of trigger '"+t.Name+"': '"+strings.TrimSuffix(cause.Error(), ".")+"'.")
}

// Match checks method and relative path, before a body is read; it returns the
// path's parameters, null if there are none. Without a method in the definition it
// is POST. The error is a *Refusal.
func Match(t *wdl.Trigger, method, path string) (parameters expr.Value, err error) {
	parameters, ok := Path(t).Match(path)
	if !ok {
		return parameters, &Refusal{
			Status:  http.StatusNotFound,
			Code:    "TriggerRelativePathNotValid",
			Message: "The path behind 'invoke' does not match the relative path of trigger '" + t.Name + "': '" + pattern(t) + "'.",
		}
	}
	want := Method(t)
	if !strings.EqualFold(method, want) {
		return parameters, &Refusal{
			Status:  http.StatusMethodNotAllowed,
			Code:    "TriggerRequestMethodNotValid",
			Message: "The HTTP method '" + method + "' is not valid for trigger '" + t.Name + "'. The expected method is '" + want + "'.",
			Header:  http.Header{"Allow": {want}},
		}
	}
	return parameters, nil
}

// Callable reports whether a trigger has a callback URL.
func Callable(t *wdl.Trigger) bool { return t.Request != nil || IsWebhook(t) }

// Method is the one that a trigger is called with: POST, unless a Request trigger names
// another.
func Method(t *wdl.Trigger) string {
	if t.Request == nil || t.Request.Method == "" {
		return http.MethodPost
	}
	return t.Request.Method
}

// Path is the relative path of a Request trigger; nil if there is none.
func Path(t *wdl.Trigger) *wdl.PathPattern {
	if t.Request == nil {
		return nil
	}
	return t.Request.Path
}

func pattern(t *wdl.Trigger) string {
	if p := Path(t); p != nil {
		return p.String()
	}
	return ""
}

// Outputs are the trigger's outputs of a request that matched with these
// parameters: headers, queries, relativePathParameters, body, in this order
// (wdl-semantics §9). A body that is not what its type says, or not what the schema
// wants when it is enabled, is a *Refusal.
func Outputs(t *wdl.Trigger, r *Request, parameters expr.Value) (expr.Value, error) {
	members := append(make([]expr.Member, 0, 4), expr.Member{Name: "headers", Value: headers(t.Options, r)})
	if queries, any := r.Query.outputs(); any {
		members = append(members, expr.Member{Name: "queries", Value: queries})
	}
	if !parameters.IsNull() {
		members = append(members, expr.Member{Name: "relativePathParameters", Value: parameters})
	}
	v, present, err := r.content()
	if err != nil {
		return expr.Null(), err
	}
	if present {
		members = append(members, expr.Member{Name: "body", Value: v})
	}
	if err := CheckBody(t, v); err != nil {
		return expr.Null(), err
	}
	return expr.Object(members...), nil
}

// CheckBody holds a body to what the trigger's schema wants when it is enabled. The error
// is a *Refusal.
func CheckBody(t *wdl.Trigger, body expr.Value) error {
	if t.Request == nil || t.Request.Schema == nil || !t.Options.Has(wdl.EnableSchemaValidation) {
		return nil
	}
	return validate(t.Request.Schema, body)
}

// CallbackOutputs are the outputs of a webhook action that a request calls back:
// statusCode, headers, queries, body (wdl-semantics §11.10). A body that is not what
// its type says is a *Refusal.
func CallbackOutputs(options wdl.OptionSet, r *Request) (expr.Value, error) {
	members := append(make([]expr.Member, 0, 4),
		expr.Member{Name: "statusCode", Value: expr.Int(http.StatusOK)},
		expr.Member{Name: "headers", Value: headers(options, r)})
	if queries, any := r.Query.outputs(); any {
		members = append(members, expr.Member{Name: "queries", Value: queries})
	}
	v, present, err := r.content()
	if err != nil {
		return expr.Null(), err
	}
	if present {
		members = append(members, expr.Member{Name: "body", Value: v})
	}
	return expr.Object(members...), nil
}

// content is the body as a value (wdl-semantics §7.1).
func (r *Request) content() (v expr.Value, present bool, err error) {
	v, present, err = connector.ReadContent(r.Header, r.Body)
	if err != nil {
		return v, false, badRequest("InvalidRequestContent", "The request content is not valid and could not be deserialized: '"+strings.TrimSuffix(err.Error(), ".")+"'. Send what the Content-Type header says.")
	}
	return v, present, nil
}

func headers(options wdl.OptionSet, r *Request) expr.Value {
	h := r.Header
	unsized := len(r.Body) > 0 && h.Get("Content-Length") == ""
	if r.Host != "" || unsized {
		h = h.Clone()
		if r.Host != "" {
			h["Host"] = []string{r.Host}
		}
		if unsized {
			h["Content-Length"] = []string{strconv.Itoa(len(r.Body))}
		}
	}
	keep := options.Has(wdl.IncludeAuthorizationHeadersInOutputs)
	return connector.ReadHeaders(h, func(name string) bool {
		return !keep && textproto.CanonicalMIMEHeaderKey(name) == "Authorization"
	})
}

// Trace is the one that a caller's headers name; the zero value if they name none.
func Trace(h http.Header) engine.Trace {
	t, _ := engine.ParseTrace(h.Get("traceparent"), strings.Join(h.Values("tracestate"), ","))
	return t
}

// ClientTrackingID is the one a caller gives, if it can be a header again; else "".
func ClientTrackingID(h http.Header) string {
	id := strings.TrimSpace(h.Get("x-ms-client-tracking-id"))
	if len(id) > 512 || !connector.ValidHeader("x-ms-client-tracking-id", id) {
		return ""
	}
	return id
}
