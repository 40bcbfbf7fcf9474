package engine

import (
	"fmt"
	"slices"
	"time"

	"isle/expr"
	"isle/wdl"
)

// env is what the templates of one action see (wdl-semantics §9).
type env struct {
	run    *Run
	frame  *frame
	action *wdl.Action // nil for the workflow's outputs
	record *record     // what action() gives; nil where it is not allowed
	fired  bool        // action() gives the trigger
	tracks bool        // for trackedProperties, which are shown
	item   expr.Value  // of Query, Select, Table
	inRow  bool
	opened []string // contents that the templates look inside
}

// eval evaluates a template. References are passed on as they are; when the
// evaluation looks inside one whose content is at hand, it is repeated with the
// content in its place. So it makes no difference which contents happen to be at
// hand, but for a Need.
func (e *env) eval(t *expr.Template) (expr.Value, error) {
	for counter := e.run.random.counter; ; e.run.random.counter = counter {
		if v, err := t.Eval(e); !e.open(err) {
			return v, err
		}
	}
}

// open puts the content that an evaluation lacked in its place from now on; false
// if that was not its failure, or the content is not at hand.
func (e *env) open(err error) bool {
	lacking, ok := err.(*expr.Unloaded)
	if !ok || slices.Contains(e.opened, lacking.Reference.ID) {
		return false
	}
	if _, loaded := e.run.loaded[lacking.Reference.ID]; !loaded {
		return false
	}
	e.opened = append(e.opened, lacking.Reference.ID)
	return true
}

// evalOpen evaluates a template whose result is looked into, one level deep.
func (e *env) evalOpen(t *expr.Template) (expr.Value, error) {
	v, err := e.eval(t)
	if err == nil && v.Kind() == expr.KindReference {
		v, err = e.run.look(v)
	}
	return v, err
}

// at returns the environment of an action. It is valid until the next call.
func (r *Run) at(f *frame, a *wdl.Action) *env {
	r.space = env{run: r, frame: f, action: a, opened: emptied(r.space.opened)}
	return &r.space
}

// emptied is the list without entries, but never nil.
func emptied(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list[:0]
}

// in is at for the condition of an Until, which sees its iteration and itself.
func (r *Run) in(iteration *frame, a *wdl.Action) *env {
	e := r.at(iteration, a)
	e.record = r.slotOf(iteration.parent, a.Index).rec
	return e
}

// row evaluates a template for one row of a data operation.
func (e *env) row(row expr.Value, t *expr.Template) (expr.Value, error) {
	e.item, e.inRow = row, true
	v, err := e.eval(t)
	e.item, e.inRow = expr.Value{}, false
	return v, err
}

// Now is the time of the step.
func (e *env) Now() time.Time { return e.run.now }

// Random draws from the run's own numbers.
func (e *env) Random() uint64 { return e.run.random.next() }

// Lookup answers a contextual function.
func (e *env) Lookup(name string, args []expr.Value) (expr.Value, error) {
	v, err := e.lookup(name, args)
	if err != nil {
		return v, err
	}
	if v.HasReference() {
		v = e.run.replace(v, e.opened)
	}
	if e.tracks {
		v = withoutCredentials(v)
	}
	return v, nil
}

func (e *env) lookup(name string, args []expr.Value) (expr.Value, error) {
	r := e.run
	switch name {
	case "triggerBody":
		return r.trigger("body")
	case "triggerOutputs":
		return r.trigger("outputs")
	case "trigger":
		return r.triggerRecord(), nil
	case "workflow":
		return r.workflow.Describe(r.start.RunID), nil
	case "item":
		return e.innermost()
	case "listCallbackUrl":
		return e.callbackURL()
	case "action":
		if e.fired {
			return r.triggerRecord(), nil
		}
		if e.record == nil {
			return expr.Null(), expr.NotExpected(name)
		}
		return recordValue(e.action.Name, e.record, r.start.ClientTrackingID), nil
	}
	if len(args) != 1 {
		return expr.Null(), expr.NotExpected(name)
	}
	of, ok := args[0].AsString()
	if !ok {
		return expr.Null(), notText(name, args[0])
	}
	return e.named(name, of)
}

