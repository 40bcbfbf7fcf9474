package logic_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const groupOfRules = group + "/providers/Microsoft.Network/networkSecurityGroups/rules"

// guard puts a security group on a subnet of "net". Each rule is "name priority
// direction access protocol source port"; all else is open.
func (w *world) guard(subnet string, rules ...string) {
	w.t.Helper()
	var list []string
	for _, r := range append(rules, "AllIn 4000 Inbound Allow * * *", "AllOut 4000 Outbound Allow * * *") {
		f := strings.Fields(r)
		list = append(list, fmt.Sprintf(`{"name":%q,"properties":{"priority":%s,"direction":%q,"access":%q,"protocol":%q,"sourceAddressPrefix":%q,
			"destinationPortRange":%q,"sourcePortRange":"*","destinationAddressPrefix":"*"}}`, f[0], f[1], f[2], f[3], f[4], f[5], f[6]))
	}
	status := 200
	if !slices.Contains(w.pages(strings.TrimSuffix(groupOfRules, "/rules")), "rules") {
		status = 201
	}
	w.send("PUT", groupOfRules, `{"location":"westus","properties":{"securityRules":[`+strings.Join(list, ",")+`]}}`, status)
	body := w.send("GET", subnet, "", 200)
	body["properties"].(map[string]any)["networkSecurityGroup"] = map[string]any{"id": groupOfRules}
	w.send("PUT", subnet, encode(body), 200)
}

// TestClosedPortsFailADeployment: every row that is closed is told, with the rule; the
// subnets are free again; open, the same request succeeds.
func TestClosedPortsFailADeployment(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.guard(subnets[1], "NoDeployments 100 Inbound Deny Tcp AzureConnectors 454", "NoManagement 110 Inbound Deny * APIManagement 3443", "NoProbes 120 Inbound Deny * LogicApps *")
	failure := w.failedPut(environments+"/ise", environmentBody(subnets, ""), 201)
	text := encode(failure)
	for _, says := range []string{"NetworkAccessBlocked", "I6", "454", "securityRules/NoDeployments", "I9", "I10", "3443", "securityRules/NoManagement", "NSG rules", "Subnet2", "isle netcheck --fix"} {
		if !strings.Contains(text, says) {
			t.Errorf("%q is not told: %s", says, text)
		}
	}
	if strings.Contains(text, "NoProbes") {
		t.Errorf("a row without which deployments work is told: %s", text)
	}
	if links := get(w.send("GET", subnets[2]+"/ResourceNavigationLinks", "", 200), "value"); len(links.([]any)) != 0 {
		t.Errorf("links after a failed creation: %v", links)
	}
	w.guard(subnets[1], "UDPOnly 100 Inbound Deny Udp AzureConnectors 454")
	w.send("PUT", environments+"/ise", environmentBody(subnets, ""), 200)
	w.eventually(environments+"/ise", "Succeeded", "properties", "provisioningState")
}

// TestClosedPortsFailAChange: an environment that was ready keeps its subnets, its
// connectors cannot be updated but removed, and it can be deleted.
func TestClosedPortsFailAChange(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.ready(environments+"/ise", environmentBody(subnets, ""))
	w.ready(environments+"/ise/managedApis/ftp", `{"location":"westus","properties":{}}`)
	w.guard(subnets[3], "NoManagement 100 Inbound Deny Tcp APIManagement 3443")
	for _, c := range []struct{ path, body string }{
		{environments + "/ise/managedApis/ftp", `{"location":"westus","properties":{}}`},
		{environments + "/ise/managedApis/sql", `{"location":"westus","properties":{}}`},
	} {
		status := 200
		if strings.HasSuffix(c.path, "sql") {
			status = 201
		}
		if text := encode(w.failedPut(c.path, c.body, status)); !strings.Contains(text, "securityRules/NoManagement") {
			t.Errorf("%s: %s", c.path, text)
		}
	}
	w.failedPut(environments+"/ise", environmentBody(subnets, ""), 200)
	if links := get(w.send("GET", subnets[2]+"/ResourceNavigationLinks", "", 200), "value"); len(links.([]any)) != 1 {
		t.Errorf("links after a failed change: %v", links)
	}
	w.send("DELETE", environments+"/ise/managedApis/ftp", "", 202)
	w.until("the connector is gone", func() bool {
		return len(get(w.send("GET", environments+"/ise/managedApis", "", 200), "value").([]any)) == 1
	})
	w.send("DELETE", environments+"/ise", "", 200)
}

// TestARestartTakesUpNameServers: an environment goes on with the servers of its
// creation until it is restarted.
func TestARestartTakesUpNameServers(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.nameServers("10.0.2.4")
	w.ready(environments+"/ise", environmentBody(subnets, ""))
	w.nameServers("10.0.2.5", "10.0.2.6")
	used := func() string {
		answer := w.send("GET", environments+"/ise", "", 200)
		id := get(answer, "properties", "integrationServiceEnvironmentId").(string)
		shown := fmt.Sprint(get(answer, "properties", "networkConfiguration", "dnsServers"))
		if placed, err := w.service.Placement(id); err != nil || fmt.Sprint(placed.DNS) != shown {
			t.Errorf("the data plane asks %v, %v; the API shows %s", placed, err, shown)
		}
		return shown
	}
	if got := used(); got != "[10.0.2.4]" {
		t.Errorf("before the restart: %s", got)
	}
	w.send("POST", environments+"/ise/restart", "", 200)
	if got := used(); got != "[10.0.2.5 10.0.2.6]" {
		t.Errorf("after the restart: %s", got)
	}
}

// nameServers changes the name servers of "net".
func (w *world) nameServers(servers ...string) {
	w.t.Helper()
	path := group + "/providers/Microsoft.Network/virtualNetworks/net"
	body := w.send("GET", path, "", 200)
	body["properties"].(map[string]any)["dhcpOptions"] = map[string]any{"dnsServers": servers}
	w.send("PUT", path, encode(body), 200)
}

// encode writes what was decoded before.
func encode(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// ready puts a resource and waits until it is there.
func (w *world) ready(path, body string) {
	w.t.Helper()
	w.send("PUT", path, body, 201)
	w.eventually(path, "Succeeded", "properties", "provisioningState")
}

// failedPut puts a resource, waits until that has failed, and gives the operation's
// error.
func (w *world) failedPut(path, body string, status int) any {
	w.t.Helper()
	_, header := w.receive("PUT", path, body, status)
	operation, _ := strings.CutPrefix(header.Get("Azure-AsyncOperation"), w.server.URL)
	operation, _, _ = strings.Cut(operation, "?")
	answer := w.eventually(operation, "Failed", "status")
	w.eventually(path, "Failed", "properties", "provisioningState")
	return get(answer, "error")
}
