package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/trigger"
	"isle/wdl"
)

// Batches (wdl-semantics §10.6). Messages wait in the store, in a queue for each batch
// name and partition of a trigger. A queue that is not empty has a task, due when its
// recurrence says or, once enough messages wait, at once. The task begins the run and
// takes its messages out of the queue in one transaction: so each message is in one
// released batch, whatever happens to the process. A batch ends with the message that
// meets its criteria; what came after it is the beginning of the next one. What is left
// of a message until its sender has ended keeps a repeated call from storing it a
// second time.

// BatchKind is the kind of task that releases batches.
const BatchKind = "batch"

// Message is one for a batch.
type Message struct {
	Deployed  *Deployed
	Trigger   *wdl.Trigger // of type Batch
	Batch     string       // a configuration's name
	Partition string
	ID        string
	Content   expr.Value // without references

	// Key is the same when the message is sent again, and of no other one.
	Key                          string
	SenderEnvironment, SenderRun string
}

// MessageTooLargeError says that a message is larger than a batch may be.
type MessageTooLargeError struct{ Size, Most int64 }

func (e *MessageTooLargeError) Error() string {
	return fmt.Sprintf("the message has %d bytes, more than the %d of a batch", e.Size, e.Most)
}

// batchQueue names where messages wait; it is the payload of the task.
type batchQueue struct {
	FlowID    string `json:"flowId"`
	Trigger   string `json:"trigger"`
	Batch     string `json:"batch"`
	Partition string `json:"partition"`
}

// key is the queue's name in the store. Names of partitions may be long, and are the
// senders' business.
func (q batchQueue) key() string {
	names, _ := json.Marshal([]string{strings.ToLower(q.Trigger), strings.ToLower(q.Batch), q.Partition})
	sum := sha256.Sum256(names)
	return q.FlowID + "/" + hex.EncodeToString(sum[:16])
}

func batchTaskKey(name string) string { return "batch:" + name }

// waiting is what is stored of a message.
type waiting struct {
	ID      string          `json:"messageId"`
	Content json.RawMessage `json:"content"`
}

// Batches are the batch configurations of integration accounts.
type Batches interface {
	// Batch finds one by its name, in a batch group of the account that a workflow, known
	// by its flow id, uses; store.ErrNotFound if there is none.
	Batch(ctx context.Context, flowID, group, name string) (wdl.BatchConfiguration, error)
}

// Batch finds the configuration of a batch, in the trigger or in the workflow's
// integration account, as it is now; store.ErrNotFound if there is none.
func (r *Runner) Batch(ctx context.Context, d *Deployed, on *wdl.Trigger, name string) (wdl.BatchConfiguration, error) {
	if on.Batch.Group != "" && r.config.Batches != nil {
		return r.config.Batches.Batch(ctx, d.FlowID, on.Batch.Group, name)
	}
	c, ok := on.Batch.Configuration(name)
	if !ok {
		return c, fmt.Errorf("batch %q: %w", name, store.ErrNotFound)
	}
	return c, nil
}

// Collect puts a message into its batch, unless it was before. It returns when that is
// durable.
func (r *Runner) Collect(ctx context.Context, m Message) error {
	if r.stopping.Load() || !r.entered.enter() {
		return ErrStopped
	}
	defer r.entered.leave()
	db, err := r.database(ctx, m.Deployed.Environment)
	if err != nil {
		return err
	}
	content := m.Content.JSON()
	configuration, err := r.Batch(ctx, m.Deployed, m.Trigger, m.Batch)
	if err != nil {
		return err
	}
	if size := int64(len(content)); size > configuration.MostBytes {
		return &MessageTooLargeError{size, configuration.MostBytes}
	}
	payload, err := json.Marshal(waiting{m.ID, content})
	if err != nil {
		return err
	}
	q := batchQueue{m.Deployed.FlowID, m.Trigger.Name, m.Batch, m.Partition}
	now := r.config.Clock().UTC()
	return db.Write(ctx, func(tx *store.Tx) error {
		err := tx.PutMessage(store.Message{
			Key: m.Key, Batch: q.key(), Sender: m.SenderEnvironment + "/" + m.SenderRun, Size: int64(len(content)), Accepted: now, Payload: payload,
		})
		if errors.Is(err, store.ErrExists) {
			return nil
		}
		if err != nil {
			return err
		}
		count, size, err := tx.WaitingMessages(q.key())
		if err != nil || count > 1 && !enough(configuration, count, size) {
			return err
		}
		return q.put(tx, dueTime(configuration, count, size, now, now))
	})
}

