package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/kernel"
	"isle/internal/logic"
	"isle/netpol"
	"isle/netpol/layout"
)

// The data plane that the server was started with. With the kernel's, each environment
// has its access endpoint inside its network as well, and each network the platform's
// name server.

// openDataPlane makes the network of operations. The wall has no environments before
// there is a logic.Service.
func (s *Server) openDataPlane() error {
	o := dataplane.Options{Networks: s.places, Observe: s.flows.observe, Attempted: s.traffic.Note, Flows: s.flowLogs, Learned: s.learned}
	mode, refused := s.config.DataPlane, error(nil)
	if mode != DataPlaneInproc {
		refused = kernel.Unavailable(kernel.Probe(context.Background()))
	}
	if mode == DataPlaneInproc || mode == DataPlaneAuto && refused != nil {
		s.refused = refused
		s.network = dataplane.NewInproc(o)
		return s.tellLeft()
	}
	s.wall = &wall{policies: s.policies, refused: refused, log: s.log, stands: s.standInside,
		placements: s.allPlacements, placement: func(environment string) (*logic.Placement, error) { return s.logic.Placement(environment) }}
	if err := s.wall.open(s.config.Data); err != nil {
		return err
	}
	s.plane = dataplane.NewKernel(o, s.wall)
	s.network = s.plane.Inproc
	return nil
}

// tellLeft tells that the kernel still holds networks of an earlier start.
func (s *Server) tellLeft() error {
	tag, err := KernelTag(s.config.Data)
	if err != nil {
		return err
	}
	if names, _ := kernel.Names(tag); len(names) > 0 {
		s.log.Warn("the kernel still holds the networks of a start with --dataplane kernel; nothing uses them", "namespaces", len(names), "remove", "isle network down --data "+s.config.Data)
	}
	return nil
}

// prepareEnvironment readies what else a new environment needs.
func (s *Server) prepareEnvironment(ctx context.Context, environment string, _ []netip.Prefix) error {
	if s.wall == nil {
		return nil
	}
	return s.wall.prepare(ctx, environment)
}

// Isolation says how much of the networks' policy is enforced, and why not more.
func (s *Server) Isolation() dataplane.Isolation { return dataplane.Isolation(s.isolation("")) }

// tellIsolation logs how much of the policy is enforced. What was asked for and cannot
// be is no small matter.
func (s *Server) tellIsolation(ctx context.Context) {
	if s.wall != nil {
		limited, cancel := context.WithTimeout(ctx, prepareWait)
		defer cancel()
		_, _ = s.wall.settled(limited, "")
	}
	i := s.isolation("")
	tell := s.log.Info
	if i.Mode == DataPlaneKernel && !i.Isolated {
		tell = s.log.Error
	}
	tell("data plane", "mode", i.Mode, "isolated", i.Isolated, "reasons", i.Reasons)
}

// allPlacements is where all environments are. An error gives none of them: one that is
// left out would be taken down.
func (s *Server) allPlacements() (map[string]*logic.Placement, error) {
	all := map[string]*logic.Placement{}
	for _, environment := range s.store.Environments() {
		p, err := s.logic.Placement(environment)
		if err != nil {
			return nil, err
		}
		if p != nil {
			all[environment] = p
		}
	}
	return all, nil
}

// insides are the servers that stand inside networks. The zero value is ready for use.
type insides struct {
	mu     sync.Mutex
	stand  map[inside]ender
	closed bool // none begins any more
}

// ender is a server that can be ended, *http.Server for one: at once, or when what is
// under way is answered.
type ender interface {
	Close() error
	Shutdown(ctx context.Context) error
}

// inside is a listener of one kind in a namespace.
type inside struct {
	ns   dataplane.Namespace
	at   netip.AddrPort
	what string // an environment's store id; "" for a name server; of a firewall its network's ID
	name bool   // it is the proxy of a firewall by which application rules judge
	// firewall is the ID of the firewall whose DNS proxy it is, or whose log.
	firewall string
	log      bool
	// network is the ID of the virtual network whose name server it is.
	network string
}

