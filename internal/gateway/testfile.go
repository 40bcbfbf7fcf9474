package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/testfile"
)

// testFile is the content of a run that is a test file of it, for `isle test`: made
// when it is asked for, of what the run's history shows.
const testFile = "TestFile"

func isTestFile(t target) bool { return t.action == "" && strings.EqualFold(t.content, testFile) }

func (g *Gateway) serveTestFile(w http.ResponseWriter, r *http.Request, d *runner.Deployed, db *store.DB, t target) error {
	recording, err := g.recording(r.Context(), d, db, t.run)
	if isNotFound(err) {
		return notFound("WorkflowRunNotFound", "The run '"+t.run+"' could not be found.")
	}
	if err != nil {
		return err
	}
	text, err := testfile.Record(r.Context(), recording)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return &failure{status: http.StatusConflict, code: "WorkflowRunNotRecordable", message: "No test can be made of the run '" + t.run + "': " + err.Error() + "."}
	}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(text))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(text)
	return nil
}

// recording reads a run as its history shows it: secured values are not read, secrets
// not shown.
func (g *Gateway) recording(ctx context.Context, d *runner.Deployed, db *store.DB, name string) (r testfile.Recording, err error) {
	r.InlineCode = g.config.InlineCode
	run, err := readRun(ctx, db, d, name)
	if err != nil {
		return r, err
	}
	if r.Workflow, err = g.config.Workflows.Workflow(ctx, d.Environment, run.Workflow, run.Version); err != nil {
		return r, err
	}
	if r.Summary, err = engine.DecodeHead(run.Head); err != nil || run.End.IsZero() {
		return r, err
	}
	rows, err := readRows(ctx, db, name, nil)
	if err != nil {
		return r, err
	}
	if r.Trigger, err = engine.DecodeTrigger(run.Head, rows); err != nil {
		return r, err
	}
	if r.Records, err = engine.DecodeRecords(rows); err != nil {
		return r, err
	}
	return r, readable(ctx, db, name, &r)
}

// readable puts contents in their places, and hides what a history hides.
func readable(ctx context.Context, db *store.DB, run string, r *testfile.Recording) (err error) {
	if r.Trigger.SecureOutputs {
		r.Trigger.HasOutputs = false
	} else if r.Trigger.Outputs, err = runner.Resolve(ctx, db, run, r.Trigger.Outputs); err != nil {
		return err
	}
	r.Trigger.Outputs, _ = connector.SanitiseOutputs(r.Trigger.Outputs)
	for i := range r.Records {
		rec := &r.Records[i]
		if rec.SecureOutputs {
			rec.HasOutputs = false
			continue
		}
		if rec.Outputs, err = runner.Resolve(ctx, db, run, rec.Outputs); err != nil {
			return err
		}
		rec.Outputs, _ = connector.SanitiseOutputs(rec.Outputs)
	}
	return nil
}
