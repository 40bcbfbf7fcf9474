package runner

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestEnvironmentsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatcher(4, 3)
		var mu sync.Mutex
		running, peak := map[string]int{}, map[string]int{}
		var quietDone time.Duration
		start := time.Now()
		work := func(environment string) func() {
			return func() {
				mu.Lock()
				running[environment]++
				running["all"]++
				peak[environment] = max(peak[environment], running[environment])
				peak["all"] = max(peak["all"], running["all"])
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				running[environment]--
				running["all"]--
				if environment == "quiet" {
					quietDone = time.Since(start)
				}
				mu.Unlock()
			}
		}
		for range 300 {
			d.do("noisy", work("noisy"))
		}
		for range 2 {
			d.do("quiet", work("quiet"))
		}
		synctest.Wait()
		time.Sleep(200 * time.Second)
		d.close()
		d.wait()
		if peak["noisy"] > 3 || peak["all"] > 4 {
			t.Errorf("more at once than allowed: %v", peak)
		}
		if quietDone > 2*time.Second {
			t.Errorf("the quiet environment waited %v", quietDone)
		}
		if len(d.lanes) != 0 {
			t.Errorf("lanes remain: %v", d.lanes)
		}
	})
}

func TestClosedDispatcherBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatcher(1, 1)
		done := 0
		for range 3 {
			d.do("e", func() { time.Sleep(time.Second); done++ })
		}
		synctest.Wait()
		d.close()
		d.do("e", func() { done++ })
		d.wait()
		if done != 1 {
			t.Errorf("%d were done", done)
		}
	})
}
