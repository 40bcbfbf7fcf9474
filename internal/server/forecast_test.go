package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"isle/internal/access"
	"isle/internal/arm"
	"isle/internal/dataplane"
)

// told is what the tests read of the answer of a what-if of the network.
type told struct {
	Properties struct {
		Breaks       bool
		Hidden       int      `json:"hiddenEnvironments"`
		NotTried     []string `json:"notTried"`
		Environments []struct {
			ID            string
			RecordedFlows struct {
				WouldFail, WouldReach int
				Flows                 []struct {
					Caller   *struct{ Workflow, Action string }
					Decision struct{ Message string }
				}
			}
			Workflows []struct {
				ID    string
				Steps []struct{ Name, Message string }
			}
		}
	}
}

// whatIf asks what a change would break, as someone.
func whatIf(t *testing.T, s *Server, p arm.Principal, group, change string) (f told, text string) {
	t.Helper()
	res, err := s.manager.Post(t.Context(), p, group+"/providers/Microsoft.Network/whatIf", "2024-05-01", []byte(`{"properties":{"changes":[`+change+`]}}`))
	if err != nil {
		t.Fatal(err)
	}
	text = string(res.Body.JSON())
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	return f, text
}

// recorded asks for recorded flows, as someone.
func recorded(t *testing.T, s *Server, p arm.Principal, group, filter string) string {
	t.Helper()
	res, err := s.manager.Post(t.Context(), p, group+"/providers/Microsoft.Network/recordedFlows", "2024-05-01", []byte(`{"properties":{`+filter+`}}`))
	if err != nil {
		t.Fatal(err)
	}
	return string(res.Body.JSON())
}

// neighbours are two environments in one network, the first behind group "web".
func neighbours(t *testing.T, s *Server) (group string, resources, ids [2]string) {
	t.Helper()
	group = "/subscriptions/" + s.issuer.Subscription() + "/resourceGroups/g"
	put(t, s, group, "2020-01-01", `{"location":"local"}`)
	web := group + "/providers/Microsoft.Network/networkSecurityGroups/web"
	put(t, s, web, "2024-05-01", `{"location":"local"}`)
	network := group + "/providers/Microsoft.Network/virtualNetworks/net"
	put(t, s, network, "2024-05-01", guardedNetwork("", ""))
	for i, name := range []string{"a", "b"} {
		var subnets []string
		for k := range 4 {
			subnets = append(subnets, fmt.Sprintf(`{"id":"%s/subnets/s%d"}`, network, 4*i+k))
		}
		resources[i] = group + "/providers/Microsoft.Logic/integrationServiceEnvironments/" + name
		put(t, s, resources[i], "2019-05-01", `{"location":"local","sku":{"name":"Developer"},"properties":{"networkConfiguration":{"accessEndpoint":{"type":"Internal"},"subnets":[`+strings.Join(subnets, ",")+`]}}}`)
		eventually(t, "the environment is ready", func() bool {
			found, err := s.manager.Get(t.Context(), s.principal(), resources[i], "2019-05-01")
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = at(found.Body, "properties", "integrationServiceEnvironmentId")
			state := at(found.Body, "properties", "provisioningState")
			if state == "Failed" {
				t.Fatalf("%s", found.Body.JSON())
			}
			return state == "Succeeded"
		})
	}
	put(t, s, network, "2024-05-01", guardedNetwork(web, "")) // it lacks rules that a new environment needs
	return group, resources, ids
}

func guardedNetwork(web, more string) string {
	var subnets []string
	for i := range 8 {
		properties := ""
		if i%4 == 0 {
			properties = `,"delegations":[{"name":"ise","properties":{"serviceName":"Microsoft.Logic/integrationServiceEnvironments"}}]`
		}
		if i == 0 && web != "" {
			properties += `,"networkSecurityGroup":{"id":"` + web + `"}`
		}
		subnets = append(subnets, fmt.Sprintf(`{"name":"s%d","properties":{"addressPrefix":"10.0.0.%d/27"%s}}`, i, 32*i, properties))
	}
	return `{"location":"local","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/24"]}` + more + `,"subnets":[` + strings.Join(subnets, ",") + `]}}`
}

