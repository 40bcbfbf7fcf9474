package gateway

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// content serves the recorded inputs or outputs of a trigger, action or repetition
// (logic-api §1.7).
func (g *Gateway) content(w http.ResponseWriter, r *http.Request, t target) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return &failure{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "A content link is read with GET.", header: http.Header{"Allow": {"GET, HEAD"}}}
	}
	d, _, err := g.open(r.Context(), r, t)
	if err != nil {
		return err
	}
	db, err := g.config.Store.Environment(r.Context(), d.Environment)
	if err != nil {
		return err
	}
	v, ok, err := recorded(r.Context(), db, d, t)
	if isNotFound(err) || err == nil && !ok {
		return notFound("ContentNotFound", "The run '"+t.run+"' has no such content, or it is secured.")
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"] = []string{"application/json; charset=utf-8"}
	h["Cache-Control"] = []string{"no-store"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	if ref, ok := v.AsReference(); ok {
		return serveStored(w, r, db, t.run, ref)
	}
	body := v.AppendJSON(nil)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
	return nil
}

// serveStored streams a value that is kept outside the rows.
func serveStored(w http.ResponseWriter, r *http.Request, db *store.DB, run string, ref expr.ContentReference) error {
	content, size, err := db.OpenContent(r.Context(), run, ref.ID)
	if err != nil {
		return err
	}
	defer content.Close()
	w.Header()["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, content) // the length tells the reader if it was cut off
	return nil
}

// recorded finds the value of a target in the run's rows.
func recorded(ctx context.Context, db *store.DB, d *runner.Deployed, t target) (v expr.Value, ok bool, err error) {
	run, records, err := readRecords(ctx, db, d, t)
	if err != nil {
		return v, false, err
	}
	if t.action == "" {
		return triggerContent(run, t.content)
	}
	for i := range records {
		if rec := &records[i]; matches(rec, t) {
			return actionContent(rec, t.content)
		}
	}
	return v, false, nil
}

// readRecords reads the rows that may hold the target's record.
func readRecords(ctx context.Context, db *store.DB, d *runner.Deployed, t target) (run store.Run, records []engine.Record, err error) {
	var rows []store.Row
	err = db.Read(ctx, func(tx *store.Tx) error {
		if run, err = tx.Run(t.run); err != nil {
			return err
		}
		if run.Workflow != d.FlowID {
			return store.ErrNotFound
		}
		if t.action == "" || t.repetition != "" {
			rows, err = tx.Rows(t.run)
		} else {
			rows, err = tx.Rows(t.run, "")
		}
		return err
	})
	if err != nil {
		return run, nil, err
	}
	records, err = engine.DecodeRecords(rows)
	return run, records, err
}

func triggerContent(run store.Run, content string) (v expr.Value, ok bool, err error) {
	s, err := engine.DecodeHead(run.Head)
	if err != nil {
		return v, false, err
	}
	f := s.TriggerRecord
	switch {
	case strings.EqualFold(content, "TriggerInputs"):
		return f.Inputs, f.HasInputs && !f.SecureInputs, nil
	case strings.EqualFold(content, "TriggerOutputs"):
		return f.Outputs, f.HasOutputs && !f.SecureOutputs, nil
	}
	return v, false, nil
}

func matches(rec *engine.Record, t target) bool {
	return strings.EqualFold(rec.Action, t.action) && rec.Iteration == t.scope &&
		engine.RepetitionName(rec.Repetition) == t.repetition
}

func actionContent(rec *engine.Record, content string) (expr.Value, bool, error) {
	switch {
	case strings.EqualFold(content, "ActionInputs"):
		return rec.Inputs, rec.HasInputs && !rec.SecureInputs, nil
	case strings.EqualFold(content, "ActionOutputs"):
		return rec.Outputs, rec.HasOutputs && !rec.SecureOutputs, nil
	}
	return expr.Null(), false, nil
}

// poll answers who was told to ask for the Response later: 202 until the run has
// sent it, then the Response itself.
func (g *Gateway) poll(w http.ResponseWriter, r *http.Request, t target) error {
	if r.Method != http.MethodGet {
		return &failure{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "The status of a run is read with GET.", header: http.Header{"Allow": {"GET"}}}
	}
	d, _, err := g.open(r.Context(), r, t)
	if err != nil {
		return err
	}
	db, err := g.config.Store.Environment(r.Context(), d.Environment)
	if err != nil {
		return err
	}
	run, records, err := readRecords(r.Context(), db, d, target{run: t.run, repetition: "*"})
	if isNotFound(err) {
		return notFound("WorkflowRunNotFound", "The run '"+t.run+"' could not be found.")
	}
	if err != nil {
		return err
	}
	summary, err := engine.DecodeHead(run.Head)
	if err != nil {
		return err
	}
	switch {
	case summary.Response != nil:
		reply, err := replyOf(r.Context(), db, t.run, summary.Response, records)
		if err != nil {
			return err
		}
		return writeReply(w, reply, t.run)
	case !run.End.IsZero():
		return noResponse(t.run)
	}
	g.writePollHeaders(w.Header(), d, t.run, t.operation)
	return accepted(w)
}

// replyOf reads the Response from its action's record, whose outputs are
// statusCode, headers and body.
func replyOf(ctx context.Context, db *store.DB, run string, sent *engine.ResponseSent, records []engine.Record) (*runner.Reply, error) {
	for i := range records {
		rec := &records[i]
		if !strings.EqualFold(rec.Action, sent.Action) || rec.Type != wdl.TypeResponse || rec.Status != wdl.Succeeded {
			continue
		}
		outputs, err := whole(ctx, db, run, rec.Outputs)
		if err != nil {
			return nil, err
		}
		reply := &runner.Reply{Sent: true, Action: sent.Action, StatusCode: sent.StatusCode}
		reply.Headers, _ = outputs.Get("headers")
		reply.Body, reply.HasBody = outputs.Get("body")
		reply.Body, err = whole(ctx, db, run, reply.Body)
		return reply, err
	}
	return nil, store.ErrNotFound
}

func whole(ctx context.Context, db *store.DB, run string, v expr.Value) (expr.Value, error) {
	if ref, ok := v.AsReference(); ok {
		return runner.LoadContent(ctx, db, run, ref)
	}
	return v, nil
}
