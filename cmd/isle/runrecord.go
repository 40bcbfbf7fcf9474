package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/testfile"
	"isle/wdl"
)

// record builds an object, leaving out what there is none of.
type record []expr.Member

func (r *record) add(name string, v expr.Value) { *r = append(*r, expr.Member{Name: name, Value: v}) }

func (r *record) text(name, v string) {
	if v != "" {
		r.add(name, expr.String(v))
	}
}

func (r *record) time(name string, t time.Time) {
	if !t.IsZero() {
		r.add(name, expr.String(engine.TimeText(t)))
	}
}

func (r *record) failure(e *engine.Error) {
	if e != nil {
		var f record
		f.text("code", e.Code)
		f.text("message", e.Message)
		r.add("error", expr.Object(f...))
	}
}

// values adds inputs and outputs; what is secured is named, not shown.
func (r *record) values(inputs, outputs expr.Value, hasInputs, hasOutputs, secureInputs, secureOutputs bool) {
	var secured []expr.Value
	for _, v := range []struct {
		name        string
		value       expr.Value
		has, secure bool
	}{{"inputs", inputs, hasInputs, secureInputs}, {"outputs", outputs, hasOutputs, secureOutputs}} {
		switch {
		case v.has && v.secure:
			secured = append(secured, expr.String(v.name))
		case v.has:
			r.add(v.name, v.value)
		}
	}
	if secured != nil {
		r.add("secureData", expr.Object(expr.Member{Name: "properties", Value: expr.Array(secured...)}))
	}
}

// runRecord is a run as `isle run` prints it: the run's properties (wdl-semantics
// §14.1), its actions by name in definition order, and the response.
func runRecord(w *engine.Workflow, run testfile.Run, invoked *testfile.Invoked) expr.Value {
	var r record
	s := &run.Summary
	r.text("name", run.Name)
	r.text("workflow", w.Name)
	r.text("status", s.Status.String())
	r.text("code", s.Code)
	r.failure(s.Error)
	r.time("startTime", s.StartTime)
	r.time("endTime", s.EndTime)
	r.add("correlation", expr.Object(expr.Member{Name: "clientTrackingId", Value: expr.String(s.ClientTrackingID)}))
	r.add("trigger", triggerRecord(run.Trigger))
	var actions record
	for _, a := range w.Program.Actions {
		if v, ok := actionRecord(a, run.Records); ok {
			actions.add(a.Name, v)
		}
	}
	r.add("actions", expr.Object(actions...))
	var variables record
	for _, v := range run.Variables {
		variables.add(v.Name, v.Value)
	}
	r.add("variables", expr.Object(variables...))
	var outputs record
	for _, o := range s.Outputs {
		var out record
		out.text("type", o.Type)
		switch {
		case o.Secure:
			out.failure(o.Error.WithoutData())
		case o.Error == nil:
			out.add("value", o.Value)
		default:
			out.failure(o.Error)
		}
		outputs.add(o.Name, expr.Object(out...))
	}
	r.add("outputs", expr.Object(outputs...))
	answered := func(name string, a *testfile.Answer) {
		if a != nil {
			r.add(name, answerRecord(a))
		}
	}
	answered("response", invoked.Answer)
	answered("polled", invoked.Polled)
	return expr.Object(r...)
}

func triggerRecord(f engine.Fired) expr.Value {
	var r record
	r.text("name", f.Name)
	r.text("status", f.Status.String())
	r.text("code", f.Code)
	r.time("startTime", f.Start)
	r.time("endTime", f.End)
	r.values(f.Inputs, f.Outputs, f.HasInputs, f.HasOutputs, f.SecureInputs, f.SecureOutputs)
	if f.Tracked && !f.SecureInputs && !f.SecureOutputs {
		r.add("trackedProperties", f.TrackedProperties)
	}
	return expr.Object(r...)
}

// actionRecord is an action's record; of an action in loops the last status and all
// repetitions (wdl-semantics §14.5).
func actionRecord(a *wdl.Action, all []engine.Record) (expr.Value, bool) {
	var last *engine.Record
	var repetitions, iterations []expr.Value
	for i := range all {
		switch rec := &all[i]; {
		case rec.Index != a.Index:
		case rec.Iteration:
			iterations = append(iterations, repetitionRecord(rec))
		default:
			last = rec
			repetitions = append(repetitions, repetitionRecord(rec))
		}
	}
	if last == nil {
		return expr.Null(), false
	}
	var r record
	r.text("type", string(a.Type))
	r.text("status", last.Status.String())
	r.text("code", last.Code)
	r.failure(last.ShownError())
	r.time("startTime", last.Start)
	r.time("endTime", last.End)
	if a.Depth == 0 {
		r.details(last)
	} else {
		r.add("repetitionCount", expr.Int(int64(len(repetitions))))
		r.add("repetitions", expr.Array(repetitions...))
	}
	if a.Type.IsLoop() {
		r.add("iterationCount", expr.Int(int64(len(iterations))))
		r.add("scopeRepetitions", expr.Array(iterations...))
	}
	return expr.Object(r...), true
}

func repetitionRecord(rec *engine.Record) expr.Value {
	var r record
	r.text("name", engine.RepetitionName(rec.Repetition))
	var indexes []expr.Value
	for _, i := range rec.Repetition {
		indexes = append(indexes, expr.Object(
			expr.Member{Name: "scopeName", Value: expr.String(i.Scope)},
			expr.Member{Name: "itemIndex", Value: expr.Int(int64(i.Index))}))
	}
	r.add("repetitionIndexes", expr.Array(indexes...))
	r.text("status", rec.Status.String())
	r.text("code", rec.Code)
	r.failure(rec.ShownError())
	r.time("startTime", rec.Start)
	r.time("endTime", rec.End)
	r.details(rec)
	return expr.Object(r...)
}

// details are the members of a record that it does not share with the others.
func (r *record) details(rec *engine.Record) {
	r.values(rec.Inputs, rec.Outputs, rec.HasInputs, rec.HasOutputs, rec.SecureInputs, rec.SecureOutputs)
	if !rec.TrackedProperties.IsNull() && !rec.SecureInputs && !rec.SecureOutputs {
		r.add("trackedProperties", rec.TrackedProperties)
	}
	var retries []expr.Value
	for _, retry := range rec.ShownRetries() {
		var h record
		h.time("startTime", retry.Start)
		h.time("endTime", retry.End)
		h.text("code", retry.Code)
		h.text("clientRequestId", retry.ClientRequestID)
		h.text("serviceRequestId", retry.ServiceRequestID)
		h.failure(retry.Error)
		retries = append(retries, expr.Object(h...))
	}
	if retries != nil {
		r.add("retryHistory", expr.Array(retries...))
	}
}

func answerRecord(a *testfile.Answer) expr.Value {
	var r record
	r.add("statusCode", expr.Int(int64(a.StatusCode)))
	r.add("headers", connector.ReadHeaders(a.Header, func(name string) bool { return strings.HasPrefix(name, "x-ms-") }))
	if body, ok, err := connector.ReadContent(a.Header, a.Body); err == nil && ok {
		r.add("body", body)
	}
	return expr.Object(r...)
}

func printRecord(w io.Writer, v expr.Value) error {
	var b bytes.Buffer
	if err := json.Indent(&b, v.JSON(), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
