package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"isle/netpol"
)

// Words of network health that decide what is shown.
const (
	stateHealthy = "Healthy"
	stateUnknown = "Unknown"

	verdictOpen       = "Open"
	verdictPartlyOpen = "PartlyOpen"
	verdictNotJudged  = "NotJudged"

	probeUnreachable = "Unreachable"
)

// healthReport is network health, by subnet in the order of their roles.
type healthReport struct {
	subnets []subnetHealth
}

type subnetHealth struct {
	name      string
	State     string                    `json:"networkDependencyHealthState"`
	Outbound  struct{ Error *apiError } `json:"outboundNetworkHealth"`
	Isolation struct {
		Mode     string   `json:"mode"`
		Isolated bool     `json:"isolated"`
		Reasons  []string `json:"reasons"`
	} `json:"isolation"`
	Rows []accessRow `json:"requiredAccess"`
}

// accessRow is a row of the required access as the API tells it.
type accessRow struct {
	Row         string          `json:"row"`
	Purpose     string          `json:"purpose"`
	Direction   string          `json:"direction"`
	Protocol    string          `json:"protocol"`
	Source      string          `json:"source"`
	Destination string          `json:"destination"`
	Ports       []string        `json:"ports"`
	Verdict     string          `json:"verdict"`
	State       string          `json:"state"`
	Lacking     bool            `json:"lacking"`
	Rule        string          `json:"rule"`
	Denials     []netpol.Record `json:"denials"`
	Closed      []struct {
		Protocol string `json:"protocol"`
		Ports    string `json:"ports"`
	} `json:"closed"`
	Role struct {
		Name      string `json:"name"`
		InProcess bool   `json:"inProcess"`
	} `json:"role"`
	Probe struct {
		Result  string `json:"result"`
		Message string `json:"message"`
	} `json:"probe"`
	Consequence string `json:"consequence"`
	Connector   string `json:"connector"`
}

// readHealth reads the answer, in the order of the environment's subnets. A subnet that
// the answer lacks is an error: nothing may look healthy because it was not told.
func readHealth(raw []byte, e *environmentItem) (*healthReport, error) {
	var told map[string]subnetHealth
	if err := json.Unmarshal(raw, &told); err != nil {
		return nil, fmt.Errorf("the server's network health cannot be read: %w", err)
	}
	report := &healthReport{}
	var problems []error
	for _, s := range e.Properties.NetworkConfiguration.Subnets {
		name := segment(s.ID)
		found, ok := told[name]
		if !ok {
			problems = append(problems, fmt.Errorf("the server tells nothing of the subnet %s", name))
		}
		found.name = name
		report.subnets = append(report.subnets, found)
	}
	if len(report.subnets) == 0 {
		problems = append(problems, errors.New("the environment has no subnets"))
	}
	return report, errors.Join(problems...)
}

func (r *healthReport) healthy() bool {
	return !slices.ContainsFunc(r.subnets, func(s subnetHealth) bool { return s.State != stateHealthy })
}

// wrong tells whether a row is worth showing where all is meant to be well.
func (r *accessRow) wrong() bool {
	return r.Verdict != verdictOpen && r.Verdict != verdictNotJudged || r.Probe.Result == probeUnreachable
}

// counts tells whether a row keeps the network from being healthy: some may be closed in
// part.
func (r *accessRow) counts() bool { return r.Lacking || r.Probe.Result == probeUnreachable }

// why is what closes a row, in words.
func (r *accessRow) why() string {
	var texts []string
	for _, d := range r.Denials {
		if !slices.Contains(texts, d.Message) {
			texts = append(texts, d.Message)
		}
	}
	if len(texts) == 0 && r.Rule != "" {
		texts = append(texts, r.Rule)
	}
	if r.Probe.Result == probeUnreachable {
		texts = append(texts, "the probe fails: "+r.Probe.Message)
	}
	return strings.Join(texts, "; ")
}

