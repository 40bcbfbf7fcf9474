package engine

import (
	"strings"
	"sync"

	"isle/expr"
	"isle/wdl"
)

// The Expression action (wdl-semantics §11.6). Each kind is a function of the
// language over the action's inputs, and fails in that function's words.

// timeKinds gives each kind, in lower case, its template over the inputs.
var timeKinds = sync.OnceValue(func() map[string]*expr.Template {
	const form = "coalesce(item()?['formatString'], 'o')"
	templates := make(map[string]*expr.Template)
	for kind, text := range map[string]string{
		"addtotime":        "@addToTime(item()?['baseTime'], item()?['interval'], item()?['timeUnit'], " + form + ")",
		"subtractfromtime": "@subtractFromTime(item()?['baseTime'], item()?['interval'], item()?['timeUnit'], " + form + ")",
		"converttimezone":  "@convertTimeZone(item()?['baseTime'], item()?['sourceTimeZone'], item()?['destinationTimeZone'], " + form + ")",
		"currenttime":      "@utcNow(" + form + ")",
		"getfuturetime":    "@getFutureTime(item()?['interval'], item()?['timeUnit'], " + form + ")",
		"getpasttime":      "@getPastTime(item()?['interval'], item()?['timeUnit'], " + form + ")",
	} {
		templates[kind], _ = expr.Workflow().CompileString(text)
	}
	return templates
})

func timeAction(a *wdl.Action, e *env) (done, error) {
	inputs, err := evalInputs(a, e)
	if err != nil {
		return done{}, err
	}
	v, err := e.row(inputs, timeKinds()[strings.ToLower(a.Kind)])
	return done{inputs: inputs, hasInputs: a.Inputs != nil, outputs: bodyOf(v), hasOutputs: true, code: codeOK}, err
}
