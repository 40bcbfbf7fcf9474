package server

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestThreatsAreReadAgain: what is wrong is told once and leaves what was in force.
func TestThreatsAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "threats.txt")
	c := Config{ThreatList: path}
	if err := c.readFiles(); err == nil || !strings.Contains(err.Error(), "--threat-list") {
		t.Error(err)
	}
	write(t, path, "198.51.100.7\nevil.example.com\n")
	if err := c.readFiles(); err != nil {
		t.Fatal(err)
	}
	list := c.threats
	reads := func(want bool, says string) {
		t.Helper()
		changed, err := list.read()
		if changed != want || (err != nil) != (says != "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%t %v, want %t %s", changed, err, want, says)
		}
	}
	reads(false, "")
	write(t, path, "198.51.100.7\nnothing much\n")
	reads(false, "line 2")
	reads(false, "")
	if len(list.has.Prefixes)+len(list.has.Names) != 2 {
		t.Error(list.has)
	}
	write(t, path, "*.evil.example.com\n")
	reads(true, "")
	if list.has.Names[0] != "*.evil.example.com" || list.has.Prefixes != nil {
		t.Error(list.has)
	}
}
