package wdl

import (
	"slices"
	"strings"
)

// The graph stage turns runAfter into edges, finds cycles, and computes for every
// action the set of siblings before it, which the resolve stage asks for. Where a
// runAfter is wrong that set is not known: the action is in doubt, and the later
// stages say nothing about what is or is not before it, or before those after it.

// bitset is a set of action indexes.
type bitset []uint64

func newBitset(n int) bitset    { return make(bitset, (n+63)/64) }
func (b bitset) add(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b bitset) union(other bitset) {
	for i := range other {
		b[i] |= other[i]
	}
}
func (b bitset) intersects(other bitset) bool {
	for i := range other {
		if b[i]&other[i] != 0 {
			return true
		}
	}
	return false
}

// sibling is the name of an action, in lower case, and where it stands.
type sibling struct {
	container *Container
	name      string
}

func (c *compiler) graph() {
	c.siblings = make(map[sibling]int, len(c.program.Actions))
	for i := len(c.program.Actions) - 1; i >= 0; i-- {
		a := c.program.Actions[i]
		c.siblings[sibling{a.Container, fold(a.Name)}] = i // of a name that is used twice the first
	}
	c.preds = make([]bitset, len(c.program.Actions))
	c.doubts = newBitset(len(c.program.Actions))
	c.cyclic = newBitset(len(c.program.Actions))
	for _, a := range c.program.Actions {
		c.runAfter(a)
	}
	for _, box := range c.program.Containers {
		c.order(box)
	}
	for _, box := range c.program.Containers {
		for _, i := range box.Actions {
			a := c.program.Actions[i]
			if len(a.RunAfter) == 0 {
				box.First = append(box.First, i)
			}
			if len(a.Successors) == 0 {
				box.Leaves = append(box.Leaves, i)
			}
		}
	}
}

// runAfter reads the predecessors of an action (wdl-semantics §12.1).
func (c *compiler) runAfter(a *Action) {
	n := c.parsed[a.Index].runAfter
	o := c.owner(a)
	if c.unknown(n) || c.unknown(c.parsed[a.Index].node) {
		c.doubts.add(a.Index)
		return
	}
	if n.Value.IsNull() {
		if c.isMeant(join(c.parsed[a.Index].at, "runAfter")) {
			c.doubts.add(a.Index)
		}
		return
	}
	if !n.isObject() {
		if n.isArray() && n.Len() == 0 {
			return
		}
		c.doubts.add(a.Index)
		c.invalid(n, o, RuleRunAfterShape, "the property 'runAfter' must be an object of status lists, but is %s", describe(n.Value))
		return
	}
	named := make(map[int]bool, n.Len())
	for name, list := range n.members() {
		entry, ok := c.statuses(name, list, o)
		b, found := c.sibling(a, name)
		if !ok || c.computed(name) {
			c.doubts.add(a.Index)
		}
		switch {
		case !found && (c.isTrigger(name) || c.computed(name) || c.unknown(list)):
			continue // the designer allows a trigger, the service ignores it
		case !found:
			c.doubtNamed(a, name)
			c.strayRunAfter(a, n.at, name)
		case named[b]:
			c.doubts.add(a.Index)
			c.report(list.at, RuleRunAfterShape, "The 'runAfter' property of template action '%s' %s names the action '%s' twice", a.Name, position, name)
		case ok:
			named[b] = true
			entry.Action = b
			a.RunAfter = append(a.RunAfter, entry)
			before := c.program.Actions[b]
			before.Successors = append(before.Successors, a.Index)
		}
	}
}

// maxNamed is how many actions one message names.
const maxNamed = 20

// strayRunAfter reports an entry of runAfter that names no sibling, in the words of
// public error reports: no action at all (rule 1) or one elsewhere (rule 2).
func (c *compiler) strayRunAfter(a *Action, at, name string) {
	other, elsewhere := c.program.Action(name)
	switch {
	case elsewhere:
		var siblings []string
		for _, i := range a.Container.Actions {
			if len(siblings) == maxNamed {
				siblings = append(siblings, "…")
				break
			}
			if i != a.Index {
				siblings = append(siblings, c.program.Actions[i].Name)
			}
		}
		c.report(at, RuleRunAfterUnknown, "The 'runAfter' property of template action '%s' %s is not valid: the action '%s' must belong to same level as action '%s'. Available actions on same level: '%s'.",
			a.Name, position, other.Name, a.Name, strings.Join(siblings, ", "))
	case !c.hidden:
		c.report(at, RuleRunAfterUnknown, "The 'runAfter' property of template action '%s' %s contains non-existent action: '%s'.%s", a.Name, position, name, c.didYouMean(name, c.siblingNames(a)))
	}
}

