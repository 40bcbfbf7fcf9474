package capture_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/internal/capture"
	"isle/internal/netns"
	"isle/netpol/packet"
)

// childArgument makes the test binary a process that captures until it is killed.
const childArgument = "capture-until-killed"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == childArgument {
		s := capture.New(capture.Config{Folder: os.Args[2]})
		err := s.Begin(request("router", os.Args[3]), func(capture.Outcome) {})
		fmt.Println("begun", err)
		select {}
	}
	os.Exit(m.Run())
}

// run runs a program of the system.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// link is two namespaces with a link between them: what the router calls port0 is the
// machine's eth0.
func link(t testing.TB) (router, machine string) {
	t.Helper()
	if err := capture.Probe(); err != nil || os.Geteuid() != 0 {
		t.Skipf("SKIPPED: capturing packets needs root: %v", err)
	}
	router, machine = fmt.Sprintf("cr%x", time.Now().UnixNano()), fmt.Sprintf("cm%x", time.Now().UnixNano())
	for _, name := range []string{router, machine} {
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Skipf("SKIPPED: no network namespace can be made here: %v: %s", err, out)
		}
		t.Cleanup(func() { run(t, "ip", "netns", "del", name) })
	}
	run(t, "ip", "-n", router, "link", "add", "port0", "type", "veth", "peer", "name", "eth0", "netns", machine)
	run(t, "ip", "-n", router, "addr", "add", "10.9.0.1/24", "dev", "port0")
	run(t, "ip", "-n", machine, "addr", "add", "10.9.0.2/24", "dev", "eth0")
	run(t, "ip", "-n", router, "link", "set", "port0", "up")
	run(t, "ip", "-n", machine, "link", "set", "eth0", "up")
	return router, machine
}

func request(id, router string, filters ...packet.Filter) capture.Request {
	return capture.Request{ID: id, File: "x.cap", Links: []capture.Link{{Namespace: netns.At(router).Path(), Name: "port0"}},
		Taking: packet.Taking{Filters: filters}, Bytes: 1 << 30, Files: 1, Length: time.Hour}
}

// answers echoes what is sent to a UDP port of a namespace.
func answers(t testing.TB, in, at string) {
	t.Helper()
	c, err := netns.At(in).ListenPacket(t.Context(), "udp", netip.MustParseAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = c.WriteTo(b[:n], from)
		}
	}()
}

// says sends a text over UDP and waits for the answer.
func says(t testing.TB, in, to, text string) {
	t.Helper()
	c, err := netns.At(in).Dial(t.Context(), net.Dialer{}, "udp", netip.MustParseAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
}

// begun is a service with a capture.
func begun(t testing.TB, r capture.Request) (*capture.Service, chan capture.Outcome) {
	t.Helper()
	s, ended := capture.New(capture.Config{Folder: t.TempDir()}), make(chan capture.Outcome, 1)
	t.Cleanup(s.Close)
	if err := s.Begin(r, func(o capture.Outcome) { ended <- o }); err != nil {
		t.Fatal(err)
	}
	return s, ended
}

// seen waits until a capture has so many packets.
func seen(t testing.TB, s *capture.Service, id string, packets int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // the kernel hands them over soon
		p, under := s.Progress(id)
		if p.Packets >= packets {
			return
		}
		if !under || time.Now().After(deadline) {
			t.Fatalf("%+v, under way %v, want %d packets", p, under, packets)
		}
	}
}

func records(t testing.TB, file string) (all []packet.Record) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := packet.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for {
		one, err := r.Next()
		if err != nil {
			return all
		}
		all = append(all, one)
	}
}

// TestRealPackets: of what goes over a link, both ways, a capture has what its filter
// takes, and tcpdump reads it.
func TestRealPackets(t *testing.T) {
	router, machine := link(t)
	answers(t, machine, "10.9.0.2:7")
	answers(t, machine, "10.9.0.2:8")
	ports, err := packet.ParsePorts("7")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s, ended := begun(t, request("one", router, packet.Filter{Protocol: packet.UDP, LocalPorts: ports}))
	says(t, router, "10.9.0.2:8", "not this")
	says(t, router, "10.9.0.2:7", strings.Repeat("this", 100))
	seen(t, s, "one", 2)
	s.Stop("one")
	if o := <-ended; o.Reason != capture.ManuallyStopped || o.Packets != 2 || o.Dropped != 0 {
		t.Errorf("%+v", o)
	}
	file := s.Path("one", "x.cap")
	all := records(t, file)
	for _, one := range all {
		if !bytes.Contains(one.Frame, []byte("thisthis")) || one.Length != 14+20+8+400 || one.At.Before(began.Add(-time.Minute)) || one.At.After(time.Now()) {
			t.Errorf("%v %d %q", one.At, one.Length, one.Frame)
		}
	}
	if program, err := exec.LookPath("tcpdump"); err != nil {
		t.Logf("not read by tcpdump, which is not here: %v", err)
	} else if out := run(t, program, "-n", "-t", "-r", file); !strings.Contains(out, "> 10.9.0.2.7: UDP, length 400") || !strings.Contains(out, "IP 10.9.0.2.7 >") || strings.Count(out, "UDP") != 2 {
		t.Errorf("tcpdump reads %s", out)
	}
}

