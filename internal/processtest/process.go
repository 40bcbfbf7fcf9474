// Package processtest runs a test's own binary a second time, as a process that the test
// kills: what then is on the disk, or in the kernel, is what a crash leaves.
package processtest

import (
	"bufio"
	"bytes"
	"io"
	"iter"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// raced is what the race detector ends a process with.
const raced = 66

// Process is another process of the test's binary. Whatever it has said is in the log of
// a test that fails.
type Process struct {
	t      testing.TB
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	said   transcript
	parent io.Closer // its standard input, which ends when this process does
}

// Start starts a test of this binary, which is to know by its environment ("NAME=value")
// that it is the other process, and to skip itself elsewhere.
func Start(t testing.TB, test string, environment ...string) *Process {
	t.Helper()
	p := &Process{t: t, cmd: exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.timeout=20m")}
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stderr = &p.said
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.parent, p.lines = in, bufio.NewScanner(io.TeeReader(out, &p.said))
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("process %d, a run of %s, said:\n%s", p.PID(), test, p.said.String())
		}
	})
	return p
}

// UntilKilled is what the other process waits for: to be killed, or that the one which
// started it is gone.
func UntilKilled() { _, _ = io.Copy(io.Discard, os.Stdin) }

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Lines are those that it prints, from the first that was not read yet to its end. The
// last one may be cut off by a kill.
func (p *Process) Lines() iter.Seq[string] {
	return func(yield func(string) bool) {
		for p.lines.Scan() && yield(p.lines.Text()) {
		}
	}
}

// Kill kills it, at once. It may be called by any goroutine, and again.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() }

// Wait waits for its end and reports whether that was a kill. The test fails if it was
// the race detector.
func (p *Process) Wait() (killed bool) {
	p.t.Helper()
	for range p.Lines() { // or it would wait for who reads
	}
	_ = p.cmd.Wait()
	_ = p.parent.Close()
	code := p.cmd.ProcessState.ExitCode()
	if code == raced {
		p.t.Errorf("the race detector ended process %d", p.PID())
	}
	return code < 0
}

// transcript collects what several goroutines write.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
