package logic

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/netpol"
)

// States of network health (ise.md #71).
const (
	healthy   = "Healthy"
	unhealthy = "Unhealthy"
	unknown   = "Unknown"
)

// States of a row of the required access: what the policy and the probe say together.
const (
	rowReachable    = "reachable"       // nothing denies it, and its probe, if it has one, succeeds
	rowBlocked      = "blocked-by-rule" // the policy denies some of it
	rowUnreachable  = "unreachable"     // nothing denies it, but its probe fails
	rowUnknown      = "unknown"         // nobody can tell
	rowDisagreement = "disagreement"    // the policy denies all of it, and yet a probe gets through
)

// healthReport is network health as it is now.
type healthReport struct {
	edition   netpol.Version
	results   []netpol.AccessResult
	probes    probeResults
	authority string // host of the token issuer
	failure   error  // why there are no results
}

// subnetHealth is the health of a subnet: the documented members (logic-api §3.5), then
// what is told beside them.
type subnetHealth struct {
	State        string           `json:"networkDependencyHealthState"`
	Health       outboundHealth   `json:"outboundNetworkHealth"`
	Dependencies []dependencyView `json:"outboundNetworkDependencies"`
	Isolation    *Isolation       `json:"isolation,omitempty"`
	Edition      string           `json:"edition"`
	Rows         []accessRow      `json:"requiredAccess"`
}

type outboundHealth struct {
	State string       `json:"state"`
	Error *healthError `json:"error,omitempty"`
}

type healthError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// accessRow is a row of the required access at one subnet.
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
	Lacking     bool            `json:"lacking"` // what the environment needs of it is not open
	Rule        string          `json:"rule,omitempty"`
	Denials     []netpol.Record `json:"denials"`
	Closed      []closedView    `json:"closed"`
	Role        *roleView       `json:"role,omitempty"`
	Probe       probed          `json:"probe"`
	Consequence string          `json:"consequence"`
	Connector   string          `json:"connector,omitempty"`
}

type closedView struct {
	Protocol string `json:"protocol"`
	Ports    string `json:"ports"`
}

type roleView struct {
	Name      string `json:"name"`
	InProcess bool   `json:"inProcess"`
}

// readHealth answers GET {environment}/health/network: an object by the names of the
// subnets.
func (s *Service) readHealth(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[environment](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	edition, err := askedEdition(r)
	if err != nil {
		return nil, err
	}
	report := healthReport{edition: edition, probes: s.probe(ctx, form)}
	if err := s.look(ctx, r.Resource.Key, form, report.probes); err != nil {
		return nil, err
	}
	if u, err := url.Parse(r.BaseURL); err == nil {
		report.authority = u.Hostname()
	}
	if report.results, report.failure = s.requiredAccess(ctx, form, r.Resource.Key, edition); ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var isolation *Isolation
	if s.config.Isolation != nil {
		told := s.config.Isolation(form.ID)
		isolation = &told
	}
	members := make([]expr.Member, len(form.Subnets))
	for i, subnet := range form.Subnets {
		shown := report.subnet(subnet)
		shown.Isolation = isolation
		v, err := valueOf(shown)
		if err != nil {
			return nil, err
		}
		members[i] = member(lastSegment(subnet), v)
	}
	return arm.Reply(object(members...)), nil
}

// askedEdition is the edition that a request names, or the default.
func askedEdition(r *arm.Request) (netpol.Version, error) {
	if !r.Query.Has("edition") {
		return defaultEdition, nil
	}
	edition, err := netpol.ParseVersion(r.Query.Get("edition"))
	if err != nil {
		return 0, arm.Invalid("InvalidEdition", "edition", "The %s. Choose one of them, or leave it out for %s.", err, defaultEdition)
	}
	return edition, nil
}

// valueOf is what JSON makes of a Go value.
func valueOf(v any) (expr.Value, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return expr.Null(), err
	}
	return expr.ParseJSON(text)
}

// healthState is the health of an environment by the policy alone. Where LogicApps
// cannot reach port 454, nobody can look (ise.md #70).
func healthState(results []netpol.AccessResult) string {
	state := healthy
	for i := range results {
		r := &results[i]
		switch {
		case !lacking(r):
		case r.Requirement.Consequence == netpol.HealthUnknown:
			return unknown
		default:
			state = unhealthy
		}
	}
	return state
}

// subnet is the health of one subnet.
func (h *healthReport) subnet(id string) subnetHealth {
	view := subnetHealth{State: healthy, Health: outboundHealth{State: healthy}, Edition: h.edition.String(), Rows: []accessRow{}}
	var reasons []string
	for i := range h.results {
		r := &h.results[i]
		if !strings.EqualFold(r.Subnet, id) {
			continue
		}
		row := h.row(r)
		view.Rows = append(view.Rows, row)
		if !lacking(r) && row.State != rowUnreachable {
			continue
		}
		view.State = unhealthy
		if r.Requirement.Direction == netpol.Outbound {
			view.Health.State = unhealthy
			reasons = append(reasons, row.trouble(r))
		}
	}
	view.Dependencies = h.dependencies(view.Rows, id)
	if len(reasons) > 0 {
		view.Health.Error = &healthError{codeBlocked, strings.Join(reasons, " ")}
	}
	switch {
	case errors.Is(h.failure, errNoPolicies):
		view.State, view.Health = unknown, outboundHealth{State: unknown}
	case h.failure != nil:
		view.State, view.Health = unknown, outboundHealth{unknown, &healthError{"NetworkPolicyUnknown", policyText(h.failure)}}
	case healthState(h.results) == unknown:
		view.State, view.Health.State = unknown, unknown
	}
	return view
}