// The port of the machine's end is its own in packets of both ways, and no other end's.
func TestLocalIsBehindTheLink(t *testing.T) {
	router, machine := link(t)
	answers(t, router, "10.9.0.1:7") // here 7 is the remote port
	ports, _ := packet.ParsePorts("7")
	local, _ := begun(t, request("local", router, packet.Filter{LocalPorts: ports}))
	remote, _ := begun(t, request("remote", router, packet.Filter{RemotePorts: ports}))
	says(t, machine, "10.9.0.1:7", "hello")
	seen(t, remote, "remote", 2)
	if p, _ := local.Progress("local"); p.Packets != 0 {
		t.Errorf("%d packets have the port at the machine's end", p.Packets)
	}
}

func TestOnlyTheBeginningOfPackets(t *testing.T) {
	router, machine := link(t)
	answers(t, machine, "10.9.0.2:7")
	r := request("one", router, packet.Filter{Protocol: packet.UDP})
	r.Taking.Snap = 42
	s, _ := begun(t, r)
	says(t, router, "10.9.0.2:7", "a secret")
	seen(t, s, "one", 2)
	s.Stop("one")
	for _, one := range records(t, s.Path("one", "x.cap")) {
		if len(one.Frame) != 42 || one.Length != 50 || bytes.Contains(one.Frame, []byte("secret")) {
			t.Errorf("%d bytes of %d: %q", len(one.Frame), one.Length, one.Frame)
		}
	}
}

// A link that goes down and up is the same one; one that is removed ends the capture.
func TestLinksThatChange(t *testing.T) {
	router, machine := link(t)
	answers(t, machine, "10.9.0.2:7")
	s, ended := begun(t, request("one", router, packet.Filter{Protocol: packet.UDP}))
	says(t, router, "10.9.0.2:7", "before")
	run(t, "ip", "-n", router, "link", "set", "port0", "down")
	run(t, "ip", "-n", router, "link", "set", "port0", "up")
	says(t, router, "10.9.0.2:7", "after")
	seen(t, s, "one", 4)
	run(t, "ip", "-n", router, "link", "del", "port0")
	if o := <-ended; o.Reason != capture.TargetRemoved || o.Packets != 4 {
		t.Errorf("%+v", o)
	}
}

func TestLinksThatAreNotThere(t *testing.T) {
	router, _ := link(t)
	s := capture.New(capture.Config{Folder: t.TempDir()})
	for want, change := range map[string]func(*capture.Request){
		"no such device":   func(r *capture.Request) { r.Links[0].Name = "none" },
		"cannot be opened": func(r *capture.Request) { r.Links[0].Namespace = "/run/netns/none" },
	} {
		r := request("one", router)
		change(&r)
		if err := s.Begin(r, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestAKillLeavesAReadableFile: a process is killed while it writes; what it leaves has
// whole packets up to its end.
func TestAKillLeavesAReadableFile(t *testing.T) {
	router, machine := link(t)
	answers(t, machine, "10.9.0.2:7")
	folder := t.TempDir()
	child := exec.Command(os.Args[0], childArgument, folder, router)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "begun <nil>\n" {
		t.Fatal(line, err)
	}
	s := capture.New(capture.Config{Folder: folder})
	contents := func() []byte {
		var file bytes.Buffer
		c, err := s.Open("router", "x.cap")
		if err == nil {
			_, err = c.WriteTo(&file)
		}
		if err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	for text := strings.Repeat("x", 1400); len(contents()) < 100_000; {
		says(t, router, "10.9.0.2:7", text)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	file := filepath.Join(t.TempDir(), "read.cap")
	if err := os.WriteFile(file, contents(), 0o600); err != nil {
		t.Fatal(err)
	}
	all := records(t, file)
	if len(all) < 60 {
		t.Errorf("%d packets are left", len(all))
	}
	if program, err := exec.LookPath("tcpdump"); err == nil {
		if got := strings.Count(run(t, program, "-n", "-r", file), "length 1400"); got < 60 {
			t.Errorf("tcpdump reads %d packets", got)
		}
	}
}
