package trigger

import (
	"net/http"
	"strconv"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// Reply is what a Response action says.
type Reply struct {
	Action     string
	StatusCode int
	Headers    expr.Value
	Body       expr.Value
}

// Write sets the headers of the answer to the caller and returns its status and
// body (wdl-semantics §7.2, §10.2). A Content-Type that is there and empty keeps a
// server from guessing one. The error is a *Refusal.
func (r *Reply) Write(h http.Header) (status int, body connector.Body, err error) {
	status = r.StatusCode
	if status < 200 || status > 599 {
		return 0, body, &Refusal{Status: http.StatusBadGateway, Code: "InvalidResponseStatusCode", Message: "The Response action '" + r.Action + "' gives the status code " + strconv.Itoa(status) + ", which is not one from 200 to 599."}
	}
	for name, v := range r.Headers.Members() {
		if connector.SentHeader(name, false) && connector.ValidHeader(name, v.Text()) {
			h.Set(name, v.Text())
		}
	}
	body, contentType, err := connector.BodyOf(r.Body)
	if err != nil {
		return 0, body, &Refusal{Status: http.StatusBadGateway, Code: "InvalidResponseContent", Message: "The body of the Response action '" + r.Action + "' cannot be sent: " + err.Error() + "."}
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		return status, connector.Body{}, nil
	}
	switch {
	case h.Get("Content-Type") != "":
	case contentType != "":
		h["Content-Type"] = []string{contentType}
	default:
		h["Content-Type"] = nil
	}
	h["Content-Length"] = []string{strconv.Itoa(body.Len())}
	return status, body, nil
}

// Correlation names a firing to its caller.
type Correlation struct {
	Run              string // its run, or the firing if there is none
	Firing           string // of the trigger history
	TrackingID       string
	ClientTrackingID string
}

// WriteHeaders sets the headers of wdl-semantics §14.4, spelled as the service
// spells them.
func (c Correlation) WriteHeaders(h http.Header, w *engine.Workflow) {
	pairs := [...][2]string{
		{"x-ms-workflow-run-id", c.Run},
		{"x-ms-correlation-id", c.TrackingID},
		{"x-ms-client-tracking-id", c.ClientTrackingID},
		{"x-ms-trigger-history-name", c.Firing},
		{"x-ms-workflow-system-id", connector.SystemID(w)},
		{"x-ms-workflow-id", w.FlowID},
		{"x-ms-workflow-version", w.Version},
		{"x-ms-workflow-name", w.Name},
		{"x-ms-tracking-id", c.TrackingID},
		{"x-ms-request-id", ":" + c.TrackingID},
	}
	values := make([]string, len(pairs)) // one room for all
	for i, pair := range pairs {
		if connector.ValidHeader(pair[0], pair[1]) {
			values[i] = pair[1]
			h[pair[0]] = values[i : i+1 : i+1]
		}
	}
}
