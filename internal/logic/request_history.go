package logic

import (
	"context"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/connector"
	"isle/internal/store"
	"isle/wdl"
)

// Request histories: the HTTP exchanges of an action (logic-api §2.6), one for each
// attempt of any action that makes requests. They are made of the action's record, which
// keeps the request, and of all attempts the times, the codes and the answers.

// recordFinder finds the record of the action, or of the repetition, that the path
// names, and its place below the run.
type recordFinder func(ctx context.Context, tx *store.Tx, r *arm.Request, form *workflow, run store.Run) (rec *engine.Record, owner string, err error)

func (s *Service) actionRecord(_ context.Context, tx *store.Tx, r *arm.Request, _ *workflow, run store.Run) (*engine.Record, string, error) {
	o, rec, err := findAction(tx, r, run)
	if err != nil {
		return nil, "", err
	}
	if o.counts[rec.Index] > 0 {
		rec = &engine.Record{Action: rec.Action, Type: rec.Type} // the exchanges stand with the repetitions
	}
	return rec, "/actions/" + rec.Action, nil
}

func (s *Service) repetitionRecord(ctx context.Context, tx *store.Tx, r *arm.Request, form *workflow, run store.Run) (*engine.Record, string, error) {
	rec, err := s.findRepetition(ctx, tx, r, form, run, false)
	if err != nil {
		return nil, "", err
	}
	return rec, "/actions/" + rec.Action + "/repetitions/" + engine.RepetitionName(rec.Repetition), nil
}

func (s *Service) listRequests(find recordFinder) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		values, err := s.requests(ctx, r, find)
		if err != nil {
			return nil, err
		}
		return arm.Reply(list(expr.Array(values...))), nil
	}
}

func (s *Service) readRequest(find recordFinder) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		values, err := s.requests(ctx, r, find)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if name, _ := path(v, "name").AsString(); name == r.Values["history"] {
				return arm.Reply(v), nil
			}
		}
		return nil, arm.Missing("WorkflowRunActionRequestHistoryNotFound", "The action '%s' of the run '%s' has no request history '%s'.", r.Values["action"], r.Values["run"], r.Values["history"])
	}
}

// requests are the exchanges of what the path names, newest first as their names
// sort.
func (s *Service) requests(ctx context.Context, r *arm.Request, find recordFinder) (values []expr.Value, err error) {
	err = s.inRun(ctx, r, func(tx *store.Tx, form *workflow, run store.Run) error {
		rec, owner, err := find(ctx, tx, r, form, run)
		if err != nil {
			return err
		}
		values = requestViews(r.Resource.ID+"/runs/"+run.Name, owner, rec, s.linker(r, form, run.Name))
		return nil
	})
	return values, err
}

// requests says whether actions of a type make requests of their own.
func requests(t wdl.Type) bool {
	switch t {
	case wdl.TypeHTTP, wdl.TypeHTTPWebhook, wdl.TypeAPIConnection, wdl.TypeAPIConnectionWebhook, wdl.TypeFunction, wdl.TypeAPIManagement:
		return true
	}
	return false
}

func requestViews(runID, owner string, rec *engine.Record, l *linker) (values []expr.Value) {
	if !requests(rec.Type) || rec.Attempts == 0 && rec.Type != wdl.TypeHTTP || rec.Start.IsZero() || rec.Status == wdl.Skipped {
		return nil
	}
	attempts := rec.RetryHistory
	if len(attempts) == 0 {
		attempts = []engine.Retry{{Start: rec.Start, End: rec.End}}
	}
	request := requestView(rec)
	typ := typeActions
	if len(rec.Repetition) > 0 {
		typ = typeRepetitions
	}
	for i := len(attempts) - 1; i >= 0; i-- {
		var f fields
		f.time("startTime", attempts[i].Start)
		f.time("endTime", attempts[i].End)
		f.add("request", request)
		if attempts[i].Repeated || len(rec.RetryHistory) == 0 && rec.Repeated {
			f.add("repeatedAfterRestart", expr.Bool(true)) // Isle's own
		}
		if response := responseView(owner, rec, i, l); response.Len() > 0 {
			f.add("response", response)
		}
		name := sequenceID(attempts[i].Start)
		values = append(values, resource(runID+owner+"/requestHistories/"+name, name, typ+"/requestHistories", f.value()))
	}
	return values
}

// requestView is the request without its secrets and its body.
func requestView(rec *engine.Record) expr.Value {
	var f fields
	if rec.SecureInputs {
		return f.value()
	}
	inputs := connector.Shown(rec)
	if subscribe, ok := inputs.Get("subscribe"); ok && rec.Type != wdl.TypeHTTP {
		inputs = subscribe
	}
	for _, name := range []string{"method", "uri", "headers"} {
		v, ok := inputs.Get(name)
		switch {
		case ok:
		case name == "uri": // the server knows the rest of the address, not the author
			v, ok = pathOf(inputs)
		case name == "method" && rec.Type == wdl.TypeFunction:
			v, ok = expr.String("POST"), true
		}
		if ok {
			f.add(name, v)
		}
	}
	return f.value()
}

// pathOf is the path of a request to a connection or an API.
func pathOf(inputs expr.Value) (expr.Value, bool) {
	if v, ok := inputs.Get("path"); ok {
		return v, true
	}
	template, _ := inputs.Get("pathTemplate")
	return template.Get("template")
}

// responseView is the answer of the nth request without its secrets, and a link to its body.
func responseView(owner string, rec *engine.Record, n int, l *linker) expr.Value {
	var f fields
	answer := connector.Response(rec, n)
	for _, name := range []string{"statusCode", "headers"} {
		if v, ok := answer.Get(name); ok {
			f.add(name, v)
		}
	}
	if body, ok := answer.Get("body"); ok {
		f.add("bodyLink", l.link(owner, connector.ResponseContent(n), contentSize(body)))
	}
	return f.value()
}
