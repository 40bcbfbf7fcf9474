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
	hidden                      []bool  // what the expressions of the action come to is not to be told
	needs                       []needs // of the conditions
	timeless                    *moment // of a condition that needs none
	secureErrors                []bool  // an error may quote secured data
	secureResults               []bool  // of the program's outputs

	webhooks bool // there are any
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
		hidden:        make([]bool, len(actions)),
		needs:         make([]needs, len(actions)),
		timeless:      &moment{},
		secureErrors:  make([]bool, len(actions)),
		secureResults: make([]bool, len(w.Program.Outputs)),
	}
	for _, a := range actions {
		home := int32(0)
		if n := len(a.Loops); n > 0 {
			home = p.body[a.Loops[n-1]]
		}
		l := &p.layouts[home]
		p.home[a.Index], p.slot[a.Index] = home, int32(len(l.actions))
		l.actions = append(l.actions, int32(a.Index))
		p.webhooks = p.webhooks || isWebhook(a.Type)
		if a.Type.IsLoop() {
			p.body[a.Index] = int32(len(p.layouts))
			p.layouts = append(p.layouts, layout{loop: a, container: a.Branches[0]})
		}
	}
	p.secure(w.Program)
	p.need(w.Program)
	return p
}

// defaultConcurrency is that of a Foreach that says nothing (wdl-semantics §12.3).
const defaultConcurrency = 20

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
	return min(defaultConcurrency, program.Limits.ForeachConcurrency)
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

var supportedTriggers = [...]wdl.Type{wdl.TypeRequest, wdl.TypeManual, wdl.TypeRecurrence, wdl.TypeSlidingWindow,
	wdl.TypeHTTP, wdl.TypeAPIConnection, wdl.TypeAPIManagement,
	wdl.TypeHTTPWebhook, wdl.TypeAPIConnectionWebhook, wdl.TypeAPIConnectionNotification, wdl.TypeBatch}

var supportedActions = [...]wdl.Type{
	wdl.TypeScope, wdl.TypeIf, wdl.TypeSwitch, wdl.TypeForeach, wdl.TypeUntil,
	wdl.TypeTerminate, wdl.TypeResponse, wdl.TypeWait,
	wdl.TypeCompose, wdl.TypeParseJSON, wdl.TypeQuery, wdl.TypeSelect, wdl.TypeJoin, wdl.TypeTable,
	wdl.TypeInitializeVariable, wdl.TypeSetVariable, wdl.TypeIncrementVariable,
	wdl.TypeDecrementVariable, wdl.TypeAppendToStringVariable, wdl.TypeAppendToArrayVariable,
	wdl.TypeExpression, wdl.TypeHTTP,
	wdl.TypeAPIConnection, wdl.TypeAPIManagement, wdl.TypeFunction,
	wdl.TypeWorkflow,
	wdl.TypeHTTPWebhook, wdl.TypeAPIConnectionWebhook,
	wdl.TypeJavaScriptCode,
	wdl.TypeSendToBatch,
}
