package identity

import (
	"slices"
	"strings"
	"time"

	"isle/internal/store"
)

func viewUser(u user) map[string]any {
	return map[string]any{"id": u.Object, "displayName": u.Name, "userPrincipalName": u.UPN, "mail": nil, "givenName": nil, "surname": nil, "businessPhones": []string{},
		"jobTitle": nil, "mobilePhone": nil, "officeLocation": nil, "preferredLanguage": nil, "accountEnabled": !u.Disabled, "createdDateTime": u.Created.UTC().Format(time.RFC3339)}
}

func (s *Service) listUsers(c *graphCall) (any, error) {
	var values []map[string]any
	for _, u := range s.directory.Load().Users {
		values = append(values, viewUser(u))
	}
	return filtered(c.Request, values)
}

func (s *Service) readUser(c *graphCall) (any, error) {
	u, ok := s.directory.Load().user(c.PathValue("id"))
	if !ok {
		return nil, store.ErrNotFound
	}
	return viewUser(u), nil
}

// passwordProfile is a password that is given to somebody.
type passwordProfile struct {
	Password string `json:"password"`
	Force    bool   `json:"forceChangePasswordNextSignIn"`
}

func (p passwordProfile) check() error {
	if p.Force {
		return graphInvalid("forceChangePasswordNextSignIn is not supported: tell the person to change the password with POST /v1.0/me/changePassword or `isle user password`.")
	}
	return nil
}

func (s *Service) postUser(c *graphCall) (any, error) {
	var upn, name string
	var profile passwordProfile
	enabled := true
	for member, into := range map[string]any{"userPrincipalName": &upn, "displayName": &name, "passwordProfile": &profile, "accountEnabled": &enabled} {
		if err := c.decode(member, into); err != nil {
			return nil, err
		}
	}
	if err := profile.check(); err != nil {
		return nil, err
	}
	u, err := s.createUser(c.Context(), upn, name, profile.Password)
	if err == nil && !enabled {
		u.Disabled = true
		err = s.change(c.Context(), func(d *directory) error {
			return d.editUser(u.Object, func(u *user) error { u.Disabled = true; return nil })
		})
	}
	return viewUser(u), err
}

func (s *Service) patchUser(c *graphCall) (any, error) {
	id := c.PathValue("id")
	var name string
	var profile passwordProfile
	enabled := true
	for member, into := range map[string]any{"displayName": &name, "passwordProfile": &profile, "accountEnabled": &enabled} {
		if err := c.decode(member, into); err != nil {
			return nil, err
		}
	}
	if err := profile.check(); err != nil {
		return nil, err
	}
	if profile.Password != "" {
		if err := s.setPassword(c.Context(), id, profile.Password); err != nil {
			return nil, err
		}
	}
	return nil, s.change(c.Context(), func(d *directory) error {
		return d.editUser(id, func(u *user) error {
			if name != "" {
				u.Name = name
			}
			if c.has("accountEnabled") {
				u.Disabled = !enabled
			}
			return nil
		})
	})
}

func (s *Service) deleteUser(c *graphCall) (any, error) {
	id := c.PathValue("id")
	return nil, s.change(c.Context(), func(d *directory) error {
		u, ok := d.user(id)
		if !ok {
			return store.ErrNotFound
		}
		d.Users = slices.DeleteFunc(slices.Clone(d.Users), func(o user) bool { return o.Object == u.Object })
		d.leave(u.Object)
		return nil
	})
}

// changeOwnPassword lets people change their password: they have to know the present one.
func (s *Service) changeOwnPassword(c *graphCall) (any, error) {
	var current, next string
	if err := c.decode("currentPassword", &current); err != nil {
		return nil, err
	}
	if err := c.decode("newPassword", &next); err != nil {
		return nil, err
	}
	u, ok := s.directory.Load().user(c.who.ID)
	if !ok {
		return nil, graphInvalid("Only a person has a password to change.")
	}
	if _, f := s.signInWith(c.Request, u.UPN, current); f != nil {
		return nil, graphInvalid("%s", f.description)
	}
	if strings.EqualFold(current, next) {
		return nil, graphInvalid("The new password must not be the present one.")
	}
	return nil, s.setPassword(c.Context(), u.Object, next)
}
