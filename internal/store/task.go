package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Task is what must happen later. Both kinds of database hold tasks.
type Task struct {
	Key      string    // unique in the database
	Kind     string    // who handles it
	Due      time.Time // UTC
	Attempt  int       // how often it was claimed since it was put or last went well
	Payload  []byte    // the handler's; sealed
	Revision int64     // counts PutTask; set by the store
	Lease    time.Time // UTC; until then it is claimed; zero: nobody holds it
	Owner    string    // who holds it
	Epoch    int64     // the holder's
}

// PutTask stores a task or replaces the one with its key; then it counts as new, and
// a handler that is at work on the old one does not end it: it runs again. Of Task,
// only Key, Kind, Due and Payload are used.
func (tx *Tx) PutTask(t Task) error {
	payload := tx.seal(t.Payload, "tasks", t.Key)
	_, err := tx.exec(`INSERT INTO tasks (key, kind, due, attempt, revision, lease, owner, epoch, payload) VALUES (?, ?, ?, 0, 1, NULL, '', 0, ?)
		ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, due = excluded.due, attempt = 0, revision = revision + 1, payload = excluded.payload`,
		t.Key, t.Kind, t.Due.UnixNano(), payload)
	tx.tasks = tx.tasks || err == nil
	return err
}

const taskColumns = `key, kind, due, attempt, revision, lease, owner, epoch, payload`

func (tx *Tx) scanTask(v []driver.Value) (t Task, err error) {
	t = Task{Key: v[0].(string), Kind: v[1].(string), Due: toTime(v[2]), Attempt: int(v[3].(int64)), Revision: v[4].(int64),
		Lease: toTime(v[5]), Owner: v[6].(string), Epoch: v[7].(int64)}
	t.Payload, err = tx.open(v[8], "tasks", t.Key)
	if err != nil {
		return t, fmt.Errorf("task %s: %w", t.Key, err)
	}
	return t, nil
}

func (tx *Tx) tasksWhere(sql string, args ...driver.Value) ([]Task, error) {
	var found []Task
	err := tx.query(`SELECT `+taskColumns+` FROM tasks`+sql, func(v []driver.Value) error {
		t, err := tx.scanTask(v)
		found = append(found, t)
		return err
	}, args...)
	return found, err
}

// Task reads a task; ErrNotFound if there is none.
func (tx *Tx) Task(key string) (Task, error) {
	found, err := tx.tasksWhere(` WHERE key = ?`, key)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Task{}, err
	}
	return found[0], nil
}

// Tasks lists the tasks whose keys begin with prefix, by key.
func (tx *Tx) Tasks(prefix string) ([]Task, error) {
	return tx.tasksWhere(` WHERE key >= ? AND key < ? ORDER BY key`, prefix, prefixEnd(prefix))
}

// CountTasks counts the tasks whose keys begin with prefix.
func (tx *Tx) CountTasks(prefix string) (n int, err error) {
	err = tx.one(`SELECT count(*) FROM tasks WHERE key >= ? AND key < ?`, func(v []driver.Value) error {
		n = int(v[0].(int64))
		return nil
	}, prefix, prefixEnd(prefix))
	return n, err
}

