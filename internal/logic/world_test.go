package logic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/arm"
	"isle/internal/arm/armtest"
	"isle/internal/connector/builtin"
	"isle/internal/dataplane"
	"isle/internal/logic"
	"isle/internal/network"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/task"
	"isle/netpol"
	"isle/wdl"
)

const (
	subscription = "11111111-2222-3333-4444-555555555555"
	group        = "/subscriptions/" + subscription + "/resourceGroups/g"
	apiVersion   = "2019-05-01"
)

// world is the management side of a server: store, resource manager, network,
// logic, runner and tasks, behind TLS.
type world struct {
	t       testing.TB
	dir     string
	store   *store.Store
	service *logic.Service
	runner  *runner.Runner
	server  *httptest.Server
	log     bytes.Buffer
	failure atomic.Pointer[arm.Error] // of preparing an environment
}

type anybody struct{}

func (anybody) Authenticate(r *http.Request) (arm.Principal, error) {
	if r.Header.Get("Authorization") == "" {
		return arm.Principal{}, errors.New("no token")
	}
	return arm.Principal{ID: "tester"}, nil
}

// Allowed lets everybody do everything, but for running workflows and assigning
// identities that are in the group "closed".
func (anybody) Allowed(_ arm.Principal, action, scope string) bool {
	switch action {
	case "Microsoft.Logic/workflows/triggers/run/action", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action":
		return !strings.Contains(scope, "/resourceGroups/closed/")
	}
	return true
}

func (a anybody) Within(p arm.Principal, action, scope string) bool {
	return a.Allowed(p, action, scope)
}

// plane is the network as environments see it, as internal/server has it.
type plane struct{}

func (plane) Subnet(tx *store.Tx, id string) (*logic.Subnet, error) {
	p, err := network.Lookup(tx, id)
	if err != nil {
		return nil, err
	}
	return &logic.Subnet{ID: p.ID, Name: p.Name, Network: p.Network, Location: p.Location, Ranges: p.Ranges, Space: p.Space, Delegations: p.Delegations, Users: p.Users}, nil
}

func (plane) Link(tx *store.Tx, subnet string, l logic.Link, now time.Time) error {
	return network.AddLink(tx, subnet, network.Link{Name: l.Name, Owner: l.Owner, Type: l.Type, Association: l.Association, Location: l.Location, Addresses: l.Addresses}, now)
}

func (plane) Unlink(tx *store.Tx, subnet, owner string, now time.Time) error {
	return network.RemoveLinks(tx, subnet, owner, now)
}

// policies is the network policy as environments see it, as internal/server has it.
type policies struct{ *network.Policies }

func (p policies) Policy() (*netpol.Policy, uint64, error) {
	now, err := p.Current()
	if err != nil {
		return nil, 0, err
	}
	return now.Policy, now.Revision, nil
}

func (p policies) Latest() (*netpol.Policy, uint64) {
	now := p.Policies.Latest()
	if now == nil {
		return nil, 0
	}
	return now.Policy, now.Revision
}

func (p policies) Outgoing(network, subnet string) []netip.Addr {
	if now := p.Policies.Latest(); now != nil {
		return now.Outgoing(network, subnet, false)
	}
	return nil
}

func (policies) DNSServers(tx *store.Tx, id string) ([]netip.Addr, error) {
	return network.DNSServers(tx, id)
}

