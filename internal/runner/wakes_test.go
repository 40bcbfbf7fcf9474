package runner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"isle/internal/store"
)

// keptWakes are the stored wakes of environments, for whom wakes reads.
type keptWakes struct {
	mu     sync.Mutex
	each   map[string][]store.Wake // by time, those of one time in the order of runs
	busy   bool
	failed bool
}

func (k *keptWakes) source() wakeSource {
	return wakeSource{
		environments: func() (names []string) {
			k.mu.Lock()
			defer k.mu.Unlock()
			for name := range k.each {
				names = append(names, name)
			}
			return names
		},
		read: func(environment string, after store.Wake, until time.Time, max int) ([]store.Wake, error) {
			k.mu.Lock()
			defer k.mu.Unlock()
			if k.failed = !k.failed; k.failed {
				return nil, context.DeadlineExceeded
			}
			var found []store.Wake
			for _, w := range k.each[environment] {
				later := w.At.After(after.At) || w.At.Equal(after.At) && (after.Run != "" && w.Run > after.Run)
				if later && !w.At.After(until) && len(found) < max {
					found = append(found, w)
				}
			}
			return found, nil
		},
		busy: func() bool { return k.busy },
	}
}

func TestWakesFireInOrderAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var fired []string
		w := newWakes(time.Now, new(keptWakes).source(), func(k runKey) { fired = append(fired, k.run) })
		go w.run(ctx)
		now := time.Now()
		w.set(runKey{"e", "late"}, now.Add(3*time.Hour), false)
		w.set(runKey{"e", "early"}, now.Add(time.Second), false)
		w.set(runKey{"e", "moved"}, now.Add(time.Millisecond), false)
		w.set(runKey{"e", "moved"}, now.Add(2*time.Hour), false)
		w.set(runKey{"e", "dropped"}, now.Add(time.Minute), false)
		w.set(runKey{"e", "dropped"}, time.Time{}, false)
		w.set(runKey{"gone", "x"}, now.Add(time.Minute), false)
		w.forget("gone")
		time.Sleep(4 * time.Hour)
		synctest.Wait()
		if got := len(fired); got != 3 || fired[0] != "early" || fired[1] != "moved" || fired[2] != "late" {
			t.Errorf("%v", fired)
		}
		cancel()
		synctest.Wait()
	})
}

// What is stored is read shortly before its time, whatever is stored meanwhile, and fires
// once, in time; what is far off is not in memory.
func TestStoredWakesAreReadBeforeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = maxWakes * 5 / 4
		random := rand.New(rand.NewPCG(1, 2))
		begin := time.Now()
		kept := &keptWakes{each: map[string][]store.Wake{}}
		due := map[runKey]time.Time{}
		for _, environment := range []string{"a", "b"} {
			for n := range each {
				at := begin.Add(time.Duration(random.IntN(10)) * time.Minute) // many of one time
				name := fmt.Sprintf("%06d", n)
				kept.each[environment] = append(kept.each[environment], store.Wake{At: at, Run: name})
				due[runKey{environment, name}] = at
			}
			slices.SortStableFunc(kept.each[environment], func(a, b store.Wake) int { return a.At.Compare(b.At) })
		}
		var mu sync.Mutex
		fired := map[runKey]int{}
		w := newWakes(time.Now, kept.source(), nil)
		w.fire = func(k runKey) {
			mu.Lock()
			defer mu.Unlock()
			fired[k]++
			if late := time.Since(due[k]); late < 0 || late > 2*retry {
				t.Errorf("%v fires %v late", k, late)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		go w.run(ctx)
		for n := range 500 { // runs that begin to wait, and are in the store before they are set
			time.Sleep(time.Second)
			k := runKey{"a", fmt.Sprintf("new%06d", n)}
			at := time.Now().Add(time.Duration(random.IntN(180)) * time.Second)
			kept.mu.Lock()
			kept.each["a"] = append(kept.each["a"], store.Wake{At: at, Run: k.run})
			slices.SortStableFunc(kept.each["a"], func(a, b store.Wake) int { return a.At.Compare(b.At) })
			kept.mu.Unlock()
			mu.Lock()
			due[k] = at
			mu.Unlock()
			w.set(k, at, true)
			w.mu.Lock()
			if len(w.queue) > 3*maxWakes {
				t.Errorf("%d wakes are in memory", len(w.queue))
			}
			w.mu.Unlock()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		for k := range due {
			if fired[k] != 1 {
				t.Errorf("%v fired %d times", k, fired[k])
			}
		}
		cancel()
		synctest.Wait()
	})
}
