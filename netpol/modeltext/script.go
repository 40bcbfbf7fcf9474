package modeltext

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Scripts runs a test for each testdata/*.txtar of a package. The last file of an archive,
// want, is what answer must make of the others, of which there are as many as named; with
// rewrite it is made so.
func Scripts(t *testing.T, rewrite bool, answer func(t *testing.T, files []string) string, named ...string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil || len(archive.Files) != len(named)+1 {
				t.Fatalf("want the files %s and want: %v", strings.Join(named, ", "), err)
			}
			texts := make([]string, len(named))
			for i := range texts {
				texts[i] = string(archive.Files[i].Data)
			}
			got, want := answer(t, texts), &archive.Files[len(named)]
			switch {
			case rewrite:
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			case got != string(want.Data):
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
		})
	}
}