func newWorld(t testing.TB, options ...func(*logic.Config)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	logger := slog.New(slog.NewTextHandler(&w.log, nil))
	var err error
	w.store, err = store.Open(context.Background(), w.dir, store.Options{})
	w.must(err)
	workflows := logic.NewWorkflows(w.store, wdl.DefaultLimits())
	operations, end := builtin.Operations(builtin.Options{})
	w.runner = runner.New(runner.Config{Store: w.store, Programs: workflows, Operations: operations, Network: dataplane.NewInproc(dataplane.Options{}), Log: logger})
	rules := network.NewPolicies(w.store, netpol.TagFile{}, logger)
	config := logic.Config{
		Policies: policies{rules}, Isolation: func(string) logic.Isolation { return logic.Isolation{Mode: "inproc", Reasons: []string{"a test"}} },
		Store: w.store, Workflows: workflows, Subnets: plane{}, Runner: w.runner, Tenant: "tenant", Log: logger, Authorizer: anybody{},
		Access: func(string) string { return "https://localhost:8443" },
		Prepare: func(context.Context, string, []netip.Prefix) error {
			if e := w.failure.Load(); e != nil {
				return e
			}
			return nil
		},
	}
	for _, o := range options {
		o(&config)
	}
	w.service, err = logic.New(config)
	w.must(err)
	manager, err := arm.New(arm.Config{
		Store: w.store, Types: append(network.Types(w.store, rules, nil, nil), w.service.Types()...), Routes: append(network.Routes(rules, nil), w.service.Routes()...),
		Authenticator: anybody{}, Authorizer: anybody{}, Tenant: "tenant", Subscriptions: []arm.Subscription{{ID: subscription, Name: "test"}}, Log: logger,
	})
	w.must(err)
	w.service.Bind(manager)
	handlers := w.service.Handlers()
	for kind, h := range manager.Handlers() {
		handlers[kind] = h
	}
	for kind, h := range w.runner.Handlers() {
		handlers[kind] = h
	}
	tasks := task.New(w.store, handlers, task.Options{Log: logger})
	w.must(tasks.Start(context.Background()))
	w.server = httptest.NewTLSServer(manager)
	t.Cleanup(func() {
		w.server.Close()
		tasks.Stop()
		w.runner.Stop()
		end()
		w.must(w.store.Close())
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	w.send("PUT", group, `{"location":"West US"}`, 201)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// send makes a request and wants a status; it gives the decoded answer.
func (w *world) send(method, path, body string, want int) map[string]any {
	w.t.Helper()
	answer, _ := w.receive(method, path, body, want)
	return answer
}

// receive does so and gives the answer's header, too.
func (w *world) receive(method, path, body string, want int) (map[string]any, http.Header) {
	w.t.Helper()
	return w.client().Want(w.t, method, path, body, want)
}

// client calls the server.
func (w *world) client() armtest.Client {
	return armtest.Client{Server: w.server, APIVersion: apiVersion}
}

// pages reads a list to its end and gives the names of its entries.
func (w *world) pages(path string) (names []string) {
	w.t.Helper()
	for path != "" {
		answer := w.send("GET", path, "", 200)
		for _, entry := range answer["value"].([]any) {
			names = append(names, get(entry.(map[string]any), "name").(string))
		}
		next, _ := answer["nextLink"].(string)
		_, path, _ = strings.Cut(next, w.server.URL)
		path = strings.ReplaceAll(path, "api-version="+apiVersion, "") // send adds it
	}
	return names
}

// refused makes a request that must fail with a status and a code.
func (w *world) refused(method, path, body string, status int, code string) {
	w.t.Helper()
	answer := w.send(method, path, body, status)
	if got := get(answer, "error", "code"); got != code {
		w.t.Errorf("%s %s: code %v, want %s (%v)", method, path, got, code, get(answer, "error", "message"))
	}
}

// get walks into a decoded answer.
func get(v any, names ...any) any {
	for _, name := range names {
		switch name := name.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[name]
		case int:
			l, _ := v.([]any)
			if name >= len(l) {
				return nil
			}
			v = l[name]
		}
	}
	return v
}

// eventually waits until a GET says something.
func (w *world) eventually(path string, want any, names ...any) (answer map[string]any) {
	w.t.Helper()
	w.until(fmt.Sprintf("GET %s: %v is %v", path, names, want), func() bool {
		answer = w.send("GET", path, "", 200)
		return get(answer, names...) == want
	})
	return answer
}

// until polls, as a client does, until something is so.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("it did not come true: %s", what)
		}
	}
}

// network makes a virtual network with the four subnets of an environment, with the
// SDK, and returns their IDs.
func (w *world) network(name string) []string {
	w.t.Helper()
	ctx := context.Background()
	networks, err := armnetwork.NewVirtualNetworksClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	put, err := networks.BeginCreateOrUpdate(ctx, "g", name, armnetwork.VirtualNetwork{Location: to.Ptr("westus"),
		Properties: &armnetwork.VirtualNetworkPropertiesFormat{AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: []*string{to.Ptr("10.0.0.0/22")}}}}, nil)
	w.must(err)
	_, err = put.PollUntilDone(ctx, nil)
	w.must(err)
	subnets, err := armnetwork.NewSubnetsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	var ids []string
	for i, prefix := range []string{"10.0.1.0/26", "10.0.1.64/26", "10.0.1.128/26", "10.0.1.192/26"} {
		properties := &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr(prefix)}
		if i == 0 {
			properties.Delegations = []*armnetwork.Delegation{{Name: to.Ptr("integrationServiceEnvironments"),
				Properties: &armnetwork.ServiceDelegationPropertiesFormat{ServiceName: to.Ptr("Microsoft.Logic/integrationServiceEnvironments")}}}
		}
		put, err := subnets.BeginCreateOrUpdate(ctx, "g", name, "Subnet"+string(rune('1'+i)), armnetwork.Subnet{Properties: properties}, nil)
		w.must(err)
		s, err := put.PollUntilDone(ctx, nil)
		w.must(err)
		ids = append(ids, *s.ID)
	}
	return ids
}
