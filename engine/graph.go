package engine

import (
	"cmp"
	"errors"
	"fmt"

	"isle/expr"
	"isle/wdl"
)

// The graph of siblings (wdl-semantics §13.2 to §13.4). An action is decidable when
// all its predecessors are closed: it is then queued, or skipped, which decides its
// own successors. The last child that closes closes its container.

// openFrame lets the first actions of a frame start.
func (r *Run) openFrame(f *frame) {
	if f.open == 0 {
		r.closeFrame(f)
		return
	}
	for _, a := range f.layout.container.First {
		r.enqueue(f, a)
	}
}

// openBranch runs one branch of a container action and skips the others. A branch
// of -1 takes none.
func (r *Run) openBranch(f *frame, a *wdl.Action, taken int) {
	s := r.slotOf(f, a.Index)
	for _, b := range a.Branches {
		s.open += int32(len(b.Actions))
	}
	for i, b := range a.Branches {
		if i == taken {
			for _, first := range b.First {
				r.enqueue(f, first)
			}
			continue
		}
		r.passBranch(f, a, i)
	}
	if s.open == 0 && s.state == running {
		r.closeContainer(f, a)
	}
}

// closed is called when an action has its final status: it writes the record and
// lets the graph go on.
func (r *Run) closeAction(f *frame, a *wdl.Action, status wdl.Status, code string, err *Error) {
	s := r.slotOf(f, a.Index)
	rec := s.rec
	rec.status, rec.code, rec.err, rec.end = status, code, err, r.now
	r.track(f, a, rec)
	s.state, s.status = closed, rec.status
	rec.loop = nil
	r.write(f, a, rec)
	if rec.status != wdl.Skipped {
		r.executed++
	}
	r.tally.ended(rec.status, rec.end.Sub(rec.start))
	for _, next := range a.Successors {
		r.decide(f, r.program.Actions[next])
	}
	r.childClosed(f, a.Container)
}

// childClosed counts a closed child of a container in f.
func (r *Run) childClosed(f *frame, c *wdl.Container) {
	if c == f.layout.container {
		if f.open--; f.open == 0 {
			r.closeFrame(f)
		}
		return
	}
	s := r.slotOf(f, c.Owner.Index)
	if s.open--; s.open == 0 && s.state == running {
		r.closeContainer(f, c.Owner)
	}
}

// decide queues or skips an action whose predecessors may all be closed by now.
func (r *Run) decide(f *frame, a *wdl.Action) {
	if r.slotOf(f, a.Index).state != idle || r.status.Final() {
		return
	}
	var unmet *wdl.Predecessor
	for i := range a.RunAfter {
		p := &a.RunAfter[i]
		s := r.slotOf(f, p.Action)
		if s.state != closed {
			return
		}
		if unmet == nil && !p.Statuses.Has(s.status) {
			unmet = p
		}
	}
	if unmet == nil {
		r.enqueue(f, a.Index)
		return
	}
	r.skip(f, a, r.unmet(f, a, unmet))
}

// unmet explains a runAfter condition that is not satisfied.
func (r *Run) unmet(f *frame, a *wdl.Action, p *wdl.Predecessor) *Error {
	return &Error{"ActionConditionFailed", "The execution of template action '" + a.Name +
		"' is skipped: the 'runAfter' condition for action '" + r.program.Actions[p.Action].Name +
		"' is not satisfied. Expected status values '" + p.Expected +
		"' and actual value '" + r.slotOf(f, p.Action).status.String() + "'."}
}

// skip closes an action that does not run, its children first.
func (r *Run) skip(f *frame, a *wdl.Action, err *Error) {
	r.skipChildren(f, a, wdl.Skipped, codeSkipped)
	s := r.slotOf(f, a.Index)
	s.rec = &record{start: r.now}
	r.closeAction(f, a, wdl.Skipped, codeSkipped, err)
}

// passBranch closes all children of a branch that is not taken.
func (r *Run) passBranch(f *frame, a *wdl.Action, branch int) {
	if a.Type == wdl.TypeSwitch && r.incomparable(f, a, branch) {
		r.failBranch(f, a, branch)
		return
	}
	r.skipBranch(f, a.Branches[branch])
}

// skipBranch skips all children of a branch that is not taken
// (wdl-semantics §13.4): those without runAfter for the condition, the others for
// their predecessor, even one they would accept as Skipped.
func (r *Run) skipBranch(f *frame, b *wdl.Container) {
	for _, i := range b.First {
		r.skipUntaken(f, r.program.Actions[i])
	}
}

func (r *Run) skipUntaken(f *frame, a *wdl.Action) {
	err := &Error{"ActionBranchingConditionNotSatisfied", "The execution of template action '" + a.Name +
		"' skipped: the branching condition for this action is not satisfied."}
	if len(a.RunAfter) > 0 {
		err = r.unmet(f, a, r.blamed(f, a))
	}
	r.closeUntaken(f, a, wdl.Skipped, codeSkipped, err)
}

// closeUntaken closes an action that never began, with its children, and skips what
// follows it.
func (r *Run) closeUntaken(f *frame, a *wdl.Action, status wdl.Status, code string, err *Error) {
	r.skipChildren(f, a, status, code)
	s := r.slotOf(f, a.Index)
	s.rec = &record{start: r.now, end: r.now, status: status, code: code, err: err}
	s.state, s.status = closed, status
	r.write(f, a, s.rec)
	for _, next := range a.Successors {
		if n := r.program.Actions[next]; r.slotOf(f, next).state == idle && r.decidable(f, n) {
			r.skipUntaken(f, n)
		}
	}
	r.childClosed(f, a.Container)
}

