package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"isle/expr"
	"isle/wdl"
)

// proceed starts a queued action, or lets an open loop go on. If something must be
// loaded first it changes nothing.
func (r *Run) proceed(f *frame, a *wdl.Action) *Need {
	s := r.slotOf(f, a.Index)
	if s.state == running {
		return r.iterate(f, a, s.rec)
	}
	if s.state == closed {
		return nil
	}
	e := r.at(f, a)
	if r.judging = nil; a.Type == wdl.TypeIf || a.Type == wdl.TypeSwitch {
		r.judging = r.moment(a)
	}
	var err error
	switch a.Type {
	case wdl.TypeScope:
		r.run(f, a)
		r.openBranch(f, a, 0)
	case wdl.TypeIf:
		err = r.branchIf(f, a, e)
	case wdl.TypeSwitch:
		err = r.branchSwitch(f, a, e)
	case wdl.TypeForeach:
		err = r.openForeach(f, a, e)
	case wdl.TypeUntil:
		err = r.openUntil(f, a, e)
	default:
		err = r.perform(f, a, e)
	}
	return r.wanted(err)
}

// wanted turns the error of an evaluation that lacks something into a Need. Other
// errors have become records before.
func (r *Run) wanted(err error) *Need {
	switch err := err.(type) {
	case nil:
		return nil
	case *expr.Unloaded:
		return &Need{Contents: []expr.ContentReference{err.Reference}}
	case *unread:
		return &err.need
	}
	panic(fmt.Sprintf("engine: %v is not a need", err)) // broken invariant of lacks
}

// lacks reports whether an evaluation failed only because something is not loaded.
// What is gone for good is not waited for.
func (r *Run) lacks(err error) bool {
	switch err := err.(type) {
	case *expr.Unloaded:
		return !r.missing[err.Reference.ID]
	case *unread:
		return true
	}
	return false
}

// run opens the record of an action.
func (r *Run) run(f *frame, a *wdl.Action) *record {
	rec := &record{status: wdl.Running, start: r.now, tracking: r.random.guid(), judged: r.judging}
	s := r.slotOf(f, a.Index)
	s.rec, s.state = rec, running
	r.started = append(r.started, started{f, a.Index})
	r.tally.Started++
	return rec
}

// failControl closes a container whose expression failed; what is inside is
// skipped for it.
func (r *Run) failControl(f *frame, a *wdl.Action, code string, err *Error) {
	r.run(f, a)
	r.skipChildren(f, a, wdl.Failed, code)
	r.closeAction(f, a, wdl.Failed, code, err)
}

func (r *Run) branchIf(f *frame, a *wdl.Action, e *env) error {
	v, err := e.eval(a.Condition)
	if err != nil {
		return r.controlFailed(f, a, err)
	}
	yes, ok := v.AsBool()
	if !ok {
		return r.controlFailed(f, a, fmt.Errorf(
			"The result of the condition expression is of type '%s'. The result must be a valid boolean.", v.TypeName()))
	}
	branch := 1
	if yes {
		branch = 0
	}
	r.branch(f, a, v, branch)
	return nil
}

// branch records which way a condition went and takes it.
func (r *Run) branch(f *frame, a *wdl.Action, result expr.Value, taken int) {
	rec := r.run(f, a)
	rec.inputs, rec.hasInputs = expr.Object(expr.Member{Name: "expressionResult", Value: result}), true
	r.openBranch(f, a, taken)
}

// controlFailed closes a control action whose expression cannot be evaluated,
// unless it only lacks something.
func (r *Run) controlFailed(f *frame, a *wdl.Action, err error) error {
	if r.lacks(err) {
		return err
	}
	r.failControl(f, a, cmp.Or(limitCode(err), codeBad), controlError(a, err))
	return nil
}

// closeContainer closes a container whose children are all closed.
func (r *Run) closeContainer(f *frame, a *wdl.Action) {
	status := wdl.Succeeded
	for _, b := range a.Branches {
		if s := r.outcome(f, b); s == wdl.Failed || status == wdl.Succeeded {
			status = s
		}
	}
	code, err := failure(status)
	r.closeAction(f, a, status, code, err)
}

