package main

import (
	"io/fs"
	"net/netip"
	"strings"
	"testing"
)

func TestParseAttachment(t *testing.T) {
	for _, c := range []struct{ private, real, at, entry string }{
		{"10.0.1.50:22", "127.0.0.1:2222", "10.0.1.50:22", "22=127.0.0.1:2222"},
		{"10.0.1.50:22", "192.168.1.20", "10.0.1.50:22", "22=192.168.1.20:22"},
		{"10.0.1.50", "192.168.1.20", "10.0.1.50", "192.168.1.20"},
		{"10.0.1.50:22", "[::1]:2222", "10.0.1.50:22", "22=[::1]:2222"},
		{"10.0.1.50:22", "::ffff:127.0.0.1", "10.0.1.50:22", "22=127.0.0.1:22"},
	} {
		at, a, err := parseAttachment(c.private, c.real)
		if err != nil || a.at(at) != c.at || a.String() != c.entry {
			t.Errorf("%s %s: %s %s %v", c.private, c.real, a.at(at), a, err)
		}
	}
}

// What cannot be an attachment is refused with all that is wrong with it.
func TestParseAttachmentRefused(t *testing.T) {
	for _, c := range []struct {
		private, real string
		says          []string
	}{
		{"nowhere", "10.0.0.1:0", []string{`"nowhere" is neither`, `"10.0.0.1:0" is neither`}},
		{"127.0.0.1:22", "169.254.169.254", []string{"127.0.0.1 can be no address of a virtual network", "nothing can be attached at 169.254.169.254"}},
		{"0.0.0.0", "224.0.0.1:22", []string{"0.0.0.0 can be", "attached at 224.0.0.1", "Give 0.0.0.0:22"}},
		{"10.0.1.50", "127.0.0.1:2222", []string{"which port of 10.0.1.50", "Give 10.0.1.50:2222"}},
		{"10.0.1.50:70000", "127.0.0.1", []string{`"10.0.1.50:70000": the port is over 65535`}},
		{"10.0.2.50:22", "localhost:2222", []string{`write 127.0.0.1 for localhost: 127.0.0.1:2222`}},
		{"10.0.2.50", "localhost", []string{`write 127.0.0.1`}},
	} {
		_, _, err := parseAttachment(c.private, c.real)
		says(t, err, c.says...)
	}
}

func TestMachines(t *testing.T) {
	for _, c := range []struct {
		guest guest
		real  string
	}{
		{guest{namespace: "sftp"}, "netns:/run/netns/sftp"},
		{guest{namespace: "/run/docker/netns/1"}, "netns:/run/docker/netns/1"},
		{guest{namespace: "4711", gateway: true}, "netns:/proc/4711/ns/net@4026532581,gateway"},
		{guest{tap: "vm1"}, "tap:vm1"},
	} {
		at, a, err := c.guest.attachment("10.0.2.70", inProc)
		if err != nil || at.String() != "10.0.2.70" || a.real != c.real {
			t.Errorf("%+v: %s %s %v", c.guest, at, a.real, err)
		}
		list, err := parseAttachments(a.String())
		if err != nil || len(list) != 1 || list[0] != a {
			t.Errorf("%s is read as %v %v", a, list, err)
		}
		if merged, was, err := merge("22=127.0.0.1:22", a); err != nil || len(merged) != 1 || was != "22=127.0.0.1:22" {
			t.Errorf("%v %s %v", merged, was, err)
		}
	}
	wrong := guest{namespace: "a,b", tap: "c"}
	_, _, err := wrong.attachment("10.0.2.70:22", inProc)
	says(t, err, "a machine has all ports", "two machines", `"a,bc" is no name`)
	gone := guest{namespace: "4712"}
	_, _, err = gone.attachment("10.0.2.70", inProc)
	says(t, err, "the network namespace of process 4712 cannot be told")
}

