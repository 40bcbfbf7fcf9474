package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// Troubleshooting of a virtual network gateway (armnetwork TroubleshootingResult): what
// keeps flows from what lies behind it, as far as the policy and the kernel know. No
// tunnel ends here, so there is nothing about tunnels. The last result of each gateway is
// kept with the watcher, and goes with it.

type troubleshootBody struct {
	Target     string `json:"targetResourceId"`
	Properties struct {
		StorageID   string `json:"storageId"`
		StoragePath string `json:"storagePath"`
	} `json:"properties"`
}

// Troubleshot is the last result about a gateway, as stored.
type Troubleshot struct {
	Gateway string         `json:"gateway"` // its GUID: another one of the name has another
	Start   time.Time      `json:"start"`
	End     time.Time      `json:"end"`
	Faults  []GatewayFault `json:"faults,omitempty"` // none: it is healthy
	Detail  string         `json:"detail"`           // of a healthy one
}

// GatewayFault is something that keeps flows from what lies behind a gateway.
type GatewayFault struct {
	ID      string   `json:"id"` // as Azure's, where one means the same
	Summary string   `json:"summary"`
	Detail  string   `json:"detail"`
	Actions []string `json:"actions"`
}

// maxFaults bounds the faults that a result tells.
const maxFaults = 100

// Faults of gateways. The first three are Azure's.
const (
	faultPlatform  = "PlatformInActive"
	faultService   = "ServiceNotRunning"
	faultNothing   = "NoConnectionsFoundForGateway"
	faultOverlap   = "AddressRangesOverlap"
	faultRoutes    = "RoutesOverridden"
	noFault        = "NoFault"
	typeConnection = "Microsoft.Network/connections"
	typeStorage    = "Microsoft.Storage/storageAccounts"
)

