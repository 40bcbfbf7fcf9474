package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupAndRestore: an archive is made and put back while the server serves, and
// brings another folder up; what is no archive changes nothing.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	w := upWith(t, map[string]string{"text.tar": "no archive", "other.key": strings.Repeat("7", 64) + "\n"})
	post := `curl -sf --cacert "$HOME/.isle/ca.pem" -H 'Content-Type: application/json' -d '{"id":"A-1","qty":4,"price":30}' "$(bin/isle url order)"`
	runs := func(flags string) int {
		return strings.Count(w.succeed("bin/isle runs --json "+flags), `"name"`)
	}
	w.succeed(post)
	w.succeed("bin/isle backup isle.tar")
	w.refuses("bin/isle backup isle.tar", "isle.tar is there already", "--force")
	w.succeed("bin/isle backup isle.tar --force")
	if said := w.fail("bin/isle up"); strings.Count(said, "\n") != 1 || !strings.Contains(said, "is in use by process") {
		t.Errorf("a second server on the folder says\n%s", said)
	}
	w.succeed(post)
	if n := runs(""); n != 2 {
		t.Fatalf("%d runs", n)
	}
	w.refuses("bin/isle restore text.tar", "InvalidBackup", "Nothing was changed")
	w.refuses("bin/isle restore isle.tar --root-key other.key", "in use by process", "its own root key only")
	w.refuses("bin/isle restore isle.tar --data d2", "d2/root.key: is missing; name a copy of the key", "--root-key")
	w.refuses("bin/isle restore isle.tar --data d2 --root-key nosuch.key", "root key nosuch.key: is missing\n")
	w.refuses("bin/isle restore isle.tar --data d2 --root-key other.key", "is not the key that operator.json was sealed with")
	w.succeed("bin/isle restore isle.tar")
	if n := runs(""); n != 1 {
		t.Errorf("%d runs are restored", n)
	}
	w.succeed(post) // by the same URL, key and certificate
	w.succeed(`bin/isle restore - --data d2 --root-key "$HOME/.isle/root.key" < isle.tar`)
	if n := runs("--data d2"); n != 1 {
		t.Errorf("%d runs in the other folder", n)
	}
	w.succeed("bin/isle backup stopped.tar --data d2")
	w.refuses("bin/isle backup never.tar --data d3", "no server has run")
	w.refuses("bin/isle backup nowhere/never.tar", "nowhere/never.tar cannot be written", "no such file")
	kept, err := filepath.Glob(filepath.Join(w.home, ".isle", "replaced-*", "control.db"))
	if err != nil || len(kept) != 1 {
		t.Errorf("kept: %q, %v", kept, err)
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "isle.tar"))
	if err != nil || bytes.Contains(text, []byte("clientSecret")) {
		t.Errorf("the operator's file is readable in the archive; %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, "never*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestWhatIfOfDeploy: what a template would change is shown, and nothing is changed, not even
// its group made.
func TestWhatIfOfDeploy(t *testing.T) {
	t.Parallel()
	w := upWith(t, nil)
	if out := w.succeed("bin/isle deploy examples/order/template.json --what-if"); !strings.Contains(out, "  = Microsoft.Logic/workflows/order [2019-05-01]\n") || !strings.Contains(out, ": 1 no change,") {
		t.Error(out)
	}
	for range 2 { // nothing was made the first time
		if out := w.succeed("bin/isle deploy examples/network/guard.json -g elsewhere --what-if"); !strings.Contains(out, "  + resourceGroups/elsewhere ") || !strings.Contains(out, "  + Microsoft.Network/networkSecurityGroups/") {
			t.Error(out)
		}
		// Its security group is guard.json's.
		w.refuses("bin/isle deploy examples/network/network.json -g elsewhere --what-if", "would be refused")
	}
	if out := w.succeed("bin/isle deploy examples/order/template.json --what-if --json"); !strings.HasPrefix(out, `{"status":"Succeeded"`) {
		t.Error(out)
	}
	if out := w.succeed("bin/isle deploy examples/order/template.json --json"); !strings.HasPrefix(out, "{") || !strings.Contains(out, `"provisioningState":"Succeeded"`) {
		t.Error(out)
	}
}