// An address is served by one thing: what is missing, and what is too much, is told.
func TestPortAddIsToldWhatServes(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"10.0.2.70"}, "what is to serve 10.0.2.70? Give a real address, or a machine by --netns or --tap"},
		{[]string{"10.0.2.70", "127.0.0.1", "--netns", "sftp"}, "leave the real address out"},
		{[]string{"--tap", "vm1"}, "accepts 1 arg(s), received 0"},
		{nil, "accepts 2 arg(s), received 0"},
	} {
		cmd := portAddCommand()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(append([]string{"--data", t.TempDir()}, c.args...))
		says(t, cmd.Execute(), c.says)
	}
}

// inProc is where the namespace of the one process that there is leads.
func inProc(path string) (string, error) {
	if path != "/proc/4711/ns/net" {
		return "", fs.ErrNotExist
	}
	return "net:[4026532581]", nil
}

func says(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one that says %q", texts)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err, text)
		}
	}
}

func TestMergeAttachments(t *testing.T) {
	for _, c := range []struct {
		text        string
		add         attachment
		merged, was string
	}{
		{"", attachment{22, "127.0.0.1:2222"}, "22=127.0.0.1:2222", ""},
		{"22=127.0.0.1:2222", attachment{80, "127.0.0.1:8080"}, "22=127.0.0.1:2222,80=127.0.0.1:8080", ""},
		{"80=127.0.0.1:1, 22=127.0.0.1:2222", attachment{80, "127.0.0.1:2"}, "80=127.0.0.1:2,22=127.0.0.1:2222", "127.0.0.1:1"},
		{"192.168.1.20 22=127.0.0.1:2222", attachment{0, "192.168.1.21"}, "192.168.1.21,22=127.0.0.1:2222", "192.168.1.20"},
	} {
		list, was, err := merge(c.text, c.add)
		if err != nil || attachmentText(list) != c.merged || was != c.was {
			t.Errorf("%q and %s: %q, was %q, %v", c.text, c.add, attachmentText(list), was, err)
		}
	}
	_, _, err := merge("x=127.0.0.1:1,0=127.0.0.1:2", attachment{22, "127.0.0.1:22"})
	says(t, err, `"x=127.0.0.1:1"`, `"0=127.0.0.1:2"`)
}

const networkScope = "/subscriptions/s/resourceGroups/"

// networks are two of one address space, in two groups.
func networks() []*virtualNetwork {
	var all []*virtualNetwork
	for _, name := range []string{"first", "second"} {
		n := &virtualNetwork{ID: networkScope + name + "/providers/Microsoft.Network/virtualNetworks/" + name, Name: name}
		one, two := subnetItem{Name: "machines"}, subnetItem{Name: name + "only"}
		one.Properties.AddressPrefix = "10.0.1.0/24"
		two.Properties.AddressPrefixes = []string{"10.0.2.0/24", map[string]string{"first": "10.1.0.0/24", "second": "10.2.0.0/24"}[name]}
		one.ID, two.ID = n.ID+"/subnets/machines", n.ID+"/subnets/"+name+"only"
		n.Properties.Subnets = []subnetItem{one, two}
		all = append(all, n)
	}
	return all
}

func TestChoosePlace(t *testing.T) {
	at := func(a, network string) portAdd { return portAdd{private: netip.MustParseAddr(a), network: network} }
	for _, c := range []struct {
		add  portAdd
		want string
	}{{at("10.1.0.7", ""), "first/firstonly"}, {at("10.0.1.50", "SECOND"), "second/machines"}} {
		if place, err := choosePlace(networks(), c.add); err != nil || place.String() != c.want {
			t.Errorf("%s: %v %v", c.add.private, place, err)
		}
	}
	_, err := choosePlace(networks(), at("10.0.1.50", ""))
	says(t, err, "2 subnets contain 10.0.1.50", "first/machines in the resource group first", "second/machines in the resource group second", "--network")
	_, err = choosePlace(networks(), at("10.9.0.1", "first"))
	says(t, err, "no subnet contains 10.9.0.1", "first/machines (10.0.1.0/24)", "first/firstonly (10.0.2.0/24, 10.1.0.0/24)")
	_, err = choosePlace(networks(), at("10.0.1.50", "third"))
	says(t, err, `no virtual network "third"`)
	_, err = choosePlace(nil, at("10.0.1.50", ""))
	says(t, err, "no virtual network")
}

