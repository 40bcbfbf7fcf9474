package isletest_test

import (
	"net/http"
	"testing"
)

// TestTheRulesThatAreMissingAreWritten puts an empty security group in front of an
// environment, which closes what the documents require to be open, and deploys the
// template that network health writes.
func TestTheRulesThatAreMissingAreWritten(t *testing.T) {
	s := newSite(t, 1)
	environment := s.environment(0, external)
	for _, subnet := range roles {
		s.guard(subnet, "group-"+subnet)
	}
	s.environmentHealth(environment, "Unknown") // port 454 is closed to LogicApps, which looks (ise.md #70)
	a := s.Do(http.MethodGet, environment+"/health/network/missingRules", nil)
	if a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if done := s.Deploy(s.group, "fix", rawJSON(a.Body), struct{}{}); done.Text("properties", "provisioningState") != "Succeeded" {
		t.Fatalf("the template is not deployed: %s\n%s", done.Body, a.Body)
	}
	s.environmentHealth(environment, "Healthy")
}
