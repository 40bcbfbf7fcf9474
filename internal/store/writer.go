package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Group commit. Callers queue; one goroutine takes all that wait, runs them in one
// transaction, commits, and answers them. Who arrives while the batch runs joins it,
// up to a bound; who arrives during the flush is in the next one. So a single caller
// waits for nobody, and under load the flush is shared by all.
//
// A call that fails is undone alone: the transaction is rolled back, and the
// statements of the calls before it are run once more. That is rare and so cheaper
// than a savepoint around every call, whose page copies cost a third of the writer's
// time. A second failure in a batch is likelier than the first was: from the first
// on, calls do get savepoints.

// maxBatch bounds how many calls share a commit, and so how long the first waits.
const maxBatch = 512

type call struct {
	fn    func(*Tx) error
	state atomic.Int32 // callWaiting, then callTaken or callLeft
	done  chan struct{}
	err   error // valid after done
	panic any   // likewise
	after []func()
}

const (
	callWaiting = iota
	callTaken   // by the writer
	callLeft    // its caller gave up
)

type writer struct {
	db *DB
	c  *conn
	tx *Tx

	mu      sync.Mutex
	arrived sync.Cond
	queue   []*call
	closing bool

	began   atomic.Int64 // when the commit under way began, in nanoseconds since 1970; 0: there is none
	spare   []*call      // the queue's other buffer
	last    int          // size of the last batch
	stopped chan struct{}
}

func newWriter(d *DB, c *conn) *writer {
	w := &writer{db: d, c: c, tx: &Tx{db: d, c: c, writable: true}, stopped: make(chan struct{})}
	w.arrived.L = &w.mu
	go w.loop()
	return w
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{fn: fn, done: make(chan struct{})}
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		return ErrClosed
	}
	w.queue = append(w.queue, c)
	if len(w.queue) == 1 {
		w.arrived.Signal()
	}
	w.mu.Unlock()
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.state.CompareAndSwap(callWaiting, callLeft) {
			return ctx.Err()
		}
		<-c.done
	}
	if c.panic != nil {
		panic(c.panic)
	}
	return c.err
}

// close lets the queued calls finish, then stops the goroutine.
func (w *writer) close() error {
	w.mu.Lock()
	w.closing = true
	w.arrived.Signal()
	w.mu.Unlock()
	<-w.stopped
	return w.c.close()
}

func (w *writer) loop() {
	defer close(w.stopped)
	for {
		batch := w.take()
		if batch == nil {
			return
		}
		began := time.Now()
		w.began.Store(began.UnixNano())
		var fault error
		batch, fault = w.commit(batch)
		w.began.Store(0)
		w.db.observe(len(batch), time.Since(began), unavailable(w.db.name, fault))
		for i, c := range batch {
			for _, fn := range c.after {
				fn()
			}
			close(c.done)
			batch[i] = nil
		}
		w.last = len(batch)
		w.spare = batch[:0]
	}
}

// take waits for calls and returns all that are there; nil when closed.
func (w *writer) take() []*call {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 {
		if w.closing {
			return nil
		}
		w.arrived.Wait()
	}
	// Callers just answered are on their way back: let them run and join.
	for range 4 {
		if w.last <= 1 || len(w.queue) >= w.last {
			break
		}
		w.mu.Unlock()
		runtime.Gosched()
		w.mu.Lock()
	}
	batch := w.queue
	w.queue = w.spare
	return batch
}

// join appends the calls that arrived meanwhile.
func (w *writer) join(batch []*call) []*call {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch = append(batch, w.queue...)
	clear(w.queue)
	w.queue = w.queue[:0]
	return batch
}

// commit runs the batch, and who joins it, in one transaction. An error has failed all
// of them.
func (w *writer) commit(batch []*call) ([]*call, error) {
	tx := w.tx
	tx.start()
	if _, err := w.c.run(`BEGIN IMMEDIATE`); err != nil {
		return w.lost(batch, err)
	}
	tasks := false
	for i := 0; i < len(batch); i++ {
		w.run(batch[i])
		tasks = tasks || tx.tasks
		if tx.failed != nil {
			w.c.run(`ROLLBACK`) // SQLite may have done so already
			return w.lost(batch, tx.failed)
		}
		if i+1 == len(batch) && len(batch) < maxBatch {
			batch = w.join(batch)
		}
	}
	if _, err := w.c.run(`COMMIT`); err != nil {
		w.c.run(`ROLLBACK`)
		return w.lost(batch, err)
	}
	if tasks {
		w.db.store.tasksPut(w.db)
	}
	return batch, nil
}

// lost is what came of a batch whose transaction an error has undone.
func (w *writer) lost(batch []*call, err error) ([]*call, error) {
	w.tx.begun = nil
	return fail(batch, err), err
}

func fail(batch []*call, err error) []*call {
	for _, c := range batch {
		if c.err == nil && c.panic == nil {
			c.err = err
		}
		c.after = nil
	}
	return batch
}

// run runs one call and undoes it if it fails.
func (w *writer) run(c *call) {
	if !c.state.CompareAndSwap(callWaiting, callTaken) {
		return
	}
	tx := w.tx
	tx.begin()
	c.invoke(tx)
	if c.err != nil || c.panic != nil {
		w.undo()
		return
	}
	if tx.saved {
		if _, err := w.c.run(`RELEASE one`); err != nil {
			tx.failed = err
			return
		}
	}
	c.after = tx.after
}

// undo takes back what the call that runs has changed.
func (w *writer) undo() {
	tx := w.tx
	tx.tasks, tx.run, tx.begun = false, runID{}, nil
	if tx.failed != nil {
		return
	}
	switch {
	case tx.saved:
		tx.failed = w.statements(`ROLLBACK TO one`, `RELEASE one`)
	case tx.wrote():
		tx.careful = true
		tx.failed = w.statements(`ROLLBACK`, `BEGIN IMMEDIATE`)
		for _, c := range tx.redo[:tx.mark] {
			if tx.failed == nil {
				_, tx.failed = w.c.run(c.sql, c.args...)
			}
		}
	}
	clear(tx.redo[tx.mark:])
	tx.redo = tx.redo[:tx.mark]
}

func (w *writer) statements(list ...string) error {
	for _, sql := range list {
		if _, err := w.c.run(sql); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) invoke(tx *Tx) {
	defer func() {
		if p := recover(); p != nil {
			c.panic = p
		}
	}()
	c.err = c.fn(tx)
}

// breaks says whether SQLite may have rolled the whole transaction back with this
// error, so that nothing of the batch can be kept.
func breaks(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff != sqlite3.SQLITE_CONSTRAINT
}
