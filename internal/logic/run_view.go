package logic

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/wdl"
)

// The run history as the API serves it (logic-api §2.5, §2.6; wdl-semantics
// §14.1): runs and their actions, made of the engine's records.

// fields builds an object and leaves out what is not there.
type fields []expr.Member

func (f *fields) add(name string, v expr.Value) { *f = append(*f, member(name, v)) }

func (f *fields) text(name, v string) {
	if v != "" {
		f.add(name, expr.String(v))
	}
}

func (f *fields) time(name string, t time.Time) {
	if !t.IsZero() {
		f.add(name, expr.String(timestamp(t)))
	}
}

func (f *fields) error(e *engine.Error) {
	if e != nil {
		f.add("error", object(member("code", expr.String(e.Code)), member("message", expr.String(e.Message))))
	}
}

// secured says which contents there are and are not shown, which a missing link alone does
// not: Isle's own.
func (f *fields) secured(inputs, outputs bool) {
	var names []string
	if inputs {
		names = append(names, "inputs")
	}
	if outputs {
		names = append(names, "outputs")
	}
	if names != nil {
		f.add("secured", texts(names...))
	}
}

func (f fields) value() expr.Value { return expr.Object(f...) }

// sortedObject is an object of the members of a map, in the order of their names.
func sortedObject(m map[string]expr.Value) expr.Value {
	var f fields
	for _, name := range slices.Sorted(maps.Keys(m)) {
		f.add(name, m[name])
	}
	return f.value()
}

// resource is the frame of an entry of the history.
func resource(id, name, typ string, properties expr.Value) expr.Value {
	return object(
		member("properties", properties),
		member("id", expr.String(id)),
		member("name", expr.String(name)),
		member("type", expr.String(typ)))
}

// reference is a ResourceReference as it is served.
func reference(id, name, typ string) expr.Value {
	return object(member("id", expr.String(id)), member("name", expr.String(name)), member("type", expr.String(typ)))
}

const (
	typeVersions         = workflowType + "/versions"
	typeRuns             = workflowType + "/runs"
	typeActions          = workflowType + "/runs/actions"
	typeRepetitions      = workflowType + "/runs/actions/repetitions"
	typeScopeRepetitions = workflowType + "/runs/actions/scopeRepetitions"
	typeTriggers         = workflowType + "/triggers"
	typeHistories        = workflowType + "/triggers/histories"
)

// runView is a run. The summary is what its head says.
func runView(workflowID string, r store.Run, s engine.Summary, l *linker) expr.Value {
	id := workflowID + "/runs/" + r.Name
	var f fields
	f.time("waitEndTime", waitEnd(r))
	f.time("startTime", r.Start)
	f.time("endTime", r.End)
	f.text("status", r.Status)
	f.text("code", r.Code)
	if r.ErrorCode != "" || r.ErrorMessage != "" {
		f.error(&engine.Error{Code: r.ErrorCode, Message: r.ErrorMessage})
	}
	f.add("correlation", object(member("clientTrackingId", expr.String(r.ClientTrackingID))))
	f.text("correlationId", s.TriggerRecord.TrackingID)
	f.add("workflow", reference(workflowID+"/versions/"+r.Version, r.Version, typeVersions))
	f.add("trigger", runTrigger(&s.TriggerRecord, r, l))
	f.add("outputs", runOutputs(s.Outputs, !r.End.IsZero()))
	return resource(id, r.Name, typeRuns, f.value())
}

// waitEnd is when a run began; zero while it waits for its turn.
func waitEnd(r store.Run) time.Time {
	if r.Queued || !r.WaitEnd.IsZero() {
		return r.WaitEnd
	}
	return r.Start
}

func runTrigger(t *engine.Fired, r store.Run, l *linker) expr.Value {
	var f fields
	f.text("name", r.Trigger)
	f.secured(t.HasInputs && t.SecureInputs, t.HasOutputs && t.SecureOutputs)
	if t.HasInputs && !t.SecureInputs {
		f.add("inputsLink", l.link("", "TriggerInputs", contentSize(t.Inputs)))
	}
	if t.HasOutputs && !t.SecureOutputs {
		f.add("outputsLink", l.link("", "TriggerOutputs", contentSize(t.Outputs)))
	}
	f.time("scheduledTime", t.ScheduledTime)
	f.time("startTime", t.Start)
	f.time("endTime", t.End)
	f.text("originHistoryName", cmp.Or(t.OriginHistoryName, r.Name)) // the firing that began it: its own, unless it is resubmitted or one of a split
	f.text("trackingId", t.TrackingID)
	f.add("correlation", object(member("clientTrackingId", expr.String(r.ClientTrackingID))))
	f.text("code", t.Code)
	f.text("status", t.Status.String())
	if t.Tracked && !t.SecureInputs && !t.SecureOutputs {
		f.add("trackedProperties", t.TrackedProperties)
	}
	return f.value()
}

