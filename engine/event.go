package engine

import (
	"time"

	"isle/expr"
	"isle/wdl"
)

// Event is what happened since the last step.
type Event interface{ event() }

type (
	// Begin starts a new run, or one that was held.
	Begin struct{}
	// Hold records the trigger of a new run and starts nothing: the run waits for
	// its turn, until Begin or its end.
	Hold struct{}
	// Resume is the first event after Load: the effects whose outcome is missing
	// are emitted again, with Repeated set.
	Resume struct{}
	// Continue goes on after a result with More.
	Continue struct{}
	// Completed brings the outcome of a Call. An outcome of an action that has
	// closed meanwhile, or of an earlier attempt, changes nothing.
	Completed struct {
		Effect   EffectID
		Outcome  Outcome
		Repeated bool // as in the Call
	}
	// Woke says that the time named by Wake has come. It may come early or twice.
	Woke struct{}
	// Cancel ends the run as Cancelled. By names what cancels it, "" for nothing in
	// particular: the head keeps the first one. Step refuses it with ErrEnded when the run
	// has ended.
	Cancel struct{ By string }
	// Loaded answers a Need. Rows are all rows of the scopes that were named, in
	// the order they were stored; a scope or content that does not exist any more
	// is listed in Missing by its scope or id.
	Loaded struct {
		Rows     []Row
		Contents []Content
		Missing  []string
	}
	// CallerGone says that a Response can no longer be delivered.
	CallerGone struct{}
	// Ready says that what is polled at this URL has an end: it is asked for at once.
	// It may be missing or come too late, as the poll comes in any case.
	Ready struct{ URL string }
	// Called says that the callback URL of a webhook was called, which ends the
	// action with these outputs: statusCode, headers, queries, body. Step refuses it
	// with ErrNotWaiting for an action that does not wait for it, or no longer.
	Called struct {
		Action     string // ignoring case
		Repetition []int  // indexes, outermost first
		Outputs    expr.Value
	}
)

func (Begin) event()      {}
func (Hold) event()       {}
func (Resume) event()     {}
func (Continue) event()   {}
func (Completed) event()  {}
func (Woke) event()       {}
func (Cancel) event()     {}
func (Loaded) event()     {}
func (CallerGone) event() {}
func (Ready) event()      {}
func (Called) event()     {}

// EffectID derives from run, action, repetition and attempt.
type EffectID string

// Effect is something to be done after the commit.
type Effect interface{ effect() }

// Subject is whose request a Call is, as far as its operation may know: an action's,
// or a trigger's that polls.
type Subject struct {
	Name       string
	Index      int // place in the program's actions; 0 of a trigger
	Options    wdl.OptionSet
	Pagination int // minimumItemCount; 0 = off
	Chunked    bool
	// UploadChunk and DownloadChunk are the sizes of chunks in bytes; 0: not given.
	UploadChunk, DownloadChunk int64
	// Trigger says that it is a trigger: there is no run yet, and an answer with a
	// Location names the URL of the next poll (wdl-semantics §10.3).
	Trigger bool
}

// ActionSubject is an action as its operation sees it.
func ActionSubject(a *wdl.Action) Subject {
	return Subject{Name: a.Name, Index: a.Index, Options: a.Options, Pagination: a.Pagination, Chunked: a.Chunked,
		UploadChunk: int64(a.UploadChunk) << 20, DownloadChunk: int64(a.DownloadChunk) << 20}
}

// TriggerSubject is a trigger as its operation sees it.
func TriggerSubject(t *wdl.Trigger) Subject {
	return Subject{Name: t.Name, Options: t.Options, Trigger: true}
}

// Call asks for one request of an operation.
type Call struct {
	ID              EffectID
	Subject         Subject
	Operation       wdl.Type
	Inputs          expr.Value // evaluated; without retryPolicy
	Repetition      []RepetitionIndex
	Attempt         int       // 1 is the first request of the subject; retries and polls count on
	Deadline        time.Time // of limit.timeout; zero: none
	Begun           time.Time // of the request; the same when it is repeated
	Depth           int       // of the run, see Start
	ClientRequestID string    // GUID, fresh for each attempt
	TrackingID      string    // of the action or the firing
	Repeated        bool      // emitted again after a restart: it may have been performed before
	Poll            *Poll     // set when an asynchronous operation is polled instead of started
	// Progress is that of the outcome before: the operation goes on from there. Null:
	// it begins.
	Progress expr.Value
	// Context is what inline code sees as workflowContext, with contents by reference;
	// null for other operations. It is not recorded.
	Context expr.Value
	// Callback is the URL that listCallbackUrl() gives in the inputs of a webhook, else
	// "". Whoever holds it may call: its signature must not be recorded.
	Callback string
}

// Unsubscribe asks for the request that takes back the subscription of a webhook
// (wdl-semantics §11.10). It must be made at least once, also after the run has
// ended, so it is to be stored in the commit of the result; nothing is handed back.
// The inputs of the Call are {"unsubscribe": …}; for a connector, which takes back what
// the Location of its answer names, those of the subscription with {"location": …} as
// that member. They hold no references to contents.
type Unsubscribe struct {
	Call
	Retry wdl.Retry // of the unsubscribe itself
}

// Abandon says that the outcome of a Call is no longer wanted: its action has
// timed out or the run has ended. It may be cancelled or left to finish.
type Abandon struct{ ID EffectID }

// Respond delivers the Response to the waiting caller; with Asynchronous the
// caller was or will be told to poll for it.
type Respond struct {
	Action       string
	StatusCode   int
	Headers      expr.Value
	Body         expr.Value // null when HasBody is false
	HasBody      bool
	Asynchronous bool
}

// Finish says that the run has closed. Nothing follows it.
type Finish struct {
	Status wdl.Status
	Code   string
	Error  *Error
}

func (Call) effect()    {}
func (Abandon) effect() {}
func (Respond) effect() {}
func (Finish) effect()  {}

// Poll says where and when an asynchronous operation is asked for its end
// (wdl-semantics §11.11).
type Poll struct {
	URL        string
	RetryAfter time.Duration // zero: the default delay
}

// Outcome is what came of one Call.
type Outcome struct {
	// Status is Succeeded, Failed or TimedOut. For an HTTP answer it may be
	// NotSpecified: the engine decides by StatusCode.
	Status wdl.Status
	// StatusCode is that of the HTTP answer; 0 when there was none.
	StatusCode int
	// Code is the record's code, e.g. OK or UnresolvableHostName; empty: the
	// status code's name.
	Code    string
	Error   *Error
	Outputs expr.Value
	// HasOutputs is implied by a StatusCode or by Outputs that are not null.
	HasOutputs bool
	// Inputs replace the recorded inputs when HasInputs is set: an operation hides
	// the secrets of its authentication.
	Inputs    expr.Value
	HasInputs bool
	// Retryable marks a failure without an answer (connection refused, no such
	// host, timeout of the request) as one that the retry policy covers.
	Retryable bool
	// Progress is what an operation of several requests (pages, chunks) has done
	// before the one that failed; its form is the operation's. It is set only when it
	// is further than that of the Call, and given back with the next attempt, for
	// which the retry policy begins anew. Null: none.
	Progress         expr.Value
	RetryAfter       time.Duration // from the answer's header; zero: none
	Poll             *Poll         // 202 with a Location; of a nested workflow, that it has not answered yet
	Start, End       time.Time     // zero: the step's time
	ServiceRequestID string
	ClientRequestID  string
}
