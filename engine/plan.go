package engine

import (
	"isle/wdl"
)

// plan is what all runs of a workflow share besides its program: where each action
// keeps its state, what is secured, constant context values.
type plan struct {
	layouts []layout // the top level, then one for each loop in program order
	home    []int32  // action → the layout that holds its slot
	slot    []int32  // action → its place there
	body    []int32  // loop → the layout of its iterations; else 0

	secureInputs, secureOutputs []bool
}

// layout describes the frames of one loop, or of the top level: the actions that
// have it as their nearest enclosing loop.
type layout struct {
	loop      *wdl.Action // nil: the top level
	container *wdl.Container
	actions   []int32 // in definition order
}

func (w *Workflow) prepare() *plan {
	w.once.Do(func() { w.plan = newPlan(w) })
	return w.plan
}

func newPlan(w *Workflow) *plan {
	actions := w.Program.Actions
	p := &plan{
		layouts:       []layout{{container: w.Program.Root}},
		home:          make([]int32, len(actions)),
		slot:          make([]int32, len(actions)),
		body:          make([]int32, len(actions)),
		secureInputs:  make([]bool, len(actions)),
		secureOutputs: make([]bool, len(actions)),
	}
	for _, a := range actions {
		home := int32(0)
		if n := len(a.Loops); n > 0 {
			home = p.body[a.Loops[n-1]]
		}
		l := &p.layouts[home]
		p.home[a.Index], p.slot[a.Index] = home, int32(len(l.actions))
		l.actions = append(l.actions, int32(a.Index))
		if a.Type.IsLoop() {
			p.body[a.Index] = int32(len(p.layouts))
			p.layouts = append(p.layouts, layout{loop: a, container: a.Branches[0]})
		}
	}
	p.secure(w.Program)
	return p
}

// secure spreads secured outputs over the actions that consume them
// (wdl-semantics §12.6): their inputs are hidden too, and for Compose, ParseJson
// and Response the outputs as well. It repeats until nothing changes, since
// definition order is not the order of runs.
func (p *plan) secure(program *wdl.Program) {
	for _, a := range program.Actions {
		p.secureInputs[a.Index] = a.SecureInputs
		p.secureOutputs[a.Index] = a.SecureOutputs || a.SecureInputs && passesOn(a.Type)
	}
	securedTrigger := false
	for _, t := range program.Triggers {
		securedTrigger = securedTrigger || t.SecureOutputs
	}
	for changed := true; changed; {
		changed = false
		for _, a := range program.Actions {
			i := a.Index
			if p.secureInputs[i] || a.Type.IsVariable() || a.Type.IsContainer() || !p.consumes(program, a, securedTrigger) {
				continue
			}
			p.secureInputs[i], changed = true, true
			p.secureOutputs[i] = p.secureOutputs[i] || passesOn(a.Type)
		}
	}
}

// passesOn lists the types whose outputs repeat their inputs.
func passesOn(t wdl.Type) bool {
	return t == wdl.TypeCompose || t == wdl.TypeParseJSON || t == wdl.TypeResponse
}

func (p *plan) consumes(program *wdl.Program, a *wdl.Action, securedTrigger bool) bool {
	if a.Reads.Trigger && securedTrigger {
		return true
	}
	for _, read := range a.Reads.Actions {
		if p.secureOutputs[read] {
			return true
		}
	}
	for _, scope := range a.Reads.Results {
		for child := scope + 1; child < program.Actions[scope].End; child++ {
			if p.secureOutputs[child] {
				return true
			}
		}
	}
	return false
}

// concurrency is the number of iterations of a Foreach that may be open at once. A
// Foreach inside another one is sequential (wdl-semantics §11.4).
func concurrency(program *wdl.Program, a *wdl.Action) int {
	if a.Options.Has(wdl.Sequential) {
		return 1
	}
	for _, outer := range a.Loops {
		if program.Actions[outer].Type == wdl.TypeForeach {
			return 1
		}
	}
	if a.Concurrency > 0 {
		return a.Concurrency
	}
	return 20
}

// Supported reports whether this engine runs the type; see [wdl.Options].
func Supported(kind wdl.ItemKind, typ string) bool {
	list := supportedActions[:]
	if kind == wdl.TriggerItem {
		list = supportedTriggers[:]
	}
	for _, t := range list {
		if string(t) == typ {
			return true
		}
	}
	return false
}

var supportedTriggers = [...]wdl.Type{wdl.TypeRequest, wdl.TypeManual, wdl.TypeRecurrence}

var supportedActions = [...]wdl.Type{
	wdl.TypeScope, wdl.TypeIf, wdl.TypeSwitch, wdl.TypeForeach, wdl.TypeUntil,
	wdl.TypeTerminate, wdl.TypeResponse, wdl.TypeWait,
	wdl.TypeCompose, wdl.TypeParseJSON, wdl.TypeQuery, wdl.TypeSelect, wdl.TypeJoin, wdl.TypeTable,
	wdl.TypeInitializeVariable, wdl.TypeSetVariable, wdl.TypeIncrementVariable,
	wdl.TypeDecrementVariable, wdl.TypeAppendToStringVariable, wdl.TypeAppendToArrayVariable,
	wdl.TypeExpression, wdl.TypeHTTP,
}
