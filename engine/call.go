package engine

import (
	"strconv"
	"time"

	"isle/expr"
	"isle/wdl"
)

// flight is an action that takes time: a call under way, or a wait until a retry, a
// poll or the end of a delay.
type flight struct {
	frame  *frame
	action *wdl.Action
	rec    *record

	called   bool      // a request is under way; else wake is awaited, or a callback
	wake     time.Time // zero while called
	deadline time.Time // of limit.timeout; zero: none
	poll     string    // URL of an asynchronous operation that has been accepted
	// subscribed says that nothing is awaited but the callback of a webhook.
	subscribed bool
	failures   int // retries since the last answer that was none
	policy     wdl.Retry
	retries    []Retry // attempts that have ended
	request    guid    // clientRequestId of the attempt
	since      time.Time
	context    expr.Value // of inline code, until its call is emitted
	repeated   bool       // the request that was answered last was made again after a restart
	unsent     bool       // of inline code: its call is to be emitted again after a restart
}

// defaultPoll is the wait between polls without a Retry-After (wdl-semantics
// §11.11 gives 10 to 20 s).
const defaultPoll = 15 * time.Second

// call starts an action that an operation carries out.
func (r *Run) call(f *frame, a *wdl.Action, e *env) error {
	inputs, err := evalInputs(a, e)
	policy := wdl.Retry{Type: wdl.RetryNone}
	if err == nil {
		for policy, err = a.Retry.Resolve(e); e.open(err); {
			policy, err = a.Retry.Resolve(e)
		}
	}
	var deadline time.Time
	if err == nil && a.Limit.Timeout != nil {
		var timeout wdl.Duration
		if timeout, err = evalDuration(a.Limit.Timeout, e); err == nil {
			deadline = timeout.From(r.now)
		}
	}
	context := expr.Null()
	if err == nil && a.Type == wdl.TypeJavaScriptCode {
		context, err = e.codeContext()
	}
	if err != nil {
		return r.finishAction(f, a, done{}, err)
	}
	rec := r.run(f, a)
	rec.inputs, rec.hasInputs = inputs, a.Inputs != nil || a.Subscribe != nil
	rec.flight = &flight{frame: f, action: a, rec: rec, deadline: deadline, policy: policy, context: context}
	r.flights = append(r.flights, rec.flight)
	if isWebhook(a.Type) {
		r.subscribe(rec.flight)
	} else {
		r.request(rec.flight)
	}
	return nil
}

// request makes the next request of a flight.
func (r *Run) request(l *flight) {
	l.rec.attempts++
	l.called, l.wake, l.since = true, time.Time{}, r.now
	l.request = r.random.guid()
	if l.rec.status == wdl.Waiting {
		l.rec.status = wdl.Running
		r.write(l.frame, l.action, l.rec)
	}
	r.effects = append(r.effects, l.effect(r, false))
	l.context = expr.Null()
}

// pause lets an action wait before its next request (wdl-semantics §13.1).
func (r *Run) pause(l *flight, wait time.Duration) {
	l.wake = precise(r.now.Add(wait))
	l.rec.status = wdl.Waiting
	r.write(l.frame, l.action, l.rec)
}

// effect describes the request under way.
func (l *flight) effect(r *Run, repeated bool) Call {
	c := Call{
		ID: l.id(r), Subject: ActionSubject(l.action), Operation: l.action.Type, Inputs: l.rec.inputs,
		Repetition: l.frame.repetition(), Attempt: l.rec.attempts, Deadline: l.deadline,
		Begun: l.since, Depth: r.start.Depth,
		ClientRequestID: l.request.String(), TrackingID: l.rec.tracking.String(), Repeated: repeated, Context: l.context,
		Callback: l.rec.callback,
	}
	if l.poll != "" {
		c.Poll = &Poll{URL: l.poll}
	}
	c.Progress = l.rec.progress
	return c
}

func (l *flight) id(r *Run) EffectID {
	b := append(l.appendName(make([]byte, 0, 96), r), '#')
	return EffectID(strconv.AppendInt(b, int64(l.rec.attempts), 10))
}

// name is the part that all effects of the flight have in common.
func (l *flight) name(r *Run) EffectID { return EffectID(l.appendName(nil, r)) }

func (l *flight) appendName(b []byte, r *Run) []byte {
	b = append(append(b, r.start.RunID...), '/')
	if scope := l.frame.path(); scope != "" {
		b = append(append(b, scope...), '/')
	}
	return appendScopeName(b, l.action.Name)
}

// complete takes the outcome of a request.
func (r *Run) complete(ev Completed) {
	for _, l := range r.flights {
		if l.called && l.id(r) == ev.Effect {
			l.repeated = ev.Repeated
			l.rec.repeated = l.rec.repeated || ev.Repeated
			r.answered(l, &ev.Outcome)
			return
		}
	}
}

