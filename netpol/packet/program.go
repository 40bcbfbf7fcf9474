package packet

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/net/bpf"
)

// A program of the kernel's filter is asked for each frame of a link, before anything of it
// is copied. It gives how many bytes of it are kept, 0 for none. A filter becomes a run
// of tests; each goes on to the next filter where it does not hold:
//
//	the frame is long enough, and IPv4 → protocol → addresses → not a later fragment, and
//	long enough for ports → ports → flags → keep
//
// All filters stand in it twice where the local end is the one behind the link: once for
// frames that come in, once for those that go out, whose local end is the destination.
// Lists are a chain of comparisons. Conditional jumps reach 255 instructions, so what may
// be far is reached by a plain jump behind each.

// maxInstructions is the most that the kernel takes.
const maxInstructions = 4096

// outgoing is the type of a frame that the link sends (PACKET_OUTGOING of Linux).
const outgoing = 4

// wholeFrame is what a program gives to have all of a frame.
const wholeFrame = 1 << 18

// Program is the filter of the kernel that takes what Takes takes. The error is that there
// is too much of it.
func (t *Taking) Program() ([]bpf.RawInstruction, error) {
	a := &assembler{}
	if t.Either || len(t.Filters) == 0 {
		a.side(t, false)
		if t.Either && len(t.Filters) > 0 {
			a.code = a.code[:len(a.code)-1] // not refused yet
			a.side(t, true)
		}
	} else {
		a.add(bpf.LoadExtension{Num: bpf.ExtType})
		back := a.label()
		a.unless(bpf.JumpNotEqual, outgoing, back)
		a.side(t, false)
		a.place(back)
		a.side(t, true)
	}
	code := a.finish()
	if len(code) > maxInstructions {
		return nil, fmt.Errorf("the filters have too many addresses and ports: their program has %d instructions, and the kernel takes %d", len(code), maxInstructions)
	}
	return bpf.Assemble(code)
}

// assembler writes a program with labels, whose places are known later.
type assembler struct {
	code   []bpf.Instruction
	labels []int       // places, by label
	jumps  map[int]int // label by the place of the jump to it
}

func (a *assembler) add(i ...bpf.Instruction) { a.code = append(a.code, i...) }

func (a *assembler) label() int {
	a.labels = append(a.labels, -1)
	return len(a.labels) - 1
}

func (a *assembler) place(label int) { a.labels[label] = len(a.code) }

func (a *assembler) jump(label int) {
	if a.jumps == nil {
		a.jumps = map[int]int{}
	}
	a.jumps[len(a.code)] = label
	a.add(bpf.Jump{})
}

// unless goes to a label if a test does not hold.
func (a *assembler) unless(test bpf.JumpTest, value uint32, label int) {
	a.add(bpf.JumpIf{Cond: test, Val: value, SkipTrue: 1})
	a.jump(label)
}

func (a *assembler) finish() []bpf.Instruction {
	for at, label := range a.jumps {
		a.code[at] = bpf.Jump{Skip: uint32(a.labels[label] - at - 1)}
	}
	return a.code
}

// side writes the filters for frames of one way; back says that the local end is the
// destination. Its last instruction refuses the frame.
func (a *assembler) side(t *Taking, back bool) {
	keep := uint32(wholeFrame)
	if t.Snap > 0 {
		keep = uint32(min(t.Snap, wholeFrame))
	}
	if len(t.Filters) == 0 {
		a.add(bpf.RetConstant{Val: keep})
		return
	}
	for i := range t.Filters {
		next := a.label()
		if f := &t.Filters[i]; !f.everything() {
			a.filter(f, back, next)
		}
		a.add(bpf.RetConstant{Val: keep})
		a.place(next)
	}
	a.add(bpf.RetConstant{Val: 0})
}

func (a *assembler) filter(f *Filter, back bool, next int) {
	a.add(bpf.LoadExtension{Num: bpf.ExtLen})
	a.unless(bpf.JumpGreaterOrEqual, atIP+leastIP, next)
	a.add(bpf.LoadAbsolute{Off: atType, Size: 2})
	a.unless(bpf.JumpEqual, typeIPv4, next)
	a.protocol(f, next)
	local, remote := uint32(atSource), uint32(atTarget)
	localPort, remotePort := uint32(atIP), uint32(atIP+2)
	if back {
		local, remote, localPort, remotePort = remote, local, remotePort, localPort
	}
	a.addresses(f.Local, local, next)
	a.addresses(f.Remote, remote, next)
	if !f.ported() && f.Flags == 0 {
		return
	}
	a.behindHeader(f, next)
	a.ports(f.LocalPorts, localPort, next)
	a.ports(f.RemotePorts, remotePort, next)
	if f.Flags != 0 {
		a.add(bpf.LoadIndirect{Off: atIP + atFlags, Size: 1})
		a.unless(bpf.JumpBitsSet, uint32(f.Flags), next)
	}
}

// protocol tests the protocol: what ports and flags need, too.
func (a *assembler) protocol(f *Filter, next int) {
	if f.Protocol == Any && f.Flags == 0 && !f.ported() {
		return
	}
	a.add(bpf.LoadAbsolute{Off: atProtocol, Size: 1})
	if f.Protocol != Any {
		a.unless(bpf.JumpEqual, uint32(f.Protocol), next)
	}
	if f.Flags != 0 {
		a.unless(bpf.JumpEqual, uint32(TCP), next)
	} else if f.ported() {
		a.add(bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(TCP), SkipTrue: 2})
		a.unless(bpf.JumpEqual, uint32(UDP), next)
	}
}

// behindHeader has the index register at the end of the header of IP, behind which is
// enough of the next one.
func (a *assembler) behindHeader(f *Filter, next int) {
	need := uint32(leastPorts)
	if f.Flags != 0 {
		need = atFlags + 1
	}
	a.add(bpf.LoadAbsolute{Off: atFragment, Size: 2})
	a.unless(bpf.JumpBitsNotSet, offsetBits, next)
	a.add(bpf.LoadMemShift{Off: atIP}, bpf.LoadExtension{Num: bpf.ExtLen})
	a.add(bpf.JumpIfX{Cond: bpf.JumpGreaterOrEqual, SkipTrue: 1})
	a.jump(next)
	a.add(bpf.ALUOpX{Op: bpf.ALUOpSub})
	a.unless(bpf.JumpGreaterOrEqual, atIP+need, next)
}

func (a *assembler) addresses(list []Addresses, at uint32, next int) {
	ranges := make([][2]uint32, len(list))
	for i, r := range list {
		ranges[i] = [2]uint32{number(r.First), number(r.Last)}
	}
	a.ranges(ranges, bpf.LoadAbsolute{Off: at, Size: 4}, next)
}

func number(a netip.Addr) uint32 {
	bytes := a.As4()
	return binary.BigEndian.Uint32(bytes[:])
}

func (a *assembler) ports(list []Ports, at uint32, next int) {
	ranges := make([][2]uint32, len(list))
	for i, r := range list {
		ranges[i] = [2]uint32{uint32(r.First), uint32(r.Last)}
	}
	a.ranges(ranges, bpf.LoadIndirect{Off: at, Size: 2}, next)
}

// ranges goes on if what is loaded is in one of the ranges, or there are none.
func (a *assembler) ranges(list [][2]uint32, load bpf.Instruction, next int) {
	if len(list) == 0 {
		return
	}
	a.add(load)
	found := a.label()
	for _, r := range list {
		a.add(bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: r[0], SkipFalse: 2},
			bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: r[1], SkipTrue: 1})
		a.jump(found)
	}
	a.jump(next)
	a.place(found)
}
