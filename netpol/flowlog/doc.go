// Package flowlog is the flow logs of virtual networks in the form in which Azure writes
// them (articles/network-watcher/nsg-flow-logs-overview.md, vnet-flow-logs-overview.md,
// vnet-flow-logs-filtering.md): which logs have a flow, by their targets and filters; the
// tuples and records that tell of it; and the files that the records stand in, one for
// each log, network interface and hour.
//
// A [Book] takes tuples and gives records. It knows no clock: a tuple has its time, and
// who takes records says when that is. It writes nothing.
package flowlog
