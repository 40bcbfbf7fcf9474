package testfile

import (
	"context"
	"fmt"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/trigger"
	"isle/wdl"
)

// byHand gives a trigger that fires by itself what it would bring now: a SlidingWindow
// the window in progress, a polling trigger the answer of a poll, unless time is
// virtual. Others bring nothing.
func (i *Invocation) byHand(ctx context.Context, t *wdl.Trigger, f *engine.Fired) error {
	switch {
	case t.Type == wdl.TypeSlidingWindow && t.Recurrence != nil:
		start, end := t.Recurrence.WindowAt(i.Start, wdl.Progress{Anchor: i.Start})
		f.Outputs, f.HasOutputs = trigger.Windowed(start, end), true
	case t.Polls() && !i.Virtual && i.Operations[t.Type] != nil:
		return i.poll(ctx, t, f)
	}
	return nil
}

// poll asks once; the retry policy is the server's.
func (i *Invocation) poll(ctx context.Context, t *wdl.Trigger, f *engine.Fired) error {
	p, err := trigger.NewPoll(i.Workflow, t, f.ClientTrackingID, i.Start)
	if err != nil {
		return fmt.Errorf("trigger '%s': %w", t.Name, err)
	}
	outcome := i.Operations[t.Type].Perform(ctx, connector.Call{
		Call: engine.Call{
			ID: "poll", Subject: engine.TriggerSubject(t), Operation: t.Type, Inputs: p.Inputs, Attempt: 1,
			ClientRequestID: i.guid(1), TrackingID: f.TrackingID,
		},
		Workflow: i.Workflow, TriggerTrackingID: f.TrackingID, ClientTrackingID: f.ClientTrackingID, Dialer: i.Dialer,
	})
	if outcome.Error != nil {
		return fmt.Errorf("trigger '%s': %s: %s", t.Name, outcome.Error.Code, outcome.Error.Message)
	}
	f.Inputs, f.HasInputs = outcome.Inputs, outcome.HasInputs
	f.Outputs, f.HasOutputs = outcome.Outputs, outcome.HasOutputs
	return nil
}

// unadmitted is why a firing begins no run.
func unadmitted(t *wdl.Trigger, f *engine.Fired) string {
	if trigger.Asks(t) && f.Code != "" && f.Code != "OK" && !t.Checks {
		return "the request of the trigger was answered " + f.Code + "; only 200 begins a run, unless a condition of the trigger looks at the status code"
	}
	return "a condition of the trigger does not hold"
}