// keep has the servers that are wanted, and no others.
func (i *insides) keep(wanted map[inside]bool, begin func(inside) (ender, error)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil
	}
	for one, s := range i.stand {
		if !wanted[one] {
			_ = s.Close()
			delete(i.stand, one)
		}
	}
	if i.stand == nil {
		i.stand = map[inside]ender{}
	}
	var found []error
	for one := range wanted {
		if i.stand[one] != nil {
			continue
		}
		s, err := begin(one)
		if err != nil {
			found = append(found, err)
			continue
		}
		i.stand[one] = s
	}
	return errors.Join(found...)
}

// shutdown ends all for good; requests under way get the context's time. Nobody is kept
// waiting for the list meanwhile: what is under way may need the wall.
func (i *insides) shutdown(ctx context.Context) {
	i.mu.Lock()
	last := i.stand
	i.stand, i.closed = nil, true
	i.mu.Unlock()
	for _, s := range last {
		if s.Shutdown(ctx) != nil {
			_ = s.Close()
		}
	}
}

// endpointPort is where an access endpoint is called inside its network.
const endpointPort = 443

// standInside has everybody served whom the kernel holds now: access endpoints, the
// platform's name server, and what is attached by real addresses.
func (s *Server) standInside(st *standing) error {
	wanted := map[inside]bool{}
	for environment, p := range st.placements {
		place, ns := dataplane.Place{Ranges: p.Ranges}, st.held.Namespaces[environment][dataplane.AccessEndpoint]
		if a, ok := place.Address(dataplane.AccessEndpoint); ok && ns.Found() { // why not is told by who makes them
			wanted[inside{ns: ns, at: netip.AddrPortFrom(a, endpointPort), what: environment}] = true
		}
	}
	for network, router := range st.routers(s.wall.tag) {
		if router.Found() {
			wanted[inside{ns: router, at: netip.AddrPortFrom(platformNameServer, 53), network: network}] = true
		}
	}
	s.wantProxies(st, wanted)
	var attached []dataplane.Mapping
	for _, n := range st.policy.Policy.Networks() {
		attached = append(attached, mappings(st.policy, n.ID())...)
	}
	begin := func(one inside) (ender, error) {
		e, err := s.beginInside(one)
		if p := st.placements[one.what]; err != nil && p != nil {
			err = &layout.NetworkError{Network: p.Network, Err: err}
		}
		return e, err
	}
	failed := s.insides.keep(wanted, begin)
	s.insides.review()
	return errors.Join(failed, s.plane.Relay(&st.held, attached))
}

// wantProxies adds the name proxies of the firewalls that have application rules.
func (s *Server) wantProxies(st *standing, wanted map[inside]bool) {
	if st.layout == nil {
		return
	}
	for i := range st.layout.Namespaces {
		n := &st.layout.Namespaces[i]
		network, ok := st.policy.Policy.Network(n.Network)
		if n.Role != layout.Firewall || !ok {
			continue
		}
		ns := dataplane.FindNamespace(kernel.Path(s.wall.tag, n.Name))
		if f, there := network.Firewall(n.Owner); there && len(f.Applications) > 0 && ns.Found() {
			wanted[inside{ns: ns, at: netip.AddrPortFrom(f.Address, layout.ProxyPort), what: n.Network, name: true, firewall: n.Owner}] = true
		}
		if f, there := network.Firewall(n.Owner); there && f.DNS.Proxy && ns.Found() {
			wanted[inside{ns: ns, at: netip.AddrPortFrom(f.Address, 53), network: n.Network, firewall: n.Owner}] = true
		}
		if n.Tells && ns.Found() {
			wanted[inside{ns: ns, network: n.Network, firewall: n.Owner, log: true}] = true
		}
	}
}

// reviewer is a server inside a network that judges anew what it has let through.
type reviewer interface{ Review() }

// review has all that let something through judge it by the policy of now.
func (i *insides) review() {
	i.mu.Lock()
	var list []reviewer
	for _, s := range i.stand {
		if r, ok := s.(reviewer); ok {
			list = append(list, r)
		}
	}
	i.mu.Unlock()
	for _, r := range list {
		r.Review()
	}
}

