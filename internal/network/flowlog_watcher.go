package network

import (
	"context"
	"errors"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// A network watcher shows flow logs by their targets as well: another view of the same
// resources (armnetwork.FlowLogInformation).

// Resources writes resources on behalf of a caller; *arm.Manager does.
type Resources interface {
	Put(ctx context.Context, p arm.Principal, id, apiVersion string, body []byte) (*arm.Result, error)
}

// Bind tells the policies of the manager, before the first request.
func (p *Policies) Bind(r Resources) { p.resources = r }

// targetBody names the target of a watcher's request.
type targetBody struct {
	Target string `json:"targetResourceId"`
}

// id is the target's, if a flow log can be of it.
func (b *targetBody) id() (arm.ID, error) {
	id, err := arm.ParseID(b.Target)
	if _, known := logTargets[strings.ToLower(id.Type())]; err != nil || !known {
		return arm.ID{}, arm.Invalid(codeReference, "targetResourceId", "'%s' is not the resource ID of a network security group, a virtual network, a subnet or a network interface.", b.Target)
	}
	return id, nil
}

// configureLog answers POST {watcher}/configureFlowLog: a PUT of the target's flow log, or
// of a new one of this watcher, as the caller.
func (p *provider) configureLog(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body targetBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	target, err := body.id()
	if err != nil {
		return nil, err
	}
	// as Azure names the logs that it makes so
	id, tags, location := r.ID.Child("flowLogs", "Microsoft.Network"+target.Group+target.Name()).String(), expr.Null(), r.Resource.Location
	existing, err := p.logOf(ctx, body.Target)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		id, tags, location = existing.ID, existing.Tags, existing.Location
	}
	res, err := p.policies.resources.Put(ctx, r.Principal, id, r.APIVersion, configured(r.Body, body.Target, location, tags).JSON())
	if err != nil {
		return nil, err
	}
	form, err := decode[FlowLog](res.Resource)
	if err != nil {
		return nil, err
	}
	return arm.Reply(form.information()), nil
}

// configured is the body of the PUT that a watcher's request means.
func configured(body expr.Value, target, location string, tags expr.Value) expr.Value {
	settings, _ := body.Get("properties")
	if settings.Kind() != expr.KindObject {
		settings = expr.Object()
	}
	settings = settings.With("targetResourceId", expr.String(target))
	if analytics, given := body.Get("flowAnalyticsConfiguration"); given {
		settings = settings.With("flowAnalyticsConfiguration", analytics)
	}
	var f fields
	f.text("location", location)
	f.given("tags", tags)
	if identity, given := body.Get("identity"); given {
		f.add("identity", identity)
	}
	f.add("properties", settings)
	return f.value()
}

// logStatus answers POST {watcher}/queryFlowLogStatus. A target without a log has one that
// is off. Who asks must be allowed to read the target.
func (p *provider) logStatus(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body targetBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	id, err := body.id()
	if err != nil {
		return nil, err
	}
	if action := id.Type() + "/read"; !r.Allowed(action, id.String()) {
		return nil, r.Forbidden(action, id.String())
	}
	existing, err := p.logOf(ctx, body.Target)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		return arm.Reply(existing.form.information()), nil
	}
	err = p.control.Read(ctx, func(tx *store.Tx) error {
		_, err := arm.Load(tx, id.Key())
		if errors.Is(err, store.ErrNotFound) {
			return arm.Invalid(codeReference, "targetResourceId", "Resource '%s' was not found.", body.Target)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	off := &FlowLog{Target: body.Target, Form: 1}
	return arm.Reply(off.information()), nil
}

// logOf is the flow log of a target, nil for none.
func (p *provider) logOf(ctx context.Context, target string) (found *flowLogEntry, err error) {
	err = p.control.Read(ctx, func(tx *store.Tx) error {
		logs, err := flowLogsOf(tx, target)
		if len(logs) > 0 {
			found = &logs[0]
		}
		return err
	})
	return found, err
}

// information is the log as a watcher shows it.
func (l *FlowLog) information() expr.Value {
	var f fields
	f.text("targetResourceId", l.Target)
	settings := l.settings()
	if l.Storage == "" {
		settings = append(settings, expr.Member{Name: "storageId", Value: expr.String("")})
	}
	f.add("properties", settings.value())
	f.given("flowAnalyticsConfiguration", l.Analytics)
	return f.value()
}
