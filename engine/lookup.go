package engine

import (
	"time"

	"isle/expr"
	"isle/wdl"
)

// Records as expressions see them (wdl-semantics §9), from open frames, or from the
// rows of closed ones.

// unread is the error of an evaluation that names records of closed frames.
type unread struct{ need Need }

func (u *unread) Error() string { return "records of closed scopes are needed and not loaded" }

// closedFrame holds the records of a closed frame by action; iterations of loops
// are left out.
type closedFrame map[int]*record

// place is a frame as seen from an evaluation: an open one, or the records of a
// closed one.
type place struct {
	open    *frame
	records closedFrame // if open is nil
	scope   string      // of the closed frame
}

func (p *place) path() string {
	if p.open != nil {
		return p.open.path()
	}
	return p.scope
}

func (r *Run) recordIn(p *place, action int) *record {
	if p.open != nil {
		return r.slotOf(p.open, action).rec
	}
	return p.records[action]
}

// locate finds the frame that holds an action's record: of the same iteration if one
// encloses both, else of the last iteration of each loop between them. If one of
// these loops has no iteration, reached is false and the place is the loop's.
func (e *env) locate(a *wdl.Action) (p place, reached bool, err error) {
	r := e.run
	if p.open = r.holder(e.frame, a.Index); p.open != nil {
		return p, true, nil
	}
	for _, i := range a.Loops {
		if r.iterating(e.frame, i) {
			continue
		}
		if p.open == nil && p.records == nil {
			p.open = r.holder(e.frame, i)
		}
		rec := r.recordIn(&p, i)
		if rec == nil || rec.count == 0 {
			return p, false, nil
		}
		scope := string(appendScope([]byte(p.path()), r.program.Actions[i].Name, rec.count-1))
		records, err := r.closedScope(scope)
		if err != nil {
			return p, false, err
		}
		p = place{records: records, scope: scope}
	}
	return p, true, nil
}

// find returns the record of an action; nil: it has none.
func (e *env) find(a *wdl.Action) (*record, error) {
	p, reached, err := e.locate(a)
	switch {
	case err != nil:
		return nil, err
	case reached:
		return e.run.recordIn(&p, a.Index), nil
	}
	return e.run.beside(&p), nil
}

// iterating reports whether f is, or is inside, an iteration of the loop.
func (r *Run) iterating(f *frame, loop int) bool {
	body := &r.plan.layouts[r.plan.body[loop]]
	for ; f != nil; f = f.parent {
		if f.layout == body {
			return true
		}
	}
	return false
}

// beside is the record of an action in a loop that never opened.
func (r *Run) beside(p *place) *record {
	start := r.start.Time
	if p.open != nil {
		start = p.open.start
	}
	return &record{status: wdl.Skipped, code: codeSkipped, start: start, end: start}
}

// closedScope returns the records of a closed frame, or asks for its rows.
func (r *Run) closedScope(scope string) (closedFrame, error) {
	if c, ok := r.archive[scope]; ok {
		return c, nil
	}
	if r.missing[scope] {
		return closedFrame{}, nil
	}
	return nil, &unread{Need{Scopes: []string{scope}}}
}

// actionValue is body(), outputs() or actions() of an action.
func (e *env) actionValue(function string, a *wdl.Action) (expr.Value, error) {
	rec, err := e.find(a)
	if err != nil || rec == nil {
		return expr.Null(), err
	}
	switch function {
	case "outputs":
		return rec.outputs, nil
	case "body":
		return e.run.body(rec.outputs)
	}
	return recordValue(a.Name, rec, e.run.start.ClientTrackingID), nil
}

// result is the list of records of a container's children.
func (e *env) result(a *wdl.Action) (expr.Value, error) {
	if a.Type.IsLoop() && !e.run.iterating(e.frame, a.Index) {
		return e.loopResult(a)
	}
	var list []expr.Value
	for _, b := range a.Branches {
		for _, i := range b.Actions {
			child := e.run.program.Actions[i]
			rec, err := e.find(child)
			if err != nil {
				return expr.Null(), err
			}
			if rec != nil {
				list = append(list, recordValue(child.Name, rec, e.run.start.ClientTrackingID))
			}
		}
	}
	return expr.Array(list...), nil
}

