package engine

import (
	"fmt"

	"isle/expr"
	"isle/wdl"
)

// branchSwitch takes the case whose value equals the expression's, type included
// (wdl-semantics §11.2).
func (r *Run) branchSwitch(f *frame, a *wdl.Action, e *env) error {
	v, err := e.evalOpen(a.Subject)
	if err != nil {
		return r.controlFailed(f, a, err)
	}
	if k := v.Kind(); k != expr.KindString && k != expr.KindInt && k != expr.KindBigInt {
		r.failControl(f, a, codeExpr, &Error{codeExpr, fmt.Sprintf(
			"The execution of template action '%s' failed: the result of the evaluation of 'expression' is of type '%s'. The result must be a valid string or integer.",
			a.Name, v.TypeName())})
		return nil
	}
	taken := -1
	for i := range a.Cases {
		if c := &a.Cases[i]; c.IsDefault {
			if taken < 0 {
				taken = i
			}
		} else if taken < 0 && c.Value.TypeName() == v.TypeName() && expr.Equal(c.Value, v) {
			taken = i
		}
	}
	r.branch(f, a, v, taken)
	return nil
}

// incomparable tells whether the case of a branch is of another type than the value
// of the Switch.
func (r *Run) incomparable(f *frame, a *wdl.Action, branch int) bool {
	c := &a.Cases[branch]
	return !c.IsDefault && c.Value.TypeName() != r.switched(f, a).TypeName()
}

// failBranch fails the first actions of a branch whose case cannot be compared with
// the value, and skips what follows them (wdl-semantics §11.2).
func (r *Run) failBranch(f *frame, a *wdl.Action, branch int) {
	for _, i := range a.Branches[branch].First {
		first := r.program.Actions[i]
		r.closeUntaken(f, first, wdl.Failed, codeInternal, &Error{"ActionConditionFailed", fmt.Sprintf(
			"The execution of template action '%s' failed: the branching condition for this action cannot be evaluated: "+
				"The template language function 'strongEquals' expects two parameter of matching types. "+
				"The value of the switch '%s' is of type '%s', its case '%s' is of type '%s'.",
			first.Name, a.Name, r.switched(f, a).TypeName(), a.Cases[branch].Name, a.Cases[branch].Value.TypeName())})
	}
}

// switched is the value that a Switch found.
func (r *Run) switched(f *frame, a *wdl.Action) expr.Value {
	v, _ := r.slotOf(f, a.Index).rec.inputs.Get("expressionResult")
	return v
}