func (r *accessRow) ports() string {
	if len(r.Ports) == 0 {
		return "*"
	}
	return strings.Join(r.Ports, ",")
}

// closedText is what of a row that is partly open is closed to all, or that the row
// does not count.
func (r *accessRow) closedText() string {
	if r.wrong() && !r.counts() {
		return " (does not count: it may be closed in part)"
	}
	if r.Verdict != verdictPartlyOpen || len(r.Closed) == 0 {
		return ""
	}
	texts := make([]string, len(r.Closed))
	for i, c := range r.Closed {
		texts[i] = c.Protocol + " " + c.Ports
	}
	return " (closed: " + strings.Join(texts, ", ") + ")"
}

func (r *accessRow) purpose() string {
	if r.Connector != "" && !strings.Contains(strings.ToLower(r.Purpose), strings.ToLower(r.Connector)) {
		return r.Purpose + " (" + r.Connector + ")"
	}
	return r.Purpose
}

// print shows a report: all of it with --explain, else what is wrong.
func (n *netcheck) print(r *healthReport) error {
	e := n.environment
	fmt.Fprintf(n.out, "Environment %s in the resource group %s, access endpoint %s\n\n", e.Name, groupOf(e.ID), e.Properties.NetworkConfiguration.AccessEndpoint.Type)
	w := tabwriter.NewWriter(n.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "SUBNET\tSTATE")
	for _, s := range r.subnets {
		fmt.Fprintf(w, "%s\t%s\n", s.name, s.State)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if n.explain {
		r.explain(n.out)
	} else if err := r.printWrong(n.out); err != nil {
		return err
	}
	fmt.Fprintf(n.out, "\n%s\n", n.advice(r))
	r.printIsolation(n.out, n.explain)
	return nil
}

// printWrong lists the rows that are not open, under what closes them.
func (r *healthReport) printWrong(out io.Writer) error {
	for _, s := range r.subnets {
		var causes []string
		rows := map[string][]*accessRow{}
		for i := range s.Rows {
			row := &s.Rows[i]
			if !row.wrong() {
				continue
			}
			why := row.why()
			if rows[why] == nil {
				causes = append(causes, why)
			}
			rows[why] = append(rows[why], row)
		}
		for _, why := range causes {
			fmt.Fprintf(out, "\n%s: %s\n", s.name, why)
			if err := printRows(out, rows[why]); err != nil {
				return err
			}
		}
	}
	return nil
}

func printRows(out io.Writer, rows []*accessRow) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", row.Row, row.Verdict, row.Direction, row.ports(), row.purpose()+row.closedText())
	}
	return w.Flush()
}

// explain shows every row: what it needs, its verdict and why, what plays the role here.
func (r *healthReport) explain(out io.Writer) {
	for _, s := range r.subnets {
		fmt.Fprintf(out, "\n%s: %s\n", s.name, s.State)
		for _, row := range s.Rows {
			row.explain(out)
		}
	}
}

func (r *accessRow) explain(out io.Writer) {
	fmt.Fprintf(out, "  %s  %s: %s (%s)\n", r.Row, r.purpose(), r.Verdict, r.State)
	fmt.Fprintf(out, "      %s %s, %s to %s, ports %s\n", r.Direction, r.Protocol, r.Source, r.Destination, r.ports())
	if r.Role.Name != "" {
		where := ""
		if r.Role.InProcess && !strings.Contains(r.Role.Name, "in process") {
			where = " (inside the process)"
		}
		fmt.Fprintf(out, "      role: %s%s\n", r.Role.Name, where)
	}
	if r.Probe.Result != "" {
		fmt.Fprintf(out, "      probe: %s\n", strings.TrimSuffix(r.Probe.Result+": "+r.Probe.Message, ": "))
	}
	for _, d := range r.Denials {
		fmt.Fprintf(out, "      %s: %s\n", flowText(&d), d.Message)
	}
	if r.Rule != "" {
		fmt.Fprintf(out, "      rule: %s\n", r.Rule)
	}
	for _, c := range r.Closed {
		fmt.Fprintf(out, "      closed to all: %s %s\n", c.Protocol, c.Ports)
	}
	if r.wrong() && r.Consequence != "" {
		fmt.Fprintf(out, "      consequence: %s\n", r.Consequence)
	}
}

