package engine

import (
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/wdl"
)

// frame is one repetition that is open: the top level or an iteration of a loop.
type frame struct {
	layout *layout
	parent *frame
	loop   *loop // whose iteration this is; nil at the top level
	index  int   // of the iteration
	open   int   // children of the layout's container that are not closed
	slots  []slot
	start  time.Time

	queue   []int32 // actions that can go on, first in first out
	stacked bool    // on Run.stack

	scope string // lazily built by path
	row   []byte // items of this step
	dirty bool   // on Run.dirty

	judged *moment // of an Until: when its condition is evaluated after this iteration
}

// slot is the state of one action in one frame.
type slot struct {
	state  slotState
	status wdl.Status // when closed
	open   int32      // container: children that are not closed
	rec    *record    // nil while idle
}

type slotState uint8

const (
	idle  slotState = iota
	ready           // in the frame's queue
	running
	closed
)

// record is what Record is made of, and what an open action still needs.
type record struct {
	status     wdl.Status
	code       string
	err        *Error
	start, end time.Time
	tracking   guid

	inputs, outputs       expr.Value
	hasInputs, hasOutputs bool
	stored                bool // an earlier row holds the inputs
	tracked               expr.Value
	retries               []Retry
	count                 int // Until: iterations; Foreach: items
	attempts              int
	progress              expr.Value // of an open call: Outcome.Progress
	callback              string     // URL that a webhook has handed on
	repeated              bool       // a request was made again after a restart
	judged                *moment    // If, Switch: when the condition was evaluated; nil: it was not, or is of an older form

	loop   *loop   // open loop
	flight *flight // open call or wait
}

// loop is the state of an open Foreach or Until.
type loop struct {
	action *wdl.Action
	home   *frame
	items  expr.Value // Foreach: the collection, possibly a reference
	total  int        // Foreach: number of items
	width  int        // Foreach: most iterations at once
	next   int        // iterations opened so far
	open   []*frame   // ascending by index
	queued bool       // in home.queue

	failed, timedOut int        // closed iterations
	last             wdl.Status // Until: of the last iteration
	limit            int        // Until
	deadline         time.Time  // Until
}

func newFrame(l *layout, parent *frame, of *loop, index int, now time.Time) *frame {
	return &frame{
		layout: l, parent: parent, loop: of, index: index,
		open: len(l.container.Actions), slots: make([]slot, len(l.actions)), start: now,
	}
}

// path is the frame's scope (see Row).
func (f *frame) path() string {
	if f.parent != nil && f.scope == "" {
		f.scope = string(appendScope([]byte(f.parent.path()), f.layout.loop.Name, f.index))
	}
	return f.scope
}

// appendScope adds one level to a scope. "%", "/" and ":" of a name are escaped, so
// that a scope means one repetition only.
func appendScope(b []byte, loop string, index int) []byte {
	if len(b) > 0 {
		b = append(b, '/')
	}
	b = appendScopeName(b, loop)
	return appendIndex(append(b, ':'), index)
}

var scopeEscapes = strings.NewReplacer("%", "%25", "/", "%2F", ":", "%3A", "$", "%24")

func appendScopeName(b []byte, loop string) []byte {
	if strings.ContainsAny(loop, "%/:$") {
		loop = scopeEscapes.Replace(loop)
	}
	return append(b, loop...)
}

// appendIndex writes at least six digits, so that scopes sort by iteration.
func appendIndex(b []byte, index int) []byte {
	for limit := 100000; limit > 1 && index < limit; limit /= 10 {
		b = append(b, '0')
	}
	return appendInt(b, index)
}

// repetition lists the frame's iterations, outermost first.
func (f *frame) repetition() []RepetitionIndex {
	depth := 0
	for g := f; g.parent != nil; g = g.parent {
		depth++
	}
	if depth == 0 {
		return nil
	}
	path := make([]RepetitionIndex, depth)
	for g := f; g.parent != nil; g = g.parent {
		depth--
		path[depth] = RepetitionIndex{g.layout.loop.Name, g.index}
	}
	return path
}

// slotOf returns the action's slot in f, which must be its frame.
func (r *Run) slotOf(f *frame, action int) *slot { return &f.slots[r.plan.slot[action]] }

// holder returns the frame that holds an action's slot, seen from f: f itself or
// one that encloses it. It is nil if the action is inside a loop that does not
// enclose f.
func (r *Run) holder(f *frame, action int) *frame {
	home := &r.plan.layouts[r.plan.home[action]]
	for ; f != nil; f = f.parent {
		if f.layout == home {
			return f
		}
	}
	return nil
}

var scopeUnescapes = strings.NewReplacer("%25", "%", "%2F", "/", "%3A", ":", "%24", "$")

// parseLevel reads one level of a scope, such as "Loop:000003".
func parseLevel(level string) (RepetitionIndex, bool) {
	name, digits, ok := strings.Cut(level, ":")
	index, err := strconv.ParseUint(digits, 10, 31)
	if strings.Contains(name, "%") {
		name = scopeUnescapes.Replace(name)
	}
	return RepetitionIndex{name, int(index)}, ok && err == nil
}
