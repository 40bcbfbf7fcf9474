package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

func TestClaims(t *testing.T) {
	s := &Subnet{Prefixes: []string{"10.0.0.0/28", "10.0.1.0/29", "fd00::/64"},
		Links: []Link{{Owner: "/ise", Addresses: []string{"10.0.0.5"}}}, Uses: []Use{{"/nic/ipConfigurations/c", "10.0.0.6"}}}
	for address, want := range map[string]string{
		"10.0.0.0": "PrivateIPAddressInReservedRange", "10.0.0.3": "PrivateIPAddressInReservedRange", "10.0.0.15": "PrivateIPAddressInReservedRange",
		"10.0.1.3": "PrivateIPAddressInReservedRange", "10.0.1.7": "PrivateIPAddressInReservedRange", "fd00::3": "PrivateIPAddressInReservedRange",
		"10.0.0.16": "PrivateIPAddressNotInSubnet", "10.0.1.8": "PrivateIPAddressNotInSubnet", "fd00:0:0:1::9": "PrivateIPAddressNotInSubnet",
		"10.0.0.5": "PrivateIPAddressIsAllocated", "10.0.0.6": "PrivateIPAddressIsAllocated",
		"10.0.0.4": "", "10.0.0.14": "", "10.0.1.4": "", "10.0.1.6": "", "fd00::4": "",
	} {
		var found arm.Found
		a := s.allocate("/subnet", "/other")
		if ok := a.claim(netip.MustParseAddr(address), "/c", "t", &found); codes(found) != want || ok != (want == "") {
			t.Errorf("%s: %s, want %s", address, codes(found), want)
		}
	}
	own := s.allocate("/subnet", "/NIC")
	if got := fmt.Sprint(own.list(versionIPv4, 3), own.list(versionIPv6, 1)); got != "[10.0.0.4 10.0.0.6 10.0.0.7] [fd00::4]" {
		t.Error(got)
	}
}

// subnets are ranges that lie apart, small ones, so that they become full.
var subnets = rapid.Custom(func(t *rapid.T) *Subnet {
	s := &Subnet{}
	for i := range rapid.IntRange(1, 3).Draw(t, "ranges") {
		s.Prefixes = append(s.Prefixes, fmt.Sprintf("10.%d.0.0/%d", i, rapid.IntRange(27, 29).Draw(t, "bits")))
	}
	return s
})

// TestAllocation: no address is given twice or is one of the five; the lowest is given
// first; what is given back is given again; a subnet is full when all are given.
func TestAllocation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := subnets.Draw(t, "subnet")
		for i := range rapid.IntRange(1, 80).Draw(t, "steps") {
			if n := len(s.Uses); n > 0 && rapid.IntRange(0, 3).Draw(t, "give back") == 0 {
				at := rapid.IntRange(0, n-1).Draw(t, "which")
				s.Uses = slices.Delete(s.Uses, at, at+1)
				continue
			}
			nic := &Interface{Configurations: []Configuration{{Name: "c", Subnet: "/s", Protocol: versionIPv4}}}
			if rapid.IntRange(0, 3).Draw(t, "static") == 0 {
				p := rapid.SampledFrom(s.ranges()).Draw(t, "range").Addr().As4()
				p[3] = byte(rapid.IntRange(0, 40).Draw(t, "host"))
				nic.Configurations[0].Static, nic.Configurations[0].Address = true, netip.AddrFrom4(p).String()
			}
			checkChoice(t, s, nic, arm.ID{Subscription: fmt.Sprint("nic", i)})
		}
	})
}

