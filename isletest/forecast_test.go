package isletest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// forecast is what the tests read of the answer of a what-if of the network.
type forecast struct {
	Properties struct {
		Breaks       bool
		Days         int
		Late         []string `json:"notTried"`
		Environments []struct {
			ID            string
			HealthBefore  string
			HealthAfter   string
			Error         string
			Rows          []struct{ Row, Subnet string } `json:"requiredAccess"`
			RecordedFlows struct {
				Judged, Changed, WouldFail, WouldReach int
				Flows                                  []struct{ Workflow, Action, Host, Before, After string }
			}
			Workflows []struct {
				ID    string
				Steps []struct {
					Name, Type, Message string
					Count               int
				}
			}
		}
	}
}

// failing are the steps that a forecast says would have failed: "workflow/step".
func (f *forecast) failing() map[string]bool {
	steps := map[string]bool{}
	for _, e := range f.Properties.Environments {
		for _, w := range e.Workflows {
			for _, step := range w.Steps {
				steps[path.Base(w.ID)+"/"+step.Name] = true
			}
		}
	}
	return steps
}

// whatIf asks what changes would break.
func (s *site) whatIf(properties any) *forecast {
	s.t.Helper()
	a := s.Do(http.MethodPost, s.id("whatIf")+"?api-version=2024-05-01", map[string]any{"properties": properties})
	if a.Status != http.StatusOK {
		s.t.Fatalf("what-if: %d %s", a.Status, a.Body)
	}
	f := new(forecast)
	must(s.t, json.Unmarshal(a.Body, f))
	return f
}

// steps is a workflow of HTTP calls side by side, whose answer has the status of each.
func (s *site) steps(name, environment string, calls map[string]string) (callbackURL string) {
	actions, after, told := "", map[string][]string{}, map[string]string{}
	for _, step := range slices.Sorted(maps.Keys(calls)) {
		inputs := fmt.Sprintf(`{"type":"Http","inputs":{"method":"GET","uri":%q,"retryPolicy":{"type":"none"}},"runAfter":{}}`, calls[step])
		if strings.HasPrefix(calls[step], "/subscriptions/") {
			inputs = fmt.Sprintf(`{"type":"Workflow","inputs":{"host":{"workflow":{"id":%q},"triggerName":"manual"},"retryPolicy":{"type":"none"}},"runAfter":{}}`, calls[step])
		}
		actions += fmt.Sprintf("%q:%s,", step, inputs)
		after[step] = []string{"Succeeded", "Failed", "TimedOut"}
		told[step] = fmt.Sprintf("@{actions('%s')?['error']?['code']}", step)
	}
	order, err := json.Marshal(after)
	must(s.t, err)
	body, err := json.Marshal(told)
	must(s.t, err)
	_, callbackURL = s.workflow(name, environment, fmt.Sprintf(`{%s"Answer":{"type":"Response","inputs":{"statusCode":200,"body":%s},"runAfter":%s}}`, actions, body, order))
	return callbackURL
}

