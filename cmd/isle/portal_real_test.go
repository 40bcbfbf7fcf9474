//go:build real

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// portalPatience bounds the scenarios of one file, on a loaded machine.
const portalPatience = 12 * time.Minute

// The portal of the built binary, driven in a browser by the scenarios of
// internal/portal/ui/e2e, each on a server of its own, so that none finds what another
// left. ISLE_SCREENSHOTS names a folder for pictures of the panes.
func TestRealPortal(t *testing.T) {
	t.Parallel()
	ui, err := filepath.Abs("../../internal/portal/ui")
	if err != nil {
		t.Fatal(err)
	}
	browser := portalBrowser(t, ui)
	scenarios, err := filepath.Glob(filepath.Join(ui, "e2e", "*.e2e.ts"))
	if err != nil || len(scenarios) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, scenario := range scenarios {
		name := filepath.Base(scenario)
		t.Run(strings.TrimSuffix(name, ".e2e.ts"), func(t *testing.T) {
			w := newWorkspace(t)
			s, ready := w.up()
			if !hasPortal(t, ready) {
				t.Fatal("the binary has no portal: run `make ui` before this test")
			}
			drive(t, ui, browser, name, filepath.Join(w.dir, "bin", "isle"), ready)
			s.stop(syscall.SIGTERM)
		})
	}
}

// portalBrowser finds what the scenarios run on, or skips.
func portalBrowser(t *testing.T, ui string) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("SKIPPED: there is no npm on this machine, so the portal is not tried in a browser")
	}
	if _, err := os.Stat(filepath.Join(ui, "node_modules")); err != nil {
		t.Skip("SKIPPED: the portal's libraries are not fetched (`make ui` fetches them), so it is not tried in a browser")
	}
	return chromium(t)
}

// chromium is the browser's program, or the test is skipped.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED: there is no Chromium on this machine (apt install chromium), so nothing is tried in a browser")
	return ""
}

func hasPortal(t *testing.T, ready map[string]string) bool {
	t.Helper()
	resp, err := trusting(t, ready).Get(ready["endpoint"] + "/portal/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK && bytes.Contains(body, []byte("<script"))
}

// drive runs the scenarios of a file against a server, which is of the program.
func drive(t *testing.T, ui, browser, file, program string, ready map[string]string) {
	t.Helper()
	line, err := json.Marshal(ready)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), portalPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npx", "vitest", "run", "--config", "e2e/vitest.config.ts", "e2e/"+file)
	cmd.Dir = ui
	cmd.Env = append(os.Environ(), "ISLE_UP="+string(line), "ISLE_CHROMIUM="+browser, "ISLE_PROGRAM="+program, "NO_COLOR=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "first load: ") { // a time is told, not judged
			t.Log(strings.TrimSpace(line))
		}
	}
}
