package traffic

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"isle/internal/dataplane"
	"isle/internal/store"
)

const environment = "0123456789abcdef0123456789abcdef"

var noon = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

func randomRecord(r *rand.Rand) Record {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	subject := func() dataplane.Subject {
		return dataplane.Subject{Workflow: pick("", "/w/one", "/w/two"), Name: pick("", "Call", "Größe"), Trigger: r.IntN(2) == 0}
	}
	return Record{Attempt: dataplane.Attempt{Environment: environment, Subnet: dataplane.Subnet(r.IntN(4)), Subject: subject(), By: subject(), Direction: dataplane.Direction(r.IntN(2)), Protocol: pick("tcp", "udp"),
		Host: pick("", "example.com", "10.0.0.1"), Port: uint16(r.Uint32()), Addresses: dataplane.PackAddresses(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))}), netip.IPv6Loopback()),
		CallerEnvironment: pick("", environment), CallerSubnet: dataplane.Subnet(r.IntN(4)), Arrived: pick("", environment), Denied: r.IntN(2) == 0}, Count: r.Uint64(), Last: noon.Add(time.Duration(r.IntN(1e5)) * time.Second)}
}

func decodeAll(part []byte) (records []Record, err error) {
	err = decode(part, environment, func(r *Record) { records = append(records, *r) })
	return records, err
}

// Parts come back as they were written.
func TestPartsComeBack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	var records []Record
	for range 500 {
		records = append(records, randomRecord(r))
	}
	back, err := decodeAll(encode(records))
	if err != nil || !reflect.DeepEqual(back, records) {
		t.Fatalf("seed %d: they differ: %v", seed, err)
	}
	if list := records[0].Addresses.List(); len(list) != 2 || list[1] != netip.IPv6Loopback() {
		t.Errorf("addresses: %v", list)
	}
}

// FuzzDecode: whatever is read, nothing but an error comes of it; what is read as a part
// means the same when it is written again.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	f.Add([]byte{})
	f.Add(encode(nil))
	f.Add(encode([]Record{randomRecord(r), randomRecord(r)}))
	f.Fuzz(func(t *testing.T, part []byte) {
		records, err := decodeAll(part)
		if err != nil {
			return
		}
		for i := range records {
			records[i].Addresses.List()
		}
		again, err := decodeAll(encode(records))
		if err != nil || len(again) != len(records) {
			t.Fatalf("%v: %d records became %d", err, len(records), len(again))
		}
	})
}

// world is a recorder on a store, with a clock of the test's.
type world struct {
	*Recorder
	t   *testing.T
	now time.Time
	log bytes.Buffer
}

func newWorld(t *testing.T, days int) *world {
	t.Helper()
	w := &world{t: t, now: noon}
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Environment(t.Context(), environment); err != nil {
		t.Fatal(err)
	}
	w.Recorder = New(s, days, func() time.Time { return w.now }, slog.New(slog.NewTextHandler(&w.log, nil)))
	return w
}

func call(action string, port int) dataplane.Attempt {
	return dataplane.Attempt{Environment: environment, Subject: dataplane.Subject{Workflow: "/w", Name: action}, Protocol: "tcp", Host: "10.0.0.1", Port: uint16(port), Addresses: dataplane.PackAddresses(netip.AddrFrom4([4]byte{10, 0, 0, 1}))}
}

// seen is how often each action was recorded in the last days.
func (w *world) seen(days int) map[string]uint64 {
	w.t.Helper()
	counts := map[string]uint64{}
	if err := w.Each(w.t.Context(), environment, days, func(r *Record) { counts[r.Subject.Name] += r.Count }); err != nil {
		w.t.Fatal(err)
	}
	return counts
}

