package store

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"
	"time"
)

// Lists of runs and of histories are read through indexes that hold, before the start,
// only what is compared for equality: each group of equal values is a range that is
// sorted by start, newest first, so that a page is the first rows of a few ranges, however
// many rows there are. What a query leaves open is found by stepping from one value
// of the index to the next.

// Place is where a run stands in lists: newest start first, then what was created
// last. The zero Place is before the first.
type Place struct {
	Start time.Time // UTC
	ID    int64     // number of the row
}

// IsZero tells the place before the first.
func (p Place) IsZero() bool { return p.ID == 0 }

func (p Place) compare(q Place) int {
	if c := q.Start.Compare(p.Start); c != 0 {
		return c
	}
	return cmp.Compare(q.ID, p.ID)
}

// Before says whether p is listed before q.
func (p Place) Before(q Place) bool { return p.compare(q) < 0 }

// access is a way to read a table by an index.
type access struct {
	table string // with the index
	fixed []string
	args  []driver.Value // of fixed
	open  []string       // columns behind fixed and before started
	keep  func([]driver.Value) bool
	rest  where // further conditions, on columns of the index where that is possible
}

// span is which part of each group is wanted.
type span struct {
	from, to time.Time // from <= start < to; zero: open
	after    Place
	limit    int // 0: all
}

// places lists what the access finds within the span.
func (tx *Tx) places(a access, s span) ([]Place, error) {
	groups, err := tx.groups(a)
	if err != nil {
		return nil, err
	}
	var found []Place
	for _, g := range groups {
		if found, err = tx.group(found, a, g, s); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, Place.compare)
	if s.limit > 0 && len(found) > s.limit {
		found = found[:s.limit]
	}
	return found, nil
}

// groups are the values that the open columns have, one step through the index each.
func (tx *Tx) groups(a access) ([][]driver.Value, error) {
	groups := [][]driver.Value{nil}
	for i := range a.open {
		var longer [][]driver.Value
		for _, g := range groups {
			values, err := tx.values(a, a.open[:i], g, a.open[i])
			if err != nil {
				return nil, err
			}
			for _, v := range values {
				longer = append(longer, append(slices.Clip(g), v))
			}
		}
		groups = longer
	}
	return slices.DeleteFunc(groups, func(g []driver.Value) bool { return a.keep != nil && len(g) > 0 && !a.keep(g) }), nil
}

// values are those of one column behind known ones: each step seeks the next. SQLite
// seeks by one column only, so columns are not stepped through together.
func (tx *Tx) values(a access, known []string, with []driver.Value, column string) (found []driver.Value, err error) {
	var w where
	a.fix(&w)
	w.args = append(w.args, a.args...)
	for i, c := range known {
		w.add(c+` = ?`, with[i])
	}
	sql, args := `SELECT `+column+` FROM `+a.table+w.sql()+` ORDER BY `+column+` LIMIT 1`, w.args
	w.add(column + ` > ?`)
	next := `SELECT ` + column + ` FROM ` + a.table + w.sql() + ` ORDER BY ` + column + ` LIMIT 1`
	for {
		err := tx.one(sql, func(v []driver.Value) error {
			found = append(found, v[0])
			return nil
		}, args...)
		if err == ErrNotFound {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		sql, args = next, append(slices.Clip(w.args), found[len(found)-1])
	}
}

func (a access) fix(w *where) {
	for _, column := range a.fixed {
		w.add(column + ` = ?`)
	}
}

// group appends the places of one group.
func (tx *Tx) group(found []Place, a access, values []driver.Value, s span) ([]Place, error) {
	var w where
	a.fix(&w)
	w.args = append(w.args, a.args...)
	for i, column := range a.open {
		w.add(column+` = ?`, values[i])
	}
	s.bound(&w)
	text := w.sql()
	if rest := a.rest.sql(); rest != "" {
		text += ` AND ` + strings.TrimPrefix(rest, ` WHERE `)
	}
	args := append(append(w.args, a.rest.args...), limit(s.limit))
	err := tx.query(`SELECT started, id FROM `+a.table+text+` ORDER BY started DESC, id DESC LIMIT ?`, func(v []driver.Value) error {
		found = append(found, Place{toTime(v[0]), v[1].(int64)})
		return nil
	}, args...)
	return found, err
}

func (s span) bound(w *where) {
	if !s.from.IsZero() {
		w.add(`started >= ?`, fromTime(s.from))
	}
	if !s.to.IsZero() && (s.after.IsZero() || !s.after.Start.Before(s.to)) {
		w.add(`started < ?`, fromTime(s.to))
	} else if !s.after.IsZero() {
		at := s.after.Start.UnixNano()
		w.add(`started <= ? AND (started < ? OR id < ?)`, at, at, s.after.ID)
	}
}

// oneOf narrows an open column to the values given; none: to nothing.
func (a *access) noneOf(column, value string) {
	at := slices.Index(a.open, column)
	keep := a.keep
	a.keep = func(v []driver.Value) bool { return v[at] != driver.Value(value) && (keep == nil || keep(v)) }
}

func (a *access) oneOf(column string, values []string) {
	if len(values) == 0 {
		return
	}
	at := slices.Index(a.open, column)
	keep := a.keep
	a.keep = func(v []driver.Value) bool {
		text, _ := v[at].(string)
		return slices.ContainsFunc(values, func(s string) bool { return strings.EqualFold(s, text) }) && (keep == nil || keep(v))
	}
}
