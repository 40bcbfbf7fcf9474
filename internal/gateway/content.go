package gateway

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// content serves the recorded inputs or outputs of a trigger, action or repetition
// (logic-api §1.7).
func (g *Gateway) content(w http.ResponseWriter, r *http.Request, t target) error {
	if err := onlyRead(r); err != nil {
		return err
	}
	d, db, err := g.openRun(r, t)
	if err != nil {
		return err
	}
	contentHeaders(w.Header())
	if isTestFile(t) {
		return g.serveTestFile(w, r, d, db, t)
	}
	v, ok, err := g.recorded(r.Context(), db, d, t)
	if isNotFound(err) || err == nil && !ok {
		return notFound("ContentNotFound", "The run '"+t.run+"' has no such content, or it is secured.")
	}
	if err != nil {
		return err
	}
	if ref, ok := v.AsReference(); ok { // streamed, however large
		return serveStored(w, r, db, t.run, ref)
	}
	if v, err = runner.Resolve(r.Context(), db, t.run, v); err != nil {
		return err
	}
	writeContent(w, v)
	return nil
}

// onlyRead refuses what is no read of a content.
func onlyRead(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	return &failure{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "A content link is read with GET.", header: http.Header{"Allow": {"GET, HEAD"}}}
}

func contentHeaders(h http.Header) {
	h["Content-Type"] = []string{"application/json; charset=utf-8"}
	h["Cache-Control"] = []string{"no-store"}
	h["Content-Security-Policy"] = []string{inert}
}

func writeContent(w http.ResponseWriter, v expr.Value) {
	body := v.AppendJSON(nil)
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
}

// firing serves the recorded inputs or outputs of a firing that began no run.
func (g *Gateway) firing(w http.ResponseWriter, r *http.Request, t target) error {
	if err := onlyRead(r); err != nil {
		return err
	}
	d, db, err := g.openRun(r, t)
	if err != nil {
		return err
	}
	v, ok, err := unfired(r.Context(), db, d, t)
	if isNotFound(err) || err == nil && !ok {
		return notFound("ContentNotFound", "The history '"+t.history+"' has no such content, or it is secured.")
	}
	if err == nil {
		v, err = runner.Resolve(r.Context(), db, store.HistoryContents(t.history), v)
	}
	if err != nil {
		return err
	}
	contentHeaders(w.Header())
	writeContent(w, v)
	return nil
}

func unfired(ctx context.Context, db *store.DB, d *runner.Deployed, t target) (v expr.Value, ok bool, err error) {
	var h store.TriggerHistory
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		h, err = tx.TriggerHistory(d.FlowID, t.trigger, t.history)
		return err
	})
	if err != nil {
		return v, false, err
	}
	u, err := runner.ReadUnfired(h)
	switch {
	case err != nil:
	case strings.EqualFold(t.content, "TriggerInputs"):
		return u.Inputs, !u.Inputs.IsNull() && !u.SecureInputs, nil
	case strings.EqualFold(t.content, "TriggerOutputs"):
		v, _ = connector.SanitiseOutputs(u.Outputs)
		return v, !u.Outputs.IsNull() && !u.SecureOutputs, nil
	}
	return v, false, err
}

// openRun opens the workflow of a target below a run, and the database of the run.
func (g *Gateway) openRun(r *http.Request, t target) (*runner.Deployed, *store.DB, error) {
	d, _, err := g.open(r.Context(), r, t)
	if err != nil {
		return nil, nil, err
	}
	db, err := g.config.Store.Environment(r.Context(), d.Environment)
	return d, db, err
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
func (g *Gateway) recorded(ctx context.Context, db *store.DB, d *runner.Deployed, t target) (v expr.Value, ok bool, err error) {
	run, err := readRun(ctx, db, d, t.run)
	if err != nil {
		return v, false, err
	}
	scopes, err := g.scopes(ctx, d, run, t)
	if err != nil {
		return v, false, err
	}
	rows, err := readRows(ctx, db, t.run, scopes)
	if err != nil {
		return v, false, err
	}
	if t.action == "" {
		return triggerContent(ctx, db, run, rows, t.content)
	}
	records, err := engine.DecodeRecords(rows)
	if err != nil {
		return v, false, err
	}
	for i := range records {
		if rec := &records[i]; matches(rec, t) {
			if connector.Unreported(rec) {
				if rec.Inputs, err = runner.Resolve(ctx, db, t.run, rec.Inputs); err != nil {
					return v, false, err
				}
			}
			if rec.Outputs, err = headersInPlace(ctx, db, t.run, rec.Outputs); err != nil {
				return v, false, err
			}
			return actionContent(rec, t.content)
		}
	}
	return v, false, nil
}

// scopes are those whose rows may hold the target's record: of a repetition its
// own, and the one around it, which holds the record of an iteration as a whole.
func (g *Gateway) scopes(ctx context.Context, d *runner.Deployed, run store.Run, t target) ([]string, error) {
	if t.repetition == "" {
		return []string{""}, nil
	}
	w, err := g.config.Workflows.Workflow(ctx, d.Environment, run.Workflow, run.Version)
	if err != nil {
		return nil, err
	}
	path, err := t.repetitionPath(w.Program)
	if err != nil {
		return nil, err
	}
	return []string{engine.ScopeOf(path), engine.ScopeOf(path[:len(path)-1])}, nil
}

// repetitionPath is the repetition of the target, outermost first; nil if it has none.
func (t target) repetitionPath(p *wdl.Program) ([]engine.RepetitionIndex, error) {
	action, ok := p.Action(t.action)
	if !ok {
		return nil, store.ErrNotFound
	}
	loops := action.Loops
	if t.scope {
		loops = append(slices.Clip(loops), action.Index)
	}
	var indexes []string
	if t.repetition != "" {
		indexes = strings.Split(t.repetition, "-")
	}
	if len(indexes) != len(loops) {
		return nil, store.ErrNotFound
	}
	var path []engine.RepetitionIndex
	for i, loop := range loops {
		n, err := strconv.ParseUint(indexes[i], 10, 31)
		if err != nil {
			return nil, store.ErrNotFound
		}
		path = append(path, engine.RepetitionIndex{Scope: p.Actions[loop].Name, Index: int(n)})
	}
	return path, nil
}

// readRun reads a run of the workflow.
func readRun(ctx context.Context, db *store.DB, d *runner.Deployed, name string) (run store.Run, err error) {
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		run, err = tx.Run(name)
		return err
	})
	if err == nil && run.Workflow != d.FlowID {
		err = store.ErrNotFound
	}
	return run, err
}

