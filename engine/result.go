package engine

import (
	"time"

	"isle/expr"
	"isle/wdl"
)

const (
	// MaxStepRecords and MaxStepBytes bound one step, up to the records of one
	// action's children; MaxStepContents bounds its contents, up to those of one
	// action.
	MaxStepRecords  = 1000
	MaxStepBytes    = 1 << 20
	MaxStepContents = 8 << 20
	// Inline is the size in bytes of compact JSON above which a value becomes a
	// Content.
	Inline = 64 << 10
)

// Row is a stored piece of one scope's records and changes.
type Row struct {
	// Scope is "" for the top level, else the path of a repetition such as
	// "Loop:000003/Inner:000001". Scopes that begin with "$" are the run's own
	// (variables); they too are read back by OpenScopes.
	Scope   string
	Payload []byte
}

// Content is a value kept outside the rows.
type Content struct {
	ID    string
	Value expr.Value
}

// Need names what an expression wants to look into.
type Need struct {
	Scopes   []string // all rows of these scopes
	Contents []expr.ContentReference
}

// Result is the answer to one event. See the package comment for the order in
// which it must be dealt with.
type Result struct {
	Head     []byte // nil: unchanged
	Rows     []Row
	Contents []Content
	Effects  []Effect
	Wake     time.Time // when Woke is wanted; zero: never
	More     bool
	// Rests says that nothing is under way or to be done: the run waits for Wake, or for
	// a callback. Loaded again it has nothing to repeat.
	Rests    bool
	Executed int // actions that ended in this step, skipped ones left out
	Tally    Tally
	Need     *Need
	Summary  Summary
}

// Tally counts what became of the actions of a step, iterations of loops each.
type Tally struct {
	Started                    int
	Succeeded, Failed, Skipped int           // that ended; whatever else ends them is Failed
	Latency, SuccessLatency    time.Duration // sums, of those that ended and were not skipped, and that succeeded
}

// Add adds what another step did.
func (t *Tally) Add(o Tally) {
	t.Started += o.Started
	t.Succeeded += o.Succeeded
	t.Failed += o.Failed
	t.Skipped += o.Skipped
	t.Latency += o.Latency
	t.SuccessLatency += o.SuccessLatency
}

// ended counts an action that ends.
func (t *Tally) ended(status wdl.Status, took time.Duration) {
	switch status {
	case wdl.Skipped:
		t.Skipped++
		return
	case wdl.Succeeded:
		t.Succeeded++
		t.SuccessLatency += took
	default:
		t.Failed++
	}
	t.Latency += took
}

// Summary is what is known about a run without its records.
type Summary struct {
	RunID            string
	Status           wdl.Status // Running, Waiting (for its turn: Held) or final (wdl-semantics §13.1)
	Code             string     // "" while running and when nothing is to be said
	Error            *Error
	StartTime        time.Time
	EndTime          time.Time // zero while running
	ClientTrackingID string
	Trigger          string // its name
	TriggerRecord    Fired  // filled by DecodeHead only
	Outputs          []Output
	Response         *ResponseSent
	Held             bool  // it waits for its turn and has not begun
	Trace            Trace // filled by DecodeHead only
	// CancelledBy is Cancel.By, if the run was cancelled by something in particular; filled
	// by DecodeHead only.
	CancelledBy string
}

// Output is an output of the workflow.
type Output struct {
	Name  string
	Type  string
	Value expr.Value
	Error *Error // its evaluation failed
	// Secure says that it may hold secured data, and is not to be shown.
	Secure bool
}

// ResponseSent says which Response action answered. Its record has statusCode,
// headers and body as outputs.
type ResponseSent struct {
	Action       string
	StatusCode   int
	Asynchronous bool
}
