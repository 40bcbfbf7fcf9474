package server

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"

	"isle/internal/arm"
	"isle/internal/capture"
	"isle/internal/kernel"
	"isle/internal/network"
	"isle/netpol/layout"
)

// CaptureFolder is the folder in the data folder where packet captures have their files.
const CaptureFolder = "captures"

func (s *Server) buildCaptures() {
	folder := filepath.Join(s.config.Data, CaptureFolder)
	if whole, err := filepath.Abs(folder); err == nil {
		folder = whole
	}
	s.sessions = capture.New(capture.Config{Folder: folder, Clock: s.config.Clock, Log: s.log})
	s.captures = network.NewCaptures(network.CaptureConfig{Store: s.store, Taps: taps{s}, Sessions: s.sessions, Base: s.base, Clock: s.config.Clock})
}

// taps implements network.Taps: packets are seen where the kernel holds the networks.
type taps struct{ s *Server }

func (t taps) Able() error {
	if t.s.wall == nil {
		return arm.Invalid("PacketCaptureNotSupported", "", "This server enforces the networks' policy by itself: it sees connections, and no packets to capture. Start it with --dataplane kernel, or see its flow log (isle serve --flow-log FILE).")
	}
	err := t.s.wall.refused
	if err == nil {
		err = capture.Probe()
	}
	if err != nil {
		return arm.Invalid("PacketCaptureNotSupported", "", "Packets cannot be captured on this machine: %s. Start the server as root, or with that privilege.", err)
	}
	return nil
}

// standing is what the kernel holds, with what was stored before it was asked.
func (t taps) standing(ctx context.Context) (*standing, error) {
	if err := t.Able(); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, prepareWait)
	defer cancel()
	st, err := t.s.wall.settled(limited, "")
	if err == nil && st.layout == nil {
		err = st.err
	}
	if err != nil {
		return nil, &arm.Error{Status: 500, Code: "NetworkIsolationFailed", Cause: err, Message: "The kernel of this machine does not hold the networks: " + err.Error() + ". See `isle network status`."}
	}
	return st, nil
}

func (t taps) Links(ctx context.Context, id string, has func(netip.Addr) bool) (links []capture.Link, err error) {
	st, err := t.standing(ctx)
	if err != nil {
		return nil, err
	}
	if st.layout != nil {
		for i := range st.layout.Namespaces {
			n := &st.layout.Namespaces[i]
			if n.Role != layout.Router || !strings.EqualFold(n.Network, id) {
				continue
			}
			for _, l := range n.Links {
				if a, ok := layout.PortAddress(l.Name); ok && has(a) && !t.waiting(st, &l) {
					links = append(links, capture.Link{Namespace: kernel.Path(t.s.wall.tag, n.Name), Name: l.Name})
				}
			}
		}
	}
	if len(links) == 0 {
		return nil, arm.Invalid("PacketCaptureTargetNotConnected", "properties.target", "Nothing is connected to the target, so it has no packets: no environment is there, and no machine is attached. See `isle network status`, and attach one with `isle port add`.")
	}
	return links, nil
}

// waiting tells whether a link leads to something of others that is not there.
func (t taps) waiting(st *standing, l *layout.Link) bool {
	for _, name := range st.waiting {
		if l.Kind != layout.Veth && name == l.Parent {
			return true
		}
	}
	return false
}

func (t taps) Firewall(ctx context.Context, id string) (links []capture.Link, err error) {
	st, err := t.standing(ctx)
	if err != nil {
		return nil, err
	}
	if st.layout != nil {
		for i := range st.layout.Namespaces {
			if n := &st.layout.Namespaces[i]; n.Role == layout.Firewall && strings.EqualFold(n.Owner, id) {
				links = append(links, capture.Link{Namespace: kernel.Path(t.s.wall.tag, n.Name), Name: layout.PortLink})
			}
		}
	}
	if len(links) == 0 {
		return nil, arm.Invalid("PacketCaptureTargetNotConnected", "", "The firewall %s is not in force, so it has no packets: it has no subnet, or nothing else is in its network. See `isle network status`.", id)
	}
	return links, nil
}
