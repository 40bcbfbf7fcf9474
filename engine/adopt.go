package engine

import (
	"fmt"
)

// adopt puts a new run where another one has been.
func (r *Run) adopt(kept *Kept) error {
	if kept.workflow != r.workflow {
		return fmt.Errorf("run %s: what it should keep was chosen for another version", r.start.RunID)
	}
	r.start.Kept = nil
	if n := len(kept.rows); n > 0 {
		switch last := kept.rows[n-1]; last.Scope {
		case variableScope(0):
			r.vars.snapshot = len(last.Payload)
		case variableScope(gatheredGeneration):
			r.vars.generation, r.vars.snapshot = gatheredGeneration, len(last.Payload)
		}
	}
	if err := r.replay(map[string]*frame{"": r.root}, kept.rows); err != nil {
		return err
	}
	r.count(r.root)
	r.kept = kept
	return nil
}

// writeKept writes the kept records, behind the values of the trigger and before
// everything else.
func (r *Run) writeKept() {
	if r.kept == nil {
		return
	}
	if r.root.dirty {
		r.before = append(r.before, Row{r.root.path(), r.root.row})
		r.root.row, r.root.dirty, r.dirty = nil, false, r.dirty[:0]
	}
	r.before = append(r.before, r.kept.rows...)
	r.kept = nil
}

// keeps says whether the run has records before it has begun.
func (r *Run) keeps() bool {
	for i := range r.root.slots {
		if r.root.slots[i].state != idle {
			return true
		}
	}
	return false
}

// goOn lets the actions of a frame start, or be skipped, that are not kept and whose
// predecessors are.
func (r *Run) goOn(f *frame) {
	for _, i := range f.layout.actions {
		a := r.program.Actions[i]
		if owner := a.Container.Owner; owner == f.layout.loop || r.slotOf(f, owner.Index).state == running {
			r.decide(f, a)
		}
	}
}
