//go:build real

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Chromium opens the server's page after `isle trust` has put the authority into its
// store, and not before, nor after `isle trust --remove`.
func TestRealTrustOfChromium(t *testing.T) {
	t.Parallel()
	needs(t, "certutil", "libnss3-tools")
	browser := chromium(t)
	w := newWorkspace(t)
	s, ready := w.up()
	if !hasPortal(t, ready) {
		t.Fatal("the binary has no portal: run `make ui` before this test")
	}
	// The store as the browser makes it on its first start.
	w.succeed(`mkdir -p "$HOME/.pki/nssdb" && certutil -N --empty-password -d "sql:$HOME/.pki/nssdb"`)
	opens := func() bool {
		t.Helper()
		page := w.succeed(browser + ` --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$HOME/profile" --dump-dom ` + ready["endpoint"] + `/portal/`)
		return strings.Contains(page, "<title>Isle</title>")
	}
	if opens() {
		t.Error("the page opens before anybody trusts the server")
	}
	if said, _, _ := w.run("bin/isle trust"); !strings.Contains(said, "Done: the browsers' store in "+w.home) {
		t.Fatalf("isle trust says %q", said)
	}
	if !opens() {
		t.Error("the page does not open although the server is trusted")
	}
	if left, _, _ := w.run("bin/isle trust --remove"); !strings.Contains(left, "no longer trusts") {
		t.Errorf("isle trust --remove says %q", left)
	}
	if opens() {
		t.Error("the page still opens after the authority was taken out")
	}
	s.stop(syscall.SIGTERM)
}

// The system's programs take the server's certificate after `isle trust`, by the real
// update-ca-certificates, on folders that a mount namespace of the test's own covers.
func TestRealTrustOfTheSystem(t *testing.T) {
	t.Parallel()
	needs(t, "update-ca-certificates", "ca-certificates")
	needs(t, "unshare", "util-linux")
	needs(t, "curl", "curl")
	if err := exec.Command("unshare", "--mount", "true").Run(); err != nil {
		t.Skipf("SKIPPED: a mount namespace takes root (%v), so the system's store is not tried", err)
	}
	w := newWorkspace(t)
	s, ready := w.up()
	script := `set -e
mkdir own
mount -t tmpfs none /usr/local/share/ca-certificates
cp -a /etc/ssl own/ && mount --bind own/ssl /etc/ssl
! curl -sSf "$1" || { echo "curl trusts the server before"; exit 1; }
bin/isle trust || true
curl -sSf -o page "$1"
bin/isle trust --remove || true
! curl -sSf "$1" || { echo "curl trusts the server after"; exit 1; }
test -z "$(ls /usr/local/share/ca-certificates)"`
	if err := os.WriteFile(filepath.Join(w.dir, "try"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	w.succeed("unshare --mount --propagation private sh try " + ready["endpoint"] + "/portal/")
	s.stop(syscall.SIGTERM)
}

// needs skips a test without a program.
func needs(t *testing.T, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("SKIPPED: there is no %s on this machine (apt install %s)", program, debian)
	}
}