// TestForecastsComeTrue: for random changes of security groups and routes, what a what-if
// says would fail is what fails when the change is made and the same calls are.
func TestForecastsComeTrue(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	environment := s.environment(0, external)
	server := stub(t, func(http.ResponseWriter, *http.Request) {})
	u, err := url.Parse(server)
	must(t, err)
	s.attach("a", "10.0.9.50", "8001="+u.Host)
	s.attach("b", "10.0.9.51", "8002="+address(t, s.Server)) // Isle itself: never reached
	s.attach("c", "10.0.9.52", "127.0.0.2")
	other := stub(t, func(http.ResponseWriter, *http.Request) {})
	callbacks := map[string]string{
		"one": s.steps("one", environment, map[string]string{"Near": "http://10.0.9.50:8001/", "Far": other, "Again": server}),
		"two": s.steps("two", environment, map[string]string{"Near": "http://10.0.9.50:8001/x", "Own": "https://10.0.9.51:8002/"}),
	}
	callbacks["parent"] = s.steps("parent", environment, map[string]string{"Child": s.group + "/providers/Microsoft.Logic/workflows/one", "Far": strings.Replace(other, "127.0.0.1", "localhost", 1)})
	groups := map[string][]any{"web": {}, "inner": {}}
	group := func(name string) map[string]any {
		return map[string]any{"location": siteLocation, "properties": map[string]any{"securityRules": groups[name]}}
	}
	apply := func(id string, body any) {
		if a := s.Do(http.MethodPut, id+"?api-version=2024-05-01", body); a.Status >= 300 {
			t.Fatalf("%s: %d %s", id, a.Status, a.Body)
		}
	}
	table := func(hop string, prefix string) map[string]any {
		routes := []any{}
		if prefix != "" {
			routes = append(routes, map[string]any{"name": "r", "properties": map[string]any{"addressPrefix": prefix, "nextHopType": hop}})
		}
		return map[string]any{"location": siteLocation, "properties": map[string]any{"routes": routes}}
	}
	s.guard("front", "web")
	s.guard("machines", "inner")
	apply(s.id("routeTables/table"), table("", ""))
	subnet := s.Do(http.MethodGet, s.subnetID("front")+"?api-version=2024-05-01", nil)
	var front map[string]any
	must(t, json.Unmarshal(subnet.Body, &front))
	front["properties"].(map[string]any)["routeTable"] = map[string]any{"id": s.id("routeTables/table")}
	apply(s.subnetID("front"), front)
	groups["web"] = []any{ruleBody("In", 4000, "Inbound", "Allow", "*", "*", "443")}
	apply(s.id("networkSecurityGroups/web"), group("web"))

	fails := map[string]bool{} // what is known of a step
	call := func() {
		for name, callback := range callbacks {
			a := s.Call(callback, map[string]any{})
			if fails[name+"/manual"] = a.Status == http.StatusForbidden; fails[name+"/manual"] {
				for step := range fails {
					if strings.HasPrefix(step, name+"/") && !strings.HasSuffix(step, "/manual") {
						delete(fails, step) // nobody knows
					}
				}
				continue
			}
			var codes map[string]string
			if err := json.Unmarshal(a.Body, &codes); err != nil || a.Status != http.StatusOK {
				t.Fatalf("%s answers %d %s", name, a.Status, a.Body)
			}
			for step, code := range codes {
				fails[name+"/"+step] = code == "NetworkPolicyDenied"
			}
		}
	}
	call()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for range 12 {
		var id string
		var body map[string]any
		switch r.IntN(4) {
		case 0:
			id, body = s.id("routeTables/table"), table(pick("None", "Internet", "VnetLocal"), pick("", "0.0.0.0/0", "10.0.9.0/24", "127.0.0.0/8"))
		default:
			name := pick("web", "web", "inner")
			groups[name] = []any{}
			if name == "web" {
				groups[name] = append(groups[name], ruleBody("In", 4000, "Inbound", pick("Allow", "Allow", "Deny"), "*", "*", "443"))
			}
			for k := range r.IntN(4) {
				groups[name] = append(groups[name], ruleBody(fmt.Sprint("r", k), 200+k, pick("Outbound", "Outbound", "Inbound"), pick("Deny", "Allow"), pick("*", "VirtualNetwork", "Internet", "10.0.0.0/27"),
					pick("*", "Internet", "VirtualNetwork", "10.0.9.50/32", "10.0.9.48/28", "127.0.0.1"), pick("*", "443", "8001", "8000-8001", u.Port())))
			}
			id, body = s.id("networkSecurityGroups/"+name), group(name)
		}
		told := s.whatIf(map[string]any{"changes": []any{map[string]any{"id": id, "body": body}}})
		would := told.failing()
		before := maps.Clone(fails)
		apply(id, body)
		call()
		text, _ := json.Marshal(body)
		for step, now := range fails {
			was, known := before[step]
			if known && !was && now != would[step] {
				t.Errorf("%s fails: %v; the forecast says %v; after %s %s", step, now, would[step], path.Base(id), text)
			}
			if was && would[step] {
				t.Errorf("%s failed before, and the forecast speaks of it; after %s %s", step, path.Base(id), text)
			}
		}
		if a := s.whatIf(map[string]any{"changes": []any{map[string]any{"id": id, "body": body}}}); a.Properties.Breaks || len(a.failing()) > 0 || a.Properties.Environments[0].RecordedFlows.Changed != 0 {
			t.Errorf("the same once more would change something: %+v", a.Properties)
		}
	}
}

func ruleBody(name string, priority int, direction, access, from, dest, ports string) map[string]any {
	return map[string]any{"name": name, "properties": map[string]any{"priority": priority, "direction": direction, "access": access, "protocol": "*",
		"sourceAddressPrefix": from, "sourcePortRange": "*", "destinationAddressPrefix": dest, "destinationPortRange": ports}}
}

