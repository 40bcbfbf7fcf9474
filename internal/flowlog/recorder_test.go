package flowlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/internal/dataplane"
	"isle/netpol"
	"isle/netpol/flowlog"
	"isle/netpol/flowlog/flowlogtest"
)

// The network of the tests: environment "e" in hub, whose first subnet has group web; a
// machine at 10.0.1.4 is attached, in a subnet with group inner.
const (
	provider = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
	hub      = provider + "virtualNetworks/hub"
	web      = provider + "networkSecurityGroups/web"
	inner    = provider + "networkSecurityGroups/inner"
	nic      = provider + "networkInterfaces/machine"
	logs     = provider + "networkWatchers/w/flowLogs/"
)

type place struct{ *dataplane.Place }

func (p place) Of(environment string) *dataplane.Place {
	if environment != "e" {
		return nil
	}
	return p.Place
}

// source is the logs that there are, which tests change.
type source struct {
	changes uint64
	logs    flowlog.Logs
	err     error
}

func (s *source) Changes() uint64 { return s.changes }

func (s *source) FlowLogs(context.Context) (*flowlog.Logs, error) {
	copied := s.logs
	return &copied, s.err
}

// world is a recorder whose goroutine is the test itself, and a network that it is told of.
type world struct {
	t      testing.TB
	now    time.Time
	source *source
	told   bytes.Buffer // its log
	*Recorder
	network *dataplane.Inproc
}

