package kernel_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"isle/internal/kernel"
	"isle/netpol/layout"
	"isle/netpol/layout/layouttest"
)

// needsRoot skips a test where this process cannot have networks in the kernel.
func needsRoot(t testing.TB) {
	t.Helper()
	if err := kernel.Unavailable(kernel.Probe(t.Context())); err != nil {
		t.Skipf("SKIPPED: nothing was tested in the kernel: %v", err)
	}
}

// open opens a tag of the test's own, which is gone when the test ends.
func open(t testing.TB, tag string) *kernel.Kernel {
	t.Helper()
	k, _ := openTag(t, tag)
	return k
}

// openTag is open, and tells what the whole tag is.
func openTag(t testing.TB, name string) (k *kernel.Kernel, tag string) {
	t.Helper()
	needsRoot(t)
	tag = fmt.Sprintf("%s%d", name, os.Getpid())
	k, err := kernel.Open(kernel.Options{Tag: tag})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Down(context.Background()); err != nil {
			t.Error(err)
		}
		if left, mounts := names(t, tag), mounted(t, tag); len(left)+len(mounts) > 0 {
			t.Errorf("left behind: %v, %v", left, mounts)
		}
	})
	return k, tag
}

func apply(t testing.TB, k *kernel.Kernel, l *layout.Layout) *kernel.Applied {
	t.Helper()
	applied, err := k.Apply(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func random(t testing.TB, seed uint64, rules int) *layout.Layout {
	t.Helper()
	l, err := layout.Compile(layouttest.New(seed).Input(rules))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhatIsAppliedIsThere(t *testing.T) {
	k := open(t, "there")
	for seed := range uint64(10) {
		l := random(t, seed, 20)
		apply(t, k, l)
		status, err := k.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(status.Differences) > 0 {
			t.Errorf("seed %d: %v", seed, status.Differences)
		}
		if again := apply(t, k, l); len(again.Changes) > 0 {
			t.Errorf("seed %d: applied again: %s", seed, strings.Join(again.Changes, "\n"))
		}
	}
}
