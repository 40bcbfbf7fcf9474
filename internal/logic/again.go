package logic

import (
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

// again says how a run is resubmitted. The zero again is as it was, from the start.
type again struct {
	edit    edit
	actions []string // to begin at
	failed  bool     // begin where the run failed
}

// edit changes what a trigger brought. The zero edit leaves it.
type edit struct {
	change func(had expr.Value) expr.Value
	whole  bool // nothing of what the trigger brought is left
}

// Members of the request to resubmit.
const (
	againBody    = "body"              // of the outputs of the trigger
	againOutputs = "outputs"           // of the trigger
	againActions = "actionsToResubmit" // [{"name": "…"}]
	againFrom    = "from"              // "failed"
)

// readAgain reads the request to resubmit a run, and tells all that is wrong with it.
func readAgain(body expr.Value) (again, error) {
	var g again
	if body.IsNull() {
		return g, nil
	}
	if body.Kind() != expr.KindObject {
		return g, arm.Invalid(wdl.CodeInvalidRequestContent, "", "The request content must be an object, with any of 'actionsToResubmit' or 'from', and of 'outputs' or 'body'. Without content the run begins at the start, with what it had.")
	}
	var problems []*arm.Error
	wrong := func(target, format string, args ...any) {
		problems = append(problems, arm.Invalid(wdl.CodeInvalidRequestContent, target, format, args...))
	}
	for name, v := range body.Members() {
		switch name {
		case againBody:
			g.edit = bodyEdit(v)
		case againOutputs:
			if v.Kind() != expr.KindObject {
				wrong(name, "The outputs of a trigger are an object, such as {\"headers\":{},\"body\":{}}.")
			}
			g.edit = edit{whole: true, change: func(expr.Value) expr.Value { return v }}
		case againActions:
			if g.actions = actionNames(v); len(g.actions) == 0 {
				wrong(name, "The actions to begin at are an array of objects with their names, such as [{\"name\":\"Send\"}].")
			}
		case againFrom:
			if from, _ := v.AsString(); !strings.EqualFold(from, "failed") {
				wrong(name, "The only value of 'from' is \"failed\": begin at the actions that failed, timed out or were cut off.")
			}
			g.failed = true
		default:
			wrong(name, "The member '%s' is not known. There are 'actionsToResubmit', 'from', 'outputs' and 'body'.", name)
		}
	}
	if both(body, againBody, againOutputs) {
		wrong(againBody, "Give 'outputs', which the trigger is to have instead of its own, or 'body', in the place of theirs; not both.")
	}
	if both(body, againActions, againFrom) {
		wrong(againFrom, "Name the actions to begin at, or give 'from'; not both.")
	}
	if len(problems) > 0 {
		return again{}, arm.Problems(problems)
	}
	return g, nil
}

func both(body expr.Value, a, b string) bool {
	_, one := body.Get(a)
	_, other := body.Get(b)
	return one && other
}

func bodyEdit(content expr.Value) edit {
	return edit{change: func(had expr.Value) expr.Value {
		if had.Kind() != expr.KindObject {
			return object(member("body", content))
		}
		return had.With("body", content)
	}}
}

// actionNames reads [{"name": "…"}]; nil if it is something else.
func actionNames(list expr.Value) (names []string) {
	if list.Kind() != expr.KindArray {
		return nil
	}
	for _, e := range list.Elements() {
		v, _ := e.Get("name")
		name, ok := v.AsString()
		if e.Kind() != expr.KindObject || e.Len() != 1 || !ok || name == "" {
			return nil
		}
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	return names
}

// readBulkAgain reads the request to resubmit many runs, which are begun with what they
// had.
func readBulkAgain(body expr.Value) (again, error) {
	g, err := readAgain(body)
	if err == nil && g.edit.change != nil {
		err = arm.Invalid(wdl.CodeInvalidRequestContent, "", "Many runs are begun with what each was begun with: 'outputs' and 'body' are for one run.")
	}
	return g, err
}
