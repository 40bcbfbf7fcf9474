package network_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const watcher = provider + "/networkWatchers/watcher"

// ask makes a watcher's request; unset members keep what a good one has.
func (w *world) ask(action string, good, changes map[string]string, want int) map[string]any {
	w.t.Helper()
	body := map[string]string{}
	for _, set := range []map[string]string{good, changes} {
		for name, v := range set {
			body[name] = v
		}
	}
	text, err := json.Marshal(body)
	w.must(err)
	return w.send("POST", watcher+"/"+action, string(text), want)
}

func problems(answer map[string]any) string {
	e := answer["error"].(map[string]any)
	details, ok := e["details"].([]any)
	if !ok {
		details = []any{e}
	}
	var texts []string
	for _, d := range details {
		d := d.(map[string]any)
		texts = append(texts, d["code"].(string)+" "+d["target"].(string))
	}
	return strings.Join(texts, ", ")
}

func TestWatchersTellWhatIsWrongWithARequest(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	goodFlow := map[string]string{"targetResourceId": environment, "direction": "outbound", "protocol": "tcp", "localIPAddress": "10.0.0.4", "localPort": "*", "remoteIPAddress": "93.184.216.34", "remotePort": "443"}
	goodHop := map[string]string{"targetResourceId": strings.ToUpper(environment), "sourceIPAddress": "10.0.0.4", "destinationIPAddress": "93.184.216.34"}
	w.ask("ipFlowVerify", goodFlow, nil, 200)
	w.ask("nextHop", goodHop, nil, 200)
	machine := "/subscriptions/" + subscription + "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm"
	for _, c := range []struct {
		action  string
		good    map[string]string
		changes map[string]string
		want    string
	}{
		{"ipFlowVerify", goodFlow, map[string]string{"remotePort": "*"}, "InvalidRequestFormat remotePort"},
		{"ipFlowVerify", goodFlow, map[string]string{"direction": "Inbound"}, "InvalidRequestFormat localPort"},
		{"ipFlowVerify", goodFlow, map[string]string{"localPort": "65536", "remotePort": "-1", "protocol": "Icmp", "direction": "", "remoteIPAddress": "x"},
			"InvalidRequestFormat remoteIPAddress, InvalidRequestFormat direction, InvalidRequestFormat protocol, InvalidRequestFormat localPort, InvalidRequestFormat remotePort"},
		{"ipFlowVerify", goodFlow, map[string]string{"localIPAddress": "10.0.1.4"}, "PrivateIPAddressNotInSubnet localIPAddress"},
		{"ipFlowVerify", goodFlow, map[string]string{"remoteIPAddress": "2001:db8::1"}, "InvalidRequestFormat remoteIPAddress"},
		{"ipFlowVerify", goodFlow, map[string]string{"targetResourceId": machine}, "InvalidResourceReference targetResourceId"},
		{"ipFlowVerify", goodFlow, map[string]string{"targetResourceId": ""}, "InvalidRequestFormat targetResourceId"},
		{"nextHop", goodHop, map[string]string{"targetResourceId": environment + "2"}, "InvalidResourceReference targetResourceId"},
		{"nextHop", goodHop, map[string]string{"targetResourceId": net}, "InvalidResourceReference targetResourceId"},
		{"nextHop", goodHop, map[string]string{"targetResourceId": provider + "/networkInterfaces/none"}, "InvalidResourceReference targetResourceId"},
		{"nextHop", goodHop, map[string]string{"targetNicResourceId": "nic"}, "InvalidResourceReference targetNicResourceId"},
		{"nextHop", goodHop, map[string]string{"sourceIPAddress": "", "destinationIPAddress": "10.0.0.0/8"}, "InvalidRequestFormat sourceIPAddress, InvalidRequestFormat destinationIPAddress"},
	} {
		if got := problems(w.ask(c.action, c.good, c.changes, 400)); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.action, c.changes, got, c.want)
		}
	}
	if e := w.ask("ipFlowVerify", goodFlow, map[string]string{"targetResourceId": machine}, 400)["error"].(map[string]any); !strings.Contains(e["message"].(string), "network interface") {
		t.Error(e["message"])
	}
	w.refused("PUT", provider+"/networkWatchers/-", `{"location":"westus"}`, "InvalidResourceName")
}

