package layout_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"isle/netpol/layout"
	"isle/netpol/layout/layouttest"
)

// TestWhatCompilesIsLaidOut: for each policy there is a layout, always the same, in which
// everything leads somewhere.
func TestWhatCompilesIsLaidOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := layouttest.New(rapid.Uint64().Draw(t, "seed")).Input(rapid.IntRange(0, 40).Draw(t, "rules"))
		l, err := layout.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := layout.Compile(in); !reflect.DeepEqual(l, again) {
			t.Fatal("the same input has two layouts")
		}
		for i := range l.Namespaces {
			whole(t, l, &l.Namespaces[i])
		}
	})
}

// whole holds a namespace against what the types promise.
func whole(t *rapid.T, l *layout.Layout, ns *layout.Namespace) {
	links := map[string]bool{}
	for _, k := range ns.Links {
		links[k.Name] = true
		if len(k.Name) > 15 {
			t.Errorf("%s: %s is too long a name", ns.Name, k.Name)
		}
		if k.Kind == layout.Veth && !leadsBack(l, ns, &k) {
			t.Errorf("%s: the other end of %s does not lead back", ns.Name, k.Name)
		}
	}
	for _, r := range ns.Routes {
		if r.Link != "" && !links[r.Link] {
			t.Errorf("%s: a route goes by %s, which is not there", ns.Name, r.Link)
		}
	}
	for _, r := range ns.Rules {
		if !links[r.In] {
			t.Errorf("%s: a rule is for %s, which is not there", ns.Name, r.In)
		}
	}
	if len(ns.Name) > 40 {
		t.Errorf("%s is too long a name", ns.Name)
	}
	for _, c := range ns.Comments {
		if len(c.Text) > 128 || !strings.Contains(ns.Filter, `comment "`+c.Text+`"`) {
			t.Errorf("%s: no rule has the comment %s", ns.Name, c.Text)
		}
	}
}

func leadsBack(l *layout.Layout, ns *layout.Namespace, k *layout.Link) bool {
	other, ok := l.Find(k.Peer.Namespace)
	if !ok {
		return false
	}
	for _, back := range other.Links {
		if back.Name == k.Peer.Link {
			return back.Peer == layout.End{Namespace: ns.Name, Link: k.Name}
		}
	}
	return false
}

// TestTheOrderOfInputDoesNotMatter: names stay, and so does everything that has one.
func TestTheOrderOfInputDoesNotMatter(t *testing.T) {
	in := layouttest.New(1).Input(20)
	want, err := layout.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	parts := in.Environments[0].Parts
	parts[0], parts[3] = parts[3], parts[0]
	in.Attachments[0], in.Attachments[2] = in.Attachments[2], in.Attachments[0]
	if got, err := layout.Compile(in); err != nil || !reflect.DeepEqual(got, want) {
		t.Error("another order gives another layout", err)
	}
}

// TestAFirewallAsksItsServers: where application rules are judged by names, the firewall's
// own questions leave it, also while it answers none.
func TestAFirewallAsksItsServers(t *testing.T) {
	const asks = "ip saddr 10.0.4.4 meta l4proto { 6, 17 } th dport 53 accept"
	for settings, want := range map[string]bool{"dns fw off 10.0.0.9\n": true, "": false} {
		l, err := layout.Compile(parse(t, "network 10.0.0.0/16\nsubnet work 10.0.0.0/24 - -\nsubnet AzureFirewallSubnet 10.0.4.0/26 - -\nnic one work 10.0.0.4 -\nattach one\nfirewall fw AzureFirewallSubnet 10.0.4.4 203.0.113.200\n"+settings+"apprule fw app 400 Allow site https:443 * *.example.com\n"))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(l.Namespaces, func(n layout.Namespace) bool { return n.Role == layout.Firewall })
		if i < 0 {
			t.Fatal("there is no firewall")
		}
		if got := strings.Contains(l.Namespaces[i].Filter, asks); got != want {
			t.Errorf("%q: it asks: %t", settings, got)
		}
	}
}
