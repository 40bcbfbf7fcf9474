package dataplane

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"isle/netpol"
)

// start is a time of day.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// A name is due at once and then every 15 seconds; what is not told any more counts for 15
// minutes (network.md §A6), and NAT rules lead to the lowest address that was told last.
func TestHostsAreLookedUpAndExpire(t *testing.T) {
	var h Hosts
	h.Want([]netpol.FirewallNames{{Firewall: "/FW", Names: []string{"db.example.com", "never.example.com"}}})
	db := HostOf("/fw", "DB.example.com.")
	if due := h.Due(start); len(due) != 2 || due[0] != db {
		t.Fatalf("due are %v", due)
	}
	if due := h.Due(start.Add(14 * time.Second)); due != nil {
		t.Errorf("within 15 seconds %v are due", due)
	}
	h.Done(db)
	if due := h.Due(start.Add(15 * time.Second)); len(due) != 1 || due[0] != db {
		t.Errorf("after 15 seconds, while the other is under way, %v are due", due)
	}
	h.Done(db)
	h.Done(HostOf("/fw", "never.example.com"))
	if due := h.Due(start.Add(30 * time.Second)); len(due) != 2 {
		t.Errorf("after 30 seconds %v are due", due)
	}
	known := func(after time.Duration) string {
		names := h.Names(start.Add(after))
		k := names.Of("/fw", "db.example.com")
		return fmt.Sprint(k.Addresses, k.To)
	}
	for _, step := range []struct {
		after   time.Duration
		told    []netip.Addr
		changed bool
		want    string
	}{
		{0, addrs("10.0.0.9", "::ffff:10.0.0.7"), true, "[10.0.0.7 10.0.0.9] 10.0.0.7"},
		{time.Minute, addrs("10.0.0.9", "10.0.0.7"), false, "[10.0.0.7 10.0.0.9] 10.0.0.7"},
		{2 * time.Minute, addrs("10.0.0.9"), true, "[10.0.0.7 10.0.0.9] 10.0.0.9"},
		{15 * time.Minute, nil, false, "[10.0.0.7 10.0.0.9] 10.0.0.9"},
		{16 * time.Minute, nil, false, "[10.0.0.9] 10.0.0.9"},
		{17 * time.Minute, nil, false, "[] invalid IP"},
		{20 * time.Minute, addrs("10.0.0.9"), true, "[10.0.0.9] 10.0.0.9"},
		{21 * time.Minute, addrs("2001:db8::9"), true, "[10.0.0.9 2001:db8::9] 10.0.0.9"}, // who asks for IPv6 asks for nothing else
		{35 * time.Minute, nil, false, "[2001:db8::9] invalid IP"},
	} {
		if changed := h.Learn(db, step.told, start.Add(step.after)); changed != step.changed {
			t.Errorf("after %s: changed %t", step.after, changed)
		}
		if got := known(step.after); got != step.want {
			t.Errorf("after %s: %s, want %s", step.after, got, step.want)
		}
	}
	if h.Learn(HostOf("/fw", "other.example.com"), addrs("10.0.0.1"), start) {
		t.Error("a name that no rule has is learned")
	}
	h.Learn(db, addrs("10.0.0.9"), start)
	if h.Want(nil); known(0) != "[] invalid IP" {
		t.Error("what no rule has any more is known")
	}
}
