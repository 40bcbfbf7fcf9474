package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The README is a test. Its shell blocks are marked <!-- test: NAME --> (or test-real,
// for what needs more than Go), and their commands run as written, in one order. What
// stands behind "# " after a command is what it must print; "…" stands for anything,
// and white space counts once. `make run` alone is not marked: the test starts what
// that starts, on a free port.
func TestReadme(t *testing.T) {
	readme := readReadme(t)
	w := newWorkspace(t)
	up := w.start("bin/isle up --listen 127.0.0.1:0")
	ready := up.expect(up.out, "Ctrl-C")

	answer := "`" + `{"id":"A-1","total":120,"tier":"big"}` + "`"
	if !strings.Contains(readme.text, answer) {
		t.Errorf("README.md does not say what curl answers: %s", answer)
	}
	if _, err := exec.LookPath("curl"); err == nil {
		if got := w.succeed(curlLine(t, ready)); "`"+got+"`" != answer {
			t.Errorf("curl answers %s, the README says %s", got, answer)
		}
		w.paste(t, readme.blocks["runs"])
		indexed := w.start("bin/isle runs --search A-1 --follow --json")
		indexed.expect(indexed.out, "Succeeded")
		indexed.stop(syscall.SIGINT)
		w.paste(t, readme.blocks["find"])
	} else {
		t.Log("SKIPPED, as there is no curl here: the curl line, and `isle runs` that shows its run")
	}
	for _, line := range regexp.MustCompile(`(?m)^  (bin/isle runs.*)$`).FindAllString(ready, -1) {
		if strings.HasSuffix(line, " NAME") {
			line = strings.Replace(line, "NAME", "$(bin/isle runs | sed -n '2s/ .*//p')", 1)
		}
		if got := w.succeed(line); !strings.Contains(got, "Succeeded") {
			t.Errorf("%s prints\n%s", line, got)
		}
	}
	for _, name := range []string{"deploy", "develop", "network"} {
		w.paste(t, readme.blocks[name])
	}
	up.stop(syscall.SIGINT)

	serve := w.serve(t, readme.blocks["serve"])
	w.paste(t, readme.blocks["serve-runs"])
	w.paste(t, readme.blocks["backup"])
	serve.stop(syscall.SIGTERM)
}

// `make run` starts `isle up`, as TestReadme does.
func TestMakeRun(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^run: build .*\n\t@?\$\(BIN\) up$`).Match(makefile) {
		t.Error("`make run` no longer starts `isle up` alone, as the README test believes")
	}
}

// page is the README: its blocks by name.
type page struct {
	text   string
	blocks map[string][]step
}

// step is a command of the README and what it must print, in this order.
type step struct {
	command string
	prints  []string
}

var (
	shellBlock  = regexp.MustCompile("(?:<!-- (test|test-real): ([a-z-]+) -->\n)?```sh\n((?s:.*?))```\n")
	expectation = regexp.MustCompile(`\s+# (.*)$`)
)

// readReadme reads the blocks. Every one but that of `make run` must be marked, and
// every mark known to a test.
func readReadme(t *testing.T) page {
	t.Helper()
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	p := page{text: string(content), blocks: map[string][]step{}}
	for _, m := range shellBlock.FindAllStringSubmatch(p.text, -1) {
		switch {
		case m[3] == "make run\n":
		case m[2] == "":
			t.Errorf("no test runs this block of README.md:\n%s", m[3])
		default:
			p.blocks[m[2]] = steps(m[3])
		}
	}
	for _, name := range []string{"runs", "find", "deploy", "develop", "network", "network-example", "serve", "serve-runs", "backup", "az"} {
		if len(p.blocks[name]) == 0 {
			t.Errorf("README.md has no block <!-- test: %s -->", name)
		}
	}
	if len(p.blocks) != 10 {
		t.Errorf("README.md has a block that no test runs: %d are there", len(p.blocks))
	}
	return p
}

func steps(block string) []step {
	var all []step
	for line := range strings.Lines(block) {
		s := step{command: strings.TrimSpace(line)}
		if m := expectation.FindStringSubmatch(s.command); m != nil {
			s.command = strings.TrimSuffix(s.command, m[0])
			s.prints = strings.Split(m[1], "…")
		}
		all = append(all, s)
	}
	return all
}

// paste runs the commands of a block.
func (w *workspace) paste(t *testing.T, block []step) {
	t.Helper()
	for _, s := range block {
		if assignment, ok := strings.CutPrefix(s.command, "export "); ok {
			name, _, _ := strings.Cut(assignment, "=")
			w.env = append(w.env, name+"="+w.succeed(s.command+"; printf %s \"$"+name+"\""))
			continue
		}
		s.check(t, w.succeed(s.command))
	}
}

// check looks for what the README promises, in its order.
func (s step) check(t *testing.T, printed string) {
	t.Helper()
	rest := strings.Join(strings.Fields(printed), " ")
	for _, part := range s.prints {
		part = strings.Join(strings.Fields(part), " ")
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("%s\nshould print %q, and prints\n%s", s.command, part, printed)
			return
		}
		rest = after
	}
}

// serve starts the server of a block. Where its port is taken on this machine, another
// one stands in.
func (w *workspace) serve(t *testing.T, block []step) *service {
	t.Helper()
	if len(block) != 1 {
		t.Fatal("the block of a server is one command")
	}
	command := block[0].command
	if m := regexp.MustCompile(`--listen (\S+:\d+)`).FindStringSubmatch(command); m != nil && taken(m[1]) {
		t.Logf("%s is taken on this machine: another port stands in", m[1])
		command = strings.Replace(command, m[0], "--listen 127.0.0.1:0", 1)
	}
	s := w.start(command)
	block[0].check(t, s.expect(s.err, strings.TrimSpace(block[0].prints[0])))
	return s
}

func taken(address string) bool {
	l, err := net.Listen("tcp", address)
	if err == nil {
		err = l.Close()
	}
	return err != nil
}

// curlLine is the line that `isle up` prints for pasting.
func curlLine(t *testing.T, printed string) string {
	t.Helper()
	for line := range strings.Lines(printed) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "curl ") {
			return strings.Replace(line, "curl ", "curl --silent --show-error --fail ", 1)
		}
	}
	t.Fatalf("no curl line in\n%s", printed)
	return ""
}

// The help of every command is there, and its examples are commands that exist.
func TestHelp(t *testing.T) {
	for _, c := range root().Commands() {
		if c.Short == "" {
			t.Errorf("%s has no description", c.Name())
		}
		for line := range strings.Lines(c.Example) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "isle" || words[1] != c.Name() {
				t.Errorf("%s: the example %q is of another command", c.Name(), strings.TrimSpace(line))
			}
		}
	}
}

// A command line that cannot be understood says where help is.
func TestMisuse(t *testing.T) {
	for _, args := range [][]string{{"deploy"}, {"runs", "--no-such-flag"}, {"runs", "a", "b"}} {
		cmd := root()
		var printed bytes.Buffer
		cmd.SetArgs(args)
		cmd.SetOut(&printed)
		cmd.SetErr(&printed)
		err := cmd.ExecuteContext(t.Context())
		misused, ok := err.(usageError)
		if !ok || !strings.HasSuffix(misused.command, " "+args[0]) || filepath.Base(strings.Fields(misused.command)[0]) != filepath.Base(os.Args[0]) {
			t.Errorf("%v: %#v", args, err)
		}
	}
}