// answered decides whether an outcome is the end of the action, to be retried, or
// the start of an asynchronous operation (wdl-semantics §11.11, §12.4).
func (r *Run) answered(l *flight, o *Outcome) {
	status, code := o.Verdict()
	l.called = false
	accepted := l.accepted(o)
	again := o.Retried(status) && l.repeats(o)
	if !accepted {
		r.remember(l, o, code, again)
	}
	if l.action.Type == wdl.TypeWorkflow && o.StatusCode != 0 {
		l.poll = "" // the child has answered: a retry calls anew
	}
	switch {
	case again:
		if !o.Progress.IsNull() {
			r.progress(l, o.Progress)
		}
		l.failures++
		wait := o.RetryAfter
		if wait <= 0 {
			var random uint64
			if l.policy.Type == wdl.RetryExponential {
				random = r.random.next()
			}
			wait = l.policy.Wait(l.failures, random)
		}
		r.pause(l, wait)
	case accepted:
		l.failures = 0
		wait := o.RetryAfter
		if o.Poll != nil {
			l.poll = o.Poll.URL
			wait = max(wait, o.Poll.RetryAfter)
		}
		if wait <= 0 {
			wait = defaultPoll
		}
		r.pause(l, wait)
	case isWebhook(l.action.Type) && status == wdl.Succeeded:
		r.subscribed(l, o)
	default:
		l.rec.take(o)
		r.land(l, status, code, o.Error)
	}
}

// take records what an outcome brought.
func (rec *record) take(o *Outcome) {
	rec.outputs = o.Outputs
	rec.hasOutputs = o.HasOutputs || o.StatusCode != 0 || !o.Outputs.IsNull()
	if o.HasInputs {
		rec.inputs, rec.hasInputs, rec.stored = o.Inputs, true, false
	}
}

// accepted reports whether an outcome says to ask again later. A nested workflow is
// asked for its answer until it gives one, whatever that is (wdl-semantics §11.12); the
// subscriber of a webhook never.
func (l *flight) accepted(o *Outcome) bool {
	switch {
	case l.action.Type == wdl.TypeWorkflow:
		return o.Poll != nil
	case isWebhook(l.action.Type):
		return false
	}
	return o.StatusCode == 202 && (o.Poll != nil || l.poll != "") && !l.action.Options.Has(wdl.DisableAsyncPattern)
}

// hurry asks at once what would have been asked later.
func (r *Run) hurry(url string) {
	for _, l := range r.flights {
		if !l.called && l.poll == url {
			l.wake = r.now
		}
	}
}

// repeats reports whether the policy has an attempt left. Each request of several has
// all of them (wdl-semantics §12.4).
func (l *flight) repeats(o *Outcome) bool {
	if l.policy.Type == wdl.RetryNone {
		return false
	}
	return l.failures < l.policy.Count || l.policy.Count > 0 && !o.Progress.IsNull()
}

// progress stores how far an operation of several requests has come, with the record
// that is open.
func (r *Run) progress(l *flight, progress expr.Value) {
	l.failures = 0
	l.rec.progress = progress
	r.write(l.frame, l.action, l.rec)
}

// Verdict is the status and code of an outcome.
func (o *Outcome) Verdict() (wdl.Status, string) {
	status, code := o.Status, o.Code
	if status == wdl.NotSpecified {
		status = wdl.Succeeded
		if o.StatusCode >= 400 || o.StatusCode == 0 && o.Error != nil {
			status = wdl.Failed
		}
	}
	if code == "" {
		switch {
		case o.StatusCode != 0:
			code = StatusName(o.StatusCode)
		case status == wdl.TimedOut:
			code = codeTimedOut
		case o.Error != nil:
			code = o.Error.Code
		case status == wdl.Succeeded:
			code = codeOK
		default:
			code = codeBad
		}
	}
	return status, code
}

// Retried reports whether the retry policy covers the outcome.
func (o *Outcome) Retried(status wdl.Status) bool {
	if o.StatusCode != 0 {
		return o.StatusCode == 408 || o.StatusCode == 429 || o.StatusCode >= 500
	}
	return o.Retryable && status != wdl.Succeeded
}

// remember adds an attempt to the history, with its answer if another one follows.
func (r *Run) remember(l *flight, o *Outcome, code string, again bool) {
	attempt := Retry{Start: o.Start, End: o.End, Code: code, ClientRequestID: o.ClientRequestID, ServiceRequestID: o.ServiceRequestID, Error: o.Error, Repeated: l.repeated}
	if attempt.Start.IsZero() {
		attempt.Start = l.since
	}
	if attempt.End.IsZero() {
		attempt.End = r.now
	}
	if attempt.ClientRequestID == "" {
		attempt.ClientRequestID = l.request.String()
	}
	attempt.Start, attempt.End = precise(attempt.Start), precise(attempt.End)
	if again && o.StatusCode != 0 && !r.plan.secureOutputs[l.action.Index] {
		attempt.Answer = r.attemptAnswer(o.Outputs)
	}
	l.retries = append(l.retries, attempt)
}

