package logic

import (
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

// How long a run of a workflow may last, and how long runs are kept, is one setting:
// runtimeConfiguration.lifetime, {"unit":"day","count":n} (ise.md #172). A run keeps what
// it began with; what is deleted goes by the present one.

const (
	day          = 24 * time.Hour
	longestCount = 366 // days
)

// withLifetime is the limits of a workflow with these settings.
func withLifetime(l wdl.Limits, settings expr.Value) wdl.Limits {
	if count, ok := path(settings, "runtimeConfiguration", "lifetime", "count").AsInt(); ok && count > 0 {
		l.RunDuration = time.Duration(count) * day
	}
	return l
}

// checkLifetime checks the lifetime in a workflow's properties.
func checkLifetime(properties expr.Value, found *arm.Found) {
	const target = "properties.runtimeConfiguration.lifetime"
	lifetime := path(properties, "runtimeConfiguration", "lifetime")
	if lifetime.IsNull() {
		return
	}
	unit, _ := lifetime.Get("unit")
	text, _ := unit.AsString()
	count, _ := lifetime.Get("count")
	n, whole := count.AsInt()
	if !strings.EqualFold(text, "day") {
		found.Add("InvalidRuntimeConfiguration", target+".unit", "The unit of the lifetime must be 'day'.")
	}
	if !whole || n < 1 || n > longestCount {
		found.Add("InvalidRuntimeConfiguration", target+".count", "The count of the lifetime must be a whole number from 1 to %d: for so many days a run may last, and is kept.", longestCount)
	}
}
