package kernel_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/internal/kernel"
	"isle/internal/processtest"
	"isle/netpol/layout"
)

// The kill test starts this test binary as a process of its own, which applies one layout
// after another, and kills it at random moments. The environment tells the child its tag.
const killTag = "ISLE_TEST_KILL_TAG"

// TestKilledChild is the child: it applies layouts without end.
func TestKilledChild(t *testing.T) {
	tag := os.Getenv(killTag)
	if tag == "" {
		t.Skip("only as a child of TestKilledWhileItApplies")
	}
	k, err := kernel.Open(kernel.Options{Tag: tag})
	if err != nil {
		t.Fatal(err)
	}
	for seed := uint64(os.Getpid()); ; seed++ {
		fmt.Println("applies")
		if _, err := k.Apply(context.Background(), some(t, seed)); err != nil {
			t.Fatal(err)
		}
	}
}

// some is a random layout, now and then without some of its namespaces or all.
func some(t testing.TB, seed uint64) *layout.Layout {
	l := random(t, seed, 30)
	switch seed % 4 {
	case 0:
		return &layout.Layout{}
	case 1:
		return without(l, 1+int(seed/4)%(len(l.Namespaces)-1))
	}
	return l
}

// without is a layout without the namespace at a place and its link in the router.
func without(l *layout.Layout, i int) *layout.Layout {
	gone := l.Namespaces[i].Name
	left := &layout.Layout{Namespaces: slices.Delete(slices.Clone(l.Namespaces), i, i+1)}
	if l.Namespaces[i].Role == layout.Router {
		return &layout.Layout{}
	}
	for i := range left.Namespaces {
		n := &left.Namespaces[i]
		n.Links = slices.DeleteFunc(slices.Clone(n.Links), func(l layout.Link) bool { return l.Peer.Namespace == gone })
		n.Routes = slices.DeleteFunc(slices.Clone(n.Routes), func(r layout.Route) bool {
			return r.Link != "" && !slices.ContainsFunc(n.Links, func(l layout.Link) bool { return l.Name == r.Link })
		})
	}
	return left
}

// killed runs a child for a while.
func killed(t *testing.T, tag string, random *rand.Rand) {
	t.Helper()
	child := processtest.Start(t, "TestKilledChild", killTag+"="+tag)
	after, applied := 1+random.IntN(3), 0
	for range child.Lines() {
		if applied++; applied == after {
			// The moment is a random one within an Apply, or soon after.
			time.AfterFunc(time.Duration(random.IntN(100_000))*time.Microsecond, child.Kill)
		}
	}
	if !child.Wait() {
		t.Fatal("the child ended by itself")
	}
}

func TestKilledWhileItApplies(t *testing.T) {
	needsRoot(t)
	kills := 50
	if testing.Short() || processtest.Raced { // which is not about the moment
		kills = 10
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	k, tag := openTag(t, "kill")
	unfinished := 0
	for i := range kills {
		killed(t, tag, random)
		k, err := kernel.Open(kernel.Options{Tag: tag})
		if err != nil {
			t.Fatal(err)
		}
		l := some(t, seed+uint64(i))
		if applied := apply(t, k, l); len(applied.Changes) > 0 {
			unfinished++
		}
		holds(t, k, tag, l)
	}
	if unfinished == 0 {
		t.Error("no kill left anything to do: the test shows nothing")
	}
	if err := k.Down(t.Context()); err != nil {
		t.Error(err)
	}
	if stray := strayLinks(t); len(stray) > 0 {
		t.Errorf("on the host: %v", stray)
	}
}

// holds checks that a tag has what a layout says, and nothing else.
func holds(t *testing.T, k *kernel.Kernel, tag string, l *layout.Layout) {
	t.Helper()
	status, err := k.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(status.Differences) > 0 {
		t.Errorf("what is differs from what was applied: %v", status.Differences)
	}
	var want []string
	for _, n := range l.Namespaces {
		want = append(want, n.Name)
	}
	if is := names(t, tag); !slices.Equal(is, want) {
		t.Errorf("namespaces %v, want %v", is, want)
	}
	if mounts := mounted(t, tag); len(mounts) != len(want) {
		t.Errorf("mounts %v, want those of %v", mounts, want)
	}
}

// names lists the namespaces of a tag in the file system.
func names(t testing.TB, tag string) []string {
	t.Helper()
	entries, err := os.ReadDir("/run/netns")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), "isle-"+tag+"-"); ok {
			list = append(list, name)
		}
	}
	return list
}

// mounted lists the mount points of a tag.
func mounted(t testing.TB, tag string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	points := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 4 && strings.Contains(f[4], "/isle-"+tag+"-") {
			points[f[4]] = true
		}
	}
	return points
}

// strayLinks lists links of routers that are on the host, where none is ever to be.
func strayLinks(t testing.TB) []string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, i := range all {
		if strings.HasPrefix(i.Name, "port0a") || i.Name == layout.UplinkLink {
			list = append(list, i.Name)
		}
	}
	return list
}
