package engine

import (
	"time"

	"isle/wdl"
)

// The variables of a run that keeps something of another one hold what the kept actions
// made of them, as if the others had not run. That is known exactly in two cases: none of
// the others changed the variable, so it is what it was at the end; or all of their
// changes came after those of the kept ones, so that of the changes that are stored the
// last ones are left out, or the first ones taken, unless they were gathered meanwhile. In
// any other case it is refused, as the value would be a guess.

// touched is which actions of the origin changed a variable.
type touched struct {
	kept, again touchers
}

// touchers are actions of the origin that changed a variable.
type touchers struct {
	spans   map[int]*span // by action of from
	changes int
	unsure  bool // whether one of them was a change
}

// span is when an action changed a variable, in all its repetitions.
type span struct {
	first, last time.Time
	begin, end  int // as counted in scope ""; 0: it is in a loop
}

// touch notes the changes that the record of an action says were made.
func (k *keeper) touch(it *item, outside bool) {
	a := k.from.Program.Actions[it.action]
	use := a.Variable
	if use == nil || a.StaticResult != nil {
		return
	}
	// One that fails for its tracked properties has changed the variable.
	unsure := it.status == wdl.Failed && a.TrackedProperties != nil
	if it.status != wdl.Succeeded && !unsure {
		return
	}
	order := k.order
	indexes := []int{use.Index}
	if len(use.Declared) > 0 {
		indexes = indexes[:0]
		for _, d := range use.Declared {
			indexes = append(indexes, d.Index)
		}
	}
	if !outside {
		order = 0
	}
	for _, i := range indexes {
		by := &k.changes[i].kept
		if k.was[it.action] == again {
			by = &k.changes[i].again
		}
		by.add(it, unsure, order)
	}
}

func (t *touchers) add(it *item, unsure bool, order int) {
	t.changes++
	t.unsure = t.unsure || unsure
	if t.spans == nil {
		t.spans = map[int]*span{}
	}
	s := t.spans[it.action]
	if s == nil {
		s = &span{first: it.end, last: it.end, begin: order}
		t.spans[it.action] = s
	}
	if it.end.Before(s.first) {
		s.first = it.end
	}
	if it.end.After(s.last) {
		s.last = it.end
	}
	s.end = order
}

// keepVariables adds the row that gives the variables their values: the changes one by one,
// as if this run had made them, or whole values where they were gathered.
func (k *keeper) keepVariables(rows []Row) error {
	p := k.to.Program
	first, err := readChanges(rows, 0, k.from.Program)
	if err != nil {
		return err
	}
	last, err := readChanges(rows, k.head.generation, k.from.Program)
	if err != nil {
		return err
	}
	vars := variables{values: make([]variable, len(p.Variables))}
	gathered := false
	for i := range p.Variables {
		v := &p.Variables[i]
		then, ok := k.from.Program.Variable(v.Name)
		if !ok || k.fates[v.Action] == again && k.changes[then].kept.changes == 0 {
			continue // it is not there yet
		}
		log, known := k.before(then, first[then], last[then])
		if !known {
			k.problem(CodeKeptVariable, p.Actions[v.Action], "What the variable '"+v.Name+"' holds without the actions that would be done again cannot be told: they changed it before, or at the same time as, actions that are kept, or too long ago. Begin at an action before all that change it, or from the start.")
		}
		for _, c := range log.list {
			c.apply(&vars.values[i])
			vars.changes = c.append(vars.changes, i)
			k.refer(c.value)
		}
		gathered = gathered || log.whole > 0
	}
	switch {
	case gathered:
		k.kept.rows = append(k.kept.rows, Row{variableScope(gatheredGeneration), vars.whole(p)})
	case vars.changed():
		k.kept.rows = append(k.kept.rows, Row{variableScope(0), vars.changes})
	}
	return nil
}

// gatheredGeneration is one that begins with whole values, as each but the first does.
const gatheredGeneration = 1

// before are the changes of a variable that the kept actions made, from those of the first
// and the last generation.
func (k *keeper) before(index int, first, last changeLog) (log changeLog, known bool) {
	kept, redone := &k.changes[index].kept, &k.changes[index].again
	if redone.changes == 0 {
		return last, true
	}
	for a, s := range kept.spans {
		for b, t := range redone.spans {
			if !s.last.Before(t.first) && !(s.end > 0 && t.begin > 0 && s.end < t.begin) && !k.precedes(a, b) {
				return log, false
			}
		}
	}
	if at := len(last.list) - redone.changes; at >= last.whole && !redone.unsure {
		return changeLog{last.list[:at], last.whole}, true
	}
	if !kept.unsure && kept.changes <= len(first.list) {
		return changeLog{list: first.list[:kept.changes]}, true
	}
	return log, false
}

// precedes says whether action a of the origin, or a container around it, had to end
// before b, or one around that, could begin.
func (k *keeper) precedes(a, b int) bool {
	p := k.from.Program
	for x := p.Actions[a]; x != nil; x = x.Container.Owner {
		for y := p.Actions[b]; y != nil; y = y.Container.Owner {
			if x.Container == y.Container {
				return x != y && leads(p, x.Index, y.Index)
			}
		}
	}
	return false
}

// leads says whether b comes after its sibling a by runAfter.
func leads(p *wdl.Program, a, b int) bool {
	seen := map[int]bool{}
	todo := []int{a}
	for len(todo) > 0 {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if next == b {
			return true
		}
		if !seen[next] {
			seen[next] = true
			todo = append(todo, p.Actions[next].Successors...)
		}
	}
	return false
}

// changeLog are the stored changes of a variable, oldest first; the first ones may be
// what was left of older ones.
type changeLog struct {
	list  []change
	whole int // how many of those
}

// readChanges reads the changes of a generation by variable.
func readChanges(rows []Row, generation int, program *wdl.Program) ([]changeLog, error) {
	logs := make([]changeLog, len(program.Variables))
	scope := variableScope(generation)
	for first, i := generation > 0, 0; i < len(rows); i++ {
		if rows[i].Scope != scope {
			continue
		}
		d := decoder{rest: rows[i].Payload}
		d.changes(len(logs), func(index int, c change) { logs[index].list = append(logs[index].list, c) })
		if d.err != nil {
			return nil, d.err
		}
		for l := range logs {
			if first {
				logs[l].whole = len(logs[l].list)
			}
		}
		first = false
	}
	return logs, nil
}
