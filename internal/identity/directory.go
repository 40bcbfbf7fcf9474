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
	Version      int             `json:"v"`
	Tenant       string          `json:"tenant"`
	Subscription string          `json:"subscription"`
	Clients      []client        `json:"clients"`
	Assignments  []OldAssignment `json:"assignments,omitempty"`
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

// OldAssignment is a role that was given while assignments were part of the directory,
// before they were resources of their own (internal/access).
type OldAssignment struct {
	Principal string `json:"principal"` // object id
	Role      string `json:"role"`      // Owner, Contributor or Reader
	Scope     string `json:"scope"`     // a resource ID, or "/"
}

// OldAssignments are those that nobody has taken over yet.
func (s *Service) OldAssignments() []OldAssignment {
	return slices.Clone(s.directory.Load().Assignments)
}

// GiveUpAssignments hands the old assignments to who keeps them from now on, and forgets
// them in the same transaction.
func (s *Service) GiveUpAssignments(ctx context.Context, take func(*store.Tx, []OldAssignment) error) error {
	old := s.OldAssignments()
	if len(old) == 0 {
		return nil
	}
	return s.changeWith(ctx, func(d *directory) error { d.Assignments = nil; return nil }, func(tx *store.Tx) error { return take(tx, old) })
}

// Bootstrap makes the first client and returns its credentials; nil if there is a client
// already. own makes it an owner, in the same transaction.
func (s *Service) Bootstrap(ctx context.Context, name string, own func(tx *store.Tx, object string) error) (made *Credentials, err error) {
	c, creds, err := newClient(name)
	if err != nil {
		return nil, err
	}
	err = s.changeWith(ctx, func(d *directory) error {
		made = nil
		if len(d.Clients) > 0 {
			return nil
		}
		made = &creds
		d.Clients = []client{c}
		return nil
	}, func(tx *store.Tx) error {
		if made == nil {
			return nil
		}
		return own(tx, c.Object)
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
	return s.changeWith(ctx, edit, func(*store.Tx) error { return nil })
}

// changeWith is change with what else is part of its transaction.
func (s *Service) changeWith(ctx context.Context, edit func(*directory) error, also func(*store.Tx) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	next := *s.directory.Load()
	if err := edit(&next); err != nil {
		return err
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := s.db.Write(ctx, func(tx *store.Tx) error { return errors.Join(tx.PutSetting(directorySetting, text), also(tx)) }); err != nil {
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

// Kind says what of the tenant has an object id: "ServicePrincipal"; false for nothing.
func (s *Service) Kind(object string) (string, bool) {
	for _, c := range s.directory.Load().Clients {
		if strings.EqualFold(c.Object, object) {
			return "ServicePrincipal", true
		}
	}
	return "", false
}
