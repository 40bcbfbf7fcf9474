package forecast

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/logic"
	"isle/internal/network"
	"isle/internal/store"
	"isle/internal/traffic"
	"isle/netpol"
)

const (
	environmentType = "Microsoft.Logic/integrationServiceEnvironments"
	workflowType    = "Microsoft.Logic/workflows"
)

// Resources tries changes; *arm.Manager does.
type Resources interface {
	TryAll(ctx context.Context, p arm.Principal, tries []arm.Try, looks arm.Looks) ([]arm.Tried, error)
}

// Templates tries what a template would deploy; *deploy.Provider does.
type Templates interface {
	Try(ctx context.Context, r *arm.Request, group arm.ID, body expr.Value, looks arm.Looks) (late []string, err error)
}

// Environments judges what environments require of their networks; *logic.Service does.
type Environments interface {
	CompareAccess(ctx context.Context, before, after *netpol.Policy, asked func(environment string) bool) ([]logic.AccessComparison, error)
}

// Config is what a Service needs. All must be set but Authorizer.
type Config struct {
	Policies     *network.Policies
	Environments Environments
	Templates    Templates
	Traffic      *traffic.Recorder
	Network      *dataplane.Inproc
	// Places tells where environments are in the networks of a snapshot.
	Places func(*network.Snapshot) dataplane.Networks
	// Authorizer says whose environments are told of; nil: all.
	Authorizer arm.Authorizer
}

// Service answers the operation. Safe for concurrent use.
type Service struct {
	config    Config
	resources Resources
}

// New returns a service that needs Bind.
func New(c Config) *Service { return &Service{config: c} }

// Bind tells the service of the manager, before the first request.
func (s *Service) Bind(r Resources) { s.resources = r }

// Routes are the paths of the package.
func (s *Service) Routes() []arm.Route {
	const network = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/"
	return []arm.Route{
		{Method: http.MethodPost, Pattern: network + "whatIf", Action: "Microsoft.Network/whatIf/action", Serve: s.whatIf},
		{Method: http.MethodPost, Pattern: network + "recordedFlows", Action: "Microsoft.Network/recordedFlows/action", Serve: s.recorded},
	}
}

// answer is what a what-if tells.
type answer struct {
	Status     string     `json:"status"` // "Succeeded"
	Properties properties `json:"properties"`
}

type properties struct {
	// Breaks says that something that works now would not: a row of required access, or a
	// flow that a workflow made.
	Breaks       bool              `json:"breaks"`
	Days         int               `json:"days"` // of recorded flows that were looked at
	Environments []environmentView `json:"environments"`
	// Hidden is how many environments the caller may not read.
	Hidden int `json:"hiddenEnvironments,omitempty"`
	// Late are resources of the template whose bodies only other deployed resources decide:
	// they were not tried. So are, with the member behind their IDs, networks whose name
	// servers change: environments take them up when they are restarted.
	Late []string `json:"notTried,omitempty"`
}

type environmentView struct {
	ID       string               `json:"id"`
	Before   string               `json:"healthBefore"`
	After    string               `json:"healthAfter"`
	Failure  string               `json:"error,omitempty"`
	Rows     []logic.AccessChange `json:"requiredAccess"`
	Recorded recordedView         `json:"recordedFlows"`
	Failing  []workflowView       `json:"workflows"` // that would have failed
}

