package deploy

import (
	"context"
	"net/http"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
)

// What a deployment would change (logic-api §5.2, WhatIf). The PUTs of its resources are
// carried out as the caller's, one upon the other, in a transaction that is then undone:
// what each would have stored is compared with what is there, so that defaults and
// spellings that mean the same are no difference. Where that is not possible yet, because a
// body reads what is still to be made, or the PUT waits for what goes on behind the answer of
// another, the template is compared with what is there, as far as it says something.

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

// preview is what a what-if, or a validation, finds out: it reads the templates, has all
// PUTs tried at once, and judges what came of each.
type preview struct {
	ctx         context.Context
	provider    *Provider
	who         arm.Principal
	correlation string
	now         time.Time
	full        bool // payloads are shown
	typesOnly   bool // nothing is read or tried: only missing types are told

	puts  []arm.Try   // of what templates name, in the order in which they would be carried out
	tried []arm.Tried // what came of them

	changes []expr.Value
	refused []*arm.Error            // what would be refused, each with the resource's ID as its target
	named   map[string]bool         // keys of what templates name
	becomes map[string]prospect     // by key: what becomes of what templates name
	groups  map[string]arm.Resource // by key: groups that would be made

	looks arm.Looks
	late  []string // IDs of resources whose bodies only the deployment shows
}

// prospect is what is known of a resource of a template before it is deployed.
type prospect int

const (
	stays   prospect = iota // it is as it will be
	changes                 // it is made or changed; what comes behind was tried upon that
	unclear                 // what becomes of it, only the deployment shows
)

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
	w := p.preview(ctx, r.Principal, r.CorrelationID, r.Now)
	w.full = format == formatFull
	d, err := w.see(id, r.Body)
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
func (p *Provider) preview(ctx context.Context, who arm.Principal, correlation string, now time.Time) *preview {
	return &preview{ctx: ctx, provider: p, who: who, correlation: correlation, now: now,
		named: map[string]bool{}, becomes: map[string]prospect{}, groups: map[string]arm.Resource{}}
}

