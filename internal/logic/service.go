package logic

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/task"
	"isle/wdl"
)

// The types of the package.
const (
	environmentType = "Microsoft.Logic/integrationServiceEnvironments"
	connectorType   = environmentType + "/managedApis"
	workflowType    = "Microsoft.Logic/workflows"
	accountType     = "Microsoft.Logic/integrationAccounts"
	networkType     = "Microsoft.Network/virtualNetworks"
	subnetType      = networkType + "/subnets"
)

// Subnet is what an environment must know about a subnet.
type Subnet struct {
	ID, Name, Network, Location string
	Ranges                      []netip.Prefix
	Space                       []netip.Prefix // address space of the network
	Delegations                 []string       // names of services
	Users                       []string       // IDs of what is in it
}

// Link marks a subnet as used by an environment.
type Link struct {
	Name        string
	Owner       string   // resource ID of the environment
	Type        string   // what is linked, "Microsoft.Cache/redis"
	Association bool     // a service association link; else a navigation link
	Location    string   // of the owner
	Addresses   []string // of the subnet that the owner uses
}

// Subnets is the network as environments see it. All calls are part of the control
// database's transaction.
type Subnets interface {
	// Subnet reads a subnet; store.ErrNotFound if there is none.
	Subnet(tx *store.Tx, id string) (*Subnet, error)
	// Link marks a subnet as used; a link of the same owner is replaced.
	Link(tx *store.Tx, subnet string, l Link, now time.Time) error
	// Unlink ends every use of a subnet by an owner; a subnet that is gone is no error.
	Unlink(tx *store.Tx, subnet, owner string, now time.Time) error
}

// Runner is what runs workflows; *runner.Runner is one.
type Runner interface {
	Schedules
	Subscriptions
	Starts
	// CancelBy ends a run, whose head keeps by what, "" for nothing in particular;
	// runner.ErrFinished if it has ended.
	CancelBy(ctx context.Context, environment, run, by string) error
	// Part has the peers of an environment that is being removed told to forget it, until
	// the context ends. Forget drops what is in memory of it.
	Part(ctx context.Context, environment string) error
	Forget(environment string)
}

// Starts begin runs.
type Starts interface {
	// Fire begins a run, or one for each item of splitOn.
	Fire(ctx context.Context, q runner.FireRequest) (runner.Firing, error)
	// Keep chooses what a run keeps of another one that it goes on from.
	Keep(ctx context.Context, d *runner.Deployed, run string, actions []string) (*runner.Kept, error)
}

// Schedules are the tasks of triggers with a recurrence. Arm, Pause and DisarmAll are
// part of a transaction of the environment's database.
type Schedules interface {
	// Arm puts the task of a trigger, Pause takes those of a workflow that is disabled,
	// DisarmAll removes those of one that is deleted.
	Arm(tx *store.Tx, q runner.ArmRequest) error
	Pause(tx *store.Tx, flowID string) error
	DisarmAll(tx *store.Tx, flowID string) error
	// SetState is Arm for a trigger that goes on from the state of another one.
	SetState(tx *store.Tx, q runner.ArmRequest, from runner.TriggerState) error
	// Poll has a polling trigger ask now, beside its schedule.
	Poll(ctx context.Context, d *runner.Deployed, t *wdl.Trigger) error
}

// Subscriptions are what the peers of webhook triggers know of workflows. Both calls are
// part of a transaction of the environment's database.
type Subscriptions interface {
	// Subscribe notes what the peers of a workflow should know now.
	Subscribe(tx *store.Tx, q runner.SubscribeRequest) error
	// Unsubscribe notes that they should know nothing of a workflow any more; left says
	// that some have not been told yet.
	Unsubscribe(tx *store.Tx, flowID string) (left bool, err error)
}

// Account is what a workflow must know about an integration account.
type Account struct {
	ID       string // 32 hex digits
	Resource string // resource ID
	ISE      string // resource ID of its environment, "" for none
}

// Accounts are the integration accounts as workflows see them. All calls are part of the
// control database's transaction.
type Accounts interface {
	// Account finds one by its resource ID; store.ErrNotFound if there is none.
	Account(tx *store.Tx, id string) (*Account, error)
	// Use notes that a workflow uses an account, which is then not deleted; Release that
	// it no longer does. The account is known by its ID.
	Use(tx *store.Tx, account, flowID, workflow string) error
	Release(tx *store.Tx, account, flowID string) error
}

// Operations closes long-running operations, and has what names a resource follow it to
// another ID; *arm.Manager is one.
type Operations interface {
	Complete(ctx context.Context, tx *store.Tx, key, operation string, failure error) error
	Follow(ctx context.Context, tx *store.Tx, old arm.Resource, target arm.ID, now time.Time) error
}

