package isletest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/isletest"
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
	s.deployMissingRules(environment)
	s.environmentHealth(environment, "Healthy")
}

// deployMissingRules deploys the template of the missing rules, which it returns.
func (s *site) deployMissingRules(environment string) isletest.Answer {
	s.t.Helper()
	a := s.Do(http.MethodGet, environment+"/health/network/missingRules", nil)
	if a.Status != http.StatusOK {
		s.t.Fatalf("%d %s", a.Status, a.Body)
	}
	if done := s.Deploy(s.group, "fix", rawJSON(a.Body), struct{}{}); done.Text("properties", "provisioningState") != "Succeeded" {
		s.t.Fatalf("the template is not deployed: %s\n%s", done.Body, a.Body)
	}
	return a
}

// TestMissingRulesOfTwoResourceGroups: of groups that deny everything, one of them in
// another resource group, all rules are deployed at once, and the environment is healthy.
func TestMissingRulesOfTwoResourceGroups(t *testing.T) {
	s := newSite(t, 1)
	environment := s.environment(0, external)
	all := armnetwork.SecurityGroup{Location: to.Ptr(siteLocation), Properties: &armnetwork.SecurityGroupPropertiesFormat{
		SecurityRules: []*armnetwork.SecurityRule{rule(t, "NothingIn", "200 Inbound Deny * * -> *:*"), rule(t, "NothingOut", "200 Outbound Deny * * -> *:*")}}}
	s.Group("elsewhere")
	for i, group := range []string{siteGroup, "elsewhere"} {
		made := await(s.network.NewSecurityGroupsClient().BeginCreateOrUpdate(t.Context(), group, "closed", all, nil))(t)
		for _, subnet := range roles[2*i : 2*i+2] {
			s.changeSubnet(subnet, func(p *armnetwork.SubnetPropertiesFormat) {
				p.NetworkSecurityGroup = &armnetwork.SecurityGroup{ID: made.ID}
			})
		}
	}
	s.environmentHealth(environment, "Unknown")
	written := s.deployMissingRules(environment)
	if rules := strings.Count(string(written.Body), `/securityRules"`); rules < 30 {
		t.Errorf("%d rules, which is too few to meet each other: %s", rules, written.Body)
	}
	s.environmentHealth(environment, "Healthy")
	if !strings.Contains(string(written.Body), `"resourceGroup":"elsewhere"`) {
		t.Errorf("no deployment is nested: %s", written.Body)
	}
}
