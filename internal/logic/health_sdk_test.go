package logic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/internal/store"

	"isle/internal/arm/armtest"
)

const anEnvironment = environments + "/ise"

// TestHealthFollowsTheRules: what a rule closes shows at once to the SDK, in the
// environment, and in the history with the rule; and so does that it is open again.
func TestHealthFollowsTheRules(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.ready(anEnvironment, environmentBody(subnets, ""))
	client, err := armlogic.NewIntegrationServiceEnvironmentNetworkHealthClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	expect := func(state armlogic.IntegrationServiceEnvironmentNetworkDependencyHealthState, access armlogic.IntegrationServiceEnvironmentNetworkEndPointAccessibilityState) {
		t.Helper()
		health, err := client.Get(context.Background(), "g", "ise", nil)
		w.must(err)
		for name, h := range health.Value {
			wantState, wantAccess := state, access
			if name != "Subnet2" {
				wantState, wantAccess = "Healthy", "Available"
			}
			if string(*h.NetworkDependencyHealthState) != string(wantState) || *h.OutboundNetworkHealth.State != wantState {
				t.Errorf("%s is %s, outbound %s, want %s", name, *h.NetworkDependencyHealthState, *h.OutboundNetworkHealth.State, wantState)
			}
			for _, d := range h.OutboundNetworkDependencies {
				if *d.Category == "SQL" && (*d.Endpoints[0].Accessibility != wantAccess || *d.Endpoints[0].Ports[0] != "1433") {
					t.Errorf("%s: SQL is %s", name, *d.Endpoints[0].Accessibility)
				}
			}
			if state := to.Ptr(*h.OutboundNetworkHealth.State); *state == "Unhealthy" && !strings.Contains(*h.OutboundNetworkHealth.Error.Message, "securityRules/NoSQL") {
				t.Errorf("%s: %s", name, *h.OutboundNetworkHealth.Error.Message)
			}
		}
	}
	expect("Healthy", "Available")

	w.guard(subnets[1], "NoSQL 200 Outbound Deny Udp * 1433")
	if got := get(w.send("GET", anEnvironment, "", 200), "properties", "networkHealth", "state"); got != "Unhealthy" {
		t.Errorf("the environment, which nobody has looked at: %v", got)
	}
	w.must(w.service.WatchHealth(t.Context()))
	since := get(w.send("GET", anEnvironment, "", 200), "properties", "networkHealth", "since")
	w.must(w.service.WatchHealth(t.Context()))
	if again := get(w.send("GET", anEnvironment, "", 200), "properties", "networkHealth", "since"); again != since {
		t.Errorf("unhealthy since %v, then since %v", since, again)
	}
	expect("Unhealthy", "NotAvailable")

	w.guard(subnets[1])
	expect("Healthy", "Available")
	history := get(w.send("GET", anEnvironment+"/health/network/history", "", 200), "value").([]any)
	var told []string
	for _, h := range history {
		told = append(told, fmt.Sprintln(get(h, "subnet"), get(h, "row"), get(h, "from"), get(h, "to"), get(h, "rule")))
	}
	rule := groupOfRules + "/securityRules/NoSQL"
	want := []string{ // O1 is every port between the subnets
		"Subnet2 O8 blocked-by-rule reachable <nil>\n", "Subnet2 O1 blocked-by-rule reachable <nil>\n",
		"Subnet2 O8 reachable blocked-by-rule " + rule + "\n", "Subnet2 O1 reachable blocked-by-rule " + rule + "\n"}
	if strings.Join(told, "") != strings.Join(want, "") {
		t.Errorf("history: %v", told)
	}
}

// TestHealthGoesWithTheEnvironment: an environment of the same name begins anew.
func TestHealthGoesWithTheEnvironment(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.guard(subnets[1], "NoSQL 200 Outbound Deny * * 1433")
	w.ready(anEnvironment, environmentBody(subnets, ""))
	w.must(w.service.WatchHealth(t.Context()))
	id := get(w.send("GET", anEnvironment, "", 200), "properties", "integrationServiceEnvironmentId").(string)
	w.send("DELETE", anEnvironment, "", 200)
	w.must(w.service.WatchHealth(t.Context()))
	w.must(w.store.Control().Read(t.Context(), func(tx *store.Tx) error {
		left, err := tx.Settings("health")
		if len(left) != 0 || id == "" {
			t.Errorf("of environment %s is left: %v", id, left)
		}
		return err
	}))
}