func readRows(ctx context.Context, db *store.DB, run string, scopes []string) (rows []store.Row, err error) {
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Rows(run, scopes...)
		return err
	})
	return rows, err
}

// headersInPlace are outputs whose headers can be looked into before they are shown:
// large ones are a content of their own.
func headersInPlace(ctx context.Context, db *store.DB, run string, outputs expr.Value) (expr.Value, error) {
	headers, _ := outputs.Get("headers")
	if _, ok := headers.AsReference(); !ok {
		return outputs, nil
	}
	headers, err := runner.Resolve(ctx, db, run, headers)
	return outputs.With("headers", headers), err
}

func triggerContent(ctx context.Context, db *store.DB, run store.Run, rows []store.Row, content string) (v expr.Value, ok bool, err error) {
	f, err := engine.DecodeTrigger(run.Head, rows)
	if err != nil {
		return v, false, err
	}
	switch {
	case strings.EqualFold(content, "TriggerInputs"):
		return f.Inputs, f.HasInputs && !f.SecureInputs, nil
	case strings.EqualFold(content, "TriggerOutputs"):
		if v, err = headersInPlace(ctx, db, run.Name, f.Outputs); err != nil {
			return v, false, err
		}
		v, _ = connector.SanitiseOutputs(v)
		return v, f.HasOutputs && !f.SecureOutputs, nil
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
		return connector.Shown(rec), rec.HasInputs && !rec.SecureInputs, nil
	case strings.EqualFold(content, "ActionOutputs"):
		outputs, _ := connector.SanitiseOutputs(rec.Outputs)
		return outputs, rec.HasOutputs && !rec.SecureOutputs, nil
	}
	body, ok := connector.ResponseBody(rec, content)
	return body, ok, nil
}

// poll answers who was told to ask for the Response later: 202 until the run has
// sent it, then the Response itself.
func (g *Gateway) poll(w http.ResponseWriter, r *http.Request, t target) error {
	if r.Method != http.MethodGet {
		return &failure{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "The status of a run is read with GET.", header: http.Header{"Allow": {"GET"}}}
	}
	d, db, err := g.openRun(r, t)
	if err != nil {
		return err
	}
	run, err := readRun(r.Context(), db, d, t.run)
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
		reply, err := replyOf(r.Context(), db, t.run, summary.Response)
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
func replyOf(ctx context.Context, db *store.DB, run string, sent *engine.ResponseSent) (*runner.Reply, error) {
	rows, err := readRows(ctx, db, run, []string{""})
	if err != nil {
		return nil, err
	}
	records, err := engine.DecodeRecords(rows)
	if err != nil {
		return nil, err
	}
	for i := range records {
		rec := &records[i]
		if !strings.EqualFold(rec.Action, sent.Action) || rec.Type != wdl.TypeResponse || rec.Status != wdl.Succeeded {
			continue
		}
		outputs, err := runner.Resolve(ctx, db, run, rec.Outputs)
		if err != nil {
			return nil, err
		}
		reply := &runner.Reply{Sent: true, Action: sent.Action, StatusCode: sent.StatusCode}
		reply.Headers, _ = outputs.Get("headers")
		reply.Body, reply.HasBody = outputs.Get("body")
		return reply, nil
	}
	return nil, store.ErrNotFound
}
