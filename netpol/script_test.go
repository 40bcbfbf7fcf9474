package netpol

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var rewrite = flag.Bool("rewrite", false, "write what the policy answers into the scripts in testdata")

// TestScripts runs testdata/*.txtar: a model, questions, and the answers. A model's
// lines (words are separated by blanks, lists by commas, "-" is nothing):
//
//	network SPACE                     of the network that all subnets are in
//	gateway PREFIXES
//	peered PREFIXES
//	endpoint SUBNET TAGS              service endpoints of a subnet that is there
//	tag NAME PREFIXES
//	subnet NAME RANGE NSG ROUTETABLE
//	nic NAME SUBNET ADDRESS NSG [forward]
//	rule NSG NAME PRIORITY In|Out Allow|Deny PROTOCOL SOURCE PORTS DESTINATION PORTS
//	nsg NAME                          a group without rules of its own
//	route TABLE NAME DESTINATION NEXTHOP [ADDRESS]
//	firewall NAME SUBNET ADDRESS PUBLIC
//	netrule FIREWALL COLLECTION PRIORITY Allow|Deny NAME PROTOCOLS SOURCE DESTINATION PORTS
//
// Questions:
//
//	trace PROTOCOL SOURCE:PORT DESTINATION:PORT
//	explain the same                  the rules that match in any but one condition
//	routes SUBNET
//	access VERSION Internal|External SUBNETS    the rows that are not open
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { script(t, file) })
	}
}

func script(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil || len(archive.Files) != 3 {
		t.Fatal("want the files model, ask and want", err)
	}
	b := builder{t: t, m: &Model{Networks: []VirtualNetwork{{ID: "/vnet"}}}}
	for line := range strings.Lines(string(archive.Files[0].Data)) {
		if words := strings.Fields(line); len(words) > 0 {
			b.line(words[0], words[1:])
		}
	}
	p, err := Compile(b.m)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(archive.Files[1].Data)) {
		if words := strings.Fields(line); len(words) > 0 {
			fmt.Fprintf(&got, "> %s", line)
			answer(t, &got, p, words)
		}
	}
	if *rewrite {
		archive.Files[2].Data = []byte(got.String())
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want := string(archive.Files[2].Data); got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func answer(t *testing.T, w *strings.Builder, p *Policy, words []string) {
	n, _ := p.Network("/vnet")
	switch words[0] {
	case "trace":
		lines := strings.SplitAfterN(n.Trace(parseFlow(t, words[1:])).String(), "\n", 2)
		w.WriteString(lines[1])
	case "explain":
		for _, e := range n.Explain(parseFlow(t, words[1:])) {
			fmt.Fprintf(w, "  %s: %s\n", e.Decision.Stage, e.Decision)
			for _, r := range e.Rules {
				fmt.Fprintf(w, "    %-45s protocol=%-5t source=%-5t port=%-5t destination=%-5t port=%t\n", r.Rule, r.ProtocolMatched, r.SourceMatched, r.SourcePortMatched, r.DestinationMatched, r.DestinationPortMatched)
			}
		}
	case "routes":
		for _, r := range n.EffectiveRoutes("/vnet/" + words[1]) {
			state := map[bool]string{true: "Active", false: "Invalid"}[r.Active]
			address := ""
			if r.NextHopIP.IsValid() {
				address = r.NextHopIP.String()
			}
			fmt.Fprintf(w, "  %s\n", strings.TrimRight(fmt.Sprintf("%-22s %-8s %-18s %-22s %-10s %s", r.Source, state, r.Prefix, r.NextHop, address, r.Name), " "))
		}
	case "access":
		e := Environment{Network: "/vnet", Endpoint: map[string]Endpoint{"Internal": InternalEndpoint, "External": ExternalEndpoint}[words[2]]}
		for _, s := range strings.Split(words[3], ",") {
			e.Subnets = append(e.Subnets, "/vnet/"+s)
		}
		results, err := p.RequiredAccess(e, Version(words[1][0]))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Openness != Open {
				fmt.Fprintf(w, "  %s\n", r)
			}
		}
	default:
		t.Fatalf("no question %q", words[0])
	}
}

func parseFlow(t *testing.T, words []string) Flow {
	t.Helper()
	protocol, err := ParseProtocol(words[0])
	if err != nil {
		t.Fatal(err)
	}
	end := func(text string) netip.AddrPort {
		if ap, err := netip.ParseAddrPort(text); err == nil {
			return ap
		}
		return netip.AddrPortFrom(netip.MustParseAddr(text), 0)
	}
	from, to := end(words[1]), end(words[2])
	return Flow{protocol, from.Addr(), from.Port(), to.Addr(), to.Port()}
}

// builder makes a model of a script's lines.
type builder struct {
	t *testing.T
	m *Model
}

