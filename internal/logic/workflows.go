package logic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// Workflows finds compiled workflows: the current version by flow id for callers,
// any version for runs. It implements [runner.Workflows]. What has been found once
// is found again without a lock; a change of a workflow forgets it when the change
// is durable.
type Workflows struct {
	control  *store.DB
	limits   wdl.Limits
	current  sync.Map // flow id → *runner.Deployed
	versions sync.Map // flow id + "/" + version → *engine.Workflow

	mu      sync.Mutex
	changes map[string]uint64 // guarded by mu; flow id → how often it was forgotten
}

var _ runner.Workflows = (*Workflows)(nil)

// NewWorkflows reads workflows from the control database of a store. What is saved and
// run has the limits.
func NewWorkflows(s *store.Store, limits wdl.Limits) *Workflows {
	return &Workflows{control: s.Control(), limits: limits, changes: map[string]uint64{}}
}

// ByFlowID returns the current version of a workflow; store.ErrNotFound if there
// is none.
func (w *Workflows) ByFlowID(ctx context.Context, flowID string) (*runner.Deployed, error) {
	if d, ok := w.current.Load(flowID); ok {
		return d.(*runner.Deployed), nil
	}
	if !flowIDPattern.MatchString(flowID) {
		return nil, fmt.Errorf("workflow %q: %w", flowID, store.ErrNotFound)
	}
	before := w.generation(flowID)
	var form *workflow
	var name, id string
	err := w.control.Read(ctx, func(tx *store.Tx) (err error) {
		key, err := tx.Setting(flowSetting(flowID))
		if err != nil {
			return err
		}
		r, err := arm.Load(tx, string(key))
		if err != nil {
			return err
		}
		id, name = r.ID, lastSegment(r.ID)
		form, err = decode[workflow](r.Resource)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("workflow %s: %w", flowID, err)
	}
	compiled, err := w.Workflow(ctx, form.Environment, flowID, form.Current)
	if err != nil {
		return nil, err
	}
	d := deployed(form, id, name, compiled)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changes[flowID] == before {
		w.current.Store(flowID, d)
	}
	return d, nil
}

// ByID returns the current version of the workflow that has a resource ID;
// store.ErrNotFound if there is none.
func (w *Workflows) ByID(ctx context.Context, id string) (*runner.Deployed, error) {
	parsed, err := arm.ParseID(id)
	if err != nil || !strings.EqualFold(parsed.Type(), workflowType) {
		return nil, fmt.Errorf("workflow %q: %w", id, store.ErrNotFound)
	}
	var form *workflow
	err = w.control.Read(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, parsed.Key())
		if err != nil {
			return err
		}
		form, err = decode[workflow](r.Resource)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("workflow %s: %w", id, err)
	}
	return w.ByFlowID(ctx, form.FlowID)
}

func deployed(form *workflow, id, name string, compiled *engine.Workflow) *runner.Deployed {
	return &runner.Deployed{
		Environment: form.Environment, FlowID: form.FlowID, Version: form.Current,
		ResourceID: id, Name: name, Enabled: form.Enabled, Workflow: compiled, Keys: form.keys(),
		Triggers: form.Access.Triggers.callers(), Contents: form.Access.Contents.callers(), Actions: form.Access.Actions.callers(),
		Policies: form.Access.Triggers.policies(), Unsigned: strings.EqualFold(form.Access.Triggers.Signatures.State, "Disabled"),
	}
}

// Workflow returns a version of a workflow; store.ErrNotFound if it is gone.
func (w *Workflows) Workflow(ctx context.Context, _, flowID, versionID string) (*engine.Workflow, error) {
	cached := flowID + "/" + versionID
	if v, ok := w.versions.Load(cached); ok {
		return v.(*engine.Workflow), nil
	}
	before := w.generation(flowID)
	var form *version
	if err := w.control.Read(ctx, func(tx *store.Tx) (err error) {
		form, err = readVersion(tx, flowID, versionID)
		return err
	}); err != nil {
		return nil, err
	}
	program, err := compile(form.Definition, form.Parameters, withLifetime(w.limits.Stored(), form.Settings), time.Time{})
	if err != nil {
		return nil, fmt.Errorf("workflow %s: its stored version %s does not compile: %w", flowID, versionID, err)
	}
	compiled := link(program, form, versionID)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changes[flowID] != before {
		return compiled, nil
	}
	// Another caller may have compiled it too: all runs share the first one.
	first, _ := w.versions.LoadOrStore(cached, compiled)
	return first.(*engine.Workflow), nil
}

// link makes the workflow that runs share of a compiled version.
func link(program *wdl.Program, form *version, versionID string) *engine.Workflow {
	parameters := make(map[string]expr.Value, len(program.Parameters))
	for _, p := range program.Parameters {
		parameters[p.Name] = p.Value
	}
	return &engine.Workflow{
		Program: program, Parameters: parameters, ID: form.Workflow, Name: lastSegment(form.Workflow), Type: workflowType,
		Location: form.Location, Version: versionID, FlowID: form.FlowID, Tags: form.Tags,
		Stateless: form.Kind == kindStateless, KeepHistory: keepsHistory(form.Tags),
	}
}

func (w *Workflows) generation(flowID string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changes[flowID]
}

// changed makes the next lookup of a workflow read it anew.
func (w *Workflows) changed(flowID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes[flowID]++
	w.current.Delete(flowID)
}

// replaced puts a new current version, compiled already, in the place of the old.
func (w *Workflows) replaced(d *runner.Deployed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes[d.FlowID]++
	w.versions.Store(d.FlowID+"/"+d.Version, d.Workflow)
	w.current.Store(d.FlowID, d)
}

// gone forgets versions that no run needs any more.
func (w *Workflows) gone(flowID string, versionIDs []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes[flowID]++
	w.current.Delete(flowID)
	for _, v := range versionIDs {
		w.versions.Delete(flowID + "/" + v)
	}
}

// Where workflows stand among the sealed settings of the control database: the
// key of a workflow's resource by flow id; its versions, so that they outlive the
// resource until the last run has ended; and which workflows are in an
// environment, so that a lookup need not open all of them.

func flowSetting(flowID string) string { return "workflow/" + flowID }

func versionPrefix(flowID string) string { return "workflow/" + flowID + "/version/" }

func memberPrefix(environment string) string { return residentPrefix(environment) + "workflow/" }

// residentPrefix is what workflows and integration accounts in an environment stand below.
func residentPrefix(environment string) string { return "environment/" + environment + "/" }

func readVersion(tx *store.Tx, flowID, versionID string) (*version, error) {
	body, err := tx.Setting(versionPrefix(flowID) + versionID)
	if err != nil {
		return nil, fmt.Errorf("version %s of workflow %s: %w", versionID, flowID, err)
	}
	return decode[version](store.Resource{ID: versionPrefix(flowID) + versionID, Body: body})
}

func writeVersion(tx *store.Tx, form *version, versionID string) error {
	body, err := json.Marshal(form)
	if err != nil {
		return err
	}
	return tx.PutSetting(versionPrefix(form.FlowID)+versionID, body)
}

// versionIDs lists the versions of a workflow, newest first.
func versionIDs(tx *store.Tx, flowID string) ([]string, error) {
	prefix := versionPrefix(flowID)
	names, err := tx.Settings(prefix)
	for i := range names {
		names[i] = names[i][len(prefix):]
	}
	return names, err
}

// dropSetting deletes a setting that may be gone already.
func dropSetting(tx *store.Tx, name string) error {
	if err := tx.DeleteSetting(name); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}
