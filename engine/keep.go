package engine

import (
	"slices"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// A run can begin where another one of its workflow has been: what that did before
// the actions it begins at is kept, and not done again (wdl-semantics §14.3). The graph
// of the version that goes on says what becomes of each action outside of loops:
//
//	again   what is named, what is inside it, and what comes after it by runAfter,
//	        also after the containers that it stands in
//	reopen  these containers, which go on with their other children as they were
//	keep    all others: they must have ended then, and be now what they were
//
// What is kept are the origin's records, with the places of this version, and its
// variables (keepvariables.go).

// Origin is a run that has ended, of which another one keeps something.
type Origin struct {
	Workflow *Workflow // the version that it ran
	Head     []byte
	Rows     []Row // all: those of a scope together, in the order they were stored
}

// Kept is what a run keeps of another one, see [Keep]. It is for one run.
type Kept struct {
	workflow *Workflow
	rows     []Row
	// Contents are those of the origin that the records refer to. The run must have
	// them, under the same ids, before its first step is stored.
	Contents []string
}

// Unkept says why a run cannot keep what it should: all that is in the way.
type Unkept struct{ Problems []Problem }

// Problem is one reason.
type Problem struct{ Code, Action, Message string } // Action may be ""

func (u *Unkept) Error() string { return u.Problems[0].Code + ": " + u.Problems[0].Message }

// The codes of problems.
const (
	CodeNotEnded       = "WorkflowRunNotEnded"
	CodeNoAction       = "WorkflowActionNotFound"
	CodeNotAgain       = "ActionNotResubmittable"
	CodeKeptChanged    = "KeptActionChanged"
	CodeKeptUnfinished = "KeptActionNotEnded"
	CodeKeptTerminate  = "KeptActionEndsRun"
	CodeKeptSecured    = "SecuredOutputsNotResubmittable"
	CodeKeptVariable   = "KeptVariableUnknown"
)

// Keep chooses what a run of w keeps of an origin when it begins at the named actions,
// ignoring case. They may stand in scopes and branches, not in loops, and must have run
// then. The error is an *Unkept, or says that the origin cannot be read.
func Keep(w *Workflow, o Origin, names []string) (*Kept, error) {
	d := decoder{rest: o.Head}
	head := d.head()
	if d.err != nil {
		return nil, d.err
	}
	k := &keeper{to: w, from: o.Workflow, head: head, kept: &Kept{workflow: w}, root: map[int]*item{}, shown: map[int]bool{}, referred: map[string]bool{}}
	if !head.status.Final() {
		k.problem(CodeNotEnded, nil, "The run has not ended. Cancel it, or wait for its end.")
	}
	named := k.resolve(names)
	if len(k.problems) == 0 {
		k.compare(named)
		if err := k.read(o.Rows); err != nil {
			return nil, err
		}
		k.judge(named)
		if err := k.keepVariables(o.Rows); err != nil {
			return nil, err
		}
	}
	if len(k.problems) > 0 {
		return nil, &Unkept{k.problems}
	}
	return k.kept, nil
}

// fate is what becomes of an action outside of loops, and of what is inside a loop.
type fate uint8

const (
	keep fate = iota
	reopen
	again
)

// keeper is the state of one Keep.
type keeper struct {
	to, from *Workflow
	head     stored
	fates    []fate        // by action of to
	was      []fate        // by action of from; one that is gone is done again, in a way
	now      []int         // action of from → of to; -1: gone
	root     map[int]*item // action of from → its record outside of loops
	changes  []touched     // by variable of from
	order    int           // of the items of scope "", counted
	shown    map[int]bool  // actions of to that are secured no longer
	referred map[string]bool
	kept     *Kept
	problems []Problem
}

func (k *keeper) problem(code string, a *wdl.Action, message string) {
	p := Problem{Code: code, Message: message}
	if a != nil {
		p.Action = a.Name
	}
	k.problems = append(k.problems, p)
}

// resolve finds the named actions of to.
func (k *keeper) resolve(names []string) (named []int) {
	for _, name := range names {
		a, ok := k.to.Program.Action(name)
		switch {
		case !ok:
			k.problems = append(k.problems, Problem{CodeNoAction, name, "The current version of the workflow has no action '" + name + "'."})
		case a.Depth > 0:
			k.problem(CodeNotAgain, a, "The action '"+a.Name+"' is inside the loop '"+k.to.Program.Actions[a.Loops[0]].Name+"'. A run can begin at that loop, not inside it.")
		case a.Type == wdl.TypeResponse:
			k.problem(CodeNotAgain, a, "The action '"+a.Name+"' is a Response, and nobody waits for the response of a run that is resubmitted.")
		default:
			named = append(named, a.Index)
		}
	}
	if len(names) == 0 {
		k.problem(CodeNoAction, nil, "Name the actions to begin at.")
	}
	return named
}

// spread says what becomes of each action when a run begins at the named ones.
func spread(p *wdl.Program, named []int) []fate {
	fates := make([]fate, len(p.Actions))
	todo := slices.Clone(named)
	for len(todo) > 0 {
		a := p.Actions[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		if fates[a.Index] == again {
			continue
		}
		for i := a.Index; i < a.End; i++ {
			fates[i] = again
		}
		todo = append(todo, a.Successors...)
		for owner := a.Container.Owner; owner != nil && fates[owner.Index] == keep; owner = owner.Container.Owner {
			fates[owner.Index] = reopen
			todo = append(todo, owner.Successors...)
		}
	}
	return fates
}

// compare matches the actions of both versions and says which that are not done again
// are not what they were.
func (k *keeper) compare(named []int) {
	p, q := k.to.Program, k.from.Program
	k.fates = spread(p, named)
	k.now, k.was = make([]int, len(q.Actions)), make([]fate, len(q.Actions))
	var then []int
	for _, i := range named {
		if a, ok := q.Action(p.Actions[i].Name); ok {
			then = append(then, a.Index)
		}
	}
	gone := spread(q, then)
	for i, a := range q.Actions {
		b, ok := p.Action(a.Name)
		if !ok {
			k.now[i], k.was[i] = -1, again
			if gone[i] != again {
				k.problem(CodeKeptChanged, a, "The action '"+a.Name+"' is not in the current version of the workflow any more, and it is not one that would be done again."+earlier)
			}
			continue
		}
		k.now[i], k.was[i] = b.Index, k.fates[b.Index]
	}
	if p == q {
		return
	}
	for i, b := range p.Actions {
		if k.fates[i] == again {
			continue
		}
		if a, ok := q.Action(b.Name); !ok {
			k.problem(CodeKeptChanged, b, "The action '"+b.Name+"' was not in the version of the workflow that the run had, so there is nothing to keep of it. Name it too.")
		} else if siteOf(a) != siteOf(b) || !expr.Equal(essence(q, a), essence(p, b)) {
			k.problem(CodeKeptChanged, b, "The action '"+b.Name+"' has changed since the run, so that what it did then cannot be kept."+earlier)
		}
	}
}

const earlier = " Begin at it or before it, or from the start."

// siteOf is where an action stands.
func siteOf(a *wdl.Action) string {
	owner := a.Container.Owner
	if owner == nil {
		return ""
	}
	branch := ""
	switch {
	case owner.Type == wdl.TypeSwitch:
		branch = owner.Cases[a.Container.Branch].Name
	case a.Container.Branch > 0:
		branch = "else"
	}
	return strings.ToLower(owner.Name) + "/" + branch
}

// essence is what makes the action do what it does: without its children, and without
// what tells only how it is done, shown or described.
func essence(p *wdl.Program, a *wdl.Action) expr.Value {
	v := authored(p, a)
	cases, ok := v.Get("cases")
	for _, name := range []string{"actions", "else", "default", "metadata", "description", "runtimeConfiguration", "trackedProperties", "operationOptions", "limit"} {
		v = v.Without(name)
	}
	if ok {
		v = v.With("cases", rebuilt(cases, func(c expr.Value) expr.Value { return c.Without("actions") }))
	}
	return v
}
