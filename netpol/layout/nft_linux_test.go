package layout_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"isle/netpol/layout"
	"isle/netpol/layout/layouttest"
)

// TestFiltersAreNft: the kernel takes every filter, as a check in an empty namespace says.
func TestFiltersAreNft(t *testing.T) {
	nft, err := exec.LookPath("nft")
	if err != nil || os.Getuid() != 0 {
		t.Skip("SKIPPED whether the kernel takes the filters: that needs root, and nft (apt install nftables)")
	}
	rapid.Check(t, func(t *rapid.T) {
		in := layouttest.New(rapid.Uint64().Draw(t, "seed")).Input(rapid.SampledFrom([]int{0, 5, 40, 400}).Draw(t, "rules"))
		l, err := layout.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, ns := range l.Namespaces {
			if ns.Filter == "" {
				continue
			}
			check := exec.Command(nft, "-c", "-f", "-")
			check.Stdin = strings.NewReader(ns.Filter)
			check.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
			if out, err := check.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s\n%s", ns.Name, err, out, ns.Filter)
			}
		}
	})
}
