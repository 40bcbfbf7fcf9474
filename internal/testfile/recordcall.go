package testfile

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"isle/engine"
	"isle/expr"
	"isle/internal/trigger"
	"isle/wdl"
)

// fired is what the trigger brought: for a Request trigger the request, as far as it
// can be sent again, for others the outputs.
func (d *draft) fired() expr.Value {
	t := object{}
	on, ok := d.Workflow.Program.Trigger(d.Trigger.Name)
	if !ok || len(d.Workflow.Program.Triggers) > 1 {
		t.add("name", expr.String(d.Trigger.Name))
	}
	if d.Trigger.SecureOutputs {
		d.placeholder("The outputs of the trigger are secured: fill in what the run had.")
		return t.value()
	}
	if !ok || on.Request == nil || on.SplitOn != nil {
		if d.Trigger.HasOutputs {
			t.add("outputs", d.Trigger.Outputs)
		}
		return t.value()
	}
	d.request(&t, on)
	return t.value()
}

func (d *draft) request(t *object, on *wdl.Trigger) {
	t.add("method", expr.String(trigger.Method(on)))
	if on.Request.Path != nil {
		parameters, _ := d.Trigger.Outputs.Get("relativePathParameters")
		path := on.Request.Path.String()
		for name, v := range parameters.Members() {
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(v.Text()))
		}
		t.add("relativePath", expr.String(path))
	}
	queries, _ := d.Trigger.Outputs.Get("queries")
	t.addUnlessEmpty("queries", queries)
	headers, _ := d.Trigger.Outputs.Get("headers")
	t.addUnlessEmpty("headers", sentHeaders(headers))
	if on.Options.Has(wdl.IncludeAuthorizationHeadersInOutputs) {
		d.placeholder("The header Authorization of the request is not in its history: fill in what was sent.")
	}
	body, has := d.Trigger.Outputs.Get("body")
	if !has {
		return
	}
	switch text, is := textOf(body); {
	case is:
		t.add("bodyText", expr.String(text))
	case isEnvelope(body):
		d.placeholder("The body of the request is binary and was left out.")
	default:
		t.add("body", body)
	}
}

// notSent are headers that a message gets by itself, or that belong to one exchange.
var notSent = map[string]bool{
	"Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Date": true, "Host": true, "Accept-Encoding": true,
	"Content-Encoding": true, "Set-Cookie": true, "Cookie": true, "Authorization": true, "Location": true, "Retry-After": true,
}

// sentHeaders are the headers that are sent again.
func sentHeaders(headers expr.Value) expr.Value {
	var sent object
	for name, v := range headers.Members() {
		canonical := http.CanonicalHeaderKey(name)
		if notSent[canonical] || strings.HasPrefix(canonical, "X-Ms-") && canonical != "X-Ms-Client-Tracking-Id" || strings.Contains(v.Text(), "*sanitized*") {
			continue
		}
		sent.add(name, expr.String(v.Text()))
	}
	return sent.value()
}

func isEnvelope(v expr.Value) bool {
	_, typed := v.Get("$content-type")
	_, content := v.Get("$content")
	return typed && content
}

// textOf is a body that can be sent as text: a string, or an envelope around text.
func textOf(body expr.Value) (string, bool) {
	if text, ok := body.AsString(); ok {
		return text, true
	}
	if !isEnvelope(body) {
		return "", false
	}
	content, _ := body.Get("$content")
	raw, err := base64.StdEncoding.DecodeString(content.Text())
	return string(raw), err == nil && utf8.Valid(raw)
}

// calls tells the types whose requests a mock answers.
func calls(t wdl.Type) bool {
	switch t {
	case wdl.TypeHTTP, wdl.TypeHTTPWebhook, wdl.TypeAPIConnection, wdl.TypeAPIConnectionWebhook,
		wdl.TypeFunction, wdl.TypeAPIManagement, wdl.TypeWorkflow, wdl.TypeSendToBatch:
		return true
	}
	return false
}

// answers are the mocks: for each action that calls, what its calls got, in the order
// in which they were made.
func (d *draft) answers() []expr.Value {
	var mocks []expr.Value
	for _, a := range d.Workflow.Program.Actions {
		if !calls(a.Type) || a.StaticResult != nil {
			continue
		}
		if responses := d.inTurn(a); len(responses) > 0 {
			mock := object{}
			mock.add("action", expr.String(a.Name))
			mock.add("responses", expr.Array(responses...))
			mocks = append(mocks, mock.value())
		}
	}
	return mocks
}

