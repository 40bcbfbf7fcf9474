package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/wdl"
)

// Response, Wait, Terminate, and the end of a run.

// respond answers the caller (wdl-semantics §11.2). Without one that waits the
// action is skipped, though its inputs are recorded (§14.1).
func (r *Run) respond(f *frame, a *wdl.Action, e *env) error {
	inputs, err := evalInputs(a, e)
	if err != nil {
		return r.finishAction(f, a, done{}, err)
	}
	d := done{inputs: inputs, hasInputs: true, code: codeOK}
	asynchronous := a.Options.Has(wdl.Asynchronous)
	status, ok := responseStatus(inputs)
	switch {
	case !ok:
		v, _ := inputs.Get("statusCode")
		d.status, d.code = wdl.Failed, codeBad
		d.err = &Error{codeTemplate, "The 'statusCode' property value '" + v.Text() + "' in the inputs of action '" + a.Name +
			"' is not valid. It must be an integer or a string of digits, of the range 2xx, 4xx or 5xx."}
	case r.response != nil:
		d.status, d.code = wdl.Failed, codeBad
		d.err = &Error{codeBad, "The execution of template action '" + a.Name + "' failed: a response was sent already."}
	case !asynchronous && !r.callerWaits():
		d.status, d.code = wdl.Skipped, codeNoCaller
		d.err = &Error{codeNoCaller, "The execution of template action '" + a.Name +
			"' is skipped: the client application is not waiting for a response from service."}
	default:
		d.outputs, d.hasOutputs = inputs.Without("schema"), true
		r.response = &ResponseSent{Action: a.Name, StatusCode: status, Asynchronous: asynchronous}
		headers, _ := inputs.Get("headers")
		body, hasBody := inputs.Get("body")
		r.effects = append(r.effects, Respond{Action: a.Name, StatusCode: status, Headers: headers,
			Body: body, HasBody: hasBody && !body.IsNull(), Asynchronous: asynchronous})
	}
	return r.finishAction(f, a, d, nil)
}

const codeNoCaller = "ActionResponseSkipped"

func (r *Run) callerWaits() bool {
	return r.caller && (r.start.RespondBy.IsZero() || r.now.Before(r.start.RespondBy))
}

func responseStatus(inputs expr.Value) (int, bool) {
	v, _ := inputs.Get("statusCode")
	n, ok := wholeNumber(v)
	if text, isText := v.AsString(); isText {
		var err error
		n, err = strconv.ParseInt(text, 10, 32)
		ok = err == nil
	}
	return int(n), ok && (n >= 200 && n < 300 || n >= 400 && n < 600)
}

// wholeNumber is an integer, or a float without a fraction.
func wholeNumber(v expr.Value) (int64, bool) {
	if n, ok := v.AsInt(); ok {
		return n, true
	}
	f, ok := v.AsFloat()
	if !ok || f != float64(int64(f)) {
		return 0, false
	}
	return int64(f), true
}

// wait opens a delay, or closes the action at once when its time has passed.
func (r *Run) wait(f *frame, a *wdl.Action, e *env) error {
	inputs, err := evalInputs(a, e)
	var until time.Time
	if err == nil {
		until, err = waitUntil(inputs, r.now)
	}
	if err != nil || !until.After(r.now) {
		return r.finishAction(f, a, done{inputs: inputs, hasInputs: true, code: codeOK}, err)
	}
	rec := r.run(f, a)
	rec.status = wdl.Waiting
	rec.inputs, rec.hasInputs = inputs, true
	rec.flight = &flight{frame: f, action: a, rec: rec, wake: until, policy: wdl.Retry{Type: wdl.RetryNone}}
	r.flights = append(r.flights, rec.flight)
	return nil
}

func waitUntil(inputs expr.Value, now time.Time) (time.Time, error) {
	if until, ok := inputs.Get("until"); ok {
		v, _ := until.Get("timestamp")
		text, _ := v.AsString()
		t, ok := expr.ParseTime(text, now)
		if !ok {
			return t, &Error{codeTemplate, "The 'timestamp' property value '" + v.Text() + "' in the 'wait' action inputs is not a valid timestamp."}
		}
		return precise(t), nil
	}
	interval, _ := inputs.Get("interval")
	v, _ := interval.Get("count")
	n, ok := wholeNumber(v)
	if text, isText := v.AsString(); isText {
		var err error
		n, err = strconv.ParseInt(text, 10, 64)
		ok = err == nil
	}
	unit, _ := interval.Get("unit")
	d, known := unitDuration(unit.Text(), n)
	if !ok || n < 0 || !known {
		return time.Time{}, &Error{codeTemplate, fmt.Sprintf(
			"The 'interval' property value in the 'wait' action inputs is not valid: count '%s', unit '%s'.", v.Text(), unit.Text())}
	}
	return precise(d.From(now)), nil
}

