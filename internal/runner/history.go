package runner

import (
	"context"
	"encoding/json"
	"math"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/wdl"
)

// A firing that began a run has no row of its own: the run has its name and holds
// its record, so that the usual request costs one row less. Rows are only for
// firings that began none. Histories and History show both as one.

// HistoryPlace is where a firing stands in the list of histories: newest start first, of
// one start the runs first, then what was stored last.
type HistoryPlace struct {
	store.Place
	Row bool // it has a row of its own
}

// PlaceOf is where a firing stands in lists.
func PlaceOf(h store.TriggerHistory) HistoryPlace { return HistoryPlace{h.Place(), h.Run != h.Name} }

func (p HistoryPlace) before(q HistoryPlace) bool {
	if p.Start.Equal(q.Start) && p.Row != q.Row {
		return q.Row
	}
	return p.Before(q.Place)
}

// behind is where a list of rows, or of runs, goes on behind a place of either.
func (p HistoryPlace) behind(row bool) store.Place {
	switch {
	case p.IsZero() || p.Row == row:
		return p.Place
	case row: // all rows of that start are to come
		return store.Place{Start: p.Start, ID: math.MaxInt64}
	}
	return store.Place{Start: p.Start, ID: 1}
}

// Histories lists the firings of a trigger, newest first, from the one behind a place.
func Histories(tx *store.Tx, q store.TriggerHistoryQuery, after HistoryPlace) ([]store.TriggerHistory, error) {
	q.After = after.behind(true)
	rows, err := tx.TriggerHistories(q)
	if err != nil {
		return nil, err
	}
	if len(q.Status) > 0 && !containsFold(q.Status, wdl.Succeeded.String()) {
		return rows, nil
	}
	q.After = after.behind(false)
	runs, err := runHistories(tx, q)
	if err != nil {
		return nil, err
	}
	return mergeHistories(rows, runs, q.Limit), nil
}

func runHistories(tx *store.Tx, q store.TriggerHistoryQuery) ([]store.TriggerHistory, error) {
	runs, err := tx.Runs(store.RunQuery{Workflow: q.Workflow, Trigger: q.Trigger, From: q.From, To: q.To, After: q.After, Limit: q.Limit})
	if err != nil {
		return nil, err
	}
	found := make([]store.TriggerHistory, len(runs))
	for i, run := range runs {
		found[i] = historyOf(run)
	}
	return found, nil
}

// mergeHistories joins two sorted lists.
func mergeHistories(a, b []store.TriggerHistory, limit int) []store.TriggerHistory {
	merged := make([]store.TriggerHistory, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if PlaceOf(a[0]).before(PlaceOf(b[0])) {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	merged = append(append(merged, a...), b...)
	if limit > 0 && len(merged) > limit {
		merged = merged[:limit]
	}
	return merged
}

// History is one firing; store.ErrNotFound if there is none.
func History(tx *store.Tx, workflow, trigger, name string) (store.TriggerHistory, error) {
	run, err := tx.Run(name)
	if err == nil && run.Workflow == workflow && strings.EqualFold(run.Trigger, trigger) {
		return historyOf(run), nil
	}
	return tx.TriggerHistory(workflow, trigger, name)
}

func historyOf(run store.Run) store.TriggerHistory {
	h := store.TriggerHistory{
		ID: run.ID, Workflow: run.Workflow, Trigger: run.Trigger, Name: run.Name,
		Status: wdl.Succeeded.String(), Fired: true, Run: run.Name, Start: run.Start, End: run.Start,
	}
	if run.Head == nil {
		return h
	}
	if s, err := engine.DecodeHead(run.Head); err == nil {
		f := s.TriggerRecord
		h.Start, h.End, h.Scheduled, h.Code = f.Start, f.End, f.ScheduledTime, f.Code
	}
	return h
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// Unfired is the payload of the history of a firing that no run has the name of. Older ones hold
// outputs and error only.
type Unfired struct {
	Inputs        expr.Value    `json:"inputs"`
	Outputs       expr.Value    `json:"outputs"`
	TrackingID    string        `json:"trackingId,omitempty"`
	ClientID      string        `json:"clientTrackingId,omitempty"`
	SecureInputs  bool          `json:"secureInputs,omitempty"`
	SecureOutputs bool          `json:"secureOutputs,omitempty"`
	Error         *engine.Error `json:"error,omitempty"`
	// Body is the body of the outputs, if it is a content of the history's: the outputs
	// are without it as they are stored, and refer to it once they are read.
	Body *expr.ContentReference `json:"body,omitempty"`
}

// maxUnfired bounds the outputs that the history keeps of a firing without a run, in
// bytes: beyond it their body is left out, or of one that can be split again a content.
const maxUnfired = 256 << 10

// putUnfired records a firing that began no run; cause is nil unless it failed.
func (r *Runner) putUnfired(tx *store.Tx, environment, flowID string, f engine.Fired, name string, cause *engine.Error) error {
	h, err := unfired(flowID, f, name, cause, nil)
	if err != nil {
		return err
	}
	r.told(tx, environment, flowID, &f)
	return tx.PutTriggerHistory(h)
}

// firedBody is the content of a history that holds the body of the outputs.
const firedBody = "TriggerBody"

// putFiredBody stores a body that is too large for the history; nil if it is not.
func putFiredBody(ctx context.Context, db *store.DB, f engine.Fired, name string) (*store.Content, *expr.ContentReference, error) {
	if f.Outputs.Size() <= maxUnfired {
		return nil, nil, nil
	}
	body, ok := f.Outputs.Get("body")
	if !ok {
		return nil, nil, nil
	}
	c, err := db.PutContent(ctx, store.HistoryContents(name), firedBody, jsonReader(body))
	if err != nil {
		return nil, nil, err
	}
	return &c, &expr.ContentReference{ID: firedBody, Size: body.Size(), Kind: body.Kind(), ContentType: "application/json"}, nil
}

// putFired records a firing whose runs have names of their own, as splitOn gives them;
// body is that of putFiredBody.
func putFired(tx *store.Tx, flowID string, f engine.Fired, name string, body *expr.ContentReference) error {
	h, err := unfired(flowID, f, name, nil, body)
	if err != nil {
		return err
	}
	h.Fired = true
	return tx.PutTriggerHistory(h)
}

func unfired(flowID string, f engine.Fired, name string, cause *engine.Error, body *expr.ContentReference) (store.TriggerHistory, error) {
	outputs := f.Outputs
	if outputs.Size() > maxUnfired {
		outputs = outputs.Without("body")
	}
	payload, err := json.Marshal(Unfired{
		Inputs: f.Inputs, Outputs: outputs, TrackingID: f.TrackingID, ClientID: f.ClientTrackingID,
		SecureInputs: f.SecureInputs, SecureOutputs: f.SecureOutputs, Error: cause, Body: body,
	})
	return store.TriggerHistory{
		Workflow: flowID, Trigger: f.Name, Name: name,
		Status: f.Status.String(), Code: f.Code,
		Start: f.Start, End: f.End, Scheduled: f.ScheduledTime, Payload: payload,
	}, err
}

// ReadUnfired reads the payload of the history of a firing that began no run. What the
// outputs refer to are contents of store.HistoryContents.
func ReadUnfired(h store.TriggerHistory) (u Unfired, err error) {
	if len(h.Payload) > 0 {
		err = json.Unmarshal(h.Payload, &u)
	}
	if err == nil && u.Body != nil {
		u.Outputs = u.Outputs.With("body", expr.Reference(*u.Body))
	}
	return u, err
}
