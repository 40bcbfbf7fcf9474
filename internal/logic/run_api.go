package logic

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// viewRun reads a run with its head and shows it.
func (s *Service) viewRun(tx *store.Tx, r *arm.Request, owner *runOwner, name string) (expr.Value, error) {
	run, err := tx.Run(name)
	if err != nil {
		return expr.Null(), err
	}
	summary, err := readSummary(tx, run)
	if err != nil {
		return expr.Null(), err
	}
	return runView(owner.id, run, summary, s.linker(r, owner.form, name)), nil
}

// readSummary is what is known about a run without its records, with the inputs
// and outputs of its trigger, which stand among the rows of the top level.
func readSummary(tx *store.Tx, run store.Run) (engine.Summary, error) {
	summary, err := engine.DecodeHead(run.Head)
	if err != nil || !summary.TriggerRecord.HasInputs && !summary.TriggerRecord.HasOutputs && !summary.TriggerRecord.Tracked {
		return summary, err
	}
	rows, err := tx.Rows(run.Name, "")
	if err != nil {
		return summary, err
	}
	summary.TriggerRecord, err = engine.DecodeTrigger(run.Head, rows)
	return summary, err
}

// inRun reads the run that the path names.
func (s *Service) inRun(ctx context.Context, r *arm.Request, fn func(*store.Tx, *workflow, store.Run) error) error {
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return err
	}
	err = s.readRuns(ctx, form, func(tx *store.Tx) error {
		run, err := tx.Run(r.Values["run"])
		if err != nil {
			return err
		}
		if run.Workflow != form.FlowID {
			return store.ErrNotFound
		}
		return fn(tx, form, run)
	})
	if errors.Is(err, store.ErrNotFound) {
		return arm.Missing("WorkflowRunNotFound", "The workflow '%s' has no run '%s'.", r.ID.Name(), r.Values["run"])
	}
	return err
}

func (s *Service) readRun(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var v expr.Value
	err := s.inRun(ctx, r, func(tx *store.Tx, form *workflow, run store.Run) error {
		summary, err := readSummary(tx, run)
		v = runView(r.Resource.ID, run, summary, s.linker(r, form, run.Name))
		return err
	})
	if err != nil {
		return nil, err
	}
	return arm.Reply(v), nil
}

func (s *Service) cancelRun(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var environment, status string
	look := func() error {
		return s.inRun(ctx, r, func(_ *store.Tx, form *workflow, run store.Run) error {
			environment, status = form.Environment, run.Status
			return nil
		})
	}
	if err := look(); err != nil {
		return nil, err
	}
	err := s.config.Runner.CancelBy(ctx, environment, r.Values["run"], "")
	switch {
	case errors.Is(err, runner.ErrFinished):
		if err := look(); err != nil { // it may have ended just now
			return nil, err
		}
		return nil, arm.Conflict("WorkflowRunCanNotBeCancelled", "", "The workflow '%s' run '%s' cannot be cancelled: it is in state '%s'.", r.ID.Name(), r.Values["run"], status)
	case errors.Is(err, store.ErrNotFound):
		return nil, arm.Missing("WorkflowRunNotFound", "The workflow '%s' has no run '%s'.", r.ID.Name(), r.Values["run"])
	}
	return nil, err
}

// exportTestFile answers with the link to a test file that is made of the run. It is
// an operation of Isle's own; the access endpoint serves the file, as it serves what
// is in it.
func (s *Service) exportTestFile(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var l *linker
	var status string
	if err := s.inRun(ctx, r, func(_ *store.Tx, form *workflow, run store.Run) error {
		l, status = s.linker(r, form, run.Name), run.Status
		return nil
	}); err != nil {
		return nil, err
	}
	if known, _ := wdl.ParseStatus(status); !known.Final() {
		return nil, arm.Conflict("WorkflowRunNotRecordable", "", "No test can be made of the run '%s': it is in state '%s'. Ask again when it has ended.", r.Values["run"], status)
	}
	return arm.Reply(object(member("uri", expr.String(l.uri("", "TestFile"))))), nil
}

// A run's records by scope: those of the top level are all read; of each loop only
// the last repetition, for which the list of actions shows its children once.

// outline is what the list of a run's actions shows.
type outline struct {
	records []engine.Record // one for each action
	counts  map[int]int     // action → number of its repetitions, for children of loops
}

