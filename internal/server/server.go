// Package server builds a whole server and wires it: the only place that knows every
// part. A [Server] is started, serves until it is closed, and can be started again on
// the same folder, where it finds all as it was.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"isle/internal/access"
	"isle/internal/account"
	"isle/internal/arm"
	"isle/internal/autoscale"
	"isle/internal/backup"
	"isle/internal/capture"
	"isle/internal/connector"
	"isle/internal/connector/builtin"
	"isle/internal/connector/connection"
	connectorhttp "isle/internal/connector/http"
	"isle/internal/connector/script"
	connectorworkflow "isle/internal/connector/workflow"
	"isle/internal/dataplane"
	"isle/internal/deploy"
	"isle/internal/fetch"
	"isle/internal/flowlog"
	"isle/internal/forecast"
	"isle/internal/gateway"
	"isle/internal/identity"
	"isle/internal/logic"
	"isle/internal/metrics"
	"isle/internal/network"
	"isle/internal/portal"
	"isle/internal/runner"
	"isle/internal/search"
	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/tracing"
	"isle/internal/traffic"
	"isle/internal/web"
	"isle/netpol"
	flowlogs "isle/netpol/flowlog"
)

// Server is a server. Its parts are set once, while it is built.
type Server struct {
	config Config
	base   string // of absolute URLs, "https://host:port"
	log    *slog.Logger

	store      *store.Store
	issuer     *identity.Service
	access     *access.Service
	authority  *identity.Authority
	tls        *tls.Config
	policies   *network.Policies
	places     *networks
	network    *dataplane.Inproc
	plane      *dataplane.Kernel // around network; nil without
	wall       *wall             // nil where this process alone enforces the policy
	refused    error             // why that is so although the kernel was to, if it could
	insides    insides
	looked     lookedUp          // by firewalls
	flows      *flowLog          // nil for none
	flowLogs   *flowlog.Recorder // of networks
	traffic    *traffic.Recorder
	forecast   *forecast.Service
	metrics    *metrics.Metrics
	minutes    metrics.Minutes
	traces     *tracing.Tracer // nil for none
	operations connector.Operations
	workflows  *logic.Workflows
	logic      *logic.Service
	accounts   *account.Service
	autoscale  *autoscale.Service
	web        *web.Service
	captures   *network.Captures
	sessions   *capture.Service // packets that are captured
	runner     *runner.Runner
	endOps     func()
	code       *script.Operation // runs inline code
	gateway    *gateway.Gateway
	manager    *arm.Manager
	portal     *portal.Portal
	tasks      *task.Scheduler
	operator   Operator
	handler    http.Handler
	listeners  []net.Listener
	http       []*http.Server
	unused     unused
	background context.CancelFunc
	keeping    sync.WaitGroup // maintain
	failed     chan error
	restoring  atomic.Bool // an archive is being put back
	recovered  atomic.Bool // what an earlier process left is taken up
	stopping   atomic.Bool // nothing new is begun
	closing    sync.Once
}

// ErrRunning says that a process owns the data folder.
var ErrRunning = errors.New("a server runs on this data folder")

// runningError is ErrRunning, and says by whom the folder is used.
type runningError struct{ *store.LockedError }

func (e runningError) Unwrap() error      { return e.LockedError }
func (runningError) Is(target error) bool { return target == ErrRunning }

