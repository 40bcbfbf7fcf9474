package trigger

import (
	"net/http"
	"strconv"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// Poll is what a trigger asks with, evaluated.
type Poll struct {
	Inputs   expr.Value
	Retry    wdl.Retry
	Deadline time.Time // of limit.timeout, for all attempts together; zero: none
}

// NewPoll evaluates what a polling trigger asks with, at the time of the poll's first
// attempt. The templates see the workflow and its parameters; there is no firing yet.
// An error is of a template, and the poll has failed.
func NewPoll(w *engine.Workflow, t *wdl.Trigger, firing string, began time.Time) (p Poll, err error) {
	env := newFiring(w, &engine.Fired{Name: t.Name, Start: began, End: began}, firing, began)
	if t.Inputs != nil {
		if p.Inputs, err = t.Inputs.Eval(env); err != nil {
			return p, err
		}
	}
	if p.Retry, err = t.Retry.Resolve(env); err != nil || t.Limit.Timeout == nil {
		return p, err
	}
	v, err := t.Limit.Timeout.Eval(env)
	if err != nil {
		return p, err
	}
	text, _ := v.AsString()
	timeout, err := wdl.ParseDuration(text)
	if err != nil {
		return p, err
	}
	p.Deadline = timeout.From(began)
	return p, nil
}

// Asks reports whether a trigger gets its outputs by a request of its own: one that
// polls, or that fetches what it is notified of.
func Asks(t *wdl.Trigger) bool {
	return t.Polls() || t.Type == wdl.TypeAPIConnectionNotification
}

// answered is the status code of the answer that such a trigger got: 200 if none is
// known, as when a test fires it with outputs that have none.
func answered(f *engine.Fired) int {
	v, _ := f.Outputs.Get("statusCode")
	code, err := strconv.Atoi(v.Text())
	if err != nil {
		return http.StatusOK
	}
	return code
}

// news says whether an answer is what the trigger waits for: 200, unless a condition
// looks at the status code itself. An answer that is not leaves the firing Skipped, or
// Failed from 400 on (wdl-semantics §10.1, §10.3).
func news(t *wdl.Trigger, f *engine.Fired, code int) bool {
	if f.Code == "" {
		f.Code = engine.StatusName(code)
	}
	f.Status = wdl.Skipped
	if code >= http.StatusBadRequest {
		f.Status = wdl.Failed
	}
	return code == http.StatusOK || t.Checks
}

// Windowed are the outputs of a SlidingWindow trigger (wdl-semantics §10.2).
func Windowed(start, end time.Time) expr.Value {
	return expr.Object(
		expr.Member{Name: "windowStartTime", Value: expr.String(start.UTC().Format(windowLayout))},
		expr.Member{Name: "windowEndTime", Value: expr.String(end.UTC().Format(windowLayout))})
}

// windowLayout has up to seven digits of a second, as all times of the service.
const windowLayout = "2006-01-02T15:04:05.9999999Z"