// troubleshoot answers POST {watcher}/troubleshoot.
func (p *provider) troubleshoot(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body troubleshootBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	gateway, form, err := p.gatewayTarget(ctx, r, body.Target, &found)
	if err != nil {
		return nil, err
	}
	body.checkStorage(&found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	begun, result := time.Now(), &Troubleshot{Gateway: form.GUID, Start: r.Now}
	if err := p.examine(ctx, gateway, form, result); err != nil {
		return nil, err
	}
	result.End = r.Now.Add(time.Since(begun))
	if err := p.keep(ctx, r, gateway, result); err != nil {
		return nil, err
	}
	return arm.Reply(result.view()), nil
}

// checkStorage checks where Azure would put its log. Nothing is put there.
func (b *troubleshootBody) checkStorage(found *arm.Found) {
	id, err := arm.ParseID(b.Properties.StorageID)
	if err != nil || !strings.EqualFold(id.Type(), typeStorage) {
		found.Add(codeFormat, "properties.storageId", "storageId '%s' is not the ID of a storage account. The request needs one, though this server puts nothing there: the whole result is in the answer.", b.Properties.StorageID)
	}
	if u, err := url.Parse(b.Properties.StoragePath); err != nil || !strings.EqualFold(u.Scheme, "https") || u.Host == "" {
		found.Add(codeFormat, "properties.storagePath", "storagePath '%s' is not the https address of a container of blobs.", b.Properties.StoragePath)
	}
}

// troubleshot answers POST {watcher}/queryTroubleshootResult: the last result.
func (p *provider) troubleshot(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body troubleshootBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	gateway, form, err := p.gatewayTarget(ctx, r, body.Target, &found)
	if err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	watcher, err := decode[Watcher](r.Resource)
	if err != nil {
		return nil, err
	}
	result := watcher.Results[gateway.Key]
	if result == nil || result.Gateway != form.GUID {
		return nil, arm.Missing("TroubleshootingResultNotFound", "Network watcher %s has no result about %s. Ask for one first: POST {watcher}/troubleshoot.", r.Resource.ID, gateway.ID)
	}
	return arm.Reply(result.view()), nil
}

// gatewayTarget finds the gateway that a request is about. Who asks must be allowed to
// read it.
func (p *provider) gatewayTarget(ctx context.Context, r *arm.Request, target string, found *arm.Found) (gateway arm.Resource, form *VirtualGateway, err error) {
	const member, what = "targetResourceId", "Give the ID of a virtual network gateway."
	id, err := arm.ParseID(target)
	switch {
	case target == "":
		found.Add(codeFormat, member, "targetResourceId is required. %s", what)
		return gateway, nil, nil
	case err != nil:
		found.Add(codeReference, member, "'%s' is not a resource ID. %s", target, what)
		return gateway, nil, nil
	case strings.EqualFold(id.Type(), typeConnection):
		found.Add(codeReference, member, "The target %s is a connection; the gateways of this server have none, the way behind them is the host's own routing. %s", target, what)
		return gateway, nil, nil
	case !strings.EqualFold(id.Type(), typeGateways):
		found.Add(codeReference, member, "The target %s is of type %s, which is not troubleshot. %s", target, id.Type(), what)
		return gateway, nil, nil
	}
	if action := typeGateways + "/read"; !r.Allowed(action, id.String()) {
		return gateway, nil, r.Forbidden(action, id.String())
	}
	err = p.control.Read(ctx, func(tx *store.Tx) (err error) {
		if gateway, err = arm.Load(tx, id.Key()); err != nil {
			return err
		}
		form, err = decode[VirtualGateway](gateway)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		found.Add(codeReference, member, "The virtual network gateway %s was not found.", id)
		return gateway, nil, nil
	}
	return gateway, form, err
}

// keep stores a result with the watcher, beside those of other gateways; those of gateways
// that are gone leave it.
func (p *provider) keep(ctx context.Context, r *arm.Request, gateway arm.Resource, result *Troubleshot) error {
	return p.control.Write(ctx, func(tx *store.Tx) error {
		watcher, err := arm.Load(tx, r.ID.Key())
		if errors.Is(err, store.ErrNotFound) {
			return arm.NotFound(r.ID)
		}
		if err != nil {
			return err
		}
		form, err := decode[Watcher](watcher)
		if err != nil {
			return err
		}
		kept := map[string]*Troubleshot{gateway.Key: result}
		for key, old := range form.Results {
			if _, err := arm.Load(tx, key); err == nil && key != gateway.Key {
				kept[key] = old
			}
		}
		form.Results = kept
		if watcher.Body, err = encode(form); err != nil {
			return err
		}
		return arm.Save(tx, watcher)
	})
}

// examine looks for what is wrong with a gateway.
func (p *provider) examine(ctx context.Context, gateway arm.Resource, form *VirtualGateway, result *Troubleshot) error {
	s, err := p.policies.Current()
	if err != nil {
		return err
	}
	network, _ := s.content.subnet(form.Subnet)
	if network == nil {
		return fmt.Errorf("network policy: there is no subnet %s", form.Subnet)
	}
	n, ok := s.Policy.Network(network.ID)
	if !ok {
		return fmt.Errorf("network policy: there is no network %s", network.ID)
	}
	var held *Held
	if p.plane != nil {
		if held, err = p.plane.Held(ctx, network.ID); err != nil {
			held = &Held{Problems: []string{err.Error()}} // what is not known is not in force
		}
	}
	behind := behindGateway(gateway, form)
	result.Faults = slices.Concat(held.faults(network.ID), behindFaults(gateway.ID, behind), overlapFaults(network, behind), routeFaults(network, n, behind))
	if len(result.Faults) > maxFaults {
		result.Faults = result.Faults[:maxFaults]
		result.Faults[maxFaults-1].Detail += " There are more faults: mend these, and ask again."
	}
	result.Detail = fmt.Sprintf("What lies behind gateway %s: %s. Flows to it are allowed by routes in every subnet. %s", lastSegment(gateway.ID), joinPrefixes(behind), held.way())
	return nil
}

// behindGateway are the ranges that a gateway says lie behind it.
func behindGateway(gateway arm.Resource, form *VirtualGateway) []netip.Prefix {
	list, _ := parsePrefixes(tagText(gateway.Tags, tagRoutes))
	for _, text := range slices.Concat(form.ClientPool, form.Routes) {
		if p, err := netip.ParsePrefix(text); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// way tells how flows leave by the gateway.
func (h *Held) way() string {
	switch {
	case h == nil:
		return "They leave by the routing of this host."
	case h.Gateway != "":
		return "They leave by the machine " + h.Gateway + ", which is attached as the way there."
	case h.Uplink != "":
		return "They leave by the uplink " + h.Uplink + " of the virtual network."
	}
	return "No machine and no uplink is the way there, so they leave by the routing of this host."
}

// faults are what the kernel lacks of the network, and of who is the way behind its
// gateway.
func (h *Held) faults(network string) (list []GatewayFault) {
	if h == nil {
		return nil
	}
	if !h.InForce() {
		list = append(list, GatewayFault{ID: faultPlatform, Summary: "The kernel does not hold the virtual network of the gateway as it is stored.",
			Detail:  strings.Join(slices.Concat(h.Problems, h.Differences), "; "),
			Actions: []string{"Look at what differs with `isle network status`, and mend what it names; the server tries again each second.", "Read the server's log for what the kernel refused."}})
	}
	for _, machine := range h.Waiting {
		list = append(list, GatewayFault{ID: faultService, Summary: "What the virtual network is joined to is not there.",
			Detail:  fmt.Sprintf("%s is named by a tag of %s, or of an interface in it, and was not found on this host.", machine, network),
			Actions: []string{"Start what is at " + machine + ", or correct the tag isle-attach or isle-uplink that names it."}})
	}
	return list
}

// behindFaults reports a gateway with nothing behind it.
func behindFaults(gateway string, behind []netip.Prefix) []GatewayFault {
	if len(behind) > 0 {
		return nil
	}
	return []GatewayFault{{ID: faultNothing, Summary: "Nothing lies behind the gateway.",
		Detail:  "Gateway " + gateway + " has no client address pool, no custom routes and no tag isle-routes, so no route of the virtual network leads to it.",
		Actions: []string{"Give what lies behind it in properties.customRoutes.addressPrefixes, or in the tag isle-routes."}}}
}

// overlapFaults reports ranges behind the gateway that the network, or one that it is
// peered with, has itself: flows to those never take the gateway.
func overlapFaults(network *netpol.VirtualNetwork, behind []netip.Prefix) (list []GatewayFault) {
	report := func(p netip.Prefix, whose string, space []netip.Prefix) {
		for _, own := range space {
			if own.Overlaps(p) && len(list) <= maxFaults {
				list = append(list, GatewayFault{ID: faultOverlap, Summary: "A range behind the gateway overlaps an address space.",
					Detail:  fmt.Sprintf("%s behind the gateway overlaps %s of %s, so flows to the addresses that they share stay there.", p, own, whose),
					Actions: []string{"Take " + p.String() + " out of what lies behind the gateway, or give one side another address range."}})
			}
		}
	}
	for _, p := range behind {
		report(p, network.ID, network.Space)
		for i := range network.Peerings {
			report(p, network.Peerings[i].Remote, network.Peerings[i].Space)
		}
	}
	return list
}

// routeFaults reports subnets from which a range behind the gateway is not reached by it.
func routeFaults(network *netpol.VirtualNetwork, n *netpol.Network, behind []netip.Prefix) (list []GatewayFault) {
	known := slices.Clone(network.Space) // ranges that are told of already
	for i := range network.Peerings {
		known = append(known, network.Peerings[i].Space...)
	}
	for i := range network.Subnets {
		if len(list) > maxFaults {
			break
		}
		subnet := network.Subnets[i].ID
		routes := n.EffectiveRoutes(subnet)
		for _, p := range behind {
			if slices.ContainsFunc(known, p.Overlaps) || strings.EqualFold(lastSegment(subnet), subnetGateway) {
				continue
			}
			taken := routeOf(routes, p)
			if taken == nil || taken.NextHop == netpol.VirtualNetworkGateway {
				continue
			}
			why := "the route table keeps the gateway's routes out (disableBgpRoutePropagation), and " + taken.Prefix.String() + " leads to " + taken.NextHop.String()
			if id := taken.ID(); id != "" {
				why = "route " + id + " sends " + taken.Prefix.String() + " to " + taken.NextHop.String()
			}
			list = append(list, GatewayFault{ID: faultRoutes, Summary: "A subnet does not reach what lies behind the gateway by it.",
				Detail:  fmt.Sprintf("From subnet %s, flows to %s do not take the gateway: %s.", subnet, p, why),
				Actions: []string{"If that is not meant, remove the route, or the setting, from the route table of the subnet."}})
		}
	}
	return list
}

// routeOf is the active route that flows to a range take, by the longest prefix that
// contains all of it.
func routeOf(routes []netpol.EffectiveRoute, p netip.Prefix) (best *netpol.EffectiveRoute) {
	for i := range routes {
		r := &routes[i]
		if r.Active && r.Prefix.Bits() <= p.Bits() && r.Prefix.Contains(p.Addr()) && (best == nil || r.Prefix.Bits() > best.Prefix.Bits()) {
			best = r
		}
	}
	return best
}

func (t *Troubleshot) view() expr.Value {
	code := "UnHealthy"
	faults := t.Faults
	if len(faults) == 0 {
		code = "Healthy"
		faults = []GatewayFault{{ID: noFault, Summary: "Nothing is wrong with the gateway, as far as the policy and the kernel know.", Detail: t.Detail}}
	}
	results := make([]expr.Value, len(faults))
	for i := range faults {
		results[i] = faults[i].view()
	}
	var f fields
	f.text("startTime", t.Start.UTC().Format(time.RFC3339Nano))
	f.text("endTime", t.End.UTC().Format(time.RFC3339Nano))
	f.text("code", code)
	f.add("results", expr.Array(results...))
	return f.value()
}

func (g *GatewayFault) view() expr.Value {
	actions := make([]expr.Value, len(g.Actions))
	for i, text := range g.Actions {
		var f fields
		f.text("actionText", text)
		actions[i] = f.value()
	}
	var f fields
	f.text("id", g.ID)
	f.text("reasonType", g.ID)
	f.text("summary", g.Summary)
	f.text("detail", g.Detail)
	f.add("recommendedActions", expr.Array(actions...))
	return f.value()
}