// The answers carry the record of the decision beside what Azure gives.
func TestWatchersGiveTheDecision(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	w.send("PUT", group+"/securityRules/only", `{"properties":`+anyRule(200)+`}`, 201)
	verified := w.ask("ipFlowVerify", nil, map[string]string{"targetResourceId": environment, "direction": "Inbound", "protocol": "TCP", "localIPAddress": "10.0.0.4", "localPort": "443",
		"remoteIPAddress": "93.184.216.34", "remotePort": "*"}, 200)
	if verified["access"] != "Allow" || verified["ruleName"] != "securityRules/only" || verified["ruleId"] != group+"/securityRules/only" {
		t.Error(verified)
	}
	decision := verified["decision"].(map[string]any)
	if decision["verdict"] != "Allow" || decision["nsgId"] != group || decision["priority"] != 200.0 || decision["sourceAddress"] != "93.184.216.34" {
		t.Error(decision)
	}
	hop := w.ask("nextHop", nil, map[string]string{"targetResourceId": environment, "sourceIPAddress": "10.0.0.4", "destinationIPAddress": "192.168.0.1"}, 200)
	if decision = hop["decision"].(map[string]any); decision["nextHopType"] != "None" || decision["stage"] != "route" {
		t.Error(decision)
	}
}

// Tags that mean something are judged wherever they are changed, and are in force.
func TestTagsAreAChange(t *testing.T) {
	w := newWorld(t)
	w.office()
	tags := net + "/providers/Microsoft.Resources/tags/default"
	w.send("PATCH", tags, `{"operation":"Merge","properties":{"tags":{"a":"b"}}}`, 200)
	if got := w.send("GET", net, "", 200); got["tags"].(map[string]any)["a"] != "b" || len(got["properties"].(map[string]any)["subnets"].([]any)) != 1 {
		t.Error(got)
	}
	w.send("DELETE", tags, "", 200)
	if _, there := w.send("GET", net, "", 200)["tags"]; there {
		t.Error("the tags are still there")
	}
}

func TestDiagnosticsTellWhatIsWrongWithARequest(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	for _, c := range []struct{ action, body, want string }{
		{"networkConfigurationDiagnostic", `{}`, "InvalidRequestFormat targetResourceId, InvalidRequestFormat profiles"},
		{"networkConfigurationDiagnostic", `{"targetResourceId":"` + environment + `","verbosityLevel":"Chatty","profiles":[{"direction":"Up","protocol":"*","source":"Internet","destination":"10.0.0.0/8","destinationPort":"x"}]}`,
			"InvalidRequestFormat verbosityLevel, InvalidRequestFormat profiles[0].direction, InvalidRequestFormat profiles[0].protocol, InvalidRequestFormat profiles[0].source, InvalidRequestFormat profiles[0].destination, InvalidRequestFormat profiles[0].destinationPort"},
		{"networkConfigurationDiagnostic", `{"targetResourceId":"` + environment + `","profiles":[{"direction":"Inbound","protocol":"TCP","source":"8.8.8.8","destination":"10.0.9.9","destinationPort":"1"}]}`,
			"PrivateIPAddressNotInSubnet profiles[0].destination"},
		{"securityGroupView", `{"targetResourceId":"` + net + `"}`, "InvalidResourceReference targetResourceId"},
		{"connectivityCheck", `{}`, "InvalidRequestFormat source.resourceId, InvalidRequestFormat destination, InvalidRequestFormat destination.port"},
		{"connectivityCheck", `{"source":{"resourceId":"` + environment + `","port":-1},"destination":{"address":"a.example","port":0},"protocol":"Udp"}`,
			"InvalidRequestFormat destination.address, InvalidRequestFormat protocol, InvalidRequestFormat source.port, InvalidRequestFormat destination.port"},
		{"connectivityCheck", `{"source":{"resourceId":"` + environment + `"},"destination":{"address":"10.0.0.9","resourceId":"` + environment + `","port":1}}`, "InvalidRequestFormat destination"},
	} {
		if got := problems(w.send("POST", watcher+"/"+c.action, c.body, 400)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.action, c.body, got, c.want)
		}
	}
}

