package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"isle/internal/arm"
	"isle/internal/store"
)

const directorySetting = "identity/directory"

// directoryVersion is the version of the stored form. In version 1 a client had one
// secret, which never ended, and there were no people; in version 2 there were no groups.
const directoryVersion = 3

// directory is all that the tenant holds. It never changes: a change makes a new one.
type directory struct {
	Version      int             `json:"v"`
	Tenant       string          `json:"tenant"`
	Subscription string          `json:"subscription"`
	Clients      []client        `json:"clients"`
	Users        []user          `json:"users,omitempty"`
	Groups       []group         `json:"groups,omitempty"`
	Assignments  []OldAssignment `json:"assignments,omitempty"`

	parents map[string][]string // groups of each member, both in lower case; by index
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
	c, creds, err := s.newClient(name)
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

// change stores a changed copy of the directory, then shows it.
func (s *Service) change(ctx context.Context, edit func(*directory) error) error {
	return s.changeWith(ctx, edit, func(*store.Tx) error { return nil })
}

// changeWith is change with what else is part of its transaction.
func (s *Service) changeWith(ctx context.Context, edit func(*directory) error, also func(*store.Tx) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	old := s.directory.Load()
	next := *old
	if err := edit(&next); err != nil {
		return err
	}
	next.index()
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.PutSetting(directorySetting, text), also(tx), s.note(ctx, tx, old, &next))
	})
	if err != nil {
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
	if err == nil && d.Version > directoryVersion {
		err = fmt.Errorf("identity: the directory has version %d, which this build does not read", d.Version)
	}
	d.upgrade()
	d.index()
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
	return c.principal(d.Tenant), ok
}

// Kind says what of the tenant has an object id: "ServicePrincipal", "User" or "Group";
// false for nothing.
func (s *Service) Kind(object string) (string, bool) {
	d := s.directory.Load()
	if _, ok := d.clientOf(object); ok {
		return "ServicePrincipal", true
	}
	if _, ok := d.user(object); ok {
		return "User", true
	}
	if _, ok := d.group(object); ok {
		return "Group", true
	}
	return "", false
}
