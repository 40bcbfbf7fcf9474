// Command language writes what the portal's editor knows of workflow definitions: a JSON
// schema of them, and the functions of expressions. Both come from the language itself,
// so that an editor offers what the server takes.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

func main() {
	out := flag.String("o", "internal/portal/ui/src/workflows/language.json", "the `file` to write")
	flag.Parse()
	text, err := language()
	if err == nil {
		err = os.WriteFile(*out, text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "language:", err)
		os.Exit(1)
	}
}

// function is one of the functions of expressions, as an editor shows it.
type function struct {
	Name      string `json:"name"`
	Signature string `json:"signature"`
	Category  string `json:"category"`
	Summary   string `json:"summary"`
	// Arguments says that it takes some, so that the cursor goes between the parentheses.
	Arguments bool `json:"arguments"`
}

// language is the file: {"schema": …, "functions": [{"name": …}]}.
func language() ([]byte, error) {
	var functions []function
	for _, f := range expr.Workflow().Functions() {
		if !f.Deprecated {
			functions = append(functions, function{f.Name, f.Signature(), f.Category, f.Summary, f.Max != 0})
		}
	}
	listed, err := json.Marshal(functions)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	whole := fmt.Appendf(nil, `{"schema":%s,"functions":%s}`, wdl.EditorSchema(engine.Supported).JSON(), listed)
	if err := json.Indent(&text, whole, "", " "); err != nil {
		return nil, err
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}
