package logic

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/trigger"
	"isle/wdl"
)

// Many runs of a workflow are cancelled or resubmitted by one operation of Isle's own: a
// POST with the $filter and $search of the list of runs. What is to be done is a task that
// remembers how far it came; done again after a crash it changes nothing: a run that has
// ended is not cancelled, and what a run is resubmitted as follows from its name. Which
// runs are next is stored before anything is done with them, and what became of each can be
// told from the run: its head says by what it was cancelled. So the counts are right, too.
// Runs that begin after the request are left alone.

// KindRuns is the kind of task that works on many runs.
const KindRuns = "logic.runs"

const (
	bulkPage     = 50 // runs between two looks at how far it is
	bulkFailures = 20 // are shown
	verbCancel   = "cancel"
	verbResubmit = "resubmit"
)

// bulk is an operation on many runs as stored with it.
type bulk struct {
	Verb       string        `json:"verb"`
	Workflow   string        `json:"workflow"` // resource ID
	Filter     string        `json:"filter,omitempty"`
	Search     string        `json:"search,omitempty"`
	Actions    []string      `json:"actions,omitempty"` // of those resubmitted: where they begin
	FromFailed bool          `json:"fromFailed,omitempty"`
	Before     time.Time     `json:"before"`         // runs that began before
	Next       string        `json:"next,omitempty"` // where the list goes on
	Page       []string      `json:"page,omitempty"` // runs that are being worked on; they are not counted yet
	Done       int           `json:"done"`
	Skipped    int           `json:"skipped"` // had ended, are gone, or have nothing failed to begin at
	Failed     int           `json:"failed"`
	Failures   []bulkFailure `json:"failures,omitempty"`
}