// whatIf answers POST {group}/providers/Microsoft.Network/whatIf.
func (s *Service) whatIf(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	q, err := s.read(r)
	if err != nil {
		return nil, err
	}
	before, after, late, err := s.try(ctx, r, q)
	if err != nil {
		return nil, err
	}
	told := properties{Days: q.days, Environments: []environmentView{}, Late: late}
	compared, err := s.config.Environments.CompareAccess(ctx, before.Policy, after.Policy, func(environment string) bool {
		if len(q.environments) > 0 && !slices.ContainsFunc(q.environments, func(id string) bool { return strings.EqualFold(id, environment) }) {
			return false
		}
		may := s.mayRead(r.Principal, environment)
		if !may {
			told.Hidden++
		}
		return may
	})
	if err != nil {
		return nil, err
	}
	now, then := s.config.Places(before), s.config.Places(after)
	f := flows{before: s.config.Network.Under(now), named: s.named(r.Principal, now)}
	f.after = f.before.After(then)
	for i := range compared {
		c := &compared[i]
		told.noteServers(before, after, then.Of(c.ID))
		view := environmentView{ID: c.Environment, Before: c.Before, After: c.After, Failure: c.Failure, Rows: c.Changes}
		if view.Rows == nil {
			view.Rows = []logic.AccessChange{}
		}
		if err := f.look(ctx, s.config.Traffic, c.ID, q.days); err != nil {
			return nil, err
		}
		view.Recorded, view.Failing = f.view(s.config.Traffic.Dropped(c.ID))
		told.Breaks = told.Breaks || c.Failure != "" || f.breaks || slices.ContainsFunc(c.Changes, func(row logic.AccessChange) bool { return row.Worse })
		told.Environments = append(told.Environments, view)
	}
	text, err := json.Marshal(answer{"Succeeded", told})
	if err != nil {
		return nil, err
	}
	v, err := expr.ParseJSON(text)
	return arm.Reply(v), err
}

// mayRead tells whether a principal may be told of an environment.
func (s *Service) mayRead(p arm.Principal, environment string) bool {
	return s.config.Authorizer == nil || s.config.Authorizer.Allowed(p, environmentType+"/read", environment)
}

// noteServers notes that the name servers of a place's network would change.
func (p *properties) noteServers(before, after *network.Snapshot, place *dataplane.Place) {
	if place.Network == nil {
		return
	}
	id := place.Network.ID()
	if told := id + "/dhcpOptions/dnsServers"; !slices.Equal(before.NameServers(id), after.NameServers(id)) && !slices.Contains(p.Late, told) {
		p.Late = append(p.Late, told)
	}
}

// named tells whether the principal may be told who made a call of a workflow: what may be
// read of the caller's environment, or of a caller in none.
func (s *Service) named(p arm.Principal, places dataplane.Networks) func(*dataplane.Attempt) bool {
	return func(a *dataplane.Attempt) bool {
		switch {
		case s.config.Authorizer == nil || a.CallerEnvironment == "" || a.CallerEnvironment == a.Environment:
			return true
		case a.CallerEnvironment == dataplane.Shared:
			return s.config.Authorizer.Allowed(p, workflowType+"/read", a.By.Workflow)
		}
		home := places.Of(a.CallerEnvironment).Environment // "": it is gone
		return home != "" && s.config.Authorizer.Allowed(p, environmentType+"/read", home)
	}
}

// try makes the policy of now and the one that a change would lead to. They are of one
// transaction: what others change meanwhile is in both or in none. Late are the resources
// that were not tried.
func (s *Service) try(ctx context.Context, r *arm.Request, q *question) (before, after *network.Snapshot, late []string, err error) {
	var now, then func() (*network.Snapshot, error)
	looks := arm.Looks{
		Before: func(tx *store.Tx) (err error) { now, err = s.config.Policies.Trial(tx); return err },
		After:  func(tx *store.Tx) (err error) { then, err = s.config.Policies.Trial(tx); return err },
	}
	if q.template.IsNull() {
		err = s.tryChanges(ctx, r.Principal, q.changes, looks)
	} else {
		late, err = s.config.Templates.Try(ctx, r, q.group, q.template, looks)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if before, err = now(); err != nil {
		return nil, nil, nil, arm.Conflict("NetworkPolicyUnknown", "", "There is nothing to compare with, because everything is denied now: %s.", err)
	}
	after, err = then()
	return before, after, late, err
}

// tryChanges tries single changes. The error is all that would be refused, each with the
// resource as its target.
func (s *Service) tryChanges(ctx context.Context, p arm.Principal, changes []arm.Try, looks arm.Looks) error {
	tried, err := s.resources.TryAll(ctx, p, changes, looks)
	if err != nil {
		return err
	}
	var found []*arm.Error
	for i, t := range tried {
		if t.Refused == nil {
			continue
		}
		told := *t.Refused
		if told.Target = changes[i].ID; t.Refused.Target != "" && len(told.Details) == 0 {
			told.Details = []*arm.Error{t.Refused} // with its member
		}
		found = append(found, &told)
	}
	if problem := arm.Problems(found); problem != nil {
		return problem
	}
	return nil
}
