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

	"isle/wdl"
)

var rewrite = flag.Bool("rewrite", false, "write what the code does into testdata")

// shared finds the shared reading beside the repository; tests of it are skipped
// where it is not present.
func shared(t *testing.T, path string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", path)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is not here", path)
	}
	return dir
}

// TestCorpus opens and compiles every real definition. testdata/corpus.txt lists
// the files with problems, each truly in the file: a later type, a name that does
// not exist, a broken limit.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "corpus"), "[0-9]*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var got bytes.Buffer
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var entry struct{ Resource json.RawMessage }
		if err := json.Unmarshal(text, &entry); err != nil {
			t.Fatal(err)
		}
		number := strings.TrimSuffix(filepath.Base(path), ".json")
		sources, err := wdl.Open(entry.Resource)
		if err != nil {
			t.Errorf("%s: %v", number, err)
			continue
		}
		seen := map[string]bool{}
		for _, s := range sources {
			program, problems := s.Compile(wdl.Options{})
			if (program == nil) != problems.Failed() {
				t.Errorf("%s: program and problems disagree", number)
			}
			for _, p := range problems {
				if line := fmt.Sprintf("%s %s %s: %s\n", number, p.Severity, p.Rule, p.Message); !seen[line] {
					seen[line] = true
					got.WriteString(line)
				}
			}
		}
	}
	golden(t, "testdata/corpus.txt", got.Bytes())
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
