package testfile

import (
	"fmt"
	"slices"
	"strings"

	"isle/engine"
	"isle/wdl"
)

// causes names the first actions that failed, in the order in which they ended, and
// not what failed only since something in it did.
func causes(program *wdl.Program, all []engine.Record) string {
	const most = 3
	var failed []engine.Record
	for _, r := range all {
		own := !r.Type.IsContainer() || r.Error != nil && r.Error.Code != "ActionFailed"
		if own && !r.Iteration && (r.Status == wdl.Failed || r.Status == wdl.TimedOut) {
			failed = append(failed, r)
		}
	}
	slices.SortStableFunc(failed, func(x, y engine.Record) int { return x.End.Compare(y.End) })
	var b strings.Builder
	for i := range failed[:min(most, len(failed))] {
		b.WriteString("; " + cause(program, &failed[i]))
	}
	if more := len(failed) - most; more > 0 {
		fmt.Fprintf(&b, "; %d more failed", more)
	}
	return b.String()
}

// maxCause is how much of an error's message is shown.
const maxCause = 400

// cause is an action and why it failed, on one line.
func cause(program *wdl.Program, r *engine.Record) string {
	var b strings.Builder
	b.WriteString("actions." + r.Action)
	for _, level := range r.Repetition {
		fmt.Fprintf(&b, "[%d]", level.Index)
	}
	fmt.Fprintf(&b, " is %s: %s", r.Status, r.Code)
	if r.Error == nil || hidden(program, r) {
		return b.String()
	}
	if r.Error.Code != r.Code {
		b.WriteString(": " + r.Error.Code)
	}
	if text := strings.Join(strings.Fields(r.Error.Message), " "); len(text) > maxCause {
		b.WriteString(": " + strings.ToValidUTF8(text[:maxCause], "") + "…")
	} else if text != "" {
		b.WriteString(": " + text)
	}
	return b.String()
}

// hidden says whether an error may quote secured data. A record without inputs does
// not say that they would have been hidden, nor does one of a condition: then it may
// if there is any such data.
func hidden(program *wdl.Program, r *engine.Record) bool {
	a := program.Actions[r.Index]
	if r.SecureInputs || r.SecureOutputs || a.SecureInputs || a.SecureOutputs {
		return true
	}
	return (!r.HasInputs || r.Type.IsContainer()) &&
		(slices.ContainsFunc(program.Triggers, func(t *wdl.Trigger) bool { return t.SecureInputs || t.SecureOutputs }) ||
			slices.ContainsFunc(program.Actions, func(a *wdl.Action) bool { return a.SecureInputs || a.SecureOutputs }))
}
