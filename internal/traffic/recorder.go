package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
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

	writing sync.Mutex      // held by the one who writes
	damaged map[string]bool // parts that cannot be read, by environment, day and number; guarded by writing
	kept    int64           // first day that is kept; of Run

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
	return &Recorder{store: s, days: min(max(days, 1), MaxDays), clock: clock, log: log, damaged: map[string]bool{}, waiting: map[noted]*tally{}, dropped: map[string]int64{}}
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
	for ended := false; !ended; {
		select {
		case <-ticks.C:
		case <-ctx.Done():
			ended = true
		}
		if err := r.Write(context.WithoutCancel(ctx)); err != nil {
			r.log.Warn("flows are not recorded, trying again", "error", err)
		}
		if ended {
			return
		}
		if err := r.end(ctx); err != nil {
			r.log.Warn("flows of days that are past are not deleted, trying again", "error", err)
		}
	}
}

// end drops the days that are past, once a day.
func (r *Recorder) end(ctx context.Context) error {
	first := r.firstDay(r.days)
	if first == r.kept {
		return nil
	}
	err := r.forget(ctx, first)
	if err == nil {
		r.kept = first
	}
	return err
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

// Write stores what was noted before the call. That parts could not be merged is logged:
// nothing is lost by it.
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
		days, err := r.write(ctx, environment, some)
		if err != nil {
			failed = append(failed, err)
			r.giveBack(some)
			continue
		}
		for _, day := range days {
			if err := r.merge(ctx, environment, day); err != nil {
				r.log.Warn("the records of flows are not all merged", "environment", environment, "error", err)
			}
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

// write stores records all or none, and tells of which days they are.
func (r *Recorder) write(ctx context.Context, environment string, some map[noted]*tally) ([]int64, error) {
	db, err := r.store.Environment(ctx, environment)
	if err != nil {
		return nil, err
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
	return slices.Collect(maps.Keys(days)), err
}

// most is how many records a day may have.
func (r *Recorder) most() int { return MaxRecords / r.days }

// merge puts the parts of a day together when there are too many, of parts or of records.
// Nobody else changes them, so they are read before the transaction: it is short. Parts
// that cannot be read stay as they are, and are told of once.
func (r *Recorder) merge(ctx context.Context, environment string, day int64) error {
	db, err := r.store.Environment(ctx, environment)
	if err != nil {
		return err
	}
	var numbers []int64
	var records []Record
	var unread error
	err = db.Read(ctx, func(tx *store.Tx) error {
		parts, err := r.mergeable(tx, environment, day)
		if err != nil || len(parts) == 0 {
			return err
		}
		sums := map[dataplane.Attempt]*tally{}
		for _, p := range parts {
			switch err := sum(tx, environment, p, sums); {
			case isDamage(err):
				r.damaged[partKey(environment, p)] = true
				unread = errors.Join(unread, err)
			case err != nil:
				return err
			default:
				numbers = append(numbers, p.Part)
			}
		}
		for a, t := range sums {
			records = append(records, Record{a, t.count, t.last})
		}
		return nil
	})
	if err != nil || len(numbers) == 0 {
		return errors.Join(unread, err)
	}
	records, rest := newest(records, r.most())
	slices.SortFunc(records, func(a, b Record) int { // what is alike shares texts
		return cmp.Or(cmp.Compare(a.Subject.Workflow, b.Subject.Workflow), cmp.Compare(a.Subject.Name, b.Subject.Name), cmp.Compare(a.Host, b.Host))
	})
	err = db.Write(ctx, func(tx *store.Tx) error {
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
	if err == nil {
		r.leaveOut(environment, rest)
	}
	return errors.Join(unread, err)
}

// mergeable are the parts of a day that are to be merged now: none, or all that can be
// read.
func (r *Recorder) mergeable(tx *store.Tx, environment string, day int64) ([]store.Traffic, error) {
	parts, err := tx.TrafficParts(day)
	if err != nil {
		return nil, err
	}
	parts = slices.DeleteFunc(parts, func(p store.Traffic) bool { return p.Day != day || r.damaged[partKey(environment, p)] })
	small, all := 0, 0
	for _, p := range parts {
		if all += p.Flows; p.Flows < partSize {
			small++
		}
	}
	if small <= maxParts && all <= 2*r.most() {
		return nil, nil
	}
	return parts, nil
}

func partKey(environment string, p store.Traffic) string {
	return fmt.Sprint(environment, "/", p.Day, "/", p.Part)
}

// isDamage tells whether a part will never be read, whoever tries.
func isDamage(err error) bool { return errors.Is(err, errPart) || errors.Is(err, store.ErrCorrupt) }

// sum adds the records of a part, all or none, each distinct attempt once.
func sum(tx *store.Tx, environment string, p store.Traffic, sums map[dataplane.Attempt]*tally) error {
	payload, err := tx.ReadTraffic(p.Day, p.Part)
	if err != nil {
		return err
	}
	if err := decode(payload, environment, func(*Record) {}); err != nil {
		return fmt.Errorf("traffic of day %d, part %d: %w", p.Day, p.Part, err)
	}
	return decode(payload, environment, func(one *Record) {
		if t := sums[one.Attempt]; t != nil {
			t.add(tally{one.Count, one.Last})
		} else {
			sums[one.Attempt] = &tally{one.Count, one.Last}
		}
	})
}

// newest parts the records that were seen last, as many as may be, from the rest.
func newest(records []Record, most int) (kept, rest []Record) {
	if len(records) <= most {
		return records, nil
	}
	slices.SortFunc(records, func(a, b Record) int { return b.Last.Compare(a.Last) })
	return records[:most], records[most:]
}

// leaveOut counts what there is no room for.
func (r *Recorder) leaveOut(environment string, records []Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range records {
		r.dropped[environment] += int64(records[i].Count)
	}
}

// Dropped is how many attempts of an environment were left out since the start, because
// there were too many different ones.
func (r *Recorder) Dropped(environment string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped[environment]
}

// Environments are those of which there may be records.
func (r *Recorder) Environments() []string { return r.store.Environments() }

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
