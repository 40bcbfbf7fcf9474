package network_test

import (
	"fmt"
	"testing"
)

// The trace of a network tells each stage of a flow between any two ends of which one is
// in it, and the rule that decides.
func TestNetworksTraceFlows(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", group+"/securityRules/only", `{"properties":`+anyRule(200)+`}`, 201)
	w.send("PUT", group+"/securityRules/noDatabase", `{"properties":{"priority":150,"direction":"Outbound","access":"Deny","protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"1433"}}`, 201)
	for _, c := range []struct{ body, want string }{
		{`{"source":"10.0.0.4","destination":"93.184.216.34","port":443}`, "true [subnetOut route] AllowInternetOutBound"},
		{`{"source":"10.0.0.4","destination":"93.184.216.34","port":1433}`, "false [subnetOut] noDatabase"},
		{`{"source":"10.0.0.4","destination":"10.0.0.5","port":443,"protocol":"udp"}`, "true [subnetOut route subnetIn] only"},
		{`{"source":"127.0.0.9","destination":"10.0.0.5","port":443}`, "true [subnetIn] only"},
		{`{"source":"192.168.7.7","destination":"10.0.0.5","port":443}`, "true [subnetIn] only"}, // a neighbour: its replies take no route
		{`{"source":"10.0.0.4","destination":"192.168.7.7","protocol":"Icmp"}`, "false [subnetOut] DenyAllOutBound"},
	} {
		answer := w.send("POST", net+"/trace", c.body, 200)
		decision := answer["decision"].(map[string]any)
		var stages []string
		for _, s := range answer["steps"].([]any) {
			stages = append(stages, s.(map[string]any)["stage"].(string))
		}
		rule, _ := decision["ruleName"].(string)
		if got := fmt.Sprint(answer["allowed"], " ", stages, " ", lastName(rule)); got != c.want {
			t.Errorf("%s: %s, want %s; %v", c.body, got, c.want, decision["message"])
		}
	}
}

func lastName(rule string) string {
	for i := len(rule) - 1; i >= 0; i-- {
		if rule[i] == '/' {
			return rule[i+1:]
		}
	}
	return rule
}

func TestNetworkTracesTellWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.office()
	for _, c := range []struct{ body, want string }{
		{`{}`, "InvalidRequestFormat source, InvalidRequestFormat destination, InvalidRequestFormat port"},
		{`{"source":"a","destination":"10.0.0.0/8","protocol":"*","port":70000}`, "InvalidRequestFormat source, InvalidRequestFormat destination, InvalidRequestFormat protocol, InvalidRequestFormat port"},
		{`{"source":"10.0.0.4","destination":"2001:db8::1","port":1}`, "InvalidRequestFormat destination"},
		{`{"source":"192.168.0.1","destination":"93.184.216.34","port":1}`, "InvalidRequestFormat source"},
	} {
		if got := problems(w.send("POST", net+"/trace", c.body, 400)); got != c.want {
			t.Errorf("%s: %s, want %s", c.body, got, c.want)
		}
	}
	w.send("POST", provider+"/virtualNetworks/none/trace", `{"source":"10.0.0.4","destination":"10.0.0.5","port":1}`, 404)
}
