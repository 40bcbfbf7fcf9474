package isletest_test

import (
	"net/http"
	"testing"
)

// TestMetricsOfResources: what runs did is told under the documented names, of the
// workflow and of its environment (ise.md #131).
func TestMetricsOfResources(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	environment := s.environment(0, external)
	id, callback := s.workflow("flow", environment, `{"A":{"type":"Compose","inputs":1},"B":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"A":["Succeeded"]}}}`)
	for range 3 {
		if a := s.Call(callback, `{}`); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	ask := "/providers/Microsoft.Insights/metrics?interval=PT1H&metricnames="
	sum := func(of, name, member string) string {
		a := s.Do(http.MethodGet, of+ask+name, nil)
		if a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		if got := a.Text("interval"); got != "PT1H" {
			t.Errorf("the interval PT1H was asked for, the answer says %s", got)
		}
		return a.Text("value", 0, "timeseries", 0, "data", 0, member)
	}
	for _, of := range []string{id, environment} {
		until(t, "three runs are counted", func() bool { return sum(of, "RunsSucceeded", "total") == "3" })
		if a, b := sum(of, "actionscompleted", "total"), sum(of, "RunsFailed", "total"); a != "6" || b != "0" || sum(of, "RunLatency", "average") == "" {
			t.Errorf("%s actions, %s failed", a, b)
		}
	}
	for name, want := range map[string]string{"ActionsStarted": "6", "ActionsSucceeded": "6", "ActionsSkipped": "0", "TriggersFired": "3", "TriggersSucceeded": "3", "TriggersFailed": "0"} {
		if got := sum(id, name, "total"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := sum(id, "RunFailurePercentage", "average"); got != "0" {
		t.Errorf("%s %% failed", got)
	}
	all := s.Do(http.MethodGet, environment+ask+"ActionsCompleted,IntegrationServiceEnvironmentWorkflowProcessorUsage&aggregation=maximum,total,count", nil)
	if all.Text("value", 0, "timeseries", 0, "data", 0, "maximum") == "" || all.Text("value", 0, "timeseries", 0, "data", 0, "average") != "" || all.Text("value", 1, "unit") != "Percent" {
		t.Errorf("%s", all.Body)
	}
	until(t, "the use of memory is seen", func() bool {
		return sum(environment, "IntegrationServiceEnvironmentWorkflowMemoryUsage", "average") != "" && sum(environment, "IntegrationServiceEnvironmentConnectorProcessorUsage", "average") != ""
	})
	if a := s.Do(http.MethodGet, environment+"/providers/Microsoft.Insights/metricDefinitions", nil); a.Status != 200 || a.Text("value", 0, "name", "value") != "RunsStarted" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for _, bad := range []string{"Nothing", "RunsFailed&timespan=x", "RunsFailed&interval=P1X", "RunsFailed&aggregation=Sum", "RunsFailed&metricnamespace=Other", "RunsFailed&$filter=a%20eq%20%27b%27", "IntegrationServiceEnvironmentWorkflowMemoryUsage", "RunsFailed&timespan=2030-01-01T00:00:00Z/2040-01-01T00:00:00Z&interval=PT1M"} {
		if a := s.Do(http.MethodGet, id+"/providers/Microsoft.Insights/metrics?metricnames="+bad, nil); a.Status != 400 || a.Text("error", "code") != "BadRequest" {
			t.Errorf("%s: %d %s", bad, a.Status, a.Body)
		}
	}
}
