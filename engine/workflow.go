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

	// Stateless runs stay in memory; their history is stored only if they do not
	// succeed, or if KeepHistory is set.
	Stateless, KeepHistory bool

	// Settings answer appsetting(), which only single-tenant workflows have; nil:
	// the function is not expected.
	Settings map[string]string

	once sync.Once // guards plan
	plan *plan
}

// Setting is appsetting(name).
func (w *Workflow) Setting(name string) (expr.Value, error) {
	if w.Settings == nil {
		return expr.Null(), expr.NotExpected("appsetting")
	}
	v, ok := w.Settings[name]
	if !ok {
		return expr.Null(), &expr.Error{Kind: expr.ContextError, Function: "appsetting", Message: "The application setting '" + name + "' is not defined."}
	}
	return expr.String(v), nil
}

// Parameter is parameters(name). In single-tenant workflows its value may be an
// expression, which sees the application settings only; env tells it the time.
func (w *Workflow) Parameter(name string, env expr.Env) (expr.Value, error) {
	p, ok := w.Program.Parameter(name)
	if !ok {
		return expr.Null(), expr.ParameterNotFound(name)
	}
	if v, ok := w.Parameters[p.Name]; ok {
		return v, nil
	}
	if p.Expression != nil {
		return p.Expression.Eval(settings{env})
	}
	return p.Value, nil
}

// settings is what the expression of a parameter sees.
type settings struct{ expr.Env }

func (s settings) Lookup(name string, args []expr.Value) (expr.Value, error) {
	if name != "appsetting" {
		return expr.Null(), expr.NotExpected(name)
	}
	return s.Env.Lookup(name, args)
}

// Describe is what workflow() gives in a run.
func (w *Workflow) Describe(runID string) expr.Value {
	typ := w.Type
	if typ == "" {
		typ = "Microsoft.Logic/workflows"
	}
	tags := w.Tags
	if tags.IsNull() {
		tags = expr.Object()
	}
	s := func(name, v string) expr.Member { return expr.Member{Name: name, Value: expr.String(v)} }
	return expr.Object(
		s("id", w.ID), s("name", w.Name), s("type", typ), s("location", w.Location),
		expr.Member{Name: "tags", Value: tags},
		expr.Member{Name: "run", Value: expr.Object(
			s("id", w.ID+"/runs/"+runID), s("name", runID), s("type", "Microsoft.Logic/workflows/runs"))})
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
	// Deadline is when the run ends as TimedOut, whatever it does or waits for. Zero: as
	// long after Time as the program's limits say, which may be never.
	Deadline time.Time
	Depth    int   // how many workflows called each other to begin this run; 0: none
	Trace    Trace // that the run belongs to, if whoever began it said so
	Kept     *Kept // what another run did that is not done again; nil: nothing
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
	TrackedProperties     expr.Value // set by the run as it begins, if Tracked
	Tracked               bool
}

// Value is what trigger() gives, in the order of wdl-semantics §9; on is the trigger,
// nil if it is not known, the tracking id is the run's.
func (t *Fired) Value(on *wdl.Trigger, clientTrackingID string) expr.Value {
	m := make([]expr.Member, 0, 11)
	add := func(name string, v expr.Value) { m = append(m, expr.Member{Name: name, Value: v}) }
	text := func(name, v string) {
		if v != "" {
			add(name, expr.String(v))
		}
	}
	add("name", expr.String(t.Name))
	switch {
	case on != nil && on.Request != nil && !on.Request.Inputs.IsNull():
		add("inputs", on.Request.Inputs)
	case t.HasInputs:
		add("inputs", t.Inputs)
	}
	if t.HasOutputs {
		add("outputs", t.Outputs)
	}
	add("startTime", timeValue(t.Start))
	add("endTime", timeValue(t.End))
	if !t.ScheduledTime.IsZero() {
		add("scheduledTime", timeValue(t.ScheduledTime))
	}
	text("trackingId", t.TrackingID)
	text("clientTrackingId", clientTrackingID)
	text("originHistoryName", t.OriginHistoryName)
	if t.Code != codeUnnamed {
		text("code", t.Code)
	}
	add("status", expr.String(t.Status.String()))
	return expr.Object(m...)
}

// Error is the error of a record or a run.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }
