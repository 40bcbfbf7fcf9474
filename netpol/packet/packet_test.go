package packet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"pgregory.net/rapid"
)

// frame makes a frame: protocol, "address:port" of both ends, flags.
func frame(protocol Protocol, from, to string, flags Flags) []byte {
	source, target := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	b := make([]byte, atIP+leastIP, 64)
	binary.BigEndian.PutUint16(b[atType:], typeIPv4)
	b[atIP], b[atProtocol] = 0x45, byte(protocol)
	copy(b[atSource:], source.Addr().AsSlice())
	copy(b[atTarget:], target.Addr().AsSlice())
	b = binary.BigEndian.AppendUint16(b, source.Port())
	b = binary.BigEndian.AppendUint16(b, target.Port())
	if protocol == TCP {
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, byte(flags), 0, 0, 0, 0, 0, 0)
	}
	return append(b, "what is said"...)
}

// runs is what a program gives for a frame. The machine that runs it does not know which
// way a frame goes: both ways are asked for by the instruction behind that question.
func runs(t testing.TB, taking *Taking, frame []byte, sent bool) int {
	t.Helper()
	raw, err := taking.Program()
	if err != nil {
		t.Fatal(err)
	}
	program, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatalf("the program is not understood: %v", raw)
	}
	if asks, ok := program[0].(bpf.LoadExtension); ok && asks.Num == bpf.ExtType {
		kind := uint32(0)
		if sent {
			kind = outgoing
		}
		program[0] = bpf.LoadConstant{Dst: bpf.RegA, Val: kind}
	}
	machine, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	n, err := machine.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// parsed is a filter of texts.
func parsed(t testing.TB, protocol Protocol, local, localPort, remote, remotePort string, flags Flags) Filter {
	t.Helper()
	f := Filter{Protocol: protocol, Flags: flags}
	var found [4]error
	f.Local, found[0] = ParseAddresses(local)
	f.LocalPorts, found[1] = ParsePorts(localPort)
	f.Remote, found[2] = ParseAddresses(remote)
	f.RemotePorts, found[3] = ParsePorts(remotePort)
	if err := errors.Join(found[:]...); err != nil {
		t.Fatal(err)
	}
	return f
}

// Each text takes the packets that it says, in the predicate and in the program.
func TestFilters(t *testing.T) {
	const a, b, c = "10.0.0.4:50000", "10.0.0.5:80", "10.0.1.9:443"
	received, sent := false, true
	for _, test := range []struct {
		name   string
		filter Filter
		frame  []byte
		sent   bool
		want   bool
	}{
		{"nothing said", Filter{}, frame(TCP, a, b, 0), received, true},
		{"nothing said, of another kind", Filter{}, make([]byte, 60), received, true},
		{"protocol", parsed(t, TCP, "", "", "", "", 0), frame(TCP, a, b, 0), received, true},
		{"other protocol", parsed(t, UDP, "", "", "", "", 0), frame(TCP, a, b, 0), received, false},
		{"ICMP", parsed(t, ICMP, "", "", "", "", 0), frame(ICMP, a, b, 0), received, true},
		{"local is who sends", parsed(t, TCP, "10.0.0.4", "", "", "", 0), frame(TCP, a, b, 0), received, true},
		{"local is who is sent to", parsed(t, TCP, "10.0.0.4", "", "", "", 0), frame(TCP, b, a, 0), sent, true},
		{"remote is no local", parsed(t, TCP, "10.0.0.5", "", "", "", 0), frame(TCP, a, b, 0), received, false},
		{"remote port is no local port", parsed(t, TCP, "", "80", "", "", 0), frame(TCP, a, b, 0), received, false},
		{"local port", parsed(t, TCP, "", "80", "", "", 0), frame(TCP, b, a, 0), received, true},
		{"remote port", parsed(t, Any, "", "", "", "80", 0), frame(UDP, a, b, 0), received, true},
		{"any with a port is TCP or UDP", parsed(t, Any, "", "", "", "80", 0), frame(ICMP, a, b, 0), received, false},
		{"range", parsed(t, TCP, "", "", "10.0.0.5-10.0.1.9", "", 0), frame(TCP, a, c, 0), received, true},
		{"beyond a range", parsed(t, TCP, "", "", "10.0.0.5-10.0.1.8", "", 0), frame(TCP, a, c, 0), received, false},
		{"list", parsed(t, TCP, "", "", "10.0.0.9;10.0.1.9;", "80;443;", 0), frame(TCP, a, c, 0), received, true},
		{"prefix", parsed(t, TCP, "", "", "10.0.1.0/24", "", 0), frame(TCP, a, c, 0), received, true},
		{"port range", parsed(t, TCP, "", "", "", "440-450", 0), frame(TCP, a, c, 0), received, true},
		{"flag", parsed(t, TCP, "", "", "", "", SYN|FIN), frame(TCP, a, b, SYN), received, true},
		{"other flag", parsed(t, TCP, "", "", "", "", RST), frame(TCP, a, b, SYN|ACK), received, false},
		{"cut before the flags", parsed(t, TCP, "", "", "", "", SYN), frame(TCP, a, b, SYN)[:atIP+leastIP+atFlags], received, false},
		{"cut before the ports", parsed(t, TCP, "", "", "", "80", 0), frame(TCP, a, b, 0)[:atIP+leastIP+3], received, false},
		{"cut behind the ports", parsed(t, TCP, "", "", "", "80", 0), frame(TCP, a, b, 0)[:atIP+leastIP+4], received, true},
		{"no IPv4", parsed(t, Any, "10.0.0.4", "", "", "", 0), make([]byte, 60), received, false},
	} {
		taking := &Taking{Filters: []Filter{test.filter}}
		if got := taking.Takes(test.frame, test.sent); got != test.want {
			t.Errorf("%s: taken %v, want %v", test.name, got, test.want)
		}
		if got := runs(t, taking, test.frame, test.sent) > 0; got != test.want {
			t.Errorf("%s: the program takes it %v, want %v", test.name, got, test.want)
		}
	}
	fragment := frame(TCP, a, b, 0)
	binary.BigEndian.PutUint16(fragment[atFragment:], 100)
	for want, f := range map[bool]Filter{true: parsed(t, TCP, "10.0.0.4", "", "", "", 0), false: parsed(t, TCP, "", "", "", "80", 0)} {
		taking := &Taking{Filters: []Filter{f}}
		if taking.Takes(fragment, false) != want || runs(t, taking, fragment, false) > 0 != want {
			t.Errorf("a later fragment: want %v of %+v", want, f)
		}
	}
}

