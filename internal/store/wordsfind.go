package store

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
	"time"
)

// TermQuery is one thing to look for: a term, or all that begin with a text.
type TermQuery struct {
	Term
	Prefix bool
}

// WordsQuery selects runs: of each of All at least one term must be there. All must not
// be empty.
type WordsQuery struct {
	All      [][]TermQuery
	From, To time.Time // bounds of the start; beyond To some more may be found; zero: none
	Below    int64     // Hit.Place of the last one of the page before, 0: from the newest
	Limit    int
	// Budget is how long it may take before it stops with what it has; it is looked at
	// between shards. 0: as long as it needs.
	Budget time.Duration
}

// Hit is a run that was found.
type Hit struct {
	Place int64 // in the order of the index: smaller is older
	Run   int64 // Run.ID
	Start time.Time
}

// Find lists runs by start in milliseconds, newest first. next is the Below to go on with;
// 0: there are no more. The run of a hit may be gone, or its number be another's with
// another Start.
func (w *Words) Find(ctx context.Context, q WordsQuery) (hits []Hit, next int64, err error) {
	match := w.match(q.All)
	began := time.Now() // a budget of work, not a time of the domain
	_, err = w.read(ctx, func(c *conn) error {
		shards, err := readShards(c)
		if err != nil {
			return err
		}
		low, high := q.bounds()
		for _, s := range slices.Backward(shards) {
			if s.first >= high || s.end <= low {
				continue
			}
			if len(hits) == q.Limit || ctx.Err() != nil || q.Budget > 0 && time.Since(began) > q.Budget {
				next = high
				return ctx.Err()
			}
			if hits, err = s.find(c, hits, match, low, min(high, s.end), q.Limit-len(hits)); err != nil {
				return err
			}
			if high = s.first; len(hits) == q.Limit {
				high = hits[len(hits)-1].Place
				if high > s.first && high > low {
					next = high
					return nil
				}
			}
		}
		return nil
	})
	return hits, next, err
}

// crowded is how far behind its start the number of a document may lie, where very many
// runs have the same one.
const crowded = 100 * time.Millisecond

// bounds are the documents that can match: from low, below high.
func (q WordsQuery) bounds() (low, high int64) {
	high = 1<<63 - 1
	if !q.From.IsZero() {
		low = documentAt(q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		high = documentAt(q.To.Add(crowded).UnixMilli() + 1)
	}
	if q.Below > 0 {
		high = min(high, q.Below)
	}
	return low, high
}

// match is the expression of FTS5 for the terms.
func (w *Words) match(all [][]TermQuery) string {
	groups := make([]string, len(all))
	for i, group := range all {
		terms := make([]string, len(group))
		for j, t := range group {
			if t.Prefix {
				terms[j] = `"` + w.db.lookup.prefix(t.plain()) + `"*`
			} else {
				terms[j] = `"` + w.db.lookup.word(t.plain()) + `"`
			}
		}
		groups[i] = "(" + strings.Join(terms, " OR ") + ")"
	}
	return strings.Join(groups, " AND ")
}

// shard is a table of the index: its documents are from first, below end.
type shard struct{ number, first, end int64 }

func readShards(c *conn) (shards []shard, err error) {
	err = c.query(`SELECT number, first FROM shards ORDER BY first`, func(v []driver.Value) error {
		if n := len(shards); n > 0 {
			shards[n-1].end = v[1].(int64)
		}
		shards = append(shards, shard{v[0].(int64), v[1].(int64), 1<<63 - 1})
		return nil
	})
	return shards, err
}

func (s shard) find(c *conn, hits []Hit, match string, low, high int64, limit int) ([]Hit, error) {
	table := shardTable(s.number)
	err := c.query(`SELECT documents.doc, documents.run, documents.started FROM `+table+` CROSS JOIN documents ON documents.doc = `+table+`.rowid
		WHERE `+table+` MATCH ? AND `+table+`.rowid >= ? AND `+table+`.rowid < ? ORDER BY `+table+`.rowid DESC LIMIT ?`,
		func(v []driver.Value) error {
			hits = append(hits, Hit{v[0].(int64), v[1].(int64), toTime(v[2])})
			return nil
		}, match, low, high, int64(limit))
	return hits, err
}
