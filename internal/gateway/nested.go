package gateway

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/workflow"
	"isle/internal/dataplane"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// Named finds workflows by resource ID; store.ErrNotFound if there is none.
type Named interface {
	ByID(ctx context.Context, id string) (*runner.Deployed, error)
}

// Calls of workflows by workflows of this server (wdl-semantics §11.12). Such a call
// needs no signature, and access control does not leave it out (ise.md #164); the
// network policy judges it as it does every caller.
//
// The name of the run that a call begins follows from the call, so that a call that is
// made again after a crash finds its run. The run's tracking id is the call's, which
// tells a run of this call from one of another that has the name by chance.

const (
	// soon is how long the answer of a child is waited for at once; that of a stateless
	// one, whose history cannot be asked, as long as its run may last.
	soon, soonStateless = time.Second, 5 * time.Minute
	// A child that has not answered is asked again after a quarter of its age, within
	// these bounds, or sooner if it tells (runner.Expect).
	askMin, askMax = time.Second, 30 * time.Second
)

var _ workflow.Children = (*Gateway)(nil)

// Start implements workflow.Children.
func (g *Gateway) Start(ctx context.Context, r *workflow.Request) (*workflow.Answer, error) {
	d, err := g.child(ctx, r.Workflow, r.Caller)
	if err != nil {
		return nil, unanswered(err)
	}
	if r.Repeated {
		if name, err := g.begun(ctx, d, r); name != "" || err != nil {
			return g.answerOf(ctx, r, d, name, err)
		}
	}
	on, err := childTrigger(d, r.Trigger)
	if err != nil {
		return nil, unanswered(err)
	}
	outputs, err := nestedOutputs(on, r)
	if err != nil {
		return refusedAnswer(err)
	}
	return g.call(ctx, r, d, on, outputs)
}

// call begins the child's run, unless it has begun.
func (g *Gateway) call(ctx context.Context, r *workflow.Request, d *runner.Deployed, on *wdl.Trigger, outputs expr.Value) (*workflow.Answer, error) {
	for n := 0; ; n++ {
		name := childName(r, n)
		firing, err := g.config.Runner.Fire(context.WithoutCancel(ctx), runner.FireRequest{
			Deployed: d, Trigger: on, Fired: engine.Fired{Start: g.config.Clock().UTC(), Outputs: outputs, HasOutputs: true, TrackingID: r.ID},
			ClientTrackingID: r.ClientTrackingID, Name: name, Depth: r.Depth, Caller: on.SplitOn == nil,
			Trace: trigger.Trace(r.Header),
		})
		if errors.Is(err, store.ErrExists) && on.SplitOn != nil { // what it began has other names
			return g.called(ctx, r, d, on, runner.Firing{Name: name, TrackingID: r.ID})
		}
		if errors.Is(err, store.ErrExists) {
			if name, err = g.begun(ctx, d, r); name != "" || err != nil {
				return g.answerOf(ctx, r, d, name, err)
			}
			continue
		}
		if err != nil {
			return refusedAnswer(fireError(on, err))
		}
		return g.called(ctx, r, d, on, firing)
	}
}

// called answers for a firing that this call has made.
func (g *Gateway) called(ctx context.Context, r *workflow.Request, d *runner.Deployed, on *wdl.Trigger, firing runner.Firing) (*workflow.Answer, error) {
	later := on.SplitOn == nil && r.NoPolling && asynchronous(d.Workflow.Program)
	if firing.Started != nil && !later {
		return g.soon(ctx, r, d, on, firing)
	}
	if firing.Started != nil {
		g.config.Runner.Release(firing.Started)
	}
	w := headed(d, on, firing)
	if later {
		g.writePollHeaders(w.Header(), d, firing.Name, firing.TrackingID)
	}
	_ = accepted(w)
	return w.answer(), nil
}

// childName is the n-th name that the run of a call may have: names hold nine digits of
// the call's, so another call of the same moment may have taken the first.
func childName(r *workflow.Request, n int) string {
	digits, _ := hex.DecodeString(strings.ReplaceAll(r.ID, "-", ""))
	return trigger.RunName(r.Begun, binary.BigEndian.Uint64(append(digits, make([]byte, 8)...))+uint64(n))
}

