package wdl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wdl-semantics §11.13: what inline code names.
func TestScanCode(t *testing.T) {
	for code, want := range map[string]string{
		`workflowContext.actions.A.outputs`:                          "A",
		`workflowContext.actions.A + workflowContext.actions.B`:      "A B",
		`workflowContext.actions.A + workflowContext.actions.A`:      "A",
		`workflowContext.actions['A b'].outputs`:                     "A b",
		`workflowContext["actions"]["A"]`:                            "A",
		"workflowContext.actions[`A`]":                               "A",
		`workflowContext?.actions?.A?.["outputs"]`:                   "A",
		`workflowContext?.["actions"]?.['A']`:                        "A",
		"workflowContext\n  .actions // mine\n  .A /* b */ .outputs": "A",
		`workflowContext.actions.\u0041`:                             "A",
		`workflowContext.actions.\u{41}b`:                            "Ab",
		`workflowContext.actions["\x41\'\u{e4}\n"]`:                  "A'ä\n",
		`workflowContext.actions.Über_ß1$`:                           "Über_ß1$",
		`globalThis.workflowContext.actions.A`:                       "A",
		`workflowContext.trigger.outputs.body`:                       "trigger",
		`workflowContext.workflow.name`:                              "",
		`workflowContext.nothing`:                                    "",
		`myworkflowContext.actions.A`:                                "",
		`"workflowContext.actions.A"`:                                "",
		`// workflowContext.actions.A`:                               "",
		`/* workflowContext.actions.A */ 1`:                          "",
		"`workflowContext.actions.A ${workflowContext.actions.B + `${workflowContext.actions.C}`} x`": "B C",
		`x = /workflowContext.actions.A/.test(y)`:                                                     "",
		`x = a / b; workflowContext.actions.A / 2`:                                                    "A",
		`return /["'/]/.test(workflowContext.actions.A)`:                                              "A",
		`x = (1) / 2; y = "/" + workflowContext.actions.A`:                                            "A",
		`'it\'s' + workflowContext.actions.A`:                                                         "A",
		"'not closed\nworkflowContext.actions.A":                                                      "A",
		`workflowContext.actions[name]`:                                                               "any",
		`workflowContext.actions["A" + n]`:                                                            "any",
		`const {actions} = workflowContext`:                                                           "any trigger",
		`const {A} = workflowContext.actions`:                                                         "any",
		`return workflowContext`:                                                                      "any trigger",
		`f(workflowContext.actions)`:                                                                  "any",
		`Object.keys(workflowContext.actions).length`:                                                 "any",
		`workflowContext[x]`:                                                                          "any trigger",
		`workflowContext.actions.A ? 1 : .5`:                                                          "A",
		`a?.5:workflowContext.actions.B`:                                                              "B",
		`1.5.toFixed(1) + workflowContext.actions.A`:                                                  "A",
		"`" + strings.Repeat("${`", 1000):                                                             "",
		`workflowContext.actions.`:                                                                    "any",
		`workflowContext`:                                                                             "any trigger",
		"\\":                                                                                          "",
		``:                                                                                            "",
		"#!x\n<!-- workflowContext.actions.A":                                                         "A",
		"\ufeffworkflowContext.actions.A\u00a0+\u2028\u3000\v":                                        "A",
	} {
		r := scanCode(code)
		got := slices.Clone(r.actions)
		if r.any {
			got = append(got, "any")
		}
		if r.trigger {
			got = append(got, "trigger")
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %q, want %q", code, text, want)
		}
	}
}

func FuzzScanCode(f *testing.F) {
	f.Add("workflowContext.actions['A'] + `${workflowContext.trigger}` / /[/]/")
	f.Fuzz(func(t *testing.T, code string) {
		for _, name := range scanCode(code).actions {
			if scanCode("workflowContext.actions." + name); name == "" && !strings.ContainsAny(code, "'\"`\\") {
				t.Fatalf("an action without a name in %q", code)
			}
		}
	})
}

// Every script of the corpus names what a reader finds in it.
func TestScanCorpusCode(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "*.json"))
	if len(files) == 0 {
		t.Skip("SKIPPED: the shared corpus is not there (../shared/corpus): nothing was tested")
	}
	scripts := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &document) != nil {
			continue
		}
		for _, code := range codesIn(document) {
			scripts++
			r := scanCode(code)
			if r.any {
				t.Errorf("%s: computed names in\n%s", file, code)
			}
			if strings.Contains(code, "workflowContext.trigger") != r.trigger {
				t.Errorf("%s: trigger %v in\n%s", file, r.trigger, code)
			}
			if n := strings.Count(code, "workflowContext.actions."); n > 0 != (len(r.actions) > 0) || len(r.actions) > n {
				t.Errorf("%s: %q in\n%s", file, r.actions, code)
			}
		}
	}
	if scripts < 60 {
		t.Errorf("only %d scripts", scripts)
	}
}

// codesIn lists the scripts in a document, each once for each place.
func codesIn(v any) (found []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			found = append(found, codesIn(e)...)
		}
	case map[string]any:
		inputs, _ := v["inputs"].(map[string]any)
		if code, ok := inputs["code"].(string); ok && v["type"] == "JavaScriptCode" {
			found = append(found, code)
		}
		for _, e := range v {
			found = append(found, codesIn(e)...)
		}
	}
	return found
}
