package expr

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// enoughEdges is the number of edge vectors a function must have.
const enoughEdges = 8

// TestEdges evaluates the vectors of testdata/edges: the edges of every function and
// of the language, written from the rules that each vector's note names. Their shape
// is that of the reference vectors, see [vector].
func TestEdges(t *testing.T) {
	for _, v := range edges(t) {
		t.Run(v.ID+"/"+v.Function, func(t *testing.T) { v.check(t) })
	}
}

// TestEveryFunctionHasEdges counts them, so that a new function comes with its own.
func TestEveryFunctionHasEdges(t *testing.T) {
	count := map[string]int{}
	for _, v := range edges(t) {
		count[strings.ToLower(v.Function)]++
	}
	for _, f := range Workflow().Functions() {
		if n := count[strings.ToLower(f.Name)]; n < enoughEdges {
			t.Errorf("testdata/edges has %d vectors of %s, want %d or more", n, f.Name, enoughEdges)
		}
	}
}

// edges reads the vectors of testdata/edges, whose ids must be unique.
func edges(t *testing.T) []vector {
	t.Helper()
	files, err := filepath.Glob("testdata/edges/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no edges", err)
	}
	var all []vector
	seen := map[string]bool{}
	for _, file := range files {
		for _, v := range readEdges(t, file) {
			if seen[v.ID] {
				t.Fatalf("%s: %s is there twice", file, v.ID)
			}
			seen[v.ID] = true
			all = append(all, v)
		}
	}
	return all
}

func readEdges(t *testing.T, file string) []vector {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return vectors
}
