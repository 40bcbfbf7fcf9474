package logic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

func (s *Service) environmentType() arm.Type {
	return arm.Type{
		Name: environmentType, APIVersions: versions(), Tracked: true,
		MissingCode: "IntegrationServiceEnvironmentNotFound", BusyCode: "IntegrationServiceEnvironmentOperationInProgress", Running: "Pending",
		ValidName: anyName, Linked: "join/action",
		Put: s.putEnvironment, Patch: s.patchEnvironment, Delete: s.deleteEnvironment, View: s.viewEnvironment,
		List:  &arm.ListSpec{},
		Names: []string{networkType}, Followed: s.followNetwork,
		ReadOnly: append([]string{"properties.integrationServiceEnvironmentId", "properties.networkHealth", "properties.networkConfiguration.isolation", "properties.endpointsConfiguration"}, identityReadOnly()...),
		Actions:  map[string]arm.Handler{"restart": s.restartEnvironment, "health/network/trace": s.traceFlow, "listIdentityEndpoint": s.listIdentityEndpoint},
		Reads: map[string]arm.Handler{
			"skus":                        func(context.Context, *arm.Request) (*arm.Response, error) { return arm.Reply(list(skus())), nil },
			"throughput":                  s.readThroughput,
			"runs":                        s.listEnvironmentRuns,
			"health/network":              s.readHealth,
			"network":                     s.readHealth,
			"health/network/history":      s.readHealthHistory,
			"health/network/missingRules": s.readMissingRules,
		},
	}
}

// versions are the api-versions that providers show (logic-api §5.3).
func versions() []string {
	return []string{"2019-05-01", "2018-07-01-preview", "2018-03-01-preview", "2017-07-01", "2016-10-01", "2016-06-01", "2015-08-01-preview", "2015-02-01-preview", "2014-12-01-preview"}
}

// anyName leaves names to the types' own rules, which report them together with
// all else.
func anyName(string) *arm.Error { return nil }

func list(values expr.Value) expr.Value { return object(member("value", values)) }

// environmentBody is the request of an environment, as far as it is read.
type environmentBody struct {
	SKU *struct {
		Name     string `json:"name"`
		Capacity *int64 `json:"capacity"`
	} `json:"sku"`
	Properties struct {
		Network struct {
			AccessEndpoint *struct {
				Type string `json:"type"`
			} `json:"accessEndpoint"`
			Subnets *[]idBody `json:"subnets"`
		} `json:"networkConfiguration"`
		Encryption   expr.Value              `json:"encryptionConfiguration"`
		Certificates map[string]*certificate `json:"certificates"`
	} `json:"properties"`
	Identity *identityBody `json:"identity"`
}

type identityBody struct {
	Type string                `json:"type"`
	User map[string]expr.Value `json:"userAssignedIdentities"`
}

// putEnvironment creates an environment, or changes its capacity, certificates,
// identity and tags.
func (s *Service) putEnvironment(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	return s.changeEnvironment(tx, r, false)
}

// patchEnvironment changes only what the request gives.
func (s *Service) patchEnvironment(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	return s.changeEnvironment(tx, r, true)
}

