package engine

import (
	"isle/expr"
	"isle/wdl"
)

// Inline code (wdl-semantics §11.13) is no template: the operation that runs it gets
// the text as it stands, and beside the recorded inputs the records that it names, as
// its workflowContext. They are of actions that have ended, so a run that is loaded
// after a crash finds the same ones again; they may lie in scopes that have closed
// since, which must be loaded first.

// codeContext is workflowContext: {"actions": {name: record}, "trigger"?: record,
// "workflow": {…}}, the records as actions() and trigger() give them, the names as the
// code spells them.
func (e *env) codeContext() (expr.Value, error) {
	r := e.run
	actions := make([]expr.Member, 0, len(e.action.CodeNames))
	for _, named := range e.action.CodeNames {
		a := r.program.Actions[named.Action]
		rec, err := e.find(a)
		if err != nil {
			return expr.Null(), err
		}
		if rec != nil {
			actions = append(actions, expr.Member{Name: named.Name, Value: recordValue(a.Name, rec, r.start.ClientTrackingID)})
		}
	}
	members := []expr.Member{{Name: "actions", Value: expr.Object(actions...)}}
	if e.action.Reads.Trigger {
		members = append(members, expr.Member{Name: "trigger", Value: r.triggerRecord()})
	}
	members = append(members, expr.Member{Name: "workflow", Value: r.workflow.Describe(r.start.RunID)})
	return expr.Object(members...), nil
}

// codeInputs are the inputs of inline code with the code in them, as authored.
func codeInputs(a *wdl.Action, rest expr.Value) expr.Value {
	members := []expr.Member{{Name: "code", Value: expr.String(a.Code)}}
	for name, v := range rest.Members() {
		members = append(members, expr.Member{Name: name, Value: v})
	}
	return expr.Object(members...)
}

// resend emits the calls of inline code again that repeat has left for want of their
// context. What it lacks must be loaded first.
func (r *Run) resend() *Need {
	for _, l := range r.flights {
		if !l.unsent {
			continue
		}
		var err error
		l.context, err = r.at(l.frame, l.action).codeContext()
		if need := r.wanted(err); need != nil {
			return need
		}
		r.effects = append(r.effects, l.effect(r, true))
		l.context, l.unsent = expr.Null(), false
	}
	return nil
}