// printIsolation says whether more than the process is bound, once for all subnets; why
// not if it is to explain.
func (r *healthReport) printIsolation(out io.Writer, explain bool) {
	var told []string
	for _, s := range r.subnets {
		i := s.Isolation
		if i.Mode == "" {
			continue
		}
		line := "Isolation: mode " + i.Mode + ", isolated"
		switch {
		case !i.Isolated && !explain:
			line = "Isolation: mode " + i.Mode + ", not isolated (--explain says why)"
		case !i.Isolated:
			line = "Isolation: mode " + i.Mode + ", not isolated:\n  - " + strings.Join(i.Reasons, "\n  - ")
		}
		if !slices.Contains(told, line) {
			told = append(told, line)
			fmt.Fprintf(out, "\n%s\n", line)
		}
	}
}

// advice is the result, and what to do.
func (n *netcheck) advice(r *healthReport) string {
	command := n.command()
	var unreachable, blocked, unknown bool
	reason := ""
	for _, s := range r.subnets {
		if s.Outbound.Error != nil {
			reason = " " + s.Outbound.Error.Message
		}
		unknown = unknown || s.State == stateUnknown
		for _, row := range s.Rows {
			unreachable = unreachable || row.Probe.Result == probeUnreachable
			blocked = blocked || row.counts() && row.Verdict != verdictOpen && row.Verdict != verdictNotJudged
		}
	}
	switch {
	case r.healthy():
		return "The network is healthy."
	case blocked:
		result := "The network is not healthy."
		if unknown {
			result = "The network's health cannot be told while I5 is closed."
		}
		return result + " " + r.mend(command)
	case unreachable:
		return fmt.Sprintf("The network is not healthy: the rules are open, but a probe fails. `%s --explain` shows each probe.", command)
	}
	return fmt.Sprintf("The network's health cannot be told.%s `%s --explain` shows what is known.", reason, command)
}

// command is netcheck of this environment, as the flags have it.
func (n *netcheck) command() string {
	command := fmt.Sprintf("%s netcheck%s %s -g %s", program(), n.data, n.environment.Name, groupOf(n.environment.ID))
	if n.edition != "" {
		command += " --edition " + shown([]string{n.edition})
	}
	return command
}

// mend says how to open what is closed: by the rules that --fix writes, or by what
// rules cannot do.
func (r *healthReport) mend(command string) string {
	rules := false
	var others []string
	for _, s := range r.subnets {
		for _, row := range s.Rows {
			if !row.counts() {
				continue
			}
			rules = rules || len(row.Denials) == 0
			for _, d := range row.Denials {
				other := beyondRules(&d)
				if other == "" {
					rules = true
				} else if !slices.Contains(others, other) {
					others = append(others, other)
				}
			}
		}
	}
	switch {
	case len(others) == 0:
		return fmt.Sprintf("`%s --fix rules.json` writes the missing rules.", command)
	case rules:
		return fmt.Sprintf("`%s --fix rules.json` writes the missing rules, but for some: %s", command, strings.Join(others, " "))
	}
	return "No rule that is added opens it: " + strings.Join(others, " ")
}

// beyondRules is what opens a flow that no added rule can open; "" where one can.
func beyondRules(d *netpol.Record) string {
	firstPlace := d.NSG != "" && d.Priority == firstPriority
	if d.Stage == "route" || d.Stage == "firewall" || firstPlace {
		return flowAdvice(d)
	}
	return ""
}
