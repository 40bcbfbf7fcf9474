package wdl_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"isle/wdl"
)

var rewrite = flag.Bool("rewrite", false, "write what the code does into testdata")

// shared finds the shared reading beside the repository; tests of it are skipped
// where it is not present.
func shared(t testing.TB, path string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", path)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is not here", path)
	}
	return dir
}

// corpusFile is one real definition: the document it is from, and where it stands.
type corpusFile struct {
	number   string
	Resource json.RawMessage
	Pointer  string
	Wrapper  string
}

// corpus reads all files.
func corpus(t testing.TB) []corpusFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(shared(t, "corpus"), "[0-9]*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no corpus", err)
	}
	files := make([]corpusFile, len(paths))
	for i, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &files[i]); err != nil {
			t.Fatal(err)
		}
		files[i].number = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	return files
}

// source opens the document and returns the definition the file is about.
func (f corpusFile) source(t testing.TB) wdl.Source {
	t.Helper()
	sources, err := wdl.Open(f.Resource)
	if err != nil {
		t.Fatalf("%s: %v", f.number, err)
	}
	for _, s := range sources {
		if s.Pointer == f.Pointer {
			return s
		}
	}
	t.Fatalf("%s: no definition at %s", f.number, f.Pointer)
	return wdl.Source{}
}

// TestCorpus compiles every real definition. testdata/corpus.txt lists their problems;
// a definition that is refused has a row in testdata/corpus-refusals.txt with the rules
// it breaks and why that is right.
func TestCorpus(t *testing.T) {
	var got bytes.Buffer
	reasons := refusals(t)
	files := corpus(t)
	for _, f := range files {
		program, problems := f.source(t).Compile(wdl.Options{})
		if (program == nil) != problems.Failed() {
			t.Errorf("%s: program and problems disagree", f.number)
		}
		seen := map[string]bool{}
		broken := map[string]bool{}
		for _, p := range problems {
			if p.Severity == wdl.Error {
				broken[string(p.Rule)] = true
			}
			if line := fmt.Sprintf("%s %s %s: %s\n", f.number, p.Severity, p.Rule, p.Message); !seen[line] {
				seen[line] = true
				got.WriteString(line)
			}
		}
		rules := strings.Join(slices.Sorted(maps.Keys(broken)), ",")
		if want := reasons[f.number]; rules != want {
			t.Errorf("%s: breaks %q, testdata/corpus-refusals.txt says %q", f.number, rules, want)
		}
		delete(reasons, f.number)
	}
	for number := range reasons {
		t.Errorf("testdata/corpus-refusals.txt: there is no definition %s", number)
	}
	golden(t, "testdata/corpus.txt", got.Bytes())
}

// refusals reads the table: number, rules and the reason of each refused definition.
func refusals(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/corpus-refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(fields) < 3 || fields[2] == "" || rules[fields[0]] != "" {
			t.Fatalf("testdata/corpus-refusals.txt: %q is no row of number, rules and reason", line)
		}
		rules[fields[0]] = fields[1]
	}
	return rules
}

// golden compares with a file, or writes it with -rewrite.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	wanted := strings.Split(string(want), "\n")
	for i, line := range strings.Split(string(got), "\n") {
		if i >= len(wanted) || line != wanted[i] {
			t.Fatalf("%s:%d: got %q (run with -rewrite to accept)", path, i+1, line)
		}
	}
	t.Fatalf("%s: fewer lines than wanted", path)
}