// sibling finds an action of that name in the same container. A name that is used
// twice means the one that is a sibling.
func (c *compiler) sibling(a *Action, name string) (int, bool) {
	i, ok := c.siblings[sibling{a.Container, fold(name)}]
	return i, ok
}

// doubtNamed puts an action in doubt that names no sibling. If it names an action of
// another container, the entry may be meant for one it lies in, so these are too.
func (c *compiler) doubtNamed(a *Action, name string) {
	c.doubts.add(a.Index)
	if _, elsewhere := c.program.actions[fold(name)]; !elsewhere {
		return
	}
	for x := a.Container.Owner; x != nil; x = x.Container.Owner {
		c.doubts.add(x.Index)
	}
}

// doubtful reports whether the siblings before an action are not known, because a
// runAfter on the way to it is wrong.
func (c *compiler) doubtful(a *Action) bool {
	return c.doubts.has(a.Index) || c.preds[a.Index].intersects(c.doubts)
}

func (c *compiler) isTrigger(name string) bool {
	_, ok := c.program.triggers[fold(name)]
	return ok
}

// statuses reads the list of one predecessor; an empty one means Succeeded.
func (c *compiler) statuses(name string, n node, o owner) (Predecessor, bool) {
	if c.unknown(n) {
		return expecting(Succeeded), false
	}
	if !n.isArray() {
		c.invalid(n, o, RuleRunAfterShape, "the statuses of '%s' in 'runAfter' must be an array, but are %s", name, describe(n.Value))
		return Predecessor{}, false
	}
	var list []Status
	for _, e := range n.elements() {
		if c.unknown(e) {
			return Predecessor{}, false
		}
		s, ok := ParseStatus(e.text())
		if !ok || s == NotSpecified {
			c.invalid(e, o, RuleRunAfterShape, "'%s' in 'runAfter' is no status: the statuses are %s", e.Text(), strings.Join(statusNames[NotSpecified+1:], ", "))
			return Predecessor{}, false
		}
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		list = []Status{Succeeded}
	}
	return expecting(list...), true
}

// expecting is an entry of runAfter with these statuses.
func expecting(list ...Status) Predecessor {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.String()
	}
	return Predecessor{Statuses: Statuses(list...), Expected: strings.Join(names, ", ")}
}

// order computes the predecessor sets of a container depth first and reports each
// cycle once, by its actions.
func (c *compiler) order(box *Container) {
	const (
		unseen = iota
		open
		done
	)
	state := make(map[int]int, len(box.Actions))
	var path []int
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		path = append(path, i)
		set := newBitset(len(c.program.Actions))
		c.preds[i] = set
		for _, p := range c.program.Actions[i].RunAfter {
			switch state[p.Action] {
			case unseen:
				visit(p.Action)
			case open:
				c.cycle(path[slices.Index(path, p.Action):])
			}
			set.add(p.Action)
			set.union(c.preds[p.Action])
		}
		path = path[:len(path)-1]
		state[i] = done
	}
	for _, i := range box.Actions {
		if state[i] == unseen {
			visit(i)
		}
	}
}

// cycle reports actions each of which runs after the next, the last after the first.
func (c *compiler) cycle(path []int) {
	if !slices.ContainsFunc(path, func(i int) bool { return !c.cyclic.has(i) }) {
		return // all of them are in a cycle that was told
	}
	var b strings.Builder
	for n, i := range path {
		c.doubts.add(i)
		c.cyclic.add(i)
		switch {
		case n < maxNamed:
			b.WriteString("'" + c.program.Actions[i].Name + "' after ")
		case n == maxNamed:
			b.WriteString("… after ")
		}
	}
	first := c.program.Actions[path[0]]
	b.WriteString("'" + first.Name + "'")
	c.report(join(c.parsed[first.Index].at, "runAfter"), RuleRunAfterCycle,
		"The 'runAfter' property of template action '%s' %s is part of a circular dependency: %s", first.Name, position, b.String())
}

// before reports whether b is final when the templates of a are evaluated: b, or an
// action it lies in, is on the runAfter path of a or of an action that a lies in
// (wdl-semantics §15 rule 8). It is taken to be where a runAfter on the way is wrong.
func (c *compiler) before(b, a *Action) bool {
	for x := a; x != nil; x = x.Container.Owner {
		if c.doubtful(x) {
			return true
		}
		for y := b; y != nil; y = y.Container.Owner {
			if y.Container == x.Container {
				if c.preds[x.Index].has(y.Index) {
					return true
				}
				break
			}
		}
	}
	return false
}

// inside reports whether a lies in the container action b, at any depth.
func inside(a, b *Action) bool { return b.Index < a.Index && a.Index < b.End }