// blamed is the predecessor that a skipped action names: the first that does not
// match, else the first.
func (r *Run) blamed(f *frame, a *wdl.Action) *wdl.Predecessor {
	for i := range a.RunAfter {
		if p := &a.RunAfter[i]; !p.Statuses.Has(r.slotOf(f, p.Action).status) {
			return p
		}
	}
	return &a.RunAfter[0]
}

func (r *Run) decidable(f *frame, a *wdl.Action) bool {
	for i := range a.RunAfter {
		if r.slotOf(f, a.RunAfter[i].Action).state != closed {
			return false
		}
	}
	return true
}

// skipChildren skips everything inside a container that never opened, at any
// depth, innermost first; each names its own container, whose status and code are
// given. Children of a loop have no frame: they are recorded beside the loop.
func (r *Run) skipChildren(f *frame, a *wdl.Action, status wdl.Status, code string) {
	for _, b := range a.Branches {
		for _, i := range b.Actions {
			child := r.program.Actions[i]
			r.skipChildren(f, child, wdl.Skipped, codeSkipped)
			r.shut(f, child, &record{start: r.now, end: r.now, status: wdl.Skipped, code: codeSkipped,
				err: &Error{"ActionDependencyFailed", "The execution of template action '" + child.Name +
					"' is skipped: dependant action '" + a.Name + "' completed with status '" + status.String() +
					"' and code '" + code + "'."}})
		}
	}
}

// shut records a closed action without letting the graph go on. f is the frame of
// the action, or the one in which its loop never opened.
func (r *Run) shut(f *frame, a *wdl.Action, rec *record) {
	if f.layout == &r.plan.layouts[r.plan.home[a.Index]] {
		s := r.slotOf(f, a.Index)
		s.rec, s.state, s.status = rec, closed, rec.status
	}
	r.write(f, a, rec)
}

// outcome is the status of a container by its leaves (wdl-semantics §13.3).
func (r *Run) outcome(f *frame, c *wdl.Container) wdl.Status {
	scan := leaves{r: r, f: f, status: wdl.Succeeded}
	for _, leaf := range c.Leaves {
		scan.visit(leaf)
	}
	return scan.status
}

// leaves finds the worst status among leaves, where a skipped one stands for its
// own predecessors. Each action is visited once.
type leaves struct {
	r      *Run
	f      *frame
	status wdl.Status
	seen   []bool // by slot; made when a skipped leaf is met
}

func (l *leaves) visit(action int) {
	switch l.r.slotOf(l.f, action).status {
	case wdl.Failed:
		l.status = wdl.Failed
	case wdl.TimedOut:
		if l.status != wdl.Failed {
			l.status = wdl.TimedOut
		}
	case wdl.Skipped:
		if l.seen == nil {
			l.seen = make([]bool, len(l.f.slots))
		}
		at := l.r.plan.slot[action]
		if l.seen[at] {
			return
		}
		l.seen[at] = true
		for _, p := range l.r.program.Actions[action].RunAfter {
			l.visit(p.Action)
		}
	}
}

const (
	codeSkipped   = "ActionSkipped"
	codeFailed    = "ActionFailed"
	codeUnnamed   = "NotSpecified"
	codeOK        = "OK"
	codeTimedOut  = "ActionTimedOut"
	codeCancelled = "Cancelled"
	codeBad       = "BadRequest"
	codeInternal  = "InternalServerError"
	codeTemplate  = "InvalidTemplate"
	codeExpr      = "ExpressionEvaluationFailed"
	codeTerminate = "Terminated"

	// Of limits (wdl-semantics §17); those of a retry policy are wdl's.
	codeForeachItems     = "ForeachItemsLimitExceeded"
	codeUntilIterations  = "UntilIterationsLimitExceeded"
	codeUntilLimits      = "UntilLimitsReached"
	codeExpressionResult = "ExpressionResultLimitExceeded"
	codeVariableSize     = "VariableSizeLimitExceeded"
	codeVariableItems    = "VariableItemsLimitExceeded"
)

const messageFailed = "An action failed. No dependent actions succeeded."

// failure is the code and error of a container with that status.
func failure(status wdl.Status) (string, *Error) {
	if status == wdl.Failed {
		return codeFailed, &Error{codeFailed, messageFailed}
	}
	return codeUnnamed, nil
}

// limitCode is that of a limit that an evaluation went beyond, "" for other failures.
func limitCode(reason error) string {
	var bound *wdl.LimitError
	var evaluation *expr.Error
	switch {
	case errors.As(reason, &bound):
		return bound.Code
	case errors.As(reason, &evaluation) && evaluation.Kind == expr.LimitError:
		return codeExpressionResult
	}
	return ""
}

// inputsError is the record's error for a template that cannot be evaluated
// (wdl-semantics §13.5).
func inputsError(a *wdl.Action, reason error) *Error {
	return &Error{cmp.Or(limitCode(reason), codeTemplate), fmt.Sprintf(
		"Unable to process template language expressions in action '%s' inputs at line '0' and column '0': '%s'.",
		a.Name, reasonOf(reason))}
}

func controlError(a *wdl.Action, reason error) *Error {
	return &Error{cmp.Or(limitCode(reason), codeTemplate), fmt.Sprintf(
		"Unable to process template language expressions for action '%s' at line '0' and column '0': '%s'.",
		a.Name, reasonOf(reason))}
}
