package isletest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/isletest"
)

// put creates a workflow and gives its ID and the callback URL of its trigger "manual".
func put(t *testing.T, s *isletest.Server, group, name, body string) (id, callbackURL string) {
	t.Helper()
	id = group + "/providers/Microsoft.Logic/workflows/" + name
	if a := s.Do(http.MethodPut, id, body); a.Status >= 300 {
		t.Fatalf("workflow %s: %d %s", name, a.Status, a.Body)
	}
	return id, s.Do(http.MethodPost, id+"/triggers/manual/listCallbackUrl", nil).Text("value")
}

// hanging is when a test that waits has hung: no machine that runs the tests is so slow.
const hanging = 3 * time.Minute

// until polls the server until an answer is the wanted one.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hanging); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never comes true that %s", what)
		}
	}
}

func lastRun(s *isletest.Server, workflow string) isletest.Answer {
	return s.Do(http.MethodGet, workflow+"/runs?$top=1", nil)
}

const waitThenAnswer = `{"Wait":{"type":"Wait","inputs":{"interval":{"count":2,"unit":"Second"}},"runAfter":{}},
	"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"late"},"runAfter":{"Wait":["Succeeded"]}},
	"After":{"type":"Compose","inputs":1,"runAfter":{"Answer":["Succeeded","Failed","TimedOut","Skipped"]}}}`

