package engine

import (
	"slices"

	"isle/expr"
	"isle/wdl"
)

// moment is what must be known to evaluate a condition again exactly as it was, beside
// what never changes: the trigger, parameters, items, the records of actions that come
// before, and the time, which is in the record. It stands in the record of an If or a
// Switch, and in that of an iteration of an Until.
type moment struct {
	needs
	generation, items int    // of the variables: so many changes had been made
	counter           uint64 // of the random numbers
}

// needs says what a condition reads that changes.
type needs struct {
	variables, random bool
	unknown           bool // a name is computed: it may read what had not ended
}

// need finds out what the conditions of a program need.
func (p *plan) need(program *wdl.Program) {
	for _, a := range program.Actions {
		t := a.Condition
		if a.Type == wdl.TypeSwitch {
			t = a.Subject
		}
		if t == nil {
			continue
		}
		volatile := slices.ContainsFunc(t.Calls(), isVolatile) || slices.ContainsFunc(a.Reads.Parameters, func(i int) bool {
			return program.Parameters[i].Expression != nil
		})
		p.needs[a.Index] = needs{variables: len(a.Reads.Variables) > 0, random: volatile, unknown: a.Reads.Dynamic}
	}
}

func isVolatile(c expr.Call) bool { return c.Function == "guid" || c.Function == "rand" }

// moment is that of an evaluation which begins now.
func (r *Run) moment(a *wdl.Action) *moment {
	n := r.plan.needs[a.Index]
	if !n.variables && !n.random {
		return r.plan.timeless
	}
	return &moment{needs{variables: n.variables, random: n.random}, r.vars.generation, r.vars.items, r.random.counter}
}

func (m *moment) append(b []byte) []byte {
	b = append(b, flagBits(m.variables, m.random))
	if m.variables {
		b = appendUint(appendUint(b, uint64(m.generation)), uint64(m.items))
	}
	if m.random {
		b = appendUint(b, m.counter)
	}
	return b
}

func (d *decoder) moment() *moment {
	m, flags := &moment{}, d.byte()
	if m.variables = flags&1 != 0; m.variables {
		m.generation, m.items = d.small(), d.small()
	}
	if m.random = flags&2 != 0; m.random {
		m.counter = d.uint()
	}
	return m
}

// covers says whether the moment tells what is needed. There is none of the older form,
// and of records that are kept of another run, which may have begun with something else.
func (m *moment) covers(n needs) bool {
	return m != nil && !n.unknown && (m.variables || !n.variables) && (m.random || !n.random)
}