func nic(group, name, address, tag string) *networkInterface {
	n := &networkInterface{ID: networkScope + group + "/providers/Microsoft.Network/networkInterfaces/" + name, Name: name, Tags: map[string]string{}}
	if tag != "" {
		n.Tags["Isle-Attach"] = tag // the names of tags compare ignoring case
	}
	n.Properties.IPConfigurations = append(n.Properties.IPConfigurations, struct {
		Properties struct {
			PrivateIPAddress string              `json:"privateIPAddress"`
			Subnet           struct{ ID string } `json:"subnet"`
		} `json:"properties"`
	}{})
	c := &n.Properties.IPConfigurations[0]
	c.Properties.PrivateIPAddress = address
	c.Properties.Subnet.ID = networkScope + group + "/providers/Microsoft.Network/virtualNetworks/" + group + "/subnets/machines"
	return n
}

func TestAttachedPorts(t *testing.T) {
	all := []*networkInterface{nic("second", "b", "10.0.1.9", "10.3.3.3"), nic("first", "plain", "10.0.1.8", ""), nic("first", "a", "10.0.1.10", "22=127.0.0.1:1,80=127.0.0.1:2"), nic("first", "c", "10.0.1.9", "10.3.3.4")}
	lines, err := attachedPorts(all)
	want := []attachedPort{
		{"10.0.1.9", "10.3.3.4", "first", "machines", "c", "first"},
		{"10.0.1.10:22", "127.0.0.1:1", "first", "machines", "a", "first"},
		{"10.0.1.10:80", "127.0.0.1:2", "first", "machines", "a", "first"},
		{"10.0.1.9", "10.3.3.3", "second", "machines", "b", "second"},
	}
	if err != nil || len(lines) != len(want) {
		t.Fatalf("%v %v", lines, err)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("%+v, want %+v", lines[i], want[i])
		}
	}
	if n, port, err := named(all, "10.0.1.10:80"); err != nil || n.Name != "a" || port != 80 {
		t.Errorf("%v %d %v", n, port, err)
	}
	if n, port, err := named(all, "B"); err != nil || n.Name != "b" || port != 0 {
		t.Errorf("%v %d %v", n, port, err)
	}
	_, _, err = named(all, "10.0.1.9")
	says(t, err, "c in the resource group first", "b in the resource group second", "-g")
	_, _, err = named(all, "plain")
	says(t, err, "nothing is attached to")
}

// The interface that is there is used, under its own name and by its primary address.
func TestCheckInterface(t *testing.T) {
	place := subnetPlace{networks()[0], &networks()[0].Properties.Subnets[0]}
	all := []*networkInterface{nic("first", "a", "10.0.1.10", "22=127.0.0.1:1"), nic("second", "a2", "10.0.1.10", "")}
	if got := interfaceAt(all, netip.MustParseAddr("10.0.1.10"), place); got != all[0] {
		t.Errorf("%+v", got)
	}
	says(t, checkInterface(all[0], all, portAdd{private: netip.MustParseAddr("10.0.1.11"), name: "b"}, place), "leave --name out", "is not the primary address of the interface a")
	says(t, checkInterface(nil, all, portAdd{private: netip.MustParseAddr("10.0.1.11"), name: "A"}, place), "an interface a is there already, with the address 10.0.1.10")
	if err := checkInterface(nil, all, portAdd{private: netip.MustParseAddr("10.0.1.11"), name: "a2"}, place); err != nil {
		t.Error(err)
	}
}
