package network_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/arm"
	"isle/internal/network"
	"isle/internal/store"
	"isle/netpol"

	"isle/internal/arm/armtest"
)

const (
	group = provider + "/networkSecurityGroups/nsg"
	table = provider + "/routeTables/rt"
)

// office is a network with one subnet that has a security group and a route table.
func (w *world) office() {
	w.t.Helper()
	w.send("PUT", group, `{"location":"westus"}`, 201)
	w.send("PUT", table, `{"location":"westus"}`, 201)
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"dhcpOptions":{"dnsServers":["10.0.0.9","10.0.0.8"]},
		"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24","networkSecurityGroup":{"id":"`+group+`"},"routeTable":{"id":"`+table+`"}}}]}}`, 201)
}

func (w *world) snapshot() *network.Snapshot {
	w.t.Helper()
	s, err := w.policies.Current()
	w.must(err)
	return s
}

func flow(from, to string, port uint16) netpol.Flow {
	return netpol.Flow{Protocol: netpol.TCP, Source: netip.MustParseAddr(from), SourcePort: 50000, Destination: netip.MustParseAddr(to), DestinationPort: port}
}

// judge is what the policy makes of a flow now.
func (w *world) judge(f netpol.Flow) netpol.Decision {
	w.t.Helper()
	n, ok := w.snapshot().Policy.Network(net)
	if !ok {
		w.t.Fatal("the policy does not have the network")
	}
	return n.Evaluate(f)
}

func TestAChangeIsInForceWhenItIsAnswered(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.office()
	web := flow("10.0.0.4", "93.184.216.34", 443)
	if d := w.judge(web); !d.Allowed() {
		t.Fatal(d)
	}
	rules, err := armnetwork.NewSecurityRulesClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	put, err := rules.BeginCreateOrUpdate(ctx, "g", "nsg", "no-web", armnetwork.SecurityRule{Properties: &armnetwork.SecurityRulePropertiesFormat{
		Access: to.Ptr(armnetwork.SecurityRuleAccessDeny), Direction: to.Ptr(armnetwork.SecurityRuleDirectionOutbound), Priority: to.Ptr[int32](200), Protocol: to.Ptr(armnetwork.SecurityRuleProtocolAsterisk),
		SourceAddressPrefix: to.Ptr("*"), SourcePortRange: to.Ptr("*"), DestinationAddressPrefix: to.Ptr("Internet"), DestinationPortRanges: to.SliceOfPtrs("80", "443")}}, nil)
	w.must(err)
	_, err = put.PollUntilDone(ctx, nil)
	w.must(err)
	if d := w.judge(web); d.Allowed() || d.RuleName != "securityRules/no-web" || d.SecurityGroup != group {
		t.Errorf("%+v", d)
	}
	w.send("DELETE", group+"/securityRules/no-web", "", 200)
	if d := w.judge(web); !d.Allowed() {
		t.Error(d)
	}
	w.send("PUT", table+"/routes/away", `{"properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"None"}}`, 201)
	if d := w.judge(web); d.Allowed() || d.RouteID != table+"/routes/away" {
		t.Errorf("%+v", d)
	}
}

func TestTheRevisionRisesOnlyWithAChange(t *testing.T) {
	w := newWorld(t)
	w.office()
	first := w.snapshot()
	if again := w.snapshot(); again != first {
		t.Error("nothing has changed, and it was compiled again")
	}
	for path, body := range map[string]string{
		net:   `{"tags":{"a":"b"}}`,
		group: `{"tags":{"c":"d"}}`,
	} {
		w.send("PATCH", path, body, 200)
	}
	w.refused("PUT", group+"/securityRules/x", `{"properties":`+anyRule(1)+`}`, "SecurityRuleInvalidPriority")
	if s := w.snapshot(); s != first {
		t.Errorf("revision %d after changes of tags, before %d", s.Revision, first.Revision)
	}
	w.send("PUT", group+"/securityRules/x", `{"properties":`+anyRule(100)+`}`, 201)
	if s := w.snapshot(); s.Revision != first.Revision+1 {
		t.Errorf("revision %d, before %d", s.Revision, first.Revision)
	}
}

func TestADeletedGroupLeavesThePolicy(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.snapshot()
	w.send("DELETE", "/subscriptions/"+subscription+"/resourceGroups/g", "", 202)
	deadline := time.Now().Add(3 * time.Minute)
	for {
		n, err := w.policies.Current()
		w.must(err)
		if _, there := n.Policy.Network(net); !there {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the network is still in the policy")
		}
		w.must(w.store.Control().Write(context.Background(), func(*store.Tx) error { return nil }))
	}
}

// TestManyAskers: whoever has seen the answer of a change finds it in the policy,
// and revisions never go back.
func TestManyAskers(t *testing.T) {
	w := newWorld(t)
	w.office()
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			last := uint64(0)
			for {
				select {
				case <-done:
					return
				default:
				}
				s, err := w.policies.Current()
				if err != nil || s.Revision < last {
					t.Error(err, s, last)
					return
				}
				last = s.Revision
				if n, ok := s.Policy.Network(net); ok {
					n.Evaluate(flow("10.0.0.4", "10.0.0.5", 80))
				}
			}
		})
	}
	for i := range 30 {
		access := []string{"Allow", "Deny"}[i%2]
		body := strings.Replace(`{"properties":`+anyRule(100)+`}`, `"Allow"`, `"`+access+`"`, 1)
		_, err := w.manager.Put(context.Background(), arm.Principal{}, group+"/securityRules/x", "2025-01-01", []byte(body))
		w.must(err)
		if d := w.judge(flow("10.0.0.4", "10.0.0.5", 443)); d.Verdict.String() != access {
			t.Fatalf("change %d is not in force: %s", i, d)
		}
	}
	close(done)
	readers.Wait()
}

func TestDNSServers(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.must(w.store.Control().Read(context.Background(), func(tx *store.Tx) error {
		got, err := network.DNSServers(tx, strings.ToUpper(net))
		if want := []netip.Addr{netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.8")}; err != nil || !slices.Equal(got, want) {
			t.Error(got, err)
		}
		if _, err := network.DNSServers(tx, net+"x"); err != store.ErrNotFound {
			t.Error(err)
		}
		return nil
	}))
}
