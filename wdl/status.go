package wdl

import "strings"

// Status is the state of a run, trigger or action (wdl-semantics §13.1).
type Status uint8

// The statuses, NotSpecified first so that it is the zero value.
const (
	NotSpecified Status = iota
	Paused
	Running
	Waiting
	Succeeded
	Skipped
	Suspended
	Cancelled
	Failed
	Faulted
	TimedOut
	Aborted
	Ignored

	statusCount = iota
)

var statusNames = [statusCount]string{
	"NotSpecified", "Paused", "Running", "Waiting", "Succeeded", "Skipped", "Suspended",
	"Cancelled", "Failed", "Faulted", "TimedOut", "Aborted", "Ignored",
}

// AllStatuses lists them, in their order.
func AllStatuses() []Status {
	list := make([]Status, statusCount)
	for i := range list {
		list[i] = Status(i)
	}
	return list
}

// String returns the name as the service writes it.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return statusNames[NotSpecified]
}

// Final reports whether nothing can change the status any more.
func (s Status) Final() bool {
	switch s {
	case NotSpecified, Paused, Running, Waiting, Suspended:
		return false
	}
	return true
}

// ParseStatus finds a status by its name, ignoring case.
func ParseStatus(name string) (Status, bool) {
	for i, n := range statusNames {
		if strings.EqualFold(n, name) {
			return Status(i), true
		}
	}
	return NotSpecified, false
}

// StatusSet is a set of statuses.
type StatusSet uint16

// Statuses returns the set of the given statuses.
func Statuses(list ...Status) StatusSet {
	var set StatusSet
	for _, s := range list {
		set |= 1 << s
	}
	return set
}

// Has reports whether s is in the set.
func (set StatusSet) Has(s Status) bool { return set&(1<<s) != 0 }
