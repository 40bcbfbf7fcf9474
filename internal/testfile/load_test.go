package testfile

import (
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
