package isletest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/isletest"
)

// TestTheFlowLogHasTheDenialAndNoSecret reads the flow log of a call that was denied:
// one JSON line with the decision record. What the URL carries is not in it.
func TestTheFlowLogHasTheDenialAndNoSecret(t *testing.T) {
	name := filepath.Join(t.TempDir(), "flows.jsonl")
	s := newSite(t, 1, isletest.WithFlowLog(name))
	environment := s.environment(0, external)
	_, callback := s.caller("caller", environment)
	s.guard("front", "web", append(required(t), rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))...)
	s.denied(s.call(callback, "https://user:planted-password@127.0.0.1:9/planted-path?planted-query=1&sig=planted-sig"))
	s.Stop()

	content, err := os.ReadFile(name)
	must(t, err)
	_, query, _ := strings.Cut(callback, "sig=")
	for _, secret := range []string{"planted", "sig=", query} {
		if strings.Contains(string(content), secret) {
			t.Errorf("the flow log has %q", secret)
		}
	}
	var denial map[string]any
	for line := range strings.Lines(string(content)) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("no JSON: %v\n%s", err, line)
		}
		if entry["verdict"] == "Deny" && entry["direction"] == "Outbound" {
			denial = entry
		}
	}
	for member, want := range map[string]any{
		"environmentId": environment, "host": "127.0.0.1", "stage": "subnetOut", "destinationPort": 9, "sourceAddress": "10.0.0.5",
		"nsgId": s.id("networkSecurityGroups/web"), "ruleName": "securityRules/NoInternet", "priority": 200, "subnetId": s.subnetID("front"),
	} {
		if got := denial[member]; !strings.EqualFold(fmt.Sprint(got), fmt.Sprint(want)) {
			t.Errorf("%s is %v, want %v", member, got, want)
		}
	}
}
