package identity

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"isle/internal/store"
)

// PortalClient is the application id of the server's own pages, a public client that is
// there from the start. People sign in to it with an authorization code and PKCE, and are
// sent back to the origin that the page of this server came from.
const PortalClient = "0b5f8f6e-4d0c-4f6a-9d5e-15e0b0a7a151"

// pagesLife is how long a sign-in to a page lasts, as that of a single-page application
// of the original does: a browser keeps its refresh token where scripts reach it.
const pagesLife = 24 * time.Hour

// returnsToPages tells whether a URL is one where the server's own pages take up a
// sign-in. No other path of the server is: a workflow's URL must never be sent a code.
func (s *Service) returnsToPages(r *http.Request, target string) bool {
	u, err := url.Parse(target)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Contains(target, "#") || !strings.EqualFold(u.Host, r.Host) || !s.config.AllowHost(u.Host) {
		return false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Host)) {
		return false
	}
	return slices.Contains([]string{"/", "/signin", "/portal", "/portal/", "/portal/signin"}, u.EscapedPath())
}

// revoke ends the sign-in that a refresh token belongs to (RFC 7009): who signs out. What
// is no token, or not the client's, is answered in the same way.
func (s *Service) revoke(w http.ResponseWriter, r *http.Request) (any, *fault) {
	if f := s.readForm(w, r); f != nil {
		return nil, f
	}
	c, f := s.personClient(r)
	if f != nil {
		return nil, f
	}
	if r.PostForm.Get("token") == "" {
		return nil, missing("token")
	}
	err := s.endFamily(r.Context(), r.PostForm.Get("token"), c.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, unavailable()
	}
	return map[string]any{}, nil
}