func newWorld(t testing.TB, all ...flowlog.Log) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 27, 20, 59, 50, 0, time.UTC), source: &source{logs: flowlog.Logs{All: all, Groups: map[string]string{strings.ToLower(web): "web-guid", strings.ToLower(inner): "inner-guid"},
		Interfaces: map[flowlog.At]flowlog.Interface{{Network: strings.ToLower(hub), Address: netip.MustParseAddr("10.0.1.4")}: {ID: nic, MAC: "02A0A0A0A0A0"}}}}}
	log := slog.New(slog.NewTextHandler(&w.told, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	w.Recorder = New(filepath.Join(t.TempDir(), "logs"), w.source, func() time.Time { return w.now }, log)
	rules := func(name string, direction netpol.Direction, access netpol.Access, priority int, ports ...uint16) netpol.SecurityRule {
		r := netpol.SecurityRule{Name: name, Priority: priority, Direction: direction, Access: access, Protocol: netpol.TCP}
		for _, p := range ports {
			r.Destination.Ports = append(r.Destination.Ports, netpol.PortRange{First: p, Last: p})
		}
		return r
	}
	prefix := netip.MustParsePrefix
	policy, err := netpol.Compile(&netpol.Model{
		Networks: []netpol.VirtualNetwork{{ID: hub, Space: []netip.Prefix{prefix("10.0.0.0/16")}, Subnets: []netpol.Subnet{
			{ID: hub + "/subnets/front", Prefixes: []netip.Prefix{prefix("10.0.0.0/27")}, SecurityGroup: web}, {ID: hub + "/subnets/machines", Prefixes: []netip.Prefix{prefix("10.0.1.0/24")}, SecurityGroup: inner}}}},
		SecurityGroups: []netpol.SecurityGroup{
			{ID: web, Rules: []netpol.SecurityRule{rules("NoMail", netpol.Outbound, netpol.Deny, 200, 25), rules("Calls", netpol.Inbound, netpol.Allow, 200, 443)}},
			{ID: inner, Rules: []netpol.SecurityRule{rules("NoShell", netpol.Inbound, netpol.Deny, 200, 22)}}}})
	if err != nil {
		t.Fatal(err)
	}
	p := &dataplane.Place{Revision: 1, Environment: provider + "ise"}
	p.Network, _ = policy.Network(hub)
	for i := range p.Ranges {
		p.Subnets[i], p.Ranges[i] = hub+"/subnets/front", prefix("10.0.0.0/27")
	}
	p.Mappings = []dataplane.Mapping{{Network: hub, Interface: nic, Private: netip.MustParseAddr("10.0.1.4"), Real: netip.MustParseAddr("127.0.0.1")}}
	w.network = dataplane.NewInproc(dataplane.Options{Networks: place{p}, Flows: w.Recorder})
	return w
}

// after has the time pass, and the recorder do what is due.
func (w *world) after(d time.Duration) {
	w.now = w.now.Add(d)
	w.takeAll()
	w.tick(w.now)
}

func (w *world) takeAll() {
	for len(w.queue) > 0 {
		w.take(<-w.queue)
	}
}

// files are the files below the folder, each read as a document.
func (w *world) read() map[string][]flowlogtest.Line {
	w.t.Helper()
	found := map[string][]flowlogtest.Line{}
	err := filepath.WalkDir(w.files.folder, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		lines, err := flowlogtest.Read(content)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		name, err := filepath.Rel(w.files.folder, p)
		found[filepath.ToSlash(name)] = lines
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	return found
}

// texts are all lines, without ports that differ from run to run, in order.
func (w *world) texts() []string {
	w.t.Helper()
	var texts []string
	for _, lines := range w.read() {
		for _, l := range lines {
			if l.Source.Port() != 0 {
				l.Source = netip.AddrPortFrom(l.Source.Addr(), 1)
			}
			if l.Destination.Addr().String() == "10.0.1.4" && l.Destination.Port() > 1024 {
				l.Destination = netip.AddrPortFrom(l.Destination.Addr(), 2)
			}
			texts = append(texts, l.String())
		}
	}
	slices.Sort(texts)
	return texts
}

func (w *world) want(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if got := w.texts(); !slices.Equal(got, want) {
		w.t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// echo is a server that sends back what it is sent.
func echo(t testing.TB) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

func (w *world) dial(address string) net.Conn {
	w.t.Helper()
	c, err := w.network.Dialer("e", dataplane.SubnetBuiltIn).Dial(context.Background(), "tcp", address)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// talk sends so many bytes and gets them back.
func (w *world) talk(c net.Conn, n int) {
	w.t.Helper()
	if _, err := c.Write(make([]byte, n)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, n)); err != nil {
		w.t.Fatal(err)
	}
}

func networkLog() flowlog.Log {
	return flowlog.Log{ID: logs + "hub", GUID: "l", Target: flowlog.OfNetwork, TargetID: hub, Account: "acc", Version: 2}
}

func groupLog(of string, version int) flowlog.Log {
	return flowlog.Log{ID: logs + of[len(provider):], Target: flowlog.OfGroup, TargetID: of, GroupGUID: "g", Account: "acc", Version: version}
}

// TestAFlowIsSeenAtBothEnds: a connection begins, goes on and ends at its source and at its
// destination, with what it carried since it was told of, in the file of the hour.
func TestAFlowIsSeenAtBothEnds(t *testing.T) {
	w := newWorld(t, networkLog())
	c := w.dial("10.0.1.4:" + echo(t))
	w.talk(c, 1000)
	w.after(0)
	w.want("IB  DefaultRule_AllowVnetInBound 10.0.0.5:1>10.0.1.4:2 6", "OB  DefaultRule_AllowVnetOutBound 10.0.0.5:1>10.0.1.4:2 6")
	w.after(continueEvery)
	w.talk(c, 500)
	_ = c.Close()
	w.after(time.Second)
	var got []string
	for path, lines := range w.read() {
		for _, l := range lines {
			hour := "h=" + l.At.Format("15") + "/"
			if !strings.HasPrefix(path, "acc/insights-logs-flowlogflowevent/flowLogResourceID="+strings.ToUpper(logs+"hub")+"/y=2026/m=11/d=27/"+hour) || !strings.HasSuffix(path, "/macAddress="+l.MAC+"/PT1H.json") {
				t.Errorf("%s has %+v", path, l)
			}
			payload := func(packets, bytes uint64) uint64 { return bytes - 40*packets }
			got = append(got, fmt.Sprint(l.At.Format("15:04:05 "), l.Direction, l.State, " ", l.Group, " ", payload(l.PacketsOut, l.BytesOut), "/", payload(l.PacketsBack, l.BytesBack), " ", l.PacketsOut > 0, " ", l.MAC == "02A0A0A0A0A0"))
		}
	}
	slices.Sort(got)
	want := []string{"20:59:50 IB inner-guid 0/0 false true", "20:59:50 OB web-guid 0/0 false false", "21:04:50 IC inner-guid 1000/1000 true true", "21:04:50 OC web-guid 1000/1000 true false",
		"21:04:50 IE inner-guid 500/500 true true", "21:04:50 OE web-guid 500/500 true false"}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(w.open) != 0 {
		t.Errorf("%d flows are still open", len(w.open))
	}
}

// TestRefusedFlows: who refuses a flow has it as denied, and where nothing was refused it
// begins and carries nothing; a log of a security group has what its rules decide.
func TestRefusedFlows(t *testing.T) {
	w := newWorld(t, networkLog(), groupLog(web, 2), groupLog(inner, 1))
	for _, address := range []string{"203.0.113.5:25", "10.0.1.4:22"} {
		if _, err := w.network.Dialer("e", dataplane.SubnetBuiltIn).Dial(context.Background(), "tcp", address); err == nil {
			t.Fatal(address, "was reached")
		}
	}
	w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
	w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9"), Arrived: "another"})
	w.after(time.Second)
	w.want(
		"OD  UserRule_NoMail 10.0.0.5:0>203.0.113.5:25 6", "OB D UserRule_NoMail 10.0.0.5:0>203.0.113.5:25 T",
		"ID  UserRule_NoShell 10.0.0.5:0>10.0.1.4:22 6", "I D UserRule_NoShell 10.0.0.5:0>10.0.1.4:22 T",
		"OB  DefaultRule_AllowVnetOutBound 10.0.0.5:0>10.0.1.4:22 6", "OB A DefaultRule_AllowVnetOutBound 10.0.0.5:0>10.0.1.4:22 T",
		"OE  DefaultRule_AllowVnetOutBound 10.0.0.5:0>10.0.1.4:22 6", "OE A DefaultRule_AllowVnetOutBound 10.0.0.5:0>10.0.1.4:22 T",
		"IB  UserRule_Calls 203.0.113.9:0>10.0.0.4:443 6", "IB A UserRule_Calls 203.0.113.9:0>10.0.0.4:443 T",
		"IE  UserRule_Calls 203.0.113.9:0>10.0.0.4:443 6", "IE A UserRule_Calls 203.0.113.9:0>10.0.0.4:443 T",
		"ID  unspecified 203.0.113.9:0>10.0.0.4:443 6")
}

// TestCallersAreMeasured: a connection to an access endpoint is a flow of who calls on it,
// from its port, with the bytes of all requests.
func TestCallersAreMeasured(t *testing.T) {
	w := newWorld(t, networkLog())
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := w.network.Metered(bound)
	defer l.Close()
	client, err := net.Dial("tcp", bound.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	served, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write(make([]byte, 300)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(served, make([]byte, 300)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("127.0.0.1"), Connection: dataplane.Measured(served)})
		if _, err := served.Write(make([]byte, 50)); err != nil {
			t.Fatal(err)
		}
	}
	_ = served.Close()
	_ = served.Close() // again
	w.after(time.Second)
	var got []string
	for _, lines := range w.read() {
		for _, line := range lines {
			if line.Source.Port() != client.LocalAddr().(*net.TCPAddr).AddrPort().Port() {
				t.Errorf("%+v", line)
			}
			got = append(got, fmt.Sprint(line.Source.Addr(), " ", line.Direction, line.State, " ", line.BytesOut-40*line.PacketsOut, "/", line.BytesBack-40*line.PacketsBack))
		}
	}
	slices.Sort(got)
	// the caller is this host, which is attached as a machine
	if want := []string{"10.0.1.4 IB 0/0", "10.0.1.4 IE 300/100", "10.0.1.4 OB 0/0", "10.0.1.4 OE 300/100"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestLogsChange: nobody is told of while there are no logs, and a log counts from the
// moment that it is there; its filters hold.
func TestLogsChange(t *testing.T) {
	w := newWorld(t)
	w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
	w.after(0)
	if w.Wanted() {
		t.Error("flows are wanted without logs")
	}
	log := networkLog()
	log.Types = "B"
	w.source.logs.All, w.source.changes = []flowlog.Log{log}, 1
	if !w.Wanted() {
		t.Error("flows are not wanted with a log")
	}
	w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
	w.after(0)
	w.source.err, w.source.changes = errors.New("busy"), 2
	for range 3 {
		w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
	}
	w.takeAll()
	if told := strings.Count(w.told.String(), "cannot be read, trying again"); told != 1 {
		t.Errorf("it was tried %d times for three flows", told)
	}
	w.after(0) // as it was
	const one = "IB  UserRule_Calls 203.0.113.9:0>10.0.0.4:443 6"
	w.want(one, one, one, one)
	w.source.err, w.source.logs.All, w.source.changes = nil, nil, 3
	w.after(0)
	if told := strings.Count(w.told.String(), "cannot be read, trying again"); w.Wanted() || told != 2 {
		t.Errorf("%t %s", w.Wanted(), w.told.String())
	}
}

// TestAFailedWriteIsToldOnce: calls go on, what is lost is counted, and it goes on when it
// can.
func TestAFailedWriteIsToldOnce(t *testing.T) {
	w := newWorld(t, networkLog())
	if err := os.WriteFile(w.files.folder, nil, 0o600); err != nil { // no folder can be there
		t.Fatal(err)
	}
	for range 3 {
		w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
		w.after(writeEvery)
	}
	if told := strings.Count(w.told.String(), "flow logs cannot be written"); told != 1 {
		t.Errorf("told %d times:\n%s", told, w.told.String())
	}
	if _, lost := w.Lost(); lost != 3 {
		t.Errorf("%d records lost", lost)
	}
	if err := os.Remove(w.files.folder); err != nil {
		t.Fatal(err)
	}
	w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
	w.after(writeEvery)
	if !strings.Contains(w.told.String(), "are written again") || len(w.texts()) != 2 {
		t.Errorf("%v\n%s", w.texts(), w.told.String())
	}
}

// TestAFolderThatIsRemovedIsMadeAnew: what an operator clears away is not missed for ever.
func TestAFolderThatIsRemovedIsMadeAnew(t *testing.T) {
	f := &files{folder: filepath.Join(t.TempDir(), "logs")}
	add := func() error { return f.add("a/PT1H.json", []byte("{}"), time.Time{}) }
	if err := add(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(f.folder); err != nil {
		t.Fatal(err)
	}
	if err := add(); err == nil {
		t.Fatal("a record was written into a folder that is gone")
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(f.folder, "a", "PT1H.json")); err != nil {
		t.Error(err)
	}
}

// TestAFileIsAlwaysWhole: whoever reads while it is written finds a document, with no fewer
// records than before; what was not written here stays as it is.
func TestAFileIsAlwaysWhole(t *testing.T) {
	f := &files{folder: t.TempDir()}
	const records = 40
	name := filepath.Join(f.folder, "a", "PT1H.json")
	writing := make(chan error, 1)
	go func() {
		var err error
		for i := range records {
			text := fmt.Sprintf(`{"time":"2026-11-27T20:00:00Z","flowLogVersion":4,"flowLogGUID":"g","macAddress":"m","category":"FlowLogFlowEvent","flowLogResourceID":"L","targetResourceID":"t","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"r","flowTuples":["%d,10.0.0.5,10.0.1.4,1,2,6,O,B,NX,0,0,0,0"]}]}]}}`, i)
			err = errors.Join(err, f.add("a/PT1H.json", []byte(text), time.Time{}))
		}
		writing <- err
	}()
	before, ended := 0, false
	for !ended {
		select {
		case err := <-writing:
			if err != nil {
				t.Fatal(err)
			}
			ended = true
		default:
		}
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && before == 0 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lines, err := flowlogtest.Read(content)
		if err != nil || len(lines) < before {
			t.Fatalf("%d records after %d: %v", len(lines), before, err)
		}
		before = len(lines)
	}
	if before != records {
		t.Errorf("%d records", before)
	}
	for _, foreign := range []string{"", "{}", `{"records":[`, strings.Repeat("x", 100)} {
		if err := os.WriteFile(name, []byte(foreign), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.add("a/PT1H.json", []byte("{}"), time.Time{}); err == nil || !strings.Contains(err.Error(), "move it away") {
			t.Errorf("%q: %v", foreign, err)
		}
		if content, err := os.ReadFile(name); err != nil || string(content) != foreign {
			t.Errorf("%q became %q, %v", foreign, content, err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}

// TestLargeFilesAreWrittenLessOften: what is written each second is bounded.
func TestLargeFilesAreWrittenLessOften(t *testing.T) {
	f := &files{folder: t.TempDir()}
	now := time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC)
	record := []byte(`{"x":"` + strings.Repeat("x", 2*writeRate) + `"}`)
	if err := f.add("a", record, now); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]bool{time.Second: false, 2 * time.Second: true} {
		if got := f.ready("a", now.Add(after)); got != want || !f.ready("b", now) {
			t.Errorf("after %s: %t", after, got)
		}
	}
}

// TestRetention: files of days that are past are deleted, with the folders that are empty
// then; a log without retention keeps all, and so do files that are none of its hours.
func TestRetention(t *testing.T) {
	kept := networkLog()
	short := groupLog(web, 2)
	short.Days = 2
	w := newWorld(t, kept, short)
	for range 6 {
		w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
		w.after(24 * time.Hour)
	}
	foreign := filepath.Join(w.files.folder, filepath.FromSlash(short.Folder()), "y=2026", "notes.txt")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.after(24 * time.Hour)
	days := map[string][]string{}
	_ = filepath.WalkDir(w.files.folder, func(p string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(p[len(w.files.folder):])
		if i := strings.Index(name, "/y="); i >= 0 && d.IsDir() && strings.Count(name[i:], "/") == 3 {
			days[name[5:24]] = append(days[name[5:24]], name[i+1:])
		}
		return err
	})
	if got := fmt.Sprint(days["insights-logs-flowl"], days["insights-logs-netwo"]); got != "[y=2026/m=11/d=27 y=2026/m=11/d=28 y=2026/m=11/d=29 y=2026/m=11/d=30 y=2026/m=12/d=01 y=2026/m=12/d=02] [y=2026/m=12/d=02]" {
		t.Error(got, days)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

// TestMakersOfFlowsNeverWait: what does not fit into the queue is left out and told.
func TestMakersOfFlowsNeverWait(t *testing.T) {
	w := newWorld(t, networkLog())
	for range queueSize + 100 {
		w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
	}
	w.after(time.Second)
	if dropped, _ := w.Lost(); dropped != 100 || !strings.Contains(w.told.String(), "leftOut=100") {
		t.Errorf("%d dropped\n%s", dropped, w.told.String())
	}
	if got := len(w.texts()); got != 2*queueSize {
		t.Errorf("%d lines", got)
	}
}

// TestAnEndThatFoundNoPlaceIsTold: a flow whose end was left out is found to have ended.
func TestAnEndThatFoundNoPlaceIsTold(t *testing.T) {
	w := newWorld(t, networkLog())
	c := w.dial("10.0.1.4:" + echo(t))
	w.takeAll()
	empty := emptyNetwork(t)
	for range queueSize {
		w.Began(dataplane.FlowStart{Network: empty})
	}
	_ = c.Close()
	w.after(time.Second)
	w.want("IB  DefaultRule_AllowVnetInBound 10.0.0.5:1>10.0.1.4:2 6", "OB  DefaultRule_AllowVnetOutBound 10.0.0.5:1>10.0.1.4:2 6",
		"IE  DefaultRule_AllowVnetInBound 10.0.0.5:1>10.0.1.4:2 6", "OE  DefaultRule_AllowVnetOutBound 10.0.0.5:1>10.0.1.4:2 6")
}

// emptyNetwork has no flows.
func emptyNetwork(t *testing.T) *netpol.Network {
	t.Helper()
	policy, err := netpol.Compile(&netpol.Model{Networks: []netpol.VirtualNetwork{{ID: hub, Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}}})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := policy.Network(hub)
	return n
}

// TestClose: what is under way has ended when the process ends, and all is written; later
// flows are nobody's.
func TestClose(t *testing.T) {
	w := newWorld(t, networkLog())
	ended := make(chan struct{})
	go func() {
		w.Run()
		close(ended)
	}()
	c := w.dial("10.0.1.4:" + echo(t))
	defer c.Close()
	w.Close()
	<-ended
	w.Close()
	w.network.Admit("e", dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")})
	w.want("IB  DefaultRule_AllowVnetInBound 10.0.0.5:1>10.0.1.4:2 6", "OB  DefaultRule_AllowVnetOutBound 10.0.0.5:1>10.0.1.4:2 6",
		"IE  DefaultRule_AllowVnetInBound 10.0.0.5:1>10.0.1.4:2 6", "OE  DefaultRule_AllowVnetOutBound 10.0.0.5:1>10.0.1.4:2 6")
}

// BenchmarkAdmit is what the judgement of a call costs where there is no flow log, and with
// one that has it, whose goroutine works meanwhile.
func BenchmarkAdmit(b *testing.B) {
	for name, all := range map[string][]flowlog.Log{"none": nil, "log": {networkLog()}} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, all...)
			go w.Run()
			defer w.Close()
			caller := dataplane.Caller{Address: netip.MustParseAddr("203.0.113.9")}
			b.ReportAllocs()
			for b.Loop() {
				w.network.Admit("e", caller)
			}
		})
	}
}
