package layout_test

import (
	"cmp"
	"flag"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"isle/netpol"
	"isle/netpol/layout"
	"isle/netpol/modeltext"
)

var rewrite = flag.Bool("rewrite", false, "write the layouts into the scripts in testdata")

// TestScripts runs testdata/*.txtar: a model (modeltext) with these lines of who is in
// the network, and the layout of it or its problems.
//
//	part ENVIRONMENT NAME SUBNET ADDRESS
//	attach NIC [GIVEN [gateway]]
//	uplink INTERFACE ADDRESSES [NEXTROUTER]
func TestScripts(t *testing.T) { modeltext.Scripts(t, *rewrite, script, "model") }

func script(t *testing.T, files []string) string {
	l, err := layout.Compile(parse(t, files[0]))
	if err != nil {
		return fmt.Sprintln(err)
	}
	var got strings.Builder
	describe(&got, l)
	return got.String()
}

func parse(t *testing.T, text string) layout.Input {
	var in layout.Input
	in.Model = modeltext.Parse(t, text, func(verb string, w []string) bool {
		w = append(w, "", "")
		switch verb {
		case "part":
			part(&in, w)
		case "attach":
			in.Attachments = append(in.Attachments, layout.Attachment{Interface: "/nic/" + w[0], Given: strings.Trim(w[1], "-"), Gateway: w[2] == "gateway"})
		case "uplink":
			u := layout.NetworkUplink{Network: "/vnet", Interface: w[0]}
			for _, a := range strings.Split(w[1], ",") {
				u.Addresses = append(u.Addresses, netip.MustParsePrefix(a))
			}
			u.Gateway, _ = netip.ParseAddr(w[2])
			in.Uplinks = append(in.Uplinks, u)
		default:
			return false
		}
		return true
	})
	var err error
	if in.Policy, err = netpol.Compile(in.Model); err != nil {
		t.Fatal(err)
	}
	return in
}

func part(in *layout.Input, w []string) {
	p := layout.Part{Name: w[1], Subnet: "/vnet/" + w[2], Address: netip.MustParseAddr(w[3])}
	for i := range in.Environments {
		if e := &in.Environments[i]; e.Store == w[0] {
			e.Parts = append(e.Parts, p)
			return
		}
	}
	in.Environments = append(in.Environments, layout.Environment{ID: "/ise/" + w[0], Store: w[0], Network: "/vnet", Parts: []layout.Part{p}})
}

func describe(w *strings.Builder, l *layout.Layout) {
	for _, ns := range l.Namespaces {
		fmt.Fprintf(w, "%s: %s of %s", ns.Name, ns.Role, ns.Owner)
		if ns.Forwards {
			w.WriteString(", forwards")
		}
		w.WriteString("\n")
		for _, k := range ns.Links {
			describeLink(w, &k)
		}
		for _, r := range ns.Rules {
			fmt.Fprintf(w, "  rule %d iif %s table %d\n", r.Priority, r.In, r.Table)
		}
		for _, r := range ns.Routes {
			describeRoute(w, &r)
		}
		for line := range strings.Lines(ns.Filter) {
			w.WriteString("  | " + line)
		}
		for _, c := range ns.Comments {
			fmt.Fprintf(w, "  comment %s: %s\n", c.Text, c.Rule)
		}
	}
}

func describeLink(w *strings.Builder, k *layout.Link) {
	switch k.Kind {
	case layout.Veth:
		fmt.Fprintf(w, "  link %s %v to %s in %s", k.Name, k.Addresses, k.Peer.Link, k.Peer.Namespace)
	case layout.Uplink:
		fmt.Fprintf(w, "  link %s %v over the host's %s", k.Name, k.Addresses, k.Parent)
	case layout.Given:
		fmt.Fprintf(w, "  link %s %v to %s, which is given, there %v", k.Name, k.Addresses, k.Parent, k.Guest)
	}
	if k.ProxyARP {
		w.WriteString(", proxy ARP")
	}
	w.WriteString("\n")
}

func describeRoute(w *strings.Builder, r *layout.Route) {
	fmt.Fprintf(w, "  table %d: %s", r.Table, r.To)
	if r.Via.IsValid() {
		fmt.Fprintf(w, " via %s", r.Via)
	}
	fmt.Fprintf(w, " %s", cmp.Or(r.Link, "blackhole"))
	if r.OnLink {
		w.WriteString(" onlink")
	}
	w.WriteString("\n")
}
