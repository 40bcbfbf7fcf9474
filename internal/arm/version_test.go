package arm

import (
	"testing"
	"time"
)

// A type takes its own api-versions; one of a provider with many, any from the oldest
// until today.
func TestVersionsOfATypeAreTaken(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	listed := []string{"2019-05-01", "2016-06-01", "2015-08-01-preview"}
	for version, want := range map[string][2]bool{ // exactly those listed, any between
		"2019-05-01":         {true, true},
		"2015-08-01-PREVIEW": {true, true},
		"2015-08-01":         {false, false},
		"2015-08-02":         {false, true},
		"2019-05-01-preview": {false, true},
		"2019-05-02":         {false, true},
		"2014-12-31":         {false, false},
		"2026-05-01":         {false, true},
		"2026-05-02-preview": {false, true}, // it is tomorrow already in some place
		"2026-05-03":         {false, false},
		"2099-01-01":         {false, false},
	} {
		exact, between := &Type{APIVersions: listed}, &Type{APIVersions: listed, AnyVersion: true}
		if got := [2]bool{exact.takes(version, now), between.takes(version, now)}; got != want {
			t.Errorf("%s: %v, want %v", version, got, want)
		}
	}
}
