package main

import (
	"errors"
	"strings"
	"testing"

	"isle/expr"
)

// An answer of what-if is shown as az shows it; what would be refused is an error.
func TestWhatIfIsShown(t *testing.T) {
	const group = `/subscriptions/s/resourceGroups/g`
	const flow = group + `/providers/Microsoft.Logic/workflows/`
	answer, err := expr.ParseJSON([]byte(`{"status":"Succeeded","properties":{"changes":[
		{"resourceId":"` + group + `","changeType":"Create","after":{"apiVersion":"2021-04-01","location":"local"}},
		{"resourceId":"` + flow + `a","changeType":"Create","after":{"apiVersion":"2019-05-01","name":"a","properties":{"state":"Enabled","definition":{}},"tags":["x"]}},
		{"resourceId":"` + flow + `b","changeType":"Modify","before":{},"after":{"apiVersion":"2019-05-01"},"delta":[
			{"path":"tags.a","propertyChangeType":"Delete","before":"1"},
			{"path":"tags.b","propertyChangeType":"Create","after":{"c":1}},
			{"path":"properties.state","propertyChangeType":"Modify","before":"Enabled","after":"Disabled"},
			{"path":"properties.list","propertyChangeType":"Array","children":[{"path":"0","propertyChangeType":"Modify","before":1,"after":2},
				{"path":"1","propertyChangeType":"Modify","before":"` + strings.Repeat("x", 40) + `","after":"` + strings.Repeat("y", 40) + `"}]}]},
		{"resourceId":"` + flow + `c","changeType":"Unsupported","unsupportedReason":"Not yet."},
		{"resourceId":"` + flow + `d","changeType":"NoChange"},
		{"resourceId":"` + flow + `e","changeType":"Ignore"}],
		"diagnostics":[{"level":"Error","code":"InvalidTemplate","message":"No.","target":"` + flow + `a"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := showWhatIf(&out, answer); !errors.Is(err, errRefused) {
		t.Errorf("%v", err)
	}
	if got := out.String(); got != whatIfShown {
		t.Errorf("shown:\n%s", got)
	}
	out.Reset()
	if err := showWhatIf(&out, expr.Object()); err != nil || out.String() != "Resource changes: no change.\n" {
		t.Errorf("of nothing: %v, %s", err, out.String())
	}
}

const whatIfShown = `Resource and property changes are indicated with these symbols:
  + Create
  ~ Modify
  = NoChange
  x Unsupported
  * Ignore

  + resourceGroups/g [2021-04-01]

      apiVersion: "2021-04-01"
      location: "local"

  + Microsoft.Logic/workflows/a [2019-05-01]

      apiVersion: "2019-05-01"
      name: "a"
      properties.state: "Enabled"
      properties.definition: {}
      tags: ["x"]

  ~ Microsoft.Logic/workflows/b [2019-05-01]
    - tags.a: "1"
    + tags.b: {"c":1}
    ~ properties.state: "Enabled" => "Disabled"
    ~ properties.list: [
      ~ 0: 1 => 2
      ~ 1: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        => "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
      ]

  x Microsoft.Logic/workflows/c
    Not yet.
  = Microsoft.Logic/workflows/d
  * Microsoft.Logic/workflows/e
Resource changes: 2 to create, 1 to modify, 1 no change, 1 unsupported, 1 to ignore.

Diagnostics (1):
  Error InvalidTemplate: No. (Microsoft.Logic/workflows/a)
`
