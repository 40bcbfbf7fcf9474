package logic

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

// Lists of runs: of a workflow, as the original has it (logic-api §1.4), and as
// operations of Isle's own of an environment and of a subscription, with more to filter
// by. A list is read from one or more sources, each in its order, and merged: newest
// start first. Each page does bounded work: where few of many runs match what no index
// knows, it ends early, with a link to go on, and may be empty.

// maxLooked bounds the runs of a source that one page looks at in vain.
const maxLooked = 1000

// source is where runs are read from: an environment's database, all of it or one
// workflow.
type source struct {
	environment string // store id
	flow        string // "": every workflow
}

func (s source) compare(o source) int {
	return cmp.Or(strings.Compare(s.environment, o.environment), strings.Compare(s.flow, o.flow))
}

// cursor is the place of a run in a list: order falls, then source rises, then id falls.
type cursor struct {
	order  int64 // start in nanoseconds, or the place in the index of words
	source source
	id     int64
}

func (c cursor) compare(o cursor) int {
	return cmp.Or(cmp.Compare(o.order, c.order), c.source.compare(o.source), cmp.Compare(o.id, c.id))
}

// behind is the order and id from which a source goes on behind the cursor.
func (c cursor) behind(s source) (order, id int64) {
	switch d := s.compare(c.source); {
	case d < 0: // all runs of that order have been listed
		return c.order, 1
	case d > 0: // none has
		return c.order, 1<<63 - 1
	}
	return c.order, c.id
}

func (c cursor) token() string {
	return strconv.FormatInt(c.order, 10) + "." + strconv.FormatInt(c.id, 10) + "." + c.source.environment + "." + c.source.flow
}

// readCursor reads what token wrote; nil for the first page.
func readCursor(token string) (*cursor, error) {
	if token == "" {
		return nil, nil
	}
	parts := strings.Split(token, ".")
	if len(parts) == 4 {
		order, err := strconv.ParseInt(parts[0], 10, 64)
		id, err2 := strconv.ParseInt(parts[1], 10, 64)
		if err == nil && err2 == nil && id > 0 {
			return &cursor{order, source{parts[2], parts[3]}, id}, nil
		}
	}
	return nil, invalidSkipToken()
}

func invalidSkipToken() error {
	return arm.Invalid("InvalidSkipToken", "$skiptoken", "The $skiptoken is invalid: take nextLink as it was given.")
}

// runOwner is the workflow of a run, as it is shown.
type runOwner struct {
	id   string // resource ID
	form *workflow
}

// runList is a page of runs on its way.
type runList struct {
	service *Service
	request *arm.Request
	page    *page
	query   store.RunQuery      // what the indexes of heads answer
	words   [][]store.TermQuery // what the index of words is asked for; nil: it is not
	filter  *arm.Filter         // what each run is judged by, beside words
	lag     *lag                // of that index; nil: it is not asked
	after   *cursor
	flows   map[string][]string // by environment, the workflows that words are looked for in; nil: all
	// owner finds the workflow of a run; nil: the run is not shown.
	owner func(ctx context.Context, flowID string) (*runOwner, error)
}

// entry is a run that matches.
type entry struct {
	cursor
	run store.Run
}

// readRunList reads what a request wants of a list of runs.
func (s *Service) readRunList(r *arm.Request, fields ...arm.Field) (*runList, error) {
	p, err := readPage(r, append(runFields(), fields...)...)
	if err != nil {
		return nil, err
	}
	l := &runList{service: s, request: r, page: p}
	if l.after, err = readCursor(p.after); err != nil {
		return nil, err
	}
	if err := l.readWords(); err != nil {
		return nil, err
	}
	l.query.Status, l.query.From, l.query.To = p.narrow()
	l.query.ClientTrackingID, _ = p.filter.Equals("clientTrackingId")
	l.query.ErrorCode, _ = p.filter.Equals(fieldError)
	return l, nil
}

// What runs can be filtered by of Isle's own. The last two are known by the index of words.
const (
	fieldError   = "error/code"         // of the run
	fieldFailure = "actions/error/code" // of any action, or its code
	fieldTracked = "trackedProperties/" // of any action; a name follows
)

// runFields are what runs can be filtered by: the original's, and more.
func runFields() []arm.Field {
	return append(historyFields(), arm.Field{Name: fieldError}, arm.Field{Name: fieldFailure}, arm.Field{Name: fieldTracked + "*", Kind: arm.Scalar})
}

func (l *runList) matches(run *store.Run, owner *runOwner) bool {
	return l.filter.Match(func(field string) expr.Value {
		switch field {
		case "status":
			return expr.String(run.Status)
		case "startTime":
			return expr.String(timestamp(run.Start))
		case fieldError:
			if run.ErrorCode == "" {
				return expr.Null()
			}
			return expr.String(run.ErrorCode)
		case fieldWorkflow:
			return expr.String(lastSegment(owner.id))
		}
		return expr.String(run.ClientTrackingID)
	})
}

// answer makes the page.
func (l *runList) answer(ctx context.Context, sources []source) (*arm.Response, error) {
	found, frontier, err := l.find(ctx, sources)
	if err != nil {
		return nil, err
	}
	values, err := l.show(ctx, found)
	if err != nil {
		return nil, err
	}
	last := ""
	if frontier != nil {
		last = frontier.token()
	}
	reply := l.page.reply(values, last)
	if l.lag != nil {
		reply.Body = reply.Body.With("indexing", l.lag.view(l.request.Now))
	}
	return reply, nil
}

