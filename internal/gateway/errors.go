package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"isle/internal/store"
	"isle/internal/trigger"
)

// failure is an answer in the resource manager's shape.
type failure struct {
	status  int
	code    string
	message string
	header  http.Header // more headers, may be nil
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func notFound(code, message string) *failure {
	return &failure{status: http.StatusNotFound, code: code, message: message}
}

func unauthorized(code, message string) *failure {
	return &failure{status: http.StatusUnauthorized, code: code, message: message, header: http.Header{"Www-Authenticate": {"SharedAccessSignature"}}}
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// fail writes an error; what is not a *failure is ours, and its cause goes to the
// log and not to the caller.
func (g *Gateway) fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *failure
	var refusal *trigger.Refusal
	var ill *store.UnavailableError
	switch {
	case errors.As(err, &f):
	case errors.As(err, &refusal):
		f = &failure{status: refusal.Status, code: refusal.Code, message: refusal.Message, header: refusal.Header}
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // nobody listens
	case errors.As(err, &ill): // the server's log says it once for all requests
		f = &failure{status: http.StatusServiceUnavailable, code: "StorageUnavailable", message: "The request was not taken: " + ill.Advice(), header: http.Header{"Retry-After": {"10"}}}
	default:
		g.config.Log.Error("access endpoint", "method", r.Method, "path", r.URL.Path, "error", err)
		f = &failure{status: http.StatusInternalServerError, code: "InternalServerError", message: "The server could not carry out the request. Try again; the server's log says more."}
	}
	writeError(w, f)
}

func writeError(w http.ResponseWriter, f *failure) {
	body, _ := json.Marshal(map[string]any{"error": map[string]string{"code": f.code, "message": f.message}})
	h := w.Header()
	for name, values := range f.header {
		h[name] = values
	}
	h["Content-Type"] = []string{"application/json; charset=utf-8"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["Cache-Control"] = []string{"no-cache"}
	w.WriteHeader(f.status)
	_, _ = w.Write(body)
}
