package identity

import (
	"net"
	"net/http"
	"strings"
)

// address is whom failed logins are counted for: the caller's address.
func (s *Service) address(r *http.Request) string {
	if s.config.Caller != nil {
		return s.config.Caller(r).String()
	}
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return address
}

// signInWith checks a person's name and password. Failures are counted for the address
// and for the name, so that neither one guesser nor many can go on.
func (s *Service) signInWith(r *http.Request, name, password string) (user, *fault) {
	if !strings.Contains(name, "@") {
		name += "@" + s.config.TenantName
	}
	u, found := s.directory.Load().user(name)
	byName := "user\x00" + strings.ToLower(u.UPN)
	if f := s.limited(r); f != nil {
		return user{}, f
	}
	if wait := s.limiter.wait(byName, s.now()); found && wait > 0 {
		return user{}, &fault{status: http.StatusTooManyRequests, name: "temporarily_unavailable", code: 50053, after: wait, description: "The account is locked for a moment, after too many wrong passwords. Try again later."}
	}
	right := false
	if found && len(password) <= maxPassword {
		right = s.checker.right("user/"+u.Object, u.Hash, password)
	} else {
		s.checker.waste(password[:min(len(password), maxPassword)])
	}
	if right && !u.Disabled {
		return u, nil
	}
	s.limiter.failed(s.address(r), s.now())
	if found {
		s.limiter.failed(byName, s.now())
	}
	if right {
		return user{}, invalidGrant(50057, "The user account is disabled.")
	}
	return user{}, invalidGrant(50126, "Error validating credentials due to invalid username or password.")
}

// personClient is the client that asks for a person's token: a public one by its id, any
// other with its credentials.
func (s *Service) personClient(r *http.Request) (client, *fault) {
	id, secret := clientOf(r)
	c, f := s.publicClient(id)
	if f == nil && c.Public && secret == "" && r.PostForm.Get("client_assertion") == "" {
		return c, nil
	}
	if f != nil && secret == "" && r.PostForm.Get("client_assertion") == "" {
		return client{}, f
	}
	return s.login(r)
}

// publicClient finds a client by its id, and asks for no secret.
func (s *Service) publicClient(id string) (client, *fault) {
	if id == "" {
		return client{}, missing("client_id")
	}
	c, found := s.directory.Load().client(id)
	if !found {
		c, found = wellKnown(id)
	}
	if !found {
		return client{}, &fault{status: http.StatusBadRequest, name: "unauthorized_client", code: 700016, description: "Application with identifier '" + clean(id) + "' was not found in the directory '" + s.config.TenantName + "'."}
	}
	return c, nil
}

// passwordToken is the grant by a person's name and password.
func (s *Service) passwordToken(r *http.Request, base, version string) (any, *fault) {
	c, f := s.personClient(r)
	if f != nil {
		return nil, f
	}
	if c.pages {
		return nil, &fault{status: http.StatusBadRequest, name: "unauthorized_client", code: 7000112, description: "The portal is signed in to by its page."}
	}
	name, password := r.PostForm.Get("username"), r.PostForm.Get("password")
	if name == "" {
		return nil, missing("username")
	}
	if password == "" {
		return nil, missing("password")
	}
	audience, f := s.personAudience(r.PostForm, "")
	if f != nil {
		return nil, f
	}
	u, f := s.signInWith(r, name, password)
	if f != nil {
		return nil, f
	}
	return s.personToken(r, u, c, signedIn{audience: audience, base: base, version: version})
}
