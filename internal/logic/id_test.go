package logic

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSequenceIDIsTheServicesOwn(t *testing.T) {
	at := time.Date(2023, 5, 10, 3, 4, 21, 264964900, time.UTC)
	if got := sequenceID(at); got[:13] != "0858517919024" || len(got) != 20 {
		t.Errorf("%s, want 08585179190242… as recorded (logic-api §1.6)", got)
	}
}

func TestSequenceIDsSortNewestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns"))
		})
		a, b := moment.Draw(t, "a"), moment.Draw(t, "b")
		if a.Truncate(100).Before(b.Truncate(100)) && sequenceID(a) <= sequenceID(b) {
			t.Errorf("%s is older than %s but sorts first", a, b)
		}
		if last := sequenceID(a); sequenceBefore(last, b) >= last {
			t.Errorf("a version at %s does not sort before that of %s", b, a)
		}
	})
}

func TestTimestamp(t *testing.T) {
	at := time.Date(2019, 2, 5, 21, 20, 26, 297825049, time.FixedZone("", 3600))
	if got, want := timestamp(at), "2019-02-05T20:20:26.297825Z"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
