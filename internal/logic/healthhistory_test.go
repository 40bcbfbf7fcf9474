package logic

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"isle/internal/store"
	"isle/netpol"
)

// look compares what a model says with the look before.
func lookAt(t *testing.T, before *healthForm, now time.Time, rules ...netpol.SecurityRule) (*healthForm, []healthChange) {
	t.Helper()
	return compareHealth(before, reportOf(t, modelNetwork(rules...), netpol.Version2020, nil), now)
}

// TestLooksNoteWhatChanges: a row that is closed, by another rule, and open again is a
// change each; the state keeps the time of its own last change; nothing new is nothing to
// write.
func TestLooksNoteWhatChanges(t *testing.T) {
	start := time.Unix(1e9, 0).UTC()
	noSQL := deny("NoSQL", netpol.Outbound, netpol.AnyProtocol, "SQL", 1433)
	first, changes := lookAt(t, nil, start)
	if first == nil || first.State != healthy || !first.Since.Equal(start) || len(changes) != 0 {
		t.Fatalf("the first look: %+v %v", first, changes)
	}
	if again, changes := lookAt(t, first, start.Add(time.Hour)); again != nil || changes != nil {
		t.Errorf("nothing has changed: %+v %v", again, changes)
	}
	second, changes := lookAt(t, first, start.Add(2*time.Hour), noSQL)
	rule := modelID("networkSecurityGroups/web/securityRules/")
	want := healthChange{"2001-09-09T03:46:40Z", "connectors", "O8", rowReachable, rowBlocked, rule + "NoSQL", "Azure SQL dependency: denied by securityRules/NoSQL (priority 200) of NSG web on subnet connectors."}
	if len(changes) != 1 || changes[0] != want || second.State != unhealthy || !second.Since.Equal(start.Add(2*time.Hour)) {
		t.Errorf("closed: %+v %+v", second.Since, changes)
	}
	noSQL.Name = "Other"
	third, changes := lookAt(t, second, start.Add(3*time.Hour), noSQL)
	if len(changes) != 1 || changes[0].From != rowBlocked || changes[0].To != rowBlocked || changes[0].Rule != rule+"Other" || !third.Since.Equal(second.Since) {
		t.Errorf("another rule: %+v", changes)
	}
	lost, changes := compareHealth(third, &healthReport{failure: fmt.Errorf("no policy")}, start.Add(4*time.Hour))
	if lost.State != unknown || len(lost.Rows) != len(third.Rows) || len(changes) != 1 || changes[0].From != unhealthy || changes[0].To != unknown || !strings.Contains(changes[0].Message, "no policy") {
		t.Errorf("without a policy: %s %v", lost.State, changes)
	}
	if again, changes := compareHealth(lost, &healthReport{failure: fmt.Errorf("no policy")}, start.Add(5*time.Hour)); again != nil || changes != nil {
		t.Errorf("still no policy: %+v %v", again, changes)
	}
	last, changes := lookAt(t, lost, start.Add(5*time.Hour))
	if len(changes) != 2 || changes[0].From != unknown || changes[0].To != healthy || changes[1].To != rowReachable || changes[1].Rule != "" || last.Lost || last.State != healthy {
		t.Errorf("open again: %+v", changes)
	}
	if _, changes := lookAt(t, nil, start, noSQL); len(changes) != 1 || changes[0].From != rowUnknown {
		t.Errorf("closed at the first look: %+v", changes)
	}
}

// TestLooksKeepWhatProbesFound: a probe that fails is noted when health is read, stays so
// for looks that probe nothing, and is over when it works again.
func TestLooksKeepWhatProbesFound(t *testing.T) {
	now := time.Unix(1e9, 0).UTC()
	before, _ := lookAt(t, nil, now)
	read := func(p probed) (*healthForm, []healthChange) {
		return compareHealth(before, reportOf(t, modelNetwork(), netpol.Version2020, probeResults{"database": p}), now)
	}
	if after, changes := read(probed{Result: probeReachable}); after != nil {
		t.Errorf("it works: %+v", changes)
	}
	after, changes := read(probed{probeUnreachable, "the disk is full"})
	if len(changes) != subnetCount || changes[0].To != rowUnreachable || !strings.Contains(changes[0].Message, "the disk is full") || after.State != unhealthy {
		t.Fatalf("it fails: %+v", changes)
	}
	before = after
	if after, changes := lookAt(t, before, now); after != nil {
		t.Errorf("a look that probes nothing: %+v", changes)
	}
	if after, changes := read(probed{Result: probeReachable}); len(changes) != subnetCount || changes[0].To != rowReachable || after.State != healthy {
		t.Errorf("it works again: %+v", changes)
	}
}

// TestHistoryIsBounded: the newest thousand changes are kept, and nothing of an
// environment that is gone.
func TestHistoryIsBounded(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = s.Control().Write(t.Context(), func(tx *store.Tx) error {
		for i := range 3 {
			changes := make([]healthChange, 400)
			changes[0].Row = fmt.Sprint("first", i)
			if err := writeHealth(tx, "a", &healthForm{Version: formVersion, State: unhealthy}, changes); err != nil {
				return err
			}
		}
		history, err := readHistoryForm(tx, "a")
		if err != nil {
			return err
		}
		if n := len(history.Changes); n != historyLength || history.Changes[200].Row != "first1" || history.Changes[600].Row != "first2" {
			t.Errorf("%d changes: %v", n, history.Changes[200])
		}
		if form, err := readHealthForm(tx, "a"); err != nil || form.State != unhealthy {
			t.Error(form, err)
		}
		if err := dropHealth(tx, "a"); err != nil {
			return err
		}
		form, err := readHealthForm(tx, "a")
		if history, err := readHistoryForm(tx, "a"); err != nil || len(history.Changes) != 0 || form != nil {
			t.Error("something is left", history, form, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
