package testfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/wdl"
)

// The shapes of all that a test file may hold.

func anything() *shape { return nil }

func text(judge func(*judge, spot, expr.Value)) *shape {
	return &shape{want: "a string", kinds: []expr.Kind{expr.KindString}, judge: judge}
}

func number64(judge func(*judge, spot, expr.Value)) *shape {
	return &shape{want: "a whole number", kinds: []expr.Kind{expr.KindInt}, judge: judge}
}

func list(of *shape, judge func(*judge, spot, expr.Value)) *shape {
	return &shape{want: "an array", kinds: []expr.Kind{expr.KindArray}, each: of, judge: judge}
}

// named is an object whose members have the author's names.
func named(each *shape) *shape {
	return &shape{want: "an object", kinds: []expr.Kind{expr.KindObject}, each: each}
}

func withMembers(strict bool, judge func(*judge, spot, expr.Value), members ...shapeMember) *shape {
	return &shape{want: "an object", kinds: []expr.Kind{expr.KindObject}, members: members, strict: strict, judge: judge}
}

func fileShape() *shape {
	cases := list(caseShape(), nil)
	cases.cases = true
	return withMembers(false, nil,
		shapeMember{"definition", anything()},
		shapeMember{"workflow", text(nil)},
		shapeMember{"kind", text(judgeKind)},
		shapeMember{"cases", cases},
	)
}

func caseShape() *shape {
	return withMembers(false, judgeCase,
		shapeMember{"name", text(nil)},
		shapeMember{"clock", text(judgeClock)},
		shapeMember{"parameters", named(anything())},
		shapeMember{"appSettings", named(text(nil))},
		shapeMember{"trigger", triggerShape()},
		shapeMember{"mocks", list(mockShape(), nil)},
		shapeMember{"expect", expectShape()},
	)
}

func triggerShape() *shape {
	return withMembers(false, judgeTrigger,
		shapeMember{"name", text(nil)},
		shapeMember{"method", text(judgeMethod)},
		shapeMember{"relativePath", text(nil)},
		shapeMember{"queries", named(anything())},
		shapeMember{"headers", named(anything())},
		shapeMember{"body", anything()},
		shapeMember{"bodyText", text(nil)},
		shapeMember{"outputs", anything()},
	)
}

func mockShape() *shape {
	return withMembers(false, judgeMock,
		shapeMember{"action", text(judgeAction)},
		shapeMember{"method", text(judgeMethod)},
		shapeMember{"uri", text(judgePattern)},
		shapeMember{"responses", list(responseShape(), nil)},
	)
}

func responseShape() *shape {
	callback := withMembers(false, nil,
		shapeMember{"after", text(judgeDuration)},
		shapeMember{"headers", named(anything())},
		shapeMember{"queries", named(anything())},
		shapeMember{"body", anything()},
	)
	failure := withMembers(false, judgeFailure, shapeMember{"code", text(nil)}, shapeMember{"message", text(nil)})
	return withMembers(false, nil,
		shapeMember{"status", number64(judgeMockStatus)},
		shapeMember{"headers", named(anything())},
		shapeMember{"body", anything()},
		shapeMember{"error", failure},
		shapeMember{"callback", callback},
	)
}

func expectShape() *shape {
	answer := withMembers(true, nil,
		shapeMember{"status", number64(judgeAnswerStatus)},
		shapeMember{"headers", named(anything())},
		shapeMember{"body", anything()},
	)
	call := withMembers(true, nil,
		shapeMember{"action", text(judgeAction)},
		shapeMember{"method", text(judgeMethod)},
		shapeMember{"uri", text(judgePattern)},
		shapeMember{"headers", named(anything())},
		shapeMember{"body", anything()},
	)
	refusal := withMembers(true, nil, shapeMember{"code", text(nil)}, shapeMember{"contains", text(nil)})
	actions := named(actionShape())
	actions.judge = judgeActions
	return withMembers(true, nil,
		shapeMember{"status", text(judgeStatus)},
		shapeMember{"code", text(nil)},
		shapeMember{"error", refusal},
		shapeMember{"runs", number64(judgeCount)},
		shapeMember{"actions", actions},
		shapeMember{"response", answer},
		shapeMember{"polled", answer},
		shapeMember{"calls", list(call, nil)},
		shapeMember{"variables", named(anything())},
		shapeMember{"saveError", refusal},
	)
}

// actionShape is an expected action, whose repetitions are such again.
func actionShape() *shape {
	repetitions := &shape{want: "a number or an array", kinds: []expr.Kind{expr.KindInt, expr.KindArray}, judge: judgeCount}
	action := withMembers(true, judgeStatus,
		shapeMember{"status", text(judgeStatus)},
		shapeMember{"code", text(nil)},
		shapeMember{"error", withMembers(true, nil, shapeMember{"code", text(nil)}, shapeMember{"contains", text(nil)})},
		shapeMember{"inputs", anything()},
		shapeMember{"outputs", anything()},
		shapeMember{"repetitions", repetitions},
	)
	action.want, action.kinds = "a status or an object", append(action.kinds, expr.KindString)
	repetitions.each = action
	return action
}

// judgeCase knows that every case needs an expectation.
func judgeCase(j *judge, at spot, v expr.Value) {
	if expect, _ := v.Get("expect"); expect.IsNull() {
		j.problem(at, ` has no "expect": it would assert nothing`)
	}
}