// denies is a security group with one rule.
func denies(direction, from, to string) string {
	return fmt.Sprintf(`{"location":"local","properties":{"securityRules":[{"name":"x","properties":{"priority":200,"direction":"%s","access":"Deny","protocol":"*","sourceAddressPrefix":"%s","sourcePortRange":"*","destinationAddressPrefix":"%s","destinationPortRange":"*"}}]}}`, direction, from, to)
}

func change(id, body string) string { return `{"id":"` + id + `","body":` + body + `}` }

// meanwhile is a manager to which someone else is first.
type meanwhile struct {
	*arm.Manager
	first func()
}

func (m meanwhile) TryAll(ctx context.Context, p arm.Principal, tries []arm.Try, looks arm.Looks) ([]arm.Tried, error) {
	m.first()
	return m.Manager.TryAll(ctx, p, tries, looks)
}

// What others change while a what-if is asked is not told as the doing of the change.
func TestAForecastTellsNothingOfOthers(t *testing.T) {
	s := start(t, t.TempDir())
	group, _, ids := neighbours(t, s)
	s.traffic.Note(outgoing(ids[0], "203.0.113.7", "203.0.113.7"))
	web := group + "/providers/Microsoft.Network/networkSecurityGroups/web"
	deny := denies("Outbound", "*", "203.0.113.0/24")
	if f, text := whatIf(t, s, s.principal(), group, change(web, deny)); !f.Properties.Breaks || f.Properties.Environments[0].RecordedFlows.WouldFail != 1 {
		t.Fatalf("the change breaks nothing: %s", text)
	}
	s.forecast.Bind(meanwhile{s.manager, func() { put(t, s, web, "2024-05-01", deny) }})
	if f, text := whatIf(t, s, s.principal(), group, change(strings.Replace(web, "/web", "/other", 1), `{"location":"local"}`)); f.Properties.Breaks || f.Properties.Environments[0].RecordedFlows.WouldFail != 0 {
		t.Errorf("a group that guards nothing breaks something: %s", text)
	}
}

func outgoing(environment, host string, addresses ...string) dataplane.Attempt {
	var list []netip.Addr
	for _, a := range addresses {
		list = append(list, netip.MustParseAddr(a))
	}
	return dataplane.Attempt{Environment: environment, Subject: dataplane.Subject{Workflow: "/w", Name: "Call"}, Direction: dataplane.Outbound, Protocol: "tcp", Host: host, Port: 443, Addresses: dataplane.PackAddresses(list...)}
}

// Who may read an environment, and not the one whose workflow calls it, is not told of
// that workflow.
func TestAForecastNamesNoWorkflowThatMayNotBeRead(t *testing.T) {
	s := start(t, t.TempDir())
	group, resources, ids := neighbours(t, s)
	s.traffic.Note(dataplane.Attempt{Environment: ids[0], Subject: dataplane.Subject{Workflow: group + "/providers/Microsoft.Logic/workflows/called", Name: "manual", Trigger: true}, Direction: dataplane.Inbound, Protocol: "tcp", Port: 443,
		By: dataplane.Subject{Workflow: group + "/providers/Microsoft.Logic/workflows/secret", Name: "Hidden"}, CallerEnvironment: ids[1]})
	const networkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	limited := arm.Principal{ID: "bbbbbbbb-0000-0000-0000-000000000001", Tenant: s.issuer.Tenant(), Name: "ann"}
	grant := func(n int, scope, role string) {
		put(t, s, fmt.Sprintf("%s/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-0000-0000-%012d", scope, n), "2022-04-01", fmt.Sprintf(
			`{"properties":{"roleDefinitionId":"/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s","principalId":"%s","principalType":"ServicePrincipal"}}`, s.issuer.Subscription(), role, limited.ID))
	}
	grant(1, group, networkContributor)
	grant(2, resources[0], access.Reader)
	closed := change(group+"/providers/Microsoft.Network/networkSecurityGroups/web", denies("Inbound", "10.0.0.128/27", "*"))
	f, text := whatIf(t, s, limited, group, closed)
	if f.Properties.Hidden != 1 || len(f.Properties.Environments) != 1 || f.Properties.Environments[0].RecordedFlows.WouldFail != 1 {
		t.Fatalf("the call is not told: %s", text)
	}
	e := f.Properties.Environments[0]
	if strings.Contains(text, "secret") || strings.Contains(text, "Hidden") || e.RecordedFlows.Flows[0].Caller.Workflow != "a workflow of another environment" || e.Workflows[0].ID != "a workflow of another environment" {
		t.Errorf("it tells of what may not be read: %s", text)
	}
	const called, caller = `"workflow":"called"`, `"workflow":"secret"`
	if all, none := recorded(t, s, limited, group, called), recorded(t, s, limited, group, caller); !strings.Contains(all, "a workflow of another environment") || strings.Contains(all, "secret") || strings.Contains(none, "called") {
		t.Errorf("recorded flows tell who calls: %s, by its name: %s", all, none)
	}
	grant(3, resources[1], access.Reader)
	if text := recorded(t, s, limited, group, caller); !strings.Contains(text, "/secret") {
		t.Errorf("a caller that may be read is not found by its name: %s", text)
	}
	if f, text := whatIf(t, s, limited, group, closed); f.Properties.Hidden != 0 || !strings.HasSuffix(f.Properties.Environments[0].Workflows[0].ID, "/secret") || f.Properties.Environments[0].Workflows[0].Steps[0].Name != "Hidden" {
		t.Errorf("it does not tell what may be read: %s", text)
	}
}

