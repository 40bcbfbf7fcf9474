package kernel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"isle/netpol/layout"
)

// Status reads everything anew and compares it with what was applied. An Apply does not
// have to wait for it.
func (k *Kernel) Status(ctx context.Context) (*Status, error) {
	want, have, differences, err := k.check()
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(have.namespaces))
	status := &Status{Namespaces: make([]NamespaceStatus, len(names)), Differences: differences, ConnectionLimit: readNumber("nf_conntrack_max")}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			n, err := statusOf(name, Path(k.options.Tag, name), want)
			if err != nil {
				return fmt.Errorf("kernel: namespace %s: %w", name, err)
			}
			status.Namespaces[i] = *n
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return status, nil
}

// check compares what was applied with what is. Where they differ, the next Apply reads
// everything again.
func (k *Kernel) check() (*layout.Layout, *state, []Difference, error) {
	k.mu.Lock()
	want, applied := k.layout, k.applied
	k.mu.Unlock()
	have, err := readAll(k.options.Tag, want)

	k.mu.Lock()
	defer k.mu.Unlock()
	if k.applied != applied { // what was read is from before and after a change
		want = k.layout
		have, err = readAll(k.options.Tag, want)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	differences := compare(want, have).differences()
	if len(differences) > 0 {
		clear(k.known)
	}
	return want, have, differences, nil
}

func readAll(tag string, want *layout.Layout) (*state, error) {
	names, err := listNames(tag)
	if err != nil {
		return nil, fmt.Errorf("kernel: list %s: %w", folder, err)
	}
	have, err := readState(tag, want, names, nil)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	return have, nil
}

// statusOf is a namespace as it is; what it is for, the layout knows.
func statusOf(name, path string, applied *layout.Layout) (*NamespaceStatus, error) {
	n := &NamespaceStatus{Name: name, Path: path}
	want, ok := applied.Find(name)
	if !ok {
		want = &layout.Namespace{}
	} else {
		n.Role, n.Network, n.Owner = want.Role.String(), want.Network, want.Owner
	}
	if !isSpace(n.Path) {
		return n, nil
	}
	s, err := openSpace(n.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil // it has gone meanwhile
	}
	if err != nil {
		return nil, err
	}
	defer s.close()
	if n.Links, err = s.linkStatus(); err != nil {
		return nil, err
	}
	var counters map[string]Counter
	err = s.inside(func() (err error) {
		n.Connections = readNumber("nf_conntrack_count")
		if filter, _, err := readFilter(); err != nil || filter == "" {
			return err
		}
		counters, err = readCounters()
		return err
	})
	n.Counters = byRule(counters, want.Comments)
	return n, err
}

func (s *space) linkStatus() ([]LinkStatus, error) {
	links, err := again(s.handle.LinkList)
	if err != nil {
		return nil, err
	}
	is := &namespaceState{}
	if _, err := s.readLinks(is); err != nil {
		return nil, err
	}
	var list []LinkStatus
	for _, l := range links {
		a := l.Attrs()
		if a.Flags&net.FlagLoopback != 0 {
			continue
		}
		status := LinkStatus{Name: a.Name, Up: a.Flags&net.FlagUp != 0, Addresses: is.links[a.Name].addresses}
		if c := a.Statistics; c != nil {
			status.ReceivedBytes, status.SentBytes, status.ReceivedFrames, status.SentFrames = c.RxBytes, c.TxBytes, c.RxPackets, c.TxPackets
		}
		list = append(list, status)
	}
	slices.SortFunc(list, func(a, b LinkStatus) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// byRule sums counters of comments by the rules that they stand for.
func byRule(counters map[string]Counter, comments []layout.Comment) []Counter {
	rules := map[string]string{}
	for _, c := range comments {
		rules[c.Text] = c.Rule
	}
	sums := map[string]Counter{}
	for comment, c := range counters {
		rule := cmp.Or(rules[comment], comment)
		sum := sums[rule]
		sums[rule] = Counter{Rule: rule, Packets: sum.Packets + c.Packets, Bytes: sum.Bytes + c.Bytes}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Counter) int { return cmp.Compare(a.Rule, b.Rule) })
}

// readNumber reads what connection tracking says of the namespace of this thread; 0 where
// it is not loaded.
func readNumber(name string) int {
	text, err := os.ReadFile("/proc/sys/net/netfilter/" + name)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}