// What a frame is cut to is what the program gives.
func TestSnap(t *testing.T) {
	for snap, want := range map[int]int{0: wholeFrame, 100: 100, 1 << 30: wholeFrame} {
		if got := runs(t, &Taking{Snap: snap}, frame(TCP, "10.0.0.4:1", "10.0.0.5:2", 0), false); got != want {
			t.Errorf("of %d bytes the program keeps %d, want %d", snap, got, want)
		}
	}
}

func TestTextsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{"x": "'x' is no IPv4 address", "10.0.0.4;fe80::1;;": "'fe80::1' is no IPv4 address", "10.0.0.9-10.0.0.4": "ends before it begins", "10.0.0.4-": "'10.0.0.4-' is no", "::/0": "'::/0' is no"} {
		if _, err := ParseAddresses(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{"http": "'http' is no port", "65536": "'65536' is no port", "9-4": "ends before it begins", "1-2-3": "'1-2-3' is no", "+1": "'+1' is no", "80;x;y": "'y' is no port"} {
		if _, err := ParsePorts(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	f := Filter{RemotePorts: make([]Ports, 1000)}
	if _, err := (&Taking{Filters: []Filter{f}}).Program(); err == nil || !strings.Contains(err.Error(), "the kernel takes 4096") {
		t.Errorf("a program that is too long: %v", err)
	}
}

// TestProgramIsThePredicate: whatever the filters and the frame, the program takes what
// the predicate takes.
func TestProgramIsThePredicate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.Uint32Range(0x0a000000, 0x0a000003)
		port := rapid.Uint16Range(78, 82)
		addresses := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Addresses {
			first := near.Draw(t, "first")
			return Addresses{address(first), address(first + rapid.Uint32Range(0, 1).Draw(t, "more"))}
		}), 0, 2)
		ports := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Ports {
			first := port.Draw(t, "first")
			return Ports{first, first + rapid.Uint16Range(0, 1).Draw(t, "more")}
		}), 0, 2)
		protocol := rapid.SampledFrom([]Protocol{Any, ICMP, TCP, UDP})
		taking := &Taking{Either: rapid.Bool().Draw(t, "either"), Filters: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Filter {
			return Filter{protocol.Draw(t, "protocol"), addresses.Draw(t, "local"), addresses.Draw(t, "remote"), ports.Draw(t, "local ports"), ports.Draw(t, "remote ports"),
				Flags(rapid.SampledFrom([]uint8{0, 0, 0, 1, 2, 18}).Draw(t, "flags"))}
		}), 0, 3).Draw(t, "filters")}
		b := rapid.SliceOfN(rapid.Byte(), 0, 90).Draw(t, "frame")
		if len(b) > atIP+leastIP+4 && rapid.IntRange(0, 9).Draw(t, "IPv4") > 0 {
			binary.BigEndian.PutUint16(b[atType:], typeIPv4)
			words := rapid.SampledFrom([]int{0, 5, 5, 5, 6, 15}).Draw(t, "header")
			b[atIP] = 0x40 | byte(words)
			if rapid.IntRange(0, 4).Draw(t, "fragment") > 0 {
				binary.BigEndian.PutUint16(b[atFragment:], 0x4000)
			}
			b[atProtocol] = byte(rapid.SampledFrom([]Protocol{ICMP, TCP, TCP, UDP, 47}).Draw(t, "protocol"))
			binary.BigEndian.PutUint32(b[atSource:], near.Draw(t, "source"))
			binary.BigEndian.PutUint32(b[atTarget:], near.Draw(t, "target"))
			if at := atIP + 4*words; len(b) >= at+4 && words >= 5 {
				binary.BigEndian.PutUint16(b[at:], port.Draw(t, "source port"))
				binary.BigEndian.PutUint16(b[at+2:], port.Draw(t, "target port"))
			}
		}
		if len(b) == 0 {
			return // no link has such a frame
		}
		sent := rapid.Bool().Draw(t, "sent")
		raw, err := taking.Program()
		if err != nil {
			t.Fatal(err)
		}
		if want, got := taking.Takes(b, sent), programTakes(t, raw, b, sent); got != want {
			t.Fatalf("the program takes it %v, the predicate %v", got, want)
		}
	})
}

