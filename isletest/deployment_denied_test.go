package isletest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
)

// ended is how a long-running operation of the SDK ends.
func ended[T any](p *runtime.Poller[T], err error) func(*testing.T) error {
	return func(t *testing.T) error {
		if err != nil {
			return err
		}
		_, err := p.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Millisecond})
		return err
	}
}

// blocked checks that a deployment failed because of the network, and what it names.
func blocked(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	var failed *azcore.ResponseError
	if !errors.As(err, &failed) || failed.ErrorCode != "NetworkAccessBlocked" {
		t.Errorf("%s: %v", what, err)
		return
	}
	for _, text := range says {
		if !strings.Contains(failed.Error(), text) {
			t.Errorf("%s: %q is not told: %v", what, text, failed)
		}
	}
}

// TestAnEnvironmentThatCannotBeDeployedNamesTheRule closes what deployments need, port
// 454 from AzureConnectors, and opens it again for the same request.
func TestAnEnvironmentThatCannotBeDeployedNamesTheRule(t *testing.T) {
	s := newSite(t, 1)
	s.guard("connectors", "inner", append(required(t), rule(t, "NoConnectors", "200 Inbound Deny Tcp AzureConnectors -> *:400-500"))...)
	environments := s.logic.NewIntegrationServiceEnvironmentsClient()
	deploy := func() error {
		return ended(environments.BeginCreateOrUpdate(t.Context(), siteGroup, "isle", s.environmentBody(0, external), nil))(t)
	}
	blocked(t, "with 454 closed", deploy(), "I6", "454", "NoConnectors", "inner", "connectors")
	found, err := environments.Get(t.Context(), siteGroup, "isle", nil)
	must(t, err)
	if *found.Properties.ProvisioningState != armlogic.WorkflowProvisioningStateFailed {
		t.Errorf("it is %s", *found.Properties.ProvisioningState)
	}
	s.dropRule("inner", "NoConnectors")
	must(t, deploy())
}

// TestAManagedConnectorThatCannotBeDeployedNamesTheRule does the same with port 3443 from
// APIManagement.
func TestAManagedConnectorThatCannotBeDeployedNamesTheRule(t *testing.T) {
	s := newSite(t, 1)
	s.environment(0, external)
	s.guard("front", "web", append(required(t), rule(t, "NoManagement", "200 Inbound Deny * APIManagement -> *:3443"))...)
	deploy := func() error {
		return ended(s.logic.NewIntegrationServiceEnvironmentManagedApisClient().BeginPut(t.Context(), siteGroup, "isle", "ftp",
			armlogic.IntegrationServiceEnvironmentManagedAPI{Location: to.Ptr(siteLocation), Properties: &armlogic.IntegrationServiceEnvironmentManagedAPIProperties{}}, nil))(t)
	}
	blocked(t, "with 3443 closed", deploy(), "3443", "NoManagement", "web", "front")
	s.putRule("web", rule(t, "NoManagement", "200 Inbound Allow * APIManagement -> *:3443"))
	must(t, deploy())
}
