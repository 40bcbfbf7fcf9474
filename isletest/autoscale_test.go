package isletest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
)

// A scale condition changes the capacity of a Premium environment, and with it the
// throughput that it is documented for, at once and without a restart; the activity log
// tells of it. A Developer environment has none (ise.md #124 to #129).
func TestScaleConditions(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	premium := s.environmentBody(0, external)
	premium.SKU.Name, premium.SKU.Capacity = to.Ptr(armlogic.IntegrationServiceEnvironmentSKUNamePremium), to.Ptr[int32](1)
	environment := *await(s.logic.NewIntegrationServiceEnvironmentsClient().BeginCreateOrUpdate(t.Context(), siteGroup, "premium", premium, nil))(t).ID
	developer := s.environment(1, external)
	credential, options := azure(t, s.Server)
	settings, err := armmonitor.NewAutoscaleSettingsClient(s.SubscriptionID, credential, options)
	must(t, err)
	scale := func(target, units string) error {
		all := &armmonitor.ScaleCapacity{Minimum: &units, Maximum: &units, Default: &units}
		_, err := settings.CreateOrUpdate(t.Context(), siteGroup, "auto", armmonitor.AutoscaleSettingResource{Location: to.Ptr(siteLocation), Properties: &armmonitor.AutoscaleSetting{
			Enabled: to.Ptr(true), TargetResourceURI: &target, Profiles: []*armmonitor.AutoscaleProfile{{Name: to.Ptr("Default"), Capacity: all, Rules: []*armmonitor.ScaleRule{}}}}}, nil)
		return err
	}
	capacity := func() string { return s.Do(http.MethodGet, environment, nil).Text("sku", "capacity") }
	throughput := func() string {
		return s.Do(http.MethodGet, environment+"/throughput", nil).Text("documentedActionExecutions")
	}
	refusedWith(t, "a setting of a Developer environment", scale(developer, "0"), "AutoscaleNotSupportedBySku")
	if got := throughput(); got != "6000" {
		t.Errorf("%s actions a minute", got)
	}
	must(t, scale(environment, "4"))
	until(t, "the environment has four units", func() bool { return capacity() == "4" })
	s.Wait(environment)
	if got := throughput(); got != "12000" {
		t.Errorf("%s actions a minute", got)
	}
	if a := s.Do(http.MethodGet, s.group+"/providers/microsoft.insights/autoscaleSettings/auto/status?api-version=2022-10-01", nil); a.Text("profile") != "Default" || a.Text("lastScaleFrom") != "1" || a.Text("lastScaleTo") != "4" {
		t.Errorf("%s", a.Body)
	}
	s.Restart()
	credential, options = azure(t, s.Server)
	settings, err = armmonitor.NewAutoscaleSettingsClient(s.SubscriptionID, credential, options)
	must(t, err)
	must(t, scale(environment, "2"))
	until(t, "the environment has two units", func() bool { return capacity() == "2" })
	log := s.Do(http.MethodGet, s.group[:strings.Index(s.group, "/resourceGroups")]+"/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01", nil)
	for _, want := range []string{"Microsoft.Insights/autoscaleSettings/Scaleup/Action", "Microsoft.Insights/autoscaleSettings/Scaledown/Action"} {
		if !strings.Contains(string(log.Body), want) {
			t.Errorf("the activity log has no %s", want)
		}
	}
	listed := all(t, settings.NewListByResourceGroupPager(siteGroup, nil), func(p armmonitor.AutoscaleSettingsClientListByResourceGroupResponse) []*armmonitor.AutoscaleSettingResource {
		return p.Value
	})
	if len(listed) != 1 || *listed[0].Properties.Profiles[0].Capacity.Default != "2" || *listed[0].Properties.TargetResourceURI != environment {
		t.Errorf("%+v", listed)
	}
	_, err = settings.Delete(t.Context(), siteGroup, "auto", nil)
	must(t, err)
}

