package network_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/dataplane"
	"isle/internal/network"
)

// plane is a data plane as internal/server passes it in: what the kernel would hold is set
// by the test, and probes go out of a real one, if there is one.
type plane struct {
	held    *network.Held
	unknown error // why it is not known what the kernel holds
	prober  dataplane.Prober
}

func (p *plane) Held(context.Context, string) (*network.Held, error) { return p.held, p.unknown }

func (p *plane) Prober(context.Context, string) (dataplane.Prober, error) {
	if p.prober == nil {
		return nil, errors.New("nobody sends probes")
	}
	return p.prober, nil
}

const troubleshooting = `{"targetResourceId":"` + gateway + `","properties":{"storageId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st","storagePath":"https://st.blob.core.windows.net/c"}}`

func (s *sdk) troubleshoot() armnetwork.TroubleshootingResult {
	s.t.Helper()
	return await[armnetwork.WatchersClientGetTroubleshootingResponse](s)(s.NewWatchersClient().BeginGetTroubleshooting(s.ctx, "g", "watcher", armnetwork.TroubleshootingParameters{TargetResourceID: to.Ptr(gateway),
		Properties: &armnetwork.TroubleshootingProperties{StorageID: to.Ptr("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st"), StoragePath: to.Ptr("https://st.blob.core.windows.net/c")}}, nil)).TroubleshootingResult
}

// faults are the code of a result, with its faults.
func faults(r armnetwork.TroubleshootingResult) string {
	texts := []string{*r.Code}
	for _, f := range r.Results {
		texts = append(texts, *f.ID)
	}
	return strings.Join(texts, " ")
}

func TestTroubleshootingOfAGateway(t *testing.T) {
	s := newWorld(t).sdk(nil)
	s.fireworld()
	s.send("PUT", watcher, `{"location":"westus"}`, 201)
	s.send("PUT", table, `{"location":"westus"}`, 201)
	s.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/24","routeTable":{"id":"`+table+`"}}}`, 200)
	s.send("PUT", gateway, gatewayBody(``), 201)
	s.send("POST", watcher+"/queryTroubleshootResult", `{"targetResourceId":"`+gateway+`"}`, 404)
	expect := func(what, want string) armnetwork.TroubleshootingResult {
		t.Helper()
		r := s.troubleshoot()
		check(s, what, faults(r), want)
		if r.EndTime.Before(*r.StartTime) {
			t.Errorf("%s: from %v to %v", what, r.StartTime, r.EndTime)
		}
		for _, f := range r.Results {
			if *f.Summary == "" || *f.Detail == "" || (*r.Code == "Healthy") != (len(f.RecommendedActions) == 0) {
				t.Errorf("%s: %+v", what, f)
			}
		}
		return r
	}
	expect("nothing behind", "UnHealthy NoConnectionsFoundForGateway")
	s.send("PATCH", gateway, `{"tags":{"isle-routes":"192.168.0.0/16"}}`, 200)
	expect("a way", "Healthy NoFault")

	s.send("PUT", table+"/routes/away", `{"properties":{"addressPrefix":"192.168.0.0/16","nextHopType":"None"}}`, 201)
	r := expect("a route", "UnHealthy RoutesOverridden")
	if !strings.Contains(*r.Results[0].Detail, table+"/routes/away") || !strings.Contains(*r.Results[0].Detail, "/subnets/a") {
		t.Error(*r.Results[0].Detail)
	}
	s.send("DELETE", table+"/routes/away", "", 200)
	s.send("PUT", table, `{"location":"westus","properties":{"disableBgpRoutePropagation":true}}`, 200)
	expect("no propagation", "UnHealthy RoutesOverridden")
	s.send("PUT", table, `{"location":"westus"}`, 200)

	s.vnet("spoke", "10.2.0.0/16")
	s.peer("net", "spoke", "")
	s.send("PATCH", gateway, `{"tags":{"isle-routes":"10.0.128.0/17, 10.2.0.0/24"}}`, 200)
	r = expect("overlaps", "UnHealthy AddressRangesOverlap AddressRangesOverlap")
	if !strings.Contains(*r.Results[1].Detail, vnets+"/spoke") {
		t.Error(*r.Results[1].Detail)
	}
	s.send("PATCH", gateway, `{"tags":{"isle-routes":"192.168.0.0/16"}}`, 200)

	s.plane.held = &network.Held{Gateway: "/run/netns/site"}
	if r = expect("a machine", "Healthy NoFault"); !strings.Contains(*r.Results[0].Detail, "/run/netns/site") {
		t.Error(*r.Results[0].Detail)
	}
	s.plane.held, s.plane.unknown = nil, errors.New("the kernel cannot be asked")
	if r = expect("nothing known", "UnHealthy PlatformInActive"); *r.Results[0].Detail != "the kernel cannot be asked" {
		t.Error(*r.Results[0].Detail)
	}
	s.plane.unknown = nil
	s.plane.held = &network.Held{Problems: []string{"nft refuses"}, Waiting: []string{"/run/netns/site"}}
	kept := expect("the kernel", "UnHealthy PlatformInActive ServiceNotRunning")

	// The last result is found again, whatever is true now, and stays with the watcher.
	s.plane.held = nil
	s.send("PUT", watcher, `{"location":"westus","tags":{"a":"b"}}`, 200)
	last := await[armnetwork.WatchersClientGetTroubleshootingResultResponse](s)(s.NewWatchersClient().BeginGetTroubleshootingResult(s.ctx, "g", "watcher", armnetwork.QueryTroubleshootingParameters{TargetResourceID: to.Ptr(strings.ToUpper(gateway))}, nil))
	check(s, "kept", fmt.Sprint(faults(last.TroubleshootingResult), last.StartTime.Equal(*kept.StartTime), last.EndTime.Equal(*kept.EndTime)), "UnHealthy PlatformInActive ServiceNotRunningtrue true")
	s.send("DELETE", watcher, "", 202)
	s.send("PUT", watcher, `{"location":"westus"}`, 201)
	s.send("POST", watcher+"/queryTroubleshootResult", `{"targetResourceId":"`+gateway+`"}`, 404)

	// Nor is it the result of another gateway that has the name later.
	s.troubleshoot()
	s.send("DELETE", gateway, "", 200)
	s.send("PUT", gateway, gatewayBody(``), 201)
	s.send("POST", watcher+"/queryTroubleshootResult", `{"targetResourceId":"`+gateway+`"}`, 404)
}

