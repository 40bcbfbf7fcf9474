package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// PortalClient is the application id of the server's own pages, a public client that is
// there from the start. People sign in to it with an authorization code and PKCE, and are
// sent back to the origin that the page of this server came from.
const PortalClient = "0b5f8f6e-4d0c-4f6a-9d5e-15e0b0a7a151"

// pagesLife is how long a sign-in to a page lasts, as that of a single-page application
// of the original does.
const pagesLife = 24 * time.Hour

// A sign-in to a page is in two halves, and goes on only by both. The refresh token is in the
// page's storage, which all tabs of its origin share and nothing else reads: no other port of
// the machine, and no workflow's page, which has no origin (internal/gateway). The other half
// is a cookie of the token endpoint alone, which no script reads: a copy of the token is
// worth nothing elsewhere. Requests of other sites bring no cookie, and are refused before
// (internal/server).

// browserCookie is the name of the cookie. A browser does not tell the ports of a machine
// apart by its cookies, and servers there may be copies of each other.
func (s *Service) browserCookie(r *http.Request) string {
	name := "isle-browser-" + s.Tenant()
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		name += "-" + port
	}
	if r.TLS != nil {
		return "__Secure-" + name
	}
	return name
}

// bindBrowser gives the browser that a page is in a cookie for a new sign-in, whose name is
// the first part of it.
func (s *Service) bindBrowser(w http.ResponseWriter, r *http.Request) string {
	value := arm.NewGUID() + "." + randomText(32)
	s.setBrowser(w, r, value, int(pagesLife/time.Second))
	return value
}

// endBrowser ends the sign-in that a browser's cookie belongs to, if there is one.
func (s *Service) endBrowser(tx *store.Tx, cookie string) error {
	name, _, _ := strings.Cut(cookie, ".")
	text, err := tx.Setting(refreshSetting + name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var f family
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(f.Browser, []byte(digest(cookie))) != 1 {
		return nil
	}
	return tx.DeleteSetting(refreshSetting + name)
}

// setBrowser sets the cookie at the token endpoint, for so many seconds; it is called there
// and at that of revocations.
func (s *Service) setBrowser(w http.ResponseWriter, r *http.Request, value string, seconds int) {
	at := r.URL.Path[:strings.LastIndexByte(r.URL.Path, '/')+1] + "token"
	http.SetCookie(w, &http.Cookie{Name: s.browserCookie(r), Value: value, Path: at, MaxAge: seconds, Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

// browserOf is the cookie that a request came with, "" if it has none.
func (s *Service) browserOf(r *http.Request) string {
	c, err := r.Cookie(s.browserCookie(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// goesOn tells whether a sign-in to a page has not ended. The error is that nobody knows.
func (s *Service) goesOn(session string) (bool, error) {
	var f family
	err := readSetting(context.Background(), s.db, refreshSetting+session, &f)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && !f.ended(s.now()), err
}

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
	if c.pages {
		s.setBrowser(w, r, "", -1)
	}
	err := s.endFamily(r.Context(), r.PostForm.Get("token"), c.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, unavailable()
	}
	return map[string]any{}, nil
}
