package connector

import (
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

const sanitised = engine.Sanitised

// Sanitise gives the inputs as a history may show them, and whether anything had
// to be hidden: the secrets of the authentication, the headers that carry
// credentials, and signatures in addresses (wdl-semantics §11.11). An operation
// reports such inputs with its outcome; while it is under way the record still holds
// the real ones, sealed, because they may be needed again after a crash. So who
// shows the record of an action that has not ended goes through here too.
func Sanitise(inputs expr.Value) (expr.Value, bool) {
	out, changed := inputs, false
	replace := func(name string, hide func(expr.Value) (expr.Value, bool)) {
		v, ok := out.Get(name)
		if !ok {
			return
		}
		if hidden, ok := hide(v); ok {
			out, changed = withMember(out, name, hidden), true
		}
	}
	replace("authentication", hideAuthentication)
	replace("headers", func(v expr.Value) (expr.Value, bool) { return hideMembers(v, engine.SecretHeader) })
	replace("queries", func(v expr.Value) (expr.Value, bool) { return hideMembers(v, engine.SecretQuery) })
	replace("cookie", hideAll)
	replace("subscriptionKey", hideAll)
	replace("uri", engine.SanitiseAddress)
	return out, changed
}

// Shown gives the inputs of a record as a history may show them. An action that ended
// before its operation reported still has the real ones.
func Shown(rec *engine.Record) expr.Value {
	inputs := rec.Inputs
	if !calls(rec.Type) && rec.Status.Final() {
		return inputs
	}
	inputs, _ = Sanitise(inputs)
	for _, name := range [...]string{"subscribe", "unsubscribe"} {
		if request, ok := inputs.Get(name); ok && rec.Callback != "" {
			request, _ = Sanitise(request)
			inputs = withMember(inputs, name, request)
		}
	}
	inputs, _ = HideCallback(inputs, rec.Callback)
	return inputs
}

// Unreported tells records whose inputs may still be those that were evaluated, because
// no operation has reported what it sent: what of them is kept as contents must be
// looked into before it is shown.
func Unreported(rec *engine.Record) bool {
	reported := rec.Status == wdl.Succeeded || rec.Status == wdl.Failed
	return calls(rec.Type) && (!reported || rec.Callback != "")
}

// calls lists the types whose inputs may hold credentials for a peer.
func calls(t wdl.Type) bool {
	switch t {
	case wdl.TypeHTTP, wdl.TypeHTTPWebhook, wdl.TypeAPIConnection, wdl.TypeAPIConnectionWebhook, wdl.TypeFunction,
		wdl.TypeAPIManagement, wdl.TypeWorkflow, wdl.TypeSendToBatch:
		return true
	}
	return false
}

// SanitiseOutputs gives the outputs of a trigger or an action as a history may show
// them: without the headers that carry credentials and cookies, and without signatures
// in the addresses that headers name. The run itself keeps them, as a workflow may send
// the cookie on that it got.
func SanitiseOutputs(outputs expr.Value) (expr.Value, bool) {
	headers, ok := outputs.Get("headers")
	if !ok {
		return outputs, false
	}
	changed := false
	for name, v := range headers.Members() {
		if shown, hidden := engine.SanitiseHeader(name, v); hidden {
			headers, changed = headers.With(name, shown), true
		}
	}
	if !changed {
		return outputs, false
	}
	return withMember(outputs, "headers", headers), true
}

// withMember keeps the spelling of a member that is found ignoring case.
func withMember(v expr.Value, name string, member expr.Value) expr.Value {
	for existing := range v.Members() {
		if strings.EqualFold(existing, name) {
			return v.With(existing, member)
		}
	}
	return v.With(name, member)
}

func hideAll(v expr.Value) (expr.Value, bool) {
	return expr.String(sanitised), !v.IsNull()
}

// hideAuthentication hides a text that holds the object as a whole.
func hideAuthentication(v expr.Value) (expr.Value, bool) {
	if v.Kind() != expr.KindObject {
		return hideAll(v)
	}
	return hideMembers(v, func(name string) bool {
		switch strings.ToLower(name) {
		case "password", "secret", "pfx", "value", "parameter":
			return true
		}
		return false
	})
}

func hideMembers(v expr.Value, secret func(name string) bool) (expr.Value, bool) {
	changed := false
	for name, member := range v.Members() {
		if secret(name) && !member.IsNull() {
			v, changed = v.With(name, expr.String(sanitised)), true
		}
	}
	return v, changed
}
