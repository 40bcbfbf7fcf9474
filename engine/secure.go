package engine

import (
	"slices"
	"strings"

	"isle/wdl"
)

// Secured data (wdl-semantics §12.6). An action that consumes secured outputs gets
// its inputs hidden too, and its outputs if they are made of its inputs alone. Secured
// data also travels in variables and as items of a Foreach, into the outputs of the
// workflow, and into the texts of errors. What is consumed is known before a run begins,
// from what the templates name.

// secure spreads what the author secured. It repeats until nothing changes, since
// definition order is not the order of runs.
func (p *plan) secure(program *wdl.Program) {
	for _, a := range program.Actions {
		p.secureInputs[a.Index] = a.SecureInputs
		p.secureOutputs[a.Index] = a.SecureOutputs || a.SecureInputs && repeats(a.Type)
		p.secureErrors[a.Index] = a.SecureInputs || a.SecureOutputs
	}
	s := secrets{plan: p, program: program, variables: make([]bool, len(program.Variables))}
	for _, t := range program.Triggers {
		s.trigger = s.trigger || t.SecureOutputs
		s.fired = s.fired || t.SecureInputs
	}
	secured := s.trigger || s.fired || slices.Contains(p.secureErrors, true)
	for s.changed = secured; s.changed; {
		s.changed = false
		for _, a := range program.Actions {
			if s.consumed(&a.Reads, a) {
				s.hide(a)
			}
		}
	}
	for _, a := range program.Actions {
		p.hidden[a.Index] = secured && s.consumed(&a.Reads, a) || s.shownBy(a)
	}
	for i := range program.Outputs {
		p.secureResults[i] = secured && s.consumed(program.Outputs[i].Reads, nil)
	}
}

// secured are the flags of a record of an action: what of it is not to be shown.
func (p *plan) secured(action int, rec *record) (flags uint64) {
	if rec.hasInputs && p.secureInputs[action] || (rec.err.quotes() || len(rec.retries) > 0) && p.secureErrors[action] {
		flags |= itemSecureInputs
	}
	if (rec.hasOutputs || slices.ContainsFunc(rec.retries, Retry.answered)) && p.secureOutputs[action] {
		flags |= itemSecureOutputs
	}
	return flags
}

// shownBy says whether what the expressions of an action come to could show secured
// inputs, which records have in them, or parameters.
func (s *secrets) shownBy(a *wdl.Action) bool {
	reads := &a.Reads
	parameters := s.program.Parameters
	secure := func(i int) bool { return parameters[i].Secure }
	return a.SecureInputs || anyOf(reads.Actions, s.secureInputs) ||
		reads.Trigger && slices.ContainsFunc(s.program.Triggers, func(t *wdl.Trigger) bool { return t.SecureInputs }) ||
		slices.ContainsFunc(reads.Parameters, secure) ||
		reads.Dynamic && slices.ContainsFunc(parameters, func(p wdl.Parameter) bool { return p.Secure }) ||
		slices.ContainsFunc(reads.Results, func(scope int) bool {
			return slices.Contains(s.secureInputs[scope+1:s.program.Actions[scope].End], true)
		})
}

// repeats lists the types whose outputs repeat their inputs.
func repeats(t wdl.Type) bool {
	return t == wdl.TypeCompose || t == wdl.TypeParseJSON || t == wdl.TypeResponse || t.IsVariable()
}

// derives lists the types whose outputs are made of their inputs and nothing else.
func derives(t wdl.Type) bool {
	switch t {
	case wdl.TypeQuery, wdl.TypeSelect, wdl.TypeJoin, wdl.TypeTable, wdl.TypeJavaScriptCode, wdl.TypeExpression:
		return true
	}
	return repeats(t)
}

// secrets says where in a program secured data can be: in the outputs that the plan
// marks, in the items of a Foreach whose inputs it marks, and here.
type secrets struct {
	*plan
	program   *wdl.Program
	trigger   bool   // its outputs
	fired     bool   // its inputs
	variables []bool // by place in Program.Variables
	changed   bool
}

func (s *secrets) set(mark *bool) {
	s.changed = s.changed || !*mark
	*mark = true
}

