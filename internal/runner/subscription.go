package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// The subscription of a webhook trigger (wdl-semantics §10.5) is one task of the
// environment's database. It says what the workflow wants the peer to know and what
// the peer has been told, and brings the two together, one request at a time; when
// they agree it rests until the workflow changes. Each request is stored before it
// is made and its outcome after, so that a crash between the two repeats it under
// the same client request id.

// SubscriptionKind is the kind of these tasks.
const SubscriptionKind = "subscription"

// subscription is the payload of the task.
type subscription struct {
	FlowID  string `json:"flowId"`
	Trigger string `json:"trigger"`

	// Wanted is the form of what the peer should know, Version the workflow's that says
	// so; "" if the peer should know nothing.
	Wanted  string `json:"wanted,omitempty"`
	Version string `json:"version,omitempty"`
	// Held is what the peer has been told and not yet told to forget.
	Held *acceptance `json:"held,omitempty"`
	// Request is being made, or waits to be made again.
	Request *subscriptionRequest `json:"request,omitempty"`
	// Failure is why the peer could not be told what is wanted: it is not told again
	// until the workflow is saved or enabled.
	Failure *engine.Error `json:"failure,omitempty"`
}

// acceptance is a subscription that the peer has accepted.
type acceptance struct {
	Form     string `json:"form"`
	Version  string `json:"version"`
	Callback string `json:"callback"`
	// The record of the request that subscribed, which unsubscribe can read. Its inputs
	// hide their secrets.
	Inputs           expr.Value `json:"inputs"`
	Outputs          expr.Value `json:"outputs"`
	HasOutputs       bool       `json:"hasOutputs,omitempty"`
	Code             string     `json:"code,omitempty"`
	Start            time.Time  `json:"start"`
	End              time.Time  `json:"end"`
	TrackingID       string     `json:"trackingId,omitempty"`
	ClientTrackingID string     `json:"clientTrackingId,omitempty"`
}

// subscriptionRequest is a subscribe, or with End an unsubscribe.
type subscriptionRequest struct {
	End bool `json:"end,omitempty"`
	// Of subscribe: what it is for.
	Form     string `json:"form,omitempty"`
	Version  string `json:"version"`
	Callback string `json:"callback"`

	Operation wdl.Type   `json:"operation,omitempty"` // "": that of the trigger's type
	Inputs    expr.Value `json:"inputs"`
	Policy    wdl.Retry  `json:"policy"`
	Deadline  time.Time  `json:"deadline"` // zero: none
	Attempt   int        `json:"attempt"`  // 1 is the first
	ID        string     `json:"id"`       // client request id of the attempt
	Tracking  string     `json:"tracking"`
	Begun     bool       `json:"begun,omitempty"` // the attempt may have been made
	Wake      time.Time  `json:"wake"`            // of the next attempt; zero: now
	Start     time.Time  `json:"start"`           // of the first attempt
	// SecureInputs and SecureOutputs are the trigger's: no history shows them.
	SecureInputs  bool `json:"secureInputs,omitempty"`
	SecureOutputs bool `json:"secureOutputs,omitempty"`
}

func subscriptionKey(flowID, trigger string) string {
	return "subscription:" + strings.ToLower(flowID) + ":" + strings.ToLower(trigger)
}

// resting is when a task is due that waits for nothing but a change.
func resting() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }

// readSubscription reads the task of a trigger; ok is false if there is none.
func readSubscription(tx *store.Tx, flowID, trigger string) (s *subscription, ok bool, err error) {
	t, err := tx.Task(subscriptionKey(flowID, trigger))
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	s, err = decodeSubscription(t)
	return s, err == nil, err
}

func decodeSubscription(t store.Task) (*subscription, error) {
	s := new(subscription)
	if err := json.Unmarshal(t.Payload, s); err != nil {
		return nil, fmt.Errorf("payload of task %s: %w", t.Key, err)
	}
	return s, nil
}

// put stores the task, due when it has something to do; one that has nothing left to
// say is deleted.
func (s *subscription) put(tx *store.Tx, now time.Time) error {
	key := subscriptionKey(s.FlowID, s.Trigger)
	if s.Wanted == "" && s.Held == nil && s.Request == nil {
		if err := tx.DeleteTask(key); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	}
	payload, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: key, Kind: SubscriptionKind, Due: s.due(now), Payload: payload})
}

func (s *subscription) due(now time.Time) time.Time {
	switch {
	case s.Request != nil && s.Request.Wake.After(now):
		return s.Request.Wake
	case s.Request != nil || s.stale() || s.missing():
		return now
	}
	return resting()
}

