package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// healthFresh is how long a commit speaks for the database's health.
	healthFresh = 30 * time.Second
	// healthPause is how long a failed one does.
	healthPause = time.Second
)

// health is what the last commits say about a database.
type health struct {
	mu      sync.Mutex
	fault   error         // of the last commit; nil: it went well
	at      time.Time     // when that was
	probing chan struct{} // closed when the probe under way has ended; nil: there is none
}

// committed notes what became of a batch, and reports whether that is news.
func (h *health) committed(fault error, now time.Time) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed = (fault == nil) != (h.fault == nil)
	h.fault, h.at = fault, now
	return changed
}

// Health tells whether the database can be written: nil, or an [*UnavailableError]. The
// last commit speaks for it; if that failed, or is long ago, something is written that
// changes nothing. A commit that has not ended when ctx does is FaultSlow.
func (d *DB) Health(ctx context.Context) error {
	if d.readOnly {
		return nil
	}
	h := &d.health
	h.mu.Lock()
	fault, age := h.fault, time.Since(h.at)
	if fault == nil && age < healthFresh || fault != nil && age < healthPause {
		h.mu.Unlock()
		return fault
	}
	if h.probing == nil {
		h.probing = make(chan struct{})
		go d.probe(h.probing)
	}
	probing := h.probing
	h.mu.Unlock()
	select {
	case <-probing:
	case <-ctx.Done():
		return &UnavailableError{Database: d.name, Fault: FaultSlow}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fault
}

func (d *DB) probe(done chan struct{}) {
	err := d.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.exec(`UPDATE schema SET epoch = epoch`)
		return err
	})
	d.health.mu.Lock()
	defer d.health.mu.Unlock()
	if errors.Is(err, ErrClosed) { // an environment that was removed is not ill
		d.health.fault, d.health.at = nil, time.Now()
	}
	d.health.probing = nil
	close(done)
}

// Backlog is how many calls of Write wait for the writer.
func (d *DB) Backlog() int {
	if d.writer == nil {
		return 0
	}
	d.writer.mu.Lock()
	defer d.writer.mu.Unlock()
	return len(d.writer.queue)
}

// Commit is what an observer of the store hears of a commit.
type Commit struct {
	Database string
	Calls    int           // that shared it
	Took     time.Duration // from the first of them being taken to the flush
	Fault    error         // nil: it is durable
	Changed  bool          // the one before went otherwise
}

// observe notes a commit and tells of it.
func (d *DB) observe(calls int, took time.Duration, fault error) {
	changed := d.health.committed(fault, time.Now())
	if fn := d.store.options.Observe; fn != nil {
		fn(Commit{Database: d.name, Calls: calls, Took: took, Fault: fault, Changed: changed})
	}
}
