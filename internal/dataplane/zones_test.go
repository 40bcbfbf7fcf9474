package dataplane

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// contoso are zones as the documents have them: the longest name that matches has the
// answer, and what it does not have is not looked for outside.
func contoso(t testing.TB) *Zones {
	t.Helper()
	z := NewZones()
	for _, one := range []struct {
		name     string
		redirect bool
		records  []string
	}{
		{"contoso.com", false, []string{"contoso.com. 3600 IN SOA azureprivatedns.net. host.microsoft.com. 1 3600 300 2419200 10", "vm.contoso.com. 10 IN A 10.0.1.4", "*.contoso.com. 10 IN A 10.0.1.9",
			"a.deep.contoso.com. 10 IN A 10.0.1.5", "app.contoso.com. 10 IN CNAME vm.contoso.com.", "out.contoso.com. 10 IN CNAME www.public.test.", "far.contoso.com. 10 IN CNAME db.privatelink.test.",
			"loop.contoso.com. 10 IN CNAME loop.contoso.com.", "six.contoso.com. 10 IN AAAA fd00::4", `text.contoso.com. 10 IN TXT "a \"b\""`}},
		{"dev.contoso.com", false, []string{"vm.dev.contoso.com. 10 IN A 10.0.2.4"}},
		{"privatelink.test", true, []string{"db.privatelink.test. 10 IN A 10.0.3.4"}},
	} {
		if left := z.Add(one.name, one.redirect, one.records); left != nil {
			t.Fatal(left)
		}
	}
	return z
}

func TestPrivateZones(t *testing.T) {
	z := contoso(t)
	for _, c := range []struct {
		name string
		kind uint16
		want string
	}{
		{"vm.contoso.com.", dns.TypeA, "10.0.1.4"},
		{"VM.Contoso.COM.", dns.TypeA, "10.0.1.4"},
		{"vm.contoso.com.", dns.TypeAAAA, ""},                                     // the name is there, the type is not
		{"other.contoso.com.", dns.TypeA, "10.0.1.9"},                             // the wildcard
		{"x.y.contoso.com.", dns.TypeA, "10.0.1.9"},                               // of any depth
		{"deep.contoso.com.", dns.TypeA, ""},                                      // it is between names that are there
		{"b.deep.contoso.com.", dns.TypeA, "NXDOMAIN"},                            // the wildcard is not for what is below
		{"vm.dev.contoso.com.", dns.TypeA, "10.0.2.4"},                            // the longer zone
		{"app.dev.contoso.com.", dns.TypeA, "NXDOMAIN"},                           // which has the last word
		{"app.contoso.com.", dns.TypeA, "vm.contoso.com. 10.0.1.4"},               // an alias
		{"app.contoso.com.", dns.TypeCNAME, "vm.contoso.com."},                    //
		{"out.contoso.com.", dns.TypeA, "www.public.test. then www.public.test."}, // that leads outside
		{"far.contoso.com.", dns.TypeA, "db.privatelink.test. 10.0.3.4"},          // into another zone
		{"loop.contoso.com.", dns.TypeA, "SERVFAIL"},                              //
		{"six.contoso.com.", dns.TypeAAAA, "fd00::4"},                             //
		{"none.privatelink.test.", dns.TypeA, "then none.privatelink.test."},      // NxDomainRedirect
		{"www.public.test.", dns.TypeA, "then www.public.test."},                  // of no zone
		{"notcontoso.com.", dns.TypeA, "then notcontoso.com."},                    //
	} {
		a := z.Answer(c.name, c.kind)
		var got []string
		if a.Rcode != dns.RcodeSuccess {
			got = append(got, dns.RcodeToString[a.Rcode])
		}
		for _, r := range a.Records {
			got = append(got, strings.TrimPrefix(r.String(), r.Header().String()))
		}
		if a.Next != "" {
			got = append(got, "then "+a.Next)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, dns.TypeToString[c.kind], text, c.want)
		}
	}
	long := strings.Repeat(strings.Repeat("x", 60)+".", 5) + "more.test."
	left := z.Add("more.test", false, []string{"vm.more.test. 10 IN A nothing", "; no record", long + " 10 IN A 10.0.4.4", "web.more.test. 10 IN A 10.0.4.5"})
	if len(left) != 3 || len(z.Answer("web.more.test.", dns.TypeA).Records) != 1 || z.Answer("vm.more.test.", dns.TypeA).Rcode != dns.RcodeNameError {
		t.Errorf("of a zone with records that are none, these are left out: %v", left)
	}
	if a := (*Zones)(nil).Answer("vm.contoso.com.", dns.TypeA); a.Next != "vm.contoso.com." {
		t.Errorf("no zones say %+v", a)
	}
}