type bulkFailure struct {
	Run     string `json:"run"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func bulkOperation(workflowID, name string) string {
	return strings.ToLower(workflowID) + "/runoperations/" + strings.ToLower(name)
}

// bulkRuns begins an operation on the runs that match.
func (s *Service) bulkRuns(verb string) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		b := bulk{Verb: verb, Workflow: r.Resource.ID, Filter: r.Query.Get("$filter"), Search: r.Query.Get("$search"), Before: r.Now}
		if verb == verbResubmit {
			again, err := readBulkAgain(r.Body)
			if err != nil {
				return nil, err
			}
			b.Actions, b.FromFailed = again.actions, again.failed
		}
		if b.Filter == "" && b.Search == "" {
			return nil, arm.Invalid("MissingFilter", "$filter", "Say which runs: give $filter, as the list of runs takes it, or $search. All of them: $filter=startTime ge 2000-01-01T00:00:00Z.")
		}
		if _, err := s.readRunList(b.request(r.Now)); err != nil {
			return nil, err
		}
		name := newID()
		err := s.control.Write(ctx, func(tx *store.Tx) error {
			return errors.Join(b.put(tx, store.Operation{ID: bulkOperation(r.Resource.ID, name), Resource: r.Resource.ID, Kind: KindRuns, Status: "InProgress", Start: r.Now}),
				tx.PutTask(store.Task{Key: "runs:" + name, Kind: KindRuns, Due: r.Now, Payload: []byte(bulkOperation(r.Resource.ID, name))}))
		})
		if err != nil {
			return nil, err
		}
		location := r.BaseURL + r.Resource.ID + "/runOperations/" + name + "?api-version=" + url.QueryEscape(r.APIVersion)
		return &arm.Response{Status: http.StatusAccepted, Header: http.Header{"Location": {location}, "Azure-AsyncOperation": {location}, "Retry-After": {"1"}}}, nil
	}
}

func (b *bulk) put(tx *store.Tx, op store.Operation) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	op.Error = text
	return tx.PutOperation(op)
}

// request is that of the next page.
func (b *bulk) request(now time.Time) *arm.Request {
	q := url.Values{"$top": {strconv.Itoa(bulkPage)}}
	for name, v := range map[string]string{"$filter": b.Filter, "$search": b.Search, "$skiptoken": b.Next} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return &arm.Request{Query: q, Now: now}
}

// readBulk shows how far an operation on many runs is.
func (s *Service) readBulk(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	op, b, err := s.bulk(ctx, bulkOperation(r.Resource.ID, r.Values["operation"]))
	if errors.Is(err, store.ErrNotFound) {
		return nil, arm.Missing("OperationNotFound", "The workflow '%s' has no operation '%s' on its runs: those that ended long ago are forgotten.", r.ID.Name(), r.Values["operation"])
	}
	if err != nil {
		return nil, err
	}
	var failures []expr.Value
	for _, f := range b.Failures {
		failures = append(failures, object(member("run", expr.String(f.Run)), member("code", expr.String(f.Code)), member("message", expr.String(f.Message))))
	}
	var view, counts fields
	counts.text("action", b.Verb)
	counts.add("done", expr.Int(int64(b.Done)))
	counts.add("skipped", expr.Int(int64(b.Skipped)))
	counts.add("failed", expr.Int(int64(b.Failed)))
	counts.add("failures", expr.Array(failures...))
	view.text("id", r.Resource.ID+"/runOperations/"+r.Values["operation"])
	view.text("name", r.Values["operation"])
	view.text("status", op.Status)
	view.time("startTime", op.Start)
	view.time("endTime", op.End)
	view.add("properties", counts.value())
	return arm.Reply(view.value()), nil
}

func (s *Service) bulk(ctx context.Context, id string) (op store.Operation, b bulk, err error) {
	if err = s.control.Read(ctx, func(tx *store.Tx) error {
		op, err = tx.Operation(id)
		return err
	}); err != nil {
		return op, b, err
	}
	return op, b, json.Unmarshal(op.Error, &b)
}

// carryRuns carries an operation on many runs on.
func (s *Service) carryRuns(ctx context.Context, _ *store.DB, t store.Task) (result task.Result, err error) {
	task.Outside(ctx, func() {
		for more := true; more && err == nil; {
			more, result, err = s.bulkStep(ctx, string(t.Payload))
		}
	})
	return result, err
}

// bulkStep works on the runs of one page. A trigger that begins no more runs now is asked
// again later.
func (s *Service) bulkStep(ctx context.Context, id string) (more bool, later task.Result, err error) {
	op, b, err := s.bulk(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && op.Status != "InProgress" {
		return false, task.Done(), nil
	}
	if err != nil {
		return false, task.Done(), err
	}
	save := func() error { return s.control.Write(ctx, func(tx *store.Tx) error { return b.put(tx, op) }) }
	owner, err := s.bulkOwner(ctx, &b)
	if errors.Is(err, store.ErrNotFound) { // the workflow is gone
		op.Status, op.End = "Failed", s.now()
		return false, task.Done(), save()
	}
	if err == nil && len(b.Page) == 0 {
		if b.Page, b.Next, err = s.nextPage(ctx, &b, owner); err == nil && len(b.Page) > 0 {
			err = save()
		}
	}
	if err != nil {
		return false, task.Done(), err
	}
	for _, run := range b.Page {
		err := s.bulkRun(ctx, owner.form, &b, id, run)
		if wire := arm.AsError(err); wire != nil && wire.Status == http.StatusTooManyRequests {
			return false, task.Again(s.now().Add(10 * time.Second)), nil
		} else if err != nil {
			return false, task.Done(), err
		}
	}
	if b.Page = nil; b.Next == "" {
		op.Status, op.End = "Succeeded", s.now()
	}
	return b.Next != "", task.Done(), save()
}

// bulkOwner is the workflow as it is now.
func (s *Service) bulkOwner(ctx context.Context, b *bulk) (*runOwner, error) {
	owner := &runOwner{id: b.Workflow}
	return owner, s.control.Read(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, strings.ToLower(b.Workflow))
		if err == nil {
			owner.form, err = decode[workflow](r.Resource)
		}
		return err
	})
}

// nextPage are the next runs that match, and where the list goes on behind them.
func (s *Service) nextPage(ctx context.Context, b *bulk, owner *runOwner) (runs []string, next string, err error) {
	l, err := s.readRunList(b.request(s.now()))
	if err != nil {
		return nil, "", err
	}
	if l.query.To.IsZero() || l.query.To.After(b.Before) {
		l.query.To = b.Before
	}
	l.owner = func(context.Context, string) (*runOwner, error) { return owner, nil }
	found, frontier, err := l.find(ctx, []source{{owner.form.Environment, owner.form.FlowID}})
	if frontier != nil {
		next = base64.RawURLEncoding.EncodeToString([]byte(frontier.token()))
	}
	for _, e := range found {
		runs = append(runs, e.run.Name)
	}
	return runs, next, err
}

// bulkRun does with one run what is to be done, and counts what came of it. An error is
// one that passes: the whole page is done again later.
func (s *Service) bulkRun(ctx context.Context, form *workflow, b *bulk, operation, run string) (err error) {
	if b.Verb == verbCancel {
		err = s.config.Runner.CancelBy(ctx, form.Environment, run, operation)
	} else {
		_, err = s.rerun(ctx, form, run, resubmittedName(b.Before, operation, run), again{actions: b.Actions, failed: b.FromFailed})
	}
	done, unread := s.bulkDone(ctx, form, b, operation, run)
	switch {
	case unread != nil:
		return unread
	case done:
		b.Done++
	case err == nil, errors.Is(err, runner.ErrFinished), errors.Is(err, store.ErrNotFound), nothingFailed(err):
		b.Skipped++ // without an error: somebody else cancels it just now
	case ctx.Err() != nil || passes(err):
		return err
	default:
		s.failed(b, run, err)
	}
	return nil
}

// nothingFailed says that a run has no failed action to begin at.
func nothingFailed(err error) bool {
	wire := arm.AsError(err)
	return wire != nil && wire.Code == codeNoFailure
}

// bulkDone says whether the operation has done with a run what is to be done, now or before
// a crash.
func (s *Service) bulkDone(ctx context.Context, form *workflow, b *bulk, operation, run string) (done bool, err error) {
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return false, err
	}
	if b.Verb == verbResubmit {
		err = begunBefore(ctx, db, run, resubmittedName(b.Before, operation, run))
		done = err == nil
	} else {
		done, err = cancelledBefore(ctx, db, operation, run)
	}
	if ctx.Err() != nil || passes(err) {
		return false, err
	}
	return done, nil // there is none, or one that cannot be read
}

// cancelledBefore says whether a run was cancelled by the operation.
func cancelledBefore(ctx context.Context, db *store.DB, operation, run string) (done bool, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		r, err := tx.Run(run)
		if err != nil {
			return err
		}
		summary, err := engine.DecodeHead(r.Head)
		done = err == nil && summary.CancelledBy == operation && summary.Status == wdl.Cancelled
		return err
	})
	return done, err
}

// passes says whether an error is of the moment, not of the run.
func passes(err error) bool {
	if wire := arm.AsError(err); wire != nil {
		return wire.Status == http.StatusTooManyRequests || wire.Status == http.StatusServiceUnavailable
	}
	_, unavailable := errors.AsType[*store.UnavailableError](err)
	return unavailable || errors.Is(err, store.ErrClosed) || errors.Is(err, runner.ErrStopped)
}

// failed counts a run for which it will not go, and why.
func (s *Service) failed(b *bulk, run string, err error) {
	wire := arm.AsError(err)
	if wire == nil {
		s.config.Log.Error("operation on many runs", "workflow", b.Workflow, "run", run, "action", b.Verb, "error", err)
		wire = &arm.Error{Code: "InternalServerError", Message: "It could not be done; the server's log says why."}
	}
	b.Failed++
	if len(b.Failures) < bulkFailures {
		b.Failures = append(b.Failures, bulkFailure{run, wire.Code, wire.Message})
	}
}

// resubmittedName is what a run is resubmitted as by an operation, the same each time. The
// nine digits that a name has for runs of one moment are too few for a hundred thousand
// runs, so the moment is spread over the second before.
func resubmittedName(at time.Time, operation, run string) string {
	const moments = uint64(time.Second / (100 * time.Nanosecond))
	sum := sha256.Sum256([]byte(operation + "/" + run))
	before := binary.BigEndian.Uint64(sum[:8]) % moments
	return trigger.RunName(at.Add(-time.Duration(before)*100*time.Nanosecond), binary.BigEndian.Uint64(sum[8:16]))
}
