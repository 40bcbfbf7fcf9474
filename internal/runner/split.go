package runner

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/trigger"
	"isle/wdl"
)

// splitOn (wdl-semantics §10.1): a firing begins a run for each item of an array. The
// firing is durable with one commit: its entry in the history, its items, and a task,
// which then begins the runs in batches and remembers how far it came. The name of
// each run follows from the firing and the item's place, so that what a crash makes it
// begin again is there already. Where runs are counted, all of the firing's runs, 100
// at most, are created by that one commit instead, and wait for their turns.

// SplitKind is the kind of task that begins the runs of a firing.
const SplitKind = "split"

// split is what the task remembers.
type split struct {
	FlowID  string       `json:"flowId"`
	Version string       `json:"version"`
	Firing  string       `json:"firing"`
	Fired   engine.Fired `json:"fired"` // what the items have in common
	Total   int          `json:"total"`
	Next    int          `json:"next"` // the first item that may not have begun
	Depth   int          `json:"depth,omitempty"`
	Trace   engine.Trace `json:"trace,omitzero"`
	Lines   []byte       `json:"lines,omitempty"` // of small items; else they are a content
}

// splitItems is the content of a firing that holds its items, one a line: an array of
// the item and, if it has one of its own, its client tracking id.
const splitItems = "SplitItems"

func splitPrefix(flowID string) string { return "split:" + strings.ToLower(flowID) + ":" }

func (s *split) key() string { return splitPrefix(s.FlowID) + s.Firing }

func (s *split) put(tx *store.Tx, due time.Time) error {
	payload, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: s.key(), Kind: SplitKind, Due: due, Payload: payload})
}

