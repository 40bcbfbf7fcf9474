package flowlog_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/netpol/flowlog"
	"isle/netpol/flowlog/flowlogtest"
)

const (
	group   = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/web"
	network = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/hub"
	watcher = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkWatchers/w/flowLogs/"
)

var begin = time.Date(2026, 11, 27, 21, 59, 59, 500_000_000, time.FixedZone("", 3600)) // 20:59:59.5Z

// tuple is one at the start of begin, changed.
func tuple(change func(*flowlog.Tuple)) flowlog.Tuple {
	t := flowlog.Tuple{Time: begin, Source: netip.MustParseAddrPort("10.0.0.5:40000"), Destination: netip.MustParseAddrPort("203.0.113.5:443"), Protocol: flowlog.TCP, State: flowlog.Begin}
	if change != nil {
		change(&t)
	}
	return t
}

var point = flowlog.Point{Network: network, Subnet: network + "/subnets/front", Group: group, Rule: "UserRule_web", MAC: "02AABBCCDDEE"}

// TestTuples pins the tuples of each form, by the records that they stand in.
func TestTuples(t *testing.T) {
	logs := map[string]flowlog.Log{
		"v1":   {ID: watcher + "a", Target: flowlog.OfGroup, TargetID: group, GroupGUID: "g", Account: "acc", Version: 1},
		"v2":   {ID: watcher + "b", Target: flowlog.OfGroup, TargetID: group, GroupGUID: "g", Account: "acc", Version: 2},
		"vnet": {ID: watcher + "c", GUID: "l", Target: flowlog.OfNetwork, TargetID: network, Account: "acc", Version: 2},
	}
	ended := func(t *flowlog.Tuple) {
		t.State, t.Sent, t.Received = flowlog.End, flowlog.Count{Packets: 3, Bytes: 767}, flowlog.Count{Packets: 2, Bytes: 1580}
	}
	for _, c := range []struct {
		log    string
		change func(*flowlog.Tuple)
		want   string // "": it is not in the log
	}{
		{"v1", nil, "1795813199,10.0.0.5,203.0.113.5,40000,443,T,O,A"},
		{"v1", func(t *flowlog.Tuple) { t.State, t.Inbound, t.Protocol = flowlog.Deny, true, flowlog.UDP }, "1795813199,10.0.0.5,203.0.113.5,40000,443,U,I,D"},
		{"v1", ended, ""},
		{"v2", nil, "1795813199,10.0.0.5,203.0.113.5,40000,443,T,O,A,B,,,,"},
		{"v2", func(t *flowlog.Tuple) { t.State = flowlog.Deny }, "1795813199,10.0.0.5,203.0.113.5,40000,443,T,O,D,B,,,,"},
		{"v2", ended, "1795813199,10.0.0.5,203.0.113.5,40000,443,T,O,A,E,3,767,2,1580"},
		{"vnet", nil, "1795813199500,10.0.0.5,203.0.113.5,40000,443,6,O,B,NX,0,0,0,0"},
		{"vnet", func(t *flowlog.Tuple) { t.State, t.Inbound, t.Protocol = flowlog.Deny, true, flowlog.UDP }, "1795813199500,10.0.0.5,203.0.113.5,40000,443,17,I,D,NX,0,0,0,0"},
		{"vnet", ended, "1795813199500,10.0.0.5,203.0.113.5,40000,443,6,O,E,NX,3,767,2,1580"},
		{"vnet", func(t *flowlog.Tuple) { t.Source = netip.MustParseAddrPort("[2001:db8::1]:1") }, "1795813199500,2001:db8::1,203.0.113.5,1,443,6,O,B,NX,0,0,0,0"},
	} {
		var b flowlog.Book
		log := logs[c.log]
		b.Add(&log, &point, "", tuple(c.change))
		pages := b.Take(begin, nil)
		if c.want == "" {
			if len(pages) != 0 {
				t.Errorf("%s: %s", c.log, pages[0].Record)
			}
			continue
		}
		if len(pages) != 1 || !strings.Contains(string(pages[0].Record), `["`+c.want+`"]`) {
			t.Errorf("%s: %v, want %s", c.log, pages, c.want)
			continue
		}
		if _, err := flowlogtest.Read([]byte(`{"records":[` + string(pages[0].Record) + `]}`)); err != nil {
			t.Error(err)
		}
	}
}