// Config is what a Service needs. All but Prepare, Clock and Log must be set.
type Config struct {
	Store     *store.Store
	Workflows *Workflows
	Subnets   Subnets
	Runner    Runner
	// Accounts are the integration accounts; nil: there are none.
	Accounts Accounts
	Tenant   string // id of the tenant, shown with identities
	// Identities are the managed identities of the server; nil: there are none but by name.
	Identities Identities
	// Parting is how long a deleted environment waits for the peers of its webhooks to be
	// told; 0: 10 s.
	Parting time.Duration
	// ReleaseDelay is how long the subnets of a deleted environment stay taken; 0: not at
	// all.
	ReleaseDelay time.Duration
	// Access is the base URL of an environment's access endpoint,
	// "https://host:port"; the store id of the environment is "shared" for none.
	Access func(environment string) string
	// Contents is the base of the URLs of what runs have for contents; "": that of the
	// access endpoint.
	Contents string
	// Prepare readies what else a new environment needs; nil: nothing. It may be
	// called again. An *arm.Error makes the creation fail, another error is tried
	// again a few times first.
	Prepare func(ctx context.Context, environment string, ranges []netip.Prefix) error
	// Policies is the network policy; nil only where no network matters: health is
	// unknown, and nothing fails.
	Policies Policies
	// Probes try what plays a role for environments, by the role's name; what has none
	// is not probed.
	Probes map[string]Probe
	// Throughput is what an environment, by store id, did in the last minute; nil: not
	// known. Throttled says whether one that has done too much begins no run.
	Throughput func(environment string) runner.Throughput
	Throttled  bool
	// Minutes is what the metrics of resources are made of; nil: they have no points.
	Minutes Minutes
	// Authorizer says who may call another workflow from one that they save; nil:
	// everybody.
	Authorizer arm.Authorizer
	// Isolation says how much of the policy is enforced for an environment, by store id;
	// nil: nothing is said.
	Isolation func(environment string) Isolation
	// Refused are types of actions that a workflow may not be saved with on this server,
	// with the reason. What is saved already still compiles.
	Refused map[wdl.Type]string

	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: slog.Default
}

// Service is the types of Microsoft.Logic over one store. Safe for concurrent use.
type Service struct {
	config     Config
	control    *store.DB
	operations Operations // set once by Bind, before the first request
	judged     judged
	probes     probeCache
	looks      looks
	placements placements
	tracing    chan struct{} // one for each condition that is being evaluated again
}

// New checks the configuration.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Workflows == nil || c.Subnets == nil || c.Runner == nil || c.Access == nil {
		return nil, errors.New("logic: Store, Workflows, Subnets, Runner and Access must be set")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Prepare == nil {
		c.Prepare = func(context.Context, string, []netip.Prefix) error { return nil }
	}
	return &Service{config: c, control: c.Store.Control(), tracing: make(chan struct{}, maxTracing)}, nil
}

// Bind tells the service of the manager, which is built from the service's own types.
func (s *Service) Bind(o Operations) { s.operations = o }

// Types are the resource types of the package.
func (s *Service) Types() []arm.Type {
	return append([]arm.Type{s.environmentType(), s.connectorType(), s.workflowType()}, s.insightsTypes()...)
}

// TypeNames are the names of the types, for who checks templates without a server.
func TypeNames() []string { return arm.Names(new(Service).Types()) }

// Kinds of tasks, all in the control database.
const (
	KindEnvironment = "reconcile"            // prepares an environment
	KindConnector   = "reconcile-connector"  // deploys or removes a managed connector
	KindWorkflow    = "reconcile-workflow"   // arms the schedules and subscriptions of a workflow
	KindRelease     = "release-subnets"      // releases the subnets of a deleted environment
	KindRemoval     = "teardown-environment" // removes an environment's database
	KindRetirement  = "teardown-workflow"    // ends the runs of a deleted workflow
	attempts        = 3                      // of preparing an environment, before it fails
	apiVersion      = "2019-05-01"           // of links that no request gave a version
	retirementPause = time.Second            // between looks at runs that are being cancelled
)

// Handlers are the handlers of the package's tasks, by kind.
func (s *Service) Handlers() map[string]task.Handler {
	return map[string]task.Handler{
		KindEnvironment: s.reconcileEnvironment,
		KindConnector:   s.reconcileConnector,
		KindWorkflow:    s.reconcileWorkflow,
		KindRemoval:     s.removeEnvironment,
		KindRelease:     s.carryRelease,
		KindRetirement:  s.retireWorkflow,
		KindRuns:        s.carryRuns,
	}
}

func (s *Service) now() time.Time { return s.config.Clock().UTC() }

// newID is a random id of 32 hex digits.
func newID() string { return hex.EncodeToString(randomBytes(16)) }

// newKey is a random access key.
func newKey() []byte { return randomBytes(32) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
