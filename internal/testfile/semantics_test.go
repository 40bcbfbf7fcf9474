package testfile

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestSemantics runs the test files in testdata/semantics: what each sentence of
// wdl-semantics §9 to §13 makes of a small workflow. One archive holds those of one
// subject.
func TestSemantics(t *testing.T) {
	archives, err := filepath.Glob("testdata/semantics/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range archive.Files {
				t.Run(file.Name, func(t *testing.T) {
					f, err := parse(file.Data, nil)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range cases(f) {
						for _, d := range r.Failures {
							t.Error(d)
						}
					}
				})
			}
		})
	}
}
