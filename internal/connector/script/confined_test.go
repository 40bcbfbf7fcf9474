package script

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Workers are locked in, where the system permits it; what that keeps from them is tested
// in internal/confine.
func TestWorkersAreLockedIn(t *testing.T) {
	p := newPool(Options{Start: startWorker, Workers: 1})
	o := &Operation{p}
	defer o.Close()
	if err := o.Isolation(); err != nil {
		t.Skipf("SKIPPED: workers cannot be locked in here: %v", err)
	}
	if got := perform(t, o, `return 1`); got != `{"body":1}` {
		t.Fatal(got)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.idle[0].cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n"} {
		if !strings.Contains(string(status), line) {
			t.Errorf("no %q in %s", line, status)
		}
	}
	network, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", p.idle[0].cmd.Process.Pid))
	if own, _ := os.Readlink("/proc/self/ns/net"); err == nil && network == own {
		t.Errorf("the worker is in our network %s", own)
	}
}

// Where they cannot be, code runs nevertheless, and who asks is told.
func TestWorkersThatCannotBeLockedIn(t *testing.T) {
	p := newPool(Options{Start: startWorker, Workers: 1})
	o := &Operation{p}
	defer o.Close()
	p.unconfined = func() error { return errors.New("not today") }
	if got := perform(t, o, `return 1`); got != `{"body":1}` || p.idle[0].Confined {
		t.Error(got)
	}
	if err := o.Isolation(); err == nil || err.Error() != "not today" {
		t.Error(err)
	}
	if err := InProcess(Limits{}).Isolation(); err == nil {
		t.Error("code in this process is said to be isolated")
	}
}

func BenchmarkStart(b *testing.B) {
	for name, refused := range map[string]error{"plain": errors.New("not today"), "confined": nil} {
		b.Run(name, func(b *testing.B) {
			p := newPool(Options{Start: startWorker})
			p.unconfined = func() error { return refused }
			o := &Operation{p}
			defer o.Close()
			c := call(`return 1`, `{}`)
			for b.Loop() {
				if o.Perform(b.Context(), c).Error != nil {
					b.Fatal()
				}
				p.retire(p.idle[0])
			}
		})
	}
}
