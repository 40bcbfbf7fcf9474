package store_test

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"isle/internal/store"
)

// BenchmarkCommit measures durable commits of a run and a record of 1.5 KB, for one
// and for many writers; ns/op is the time between two commits.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 32, 64, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) { benchmarkCommit(b, writers) })
	}
}

func benchmarkCommit(b *testing.B, writers int) {
	s, err := store.Open(b.Context(), b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	db, err := s.Environment(b.Context(), store.Shared)
	if err != nil {
		b.Fatal(err)
	}
	payload := []byte(rand.Text()) // does not pack, as if it were ids and numbers
	for len(payload) < 1500 {
		payload = append(payload, rand.Text()...)
	}
	start := time.Now()
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				name := "0858" + strconv.FormatInt(1e15-n, 10)
				err := db.Write(b.Context(), func(tx *store.Tx) error {
					if err := tx.CreateRun(store.Run{Name: name, Workflow: "w", Trigger: "t", Status: "Succeeded", Start: start, End: start, ClientTrackingID: name, Head: payload[:300]}); err != nil {
						return err
					}
					return tx.AppendRows(name, []store.Row{{Payload: payload}})
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// BenchmarkUpdate measures what one of 1,000 updates of open runs in a commit takes: of the
// whole row, and of the head alone.
func BenchmarkUpdate(b *testing.B) {
	for name, update := range map[string]func(*store.Tx, store.Run) error{"row": (*store.Tx).UpdateRun, "head": (*store.Tx).UpdateHead} {
		b.Run(name, func(b *testing.B) { benchmarkUpdate(b, update) })
	}
}

func benchmarkUpdate(b *testing.B, update func(*store.Tx, store.Run) error) {
	s, err := store.Open(b.Context(), b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	db, err := s.Environment(b.Context(), store.Shared)
	if err != nil {
		b.Fatal(err)
	}
	runs := make([]store.Run, 1000)
	all := func(do func(*store.Tx, store.Run) error) {
		err := db.Write(b.Context(), func(tx *store.Tx) error {
			for i := range runs {
				if err := do(tx, runs[i]); err != nil {
					return err
				}
				runs[i].Revision++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for i := range runs {
		name := "0858" + strconv.FormatInt(1e15-int64(i), 10)
		runs[i] = store.Run{Name: name, Workflow: "w", Trigger: "t", Status: "Running", Start: time.Now(), Wake: time.Now().Add(time.Hour), ClientTrackingID: name, Head: make([]byte, 700)}
	}
	all((*store.Tx).CreateRun)
	b.ReportAllocs()
	for b.Loop() {
		all(update)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*len(runs)), "µs/update")
}

// BenchmarkOpen measures the start of a server that has one environment.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := store.Open(b.Context(), dir, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Environment(b.Context(), store.Shared); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
