package connector

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// CallerHeaders are those the service adds to a request (wdl-semantics §14.4, logic-api
// §1.7), and those of W3C Trace Context if the run belongs to a trace.
func CallerHeaders(c Call) http.Header {
	w := c.Workflow
	h := make(http.Header, 24)
	h["User-Agent"] = []string{"azure-logic-apps/1.0 (workflow " + w.FlowID + "; version " + w.Version + ")"}
	if c.Subject.Options.Has(wdl.SuppressWorkflowHeaders) {
		return h
	}
	pairs := [...][2]string{
		{"x-ms-workflow-id", w.FlowID},
		{"x-ms-workflow-version", w.Version},
		{"x-ms-workflow-name", w.Name},
		{"x-ms-workflow-system-id", SystemID(w)},
		{"x-ms-workflow-run-id", c.RunID},
		{"x-ms-workflow-run-tracking-id", c.TriggerTrackingID},
		{"x-ms-workflow-operation-name", c.Subject.Name},
		{"x-ms-execution-location", w.Location},
		{"x-ms-workflow-subscription-id", segment(w.ID, "subscriptions")},
		{"x-ms-workflow-resourcegroup-name", segment(w.ID, "resourceGroups")},
		{"x-ms-tracking-id", c.TrackingID},
		{"x-ms-correlation-id", c.TrackingID},
		{"x-ms-client-request-id", c.ClientRequestID},
		{"x-ms-client-tracking-id", c.ClientTrackingID},
		{"x-ms-action-tracking-id", c.TrackingID},
		{"x-ms-activity-vector", activityVector(c)},
		{"traceparent", c.Trace.Traceparent()},
		{"tracestate", c.Trace.State},
	}
	values := make([]string, len(pairs)) // of all headers together
	for i, pair := range pairs {
		if pair[1] != "" && ValidHeader(pair[0], pair[1]) {
			values[i] = pair[1]
			h[pair[0]] = values[i : i+1 : i+1]
		}
	}
	return h
}

func activityVector(c Call) string {
	return fmt.Sprintf("IN.%02X", c.Subject.Index+1)
}

// segment is the part of a resource ID that follows a name, ignoring case.
func segment(id, name string) string {
	found := false
	for part := range strings.SplitSeq(id, "/") {
		if found {
			return part
		}
		found = strings.EqualFold(part, name)
	}
	return ""
}

// EncodeQuery is an object of query parameters as it stands in an address; null ones
// are left out.
func EncodeQuery(queries expr.Value) string {
	var b strings.Builder
	for name, v := range queries.Members() {
		if v.IsNull() {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(name) + "=" + escape(v.Text()))
	}
	return b.String()
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
