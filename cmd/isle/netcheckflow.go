package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"isle/netpol"
)

// flowQuestion is the body of a trace.
type flowQuestion struct {
	Direction   string `json:"direction"`
	Protocol    string `json:"protocol"`
	Subnet      string `json:"subnet,omitempty"`
	Source      string `json:"source,omitempty"`
	Destination string `json:"destination"`
	Port        uint16 `json:"port"`
}

// flowProtocols are the protocols of --protocol, as the API writes them.
var flowProtocols = map[string]string{"": "Tcp", "tcp": "Tcp", "udp": "Udp", "icmp": "Icmp"}

// flow reads the flags of a flow.
func (o *netcheckOptions) flow() (*flowQuestion, error) {
	var problems []error
	q := &flowQuestion{Direction: "Outbound"}
	if o.inbound {
		q.Direction = "Inbound"
	}
	protocol, known := flowProtocols[strings.ToLower(o.protocol)]
	if !known {
		problems = append(problems, fmt.Errorf("--protocol %q is none of tcp, udp and icmp", o.protocol))
	}
	q.Protocol = protocol
	to, port, err := parseEndpoint(o.to)
	switch {
	case err != nil:
		problems = append(problems, fmt.Errorf("--to: %w", err))
	case protocol == "Icmp" && port != 0:
		problems = append(problems, fmt.Errorf("--to %s: icmp has no ports; give %s", o.to, to))
	case known && protocol != "Icmp" && port == 0:
		problems = append(problems, fmt.Errorf("--to %s: a port is missing, such as %s", o.to, netip.AddrPortFrom(to, 443)))
	}
	q.Destination, q.Port = to.String(), port
	if from, err := netip.ParseAddr(o.from); err == nil {
		q.Source = from.Unmap().String()
	} else {
		q.Subnet = o.from
	}
	return q, errors.Join(problems...)
}

// flowTrace is the answer of a trace.
type flowTrace struct {
	Allowed  bool          `json:"allowed"`
	Decision netpol.Record `json:"decision"`
	Steps    []struct {
		Stage string `json:"stage"`
		Text  string `json:"text"`
	} `json:"steps"`
}

// trace judges a flow and prints its way.
func (n *netcheck) trace(ctx context.Context, q *flowQuestion) error {
	var raw json.RawMessage
	if _, err := n.client.call(ctx, http.MethodPost, n.path("/trace"), q, &raw); err != nil {
		return err
	}
	t, err := readTrace(raw)
	if err != nil {
		return err
	}
	if n.json {
		fmt.Fprintf(n.out, "%s\n", raw)
	} else {
		n.printTrace(t)
	}
	if !t.Allowed {
		return exitError(1)
	}
	return nil
}

func readTrace(raw []byte) (*flowTrace, error) {
	t := new(flowTrace)
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, fmt.Errorf("the server's trace cannot be read: %w", err)
	}
	return t, nil
}

func (n *netcheck) printTrace(t *flowTrace) {
	verdict := "Denied"
	if t.Allowed {
		verdict = "Allowed"
	}
	d := &t.Decision
	fmt.Fprintf(n.out, "%s: %s\n\n", verdict, flowText(d))
	for i, s := range t.Steps {
		fmt.Fprintf(n.out, "  %d. %s\n", i+1, s.Text)
	}
	fmt.Fprintf(n.out, "\nDecided: %s\n", d.Message)
	switch {
	case d.RuleID != "":
		fmt.Fprintf(n.out, "Rule: %s\n", d.RuleID)
	case d.RouteID != "":
		fmt.Fprintf(n.out, "Route: %s\n", d.RouteID)
	}
	if !t.Allowed {
		fmt.Fprintln(n.out, flowAdvice(d))
	}
}

// flowText is a flow; ports that it does not have are left out.
func flowText(d *netpol.Record) string {
	end := func(address string, port uint16) string {
		if port == 0 {
			return address
		}
		return net.JoinHostPort(address, fmt.Sprint(port))
	}
	return fmt.Sprintf("%s %s to %s", d.Protocol, end(d.Source, d.SourcePort), end(d.Destination, d.DestinationPort))
}

// flowAdvice says what opens a flow that is denied.
func flowAdvice(d *netpol.Record) string {
	switch {
	case d.Stage == "route":
		return "Change the route of the subnet, or give it an address of the network with `" + program() + " port add`."
	case d.Stage == "firewall":
		return "Add a network rule to the firewall " + segment(d.Firewall) + " that allows the flow."
	case strings.HasPrefix(d.RuleName, "defaultSecurityRules/"):
		return fmt.Sprintf("Add an Allow rule to the security group %s.", segment(d.NSG))
	case d.NSG != "" && d.Priority > firstPriority:
		return fmt.Sprintf("Add an Allow rule with a priority below %d to the security group %s, or change %s.", d.Priority, segment(d.NSG), d.RuleName)
	case d.NSG != "":
		return fmt.Sprintf("Change %s of the security group %s.", d.RuleName, segment(d.NSG))
	}
	return "No rule can open this: the reason says what can."
}