func (r *Run) openForeach(f *frame, a *wdl.Action, e *env) error {
	items, err := e.evalOpen(a.Subject)
	if err != nil {
		return r.controlFailed(f, a, err)
	}
	if items.Kind() != expr.KindArray {
		r.failControl(f, a, codeExpr, &Error{codeExpr, fmt.Sprintf(
			"The execution of template action '%s' failed: the result of the evaluation of 'foreach' expression '%s' is of type '%s'. The result must be a valid array.",
			a.Name, r.subjectText(a), items.TypeName())})
		return nil
	}
	if items.Len() > r.program.Limits.ForeachItems {
		r.failControl(f, a, codeForeachItems, &Error{codeForeachItems, fmt.Sprintf(
			"The execution of template action '%s' failed: the number of items %d is more than the limit of %d.",
			a.Name, items.Len(), r.program.Limits.ForeachItems)})
		return nil
	}
	rec := r.run(f, a)
	rec.inputs, rec.hasInputs = items, true
	rec.count = items.Len()
	rec.loop = &loop{action: a, home: f, items: items, total: items.Len(), width: concurrency(r.program, a)}
	if rec.count == 0 {
		r.skipFrameless(f, a)
	}
	r.enqueueLoop(rec.loop)
	return nil
}

// skipFrameless records the children of a loop without iterations.
func (r *Run) skipFrameless(f *frame, a *wdl.Action) {
	for _, i := range a.Branches[0].Actions {
		child := r.program.Actions[i]
		r.skipChildren(f, child, wdl.Skipped, codeSkipped)
		r.shut(f, child, &record{start: r.now, end: r.now, status: wdl.Skipped, code: codeSkipped,
			err: &Error{"ActionBranchingConditionNotSatisfied", "The execution of template action '" + child.Name +
				"' skipped: the branching condition for this action is not satisfied."}})
	}
}

func (r *Run) openUntil(f *frame, a *wdl.Action, e *env) error {
	count, deadline, err := r.untilLimits(a, e)
	if err != nil {
		return r.controlFailed(f, a, err)
	}
	rec := r.run(f, a)
	rec.loop = &loop{action: a, home: f, limit: count, deadline: deadline, last: wdl.Succeeded}
	r.enqueueLoop(rec.loop)
	return nil
}

// defaultIterations are those of an Until without limit.count (wdl-semantics §11.5).
const defaultIterations = 60

// untilLimits evaluates count and timeout of an Until (wdl-semantics §11.5).
func (r *Run) untilLimits(a *wdl.Action, e *env) (int, time.Time, error) {
	most := r.program.Limits.UntilIterations
	count := min(defaultIterations, most)
	if a.Limit.Count != nil {
		v, err := e.eval(a.Limit.Count)
		if err != nil {
			return 0, time.Time{}, err
		}
		n, ok := wholeNumber(v)
		message := fmt.Sprintf("The 'limit.count' value '%s' is not an integer between 1 and %d.", v.Text(), most)
		switch {
		case !ok || n < 1:
			return 0, time.Time{}, errors.New(message)
		case n > int64(most):
			return 0, time.Time{}, &wdl.LimitError{Code: codeUntilIterations, Message: message}
		}
		count = int(n)
	}
	timeout := wdl.Duration{Rest: time.Hour}
	if a.Limit.Timeout != nil {
		var err error
		if timeout, err = evalDuration(a.Limit.Timeout, e); err != nil {
			return 0, time.Time{}, err
		}
	}
	return count, timeout.From(r.now), nil
}

// iterate lets an open loop go on: an Until judges the iteration that has ended,
// then the next iterations are opened or the loop is closed.
func (r *Run) iterate(f *frame, a *wdl.Action, rec *record) *Need {
	l := rec.loop
	l.queued = false
	if a.Type == wdl.TypeUntil {
		return r.iterateUntil(f, a, rec)
	}
	if l.next < l.total && len(l.open) < l.width {
		if need := r.fetchItems(l); need != nil {
			l.queued = true
			return need
		}
		if l.next < l.total {
			r.openIteration(l)
		}
	}
	switch {
	case l.next == l.total && len(l.open) == 0:
		status := wdl.Succeeded
		if l.failed > 0 {
			status = wdl.Failed
		} else if l.timedOut > 0 {
			status = wdl.TimedOut
		}
		code, err := failure(status)
		r.closeAction(f, a, status, code, err)
	case l.next < l.total && len(l.open) < l.width:
		r.enqueueLoop(l)
	}
	return nil
}