// put arms the queue's task.
func (q batchQueue) put(tx *store.Tx, due time.Time) error {
	payload, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: batchTaskKey(q.key()), Kind: BatchKind, Due: due, Payload: payload})
}

// enough reports whether what waits is a batch by number or size.
func enough(c wdl.BatchConfiguration, count int, size int64) bool {
	messages, bytes := c.Released()
	return count >= messages || size >= bytes
}

// dueTime is when what waits since a moment is released. An interval without a start
// counts from the first message.
func dueTime(c wdl.BatchConfiguration, count int, size int64, since, now time.Time) time.Time {
	if enough(c, count, size) {
		return now
	}
	if c.Recurrence != nil {
		if slot, ok := c.Recurrence.Next(since, wdl.Progress{Anchor: since, Last: since}); ok {
			return slot.UTC()
		}
	}
	return never
}

// BatchHandler carries out tasks of BatchKind.
func (r *Runner) BatchHandler() task.Handler {
	return func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		var q batchQueue
		if err := json.Unmarshal(t.Payload, &q); err != nil {
			return task.Result{}, fmt.Errorf("payload of task %s: %w", t.Key, err)
		}
		d, err := r.config.Programs.ByFlowID(ctx, q.FlowID)
		if errors.Is(err, store.ErrNotFound) {
			return task.Done(), db.Write(ctx, func(tx *store.Tx) error { return tx.DeleteMessages(q.key()) })
		}
		if err != nil {
			return task.Result{}, err
		}
		on, ok := d.Workflow.Program.Trigger(q.Trigger)
		if !ok || on.Batch == nil || !d.Enabled {
			return task.Again(never), nil // until the workflow changes
		}
		configuration, err := r.Batch(ctx, d, on, q.Batch)
		if errors.Is(err, store.ErrNotFound) {
			return task.Again(never), nil // until it is there again
		}
		if err != nil {
			return task.Result{}, err
		}
		return r.release(ctx, db, q, d, on, configuration)
	}
}

// release begins the run of a batch that is due.
func (r *Runner) release(ctx context.Context, db *store.DB, q batchQueue, d *Deployed, on *wdl.Trigger, c wdl.BatchConfiguration) (task.Result, error) {
	now := r.config.Clock().UTC()
	batch, due, err := q.due(ctx, db, c, now)
	if err != nil || len(batch) == 0 {
		return task.Done(), err
	}
	if due.After(now) {
		return task.Again(due), nil
	}
	outputs, err := q.outputs(batch)
	if err != nil {
		return task.Result{}, err
	}
	_, err = r.Fire(ctx, FireRequest{
		Deployed: d, Trigger: on, Fired: engine.Fired{Start: now, Outputs: outputs, HasOutputs: true},
		Also: func(tx *store.Tx) error { return q.take(tx, c, batch, now) },
	})
	var refused *TriggerError
	switch {
	case errors.Is(err, ErrBusy):
		return task.Again(now.Add(busyPause)), nil
	case err != nil && !errors.As(err, &refused):
		return task.Result{}, err
	}
	return task.Done(), r.forgetMessages(ctx, db, 2*len(batch)+forgetAtLeast)
}

// due reads the next batch of what waits, and when it is released.
func (q batchQueue) due(ctx context.Context, db *store.DB, c wdl.BatchConfiguration, now time.Time) (batch []store.Message, due time.Time, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		first, err := tx.Messages(q.key(), 1)
		if err != nil || len(first) == 0 {
			return err
		}
		count, size, err := tx.WaitingMessages(q.key())
		if err != nil {
			return err
		}
		if batch, due = first, dueTime(c, count, size, first[0].Accepted, now); due.After(now) {
			return nil
		}
		most, _ := c.Released()
		batch, err = tx.Messages(q.key(), most)
		return err
	})
	return fitting(c, batch), due, err
}

