package testfile

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/script"
	"isle/wdl"
)

// record runs a case and writes a test from its first run.
func record(t *testing.T, f *File, c *Case) string {
	t.Helper()
	workflow, _ := Compile(f.Definition, Settings{Parameters: c.Parameters, AppSettings: c.AppSettings})
	if workflow == nil {
		return ""
	}
	s := &stage{expected: c}
	ctx, stop := context.WithCancelCause(context.Background())
	s.stop = stop
	defer stop(nil)
	invoked, err := s.invoke(ctx, workflow)
	if err != nil || context.Cause(ctx) != nil || len(invoked.Runs) == 0 {
		return ""
	}
	run := invoked.Runs[0]
	text, err := Record(context.Background(), Recording{Workflow: workflow, Kind: f.Definition.Kind, Summary: run.Summary, Trigger: run.Trigger, Records: run.Records, InlineCode: script.InProcess(script.Limits{})})
	if err != nil && len(run.Records) <= maxRecords {
		t.Fatal(err)
	}
	return string(text)
}

// What a run did, it does again: the tests written from the runs of all vectors pass.
func TestRecordedRunsPass(t *testing.T) {
	recorded := 0
	for name, f := range sampleFiles(t) {
		t.Run(name, func(t *testing.T) {
			for i := range f.Cases {
				text := record(t, f, &f.Cases[i])
				if text == "" || strings.Contains(text, "placeholders are filled in") {
					continue
				}
				recorded++
				if strings.Contains(text, "Run again") {
					t.Errorf("%s:\n%s", f.Cases[i].Name, text)
				}
				again, err := parse([]byte(text), nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range cases(again)[0].Failures {
					t.Errorf("%s: %s", f.Cases[i].Name, d)
				}
			}
		})
	}
	if recorded < 100 {
		t.Errorf("only %d runs were recorded", recorded)
	}
}

// sampleFiles are the semantics of this package and, where they are at hand, the
// shared vectors.
func sampleFiles(t *testing.T) map[string]*File {
	t.Helper()
	files := map[string]*File{}
	archives, _ := filepath.Glob("testdata/semantics/*.txtar")
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if f, err := parse(file.Data, nil); err == nil {
				files[filepath.Base(path)+"/"+file.Name] = f
			}
		}
	}
	vectors, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "vectors", "isle-test", "*.json"))
	for _, path := range vectors {
		if f, err := Load(path); err == nil {
			files[filepath.Base(path)] = f
		}
	}
	return files
}

func TestRecordSaysWhatItLeavesOut(t *testing.T) {
	f, err := parse([]byte(`{"definition":{"parameters":{"key":{"type":"SecureString"},"n":{"type":"Int","defaultValue":2}},
		"triggers":{"manual":{"type":"Request"}},
		"actions":{
			"Now":{"type":"Compose","inputs":"@guid()"},
			"Get":{"type":"Http","inputs":{"method":"GET","uri":"https://h.example/","headers":{"x-key":"@parameters('key')"}},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}},
			"Sum":{"type":"Compose","inputs":"@add(parameters('n'),1)"}}},
		"cases":[{"parameters":{"key":"planted"},"trigger":{"headers":{"Authorization":"Basic cGxhbnRlZA=="},"body":{"a":1}},"mocks":[{"responses":[{"status":503},{"body":"planted"}]}],"expect":{}}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := record(t, f, &f.Cases[0])
	for _, want := range []string{
		"The secure parameter 'key' has a placeholder", "The outputs of 'Get' are secured", `"outputs": 3`, `"status": 503`, `"n": 2`, `"a": 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the test:\n%s", want, text)
		}
	}
	for _, secret := range []string{"planted", "cGxhbnRlZA"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the test:\n%s", secret, text)
		}
	}
}

// What chance decides is not expected.
func TestRecordLeavesOutWhatChanges(t *testing.T) {
	f, err := parse([]byte(`{"definition":{"triggers":{"manual":{"type":"Request"}},
		"actions":{"Now":{"type":"Compose","inputs":"@guid()"},"R":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('Now')"},"runAfter":{"Now":["Succeeded"]}}}},
		"cases":[{"expect":{}}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := record(t, f, &f.Cases[0])
	for _, want := range []string{"actions.Now.outputs is not expected", "response.body is not expected", `"status": 200`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the test:\n%s", want, text)
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	program, problems := wdl.Compile(expr.Object(expr.Member{Name: "actions", Value: expr.Object()}), expr.Null(), wdl.Options{})
	if program == nil {
		t.Fatal(problems)
	}
	w := &engine.Workflow{Program: program}
	for _, c := range []struct {
		r    Recording
		want string
	}{
		{Recording{Workflow: w, Summary: engine.Summary{Status: wdl.Running}}, "has not ended"},
		{Recording{Workflow: w, Summary: engine.Summary{Status: wdl.Failed}, Records: make([]engine.Record, maxRecords+1)}, "at most 5000"},
	} {
		if _, err := Record(context.Background(), c.r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// A server records runs of workflows that others have written: their code runs where
// the server lets it run, which may be nowhere.
func TestRecordRunsInlineCodeOnlyWhereItMay(t *testing.T) {
	f, err := parse([]byte(`{"definition":{"triggers":{"manual":{"type":"Request"}},"actions":{"Code":{"type":"JavaScriptCode","inputs":{"code":"return 7"}}}},
		"cases":[{"expect":{}}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	workflow, _ := Compile(f.Definition, Settings{})
	s := &stage{expected: &f.Cases[0]}
	ctx, stop := context.WithCancelCause(t.Context())
	s.stop = stop
	defer stop(nil)
	invoked, err := s.invoke(ctx, workflow)
	if err != nil {
		t.Fatal(err)
	}
	run := invoked.Runs[0]
	for name, c := range map[string]struct {
		code *script.Operation
		want bool
	}{"nowhere": {nil, false}, "in this process": {script.InProcess(script.Limits{}), true}} {
		text, err := Record(t.Context(), Recording{Workflow: workflow, Summary: run.Summary, Trigger: run.Trigger, Records: run.Records, InlineCode: c.code})
		if err != nil {
			t.Fatal(err)
		}
		if again := !strings.Contains(string(text), "Run again"); again != c.want {
			t.Errorf("%s: the code ran again: %v\n%s", name, again, text)
		}
	}
}
