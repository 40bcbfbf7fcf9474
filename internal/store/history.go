package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// TriggerHistory is one firing, or one look without firing, of a trigger, in the
// environment's database. Names sort newest first.
type TriggerHistory struct {
	ID                      int64  // number of the row; set by the store
	Workflow, Trigger, Name string // together unique
	Status, Code            string
	Fired                   bool
	Run                     string    // Name of the run it started, "" if none
	Start, End              time.Time // UTC
	Scheduled               time.Time // UTC; zero if no schedule fired it
	Payload                 []byte    // inputs, outputs, error, in the caller's form; sealed
}

// TriggerHistoryQuery selects histories of one trigger, newest start first.
type TriggerHistoryQuery struct {
	Workflow, Trigger string    // both are needed
	Status            []string  // ignoring case
	From, To          time.Time // From <= Start < To
	After             Place     // of the last one of the page before
	Limit             int       // 0: all
}

const historyColumns = `workflow, trigger, name, status, code, fired, run, started, ended, scheduled, payload, id`

func (tx *Tx) scanHistory(v []driver.Value) (h TriggerHistory, err error) {
	h = TriggerHistory{ID: v[11].(int64), Workflow: v[0].(string), Trigger: v[1].(string), Name: v[2].(string), Status: v[3].(string), Code: v[4].(string),
		Fired: v[5].(int64) != 0, Run: v[6].(string), Start: toTime(v[7]), End: toTime(v[8]), Scheduled: toTime(v[9])}
	h.Payload, err = tx.open(v[10], "histories", h.Workflow, h.Trigger, h.Name)
	if err != nil {
		return h, fmt.Errorf("history %s of trigger %s: %w", h.Name, h.Trigger, err)
	}
	return h, nil
}

// PutTriggerHistory stores a history, new or not.
func (tx *Tx) PutTriggerHistory(h TriggerHistory) error {
	payload := tx.seal(h.Payload, "histories", h.Workflow, h.Trigger, h.Name)
	_, err := tx.exec(`INSERT INTO histories (workflow, trigger, name, status, code, fired, run, started, ended, scheduled, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (workflow, trigger, name) DO UPDATE SET status = excluded.status, code = excluded.code, fired = excluded.fired, run = excluded.run,
		started = excluded.started, ended = excluded.ended, scheduled = excluded.scheduled, payload = excluded.payload`,
		h.Workflow, h.Trigger, h.Name, h.Status, h.Code, h.Fired, h.Run, fromTime(h.Start), fromTime(h.End), fromTime(h.Scheduled), payload)
	return err
}

// TriggerHistory reads one history; ErrNotFound if there is none.
func (tx *Tx) TriggerHistory(workflow, trigger, name string) (h TriggerHistory, err error) {
	err = tx.one(`SELECT `+historyColumns+` FROM histories WHERE workflow = ? AND trigger = ? AND name = ?`, func(v []driver.Value) (err error) {
		h, err = tx.scanHistory(v)
		return err
	}, workflow, trigger, name)
	return h, err
}

// Place is where the history stands in lists.
func (h TriggerHistory) Place() Place { return Place{h.Start, h.ID} }

// TriggerHistories lists histories.
func (tx *Tx) TriggerHistories(q TriggerHistoryQuery) ([]TriggerHistory, error) {
	a := access{table: "histories INDEXED BY histories_started", fixed: []string{"workflow", "trigger"},
		args: []driver.Value{q.Workflow, q.Trigger}, open: []string{"status"}}
	a.oneOf("status", q.Status)
	places, err := tx.places(a, span{q.From, q.To, q.After, q.Limit})
	if err != nil {
		return nil, err
	}
	found := make([]TriggerHistory, 0, len(places))
	for _, p := range places {
		if err := tx.query(`SELECT `+historyColumns+` FROM histories WHERE id = ?`, func(v []driver.Value) error {
			h, err := tx.scanHistory(v)
			found = append(found, h)
			return err
		}, p.ID); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// HistoryContents is the run that the contents of a history are named for: they go with
// the history.
func HistoryContents(name string) string { return "history:" + name }

// DeleteTriggerHistories deletes at most max histories (0: all) of a workflow that
// started before a time, with their contents, and returns how many.
func (tx *Tx) DeleteTriggerHistories(workflow string, before time.Time, max int) (int, error) {
	if !tx.writable {
		return 0, ErrReadOnly
	}
	type row struct {
		id   int64
		name string
	}
	var found []row
	err := tx.query(`SELECT id, name FROM histories WHERE workflow = ? AND started < ? LIMIT ?`, func(v []driver.Value) error {
		found = append(found, row{v[0].(int64), v[1].(string)})
		return nil
	}, workflow, fromTime(before), limit(max))
	for _, h := range found {
		if err != nil {
			break
		}
		if _, err = tx.exec(`DELETE FROM contents WHERE run = ?`, HistoryContents(h.name)); err == nil {
			_, err = tx.exec(`DELETE FROM histories WHERE id = ?`, h.id)
		}
	}
	return len(found), err
}
