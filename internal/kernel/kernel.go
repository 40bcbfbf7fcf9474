package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"

	"isle/netpol/layout"
)

// folder is where namespaces have their names, also for ip(8).
const folder = "/run/netns"

// Options configures a [Kernel].
type Options struct {
	// Tag tells one server's namespaces from those of others: 1 to 16 lower-case letters
	// and digits.
	Tag string
	// Denied is asked of each open flow of a firewall whose filter is new to this
	// process: true cuts it. The firewall is named by its resource ID. Several goroutines
	// may ask at once. nil: none is cut.
	Denied func(firewall string, f Flow) bool
}

// Flow is a connection as a firewall keeps it.
type Flow struct {
	Protocol    uint8 // as IANA numbers them
	Source      netip.AddrPort
	Destination netip.AddrPort // as the source knows it
	Translated  netip.AddrPort // where it really goes, after translation
}

var tagForm = regexp.MustCompile(`^[a-z0-9]{1,16}$`)

func (o Options) validate() error {
	if !tagForm.MatchString(o.Tag) {
		return fmt.Errorf("kernel: tag %q is not 1 to 16 lower-case letters and digits", o.Tag)
	}
	return nil
}

// Path is where the namespace with a name of the layout is found.
func Path(tag, name string) string {
	return filepath.Join(folder, prefix(tag)+name)
}

// prefix is how the names of a tag's namespaces begin. Tags have no dash, so no prefix
// begins another one.
func prefix(tag string) string { return "isle-" + tag + "-" }

// Applied is what [Kernel.Apply] did.
type Applied struct {
	Changes []string // made, a sentence each; empty when all was as it must be
	// Waiting names the namespaces and taps of others that are not there. A later Apply
	// takes them up.
	Waiting []string
}

// Status is what a tag has in the kernel.
type Status struct {
	Namespaces []NamespaceStatus // by name
	// Differences between what was applied and what is. The next Apply mends them.
	Differences []Difference
	// ConnectionLimit is how many connections a namespace can keep; at the limit, new
	// ones are dropped. 0: not known.
	ConnectionLimit int
}

// Difference is something that is not as it was applied.
type Difference struct {
	Namespace string
	Network   string // resource ID; "" for a namespace that is in no layout
	Text      string // such as "link eth0: down"
}

func (d Difference) String() string { return d.Namespace + ": " + d.Text }

// OutsideError is what could not be made of a link to something of others. The rest of
// the network does without it.
type OutsideError struct {
	To  string // as the layout calls it, [layout.Link].Parent
	Err error
}

func (e *OutsideError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *OutsideError) Unwrap() error { return e.Err }

// NamespaceStatus is a namespace as it is. Role, Network and Owner are those of the
// layout, and empty for what is in no layout.
type NamespaceStatus struct {
	Name        string
	Path        string
	Role        string
	Network     string
	Owner       string
	Links       []LinkStatus // by name
	Counters    []Counter    // by rule
	Connections int          // tracked now
}

// LinkStatus is a link as it is, with what went through since it was made.
type LinkStatus struct {
	Name                       string
	Up                         bool
	Addresses                  []netip.Prefix
	ReceivedBytes, SentBytes   uint64
	ReceivedFrames, SentFrames uint64
}

// Counter is what a rule of the policy decided, in packets that began a flow or were
// denied, since the rule is as it is.
type Counter struct {
	Rule    string // resource ID; the comment, where the layout does not know it
	Packets uint64
	Bytes   uint64
}

// Obstacle is something that this machine lacks for a data plane in the kernel.
type Obstacle struct {
	Needs   string // such as "nft 1.0.1 or later"
	Problem string // what was tried, and what came of it
}

// Unavailable is the error that tells all obstacles; nil for none.
func Unavailable(obstacles []Obstacle) error {
	if len(obstacles) == 0 {
		return nil
	}
	said := make([]string, len(obstacles))
	for i, o := range obstacles {
		said[i] = o.Needs + " (" + o.Problem + ")"
	}
	return errors.New("kernel: this machine cannot hold networks in its kernel; it lacks " + strings.Join(said, "; "))
}

// order is in which order namespaces of a network are changed: what filters comes
// before what sends.
func order(r layout.Role) int {
	switch r {
	case layout.Router:
		return 0
	case layout.Firewall:
		return 1
	}
	return 2
}
