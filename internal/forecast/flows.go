package forecast

import (
	"cmp"
	"context"
	"slices"
	"time"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/traffic"
	"isle/netpol"
)

const (
	// maxFlows bounds the flows that an answer lists of an environment; all are counted.
	maxFlows = 1000
	// maxKnown bounds the verdicts that are kept while records are gone through: where there
	// are more, judging again is cheaper.
	maxKnown = 1 << 14
)

// flows judges the recorded attempts of one environment after the other.
type flows struct {
	before, after *dataplane.Forecast
	// named tells whether the caller of an inbound attempt may be told.
	named func(*dataplane.Attempt) bool

	// of the environment
	known   map[dataplane.Attempt]verdicts // by attempt without whose it is
	changed map[dataplane.Attempt]*changedFlow
	looked  uint64 // records
	breaks  bool   // an allowed one would be denied
}

// verdicts is what both policies say of an attempt.
type verdicts struct{ before, after bool }

// changedFlow is an attempt on which the policies do not agree.
type changedFlow struct {
	verdicts
	count uint64
	last  time.Time
}

// look goes through the records of the last days.
func (f *flows) look(ctx context.Context, recorder *traffic.Recorder, environment string, days int) error {
	f.known, f.changed, f.looked, f.breaks = map[dataplane.Attempt]verdicts{}, map[dataplane.Attempt]*changedFlow{}, 0, false
	return recorder.Each(ctx, environment, days, f.judge)
}

// judge asks both policies about a record, once for all that differ only in who made
// them: that means nothing to a policy.
func (f *flows) judge(r *traffic.Record) {
	f.looked++
	flow := r.Attempt
	flow.Subject, flow.By, flow.Denied = dataplane.Subject{}, dataplane.Subject{}, false
	v, known := f.known[flow]
	if !known {
		v = verdicts{f.before.Allows(flow), f.after.Allows(flow)}
		if len(f.known) < maxKnown {
			f.known[flow] = v
		}
	}
	if v.before == v.after {
		return
	}
	f.breaks = f.breaks || v.before
	attempt := r.Attempt
	attempt.Denied = false
	c := f.changed[attempt]
	if c == nil {
		c = &changedFlow{verdicts: v}
		f.changed[attempt] = c
	}
	if c.count += r.Count; r.Last.After(c.last) {
		c.last = r.Last
	}
}

// recordedView is what became of an environment's records.
type recordedView struct {
	Looked     uint64     `json:"judged"`
	NotKept    int64      `json:"notRecorded,omitempty"` // attempts since the server's start that there was no room for
	Changed    int        `json:"changed"`               // distinct flows on which the policies do not agree
	WouldFail  int        `json:"wouldFail"`             // of these, that are allowed now
	WouldReach int        `json:"wouldReach"`            // that are denied now
	Flows      []flowView `json:"flows"`                 // the first of them
}

// attemptView is a distinct flow.
type attemptView struct {
	Workflow  string      `json:"workflow"` // resource ID; "": of none
	Action    string      `json:"action,omitempty"`
	Trigger   string      `json:"trigger,omitempty"`
	Caller    *callerView `json:"caller,omitempty"` // of a call between workflows
	Direction string      `json:"direction"`
	Subnet    string      `json:"component"`
	Protocol  string      `json:"protocol"`
	Host      string      `json:"host,omitempty"`
	Addresses []string    `json:"addresses"`
	Port      uint16      `json:"port"`
	Count     uint64      `json:"count"`
	Last      string      `json:"lastSeen"`
}

// flowView is a distinct flow on which the policies do not agree.
type flowView struct {
	attemptView
	Before   string        `json:"before"` // "Allow", "Deny"
	After    string        `json:"after"`
	Decision netpol.Record `json:"decision"` // of the later policy
}

// anotherEnvironment stands for a workflow that may not be told.
const anotherEnvironment = "a workflow of another environment"

type callerView struct {
	Workflow string `json:"workflow"`
	Action   string `json:"action,omitempty"`
}

// workflowView is a workflow that would have failed, and where.
type workflowView struct {
	ID    string     `json:"id"` // or "a workflow of another environment"
	Steps []stepView `json:"steps"`
}

type stepView struct {
	Name    string `json:"name"`  // "": of a workflow that may not be told
	Type    string `json:"type"`  // "Action", "Trigger"
	Count   uint64 `json:"count"` // attempts that would have failed
	Last    string `json:"lastSeen"`
	Message string `json:"message"` // what would deny them
}

// components are where in an environment flows begin.
var components = [...]string{"BuiltIn", "Connectors", "Management", "Cache"}

