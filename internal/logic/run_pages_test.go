package logic_test

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"isle/internal/store"
)

var pageRuns = flag.Int("pages.runs", 20_000, "how many runs BenchmarkPages makes")

// BenchmarkPages makes many runs and prints how long each kind of page takes through the
// API: the first time, and the median of nine. Results are in BENCHMARKS.md:
//
//	go test ./internal/logic -run XXX -bench Pages -benchtime 1x -timeout 1h -pages.runs 1000000
func BenchmarkPages(b *testing.B) {
	w := newWorld(b)
	m := w.many(b, *pageRuns)
	for _, c := range m.pages() {
		b.Run(c.name, func(b *testing.B) {
			query := url.Values{"$top": {"30"}}
			for name, value := range c.query {
				query.Set(name, value)
			}
			path := c.list + "?" + query.Encode()
			var times []time.Duration
			first, found := time.Duration(0), 0
			for i := range 10 {
				began := time.Now()
				answer := w.send("GET", path, "", 200)
				took := time.Since(began)
				if i == 0 {
					first, found = took, len(answer["value"].([]any))
				} else {
					times = append(times, took)
				}
			}
			slices.Sort(times)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(first.Microseconds())/1000, "first-ms")
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "median-ms")
			b.ReportMetric(float64(found), "runs")
			if found < c.least {
				b.Errorf("%d runs on the page, want %d", found, c.least)
			}
		})
	}
}

// many are many runs of ten workflows, of which the last one has few.
type many struct {
	first time.Time
	count int
}

type pageCase struct {
	name  string
	list  string
	query map[string]string
	least int
}

func (m many) at(n int) string { return m.start(n).Format(time.RFC3339Nano) }

func (m many) start(n int) time.Time { return m.first.Add(time.Duration(n) * time.Millisecond) }

func (m many) pages() []pageCase {
	big, small := workflows+"/flow0/runs", workflows+"/flow9/runs"
	filter := func(f string) map[string]string { return map[string]string{"$filter": f} }
	search := func(s string) map[string]string { return map[string]string{"$search": s} }
	both := func(s, f string) map[string]string { return map[string]string{"$search": s, "$filter": f} }
	return []pageCase{
		{"all", allRuns, nil, 30},
		{"250 of all", allRuns, map[string]string{"$top": "250"}, 250},
		{"a workflow", big, nil, 30},
		{"a small workflow", small, nil, 30},
		{"rare status", allRuns, filter("status eq 'TimedOut'"), 20},
		{"rare status of a workflow", big, filter("status eq 'TimedOut'"), 1},
		{"all but the frequent status", allRuns, filter("status ne 'Succeeded'"), 30},
		{"rare error code", allRuns, filter("error/code eq 'RareCode'"), 10},
		{"frequent error code of a small workflow", small, filter("error/code eq 'ActionFailed'"), 0},
		{"one tracking id", allRuns, filter("clientTrackingId eq 'own-00777'"), 1},
		{"shared tracking id, rare status", allRuns, filter("clientTrackingId eq 'bulk' and status eq 'Failed'"), 30},
		{"window far back", allRuns, filter("startTime ge " + m.at(1000) + " and startTime lt " + m.at(1100)), 30},
		{"window far back, rare status", big, filter("startTime lt " + m.at(m.count/2) + " and status eq 'TimedOut'"), 1},
		{"no hit: status and window", allRuns, filter("status eq 'TimedOut' and startTime lt " + m.at(1)), 0},
		{"residue that matches little", allRuns, filter("endswith(clientTrackingId,'-00777')"), 0},
		{"rare word", allRuns, search("needle"), 5},
		{"frequent word", allRuns, search("everywhere"), 30},
		{"no such word", allRuns, search("nowhere"), 0},
		{"frequent words together", allRuns, search("half everywhere"), 30},
		{"frequent words that exclude each other", allRuns, search("half other"), 0},
		{"unique id", allRuns, search("order-0000777"), 1},
		{"long prefix of few", allRuns, search("order-000077*"), 10},
		{"prefix of all", allRuns, search("or*"), 30},
		{"rare word of a workflow", big, search("needle"), 1},
		{"frequent word of a small workflow", small, search("everywhere"), 30},
		{"frequent word, rare status", allRuns, both("everywhere", "status eq 'TimedOut'"), 1}, // a slow machine ends the page early
		{"frequent word, window far back", allRuns, both("everywhere", "startTime lt "+m.at(1000)), 30},
		{"tracked property", allRuns, filter("trackedProperties/orderId eq 'O-777'"), 1},
		{"tracked property of many, rare status", allRuns, filter("trackedProperties/region eq 'east' and status eq 'Failed'"), 30},
		{"error code of actions", allRuns, filter("actions/error/code eq 'Timeout'"), 30},
	}
}

