package logic

import (
	"context"
	"errors"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// fieldWorkflow is the name of a run's workflow, in lists that are of more than one.
const fieldWorkflow = "workflow/name"

// listEnvironmentRuns lists the runs of all workflows of an environment. It is an
// operation of Isle's own.
func (s *Service) listEnvironmentRuns(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	l, err := s.readRunList(r, arm.Field{Name: fieldWorkflow})
	if err != nil {
		return nil, err
	}
	form, err := decode[environment](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	if !form.Ready {
		return l.page.reply(nil, ""), nil
	}
	l.owner = s.owners(r)
	sources := []source{{environment: form.ID}}
	if name, ok := l.page.filter.Equals(fieldWorkflow); ok {
		if sources, err = s.workflowsNamed(ctx, form.ID, name); err != nil {
			return nil, err
		}
	}
	return l.answer(ctx, sources)
}

// workflowsNamed are the workflows of an environment that have a name, each in another
// group.
func (s *Service) workflowsNamed(ctx context.Context, environment, name string) (sources []source, err error) {
	prefix := memberPrefix(environment)
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		members, err := tx.Settings(prefix)
		if err != nil {
			return err
		}
		for _, m := range members {
			id, err := tx.Setting(m)
			if err != nil {
				return err
			}
			if strings.EqualFold(lastSegment(string(id)), name) {
				sources = append(sources, source{environment, strings.TrimPrefix(m, prefix)})
			}
		}
		return nil
	})
	return sources, err
}

// listAllRuns lists the runs of a subscription: of every environment, and of workflows
// that are in none. It is an operation of Isle's own.
func (s *Service) listAllRuns(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	l, err := s.readRunList(r)
	if err != nil {
		return nil, err
	}
	l.owner = s.owners(r)
	var sources []source
	for _, environment := range s.config.Store.Environments() {
		sources = append(sources, source{environment: environment})
	}
	return l.answer(ctx, sources)
}

// maxGroupSources bounds the workflows of a group whose runs are read one workflow at a
// time; of more, the runs of whole environments are looked through.
const maxGroupSources = 200

// listGroupRuns lists the runs of the workflows of a resource group. It is an operation
// of Isle's own.
func (s *Service) listGroupRuns(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	l, err := s.readRunList(r, arm.Field{Name: fieldWorkflow})
	if err != nil {
		return nil, err
	}
	group := strings.ToLower("/subscriptions/" + r.Values["subscription"] + "/resourceGroups/" + r.Values["group"])
	name, _ := l.page.filter.Equals(fieldWorkflow)
	flows, err := s.workflowsIn(ctx, group, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, arm.GroupNotFound(r.Values["group"])
	}
	if err != nil {
		return nil, err
	}
	owners := s.owners(r)
	l.owner = func(ctx context.Context, flowID string) (*runOwner, error) {
		o, err := owners(ctx, flowID)
		if o != nil && !strings.HasPrefix(strings.ToLower(o.id), group+"/") {
			o = nil
		}
		return o, err
	}
	return l.answer(ctx, l.groupSources(flows))
}

// groupSources are where the runs of a group's workflows are read from. In an index of
// words the workflows of one environment are asked for together.
func (l *runList) groupSources(flows []source) (sources []source) {
	switch {
	case len(flows) > maxGroupSources:
		for _, environment := range l.service.config.Store.Environments() {
			sources = append(sources, source{environment: environment})
		}
		return sources
	case l.words == nil:
		return flows
	}
	l.flows = map[string][]string{}
	for _, f := range flows {
		if l.flows[f.environment] == nil {
			sources = append(sources, source{environment: f.environment})
		}
		l.flows[f.environment] = append(l.flows[f.environment], f.flow)
	}
	return sources
}

// workflowsIn are the workflows of a resource group, those of a name if there is one:
// one more than maxGroupSources at most. store.ErrNotFound: there is no such group.
func (s *Service) workflowsIn(ctx context.Context, group, name string) (flows []source, err error) {
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		if _, err := tx.Resource(group); err != nil {
			return err
		}
		q := store.Query{Type: workflowType, ScopePrefix: group, Limit: maxGroupSources + 1}
		for {
			found, err := arm.List(tx, q)
			if err != nil {
				return err
			}
			for _, r := range found {
				if name != "" && !strings.EqualFold(lastSegment(r.ID), name) {
					continue
				}
				form, err := decode[workflow](r.Resource)
				if err != nil {
					return err
				}
				flows = append(flows, source{form.Environment, form.FlowID})
			}
			if len(found) < q.Limit || len(flows) > maxGroupSources {
				return nil
			}
			q.After = found[len(found)-1].Key
		}
	})
	return flows, err
}

const actionReadRuns = "Microsoft.Logic/workflows/runs/read"

// owners finds the workflows of runs by flow id, each once: nil for one that is deleted
// or that the caller may not read.
func (s *Service) owners(r *arm.Request) func(context.Context, string) (*runOwner, error) {
	known := map[string]*runOwner{}
	return func(ctx context.Context, flowID string) (*runOwner, error) {
		if o, ok := known[flowID]; ok {
			return o, nil
		}
		o, err := s.ownerOf(ctx, flowID)
		if err != nil {
			return nil, err
		}
		if o != nil && s.config.Authorizer != nil && !s.config.Authorizer.Allowed(r.Principal, actionReadRuns, o.id) {
			o = nil
		}
		known[flowID] = o
		return o, nil
	}
}

func (s *Service) ownerOf(ctx context.Context, flowID string) (o *runOwner, err error) {
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		key, err := tx.Setting(flowSetting(flowID))
		if err != nil {
			return err
		}
		resource, err := arm.Load(tx, string(key))
		if err != nil {
			return err
		}
		form, err := decode[workflow](resource.Resource)
		o = &runOwner{resource.ID, form}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return o, err
}