func TestAWorkflowCallsAnotherThroughTheAccessEndpoint(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("calls")
	_, inner := put(t, s, group, "inner", workflowBody(`{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"twice":"@mul(triggerBody()['n'],2)"}}}}`))
	_, outer := put(t, s, group, "outer", workflowBody(`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+inner+`","body":{"n":"@triggerBody()['n']"}}},"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@body('Call')"},"runAfter":{"Call":["Succeeded"]}}}`))
	if a := s.Call(outer, `{"n":21}`); a.Status != http.StatusOK || a.Text("twice") != "42" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestARecurrenceSurvivesARestart(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t)
	group := s.Group("timer")
	id := group + "/providers/Microsoft.Logic/workflows/timer"
	body := func(state string) string {
		return `{"location":"local","properties":{"state":"` + state + `","definition":` + strings.Replace(definition(`{"A":{"type":"Compose","inputs":1}}`),
			`"manual":{"type":"Request","kind":"Http","inputs":{}}`, `"clock":{"type":"Recurrence","recurrence":{"frequency":"Second","interval":1}}`, 1) + `}}`
	}
	if a := s.Do(http.MethodPut, id, body("Enabled")); a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	runs := func() int {
		return strings.Count(string(s.Do(http.MethodGet, id+"/runs", nil).Body), `"startTime"`) / 2
	}
	until(t, "it has fired", func() bool { return runs() > 0 })
	s.Restart()
	before := runs()
	until(t, "it fires again", func() bool { return runs() > before })

	if a := s.Do(http.MethodPost, id+"/disable", nil); a.Status != http.StatusOK {
		t.Fatalf("disable: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodGet, id, nil); a.Text("properties", "state") != "Disabled" {
		t.Errorf("state %s", a.Text("properties", "state"))
	}
	slots := map[string]bool{}
	for i := 0; ; i++ {
		name := s.Do(http.MethodGet, id+"/runs", nil).Text("value", i, "name")
		if name == "" {
			break
		}
		slot := s.Do(http.MethodGet, id+"/runs/"+name, nil).Text("properties", "trigger", "scheduledTime")
		if slots[slot] || slot == "" {
			t.Errorf("slot %q has two runs, or the run has none", slot)
		}
		slots[slot] = true
	}
	if a := s.Do(http.MethodPost, id+"/enable", nil); a.Status != http.StatusOK {
		t.Fatalf("enable: %d %s", a.Status, a.Body)
	}
	before = runs()
	until(t, "it fires after it was enabled", func() bool { return runs() > before })
}

func TestADisabledWorkflowIsNotCalled(t *testing.T) {
	s := isletest.Start(t)
	id, url := put(t, s, s.Group("off"), "off", workflowBody(`{"A":{"type":"Compose","inputs":1}}`))
	s.Do(http.MethodPost, id+"/disable", nil)
	if a := s.Call(url, `{}`); a.Status < 400 || a.Text("error", "code") == "" {
		t.Errorf("disabled: %d %s", a.Status, a.Body)
	}
	s.Do(http.MethodPost, id+"/enable", nil)
	if a := s.Call(url, `{}`); a.Status != http.StatusAccepted {
		t.Errorf("enabled: %d %s", a.Status, a.Body)
	}
}

func TestAWaitingRunIsCancelled(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t)
	id, url := put(t, s, s.Group("cancel"), "waits", workflowBody(`{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`))
	run := s.Call(url, `{}`).Header.Get("x-ms-workflow-run-id")
	if a := s.Do(http.MethodPost, id+"/runs/"+run+"/cancel", nil); a.Status != http.StatusOK {
		t.Errorf("cancel: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodGet, id+"/runs/"+run, nil); a.Text("properties", "status") != "Cancelled" {
		t.Errorf("%s", a.Body)
	}
	if a := s.Do(http.MethodGet, id+"/runs/"+run+"/actions/Wait", nil); a.Text("properties", "status") != "Cancelled" {
		t.Errorf("%s", a.Body)
	}
}

func TestACallerThatWaitsTooLongGetsATimeoutAndTheRunGoesOn(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t, isletest.WithResponseLimit(200*time.Millisecond))
	id, url := put(t, s, s.Group("late"), "late", workflowBody(waitThenAnswer))
	if a := s.Call(url, `{}`); a.Status != http.StatusGatewayTimeout || a.Text("error", "code") != "GatewayTimeout" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := lastRun(s, id).Text("value", 0, "properties", "status"); got != "Running" && got != "Waiting" {
		t.Errorf("the run is %s after the timeout", got)
	}
	until(t, "the run has ended", func() bool { return lastRun(s, id).Text("value", 0, "properties", "endTime") != "" })
	run := lastRun(s, id).Text("value", 0, "name")
	if a := s.Do(http.MethodGet, id+"/runs/"+run+"/actions/After", nil); a.Text("properties", "status") != "Succeeded" {
		t.Errorf("the run did not go on: %s", a.Body)
	}
}

func TestARunThatEndsWithoutItsResponse(t *testing.T) {
	s := isletest.Start(t)
	_, url := put(t, s, s.Group("none"), "none", workflowBody(`{"Never":{"type":"If","expression":"@equals(1,2)","actions":{"Answer":{"type":"Response","inputs":{"statusCode":200}}}}}`))
	if a := s.Call(url, `{}`); a.Status != http.StatusBadGateway || a.Text("error", "code") != "NoResponse" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// gone deletes a resource and waits until it is away.
func gone(t *testing.T, s *isletest.Server, id string) {
	t.Helper()
	if a := s.Do(http.MethodDelete, id, nil); a.Status >= 300 {
		t.Fatalf("deleting %s: %d %s", id, a.Status, a.Body)
	}
	until(t, id+" is gone", func() bool { return s.Do(http.MethodGet, id, nil).Status == http.StatusNotFound })
}

func TestAnEnvironmentInUseIsNotDeleted(t *testing.T) {
	s := isletest.Start(t)
	workflow, _ := deployOrder(t, s)
	group, _, _ := strings.Cut(workflow, "/providers/")
	environment := group + "/providers/Microsoft.Logic/integrationServiceEnvironments/isle"
	subnet := s.Do(http.MethodGet, environment, nil).Text("properties", "networkConfiguration", "subnets", 0, "id")
	network, _, _ := strings.Cut(subnet, "/subnets/")
	if a := s.Do(http.MethodDelete, environment, nil); a.Status != http.StatusConflict {
		t.Errorf("an environment with a workflow in it: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodDelete, network, nil); a.Status < 400 {
		t.Errorf("a network with an environment in it: %d %s", a.Status, a.Body)
	}
	gone(t, s, workflow)
	gone(t, s, environment)
	if a := s.Do(http.MethodGet, network, nil); strings.Contains(string(a.Body), "integrationServiceEnvironments/isle") {
		t.Errorf("links are left: %s", a.Body)
	}
	gone(t, s, network)
}

func TestARefusedEnvironmentHoldsNoSubnets(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("bad")
	network := group + "/providers/Microsoft.Network/virtualNetworks/net"
	s.Do(http.MethodPut, network, networkBody("10.0.0.0/16", "10.0.1.0/27", "10.0.1.32/27", "10.0.1.64/27", "10.0.2.0/28"))
	if a := s.Do(http.MethodPut, group+"/providers/Microsoft.Logic/integrationServiceEnvironments/e", environmentBody(`{"name":"Developer"}`, network, "s1", "s2", "s3", "s4")); a.Status != http.StatusBadRequest {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	gone(t, s, network)
}

// stub answers as it is told.
func stub(t *testing.T, answer http.HandlerFunc) string {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}
