package traffic

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"isle/internal/dataplane"
	"isle/internal/store"
)

// BenchmarkNote notes what was noted before, as a workflow does that calls again and
// again: alone, and from all processors at once.
func BenchmarkNote(b *testing.B) {
	s, err := store.Open(b.Context(), b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := New(s, DefaultDays, time.Now, slog.New(slog.DiscardHandler))
	a := dataplane.Attempt{Environment: "0123456789abcdef0123456789abcdef", Subject: dataplane.Subject{Workflow: "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/group/providers/Microsoft.Logic/workflows/order", Name: "Call"},
		Protocol: "tcp", Host: "warehouse.example.com", Port: 443, Addresses: dataplane.PackAddresses(netip.AddrFrom4([4]byte{203, 0, 113, 7}))}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Note(a)
		}
	})
	b.Run("many", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r.Note(a)
			}
		})
	})
}
