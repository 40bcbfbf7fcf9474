package engine

import (
	"errors"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/wdl"
)

// Webhooks (wdl-semantics §11.10). An action subscribes with a request like any
// other, or with none if it names no address; then it waits for [Called]. The first
// call ends it, even one that comes before the subscriber's answer. If the action
// times out or the run is ended before, [Unsubscribe] asks for the request that takes
// the subscription back: the run does not wait for it and does not hear of it.

// Callback makes the URL at which an action of the run is called back. Each webhook
// keeps the one that it has handed on.
type Callback func(action string, repetition []RepetitionIndex) string

// SetCallback says what listCallbackUrl() gives to the webhooks that begin from now
// on; nil: nothing.
func (r *Run) SetCallback(c Callback) { r.callback = c }

// CallsBack reports whether runs of the workflow may want a Callback.
func (w *Workflow) CallsBack() bool { return w.prepare().webhooks }

// ErrNotWaiting is the answer to a Called for an action that does not wait to be
// called: it never began, or it has ended.
var ErrNotWaiting = errors.New("engine: the action does not wait for a callback")

func isWebhook(t wdl.Type) bool {
	return t == wdl.TypeHTTPWebhook || t == wdl.TypeAPIConnectionWebhook
}

// callbackURL is listCallbackUrl().
func (e *env) callbackURL() (expr.Value, error) {
	const name = "listCallbackUrl"
	if e.action == nil || !isWebhook(e.action.Type) {
		return expr.Null(), expr.NotExpected(name)
	}
	url := ""
	switch {
	case e.record != nil:
		url = e.record.callback
	case e.run.callback != nil:
		url = e.run.callback(e.action.Name, e.frame.repetition())
	}
	if url == "" {
		return expr.Null(), &expr.Error{Kind: expr.ContextError, Function: name, Message: "The template function '" + name + "' has no address to give: the workflow is deleted, or its runs cannot be called back here."}
	}
	return expr.String(url), nil
}

// addressed reports whether the request in a member of a webhook's inputs names
// where to send it: an object with `uri` or `url`, or the address alone. The request
// of a connector is the inputs themselves.
func addressed(inputs expr.Value, member string) bool {
	request, ok := inputs.Get(member)
	if !ok {
		_, connector := inputs.Get("host")
		return connector && member == "subscribe"
	}
	if request.Kind() == expr.KindReference {
		return true
	}
	address := request
	if request.Kind() == expr.KindObject {
		if address, ok = request.Get("uri"); !ok || address.IsNull() {
			address, _ = request.Get("url")
		}
	}
	return !address.IsNull() && strings.TrimSpace(address.Text()) != ""
}

// subscribe begins a webhook whose record is open.
func (r *Run) subscribe(l *flight) {
	if r.callback != nil {
		l.rec.callback = r.callback(l.action.Name, l.frame.repetition())
	}
	if !addressed(l.rec.inputs, "subscribe") {
		l.await()
		return
	}
	r.request(l)
}

// await lets a flight wait to be called.
func (l *flight) await() {
	l.called, l.wake, l.subscribed = false, time.Time{}, true
	l.rec.status = wdl.Waiting
}

// subscribed takes the answer to a subscription that went well: action() shows it
// until the callback comes (wdl-semantics §15 rule 13).
func (r *Run) subscribed(l *flight, o *Outcome) {
	l.rec.take(o)
	if len(l.retries) == 1 {
		l.retries = nil
	}
	l.await()
	r.write(l.frame, l.action, l.rec)
}

// awaiting is the flight that a call is for; nil if there is none.
func (r *Run) awaiting(ev *Called) *flight {
	if r.status.Final() || r.cancelling {
		return nil
	}
	for _, l := range r.flights {
		if isWebhook(l.action.Type) && strings.EqualFold(l.action.Name, ev.Action) && l.frame.isRepetition(ev.Repetition) {
			return l
		}
	}
	return nil
}

// isRepetition reports whether the frame is the one with these indexes, outermost
// first.
func (f *frame) isRepetition(indexes []int) bool {
	for _, index := range slices.Backward(indexes) {
		if f.parent == nil || f.index != index {
			return false
		}
		f = f.parent
	}
	return f.parent == nil
}