// loopResult lists each child of a closed loop once: of an Until its last
// iteration, of a Foreach all iterations as outputs (wdl-semantics §9).
func (e *env) loopResult(a *wdl.Action) (expr.Value, error) {
	r := e.run
	home, reached, err := e.locate(a)
	if err != nil || !reached {
		return expr.Array(), err
	}
	rec := r.recordIn(&home, a.Index)
	if rec == nil || rec.count == 0 {
		return expr.Array(), nil
	}
	first := 0
	if a.Type == wdl.TypeUntil {
		first = rec.count - 1
	}
	frames := make([]closedFrame, 0, rec.count-first)
	missing := Need{}
	for i := first; i < rec.count; i++ {
		scope := string(appendScope([]byte(home.path()), a.Name, i))
		c, err := r.closedScope(scope)
		if err != nil {
			missing.Scopes = append(missing.Scopes, scope)
		}
		frames = append(frames, c)
	}
	if len(missing.Scopes) > 0 {
		return expr.Null(), &unread{missing}
	}
	list := make([]expr.Value, 0, len(a.Branches[0].Actions))
	for _, i := range a.Branches[0].Actions {
		child := r.program.Actions[i]
		if a.Type == wdl.TypeUntil {
			if c := frames[0][i]; c != nil {
				list = append(list, recordValue(child.Name, c, r.start.ClientTrackingID))
			}
			continue
		}
		list = append(list, r.repetitionsValue(child, frames))
	}
	return expr.Array(list...), nil
}

// repetitionsValue is the record of a child of a Foreach over all iterations. Its
// status is the worst of them.
func (r *Run) repetitionsValue(a *wdl.Action, frames []closedFrame) expr.Value {
	sum := &record{status: wdl.Skipped, code: codeSkipped, hasOutputs: true}
	list := make([]expr.Value, 0, len(frames))
	rank := map[wdl.Status]int{wdl.Skipped: 1, wdl.Succeeded: 2, wdl.Cancelled: 3, wdl.TimedOut: 4, wdl.Failed: 5}
	worst := 0
	for _, f := range frames {
		rec := f[a.Index]
		if rec == nil {
			continue
		}
		list = append(list, recordValue(a.Name, rec, r.start.ClientTrackingID))
		if n := rank[rec.status]; n > worst {
			worst = n
			sum.status, sum.code, sum.err, sum.tracking = rec.status, rec.code, rec.err, rec.tracking
		}
		if sum.start.IsZero() || rec.start.Before(sum.start) {
			sum.start = rec.start
		}
		if rec.end.After(sum.end) {
			sum.end = rec.end
		}
	}
	sum.outputs = expr.Array(list...)
	return recordValue(a.Name, sum, r.start.ClientTrackingID).With("repetitionCount", expr.Int(int64(len(list))))
}

// recordValue is an action's record as actions() and result() show it.
func recordValue(name string, rec *record, clientTracking string) expr.Value {
	m := make([]expr.Member, 0, 10)
	add := func(name string, v expr.Value) { m = append(m, expr.Member{Name: name, Value: v}) }
	add("name", expr.String(name))
	if rec.hasInputs {
		add("inputs", rec.inputs)
	}
	if rec.hasOutputs {
		add("outputs", rec.outputs)
	}
	add("startTime", timeValue(rec.start))
	if !rec.end.IsZero() {
		add("endTime", timeValue(rec.end))
	}
	if rec.tracking != (guid{}) {
		add("trackingId", expr.String(rec.tracking.String()))
	}
	add("clientTrackingId", expr.String(clientTracking))
	if rec.code != "" && rec.code != codeUnnamed {
		add("code", expr.String(rec.code))
	}
	add("status", expr.String(rec.status.String()))
	if rec.err != nil {
		add("error", errorValue(rec.err))
	}
	return expr.Object(m...)
}

func errorValue(e *Error) expr.Value {
	return expr.Object(
		expr.Member{Name: "code", Value: expr.String(e.Code)},
		expr.Member{Name: "message", Value: expr.String(e.Message)})
}

// TimeText is a time as histories show it: up to seven digits of fraction.
func TimeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999Z") }

func timeValue(t time.Time) expr.Value { return expr.String(TimeText(t)) }
