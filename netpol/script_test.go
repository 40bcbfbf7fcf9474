package netpol_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"isle/netpol"
	"isle/netpol/modeltext"
)

var rewrite = flag.Bool("rewrite", false, "write what the policy answers into the scripts in testdata")

// TestScripts runs testdata/*.txtar: a model (modeltext), questions, and the answers.
// Questions:
//
//	trace PROTOCOL SOURCE:PORT DESTINATION:PORT [http|https|mssql=NAME]
//	explain the same                  the rules that match in any but one condition
//	routes SUBNET
//	access VERSION Internal|External SUBNETS    the rows that are not open
//	in NETWORK                        what is asked from here on is asked of this one
func TestScripts(t *testing.T) { modeltext.Scripts(t, *rewrite, script, "model", "ask") }

func script(t *testing.T, files []string) string {
	p, err := netpol.Compile(modeltext.Parse(t, files[0], func(verb string, _ []string) bool { return verb == "knows" }))
	if err != nil {
		t.Fatal(err)
	}
	p = p.WithNames(modeltext.Known(t, files[0]))
	var got strings.Builder
	network := "/vnet"
	for line := range strings.Lines(files[1]) {
		if words := strings.Fields(line); len(words) > 0 {
			fmt.Fprintf(&got, "> %s", line)
			if words[0] == "in" {
				network = "/" + words[1]
				continue
			}
			n, ok := p.Network(network)
			if !ok {
				t.Fatalf("no network %s", network)
			}
			answer(t, &got, p, n, words)
		}
	}
	return got.String()
}

func answer(t *testing.T, w *strings.Builder, p *netpol.Policy, n *netpol.Network, words []string) {
	switch words[0] {
	case "trace":
		lines := strings.SplitAfterN(n.Trace(netpol.ParseFlow(t, words[1:])).String(), "\n", 2)
		w.WriteString(lines[1])
	case "explain":
		for _, e := range n.Explain(netpol.ParseFlow(t, words[1:])) {
			fmt.Fprintf(w, "  %s: %s\n", e.Decision.Stage, e.Decision)
			for _, r := range e.Rules {
				fmt.Fprintf(w, "    %-45s protocol=%-5t source=%-5t port=%-5t destination=%-5t port=%t\n", r.Rule, r.ProtocolMatched, r.SourceMatched, r.SourcePortMatched, r.DestinationMatched, r.DestinationPortMatched)
			}
		}
	case "routes":
		for _, r := range n.EffectiveRoutes(n.ID() + "/" + words[1]) {
			state := map[bool]string{true: "Active", false: "Invalid"}[r.Active]
			address := ""
			if r.NextHopIP.IsValid() {
				address = r.NextHopIP.String()
			}
			fmt.Fprintf(w, "  %s\n", strings.TrimRight(fmt.Sprintf("%-22s %-8s %-18s %-22s %-10s %s", r.Source, state, r.Prefix, r.NextHop, address, r.Name), " "))
		}
	case "access":
		e := netpol.Environment{Network: n.ID(), Endpoint: map[string]netpol.Endpoint{"Internal": netpol.InternalEndpoint, "External": netpol.ExternalEndpoint}[words[2]]}
		for _, s := range strings.Split(words[3], ",") {
			e.Subnets = append(e.Subnets, n.ID()+"/"+s)
		}
		results, err := p.RequiredAccess(e, netpol.Version(words[1][0]))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Openness != netpol.Open {
				fmt.Fprintf(w, "  %s\n", r)
			}
		}
	default:
		t.Fatalf("no question %q", words[0])
	}
}