// view shows what was found, what breaks first.
func (f *flows) view(dropped int64) (recordedView, []workflowView) {
	v := recordedView{Looked: f.looked, NotKept: dropped, Changed: len(f.changed), Flows: []flowView{}}
	order := make([]dataplane.Attempt, 0, len(f.changed))
	for a, c := range f.changed {
		order = append(order, a)
		if c.before {
			v.WouldFail++
		} else {
			v.WouldReach++
		}
	}
	slices.SortFunc(order, func(a, b dataplane.Attempt) int {
		return cmp.Or(rank(f.changed[a].before)-rank(f.changed[b].before), cmp.Compare(a.Subject.Workflow, b.Subject.Workflow), cmp.Compare(a.Subject.Name, b.Subject.Name),
			cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Addresses, b.Addresses), cmp.Compare(a.By.Workflow+"/"+a.By.Name, b.By.Workflow+"/"+b.By.Name))
	})
	var steps failing
	for i, a := range order {
		c := f.changed[a]
		if i >= maxFlows && !c.before {
			break
		}
		d := f.after.Judge(a)
		if a.By.Workflow != "" && !f.named(&a) {
			a.By = dataplane.Subject{Workflow: anotherEnvironment}
			if d.Flow.Direction == dataplane.Outbound { // its network's decision
				d.Record = netpol.Record{Verdict: d.Record.Verdict, Message: d.Record.Verdict + ": by the network of another environment"}
			}
		}
		if i < maxFlows {
			v.Flows = append(v.Flows, showFlow(&a, c, &d))
		}
		if c.before {
			steps.add(&a, c, d.Record.Message)
		}
	}
	return v, steps.views()
}

func rank(breaks bool) int {
	if breaks {
		return 0
	}
	return 1
}

func showFlow(a *dataplane.Attempt, c *changedFlow, d *dataplane.Decision) flowView {
	return flowView{attemptView: showAttempt(a, c.count, c.last), Before: verdictText(c.before), After: verdictText(c.after), Decision: d.Record}
}

func showAttempt(a *dataplane.Attempt, count uint64, last time.Time) attemptView {
	v := attemptView{Workflow: a.Subject.Workflow, Action: a.Subject.Name, Direction: a.Direction.String(), Subnet: components[a.Subnet], Protocol: a.Protocol, Host: a.Host, Port: a.Port,
		Addresses: []string{}, Count: count, Last: arm.Timestamp(last)}
	if a.Subject.Trigger {
		v.Action, v.Trigger = "", a.Subject.Name
	}
	if a.By.Workflow != "" {
		v.Caller = &callerView{a.By.Workflow, a.By.Name}
	}
	for _, address := range a.Addresses.List() {
		v.Addresses = append(v.Addresses, address.String())
	}
	return v
}

func verdictText(allowed bool) string {
	if allowed {
		return netpol.Allow.String()
	}
	return netpol.Deny.String()
}

// failing gathers the steps of workflows that would have failed.
type failing struct {
	order []dataplane.Subject
	steps map[dataplane.Subject]*stepView
	last  map[dataplane.Subject]time.Time
}

// add notes a flow that would be denied. A call of a workflow by another one fails where
// it is made.
func (f *failing) add(a *dataplane.Attempt, c *changedFlow, message string) {
	whose := a.Subject
	if a.By.Workflow != "" {
		whose = a.By
	}
	if whose.Workflow == "" {
		return
	}
	if f.steps == nil {
		f.steps, f.last = map[dataplane.Subject]*stepView{}, map[dataplane.Subject]time.Time{}
	}
	step := f.steps[whose]
	if step == nil {
		step = &stepView{Name: whose.Name, Type: "Action", Message: message}
		if whose.Trigger {
			step.Type = "Trigger"
		}
		f.steps[whose] = step
		f.order = append(f.order, whose)
	}
	step.Count += c.count
	if c.last.After(f.last[whose]) {
		f.last[whose] = c.last
		step.Last = arm.Timestamp(c.last)
	}
}

// views are the workflows by ID, the steps of each by name.
func (f *failing) views() []workflowView {
	slices.SortFunc(f.order, func(a, b dataplane.Subject) int {
		return cmp.Or(cmp.Compare(a.Workflow, b.Workflow), cmp.Compare(a.Name, b.Name))
	})
	views := []workflowView{}
	for _, whose := range f.order {
		if n := len(views); n == 0 || views[n-1].ID != whose.Workflow {
			views = append(views, workflowView{ID: whose.Workflow})
		}
		at := &views[len(views)-1]
		at.Steps = append(at.Steps, *f.steps[whose])
	}
	return views
}
