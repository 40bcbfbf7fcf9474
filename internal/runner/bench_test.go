package runner

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/internal/trigger"
)

const benchBody = `{"id":"order-1","qty":3,"price":50}`

// BenchmarkStartToResponse is a whole run, Request to Response, durable, by 1 and
// by 32 callers.
func BenchmarkStartToResponse(b *testing.B) {
	for _, clients := range []int{1, 32} {
		b.Run(map[int]string{1: "1", 32: "32"}[clients], func(b *testing.B) {
			w := newWorld(b)
			d := w.library.deploy(b, "tiers", "", tiers)
			parallel(b, clients, func() {
				s, err := w.Start(context.Background(), request(d, benchBody, true))
				if err != nil {
					b.Fatal(err)
				}
				if r, err := s.Reply(context.Background()); err != nil || !r.Sent {
					b.Fatal(r, err)
				}
			})
		})
	}
}

// BenchmarkCeiling commits the same bytes through the same group commit and does
// nothing else.
func BenchmarkCeiling(b *testing.B) {
	for _, clients := range []int{1, 32} {
		b.Run(map[int]string{1: "1", 32: "32"}[clients], func(b *testing.B) {
			w := newWorld(b)
			d := w.library.deploy(b, "tiers", "", tiers)
			s := w.start(b, d, benchBody, true)
			row := w.run(b, s.RunID)
			var rows []store.Row
			_ = w.db.Read(context.Background(), func(tx *store.Tx) (err error) { rows, err = tx.Rows(s.RunID); return err })
			size := len(row.Head)
			for _, r := range rows {
				size += len(r.Payload)
			}
			b.ReportMetric(float64(size), "bytes/run")
			var n atomic.Uint64
			parallel(b, clients, func() {
				run := row
				run.Name = trigger.RunName(time.Now(), n.Add(1))
				run.ClientTrackingID = run.Name
				if err := w.db.Write(context.Background(), func(tx *store.Tx) error {
					if err := tx.CreateRun(run); err != nil {
						return err
					}
					return tx.AppendRows(run.Name, rows)
				}); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkEngine is the part of it that decides.
func BenchmarkEngine(b *testing.B) {
	w := newWorld(b)
	d := w.library.deploy(b, "tiers", "", tiers)
	q := request(d, benchBody, true)
	b.ReportAllocs()
	for b.Loop() {
		run := engine.New(d.Workflow, engine.Start{RunID: "08584911082404775807000000001CU00", Trigger: q.Trigger, Time: time.Unix(0, 0), Caller: true})
		if _, err := run.Step(time.Unix(0, 0), engine.Begin{}); err != nil {
			b.Fatal(err)
		}
	}
}

func parallel(b *testing.B, clients int, do func()) {
	b.ReportAllocs()
	if clients == 1 {
		for b.Loop() {
			do()
		}
		return
	}
	b.SetParallelism(clients / 2)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			do()
		}
	})
}