// calledBack ends a webhook with what its callback brought. A subscriber that has
// not answered yet is left to finish: it may be the one that calls.
func (r *Run) calledBack(ev Called) {
	l := r.awaiting(&ev)
	l.rec.outputs, l.rec.hasOutputs = ev.Outputs, true
	r.land(l, wdl.Succeeded, codeOK, nil)
}

// partings are the requests that take back the subscriptions of all open webhooks;
// an error says what must be loaded first.
func (r *Run) partings() ([]Effect, error) {
	var all []Effect
	counter := r.random.counter
	for _, l := range r.flights {
		parting, err := r.parting(l)
		if err != nil {
			r.random.counter = counter
			return nil, err
		}
		all = append(all, parting...)
	}
	return all, nil
}

// parting is the request that takes back the subscription of a flight, if there is
// one. A template that fails has nothing to send.
func (r *Run) parting(l *flight) ([]Effect, error) {
	if !isWebhook(l.action.Type) || r.unsent(l) {
		return nil, nil
	}
	counter := r.random.counter
	e := &env{run: r, frame: l.frame, action: l.action, record: l.rec, opened: []string{}}
	inputs, err := e.unsubscribeInputs()
	var policy wdl.Retry
	if err == nil {
		for policy, err = l.action.UnsubscribeRetry.Resolve(e); e.open(err); {
			policy, err = l.action.UnsubscribeRetry.Resolve(e)
		}
	}
	if r.lacks(err) {
		r.random.counter = counter
		return nil, err
	}
	if err != nil || inputs.IsNull() {
		return nil, nil
	}
	c := l.effect(r, false)
	c.ID, c.Inputs = l.name(r)+"#unsubscribe", inputs
	c.Attempt, c.Deadline, c.Poll = 1, time.Time{}, nil
	c.ClientRequestID = r.random.guid().String()
	return []Effect{Unsubscribe{Call: c, Retry: policy}}, nil
}

// unsubscribeInputs evaluates what a webhook is unsubscribed with, references replaced;
// null if there is nothing to send. What the inputs are for a connector, which has no
// unsubscribe of its own, says [Unsubscribe].
func (e *env) unsubscribeInputs() (inputs expr.Value, err error) {
	switch {
	case e.action.Unsubscribe != nil:
		request, err := e.eval(e.action.Unsubscribe)
		if err != nil {
			return expr.Null(), err
		}
		inputs = unsubscribeOf(request)
	case e.action.Inputs != nil:
		if inputs, err = e.eval(e.action.Inputs); err != nil {
			return expr.Null(), err
		}
		if request, ok := inputs.Get("unsubscribe"); ok {
			inputs = unsubscribeOf(request)
			break
		}
		location, err := e.location()
		if err != nil || location == "" {
			return expr.Null(), err
		}
		return e.run.look(inputs.With("unsubscribe", expr.Object(expr.Member{Name: "location", Value: expr.String(location)})))
	}
	if !addressed(inputs, "unsubscribe") {
		return expr.Null(), nil
	}
	return e.run.look(inputs)
}

func unsubscribeOf(request expr.Value) expr.Value {
	return expr.Object(expr.Member{Name: "unsubscribe", Value: request})
}

// location is where the subscriber's answer says that the subscription is.
func (e *env) location() (string, error) {
	headers, _ := e.record.outputs.Get("headers")
	headers, err := e.run.look(headers)
	for name, v := range headers.Members() {
		if strings.EqualFold(name, "Location") {
			return strings.TrimSpace(v.Text()), err
		}
	}
	return "", err
}

// unsent reports whether the first request of a flight is of this step, and so will
// never be made if the flight ends in it.
func (r *Run) unsent(l *flight) bool {
	id := l.id(r)
	return l.called && l.rec.attempts == 1 && slices.ContainsFunc(r.effects, func(e Effect) bool {
		c, ok := e.(Call)
		return ok && c.ID == id && !c.Repeated
	})
}