// The answers of attempts stand in the head for as long as the action is tried, which may be
// often: so of a body up to answerInline bytes, the others up to answerMost as a content, and
// no more than answerHeaders of anything else.
const (
	answerInline  = 1 << 10
	answerMost    = 1 << 20
	answerHeaders = 4 << 10
)

// attemptAnswer is what is kept of the outputs of an attempt.
func (r *Run) attemptAnswer(outputs expr.Value) expr.Value {
	if outputs.Kind() != expr.KindObject {
		return expr.Null()
	}
	kept := make([]expr.Member, 0, outputs.Len())
	for name, v := range outputs.Members() {
		size, body := v.Size(), name == "body"
		switch {
		case body && size > answerInline && size <= answerMost && v.SurvivesJSON():
			v = r.content(v)
		case body && size > answerInline, !body && size > answerHeaders:
			continue
		}
		kept = append(kept, expr.Member{Name: name, Value: v})
	}
	return expr.Object(kept...)
}

// land closes the action of a flight.
func (r *Run) land(l *flight, status wdl.Status, code string, err *Error) {
	if len(l.retries) > 1 || len(l.retries) == 1 && status == wdl.TimedOut {
		l.rec.retries = l.retries
	}
	r.drop(l)
	r.closeAction(l.frame, l.action, status, code, err)
}

// drop forgets a flight.
func (r *Run) drop(l *flight) {
	l.rec.flight = nil
	for i, other := range r.flights {
		if other == l {
			r.flights = append(r.flights[:i], r.flights[i+1:]...)
			return
		}
	}
}

// due ends what has run out of time and starts what was waited for. A need stops it
// at the flight that has it.
func (r *Run) due() *Need {
	if r.status.Final() {
		return nil
	}
	for i := 0; i < len(r.flights); {
		l := r.flights[i]
		switch {
		case !l.deadline.IsZero() && !r.now.Before(l.deadline):
			if need := r.expire(l); need != nil {
				return need
			}
			continue
		case l.called || l.subscribed || r.now.Before(l.wake):
		case l.action.Type == wdl.TypeWait:
			r.land(l, wdl.Succeeded, codeOK, nil)
			continue
		default:
			r.request(l)
		}
		i++
	}
	return nil
}

// expire ends an action whose limit.timeout has passed (wdl-semantics §12.5).
func (r *Run) expire(l *flight) *Need {
	parting, err := r.parting(l)
	if err != nil {
		return r.wanted(err)
	}
	if l.called {
		r.abandon(l.id(r))
	}
	r.effects = append(r.effects, parting...)
	r.land(l, wdl.TimedOut, codeTimedOut, nil)
	return nil
}

// wake is the earliest time at which due has something to do.
func (r *Run) wake() time.Time {
	earliest := r.start.Deadline
	for _, l := range r.flights {
		for _, t := range [...]time.Time{l.wake, l.deadline} {
			if !t.IsZero() && (earliest.IsZero() || t.Before(earliest)) {
				earliest = t
			}
		}
	}
	return earliest
}

// repeat emits the requests again whose outcome is missing.
func (r *Run) repeat() {
	for _, l := range r.flights {
		switch {
		case !l.called:
		case l.action.Type == wdl.TypeJavaScriptCode:
			l.unsent = true
		default:
			r.effects = append(r.effects, l.effect(r, true))
		}
	}
}

func evalDuration(t *expr.Template, e *env) (wdl.Duration, error) {
	v, err := e.eval(t)
	if err != nil {
		return wdl.Duration{}, err
	}
	text, _ := v.AsString()
	return wdl.ParseDuration(text)
}

// StatusName is the code of an HTTP status: its .NET name, or the number where .NET
// Framework has none, as for 429 (wdl-semantics §11.11).
func StatusName(code int) string {
	for _, group := range statusNames {
		if i := code - group.from; i >= 0 && i < len(group.names) && group.names[i] != "" {
			return group.names[i]
		}
	}
	return strconv.Itoa(code)
}

var statusNames = [...]struct {
	from  int
	names []string
}{
	{200, []string{"OK", "Created", "Accepted", "NonAuthoritativeInformation", "NoContent", "ResetContent", "PartialContent"}},
	{400, []string{"BadRequest", "Unauthorized", "PaymentRequired", "Forbidden", "NotFound", "MethodNotAllowed",
		"NotAcceptable", "ProxyAuthenticationRequired", "RequestTimeout", "Conflict", "Gone", "LengthRequired",
		"PreconditionFailed", "RequestEntityTooLarge", "RequestUriTooLong", "UnsupportedMediaType",
		"RequestedRangeNotSatisfiable", "ExpectationFailed"}},
	{426, []string{"UpgradeRequired"}},
	{500, []string{"InternalServerError", "NotImplemented", "BadGateway", "ServiceUnavailable", "GatewayTimeout", "HttpVersionNotSupported"}},
	{300, []string{"MultipleChoices", "MovedPermanently", "Found", "SeeOther", "NotModified", "UseProxy", "Unused", "TemporaryRedirect"}},
	{100, []string{"Continue", "SwitchingProtocols"}},
}