// TestAForecastTellsRowsAndWorkflows: a template is judged as a whole, changes nothing,
// and the flows are known to the next process.
func TestAForecastTellsRowsAndWorkflows(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	environment := s.environment(0, external)
	other := stub(t, func(http.ResponseWriter, *http.Request) {})
	s.guard("front", "web", required(t)...)
	callback := s.steps("orders", environment, map[string]string{"Bank": other})
	if a := s.Call(callback, map[string]any{}); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	s.Restart()
	template := object(t, `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[
		{"type":"Microsoft.Network/networkSecurityGroups/securityRules","apiVersion":"2024-05-01","name":"web/NoStorage","properties":{"priority":200,"direction":"Outbound","access":"Deny","protocol":"*",
			"sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"Storage","destinationPortRange":"*"}},
		{"type":"Microsoft.Network/networkSecurityGroups/securityRules","apiVersion":"2024-05-01","name":"web/NoInternet","properties":{"priority":210,"direction":"Outbound","access":"Deny","protocol":"*",
			"sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"Internet","destinationPortRange":"*"}}]}`)
	f := s.whatIf(map[string]any{"template": template, "days": 1})
	e := f.Properties.Environments[0]
	if !f.Properties.Breaks || len(f.Properties.Environments) != 1 || !strings.EqualFold(e.ID, environment) || e.HealthBefore != "Healthy" || e.HealthAfter != "Unhealthy" {
		t.Fatalf("%+v", f.Properties)
	}
	if !slices.ContainsFunc(e.Rows, func(r struct{ Row, Subnet string }) bool { return r.Row == "O5" && r.Subnet == "front" }) {
		t.Errorf("the row of storage is not told: %+v", e.Rows)
	}
	if got := e.Workflows; len(got) != 1 || path.Base(got[0].ID) != "orders" || len(got[0].Steps) != 1 || got[0].Steps[0].Name != "Bank" || got[0].Steps[0].Type != "Action" ||
		got[0].Steps[0].Count != 1 || !strings.Contains(got[0].Steps[0].Message, "securityRules/NoInternet") {
		t.Errorf("%+v", got)
	}
	if a := s.Do(http.MethodGet, s.id("networkSecurityGroups/web/securityRules/NoInternet")+"?api-version=2024-05-01", nil); a.Status != http.StatusNotFound {
		t.Errorf("the what-if has changed something: %d %s", a.Status, a.Body)
	}
	if a := s.Call(callback, map[string]any{}); a.Status != http.StatusOK || a.Text("Bank") != "" {
		t.Errorf("the call: %d %s", a.Status, a.Body)
	}
}

// TestAForecastRefuses what the change itself would be refused for, all at once, and what
// it cannot read.
func TestAForecastRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for name, c := range map[string]struct {
		properties string
		says       []string
	}{
		"nothing":  {`{}`, []string{"InvalidRequestContent", "template"}},
		"both":     {`{"template":{},"changes":[]}`, []string{"InvalidRequestContent", "either"}},
		"members":  {`{"changes":[{"id":"/x"},{"id":"` + s.id("routeTables/t") + `","body":1}],"days":0,"environments":["e"]}`, []string{"changes[0].id", "changes[1].body", "properties.days", "environments[0]"}},
		"change":   {`{"changes":[{"id":"` + s.id("networkSecurityGroups/web") + `","body":{"location":"westeurope","properties":{"securityRules":[{"name":"x","properties":{"priority":5,"direction":"Sideways"}}]}}},{"id":"` + s.id("virtualNetworks/net/subnets/front/x") + `","body":{}}]}`, []string{"SecurityRuleInvalidPriority", "Sideways", "networkSecurityGroups/web"}},
		"mode":     {`{"template":{},"mode":"Complete"}`, []string{"InvalidDeploymentMode"}},
		"template": {`{"template":{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[{"type":"Microsoft.Network/none","name":"x","apiVersion":"2024-05-01"}]}}`, []string{"none"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Do(http.MethodPost, s.id("whatIf")+"?api-version=2024-05-01", `{"properties":`+c.properties+`}`)
			if a.Status < 400 || a.Status >= 500 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			for _, text := range c.says {
				if !strings.Contains(string(a.Body), text) {
					t.Errorf("%q is not told: %s", text, a.Body)
				}
			}
		})
	}
}