// TestBook: tuples of an hour go to that hour's file, each log and interface has its own,
// and rules are kept apart; nothing is left behind.
func TestBook(t *testing.T) {
	var b flowlog.Book
	vnet := flowlog.Log{ID: watcher + "vnet", GUID: "l", Target: flowlog.OfNetwork, TargetID: network, Account: "acc"}
	nsg := flowlog.Log{ID: watcher + "nsg", Target: flowlog.OfGroup, TargetID: group, GroupGUID: "g", Account: "acc", Version: 2}
	other, unruled := point, point
	other.MAC, other.Rule, unruled.Group, unruled.Rule = "02FFFFFFFFFF", "DefaultRule_DenyAllInBound", "", ""
	for i := range 4 {
		at := tuple(func(t *flowlog.Tuple) { t.Time = begin.Add(time.Duration(i) * time.Second) })
		b.Add(&vnet, &point, "guid", at)
		b.Add(&nsg, &point, "guid", at)
	}
	b.Add(&vnet, &other, "guid", tuple(nil))
	b.Add(&vnet, &unruled, "", tuple(nil))
	only := "acc/insights-logs-networksecuritygroupflowevent/resourceId=" + strings.ToUpper(group) + "/y=2026/m=11/d=27/h=20/m=00/macAddress=02AABBCCDDEE/PT1H.json"
	if pages := b.Take(begin, func(p string) bool { return p == only }); len(pages) != 1 || pages[0].Path != only {
		t.Errorf("%v", pages)
	}
	got := []string{}
	for _, p := range b.Take(begin.Add(time.Minute), nil) {
		lines, err := flowlogtest.Read([]byte(`{"records":[` + string(p.Record) + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		at, ok := flowlog.Hour(strings.TrimPrefix(p.Path, p.Log.Folder()+"/"))
		for _, l := range lines {
			if !ok || !at.Equal(l.At.Truncate(time.Hour)) || !l.Record.Equal(begin.Add(time.Minute)) || l.MAC != p.Path[strings.Index(p.Path, "macAddress=")+11:len(p.Path)-len("/PT1H.json")] {
				t.Errorf("%s: %+v", p.Path, l)
			}
			got = append(got, fmt.Sprintf("%s h=%02d %s %s", p.Log.ID[len(watcher):], l.At.Hour(), l.Group, l.Rule))
		}
	}
	slices.Sort(got)
	want := []string{"nsg h=21  UserRule_web", "nsg h=21  UserRule_web", "nsg h=21  UserRule_web",
		"vnet h=20 guid DefaultRule_DenyAllInBound", "vnet h=20 guid UserRule_web", "vnet h=20 unspecified unspecified",
		"vnet h=21 guid UserRule_web", "vnet h=21 guid UserRule_web", "vnet h=21 guid UserRule_web"}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if b.Size() != 0 || len(b.Take(begin, nil)) != 0 {
		t.Errorf("%d bytes are left", b.Size())
	}
}

// TestOf: a security group's log has what its rules decide; of those of places, the
// nearest has a flow.
func TestOf(t *testing.T) {
	log := func(id string, target flowlog.Target, of string) flowlog.Log {
		return flowlog.Log{ID: id, Target: target, TargetID: strings.ToUpper(of)}
	}
	nic := network + "nic"
	logs := flowlog.Logs{All: []flowlog.Log{log("network", flowlog.OfNetwork, network), log("group", flowlog.OfGroup, group), log("subnet", flowlog.OfSubnet, network+"/subnets/front"), log("nic", flowlog.OfInterface, nic)}}
	for _, c := range []struct {
		point flowlog.Point
		want  string
	}{
		{flowlog.Point{Network: network}, "network"},
		{flowlog.Point{Network: network, Subnet: network + "/subnets/front"}, "subnet"},
		{flowlog.Point{Network: network, Subnet: network + "/subnets/front", Interface: nic, Group: group}, "group nic"},
		{flowlog.Point{Network: network, Subnet: network + "/subnets/other", Group: group}, "group network"},
		{flowlog.Point{Network: network + "2"}, ""},
	} {
		var got []string
		for _, l := range logs.Of(&c.point) {
			got = append(got, l.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, want %s", c.point, got, c.want)
		}
	}
}

func TestCriteria(t *testing.T) {
	denied := tuple(func(t *flowlog.Tuple) { t.State, t.Inbound, t.Protocol = flowlog.Deny, true, flowlog.UDP })
	for _, c := range []struct {
		text         string
		plain, other bool // whether it has the tuple, and denied
	}{
		{"", true, true},
		{"srcip=10.0.0.0/8", true, true},
		{"SrcIP = 10.0.0.5 , 192.0.2.1", true, true},
		{"SrcIP!=10.0.0.5", false, false},
		{"dstip=203.0.113.6", false, false},
		{"dstip=203.0.113.6 || DstPort=440-450", true, true},
		{"DstPort=80,443 && Direction=inbound", false, true},
		{"Direction=Outbound && DstPort=80 || Protocol=udp", false, true},
		{"Protocol=TCP", true, false},
		{"Action=Deny", false, true},
		{"RecordTypes=B,E", true, false},
		{"Encryption=NX_ALL && Action!=Deny", true, false},
		{"Encryption=X", false, false},
		{"SrcPort!=40000 || SrcPort=40000", true, true},
	} {
		criteria, problems := flowlog.ParseCriteria(c.text)
		if len(problems) > 0 {
			t.Errorf("%q: %v", c.text, problems)
			continue
		}
		plain := tuple(nil)
		if got := [2]bool{criteria.Match(&plain), criteria.Match(&denied)}; got != [2]bool{c.plain, c.other} {
			t.Errorf("%q: %v", c.text, got)
		}
	}
	for text, want := range map[string]string{
		"x":                                 "'x' is no condition: give a field, '=' or '!=', and values with commas between them",
		"Colour=red":                        "there is no field 'Colour': the fields are Direction, SrcIP, SrcPort, DstIP, DstPort, Protocol, Encryption, Action and RecordTypes",
		"SrcIP=ten && DstPort=99999,2-1":    "'ten' is no IP address and no range as 10.0.0.0/8; '99999' is no port and no range of ports as 8080-8090; '2-1' is no port and no range of ports as 8080-8090",
		"Protocol=ICMP":                     "'ICMP' is not one of TCP, UDP",
		"SrcIP=10.0.0.1 ||":                 "'' is no condition: give a field, '=' or '!=', and values with commas between them",
		"SrcIP=" + strings.Repeat("1", 1e3): "it has 1006 characters; at most 1000 are allowed",
	} {
		if _, problems := flowlog.ParseCriteria(text); strings.Join(problems, "; ") != want {
			t.Errorf("%q: %s", text, strings.Join(problems, "; "))
		}
	}
}

func TestStates(t *testing.T) {
	for text, want := range map[string]string{"": "", "B,E": "BE", " b , e,B": "BE", "D": "D"} {
		if s, problem := flowlog.ParseStates(text); string(s) != want || problem != "" {
			t.Errorf("%q: %q %s", text, s, problem)
		}
	}
	for _, text := range []string{"X", "B,,E", "BE", "B;E"} {
		if _, problem := flowlog.ParseStates(text); problem == "" {
			t.Errorf("%q is taken", text)
		}
	}
}

// FuzzCriteria: what is read can be asked, and says the same when it is written with other
// spaces and letters.
func FuzzCriteria(f *testing.F) {
	f.Add("SrcIP=10.0.0.0/8 && DstPort!=443,80-90 || Protocol=UDP")
	f.Add("Encryption=NX")
	f.Fuzz(func(t *testing.T, text string) {
		c, problems := flowlog.ParseCriteria(text)
		one := tuple(nil)
		if has := c.Match(&one); len(problems) > 0 {
			if !has {
				t.Errorf("%q: criteria with problems have not everything", text)
			}
			return
		} else if again, problems := flowlog.ParseCriteria(strings.ToUpper(strings.TrimSpace(text))); len(problems) == 0 && again.Match(&one) != has {
			t.Errorf("%q: letter case means something", text)
		}
	})
}