// find gives the runs of the page. The list goes on behind the frontier; nil: it ends.
func (l *runList) find(ctx context.Context, sources []source) (found []entry, frontier *cursor, err error) {
	slices.SortFunc(sources, source.compare)
	for _, src := range sources {
		some, upTo, err := l.collect(ctx, src)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, some...)
		if upTo != nil && (frontier == nil || upTo.compare(*frontier) < 0) {
			frontier = upTo
		}
	}
	slices.SortFunc(found, func(a, b entry) int { return a.cursor.compare(b.cursor) })
	if frontier != nil {
		found = slices.DeleteFunc(found, func(e entry) bool { return e.cursor.compare(*frontier) > 0 })
	}
	if len(found) > l.page.size {
		found = found[:l.page.size]
		frontier = &found[len(found)-1].cursor
	}
	return found, frontier, nil
}

// collect finds the first matches of a source, one more than the page holds. If it ends
// before that and before the end of the source, upTo is how far it has come.
func (l *runList) collect(ctx context.Context, src source) (found []entry, upTo *cursor, err error) {
	db, err := l.service.config.Store.Environment(ctx, src.environment)
	if err != nil {
		return nil, nil, err
	}
	looked := 0
	next := l.heads(src)
	if l.words != nil {
		if next, err = l.hits(ctx, db, src); err != nil {
			return nil, nil, err
		}
	}
	for {
		some, more, err := next(ctx, db)
		if err != nil {
			return nil, nil, err
		}
		for i := range some {
			owner, err := l.owner(ctx, some[i].run.Workflow)
			if err != nil {
				return nil, nil, err
			}
			looked++
			if owner == nil || !l.matches(&some[i].run, owner) {
				continue
			}
			if found = append(found, some[i]); len(found) > l.page.size {
				return found, nil, nil
			}
		}
		if more == nil {
			return found, nil, nil
		}
		if looked-len(found) >= maxLooked || more.late {
			return found, &more.cursor, nil
		}
	}
}

// portions gives a source's runs portion by portion, each with how far it has come, nil at
// the end.
type portions func(context.Context, *store.DB) ([]entry, *mark, error)

// mark is how far a source has been read.
type mark struct {
	cursor
	late bool // it took long: the page ends here
}

// heads gives the runs that the indexes of heads find.
func (l *runList) heads(src source) portions {
	q := l.query
	q.Workflow, q.Limit = src.flow, l.page.size+1
	if l.after != nil {
		order, id := l.after.behind(src)
		q.After = store.Place{Start: time.Unix(0, order).UTC(), ID: id}
	}
	return func(ctx context.Context, db *store.DB) (found []entry, more *mark, err error) {
		var runs []store.Run
		if err := db.Read(ctx, func(tx *store.Tx) (err error) {
			runs, err = tx.Runs(q)
			return err
		}); err != nil {
			return nil, nil, err
		}
		for _, run := range runs {
			found = append(found, entry{cursor{run.Start.UnixNano(), src, run.ID}, run})
		}
		if len(runs) == q.Limit {
			last := found[len(found)-1]
			more, q.After = &mark{cursor: last.cursor}, last.run.Place()
		}
		q.Limit = min(2*q.Limit, maxLooked/2)
		return found, more, nil
	}
}

// show reads what the list shows of each run; who is gone meanwhile is left out.
func (l *runList) show(ctx context.Context, found []entry) ([]expr.Value, error) {
	values := make([]expr.Value, 0, len(found))
	for _, e := range found {
		owner, err := l.owner(ctx, e.run.Workflow)
		if err != nil {
			return nil, err
		}
		db, err := l.service.config.Store.Environment(ctx, e.source.environment)
		if err != nil {
			return nil, err
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			v, err := l.service.viewRun(tx, l.request, owner, e.run.Name)
			if err == nil {
				values = append(values, v)
			}
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return values, nil
}

// listRuns lists the runs of a workflow.
func (s *Service) listRuns(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	l, err := s.readRunList(r)
	if err != nil {
		return nil, err
	}
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	owner := &runOwner{r.Resource.ID, form}
	l.owner = func(context.Context, string) (*runOwner, error) { return owner, nil }
	return l.answer(ctx, []source{{form.Environment, form.FlowID}})
}

// narrow gives the bounds that a query can use; the filter decides.
func (p *page) narrow() (status []string, from, to time.Time) {
	for _, known := range wdl.AllStatuses() {
		if p.filter.MayMatch("status", expr.String(known.String())) {
			status = append(status, known.String())
		}
	}
	if len(status) == len(wdl.AllStatuses()) {
		status = nil
	} else if len(status) == 0 {
		status = []string{noStatus}
	}
	from, to = p.filter.Between("startTime")
	if !to.IsZero() {
		to = to.Add(time.Nanosecond) // the store's end is exclusive
	}
	return status, from, to
}

// noStatus is that of no run.
const noStatus = "none"

func (p *page) matches(status string, start time.Time, tracking string) bool {
	return p.filter.Match(func(field string) expr.Value {
		switch field {
		case "status":
			return expr.String(status)
		case "startTime":
			return expr.String(timestamp(start))
		}
		return expr.String(tracking)
	})
}
