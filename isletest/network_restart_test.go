package isletest_test

import (
	"net/http"
	"testing"

	"isle/isletest"
)

// TestTheNetworkSurvivesARestart stops the server while a rule denies: after it the rule
// denies still, and the history of network health goes on.
func TestTheNetworkSurvivesARestart(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		s := newSite(t, 1, options...)
		server := stub(t, func(w http.ResponseWriter, r *http.Request) {})
		environment := s.environment(0, external)
		_, callback := s.caller("caller", environment)
		s.guard("front", "web", append(required(t), rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))...)
		s.denied(s.call(callback, server), "NoInternet")
		s.redRows(environment, "O8")
		before := s.Do(http.MethodGet, environment+"/health/network/history", nil)

		s.Restart()
		s.denied(s.call(callback, server), "NoInternet")
		s.redRows(environment, "O8")
		s.environmentHealth(environment, "Unhealthy")
		if after := s.Do(http.MethodGet, environment+"/health/network/history", nil); string(after.Body) != string(before.Body) {
			t.Errorf("the history before:\n%s\nand after:\n%s", before.Body, after.Body)
		}
		s.dropRule("web", "NoInternet")
		s.succeeded(s.call(callback, server))
		s.environmentHealth(environment, "Healthy")
	})
}
