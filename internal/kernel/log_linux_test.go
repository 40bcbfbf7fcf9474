package kernel

import "testing"

// FuzzFlowIn: whatever is in the log, reading it neither fails nor makes up ports.
func FuzzFlowIn(f *testing.F) {
	f.Add([]byte{0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 4, 10, 0, 1, 4, 0xc0, 0, 0x23, 0x28})
	f.Add([]byte{0x45, 0, 0, 28, 0, 0, 0, 0x10, 64, 17, 0, 0, 10, 0, 0, 4, 10, 0, 1, 4})
	f.Add([]byte{0x60, 0, 0, 0})
	f.Fuzz(func(t *testing.T, packet []byte) {
		flow, ok := flowIn(packet)
		if !ok {
			return
		}
		if !flow.Source.Addr().Is4() || !flow.Destination.Addr().Is4() || flow.Translated != flow.Destination {
			t.Errorf("%x: %+v", packet, flow)
		}
		if flow.Protocol != 6 && flow.Protocol != 17 && flow.Source.Port()+flow.Destination.Port() != 0 {
			t.Errorf("%x: protocol %d has ports", packet, flow.Protocol)
		}
	})
}