func (s *Service) changeEnvironment(tx *store.Tx, r *arm.PutRequest, patch bool) (*arm.Written, error) {
	var found arm.Found
	body := new(environmentBody)
	if !found.Decode(r.Body, body, "", wdl.CodeInvalidRequestContent) {
		return nil, found.Err()
	}
	form, fresh, err := s.environmentForm(r)
	if err != nil {
		return nil, err
	}
	w := body.wanted(r, form, patch)
	checkWanted(w, &found)
	body.checkRest(&found)
	body.checkEncryption(form, fresh, &found)
	if err := s.checkAssigned(tx, form.Identity, body.Identity, &found); err != nil {
		return nil, err
	}
	if fresh {
		if err := s.place(tx, r, w, form, &found); err != nil {
			return nil, err
		}
	} else {
		checkUnchanged(form, w, &found)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	form.SKU, form.Endpoint, form.Location = w.sku, w.endpoint, r.Location
	if w.capacity != nil {
		form.Capacity = *w.capacity
	}
	form.carry(r.Body, body)
	if fresh {
		if err := s.occupy(tx, r, form); err != nil {
			return nil, err
		}
	}
	stored, err := json.Marshal(form)
	if err != nil {
		return nil, err
	}
	r.Operation = operationID("PutIntegrationServiceEnvironment", sequenceID(r.Now))
	r.Async(KindEnvironment, nil)
	return &arm.Written{Body: stored}, nil
}

// environmentForm is the form to be changed: the stored one, or a fresh one for an
// environment that is new or whose creation has failed.
func (s *Service) environmentForm(r *arm.PutRequest) (form *environment, fresh bool, err error) {
	if r.Old == nil {
		return &environment{Version: formVersion, ID: newID(), Settings: object()}, true, nil
	}
	form, err = decode[environment](r.Old.Resource)
	if err != nil {
		return nil, false, err
	}
	return form, !form.Ready, nil
}

// wanted is what the request asks for. In a PATCH what is not given stays.
func (b *environmentBody) wanted(r *arm.PutRequest, old *environment, patch bool) *wanted {
	w := &wanted{name: r.ID.Name(), location: r.Location}
	if patch {
		w.sku, w.endpoint, w.subnets = old.SKU, old.Endpoint, old.Subnets
	}
	if b.SKU != nil {
		if b.SKU.Name != "" || !patch {
			w.sku = b.SKU.Name
		}
		w.capacity = b.SKU.Capacity
	}
	if !patch && w.capacity == nil {
		w.capacity = new(int64)
	}
	if e := b.Properties.Network.AccessEndpoint; e != nil {
		w.endpoint = e.Type
	}
	if list := b.Properties.Network.Subnets; list != nil {
		w.subnets = make([]string, len(*list))
		for i := range *list {
			w.subnets[i] = (*list)[i].ID
		}
	}
	return w
}

// checkRest checks what concerns neither SKU nor network.
func (b *environmentBody) checkRest(found *arm.Found) {
	checkCertificates(b.Properties.Certificates, found)
	checkIdentity(b.Identity, found)
}

func checkIdentity(b *identityBody, found *arm.Found) {
	if b == nil {
		return
	}
	typ, ok := arm.Choice(b.Type, "None", "SystemAssigned", "UserAssigned")
	if !ok {
		found.Add("InvalidIdentityType", "identity.type", "The identity type '%s' is invalid. Choose SystemAssigned, UserAssigned or None.", b.Type)
	}
	if typ == "UserAssigned" && len(b.User) == 0 {
		found.Add("InvalidIdentityType", "identity.userAssignedIdentities", "An identity of type UserAssigned names at least one user-assigned identity.")
	}
	for id := range b.User {
		if parsed, err := arm.ParseID(id); err != nil || !strings.EqualFold(parsed.Type(), userIdentityType) {
			found.Add("InvalidIdentityId", "identity.userAssignedIdentities", "'%s' is not the resource ID of a user-assigned identity: it must look like '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/%s/{name}'.", id, userIdentityType)
		}
	}
}

// carry stores the members that are kept as given.
func (e *environment) carry(body expr.Value, b *environmentBody) {
	properties, _ := body.Get("properties")
	for _, name := range carriedEnvironment {
		if v, ok := properties.Get(name); ok && !(name == memberEncryption && v.IsNull()) {
			e.Settings = e.Settings.With(name, v)
		}
	}
	if b.Identity != nil {
		e.Identity = e.Identity.with(b.Identity)
	}
}

// place checks the subnets that a new environment names and notes their ranges.
func (s *Service) place(tx *store.Tx, r *arm.PutRequest, w *wanted, form *environment, found *arm.Found) error {
	subnets := make([]*Subnet, len(w.subnets))
	for i, id := range w.subnets {
		if _, ok := networkOf(id); !ok {
			return nil // reported already
		}
		subnet, err := s.config.Subnets.Subnet(tx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil {
			subnets[i] = subnet
		}
	}
	checkSubnets(w, r.ID.String(), subnets, found)
	if len(*found) > 0 {
		return nil
	}
	form.Subnets, form.Ranges = w.subnets, nil
	for i, subnet := range subnets {
		form.Ranges = append(form.Ranges, firstV4(subnet.Ranges).String())
		if delegated(subnet) {
			form.Delegated = i
		}
	}
	return s.takeNameServers(tx, form)
}

func firstV4(ranges []netip.Prefix) netip.Prefix {
	for _, p := range ranges {
		if p.Addr().Is4() {
			return p
		}
	}
	return netip.Prefix{}
}

func delegated(s *Subnet) bool {
	for _, service := range s.Delegations {
		if isDelegation(service) {
			return true
		}
	}
	return false
}

// occupy marks the subnets as used by the environment: the delegated one with a
// service association link, the others with navigation links (network.md §A2).
func (s *Service) occupy(tx *store.Tx, r *arm.PutRequest, form *environment) error {
	owner := r.ID.String()
	components := [subnetCount]string{environmentType, "Microsoft.Web/hostingEnvironments", "Microsoft.ApiManagement/service", "Microsoft.Cache/redis"}
	for i, subnet := range form.Subnets {
		l := Link{Name: "integrationServiceEnvironment-" + form.ID, Owner: owner, Type: components[i], Location: r.Location, Addresses: form.addresses(i)}
		if i == form.Delegated {
			l.Association, l.Type = true, environmentType
		}
		if err := s.config.Subnets.Link(tx, subnet, l, r.Now); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() { s.placements.drop(form.ID) })
	return tx.PutSetting(environmentSetting(form.ID), []byte(r.ID.Key()))
}

// leave ends the environment's being somewhere: at once, but that its subnets are released
// after the delay that the server may have been given (ise.md #47 to #50).
func (s *Service) leave(tx *store.Tx, owner string, form *environment) error {
	if s.config.ReleaseDelay <= 0 {
		if err := s.releaseSubnets(tx, owner, form.Subnets); err != nil {
			return err
		}
	} else if err := s.releaseLater(tx, owner, form); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.placements.drop(form.ID) })
	if err := dropHealth(tx, form.ID); err != nil {
		return err
	}
	return dropSetting(tx, environmentSetting(form.ID))
}

