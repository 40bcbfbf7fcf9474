package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

const directorySetting = "identity/directory"

// directoryVersion is the version of the stored form.
const directoryVersion = 1

// directory is all that the tenant holds. It never changes: a change makes a new one.
type directory struct {
	Version      int          `json:"v"`
	Tenant       string       `json:"tenant"`
	Subscription string       `json:"subscription"`
	Clients      []client     `json:"clients"`
	Assignments  []Assignment `json:"assignments"`
}

// client is an application with its service principal.
type client struct {
	ID     string `json:"id"`     // application id
	Object string `json:"object"` // of the service principal
	Name   string `json:"name"`
	Hash   hash   `json:"hash"` // of its secret
}

func (d *directory) client(id string) (client, bool) {
	i := slices.IndexFunc(d.Clients, func(c client) bool { return strings.EqualFold(c.ID, id) })
	if i < 0 {
		return client{}, false
	}
	return d.Clients[i], true
}

// Credentials are what a client logs in with. The secret cannot be read again.
type Credentials struct {
	ClientID string
	ObjectID string
	Secret   string
}

// Role is a built-in role.
type Role string

// The roles, as in Azure.
const (
	Owner       Role = "Owner"       // everything
	Contributor Role = "Contributor" // everything but giving access
	Reader      Role = "Reader"      // reading
)

// Assignment gives a role to a principal at a scope and everything below it.
type Assignment struct {
	Principal string `json:"principal"` // object id
	Role      Role   `json:"role"`
	Scope     string `json:"scope"` // a resource ID, or "/"
}

// allows judges one action: "Microsoft.Logic/workflows/write".
func (r Role) allows(action string) bool {
	action = strings.ToLower(action)
	switch r {
	case Owner:
		return true
	case Contributor:
		return !strings.HasPrefix(action, "microsoft.authorization/") || strings.HasSuffix(action, "/read")
	case Reader:
		return strings.HasSuffix(action, "/read")
	}
	return false
}

// covers tells whether the scope is at or below the assignment's.
func (a Assignment) covers(scope string) bool {
	above, below := strings.ToLower(strings.Trim(a.Scope, "/")), strings.ToLower(strings.Trim(scope, "/"))
	return above == "" || below == above || strings.HasPrefix(below, above+"/")
}

// Allowed implements arm.Authorizer.
func (s *Service) Allowed(p arm.Principal, action, scope string) bool {
	for _, a := range s.directory.Load().Assignments {
		if a.Principal == p.ID && a.Role.allows(action) && a.covers(scope) {
			return true
		}
	}
	return false
}

// Assignments lists the role assignments.
func (s *Service) Assignments() []Assignment { return slices.Clone(s.directory.Load().Assignments) }

// Assign gives a role; twice is once.
func (s *Service) Assign(ctx context.Context, a Assignment) error {
	if !slices.Contains([]Role{Owner, Contributor, Reader}, a.Role) {
		return fmt.Errorf("identity: no role %q: there are Owner, Contributor and Reader", a.Role)
	}
	return s.change(ctx, func(d *directory) error {
		if !slices.Contains(d.Assignments, a) {
			d.Assignments = append(slices.Clone(d.Assignments), a)
		}
		return nil
	})
}

// Unassign takes a role away; it is no error if it was not given.
func (s *Service) Unassign(ctx context.Context, a Assignment) error {
	return s.change(ctx, func(d *directory) error {
		d.Assignments = slices.DeleteFunc(slices.Clone(d.Assignments), func(b Assignment) bool { return a == b })
		return nil
	})
}

// Bootstrap makes the first client, an owner of the subscription, and returns its
// credentials; nil if there is a client already.
func (s *Service) Bootstrap(ctx context.Context, name string) (made *Credentials, err error) {
	c, creds, err := newClient(name)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, func(d *directory) error {
		made = nil
		if len(d.Clients) > 0 {
			return nil
		}
		made = &creds
		d.Clients = []client{c}
		d.Assignments = append(slices.Clone(d.Assignments), Assignment{Principal: c.Object, Role: Owner, Scope: "/subscriptions/" + d.Subscription})
		return nil
	})
	return made, err
}

// CreateClient makes a client without any role.
func (s *Service) CreateClient(ctx context.Context, name string) (Credentials, error) {
	c, creds, err := newClient(name)
	if err != nil {
		return Credentials{}, err
	}
	return creds, s.change(ctx, func(d *directory) error {
		d.Clients = append(slices.Clone(d.Clients), c)
		return nil
	})
}

// NewSecret replaces the secret of a client, or of the first one if id is "": the old
// one is refused from then on. store.ErrNotFound if there is no such client.
func (s *Service) NewSecret(ctx context.Context, id string) (creds Credentials, err error) {
	secret, hashed, err := newSecret()
	if err != nil {
		return Credentials{}, err
	}
	err = s.change(ctx, func(d *directory) error {
		d.Clients = slices.Clone(d.Clients)
		for i := range d.Clients {
			if id == "" || strings.EqualFold(d.Clients[i].ID, id) {
				d.Clients[i].Hash = hashed
				creds = Credentials{d.Clients[i].ID, d.Clients[i].Object, secret}
				return nil
			}
		}
		return store.ErrNotFound
	})
	return creds, err
}

func newClient(name string) (client, Credentials, error) {
	secret, hashed, err := newSecret()
	if err != nil {
		return client{}, Credentials{}, err
	}
	c := client{ID: arm.NewGUID(), Object: arm.NewGUID(), Name: name, Hash: hashed}
	return c, Credentials{c.ID, c.Object, secret}, nil
}

func newSecret() (string, hash, error) {
	var b [32]byte
	rand.Read(b[:])
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	hashed, err := hashSecret(secret)
	return secret, hashed, err
}

// change stores a changed copy of the directory, then shows it.
func (s *Service) change(ctx context.Context, edit func(*directory) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	next := *s.directory.Load()
	if err := edit(&next); err != nil {
		return err
	}
	if err := writeSetting(ctx, s.db, directorySetting, next); err != nil {
		return err
	}
	s.directory.Store(&next)
	return nil
}

// openDirectory reads the directory, or makes tenant and subscription on first start.
func (s *Service) openDirectory(ctx context.Context) error {
	var d directory
	err := readSetting(ctx, s.db, directorySetting, &d)
	if errors.Is(err, store.ErrNotFound) {
		s.directory.Store(&directory{Version: directoryVersion, Tenant: arm.NewGUID(), Subscription: arm.NewGUID()})
		return s.change(ctx, func(*directory) error { return nil })
	}
	if err == nil && d.Version != directoryVersion {
		err = fmt.Errorf("identity: the directory has version %d, which this build does not read", d.Version)
	}
	s.directory.Store(&d)
	return err
}

// readSetting reads a setting that holds JSON.
func readSetting(ctx context.Context, db *store.DB, name string, into any) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(name)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, into)
	})
}

// writeSetting stores JSON as a setting.
func writeSetting(ctx context.Context, db *store.DB, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(name, text) })
}

// Principal is the principal of a client, by the client's application id.
func (s *Service) Principal(clientID string) (arm.Principal, bool) {
	d := s.directory.Load()
	c, ok := d.client(clientID)
	return arm.Principal{ID: c.Object, Client: c.ID, Tenant: d.Tenant, Name: c.Name}, ok
}