// named is what a function of one name gives: a parameter, variable, loop or action.
func (e *env) named(name, of string) (expr.Value, error) {
	r := e.run
	switch name {
	case "parameters":
		return r.workflow.Parameter(of, e)
	case "appsetting":
		return r.workflow.Setting(of)
	case "variables":
		i, ok := r.program.Variable(of)
		if !ok {
			return expr.Null(), &expr.Error{Kind: expr.ContextError, Function: name, Message: "The variable '" + of + "' is not defined."}
		}
		return r.variable(i)
	case "items", "iterationIndexes":
		return e.iteration(name, of)
	case "body", "outputs", "actions", "result":
		a, ok := r.program.Action(of)
		if !ok {
			if t, ok := r.program.Trigger(of); ok && t.Name == r.start.Trigger.Name && name != "result" {
				return r.trigger(name)
			}
			return expr.Null(), &expr.Error{Kind: expr.ContextError, Function: name,
				Message: "The action '" + of + "' referenced by '" + name + "' is not defined in the template."}
		}
		if name == "result" {
			return e.result(a)
		}
		return e.actionValue(name, a)
	}
	return expr.Null(), expr.NotExpected(name)
}

// trigger is the trigger's record named like an action's, as old definitions do.
func (r *Run) trigger(function string) (expr.Value, error) {
	switch function {
	case "outputs":
		return r.start.Trigger.Outputs, nil
	case "body":
		return r.body(r.start.Trigger.Outputs)
	}
	return r.triggerRecord(), nil
}

// triggerRecord is what trigger() gives.
func (r *Run) triggerRecord() expr.Value {
	on, _ := r.program.Trigger(r.start.Trigger.Name)
	return r.start.Trigger.Value(on, r.start.ClientTrackingID)
}

// body is the body in outputs.
func (r *Run) body(outputs expr.Value) (expr.Value, error) {
	if outputs.Kind() == expr.KindReference {
		var err error
		if outputs, err = r.look(outputs); err != nil {
			return expr.Null(), err
		}
	}
	body, _ := outputs.Get("body")
	return body, nil
}

func notText(name string, v expr.Value) error {
	return &expr.Error{Kind: expr.ArgumentError, Function: name, Message: fmt.Sprintf(
		"The template language function '%s' expects its parameter to be of type string. The provided value is of type '%s'. Please see https://aka.ms/logicexpressions#%s for usage details.",
		name, v.TypeName(), name)}
}

// innermost is item(): the row, or the element of the nearest Foreach.
func (e *env) innermost() (expr.Value, error) {
	if e.inRow {
		return e.item, nil
	}
	for f := e.frame; f != nil && f.loop != nil; f = f.parent {
		if f.loop.action.Type == wdl.TypeForeach {
			return e.element(f)
		}
	}
	return expr.Null(), expr.NotExpected("item")
}

// element is the element of the collection that an iteration is for.
func (e *env) element(f *frame) (expr.Value, error) {
	if f.loop.items.Kind() == expr.KindReference {
		items, err := e.run.look(f.loop.items)
		if err != nil {
			return expr.Null(), err
		}
		f.loop.items = items
	}
	return f.loop.items.Index(f.index), nil
}

// iteration is items('L') or iterationIndexes('L').
func (e *env) iteration(function, name string) (expr.Value, error) {
	a, ok := e.run.program.Action(name)
	for f := e.frame; ok && f != nil && f.loop != nil; f = f.parent {
		switch {
		case f.loop.action != a:
		case function == "iterationIndexes":
			return expr.Int(int64(f.index)), nil
		case a.Type == wdl.TypeForeach:
			return e.element(f)
		}
	}
	return expr.Null(), expr.NotExpected(function)
}

// look returns a value without references, as one must that looks inside all of it.
func (r *Run) look(v expr.Value) (expr.Value, error) {
	if !v.HasReference() {
		return v, nil
	}
	if v = r.replace(v, nil); v.HasReference() {
		return expr.Null(), unloaded(v)
	}
	return v, nil
}

// replace puts contents that are at hand in the place of their references: those
// that are named, or with nil all.
func (r *Run) replace(v expr.Value, opened []string) expr.Value {
	if opened != nil && len(opened) == 0 {
		return v
	}
	v, _ = v.Resolve(func(ref expr.ContentReference) (expr.Value, error) {
		if loaded, ok := r.loaded[ref.ID]; ok && (opened == nil || slices.Contains(opened, ref.ID)) {
			return loaded, nil
		}
		return expr.Reference(ref), nil
	})
	return v
}

// unloaded names the first reference in a value.
func unloaded(v expr.Value) error {
	if ref, ok := v.AsReference(); ok {
		return &expr.Unloaded{Reference: ref}
	}
	for _, child := range v.Elements() {
		if child.HasReference() {
			return unloaded(child)
		}
	}
	for _, child := range v.Members() {
		if child.HasReference() {
			return unloaded(child)
		}
	}
	return &expr.Unloaded{}
}

func mustReference(v expr.Value) expr.ContentReference {
	ref, _ := v.AsReference()
	return ref
}