// TestTroubleshootingIsBounded: of many faults some are told, and that there are more.
func TestTroubleshootingIsBounded(t *testing.T) {
	s := newWorld(t).sdk(nil)
	s.fireworld()
	s.send("PUT", watcher, `{"location":"westus"}`, 201)
	behind := many(101, func(i int) string { return fmt.Sprintf(`"10.0.%d.0/24"`, i) })
	s.send("PUT", gateway, gatewayBody(``, `,"customRoutes":{"addressPrefixes":[`+behind+`]}`), 201)
	r := s.troubleshoot()
	if last := r.Results[len(r.Results)-1]; len(r.Results) != 100 || !strings.HasSuffix(*last.Detail, "There are more faults: mend these, and ask again.") {
		t.Errorf("%d faults, the last: %s", len(r.Results), *last.Detail)
	}
}

func TestTroubleshootingTellsWhatIsWrongWithARequest(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	connection := strings.Replace(gateway, "virtualNetworkGateways", "connections", 1)
	for action, bodies := range map[string]map[string]string{
		"troubleshoot": {
			`{}`: "InvalidRequestFormat targetResourceId, InvalidRequestFormat properties.storageId, InvalidRequestFormat properties.storagePath",
			strings.Replace(troubleshooting, gateway, connection, 1): "InvalidResourceReference targetResourceId",
			strings.Replace(troubleshooting, gateway, net, 1):        "InvalidResourceReference targetResourceId",
			troubleshooting: "InvalidResourceReference targetResourceId",
			strings.NewReplacer(gateway, "x", "https:", "http:").Replace(troubleshooting): "InvalidResourceReference targetResourceId, InvalidRequestFormat properties.storagePath",
			`{"targetResourceId":7}`: "InvalidRequestFormat targetResourceId",
		},
		"queryTroubleshootResult": {`{}`: "InvalidRequestFormat targetResourceId", `{"targetResourceId":"` + gateway + `"}`: "InvalidResourceReference targetResourceId"},
		"availableProvidersList":  {`{"city":"Seattle"}`: "InvalidRequestFormat state", `{"state":"Washington"}`: "InvalidRequestFormat country", `{"azureLocations":"westus"}`: "InvalidRequestFormat azureLocations"},
		"azureReachabilityReport": {
			`{}`: "InvalidRequestFormat providerLocation.country, InvalidRequestFormat startTime, InvalidRequestFormat endTime",
			`{"providerLocation":{"country":"Germany","city":"Ulm"},"startTime":"2026-01-02T00:00:00Z","endTime":"2026-01-01T00:00:00Z"}`: "InvalidRequestFormat providerLocation.state, InvalidRequestFormat endTime",
		},
	} {
		for body, want := range bodies {
			if got := problems(w.send("POST", watcher+"/"+action, body, 400)); got != want {
				t.Errorf("%s %s: %s, want %s", action, body, got, want)
			}
		}
	}
}
