package wdl_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/expr"
	"isle/wdl"
)

var rewriteUpgrades = flag.Bool("rewrite-upgrades", false, "write what Upgrade gives into testdata/upgrade")

// TestUpgrade writes each definition of testdata/upgrade in the current version: a file
// holds the old one, a line "----" and the new one, which must compile.
func TestUpgrade(t *testing.T) {
	files, _ := filepath.Glob("testdata/upgrade/*.txt")
	if len(files) == 0 {
		t.Fatal("no definitions")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			old, want, _ := strings.Cut(string(text), "----\n")
			definition, err := expr.ParseJSON(old)
			if err != nil {
				t.Fatal(err)
			}
			upgraded, ok := wdl.Upgrade(definition)
			if !ok {
				t.Fatal("it was not upgraded")
			}
			if _, problems := wdl.Compile(upgraded, expr.Null(), wdl.Options{}); problems.Failed() {
				t.Errorf("what comes out does not compile: %v", problems)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, upgraded.JSON(), "", " "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			if *rewriteUpgrades {
				if err := os.WriteFile(file, []byte(old+"----\n"+got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got.String() != want {
				t.Errorf("got\n%s", got.String())
			}
		})
	}
}

// TestUpgradeOfRealDefinitions: the old definitions among the real ones compile once
// they are upgraded, but for what is wrong with them.
func TestUpgradeOfRealDefinitions(t *testing.T) {
	for number, broken := range map[string]string{"644": "", "645": "HTTP_3"} { // an action that is not there
		text, err := os.ReadFile(filepath.Join("..", "..", "shared", "corpus", number+".json"))
		if os.IsNotExist(err) {
			t.Skip("SKIPPED: ../shared is not beside this checkout")
		}
		if err != nil {
			t.Fatal(err)
		}
		var entry struct {
			Definition expr.Value `json:"definition"`
		}
		if err := json.Unmarshal(text, &entry); err != nil {
			t.Fatal(err)
		}
		upgraded, ok := wdl.Upgrade(entry.Definition)
		if !ok {
			t.Fatalf("%s was not upgraded", number)
		}
		_, problems := wdl.Compile(upgraded, expr.Null(), wdl.Options{})
		if problems.Failed() != (broken != "") || broken != "" && !strings.Contains(problems.Error(), broken) {
			t.Errorf("%s: %v", number, problems)
		}
	}
}

// FuzzUpgrade: whatever is upgraded is an answer, and is upgraded no further.
func FuzzUpgrade(f *testing.F) {
	files, _ := filepath.Glob("testdata/upgrade/*.txt")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		f.Add(strings.Split(string(text), "----")[0])
	}
	f.Add(`{"$schema":"/2015-08-01-preview/workflowdefinition.json#","actions":{"a":{"conditions":[{"dependsOn":"b"},{"expression":"@x"}]},"b":{"dependsOn":["a","c"],"until":1,"forEach":[]},"c":{"conditions":[{"dependsOn":"a"},{"expression":"@equals(actions('b').status,'Skipped')"}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		definition, err := expr.ParseJSON(text)
		if err != nil {
			return
		}
		upgraded, ok := wdl.Upgrade(definition)
		if again, twice := wdl.Upgrade(upgraded); twice || !ok && !expr.Equal(again, definition) {
			t.Fatalf("upgraded twice: %s", again.JSON())
		}
		wdl.Compile(upgraded, expr.Null(), wdl.Options{})
	})
}

// A document of the older schema version is taken as what it is upgraded to, with a
// warning that says how to have that; what is wrong with it is told at its place.
func TestADocumentOfTheOlderVersionIsUpgraded(t *testing.T) {
	const document = `{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2015-08-01-preview/workflowdefinition.json#",
"triggers":{"manual":{"type":"Manual"}},
"actions":{"a":{"type":"Http","inputs":{"method":"GET","uri":"https://x"}},
"b":{"type":"Http","inputs":{"uri":"https://x"},"conditions":[{"dependsOn":"a"}]}}}`
	for text, want := range map[string]string{
		document: "1:12 warning schema-version; 4:29 error missing",
		strings.Replace(document, `{"uri":`, `{"method":"GET","uri":`, 1): "1:12 warning schema-version",
	} {
		sources, err := wdl.Open([]byte(text))
		if err != nil || len(sources) != 1 {
			t.Fatal(sources, err)
		}
		program, problems := sources[0].Compile(wdl.Options{})
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Severity, p.Rule))
		}
		if strings.Join(got, "; ") != want || (program == nil) != problems.Failed() || !strings.Contains(problems[0].Message, "generateUpgradedDefinition") {
			t.Errorf("got %s, want %s", strings.Join(got, "; "), want)
		}
		if program != nil && len(program.Actions) != 2 {
			t.Errorf("it has %d actions", len(program.Actions))
		}
	}
}
