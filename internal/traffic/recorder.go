package traffic

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"isle/internal/dataplane"
	"isle/internal/store"
)

// Recorder notes attempts and keeps them. Safe for concurrent use.
type Recorder struct {
	store *store.Store
	days  int
	clock func() time.Time
	log   *slog.Logger

	writing sync.Mutex // held by the one who writes
	mu      sync.Mutex
	waiting map[noted]*tally // guarded by mu
	dropped map[string]int64 // by environment: attempts that found no place, since the start; guarded by mu
}

// noted is an attempt on a day.
type noted struct {
	dataplane.Attempt
	day int64
}

type tally struct {
	count uint64
	last  time.Time
}

// New returns a recorder that keeps records for so many days.
func New(s *store.Store, days int, clock func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{store: s, days: min(max(days, 1), MaxDays), clock: clock, log: log, waiting: map[noted]*tally{}, dropped: map[string]int64{}}
}

// Days is for how many days records are kept.
func (r *Recorder) Days() int { return r.days }

// Note counts an attempt. It does no I/O.
func (r *Recorder) Note(a dataplane.Attempt) {
	now := r.clock().UTC()
	key := noted{a, store.DayOf(now)}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.waiting[key]
	switch {
	case t != nil:
	case len(r.waiting) >= maxWaiting:
		r.dropped[a.Environment]++
		return
	default:
		t = new(tally)
		r.waiting[key] = t
	}
	t.add(tally{1, now})
}

func (t *tally) add(other tally) {
	t.count += other.count
	if other.last.After(t.last) {
		t.last = other.last
	}
}

// Run writes what is noted every few seconds, and once more when the context ends.
func (r *Recorder) Run(ctx context.Context) {
	ticks := time.NewTicker(writeEvery)
	defer ticks.Stop()
	first := int64(0) // day that is kept
	for ended := false; !ended; {
		select {
		case <-ticks.C:
		case <-ctx.Done():
			ended = true
		}
		err := r.Write(context.WithoutCancel(ctx))
		if day := r.firstDay(r.days); day != first && !ended {
			first = day
			err = errors.Join(err, r.forget(ctx, day))
		}
		if err != nil {
			r.log.Warn("flows are not recorded, trying again", "error", err)
		}
	}
}

// firstDay is the first of the last days.
func (r *Recorder) firstDay(days int) int64 { return store.DayOf(r.clock()) - int64(days) + 1 }

