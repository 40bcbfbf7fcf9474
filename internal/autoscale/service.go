package autoscale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/task"
)

// TypeName is the type of the settings.
const TypeName = "Microsoft.Insights/autoscaleSettings"

const (
	environmentType    = "Microsoft.Logic/integrationServiceEnvironments"
	workflowType       = "Microsoft.Logic/workflows"
	environmentVersion = "2019-05-01" // of the PATCH of an environment
	actionMetrics      = "Microsoft.Insights/metrics/read"
	formVersion        = 1

	// Kind is the kind of the tasks, in the control database.
	Kind = "autoscale"
	// every is how often a setting is looked at; after is how long after the minute.
	every = time.Minute
	after = 2 * time.Second
)

// Target is an environment as a setting sees it.
type Target struct {
	ID, SKU, State string
	Capacity       int64
}

// Environments are what is scaled.
type Environments interface {
	// Target finds one by its resource ID; store.ErrNotFound if there is none.
	Target(tx *store.Tx, id string) (*Target, error)
	// Metric is a metric of an environment or a workflow in each of n minutes, NaN where it
	// has no value; HasMetric says whether a type of resource has one.
	Metric(ctx context.Context, resource, name string, from time.Time, n int) ([]float64, error)
	HasMetric(resourceType, name string) error
	// PerUnit says that the same load is a smaller value of a metric with more units.
	PerUnit(name string) bool
}

// Manager changes environments; *arm.Manager is one.
type Manager interface {
	PatchWith(ctx context.Context, p arm.Principal, id, apiVersion string, body []byte, commit func(*store.Tx, *arm.Result) error) (*arm.Result, error)
	Note(tx *store.Tx, n arm.Note) error
}

// Config is what a Service needs. All but Authorizer, Clock and Log must be set.
type Config struct {
	Store        *store.Store
	Environments Environments
	// Since is when metrics began to be counted: a window that begins before cannot be
	// read.
	Since      time.Time
	Authorizer arm.Authorizer   // nil: everybody may scale everything
	Clock      func() time.Time // nil: time.Now
	Log        *slog.Logger     // nil: slog.Default
}

// Service is the type over one store. Safe for concurrent use.
type Service struct {
	config  Config
	control *store.DB
	manager Manager  // set once by Bind, before the first task
	looked  sync.Map // *status of the last look of this process, by the setting's key
}

// New checks the configuration.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Environments == nil {
		return nil, errors.New("autoscale: Store and Environments must be set")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Service{config: c, control: c.Store.Control()}, nil
}

// Bind tells the service who changes environments: the manager, which is built from the
// service's own type.
func (s *Service) Bind(m Manager) { s.manager = m }

// Types are the resource types of the package.
func (s *Service) Types() []arm.Type {
	return []arm.Type{{
		Name: TypeName, APIVersions: []string{"2022-10-01", "2021-05-01-preview", "2015-04-01", "2014-04-01"}, AnyVersion: true, Tracked: true, NoState: true,
		MissingCode: "AutoscaleSettingNotFound", References: func(expr.Value) expr.Value { return expr.Null() },
		Put: s.put, Patch: s.put, View: view, Delete: s.delete, Move: s.move, Names: []string{workflowType}, List: &arm.ListSpec{},
		Reads: map[string]arm.Handler{"status": s.readStatus},
	}}
}

// TypeNames are the names of the types, for who checks templates without a server.
func TypeNames() []string { return arm.Names(new(Service).Types()) }

// Handlers are the handlers of the package's tasks, by kind.
func (s *Service) Handlers() map[string]task.Handler { return map[string]task.Handler{Kind: s.carry} }

// form is a setting as stored.
type form struct {
	Version    int           `json:"v"`
	Properties expr.Value    `json:"properties"`
	Principal  arm.Principal `json:"principal"` // who saved it last: scales in this name
}

func decode(r arm.Resource) (*form, error) { return arm.Decode[form](r.Resource, formVersion) }