// many makes n runs like one that the runner has made, and indexes them.
func (w *world) many(b *testing.B, n int) many {
	ctx := context.Background()
	db, err := w.store.Environment(ctx, store.Shared)
	w.must(err)
	var flows, versions []string
	var head []byte
	var rows []store.Row
	for i := range 10 {
		name := fmt.Sprint(workflows, "/flow", i)
		w.send("PUT", name, recorder, 201)
		run := w.fireRecorder(name, `{"parse":1,"note":{"order":"A-1"}}`)[0]
		w.must(db.Write(ctx, func(tx *store.Tx) error {
			r, err := tx.Run(run)
			if err != nil {
				return err
			}
			flows, versions, head = append(flows, r.Workflow), append(versions, r.Version), r.Head
			if rows, err = tx.Rows(run); err != nil {
				return err
			}
			return tx.DeleteRun(run)
		}))
	}
	m := many{time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), n}
	began := time.Now()
	const portion = 1000
	for from := 0; from < n; from += portion {
		var documents []store.Document
		w.must(db.Write(ctx, func(tx *store.Tx) error {
			for i := from; i < min(from+portion, n); i++ {
				r, words := m.run(i, flows, versions)
				r.Head = head
				if err := tx.CreateRun(r); err != nil {
					return err
				}
				if err := tx.AppendRows(r.Name, rows); err != nil {
					return err
				}
				stored, err := tx.Run(r.Name)
				if err != nil {
					return err
				}
				documents = append(documents, store.Document{Run: stored.ID, Start: r.Start, Terms: words})
			}
			return nil
		}))
		w.must(db.Words().Index(documents, db.Ended()))
	}
	b.Logf("%d runs made and indexed in %v", n, time.Since(began).Round(time.Second))
	return m
}

func (m many) run(i int, flows, versions []string) (store.Run, []store.Term) {
	flow := i % 9
	if i%(m.count/50) == 3 {
		flow = 9
	}
	r := store.Run{Name: fmt.Sprintf("08584%015d%09dCU00", 1e14-i, 0), Workflow: flows[flow], Version: versions[flow], Trigger: "manual",
		Status: "Succeeded", Start: m.start(i), End: m.start(i).Add(time.Millisecond)}
	r.ClientTrackingID = r.Name
	word := func(text string) store.Term { return store.Term{Kind: store.TermWord, Text: text} }
	words := []store.Term{word("everywhere"), word(fmt.Sprintf("order-%07d", i)), word("order"), word(fmt.Sprintf("%07d", i)), word([]string{"half", "other"}[i%2]),
		{Kind: store.TermTracked, Text: fmt.Sprintf("orderid\x00o-%d", i)}, {Kind: store.TermTracked, Text: "region\x00" + []string{"west", "east"}[i%2]}}
	for k := range 40 {
		words = append(words, word(fmt.Sprintf("%c%d", 'a'+k%26, (i*(k+7)/(k+1))%(30*(k+1)))))
	}
	switch {
	case i%(m.count/20) == 5:
		r.Status = "TimedOut"
	case i%100 == 7:
		r.Status, r.ErrorCode = "Failed", "ActionFailed"
		words = append(words, store.Term{Kind: store.TermFailure, Text: "timeout"})
	case i%(m.count/10) == 11:
		r.Status, r.ErrorCode = "Failed", "RareCode"
	}
	if i%(m.count/5) == 18 {
		words = append(words, word("needle"))
	}
	switch i % 10 {
	case 1:
		r.ClientTrackingID = fmt.Sprintf("own-%05d", i/10)
	case 7:
		r.ClientTrackingID = "bulk"
	}
	seen := map[store.Term]bool{}
	words = slices.DeleteFunc(append(words, store.Term{Kind: store.TermWorkflow, Text: r.Workflow}, store.Term{Kind: store.TermStatus, Text: map[string]string{"Succeeded": "succeeded", "Failed": "failed", "TimedOut": "timedout"}[r.Status]}), func(t store.Term) bool {
		again := seen[t]
		seen[t] = true
		return again
	})
	return r, words
}
