//go:build real

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// azStep is a command of testdata/az/network.txt, with what it must come to.
type azStep struct {
	line  int
	words string
	wants []string // in what it prints
	says  []string // of one that fails, in its message
}

// readAzSteps reads a file of commands. Below each, lines that begin with "> " are parts of
// what it prints, in one line without spaces; "! " of the message with which it fails.
func readAzSteps(t *testing.T, name string, values *strings.Replacer) (steps []azStep) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(values.Replace(string(text)), "\n") {
		want, prints := strings.CutPrefix(line, "> ")
		says, fails := strings.CutPrefix(line, "! ")
		switch {
		case strings.HasPrefix(line, "az "):
			steps = append(steps, azStep{line: i + 1, words: line})
		case prints:
			last := &steps[len(steps)-1]
			last.wants = append(last.wants, want)
		case fails:
			last := &steps[len(steps)-1]
			last.says = append(last.says, says)
		}
	}
	return steps
}

// azPython is the interpreter of az.
func azPython(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("az")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first, _ := bufio.NewReader(f).ReadString('\n')
	python, ok := strings.CutPrefix(strings.TrimSpace(first), "#!")
	if !ok || !strings.Contains(python, "python") {
		t.Skipf("SKIPPED: %s is no program in Python (%q), so its commands cannot share a process", path, first)
	}
	return python
}

// The az CLI drives the whole of Microsoft.Network as its documentation says: it makes,
// shows, lists, changes (--set, --add, --remove), waits for and deletes, and tells what is
// wrong. Its commands run in one process, as each would need a second to start.
func TestRealAzNetwork(t *testing.T) {
	t.Parallel()
	findAz(t)
	w := newWorkspace(t)
	w.env = append(w.env, "AZURE_CONFIG_DIR="+filepath.Join(w.home, "az"), "AZURE_CORE_COLLECT_TELEMETRY=no", "AZURE_CORE_OUTPUT=json", "AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no")
	s, ready := w.up()
	w.succeed("bin/isle az --apply")
	w.env = append(w.env, "REQUESTS_CA_BUNDLE="+ready["caFile"])
	driver, err := filepath.Abs("testdata/az/batch.py")
	if err != nil {
		t.Fatal(err)
	}
	steps := readAzSteps(t, "testdata/az/network.txt", strings.NewReplacer("SUBSCRIPTION", ready["subscriptionId"]))
	var script strings.Builder
	for _, step := range steps {
		script.WriteString(step.words + "\n")
	}
	if err := os.WriteFile(filepath.Join(w.dir, "steps.txt"), []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(w.succeed(azPython(t)+" "+shown([]string{driver})+" < steps.txt")), "\n")
	if len(answers) != len(steps) {
		t.Fatalf("%d commands have %d answers", len(steps), len(answers))
	}
	for i, step := range steps {
		var a struct {
			Code     int
			Out, Err string
		}
		if err := json.Unmarshal([]byte(answers[i]), &a); err != nil {
			t.Fatalf("%v in %s", err, answers[i])
		}
		step.check(t, a.Code, strings.Join(strings.Fields(a.Out), ""), a.Err)
	}
	s.stop(syscall.SIGTERM)
}

// check holds a step to what it must come to.
func (s *azStep) check(t *testing.T, code int, printed, said string) {
	t.Helper()
	if failed := code != 0; failed != (len(s.says) > 0) {
		t.Errorf("network.txt:%d: %s exits with %d\n%s\n%s", s.line, s.words, code, said, printed)
		return
	}
	for _, want := range s.says {
		if !strings.Contains(said, want) {
			t.Errorf("network.txt:%d: %s says %q, want %q in it", s.line, s.words, said, want)
		}
	}
	for _, want := range s.wants {
		if !strings.Contains(printed, want) {
			t.Errorf("network.txt:%d: %s prints %s, want %s in it", s.line, s.words, printed, want)
		}
	}
}
