package expr

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the scripts in testdata give into them")

// TestScripts runs the scripts in testdata. A script is a list of blocks apart by
// empty lines. A block is
//
//	eval TEMPLATE          one line; \n stands for a line break
//	----
//	the value as JSON, "error: " and the message, or the problems
//
// with read, first and parse for a JSON text, template and condition for a JSON tree instead of one string, arm for one
// string of the deployment dialect, calls for the calls of a tree, and trace for what
// the parts of a condition, or of another tree, come to. A line
// "context JSON" sets what contextual functions read from there on.
func TestScripts(t *testing.T) {
	for _, pattern := range []string{"testdata/*.txt", "testdata/functions/*.txt", "testdata/json/*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no scripts", pattern, err)
		}
		for _, file := range files {
			t.Run(strings.TrimPrefix(file, "testdata/"), func(t *testing.T) { runScript(t, file) })
		}
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	context := Null()
	var out bytes.Buffer
	for i, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		if i > 0 {
			out.WriteString("\n\n")
		}
		command, _, tested := strings.Cut(block, "\n----")
		if rest, ok := strings.CutPrefix(command, "context "); ok {
			context = mustParse(t, rest)
		}
		out.WriteString(command)
		if tested {
			out.WriteString("\n----\n" + runBlock(t, command, &testEnv{context: context}))
		}
	}
	out.WriteString("\n")
	if *rewrite {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, want := strings.Split(out.String(), "\n"), strings.Split(string(text), "\n")
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s:%d\n got %s\nwant %s", file, i+1, got[i], append(want, "the end")[min(i, len(want))])
		}
	}
}

func runBlock(t *testing.T, command string, env Env) string {
	lines := strings.Split(command, "\n")
	verb, arg, _ := strings.Cut(lines[len(lines)-1], " ")
	var tmpl *Template
	var problems []Problem
	switch verb {
	case "eval":
		tmpl, problems = Workflow().CompileString(strings.ReplaceAll(arg, `\n`, "\n"))
	case "arm":
		tmpl, problems = ResourceTemplate().CompileString(strings.ReplaceAll(arg, `\n`, "\n"))
	case "template", "calls":
		tmpl, problems = Workflow().Compile(mustParse(t, arg))
	case "trace":
		if tmpl, problems = Workflow().CompileCondition(mustParse(t, arg)); problems != nil {
			tmpl, problems = Workflow().Compile(mustParse(t, arg))
		}
	case "condition":
		tmpl, problems = Workflow().CompileCondition(mustParse(t, arg))
	case "read", "first", "parse":
		return readAsScripted(t, verb, arg)
	default:
		t.Fatalf("unknown command %q", verb)
	}
	if problems != nil {
		var lines []string
		for _, p := range problems {
			lines = append(lines, fmt.Sprintf("problem %q:%d %s: %s", p.Pointer, p.Offset, p.Code, p.Message))
		}
		return strings.Join(lines, "\n")
	}
	if verb == "calls" {
		var lines []string
		for _, call := range tmpl.Calls() {
			literals, _ := json.Marshal(call.Literal)
			lines = append(lines, fmt.Sprintf("%s %s at %q:%d in %q", call.Function, literals, call.Pointer, call.Offset, call.Parent))
		}
		return strings.Join(lines, "\n")
	}
	if verb == "trace" {
		v, found, err := tmpl.Trace(env)
		return strings.Join(append(traceLines(found, ""), outcome(v, err)), "\n")
	}
	v, err := tmpl.Eval(env)
	return outcome(v, err)
}

func traceLines(found []*Trace, indent string) (lines []string) {
	for _, x := range found {
		line := indent + x.Text + " → " + outcome(x.Value, x.Err)
		if x.Pointer != "" {
			line += " at " + x.Pointer
		}
		lines = append(lines, line)
		lines = append(lines, traceLines(x.Parts, indent+"  ")...)
	}
	return lines
}

func outcome(v Value, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return string(v.JSON())
}
