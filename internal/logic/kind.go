package logic

import (
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

// The kind of a workflow stands beside its properties, as in single-tenant projects.
// Clients that do not know it leave it out, which changes nothing.
const kindStateless = "Stateless"

// tagRunHistory on a stateless workflow, with the value "all", has the history of
// runs that succeeded stored too.
const tagRunHistory = "isle-run-history"

// readKind is the kind that a request gives, "" for none.
func readKind(body expr.Value, found *arm.Found) string {
	v, _ := body.Get("kind")
	if v.IsNull() {
		return ""
	}
	kind, ok := arm.Choice(v.Text(), "Stateful", kindStateless)
	if !ok {
		found.Add(wdl.CodeInvalidRequestContent, "kind", "The kind '%s' of the workflow is not valid. Give Stateful or Stateless, or leave it out.", v.Text())
	}
	return kind
}

// checkStateless refuses what needs a run that outlives the process, or that is
// counted: stateless runs are not stored while they run.
func checkStateless(program *wdl.Program, found *arm.Found) {
	const code, target = "StatelessWorkflowNotSupported", "properties.definition"
	for _, t := range program.Triggers {
		if t.Runs > 0 || t.Options.Has(wdl.SingleInstance) {
			found.Add(code, target+".triggers."+t.Name, "The trigger '%s' limits how many runs there are at a time, which is not possible for a workflow of kind 'Stateless'. Remove the limit, or make the workflow Stateful.", t.Name)
		}
		if t.Type == wdl.TypeBatch {
			found.Add(code, target+".triggers."+t.Name, "The trigger '%s' of type 'Batch' is not possible for a workflow of kind 'Stateless'. Make the workflow Stateful.", t.Name)
		}
	}
	for _, a := range program.Actions {
		if a.Type == wdl.TypeHTTPWebhook || a.Type == wdl.TypeAPIConnectionWebhook {
			found.Add(code, target+".actions."+a.Name, "The action '%s' of type '%s' waits for a callback, which is not possible in a workflow of kind 'Stateless'. Make the workflow Stateful.", a.Name, string(a.Type))
		}
	}
}

// keepsHistory says whether the tags ask for the history of all runs.
func keepsHistory(tags expr.Value) bool {
	for name, v := range tags.Members() {
		if strings.EqualFold(name, tagRunHistory) {
			return strings.EqualFold(v.Text(), "all")
		}
	}
	return false
}