func readOutline(tx *store.Tx, run string) (*outline, error) {
	scopes, err := tx.Scopes(run)
	if err != nil {
		return nil, err
	}
	// Scopes are sorted, so the last one of a pattern is its last repetition.
	type loop struct {
		last  string
		count int
	}
	loops := map[string]*loop{}
	wanted := []string{""}
	for _, scope := range scopes {
		if scope == "" || scope[0] == '$' {
			continue
		}
		pattern := scopePattern(scope)
		if loops[pattern] == nil {
			loops[pattern] = new(loop)
		}
		loops[pattern].last = scope
		loops[pattern].count++
	}
	for _, l := range loops {
		wanted = append(wanted, l.last)
	}
	records, err := readRecords(tx, run, wanted...)
	if err != nil {
		return nil, err
	}
	o := &outline{counts: map[int]int{}}
	for _, rec := range records {
		if rec.Iteration {
			continue
		}
		o.records = append(o.records, rec)
		if len(rec.Repetition) > 0 {
			o.counts[rec.Index] = loops[scopePattern(engine.ScopeOf(rec.Repetition))].count
		}
	}
	return o, nil
}

// scopePattern is a scope without its numbers: "Outer:000001/Inner:000002" is
// "Outer/Inner". Names in scopes hold neither of the marks.
func scopePattern(scope string) string {
	parts := strings.Split(scope, "/")
	for i, p := range parts {
		parts[i], _, _ = strings.Cut(p, ":")
	}
	return strings.Join(parts, "/")
}

func readRecords(tx *store.Tx, run string, scopes ...string) ([]engine.Record, error) {
	rows, err := tx.Rows(run, scopes...)
	if err != nil {
		return nil, err
	}
	return engine.DecodeRecords(rows)
}

