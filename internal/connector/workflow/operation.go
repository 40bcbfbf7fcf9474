// Package workflow performs the actions that turn to another workflow of the same
// server: Workflow, which calls it (wdl-semantics §11.12), and SendToBatch.
//
// The call stays in the process. Its effect decides the name of the run that it
// begins, so a call that is repeated after a crash finds that run and begins no
// second one. An answer that is not there soon is asked for later: nothing is held
// meanwhile, however long the child takes.
package workflow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/dataplane"
	"isle/wdl"
)

// DefaultDepth is how many workflows may call each other in a row. The service names no
// such limit; without one a workflow that calls itself never ends.
const DefaultDepth = 50

// Options configures the operation.
type Options struct {
	// Children begins and asks the workflows that are called; nil: there are none
	// beside the one that runs.
	Children Children
	// Depth is how many workflows may call each other in a row; 0: DefaultDepth.
	Depth int
	// Clock tells the time of day; nil: time.Now.
	Clock func() time.Time
	// Exchange and ExchangeMessage answer in place of Children; for tests of workflows.
	Exchange        func(ctx context.Context, c connector.Call, r *Request) (*Answer, error)
	ExchangeMessage func(ctx context.Context, c connector.Call, m *Message) (*Answer, error)
}

// Children are the workflows of a server.
type Children interface {
	// Start begins the run that the request names, or finds it begun.
	Start(ctx context.Context, r *Request) (*Answer, error)
	// Ask asks a child that had no answer yet; reference is that of its Answer.
	Ask(ctx context.Context, by Caller, reference string) (*Answer, error)
	// Send hands a message to a Batch trigger, unless it was before. It returns when the
	// message cannot be lost.
	Send(ctx context.Context, m *Message) error
}

// Caller is the run that calls.
type Caller struct {
	Source  dataplane.Source  // where the call comes from
	Subject dataplane.Subject // the action that calls
	RunID   string
}

// Request is a call of a workflow.
type Request struct {
	Workflow string // resource ID
	Trigger  string // "": the only one
	Header   http.Header
	Query    string // encoded
	Body     []byte

	// Begun and ID are the same when the call is repeated, and together of no other
	// call: they name the run. ID is a GUID.
	Begun    time.Time
	ID       string
	Repeated bool // the call may have been made before

	Caller           Caller
	ClientTrackingID string
	Depth            int  // of the run that begins
	NoPolling        bool // an asynchronous Response is not waited for
}

// Answer is what a child says. Without a status code it has not answered yet: it is
// to be asked by the reference after a while.
type Answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte

	Reference string
	After     time.Duration
}

// Operation is the Workflow action.
type Operation struct{ options Options }

// Ports are those of access endpoints.
func Ports() connector.Ports { return connector.Ports{TCP: []uint16{443}} }

// New returns the operation.
func New(o Options) *Operation {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Operation{o}
}

// Perform implements connector.Operation.
func (o *Operation) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	return connector.Reported(o.options.Clock, c, func() engine.Outcome { return o.perform(ctx, c) })
}

func (o *Operation) perform(ctx context.Context, c connector.Call) engine.Outcome {
	answer, err := o.answer(ctx, c)
	if err != nil {
		return failure(err)
	}
	if answer.StatusCode == 0 {
		return engine.Outcome{Poll: &engine.Poll{URL: answer.Reference, RetryAfter: answer.After}}
	}
	return answer.outcome()
}

func (o *Operation) answer(ctx context.Context, c connector.Call) (*Answer, error) {
	if c.Poll != nil && o.options.Children != nil {
		return o.options.Children.Ask(ctx, caller(c), c.Poll.URL)
	}
	r, err := NewRequest(c)
	switch {
	case err != nil:
		return nil, err
	case o.options.Exchange != nil:
		return o.options.Exchange(ctx, c, r)
	case o.options.Children == nil:
		return nil, &Failure{Code: "WorkflowNotFound", Message: "The action '" + c.Subject.Name + "' calls the workflow '" + r.Workflow + "', and only one workflow runs here. Deploy both to a server, or test with a mock that has the action's name."}
	case r.Depth > cmp.Or(o.options.Depth, DefaultDepth):
		return nil, &Failure{Code: "NestedWorkflowDepthExceeded", Message: fmt.Sprintf("The action '%s' is not carried out: %d workflows have called each other in a row, which is the limit. Make the recursion end earlier.", c.Subject.Name, cmp.Or(o.options.Depth, DefaultDepth))}
	}
	return o.options.Children.Start(ctx, r)
}

