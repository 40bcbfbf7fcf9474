package engine

import (
	"testing"

	"isle/expr"
	"isle/wdl"
)

// wdl-semantics §12.9, §14.1: trackedProperties of a trigger are evaluated as its run
// begins, or is held, see the firing and the parameters, and are kept with the run; not
// beside secured data. One that cannot be evaluated is left out.
func TestTrackedPropertiesOfTheTrigger(t *testing.T) {
	for name, test := range map[string]struct{ trigger, want string }{
		"outputs":   {`"trackedProperties":{"n":"@triggerBody()['n']","text":"@{trigger()['name']} of @{parameters('p')}","self":"@action()['outputs']['body']['n']"}`, `{"n":7,"text":"manual of 5","self":7}`},
		"constant":  {`"trackedProperties":{"a":{"b":[1]}}`, `{"a":{"b":[1]}}`},
		"failing":   {`"trackedProperties":{"n":"@int('x')"}`, ``},
		"none":      {`"trackedProperties":{}`, ``},
		"secured":   {`"trackedProperties":{"n":1},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}`, ``},
		"secure in": {`"trackedProperties":{"n":1},"runtimeConfiguration":{"secureData":{"properties":["inputs"]}}`, ``},
	} {
		for _, first := range []Event{Begin{}, Hold{}} {
			def, err := expr.ReadJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
				"contentVersion":"1.0.0.0","parameters":{"p":{"type":"int","defaultValue":5}},"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{},` + test.trigger + `}},
				"actions":{"A":{"type":"Compose","inputs":"@guid()","runAfter":{}}}}`))
			if err != nil {
				t.Fatal(err)
			}
			program, problems := wdl.Compile(def, expr.Null(), wdl.Options{Supported: Supported})
			if program == nil {
				t.Fatal(problems)
			}
			p := newPlayer(t, &Workflow{Program: program, ID: "/workflows/w", Name: "w"}, Start{Seed: 1})
			p.step(first)
			if p.last.Summary.Held {
				p.step(Begin{})
			}
			p.play()
			fired, err := DecodeTrigger(p.head, p.rows)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if fired.Tracked {
				got = string(fired.TrackedProperties.JSON())
			}
			if got != test.want || !fired.HasOutputs {
				t.Errorf("%s, %T: %s, want %s", name, first, got, test.want)
			}
		}
	}
}
