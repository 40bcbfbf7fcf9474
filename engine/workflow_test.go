package engine

import (
	"testing"

	"isle/expr"
	"isle/wdl"
)

// The value of a single-tenant parameter may be an expression over the application
// settings; it is evaluated when it is read, and everything else in it fails.
func TestParametersThatAreExpressions(t *testing.T) {
	doc := `{"kind":"Stateful","definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
		"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},
		"parameters":{"good":{"type":"String","defaultValue":"@appsetting('url')"},"text":{"type":"String","defaultValue":"@{appsetting('url')}/v1"},
			"none":{"type":"String","defaultValue":"@appsetting('none')"},"given":{"type":"String","defaultValue":"@appsetting('url')"}},
		"actions":{"A":{"type":"Compose","inputs":["@parameters('good')","@parameters('text')","@parameters('given')"]},
			"B":{"type":"Compose","inputs":"@parameters('none')"}}}}`
	sources, err := wdl.Open([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := sources[0].Compile(wdl.Options{Supported: Supported})
	if program == nil {
		t.Fatal(problems)
	}
	w := &Workflow{Program: program, Settings: map[string]string{"url": "https://x"},
		Parameters: map[string]expr.Value{"given": expr.String("data")}}
	p := newPlayer(t, w, Start{}).play()
	if got := string(p.record("A").Outputs.JSON()); got != `["https://x","https://x/v1","data"]` {
		t.Error(got)
	}
	if rec := p.record("B"); rec.Status != wdl.Failed || rec.Error.Code != codeTemplate {
		t.Errorf("%v %v", rec.Status, rec.Error)
	}
}