// diagnostics shows what would be refused: each member of a resource by itself.
func diagnostics(refused []*arm.Error) expr.Value {
	var list []expr.Value
	for _, e := range refused {
		members := e.Details
		if len(members) == 0 {
			members = []*arm.Error{{Code: e.Code, Message: e.Message}}
		}
		for _, m := range members {
			told := expr.Object(str("level", "Error"), str("code", m.Code), str("message", m.Message), str("target", e.Target))
			if m.Target != "" {
				told = told.With("additionalInfo", expr.Array(expr.Object(str("type", "Member"), obj("info", str("member", m.Target)))))
			}
			list = append(list, told)
		}
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

// see finds out what becomes of a deployment.
func (w *preview) see(id arm.ID, body expr.Value) (*prepared, error) {
	s, d, err := w.deployment(id, body)
	if err != nil {
		return nil, err
	}
	return d, w.try(s)
}

// try tries all that was seen, and judges it.
func (w *preview) try(s *sight) (err error) {
	if w.tried, err = w.provider.rehearsal.TryAll(w.ctx, w.who, w.puts, w.looks); err == nil {
		s.judge()
	}
	return err
}

// deployment looks at the resources of a deployment, and of those nested in it.
func (w *preview) deployment(id arm.ID, body expr.Value) (*sight, *prepared, error) {
	o, failed := requested(body)
	if failed != nil {
		return nil, nil, failed
	}
	place, err := w.provider.place(w.ctx, id, body, o.mode)
	if made, ok := w.groups[id.GroupID().Key()]; ok && err != nil {
		place, err = made, nil
	}
	if err != nil {
		return nil, nil, err
	}
	d, err := w.provider.checkAt(w.ctx, id, o, place, w.who, w.correlation, w.now)
	if err != nil {
		return nil, nil, err
	}
	s, err := w.sight(d)
	return s, d, err
}

// sight looks at the resources of a deployment that was checked.
func (w *preview) sight(d *prepared) (*sight, error) {
	s := &sight{preview: w, plan: d.plan, present: make([]expr.Value, len(d.plan.Resources)), missing: d.plan.missing()}
	return s, s.look()
}

// sight is the preview of one template.
type sight struct {
	*preview
	plan    *Plan
	present []expr.Value       // what is there of each planned resource, null for nothing
	missing map[int]*arm.Error // of planned resources whose types this server does not have: what is told of that
	barred  string             // name of a missing one that the body which is being read needs; "" for none
	parts   []part             // of those that are deployed, each behind what it depends on
	around  prospect           // what is known of what the template's deployment depends on
}

// part is what a template says of one of its resources.
type part struct {
	at    int        // in the plan
	whole bool       // all of its body is known
	shown expr.Value // what can be shown of it
	put   int        // of a resource whose body is known: which of the puts it is
	// barred is the name of a resource that the body reads and that cannot be deployed; ""
	// for none.
	barred string

	// Of a nested deployment whose body is known.
	inner  *sight
	failed *arm.Error // it cannot be deployed as it is now
}

// look goes through the resources, each after what it depends on.
func (s *sight) look() error {
	for i, r := range s.plan.Resources {
		if !r.Deploy {
			continue
		}
		s.named[strings.ToLower(r.ID)] = true
		if lacking := s.missing[i]; lacking != nil {
			s.problem(r.ID, lacking)
			s.unsupported(r.ID, lacking.Message)
			continue
		}
		if s.typesOnly {
			continue
		}
		found, err := s.get(r.ID, r.APIVersion)
		if err != nil {
			return err
		}
		s.present[i] = found
	}
	for _, i := range s.plan.inOrder() {
		if nested := strings.EqualFold(s.plan.Resources[i].Type, TypeName); s.missing[i] != nil || s.typesOnly && !nested {
			continue
		}
		p, err := s.read(i)
		if err != nil {
			return err
		}
		s.parts = append(s.parts, p)
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

// maxTried bounds the resources that are tried in one transaction, for which all others
// wait. One template has at most 800; it is the sum over nested ones.
const maxTried = 4_000

// read takes up what the template says of a resource.
func (s *sight) read(i int) (p part, err error) {
	r := s.plan.Resources[i]
	reader := reader{s.ctx, s.provider.resources, s.who}
	s.barred = ""
	body, unknown := s.plan.Body(i, reader, s.deployed)
	if p = (part{at: i, whole: unknown == nil, barred: s.barred}); !p.whole {
		s.late = append(s.late, r.ID)
	}
	if strings.EqualFold(r.Type, TypeName) {
		if p.whole {
			p.inner, p.failed, err = s.nested(r, body)
		}
		return p, err
	}
	p.shown = s.plan.sketch(i, reader, s.deployed)
	if strings.EqualFold(r.Type, groupType) && s.present[i].IsNull() {
		s.groups[strings.ToLower(r.ID)] = groupOf(p.shown)
	}
	if p.whole {
		if len(s.puts) == maxTried {
			return p, arm.Invalid("DeploymentTooLarge", "properties.template", "The template and those nested in it have more than %d resources; a validation or what-if tries no more at once. Deploy it in parts.", maxTried)
		}
		p.put = len(s.puts)
		s.puts = append(s.puts, arm.Try{ID: r.ID, APIVersion: r.APIVersion, Body: body.JSON()})
	}
	return p, nil
}

// groupOf is a group that would be made.
func groupOf(body expr.Value) (r arm.Resource) {
	r.Location, _ = text(body, "location")
	r.Tags, _ = member(body, "tags")
	return r
}

// deployed says of a planned resource that it can be read: as it is now.
func (s *sight) deployed(i int) (bool, error) {
	if s.missing[i] != nil {
		s.barred = s.plan.Resources[i].Name
	}
	return !s.present[i].IsNull(), nil
}

// nested looks into a nested deployment.
func (s *sight) nested(r Planned, body expr.Value) (*sight, *arm.Error, error) {
	id, err := arm.ParseID(r.ID)
	if err != nil {
		return nil, nil, err
	}
	inner, _, err := s.preview.deployment(id, body)
	if e := arm.AsError(err); e != nil && e.Status < http.StatusInternalServerError {
		return nil, e, nil
	}
	return inner, nil, err
}

// judge tells what becomes of the resources, now that they were tried, and of the
// deployment as a whole.
func (s *sight) judge() (all prospect) {
	for _, p := range s.parts {
		r := s.plan.Resources[p.at]
		before := s.before(r)
		if !p.whole && p.barred != "" {
			s.problem(r.ID, arm.Invalid("InvalidTemplate", r.source.pointer, "The body of the resource '%s' reads a value of the resource '%s' (reference() or a list function), which this server cannot deploy. Write the value in its place.", r.Name, p.barred))
		}
		var after prospect
		if strings.EqualFold(r.Type, TypeName) {
			after = s.judgeNested(r, p, before)
		} else {
			after = s.judgeOne(r, p, before)
		}
		s.becomes[strings.ToLower(r.ID)] = after
		all = max(all, after)
	}
	return all
}

// before is what is known of what a resource needs.
func (s *sight) before(r Planned) prospect {
	id, err := arm.ParseID(r.ID)
	if err != nil {
		return unclear
	}
	known := max(s.around, s.becomes[id.GroupID().Key()])
	for _, d := range r.DependsOn {
		known = max(known, s.becomes[strings.ToLower(s.plan.Resources[d].ID)])
	}
	return known
}

// judgeNested is judge for a nested deployment: what becomes of it is what becomes of what
// is in it.
func (s *sight) judgeNested(r Planned, p part, before prospect) prospect {
	switch {
	case !p.whole:
		s.unsupported(r.ID, reasonNotReady)
		return unclear
	case p.failed != nil:
		if before == stays {
			s.problem(r.ID, p.failed)
		} else {
			s.late = append(s.late, r.ID)
		}
		return unclear
	}
	p.inner.around = before
	return p.inner.judge()
}

// judgeOne is judge for one resource.
func (s *sight) judgeOne(r Planned, p part, before prospect) prospect {
	var tried arm.Tried
	if p.whole {
		tried = s.tried[p.put]
	}
	switch e := tried.Refused; {
	case e != nil && excused(tried, before):
		s.late = append(s.late, r.ID)
	case e != nil:
		s.problem(r.ID, e)
	}
	after := s.add(r, s.present[p.at], p.shown, tried.Result)
	if tried.Result == nil || s.present[p.at].IsNull() && tried.Result.Operation != "" {
		return unclear
	}
	return after
}

// unsupported lists a resource of which it cannot be told what would change.
func (s *sight) unsupported(id, reason string) {
	s.changes = append(s.changes, expr.Object(str("resourceId", id), str("changeType", changeUnclear), str("unsupportedReason", s.plan.scrub(reason))))
}

// excused tells whether a refusal may be only for now: what the resource needs is not known
// yet, or will be another one when the resource is put, and it was refused by what is there
// now. Rights that a template gives are among that.
func excused(t arm.Tried, before prospect) bool {
	return before == unclear || before == changes && (t.Early || t.Refused.Status == http.StatusForbidden)
}

// problem tells that a resource would be refused.
func (s *sight) problem(id string, e *arm.Error) {
	told := problemOf(e, s.plan.scrub).error()
	if member := *told; member.Target != "" && len(told.Details) == 0 {
		told.Details = []*arm.Error{&member}
	}
	told.Target = id
	s.refused = append(s.refused, told)
}

// add adds the change of a resource that a template names: before is what is there,
// shown what the template says, result what the PUT would make of it, nil if that cannot be
// known yet. Of one that goes on behind its answer, what only stands there now may come back.
func (s *sight) add(r Planned, before, shown expr.Value, result *arm.Result) prospect {
	shown = s.payload(r, eachString(shown, s.plan.scrub))
	if before.IsNull() {
		s.change(r, changeCreate, expr.Null(), shown, nil)
		return changes
	}
	before = s.payload(r, before)
	after := shown
	known := result != nil && !result.Body.IsNull()
	if known {
		after = s.payload(r, result.Body)
	}
	c := comparison{partial: !known || result.Operation != ""}
	delta := c.of(before, after)
	if c.partial {
		after = merged(before, after)
	}
	if len(delta) == 0 {
		s.change(r, changeNone, before, after, nil)
		return stays
	}
	s.change(r, changeModify, before, after, delta)
	return changes
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