// Start opens the folder, listens, and takes up what an earlier process left: when it
// returns, the server is ready. Meanwhile it tells how it does, and is managed, but
// begins no runs for callers.
func Start(ctx context.Context, c Config) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	counts := metrics.New(c.Version)
	s := &Server{config: c, log: slog.New(namedLog{c.Log.Handler(), counts}), metrics: counts, failed: make(chan error, 4)}
	if err := s.start(ctx); err != nil {
		_ = s.Close(ctx)
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	if _, err := os.Stat(s.config.Data); errors.Is(err, os.ErrNotExist) {
		// Where the address is taken, no folder is made. One that is there has its own
		// reason to be refused first: a server that owns it.
		if err := s.listen(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return err
	}
	if err := s.openStore(ctx, false); err != nil {
		return err
	}
	var err error
	if s.flows, err = s.config.openFlowLog(); err != nil {
		return err
	}
	if len(s.listeners) == 0 {
		if err := s.listen(); err != nil {
			return err
		}
	}
	listener := s.listeners[0]
	s.base = s.publicURL(listener.Addr())
	if err := s.identify(ctx, listener.Addr()); err != nil {
		return err
	}
	if err := s.build(); err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.background = stop
	go s.flowLogs.Run() // ended by its Close, when nothing calls any more
	s.keeping.Go(func() { s.watchHealth(background) })
	s.keeping.Go(func() { s.watchUsage(background) })
	for _, watch := range s.config.watches(s) {
		s.keeping.Go(func() { watch(background) })
	}
	s.keeping.Go(func() { s.watchEntrances(background) })
	s.keeping.Go(func() { s.watchHosts(background) })
	if s.wall != nil {
		s.keeping.Go(func() { s.wall.run(background) })
	}
	s.keeping.Go(func() { search.New(s.store, s.log).Run(background) })
	s.keeping.Go(func() { s.traffic.Run(background) })
	if err := s.tasks.Start(background); err != nil {
		return err
	}
	s.serve(listener)
	if err := s.runner.Recover(ctx); err != nil {
		return err
	}
	s.keeping.Go(func() { s.maintain(background) })
	s.recovered.Store(true)
	s.tellIsolation(ctx)
	return nil
}

// OpenReadOnly opens the folder of a stopped server: its handler answers reads in this
// process, nothing listens and nothing runs. The error is ErrRunning while a server
// owns the folder.
func OpenReadOnly(ctx context.Context, data string) (*Server, error) {
	operator, err := ReadOperator(data)
	if err != nil {
		return nil, err
	}
	c := Config{Data: data, Log: slog.New(slog.DiscardHandler)}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Server{config: c, log: c.Log, metrics: metrics.New(c.Version), failed: make(chan error, 1), base: operator.Endpoint, operator: operator}
	if err := s.openStore(ctx, true); err != nil {
		return nil, err
	}
	if s.issuer, err = identity.Open(ctx, s.identityConfig()); err == nil {
		s.openAccess(true)
		err = s.build()
	}
	if err != nil {
		_ = s.Close(ctx)
		return nil, err
	}
	s.recovered.Store(true) // nothing is taken up: contents are read as they are
	return s, nil
}

func (s *Server) openStore(ctx context.Context, readOnly bool) error {
	var err error
	s.store, err = store.Open(ctx, s.config.Data, store.Options{KeyFile: s.config.KeyFile, Clock: s.config.Clock, ReadOnly: readOnly, Prepare: backup.Swap, Observe: s.observeCommit})
	var locked *store.LockedError
	if errors.As(err, &locked) {
		return runningError{locked}
	}
	return err
}

// listen binds the port. Port 0 means the one that the folder's server had before, or
// a free one on its first start: callback URLs survive a restart.
func (s *Server) listen() error {
	address := s.config.Listen
	host, port, _ := net.SplitHostPort(address)
	if kept := s.keptPort(); port == "0" && kept != "" {
		address = net.JoinHostPort(host, kept)
	}
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("the address %s is taken by another program: stop that one, or choose another with --listen (port 0 picks a free one)", address)
	}
	if err == nil {
		s.listeners = append(s.listeners, l)
	}
	return err
}

func (s *Server) keptPort() string {
	o, err := ReadOperator(s.config.Data)
	if err != nil {
		return ""
	}
	_, port, _ := net.SplitHostPort(o.Address)
	return port
}

// localAddress is where programs on this machine reach what listens on bound.
func localAddress(bound net.Addr) string {
	address := bound.(*net.TCPAddr)
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(address.Port))
}

// publicURL is the base of absolute URLs: localhost when only this machine is
// listened to, or to every address.
func (s *Server) publicURL(bound net.Addr) string {
	if s.config.PublicURL != "" {
		u, _ := url.Parse(s.config.PublicURL)
		return "https://" + u.Host
	}
	address := bound.(*net.TCPAddr)
	host := "localhost"
	if !address.IP.IsLoopback() && !address.IP.IsUnspecified() {
		host = address.IP.String()
	}
	return "https://" + net.JoinHostPort(host, strconv.Itoa(address.Port))
}