// inTurn are the responses of an action in the order in which its requests were made:
// attempts of several repetitions may stand among each other.
func (d *draft) inTurn(a *wdl.Action) (responses []expr.Value) {
	type response struct {
		at    time.Time
		value expr.Value
	}
	var all []response
	for _, r := range d.of(a) {
		for i, v := range d.responses(a, &r) {
			at := r.Start
			if i < len(r.RetryHistory) {
				at = r.RetryHistory[i].Start
			}
			all = append(all, response{at, v})
		}
	}
	slices.SortStableFunc(all, func(a, b response) int { return a.at.Compare(b.at) })
	for _, r := range all {
		responses = append(responses, r.value)
	}
	return responses
}

// responses are what the requests of one record got: attempts that were repeated, then
// the last one.
func (d *draft) responses(a *wdl.Action, r *engine.Record) (list []expr.Value) {
	if n := len(r.RetryHistory); n > 1 {
		for _, attempt := range r.ShownRetries()[:n-1] {
			list = append(list, attempted(attempt.Code, attempt.Error))
		}
	}
	status, answered := r.Outputs.Get("statusCode")
	webhook := a.Type == wdl.TypeHTTPWebhook || a.Type == wdl.TypeAPIConnectionWebhook
	switch {
	case r.SecureOutputs:
		d.placeholder("The outputs of '%s' are secured: fill in the body that its mock answers with.", a.Name)
		return append(list, attempted(r.Code, nil))
	case webhook && r.Status == wdl.Succeeded:
		return append(list, d.calledBack(a, r.Outputs))
	case answered:
		return append(list, d.answered(a, status, r.Outputs))
	case r.Status == wdl.TimedOut: // an operation that never ended
		return append(list, pending())
	case r.Attempts > 0:
		return append(list, attempted(r.Code, r.ShownError()))
	}
	return list
}

// calledBack is the mock's form of the outputs of a webhook: the subscription went well,
// and they are what its callback brought.
func (d *draft) calledBack(a *wdl.Action, outputs expr.Value) expr.Value {
	callback := d.answered(a, expr.Null(), outputs).Without("status")
	if queries, ok := outputs.Get("queries"); ok {
		callback = callback.With("queries", queries)
	}
	return expr.Object(expr.Member{Name: "status", Value: expr.Int(http.StatusOK)}, expr.Member{Name: "callback", Value: callback})
}

// answered is the mock's form of recorded outputs.
func (d *draft) answered(a *wdl.Action, status, outputs expr.Value) expr.Value {
	response := object{}
	response.add("status", status)
	headers, _ := outputs.Get("headers")
	response.addUnlessEmpty("headers", sentHeaders(headers))
	body, has := outputs.Get("body")
	if !has {
		return response.value()
	}
	switch text, is := textOf(body); {
	case is:
		response.add("body", expr.String(text))
	case isEnvelope(body):
		d.placeholder("A body that '%s' got is binary and was left out of its mock.", a.Name)
	default:
		response.add("body", body)
	}
	return response.value()
}

// attempted is an answer of which only the code is known, or the lack of one.
func attempted(code string, e *engine.Error) expr.Value {
	response := object{}
	if status := statusOf(code); status != 0 {
		response.add("status", expr.Int(int64(status)))
		return response.value()
	}
	lack := object{}
	lack.add("code", expr.String(code))
	if e != nil {
		lack.add("message", expr.String(e.Message))
	}
	response.add("error", lack.value())
	return response.value()
}

func pending() expr.Value {
	headers := expr.Object(
		expr.Member{Name: "Location", Value: expr.String("https://operation.example/status")},
		expr.Member{Name: "Retry-After", Value: expr.String("60")},
	)
	return expr.Object(expr.Member{Name: "status", Value: expr.Int(http.StatusAccepted)}, expr.Member{Name: "headers", Value: headers})
}

// statusOf is the HTTP status whose name a record's code is; 0 if it is none.
func statusOf(code string) int {
	for status := 200; status < 600; status++ {
		if engine.StatusName(status) == code {
			return status
		}
	}
	return 0
}
