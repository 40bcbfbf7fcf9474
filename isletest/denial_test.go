package isletest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// row is one required access as network health tells it.
type row struct {
	Row, Direction, Verdict, State, Rule, Consequence string
	Denials                                           []map[string]any
}

// health is the network health of an environment, by subnet.
func (s *site) health(environment string) map[string]struct {
	NetworkDependencyHealthState string
	RequiredAccess               []row
} {
	s.t.Helper()
	a := s.Do(http.MethodGet, environment+"/health/network", nil)
	if a.Status != http.StatusOK {
		s.t.Fatalf("health: %d %s", a.Status, a.Body)
	}
	var found map[string]struct {
		NetworkDependencyHealthState string
		RequiredAccess               []row
	}
	must(s.t, json.Unmarshal(a.Body, &found))
	return found
}

// TestARuleDeniesAndIsTakenAway is the life of a mistake: a workflow calls a server, a
// rule is added that denies it, the next run fails and names the rule, network health
// is red on the rows that the rule meets, the rule goes, and all is well. Nothing is
// restarted.
func TestARuleDeniesAndIsTakenAway(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		s := newSite(t, 1, options...)
		server := stub(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("hello")) })
		environment := s.environment(0, external)
		_, callback := s.caller("caller", environment)
		s.succeeded(s.call(callback, server))

		s.guard("front", "web", append(required(t), rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))...)
		s.denied(s.call(callback, server), "securityRules/NoInternet", "priority 200", "web", "front")
		s.redRows(environment, "O2", "O4", "O5", "O8")
		s.environmentHealth(environment, "Unhealthy")
		s.history(environment, "O8", s.ruleID("web", "NoInternet"))

		s.dropRule("web", "NoInternet")
		s.succeeded(s.call(callback, server))
		s.environmentHealth(environment, "Healthy")
		for subnet, h := range s.health(environment) {
			if h.NetworkDependencyHealthState != "Healthy" {
				t.Errorf("%s is %s: %+v", subnet, h.NetworkDependencyHealthState, h.RequiredAccess)
			}
		}
	})
}

// redRows checks that rows at the first subnet are blocked by the rule NoInternet.
func (s *site) redRows(environment string, rows ...string) {
	s.t.Helper()
	front := s.health(environment)["front"]
	if front.NetworkDependencyHealthState != "Unhealthy" {
		s.t.Errorf("the subnet is %s", front.NetworkDependencyHealthState)
	}
	for _, name := range rows {
		found := false
		for _, r := range front.RequiredAccess {
			if r.Row != name {
				continue
			}
			found = true
			if r.Verdict != "Blocked" || r.State != "blocked-by-rule" || !strings.EqualFold(r.Rule, s.ruleID("web", "NoInternet")) || len(r.Denials) == 0 {
				s.t.Errorf("%s: %+v", name, r)
			}
		}
		if !found {
			s.t.Errorf("health has no row %s", name)
		}
	}
}

// environmentHealth checks what the environment itself says.
func (s *site) environmentHealth(environment, want string) {
	s.t.Helper()
	// A view shows the policy as it was compiled last, which is a moment behind a change.
	until(s.t, "the environment's network health is "+want, func() bool {
		return s.Do(http.MethodGet, environment, nil).Text("properties", "networkHealth", "state") == want
	})
}

// history checks that the history of network health has a change by a rule.
func (s *site) history(environment, row, rule string) {
	s.t.Helper()
	var history struct {
		Value []struct{ Time, Subnet, Row, From, To, Rule, Message string }
	}
	a := s.Do(http.MethodGet, environment+"/health/network/history", nil)
	must(s.t, json.Unmarshal(a.Body, &history))
	for _, h := range history.Value {
		if h.Row == row && h.Subnet == "front" && h.To == "blocked-by-rule" && strings.EqualFold(h.Rule, rule) && h.Time != "" {
			return
		}
	}
	s.t.Errorf("the history lacks the change of %s: %s", row, a.Body)
}

func (s *site) ruleID(group, rule string) string {
	return s.id("networkSecurityGroups/" + group + "/securityRules/" + rule)
}
