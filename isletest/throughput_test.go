package isletest_test

import (
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// An environment that has used up 80 % of its documented throughput begins no run where
// that is enforced, and says so; elsewhere it is only metered.
func TestThroughput(t *testing.T) {
	s := isletest.Start(t)
	order, _ := deployOrder(t, s)
	group, _, _ := strings.Cut(order, "/providers/")
	environment := group + "/providers/Microsoft.Logic/integrationServiceEnvironments/isle"
	body := workflowBody(`{"Each":{"type":"Foreach","foreach":"@range(0,4000)","operationOptions":"Sequential","actions":{"A":{"type":"Compose","inputs":"@item()"}}},
		"R":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Each":["Succeeded"]}}}`)
	body = strings.Replace(body, `"properties":{`, `"properties":{"integrationServiceEnvironment":{"id":"`+environment+`"},`, 1)
	_, busy := put(t, s, group, "busy", body)
	throughput := func() isletest.Answer { return s.Do(http.MethodGet, environment+"/throughput", nil) }

	for range 2 {
		if a := s.Call(busy, `{}`); a.Status != http.StatusOK {
			t.Fatalf("metered only: %d %s", a.Status, a.Body)
		}
	}
	if a := throughput(); a.Text("enforced") != "false" || a.Text("actionExecutions") < "8000" {
		t.Errorf("%s", a.Body)
	}

	s.Restart(isletest.WithDocumentedThroughput())
	if a := s.Call(busy, `{}`); a.Status != http.StatusOK {
		t.Fatalf("below the limit: %d %s", a.Status, a.Body)
	}
	if a := s.Call(busy, `{}`); a.Status != http.StatusTooManyRequests || a.Text("error", "code") != "EnvironmentThroughputExceeded" || a.Header.Get("Retry-After") == "" {
		t.Errorf("above the limit: %d %s", a.Status, a.Body)
	}
	if a := throughput(); a.Text("throttled") != "true" {
		t.Errorf("%s", a.Body)
	}
}
