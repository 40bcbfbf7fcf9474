// Package flowlog keeps the flow logs of networks, as files below a folder: it is told of
// flows by the data plane ([dataplane.Flows]), finds which logs have them, and writes what
// package netpol/flowlog makes of them.
//
// Who makes a flow never waits: what does not fit into a queue is counted and left out.
// One goroutine does the rest. It writes every few seconds, each file as a whole beside
// the old one and then in its place: whoever reads one, at any time, finds a document that
// is whole, and a process that is killed loses what it was told in the last seconds.
//
// How much is written is bounded: a file that has become large is written less often.
package flowlog

import "time"

const (
	// queueSize is how many events wait.
	queueSize = 8192
	// writeEvery is how long tuples wait in memory before they are written.
	writeEvery = 5 * time.Second
	// writeRate is how many bytes of a file are written each second at most: one of 80 MB
	// is written every ten seconds.
	writeRate = 8 << 20
	// maxWaiting is how many bytes of tuples wait before all are written.
	maxWaiting = 4 << 20
	// continueEvery is how often flows that go on are told of, as in Azure
	// (vnet-flow-logs-overview.md).
	continueEvery = 5 * time.Minute
	// maxOpen bounds the flows that are under way and known.
	maxOpen = 100_000
	// endEvery is how often files that are too old are looked for.
	endEvery = time.Hour
)
