package engine

import (
	"sync"
	"time"

	"isle/expr"
	"isle/wdl"
)

// Workflow is one version of a workflow, shared by all its runs. It must not be
// copied or changed after the first run.
type Workflow struct {
	Program    *wdl.Program
	Parameters map[string]expr.Value // by the declared name; missing ones take the default

	ID       string // resource ID, as workflow().id shows it
	Name     string
	Type     string // "Microsoft.Logic/workflows" when empty
	Location string
	Version  string
	FlowID   string // 32 hex digits, the system's id
	Tags     expr.Value

	// Settings answer appsetting(), which only single-tenant workflows have; nil:
	// the function is not expected.
	Settings map[string]string

	once sync.Once // guards plan
	plan *plan
}

// Start is what a run begins with.
type Start struct {
	RunID            string
	Trigger          Fired
	Time             time.Time
	Seed             uint64 // all random bits of the run come from it
	ClientTrackingID string // RunID when empty
	Caller           bool   // somebody waits for a Response
	RespondBy        time.Time
}

// Fired is the trigger's record.
type Fired struct {
	Name                  string
	Inputs, Outputs       expr.Value
	HasInputs, HasOutputs bool
	Start, End            time.Time
	TrackingID            string
	ClientTrackingID      string
	OriginHistoryName     string
	ScheduledTime         time.Time // zero unless a schedule fired it
	Status                wdl.Status
	Code                  string
	SecureInputs          bool
	SecureOutputs         bool
}

// Error is the error of a record or a run.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }
