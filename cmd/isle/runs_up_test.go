package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRunOfAnInternalEnvironment: a run is shown where its contents are not readable,
// without them; from inside the network they are there.
func TestRunOfAnInternalEnvironment(t *testing.T) {
	t.Parallel()
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

// Runs are found by what they are and hold, and followed: each one, and each change of one,
// is told once. A stopped server's runs are found too.
func TestRunsAreFoundAndFollowed(t *testing.T) {
	t.Parallel()
	const slow = `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[
		{"type":"Microsoft.Logic/workflows","apiVersion":"2019-05-01","name":"slow","location":"westus","properties":{"definition":{
			"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
			"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},
			"actions":{"Note":{"type":"Compose","inputs":"@triggerBody()","trackedProperties":{"orderId":"@action()?['inputs']?['id']"},"runAfter":{}},
				"Wait":{"type":"Wait","inputs":{"interval":{"count":2,"unit":"Second"}},"runAfter":{"Note":["Succeeded"]}},
				"Answer":{"type":"Terminate","inputs":{"runStatus":"Failed","runError":{"code":"@{coalesce(triggerBody()?['code'],'Slow')}","message":"it was slow"}},"runAfter":{"Wait":["Succeeded"]}}}}}}]}`
	w := newWorkspace(t)
	if err := os.WriteFile(filepath.Join(w.dir, "slow.json"), []byte(slow), 0o600); err != nil {
		t.Fatal(err)
	}
	s := w.start("bin/isle up --json --listen 127.0.0.1:0")
	s.expect(s.out, "\n")
	w.succeed("bin/isle deploy slow.json -g ex")
	call := func(id, more string) {
		w.succeed(`curl -s --cacert "$HOME/.isle/ca.pem" -H 'x-ms-client-tracking-id: T-` + id + `' -H 'Content-Type: application/json' -d '{"id":"` + id + `"` + more + `}' "$(bin/isle url slow -g ex)"`)
	}
	all := w.start("bin/isle runs --follow --json")
	failed := w.start("bin/isle runs -g ex --status Failed --follow")
	failed.expect(failed.out, "STARTED")
	some := []*service{w.start(`bin/isle runs --json --follow --filter "status eq 'Running'"`)}
	for _, flags := range []string{"--error slow", "--search 'a-1*' --error slow", "--tracked orderId=A-17", "--filter \"error/code eq 'Slow'\""} { // known of ended runs only
		some = append(some, w.start("bin/isle runs --json --follow "+flags))
	}
	call("A-16", `,"code":"Other"`)
	all.expect(all.out, `"code":"Other"`)
	call("A-17", "")
	all.expect(all.out, `"code":"Slow"`)
	failed.expect(failed.out, "  Failed  ")
	for _, f := range some[1:] {
		f.expect(f.out, "T-A-17")
	}
	call("A-18", "")
	all.expect(all.out, `T-A-18`)
	for _, f := range append(some, all, failed) {
		f.stop(syscall.SIGINT)
	}
	for _, f := range append(some, all) {
		seen := map[string]int{}
		for line := range strings.Lines(f.out.String()) {
			seen[line]++
			if seen[line] > 1 {
				t.Errorf("%s tells twice: %s", f.line, line)
			}
		}
		if n := strings.Count(f.out.String(), `"code":"Other"`); n > 0 && f != all {
			t.Errorf("%s tells of what is not looked for:\n%s", f.line, f.out)
		}
	}
	indexed := w.start("bin/isle runs --search A-17 --json --follow")
	indexed.expect(indexed.out, "T-A-17")
	indexed.stop(syscall.SIGINT)
	find := func() {
		for flags, want := range map[string]string{
			"--search 'a-17*' --status failed":              "T-A-17",
			"--tracked orderId=A-17":                        "T-A-17",
			"--tracked 'orderId=A-17*' --workflow slow":     "T-A-17",
			"--error slow --since 1h --tracking-id T-A-17":  "T-A-17",
			"--tracking-id t-a-18":                          "T-A-18",
			"--search a-17 --filter \"status ne 'Failed'\"": "",
			"--search nowhere":                              "",
			"--until 1h":                                    "",
		} {
			if got := w.succeed("bin/isle runs --json " + flags); want == "" && got != "" || !strings.Contains(got, want) || strings.Count(got, "\n") > 1 {
				t.Errorf("runs %s: %q, want %s", flags, got, want)
			}
		}
	}
	find()
	s.stop(syscall.SIGTERM)
	find()
	record := w.succeed(`bin/isle runs "$(bin/isle runs --tracking-id T-A-17 | tail -1 | cut -d' ' -f1)"`)
	if !strings.Contains(record, `{"id":"A-17"}`) {
		t.Errorf("a stopped server's run is shown without its contents:\n%s", record)
	}
	for line, want := range map[string]string{
		"bin/isle runs --follow":              "no server runs",
		"bin/isle runs --search 'a*'":         "at least two characters",
		"bin/isle runs --status x --since y":  `--since "y" is not a time`,
		"bin/isle runs --environment nowhere": "there is no integration service environment",
		"bin/isle runs x --status Failed":     "not both",
		"bin/isle runs x --follow":            "not both",
	} {
		if got := w.fail(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// Runs are followed over a stop of the server.
func TestFollowingGoesOnWhenTheServerIsBack(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	s := w.start("bin/isle up --json --listen 127.0.0.1:0")
	s.expect(s.out, "\n")
	call := func(id string) {
		w.succeed(`curl -sf --cacert "$HOME/.isle/ca.pem" -H 'x-ms-client-tracking-id: ` + id + `' -H 'Content-Type: application/json' -d '{"id":"A-1","qty":4,"price":30}' "$(bin/isle url order)"`)
	}
	call("T-1")
	f := w.start("bin/isle runs --follow --json")
	f.expect(f.out, `"clientTrackingId":"T-1"`)
	s.stop(syscall.SIGTERM)
	f.expect(f.err, "Going on when the server answers")
	s = w.start("bin/isle up --json --listen 127.0.0.1:0")
	s.expect(s.out, "\n")
	call("T-2")
	f.expect(f.out, `"clientTrackingId":"T-2"`)
	f.stop(syscall.SIGINT)
	if n := strings.Count(f.out.String(), "T-1"); n != 1 {
		t.Errorf("what was told before is told %d times", n)
	}
}
