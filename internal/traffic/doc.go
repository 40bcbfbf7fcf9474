// Package traffic remembers which flows workflows made, so that a change of the network
// can be judged by them before it is made.
//
// A [Recorder] is told of every [dataplane.Attempt]; it counts them in memory and writes
// them behind, so no run waits for it. Kept is one record for each distinct attempt
// (workflow, action, subnet, direction, protocol, host, port, addresses, verdict) and day,
// with how often it was made and when last. A day's records are parts of many records
// each, appended as they come and merged when there are many parts or too many records, in
// the database of the environment that the attempts are of: sealed, backed up and deleted
// with it.
//
// All is bounded: the days, the records of a day (those that were not seen for longest go
// when there are twice as many as may be), and what waits in memory. What was left out is
// counted. A process that is killed loses what it noted in the last [writeEvery].
package traffic

import "time"

const (
	// writeEvery is how long attempts wait in memory before they are written.
	writeEvery = 5 * time.Second
	// maxWaiting bounds how many distinct attempts wait in memory.
	maxWaiting = 50_000
	// maxParts is how many parts a day may have before they are merged, beside the full
	// ones.
	maxParts = 16
	// partSize is how many records a merged part has.
	partSize = 4096
	// MaxRecords bounds the records of an environment, over all its days.
	MaxRecords = 1_000_000
	// DefaultDays is for how many days records are kept, MaxDays for how many they can be:
	// as long as run histories (ise.md #172).
	DefaultDays, MaxDays = 14, 366
)
