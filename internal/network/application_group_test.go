package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const applications = provider + "/applicationSecurityGroups"

// memberBody is an interface in a subnet that is a member of groups.
func memberBody(subnet, address string, groups ...string) string {
	var refs []string
	for _, g := range groups {
		refs = append(refs, fmt.Sprintf(`{"id":%q}`, applications+"/"+g))
	}
	return nicBody(subnet, static(address)+`,"applicationSecurityGroups":[`+strings.Join(refs, ",")+`]`, "")
}

// groupRule is a rule from one application security group to another.
func groupRule(priority int, access, from, to string) string {
	return fmt.Sprintf(`{"properties":{"priority":%d,"direction":"Inbound","access":%q,"protocol":"Tcp","sourceApplicationSecurityGroups":[{"id":%q}],"sourcePortRange":"*","destinationApplicationSecurityGroups":[{"id":%q}],"destinationPortRange":"1433"}}`,
		priority, access, applications+"/"+from, strings.ToUpper(applications)+"/"+to)
}

// The documented example: the web servers reach the databases, nobody else does, and who
// is what is said by the interfaces.
func TestApplicationSecurityGroups(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	for _, name := range []string{"web", "db", "nobody"} {
		w.send("PUT", applications+"/"+name, `{"location":"westus"}`, 201)
	}
	w.send("PUT", group+"/securityRules/web-to-db", groupRule(200, "Allow", "web", "db"), 201)
	w.send("PUT", group+"/securityRules/nobody-to-db", groupRule(201, "Allow", "nobody", "db"), 201)
	w.send("PUT", group+"/securityRules/none", `{"properties":{"priority":300,"direction":"Inbound","access":"Deny","protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationApplicationSecurityGroups":[{"id":"`+applications+`/db"}],"destinationPortRange":"*"}}`, 201)
	w.send("PUT", nics+"/db", memberBody(net+"/subnets/a", "10.0.0.10", "db"), 201)
	verify := func(from string) string {
		answer := w.ask("ipFlowVerify", nil, map[string]string{"targetResourceId": nics + "/db", "direction": "Inbound", "protocol": "TCP", "localIPAddress": "10.0.0.10", "localPort": "1433", "remoteIPAddress": from, "remotePort": "*"}, 200)
		return fmt.Sprint(answer["access"], " ", answer["ruleName"])
	}
	const allowed, denied = "Allow securityRules/web-to-db", "Deny securityRules/none"
	if got := verify("10.0.0.20"); got != denied {
		t.Errorf("before there is a web server: %s", got)
	}
	made := w.send("PUT", nics+"/web", memberBody(net+"/subnets/a", "10.0.0.20", "web"), 201)
	if text := fmt.Sprint(made); !strings.Contains(text, applications+"/web") {
		t.Errorf("the member does not say so: %s", text)
	}
	if got := verify("10.0.0.20"); got != allowed {
		t.Errorf("a web server: %s", got)
	}
	if got := verify("10.0.0.21"); got != denied {
		t.Errorf("another one: %s", got)
	}
	w.send("PUT", nics+"/web", memberBody(net+"/subnets/a", "10.0.0.20"), 200)
	if got := verify("10.0.0.20"); got != denied {
		t.Errorf("a web server no more: %s", got)
	}

	w.refused("DELETE", applications+"/db", "", "InUseApplicationSecurityGroupCannotBeDeleted")
	w.refused("DELETE", applications+"/nobody", "", "InUseApplicationSecurityGroupCannotBeDeleted")
	w.send("DELETE", group+"/securityRules/nobody-to-db", "", 200)
	w.send("DELETE", applications+"/nobody", "", 200)
}

func TestApplicationSecurityGroupsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.office()
	other := provider + "/virtualNetworks/other"
	w.send("PUT", other, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`, 201)
	w.send("PUT", applications+"/web", `{"location":"westus"}`, 201)
	w.send("PUT", applications+"/db", `{"location":"westus"}`, 201)
	w.send("PUT", applications+"/east", `{"location":"eastus"}`, 201)
	w.send("PUT", nics+"/web", memberBody(net+"/subnets/a", "10.0.0.10", "web"), 201)
	w.send("PUT", nics+"/db", memberBody(other+"/subnets/a", "10.0.0.10", "db"), 201)
	many := make([]string, 21)
	for i := range many {
		many[i] = "web"
	}
	for _, c := range []struct{ path, body, codes string }{
		{applications + "/-", `{"location":"westus","properties":[]}`, "InvalidResourceName InvalidRequestFormat"},
		{nics + "/x", memberBody(other+"/subnets/a", "10.0.0.11", "web", "east", "none"), "ApplicationSecurityGroupsNotInSameVnet InvalidResourceReference InvalidResourceReference"},
		{nics + "/x", memberBody(net+"/subnets/a", "10.0.0.11", many...), "ApplicationSecurityGroupCountLimitReached"},
		{group + "/securityRules/x", groupRule(200, "Allow", "web", "db"), "ApplicationSecurityGroupsNotInSameVnet"},
		{group + "/securityRules/x", groupRule(200, "Allow", "none", "east"), "InvalidResourceReference InvalidResourceReference"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
}

func TestApplicationSecurityGroupsBySDK(t *testing.T) {
	s := newWorld(t).sdk(nil)
	client := s.NewApplicationSecurityGroupsClient()
	made := await[armnetwork.ApplicationSecurityGroupsClientCreateOrUpdateResponse](s)(client.BeginCreateOrUpdate(s.ctx, "g", "web", armnetwork.ApplicationSecurityGroup{Location: place}, nil))
	check(s, "state", *made.Properties.ProvisioningState, armnetwork.ProvisioningStateSucceeded)
	again := await[armnetwork.ApplicationSecurityGroupsClientCreateOrUpdateResponse](s)(client.BeginCreateOrUpdate(s.ctx, "g", "web", armnetwork.ApplicationSecurityGroup{Location: place, Tags: map[string]*string{"a": to.Ptr("b")}}, nil))
	check(s, "guid", *again.Properties.ResourceGUID, *made.Properties.ResourceGUID)
	check(s, "got", *got[armnetwork.ApplicationSecurityGroupsClientGetResponse](s)(client.Get(s.ctx, "g", "web", nil)).Tags["a"], "b")
	check(s, "tags", *got[armnetwork.ApplicationSecurityGroupsClientUpdateTagsResponse](s)(client.UpdateTags(s.ctx, "g", "web", tagged("c", "d"), nil)).Tags["c"], "d")
	check(s, "of the group", len(pages(s, client.NewListPager("g", nil))[0].Value), 1)
	check(s, "of the subscription", len(pages(s, client.NewListAllPager(nil))[0].Value), 1)
	await[armnetwork.ApplicationSecurityGroupsClientDeleteResponse](s)(client.BeginDelete(s.ctx, "g", "web", nil))
	s.send("GET", applications+"/web", "", 404)
}
