//go:build amd64 || arm64

package confine

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The walls that a child is behind.
const (
	wallNone       = "none"
	wallNamespaces = "namespaces"
	wallAll        = "all"
)

const childArgument, bareArgument = "hostile-child", "confined-and-nothing-else"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == childArgument:
		if err := beHostile(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) == 2 && os.Args[1] == bareArgument:
		if err := Enter(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// beHostile enters as many walls as it is told to, and tries to get out.
func beHostile(walls string) error {
	var w world
	if err := json.NewDecoder(os.Stdin).Decode(&w); err != nil {
		return err
	}
	err := error(nil)
	switch walls {
	case wallNamespaces:
		for _, step := range []func() error{separate, closeInherited, emptyRoot, dropCapabilities} {
			if err == nil {
				err = step()
			}
		}
	case wallAll:
		err = Enter()
	}
	if err == nil {
		tryAll(w, os.Stdout)
	}
	return err
}

// results runs the attempts behind walls; a text is why one failed.
func results(t *testing.T, w world, walls string) map[string]string {
	t.Helper()
	told, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], childArgument, walls)
	cmd.Env, cmd.Stdin = []string{}, strings.NewReader(string(told))
	if walls != wallNone {
		Prepare(cmd)
	}
	out, err := cmd.Output()
	if failed, ok := err.(*exec.ExitError); ok {
		t.Fatalf("%s: %v: %s", walls, err, failed.Stderr)
	} else if err != nil {
		t.Skipf("SKIPPED: the system refuses the namespaces: %v", err)
	}
	return failures(out)
}

// failures reads what tryAll has told.
func failures(out []byte) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, failure, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		found[name] = failure
	}
	return found
}

// A child in the place of a worker tries what it can think of. Without the walls most
// of it succeeds.
func TestHostileChild(t *testing.T) {
	w := newWorld(t)
	free, divided, confined := results(t, w, wallNone), results(t, w, wallNamespaces), results(t, w, wallAll)
	all := attempts()
	if len(all) < 50 {
		t.Errorf("%d attempts only", len(all))
	}
	succeeded, failed := 0, []string{}
	for _, a := range all {
		if free[a.name] == "" {
			succeeded++
		} else {
			failed = append(failed, a.name+": "+free[a.name])
		}
		if why, tried := confined[a.name]; !tried || why == "" {
			t.Errorf("%s: a way out", a.name)
		}
		if why, tried := divided[a.name]; !a.filter && (!tried || why == "") {
			t.Errorf("%s: a way out of the namespaces", a.name)
		}
	}
	t.Logf("as user %d: %d of %d attempts succeed without walls, none behind them; these fail without:\n%s", os.Geteuid(), succeeded, len(all), strings.Join(failed, "\n"))
	if succeeded < len(all)/2 {
		t.Error("most attempts fail without walls: this test shows nothing")
	}
}

// The same where the parent is root in a user namespace that has no other user.
func TestHostileChildOfTheOnlyUser(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestHostileChild$", "-test.v")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	switch {
	case cmd.ProcessState == nil:
		t.Skipf("SKIPPED: no user namespace can be had: %v", err)
	case strings.Contains(string(out), "SKIPPED"):
		t.Errorf("nothing is locked in: %s", out)
	case err != nil:
		t.Errorf("%v: %s", err, out)
	}
}

// The same where the parent is not root.
func TestHostileChildOfNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: TestHostileChild ran without root already")
	}
	out, err := ofNobody(binaryForAll(t), "-test.run", "^TestHostileChild$", "-test.v").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if strings.Contains(string(out), "SKIPPED") {
		t.Skip(string(out))
	}
	t.Logf("%s", out)
}

// binaryForAll is this test, where everybody may run it.
func binaryForAll(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "confine.test")
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, content, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(f, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return binary
}

// ofNobody is a command of an ordinary user.
func ofNobody(binary string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(binary, arguments...)
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// Enter is for a process that Prepare made ready.
func TestEnterAlone(t *testing.T) {
	out, err := exec.Command(os.Args[0], bareArgument).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the namespaces are the parent's") {
		t.Errorf("%v: %s", err, out)
	}
}

// newWorld has something for every attempt to reach.
func newWorld(t *testing.T) world {
	t.Helper()
	folder, err := os.MkdirTemp("", "confine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	w := world{Folder: folder, Secret: filepath.Join(folder, "secret"), Parent: os.Getpid(),
		Stream: filepath.Join(folder, "stream"), Dgram: filepath.Join(folder, "dgram"), Packet: filepath.Join(folder, "packet"), Abstract: "@" + folder}
	if err := os.WriteFile(w.Secret, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	first := listen(t, "tcp4", "127.0.0.1:0")
	w.Port = first.Addr().(*net.TCPAddr).Port
	packets := listenPacket(t, "udp4", "127.0.0.1:0")
	w.DatagramPort = packets.LocalAddr().(*net.UDPAddr).Port
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if own, ok := a.(*net.IPNet); ok && own.IP.IsGlobalUnicast() && own.IP.To4() != nil && w.Address == "" {
			w.Address = own.IP.String()
			listen(t, "tcp4", loopback(w.Address, w.Port))
			listenPacket(t, "udp4", loopback(w.Address, w.DatagramPort))
		}
	}
	if listener, err := net.Listen("tcp6", "[::1]:0"); err == nil { // otherwise these fail without walls too
		listener.Close()
		listen(t, "tcp6", loopback("::1", w.Port))
		listenPacket(t, "udp6", loopback("::1", w.DatagramPort))
	}
	listen(t, "unix", w.Stream)
	listen(t, "unix", w.Abstract)
	listen(t, "unixpacket", w.Packet)
	listenPacket(t, "unixgram", w.Dgram)
	listenPacket(t, "unixgram", w.Abstract+"-dgram")
	raw, err := first.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) { w.ParentFD = int(fd) })
	w.inherit(t)
	return w
}

// inherit opens descriptors that no flag closes for children.
func (w *world) inherit(t *testing.T) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], 0); err != nil {
		t.Fatal(err)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if w.Dir, err = unix.Open(w.Folder, unix.O_RDONLY|unix.O_DIRECTORY, 0); err != nil {
		t.Fatal(err)
	}
	w.Pipe, w.Socket = ends[1], pair[0]
	t.Cleanup(func() {
		for _, fd := range []int{ends[0], ends[1], pair[0], pair[1], w.Dir} {
			_ = unix.Close(fd)
		}
	})
}

// listen answers whoever connects with what it is sent.
func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	answer(t, l)
	return l
}

func answer(t *testing.T, l net.Listener) {
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
}

func listenPacket(t *testing.T, network, address string) net.PacketConn {
	t.Helper()
	p, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	answerPackets(t, p)
	return p
}

func answerPackets(t *testing.T, p net.PacketConn) {
	t.Cleanup(func() { p.Close() })
	go func() {
		for {
			_, from, err := p.ReadFrom(make([]byte, 8))
			if err != nil {
				return
			}
			if from != nil {
				_, _ = p.WriteTo([]byte("!"), from)
			}
		}
	}()
}
