package netpol

// TraceReport is a trace in the one form that the API shows: what is decided, the
// stages of the way, and how each rule on it meets the flow, in the words of NSG
// diagnostics (network.md §A8).
type TraceReport struct {
	Allowed  bool          `json:"allowed"`
	Decision Record        `json:"decision"`
	Steps    []StepReport  `json:"steps"`
	Rules    []GroupReport `json:"rules"`
}

// StepReport is one stage of the way.
type StepReport struct {
	Stage    string `json:"stage"`
	Text     string `json:"text"`
	Decision Record `json:"decision"`
}

// GroupReport is how each rule of a security group meets the flow.
type GroupReport struct {
	SecurityGroup string        `json:"securityGroup"`
	Rules         []MatchReport `json:"rules"`
}

// MatchReport is a rule with its five conditions.
type MatchReport struct {
	Name                   string `json:"name"`
	Priority               int    `json:"priority"`
	Access                 string `json:"access"`
	ProtocolMatched        bool   `json:"protocolMatched"`
	SourceMatched          bool   `json:"sourceMatched"`
	SourcePortMatched      bool   `json:"sourcePortMatched"`
	DestinationMatched     bool   `json:"destinationMatched"`
	DestinationPortMatched bool   `json:"destinationPortMatched"`
}

// Report shows a trace of the network.
func (n *Network) Report(t Trace) TraceReport {
	report := TraceReport{Allowed: t.Decision.Allowed(), Decision: t.Decision.Record(t.Flow), Steps: []StepReport{}, Rules: []GroupReport{}}
	for _, step := range t.Steps {
		record := step.Decision.Record(step.Flow)
		report.Steps = append(report.Steps, StepReport{record.Stage, step.String(), record})
	}
	for _, e := range n.Explain(t.Flow) {
		group := GroupReport{SecurityGroup: e.Decision.SecurityGroup, Rules: []MatchReport{}}
		for _, m := range e.Rules {
			group.Rules = append(group.Rules, MatchReport{m.Rule, m.Priority, m.Access.String(), m.ProtocolMatched, m.SourceMatched, m.SourcePortMatched, m.DestinationMatched, m.DestinationPortMatched})
		}
		report.Rules = append(report.Rules, group)
	}
	return report
}

// Arriving traces a flow that comes to the network: one from a private address outside
// of it is also judged as NeighbourAddress, and of the two the rule with the lower
// priority number decides. Its replies take no route.
func (n *Network) Arriving(f Flow) Trace {
	if n.TagHas("VirtualNetwork", f.Source) || n.TagHas("Internet", f.Source) {
		return n.Trace(f)
	}
	near := f
	near.Source = NeighbourAddress()
	d := n.Verify(near, Inbound)
	if literal := n.Verify(f, Inbound); literal.Priority <= d.Priority {
		d = literal
	}
	return Trace{Flow: f, Decision: d, Steps: []Step{{Flow: f, Decision: d}}}
}
