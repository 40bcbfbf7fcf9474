package testfile

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestVectors(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "vectors", "isle-test", "*.json"))
	if len(files) == 0 {
		t.Skip("SKIPPED: the shared vectors are not there (../shared/vectors/isle-test): nothing was tested")
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			f, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			f.Run(context.Background(), func(r Result) {
				for _, d := range r.Failures {
					t.Errorf("%s: %s", r.Name, d)
				}
			})
		})
	}
}
