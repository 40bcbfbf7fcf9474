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
	// slowCommit is how long a commit may take before the disk counts as slow.
	slowCommit = 2 * time.Second
)

// health is what the last commits say about a database.
type health struct {
	mu      sync.Mutex
	fault   error         // of the last commit; nil: it went well
	at      time.Time     // when that was
	slow    bool          // it took long
	probing chan struct{} // closed when the probe under way has ended; nil: there is none
}

// committed notes what became of a batch, and reports whether that is news.
func (h *health) committed(fault error, took time.Duration, now time.Time) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed = (fault == nil) != (h.fault == nil)
	h.fault, h.at, h.slow = fault, now, took > slowCommit
	return changed
}

// Slow says that a commit is under way for longer than it should: nil, or an
// [*UnavailableError]. What is to be stored now would wait behind it.
func (d *DB) Slow() error {
	if d.writer == nil {
		return nil
	}
	if began := d.writer.began.Load(); began != 0 && time.Since(time.Unix(0, began)) > slowCommit {
		return &UnavailableError{Database: d.name, Fault: FaultSlow}
	}
	return nil
}

// Health tells whether the database can be written: nil, or an [*UnavailableError]. The
// last commit speaks for it; if that failed, took long, or is long ago, something is written
// that changes nothing. A commit that is under way for long, or has not ended when ctx does,
// is FaultSlow.
func (d *DB) Health(ctx context.Context) error {
	if d.readOnly {
		return nil
	}
	if err := d.Slow(); err != nil {
		return err
	}
	h := &d.health
	h.mu.Lock()
	fault, age := h.fault, time.Since(h.at)
	if fault == nil && age < healthFresh && !h.slow || fault != nil && age < healthPause {
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
	changed := d.health.committed(fault, took, time.Now())
	if fn := d.store.options.Observe; fn != nil {
		fn(Commit{Database: d.name, Calls: calls, Took: took, Fault: fault, Changed: changed})
	}
}
