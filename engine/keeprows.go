package engine

import (
	"slices"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// read goes through the rows of the origin, scope by scope, and keeps what is to be kept.
func (k *keeper) read(rows []Row) error {
	k.changes = make([]touched, len(k.from.Program.Variables))
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Scope == rows[0].Scope {
			n++
		}
		if err := k.scope(rows[0].Scope, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// scope reads the rows of one scope.
func (k *keeper) scope(scope string, rows []Row) error {
	if strings.HasPrefix(scope, "$") {
		return nil
	}
	items, err := lastItems(rows)
	if err != nil {
		return err
	}
	out := keptRows{scope: scope, base: ticks(k.head.start.Time)}
	for _, it := range items {
		if it.action >= len(k.now) || k.from.Program.Actions[it.action].Name != it.name {
			return errForeign
		}
		if scope == "" {
			k.order++
			if k.from.Program.Actions[it.action].Depth == 0 {
				k.root[it.action] = it
			}
		}
		k.touch(it, scope == "")
		if k.was[it.action] != again {
			k.keep(it, &out)
		}
	}
	k.kept.rows = append(k.kept.rows, out.done()...)
	return nil
}

// lastItems are the latest items of the actions in the rows of a scope, with their
// inputs, in the order in which they were stored.
func lastItems(rows []Row) ([]*item, error) {
	type key struct {
		action    int
		iteration bool
	}
	var items []*item
	places := map[key]int{}
	for _, row := range rows {
		d := decoder{rest: row.Payload}
		d.items(func(it *item) bool {
			if it.flags&itemTrigger != 0 {
				return true
			}
			at := key{it.action, it.flags&itemIteration != 0}
			if i, ok := places[at]; ok {
				if it.flags&itemInputsKept != 0 {
					it.inputs = items[i].inputs
				}
				items[i] = nil
			}
			places[at] = len(items)
			items = append(items, it)
			return true
		})
		if d.err != nil {
			return nil, d.err
		}
	}
	return slices.DeleteFunc(items, func(it *item) bool { return it == nil }), nil
}

// keep adds a record of the origin to what is kept, as one of this version. What was
// secured stays so, and what this version secures is secured from now on.
func (k *keeper) keep(it *item, out *keptRows) {
	a := k.to.Program.Actions[k.now[it.action]]
	was := it.flags & (itemSecureInputs | itemSecureOutputs)
	rec := it.record
	rec.stored, rec.flight = false, nil
	rec.judged = nil // that was a moment of the origin
	flags := it.flags&itemIteration | itemKept
	if k.fates[a.Index] == reopen {
		rec = record{status: wdl.Running, start: rec.start, tracking: rec.tracking, inputs: rec.inputs, hasInputs: rec.hasInputs}
		flags &^= itemKept
		was &= k.from.prepare().secured(it.action, &rec) // its error may have been all of it
	}
	now := k.to.prepare().secured(a.Index, &rec)
	if was&^now != 0 {
		k.unsecured(a)
	}
	flags |= was | now
	k.refer(rec.inputs)
	k.refer(rec.outputs)
	k.refer(rec.tracked)
	for _, attempt := range rec.retries {
		k.refer(attempt.Answer)
	}
	out.add(a, &rec, rec.flags()|flags)
}

// unsecured refuses to hand on what was secured to a version that would show it, or what
// follows from it: whoever may write the definition would read what it once hid.
func (k *keeper) unsecured(a *wdl.Action) {
	if !k.shown[a.Index] {
		k.shown[a.Index] = true
		k.problem(CodeKeptSecured, a, "The inputs, outputs or errors of the action '"+a.Name+"' were secured then, and are not by the current version of the workflow, which could show them. Secure them again (runtimeConfiguration.secureData), or begin at that action.")
	}
}

// refer notes the contents that a value refers to.
func (k *keeper) refer(v expr.Value) {
	if !v.HasReference() {
		return
	}
	// What is found is put back as it is, so that there is no error.
	_, _ = v.Resolve(func(ref expr.ContentReference) (expr.Value, error) {
		if !k.referred[ref.ID] {
			k.referred[ref.ID] = true
			k.kept.Contents = append(k.kept.Contents, ref.ID)
		}
		return expr.Reference(ref), nil
	})
}

// keptRows are the rows of one scope in the making.
type keptRows struct {
	scope string
	base  int64
	rows  []Row
	last  []byte
}

func (o *keptRows) add(a *wdl.Action, rec *record, flags uint64) {
	if o.last == nil {
		o.last = appendUint([]byte{rowVersion}, uint64(o.base))
	}
	b := appendHead(o.last, a, rec, flags, o.base)
	if flags&itemInputs != 0 {
		b = appendValue(b, rec.inputs)
	}
	if flags&itemOutputs != 0 {
		b = appendValue(b, rec.outputs)
	}
	if o.last = appendRest(b, rec, flags, o.base); len(o.last) >= MaxStepBytes {
		o.done()
	}
}

// done ends the row that is being made.
func (o *keptRows) done() []Row {
	if o.last != nil {
		o.rows = append(o.rows, Row{o.scope, o.last})
		o.last = nil
	}
	return o.rows
}

// judge says which actions have no record that could be kept, or begun at.
func (k *keeper) judge(named []int) {
	then := map[string]*item{}
	for i, it := range k.root {
		then[strings.ToLower(k.from.Program.Actions[i].Name)] = it
	}
	for _, i := range named {
		a := k.to.Program.Actions[i]
		if it := then[strings.ToLower(a.Name)]; it != nil && it.status == wdl.Skipped && !cutOff(it) {
			k.problem(CodeNotAgain, a, "The action '"+a.Name+"' was skipped in the run, so that the run cannot begin there. Name the action that it was skipped for.")
		}
	}
	for i, a := range k.to.Program.Actions {
		if k.fates[i] == again || a.Depth > 0 {
			continue
		}
		_, had := k.from.Program.Action(a.Name)
		it := then[strings.ToLower(a.Name)]
		switch {
		case !had: // told by compare
		case it == nil || !it.status.Final() || k.fates[i] == reopen && it.status == wdl.Skipped:
			k.problem(CodeKeptUnfinished, a, "The action '"+a.Name+"' did not end in the run, and would not be done again. Name it too.")
		case a.Type == wdl.TypeTerminate && it.status == wdl.Succeeded:
			k.problem(CodeKeptTerminate, a, "The action '"+a.Name+"' ended the run, and would not be done again. Begin at it or before it, or from the start.")
		}
	}
}

// cutOff says whether an action did not begin because its run had ended.
func cutOff(it *item) bool {
	return it.status == wdl.Skipped && (it.code == codeTerminate || it.code == codeCancelled || it.code == codeTimedOut)
}

// Failures are the actions at which a run begins so that what failed in the origin, timed
// out or was cut off is done again: of scopes, conditions and switches those inside them;
// loops as a whole. A failed Response is none of them, as nobody waits for it any more.
func Failures(o Origin) ([]string, error) {
	rows := slices.DeleteFunc(slices.Clone(o.Rows), func(r Row) bool { return r.Scope != "" })
	items, err := lastItems(rows)
	if err != nil {
		return nil, err
	}
	f := failures{program: o.Workflow.Program, records: map[int]*item{}}
	for _, it := range items {
		f.records[it.action] = it
	}
	f.in(o.Workflow.Program.Root)
	return f.names, nil
}

type failures struct {
	program *wdl.Program
	records map[int]*item
	names   []string
}

// in finds them in a container and says whether something in it has failed.
func (f *failures) in(c *wdl.Container) (failed bool) {
	for _, i := range c.Actions {
		it, a := f.records[i], f.program.Actions[i]
		if it == nil || it.status == wdl.Succeeded || it.status == wdl.Skipped && !cutOff(it) {
			continue
		}
		failed = true
		inside := false
		if a.Type.IsContainer() && !a.Type.IsLoop() && !cutOff(it) {
			for _, b := range a.Branches {
				inside = f.in(b) || inside
			}
		}
		if !inside && a.Type != wdl.TypeResponse {
			f.names = append(f.names, a.Name)
		}
	}
	return failed
}
