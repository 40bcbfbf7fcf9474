package runner

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"isle/internal/store"
)

// runKey names a run among all environments.
type runKey struct{ environment, run string }

// wakes is the one timer of all runs that wait for a time. What is far off stands in
// the store only and is read a while ahead, so that a million runs that wait for tomorrow
// take no memory, and none is missing after a start.
type wakes struct {
	wakeSource
	clock func() time.Time
	fire  func(runKey) // called in turn, must not block long

	mu       sync.Mutex
	queue    wakeQueue
	index    map[runKey]*wake
	horizons map[string]*horizon // environment → how far its wakes were read
	changed  chan struct{}       // a send says that the earliest time changed
}

// wakeSource is where stored wakes come from.
type wakeSource struct {
	environments func() []string // those that are open
	// read gives up to max wakes of an environment that come after one, up to and with
	// until, earliest first.
	read func(environment string, after store.Wake, until time.Time, max int) ([]store.Wake, error)
	// busy says that more runs are on their way back to memory than should be; nothing
	// is read then.
	busy func() bool
}

// horizon is how far the stored wakes of an environment were read.
type horizon struct {
	after store.Wake // the next are read after this one
	until time.Time  // whatever was set up to here since the reading began is in the queue
}

type wake struct {
	key   runKey
	at    time.Time
	place int // in the queue
}

const (
	// ahead is how long before its time a wake is in memory; when half of that is over,
	// more are read.
	ahead = time.Minute
	// maxWakes bounds the wakes that are read at a time.
	maxWakes = 10_000
	// maxSleep is how long a jump of the clock may go unnoticed.
	maxSleep = ahead / 3
	// pause is how long reading waits while the runner is busy, retry after it failed.
	pause = 20 * time.Millisecond
	retry = time.Second
)

func newWakes(clock func() time.Time, source wakeSource, fire func(runKey)) *wakes {
	return &wakes{wakeSource: source, clock: clock, fire: fire, index: map[runKey]*wake{}, horizons: map[string]*horizon{}, changed: make(chan struct{}, 1)}
}

// set replaces the time of a run; the zero time removes it. One that is stored and far
// off is not remembered.
func (w *wakes) set(key runKey, at time.Time, stored bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h := w.horizons[key.environment]; at.IsZero() || stored && h != nil && at.After(h.until) {
		if item := w.index[key]; item != nil {
			heap.Remove(&w.queue, item.place)
			delete(w.index, key)
		}
		return // waking once too early is harmless
	}
	if w.put(key, at).place == 0 {
		w.hurry()
	}
}

// atLatest has a run woken at a time, if nothing wakes it sooner; the store need not
// know of it.
func (w *wakes) atLatest(key runKey, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if item := w.index[key]; item != nil && item.at.Before(at) {
		return
	}
	if w.put(key, at).place == 0 {
		w.hurry()
	}
}

// hurry has run look again.
func (w *wakes) hurry() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// put adds a wake or changes its time. Callers hold mu.
func (w *wakes) put(key runKey, at time.Time) *wake {
	item := w.index[key]
	if item != nil {
		item.at = at
		heap.Fix(&w.queue, item.place)
		return item
	}
	item = &wake{key: key, at: at}
	w.index[key] = item
	heap.Push(&w.queue, item)
	return item
}

// fill reads what is due soon, and says when to come back at the latest.
func (w *wakes) fill() time.Duration {
	back := maxSleep
	for _, environment := range w.environments() {
		back = min(back, w.fillFrom(environment))
	}
	return back
}

func (w *wakes) fillFrom(environment string) (back time.Duration) {
	until := w.clock().Add(ahead)
	w.mu.Lock()
	h := w.horizons[environment]
	if h == nil {
		h = &horizon{}
		w.horizons[environment] = h
	}
	if until.Sub(h.until) < ahead/2 {
		w.mu.Unlock()
		return maxSleep
	}
	if len(w.queue) >= maxWakes || w.busy() {
		w.mu.Unlock()
		return pause
	}
	after, before := h.after, h.until
	h.until = until // what is set from now on stays in the queue: the store is read later
	w.mu.Unlock()

	found, err := w.read(environment, after, until, maxWakes)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		h.until = before
		return retry
	}
	h.after, back = store.LastWake(until), maxSleep
	if len(found) == maxWakes {
		h.after, back = found[len(found)-1], 0
		h.until = h.after.At
	}
	for _, f := range found {
		if key := (runKey{environment, f.Run}); w.index[key] == nil {
			w.put(key, f.At)
		}
	}
	return back
}

// forget removes every run of an environment.
func (w *wakes) forget(environment string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.horizons, environment)
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
		back := w.fill()
		timer.Reset(min(back, w.fireDue()))
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
		case <-timer.C:
		}
	}
}

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
