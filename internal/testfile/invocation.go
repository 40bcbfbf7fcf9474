package testfile

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/dataplane"
	"isle/internal/local"
	"isle/internal/trigger"
	"isle/wdl"
)

// Trigger is what fires a workflow: a request, or for other triggers their outputs. A
// webhook trigger takes either; that it subscribes is no part of a test.
type Trigger struct {
	Name         string  `json:"name"` // "": the only one, or the first that fits
	Method       string  `json:"method"`
	RelativePath string  `json:"relativePath"`
	Queries      Pairs   `json:"queries"`
	Headers      Pairs   `json:"headers"`
	Body         Value   `json:"body"` // a string is plain text, anything else JSON, unless headers say otherwise
	BodyText     *string `json:"bodyText"`
	Outputs      Value   `json:"outputs"`
}

// Invocation is one firing of a trigger, carried out in this process, with the runs
// that it begins.
type Invocation struct {
	Workflow   *engine.Workflow
	Trigger    Trigger
	Operations connector.Operations
	Dialer     dataplane.Dialer

	// Caller says how somebody waits for the Response.
	Caller  Caller
	Start   time.Time // the time of the firing
	Virtual bool      // time jumps; else Start is now
	Seed    uint64    // of everything random
	Depth   int       // how many workflows called each other for this firing; 0: none

	// CalledBack is asked what calls back the webhook of a record that begins to wait;
	// nil: nobody can, and there is no address to hand on.
	CalledBack func(w *engine.Workflow, run string, rec engine.Record) *local.Callback

	// Callbacks takes the calls of webhooks when time is real; nil: nobody can call.
	Callbacks *Callbacks

	// Clock is told the time before each call when time is virtual.
	Clock func(now time.Time)
}

// Answer is what the caller of a Request trigger, or of a webhook's, gets.
type Answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

// Invoked is what came of an invocation. Answers are nil where nobody asked.
type Invoked struct {
	Answer *Answer // the first one
	Polled *Answer // what polling its Location ends with
	Runs   []Run   // none if the firing was refused, skipped, or had nothing to split
	Reason string  // why there are none
}

// Run is one of the runs.
type Run struct {
	Name string
	*local.Result
}

// Caller is how long who calls a trigger waits.
type Caller uint8

// Callers. Impatient gives up after 240 s, as in an environment (wdl-semantics
// §10.2); Gone has left before the Response.
const (
	Patient Caller = iota
	Impatient
	Gone
)

const responseTimeout = 240 * time.Second

// Run fires the trigger and runs what it begins to its end.
func (i *Invocation) Run(ctx context.Context) (*Invoked, error) {
	t, err := i.choose()
	if err != nil {
		return nil, err
	}
	name := trigger.RunName(i.Start, i.Seed)
	fired := engine.Fired{
		Name: t.Name, Start: i.Start, End: i.Start, Status: wdl.Succeeded,
		TrackingID: i.guid(0), ClientTrackingID: name,
	}
	if id := trigger.ClientTrackingID(i.Trigger.Headers.Header()); id != "" {
		fired.ClientTrackingID = id
	}
	if err := i.bring(ctx, t, &fired); err != nil {
		return refused(err)
	}
	if answer, ok := trigger.Handshake(i.Workflow.Program, t, i.Trigger.Headers.Header(), fired.Outputs); ok {
		h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
		return &Invoked{Answer: &Answer{StatusCode: http.StatusOK, Header: h, Body: answer.JSON()}, Reason: "the trigger answered the validation of an Event Grid subscription"}, nil
	}
	admitted, err := trigger.Admit(i.Workflow, t, &fired, name, i.Start)
	if err != nil {
		return refused(trigger.Failure(t, err))
	}
	done := &Invoked{}
	if trigger.Callable(t) {
		done.Answer = &Answer{StatusCode: http.StatusAccepted, Header: i.correlated(t, name, fired)}
	}
	switch {
	case !admitted:
		done.Reason = unadmitted(t, &fired)
		return done, nil
	case t.SplitOn != nil:
		return done, i.split(ctx, done, t, fired, name)
	}
	waits := trigger.Callable(t) && i.Caller != Gone
	run, err := i.run(ctx, fired, name, waits)
	if err != nil {
		return nil, err
	}
	done.Runs = []Run{run}
	if waits {
		done.Answer = i.answer(run.Response, done.Answer.Header, name)
		if run.Polled != nil {
			done.Polled = i.answer(run.Polled, nil, name)
		}
	}
	return done, nil
}