func (s *Service) listActions(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	p, err := readPage(r, arm.Field{Name: "status"})
	if err != nil {
		return nil, err
	}
	var values []expr.Value
	last := ""
	err = s.inRun(ctx, r, func(tx *store.Tx, form *workflow, run store.Run) error {
		o, err := readOutline(tx, run.Name)
		if err != nil {
			return err
		}
		l, skip := s.linker(r, form, run.Name), p.after != ""
		for i := range o.records {
			rec := &o.records[i]
			if skip {
				skip = rec.Action != p.after
				continue
			}
			if !p.filter.Match(func(string) expr.Value { return expr.String(rec.Status.String()) }) {
				continue
			}
			if len(values) == p.size {
				last = lastName(values)
				return nil
			}
			values = append(values, actionView(r.Resource.ID+"/runs/"+run.Name, rec, run.ClientTrackingID, o.counts[rec.Index], l))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.reply(values, last), nil
}

func lastName(values []expr.Value) string {
	name, _ := path(values[len(values)-1], "name").AsString()
	return name
}

func (s *Service) readAction(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var v expr.Value
	err := s.inRun(ctx, r, func(tx *store.Tx, form *workflow, run store.Run) error {
		o, rec, err := findAction(tx, r, run)
		if err != nil {
			return err
		}
		v = actionView(r.Resource.ID+"/runs/"+run.Name, rec, run.ClientTrackingID, o.counts[rec.Index], s.linker(r, form, run.Name))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return arm.Reply(v), nil
}

// findAction finds the action that the path names among those of the run.
func findAction(tx *store.Tx, r *arm.Request, run store.Run) (*outline, *engine.Record, error) {
	o, err := readOutline(tx, run.Name)
	if err != nil {
		return nil, nil, err
	}
	for i := range o.records {
		if rec := &o.records[i]; strings.EqualFold(rec.Action, r.Values["action"]) {
			return o, rec, nil
		}
	}
	return nil, nil, actionNotFound(r)
}

func actionNotFound(r *arm.Request) *arm.Error {
	return arm.Missing("WorkflowRunActionNotFound", "The run '%s' of the workflow '%s' has no action '%s'.", r.Values["run"], r.ID.Name(), r.Values["action"])
}

// action finds the action that the path names in the version that the run runs.
func (s *Service) action(ctx context.Context, r *arm.Request, form *workflow, run store.Run) (*wdl.Program, *wdl.Action, error) {
	compiled, err := s.config.Workflows.Workflow(ctx, form.Environment, form.FlowID, run.Version)
	if err != nil {
		return nil, nil, err
	}
	a, ok := compiled.Program.Action(r.Values["action"])
	if !ok {
		return nil, nil, actionNotFound(r)
	}
	return compiled.Program, a, nil
}

// loopsOf names the loops whose repetitions an action has: those around it, and for
// the iterations of a loop that loop too.
func loopsOf(program *wdl.Program, a *wdl.Action, scope bool) []engine.RepetitionIndex {
	levels := make([]engine.RepetitionIndex, 0, len(a.Loops)+1)
	for _, i := range a.Loops {
		levels = append(levels, engine.RepetitionIndex{Scope: program.Actions[i].Name})
	}
	if scope && a.Type.IsLoop() {
		levels = append(levels, engine.RepetitionIndex{Scope: a.Name})
	}
	return levels
}

// repetitionPage is the size of a page of repetitions. Clients read one page only
// (logic-api §1.4), so it holds what a list can reasonably hold.
const repetitionPage = 10_000

// listRepetitions lists the repetitions of an action, or those of a container as a
// scope.
func (s *Service) listRepetitions(scope bool) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		p, err := readPageOf(r, repetitionPage, repetitionPage)
		if err != nil {
			return nil, err
		}
		var values []expr.Value
		last := ""
		err = s.inRun(ctx, r, func(tx *store.Tx, form *workflow, run store.Run) error {
			program, a, err := s.action(ctx, r, form, run)
			if err != nil {
				return err
			}
			levels := loopsOf(program, a, scope)
			if len(levels) == 0 || scope && !a.Type.IsContainer() {
				return nil
			}
			var scopes []string
			if scopes, last, err = scopesOf(tx, run.Name, levels, p.after, p.size); err != nil || len(scopes) == 0 {
				return err
			}
			records, err := readRecords(tx, run.Name, scopes...)
			if err != nil {
				return err
			}
			l := s.linker(r, form, run.Name)
			for i := range records {
				if rec := &records[i]; isRepetition(rec, a, scope) {
					values = append(values, repetitionView(r.Resource.ID+"/runs/"+run.Name, rec, scope, run.ClientTrackingID, l))
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return p.reply(values, last), nil
	}
}

// isRepetition tells whether a record is one of the action, or of the loop itself
// when its iterations are asked for.
func isRepetition(rec *engine.Record, a *wdl.Action, scope bool) bool {
	return rec.Index == a.Index && rec.Iteration == (scope && a.Type.IsLoop())
}

// scopesOf lists the scopes of the repetitions at the levels, at most size of them
// behind after; last is the last one, "" if there are no more.
func scopesOf(tx *store.Tx, run string, levels []engine.RepetitionIndex, after string, size int) (found []string, last string, err error) {
	first := engine.ScopeOf(levels[:1])
	prefix, pattern := first[:strings.LastIndexByte(first, ':')+1], scopePattern(engine.ScopeOf(levels))
	for {
		list, err := tx.ScopesUnder(run, prefix, after, size)
		if err != nil {
			return nil, "", err
		}
		for _, scope := range list {
			if scopePattern(scope) != pattern {
				continue
			}
			if len(found) == size {
				return found, found[size-1], nil
			}
			found = append(found, scope)
		}
		if len(list) < size {
			return found, "", nil
		}
		after = list[len(list)-1]
	}
}

func (s *Service) readRepetition(scope bool) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		var v expr.Value
		err := s.inRun(ctx, r, func(tx *store.Tx, form *workflow, run store.Run) error {
			rec, err := s.findRepetition(ctx, tx, r, form, run, scope)
			if err != nil {
				return err
			}
			v = repetitionView(r.Resource.ID+"/runs/"+run.Name, rec, scope, run.ClientTrackingID, s.linker(r, form, run.Name))
			return nil
		})
		if err != nil {
			return nil, err
		}
		return arm.Reply(v), nil
	}
}

// findRepetition finds the repetition that the path names.
func (s *Service) findRepetition(ctx context.Context, tx *store.Tx, r *arm.Request, form *workflow, run store.Run, scope bool) (*engine.Record, error) {
	program, a, err := s.action(ctx, r, form, run)
	if err != nil {
		return nil, err
	}
	levels, ok := readRepetitionName(r.Values["repetition"], loopsOf(program, a, scope))
	if !ok || scope && !a.Type.IsContainer() {
		return nil, repetitionNotFound(r)
	}
	records, err := readRecords(tx, run.Name, engine.ScopeOf(levels))
	if err != nil {
		return nil, err
	}
	for i := range records {
		if rec := &records[i]; isRepetition(rec, a, scope) {
			return rec, nil
		}
	}
	return nil, repetitionNotFound(r)
}

func repetitionNotFound(r *arm.Request) *arm.Error {
	return arm.Missing("WorkflowRunActionRepetitionNotFound", "The action '%s' of the run '%s' has no repetition '%s'.", r.Values["action"], r.Values["run"], r.Values["repetition"])
}

// readRepetitionName reads "000001-000000" for the loops it goes through.
func readRepetitionName(name string, levels []engine.RepetitionIndex) ([]engine.RepetitionIndex, bool) {
	parts := strings.Split(name, "-")
	if len(parts) != len(levels) {
		return nil, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return nil, false
		}
		levels[i].Index = n
	}
	return levels, engine.RepetitionName(levels) == name
}
