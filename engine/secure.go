package engine

import (
	"slices"

	"isle/wdl"
)

// Secured data (wdl-semantics §12.6). An action that consumes secured outputs gets
// its inputs hidden too, and its outputs if they repeat its inputs. Secured data also
// travels in variables and as items of a Foreach. What is consumed is known before a
// run begins, from what the templates name.

// secure spreads what the author secured. It repeats until nothing changes, since
// definition order is not the order of runs.
func (p *plan) secure(program *wdl.Program) {
	for _, a := range program.Actions {
		p.secureInputs[a.Index] = a.SecureInputs
		p.secureOutputs[a.Index] = a.SecureOutputs || a.SecureInputs && repeats(a.Type)
	}
	s := secrets{plan: p, program: program, variables: make([]bool, len(program.Variables))}
	for _, t := range program.Triggers {
		s.trigger = s.trigger || t.SecureOutputs
	}
	secured := s.trigger || slices.Contains(p.secureOutputs, true) || slices.Contains(p.secureInputs, true)
	for s.changed = secured; s.changed; {
		s.changed = false
		for _, a := range program.Actions {
			if s.consumedBy(a) {
				s.hide(a)
			}
		}
	}
	for _, a := range program.Actions {
		p.hidden[a.Index] = secured && s.consumedBy(a) || s.shownBy(a)
	}
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

// secrets says where in a program secured data can be: in the outputs that the plan
// marks, in the items of a Foreach whose inputs it marks, and here.
type secrets struct {
	*plan
	program   *wdl.Program
	trigger   bool   // its outputs
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
	if a.Type == wdl.TypeIf {
		return
	}
	s.set(&s.secureInputs[a.Index])
	if repeats(a.Type) {
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

func (s *secrets) consumedBy(a *wdl.Action) bool {
	reads := &a.Reads
	return reads.Trigger && s.trigger || reads.Dynamic ||
		anyOf(reads.Actions, s.secureOutputs) || anyOf(reads.Variables, s.variables) ||
		anyOf(reads.Loops, s.secureInputs) || reads.Item && s.secureInputs[s.innermost(a)] ||
		slices.ContainsFunc(reads.Results, func(scope int) bool {
			return slices.Contains(s.secureOutputs[scope+1:s.program.Actions[scope].End], true)
		})
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