func (s *Server) identityConfig() identity.Config {
	return identity.Config{Store: s.store, AllowHost: s.allowHost, Allow: s.mayManagePeople, Managed: s.managedIdentity, Caller: s.caller, Record: s.recordPeople, Clock: s.config.Clock}
}

// identify opens the token issuer and the certificate authority, and on the first
// start makes the operator, client and person.
func (s *Server) identify(ctx context.Context, bound net.Addr) error {
	var err error
	if s.issuer, err = identity.Open(ctx, s.identityConfig()); err != nil {
		return err
	}
	s.openAccess(false)
	if err := s.issuer.GiveUpAssignments(ctx, s.takeAssignments); err != nil {
		return err
	}
	if err := s.openTLS(ctx, bound); err != nil {
		return err
	}
	o, err := readOperatorFile(s.config.Data)
	if errors.Is(err, os.ErrNotExist) {
		o, err = s.firstOperator(ctx)
	}
	if err != nil {
		return err
	}
	caFile, err := filepath.Abs(s.caFile())
	if err != nil {
		return err
	}
	s.currentPassword(&o)
	o.Endpoint, o.Authority, o.CAFile, o.Address = s.base, s.base, caFile, localAddress(bound)
	o.TenantID, o.SubscriptionID = s.issuer.Tenant(), s.issuer.Subscription()
	s.operator = o.Operator
	s.operator.Address = o.Address
	return writeOperator(s.config.Data, o)
}

