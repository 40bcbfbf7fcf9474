package server

import (
	"errors"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/kernel"
	"isle/netpol/layout"
)

const (
	networkPath = "/network"
	// networkRead is what a token must allow to read it.
	networkRead = "Microsoft.Network/virtualNetworks/read"
)

// NetworkStatus is what the kernel holds of the networks, and whether that is what it
// must hold.
type NetworkStatus struct {
	Isolation   dataplane.Isolation `json:"isolation"`
	Networks    []HeldNetwork       `json:"networks"` // by ID
	Namespaces  []NamespaceStatus   `json:"namespaces"`
	Differences []string            `json:"differences"` // between what must be and what is, a sentence each
	Waiting     []string            `json:"waiting"`     // namespaces and taps of others that are not there
	// ConnectionLimit is how many connections a namespace can keep; 0: not known.
	ConnectionLimit int `json:"connectionLimit"`
}

// HeldNetwork is a virtual network, and whether the kernel holds it.
type HeldNetwork struct {
	ID            string           `json:"id"`
	Name          string           `json:"name"`
	ResourceGroup string           `json:"resourceGroup"`
	Environments  []string         `json:"environments"` // names of those in it
	InForce       bool             `json:"inForce"`      // there are no problems and no differences
	Problems      []NetworkProblem `json:"problems"`
	Differences   []string         `json:"differences"`
	Waiting       []string         `json:"waiting"`
}

// NetworkProblem is why a network is not in force, or not all of it.
type NetworkProblem struct {
	Message string `json:"message"`
	// To is the machine of others or the interface of the host that is not joined for this
	// reason, as its tag has it; "" where it is about the network.
	To string `json:"to,omitempty"`
}

// NamespaceStatus is a namespace of the kernel. Role, network and owner are empty where
// no server runs that knows them.
type NamespaceStatus struct {
	Name        string       `json:"name"`
	Path        string       `json:"path"`
	Role        string       `json:"role,omitempty"`
	Network     string       `json:"network,omitempty"`
	Owner       string       `json:"owner,omitempty"`
	Ports       []PortStatus `json:"ports"`
	Counters    []Counter    `json:"counters"`
	Connections int          `json:"connections"`
}

// PortStatus is a link of a namespace.
type PortStatus struct {
	Name          string         `json:"name"`
	Up            bool           `json:"up"`
	Addresses     []netip.Prefix `json:"addresses"`
	ReceivedBytes uint64         `json:"receivedBytes"`
	SentBytes     uint64         `json:"sentBytes"`
}

// Counter is what a rule of the policy has decided since it is as it is.
type Counter struct {
	Rule    string `json:"rule"`
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

func emptyNetworkStatus() NetworkStatus {
	return NetworkStatus{Networks: []HeldNetwork{}, Namespaces: []NamespaceStatus{}, Differences: []string{}, Waiting: []string{}}
}

// ShownNetwork is a status of the kernel, as it is shown.
func ShownNetwork(of *kernel.Status) NetworkStatus {
	shown := emptyNetworkStatus()
	shown.ConnectionLimit = of.ConnectionLimit
	for _, d := range of.Differences {
		shown.Differences = append(shown.Differences, d.String())
	}
	for _, n := range of.Namespaces {
		one := NamespaceStatus{Name: n.Name, Path: n.Path, Role: n.Role, Network: n.Network, Owner: n.Owner, Connections: n.Connections, Ports: []PortStatus{}, Counters: []Counter{}}
		for _, l := range n.Links {
			one.Ports = append(one.Ports, PortStatus{l.Name, l.Up, l.Addresses, l.ReceivedBytes, l.SentBytes})
		}
		for _, c := range n.Counters {
			one.Counters = append(one.Counters, Counter(c))
		}
		shown.Namespaces = append(shown.Namespaces, one)
	}
	return shown
}

// networks are the networks that the kernel holds, or should.
func (s *standing) networks(differences []kernel.Difference) []HeldNetwork {
	list := []HeldNetwork{}
	if s.policy == nil {
		return list
	}
	for _, n := range s.policy.Model().Networks {
		h := HeldNetwork{ID: n.ID, Name: path.Base(n.ID), Environments: []string{}, Problems: []NetworkProblem{}, Differences: []string{}, Waiting: []string{}}
		if id, err := arm.ParseID(n.ID); err == nil {
			h.ResourceGroup = id.Group
		}
		for _, p := range s.placements {
			if strings.EqualFold(p.Network, n.ID) {
				h.Environments = append(h.Environments, path.Base(p.Resource))
			}
		}
		slices.Sort(h.Environments)
		if err := concerning(s.err, n.ID); err != nil {
			h.Problems = problemsIn(err)
		}
		for _, d := range differences {
			if strings.EqualFold(d.Network, n.ID) {
				h.Differences = append(h.Differences, d.String())
			}
		}
		h.Waiting = append(h.Waiting, s.waitingIn(n.ID)...)
		h.InForce = len(h.Problems)+len(h.Differences) == 0
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b HeldNetwork) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
	return list
}

// waitingIn are the things of others that a network names and that are not there.
func (s *standing) waitingIn(network string) (list []string) {
	if s.layout == nil {
		return nil
	}
	for _, n := range s.layout.Namespaces {
		for _, l := range n.Links {
			if strings.EqualFold(n.Network, network) && l.Kind != layout.Veth && slices.Contains(s.waiting, l.Parent) {
				list = append(list, l.Parent)
			}
		}
	}
	return list
}

// problemsIn lists what is joined in an error.
func problemsIn(err error) []NetworkProblem {
	var outside *kernel.OutsideError
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var list []NetworkProblem
		for _, one := range e.Unwrap() {
			list = append(list, problemsIn(one)...)
		}
		return list
	case *layout.NetworkError:
		return problemsIn(e.Err)
	}
	if errors.As(err, &outside) {
		return []NetworkProblem{{Message: err.Error(), To: outside.To}}
	}
	return []NetworkProblem{{Message: err.Error()}}
}

// serveNetwork answers GET /network.
func (s *Server) serveNetwork(w http.ResponseWriter, r *http.Request) error {
	shown := emptyNetworkStatus()
	if s.wall != nil {
		st := s.wall.now.Load()
		var status kernel.Status
		if s.wall.kernel != nil {
			read, err := s.wall.kernel.Status(r.Context())
			if err != nil {
				return err
			}
			status = *read
		}
		shown = ShownNetwork(&status)
		if st != nil {
			shown.Waiting = append(shown.Waiting, st.waiting...)
			shown.Networks = st.networks(status.Differences)
		}
	}
	shown.Isolation = dataplane.Isolation(s.isolation(""))
	writeJSON(w, http.StatusOK, shown)
	return nil
}
