package testfile

import (
	"slices"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// expected are the paths of what the case expects, the more particular ones first, as
// its failures begin with them.
func (d *draft) expected() []string {
	var paths []string
	for _, a := range d.Workflow.Program.Actions {
		for _, member := range [...]string{".outputs", ".error", ".code", ".repetitions", ".status"} {
			paths = append(paths, "actions."+a.Name+member)
		}
	}
	return append(paths, "response.body", "response.headers", "response.status", "code", "error")
}

// expectation is what the run did.
func (d *draft) expectation() expr.Value {
	e := object{}
	e.add("status", expr.String(d.Summary.Status.String()))
	if d.Summary.Code != "" && !d.omitted["code"] {
		e.add("code", expr.String(d.Summary.Code))
	}
	if f := d.Summary.Error; f != nil && !d.omitted["error"] {
		e.add("error", failureExpected(f))
	}
	actions := object{}
	for _, a := range d.Workflow.Program.Actions {
		if records := d.of(a); len(records) > 0 {
			actions.add(a.Name, d.actionExpected(a, records))
		}
	}
	e.addUnlessEmpty("actions", actions.value())
	if response, ok := d.responseExpected(); ok {
		e.add("response", response)
	}
	return e.value()
}

func failureExpected(f *engine.Error) expr.Value {
	o := object{}
	if f.Code != "" {
		o.add("code", expr.String(f.Code))
	}
	if f.Message != "" && f.Message != engine.NotShown {
		o.add("contains", expr.String(f.Message))
	}
	return o.value()
}

// actionExpected is what an action did: its status and outputs, or in loops the number
// of its records.
func (d *draft) actionExpected(a *wdl.Action, records []engine.Record) expr.Value {
	path := "actions." + a.Name
	o := object{}
	if len(a.Loops) > 0 {
		if !d.omitted[path+".repetitions"] {
			o.add("repetitions", expr.Int(int64(len(records))))
		}
		return o.value()
	}
	r := records[len(records)-1]
	if !d.omitted[path+".status"] {
		o.add("status", expr.String(r.Status.String()))
	}
	if r.Status != wdl.Succeeded && r.Code != "" && !d.omitted[path+".code"] {
		o.add("code", expr.String(r.Code))
	}
	if r.Error != nil && !d.omitted[path+".error"] {
		o.add("error", failureExpected(r.ShownError()))
	}
	if r.HasOutputs && !r.SecureOutputs && !calls(a.Type) && r.Outputs.Size() <= maxOutputs && !d.omitted[path+".outputs"] {
		o.add("outputs", r.Outputs)
	}
	return o.value()
}

// responseExpected is what the caller of a Request trigger got, if a Response that is
// not asynchronous answered.
func (d *draft) responseExpected() (expr.Value, bool) {
	sent := d.Summary.Response
	if sent == nil || sent.Asynchronous || d.omitted["response.status"] {
		return expr.Null(), false
	}
	i := slices.IndexFunc(d.Records, func(r engine.Record) bool {
		return strings.EqualFold(r.Action, sent.Action) && r.Status == wdl.Succeeded
	})
	o := object{}
	o.add("status", expr.Int(int64(sent.StatusCode)))
	if i < 0 || d.Records[i].SecureOutputs || d.omitted["response.body"] {
		return o.value(), true
	}
	if body, ok := d.Records[i].Outputs.Get("body"); ok && !isEnvelope(body) && body.Size() <= maxOutputs {
		o.add("body", body)
	}
	return o.value(), true
}