// build makes every part from the ones below it, and tells them of each other.
func (s *Server) build() error {
	s.workflows = logic.NewWorkflows(s.store, s.config.limits.Workflow)
	s.policies = network.NewPolicies(s.store, netpol.TagFile{}, s.log)
	s.config.tags.use(s.policies.SetTags)
	s.config.threats.use(s.policies.SetThreats)
	s.config.nameTags.use(s.policies.SetNameTags)
	s.places = newNetworks(s.policies, s.log)
	s.traffic = traffic.New(s.store, s.config.FlowDays, s.config.Clock, s.log)
	s.flowLogs = flowlog.New(filepath.Join(s.config.Data, flowlogs.DataFolder), s.policies, s.config.Clock, s.log)
	if err := s.openDataPlane(); err != nil {
		return err
	}
	s.buildCaptures()
	if err := s.trace(); err != nil {
		return err
	}
	if err := s.buildWeb(); err != nil {
		return err
	}
	s.code = s.config.inlineCode()
	s.operations, s.endOps = builtin.Operations(builtin.Options{
		Script: s.code,
		HTTP: connectorhttp.Options{Roots: s.roots(), ManagedIdentity: identities{s}, Authority: s.config.Authority,
			Timeout: s.config.CallTimeout, MaxBody: s.config.limits.MessageSize, MaxChunked: s.config.limits.ChunkedSize, MaxURI: s.config.limits.Workflow.URILength, MaxParts: s.config.limits.Parts, Clock: s.config.Clock},
		Connection: connection.Options{Directory: connection.Directories{s.config.connections, s.web}},
		Workflow:   connectorworkflow.Options{Children: children{s}, Depth: s.config.limits.NestedCalls, Clock: s.config.Clock},
	})
	s.runner = runner.New(runner.Config{Store: s.store, Programs: s.workflows, Operations: s.operations, Network: s.network, Batches: homes{s}, Access: s.accessURL, MaxActions: s.maxActions(), MaxBuffered: s.config.limits.Buffered(),
		Observers: s.observers(), Tracer: s.spans(), Purged: s.metrics.Purged, Retention: s.config.limits.Workflow.RunDuration, Clock: s.config.Clock, Log: s.log})
	links := fetch.New(fetch.Options{Network: s.network, Private: s.config.PrivateLinks, RootCAs: s.rootCAs()})
	var err error
	s.accounts, err = account.New(account.Config{Store: s.store, Environments: homes{s}, Access: func(string) string { return s.base }, Links: links, Clock: s.config.Clock, Log: s.log})
	if err != nil {
		return err
	}
	s.logic, err = logic.New(logic.Config{Store: s.store, Workflows: s.workflows, Subnets: subnets{}, Runner: s.runner, Accounts: accounts{s.accounts}, Tenant: s.issuer.Tenant(), Authorizer: s.access, Identities: identities{s},
		Throughput: s.runner.Throughput, Minutes: &s.minutes, Throttled: s.config.Limits == LimitsDocumented,
		Policies: policies{s.policies, s.wall != nil}, Probes: s.probes(), Isolation: s.isolation, Prepare: s.prepareEnvironment,
		Access: s.accessURL, Contents: s.base, ReleaseDelay: s.config.SubnetRelease, Refused: s.config.refusedActions(), Clock: s.config.Clock, Log: s.log})
	if err != nil {
		return err
	}
	s.places.environments = s.logic
	s.autoscale, err = autoscale.New(autoscale.Config{Store: s.store, Environments: scaled{s}, Since: s.config.Clock(), Authorizer: s.access, Clock: s.config.Clock, Log: s.log})
	if err != nil {
		return err
	}
	// The operator named the issuers, so they may be where only the server can reach.
	s.issuer.Trust(s.config.trusted(), fetch.New(fetch.Options{Network: s.network, Private: true, RootCAs: s.rootCAs()}).Fetch)
	deployments := deploy.New(deploy.Config{Store: s.store, TenantID: s.issuer.Tenant(), Endpoint: s.base, Authority: s.base,
		Fetcher: links, Clock: s.config.Clock, Log: s.log})
	s.forecast = forecast.New(forecast.Config{Policies: s.policies, Environments: s.logic, Templates: deployments, Traffic: s.traffic, Network: s.network, Places: s.places.under, Authorizer: s.access})
	s.manager, err = arm.New(arm.Config{
		Store:      s.store,
		Types:      s.types(deployments),
		Routes:     slices.Concat(network.Routes(s.policies, s.captures), s.forecast.Routes(), s.logic.Routes(), s.web.Routes(), deployments.Routes(), s.access.Routes(func() []arm.Surface { return s.manager.Surface() })),
		Authorizer: s.access, Authenticator: s.issuer, Caller: s.caller, Tenant: s.issuer.Tenant(),
		Subscriptions: []arm.Subscription{{ID: s.issuer.Subscription(), Name: "Isle"}},
		PublicURL:     s.base, AllowHost: s.allowHost, Authority: s.base, Clock: s.config.Clock, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.policies.Bind(s.manager)
	s.logic.Bind(s.manager)
	s.autoscale.Bind(s.manager)
	deployments.Bind(s.manager)
	s.forecast.Bind(s.manager)
	s.web.Bind(s.manager)
	s.captures.Bind(s.manager)
	s.gateway = gateway.New(gateway.Config{Tokens: s.issuer, Workflows: s.workflows, Named: s.workflows, Accounts: s.accounts, Captures: s.captures, Runner: s.runner, Store: s.store, InlineCode: s.code, Access: s.accessURL, Clock: s.config.Clock, Log: s.log, Caller: s.caller, Network: s.network,
		MaxBody: s.config.limits.MessageSize, MaxBuffered: s.config.limits.Buffered(), ResponseTimeout: s.config.ResponseLimit, EnvironmentResponseTimeout: s.config.EnvironmentResponseLimit})
	if s.portal, err = portal.New(); err != nil {
		return err
	}
	s.tasks = task.New(s.store, s.handlers(deployments), task.Options{Clock: s.config.Clock, Log: s.log})
	s.metrics.Watch(s.store, s.runner, s.labels())
	s.metrics.FlowLogs(s.flowLogs.Lost)
	s.metrics.Isolated(s.network.Isolation("").Mode, func() bool { return s.network.Isolation("").Isolated })
	s.handler = s.routes()
	return nil
}

// types are the resource types of the server, but for those of the resource manager itself.
func (s *Server) types(deployments *deploy.Provider) []arm.Type {
	return slices.Concat(network.Types(s.store, s.policies, watcherPlane{s}, s.captures), s.logic.Types(), s.accounts.Types(), s.autoscale.Types(), s.web.Types(), deployments.Types(), s.access.Types(), s.issuer.Types())
}

// ResourceTypes are the types that a server knows, as "Microsoft.Logic/workflows":
// the list for who checks a template without a server.
func ResourceTypes() []string {
	return slices.Concat(network.TypeNames(), logic.TypeNames(), account.TypeNames(), autoscale.TypeNames(), web.TypeNames(), []string{deploy.TypeName}, access.TypeNames(), identity.TypeNames(), arm.TypeNames())
}

// handlers are who carries out which kind of task.
func (s *Server) handlers(deployments *deploy.Provider) map[string]task.Handler {
	all := map[string]task.Handler{deploy.TaskKind: deployments.CarryOn}
	for _, some := range []map[string]task.Handler{s.runner.Handlers(), s.manager.Handlers(), s.logic.Handlers(), s.autoscale.Handlers(), s.web.Handlers(), s.captures.Handlers()} {
		for kind, h := range some {
			all[kind] = h
		}
	}
	return all
}

// serve answers on the listener, and on the access endpoint inside the networks: what
// a workflow dials there reaches the gateway and nothing else.
func (s *Server) serve(l net.Listener) {
	bound, err := netip.ParseAddrPort(l.Addr().String())
	if err == nil {
		s.network.Reserve("the resource manager", bound)
		inside := s.network.Publish("the access endpoint", bound)
		s.listeners = append(s.listeners, inside)
		s.run(s.httpServer(s.observed(s.hosts(s.gateway))), inside, overTLS)
	}
	parted := newSplit(s.behindProxies(l))
	s.run(s.httpServer(s.handler), parted.secure, overTLS)
	s.run(s.httpServer(s.plainRoutes()), parted.plain, (*http.Server).Serve)
	go func() { s.ended(parted.accept()) }()
}

// overTLS serves a listener with the certificate of the server's configuration.
func overTLS(h *http.Server, l net.Listener) error { return h.ServeTLS(l, "", "") }

func (s *Server) run(h *http.Server, l net.Listener, serve func(*http.Server, net.Listener) error) {
	s.http = append(s.http, h)
	l = s.network.Metered(l)
	go func() { s.ended(serve(h, l)) }()
}

// ended tells of a listener that ended otherwise than by Close.
func (s *Server) ended(err error) {
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.failed <- fmt.Errorf("the server stopped listening: %w", err)
	}
}

// errorLog takes what net/http has to say, such as failed handshakes.
func (s *Server) errorLog() *log.Logger {
	return slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
}

// Operator is the server's first client.
func (s *Server) Operator() Operator { return s.operator }

// Handler is the whole server as a handler.
func (s *Server) Handler() http.Handler { return s.handler }

// Failed receives what ends the server from within.
func (s *Server) Failed() <-chan error { return s.failed }

// Close ends it in order: it is not ready any more and takes no new requests, requests
// under way get the context's time unless they wait for a run that only waits, and so do
// calls of runs; runs stop at their next commit and go on with the next start.
func (s *Server) Close(ctx context.Context) error {
	var failed error
	s.closing.Do(func() { failed = s.close(ctx) })
	return failed
}

func (s *Server) close(ctx context.Context) error {
	var found []error
	s.stopping.Store(true)
	s.unused.close()
	if s.runner != nil {
		s.runner.LetGo()
	}
	for _, h := range s.http {
		if err := h.Shutdown(ctx); err != nil {
			found = append(found, h.Close())
		}
	}
	s.insides.shutdown(ctx)
	for _, l := range s.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			found = append(found, err)
		}
	}
	if s.background != nil {
		s.tasks.Stop()
		s.background()
		s.keeping.Wait()
	}
	if s.runner != nil {
		s.runner.Stop()
		s.endOps()
		s.code.Close()
	}
	if s.sessions != nil {
		s.sessions.Close() // what came of them is stored
	}
	if s.traffic != nil && s.background != nil {
		found = append(found, s.traffic.Write(ctx)) // of the last calls
	}
	if s.plane != nil {
		found = append(found, s.plane.Close())
	}
	if s.traces != nil {
		s.endTraces(ctx)
	}
	if s.background != nil {
		s.flowLogs.Close()
	}
	if s.store != nil {
		found = append(found, s.store.Close())
	}
	return errors.Join(append(found, s.flows.close())...)
}