func (b *builder) line(verb string, w []string) {
	n := &b.m.Networks[0]
	id := func(kind, name string) string {
		if name == "-" {
			return ""
		}
		return kind + name
	}
	switch verb {
	case "network":
		n.Space = b.prefixes(w[0])
	case "gateway":
		n.Gateway = &Gateway{ID: "/gateway", Prefixes: b.prefixes(w[0])}
	case "peered":
		n.Peered = b.prefixes(w[0])
	case "endpoint":
		i := slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.ID == "/vnet/"+w[0] })
		n.Subnets[i].ServiceEndpoints = strings.Split(w[1], ",")
	case "tag":
		b.m.Tags = append(b.m.Tags, ServiceTag{Name: w[0], Prefixes: b.prefixes(w[1])})
	case "subnet":
		n.Subnets = append(n.Subnets, Subnet{ID: "/vnet/" + w[0], Prefixes: b.prefixes(w[1]), SecurityGroup: id("/nsg/", w[2]), RouteTable: id("/rt/", w[3])})
	case "nic":
		b.m.Interfaces = append(b.m.Interfaces, Interface{ID: "/nic/" + w[0], Subnet: "/vnet/" + w[1], Addresses: []netip.Addr{netip.MustParseAddr(w[2])}, SecurityGroup: id("/nsg/", w[3]), IPForwarding: len(w) > 4})
	case "nsg":
		b.group(w[0])
	case "rule":
		g := b.group(w[0])
		r := SecurityRule{Name: w[1], Priority: b.number(w[2]), Source: b.side(w[6], w[7]), Destination: b.side(w[8], w[9])}
		r.Direction = map[string]Direction{"In": Inbound, "Out": Outbound}[w[3]]
		r.Access = map[string]Access{"Allow": Allow, "Deny": Deny}[w[4]]
		r.Protocol, _ = ParseProtocol(w[5])
		g.Rules = append(g.Rules, r)
	case "route":
		b.route(w)
	case "firewall":
		b.m.Firewalls = append(b.m.Firewalls, Firewall{ID: "/fw/" + w[0], Subnet: "/vnet/" + w[1], PrivateIP: netip.MustParseAddr(w[2]), PublicIPs: []netip.Addr{netip.MustParseAddr(w[3])}})
	case "netrule":
		b.netrule(w)
	default:
		b.t.Fatalf("no line %q", verb)
	}
}

func (b *builder) group(name string) *SecurityGroup {
	for i := range b.m.SecurityGroups {
		if b.m.SecurityGroups[i].ID == "/nsg/"+name {
			return &b.m.SecurityGroups[i]
		}
	}
	b.m.SecurityGroups = append(b.m.SecurityGroups, SecurityGroup{ID: "/nsg/" + name})
	return &b.m.SecurityGroups[len(b.m.SecurityGroups)-1]
}

func (b *builder) route(w []string) {
	a, err := ParseAddress(w[2])
	if err != nil {
		b.t.Fatal(err)
	}
	r := Route{Name: w[1], Destination: a}
	for i, name := range nextHopNames {
		if name == w[3] {
			r.NextHop = NextHopType(i)
		}
	}
	if len(w) > 4 {
		r.NextHopIP = netip.MustParseAddr(w[4])
	}
	for i := range b.m.RouteTables {
		if b.m.RouteTables[i].ID == "/rt/"+w[0] {
			b.m.RouteTables[i].Routes = append(b.m.RouteTables[i].Routes, r)
			return
		}
	}
	b.m.RouteTables = append(b.m.RouteTables, RouteTable{ID: "/rt/" + w[0], Routes: []Route{r}})
}

func (b *builder) netrule(w []string) {
	f := &b.m.Firewalls[len(b.m.Firewalls)-1]
	r := NetworkRule{Name: w[4], Source: b.side(w[6], "*"), Destination: b.side(w[7], w[8])}
	for _, text := range strings.Split(w[5], ",") {
		p, err := ParseProtocol(text)
		if err != nil {
			b.t.Fatal(err)
		}
		r.Protocols = append(r.Protocols, p)
	}
	for i := range f.Collections {
		if f.Collections[i].Name == w[1] {
			f.Collections[i].Rules = append(f.Collections[i].Rules, r)
			return
		}
	}
	f.Collections = append(f.Collections, RuleCollection{Name: w[1], Priority: b.number(w[2]), Action: map[string]Access{"Allow": Allow}[w[3]], Rules: []NetworkRule{r}})
}

func (b *builder) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *builder) prefixes(text string) []netip.Prefix {
	return mustPrefixes(strings.Split(text, ",")...)
}

func (b *builder) side(addresses, ports string) Side {
	var s Side
	for _, text := range strings.Split(addresses, ",") {
		a, err := ParseAddress(text)
		if err != nil {
			b.t.Fatal(err)
		}
		s.Addresses = append(s.Addresses, a)
	}
	for _, text := range strings.Split(ports, ",") {
		p, err := ParsePorts(text)
		if err != nil {
			b.t.Fatal(err)
		}
		s.Ports = append(s.Ports, p)
	}
	return s
}