func (s *Server) beginInside(one inside) (ender, error) {
	switch {
	case one.name:
		p, err := s.plane.ServeNames(one.ns, one.at, func() *netpol.Network {
			now, err := s.policies.Current()
			if err != nil {
				return nil
			}
			n, _ := now.Policy.Network(one.what)
			return n
		}, func() (*dataplane.Place, error) { return s.places.firewallOf(one.firewall) })
		if err != nil {
			return nil, &layout.NetworkError{Network: one.what, Err: err}
		}
		return p, nil
	case one.log:
		return s.tellThreats(one)
	case one.firewall != "":
		e, err := serveNames(one.ns, one.at, s.proxyResolver(one.firewall))
		if err != nil {
			return nil, &layout.NetworkError{Network: one.network, Err: err}
		}
		return e, nil
	case one.what == "":
		return serveNames(one.ns, one.at, platformResolver(s.places.zonesOf(one.network)))
	}
	l, err := one.ns.Listen(context.Background(), one.at)
	if err != nil {
		return nil, err
	}
	h := s.httpServer(s.inNetwork(one.at.Addr()))
	go func() { _ = overTLS(h, dataplane.Arrivals(s.network.Metered(l), one.what)) }() // its end is the end of the listener
	return h, nil
}

// accessURL is the base of the URLs at which an environment's access endpoint is called. An
// Internal one that is inside its network alone is at its address there.
func (s *Server) accessURL(environment string) string {
	if s.wall == nil {
		return s.base
	}
	var p *logic.Placement
	if st := s.wall.now.Load(); st != nil { // not from the database: who asks may be within a transaction
		p = st.placements[environment]
	} else {
		p, _ = s.logic.Placement(environment)
	}
	if p == nil || !p.Internal {
		return s.base
	}
	place := dataplane.Place{Ranges: p.Ranges}
	a, _ := place.Address(dataplane.AccessEndpoint)
	return "https://" + a.String() // at endpointPort, which https has anyway
}

// inNetwork is the gateway, by the server's names, as hosts has it, and by the address at
// which an endpoint is inside a network.
func (s *Server) inNetwork(at netip.Addr) http.Handler {
	next := s.whileReady(s.gateway)
	named := s.hosts(next)
	return s.observed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host == at.String() {
			next.ServeHTTP(w, r)
			return
		}
		named.ServeHTTP(w, r)
	}))
}

// inForce answers a change of what the networks are when the kernel holds it, or cannot,
// and so what tells that a deployment, which makes such changes, has ended.
func (s *Server) inForce(next http.Handler) http.Handler {
	if s.wall == nil || s.wall.refused != nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !toldInForce(r.Method, strings.ToLower(r.URL.Path)) {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&settledWriter{ResponseWriter: w, settle: func() { _, _ = s.wall.settled(r.Context(), "") }}, r)
	})
}

// toldInForce tells of which requests the answer says that a change of networks is done:
// of what is such a change; of what a whole resource group is asked to do; and of who asks
// how a deployment or a long-running operation has ended. The path is in lower case.
func toldInForce(method, path string) bool {
	if method == http.MethodGet || method == http.MethodHead {
		return strings.Contains(path, "/providers/microsoft.resources/deployments/") || arm.IsOperation(path)
	}
	return strings.Contains(path, "/providers/microsoft.network/") || strings.Contains(path, "/providers/microsoft.resources/deployments/") ||
		strings.Contains(path, "/resourcegroups/") && !strings.Contains(path, "/providers/")
}

// settledWriter waits before it answers.
type settledWriter struct {
	http.ResponseWriter
	settle func()
	once   sync.Once
}

func (w *settledWriter) WriteHeader(status int) {
	w.once.Do(w.settle)
	w.ResponseWriter.WriteHeader(status)
}

func (w *settledWriter) Write(b []byte) (int, error) {
	w.once.Do(w.settle)
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *settledWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
