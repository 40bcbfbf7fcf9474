// Package forecast tells what a change of the network would break, before it is made.
//
// The change is tried: what a template would deploy, or single resources with their edited
// bodies, is written in a transaction that is undone, with all checks, as the caller's
// requests. The policy of what stood there is compared with that of now in two ways: what
// each environment requires of its network (logic's rows), and what workflows did in the
// last days (the records of package traffic), each attempt judged anew by both, as the data
// plane would judge it. So the answer names the workflows that would have failed, and at
// which action.
//
// It answers two operations of Isle's own: POST {group}/providers/Microsoft.Network/whatIf,
// and …/recordedFlows, which lists the records.
package forecast
