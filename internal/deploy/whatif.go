package deploy

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
)

// What a deployment would change (logic-api §5.2, WhatIf). Each resource's PUT is
// carried out as the caller's, in a transaction that is then undone: what it would
// have stored is compared with what is there, so that defaults and spellings that mean
// the same are no difference. Where that is not possible yet, because the resource
// needs another one that the template makes first, the template is compared with what
// is there, as far as it says something.

// Kinds of a change.
const (
	changeCreate   = "Create"
	changeDelete   = "Delete"
	changeModify   = "Modify"
	changeNone     = "NoChange"
	changeIgnore   = "Ignore"
	changeDeploy   = "Deploy"
	changeUnclear  = "Unsupported"
	formatFull     = "FullResourcePayloads"
	formatIDs      = "ResourceIdOnly"
	secureShown    = "*******"
	reasonNotReady = "What it deploys depends on resources that are not deployed yet."
)

// preview is what a what-if, or a validation, finds out.
type preview struct {
	ctx         context.Context
	provider    *Provider
	who         arm.Principal
	correlation string
	now         time.Time
	full        bool // payloads are shown

	changes []expr.Value
	refused []*arm.Error            // what would be refused, each with the resource's ID as its target
	named   map[string]bool         // keys of what templates name
	made    map[string]bool         // keys of what would be made or changed
	groups  map[string]arm.Resource // by key: groups that would be made
}

// whatIf answers what a deployment would change. It changes nothing.
func (p *Provider) whatIf(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	id, err := deploymentOf(r)
	if err != nil {
		return nil, err
	}
	format, err := resultFormat(r.Body)
	if err != nil {
		return nil, err
	}
	w := p.preview(ctx, r)
	w.full = format == formatFull
	d, err := w.deployment(id, r.Body, false)
	if err == nil && id.Group != "" {
		err = w.rest(id, d.order.mode)
	}
	if err != nil {
		return nil, err
	}
	properties := expr.Object(expr.Member{Name: "changes", Value: expr.Array(w.changes...)})
	if len(w.refused) > 0 {
		properties = properties.With("diagnostics", diagnostics(w.refused))
	}
	return arm.Reply(expr.Object(str("status", "Succeeded"), expr.Member{Name: "properties", Value: properties})), nil
}

// preview begins a preview for whoever asks.
func (p *Provider) preview(ctx context.Context, r *arm.Request) *preview {
	return &preview{ctx: ctx, provider: p, who: r.Principal, correlation: r.CorrelationID, now: r.Now,
		named: map[string]bool{}, made: map[string]bool{}, groups: map[string]arm.Resource{}}
}

// diagnostics shows what would be refused.
func diagnostics(refused []*arm.Error) expr.Value {
	list := make([]expr.Value, len(refused))
	for i, e := range refused {
		list[i] = expr.Object(str("level", "Error"), str("code", e.Code), str("message", e.Message), str("target", e.Target))
	}
	return expr.Array(list...)
}

// resultFormat is how much of the resources is shown.
func resultFormat(body expr.Value) (string, error) {
	properties, _ := member(body, "properties")
	settings, _ := member(properties, "whatIfSettings")
	v, _ := member(settings, "resultFormat")
	word, _ := v.AsString()
	switch {
	case v.IsNull() || strings.EqualFold(word, formatFull):
		return formatFull, nil
	case strings.EqualFold(word, formatIDs):
		return formatIDs, nil
	}
	return "", arm.Invalid("InvalidRequestContent", "properties.whatIfSettings.resultFormat", "The result format '%s' is not valid. Use '%s' or '%s'.", v.Text(), formatFull, formatIDs)
}