func checkChoice(t *rapid.T, s *Subnet, nic *Interface, id arm.ID) {
	taken, asked := s.taken(), nic.Configurations[0].Address
	lowest := slowLowest(s, taken)
	var found arm.Found
	nic.choose(id, &Interface{}, s.allocate("/s", id.String()), &found)
	got := nic.Configurations[0].Address
	address, err := netip.ParseAddr(got)
	bad := err != nil || !usableSlowly(s, address) || taken[address] != ""
	switch {
	case asked != "" && (codes(found) == "") == bad:
		t.Fatalf("%s was asked for: %s", asked, codes(found))
	case asked == "" && lowest == "" && codes(found) != "SubnetIsFull":
		t.Fatalf("%s of a full subnet: %s", got, codes(found))
	case asked == "" && got != lowest:
		t.Fatalf("%s was given, and %s is free", got, lowest)
	}
	if len(found) == 0 {
		s.Uses = append(s.Uses, nic.uses(id)...)
	}
	if len(s.taken()) != len(s.Uses) {
		t.Fatalf("an address has been given twice: %v", s.Uses)
	}
}

// usableSlowly tells by the size of a range and the number in it.
func usableSlowly(s *Subnet, a netip.Addr) bool {
	for _, p := range s.ranges() {
		if p.Contains(a) {
			size, n := 1<<(32-p.Bits()), int(a.As4()[3])
			return n >= 4 && n <= size-2
		}
	}
	return false
}

func slowLowest(s *Subnet, taken map[netip.Addr]string) string {
	for _, p := range s.ranges() {
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			if usableSlowly(s, a) && taken[a] == "" {
				return a.String()
			}
		}
	}
	return ""
}

// FuzzInterface: whatever a client sends, the checks answer; what they accept is stored
// in a form that reads back, and is served.
func FuzzInterface(f *testing.F) {
	f.Add(`{"ipConfigurations":[{"name":"a","properties":{"privateIPAllocationMethod":"Static","privateIPAddress":"10.0.0.4","subnet":{"id":"/s"}}},{"name":"b","properties":{"primary":true,"subnet":{"id":"/s"}}}]}`, "22=127.0.0.1:2222")
	f.Add(`{"ipConfigurations":[{"name":"a","properties":{"privateIPAddressVersion":"IPv6","subnet":{"id":"/s"}}}],"dnsSettings":{"dnsServers":["10.0.0.9"]}}`, "192.168.1.9")
	f.Add(`{"ipConfigurations":[{"properties":null},null],"networkSecurityGroup":{},"nicType":"Standard"}`, ",")
	f.Fuzz(func(t *testing.T, text, tag string) {
		if v, err := expr.ParseJSON([]byte(text)); err == nil {
			checkRequest(t, v)
		}
		mappings, machine, problems := parseAttach(tag, "/nic", netip.MustParseAddr("10.0.0.4"))
		if machine == (Attached{Interface: "/nic"}) && len(entries(tag)) != len(mappings)+len(problems) {
			t.Fatalf("%q: %v %v", tag, mappings, problems)
		}
	})
}

func checkRequest(t *testing.T, v expr.Value) {
	id, err := arm.ParseID(scope + typeInterfaces + "/nic")
	if err != nil {
		t.Fatal(err)
	}
	var found arm.Found
	n := readInterface(&arm.PutRequest{ID: id, Body: properties(v)}, &found)
	if n == nil {
		if len(found) == 0 {
			t.Fatal("neither a form nor a problem")
		}
		return
	}
	s := &Subnet{Prefixes: []string{"10.0.0.0/24", "fd00::/64"}}
	n.choose(id, &Interface{}, s.allocate("/s", id.String()), &found)
	if len(found) > 0 {
		return
	}
	body, err := encode(n)
	if err != nil {
		t.Fatal(err)
	}
	r := arm.Resource{Resource: store.Resource{ID: id.String(), Body: body}}
	again, err := decode[Interface](r)
	if err != nil || string(again.view(&r).JSON()) != string(n.view(&r).JSON()) {
		t.Fatalf("%s: %v", body, err)
	}
	for _, u := range again.uses(id) {
		if a, err := netip.ParseAddr(u.Address); err != nil || !strings.EqualFold(u.owner(), id.String()) {
			t.Fatalf("%+v: %v", u, err)
		} else if _, inside := s.allocate("/s", "").has(a); !inside {
			t.Fatalf("%s is in none of %v", a, s.Prefixes)
		}
	}
}