// trouble says what is wrong with a row.
func (row *accessRow) trouble(r *netpol.AccessResult) string {
	what := row.Row + " (" + row.Purpose + "): "
	if lacking(r) {
		return what + denialText(r) + "."
	}
	return what + "the probe fails: " + row.Probe.Message
}

// row shows a row.
func (h *healthReport) row(r *netpol.AccessResult) accessRow {
	q := &r.Requirement
	played := roleOf(q.ID)
	row := accessRow{
		Row: q.ID, Purpose: q.Purpose, Direction: q.Direction.String(), Protocol: "Any", Source: string(q.Source), Destination: string(q.Destination),
		Ports: []string{}, Verdict: verdicts[r.Openness], Lacking: lacking(r), Rule: deniedBy(r), Denials: []netpol.Record{}, Closed: []closedView{},
		Probe: h.probes.of(played), Consequence: consequences[q.Consequence],
	}
	for _, p := range q.Ports {
		row.Ports = append(row.Ports, p.String())
	}
	for _, d := range r.Denials {
		row.Denials = append(row.Denials, d.Decision.Record(d.Flow))
	}
	for _, c := range r.Closed {
		row.Closed = append(row.Closed, closedView{c.Protocol.String(), c.Ports.String()})
	}
	if played.name != "" {
		row.Role = &roleView{played.name, played.inProcess}
	}
	row.Connector, _ = strings.CutPrefix(q.ID, connectorRow)
	if row.Connector == q.ID {
		row.Connector = ""
	}
	row.State = stateOf(r, played, row.Probe)
	return row
}

// stateOf puts the verdict and the probe of a row together. A probe inside the process
// does not pass the network, so that it says nothing against a rule.
func stateOf(r *netpol.AccessResult, played role, p probed) string {
	switch {
	case r.Openness == netpol.Blocked && !played.inProcess && p.Result == probeReachable:
		return rowDisagreement
	case r.Openness == netpol.Blocked || r.Openness == netpol.PartlyOpen:
		return rowBlocked
	case p.Result == probeUnreachable:
		return rowUnreachable
	case r.Openness == netpol.NotJudged:
		return rowUnknown
	}
	return rowReachable
}

// dependencyView is a category of what a subnet reaches.
type dependencyView struct {
	Category  string         `json:"category"`
	Title     string         `json:"displayName"`
	Endpoints []endpointView `json:"endpoints"`
}

type endpointView struct {
	Domain        string   `json:"domainName"`
	Ports         []string `json:"ports"`
	Accessibility string   `json:"accessibility"`
}

// alwaysTold are the categories that are told also where an edition has no row of them,
// and the row whose role they have then.
var alwaysTold = []struct{ category, row, port string }{{"AzureStorage", "O5", "443"}, {"AzureActiveDirectory", "O4", "443"}, {"SQL", "O8", "1433"}}

// dependencies are the outbound rows by category.
func (h *healthReport) dependencies(rows []accessRow, subnet string) []dependencyView {
	list := []dependencyView{}
	add := func(category string, e endpointView) {
		i := slices.IndexFunc(list, func(d dependencyView) bool { return d.Category == category })
		if i < 0 {
			i, list = len(list), append(list, dependencyView{Category: category, Title: dependencyTitles[category]})
		}
		list[i].Endpoints = append(list[i].Endpoints, e)
	}
	for i := range h.results {
		r := &h.results[i]
		if r.Requirement.Direction != netpol.Outbound || !strings.EqualFold(r.Subnet, subnet) {
			continue
		}
		row := &rows[slices.IndexFunc(rows, func(row accessRow) bool { return row.Row == r.Requirement.ID })]
		add(r.Requirement.Category, endpointView{h.endpointName(r), row.Ports, row.accessibility(r)})
	}
	for _, a := range alwaysTold {
		if !slices.ContainsFunc(list, func(d dependencyView) bool { return d.Category == a.category }) {
			add(a.category, endpointView{roleOf(a.row).endpoint(h.authority), []string{a.port}, unknown})
		}
	}
	return list
}

// endpointName is the role of a row, or the other side that the row names.
func (h *healthReport) endpointName(r *netpol.AccessResult) string {
	if name := roleOf(r.Requirement.ID).endpoint(h.authority); name != "" {
		return name
	}
	return string(r.Requirement.Destination)
}

// accessibility is the state of a row in the documented words (ise.md #71).
func (row *accessRow) accessibility(r *netpol.AccessResult) string {
	switch {
	case lacking(r) || row.State == rowUnreachable:
		return "NotAvailable"
	case row.State == rowUnknown:
		return unknown
	}
	return "Available"
}