func programTakes(t *rapid.T, raw []bpf.RawInstruction, b []byte, sent bool) bool {
	program, _ := bpf.Disassemble(raw)
	if asks, ok := program[0].(bpf.LoadExtension); ok && asks.Num == bpf.ExtType {
		kind := uint32(0)
		if sent {
			kind = outgoing
		}
		program[0] = bpf.LoadConstant{Dst: bpf.RegA, Val: kind}
	}
	machine, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	n, err := machine.Run(b)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// FuzzFilter: what is read takes the same packets as a program; nothing else is read.
func FuzzFilter(f *testing.F) {
	f.Add("10.0.0.4;", "80;443;", frame(TCP, "10.0.0.4:80", "10.0.0.5:443", SYN))
	f.Add("10.0.0.0/8;1.1.1.1-2.2.2.2", "0-65535", []byte{})
	f.Add(" 10.0.0.4 - 10.0.0.5 ", " 1 - 2 ", make([]byte, 40))
	f.Fuzz(func(t *testing.T, addresses, ports string, b []byte) {
		read := Filter{Protocol: TCP}
		var err error
		if read.Local, err = ParseAddresses(addresses); err != nil {
			return
		}
		if read.RemotePorts, err = ParsePorts(ports); err != nil {
			return
		}
		for _, r := range read.Local {
			if !r.First.Is4() || !r.Last.Is4() || r.Last.Less(r.First) {
				t.Fatalf("%q gives %v", addresses, r)
			}
		}
		taking := &Taking{Filters: []Filter{read}}
		if _, err := taking.Program(); err != nil || len(b) == 0 {
			return // too much
		}
		if want, got := taking.Takes(b, true), runs(t, taking, b, true) > 0; got != want {
			t.Fatalf("the program takes it %v, the predicate %v", got, want)
		}
	})
}

func TestFilesAreReadAsTheyWereWritten(t *testing.T) {
	records := []Record{
		{time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC), []byte("first"), 5},
		{time.Date(2030, 1, 2, 3, 4, 5, 999_999_999, time.UTC), []byte{}, 0},
		{time.Date(2030, 1, 2, 3, 4, 6, 0, time.UTC), []byte("cut"), 1500},
	}
	file := AppendHeader(nil)
	ends := []int{len(file)} // of whole records
	for i := range records {
		file = records[i].Append(file)
		ends = append(ends, len(file))
	}
	for n := range len(file) + 1 { // wherever it is cut off
		r, err := NewReader(bytes.NewReader(file[:n]))
		if n < HeaderSize {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue
		}
		for i := range records {
			if n < ends[i+1] {
				break
			}
			got, err := r.Next()
			if err != nil || !got.At.Equal(records[i].At) || !bytes.Equal(got.Frame, records[i].Frame) || got.Length != records[i].Length {
				t.Fatalf("%d bytes: %+v, %v, want %+v", n, got, err, records[i])
			}
		}
		want := io.ErrUnexpectedEOF
		if slices.Contains(ends, n) {
			want = io.EOF
		}
		if _, err := r.Next(); !errors.Is(err, want) {
			t.Fatalf("%d bytes end with %v, want %v", n, err, want)
		}
	}
}

// FuzzReader: whatever is no file is no more than an error.
func FuzzReader(f *testing.F) {
	one := Record{time.Unix(1, 2), []byte("x"), 9}
	f.Add(one.Append(AppendHeader(nil)))
	f.Add(AppendHeader(nil)[:HeaderSize-1])
	f.Add(append(AppendHeader(nil), bytes.Repeat([]byte{0xff}, RecordSize)...))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		again := AppendHeader(nil)
		for {
			one, err := r.Next()
			if err != nil {
				break
			}
			again = one.Append(again)
		}
		if !bytes.Equal(again[HeaderSize:], file[HeaderSize:len(again)]) {
			t.Errorf("written again, it is another file")
		}
	})
}