// fetchItems has the collection of a loop at hand. If its content is gone the loop
// opens no more iterations and fails.
func (r *Run) fetchItems(l *loop) *Need {
	ref, ok := l.items.AsReference()
	if !ok {
		return nil
	}
	items, ok := r.loaded[ref.ID]
	if ok {
		l.items = items
		return nil
	}
	if r.missing[ref.ID] {
		l.total = l.next
		l.failed++
		return nil
	}
	return &Need{Contents: []expr.ContentReference{ref}}
}

// openIteration opens the next frame of a loop.
func (r *Run) openIteration(l *loop) {
	g := newFrame(&r.plan.layouts[r.plan.body[l.action.Index]], l.home, l, l.next, r.now)
	l.next++
	l.open = append(l.open, g)
	r.openFrame(g)
}

func (r *Run) enqueueLoop(l *loop) {
	if !l.queued {
		l.queued = true
		r.enqueue(l.home, l.action.Index)
	}
}

// closeFrame is called when all children of a frame are closed. The top level is
// finished by advance, an iteration of an Until by its loop.
func (r *Run) closeFrame(f *frame) {
	l := f.loop
	if l == nil {
		return
	}
	if l.action.Type == wdl.TypeForeach {
		r.closeIteration(f)
	}
	r.enqueueLoop(l)
}

// closeIteration records an iteration and drops its frame.
func (r *Run) closeIteration(f *frame) wdl.Status {
	l := f.loop
	f.queue = nil // what is left is of loops that have closed
	status := r.outcome(f, f.layout.container)
	switch status {
	case wdl.Failed:
		l.failed++
	case wdl.TimedOut:
		l.timedOut++
	}
	code, err := failure(status)
	r.writeIteration(f, status, code, err)
	l.open = slices.DeleteFunc(l.open, func(g *frame) bool { return g == f })
	return status
}

// iterateUntil judges the condition after an iteration: body first, then the
// expression, which sees the iteration's own actions (wdl-semantics §11.5).
func (r *Run) iterateUntil(f *frame, a *wdl.Action, rec *record) *Need {
	l := rec.loop
	if len(l.open) == 0 {
		r.openIteration(l)
		return nil
	}
	g := l.open[0]
	g.judged = r.moment(a)
	v, err := r.in(g, a).eval(a.Condition)
	if r.lacks(err) {
		l.queued = true
		return r.wanted(err)
	}
	yes, isBool := v.AsBool()
	if err == nil && !isBool {
		err = fmt.Errorf("The result of the condition expression is of type '%s'. The result must be a valid boolean.", v.TypeName())
	}
	rec.count = g.index + 1
	l.last = r.closeIteration(g)
	switch {
	case err != nil:
		r.closeAction(f, a, wdl.Failed, cmp.Or(limitCode(err), codeBad), controlError(a, err))
	case yes:
		code, err := failure(l.last)
		r.closeAction(f, a, l.last, code, err)
	case l.next >= l.limit || !r.now.Before(l.deadline):
		r.limitReached(f, a, l)
	default:
		r.enqueueLoop(l)
	}
	return nil
}

// limitReached closes an Until whose condition never held.
func (r *Run) limitReached(f *frame, a *wdl.Action, l *loop) {
	status := l.last
	code, err := failure(status)
	if a.Options.Has(wdl.FailWhenLimitsReached) {
		status, code = wdl.Failed, codeFailed
		err = &Error{codeUntilLimits, "The execution of template action '" + a.Name +
			"' failed: the limits of the loop were reached before its condition was met."}
	}
	r.closeAction(f, a, status, code, err)
}

// subjectText is the expression of a Foreach as authored.
func (r *Run) subjectText(a *wdl.Action) string {
	v, _ := authored(r.program, a).Get("foreach")
	return v.Text()
}

// authored is the action's JSON in the definition.
func authored(p *wdl.Program, a *wdl.Action) expr.Value {
	holder := p.Definition
	if owner := a.Container.Owner; owner != nil {
		holder = authored(p, owner)
		switch {
		case owner.Type == wdl.TypeIf && a.Container.Branch == 1:
			holder, _ = holder.Get("else")
		case owner.Type == wdl.TypeSwitch:
			if c := owner.Cases[a.Container.Branch]; c.IsDefault {
				holder, _ = holder.Get("default")
			} else {
				cases, _ := holder.Get("cases")
				holder, _ = cases.Get(c.Name)
			}
		}
	}
	actions, _ := holder.Get("actions")
	v, _ := actions.Get(a.Name)
	return v
}

func reasonOf(err error) string {
	var e *expr.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}
