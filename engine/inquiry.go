package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/wdl"
)

// Inquiry asks what the condition of an If, a Switch or an Until came to, part by part
// (logic-api §2.6). No part was recorded: the condition is evaluated again, at its
// [moment], among the records as they were. The caller loads what Explain names until it
// names nothing.
type Inquiry struct {
	run     *Run
	action  *wdl.Action
	levels  []RepetitionIndex // of the frame that the condition sees; of an Until with the iteration
	scopes  map[string]bool   // whose rows have come
	changes []Row             // of the variables
	ended   map[string]*item  // iterations by scope
}

// Explanation is what a condition came to.
type Explanation struct {
	// Expressions are those of the condition; none if it was not evaluated. Where the data
	// is secured, or what it was is not known any more, they have no Parts.
	Expressions []*expr.Trace
	// Known says that the values are there; of secured data only a boolean is told.
	Known bool
}

// Inquire begins an inquiry about an action in one repetition of the loops around it; of a
// loop also in one of its own, without which that of an Until is the last one. An action
// without a condition has an Explanation without expressions, and so has one beside a loop
// that never opened, which its record says by fewer repetitions.
func Inquire(w *Workflow, head []byte, action string, repetition []RepetitionIndex) (*Inquiry, error) {
	d := decoder{rest: head}
	r, _ := d.run(w)
	if d.err != nil {
		return nil, d.err
	}
	a, ok := r.program.Action(action)
	if !ok {
		return nil, fmt.Errorf("engine: there is no action %q", action)
	}
	around := len(a.Loops)
	if n := len(repetition); n > around && (!a.Type.IsLoop() || n > around+1) {
		return nil, fmt.Errorf("engine: action %q is in %d loops, not in %d", action, around, n)
	}
	return &Inquiry{run: r, action: a, levels: slices.Clone(repetition), scopes: map[string]bool{}, ended: map[string]*item{}}, nil
}

// Load takes what Explain asked for.
func (q *Inquiry) Load(ev Loaded) error {
	r := q.run
	if r.needed != nil {
		for _, scope := range r.needed.Scopes {
			q.scopes[scope] = true
		}
	}
	rows := ev.Rows
	ev.Rows = nil
	r.load(ev)
	for _, row := range rows {
		if strings.HasPrefix(row.Scope, "$") {
			q.changes = append(q.changes, row)
			continue
		}
		if err := r.file(row, func(it *item) { q.besides(row.Scope, it) }); err != nil {
			return err
		}
	}
	return nil
}

// besides takes what is no record of an action.
func (q *Inquiry) besides(scope string, it *item) {
	if it.flags&itemTrigger != 0 {
		t := &q.run.start.Trigger
		t.Inputs, t.Outputs = it.inputs, it.outputs
		return
	}
	ended := *it
	q.ended[scope] = &ended
}

// Untold is the explanation of a condition whose values are not to be told.
func (q *Inquiry) Untold() Explanation {
	if q.template() == nil {
		return Explanation{}
	}
	return q.conceal(expr.Null())
}

// Explain gives the explanation, or what it needs.
func (q *Inquiry) Explain() (Explanation, *Need, error) {
	x, need, err := q.explain()
	if need != nil {
		q.run.needed = need
	}
	return x, need, err
}

func (q *Inquiry) explain() (Explanation, *Need, error) {
	if len(q.levels) < len(q.action.Loops) {
		return Explanation{}, nil, nil
	}
	if need := q.missing(len(q.action.Loops)); need != nil {
		return Explanation{}, need, nil
	}
	f, err := q.frame(len(q.action.Loops))
	if err != nil {
		return Explanation{}, nil, err
	}
	rec := q.run.slotOf(f, q.action.Index).rec
	if rec == nil || q.template() == nil {
		return Explanation{}, nil, nil
	}
	if q.action.Type == wdl.TypeUntil {
		return q.explainUntil(rec)
	}
	if rec.judged == nil && !rec.hasInputs {
		return Explanation{}, nil, nil // it was skipped, or is of an older form
	}
	result, _ := rec.inputs.Get("expressionResult")
	return q.evaluate(q.run.at(f, q.action), rec.start, rec.judged, result)
}

