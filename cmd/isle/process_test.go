package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"isle/internal/processtest"
)

// patience is how long a test waits for a program.
const patience = 3 * time.Minute

// built is the binary, built once for the tests that start it as a user would. It is
// removed with its folder when the tests have ended.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// withBinary removes the binary after the tests.
type withBinary struct{ *testing.M }

func (w withBinary) Run() int {
	defer func() { _ = os.RemoveAll(built.dir) }()
	return w.M.Run()
}

// workspace is a folder that looks like the repository to whoever pastes commands of
// the README: bin/isle and examples are there. HOME is a folder of its own, so the
// default data folder is new.
type workspace struct {
	t    *testing.T
	dir  string
	home string
	env  []string
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	if processtest.Raced {
		t.Skip("SKIPPED: the race detector does not look into the binary that this test starts; without it the test runs")
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "isle-binary"); built.err != nil {
			return
		}
		build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", filepath.Join(built.dir, "isle"), ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the Makefile has it
		if out, err := build.CombinedOutput(); err != nil {
			built.err = errors.New(string(out))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, dir: t.TempDir(), home: t.TempDir()}
	w.env = append(os.Environ(), "HOME="+w.home)
	if err := os.Symlink(built.dir, filepath.Join(w.dir, "bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(examples, filepath.Join(w.dir, "examples")); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *workspace) command(line string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

// run runs a line of shell and gives what it printed and its exit code.
func (w *workspace) run(line string) (stdout, stderr string, code int) {
	w.t.Helper()
	cmd := w.command(line)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		w.t.Fatalf("%s: %v", line, err)
	}
	return out.String(), errors.String(), cmd.ProcessState.ExitCode()
}

// succeed runs a line of shell that must exit with 0, and gives its standard output.
func (w *workspace) succeed(line string) string {
	w.t.Helper()
	out, stderr, code := w.run(line)
	if code != 0 {
		w.t.Fatalf("%s\nexits with %d and prints\n%s%s", line, code, out, stderr)
	}
	return out
}

// fail runs a line of shell that must exit with 1 or, misused, with 2, and gives what it says on standard error.
func (w *workspace) fail(line string) string {
	w.t.Helper()
	out, stderr, code := w.run(line)
	if code != exitFailed && code != exitMisused {
		w.t.Fatalf("%s\nexits with %d and prints\n%s%s", line, code, out, stderr)
	}
	return stderr
}

// service is a running server.
type service struct {
	t        *testing.T
	line     string
	cmd      *exec.Cmd
	out, err *printed
	ended    chan struct{} // closed when the process has ended
}

// start starts a server and leaves it running until the test ends or it is stopped.
func (w *workspace) start(line string) *service {
	w.t.Helper()
	s := &service{t: w.t, line: line, cmd: w.command("exec " + line), out: newPrinted(), err: newPrinted(), ended: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.err
	if err := s.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
		s.out.end()
		s.err.end()
	}()
	w.t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
	})
	return s
}

// expect waits until one of the outputs holds a text, and gives all that was printed there.
func (s *service) expect(o *printed, text string) string {
	s.t.Helper()
	got, ok := o.wait(text)
	if !ok {
		s.t.Fatalf("%s\nshould print %q, and prints\n%s%s", s.line, text, s.out, s.err)
	}
	return got
}

// stop sends a signal and waits for the end, which must be in order.
func (s *service) stop(signal syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("%s does not end after %v", s.line, signal)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Fatalf("%s ends with %d after %v, and prints\n%s%s", s.line, code, signal, s.out, s.err)
	}
}

// printed keeps what a process prints, for one who waits for it.
type printed struct {
	mu    sync.Mutex
	text  bytes.Buffer
	over  bool
	grown *sync.Cond
}

var _ io.Writer = (*printed)(nil)

func newPrinted() *printed {
	o := &printed{}
	o.grown = sync.NewCond(&o.mu)
	return o
}

func (o *printed) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.grown.Broadcast()
	return o.text.Write(p)
}

func (o *printed) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	o.grown.Broadcast()
}

func (o *printed) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait waits until the output holds a text; ok is false when it ended or time is up.
func (o *printed) wait(text string) (all string, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.grown.Broadcast()
	})()
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		all = o.text.String()
		if strings.Contains(all, text) {
			return all, true
		}
		if o.over || ctx.Err() != nil {
			return all, false
		}
		o.grown.Wait()
	}
}
