package logic

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/search"
	"isle/internal/store"
)

// What runs hold is asked for by $search, words of their inputs and outputs, and by members
// of $filter. The index of words answers; the head of each run is judged once more, as it
// is now. How far the index is behind stands in the answer.

// wordsBudget is how long a page reads in the index of one environment before it ends
// with what it has.
const wordsBudget = 80 * time.Millisecond

// readWords reads $search, and takes what the index knows out of the filter.
func (l *runList) readWords() error {
	conditions, rest, err := l.page.filter.Split(func(field string) bool {
		return field == fieldFailure || strings.HasPrefix(field, fieldTracked)
	})
	if err != nil {
		return err
	}
	l.filter = rest
	for _, c := range conditions {
		if c.Field == fieldFailure {
			l.words = append(l.words, search.Failure(c.Text, c.Prefix))
		} else {
			l.words = append(l.words, search.Tracked(strings.TrimPrefix(c.Field, fieldTracked), c.Text, c.Prefix))
		}
	}
	if l.request.Query.Has("$search") {
		text := l.request.Query.Get("$search")
		all, problem := search.Parse(text)
		if problem != "" {
			return arm.Invalid("InvalidSearchInQueryString", "$search", "Invalid $search '%s' specified in the query string: %s.", text, problem)
		}
		l.words = append(l.words, all...)
	}
	return nil
}

// hits gives the runs that the index of words finds.
func (l *runList) hits(ctx context.Context, db *store.DB, src source) (portions, error) {
	if err := l.addLag(ctx, db); err != nil {
		return nil, err
	}
	q := store.WordsQuery{All: slices.Concat(l.words, l.headTerms(src)), From: l.query.From, To: l.query.To, Limit: l.page.size + 1, Budget: wordsBudget}
	if l.after != nil {
		order, id := l.after.behind(src)
		if q.Below = order; id == 1<<63-1 {
			q.Below = order + 1
		}
	}
	return func(ctx context.Context, db *store.DB) ([]entry, *mark, error) {
		began := time.Now() // what it takes, not a time of the domain
		hits, next, err := db.Words().Find(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		found, err := l.runsOf(ctx, db, src, hits)
		if err != nil || next == 0 {
			return found, nil, err
		}
		q.Below, q.Budget = next, q.Budget-time.Since(began)
		q.Limit = min(2*q.Limit, maxLooked/2)
		return found, &mark{cursor: cursor{next, src, 1}, late: q.Budget <= 0}, nil
	}, nil
}

// headTerms narrow by what the head says.
func (l *runList) headTerms(src source) (all [][]store.TermQuery) {
	add := func(kind store.TermKind, values ...string) {
		if len(values) > 0 && values[0] != "" {
			all = append(all, search.Head(kind, values...))
		}
	}
	add(store.TermWorkflow, src.flow)
	add(store.TermWorkflow, l.flows[src.environment]...)
	add(store.TermStatus, l.query.Status...)
	add(store.TermError, l.query.ErrorCode)
	add(store.TermTracking, l.query.ClientTrackingID)
	return all
}

// runsOf reads the heads of hits. A run that is gone, or another one of its number, is no
// hit.
func (l *runList) runsOf(ctx context.Context, db *store.DB, src source, hits []store.Hit) (found []entry, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		for _, h := range hits {
			run, err := tx.RunAt(h.Run)
			if errors.Is(err, store.ErrNotFound) || err == nil && (!run.Start.Equal(h.Start) || src.flow != "" && run.Workflow != src.flow) {
				continue
			}
			if err != nil {
				return err
			}
			found = append(found, entry{cursor{h.Place, src, run.ID}, run})
		}
		return nil
	})
	return found, err
}

// lag is how far the indexes that were asked are behind, together.
type lag struct {
	runs   int
	oldest time.Time
	asked  map[string]bool // environments
}

func (l *runList) addLag(ctx context.Context, db *store.DB) error {
	if l.lag == nil {
		l.lag = &lag{asked: map[string]bool{}}
	}
	if l.lag.asked[db.Name()] {
		return nil
	}
	l.lag.asked[db.Name()] = true
	return db.Read(ctx, func(tx *store.Tx) error {
		behind, err := tx.Lag()
		l.lag.runs += behind.Runs
		if l.lag.oldest.IsZero() || !behind.Oldest.IsZero() && behind.Oldest.Before(l.lag.oldest) {
			l.lag.oldest = behind.Oldest
		}
		return err
	})
}

// view is what an answer says of the index: that it knows runs that have ended, how many
// of them it does not hold yet, and since when.
func (g *lag) view(now time.Time) expr.Value {
	f := fields{member("covers", expr.String("EndedRuns")), member("runsBehind", expr.Int(int64(g.runs)))}
	if g.runs > 0 {
		f.time("oldestEndTime", g.oldest)
		f.add("secondsBehind", expr.Int(int64(max(0, now.Sub(g.oldest).Seconds()))))
	}
	return f.value()
}