// put saves a setting, or changes what a PATCH gives of it.
func (s *Service) put(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	properties := r.Properties()
	if r.Patch() {
		old, err := decode(*r.Old)
		if err != nil {
			return nil, err
		}
		given := properties
		properties = old.Properties
		for name, v := range given.Members() {
			properties = properties.With(name, v)
		}
	}
	d := &reader{found: &found, known: s.known(properties)}
	read := d.read(properties, r.ID.Name())
	if read != nil {
		if err := s.checkTarget(tx, r, read, &found); err != nil {
			return nil, err
		}
		s.checkMetrics(r, read, &found)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(form{Version: formVersion, Properties: properties, Principal: r.Principal})
	return &arm.Written{Body: body, Tasks: []store.Task{{Key: taskKey(r.ID.Key()), Kind: Kind, Due: r.Now, Payload: []byte(r.ID.Key())}}}, err
}

func taskKey(key string) string { return "autoscale:" + key }

// known says whether rules may name a metric: of the target, or of the resource that they
// name.
func (s *Service) known(properties expr.Value) func(resource, metric string) error {
	target, _ := properties.Get("targetResourceUri")
	return func(resource, metric string) error {
		if resource == "" {
			resource = target.Text()
		}
		id, err := arm.ParseID(resource)
		if err != nil {
			return fmt.Errorf("'%s' is not a resource ID, so it has no metric '%s'", resource, metric)
		}
		return s.config.Environments.HasMetric(id.Type(), metric)
	}
}

// checkTarget wants the target to be a Premium environment that the caller may change, and
// that no other setting scales.
func (s *Service) checkTarget(tx *store.Tx, r *arm.PutRequest, read *setting, found *arm.Found) error {
	const at = "properties.targetResourceUri"
	id, err := arm.ParseID(read.Target)
	if read.Target == "" {
		return nil // reported already
	}
	if err != nil || !strings.EqualFold(id.Type(), environmentType) {
		found.Add(codeInvalid, at, "'%s' is not the resource ID of an integration service environment: only those are scaled here.", read.Target)
		return nil
	}
	target, err := s.config.Environments.Target(tx, read.Target)
	switch {
	case errors.Is(err, store.ErrNotFound):
		missing := arm.Missing("IntegrationServiceEnvironmentNotFound", "The integration service environment '%s' was not found. Create it first.", read.Target)
		missing.Target = at
		*found = append(*found, missing)
		return nil
	case err != nil:
		return err
	case target.SKU != "Premium":
		found.Add("AutoscaleNotSupportedBySku", at, "The environment '%s' is a %s one, which has no additional capacity and cannot be scaled. Autoscale needs a Premium environment.", read.Target, target.SKU)
	}
	if s.config.Authorizer != nil && !s.config.Authorizer.Allowed(r.Principal, environmentType+"/write", target.ID) {
		*found = append(*found, unlinked(r, environmentType+"/write", target.ID, at, "which is scaled in its name"))
	}
	return s.checkAlone(tx, r.ID, target.ID, found)
}

// checkMetrics wants the caller to be allowed to read the metrics of other resources than
// the target: the setting's status tells what they are.
func (s *Service) checkMetrics(r *arm.PutRequest, read *setting, found *arm.Found) {
	if s.config.Authorizer == nil {
		return
	}
	for i, p := range read.Profiles {
		for j, rule := range p.Rules {
			of, err := arm.ParseID(rule.Trigger.Resource)
			if err != nil || arm.SameID(of.String(), read.Target) || s.config.Authorizer.Allowed(r.Principal, actionMetrics, of.String()) {
				continue // what is no ID is reported already
			}
			at := fmt.Sprintf("properties.profiles[%d].rules[%d].metricTrigger.metricResourceUri", i, j)
			*found = append(*found, unlinked(r, actionMetrics, of.String(), at, "whose metrics the setting goes by"))
		}
	}
}

// unlinked refuses what the caller may not do to a resource that the setting names.
func unlinked(r *arm.PutRequest, action, scope, at, why string) *arm.Error {
	return &arm.Error{Status: http.StatusForbidden, Code: "LinkedAuthorizationFailed", Target: at,
		Message: "The client '" + r.Principal.Client + "' with object id '" + r.Principal.ID + "' has permission to perform action '" + TypeName + "/write' on scope '" + r.ID.String() +
			"'; however, it does not have permission to perform action '" + action + "' on the linked scope '" + scope + "', " + why + ". Ask for a role there."}
}

func (s *Service) checkAlone(tx *store.Tx, id arm.ID, target string, found *arm.Found) error {
	all, err := arm.List(tx, store.Query{Type: TypeName})
	if err != nil {
		return err
	}
	for _, r := range all {
		other, err := decode(r)
		if err != nil {
			return err
		}
		if to, _ := other.Properties.Get("targetResourceUri"); r.Key != id.Key() && arm.SameID(to.Text(), target) {
			*found = append(*found, arm.Conflict("AutoscaleTargetConflict", "properties.targetResourceUri", "The environment '%s' is scaled by '%s' already. Change that setting, or delete it first.", target, r.ID))
		}
	}
	return nil
}

func (s *Service) delete(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	return s.drop(tx, r.ID.Key())
}

// drop forgets what is kept of a setting beside its resource.
func (s *Service) drop(tx *store.Tx, key string) error {
	tx.AfterCommit(func() { s.looked.Delete(key) })
	for _, err := range []error{tx.DeleteTask(taskKey(key)), tx.DeleteSetting(statusSetting(key))} {
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// move takes along what came of the setting, and when it scaled last.
func (s *Service) move(ctx context.Context, tx *store.Tx, r *arm.MoveRequest) error {
	last, err := s.lastStatus(tx, r.Old.Key)
	if err != nil {
		return err
	}
	if err := s.drop(tx, r.Old.Key); err != nil {
		return err
	}
	key := r.Target.Key()
	return errors.Join(arm.Rehome(ctx, tx, r), last.write(tx, key), tx.PutTask(store.Task{Key: taskKey(key), Kind: Kind, Due: r.Now, Payload: []byte(key)}))
}

func view(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	f, err := decode(r)
	if err != nil {
		return expr.Null(), err
	}
	id, err := arm.ParseID(r.ID)
	if err != nil {
		return expr.Null(), err
	}
	properties := f.Properties.With("name", expr.String(id.Name()))
	if enabled, _ := properties.Get("enabled"); enabled.IsNull() {
		properties = properties.With("enabled", expr.Bool(true))
	}
	return expr.Object(expr.Member{Name: "properties", Value: properties}), nil
}