// end removes the task and the items.
func (s *split) end(tx *store.Tx) error {
	if err := tx.DeleteTask(s.key()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.UnnameContent(s.Firing, splitItems)
}

// fireSplit makes a firing durable that begins a run for each item.
func (r *Runner) fireSplit(ctx context.Context, q FireRequest, f engine.Fired, name string, now time.Time) (Firing, error) {
	if r.throttled(q.Deployed.Environment) {
		return Firing{}, ErrThrottled
	}
	w := q.Deployed.Workflow
	items, err := trigger.Split(w, q.Trigger, &f, name, now)
	if err == nil && items.Len() == 0 {
		f.Status = wdl.Skipped
		return r.refuse(ctx, q, f, name, nil)
	}
	var lines *itemLines
	if err == nil {
		lines, err = newItemLines(w, q.Trigger, f, items, name, now)
	}
	if err != nil {
		return r.refuse(ctx, q, f, name, err)
	}
	db, err := r.database(ctx, q.Deployed.Environment)
	if err != nil {
		return Firing{}, err
	}
	s := &splitFiring{runner: r, db: db, request: q, fired: f, name: name, now: now, lines: lines, limit: limitOf(q.Trigger)}
	if s.kept, s.body, err = putFiredBody(ctx, db, f, name); err != nil {
		return Firing{}, err
	}
	if s.limit.waiting > 0 {
		err = s.queue(ctx)
	} else {
		err = s.store(ctx)
	}
	if err != nil && s.kept != nil {
		db.DropContent(*s.kept)
	}
	if errors.Is(err, ErrBusy) && !errors.Is(err, ErrQueueFull) && q.Also == nil {
		f.Status = wdl.Skipped
		if _, failed := r.refuse(ctx, q, f, name, nil); failed != nil {
			return Firing{}, failed
		}
	}
	if err != nil {
		return Firing{}, err
	}
	return Firing{Name: name, TrackingID: f.TrackingID, Split: items.Len()}, nil
}

// splitFiring is a firing on its way into the store.
type splitFiring struct {
	runner  *Runner
	db      *store.DB
	request FireRequest
	fired   engine.Fired
	name    string
	now     time.Time
	lines   *itemLines
	limit   limit
	kept    *store.Content         // the body, where the history is too small for it; else nil
	body    *expr.ContentReference // to kept
}

// record is the part of the commit that all kinds have in common. store.ErrExists: it
// was made before.
func (s *splitFiring) record(tx *store.Tx) error {
	flow := s.request.Deployed.FlowID
	if s.request.Name != "" {
		if _, err := tx.TriggerHistory(flow, s.fired.Name, s.name); err == nil {
			return store.ErrExists
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if s.limit.runs > 0 {
		if err := s.limit.guard(flow, s.fired.Name, turnLater)(tx); err != nil {
			return err
		}
	}
	if err := putFired(tx, flow, s.fired, s.name, s.body); err != nil {
		return err
	}
	if s.kept != nil {
		if err := tx.NameContent(*s.kept); err != nil {
			return err
		}
	}
	if s.request.Also == nil {
		return nil
	}
	return s.request.Also(tx)
}

// store leaves the runs to a task.
func (s *splitFiring) store(ctx context.Context) error {
	fired := s.fired
	fired.Outputs, fired.HasOutputs = expr.Null(), false
	fired.OriginHistoryName = s.name
	task := split{FlowID: s.request.Deployed.FlowID, Version: s.request.Deployed.Workflow.Version, Firing: s.name, Fired: fired, Total: s.lines.items.Len(), Depth: s.request.Depth, Trace: s.request.Trace}
	var stored *store.Content
	if s.lines.size() > engine.Inline {
		c, err := s.db.PutContent(ctx, s.name, splitItems, s.lines)
		if err != nil {
			return err
		}
		stored = &c
	} else {
		task.Lines, _ = io.ReadAll(s.lines) // no I/O
	}
	err := s.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if err := s.record(tx); err != nil {
			return err
		}
		if stored != nil {
			if err := tx.NameContent(*stored); err != nil {
				return err
			}
		}
		return task.put(tx, s.now)
	})
	if err != nil && stored != nil {
		s.db.DropContent(*stored)
	}
	return err
}

// queue creates all runs, which wait for their turns.
func (s *splitFiring) queue(ctx context.Context) error {
	r := s.runner
	if r.stopping.Load() || !r.entered.enter() {
		return ErrStopped
	}
	defer r.entered.leave()
	runs := make([]heldItem, 0, s.lines.items.Len())
	defer func() {
		for _, h := range runs {
			h.run.dropContents(h.contents)
		}
	}()
	for i := range s.lines.items.Len() {
		h, err := s.hold(ctx, i)
		if err != nil {
			return err
		}
		runs = append(runs, h)
	}
	err := s.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if err := s.record(tx); err != nil {
			return err
		}
		for _, h := range runs {
			if err := h.run.put(tx, h.row, h.run.pending, h.contents); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		runs = nil
		r.queued(flowKey{s.db.Name(), s.request.Deployed.FlowID})
	}
	return err
}

// heldItem is a run that is to be created waiting.
type heldItem struct {
	run      *active
	row      store.Run
	contents []store.Content
}

func (s *splitFiring) hold(ctx context.Context, i int) (heldItem, error) {
	f := s.fired
	f.OriginHistoryName = s.name
	q := itemRequest(s.request.Deployed.Workflow, f, trigger.ItemName(s.name, i), s.lines.line(i))
	q.Environment, q.Depth, q.Trace = s.db.Name(), s.request.Depth, s.request.Trace
	a, _ := s.runner.begin(s.db, q)
	if _, err := a.step(delivery{event: holdEvent}); err != nil {
		return heldItem{}, err
	}
	contents, err := a.putContents(ctx, a.pending)
	h := heldItem{a, a.nextRow(a.pending), contents}
	if err != nil {
		a.dropContents(contents)
	}
	return h, err
}

// itemRequest is the firing of one item (wdl-semantics §10.1): its body is the item.
func itemRequest(w *engine.Workflow, f engine.Fired, name string, line expr.Value) StartRequest {
	id := name
	if line.Len() > 1 {
		id = line.Index(1).Text()
	} else if f.ClientTrackingID != f.OriginHistoryName { // somebody gave the firing one
		id = f.ClientTrackingID
	}
	f.ClientTrackingID, f.TrackingID = id, newGUID()
	f.Outputs, f.HasOutputs = trigger.ItemOutputs(line.Index(0)), true
	return StartRequest{Workflow: w, Trigger: f, RunID: name, ClientTrackingID: id, Admitted: true}
}

// itemLines reads as the items, one a line.
type itemLines struct {
	items    expr.Value
	tracking []string // the client tracking ids of the items, nil if they have none of their own
	next     int
	buffer   []byte
	rest     []byte
}

// newItemLines evaluates what each item has of its own, once and for all.
func newItemLines(w *engine.Workflow, t *wdl.Trigger, f engine.Fired, items expr.Value, firing string, now time.Time) (*itemLines, error) {
	l := &itemLines{items: items}
	if t.SplitOnClientTrackingID == nil {
		return l, nil
	}
	l.tracking = make([]string, items.Len())
	for i := range l.tracking {
		name, own := trigger.ItemName(firing, i), f
		if f.ClientTrackingID == firing { // nobody gave one
			own.ClientTrackingID = name
		}
		item, err := trigger.Item(w, t, own, items.Index(i), name, now)
		if err != nil {
			return nil, err
		}
		l.tracking[i] = item.ClientTrackingID
	}
	return l, nil
}

func (l *itemLines) line(i int) expr.Value {
	if l.tracking == nil {
		return expr.Array(l.items.Index(i))
	}
	return expr.Array(l.items.Index(i), expr.String(l.tracking[i]))
}

// size is about that of all lines, in bytes.
func (l *itemLines) size() int64 {
	n := l.items.Size() + 3*int64(l.items.Len())
	for _, id := range l.tracking {
		n += int64(len(id)) + 3
	}
	return n
}

func (l *itemLines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.next == l.items.Len() {
			return 0, io.EOF
		}
		l.buffer = append(l.line(l.next).AppendJSON(l.buffer[:0]), '\n')
		l.next++
		l.rest = l.buffer
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

const (
	// splitAtOnce is how many runs of one firing are begun at a time: they share
	// commits.
	splitAtOnce = 64
	// splitBatch is how many runs are begun before the task remembers it.
	splitBatch = 1024
)

// SplitHandler carries out tasks of SplitKind: it begins the runs of a firing.
func (r *Runner) SplitHandler() task.Handler {
	return func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		var s split
		if err := json.Unmarshal(t.Payload, &s); err != nil {
			return task.Result{}, fmt.Errorf("payload of task %s: %w", t.Key, err)
		}
		var err error
		task.Outside(ctx, func() { err = r.beginItems(ctx, db, &s) })
		if errors.Is(err, errGone) { // the workflow was deleted meanwhile
			err = nil
		}
		return task.Done(), err
	}
}

// beginItems begins the runs that are left, in the order of the items. Those that the
// environment's throughput does not allow now are left to the task's next turn.
func (r *Runner) beginItems(ctx context.Context, db *store.DB, s *split) error {
	w, err := r.config.Programs.Workflow(ctx, db.Name(), s.FlowID, s.Version)
	if errors.Is(err, store.ErrNotFound) {
		return db.Write(ctx, s.end)
	}
	if err != nil {
		return err
	}
	lines, err := s.open(ctx, db)
	if err != nil {
		return err
	}
	defer lines.Close()
	in := bufio.NewReaderSize(lines, 64<<10)
	for range s.Next {
		if err := skipLine(in); err != nil {
			return err
		}
	}
	for s.Next < s.Total {
		begun, err := r.beginBatch(ctx, db, w, s, in, min(s.Next+splitBatch, s.Total))
		throttled := errors.Is(err, ErrThrottled)
		if err != nil && !throttled {
			return err
		}
		if s.Next = begun; begun == s.Total {
			break
		}
		due := time.Unix(0, 0)
		if throttled {
			due = r.config.Clock().Add(throttlePause)
		}
		if err := db.Write(ctx, func(tx *store.Tx) error { return s.remember(tx, due) }); err != nil || throttled {
			return err
		}
	}
	return db.Write(ctx, s.end)
}

// remember stores how far the task came, unless it was taken away.
func (s *split) remember(tx *store.Tx, due time.Time) error {
	if err := s.still(tx); err != nil {
		return err
	}
	return s.put(tx, due)
}

// still is errGone if the task was taken away.
func (s *split) still(tx *store.Tx) error {
	n, err := tx.CountTasks(s.key())
	if err == nil && n == 0 {
		err = errGone
	}
	return err
}

func (s *split) open(ctx context.Context, db *store.DB) (io.ReadCloser, error) {
	if s.Lines != nil {
		return io.NopCloser(bytes.NewReader(s.Lines)), nil
	}
	lines, _, err := db.OpenContent(ctx, s.Firing, splitItems)
	return lines, err
}

func skipLine(in *bufio.Reader) error {
	for {
		_, err := in.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}

// beginBatch begins the runs of the next items up to end, some at a time. It returns
// the item that is next when all before it are durable, or with the first error;
// ErrThrottled: the throughput is used up, or too much waits.
func (r *Runner) beginBatch(ctx context.Context, db *store.DB, w *engine.Workflow, s *split, in *bufio.Reader, end int) (next int, err error) {
	var (
		all    sync.WaitGroup
		room   = make(chan struct{}, splitAtOnce)
		mu     sync.Mutex
		failed error

		throttled bool
	)
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			failed = err
		}
	}
	for next = s.Next; next < end; next++ {
		room <- struct{}{}
		if r.throttled(db.Name()) || r.Crowded(db.Name()) {
			throttled = true
			break
		}
		text, err := in.ReadBytes('\n')
		if err != nil {
			fail(err)
			break
		}
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop || ctx.Err() != nil {
			fail(ctx.Err())
			break
		}
		i := next
		all.Go(func() {
			defer func() { <-room }()
			if err := r.beginItem(ctx, db, w, s, i, text); err != nil {
				fail(fmt.Errorf("item %d of firing %s: %w", i, s.Firing, err))
			}
		})
	}
	all.Wait()
	if failed == nil && throttled {
		failed = ErrThrottled
	}
	return next, failed
}

