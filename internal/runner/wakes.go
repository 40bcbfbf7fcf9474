package runner

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// runKey names a run among all environments.
type runKey struct{ environment, run string }

// wakes is the one timer of all runs that wait for a time. What it holds is also in
// the store, which is where it comes from after a start.
type wakes struct {
	clock func() time.Time
	fire  func(runKey) // called in turn, must not block long

	mu      sync.Mutex
	queue   wakeQueue
	index   map[runKey]*wake
	changed chan struct{} // a send says that the earliest time changed
}

type wake struct {
	key   runKey
	at    time.Time
	place int // in the queue
}

func newWakes(clock func() time.Time, fire func(runKey)) *wakes {
	return &wakes{clock: clock, fire: fire, index: map[runKey]*wake{}, changed: make(chan struct{}, 1)}
}

// set replaces the time of a run; the zero time removes it.
func (w *wakes) set(key runKey, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	item := w.index[key]
	switch {
	case at.IsZero() && item == nil:
		return
	case at.IsZero():
		heap.Remove(&w.queue, item.place)
		delete(w.index, key)
		return // waking once too early is harmless
	case item != nil:
		item.at = at
		heap.Fix(&w.queue, item.place)
	default:
		item = &wake{key: key, at: at}
		w.index[key] = item
		heap.Push(&w.queue, item)
	}
	if item.place == 0 {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// forget removes every run of an environment.
func (w *wakes) forget(environment string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, item := range w.index {
		if key.environment == environment {
			heap.Remove(&w.queue, item.place)
			delete(w.index, key)
		}
	}
}

// run fires what is due until the context ends.
func (w *wakes) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(w.fireDue())
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
		case <-timer.C:
		}
	}
}

// maxSleep is how long a jump of the clock may go unnoticed.
const maxSleep = time.Minute

// fireDue returns how long nothing more is due.
func (w *wakes) fireDue() time.Duration {
	for {
		key, wait, ok := w.due()
		if !ok {
			return wait
		}
		w.fire(key)
	}
}

func (w *wakes) due() (key runKey, wait time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return runKey{}, maxSleep, false
	}
	if wait := w.queue[0].at.Sub(w.clock()); wait > 0 {
		return runKey{}, min(wait, maxSleep), false
	}
	item := heap.Pop(&w.queue).(*wake)
	delete(w.index, item.key)
	return item.key, 0, true
}

// wakeQueue is a heap, earliest first.
type wakeQueue []*wake

func (q wakeQueue) Len() int           { return len(q) }
func (q wakeQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q wakeQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}
func (q *wakeQueue) Push(x any) {
	item := x.(*wake)
	item.place = len(*q)
	*q = append(*q, item)
}
func (q *wakeQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}
