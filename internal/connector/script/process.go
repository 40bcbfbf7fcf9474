package script

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"isle/internal/confine"
)

// worker is a process that serves the jobs of one pool.
type worker struct {
	introduction
	cmd    *exec.Cmd
	in     *os.File // its standard input
	out    *bufio.Reader
	stderr *tail
	stop   func() bool // that the end of the pool kills it

	ended   chan struct{} // closed when the process has been waited for
	timer   *time.Timer   // while it is idle; the pool's
	overdue atomic.Bool   // it was killed for the time that it took
}

// begin starts a worker, which is locked in if it is to be confined. Callers hold mu.
func (p *pool) begin(confined bool) (*worker, error) {
	cmd, err := p.options.Start()
	if err != nil {
		return nil, fmt.Errorf("no process can be had for the code: %w", err)
	}
	if confined {
		confine.Prepare(cmd)
	}
	w := &worker{introduction: introduction{p.options.Limits, confined}, cmd: cmd, stderr: &tail{}, ended: make(chan struct{})}
	if err := w.start(); err != nil {
		return nil, fmt.Errorf("no process can be started for the code: %w", err)
	}
	w.stop = context.AfterFunc(p.stopped, w.kill)
	p.alive.Add(1)
	go func() {
		defer p.alive.Done()
		_ = cmd.Wait()
		close(w.ended)
		w.stop()
	}()
	if err := w.introduce(); err != nil {
		w.kill()
		return nil, fmt.Errorf("the process for the code does not listen: %w", err)
	}
	return w, nil
}

// start starts the process with an empty environment and pipes that only this process
// and the worker have.
func (w *worker) start() error {
	stdin, in, err := os.Pipe()
	if err != nil {
		return err
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		_, _ = stdin.Close(), in.Close()
		return err
	}
	w.cmd.Env, w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = []string{}, stdin, stdout, w.stderr
	w.in, w.out = in, bufio.NewReader(out)
	err = w.cmd.Start()
	_, _ = stdin.Close(), stdout.Close()
	if err != nil {
		_, _ = in.Close(), out.Close()
		return err
	}
	go func() { // nothing reads after the end
		<-w.ended
		_, _ = in.Close(), out.Close()
	}()
	return nil
}

func (w *worker) introduce() error {
	told, err := json.Marshal(w.introduction)
	if err != nil {
		return err
	}
	return writeParts(bufio.NewWriter(w.in), told)
}

// run gives the worker a job and waits for the answer; the end of the context, or of
// the time that it may take, kills it.
func (w *worker) run(ctx context.Context, j job) (answer, error) {
	defer context.AfterFunc(ctx, w.kill)()
	late := time.AfterFunc(w.Limits.Time+grace+carrying(len(j.context)), func() {
		w.overdue.Store(true)
		w.kill()
	})
	defer late.Stop()
	if err := writeParts(bufio.NewWriter(w.in), []byte(j.code), []byte(j.context)); err != nil {
		return answer{}, err
	}
	return readAnswer(w.out, w.Limits.Result)
}

// carrying is the time that a context of so many bytes may take to reach the code.
func carrying(bytes int) time.Duration { return time.Duration(bytes>>20) * 200 * time.Millisecond }

// died says what a worker's end without an answer means for its script; false if it
// was not the script's doing.
func (w *worker) died(cause error) (answer, bool) {
	w.kill()
	<-w.ended
	said := w.stderr.String()
	switch code := w.cmd.ProcessState.ExitCode(); {
	case w.overdue.Load():
		return w.Limits.outOfTime(), true
	case strings.Contains(said, "stack overflow"), strings.Contains(said, "stack exceeds"):
		return answer{Failed: true, Thrown: true, Reason: "RangeError: Maximum call stack size exceeded"}, true
	case code == exitError:
		return exceeded("the process that ran the code failed: %v", cause), true
	case code > 0:
		return w.Limits.outOfMemory(), true
	}
	return answer{}, false
}

// kill ends the process at once.
func (w *worker) kill() { _ = w.cmd.Process.Kill() }

// end lets an idle process end: its input does. One that does not is killed.
func (w *worker) end() {
	_ = w.in.Close()
	late := time.AfterFunc(grace, w.kill)
	go func() {
		<-w.ended
		late.Stop()
	}()
}

// tail keeps the first bytes of what a process says at its end.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 4096

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p[:min(len(p), maxTail-len(t.text))]...)
	return len(p), nil
}

// String is what was said.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