// forget drops what is older than a day.
func (r *Recorder) forget(ctx context.Context, day int64) error {
	var failed []error
	for _, environment := range r.store.Environments() {
		db, err := r.store.Environment(ctx, environment)
		if err == nil {
			err = db.Write(ctx, func(tx *store.Tx) error { return tx.EndTraffic(day) })
		}
		if err != nil && !errors.Is(err, store.ErrClosed) { // closed: removed meanwhile
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Write stores what was noted before the call.
func (r *Recorder) Write(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	taken := r.waiting
	r.waiting = map[noted]*tally{} // also when nothing waits: what is read here is nobody else's
	r.mu.Unlock()
	byEnvironment := map[string]map[noted]*tally{}
	for key, t := range taken {
		if byEnvironment[key.Environment] == nil {
			byEnvironment[key.Environment] = map[noted]*tally{}
		}
		byEnvironment[key.Environment][key] = t
	}
	there := r.store.Environments()
	var failed []error
	for environment, some := range byEnvironment {
		if !slices.Contains(there, environment) {
			continue // deleted meanwhile
		}
		if err := r.write(ctx, environment, some); err != nil {
			failed = append(failed, err)
			r.giveBack(some)
		}
	}
	return errors.Join(failed...)
}

// giveBack has what could not be written wait again, as far as there is room.
func (r *Recorder) giveBack(some map[noted]*tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, t := range some {
		switch there := r.waiting[key]; {
		case there != nil:
			there.add(*t)
		case len(r.waiting) < maxWaiting:
			r.waiting[key] = t
		default:
			r.dropped[key.Environment] += int64(t.count)
		}
	}
}

func (r *Recorder) write(ctx context.Context, environment string, some map[noted]*tally) error {
	db, err := r.store.Environment(ctx, environment)
	if err != nil {
		return err
	}
	days := map[int64][]Record{}
	for key, t := range some {
		days[key.day] = append(days[key.day], Record{key.Attempt, t.count, t.last})
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		for day, records := range days {
			if err := tx.AddTraffic(day, len(records), encode(records)); err != nil {
				return err
			}
		}
		return nil
	})
	for day := range days {
		if err == nil {
			err = r.merge(ctx, db, environment, day)
		}
	}
	return err
}

// merge puts the parts of a day together when there are too many. Nobody else changes
// them, so they are read before the transaction: it is short.
func (r *Recorder) merge(ctx context.Context, db *store.DB, environment string, day int64) error {
	var numbers []int64
	var records []Record
	err := db.Read(ctx, func(tx *store.Tx) error {
		parts, err := tx.TrafficParts(day)
		if err != nil {
			return err
		}
		parts = slices.DeleteFunc(parts, func(p store.Traffic) bool { return p.Day != day })
		small := 0
		for _, p := range parts {
			if p.Flows < partSize {
				small++
			}
			numbers = append(numbers, p.Part)
		}
		if small <= maxParts {
			numbers = nil
			return nil
		}
		records, err = sums(tx, environment, parts)
		return err
	})
	if err != nil || numbers == nil {
		return err
	}
	records = r.bounded(environment, records)
	slices.SortFunc(records, func(a, b Record) int { // what is alike shares texts
		return cmp.Or(cmp.Compare(a.Subject.Workflow, b.Subject.Workflow), cmp.Compare(a.Subject.Name, b.Subject.Name), cmp.Compare(a.Host, b.Host))
	})
	return db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DropTraffic(day, numbers...); err != nil {
			return err
		}
		for part := range slices.Chunk(records, partSize) {
			if err := tx.AddTraffic(day, len(part), encode(part)); err != nil {
				return err
			}
		}
		return nil
	})
}

// sums is the records of parts, each distinct attempt once.
func sums(tx *store.Tx, environment string, parts []store.Traffic) ([]Record, error) {
	merged := map[dataplane.Attempt]*tally{}
	for _, p := range parts {
		payload, err := tx.ReadTraffic(p.Day, p.Part)
		if err != nil {
			return nil, err
		}
		err = decode(payload, environment, func(one *Record) {
			if t := merged[one.Attempt]; t != nil {
				t.add(tally{one.Count, one.Last})
			} else {
				merged[one.Attempt] = &tally{one.Count, one.Last}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	records := make([]Record, 0, len(merged))
	for a, t := range merged {
		records = append(records, Record{a, t.count, t.last})
	}
	return records, nil
}

// bounded leaves the records of a day out that were not seen for longest, if there are too
// many.
func (r *Recorder) bounded(environment string, records []Record) []Record {
	most := MaxRecords / r.days
	if len(records) <= most {
		return records
	}
	slices.SortFunc(records, func(a, b Record) int { return b.Last.Compare(a.Last) })
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range records[most:] {
		r.dropped[environment] += int64(one.Count)
	}
	return records[:most]
}

// Dropped is how many attempts of an environment were left out since the start, because
// there were too many different ones.
func (r *Recorder) Dropped(environment string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped[environment]
}

// Each gives the records of an environment of the last days, day by day, oldest first: a
// distinct attempt may come several times a day. What the function is given is valid
// during its call. Nothing may be recorded by it.
func (r *Recorder) Each(ctx context.Context, environment string, days int, each func(*Record)) error {
	if err := r.Write(ctx); err != nil {
		return err
	}
	if !slices.Contains(r.store.Environments(), environment) {
		return nil
	}
	db, err := r.store.Environment(ctx, environment)
	if err != nil {
		return err
	}
	return db.Read(ctx, func(tx *store.Tx) error {
		parts, err := tx.TrafficParts(r.firstDay(days))
		if err != nil {
			return err
		}
		for _, p := range parts {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			payload, err := tx.ReadTraffic(p.Day, p.Part)
			if err != nil {
				return err
			}
			if err := decode(payload, environment, each); err != nil {
				return err
			}
		}
		return nil
	})
}
