// Package kernel makes a Linux kernel hold what a [layout.Layout] says: namespaces,
// links, addresses, routes and packet filters (network.md §B1, §C5).
//
// Everything of a server has its tag in its name: a namespace is
// /run/netns/isle-TAG-NAME, and all else is inside these. So what is there can be read
// back at any time, nothing needs a journal, and servers with different tags do not
// touch each other. [Kernel.Apply] reads, compares and makes only the changes: what is
// as it must be keeps its open flows. It may be killed anywhere; the next one finishes.
//
// A network is never open while it changes: links are removed first, then the filter is
// replaced in one transaction, then links come up, and routes that lead to them are
// last. What fails in one network leaves that one as closed as it was, and the others
// are applied.
//
// What belongs to somebody else, a namespace or a tap that is given or an interface of
// the host, is never changed except for the end of a link put into it, and that goes
// away with the link.
//
// Root is needed, and the nft command; [Probe] says what is missing. On other systems
// than Linux everything answers that it is unavailable.
package kernel