// A change of a private zone is judged by the addresses that names would have.
func TestAForecastLooksNamesUpInTheZonesThatWouldBe(t *testing.T) {
	s := start(t, t.TempDir())
	group, _, ids := neighbours(t, s)
	network := group + "/providers/Microsoft.Network/"
	web, zone := network+"networkSecurityGroups/web", network+"privateDnsZones/corp.test"
	record := func(address string) string {
		return `{"properties":{"ttl":30,"aRecords":[{"ipv4Address":"` + address + `"}]}}`
	}
	link := `{"location":"global","properties":{"virtualNetwork":{"id":"` + network + `virtualNetworks/net"},"registrationEnabled":false}}`
	put(t, s, web, "2024-05-01", denies("Outbound", "*", "198.51.100.0/24"))
	put(t, s, zone, "2020-06-01", `{"location":"global"}`)
	put(t, s, zone+"/A/shop", "2020-06-01", record("10.0.0.200"))
	put(t, s, zone+"/virtualNetworkLinks/l", "2020-06-01", link)
	s.traffic.Note(outgoing(ids[0], "shop.corp.test", "10.0.0.200"))
	s.traffic.Note(outgoing(ids[0], "example.com", "203.0.113.7"))
	versioned := func(id, body string) string {
		return `{"id":"` + id + `","apiVersion":"2020-06-01",` + body + `}`
	}
	for name, c := range map[string]struct {
		change, says string // "": nothing breaks
	}{
		"another address": {versioned(zone+"/A/shop", `"body":`+record("10.0.0.201")), ""},
		"a denied one":    {versioned(zone+"/A/shop", `"body":`+record("198.51.100.7")), "securityRules/x"},
		"no record":       {versioned(zone+"/A/shop", `"delete":true`), "no such host in the private DNS zones"},
		"no link":         {versioned(zone+"/virtualNetworkLinks/l", `"delete":true`), "do not say any more where it is"},
		"another zone":    {versioned(network+"privateDnsZones/other.test", `"body":{"location":"global"}`), ""},
	} {
		f, text := whatIf(t, s, s.principal(), group, c.change)
		e := f.Properties.Environments[0]
		if c.says == "" {
			if f.Properties.Breaks || e.RecordedFlows.WouldFail+e.RecordedFlows.WouldReach > 0 {
				t.Errorf("%s breaks something: %s", name, text)
			}
			continue
		}
		if !f.Properties.Breaks || e.RecordedFlows.WouldFail != 1 || !strings.Contains(e.Workflows[0].Steps[0].Message, c.says) {
			t.Errorf("%s: %s", name, text)
		}
	}
	servers := change(network+"virtualNetworks/net", guardedNetwork(web, `,"dhcpOptions":{"dnsServers":["10.0.0.250"]}`))
	if f, text := whatIf(t, s, s.principal(), group, servers); f.Properties.Breaks || len(f.Properties.NotTried) != 1 || !strings.HasSuffix(f.Properties.NotTried[0], "virtualNetworks/net/dhcpOptions/dnsServers") {
		t.Errorf("other name servers: %s", text)
	}
}
