package runner

import (
	"slices"
	"testing"
	"testing/synctest"
)

// Environments take turns, whoever of them has more to do; within one, who came first
// begins first.
func TestEnvironmentsShareSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShare(1)
		s.enter("noisy")
		begun := make(chan string, 16)
		wait := func(environment, name string) {
			go func() {
				s.enter(environment)
				begun <- name
			}()
			synctest.Wait()
		}
		for _, name := range []string{"n1", "n2", "n3"} {
			wait("noisy", name)
		}
		wait("quiet", "q1")
		wait("quiet", "q2")
		if n, q := s.waiting("noisy"), s.waiting("quiet"); n != 3 || q != 2 {
			t.Errorf("%d and %d wait", n, q)
		}
		var order []string
		for range 5 {
			s.leave()
			order = append(order, <-begun)
		}
		if want := []string{"n1", "q1", "n2", "q2", "n3"}; !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
		s.leave()
		if s.free != 1 || len(s.lines) != 0 || s.waiting("noisy") != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestCrowded(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.MaxWaiting = 2 })
	if w.Crowded(environment) {
		t.Error("an idle environment is crowded")
	}
	release := make(chan struct{})
	w.calls.total, w.calls.each = 1, 1
	for range 3 { // one is under way, two wait
		w.calls.do(environment, func() { <-release })
	}
	if !w.Crowded(environment) || w.Crowded("another") {
		t.Errorf("crowded: %v, another: %v", w.Crowded(environment), w.Crowded("another"))
	}
	close(release)
	eventually(t, "nothing waits", func() bool { return !w.Crowded(environment) })
}