// choose finds the trigger: the one that is named, else the first one that the given
// members fit.
func (i *Invocation) choose() (*wdl.Trigger, error) {
	triggers := i.Workflow.Program.Triggers
	if len(triggers) == 0 {
		return nil, errors.New("the definition has no trigger: nothing can start it")
	}
	if name := i.Trigger.Name; name != "" {
		t, ok := i.Workflow.Program.Trigger(name)
		if !ok {
			return nil, fmt.Errorf("the definition has no trigger '%s'", name)
		}
		return t, nil
	}
	for _, t := range triggers {
		if trigger.IsWebhook(t) || (t.Request != nil) == !i.Trigger.Outputs.Given {
			return t, nil
		}
	}
	return triggers[0], nil
}

// bring gives a firing its outputs. The error is a *trigger.Refusal of the request,
// or says what is wrong with the case.
func (i *Invocation) bring(ctx context.Context, t *wdl.Trigger, f *engine.Fired) error {
	if i.Trigger.Outputs.Given {
		f.Outputs, f.HasOutputs = i.Trigger.Outputs.Value, true
		return nil
	}
	if t.Request == nil && !i.Trigger.calls(t) {
		return i.byHand(ctx, t, f)
	}
	request := &trigger.Request{Method: i.Trigger.Method}
	if request.Method == "" {
		request.Method = trigger.Method(t)
	}
	request.Header, request.Body = message(i.Trigger.Headers, i.Trigger.body())
	path, rawQuery, _ := strings.Cut(strings.TrimPrefix(i.Trigger.RelativePath, "/"), "?")
	request.Path = (&url.URL{Path: path}).EscapedPath()
	if strings.Contains(path, "%") {
		request.Path = path // it is escaped already
	}
	var err error
	if request.Query, err = trigger.ParseQuery(rawQuery); err != nil {
		return err
	}
	for name, value := range i.Trigger.Queries.all {
		request.Query = append(request.Query, trigger.QueryParameter{Name: name, Value: value})
	}
	parameters, err := trigger.Match(t, request.Method, request.Path)
	if err != nil {
		return err
	}
	f.Outputs, err = trigger.Outputs(t, request, parameters)
	f.HasOutputs = true
	return err
}

// calls reports whether the members of a request are given for a webhook trigger, whose
// callback it is then. What ApiConnectionNotification brings is fetched, not called in.
func (t *Trigger) calls(on *wdl.Trigger) bool {
	if !trigger.IsWebhook(on) || on.Type == wdl.TypeAPIConnectionNotification {
		return false
	}
	return t.Method != "" || len(t.Headers.members)+len(t.Queries.members) > 0 || t.body().Given
}

// body is bodyText when it is given.
func (t *Trigger) body() Value {
	if t.BodyText != nil {
		return Value{Value: expr.String(*t.BodyText), Given: true}
	}
	return t.Body
}

// refused is the answer to a request that begins no run.
func refused(err error) (*Invoked, error) {
	var refusal *trigger.Refusal
	if !errors.As(err, &refusal) {
		return nil, err
	}
	a := refusalAnswer(refusal)
	return &Invoked{Answer: a, Reason: fmt.Sprintf("the trigger answered %d, %s", a.StatusCode, refusal)}, nil
}

func refusalAnswer(r *trigger.Refusal) *Answer {
	text := func(name, v string) expr.Member { return expr.Member{Name: name, Value: expr.String(v)} }
	body := expr.Object(expr.Member{Name: "error", Value: expr.Object(text("code", r.Code), text("message", r.Message))}).JSON()
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for name, values := range r.Header {
		h[name] = values
	}
	return &Answer{StatusCode: r.Status, Header: h, Body: body}
}

// correlated are the headers that every answer of the trigger has.
func (i *Invocation) correlated(t *wdl.Trigger, name string, f engine.Fired) http.Header {
	h := http.Header{}
	if !t.Options.Has(wdl.SuppressWorkflowHeadersOnResponse) {
		trigger.Correlation{Run: name, Firing: name, TrackingID: f.TrackingID, ClientTrackingID: f.ClientTrackingID}.WriteHeaders(h, i.Workflow)
	}
	return h
}