// explainUntil explains one iteration.
func (q *Inquiry) explainUntil(rec *record) (Explanation, *Need, error) {
	around := len(q.action.Loops)
	if len(q.levels) == around {
		if rec.count == 0 {
			return Explanation{}, nil, nil
		}
		q.levels = append(q.levels, RepetitionIndex{q.action.Name, rec.count - 1})
	}
	if need := q.missing(around + 1); need != nil {
		return Explanation{}, need, nil
	}
	ended := q.ended[ScopeOf(q.levels)]
	if ended == nil {
		return Explanation{}, nil, nil
	}
	g, err := q.frame(around + 1)
	if err != nil {
		return Explanation{}, nil, err
	}
	e := q.run.in(g, q.action)
	e.record = &record{status: wdl.Running, start: rec.start, tracking: rec.tracking} // as it was then
	return q.evaluate(e, ended.end, ended.judged, expr.Null())
}

// template is the condition.
func (q *Inquiry) template() *expr.Template {
	switch q.action.Type {
	case wdl.TypeIf, wdl.TypeUntil:
		return q.action.Condition
	case wdl.TypeSwitch:
		return q.action.Subject
	}
	return nil
}

// missing names the scopes of the frames down to a depth that have not come.
func (q *Inquiry) missing(depth int) *Need {
	var scopes []string
	for i := range depth + 1 {
		if scope := ScopeOf(q.levels[:i]); !q.scopes[scope] {
			scopes = append(scopes, scope)
		}
	}
	if scopes == nil {
		return nil
	}
	return &Need{Scopes: scopes}
}

// frame makes the frames down to a depth of what was recorded.
func (q *Inquiry) frame(depth int) (*frame, error) {
	r := q.run
	f := r.root
	r.fill(f)
	for _, level := range q.levels[:depth] {
		a, ok := r.program.Action(level.Scope)
		if !ok || !a.Type.IsLoop() || r.holder(f, a.Index) != f || level.Index < 0 {
			return nil, fmt.Errorf("engine: %q is no loop here", level.Scope)
		}
		l := &loop{action: a, home: f}
		if rec := r.slotOf(f, a.Index).rec; rec != nil && a.Type == wdl.TypeForeach {
			l.items, l.total = rec.inputs, rec.count
		}
		f = newFrame(&r.plan.layouts[r.plan.body[a.Index]], f, l, level.Index, r.start.Time)
		if it := q.ended[f.path()]; it != nil {
			f.start = it.start
		}
		r.fill(f)
	}
	return f, nil
}

// fill gives a frame the records that the archive has of it.
func (r *Run) fill(f *frame) {
	for i, rec := range r.archive[f.path()] {
		if r.knows(i) && f.layout == &r.plan.layouts[r.plan.home[i]] {
			s := r.slotOf(f, i)
			s.rec, s.state, s.status = rec, closed, rec.status
		}
	}
}

// evaluate evaluates the condition as it was at a time. What it came to is known besides,
// unless it is null.
func (q *Inquiry) evaluate(e *env, at time.Time, m *moment, result expr.Value) (Explanation, *Need, error) {
	r, t := q.run, q.template()
	if r.plan.hidden[q.action.Index] || !m.covers(r.plan.needs[q.action.Index]) {
		return q.conceal(result), nil, nil
	}
	if need := q.travel(m); need != nil {
		return Explanation{}, need, nil
	}
	r.now = at
	for counter := r.random.counter; ; r.random.counter = counter {
		_, found, err := t.Trace(e)
		if e.open(err) {
			continue
		}
		if r.lacks(err) {
			return Explanation{}, r.wanted(err), nil
		}
		return Explanation{Expressions: found, Known: true}, nil, nil
	}
}

// travel has the variables and the random numbers as they were.
func (q *Inquiry) travel(m *moment) *Need {
	r := q.run
	if m.random {
		r.random.counter = m.counter
	}
	if !m.variables {
		return nil
	}
	if scope := variableScope(m.generation); !q.scopes[scope] {
		return &Need{Scopes: []string{scope}}
	}
	r.vars = variables{generation: m.generation}
	for _, row := range q.changes {
		d := decoder{rest: row.Payload}
		r.vars.replayTo(&d, r.program, m.items)
	}
	return nil
}

// conceal tells the text of the condition, and which way it went.
func (q *Inquiry) conceal(result expr.Value) Explanation {
	_, known := result.AsBool()
	if !known {
		result = expr.Null()
	}
	x := &expr.Trace{Text: strings.TrimPrefix(q.template().String(), "@"), Value: result, Untold: !known}
	return Explanation{Expressions: []*expr.Trace{x}, Known: known}
}