// unitDuration is n units, Second to Year, in any case, plural or not.
func unitDuration(unit string, n int64) (wdl.Duration, bool) {
	const limit = 1 << 31 // some seventy years of seconds, and far more of the rest
	if n > limit {
		return wdl.Duration{}, false
	}
	switch strings.TrimSuffix(strings.ToLower(unit), "s") {
	case "second":
		return wdl.Duration{Rest: time.Duration(n) * time.Second}, true
	case "minute":
		return fixedUnits(n, time.Minute)
	case "hour":
		return fixedUnits(n, time.Hour)
	case "day":
		return fixedUnits(n, 24*time.Hour)
	case "week":
		return fixedUnits(n, 7*24*time.Hour)
	case "month":
		return wdl.Duration{Months: int(n)}, n < 12_000
	case "year":
		return wdl.Duration{Months: 12 * int(n)}, n < 1_000
	}
	return wdl.Duration{}, false
}

func fixedUnits(n int64, unit time.Duration) (wdl.Duration, bool) {
	const century = 100 * 365 * 24 * time.Hour
	return wdl.Duration{Rest: time.Duration(n) * unit}, n <= int64(century/unit)
}

// terminate ends the run (wdl-semantics §13.6).
func (r *Run) terminate(f *frame, a *wdl.Action, e *env) error {
	inputs, err := evalInputs(a, e)
	if err != nil {
		return r.finishAction(f, a, done{}, err)
	}
	v, _ := inputs.Get("runStatus")
	status, ok := wdl.ParseStatus(v.Text())
	if !ok || status != wdl.Succeeded && status != wdl.Failed && status != wdl.Cancelled {
		return r.finishAction(f, a, done{}, &Error{codeTemplate, "The 'runStatus' property value '" + v.Text() +
			"' in the 'terminate' action inputs is not valid. It must be 'Succeeded', 'Failed' or 'Cancelled'."})
	}
	var runError *Error
	if status == wdl.Failed {
		runError = &Error{codeTerminate, "The workflow run was terminated by action '" + a.Name + "'."}
		if given, ok := inputs.Get("runError"); ok && given.Kind() == expr.KindObject {
			code, _ := given.Get("code")
			message, _ := given.Get("message")
			runError = r.runError(a, code.Text(), message.Text())
		}
	}
	partings, err := r.partings()
	if err != nil {
		return err
	}
	rec := r.run(f, a)
	rec.inputs, rec.hasInputs = inputs, true
	rec.status, rec.code, rec.end = wdl.Succeeded, codeUnnamed, r.now
	r.shut(f, a, rec)
	r.close(closing{status: status, code: codeTerminate, err: runError, open: wdl.Cancelled, reason: codeTerminate}, partings)
	return nil
}

// closing is how a run ends that is not done.
type closing struct {
	status wdl.Status // of the run
	code   string
	err    *Error
	open   wdl.Status // of the actions that are open
	reason string     // the code of those, and of what has not started
}

// close ends the run at once: what is open is closed, what has not started is skipped,
// and webhooks are unsubscribed by the partings.
func (r *Run) close(c closing, partings []Effect) {
	if !r.held || r.keeps() { // else there is nothing to close, and nothing was skipped
		r.endFrame(r.root, c)
	}
	r.flights, r.stack = nil, nil
	r.end, r.status, r.code, r.err = r.now, c.status, c.code, c.err
	r.effects = append(append(r.effects, partings...), Finish{c.status, c.code, c.err})
}

