package runner

import (
	"log/slog"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/wdl"
)

// Observer is told what runs do, by the goroutines that do it: it must be quick and must
// not block.
type Observer interface {
	// Committed is told of each commit of a run, when it is durable.
	Committed(Progress)
	// Requested is told of each request of an action or a trigger that has ended.
	Requested(Request)
	// Fired is told of each firing that began no run, when the history has it.
	Fired(Fired)
}

// Fired is a firing that began no run.
type Fired struct {
	Environment, FlowID string // store id, flow id
	Status              wdl.Status
	Took                time.Duration
}

// told has the observers hear of a firing when it is durable.
func (r *Runner) told(tx *store.Tx, environment, flowID string, f *engine.Fired) {
	if len(r.config.Observers) == 0 {
		return
	}
	fired := Fired{Environment: environment, FlowID: flowID, Status: f.Status, Took: f.End.Sub(f.Start)}
	tx.AfterCommit(func() {
		for _, o := range r.config.Observers {
			o.Fired(fired)
		}
	})
}

// Tracer makes spans.
type Tracer interface {
	// HandOn is what the request of an action hands on of the trace that its run belongs to;
	// that may be none yet. Parent is the action's span.
	HandOn(run string, of engine.Trace, c *engine.Call) engine.Trace
}

// handOn is what a request hands on. Without a tracer that is what the run was given,
// unchanged: nobody would know a span of its own.
func (a *active) handOn(c *engine.Call) engine.Trace {
	if t := a.runner.config.Tracer; t != nil {
		return t.HandOn(a.key.run, a.trigger.trace, c)
	}
	return a.trigger.trace
}

// Progress is what one commit of a run says.
type Progress struct {
	Environment string // store id
	Run         string
	Workflow    *engine.Workflow
	Began       bool // the run is new, or its wait for its turn is over
	Ended       bool
	Status      wdl.Status
	Code        string
	Start, End  time.Time     // of the run
	Executed    int           // actions that ended, skipped ones left out
	Tally       engine.Tally  // of its actions
	Trigger     string        // its name
	Fired       time.Duration // how long the trigger took, if the run is new
	Trace       engine.Trace  // that the run was begun in
	Rows        []engine.Row  // that were added; not to be changed
}

// Request is a request of an operation that has ended.
type Request struct {
	Environment string // store id
	Workflow    *engine.Workflow
	Operation   wdl.Type
	Status      wdl.Status // NotSpecified: StatusCode says how it went
	StatusCode  int        // 0: there was no answer
	Took        time.Duration
}

// observe tells of a commit.
func (a *active) observe(result *engine.Result, began bool) {
	if len(a.runner.config.Observers) == 0 {
		return
	}
	s := &result.Summary
	p := Progress{Environment: a.key.environment, Run: a.key.run, Workflow: a.workflow, Began: began, Ended: !s.EndTime.IsZero(),
		Status: s.Status, Code: s.Code, Start: s.StartTime, End: s.EndTime, Executed: result.Executed, Tally: result.Tally, Trigger: s.Trigger, Fired: a.trigger.took, Trace: a.trigger.trace, Rows: result.Rows}
	for _, o := range a.runner.config.Observers {
		o.Committed(p)
	}
}

// log is the log with what a line about the run has in common with all others.
func (a *active) log() *slog.Logger {
	log := a.runner.config.Log.With("environment", a.key.environment, "run", a.key.run)
	if a.workflow != nil {
		log = log.With("workflow", a.workflow.FlowID)
	}
	return log
}

// requested tells of a request.
func (r *Runner) requested(q Request) {
	for _, o := range r.config.Observers {
		o.Requested(q)
	}
}

// Crowded says that so much of an environment waits that nobody should begin more in it:
// what is accepted beyond is only held in memory.
func (r *Runner) Crowded(environment string) bool {
	most := r.config.MaxWaiting
	return r.calls.waiting(environment) >= most || r.steps.waiting(environment) >= most || r.loads.waiting(environment) >= most
}

// Pressure is what waits, and is under way, in one environment.
type Pressure struct {
	Runs                  int // in memory
	Calls, WaitingCalls   int // requests under way, and waiting for their turn
	Loading, WaitingLoads int // runs being loaded into memory, and waiting to be
	WaitingSteps          int // of runs that could go on, but for the processors
}

// Occupancy is how many percent of the requests that it may have under way each
// environment has, by store id, and how many percent of the bytes of large messages all of
// them hold.
func (r *Runner) Occupancy() (calls map[string]float64, messages float64) {
	calls = map[string]float64{}
	r.calls.pressure(func(environment string, running, _ int) {
		calls[environment] = 100 * float64(running) / float64(r.config.MaxCallsEach)
	})
	return calls, 100 * r.buffer.Share()
}

// Pressure is that of each environment that has any, by store id.
func (r *Runner) Pressure() map[string]Pressure {
	all := map[string]Pressure{}
	add := func(environment string, change func(*Pressure)) {
		p := all[environment]
		change(&p)
		all[environment] = p
	}
	r.live.Range(func(k, _ any) bool {
		add(k.(runKey).environment, func(p *Pressure) { p.Runs++ })
		return true
	})
	r.calls.pressure(func(environment string, running, waiting int) {
		add(environment, func(p *Pressure) { p.Calls, p.WaitingCalls = running, waiting })
	})
	r.loads.pressure(func(environment string, running, waiting int) {
		add(environment, func(p *Pressure) { p.Loading, p.WaitingLoads = running, waiting })
	})
	for environment, p := range all {
		p.WaitingSteps = r.steps.waiting(environment)
		all[environment] = p
	}
	return all
}
