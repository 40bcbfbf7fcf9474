package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestRunOfAnInternalEnvironment: a run is shown where its contents are not readable,
// without them; from inside the network they are there.
func TestRunOfAnInternalEnvironment(t *testing.T) {
	w := upWith(t, nil)
	w.succeed("bin/isle deploy examples/network/guard.json -g ex && bin/isle deploy examples/network/network.json -g ex")
	w.succeed("bin/isle port add 10.0.9.10 127.0.0.1 --network net")
	w.succeed(`curl -s --cacert "$HOME/.isle/ca.pem" -H 'Content-Type: application/json' -d '{"uri":"http://10.0.9.99:1/"}' "$(bin/isle url from-internal -g ex)"`)
	name := strings.Fields(w.succeed("bin/isle runs -g ex --workflow from-internal | tail -1"))[0]
	shown := func(flags string) (out, said string) {
		t.Helper()
		out, said, code := w.run(fmt.Sprintf("bin/isle runs %s -g ex %s", name, flags))
		if code != 0 {
			t.Errorf("runs %s exits with %d: %s", flags, code, said)
		}
		return out, said
	}
	if out, said := shown(""); !strings.Contains(out, "http://10.0.9.99:1/") || said != "" {
		t.Errorf("from inside: %s%s", out, said)
	}

	w.succeed("bin/isle port remove 10.0.9.10 -g ex")
	out, said := shown("")
	for _, want := range []string{"Failed", "inputs:  not readable from here", "error:"} {
		if !strings.Contains(out, want) {
			t.Errorf("from outside, there is no %q:\n%s", want, out)
		}
	}
	for _, want := range []string{"127.0.0.1 is outside", "port add 10.0.2.11 127.0.0.1", "row I3 (443)"} {
		if strings.Count(said, want) != 1 {
			t.Errorf("from outside, %q is not said once:\n%s", want, said)
		}
	}
	lines, _ := shown("--json")
	if strings.Contains(lines, `"inputs"`) || !strings.Contains(lines, `"status":"Failed"`) {
		t.Errorf("from outside, as JSON:\n%s", lines)
	}
}