// deployment looks at the resources of a deployment, and of those nested in it. It is
// late if it is nested, and what it needs would be made first.
func (w *preview) deployment(id arm.ID, body expr.Value, late bool) (*prepared, error) {
	o, failed := requested(body)
	if failed != nil {
		return nil, failed
	}
	place, err := w.provider.place(w.ctx, id, body, o.mode)
	if made, ok := w.groups[id.GroupID().Key()]; ok && err != nil {
		place, err = made, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := w.provider.checkAt(w.ctx, id, o, place, w.who, w.correlation, w.now)
	if err != nil {
		return nil, err
	}
	s := &sight{preview: w, plan: d.plan, present: make([]expr.Value, len(d.plan.Resources)), late: make([]bool, len(d.plan.Resources)), within: late}
	return d, s.look()
}

// sight is the preview of one template.
type sight struct {
	*preview
	plan    *Plan
	present []expr.Value // what is there of each planned resource, null for nothing
	late    []bool       // of each planned resource that was looked at: isLate
	within  bool         // the template is in a deployment that isLate
}

// look goes through the resources, each after what it depends on.
func (s *sight) look() error {
	for i, r := range s.plan.Resources {
		if !r.Deploy {
			continue
		}
		found, err := s.get(r.ID, r.APIVersion)
		if err != nil {
			return err
		}
		s.present[i] = found
		s.named[strings.ToLower(r.ID)] = true
	}
	for _, i := range s.plan.inOrder() {
		if err := s.resource(i); err != nil {
			return err
		}
	}
	return nil
}

// inOrder are the resources that are deployed, each behind what it depends on.
func (p *Plan) inOrder() []int {
	var order []int
	seen := make([]bool, len(p.Resources))
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, d := range p.Resources[i].DependsOn {
			visit(d)
		}
		if p.Resources[i].Deploy {
			order = append(order, i)
		}
	}
	for i := range p.Resources {
		visit(i)
	}
	return order
}

// get reads a resource; null if it is not there.
func (w *preview) get(id, apiVersion string) (expr.Value, error) {
	result, err := w.provider.resources.Get(w.ctx, w.who, id, versionOr(apiVersion))
	if e := arm.AsError(err); e != nil && e.Status == http.StatusNotFound {
		return expr.Null(), nil
	} else if err != nil {
		return expr.Null(), err
	}
	return result.Body, nil
}

// resource finds what becomes of one.
func (s *sight) resource(i int) error {
	r := s.plan.Resources[i]
	s.late[i] = s.isLate(r)
	body, err := s.plan.Body(i, reader{s.ctx, s.provider.resources, s.who}, s.deployed)
	whole := err == nil
	if strings.EqualFold(r.Type, TypeName) {
		return s.nested(i, body, whole)
	}
	shown := s.plan.sketch(i, reader{s.ctx, s.provider.resources, s.who}, s.deployed)
	if strings.EqualFold(r.Type, groupType) && s.present[i].IsNull() {
		s.made[strings.ToLower(r.ID)] = true
		s.groups[strings.ToLower(r.ID)] = groupOf(shown)
	}
	var after outcome
	if whole {
		if after, err = s.try(i, body); err != nil {
			return err
		}
	}
	s.add(r, s.present[i], shown, after)
	return nil
}

// groupOf is a group that would be made.
func groupOf(body expr.Value) (r arm.Resource) {
	r.Location, _ = text(body, "location")
	r.Tags, _ = member(body, "tags")
	return r
}

// deployed says of a planned resource that it can be read: as it is now.
func (s *sight) deployed(i int) (bool, error) { return !s.present[i].IsNull(), nil }

// nested looks into a nested deployment. If it makes or changes something, or may, so
// does it itself, for what depends on it.
func (s *sight) nested(i int, body expr.Value, whole bool) error {
	r := s.plan.Resources[i]
	id, err := arm.ParseID(r.ID)
	if err != nil {
		return err
	}
	if !whole {
		s.made[strings.ToLower(r.ID)] = true
		s.changes = append(s.changes, expr.Object(str("resourceId", r.ID), str("changeType", changeUnclear), str("unsupportedReason", reasonNotReady)))
		return nil
	}
	before := len(s.made)
	_, err = s.preview.deployment(id, body, s.late[i])
	if len(s.made) > before {
		s.made[strings.ToLower(r.ID)] = true
	}
	if e := arm.AsError(err); e != nil && e.Status < http.StatusInternalServerError {
		if !s.late[i] {
			s.problem(r.ID, e)
		}
		return nil
	}
	return err
}

// outcome is what would be there after a PUT: null if that cannot be known yet. Of one
// that goes on behind its answer, what only stands there now may come back.
type outcome struct {
	view   expr.Value
	begins bool
}