// hide marks an action that consumes secured data. A condition shows one bit of it
// and stays visible.
func (s *secrets) hide(a *wdl.Action) {
	s.set(&s.secureErrors[a.Index])
	if a.Type == wdl.TypeIf {
		return
	}
	s.set(&s.secureInputs[a.Index])
	if derives(a.Type) {
		s.set(&s.secureOutputs[a.Index])
	}
	if use := a.Variable; use == nil {
		return
	} else if a.Type != wdl.TypeInitializeVariable {
		s.set(&s.variables[use.Index])
	} else {
		for _, d := range use.Declared {
			s.set(&s.variables[d.Index])
		}
	}
}

// consumed says whether what an action reads may be secured; a is nil for what reads
// outside of actions.
func (s *secrets) consumed(reads *wdl.Reads, a *wdl.Action) bool {
	return reads != nil && (reads.Trigger && s.trigger || reads.Fired && s.fired || reads.Dynamic ||
		anyOf(reads.Actions, s.secureOutputs) || anyOf(reads.Records, s.secureErrors) || anyOf(reads.Variables, s.variables) ||
		anyOf(reads.Loops, s.secureInputs) || reads.Item && a != nil && s.secureInputs[s.innermost(a)] ||
		slices.ContainsFunc(reads.Results, func(scope int) bool {
			return slices.Contains(s.secureErrors[scope+1:s.program.Actions[scope].End], true)
		}))
}

// innermost is the nearest Foreach around an action, which item() reads; the action
// itself if there is none.
func (s *secrets) innermost(a *wdl.Action) int {
	for _, loop := range slices.Backward(a.Loops) {
		if s.program.Actions[loop].Type == wdl.TypeForeach {
			return loop
		}
	}
	return a.Index
}

func anyOf(places []int, marked []bool) bool {
	return slices.ContainsFunc(places, func(i int) bool { return marked[i] })
}

// NotShown stands for the message of an error that may quote secured data.
const NotShown = "The message may hold secured data and is not shown."

// ShownError is the record's error as a history may show it, nil if there is none. Why
// an action was skipped or cancelled holds no data.
func (r *Record) ShownError() *Error {
	if !r.SecureInputs && !r.SecureOutputs || r.Status == wdl.Skipped || r.Status == wdl.Cancelled {
		return r.Error
	}
	return r.Error.WithoutData()
}

func (t Retry) answered() bool { return !t.Answer.IsNull() }

// ShownRetries are the attempts as a history may show them.
func (r *Record) ShownRetries() []Retry {
	if !r.SecureInputs && !r.SecureOutputs {
		return r.RetryHistory
	}
	shown := slices.Clone(r.RetryHistory)
	for i := range shown {
		shown[i].Error = shown[i].Error.WithoutData()
	}
	return shown
}

// codeDenied is the code of flows that the network policy denies: whoever mends it needs
// to know the rule, and the flow log has the same text.
const codeDenied = "NetworkPolicyDenied"

// WithoutData is the error of something secured as a history may show it: without its
// message if that quotes data. Nil stays nil.
func (e *Error) WithoutData() *Error {
	if !e.quotes() {
		return e
	}
	return &Error{e.Code, NotShown}
}

// quotes says whether the message may name more than actions, times and flows. Nil has
// none.
func (e *Error) quotes() bool {
	if e == nil {
		return false
	}
	switch e.Code {
	case codeFailed: // a peer may have an error of that code, with a message of its own
		return e.Message != messageFailed
	case codeTimedOut, codeSkipped, codeDenied:
		return false
	}
	return true
}

// runError is the error with which a Terminate ends its run. Beside secured data what an
// expression made of it is left out: the error is the run's, and shown.
func (r *Run) runError(a *wdl.Action, code, message string) *Error {
	if !r.plan.secureErrors[a.Index] {
		return &Error{code, message}
	}
	source, _ := a.Inputs.Source().Get("runError")
	made := func(name string) bool {
		v, _ := source.Get(name)
		return source.Len() == 0 || strings.Contains(v.Text(), "@")
	}
	if made("code") {
		code = codeTerminate
	}
	if made("message") {
		message = NotShown
	}
	return &Error{code, message}
}