// TestRowsOfEditions: a request may ask by another edition's tables; its rows and the
// rows of connectors are told.
func TestRowsOfEditions(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.nameServers("10.0.2.4")
	w.ready(anEnvironment, environmentBody(subnets, ""))
	w.ready(anEnvironment+"/managedApis/ftp", `{"location":"westus","properties":{}}`)
	for _, c := range []struct{ query, has, lacks string }{
		{"", "I5 D1 C:ftp", "O12 I12 O3"},
		{"?edition=2019-11", "I12 D1 C:ftp", "I5 O12"},
		{"?edition=2023-09", "O3 O12 C:ftp", "D1"},
		{"?edition=e", "O3", "D1"},
	} {
		rows := map[any]any{}
		for _, row := range get(w.send("GET", anEnvironment+"/health/network"+c.query, "", 200), "Subnet3", "requiredAccess").([]any) {
			rows[get(row, "row")] = row
		}
		for _, id := range strings.Fields(c.has) {
			if rows[id] == nil {
				t.Errorf("%q lacks %s", c.query, id)
			}
		}
		for _, id := range strings.Fields(c.lacks) {
			if rows[id] != nil {
				t.Errorf("%q has %s", c.query, id)
			}
		}
		if c.query == "" && (get(rows["C:ftp"], "connector") != "ftp" || get(rows["D1"], "role", "inProcess") != false || get(rows["O8"], "role", "inProcess") != true || get(rows["O8"], "probe", "result") != "NotProbed") {
			t.Errorf("%v %v %v", rows["C:ftp"], rows["D1"], rows["O8"])
		}
	}
}

// TestTracesOfCallers: who calls the access endpoint is judged as the data plane does.
func TestTracesOfCallers(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.ready(anEnvironment, environmentBody(subnets, "")) // Internal
	trace := func(body string) map[string]any {
		t.Helper()
		return w.send("POST", anEnvironment+"/health/network/trace", body, 200)
	}
	for _, c := range []struct {
		body    string
		allowed bool
		stage   string
	}{
		{`{"direction":"inbound","port":443}`, false, "endpoint"},
		{`{"direction":"Inbound","source":"192.168.1.5","port":443}`, false, "endpoint"},
		{`{"direction":"Inbound","source":"10.0.1.70","port":443}`, true, "route"},
		{`{"direction":"Inbound","source":"192.168.1.5","destination":"10.0.1.70","port":454}`, true, "none"}, // its replies take no route
		{`{"direction":"Outbound","destination":"192.168.1.5","port":443}`, false, "route"},
		{`{"destination":"::ffff:127.0.0.9","port":443}`, true, "route"},
	} {
		answer := trace(c.body)
		if answer["allowed"] != c.allowed || get(answer, "decision", "stage") != c.stage {
			text, _ := json.Marshal(answer)
			t.Errorf("%s: %s", c.body, text)
		}
	}
	for subnet, source := range map[string]string{"": "10.0.1.5", "Subnet1": "10.0.1.5", "Subnet2": "10.0.1.68"} { // built-in operations, connectors
		if got := get(trace(`{"subnet":"`+subnet+`","destination":"203.0.113.9","port":443}`), "decision", "sourceAddress"); got != source {
			t.Errorf("flows of %q come from %v", subnet, got)
		}
	}
	w.guard(subnets[0], "NoNeighbours 200 Inbound Deny * Internet *", "NoOne 300 Inbound Deny * 192.168.1.5 *")
	if got := get(trace(`{"direction":"Inbound","source":"192.168.1.5","port":443}`), "decision", "ruleName"); got != "securityRules/NoNeighbours" {
		t.Errorf("a neighbour is denied by %v", got)
	}
	w.guard(subnets[0], "NoOne 100 Inbound Deny * 192.168.1.5 *", "NoNeighbours 200 Inbound Deny * Internet *")
	if got := get(trace(`{"direction":"Inbound","source":"192.168.1.5","port":443}`), "decision", "ruleName"); got != "securityRules/NoOne" {
		t.Errorf("a neighbour is denied by %v", got)
	}
}
