package access

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

const (
	assignmentType = "Microsoft.Authorization/roleAssignments"
	definitionType = "Microsoft.Authorization/roleDefinitions"
	permissionType = "Microsoft.Authorization/permissions"
)

// Config of a service. Clock and Log may be nil.
type Config struct {
	Store *store.Store
	// Principal finds out what a principal is: "User", "ServicePrincipal", "Group"; false if the
	// tenant has none of that object id. Nil: whoever is named is taken.
	Principal func(tx *store.Tx, id string) (kind string, found bool, err error)
	// Groups are the object ids, in lower case, of the groups that a principal is in, also
	// through other groups. Nil: there are none.
	Groups func(principal string) []string
	// Before are assignments of a folder that is open read-only and has them in a form of
	// before they were resources; see [Service.Adopt].
	Before []Assignment

	Clock func() time.Time
	Log   *slog.Logger
}

// Assignment gives a role, by its guid, to a principal at a scope and everything below.
type Assignment struct {
	Principal string // object id
	Kind      string // "User", "ServicePrincipal"
	Role      string // guid
	Scope     string // a resource ID, or "/"
}

// Service decides, and serves roles and assignments. Safe for concurrent use.
type Service struct {
	config Config
	db     *store.DB
	roles  map[string]*role // built in, by name; never changes

	changes atomic.Uint64 // counts committed changes of assignments and roles
	known   atomic.Pointer[grants]
	reading sync.Mutex // held while grants are read anew
}

// grants are all assignments as of a change, by principal. They never change.
type grants struct {
	change uint64
	of     map[string][]grant // by object id in lower case
}

type grant struct {
	scope string // plain
	role  *role
}

// Open makes the service of a store.
func Open(c Config) *Service {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Service{config: c, db: c.Store.Control(), roles: map[string]*role{}}
	for _, r := range builtinRoles() {
		s.roles[r.Name] = r
	}
	return s
}

// Types are the resource types of the package.
func (s *Service) Types() []arm.Type {
	return []arm.Type{s.assignments(), s.definitions(), s.permissions(), s.denials()}
}

// TypeNames are the names of the types, for who checks templates without a server.
func TypeNames() []string { return arm.Names(new(Service).Types()) }

// Allowed implements arm.Authorizer.
func (s *Service) Allowed(p arm.Principal, action, scope string) bool {
	return slices.ContainsFunc(s.grantsOf(p), func(g grant) bool { return covers(g.scope, scope) && g.role.allows(action) })
}

// Within implements arm.Authorizer.
func (s *Service) Within(p arm.Principal, action, scope string) bool {
	return slices.ContainsFunc(s.grantsOf(p), func(g grant) bool {
		return (covers(g.scope, scope) || covers(scope, g.scope)) && g.role.allows(action)
	})
}

// grantsOf are those of a principal, and of the groups that it is in.
func (s *Service) grantsOf(p arm.Principal) []grant {
	if p.ID == "" {
		return nil
	}
	known := s.known.Load()
	if known == nil || known.change != s.changes.Load() {
		known = s.read()
	}
	all := known.of[strings.ToLower(p.ID)]
	if s.config.Groups != nil {
		for _, group := range s.config.Groups(p.ID) {
			all = append(all[:len(all):len(all)], known.of[group]...)
		}
	}
	return all
}

// read takes up what has changed. When that cannot be read, nobody is allowed anything.
func (s *Service) read() *grants {
	s.reading.Lock()
	defer s.reading.Unlock()
	next := &grants{change: s.changes.Load(), of: map[string][]grant{}}
	if known := s.known.Load(); known != nil && known.change == next.change {
		return known
	}
	err := s.db.Read(context.Background(), func(tx *store.Tx) error { return s.readGrants(tx, next) })
	if err != nil {
		s.config.Log.Error("role assignments cannot be read: everything is refused", "error", err)
		return &grants{}
	}
	s.known.Store(next)
	return next
}

func (s *Service) readGrants(tx *store.Tx, into *grants) error {
	custom, err := s.customRoles(tx)
	if err != nil {
		return err
	}
	add := func(principal, roleName, scope string) {
		r := s.roles[roleName]
		if r == nil {
			r = custom[roleName]
		}
		if r != nil {
			key := strings.ToLower(principal)
			into.of[key] = append(into.of[key], grant{plainScope(scope), r})
		}
	}
	for _, a := range s.config.Before {
		add(a.Principal, a.Role, a.Scope)
	}
	list, err := arm.List(tx, store.Query{Type: assignmentType})
	if err != nil {
		return err
	}
	for _, r := range list {
		form, err := decode[assignment](r)
		if err != nil {
			return err
		}
		add(form.Principal, form.Role, form.Scope)
	}
	return nil
}

// changed makes the next decision look again, once the transaction is durable.
func (s *Service) changed(tx *store.Tx) { tx.AfterCommit(func() { s.changes.Add(1) }) }