func judgeTrigger(j *judge, at spot, v expr.Value) {
	body, _ := v.Get("body")
	other, _ := v.Get("bodyText")
	if !body.IsNull() && !other.IsNull() {
		j.warning(at, `: "bodyText" is sent, "body" is not: give one of them`)
	}
}

func judgeMock(j *judge, at spot, v expr.Value) {
	if responses, _ := v.Get("responses"); responses.IsNull() || responses.Kind() == expr.KindArray && responses.Len() == 0 {
		j.problem(at, ` has no responses: give "responses": [{"status": 200}]`)
	}
}

func judgeFailure(j *judge, at spot, v expr.Value) {
	if code, _ := v.Get("code"); !v.IsNull() && code.Text() == "" {
		j.problem(at, ` has no code: give one, such as "ServiceUnavailable"`)
	}
}

func judgeKind(j *judge, at spot, v expr.Value) {
	kinds := []string{"Stateful", "Stateless"}
	if meant := nearest(v.Text(), kinds); meant != "" {
		j.problem(at, " is %q: did you mean %q?", v.Text(), meant)
	}
}

func judgeClock(j *judge, at spot, v expr.Value) {
	if _, err := time.Parse(time.RFC3339, v.Text()); err != nil && !v.IsNull() {
		j.problem(at, ` is %q: give a time such as "2024-03-15T10:30:45Z"`, v.Text())
	}
}

func judgeDuration(j *judge, at spot, v expr.Value) {
	if v.Text() == "" {
		return
	}
	if _, err := wdl.ParseDuration(v.Text()); err != nil {
		j.problem(at, ` is %q: give an ISO 8601 duration such as "PT5M"`, v.Text())
	}
}

func judgePattern(j *judge, at spot, v expr.Value) {
	if _, err := regexp.Compile(v.Text()); err != nil {
		j.problem(at, " is no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
}

// judgeMethod warns only: methods are the receiver's.
func judgeMethod(j *judge, at spot, v expr.Value) {
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"}
	if meant := nearest(v.Text(), methods); meant != "" {
		j.warning(at, " is %q: did you mean %q?", v.Text(), meant)
	}
}

func judgeMockStatus(j *judge, at spot, v expr.Value) { judgeRange(j, at, v, 200, 599) }

func judgeAnswerStatus(j *judge, at spot, v expr.Value) { judgeRange(j, at, v, 100, 999) }

// judgeRange judges an HTTP status; 0 is none.
func judgeRange(j *judge, at spot, v expr.Value, least, most int64) {
	if n, ok := v.AsInt(); ok && n != 0 && (n < least || n > most) {
		j.problem(at, " must be from %d to %d, it is %d", least, most, n)
	}
}

func judgeCount(j *judge, at spot, v expr.Value) {
	if n, ok := v.AsInt(); ok && n < 0 {
		j.problem(at, " must not be negative, it is %d", n)
	}
}

// judgeStatus refuses a status that no run can have; an object is no status.
func judgeStatus(j *judge, at spot, v expr.Value) {
	status, ok := v.AsString()
	if _, known := wdl.ParseStatus(status); !ok || known || status == "" {
		return
	}
	names := []string{"Succeeded", "Failed", "Skipped", "TimedOut", "Cancelled", "Waiting", "Running", "Aborted", "Ignored", "Faulted", "Paused", "Suspended"}
	if meant := nearest(status, names); meant != "" {
		j.problem(at, ": there is no status %q: did you mean %q?", status, meant)
		return
	}
	j.problem(at, ": there is no status %q: give one of %s", status, strings.Join(names[:5], ", "))
}

// judgeActions judges the names of the actions of which something is expected.
func judgeActions(j *judge, at spot, v expr.Value) {
	for name := range v.Members() {
		j.action(at.member(name), name, "")
	}
}

func judgeAction(j *judge, at spot, v expr.Value) {
	if name := v.Text(); name != "" {
		j.action(at, name, fmt.Sprintf(" is %q", name))
	}
}

// action judges the name of an action. One that the definition does not have is a
// typing error if it is near to one that it has.
func (j *judge) action(at spot, name, is string) {
	if j.actions == nil {
		return
	}
	names := slices.Sorted(maps.Keys(j.actions))
	if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
		return
	}
	if meant := nearest(name, names); meant != "" {
		j.problem(at, "%s: the definition has no such action: did you mean %q?", is, meant)
		return
	}
	j.warning(at, "%s: the definition has no such action, so this never matches: its actions are %s", is, some(names))
}

// some are the first of many names.
func some(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// typesOf are the actions of a definition by name, at any depth, right or wrong as
// they may be. Nil if a template's expressions have not been filled in.
func typesOf(s wdl.Source) map[string]wdl.Type {
	if s.Deployment {
		return nil
	}
	found := map[string]wdl.Type{}
	gather(s.Definition, found, 0)
	return found
}

// maxNesting is far beyond what may be saved.
const maxNesting = 64

// gather adds the actions of a container, or of a branch of one.
func gather(container expr.Value, found map[string]wdl.Type, depth int) {
	if container.Kind() != expr.KindObject || depth > maxNesting {
		return
	}
	actions, _ := container.Get("actions")
	for name, a := range actions.Members() {
		typ, _ := a.Get("type")
		found[name] = wdl.Type(typ.Text())
		gather(a, found, depth+1)
	}
	for _, branch := range [...]string{"else", "default"} {
		b, _ := container.Get(branch)
		gather(b, found, depth+1)
	}
	cases, _ := container.Get("cases")
	for _, c := range cases.Members() {
		gather(c, found, depth+1)
	}
}
