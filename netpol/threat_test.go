package netpol

import (
	"strings"
	"testing"
)

func TestDecodeThreats(t *testing.T) {
	got, err := DecodeThreats("\ufeff# list\n198.51.100.0/24 # a range\n\n 2001:db8::1\r\nBad.example.com\n*.evil.example\n")
	if err != nil || len(got.Prefixes) != 2 || got.Prefixes[0].String() != "198.51.100.0/24" || strings.Join(got.Names, " ") != "Bad.example.com *.evil.example" {
		t.Errorf("%v, %v", got, err)
	}
	_, err = DecodeThreats("10.0.0.1/8\n0.0.0.0/0\n*\nlocalhost\na..b\nexample.*\n10.0.0.1-10.0.0.9\nSql\n")
	for _, want := range []string{"line 1: \"10.0.0.1/8\"", "line 2:", "line 3: \"*\"", "line 4:", "line 5:", "line 6:", "line 7:", "line 8:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %s", err, want)
		}
	}
}

// FuzzDecodeThreats: what is taken can be compiled, and a firewall that denies threats
// knows each entry.
func FuzzDecodeThreats(f *testing.F) {
	f.Add("198.51.100.0/24\nbad.example.com\n*.evil.example # known\n::1\n")
	f.Add("0.0.0.0/1\n128.0.0.0/1\n*a.b\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := DecodeThreats(text)
		if err != nil {
			return
		}
		var found Problems
		checkThreats("list", &list, &found)
		if found != nil {
			t.Fatal(found)
		}
		c := &compiler{model: &Model{Threats: list}}
		filter := c.threatFilter(ThreatIntel{Mode: ThreatDeny})
		for _, p := range list.Prefixes {
			if filter.find(&Flow{Source: p.Addr(), Destination: HostAddress()}) != ThreatDeny {
				t.Errorf("%s is none", p)
			}
		}
		for _, name := range list.Names {
			flow := Flow{Source: HostAddress(), Destination: HostAddress(), Application: Application{Name: strings.ToUpper(strings.Replace(name, "*", "x", 1)) + "."}}
			if filter.find(&flow) != ThreatDeny {
				t.Errorf("%s is none", name)
			}
		}
	})
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{"*": true, "*.example.com": true, "*example.com": true, "www.example.com": true, "a_b.example.com.": true, "localhost": true,
		"10.0.0.4": false, "10.0.0.1-10.0.0.9": false, "": false, ".": false, "*.": false, "*..com": false, "example.*": false, "www.*.com": false, "**.com": false, ".example.com": false, "a b": false, "10.0.0.0/8": false,
		strings.Repeat("a", 64) + ".com": false, strings.Repeat("a.", 127) + "com": false} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
