package server

import (
	"net/http"
	"net/netip"

	"isle/internal/dataplane"
	"isle/internal/kernel"
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
	Namespaces  []NamespaceStatus   `json:"namespaces"`
	Differences []string            `json:"differences"` // between what must be and what is, a sentence each
	Waiting     []string            `json:"waiting"`     // namespaces and taps of others that are not there
	// ConnectionLimit is how many connections a namespace can keep; 0: not known.
	ConnectionLimit int `json:"connectionLimit"`
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

// Counter is what a rule of the policy decided since it was loaded.
type Counter struct {
	Rule    string `json:"rule"`
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// ShownNetwork is a status of the kernel, as it is shown.
func ShownNetwork(of *kernel.Status) NetworkStatus {
	shown := NetworkStatus{Namespaces: []NamespaceStatus{}, Differences: append([]string{}, of.Differences...), Waiting: []string{}, ConnectionLimit: of.ConnectionLimit}
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

// serveNetwork answers GET /network.
func (s *Server) serveNetwork(w http.ResponseWriter, r *http.Request) error {
	shown := NetworkStatus{Namespaces: []NamespaceStatus{}, Differences: []string{}, Waiting: []string{}}
	if s.wall != nil && s.wall.kernel != nil {
		status, err := s.wall.kernel.Status(r.Context())
		if err != nil {
			return err
		}
		shown = ShownNetwork(status)
		if st := s.wall.now.Load(); st != nil {
			shown.Waiting = append(shown.Waiting, st.waiting...)
		}
	}
	shown.Isolation = dataplane.Isolation(s.isolation())
	writeJSON(w, http.StatusOK, shown)
	return nil
}
