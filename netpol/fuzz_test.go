package netpol

import (
	"slices"
	"strings"
	"testing"
)

const tagFile = `{"changeNumber": 7, "cloud": "Public", "values": [
 {"name": "Sql", "id": "Sql", "properties": {"changeNumber": "3", "region": "", "systemService": "AzureSQL", "addressPrefixes": ["192.0.2.0/24", "2001:db8::/48"], "networkFeatures": ["NSG"]}},
 {"name": "Storage.WestUS", "id": "Storage.WestUS", "properties": {"region": "westus", "addressPrefixes": ["203.0.113.7/32"]}}]}`

func TestDecodeTags(t *testing.T) {
	f, err := DecodeTags([]byte("\ufeff" + tagFile))
	if err != nil {
		t.Fatal(err)
	}
	if f.ChangeNumber != "7" || f.Cloud != "Public" || len(f.Tags) != 2 || f.Tags[0].ChangeNumber != "3" || f.Tags[0].SystemService != "AzureSQL" || f.Tags[1].Region != "westus" ||
		!slices.Equal(f.Tags[0].Prefixes, mustPrefixes("192.0.2.0/24", "2001:db8::/48")) {
		t.Errorf("%+v", f)
	}
	_, err = DecodeTags([]byte(`{"values": [{"name": "a b"}, {"name": "Sql", "properties": {"addressPrefixes": ["10.0.0.1/24", "x", "*", "Sql"]}}, {"name": "SQL"}]}`))
	for _, want := range []string{`"a b" is not`, `"10.0.0.1/24"`, `"x"`, `"*"`, `"Sql" is not an address`, `SQL is there twice`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %s", err, want)
		}
	}
	for _, bad := range []string{``, `[]`, `{"changeNumber": []}`, `{"values": {}}`, `{"values": [1]}`} {
		if _, err := DecodeTags([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// FuzzDecodeTags: what is taken can be compiled, and its prefixes can be asked for.
func FuzzDecodeTags(f *testing.F) {
	f.Add([]byte(tagFile))
	f.Add([]byte(`{"values":[{"name":"Internet","properties":{"addressPrefixes":["::/0","0.0.0.0/0"]}}]}`))
	f.Add([]byte(`{"values":[{"name":"VirtualNetwork","properties":{"addressPrefixes":["8.0.0.0/6"]}},{"name":"A.b"},{"name":"a"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := DecodeTags(data)
		if err != nil {
			return
		}
		p, err := Compile(&Model{Tags: file.Tags, Networks: []VirtualNetwork{{ID: "/v", Space: mustPrefixes("10.0.0.0/16")}}})
		if err != nil {
			t.Fatal(err)
		}
		n, _ := p.Network("/V")
		for _, tag := range file.Tags {
			has := n.Tag(strings.ToUpper(tag.Name))
			for _, want := range tag.Prefixes {
				if strings.EqualFold(tag.Name, "Internet") {
					continue // less what is in the network
				}
				if !slices.ContainsFunc(has, want.Overlaps) {
					t.Errorf("%s lacks %s", tag.Name, want)
				}
			}
		}
	})
}

// FuzzParseAddress: what is taken reads back as itself.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"*", "10.0.0.1", "10.0.0.0/8", "50.206.209.68/27", "Sql", "Storage.WestUS", "any any", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "A..b", ".", "1a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddress(text)
		if err != nil {
			return
		}
		var found Problems
		checkAddress("x", "side", a, &found)
		if b, err := ParseAddress(a.String()); err != nil || a != b || found != nil {
			t.Errorf("%q is %v, again %v, %v, %v", text, a, b, err, found)
		}
	})
}

func FuzzParsePorts(f *testing.F) {
	for _, s := range []string{"*", "0", "65535", "65536", "1-2", "2-1", "-1", "1-", "636, 389", "+1", "0-65535", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParsePorts(text)
		if err != nil {
			return
		}
		if again, err := ParsePorts(r.String()); err != nil || again != r || r.First > r.Last {
			t.Errorf("%q is %v, again %v, %v", text, r, again, err)
		}
	})
}

func FuzzParseProtocol(f *testing.F) {
	for _, s := range []string{"*", "Any", "tcp", "TCP", "Udp", "icmp", "Esp", "AH", "6", "", "Tcp ", "Tcp,Udp"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseProtocol(text)
		if err != nil {
			return
		}
		if again, err := ParseProtocol(p.String()); err != nil || again != p || p >= protocolCount {
			t.Errorf("%q is %v, again %v, %v", text, p, again, err)
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"2019-11", "2020", "2020-09", "a", "b", "", "2022", "2020-9", "ab", "B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVersion(text)
		if err != nil {
			return
		}
		if again, err := ParseVersion(v.String()); err != nil || again != v || len(Requirements(v, ExternalEndpoint)) == 0 {
			t.Errorf("%q is %v, again %v, %v", text, v, again, err)
		}
	})
}

// FuzzServiceTags: a rule with any tag compiles; the tag has addresses unless it is
// empty in this network, and its name counts in any case.
func FuzzServiceTags(f *testing.F) {
	for _, s := range []string{"VirtualNetwork", "Internet", "AzureLoadBalancer", "Storage", "Storage.WestUS", "AzureCloud.eastus2", "AzurePlatformIMDS", "azureplatformlkm.x", "A_b.c", "Sql"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddress(text)
		if err != nil || a.Tag == "" {
			return
		}
		m := small(SecurityRule{Name: "r", Priority: 100, Direction: Outbound, Destination: Side{Addresses: []Address{a}}})
		m.Tags = []ServiceTag{{Name: "Sql.WestUS", Prefixes: mustPrefixes("198.51.100.0/24")}}
		n := compile(t, m)
		has := n.Tag(text)
		if len(has) == 0 || !slices.Equal(has, n.Tag(strings.ToUpper(text))) {
			t.Errorf("%q has %v, in upper case %v", text, has, n.Tag(strings.ToUpper(text)))
		}
		flow := Flow{Protocol: TCP, Source: mustPrefixes("10.0.0.4/32")[0].Addr(), SourcePort: 1, Destination: has[len(has)-1].Addr(), DestinationPort: 443}
		if flow.Destination.Is6() {
			return
		}
		if d := n.Verify(flow, Outbound); d.RuleName != "securityRules/r" && !flow.platform() {
			t.Errorf("%q: %s: %s", text, flow, d)
		}
	})
}
