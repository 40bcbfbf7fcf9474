package expr

import "time"

// ParseTime reads a timestamp as the date functions do (wdl-semantics §6): ISO 8601
// or US style; without an offset it is UTC. now fills in a missing date or year.
func ParseTime(text string, now time.Time) (time.Time, bool) {
	d, ok := parseDate(text, defaultCulture(), dateOf(now))
	return ticksTime(d.ticks), ok
}
