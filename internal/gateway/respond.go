package gateway

import (
	"net/http"

	"isle/internal/runner"
	"isle/internal/trigger"
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
	trigger.Correlation{Run: run, Firing: f.Name, TrackingID: f.TrackingID, ClientTrackingID: client}.WriteHeaders(h, d.Workflow)
}

// writeReply writes what the run answered. A run that ended without its Response
// is a 502 (wdl-semantics §10.2).
func writeReply(w http.ResponseWriter, reply *runner.Reply, run string) error {
	if !reply.Sent {
		return noResponse(run)
	}
	answer := trigger.Reply{Action: reply.Action, StatusCode: reply.StatusCode, Headers: reply.Headers, Body: reply.Body}
	status, body, err := answer.Write(w.Header())
	if err != nil {
		return err
	}
	w.WriteHeader(status)
	_ = body.Send(w) // a caller that hung up loses only this
	return nil
}

func noResponse(run string) error {
	return &failure{status: http.StatusBadGateway, code: "NoResponse", message: noResponseText(run)}
}

func noResponseText(run string) string {
	return "The server did not receive a response from an upstream server. Request tracking id '" + run + "'."
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
	h["Location"] = []string{link.URL(g.config.Access(d.Environment), key(d))}
	h["Retry-After"] = []string{"2"}
}

func key(d *runner.Deployed) []byte {
	if len(d.Keys) == 0 {
		return nil
	}
	return d.Keys[0]
}
