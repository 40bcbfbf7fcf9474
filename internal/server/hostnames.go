package server

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/network"
	"isle/netpol"
)

// What firewalls know of the names in their rules: they look them up, and take notice of
// what their name proxies are told.

const (
	// hostsLook is how often is looked what names there are to be looked up.
	hostsLook = time.Second
	// hostsTimeout bounds the lookup of one name.
	hostsTimeout = 10 * time.Second
	// hostsUnder is how many names a firewall looks up at one time.
	hostsUnder = 16
	// learnedWait bounds how long an answer waits for the kernel to know of it.
	learnedWait = 2 * time.Second
)

// lookedUp keeps the names of firewalls known. A firewall that knows no address of a name
// goes on to try.
type lookedUp struct {
	dataplane.Hosts
	telling sync.Mutex
	failing map[dataplane.Host]string // why a name was not found, as it was logged; guarded by telling
	publish sync.Mutex                // held by who has the policy go by what is known
}

// watchHosts looks up the names that firewalls' rules have, until the context ends.
func (s *Server) watchHosts(ctx context.Context) {
	tick := time.NewTicker(hostsLook)
	defer tick.Stop()
	var lookups hostLookups
	defer lookups.all.Wait()
	for {
		if now, err := s.policies.Current(); err == nil {
			list := now.Policy.FirewallNames()
			s.looked.Want(list)
			s.forgetFailing(list)
			lookups.begin(ctx, s.looked.Due(time.Now()), s.lookUpHost)
			s.publishHosts() // what has expired
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// hostLookups are the lookups that are under way: those of each firewall by themselves, as
// one whose name servers are silent must not keep others waiting.
type hostLookups struct {
	all   sync.WaitGroup
	under map[string]chan struct{} // by firewall: has room for those that are under way
}

// begin begins lookups, and waits for none.
func (l *hostLookups) begin(ctx context.Context, due []dataplane.Host, look func(context.Context, dataplane.Host)) {
	if l.under == nil {
		l.under = map[string]chan struct{}{}
	}
	maps.DeleteFunc(l.under, func(_ string, under chan struct{}) bool { return len(under) == 0 })
	for _, host := range due {
		under := l.under[host.Firewall]
		if under == nil {
			under = make(chan struct{}, hostsUnder)
			l.under[host.Firewall] = under
		}
		l.all.Go(func() {
			select {
			case under <- struct{}{}:
				look(ctx, host)
				<-under
			case <-ctx.Done():
			}
		})
	}
}

// lookUpHost looks up a name that is due.
func (s *Server) lookUpHost(ctx context.Context, host dataplane.Host) {
	defer s.looked.Done(host)
	now, err := s.policies.Current()
	if err != nil {
		return
	}
	list := now.Policy.FirewallNames()
	for i := range list {
		if dataplane.HostOf(list[i].Firewall, host.Name) != host {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, hostsTimeout)
		defer cancel()
		addresses, err := s.network.LookUp(limited, s.places.firewall(now, &list[i]), host.Name)
		if ctx.Err() != nil {
			return
		}
		s.tellHost(host, err)
		if err == nil && s.looked.Learn(host, addresses, time.Now()) {
			s.publishHosts()
		}
		return
	}
}

// tellHost logs once that a name is not found, and when it is found again.
func (s *Server) tellHost(host dataplane.Host, err error) {
	s.looked.telling.Lock()
	defer s.looked.telling.Unlock()
	was, failing := s.looked.failing[host]
	switch {
	case err == nil && failing:
		s.log.Info("a name in a firewall's rules is found again", "firewall", host.Firewall, "name", host.Name)
		delete(s.looked.failing, host)
	case err != nil && was != err.Error():
		s.log.Warn("a name in a firewall's rules is not found; it is tried again", "firewall", host.Firewall, "name", host.Name, "error", err)
		if s.looked.failing == nil {
			s.looked.failing = map[dataplane.Host]string{}
		}
		s.looked.failing[host] = err.Error()
	}
}

// forgetFailing forgets how names failed that no rule has any more.
func (s *Server) forgetFailing(list []netpol.FirewallNames) {
	s.looked.telling.Lock()
	defer s.looked.telling.Unlock()
	maps.DeleteFunc(s.looked.failing, func(host dataplane.Host, _ string) bool {
		return !slices.ContainsFunc(list, func(f netpol.FirewallNames) bool {
			return strings.EqualFold(f.Firewall, host.Firewall) && slices.Contains(f.Names, host.Name)
		})
	})
}

// publishHosts has the policy go by what is known now.
func (s *Server) publishHosts() {
	s.looked.publish.Lock()
	defer s.looked.publish.Unlock()
	names := s.looked.Names(time.Now())
	if known := s.policies.Names(); !known.Equal(&names) {
		s.policies.SetNames(names)
		if s.wall != nil {
			s.wall.nudge()
		}
	}
}

// learned takes notice of what a firewall was told of a name. When it returns, the flows of
// who asked meet it.
func (s *Server) learned(host dataplane.Host, addresses []netip.Addr) {
	now, err := s.policies.Current()
	if err != nil {
		return
	}
	s.looked.Want(now.Policy.FirewallNames()) // a rule may have the name since a moment ago
	if !s.looked.Learn(host, addresses, time.Now()) {
		return
	}
	s.publishHosts()
	if s.wall != nil {
		ctx, cancel := context.WithTimeout(context.Background(), learnedWait)
		defer cancel()
		_, _ = s.wall.settled(ctx, "")
	}
}

// errNoFirewall is why nobody answers for a firewall.
var errNoFirewall = errors.New("the firewall is not there any more")

// firewallOf is a firewall as it is now.
func (n *networks) firewallOf(id string) (*dataplane.Place, error) {
	now, err := n.policies.Current()
	if err != nil {
		return nil, err
	}
	for i := range now.Model().Firewalls {
		f := &now.Model().Firewalls[i]
		if !arm.SameID(f.ID, id) {
			continue
		}
		home := networkOfSubnet(f.Subnet)
		if in, ok := now.Policy.Network(home); ok {
			filter, _ := in.Firewall(f.ID)
			return n.firewall(now, &netpol.FirewallNames{Firewall: f.ID, Network: in.ID(), Address: f.PrivateIP, DNS: filter.DNS}), nil
		}
	}
	return nil, errNoFirewall
}

// firewall is a firewall as a place: its flows are its own.
func (n *networks) firewall(policy *network.Snapshot, f *netpol.FirewallNames) *dataplane.Place {
	p := &dataplane.Place{Revision: policy.Revision, Environment: f.Firewall, Own: f.Address, DNS: f.DNS.Servers}
	found, ok := policy.Policy.Network(f.Network)
	if !ok {
		p.Err = errNoFirewall
		return p
	}
	p.Network, p.Zones, p.Mappings = found, n.zones(policy, f.Network), attached(policy, found)
	return p
}

// proxyAnswers answers as the name proxy of a firewall does.
func (s *Server) proxyAnswers(firewall string, host *resolver) func(protocol string, question *dns.Msg) *dns.Msg {
	return func(protocol string, question *dns.Msg) *dns.Msg {
		place, err := s.places.firewallOf(firewall)
		if err != nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), hostsTimeout)
		defer cancel()
		return s.network.Answer(ctx, place, protocol, question, func(m *dns.Msg) *dns.Msg { return host.ask(protocol, m) })
	}
}

// protocolOf is the protocol by which a question has come.
func protocolOf(w dns.ResponseWriter) string {
	if _, packets := w.RemoteAddr().(*net.UDPAddr); packets {
		return "udp"
	}
	return "tcp"
}