// beginItem begins the run of one item, unless it has begun before.
func (r *Runner) beginItem(ctx context.Context, db *store.DB, w *engine.Workflow, s *split, i int, text []byte) error {
	line, err := expr.ParseStored(text)
	if err != nil {
		return err
	}
	q := itemRequest(w, s.Fired, trigger.ItemName(s.Firing, i), line)
	q.Environment, q.Depth, q.Trace, q.Named, q.Also = db.Name(), s.Depth, s.Trace, true, s.still
	_, err = r.Start(ctx, q)
	var defect *stepError
	switch {
	case errors.Is(err, store.ErrExists):
		return nil
	case errors.As(err, &defect): // it would fail for ever, and hold up the others
		r.config.Log.Error("run cannot begin", "environment", db.Name(), "run", q.RunID, "error", err, "stack", string(defect.stack))
		return db.Write(ctx, func(tx *store.Tx) error {
			f := q.Trigger
			f.Status, f.Code = wdl.Failed, "InternalServerError"
			return r.putUnfired(tx, db.Name(), s.FlowID, f, q.RunID, &engine.Error{Code: f.Code, Message: "The run could not be begun; the server's log says why."})
		})
	}
	return err
}

// endSplits removes what is left of a workflow's firings; their runs stay as they are.
func endSplits(tx *store.Tx, flowID string) error {
	tasks, err := tx.Tasks(splitPrefix(flowID))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		s := split{FlowID: flowID, Firing: strings.TrimPrefix(t.Key, splitPrefix(flowID))}
		if err := s.end(tx); err != nil {
			return err
		}
	}
	return nil
}
