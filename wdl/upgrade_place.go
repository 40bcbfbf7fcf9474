package wdl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"isle/expr"
)

// place puts an action into the tree, behind what it depends on.
func (u *upgrade) place(a *oldAction) {
	home, after := a.position(u.root)
	own, perItem := a.split()
	if len(own) > 0 {
		a.condition = u.conditionOf(a.name, home, after, all(own))
		home, after = a.condition.then, nil
	}
	if !a.each.IsNull() {
		from := a.each
		if len(perItem) > 0 {
			filter := &newAction{name: u.unused("Filter_" + a.name), home: home, after: after, value: object(
				"type", expr.String(string(TypeQuery)),
				"inputs", object("from", a.each, "where", expr.String(all(perItem))))}
			home.actions = append(home.actions, filter)
			from, after = expr.String("@body('"+filter.name+"')"), []edge{{filter.name, succeeded()}}
		}
		home, after = u.loop(a, "For_each_"+a.name, home, after, object("type", expr.String(string(TypeForeach)), "foreach", from))
	}
	if !a.until.IsNull() {
		home, after = u.loop(a, "Until_"+a.name, home, after, untilValue(a.until))
	}
	n := &newAction{name: a.name, home: home, after: after, value: a.rest}
	home.actions = append(home.actions, n)
	if a.outer == nil {
		a.outer = n
	}
}

// position finds the branch that an action belongs to, and who stands there for each of
// those that it depends on: the innermost of their branches, if all others come before
// that one, else the innermost that sees all.
func (a *oldAction) position(root *branch) (home *branch, after []edge) {
	home = a.innermost(root)
	for _, d := range a.after {
		at, e := d.home(root), edge{d.on.name, d.statuses}
		switch {
		case at == home && d.elsewhere():
			continue // in the other branch, which begins with it
		case at == home && d.on.outer != nil:
			e.name = d.on.outer.name
		case at != home && home.within(at) != nil:
			continue // before all of this branch
		case at != home:
			e = edge{at.within(home).name, succeeded()}
		}
		if !slices.ContainsFunc(after, func(other edge) bool { return other.name == e.name }) {
			after = append(after, e)
		}
	}
	return home, after
}

func (a *oldAction) innermost(root *branch) *branch {
	deepest, shared := root, (*branch)(nil)
	for _, d := range a.after {
		at := d.home(root)
		if at.within(deepest) != nil {
			deepest = at
		}
		if shared == nil {
			shared = at
		}
		shared = common(shared, at)
	}
	for _, d := range a.after {
		at := d.home(root)
		if owner := deepest.within(at); at != deepest && (owner == nil || d.on.outer == nil || !at.precedes(d.on.outer.name, owner)) {
			return shared
		}
	}
	return deepest
}

// within is the action of an outer branch that a branch is in; nil if it is not below it.
func (b *branch) within(outer *branch) *newAction {
	for b.owner != nil {
		if b.owner.home == outer {
			return b.owner
		}
		b = b.owner.home
	}
	return nil
}

// precedes reports whether an action of the branch always comes before another.
func (b *branch) precedes(name string, n *newAction) bool {
	seen := map[*newAction]bool{}
	for queue := []*newAction{n}; len(queue) > 0; queue = queue[1:] {
		for _, e := range queue[0].after {
			if e.name == name {
				return true
			}
			for _, other := range b.actions {
				if other.name == e.name && !seen[other] {
					seen[other] = true
					queue = append(queue, other)
				}
			}
		}
	}
	return false
}

// home is the branch that what follows a dependency belongs to.
func (d dependency) home(root *branch) *branch {
	switch {
	case d.on.outer == nil:
		return root // not there, or in a circle
	case d.elsewhere():
		return d.on.condition.otherwise
	}
	return d.on.outer.home
}

// elsewhere reports whether an action runs when the condition of another does not hold.
func (d dependency) elsewhere() bool {
	return d.on.condition != nil && len(d.statuses) == 1 && d.statuses[0] == Skipped.String()
}

func common(a, b *branch) *branch {
	above := map[*branch]bool{}
	for ; a.owner != nil; a = a.owner.home {
		above[a] = true
	}
	for ; b.owner != nil && !above[b]; b = b.owner.home {
	}
	return b
}

// split tells conditions of the action from those of each item of its loop.
func (a *oldAction) split() (own, perItem []string) {
	for _, c := range a.conditions {
		if folded := fold(c); !a.each.IsNull() && (strings.Contains(folded, "item()") || strings.Contains(folded, "items(")) {
			perItem = append(perItem, c)
		} else {
			own = append(own, c)
		}
	}
	return own, perItem
}

