package logic

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"isle/internal/store"
	"isle/netpol"
)

// defaultEdition is the edition of the tables of required access that environments
// are judged by: the set-up document's.
const defaultEdition = netpol.Version2020

// errNoPolicies is why health is unknown where the server has no network.
var errNoPolicies = errors.New("this server keeps no network policy")

// requiredAccess judges what an environment needs of its network as it is now, in one
// edition's words; key is the environment's. What it returns is shared: it must
// not be changed.
func (s *Service) requiredAccess(ctx context.Context, form *environment, key string, edition netpol.Version) (results []netpol.AccessResult, err error) {
	err = s.askPolicy(ctx, form, key, edition, func(policy *netpol.Policy, revision uint64, e netpol.Environment) error {
		results, err = s.judged.results(form.ID, policy, revision, e, edition)
		return err
	})
	return results, err
}

// askPolicy asks the policy as it is now about what an environment needs.
func (s *Service) askPolicy(ctx context.Context, form *environment, key string, edition netpol.Version, ask func(*netpol.Policy, uint64, netpol.Environment) error) error {
	if s.config.Policies == nil {
		return errNoPolicies
	}
	policy, revision, err := s.config.Policies.Policy()
	if err != nil {
		return err
	}
	var more []netpol.Requirement
	err = s.control.Read(ctx, func(tx *store.Tx) (err error) {
		more, err = requirementsBeside(tx, key, edition)
		return err
	})
	if err != nil {
		return err
	}
	return ask(policy, revision, s.needs(form, more))
}

// nameResolution is the row of name resolution for the editions that lack it, in the
// form of ise.md §A13, O12: an environment needs its name servers in any case.
const nameResolution = "D1"

// requirementsBeside are what an environment needs beside an edition's rows.
func requirementsBeside(tx *store.Tx, key string, edition netpol.Version) ([]netpol.Requirement, error) {
	more, err := connectorRequirements(tx, key)
	if err != nil {
		return nil, err
	}
	for _, r := range netpol.Requirements(edition, netpol.InternalEndpoint) {
		if r.Destination == netpol.PartyDNS {
			return more, nil
		}
	}
	return append(more, netpol.Requirement{
		ID: nameResolution, Purpose: "Name resolution", Direction: netpol.Outbound, Source: netpol.PartyVnet, Destination: netpol.PartyDNS,
		Ports: []netpol.PortRange{{First: 53, Last: 53}}, Category: "RegionalService", Consequence: netpol.Degrades,
	}), nil
}

// needs is the environment as the policy knows it.
func (s *Service) needs(e *environment, more []netpol.Requirement) netpol.Environment {
	network, _ := networkOf(e.Subnets[0])
	n := netpol.Environment{Network: network, Subnets: e.Subnets, Endpoint: netpol.InternalEndpoint, More: more}
	if e.Endpoint == endExternal {
		n.Endpoint = netpol.ExternalEndpoint
	}
	for _, a := range s.outgoingAddresses(e, 1, 2) {
		n.Connectors = append(n.Connectors, netip.PrefixFrom(a, a.BitLen()))
	}
	return n
}

// judged keeps the required access of environments, which is asked for at every look at
// them, until the policy changes. The zero value is ready for use.
type judged struct {
	mu    sync.Mutex
	known map[string]*judgedEnvironment // by store id
}

// judgedEnvironment is what one policy makes of an environment.
type judgedEnvironment struct {
	revision uint64
	results  map[string][]netpol.AccessResult // by edition and rows beside it
}

// results are from memory where the policy and the rows are those of before.
func (j *judged) results(environment string, policy *netpol.Policy, revision uint64, e netpol.Environment, edition netpol.Version) ([]netpol.AccessResult, error) {
	asked := edition.String()
	for _, r := range e.More {
		asked += " " + r.ID
	}
	if found, ok := j.get(environment, revision, asked); ok {
		return found, nil
	}
	results, err := policy.RequiredAccess(e, edition)
	if err == nil {
		results = slices.DeleteFunc(results, func(r netpol.AccessResult) bool { // the network has no name servers of its own
			return r.Requirement.ID == nameResolution && r.Openness == netpol.NotJudged
		})
		j.put(environment, revision, asked, results)
	}
	return results, err
}

func (j *judged) get(environment string, revision uint64, asked string) ([]netpol.AccessResult, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if k := j.known[environment]; k != nil && k.revision == revision {
		found, ok := k.results[asked]
		return found, ok
	}
	return nil, false
}

func (j *judged) put(environment string, revision uint64, asked string, results []netpol.AccessResult) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.known == nil {
		j.known = map[string]*judgedEnvironment{}
	}
	k := j.known[environment]
	if k == nil || k.revision < revision {
		k = &judgedEnvironment{revision: revision, results: map[string][]netpol.AccessResult{}}
		j.known[environment] = k
	}
	if k.revision == revision {
		k.results[asked] = results
	}
}

// keep forgets all environments but these.
func (j *judged) keep(environments map[string]bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id := range j.known {
		if !environments[id] {
			delete(j.known, id)
		}
	}
}

// Words of a row's verdict.
var verdicts = map[netpol.Openness]string{netpol.Open: "Open", netpol.PartlyOpen: "PartlyOpen", netpol.Blocked: "Blocked", netpol.NotJudged: "NotJudged"}

// lacking tells whether a row is not as it must be. Where the other side is whatever
// workflows and connections call, it may be closed to some of them, as long as nothing
// of it is closed to all; and where it is the Internet that calls, to those behind the
// routes that lead to destination systems through a firewall, as the access document
// makes them: replies to their calls would take another way.
func lacking(r *netpol.AccessResult) bool {
	switch {
	case r.Openness == netpol.Open || r.Openness == netpol.NotJudged:
		return false
	case r.Requirement.ID == "O2" || strings.HasPrefix(r.Requirement.ID, connectorRow):
		return len(r.Closed) > 0
	case r.Requirement.Direction == netpol.Inbound && r.Requirement.Source == netpol.PartyInternet:
		return len(r.Closed) > 0 || slices.ContainsFunc(r.Denials, func(d netpol.Denial) bool { return d.Decision.Reason != netpol.ReplyElsewhere })
	}
	return true
}

// deniedBy names what denies flows of a row: the resource of a rule or a route, else
// the name that it has; "" if nothing does.
func deniedBy(r *netpol.AccessResult) string {
	if len(r.Denials) == 0 {
		return ""
	}
	d := &r.Denials[0].Decision
	for _, name := range []string{d.RuleID, d.RouteID, d.RuleName} {
		if name != "" {
			return name
		}
	}
	if d.RoutePrefix.IsValid() {
		return "route " + d.RoutePrefix.String()
	}
	return d.Reason.String()
}
