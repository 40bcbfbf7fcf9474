package server

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/store"
)

// at is the text at a path of member names, "" when there is none.
func at(v expr.Value, path ...string) string {
	for _, name := range path {
		if v.Kind() != expr.KindObject {
			return ""
		}
		v, _ = v.Get(name)
	}
	return v.Text()
}

// put puts a resource as the operator.
func put(t *testing.T, s *Server, id, apiVersion, body string) {
	t.Helper()
	if _, err := s.manager.Put(t.Context(), s.principal(), id, apiVersion, []byte(body)); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
}

// environment makes a network and an environment in it, and gives the resource group
// and the environment's store id.
func environment(t *testing.T, s *Server) (group, id string) {
	t.Helper()
	group = "/subscriptions/" + s.issuer.Subscription() + "/resourceGroups/g"
	network := group + "/providers/Microsoft.Network/virtualNetworks/net"
	put(t, s, group, "2020-01-01", `{"location":"local"}`)
	var subnets, references []string
	for i := range 4 {
		delegation := ""
		if i == 0 {
			delegation = `,"delegations":[{"name":"ise","properties":{"serviceName":"Microsoft.Logic/integrationServiceEnvironments"}}]`
		}
		subnets = append(subnets, fmt.Sprintf(`{"name":"s%d","properties":{"addressPrefix":"10.0.0.%d/27"%s}}`, i, 32*i, delegation))
		references = append(references, fmt.Sprintf(`{"id":"%s/subnets/s%d"}`, network, i))
	}
	put(t, s, network, "2021-08-01", `{"location":"local","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/24"]},"subnets":[`+strings.Join(subnets, ",")+`]}}`)
	resource := group + "/providers/Microsoft.Logic/integrationServiceEnvironments/e"
	put(t, s, resource, "2019-05-01", `{"location":"local","sku":{"name":"Developer"},"properties":{"networkConfiguration":{"accessEndpoint":{"type":"Internal"},"subnets":[`+strings.Join(references, ",")+`]}}}`)
	eventually(t, "the environment is ready", func() bool {
		found, err := s.manager.Get(t.Context(), s.principal(), resource, "2019-05-01")
		if err != nil {
			t.Fatal(err)
		}
		id = at(found.Body, "properties", "integrationServiceEnvironmentId")
		return at(found.Body, "properties", "provisioningState") == "Succeeded"
	})
	return group, id
}

// The data plane asks at every dial: a place is made once for a policy, and to ask for
// it again costs nothing.
func TestAPlaceIsMadeOnceForAPolicy(t *testing.T) {
	s := start(t, t.TempDir())
	group, id := environment(t, s)
	place := s.places.Of(id)
	if place == nil || place.Err != nil || place.Network == nil || !place.Internal || place.Ranges[3].String() != "10.0.0.96/27" || !strings.HasSuffix(place.Subnets[3], "/subnets/s3") {
		t.Fatalf("%+v", place)
	}
	if n := testing.AllocsPerRun(100, func() {
		if s.places.Of(id) != place {
			t.Error("the place was made again")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	put(t, s, group+"/providers/Microsoft.Network/networkSecurityGroups/web", "2021-08-01", `{"location":"local"}`)
	if next := s.places.Of(id); next.Revision == place.Revision || next.Network == place.Network {
		t.Errorf("after a change: %+v", next)
	}
	if a, ok := s.network.Address(id, dataplane.Connectors); !ok || a.String() != "10.0.0.36" {
		t.Errorf("the connectors are at %v", a)
	}
}

// A record that is stored and is none is left out and logged once; all else of the network is
// as it was.
func TestABadRecordOfAZoneIsLeftOut(t *testing.T) {
	var log strings.Builder
	s, err := Start(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	group, id := environment(t, s)
	zone := group + "/providers/Microsoft.Network/privateDnsZones/contoso.internal"
	const version = "2024-06-01"
	put(t, s, zone, version, `{"location":"global"}`)
	put(t, s, zone+"/virtualNetworkLinks/net", version, `{"location":"global","properties":{"virtualNetwork":{"id":"`+group+`/providers/Microsoft.Network/virtualNetworks/net"}}}`)
	put(t, s, zone+"/A/web", version, `{"properties":{"ttl":10,"aRecords":[{"ipv4Address":"10.0.0.100"}]}}`)
	long := strings.Repeat(strings.Repeat("x", 60)+".", 4) + "y"
	now := time.Now()
	if err := s.store.Control().Write(t.Context(), func(tx *store.Tx) error {
		return arm.Save(tx, arm.Resource{Resource: store.Resource{ID: zone + "/A/" + long, State: "Succeeded", Created: now, Changed: now, ETag: arm.NewETag(),
			Body: []byte(`{"v":1,"ttl":10,"records":{"aRecords":[{"ipv4Address":"10.0.0.101"}]}}`)}})
	}); err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // each a new policy
		put(t, s, group+"/providers/Microsoft.Network/networkSecurityGroups/web"+fmt.Sprint(i), "2021-08-01", `{"location":"local"}`)
		place := s.places.Of(id)
		if place.Err != nil || len(place.Zones.Answer("web.contoso.internal.", dns.TypeA).Records) != 1 {
			t.Fatalf("%+v", place)
		}
	}
	stop(t, s)
	if n := strings.Count(log.String(), "is left out"); n != 1 || !strings.Contains(log.String(), long) {
		t.Errorf("it is logged %d times: %s", n, log.String())
	}
}

// What is in no environment is in no network; what runs on after its environment reaches
// nothing.
func TestWhatHasNoPlace(t *testing.T) {
	s := start(t, t.TempDir())
	if p := s.places.Of(dataplane.Shared); p != nil {
		t.Errorf("shared: %+v", p)
	}
	gone := strings.Repeat("0", 32)
	if p := s.places.Of(gone); p == nil || p.Err == nil {
		t.Errorf("an environment that is not there: %+v", p)
	}
	dial := func(says string) {
		t.Helper()
		_, err := s.network.Dialer(gone, dataplane.SubnetBuiltIn).Dial(t.Context(), "tcp", "127.0.0.1:9")
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("it dials: %v", err)
		}
	}
	dial(errNoEnvironment.Error())
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	dial("where the environment is cannot be read")
	if d := s.network.Admit(gone, dataplane.Caller{Address: netip.MustParseAddr("127.0.0.1")}); d.Allowed || d.Rule != "NoPolicy" {
		t.Errorf("it is called: %+v", d)
	}
}

func TestProbesUseWhatTheyProbe(t *testing.T) {
	s := start(t, t.TempDir())
	_, id := environment(t, s)
	for name, probe := range s.probes() {
		if err := probe(t.Context(), id); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	folder := filepath.Join(s.config.Data, "environments", id)
	if err := os.Rename(folder, folder+"-away"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Rename(folder+"-away", folder) }()
	for _, name := range []string{"database", "contents"} {
		err := s.probes()[name](t.Context(), id)
		if err == nil || strings.Contains(err.Error(), s.config.Data) {
			t.Errorf("%s of a lost folder: %v", name, err)
		}
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("a probe made the folder anew")
	}
}