// runOutputs are the workflow's outputs; while the run is open only their types
// are known.
func runOutputs(outputs []engine.Output, ended bool) expr.Value {
	var list fields
	for _, o := range outputs {
		var f fields
		f.text("type", o.Type)
		switch {
		case o.Secure:
			f.error(o.Error.WithoutData())
		case ended && o.Error == nil:
			f.add("value", o.Value)
		default:
			f.error(o.Error)
		}
		list.add(o.Name, f.value())
	}
	return list.value()
}

// actionView is an action of a run. For a child of a loop the record is that of
// its last repetition and count the number of them: its inputs and outputs stand
// with the repetitions.
func actionView(runID string, r *engine.Record, clientTrackingID string, count int, l *linker) expr.Value {
	f := recordFields(r, clientTrackingID)
	if count > 0 {
		f.add("repetitionCount", expr.Int(int64(count)))
	} else {
		recordLinks(&f, r, "/actions/"+r.Action, l)
	}
	return resource(runID+"/actions/"+r.Action, r.Action, typeActions, f.value())
}

// repetitionView is one repetition of an action, or of a loop as a scope.
func repetitionView(runID string, r *engine.Record, scope bool, clientTrackingID string, l *linker) expr.Value {
	f := recordFields(r, clientTrackingID)
	segment, typ := "/repetitions/", typeRepetitions
	if scope {
		segment, typ = "/scopeRepetitions/", typeScopeRepetitions
	}
	name := engine.RepetitionName(r.Repetition)
	recordLinks(&f, r, "/actions/"+r.Action+segment+name, l)
	indexes := make([]expr.Value, len(r.Repetition))
	for i, x := range r.Repetition {
		indexes[i] = object(member("scopeName", expr.String(x.Scope)), member("itemIndex", expr.Int(int64(x.Index))))
	}
	f.add("repetitionIndexes", expr.Array(indexes...))
	return resource(runID+"/actions/"+r.Action+segment+name, name, typ, f.value())
}

func recordFields(r *engine.Record, clientTrackingID string) fields {
	var f fields
	f.time("startTime", r.Start)
	f.time("endTime", r.End)
	var correlation fields
	correlation.text("actionTrackingId", r.TrackingID) // an iteration has none
	correlation.text("clientTrackingId", clientTrackingID)
	f.add("correlation", correlation.value())
	f.text("status", r.Status.String())
	f.text("code", r.Code)
	f.error(r.ShownError())
	f.text("trackingId", r.TrackingID)
	f.add("canResubmit", expr.Bool(canResubmit(r)))
	if r.IterationCount > 0 {
		f.add("iterationCount", expr.Int(int64(r.IterationCount)))
	}
	if !r.TrackedProperties.IsNull() && !r.SecureInputs && !r.SecureOutputs {
		f.add("trackedProperties", r.TrackedProperties)
	}
	if r.Repeated {
		f.add("repeatedAfterRestart", expr.Bool(true)) // Isle's own
	}
	if r.Kept {
		f.add("kept", expr.Bool(true)) // Isle's own: of the run that the trigger's originHistoryName names
	}
	if len(r.RetryHistory) > 0 {
		f.add("retryHistory", retries(r.ShownRetries()))
	}
	return f
}

// canResubmit is false for what was skipped, loops, their children, and Response
// (wdl-semantics §14.1).
func canResubmit(r *engine.Record) bool {
	switch r.Type {
	case wdl.TypeForeach, wdl.TypeUntil, wdl.TypeResponse:
		return false
	}
	return r.Status != wdl.Skipped && len(r.Repetition) == 0
}

func recordLinks(f *fields, r *engine.Record, owner string, l *linker) {
	f.secured(r.HasInputs && r.SecureInputs, r.HasOutputs && r.SecureOutputs)
	if r.HasInputs && !r.SecureInputs {
		link := l.link(owner, "ActionInputs", contentSize(r.Inputs))
		if r.Type == wdl.TypeForeach && !r.Iteration {
			link = link.With("metadata", object(member("foreachItemsCount", expr.Int(int64(r.ForeachItemsCount)))))
		}
		f.add("inputsLink", link)
	}
	if r.HasOutputs && !r.SecureOutputs {
		f.add("outputsLink", l.link(owner, "ActionOutputs", contentSize(r.Outputs)))
	}
}

func retries(history []engine.Retry) expr.Value {
	list := make([]expr.Value, len(history))
	for i, a := range history {
		var f fields
		f.time("startTime", a.Start)
		f.time("endTime", a.End)
		f.text("code", a.Code)
		f.text("clientRequestId", a.ClientRequestID)
		f.text("serviceRequestId", a.ServiceRequestID)
		f.error(a.Error)
		if a.Repeated {
			f.add("repeatedAfterRestart", expr.Bool(true))
		}
		list[i] = f.value()
	}
	return expr.Array(list...)
}
