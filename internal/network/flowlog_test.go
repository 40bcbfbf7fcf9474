package network_test

import (
	"context"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const (
	flowLogs = watcher + "/flowLogs"
	account  = "/subscriptions/" + subscription + "/resourceGroups/elsewhere/providers/Microsoft.Storage/storageAccounts/logs01"
)

// logBody is a flow log of a target, with more members of its properties.
func logBody(target, more string) string {
	return fmt.Sprintf(`{"location":"westus","properties":{"targetResourceId":%q,"storageId":%q%s}}`, target, account, more)
}

// logged is a world with a watcher, and the network of an office.
func logged(t *testing.T) *world {
	w := newWorld(t)
	w.office()
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	return w
}

func (w *world) propertiesOf(path string) map[string]any {
	w.t.Helper()
	return w.send("GET", path, "", 200)["properties"].(map[string]any)
}

func TestFlowLogsThroughTheSDK(t *testing.T) {
	driveFlowLogs(newWorld(t).sdk(nil))
}

// driveFlowLogs uses flow logs as resources, and as what a watcher shows.
func driveFlowLogs(s *sdk) {
	s.office()
	watchers, logs := s.NewWatchersClient(), s.NewFlowLogsClient()
	got[armnetwork.WatchersClientCreateOrUpdateResponse](s)(watchers.CreateOrUpdate(s.ctx, "g", "watcher", armnetwork.Watcher{Location: place}, nil))
	made := await[armnetwork.FlowLogsClientCreateOrUpdateResponse](s)(logs.BeginCreateOrUpdate(s.ctx, "g", "watcher", "log", armnetwork.FlowLog{Location: place, Properties: &armnetwork.FlowLogPropertiesFormat{
		TargetResourceID: to.Ptr(strings.ToUpper(net)), StorageID: to.Ptr(account), Enabled: to.Ptr(true), EnabledFilteringCriteria: to.Ptr("DstPort=443 || Direction=Inbound"),
		RetentionPolicy: &armnetwork.RetentionPolicyParameters{Days: to.Ptr[int32](7), Enabled: to.Ptr(true)}}}, nil))
	p := made.Properties
	check(s, "target", *p.TargetResourceID, net)
	check(s, "version", *p.Format.Version, 2)
	check(s, "days", *p.RetentionPolicy.Days, 7)
	check(s, "criteria", *p.EnabledFilteringCriteria, "DstPort=443 || Direction=Inbound")
	home := got[armnetwork.VirtualNetworksClientGetResponse](s)(s.NewVirtualNetworksClient().Get(s.ctx, "g", "net", nil))
	check(s, "guid", *p.TargetResourceGUID, *home.Properties.ResourceGUID)
	check(s, "the network's log", *home.Properties.FlowLogs[0].ID, *made.ID)
	check(s, "log", *got[armnetwork.FlowLogsClientGetResponse](s)(logs.Get(s.ctx, "g", "watcher", "log", nil)).ID, *made.ID)
	check(s, "tags", *got[armnetwork.FlowLogsClientUpdateTagsResponse](s)(logs.UpdateTags(s.ctx, "g", "watcher", "log", tagged("a", "b"), nil)).Tags["a"], "b")
	check(s, "logs", len(pages(s, logs.NewListPager("g", "watcher", nil))[0].Value), 1)

	set := func(target string, enabled bool) *armnetwork.FlowLogInformation {
		return to.Ptr(await[armnetwork.WatchersClientSetFlowLogConfigurationResponse](s)(watchers.BeginSetFlowLogConfiguration(s.ctx, "g", "watcher", armnetwork.FlowLogInformation{
			TargetResourceID: to.Ptr(target), Properties: &armnetwork.FlowLogProperties{Enabled: to.Ptr(enabled), StorageID: to.Ptr(account)}}, nil)).FlowLogInformation)
	}
	status := func(target string) *armnetwork.FlowLogProperties {
		return await[armnetwork.WatchersClientGetFlowLogStatusResponse](s)(watchers.BeginGetFlowLogStatus(s.ctx, "g", "watcher", armnetwork.FlowLogStatusParameters{TargetResourceID: to.Ptr(target)}, nil)).Properties
	}
	check(s, "before", *status(group).Enabled, false)
	check(s, "set", *set(group, true).Properties.Enabled, true)
	check(s, "after", *status(group).Enabled, true)
	check(s, "its log", *got[armnetwork.FlowLogsClientGetResponse](s)(logs.Get(s.ctx, "g", "watcher", "Microsoft.Networkg"+path.Base(group), nil)).Properties.TargetResourceID, group)
	set(net, false)
	off := got[armnetwork.FlowLogsClientGetResponse](s)(logs.Get(s.ctx, "g", "watcher", "log", nil))
	check(s, "off", *off.Properties.Enabled, false)
	check(s, "its tags", *off.Tags["a"], "b")
	for range 2 {
		await[armnetwork.FlowLogsClientDeleteResponse](s)(logs.BeginDelete(s.ctx, "g", "watcher", "log", nil))
	}
	s.send("GET", flowLogs+"/log", "", 404)
	await[armnetwork.WatchersClientDeleteResponse](s)(watchers.BeginDelete(s.ctx, "g", "watcher", nil))
	s.send("GET", flowLogs+"/Microsoft.Networkg"+path.Base(group), "", 404)
}

// flowLogOperations are those of flow logs, which the shared reading does not list.
func flowLogOperations() []operation {
	const list = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/networkWatchers/{networkWatcherName}/flowLogs"
	const one = list + "/{flowLogName}"
	operations := []operation{
		{GoMethod: "BeginCreateOrUpdate", HTTPMethod: "PUT", Path: one, SuccessCodes: []int{200, 201}},
		{GoMethod: "BeginDelete", HTTPMethod: "DELETE", Path: one, SuccessCodes: []int{202, 204}},
		{GoMethod: "Get", HTTPMethod: "GET", Path: one, SuccessCodes: []int{200}},
		{GoMethod: "NewListPager", HTTPMethod: "GET", Path: list, SuccessCodes: []int{200}},
		{GoMethod: "UpdateTags", HTTPMethod: "PATCH", Path: one, SuccessCodes: []int{200}},
	}
	for i := range operations {
		operations[i].Client = "FlowLogsClient"
	}
	return operations
}

// TestFlowLogRefusals: all problems at once, and nothing is changed.
func TestFlowLogRefusals(t *testing.T) {
	w := logged(t)
	w.send("PUT", provider+"/networkSecurityGroups/east", `{"location":"eastus"}`, 201)
	for _, c := range []struct{ body, codes string }{
		{`{"location":"westus","properties":{}}`, "InvalidResourceReference InvalidFlowLog"},
		{logBody(net+"/subnets/none", ""), "InvalidResourceReference"},
		{logBody(provider+"/routeTables/rt", ""), "InvalidResourceReference"},
		{logBody(provider+"/networkSecurityGroups/east", ""), "InvalidResourceReference"},
		{logBody(group, `,"retentionPolicy":{"days":366,"enabled":true},"format":{"type":"CSV","version":3},"enabledFilteringCriteria":"x || SrcIP=y","recordTypes":"B,Q"`),
			"InvalidFlowLog InvalidFlowLog InvalidFlowLog InvalidFlowLog InvalidFlowLog"},
		{strings.Replace(logBody(group, ""), "logs01", "No_Account", 1), "InvalidFlowLog"},
		{logBody(group, `,"flowAnalyticsConfiguration":{"networkWatcherFlowAnalyticsConfiguration":{"enabled":true,"workspaceId":"x"}}`), "TrafficAnalyticsNotSupported"},
		{strings.Replace(logBody(group, ""), `"location"`, `"identity":{"type":"UserAssigned","userAssignedIdentities":{}},"location"`, 1), "FlowLogIdentityNotSupported"},
		{logBody(group, `,"enabled":"yes"`), "InvalidRequestFormat"},
	} {
		w.refused("PUT", flowLogs+"/log", c.body, c.codes)
		w.send("GET", flowLogs+"/log", "", 404)
	}
	w.send("PUT", flowLogs+"/log", logBody(group, `,"flowAnalyticsConfiguration":{"networkWatcherFlowAnalyticsConfiguration":{"enabled":false,"workspaceRegion":"x"}}`), 201)
	before := text(w.send("GET", flowLogs+"/log", "", 200))
	w.refused("PUT", flowLogs+"/other", logBody(strings.ToUpper(group), ""), "FlowLogCountLimitReached")
	w.send("GET", flowLogs+"/other", "", 404)
	w.refused("PUT", flowLogs+"/log", logBody(net, ""), "InvalidFlowLog")
	for _, action := range []string{"configureFlowLog", "queryFlowLogStatus"} {
		w.refused("POST", watcher+"/"+action, `{"targetResourceId":"x"}`, "InvalidResourceReference")
		w.refused("POST", watcher+"/"+action, `{"targetResourceId":7}`, "InvalidRequestFormat")
	}
	w.refused("POST", watcher+"/queryFlowLogStatus", fmt.Sprintf(`{"targetResourceId":%q}`, net+"x"), "InvalidResourceReference")
	w.refused("POST", watcher+"/configureFlowLog", fmt.Sprintf(`{"targetResourceId":%q,"properties":{"storageId":"x"}}`, group), "InvalidFlowLog")
	if after := text(w.send("GET", flowLogs+"/log", "", 200)); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// TestFlowLogDefaults: what a log is without more being said, for each kind of target, and
// where its files are.
func TestFlowLogDefaults(t *testing.T) {
	w := logged(t)
	nic := nics + "/machine"
	w.send("PUT", nic, `{"location":"westus","properties":{"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"`+net+`/subnets/a"}}}]}}`, 201)
	for i, c := range []struct {
		target  string
		version int
		folder  string
	}{
		{group, 1, "flowlogs/logs01/insights-logs-networksecuritygroupflowevent/resourceId=" + strings.ToUpper(group)},
		{net, 2, "flowlogs/logs01/insights-logs-flowlogflowevent/flowLogResourceID=" + strings.ToUpper(flowLogs+"/log1")},
		{net + "/subnets/a", 2, "flowlogs/logs01/insights-logs-flowlogflowevent/flowLogResourceID=" + strings.ToUpper(flowLogs+"/log2")},
		{nic, 2, "flowlogs/logs01/insights-logs-flowlogflowevent/flowLogResourceID=" + strings.ToUpper(flowLogs+"/log3")},
	} {
		log := fmt.Sprint(flowLogs, "/log", i)
		w.send("PUT", log, logBody(c.target, `,"recordTypes":"e, b"`), 201)
		p := w.propertiesOf(log)
		guid, _ := p["targetResourceGuid"].(string)
		if got, want := fmt.Sprint(p["enabled"], p["retentionPolicy"], p["format"], p["recordTypes"], p["folder"], p["targetResourceId"], guid != ""),
			fmt.Sprint(true, map[string]any{"days": 0, "enabled": false}, map[string]any{"type": "JSON", "version": c.version}, "E,B", c.folder, c.target, !strings.Contains(c.target, "/subnets/")); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		w.send("PUT", log, text(w.send("GET", log, "", 200)), 200) // what is served can be put again
	}
	logs, err := w.policies.FlowLogs(context.Background())
	w.must(err)
	mac := strings.ReplaceAll(w.propertiesOf(nic)["macAddress"].(string), "-", "")
	found := 0
	for at, i := range logs.Interfaces {
		if at.Network == strings.ToLower(net) && i.MAC == mac && i.ID == nic && at.Address.String() == "10.0.0.4" {
			found++
		}
	}
	if len(logs.All) != 4 || found != 1 || logs.Groups[strings.ToLower(group)] == "" || logs.All[0].GroupGUID != logs.Groups[strings.ToLower(group)] {
		t.Errorf("%+v", logs)
	}
	w.send("PUT", flowLogs+"/log0", logBody(group, `,"enabled":false`), 200)
	if logs, err = w.policies.FlowLogs(context.Background()); err != nil || len(logs.All) != 3 {
		t.Errorf("%+v %v", logs, err)
	}
}

// TestFlowLogsFollowTheirTargets: a log is deleted with what it is of, unless it is locked,
// and follows it into another group.
func TestFlowLogsFollowTheirTargets(t *testing.T) {
	w := logged(t)
	w.send("PUT", provider+"/networkSecurityGroups/free", `{"location":"westus"}`, 201)
	w.send("PUT", flowLogs+"/free", logBody(provider+"/networkSecurityGroups/free", ""), 201)
	w.send("PUT", flowLogs+"/subnet", logBody(net+"/subnets/a", ""), 201)
	w.send("PUT", flowLogs+"/net", logBody(net, ""), 201)
	if got := w.propertiesOf(provider + "/networkSecurityGroups/free")["flowLogs"]; fmt.Sprint(got) != "[map[id:"+flowLogs+"/free]]" {
		t.Errorf("%v", got)
	}
	w.send("PUT", "/subscriptions/"+subscription+"/resourceGroups/h", `{"location":"westus"}`, 201)
	w.send("POST", "/subscriptions/"+subscription+"/resourceGroups/g/moveResources", fmt.Sprintf(`{"targetResourceGroup":"/subscriptions/%s/resourceGroups/h","resources":[%q]}`, subscription, provider+"/networkSecurityGroups/free"), 204)
	moved := strings.Replace(provider, "/g/", "/h/", 1) + "/networkSecurityGroups/free"
	if got := w.propertiesOf(flowLogs + "/free"); got["targetResourceId"] != moved || got["folder"] != "flowlogs/logs01/insights-logs-networksecuritygroupflowevent/resourceId="+strings.ToUpper(moved) {
		t.Errorf("%v", got)
	}
	lock := flowLogs + "/free/providers/Microsoft.Authorization/locks/l"
	client := w.client()
	client.APIVersion = "2020-05-01"
	client.Want(t, "PUT", lock, `{"properties":{"level":"CanNotDelete"}}`, 201)
	w.send("DELETE", moved, "", 409)
	w.send("GET", moved, "", 200)
	client.Want(t, "DELETE", lock, "", 200)
	w.send("DELETE", moved, "", 200)
	w.send("GET", flowLogs+"/free", "", 404)
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[]}}`, 200)
	w.send("GET", flowLogs+"/subnet", "", 404)
	w.send("GET", flowLogs+"/net", "", 200)
	w.send("DELETE", net, "", 200)
	w.send("GET", flowLogs+"/net", "", 404)
}