// DeleteTask deletes a task, held or not; ErrNotFound if there is none.
func (tx *Tx) DeleteTask(key string) error {
	n, err := tx.exec(`DELETE FROM tasks WHERE key = ?`, key)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// free is the condition that nobody who still lives holds a task: no lease, one of a
// process that is gone, or another process's that has run out. One's own does not run
// out: a process that was asleep has not stopped its work.
const free = `(lease IS NULL OR epoch < ? OR (lease <= ? AND owner <> ?))`

func (tx *Tx) isFree(t Task, now time.Time) bool {
	return t.Lease.IsZero() || t.Epoch < tx.db.epoch || !t.Lease.After(now) && t.Owner != tx.db.Owner()
}

// DueTasks lists tasks that are due and not held, the longest due first.
func (tx *Tx) DueTasks(now time.Time, max int) ([]Task, error) {
	return tx.tasksWhere(` WHERE due <= ? AND `+free+` ORDER BY due, key LIMIT ?`, now.UnixNano(), tx.db.epoch, now.UnixNano(), tx.db.Owner(), limit(max))
}

// NextDue is the earliest time at which a task that is not held is due; zero if there
// is none.
func (tx *Tx) NextDue(now time.Time) (t time.Time, err error) {
	err = tx.one(`SELECT min(due) FROM tasks WHERE `+free, func(v []driver.Value) error {
		t = toTime(v[0])
		return nil
	}, tx.db.epoch, now.UnixNano(), tx.db.Owner())
	return t, err
}

// ClaimTasks takes at most max due tasks for this process, until now + lease, and
// returns them with Attempt counted on.
func (tx *Tx) ClaimTasks(now time.Time, lease time.Duration, max int) ([]Task, error) {
	due, err := tx.DueTasks(now, max)
	if err != nil {
		return nil, err
	}
	for i := range due {
		if err := tx.claim(&due[i], now.Add(lease)); err != nil {
			return nil, err
		}
	}
	return due, nil
}

// ClaimTask takes one due task; ErrConflict if it is not due or somebody holds it.
func (tx *Tx) ClaimTask(key string, now time.Time, lease time.Duration) (Task, error) {
	t, err := tx.Task(key)
	if err != nil {
		return Task{}, err
	}
	if t.Due.After(now) || !tx.isFree(t, now) {
		return Task{}, ErrConflict
	}
	return t, tx.claim(&t, now.Add(lease))
}

func (tx *Tx) claim(t *Task, until time.Time) error {
	t.Attempt++
	t.Lease, t.Owner, t.Epoch = until.UTC(), tx.db.Owner(), tx.db.epoch
	_, err := tx.exec(`UPDATE tasks SET attempt = ?, lease = ?, owner = ?, epoch = ? WHERE key = ?`,
		int64(t.Attempt), until.UnixNano(), t.Owner, t.Epoch, t.Key)
	return err
}

// held is the condition that the task is still held as t says.
const held = ` WHERE key = ? AND owner = ? AND epoch = ? AND lease IS NOT NULL`

// ExtendTask holds a claimed task longer; ErrConflict if it is no longer held.
func (tx *Tx) ExtendTask(t Task, until time.Time) error {
	return tx.ifHeld(`UPDATE tasks SET lease = ?`+held, until.UnixNano(), t.Key, t.Owner, t.Epoch)
}

// FinishTask ends a claimed task. If it was put again meanwhile, it is given back
// instead, due as it was put. ErrConflict if it is no longer held.
func (tx *Tx) FinishTask(t Task) error {
	n, err := tx.exec(`DELETE FROM tasks`+held+` AND revision = ?`, t.Key, t.Owner, t.Epoch, t.Revision)
	if err != nil || n == 1 {
		return err
	}
	return tx.giveBack(t)
}

// PostponeTask gives a claimed task back, due at a later time, with attempt as its
// count: 0 after it went well, t.Attempt after a failure. If it was put again
// meanwhile, it stays due as it was put. ErrConflict if it is no longer held.
func (tx *Tx) PostponeTask(t Task, due time.Time, attempt int) error {
	n, err := tx.exec(`UPDATE tasks SET due = ?, attempt = ?, lease = NULL, owner = '', epoch = 0`+held+` AND revision = ?`,
		due.UnixNano(), int64(attempt), t.Key, t.Owner, t.Epoch, t.Revision)
	if err != nil || n == 1 {
		tx.tasks = tx.tasks || err == nil
		return err
	}
	return tx.giveBack(t)
}

func (tx *Tx) giveBack(t Task) error {
	tx.tasks = true
	return tx.ifHeld(`UPDATE tasks SET lease = NULL, owner = '', epoch = 0`+held, t.Key, t.Owner, t.Epoch)
}

func (tx *Tx) ifHeld(sql string, args ...driver.Value) error {
	n, err := tx.exec(sql, args...)
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}