// environmentSetting names the key of an environment's resource by its id.
func environmentSetting(id string) string { return "environment/" + id }

// addresses are those of its components in one of the subnets, from the fifth on:
// the first subnet holds the access endpoint and the built-in operations.
func (e *environment) addresses(subnet int) []string {
	ranges := e.ranges()
	if subnet >= len(ranges) {
		return nil
	}
	const firstUsable = 4
	address := ranges[subnet].Masked().Addr()
	for range firstUsable {
		address = address.Next()
	}
	if subnet == 0 {
		return []string{address.String(), address.Next().String()}
	}
	return []string{address.String()}
}

// deleteEnvironment refuses while workflows or integration accounts are in the environment. It releases the
// subnets at once; the database is removed by a task.
func (s *Service) deleteEnvironment(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[environment](r.Old.Resource)
	if err != nil {
		return err
	}
	members, err := tx.Settings(residentPrefix(form.ID))
	if err != nil {
		return err
	}
	if len(members) > 0 {
		first, err := tx.Setting(members[0])
		if err != nil {
			return err
		}
		return arm.Conflict("IntegrationServiceEnvironmentNotEmpty", "", "The integration service environment '%s' cannot be deleted: %d workflows and integration accounts are in it, '%s' among them. Delete them first.", r.ID.Name(), len(members), first)
	}
	if err := s.leave(tx, r.Old.ID, form); err != nil {
		return err
	}
	r.Teardown(KindRemoval, []byte(form.ID))
	return nil
}