// endFrame closes everything in a frame, children before their containers.
func (r *Run) endFrame(f *frame, c closing) {
	for _, i := range slices.Backward(f.layout.actions) {
		a := r.program.Actions[i]
		s := r.slotOf(f, a.Index)
		switch s.state {
		case idle, ready:
			if a.Type.IsLoop() {
				r.cancelUnopened(f, a, c.reason)
			}
			r.shut(f, a, &record{start: r.now, end: r.now, status: wdl.Skipped, code: c.reason})
		case running:
			if l := s.rec.loop; l != nil {
				for _, g := range l.open {
					r.endFrame(g, c)
					r.writeIteration(g, c.open, c.reason, nil)
				}
				s.rec.loop = nil
			}
			if l := s.rec.flight; l != nil {
				if l.called {
					r.abandon(l.id(r))
				}
				s.rec.retries, s.rec.flight = l.retries, nil
			}
			s.rec.status, s.rec.code, s.rec.end = c.open, c.reason, r.now
			r.shut(f, a, s.rec)
		}
	}
	f.queue = nil
}

// abandon takes back a call of this step, or says that an earlier one is no longer
// wanted.
func (r *Run) abandon(id EffectID) {
	for i, e := range r.effects {
		if c, ok := e.(Call); ok && c.ID == id {
			r.effects = slices.Delete(r.effects, i, i+1)
			return
		}
	}
	r.effects = append(r.effects, Abandon{id})
}

// cancelUnopened records what is inside a loop that never opened.
func (r *Run) cancelUnopened(f *frame, loop *wdl.Action, code string) {
	for i := loop.End - 1; i > loop.Index; i-- {
		r.write(f, r.program.Actions[i], &record{start: r.now, end: r.now, status: wdl.Skipped, code: code})
	}
}

// finish closes a run whose actions are all closed.
func (r *Run) finish() *Need {
	e := r.at(r.root, nil)
	counter := r.random.counter
	outputs := make([]Output, 0, len(r.program.Outputs))
	for i := range r.program.Outputs {
		declared := &r.program.Outputs[i]
		v, err := e.eval(declared.Value)
		if r.lacks(err) {
			r.random.counter = counter
			return r.wanted(err)
		}
		o := Output{Name: declared.Name, Type: declared.Type, Value: v, Secure: r.plan.secureResults[i]}
		if err != nil {
			o.Value, o.Error = expr.Null(), &Error{codeTemplate, "Unable to process template language expressions in output '" +
				declared.Name + "': '" + reasonOf(err) + "'."}
		}
		outputs = append(outputs, o)
	}
	if len(outputs) > 0 {
		for i := range outputs {
			_, outputs[i].Value = r.storeValue(nil, outputs[i].Value)
		}
		r.outputs = outputs
	}
	r.status = r.outcome(r.root, r.program.Root)
	r.code, r.err = failure(r.status)
	if r.status != wdl.Failed {
		r.code = ""
	}
	r.end = r.now
	r.effects = append(r.effects, Finish{r.status, r.code, r.err})
	return nil
}

// trackTrigger evaluates the trackedProperties of the trigger that began the run. What
// cannot be evaluated is left out: nothing is lost for the sake of diagnostics.
func (r *Run) trackTrigger() {
	fired := &r.start.Trigger
	t, ok := r.program.Trigger(fired.Name)
	if !ok || t.TrackedProperties == nil || t.SecureInputs || t.SecureOutputs || fired.SecureInputs || fired.SecureOutputs {
		return
	}
	e := env{run: r, frame: r.root, fired: true, tracks: true, opened: []string{}}
	if v, err := e.eval(t.TrackedProperties); err == nil {
		fired.TrackedProperties, fired.Tracked = v, true
	}
}

// track evaluates trackedProperties, which see the action as it has ended
// (wdl-semantics §12.9). They are not emitted beside secured data.
func (r *Run) track(f *frame, a *wdl.Action, rec *record) {
	if a.TrackedProperties == nil || r.plan.secureInputs[a.Index] || r.plan.secureOutputs[a.Index] {
		return
	}
	if rec.status != wdl.Succeeded && rec.status != wdl.Failed && rec.status != wdl.TimedOut {
		return
	}
	e := env{run: r, frame: f, action: a, record: rec, tracks: true, opened: []string{}}
	v, err := e.eval(a.TrackedProperties)
	switch {
	case err == nil:
		rec.tracked = v
	case r.lacks(err) || rec.status != wdl.Succeeded:
		// What was passed on by reference is not loaded for the sake of diagnostics,
		// and a failure is not covered up by another one.
	default:
		rec.status, rec.code = wdl.Failed, codeBad
		rec.err = &Error{codeTemplate, "Unable to process template language expressions in action '" + a.Name +
			"' trackedProperties at line '0' and column '0': '" + reasonOf(err) + "'."}
	}
}