// try tells what the PUT of a resource would make of it.
func (s *sight) try(i int, body expr.Value) (after outcome, err error) {
	r := s.plan.Resources[i]
	result, err := s.provider.rehearsal.TryPut(s.ctx, s.who, r.ID, r.APIVersion, body.JSON())
	refused := arm.AsError(err)
	switch {
	case err == nil:
		return outcome{result.Body, result.Operation != ""}, nil
	case refused == nil || refused.Status >= http.StatusInternalServerError:
		return outcome{}, err
	case !s.late[i]:
		s.problem(r.ID, refused)
	}
	return outcome{}, nil
}

// isLate reports whether a resource may be refused now only because what it needs, or
// what that needs, would be made first.
func (s *sight) isLate(r Planned) bool {
	id, err := arm.ParseID(r.ID)
	return err != nil || s.within || s.made[id.GroupID().Key()] ||
		slices.ContainsFunc(r.DependsOn, func(d int) bool { return s.late[d] || s.made[strings.ToLower(s.plan.Resources[d].ID)] })
}

// problem tells that a resource would be refused.
func (s *sight) problem(id string, e *arm.Error) {
	told := problemOf(e, s.plan.scrub).error()
	told.Target = id
	s.refused = append(s.refused, told)
}

// add adds the change of a resource that a template names: before is what is there,
// shown what the template says, result what the PUT would make of it.
func (s *sight) add(r Planned, before, shown expr.Value, result outcome) {
	shown = s.payload(r, eachString(shown, s.plan.scrub))
	if before.IsNull() {
		s.made[strings.ToLower(r.ID)] = true
		s.change(r, changeCreate, expr.Null(), shown, nil)
		return
	}
	before = s.payload(r, before)
	after := shown
	if !result.view.IsNull() {
		after = s.payload(r, result.view)
	}
	c := comparison{partial: result.view.IsNull() || result.begins}
	delta := c.of(before, after)
	if c.partial {
		after = merged(before, after)
	}
	if len(delta) == 0 {
		s.change(r, changeNone, before, after, nil)
		return
	}
	s.made[strings.ToLower(r.ID)] = true
	s.change(r, changeModify, before, after, delta)
}

// change lists a change of a resource. Where only IDs are shown, it is not told whether
// one that is there would change.
func (s *sight) change(r Planned, kind string, before, after expr.Value, delta []expr.Value) {
	if !s.full && kind != changeCreate {
		kind = changeDeploy
	}
	change := expr.Object(str("resourceId", r.ID), str("changeType", kind))
	if s.full {
		if !before.IsNull() {
			change = change.With("before", before)
		}
		if change = change.With("after", after); len(delta) > 0 {
			change = change.With("delta", expr.Array(delta...))
		}
	}
	s.changes = append(s.changes, change)
}

// payload is a resource as a what-if shows it: what it is called first, and nothing
// that the server makes or that changes by itself.
func (s *sight) payload(r Planned, v expr.Value) expr.Value {
	v = s.provider.rehearsal.Settable(r.Type, v)
	id, _ := arm.ParseID(r.ID)
	members := []expr.Member{str("apiVersion", r.APIVersion), str("id", r.ID), str("name", lastSegment(r.Name)), str("type", r.Type)}
	if id.Group != "" && id.Provider != "" {
		members = append(members, str("resourceGroup", id.Group))
	}
	head := expr.Object(members...)
	for name, m := range v.Members() {
		if !hasMember(head, name) {
			members = append(members, expr.Member{Name: name, Value: m})
		}
	}
	return steady(expr.Object(members...), "")
}

// rest adds what else is in the group: in mode Complete it would be deleted.
func (w *preview) rest(id arm.ID, mode string) error {
	present, err := w.provider.resources.ListAll(w.ctx, w.who, id.GroupID().String()+"/resources", defaultVersion)
	if err != nil {
		return err
	}
	for _, v := range present {
		name, _ := text(v, "id")
		typ, _ := text(v, "type")
		if w.named[strings.ToLower(name)] || strings.Count(typ, "/") != 1 || strings.EqualFold(typ, TypeName) {
			continue
		}
		kind := changeIgnore
		if mode == modeComplete {
			kind = changeDelete
			if v, err = w.get(name, ""); err != nil {
				return err
			}
		}
		change := expr.Object(str("resourceId", name), str("changeType", kind))
		if w.full {
			change = change.With("before", steady(v, ""))
			if kind == changeIgnore {
				change = change.With("after", steady(v, ""))
			}
		}
		w.changes = append(w.changes, change)
	}
	return nil
}
