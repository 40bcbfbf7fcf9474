package testfile

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// unsupported lists the vectors that use types this engine does not run yet. Each
// must be refused by naming the type; an entry that passes must go.
var unsupported = map[string]string{
	"R097": "Xslt", "R098": "Xslt", "R099": "Xslt",
}

func TestVectors(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "vectors", "isle-test", "*.json"))
	if len(files) == 0 {
		t.Skip("SKIPPED: the shared vectors are not there (../shared/vectors/isle-test): nothing was tested")
	}
	passed, real := 0, 0
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			f, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			var failures []string
			f.Run(context.Background(), func(r Result) {
				for _, d := range r.Failures {
					failures = append(failures, r.Name+": "+d)
				}
			})
			if typ := unsupported[name]; typ != "" {
				if !strings.Contains(strings.Join(failures, "\n"), "the action type '"+typ+"' is not supported by this server") {
					t.Errorf("the type %s was not refused: %v", typ, failures)
				}
				return
			}
			for _, d := range failures {
				t.Error(d)
			}
			passed++
			if strings.HasPrefix(name, "R") {
				real++
			}
		})
	}
	t.Logf("%d of %d files pass, %d of them real definitions", passed, len(files), real)
	if passed < 30 || real < 10 {
		t.Error("too few")
	}
}