// stale says that the peer knows what it should not.
func (s *subscription) stale() bool { return s.Held != nil && s.Held.Form != s.Wanted }

// missing says that the peer does not know what it should, and may be told.
func (s *subscription) missing() bool { return s.Held == nil && s.Wanted != "" && s.Failure == nil }

// want notes what the workflow asks for now.
func (s *subscription) want(form, version string, restart bool) {
	s.Wanted, s.Version, s.Failure = form, version, nil
	if restart && s.Held != nil {
		s.Held.Form = "" // subscribed anew, whatever it was
	}
	if q := s.Request; q != nil && !q.End && q.Form != form && !q.Begun {
		s.Request = nil // it was to be made again, for what nobody wants any more
	}
}

// fired is the record of the request that subscribed, as trigger() shows it.
func (h *acceptance) fired(name string) *engine.Fired {
	return &engine.Fired{Name: name, Inputs: h.Inputs, HasInputs: true, Outputs: h.Outputs, HasOutputs: h.HasOutputs, Start: h.Start, End: h.End,
		TrackingID: h.TrackingID, ClientTrackingID: h.ClientTrackingID, Code: h.Code, Status: wdl.Succeeded}
}

// taken is the request's outcome: whether it has been made for the last time, and
// what is to be told of it.
type taken struct {
	*subscriptionRequest
	outcome engine.Outcome
	failed  bool // for the last time
}

// take notes the outcome of the request under way; nil if it will be made again.
// Random are bits for the wait.
func (s *subscription) take(o engine.Outcome, now time.Time, random uint64) *taken {
	q := s.Request
	status, code := o.Verdict()
	q.Begun = false
	if status != wdl.Succeeded && o.Retried(status) && q.Policy.Type != wdl.RetryNone && q.Attempt <= q.Policy.Count {
		wait := o.RetryAfter
		if wait <= 0 {
			wait = q.Policy.Wait(q.Attempt, random)
		}
		q.Wake = now.Add(wait)
		if q.Deadline.IsZero() || q.Wake.Before(q.Deadline) {
			if wanted := q.End || q.Form == s.Wanted; wanted {
				return nil
			}
		}
	}
	s.Request = nil
	done := &taken{q, o, status != wdl.Succeeded}
	switch {
	case q.End:
		s.Held = nil // told, or given up
	case !done.failed:
		s.Held = q.accepted(o, code, now)
	case q.Form == s.Wanted:
		s.Failure = done.error(s.Trigger)
	}
	return done
}

func (q *subscriptionRequest) accepted(o engine.Outcome, code string, now time.Time) *acceptance {
	h := &acceptance{Form: q.Form, Version: q.Version, Callback: q.Callback, Inputs: q.Inputs, Outputs: o.Outputs, HasOutputs: o.StatusCode != 0 || !o.Outputs.IsNull(),
		Code: code, Start: q.Start, End: now, TrackingID: q.Tracking, ClientTrackingID: q.Tracking}
	if o.HasInputs {
		h.Inputs = o.Inputs
	}
	return h
}

// SubscriptionState says how far a webhook trigger's subscription is.
type SubscriptionState uint8

// The states; NoSubscription is that of every other trigger, and of a workflow that
// is disabled.
const (
	NoSubscription SubscriptionState = iota
	Subscribing
	Subscribed
	Unsubscribing
	SubscriptionFailed
)

// SubscriptionStatus is what the API shows of a subscription.
type SubscriptionStatus struct {
	State SubscriptionState
	Since time.Time     // when it was made; zero unless Subscribed
	Error *engine.Error // of SubscriptionFailed
}

// Subscription tells how far the subscription of a trigger is.
func Subscription(tx *store.Tx, flowID string, t *wdl.Trigger) (SubscriptionStatus, error) {
	if !trigger.IsWebhook(t) {
		return SubscriptionStatus{}, nil
	}
	s, ok, err := readSubscription(tx, flowID, t.Name)
	if err != nil || !ok {
		return SubscriptionStatus{}, err
	}
	return s.status(), nil
}

func (s *subscription) status() SubscriptionStatus {
	switch {
	case s.Wanted == "":
		return SubscriptionStatus{State: Unsubscribing}
	case s.Failure != nil && s.Held == nil:
		return SubscriptionStatus{State: SubscriptionFailed, Error: s.Failure}
	case s.Held == nil || s.stale():
		return SubscriptionStatus{State: Subscribing}
	}
	return SubscriptionStatus{State: Subscribed, Since: s.Held.End}
}
