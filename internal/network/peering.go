package network

import (
	"context"
	"slices"
	"strconv"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// Virtual network peerings (network.md §A1, §A5, §A9). Each of the two networks has its
// own side: the first one is Initiated; with the second both are Connected, and flows
// pass; when one goes, the other is Disconnected until it is written anew. A side knows
// the other network's address space as it was when the side was last brought in sync;
// routes lead to that.

const (
	typePeerings = typeNetworks + "/virtualNetworkPeerings"

	peeringInitiated    = "Initiated"
	peeringConnected    = "Connected"
	peeringDisconnected = "Disconnected"

	maxPeerings = 500 // of a network (§A1)
)

// Peering is one network's side of a peering, as stored. Its state is written together
// with the other side's.
type Peering struct {
	Version       int      `json:"v"`
	GUID          string   `json:"guid"`   // of both sides
	Remote        string   `json:"remote"` // ID of the other network
	State         string   `json:"state"`
	Space         []string `json:"space"`            // of the other network, when last in sync
	Closed        bool     `json:"closed,omitempty"` // allowVirtualNetworkAccess is false
	Forwarded     bool     `json:"forwarded,omitempty"`
	Transit       bool     `json:"transit,omitempty"`
	RemoteGateway bool     `json:"remoteGateway,omitempty"`
	Unverified    bool     `json:"unverified,omitempty"` // doNotVerifyRemoteGateways
	// Partial peerings are of some subnets of each network, by name, perhaps of their IPv6
	// ranges alone; Space then has the ranges of the remote ones.
	Partial       bool     `json:"partial,omitempty"`
	Subnets       []string `json:"subnets,omitempty"`
	RemoteSubnets []string `json:"remoteSubnets,omitempty"`
	OnlyIPv6      bool     `json:"onlyIPv6,omitempty"`
}

type peeringBody struct {
	Remote        *reference `json:"remoteVirtualNetwork"`
	Access        *bool      `json:"allowVirtualNetworkAccess"`
	Forwarded     bool       `json:"allowForwardedTraffic"`
	Transit       bool       `json:"allowGatewayTransit"`
	RemoteGateway bool       `json:"useRemoteGateways"`
	Unverified    bool       `json:"doNotVerifyRemoteGateways"`
	Complete      *bool      `json:"peerCompleteVnets"`
	Subnets       []string   `json:"localSubnetNames"`
	RemoteSubnets []string   `json:"remoteSubnetNames"`
	OnlyIPv6      bool       `json:"enableOnlyIPv6Peering"`
}

// putPeering creates or replaces one side; the query syncRemoteAddressSpace brings it in
// sync.
func putPeering(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	form := readPeering(r.ID.Name(), r.Properties(), "properties", &found)
	if form == nil {
		return nil, found.Err()
	}
	parent, _ := r.ID.Parent()
	n, err := peeredNetworkOf(tx, parent)
	if err != nil {
		return nil, err
	}
	n.now = r.Now
	n.sync, _ = strconv.ParseBool(r.Query.Get("syncremoteaddressspace"))
	if err := n.establish(r.ID.Name(), form, "properties", &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := touch(tx, parent.Key(), r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readPeering makes the stored form of a request and checks it by itself; target is the
// path of its properties.
func readPeering(name string, properties expr.Value, target string, found *arm.Found) *Peering {
	ruleNaming.check(name, inside(targetParent(target), "name"), found)
	var body peeringBody
	if !found.Decode(properties, &body, target, codeFormat) {
		return nil
	}
	if body.Remote.id() == "" {
		found.Add(codeFormat, target+".remoteVirtualNetwork", "Peering %s has no remoteVirtualNetwork. Give the ID of the virtual network to peer with.", name)
	}
	form := &Peering{Version: formVersion, Remote: body.Remote.id(), Closed: body.Access != nil && !*body.Access, Forwarded: body.Forwarded, Transit: body.Transit,
		RemoteGateway: body.RemoteGateway, Unverified: body.Unverified, Partial: body.Complete != nil && !*body.Complete}
	body.readSubnets(name, form, target, found)
	return form
}

// peered is a network whose peerings are written.
type peered struct {
	tx       *store.Tx
	id       arm.ID
	space    []string         // as it will be
	subnets  []nested[Subnet] // as they will be; nil: as they are
	peerings []nested[Peering]
	now      time.Time
	sync     bool // bring in sync what is written
}

func peeredNetworkOf(tx *store.Tx, id arm.ID) (*peered, error) {
	r, err := arm.Load(tx, id.Key())
	if err != nil {
		return nil, err
	}
	form, err := decode[Network](r)
	if err != nil {
		return nil, err
	}
	n := &peered{tx: tx, id: id, space: form.Space}
	n.peerings, err = children[Peering](tx, id, typePeerings)
	return n, err
}

// establish checks one side and completes it: with the state that the two have together,
// which the other side is given as well.
func (n *peered) establish(name string, form *Peering, target string, found *arm.Found) error {
	old := find(n.peerings, name)
	if old == nil && len(n.peerings) >= maxPeerings {
		found.Add("VnetPeeringCountLimitReached", target, "Virtual network %s has %d peerings already; no more are allowed.", n.id, maxPeerings)
	}
	remote, err := n.remote(form, target, found)
	if remote == nil || err != nil {
		return err
	}
	if old != nil && !arm.SameID(old.form.Remote, form.Remote) {
		found.Add("ChangingRemoteVirtualNetworkNotAllowed", target+".remoteVirtualNetwork", "The remote virtual network of peering %s cannot be changed from %s to %s. Delete the peering, and create it anew.", old.ID, old.form.Remote, form.Remote)
		return nil
	}
	back := remote.toward(n.id)
	if err := n.checkRemote(name, form, remote, back, target, found); err != nil {
		return err
	}
	if err := n.checkGateways(name, form, remote, back, target, found); err != nil {
		return err
	}
	if err := n.checkPartial(name, form, remote, old, back, target, found); err != nil {
		return err
	}
	if len(*found) > 0 {
		return nil
	}
	form.State, form.GUID = peeringInitiated, arm.NewGUID()
	if form.Space, err = remote.peeredSpace(form, form.RemoteSubnets); err != nil {
		return err
	}
	if old != nil {
		form.GUID = old.form.GUID
		if old.form.State != peeringDisconnected && !n.sync && form.sameSubnets(old.form) {
			form.Space = old.form.Space
		}
	}
	if back == nil {
		return nil
	}
	form.State, form.GUID = peeringConnected, back.form.GUID
	if back.form.State == peeringConnected {
		return nil
	}
	back.form.State = peeringConnected
	if back.form.Space, err = n.peeredSpace(back.form, back.form.RemoteSubnets); err != nil {
		return err
	}
	return remote.save(back)
}

// remote reads the network that a side leads to, and gives the reference its spelling;
// nil, reported, if it is not there.
func (n *peered) remote(form *Peering, target string, found *arm.Found) (*peered, error) {
	if form.Remote == "" {
		return nil, nil // reported
	}
	at := target + ".remoteVirtualNetwork.id"
	id, err := arm.ParseID(form.Remote)
	if err != nil || !isOf(form.Remote, typeNetworks) {
		found.Add(codeReference, at, "Resource %s referenced by resource %s is not the ID of a resource of type %s.", form.Remote, n.id, typeNetworks)
		return nil, nil
	}
	if arm.SameID(form.Remote, n.id.String()) {
		found.Add("VnetCannotPeerWithItself", at, "Virtual network %s cannot be peered with itself. Give another virtual network.", n.id)
		return nil, nil
	}
	remote, err := peeredNetworkOf(n.tx, id)
	if isMissing(err) {
		found.Add(codeReference, at, "Resource %s referenced by resource %s was not found. Please make sure that the referenced resource exists.", form.Remote, n.id)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	resource, err := arm.Load(n.tx, id.Key())
	if err != nil {
		return nil, err
	}
	form.Remote, remote.now = resource.ID, n.now
	remote.id, err = arm.ParseID(resource.ID)
	return remote, err
}

// toward is the network's side of its peering with another one; nil if it has none.
func (n *peered) toward(other arm.ID) *nested[Peering] {
	i := slices.IndexFunc(n.peerings, func(p nested[Peering]) bool { return arm.SameID(p.form.Remote, other.String()) })
	if i < 0 {
		return nil
	}
	return &n.peerings[i]
}

// save stores a side whose form has been changed.
func (n *peered) save(p *nested[Peering]) (err error) {
	if p.Body, err = encode(p.form); err != nil {
		return err
	}
	p.ETag, p.Changed = arm.NewETag(), n.now
	if err := arm.Save(n.tx, p.Resource); err != nil {
		return err
	}
	return touch(n.tx, n.id.Key(), n.now)
}

func deletePeering(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[Peering](r.Old)
	if err != nil {
		return err
	}
	parent, _ := r.ID.Parent()
	if err := disconnect(tx, parent, form, r.Now); err != nil || r.Cascade {
		return err
	}
	return touch(tx, parent.Key(), r.Now)
}

// disconnect tells the other side of a peering that one is going.
func disconnect(tx *store.Tx, network arm.ID, form *Peering, now time.Time) error {
	id, err := arm.ParseID(form.Remote)
	if err != nil {
		return err
	}
	remote, err := peeredNetworkOf(tx, id)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	remote.now = now
	back := remote.toward(network)
	if back == nil || back.form.State != peeringConnected {
		return nil
	}
	back.form.State = peeringDisconnected
	return remote.save(back)
}

func viewPeering(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, id, err := decodeAt[Peering](r)
	if err != nil {
		return expr.Null(), err
	}
	parent, _ := id.Parent()
	view, err := form.view(tx, parent)
	return properties(view), err
}

// view is the side as it is served. Which addresses are in sync follows from both sides
// and both networks.
func (p *Peering) view(tx *store.Tx, network arm.ID) (expr.Value, error) {
	local, err := peeredNetworkOf(tx, network)
	if err != nil {
		return expr.Null(), err
	}
	nowHere, err := local.peeredSpace(p, p.Subnets)
	if err != nil {
		return expr.Null(), err
	}
	localSpace, remoteSpace := nowHere, p.Space // what the two sides hold of the networks
	nowThere := p.Space
	id, err := arm.ParseID(p.Remote)
	if err != nil {
		return expr.Null(), err
	}
	remote, err := peeredNetworkOf(tx, id)
	switch {
	case isMissing(err):
	case err != nil:
		return expr.Null(), err
	default:
		if nowThere, err = remote.peeredSpace(p, p.RemoteSubnets); err != nil {
			return expr.Null(), err
		}
		if back := remote.toward(network); back != nil && p.State == peeringConnected {
			localSpace = back.form.Space
		}
	}
	var f fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", p.GUID)
	f.text("peeringState", p.State)
	f.text("peeringSyncLevel", syncLevel(slices.Equal(localSpace, nowHere), slices.Equal(remoteSpace, nowThere)))
	f.add("remoteVirtualNetwork", idObject(p.Remote))
	f.add("allowVirtualNetworkAccess", expr.Bool(!p.Closed))
	f.add("allowForwardedTraffic", expr.Bool(p.Forwarded))
	f.add("allowGatewayTransit", expr.Bool(p.Transit))
	f.add("useRemoteGateways", expr.Bool(p.RemoteGateway))
	f.add("doNotVerifyRemoteGateways", expr.Bool(p.Unverified))
	f.add("peerCompleteVnets", expr.Bool(!p.Partial))
	if p.Partial {
		f.texts("localSubnetNames", p.Subnets)
		f.texts("remoteSubnetNames", p.RemoteSubnets)
		f.add("enableOnlyIPv6Peering", expr.Bool(p.OnlyIPv6))
	}
	for _, space := range []struct {
		name     string
		prefixes []string
	}{{"localAddressSpace", localSpace}, {"localVirtualNetworkAddressSpace", nowHere}, {"remoteAddressSpace", remoteSpace}, {"remoteVirtualNetworkAddressSpace", nowThere}} {
		var inner fields
		inner.texts("addressPrefixes", space.prefixes)
		f.add(space.name, inner.value())
	}
	return f.value(), nil
}

// syncLevel says which network's address space the sides do not hold as it is.
func syncLevel(local, remote bool) string {
	switch {
	case local && remote:
		return "FullyInSync"
	case remote:
		return "LocalNotInSync"
	case local:
		return "RemoteNotInSync"
	}
	return "LocalAndRemoteNotInSync"
}

// peerings reads the connected peerings of a network.
func (r *reader) peerings(network arm.Resource, n *netpol.VirtualNetwork) {
	inner(r, network, typePeerings, func(side arm.Resource, form *Peering) error {
		if form.State != peeringConnected {
			return nil
		}
		p := netpol.Peering{ID: side.ID, Remote: referenceID(form.Remote), Access: !form.Closed, Forwarded: form.Forwarded, Transit: form.Transit, RemoteGateway: form.RemoteGateway}
		p.Space = prefixes(form.Space)
		if form.Partial {
			r.narrow(network, form, &p)
		}
		n.Peerings = append(n.Peerings, p)
		return nil
	})
}