// conditionOf is the If of an expression: one that is there already with the same
// dependencies is shared.
func (u *upgrade) conditionOf(name string, home *branch, after []edge, expression string) *newAction {
	value := object("type", expr.String(string(TypeIf)), "expression", expr.String(expression))
	for _, n := range home.actions {
		if n.otherwise != nil && expr.Equal(n.value, value) && slices.EqualFunc(n.after, after, func(a, b edge) bool { return a.name == b.name && slices.Equal(a.statuses, b.statuses) }) {
			return n
		}
	}
	n := &newAction{name: u.unused("If_" + name), home: home, after: after, value: value}
	n.then, n.otherwise = &branch{owner: n}, &branch{owner: n}
	home.actions = append(home.actions, n)
	return n
}

// loop makes the action in which the next one stands.
func (u *upgrade) loop(a *oldAction, name string, home *branch, after []edge, value expr.Value) (*branch, []edge) {
	n := &newAction{name: u.unused(name), home: home, after: after, value: value}
	n.then = &branch{owner: n}
	home.actions = append(home.actions, n)
	if a.outer == nil {
		a.outer = n
	}
	return n.then, nil
}

func untilValue(until expr.Value) expr.Value {
	var expressions []string
	for _, c := range memberOf(until, "conditions").Elements() {
		if text, ok := memberOf(c, "expression").AsString(); ok {
			expressions = append(expressions, text)
		}
	}
	v := object("type", expr.String(string(TypeUntil)), "expression", expr.String(all(expressions)))
	if limit, ok := until.Get("limit"); ok {
		v = v.With("limit", limit)
	}
	return v
}

// all is the expression that holds when each of the list does.
func all(expressions []string) string {
	if len(expressions) == 1 {
		return expressions[0]
	}
	parts := make([]string, len(expressions))
	for i, e := range expressions {
		parts[i] = strings.TrimPrefix(e, "@")
	}
	return "@and(" + strings.Join(parts, ", ") + ")"
}

// unused makes a name that no action has.
func (u *upgrade) unused(name string) string {
	found := name
	for i := 2; u.taken[fold(found)]; i++ {
		found = fmt.Sprintf("%s_%d", name, i)
	}
	u.taken[fold(found)] = true
	return found
}

// value writes a branch.
func (b *branch) value() expr.Value {
	members := make([]expr.Member, len(b.actions))
	for i, n := range b.actions {
		after := expr.Object()
		for _, e := range n.after {
			after = after.With(e.name, stringsValue(e.statuses))
		}
		v := n.value
		if n.then != nil {
			v = v.With("actions", n.then.value())
		}
		if n.otherwise != nil && len(n.otherwise.actions) > 0 {
			v = v.With("else", object("actions", n.otherwise.value()))
		}
		if v.Kind() == expr.KindObject { // else it is refused for that
			v = v.With("runAfter", after)
		}
		members[i] = expr.Member{Name: n.name, Value: v}
	}
	return expr.Object(members...)
}

// object makes one of names and values in turn.
func object(parts ...any) expr.Value {
	members := make([]expr.Member, 0, len(parts)/2)
	for i := 0; i+1 < len(parts); i += 2 {
		members = append(members, expr.Member{Name: parts[i].(string), Value: parts[i+1].(expr.Value)})
	}
	return expr.Object(members...)
}

// A comparison of an action's status with a text, either way round.
var statusForms = sync.OnceValue(func() [2]*regexp.Regexp {
	const status = `actions\(\s*'(?P<name>(?:[^']|'')*)'\s*\)\s*\??\s*(?:\.\s*status|\[\s*'status'\s*\])`
	const text = `'(?P<status>\w+)'`
	return [2]*regexp.Regexp{
		regexp.MustCompile(`(?i)^@?\s*equals\(\s*` + status + `\s*,\s*` + text + `\s*\)$`),
		regexp.MustCompile(`(?i)^@?\s*equals\(\s*` + text + `\s*,\s*` + status + `\s*\)$`),
	}
})

// statusTest reads a condition on the end of one action: @equals(actions('a').status,
// 'Failed'), or several of that action in @or(…); "" if it is none.
func statusTest(condition string) (name string, statuses []string) {
	condition = strings.TrimSpace(condition)
	inner := strings.TrimPrefix(condition, "@")
	if len(inner) > 4 && strings.EqualFold(inner[:3], "or(") && strings.HasSuffix(inner, ")") {
		for _, part := range strings.SplitAfter(inner[3:len(inner)-1], "),") {
			other, ends := statusTest(strings.TrimSuffix(strings.TrimSpace(part), ","))
			if other == "" || name != "" && !strings.EqualFold(name, other) {
				return "", nil
			}
			name, statuses = other, append(statuses, ends...)
		}
		return name, statuses
	}
	for _, form := range statusForms() {
		if m := form.FindStringSubmatch(condition); m != nil {
			status, ok := ParseStatus(m[form.SubexpIndex("status")])
			if !ok {
				return "", nil
			}
			return strings.ReplaceAll(m[form.SubexpIndex("name")], "''", "'"), []string{status.String()}
		}
	}
	return "", nil
}
