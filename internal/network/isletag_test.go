package network

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestAttachments(t *testing.T) {
	private := netip.MustParseAddr("10.0.0.4")
	for text, want := range map[string]string{
		"":                                     "",
		"22=127.0.0.1:2222":                    "22→127.0.0.1:2222 ",
		"22=127.0.0.1:2222, 443=[::1]:8443":    "22→127.0.0.1:2222 443→::1:8443 ",
		"192.168.1.20 21=127.0.0.1:2121":       "0→192.168.1.20:0 21→127.0.0.1:2121 ",
		"::ffff:192.168.1.20":                  "0→192.168.1.20:0 ",
		"22=127.0.0.1:2222,22=127.0.0.1:2223":  "22→127.0.0.1:2222 !",
		"0=127.0.0.1:1":                        "!",
		"22=127.0.0.1":                         "!",
		"22=127.0.0.1:0":                       "!",
		"x=127.0.0.1:1":                        "!",
		"169.254.169.254":                      "!",
		"22=0.0.0.0:22,fe80::1,224.0.0.1,host": "!!!!",
	} {
		list, _, problems := parseAttach(text, "/nic", private)
		got := ""
		for _, m := range list {
			got += fmt.Sprintf("%d→%s:%d ", m.Port, m.Real, m.RealPort)
			if m.Private != private || m.Interface != "/nic" {
				t.Errorf("%s: %+v", text, m)
			}
		}
		for range problems {
			got += "!"
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%q)", text, got, want, problems)
		}
	}
}

func TestMachines(t *testing.T) {
	for text, want := range map[string]string{
		"netns:/run/netns/sftp":                   "/run/netns/sftp",
		"netns:/var/run/netns/a.b-c":              "/var/run/netns/a.b-c",
		"netns:/run/docker/netns/0a1b":            "/run/docker/netns/0a1b",
		"netns:/proc/4711/ns/net, gateway":        "/proc/4711/ns/net gateway",
		"netns:/proc/4711/ns/net@4026532581":      "/proc/4711/ns/net@4026532581",
		"netns:/proc/4711/ns/net@":                "!",
		"netns:/run/netns/sftp@4026532581":        "!",
		"gateway tap:vm1":                         "vm1 gateway",
		"netns:/run/netns/isle-1-x":               "!",
		"netns:/var/run/netns/isle-1-x":           "!",
		"netns:/run/netns/../../proc/self/ns/net": "!",
		"netns:/proc/self/ns/net":                 "!",
		"netns:/etc/passwd":                       "!",
		"netns:":                                  "!",
		"tap:with a blank":                        "with!!",
		"tap:a/b":                                 "!",
		"tap:sixteen-letters-":                    "!",
		"gateway":                                 " gateway!",
		"22=127.0.0.1:22,gateway":                 " gateway!",
		"netns:/run/netns/a,tap:b":                "/run/netns/a!",
		"netns:/run/netns/a,22=127.0.0.1:22":      "/run/netns/a!",
		"netns:/run/netns/a,192.168.1.20":         "/run/netns/a!",
	} {
		_, m, problems := parseAttach(text, "/nic", netip.MustParseAddr("10.0.0.4"))
		got := m.Given
		if m.Gateway {
			got += " gateway"
		}
		for range problems {
			got += "!"
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%q)", text, got, want, problems)
		}
	}
}

func TestUplinks(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "{   [] invalid IP}",
		"eth1 192.0.2.10/24": "{ eth1 [192.0.2.10/24] invalid IP}",
		"eth1 192.0.2.10/24,192.0.2.11/24 via 192.0.2.1": "{ eth1 [192.0.2.10/24 192.0.2.11/24] 192.0.2.1}",
		"eth1":                          "!",
		"eth1 192.0.2.10":               "!",
		"eth1 via 192.0.2.1":            "!",
		"eth1 192.0.2.10/24 via router": "!",
		"eth1 192.0.2.0/24,192.0.2.255/24 via 192.0.2.1":    "!!",
		"eth1 255.255.255.255/24":                           "!",
		"eth1 192.0.2.1/24 via 192.0.2.1":                   "!",
		"eth1 192.0.2.10/31,192.0.2.12/32 via 198.51.100.1": "{ eth1 [192.0.2.10/31 192.0.2.12/32] 198.51.100.1}",
		"eth1;x 2001:db8::1/64 via ::1":                     "!!!",
	} {
		u, problems := parseUplink(text)
		got := fmt.Sprint(u)
		if len(problems) > 0 {
			got = ""
		}
		for range problems {
			got += "!"
		}
		if got != strings.ReplaceAll(want, "{   ", "{  ") {
			t.Errorf("%s: %s, want %s (%q)", text, got, want, problems)
		}
	}
}

func TestEgress(t *testing.T) {
	for text, want := range map[string]string{
		"bind:127.0.0.2":                "127.0.0.2",
		"bind:::1":                      "::1",
		"socks5://user:secret@proxy:80": "socks5://user:secret@proxy:80",
		"http://127.0.0.1:3128/":        "http://127.0.0.1:3128/",
		"bind:0.0.0.0":                  "",
		"bind:":                         "",
		"bind:host":                     "",
		"https://proxy:443":             "",
		"socks5://proxy":                "",
		"http://proxy:99999":            "",
		"http://proxy:1/path":           "",
		"203.0.113.1":                   "",
		"":                              "",
	} {
		e, problem := parseEgress(text)
		got := ""
		if e.Bind.IsValid() {
			got = e.Bind.String()
		}
		if e.Proxy != nil {
			got = e.Proxy.String()
		}
		if got != want || (problem == "") != (want != "") {
			t.Errorf("%s: %s, want %s (%s)", text, got, want, problem)
		}
	}
}

// FuzzTags: whatever a tag says is read or refused, and what is read can be dialed.
func FuzzTags(f *testing.F) {
	f.Add("22=127.0.0.1:2222, 192.168.1.20")
	f.Add("bind:10.0.0.1")
	f.Add("socks5://a:1")
	f.Add("10.0.0.0/8 ::/0")
	f.Fuzz(func(t *testing.T, text string) {
		list, _, _ := parseAttach(text, "id", netip.MustParseAddr("10.0.0.4"))
		for _, m := range list {
			if !m.Real.IsValid() || m.Real.Is4In6() || (m.Port == 0) != (m.RealPort == 0) {
				t.Fatalf("%+v", m)
			}
		}
		if e, problem := parseEgress(text); problem == "" && e.Bind.IsValid() == (e.Proxy != nil) {
			t.Fatalf("%+v", e)
		}
		prefixes, _ := parsePrefixes(text)
		for _, p := range prefixes {
			if p != p.Masked() {
				t.Fatal(p)
			}
		}
	})
}