// fitting are the first messages up to the one that makes a batch of them; together
// they are no larger than a batch may be.
func fitting(c wdl.BatchConfiguration, messages []store.Message) []store.Message {
	var size int64
	for i, m := range messages {
		size += m.Size
		switch {
		case i > 0 && size > c.MostBytes:
			return messages[:i]
		case enough(c, i+1, size):
			return messages[:i+1]
		}
	}
	return messages
}

// outputs are those of the trigger.
func (q batchQueue) outputs(batch []store.Message) (expr.Value, error) {
	messages := make([]trigger.BatchMessage, len(batch))
	for i, m := range batch {
		var w waiting
		if err := json.Unmarshal(m.Payload, &w); err != nil {
			return expr.Null(), fmt.Errorf("message %s: %w", m.Key, err)
		}
		content, err := expr.ParseJSON(w.Content)
		if err != nil {
			return expr.Null(), fmt.Errorf("message %s: %w", m.Key, err)
		}
		messages[i] = trigger.BatchMessage{ID: w.ID, Content: content}
	}
	return trigger.BatchOutputs(q.Batch, q.Partition, messages), nil
}

// take takes a batch out of the queue, in the transaction that begins its run.
func (q batchQueue) take(tx *store.Tx, c wdl.BatchConfiguration, batch []store.Message, now time.Time) error {
	if err := tx.ReleaseMessages(q.key(), batch[len(batch)-1].Number); err != nil {
		return err
	}
	left, err := tx.Messages(q.key(), 1)
	if err != nil || len(left) == 0 {
		return err
	}
	count, size, err := tx.WaitingMessages(q.key())
	if err != nil {
		return err
	}
	return q.put(tx, dueTime(c, count, size, left[0].Accepted, now))
}

// forgetAtLeast is how many senders a release looks at, beside two for each message
// that it releases: so those that have ended never outnumber those that are open by
// much, however many these are.
const forgetAtLeast = 16

// forgetMessages deletes what is left of messages whose senders have ended: they will
// not be sent again. It looks at a number of senders, those after the ones that the
// release before looked at, so that none that stays open hides another.
func (r *Runner) forgetMessages(ctx context.Context, db *store.DB, senders int) error {
	from, _ := r.forgotten.Load(db.Name())
	after, _ := from.(string)
	var looked, ended []string
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		looked, err = tx.ReleasedSenders(after, senders)
		return err
	}); err != nil {
		return err
	}
	for _, sender := range looked {
		over, err := r.over(ctx, sender)
		if err != nil {
			return err
		}
		if over {
			ended = append(ended, sender)
		}
	}
	after = ""
	if len(looked) == senders { // else the next one begins with the first again
		after = looked[senders-1]
	}
	r.forgotten.Store(db.Name(), after)
	if len(ended) == 0 {
		return nil
	}
	return db.Write(ctx, func(tx *store.Tx) error {
		for _, sender := range ended {
			if err := tx.DeleteReleased(sender); err != nil {
				return err
			}
		}
		return nil
	})
}

// over reports whether the run of a sender has ended, or is gone.
func (r *Runner) over(ctx context.Context, sender string) (bool, error) {
	environment, name, _ := strings.Cut(sender, "/")
	db, err := r.database(ctx, environment)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	var run store.Run
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		run, err = tx.Run(name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		_, live := r.live.Load(runKey{environment, name}) // a stateless one
		return !live, nil
	}
	return err == nil && !run.End.IsZero(), err
}

// reviewBatches has the tasks of a workflow's queues look again: its criteria may have
// changed, or it was enabled.
func reviewBatches(tx *store.Tx, flowID string, now time.Time) error {
	tasks, err := tx.Tasks(batchTaskKey(flowID + "/"))
	for _, t := range tasks {
		if err == nil {
			err = tx.PutTask(store.Task{Key: t.Key, Kind: t.Kind, Due: now, Payload: t.Payload})
		}
	}
	return err
}

// dropBatches deletes the queues of a workflow that is deleted.
func dropBatches(tx *store.Tx, flowID string) error {
	tasks, err := tx.Tasks(batchTaskKey(flowID + "/"))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if err := tx.DeleteTask(t.Key); err != nil {
			return err
		}
	}
	return tx.DeleteMessages(flowID + "/")
}
