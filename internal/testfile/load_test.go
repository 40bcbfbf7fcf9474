package testfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLoadFolder: a folder is no test file, and the error says what is wanted.
func TestLoadFolder(t *testing.T) {
	folder := t.TempDir()
	_, err := Load(folder)
	if want := folder + " is a folder: name the test files in it"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// The test files of a folder are those that are named so, right or wrong, and those
// that are such.
func TestFind(t *testing.T) {
	folder := t.TempDir()
	const test = `{"definition": {}, "cases": []}`
	for name, text := range map[string]string{
		"b/order.test.json": "wrong", "a/A.TEST.JSON": test, "c/other.json": test, "c/lines.txt": test,
		"b/workflow.json": `{"definition": {}}`, "b/cases.json": `{"cases": []}`, "b/wrong.json": "{",
		".git/x.test.json": test, "node_modules/p/x.test.json": test, "d/.hidden.test.json": test,
	} {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Find(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a/A.TEST.JSON", "b/order.test.json", "c/other.json", "d/.hidden.test.json"}
	for i := range want {
		want[i] = filepath.Join(folder, filepath.FromSlash(want[i]))
	}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	if _, err := Find(t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no test file in ") {
		t.Error(err)
	}
}