// answer writes a Response as its caller gets it.
func (i *Invocation) answer(r *local.Response, h http.Header, run string) *Answer {
	if h == nil {
		h = http.Header{}
	}
	if r.StatusCode == http.StatusAccepted && !r.HasBody && r.Headers.Len() == 0 {
		if asynchronous(i.Workflow.Program) {
			h.Set("Location", "https://localhost/workflows/"+i.Workflow.FlowID+"/runs/"+run+"/operations/"+run)
			h.Set("Retry-After", "2")
		}
		return &Answer{StatusCode: r.StatusCode, Header: h}
	}
	reply := trigger.Reply{Action: "Response", StatusCode: r.StatusCode, Headers: r.Headers, Body: r.Body}
	status, body, err := reply.Write(h)
	var refusal *trigger.Refusal
	if errors.As(err, &refusal) {
		return refusalAnswer(refusal)
	}
	return &Answer{StatusCode: status, Header: h, Body: body.Bytes()}
}

func asynchronous(p *wdl.Program) bool {
	for _, a := range p.Actions {
		if a.Type == wdl.TypeResponse && a.Options.Has(wdl.Asynchronous) {
			return true
		}
	}
	return false
}

// split runs once for each item.
func (i *Invocation) split(ctx context.Context, done *Invoked, t *wdl.Trigger, f engine.Fired, firing string) error {
	items, err := trigger.Split(i.Workflow, t, &f, firing, i.Start)
	if err != nil {
		done.Answer, done.Reason = refusalAnswer(trigger.Failure(t, err)), "the trigger failed: "+err.Error()
		return nil
	}
	done.Reason = "splitOn gave no items"
	for n, item := range items.Elements() {
		name := trigger.ItemName(firing, n)
		of := f
		of.TrackingID, of.OriginHistoryName = i.guid(uint64(n)+1), firing
		if f.ClientTrackingID == firing {
			of.ClientTrackingID = name
		}
		if of, err = trigger.Item(i.Workflow, t, of, item, name, i.Start); err != nil {
			return err
		}
		run, err := i.run(ctx, of, name, false)
		if err != nil {
			return err
		}
		done.Runs = append(done.Runs, run)
	}
	return nil
}

// run runs the workflow once.
func (i *Invocation) run(ctx context.Context, f engine.Fired, name string, caller bool) (Run, error) {
	buffer := connector.NewBuffer(connector.DefaultBuffered)
	config := local.Config{
		Workflow: i.Workflow, Trigger: f, Virtual: i.Virtual, Start: i.Start, RunID: name,
		ClientTrackingID: f.ClientTrackingID, Seed: i.Seed, Caller: caller, Depth: i.Depth,
		Perform: func(ctx context.Context, c engine.Call) engine.Outcome {
			operation, ok := i.Operations[c.Operation]
			if !ok {
				return engine.Outcome{Status: wdl.Failed, Error: &engine.Error{Code: "NotImplemented", Message: "Actions of type '" + string(c.Operation) + "' cannot be run without a server."}}
			}
			room := buffer.Room()
			defer room.Release()
			return operation.Perform(ctx, connector.Call{
				Room: room,
				Call: c, Workflow: i.Workflow, RunID: name,
				TriggerTrackingID: f.TrackingID, ClientTrackingID: f.ClientTrackingID, Dialer: i.Dialer,
				Trace: trigger.Trace(i.Trigger.Headers.Header()),
			})
		},
	}
	if i.CalledBack != nil {
		config.CallbackURL = i.callbackURL(name)
		config.CalledBack = func(rec engine.Record) *local.Callback { return i.CalledBack(i.Workflow, name, rec) }
	}
	if i.Callbacks != nil && i.Workflow.CallsBack() {
		var end func()
		config.CallbackURL, config.Calls, end = i.Callbacks.open(i.Workflow, name)
		defer end()
	}
	if i.Caller == Impatient {
		config.RespondWithin = responseTimeout
	}
	if i.Clock != nil {
		config.Observe = func(at time.Time, _ engine.Event, _ *engine.Result) { i.Clock(at) }
	}
	result, err := local.Run(ctx, config)
	return Run{Name: name, Result: result}, err
}

// guid is a tracking id that follows from the seed.
func (i *Invocation) guid(n uint64) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%d/%d", i.Seed, n)
	b := h.Sum(nil)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