// What the two SKUs differ in: capacity, the throughput that they are documented for, and
// the SKUs of the accounts in them (ise.md #119, #133, #134).
func TestSKUsDiffer(t *testing.T) {
	s := newSite(t, 2)
	premium := s.environmentBody(0, external)
	premium.SKU.Name, premium.SKU.Capacity = to.Ptr(armlogic.IntegrationServiceEnvironmentSKUNamePremium), to.Ptr[int32](10)
	environments := s.logic.NewIntegrationServiceEnvironmentsClient()
	large := *await(environments.BeginCreateOrUpdate(t.Context(), siteGroup, "premium", premium, nil))(t).ID
	small := s.environment(1, external)
	for id, want := range map[string]string{large: "24000", small: "500"} {
		if got := s.Do(http.MethodGet, id+"/throughput", nil).Text("documentedActionExecutions"); got != want {
			t.Errorf("%s: %s actions a minute, want %s", id, got, want)
		}
	}
	page, err := s.logic.NewIntegrationServiceEnvironmentSKUsClient().NewListPager(siteGroup, "premium", nil).NextPage(t.Context())
	must(t, err)
	for _, sku := range page.Value {
		most, scale := int32(0), armlogic.IntegrationServiceEnvironmentSKUScaleTypeNone
		if *sku.SKU.Name == armlogic.IntegrationServiceEnvironmentSKUNamePremium {
			most, scale = 10, armlogic.IntegrationServiceEnvironmentSKUScaleTypeAutomatic
		}
		if c := sku.Capacity; *c.Minimum != 0 || *c.Default != 0 || *c.Maximum != most || *c.ScaleType != scale || *sku.ResourceType != "Microsoft.Logic/integrationServiceEnvironments" {
			t.Errorf("%s: %+v", *sku.SKU.Name, *c)
		}
	}
	for id, capacity := range map[string]string{large: "11", small: "1"} {
		a := s.Do(http.MethodPatch, id, `{"sku":{"capacity":`+capacity+`}}`)
		if a.Status != http.StatusBadRequest || a.Text("error", "code") != "InvalidSkuCapacity" {
			t.Errorf("%s with %s: %d %s", id, capacity, a.Status, a.Body)
		}
	}
	account := func(environment, sku string) int {
		return s.Do(http.MethodPut, s.group+"/providers/Microsoft.Logic/integrationAccounts/a", `{"location":"`+siteLocation+`","sku":{"name":"`+sku+`"},"properties":{"integrationServiceEnvironment":{"id":"`+environment+`"}}}`).Status
	}
	if got := account(large, "Free"); got != http.StatusBadRequest {
		t.Errorf("a Free account in a Premium environment: %d", got)
	}
	if got := account(small, "Free"); got != http.StatusCreated {
		t.Errorf("a Free account in a Developer environment: %d", got)
	}
}

// A rule that goes by the metrics of a workflow follows it into another group, and to
// another name.
func TestScaleConditionsFollowAWorkflow(t *testing.T) {
	s := newSite(t, 1)
	premium := s.environmentBody(0, external)
	premium.SKU.Name, premium.SKU.Capacity = to.Ptr(armlogic.IntegrationServiceEnvironmentSKUNamePremium), to.Ptr[int32](1)
	environment := *await(s.logic.NewIntegrationServiceEnvironmentsClient().BeginCreateOrUpdate(t.Context(), siteGroup, "premium", premium, nil))(t).ID
	workflow, _ := s.workflow("w", environment, `{"A": {"type": "Compose", "inputs": 1}}`)
	setting := s.group + "/providers/microsoft.insights/autoscaleSettings/auto?api-version=2022-10-01"
	rule := `{"metricTrigger":{"metricName":"RunsStarted","metricResourceUri":"` + workflow + `","timeGrain":"PT1M","statistic":"Sum","timeWindow":"PT5M","timeAggregation":"Total","operator":"GreaterThan","threshold":1000},"scaleAction":{"direction":"Increase","type":"ChangeCount","value":"1","cooldown":"PT5M"}}`
	a := s.Do(http.MethodPut, setting, `{"location":"`+siteLocation+`","properties":{"targetResourceUri":"`+environment+`","profiles":[{"name":"Default","capacity":{"minimum":"1","maximum":"2","default":"1"},"rules":[`+rule+`]}]}}`)
	if a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	named := func() string {
		return s.Do(http.MethodGet, setting, nil).Text("properties", "profiles", 0, "rules", 0, "metricTrigger", "metricResourceUri")
	}
	other := s.Group("other")
	s.moved(s.group+"/moveResources?api-version=2021-04-01", map[string]any{"resources": []string{workflow}, "targetResourceGroup": other})
	if want := other + "/providers/Microsoft.Logic/workflows/w"; named() != want {
		t.Errorf("%s, want %s", named(), want)
	}
	next := other + "/providers/Microsoft.Logic/workflows/renamed"
	s.moved(other+"/providers/Microsoft.Logic/workflows/w/move?api-version=2019-05-01", map[string]any{"id": next})
	if named() != next {
		t.Errorf("%s, want %s", named(), next)
	}
}

// moved asks for a move and waits for its end.
func (s *site) moved(path string, body any) {
	s.t.Helper()
	if a := s.Do(http.MethodPost, path, body); a.Status >= 300 {
		s.t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
}
