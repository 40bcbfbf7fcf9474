package gateway

import (
	"net/http"
	"strconv"

	"isle/internal/connector"
	"isle/internal/runner"
)

// apiVersion is that of the links the access endpoint makes itself.
const apiVersion = "2016-10-01"

// writeWorkflowHeaders sets the headers of wdl-semantics §14.4, spelled as the
// service spells them.
func writeWorkflowHeaders(h http.Header, d *runner.Deployed, f runner.Firing) {
	run, client := f.Name, f.Name
	if f.Started != nil {
		run, client = f.Started.RunID, f.Started.ClientTrackingID
	}
	for _, pair := range [...][2]string{
		{"x-ms-workflow-run-id", run},
		{"x-ms-correlation-id", f.TrackingID},
		{"x-ms-client-tracking-id", client},
		{"x-ms-trigger-history-name", f.Name},
		{"x-ms-workflow-system-id", connector.SystemID(d.Workflow)},
		{"x-ms-workflow-id", d.FlowID},
		{"x-ms-workflow-version", d.Version},
		{"x-ms-workflow-name", d.Name},
		{"x-ms-tracking-id", f.TrackingID},
		{"x-ms-request-id", ":" + f.TrackingID},
	} {
		if connector.ValidHeader(pair[0], pair[1]) {
			h[pair[0]] = []string{pair[1]}
		}
	}
}

// writeReply writes what the run answered. A run that ended without its Response
// is a 502 (wdl-semantics §10.2).
func writeReply(w http.ResponseWriter, reply *runner.Reply, run string) error {
	if !reply.Sent {
		return noResponse(run)
	}
	status := reply.StatusCode
	if status < 200 || status > 599 {
		return &failure{status: http.StatusBadGateway, code: "InvalidResponseStatusCode", message: "The Response action '" + reply.Action + "' gives the status code " + strconv.Itoa(status) + ", which is not one from 200 to 599."}
	}
	h := w.Header()
	for name, v := range reply.Headers.Members() {
		if connector.SentHeader(name, false) && connector.ValidHeader(name, v.Text()) {
			h.Set(name, v.Text())
		}
	}
	body, contentType, err := connector.WriteBody(reply.Body)
	if err != nil {
		return &failure{status: http.StatusBadGateway, code: "InvalidResponseContent", message: "The body of the Response action '" + reply.Action + "' cannot be sent: " + err.Error() + "."}
	}
	if bodyless(status) {
		w.WriteHeader(status)
		return nil
	}
	switch {
	case h.Get("Content-Type") != "":
	case contentType != "":
		h["Content-Type"] = []string{contentType}
	default:
		h["Content-Type"] = nil // keeps the server from guessing
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that hung up loses only this
	return nil
}

func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

func noResponse(run string) error {
	return &failure{status: http.StatusBadGateway, code: "NoResponse", message: "The server did not receive a response from an upstream server. Request tracking id '" + run + "'."}
}

// writePollHeaders tells where to ask for a Response that comes later.
func (g *Gateway) writePollHeaders(h http.Header, d *runner.Deployed, run, operation string) {
	t := target{kind: targetOperation, run: run, operation: operation}
	link := runner.Link{
		FlowID:     d.FlowID,
		Path:       "/workflows/" + d.FlowID + "/runs/" + run + "/operations/" + operation,
		Permission: t.permission(),
		APIVersion: apiVersion,
	}
	h["Location"] = []string{link.URL(g.config.PublicURL, key(d))}
	h["Retry-After"] = []string{"2"}
}

func key(d *runner.Deployed) []byte {
	if len(d.Keys) == 0 {
		return nil
	}
	return d.Keys[0]
}
