package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	followEvery = time.Second
	// maxFollowed bounds the runs that are remembered, and so how far back a change is
	// seen.
	maxFollowed = 10_000
	// maxWatched bounds the open runs that are watched, maxAsked those that are asked for one
	// by one in a look: the others have their turn in the next ones.
	maxWatched = 500
	maxAsked   = 20
)

// follower prints each run, and each change of one, once.
type follower struct {
	history *history
	lists   *runLists
	states  map[string]string  // ID → what was seen last
	watched map[string]runItem // open runs, printed or not
	titled  bool
}

// follow prints the runs that there are, then what begins and changes, until the context
// ends. A server that stops, or takes no requests for a while, is waited for.
func (h *history) follow(ctx context.Context, l *runLists) error {
	f := &follower{history: h, lists: l, states: map[string]string{}, watched: map[string]runItem{}}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	top, waiting := l.top, false
	for {
		err := f.look(ctx, top)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !(f.titled && passing(err)):
			return err
		case err != nil && !waiting:
			fmt.Fprintf(h.err, "%s\nGoing on when the server answers; Ctrl-C ends.\n", err)
		}
		waiting = err != nil
		top = max(250, l.top)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// passing says whether the server may answer later what it does not now.
func passing(err error) bool {
	if answer := (*apiError)(nil); errors.As(err, &answer) {
		return answer.Status == http.StatusTooManyRequests || answer.Status >= http.StatusInternalServerError
	}
	return errors.As(err, new(*url.Error))
}

// look prints what is new, oldest first. The first look remembers the runs behind those
// that it prints, as they are not new.
func (f *follower) look(ctx context.Context, top int) error {
	runs, err := f.history.read(ctx, f.lists, f.lists.filter, f.lists.search, max(top, 250))
	if err != nil {
		return err
	}
	open, err := f.history.read(ctx, f.lists, f.lists.open, "", maxWatched)
	if err != nil {
		return err
	}
	var news []runItem
	for i, r := range runs {
		if f.changed(r) && (f.titled || i < top) {
			news = append(news, r)
		}
	}
	ended, failure := f.ended(ctx, append(slices.Clip(runs), open...)) // what was seen is told, whatever fails
	news = append(news, ended...)
	f.watch(append(runs, open...))
	f.forget(runs)
	slices.SortStableFunc(news, func(a, b runItem) int { return a.Properties.StartTime.Compare(b.Properties.StartTime) })
	return errors.Join(failure, f.print(news))
}

// changed says whether a run is not as it was seen last, and remembers it.
func (f *follower) changed(r runItem) bool {
	state := r.Properties.Status
	if r.Properties.EndTime != nil {
		state += r.Properties.EndTime.String()
	}
	before, known := f.states[r.ID]
	f.states[r.ID] = state
	return !known || before != state
}

// ended asks for the watched runs that are not among those just read: what of them has
// changed and is what is looked for, with an error that came between.
func (f *follower) ended(ctx context.Context, runs []runItem) (news []runItem, err error) {
	read := map[string]bool{}
	for _, r := range runs {
		read[r.ID] = true
	}
	asked := 0
	for id, r := range f.watched { // in an order that is never the same
		if read[id] {
			delete(f.watched, id)
			continue
		}
		if asked++; asked > maxAsked {
			continue
		}
		now, settled, err := f.ask(ctx, r)
		if err != nil {
			return news, err
		}
		if settled {
			delete(f.watched, id)
		}
		if now != nil && f.changed(*now) {
			news = append(news, *now)
		}
	}
	return news, nil
}

// ask looks whether a run is what is looked for, and gives it if so. It is settled when
// that does not change any more: the run is gone, or has ended and is in the index.
func (f *follower) ask(ctx context.Context, r runItem) (now *runItem, settled bool, err error) {
	conditions := append(slices.Clip(f.lists.filter), r.startsThen()...)
	found, err := f.history.read(ctx, f.lists, conditions, f.lists.search, math.MaxInt)
	if err != nil {
		return nil, false, err
	}
	if i := slices.IndexFunc(found, func(o runItem) bool { return o.ID == r.ID }); i >= 0 {
		return &found[i], found[i].Properties.EndTime != nil, nil
	}
	indexed := f.history.lag.Behind == 0
	_, err = f.history.client.call(ctx, http.MethodGet, r.ID+"?api-version="+logicVersion, nil, &r)
	if isNotFound(err) {
		return nil, true, nil
	}
	return nil, r.Properties.EndTime != nil && indexed, err
}

// startsThen are the conditions of a list that has a run, and hardly another.
func (r runItem) startsThen() []string {
	at := r.Properties.StartTime.UTC()
	return []string{"startTime ge " + at.Format(time.RFC3339Nano), "startTime lt " + at.Add(time.Microsecond).Format(time.RFC3339Nano)}
}

// watch remembers which runs are open: those that were read, and those that may come to
// match when they end.
func (f *follower) watch(runs []runItem) {
	for _, r := range runs {
		if r.Properties.EndTime == nil && len(f.watched) < maxWatched {
			f.watched[r.ID] = r
		}
	}
}

// forget drops what is old when too much is remembered.
func (f *follower) forget(runs []runItem) {
	if len(f.states) <= maxFollowed {
		return
	}
	kept := map[string]string{}
	for _, r := range runs {
		kept[r.ID] = f.states[r.ID]
	}
	for id := range f.watched {
		if state, ok := f.states[id]; ok {
			kept[id] = state
		}
	}
	f.states = kept
}

func (f *follower) print(runs []runItem) error {
	title := !f.titled
	f.titled = true
	if f.history.json {
		return f.history.printJSON(runs)
	}
	const line = "%-34s  %-20s  %-10s  %-19s  %s\n" // what comes later is not known
	if title {
		fmt.Fprintf(f.history.out, line, "NAME", "WORKFLOW", "STATUS", "STARTED", "DURATION")
	}
	for _, r := range runs {
		p := r.Properties
		fmt.Fprintf(f.history.out, line, r.Name, r.workflow(), p.Status, p.StartTime.Local().Format(time.DateTime), duration(p.StartTime, p.EndTime))
	}
	return nil
}