// NewRequest reads the inputs of a call.
func NewRequest(c connector.Call) (*Request, error) {
	r := &Request{
		Header: connector.CallerHeaders(c), Begun: c.Begun, ID: identity(c.ID), Repeated: c.Repeated, Depth: c.Depth + 1,
		Caller: caller(c), ClientTrackingID: c.ClientTrackingID, NoPolling: c.Subject.Options.Has(wdl.DisableAsyncPattern),
	}
	host, _ := c.Inputs.Get("host")
	trigger, _ := host.Get("triggerName")
	r.Trigger = trigger.Text()
	r.Workflow = Target(host, c.Workflow.ID)
	if r.Workflow == "" {
		return nil, invalidf("the 'host.workflow.id' is empty")
	}
	body, _ := c.Inputs.Get("body")
	var contentType string
	var err error
	if r.Body, contentType, err = connector.WriteBody(body); err != nil {
		return nil, invalidf("%s", err)
	}
	if contentType != "" {
		r.Header["Content-Type"] = []string{contentType}
	}
	return r, r.readHeaders(c.Inputs)
}

// Target is the ID of the workflow that a host names: a name alone, the form of
// single-tenant projects, means a neighbour of the caller.
func Target(host expr.Value, caller string) string {
	workflow, _ := host.Get("workflow")
	id, ok := workflow.Get("id")
	if !ok {
		id, _ = host.Get("id") // the older form of single-tenant files
	}
	text := strings.TrimSpace(id.Text())
	if i := strings.LastIndexByte(caller, '/'); text != "" && !strings.Contains(text, "/") && i >= 0 {
		return caller[:i+1] + text
	}
	return text
}

func (r *Request) readHeaders(inputs expr.Value) error {
	headers, _ := inputs.Get("headers")
	for name, v := range headers.Members() {
		if !connector.ValidHeader(name, v.Text()) {
			return invalidf("the header '%s' is not valid", name)
		}
		if connector.SentHeader(name, true) && !v.IsNull() {
			for own := range r.Header {
				if strings.EqualFold(own, name) {
					delete(r.Header, own)
				}
			}
			r.Header.Set(name, v.Text())
		}
		if strings.EqualFold(name, "x-ms-client-tracking-id") && v.Text() != "" {
			r.ClientTrackingID = v.Text()
		}
	}
	queries, _ := inputs.Get("queries")
	r.Query = connector.EncodeQuery(queries)
	return nil
}

func caller(c connector.Call) Caller {
	by := Caller{RunID: c.RunID, Subject: dataplane.Subject{Workflow: c.Workflow.ID, Name: c.Subject.Name}}
	if c.Dialer != nil {
		by.Source = c.Dialer.Source()
	}
	return by
}

// identity is the GUID of an effect.
func identity(id engine.EffectID) string {
	b := sha256.Sum256([]byte(id))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// outcome is the answer as the engine sees it: 4xx and 5xx fail without an error
// object, their outputs are kept.
func (a *Answer) outcome() engine.Outcome {
	body, present, err := connector.ReadContent(a.Header, a.Body)
	if err != nil {
		return failure(invalidf("the content of the answer is not valid: '%s'", err))
	}
	members := append(make([]expr.Member, 0, 3),
		expr.Member{Name: "statusCode", Value: expr.Int(int64(a.StatusCode))},
		expr.Member{Name: "headers", Value: connector.ReadHeaders(a.Header, nil)})
	if present {
		members = append(members, expr.Member{Name: "body", Value: body})
	}
	return engine.Outcome{StatusCode: a.StatusCode, Outputs: expr.Object(members...), HasOutputs: true, ServiceRequestID: a.Header.Get("x-ms-request-id")}
}

// Failure is why a call has no answer: the code of the action, and its error.
type Failure struct {
	Code      string
	ErrorCode string // "": Code
	Message   string
	Retryable bool
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

func invalidf(format string, args ...any) error {
	return &Failure{Code: "BadRequest", Message: fmt.Sprintf("The nested workflow could not be called: "+format+".", args...)}
}

func failure(err error) engine.Outcome {
	var f *Failure
	var denied *dataplane.DeniedError
	switch {
	case errors.As(err, &f):
	case errors.As(err, &denied):
		f = &Failure{Code: "NetworkPolicyDenied", Message: "The nested workflow could not be called: " + denied.Error() + "."}
	default:
		f = &Failure{Code: "InternalServerError", Message: "The nested workflow could not be called; the server's log says why.", Retryable: true}
	}
	code := f.ErrorCode
	if code == "" {
		code = f.Code
	}
	return engine.Outcome{Status: wdl.Failed, Code: f.Code, Retryable: f.Retryable, Error: &engine.Error{Code: code, Message: f.Message}}
}
