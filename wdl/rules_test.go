package wdl_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"isle/expr"
	"isle/wdl"
)

// script is one case of testdata/rules: a title with options, a definition, and
// below ---- the problems, or "ok".
type script struct{ title, definition string }

func readScripts(t *testing.T, path string) []script {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []script
	for part := range strings.SplitSeq("\n"+string(text), "\n== ") {
		head, _, found := strings.Cut(part, "\n----\n")
		if !found {
			continue
		}
		title, definition, _ := strings.Cut(head, "\n")
		list = append(list, script{title, definition})
	}
	return list
}

// options reads "; kind=Stateful ; parameters={…} ; unsupported=A,B" of a title.
func (s script) options(t *testing.T) (o wdl.Options, parameters expr.Value) {
	t.Helper()
	for part := range strings.SplitSeq(s.title, " ; ") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "kind":
			o.Kind = value
		case "parameters":
			v, err := expr.ParseJSON([]byte(value))
			if err != nil {
				t.Fatal(err)
			}
			parameters = v
		case "unsupported":
			o.Supported = func(_ wdl.ItemKind, typ string) bool { return !slices.Contains(strings.Split(value, ","), typ) }
		}
	}
	return o, parameters
}

// TestRules runs the scripts. Each rule has one, in which it is broken.
func TestRules(t *testing.T) {
	for _, rule := range wdl.Rules() {
		t.Run(string(rule), func(t *testing.T) {
			path := filepath.Join("testdata", "rules", string(rule)+".txt")
			var out bytes.Buffer
			broken := false
			for i, s := range readScripts(t, path) {
				if i > 0 {
					out.WriteByte('\n')
				}
				fmt.Fprintf(&out, "== %s\n%s\n----\n", s.title, s.definition)
				definition, err := expr.ReadJSON([]byte(s.definition))
				if err != nil {
					t.Fatal(s.title, err)
				}
				o, parameters := s.options(t)
				o.Text = []byte(s.definition)
				program, problems := wdl.Compile(definition, parameters, o)
				if (program == nil) != problems.Failed() {
					t.Errorf("%s: program and problems disagree", s.title)
				}
				if len(problems) == 0 {
					out.WriteString("ok\n")
				}
				for _, p := range problems {
					broken = broken || p.Rule == rule
					fmt.Fprintf(&out, "%s (%s)\n", p, p.Rule)
				}
			}
			if !broken {
				t.Errorf("no script of %s breaks the rule", path)
			}
			golden(t, path, out.Bytes())
		})
	}
}
