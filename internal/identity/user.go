package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// user is a person.
type user struct {
	Object   string    `json:"object"`
	UPN      string    `json:"upn"` // ann@isle.local: unique, in any letter case
	Name     string    `json:"name"`
	Hash     hash      `json:"hash"`
	Disabled bool      `json:"disabled,omitempty"`
	Created  time.Time `json:"created"`
	// Since is when the password was set: what was signed in before has to sign in again.
	Since time.Time `json:"since"`
}

const (
	minPassword = 12
	maxPassword = 256
)

func (u user) principal(tenant string) arm.Principal {
	return arm.Principal{ID: u.Object, Client: u.UPN, Tenant: tenant, Name: u.Name}
}

// user finds a person by object id or by name.
func (d *directory) user(key string) (user, bool) {
	i := slices.IndexFunc(d.Users, func(u user) bool { return strings.EqualFold(u.Object, key) || strings.EqualFold(u.UPN, key) })
	if i < 0 {
		return user{}, false
	}
	return d.Users[i], true
}

func (d *directory) editUser(key string, edit func(*user) error) error {
	d.Users = slices.Clone(d.Users)
	for i := range d.Users {
		if strings.EqualFold(d.Users[i].Object, key) || strings.EqualFold(d.Users[i].UPN, key) {
			return edit(&d.Users[i])
		}
	}
	return store.ErrNotFound
}

// checkUPN judges the name that somebody signs in with. One without a domain gets the
// tenant's.
func (s *Service) checkUPN(upn string) (string, error) {
	if upn != "" && !strings.Contains(upn, "@") {
		upn += "@" + s.config.TenantName
	}
	local, domain, _ := strings.Cut(upn, "@")
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._-'+", c)
	}
	if local == "" || domain == "" || len(upn) > 113 || strings.ContainsFunc(local+domain, func(c rune) bool { return !plain(c) }) {
		return "", fmt.Errorf("%w: the user principal name '%.120s' must look like ann@%s: letters, digits and . _ - ' +", errRefused, upn, s.config.TenantName)
	}
	return upn, nil
}

func checkPassword(password, upn string) error {
	local, _, _ := strings.Cut(upn, "@")
	switch {
	case len([]rune(password)) < minPassword || len(password) > maxPassword:
		return fmt.Errorf("%w: a password has %d to %d characters", errRefused, minPassword, maxPassword)
	case strings.Contains(strings.ToLower(password), strings.ToLower(local)) && len(local) > 3:
		return fmt.Errorf("%w: the password must not contain the user's name", errRefused)
	}
	return nil
}

// createUser makes a person without any role.
func (s *Service) createUser(ctx context.Context, upn, name, password string) (user, error) {
	u, err := s.newUser(upn, name, password)
	if err != nil {
		return user{}, err
	}
	return u, s.change(ctx, func(d *directory) error { return d.addUser(u) })
}

// newUser is a person who is in no directory yet.
func (s *Service) newUser(upn, name, password string) (user, error) {
	upn, err := s.checkUPN(upn)
	if err == nil {
		err = checkPassword(password, upn)
	}
	if err != nil {
		return user{}, err
	}
	hashed, err := hashSecret(password)
	if err != nil {
		return user{}, err
	}
	if name == "" {
		name, _, _ = strings.Cut(upn, "@")
	}
	return user{Object: arm.NewGUID(), UPN: upn, Name: name, Hash: hashed, Created: s.now(), Since: s.now()}, nil
}

func (d *directory) addUser(u user) error {
	if _, taken := d.user(u.UPN); taken {
		return errTaken
	}
	if len(d.Users) >= maxUsers {
		return fmt.Errorf("%w: there are %d people, the most there can be", errRefused, maxUsers)
	}
	d.Users = append(slices.Clone(d.Users), u)
	return nil
}

// FirstPerson makes the person who signs in after the first start, with a password that is
// made here, or gives the one who is there already another password. own gives a new
// person its roles, in the same transaction.
func (s *Service) FirstPerson(ctx context.Context, upn, name string, own func(tx *store.Tx, object string) error) (Login, error) {
	password := rand.Text()
	upn, err := s.checkUPN(upn)
	if err != nil {
		return Login{}, err
	}
	if _, there := s.directory.Load().user(upn); there {
		err := s.setPassword(ctx, upn, password)
		return Login{upn, password}, err
	}
	u, err := s.newUser(upn, name, password)
	if err != nil {
		return Login{}, err
	}
	return Login{upn, password}, s.changeWith(ctx, func(d *directory) error { return d.addUser(u) }, func(tx *store.Tx) error { return own(tx, u.Object) })
}

// Login is what a person signs in with. The password cannot be read again.
type Login struct{ Name, Password string }

// PasswordSet is when a person's password was set; false if there is no such person.
func (s *Service) PasswordSet(upn string) (time.Time, bool) {
	u, ok := s.directory.Load().user(upn)
	return u.Since, ok && !u.Disabled
}

// errTaken is a user principal name that somebody has.
var errTaken = errors.New("the user principal name is taken")

// setPassword gives a person another password, and ends what is signed in.
func (s *Service) setPassword(ctx context.Context, key, password string) error {
	u, ok := s.directory.Load().user(key)
	if !ok {
		return store.ErrNotFound
	}
	if err := checkPassword(password, u.UPN); err != nil {
		return err
	}
	hashed, err := hashSecret(password)
	if err != nil {
		return err
	}
	return s.change(ctx, func(d *directory) error {
		return d.editUser(key, func(u *user) error { u.Hash, u.Since = hashed, s.now(); return nil })
	})
}
