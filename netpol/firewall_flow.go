package netpol

import (
	"net/netip"
	"slices"
)

// A flow at a firewall passes, in this order (network.md §A6): the list of threats; NAT
// rules, which may give it another destination; network rules; application rules. The
// first rule that matches decides, and what a NAT rule has translated passes unless a
// network rule denies it where it goes to. What no rule allows is denied.

// filter judges the flow by a firewall, which may give it other ends.
func (w *walk) filter(at *place) bool {
	fw := at.firewall
	w.stage, w.place, w.firewall, w.netRule = StageFirewall, at, fw, nil
	w.host = ""
	if mode := fw.threats.find(&w.flow); mode != ThreatOff {
		w.threat = mode
		if mode == ThreatDeny {
			return w.stop(StageFirewall, KnownThreat)
		}
	}
	translated := w.inward(fw)
	if w.netRule != nil && !translated {
		return w.stop(StageFirewall, NameNotLookedUp)
	}
	if slices.Contains(fw.publics, w.flow.Destination) {
		return w.stop(StageFirewall, NoRuleMatched)
	}
	switch i, host := fw.networkRule(&w.flow); {
	case i >= 0:
		if translated {
			w.record(Allow)
		}
		w.netRule, w.host = &fw.network.rules[i], host
	case !translated && !w.byName(fw):
		return false
	}
	if w.netRule.action == Allow {
		w.outward(fw, translated || w.netRule.kind == ApplicationKind)
	}
	w.record(w.netRule.action)
	return w.netRule.action == Allow
}

// inward translates the destination, if a NAT rule says so. Where the rule leads to a name
// that the firewall does not know, it is noted and nothing is translated.
func (w *walk) inward(fw *firewall) bool {
	i := fw.nat.all.find(&w.flow)
	if i < 0 || !slices.Contains(fw.publics, w.flow.Destination) {
		return false
	}
	w.netRule = &fw.nat.rules[i]
	to := w.netRule.to
	if name := w.netRule.toName; name != "" {
		w.host = name
		at := fw.known.by[name].To
		if !at.IsValid() {
			return false
		}
		to = netip.AddrPortFrom(at, to.Port())
	}
	w.dnat = to
	w.flow.Destination, w.flow.DestinationPort = w.dnat.Addr(), w.dnat.Port()
	w.target = nil
	return true
}

// outward translates the source: to the public address, or where replies must come back
// to the firewall to its private one.
func (w *walk) outward(fw *firewall, always bool) {
	var as netip.Addr
	switch {
	case fw.translates(w.flow.Destination):
		as = fw.public
	case always:
		as = fw.address
	default:
		return
	}
	w.flow.Source, w.snat = as, as
}

// byName judges by application rules; it returns false where none has decided.
func (w *walk) byName(fw *firewall) bool {
	app := &w.flow.Application
	for i := fw.application.all.find(&w.flow); i >= 0; i = fw.application.all.next(&w.flow, i+1) {
		r := &fw.application.rules[i]
		switch {
		case !r.speaks(app.Protocol, w.flow.DestinationPort):
			continue
		case app.Name == "" && !(w.anyName && r.names.any):
			return w.stop(StageFirewall, NameUnknown)
		case app.Name != "" && !r.names.has(app.Name):
			continue
		}
		w.netRule, w.named = r, true
		return true
	}
	return w.stop(StageFirewall, NoRuleMatched)
}

// publicly follows a flow from outside that comes to a public address of a firewall.
func (w *walk) publicly(at *place) bool {
	return w.filter(at) && w.forward(at) && (w.end == nil || w.ends&inGroups == 0 || w.enter(w.end))
}