func (w *world) parts(day int64) (parts []store.Traffic) {
	w.t.Helper()
	db, err := w.store.Environment(w.t.Context(), environment)
	if err == nil {
		err = db.Read(w.t.Context(), func(tx *store.Tx) (err error) {
			parts, err = tx.TrafficParts(day)
			return err
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return parts
}

// Records are counted by day, merged when there are many parts, and end with their days.
func TestRecordsAreCountedMergedAndEnd(t *testing.T) {
	w := newWorld(t, 3)
	for range 2 * maxParts {
		w.Note(call("A", 1))
		w.Note(call("A", 1))
		w.Note(call("B", 2))
		if err := w.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.parts(0)); n > maxParts+1 {
		t.Errorf("%d parts are not merged", n)
	}
	want := map[string]uint64{"A": 4 * maxParts, "B": 2 * maxParts}
	if got := w.seen(1); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	w.now = w.now.Add(24 * time.Hour)
	w.Note(call("C", 3))
	if got := w.seen(1); !maps.Equal(got, map[string]uint64{"C": 1}) {
		t.Errorf("the last day has %v", got)
	}
	want["C"] = 1
	if got := w.seen(2); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	w.now = w.now.Add(2 * 24 * time.Hour)
	if err := w.forget(t.Context(), w.firstDay(w.Days())); err != nil {
		t.Fatal(err)
	}
	if parts := w.parts(0); len(parts) != 1 || parts[0].Flows != 1 {
		t.Errorf("old days are kept: %+v", parts)
	}
}

// What there is no room for is counted, in memory and of a day.
func TestThereAreBounds(t *testing.T) {
	w := newWorld(t, 1)
	for i := range maxWaiting + 7 {
		w.Note(call("A", i%65536))
	}
	if got := w.Dropped(environment); got != 7 {
		t.Errorf("%d were left out in memory, want 7", got)
	}
	w = newWorld(t, 1)
	w.days = MaxRecords / 10 // ten a day
	note := func(action string, ports int) {
		t.Helper()
		w.now = w.now.Add(time.Second)
		for i := range ports {
			w.Note(call(action, i))
		}
		if err := w.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	note("A", 20)
	if got := w.Dropped(environment); got != 0 {
		t.Errorf("%d were left out before there was reason", got)
	}
	note("late", 9)
	if got := w.seen(1); got["late"] != 9 || got["A"] != 1 {
		t.Errorf("the newest are not what is kept: %v", got)
	}
	if got := w.Dropped(environment); got != 19 {
		t.Errorf("%d were left out, want 19", got)
	}
}

// Also large parts alone are bounded: however many come, a day has no more than twice what
// it may have.
func TestLargePartsAreBounded(t *testing.T) {
	w := newWorld(t, 1)
	w.days = MaxRecords / partSize
	most := 2 * w.most()
	for i := range 6 {
		for port := range partSize {
			w.Note(call(fmt.Sprint("A", i), port))
		}
		w.now = w.now.Add(time.Second)
		if err := w.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, p := range w.parts(0) {
			sum += p.Flows
		}
		if sum > most {
			t.Fatalf("after %d parts a day has %d records, more than %d", i+1, sum, most)
		}
	}
	if got := w.seen(1); got["A5"] != partSize {
		t.Errorf("the newest are not what is kept: %v", got)
	}
}

// A part that cannot be read stays, and hinders neither writing nor merging: nothing is
// counted twice, and it is told once.
func TestADamagedPart(t *testing.T) {
	w := newWorld(t, 3)
	day := store.DayOf(w.now)
	db, err := w.store.Environment(t.Context(), environment)
	if err == nil {
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			whole := encode([]Record{{Attempt: call("A", 1), Count: 1, Last: noon}})
			return tx.AddTraffic(day, 2, append(whole, 1))
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	const times = 4 * maxParts
	for range times {
		w.Note(call("B", 1))
		if err := w.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	parts := w.parts(0)
	if len(parts) > maxParts+2 {
		t.Errorf("%d parts are not merged", len(parts))
	}
	if told := bytes.Count(w.log.Bytes(), []byte("not all merged")); told != 1 {
		t.Errorf("it is told %d times: %s", told, &w.log)
	}
	var counted uint64
	err = db.Write(t.Context(), func(tx *store.Tx) error { return tx.DropTraffic(day, parts[0].Part) })
	if err == nil {
		counted = w.seen(1)["B"]
	}
	if err != nil || parts[0].Flows != 2 || counted != times {
		t.Errorf("%v: B was seen %d times, want %d; the first part is %+v", err, counted, times, parts[0])
	}
}

// Days that could not be deleted are deleted the next time.
func TestPastDaysAreTriedAgain(t *testing.T) {
	w := newWorld(t, 1)
	w.Note(call("A", 1))
	if err := w.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(48 * time.Hour)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.end(ended); err == nil {
		t.Error("they were deleted under a context that has ended")
	}
	if err := w.end(t.Context()); err != nil {
		t.Fatal(err)
	}
	if parts := w.parts(0); len(parts) > 0 {
		t.Errorf("they are kept: %+v", parts)
	}
}

// What cannot be written waits, and is written later; an environment that is gone is
// not made anew.
func TestWhatCannotBeWrittenWaits(t *testing.T) {
	w := newWorld(t, 3)
	w.Note(call("A", 1))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Write(ended); err == nil {
		t.Error("it was written under a context that has ended")
	}
	w.Note(call("A", 1))
	if got := w.seen(1); got["A"] != 2 {
		t.Errorf("%v", got)
	}
	gone := call("A", 1)
	gone.Environment = "ffffffffffffffffffffffffffffffff"
	w.Note(gone)
	if err := w.Write(t.Context()); err != nil {
		t.Error(err)
	}
	if there := w.store.Environments(); len(there) != 1 {
		t.Errorf("%v", there)
	}
	if err := w.Each(t.Context(), gone.Environment, 1, func(*Record) { t.Error("it has a record") }); err != nil {
		t.Error(err)
	}
}

// Who notes much at once loses nothing that is counted.
func TestManyNoteAtOnce(t *testing.T) {
	w := newWorld(t, 3)
	done := make(chan bool)
	const many, each = 8, 500
	for i := range many {
		go func() {
			for k := range each {
				w.Note(call(fmt.Sprint("A", i%2), k%5))
			}
			done <- true
		}()
	}
	for range many {
		if err := w.Write(t.Context()); err != nil {
			t.Error(err)
		}
		<-done
	}
	if got := w.seen(1); got["A0"]+got["A1"] != many*each {
		t.Errorf("%v", got)
	}
}
