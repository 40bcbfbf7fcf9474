package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// What netcheck prints of an answer of the API stands in testdata/netcheck: health.json
// or trace.json, then the output of each way to show it. -rewrite writes the outputs.
func TestNetcheckPrints(t *testing.T) {
	files, err := filepath.Glob("testdata/netcheck/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			answer := archive.Files[0]
			for i := range archive.Files[1:] {
				f := &archive.Files[i+1]
				got := netcheckOutput(t, answer, f.Name == "explain")
				if *rewrite {
					f.Data = got
				} else if !bytes.Equal(got, f.Data) {
					t.Errorf("%s prints\n%swant\n%s", f.Name, got, f.Data)
				}
			}
			if *rewrite {
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// checked is the environment whose health is shown: two subnets, for brevity.
func checked() *environmentItem {
	e := &environmentItem{ID: networkScope + "isle/providers/Microsoft.Logic/integrationServiceEnvironments/isle", Name: "isle"}
	e.Properties.NetworkConfiguration.AccessEndpoint.Type = "External"
	for _, name := range []string{"access", "connectors"} {
		e.Properties.NetworkConfiguration.Subnets = append(e.Properties.NetworkConfiguration.Subnets, struct {
			ID string `json:"id"`
		}{networkScope + "isle/providers/Microsoft.Network/virtualNetworks/net/subnets/" + name})
	}
	return e
}

func netcheckOutput(t *testing.T, answer txtar.File, explain bool) []byte {
	t.Helper()
	var out bytes.Buffer
	n := netcheck{netcheckOptions: netcheckOptions{out: &out, err: io.Discard, explain: explain}, environment: checked()}
	if answer.Name == "trace.json" {
		trace, err := readTrace(answer.Data)
		if err != nil {
			t.Fatal(err)
		}
		n.printTrace(trace)
	} else {
		report, err := readHealth(answer.Data, n.environment)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.print(report); err != nil {
			t.Fatal(err)
		}
	}
	return bytes.ReplaceAll(out.Bytes(), []byte(program()), []byte("isle"))
}

// A subnet that is not told of is never taken for healthy.
func TestReadHealthRefused(t *testing.T) {
	_, err := readHealth([]byte(`{"access": {"networkDependencyHealthState": "Healthy"}}`), checked())
	says(t, err, "nothing of the subnet connectors")
	_, err = readHealth([]byte(`{}`), &environmentItem{})
	says(t, err, "no subnets")
	_, err = readHealth([]byte(`[]`), checked())
	says(t, err, "cannot be read")
}

func TestChooseEnvironment(t *testing.T) {
	other := &environmentItem{ID: networkScope + "two/providers/x/other", Name: "other"}
	twin := &environmentItem{ID: networkScope + "two/providers/x/ISLE", Name: "ISLE"}
	if e, err := chooseEnvironment([]*environmentItem{checked()}, ""); err != nil || e.Name != "isle" {
		t.Error(e, err)
	}
	if e, err := chooseEnvironment([]*environmentItem{checked(), other}, "OTHER"); err != nil || e != other {
		t.Error(e, err)
	}
	_, err := chooseEnvironment(nil, "")
	says(t, err, "no integration service environment")
	_, err = chooseEnvironment([]*environmentItem{checked(), other}, "third")
	says(t, err, `no environment "third"`, "isle in the resource group isle", "other in the resource group two")
	for _, name := range []string{"", "isle"} {
		_, err = chooseEnvironment([]*environmentItem{checked(), twin}, name)
		says(t, err, "several environments", "-g")
	}
}

// Flags that do not go together are refused, all problems at once.
func TestNetcheckFlags(t *testing.T) {
	for _, c := range []struct {
		o    netcheckOptions
		says []string
	}{
		{netcheckOptions{explain: true, fix: "-", json: true, from: "x"}, []string{"give one of them", "leave --json out", "needs --to"}},
		{netcheckOptions{to: "nowhere", protocol: "sctp", edition: "2020"}, []string{"--to:", `"sctp" is none of`, "--edition"}},
		{netcheckOptions{to: "10.0.0.1"}, []string{"a port is missing, such as 10.0.0.1:443"}},
		{netcheckOptions{to: "10.0.0.1:1", protocol: "icmp"}, []string{"icmp has no ports; give 10.0.0.1"}},
		{netcheckOptions{inbound: true}, []string{"needs --to"}},
	} {
		_, err := c.o.check()
		says(t, err, c.says...)
	}
	for _, c := range []struct {
		o    netcheckOptions
		want flowQuestion
	}{
		{netcheckOptions{to: "203.0.113.1:443"}, flowQuestion{"Outbound", "Tcp", "", "", "203.0.113.1", 443}},
		{netcheckOptions{to: "10.0.1.4:443", inbound: true, from: "192.0.2.1", protocol: "UDP"}, flowQuestion{"Inbound", "Udp", "", "192.0.2.1", "10.0.1.4", 443}},
		{netcheckOptions{to: "10.0.1.4", from: "connectors", protocol: "icmp"}, flowQuestion{"Outbound", "Icmp", "connectors", "", "10.0.1.4", 0}},
	} {
		q, err := c.o.check()
		if err != nil || *q != c.want {
			t.Errorf("%+v: %+v %v", c.o, q, err)
		}
	}
}

func TestReadMissingRules(t *testing.T) {
	rest, rules, err := readMissingRules([]byte(`{"resources": [{"type": "rule"}, {"properties": {"template": {"resources": [{}, {}]}}}],
		"outputs": {"rest": {"type": "array", "value": [{"row": "R1", "purpose": "Default route", "subnet": "access", "message": "denied by route r"}]}}}`))
	if want := "R1 at access: denied by route r. Rules do not change routes: change or remove that route."; err != nil || rules != 3 || strings.Join(rest, "|") != want {
		t.Errorf("%d %q %v", rules, rest, err)
	}
	for cause, want := range map[string]string{
		"denied by securityRules/A (priority 100) of NSG web on subnet access": "No rule comes before priority 100",
		"denied by securityRules/A (priority 101) of NSG web on subnet access": "No place before that rule is free",
		"denied by firewall egress": "add a network rule",
	} {
		if got := whyNoRule(cause); !strings.Contains(got, want) {
			t.Errorf("%s: %s", cause, got)
		}
	}
	if _, _, err := readMissingRules([]byte(`[]`)); err == nil {
		t.Error("a list is no template")
	}
}

func TestRowsThatDoNotCount(t *testing.T) {
	row := accessRow{Row: "C:sql", Verdict: verdictPartlyOpen}
	if row.counts() || !strings.Contains(row.closedText(), "does not count") {
		t.Errorf("%+v", row)
	}
	row.Lacking = true
	if !row.counts() || row.closedText() != "" {
		t.Errorf("%+v", row)
	}
}