// restartEnvironment: nothing of an environment lives longer than a request but
// its runs, which go on; so a restart has nothing to wait for. It takes up the name
// servers of the network.
func (s *Service) restartEnvironment(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[environment](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	if !form.Ready {
		return nil, arm.Conflict("IntegrationServiceEnvironmentNotReady", "", "The integration service environment '%s' is in state %s and cannot be restarted. Wait until it is Succeeded.", r.ID.Name(), r.Resource.State)
	}
	return nil, s.refresh(ctx, r)
}

func (s *Service) viewEnvironment(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[environment](r.Resource)
	if err != nil {
		return expr.Null(), err
	}
	health, since, err := s.healthNow(tx, r.Key, form)
	if err != nil {
		return expr.Null(), err
	}
	var f fields
	f.text("provisioningState", r.State)
	f.text("state", environmentState(health, since, s.now()))
	f.text("integrationServiceEnvironmentId", form.ID)
	if form.Ready {
		f.add("networkHealth", object(member("state", expr.String(health)), member("since", expr.String(timestamp(since)))))
		f.add("endpointsConfiguration", s.endpoints(form))
	}
	f.add("networkConfiguration", s.networkConfiguration(form))
	for name, v := range form.Settings.Members() {
		f.add(name, v)
	}
	view := fields{
		member("properties", f.value()),
		member("sku", object(member("name", expr.String(form.SKU)), member("capacity", expr.Int(form.Capacity)))),
	}
	err = s.showIdentity(tx, &view, form.Identity)
	return view.value(), err
}

// endpoints are the environment's addresses (logic-api §3.2): workflows are reached
// and call out in the first subnet, connectors in the second and third. Outgoing ones
// are claimed only when egress makes them true.
func (s *Service) endpoints(e *environment) expr.Value {
	of := func(access, outgoing expr.Value) expr.Value {
		return object(member("outgoingIpAddresses", outgoing), member("accessEndpointIpAddresses", access))
	}
	return object(
		member("workflow", of(addressList(e.addresses(0)[:1]), addressList(s.outgoing(e, 0)))),
		member("connector", of(addressList(e.addresses(1)), addressList(s.outgoing(e, 1, 2)))))
}

// outgoing are the static addresses as which the flows of some subnets leave.
func (s *Service) outgoing(e *environment, subnets ...int) []string {
	var list []string
	for _, a := range s.outgoingAddresses(e, subnets...) {
		list = append(list, a.String())
	}
	return list
}

func (s *Service) outgoingAddresses(e *environment, subnets ...int) []netip.Addr {
	var list []netip.Addr
	for _, i := range subnets {
		if s.config.Policies == nil || i >= len(e.Subnets) {
			continue
		}
		network, _ := networkOf(e.Subnets[i])
		for _, a := range s.config.Policies.Outgoing(network, e.Subnets[i]) {
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	return list
}

// addressList is a list of addresses as the API shows it: always an array.
func addressList(list []string) expr.Value {
	values := make([]expr.Value, len(list))
	for i, a := range list {
		values[i] = object(member("address", expr.String(a)))
	}
	return expr.Array(values...)
}

// networkConfiguration shows, besides what the request gave, the name servers that are
// in use and how much of the policy is enforced.
func (s *Service) networkConfiguration(e *environment) expr.Value {
	subnets := make([]expr.Value, len(e.Subnets))
	for i, id := range e.Subnets {
		network, _ := networkOf(id)
		subnets[i] = reference(id, lastSegment(network)+"/"+lastSegment(id), subnetType)
	}
	f := fields{
		member("accessEndpoint", object(member("type", expr.String(e.Endpoint)))),
		member("subnets", expr.Array(subnets...)),
	}
	servers := make([]string, len(e.DNS))
	for i, a := range e.DNS {
		servers[i] = a.String()
	}
	f.add("dnsServers", texts(servers...))
	if s.config.Isolation != nil {
		f.add("isolation", s.config.Isolation(e.ID).value())
	}
	return f.value()
}

// value is the report as the API shows it.
func (i Isolation) value() expr.Value {
	return object(member("mode", expr.String(i.Mode)), member("isolated", expr.Bool(i.Isolated)), member("reasons", texts(i.Reasons...)))
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func loadEnvironment(tx *store.Tx, id string) (*environment, error) {
	r, err := arm.Load(tx, id)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(r.Type, environmentType) {
		return nil, fmt.Errorf("%s is no integration service environment: %w", id, store.ErrNotFound)
	}
	return decode[environment](r.Resource)
}