// begun finds the run that a call has begun; "" if there is none.
func (g *Gateway) begun(ctx context.Context, d *runner.Deployed, r *workflow.Request) (string, error) {
	db, err := g.config.Store.Environment(ctx, d.Environment)
	if err != nil {
		return "", err
	}
	for n := 0; ; n++ {
		name := childName(r, n)
		run, err := readRun(ctx, db, d, name)
		if isNotFound(err) && run.Name == "" {
			return "", nil
		}
		if err != nil && !isNotFound(err) {
			return "", err
		}
		if summary, broken := engine.DecodeHead(run.Head); err == nil && (broken != nil || summary.TriggerRecord.TrackingID == r.ID) {
			return name, nil
		}
	}
}

// answerOf asks the run that a call has begun before.
func (g *Gateway) answerOf(ctx context.Context, r *workflow.Request, d *runner.Deployed, name string, err error) (*workflow.Answer, error) {
	if err != nil {
		return nil, unanswered(err)
	}
	return g.Ask(ctx, r.Caller, runner.ChildURL(d.Environment, name))
}

// child finds the workflow that is called, if the network lets its caller in.
func (g *Gateway) child(ctx context.Context, id string, by workflow.Caller) (*runner.Deployed, error) {
	if g.config.Named == nil {
		return nil, notFound("WorkflowNotFound", "The workflow '"+id+"' could not be found.")
	}
	d, err := g.config.Named.ByID(ctx, id)
	if isNotFound(err) {
		return nil, notFound("WorkflowNotFound", "The workflow '"+id+"' could not be found. Give 'host.workflow.id' the resource ID of a workflow of this server.")
	}
	if err != nil || g.config.Network == nil {
		return d, err
	}
	decision := g.config.Network.Admit(d.Environment, dataplane.Caller{Source: &by.Source, Subject: dataplane.Subject{Workflow: d.ResourceID, Trigger: true}, By: by.Subject})
	if !decision.Allowed {
		return nil, &dataplane.DeniedError{Decision: decision}
	}
	return d, nil
}

// childTrigger is the trigger that a call names, or the only one.
func childTrigger(d *runner.Deployed, name string) (*wdl.Trigger, error) {
	if triggers := d.Workflow.Program.Triggers; name == "" && len(triggers) == 1 {
		name = triggers[0].Name
	}
	on, err := calledTrigger(d, name)
	if err == nil && on.Request == nil { // a webhook is called by its peer alone
		return nil, notCallable(d, on)
	}
	return on, err
}

func nestedOutputs(on *wdl.Trigger, r *workflow.Request) (v expr.Value, err error) {
	parameters, err := trigger.Match(on, trigger.Method(on), "")
	if err != nil {
		return v, err
	}
	q, err := trigger.ParseQuery(r.Query)
	if err != nil {
		return v, err
	}
	return trigger.Outputs(on, &trigger.Request{Query: q, Header: r.Header, Body: r.Body}, parameters)
}

// headed is an answer with the headers of wdl-semantics §14.4.
func headed(d *runner.Deployed, on *wdl.Trigger, firing runner.Firing) *inProcess {
	w := newAnswer()
	if !on.Options.Has(wdl.SuppressWorkflowHeadersOnResponse) {
		writeWorkflowHeaders(w.Header(), d, firing)
	}
	return w
}

// soon is the answer of a child that has begun, if it comes soon.
func (g *Gateway) soon(ctx context.Context, r *workflow.Request, d *runner.Deployed, on *wdl.Trigger, firing runner.Firing) (*workflow.Answer, error) {
	limit := soon
	if d.Workflow.Stateless {
		limit = soonStateless
	}
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s := firing.Started
	reply, err := s.Reply(waiting)
	switch {
	case err == nil && !reply.Sent:
		return nil, unresponsive(s.RunID)
	case err == nil:
		w := headed(d, on, firing)
		if err := writeReply(w, reply, s.RunID); err != nil {
			return refusedAnswer(err)
		}
		return w.answer(), nil
	case d.Workflow.Stateless && errors.Is(err, runner.ErrStopped):
		return refusedAnswer(stopping())
	case d.Workflow.Stateless:
		g.config.Runner.Leave(s)
		return nil, &workflow.Failure{Code: "GatewayTimeout", Message: "The stateless workflow '" + d.Name + "' did not answer within " + limit.String() + ", the longest that its runs may take."}
	}
	g.config.Runner.Release(s)
	return g.Ask(ctx, r.Caller, runner.ChildURL(s.Environment, s.RunID))
}