// The name server's replies: from the zones, from elsewhere, and from both.
func TestRepliesOfPrivateZones(t *testing.T) {
	z := contoso(t)
	var asked []string
	elsewhere := func(m *dns.Msg) *dns.Msg {
		asked = append(asked, m.Question[0].Name)
		answer := new(dns.Msg).SetReply(m)
		r, err := dns.NewRR(m.Question[0].Name + " 60 IN A 192.0.2.7")
		if err != nil {
			t.Fatal(err)
		}
		answer.Answer, answer.Truncated = []dns.RR{r}, true
		return answer
	}
	for name, want := range map[string]string{
		"vm.contoso.com.": "NOERROR 1 0 []", "out.contoso.com.": "NOERROR 2 0 [www.public.test.]", "www.public.test.": "NOERROR 1 0 [www.public.test.]",
		"b.deep.contoso.com.": "NXDOMAIN 0 1 []", "six.contoso.com.": "NOERROR 0 1 []",
	} {
		asked = nil
		question := new(dns.Msg).SetQuestion(name, dns.TypeA)
		a := z.Reply(question, elsewhere)
		if a.Truncated != (asked != nil) {
			t.Errorf("%s: truncated is %t", name, a.Truncated)
		}
		if got := fmt.Sprint(dns.RcodeToString[a.Rcode], " ", len(a.Answer), " ", len(a.Ns), " ", asked); got != want || a.Id != question.Id || a.Question[0].Name != name {
			t.Errorf("%s: %s, want %s: %v", name, got, want, a)
		}
	}
}

// FuzzPrivateZones: whatever is asked, an answer is about what was asked, or elsewhere's.
func FuzzPrivateZones(f *testing.F) {
	for _, name := range []string{"vm.contoso.com.", ".", "*.contoso.com.", "a..b", "\\.contoso.com.", "loop.contoso.com."} {
		f.Add(name, uint16(dns.TypeA))
	}
	z := contoso(f)
	f.Fuzz(func(t *testing.T, name string, kind uint16) {
		a := z.Answer(name, kind)
		if a.Next == "" && len(a.Records) > 0 && a.Records[0].Header().Name != name {
			t.Errorf("%q: %v", name, a.Records)
		}
		if i := slices.IndexFunc(a.Records, func(r dns.RR) bool { return r == nil }); i >= 0 {
			t.Errorf("%q: record %d is none", name, i)
		}
	})
}

// A dial looks its name up in the private zones first, unless the network has name
// servers of its own.
func TestDialsByPrivateNames(t *testing.T) {
	at := whoami(t)
	p := place(t).mapped("10.0.1.4:22", at.String())
	p.Zones = contoso(t)
	d := NewInproc(Options{Networks: in(p), Resolver: names{"www.public.test": {"10.0.1.4"}, "none.privatelink.test": {"10.0.1.4"}}}).Dialer("e", SubnetBuiltIn)
	for _, to := range []string{"vm.contoso.com:22", "app.contoso.com.:22", "out.contoso.com:22", "none.privatelink.test:22", "www.public.test:22"} {
		if got, err := greeting(t, d, "tcp", to); got != "127.0.0.1" {
			t.Errorf("%s: %q %v", to, got, err)
		}
	}
	for _, to := range []string{"b.deep.contoso.com:22", "loop.contoso.com:22", "text.contoso.com:22"} {
		if _, err := d.Dial(t.Context(), "tcp", to); err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(to, ":22")) {
			t.Errorf("%s: %v", to, err)
		}
	}
}