// A way through a firewall has it as a hop, with what it decided.
func TestConnectivityThroughAFirewall(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	w.send("PUT", net+"/subnets/AzureFirewallSubnet", `{"properties":{"addressPrefix":"10.0.8.0/26"}}`, 201)
	w.send("PUT", provider+"/publicIPAddresses/out", `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`, 201)
	w.send("PUT", provider+"/azureFirewalls/fw", `{"location":"westus","properties":{"sku":{"name":"AZFW_VNet","tier":"Standard"},"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"`+net+`/subnets/AzureFirewallSubnet"},"publicIPAddress":{"id":"`+provider+`/publicIPAddresses/out"}}}],
		"networkRuleCollections":[{"name":"some","properties":{"priority":200,"action":{"type":"Allow"},"rules":[{"name":"web","protocols":["TCP"],"sourceAddresses":["*"],"destinationAddresses":["*"],"destinationPorts":["443"]}]}}]}}`, 201)
	w.send("PUT", table+"/routes/all", `{"properties":{"addressPrefix":"8.0.0.0/8","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.8.4"}}`, 201)
	for port, want := range map[int]string{443: "Reachable Source VirtualAppliance Internet", 80: "Unreachable Source VirtualAppliance Destination no rule matched"} {
		answer := w.send("POST", watcher+"/connectivityCheck", fmt.Sprintf(`{"source":{"resourceId":%q},"destination":{"address":"8.8.8.8","port":%d}}`, environment, port), 200)
		got := answer["connectionStatus"].(string)
		for _, h := range answer["hops"].([]any) {
			h := h.(map[string]any)
			got += " " + h["type"].(string)
			if h["type"] == "VirtualAppliance" && (h["address"] != "10.0.8.4" || h["resourceId"] != provider+"/azureFirewalls/fw") {
				t.Errorf("the firewall's hop: %v", h)
			}
		}
		for _, issue := range answer["hops"].([]any)[1].(map[string]any)["issues"].([]any) {
			got += " " + issue.(map[string]any)["context"].([]any)[0].(map[string]any)["value"].(string)
		}
		if got != want {
			t.Errorf("port %d: %s, want %s", port, got, want)
		}
	}
}

// A machine is an interface under its own name: clients read it, and name it as a target.
func TestAMachineIsAnInterface(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	w.send("PUT", provider+"/networkInterfaces/Desk", `{"location":"westus","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"`+net+`/subnets/a"}}}]}}`, 201)
	machines := strings.TrimSuffix(provider, "Microsoft.Network") + "Microsoft.Compute/virtualMachines/"
	desk := w.send("GET", machines+"desk", "", 200)
	if desk["name"] != "desk" || desk["location"] != "westus" || desk["id"] != machines+"desk" || !strings.Contains(fmt.Sprint(desk["properties"]), provider+"/networkInterfaces/Desk") {
		t.Errorf("%v", desk)
	}
	flow := map[string]string{"targetResourceId": machines + "desk", "direction": "outbound", "protocol": "tcp", "localIPAddress": "10.0.0.4", "localPort": "*", "remoteIPAddress": "93.184.216.34", "remotePort": "443"}
	as := w.ask("ipFlowVerify", flow, nil, 200)
	if is := w.ask("ipFlowVerify", flow, map[string]string{"targetResourceId": provider + "/networkInterfaces/desk"}, 200); fmt.Sprint(as) != fmt.Sprint(is) {
		t.Errorf("%v is not %v", as, is)
	}
	if view := w.ask("securityGroupView", map[string]string{"targetResourceId": machines + "desk"}, nil, 200); !strings.Contains(fmt.Sprint(view), "networkInterfaces/Desk") {
		t.Errorf("%v", view)
	}
	if e := w.send("GET", machines+"nobody", "", 404)["error"].(map[string]any); e["code"] != "ResourceNotFound" || !strings.Contains(e["message"].(string), "isle-attach") {
		t.Errorf("%v", e)
	}
	w.send("PUT", machines+"desk", `{"location":"westus"}`, 405)
}