// unresponsive is the failure of a call whose child has ended without its Response.
func unresponsive(run string) error {
	return &workflow.Failure{Code: "BadGateway", ErrorCode: "NoResponse", Message: noResponseText(run)}
}

// Ask implements workflow.Children. The answer is read from the history of the run.
func (g *Gateway) Ask(ctx context.Context, by workflow.Caller, reference string) (*workflow.Answer, error) {
	environment, name, _ := strings.Cut(reference, "/")
	// First, so that an answer that comes meanwhile is not missed.
	g.config.Runner.Expect(environment, name, runner.Asker{Environment: by.Source.Environment, RunID: by.RunID, URL: reference})
	answer, err := g.ask(ctx, environment, name)
	if err != nil || answer.StatusCode != 0 {
		g.config.Runner.Unexpect(environment, name)
		return answer, err
	}
	answer.Reference = reference
	return answer, nil
}

func (g *Gateway) ask(ctx context.Context, environment, name string) (*workflow.Answer, error) {
	db, err := g.config.Store.Environment(ctx, environment)
	if err != nil {
		return nil, unanswered(err)
	}
	var run store.Run
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		run, err = tx.Run(name)
		return err
	})
	if isNotFound(err) {
		return nil, &workflow.Failure{Code: "WorkflowRunNotFound", Message: "The run '" + name + "' of the nested workflow is gone: it was deleted before its answer was read."}
	}
	if err != nil {
		return nil, unanswered(err)
	}
	summary, err := engine.DecodeHead(run.Head)
	if err != nil && run.End.IsZero() {
		return nil, unanswered(err)
	}
	switch {
	case err == nil && summary.Response != nil:
		return g.replied(ctx, db, environment, run, &summary)
	case !run.End.IsZero():
		return nil, unresponsive(name)
	}
	age := g.config.Clock().Sub(run.Start)
	return &workflow.Answer{After: min(max(age/4, askMin), askMax)}, nil
}

// replied is the Response of a child.
func (g *Gateway) replied(ctx context.Context, db *store.DB, environment string, run store.Run, summary *engine.Summary) (*workflow.Answer, error) {
	reply, err := replyOf(ctx, db, run.Name, summary.Response)
	if err != nil {
		return nil, unanswered(err)
	}
	compiled, err := g.config.Workflows.Workflow(ctx, environment, run.Workflow, run.Version)
	if err != nil {
		return nil, unanswered(err)
	}
	w := newAnswer()
	if on, ok := compiled.Program.Trigger(run.Trigger); !ok || !on.Options.Has(wdl.SuppressWorkflowHeadersOnResponse) {
		trigger.Correlation{Run: run.Name, Firing: run.Name, TrackingID: summary.TriggerRecord.TrackingID, ClientTrackingID: run.ClientTrackingID}.WriteHeaders(w.Header(), compiled)
	}
	if err := writeReply(w, reply, run.Name); err != nil {
		return refusedAnswer(err)
	}
	return w.answer(), nil
}

// unanswered turns what the access endpoint would answer into the failure of a call.
func unanswered(err error) error {
	var f *failure
	if errors.As(err, &f) {
		return &workflow.Failure{Code: f.code, Message: f.message}
	}
	return err
}

// refusedAnswer is the answer of a trigger that does not take a call.
func refusedAnswer(err error) (*workflow.Answer, error) {
	var f *failure
	var refusal *trigger.Refusal
	if errors.As(err, &refusal) {
		f = &failure{status: refusal.Status, code: refusal.Code, message: refusal.Message, header: refusal.Header}
	} else if !errors.As(err, &f) {
		return nil, err
	}
	w := newAnswer()
	writeError(w, f)
	return w.answer(), nil
}

// inProcess is an http.ResponseWriter for a caller in this process.
type inProcess struct{ workflow.Answer }

func newAnswer() *inProcess { return &inProcess{workflow.Answer{Header: http.Header{}}} }

func (a *inProcess) Header() http.Header { return a.Answer.Header }

func (a *inProcess) WriteHeader(status int) { a.StatusCode = status }

func (a *inProcess) Write(p []byte) (int, error) {
	a.Body = append(a.Body, p...)
	return len(p), nil
}

func (a *inProcess) answer() *workflow.Answer {
	for name, values := range a.Answer.Header {
		if len(values) == 0 {
			delete(a.Answer.Header, name)
		}
	}
	return &a.Answer
}
