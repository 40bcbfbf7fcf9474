package wdl_test

import (
	"fmt"

	"isle/wdl"
)

// A linter opens the text of a file, whatever form it has, and prints what is wrong
// with each definition in it.
func Example() {
	const file = `{
  "definition": {
    "triggers": {"manual": {"type": "Request"}},
    "actions": {
      "Größe": {"type": "Compose", "inputs": "@lenght(triggerBody())"},
      "Answer": {"type": "Response", "inputs": {"body": "@outputs('Größe')"}, "runAftr": {"Größe": ["Succeeded"]}}
    }
  }
}`
	sources, err := wdl.Open([]byte(file))
	if err != nil {
		fmt.Println(err) // no JSON, or no definition in it
		return
	}
	for _, source := range sources {
		program, problems := source.Compile(wdl.Options{})
		for _, p := range problems {
			fmt.Printf("%d:%d %s %s: %s\n", p.Line, p.Column, p.Severity, p.Rule, p.Message)
		}
		fmt.Println("can be saved:", program != nil)
	}
	// Output:
	// 5:46 error expression: The template action 'Größe' at line '5' and column '46' is not valid: "The template function 'lenght' is not defined or not valid.". Did you mean 'length'?
	// 6:48 error missing: The 'inputs' of workflow run action 'Answer' of type 'Response' is not valid. Property 'statusCode' is missing.
	// 6:90 warning unknown-member: The template action 'Answer' at line '6' and column '90' has the member 'runAftr', which is ignored: did you mean 'runAfter'?
	// can be saved: false
}
