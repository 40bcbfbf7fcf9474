package main

import (
	"strings"
	"testing"
)

// TestRecord makes a test of a run of a server, and the test passes.
func TestRecord(t *testing.T) {
	t.Parallel()
	w := upWith(t, nil)
	w.succeed(`curl -s --cacert "$HOME/.isle/ca.pem" -H 'Content-Type: application/json' -d '{"id":"A1","qty":2,"price":60}' "$(bin/isle url order)"`)
	name := strings.Fields(w.succeed("bin/isle runs --workflow order | tail -1"))[0]
	w.succeed("bin/isle test --record " + name + " -o recorded.json")
	w.refuses("bin/isle test --record "+name+" -o recorded.json", "recorded.json is there already", "--force")
	w.succeed("bin/isle test --record " + name + " -o recorded.json --force")
	if out := w.succeed("bin/isle test recorded.json"); !strings.Contains(out, "1 passed, 0 failed") {
		t.Error(out)
	}
	if out, said, code := w.run("bin/isle test --record nosuchrun"); code == 0 || !strings.Contains(said, `there is no run "nosuchrun"`) {
		t.Errorf("exit code %d: %s%s", code, out, said)
	}
	if out := w.succeed("bin/isle test"); !strings.Contains(out, "0 failed") { // the folder's
		t.Error(out)
	}
}
