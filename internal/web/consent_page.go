package web

import (
	"context"
	"crypto/sha256"
	"fmt"
	"html"
	"net/http"
	"net/url"

	"isle/internal/arm"
)

// StartConsent answers ConsentStart: who asked for the link signs in, and the browser, which
// is known by a cookie from then on, is sent to the issuer.
func (s *Service) StartConsent(w http.ResponseWriter, r *http.Request) {
	h := pageHeader(w)
	one := s.consents.look(r.URL.Query().Get("link"), s.config.Clock())
	if one == nil {
		http.Error(w, "This link has ended. Ask for a new one (listConsentLinks).", http.StatusBadRequest)
		return
	}
	i, err := s.issuerOf(r.Context(), one)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	who, signedIn := s.config.People.SignIn(w, r, one.note(i))
	if !signedIn {
		return
	}
	if !s.mayConsent(who, one) {
		http.Error(w, "The link was asked for by somebody else. Ask for one of your own (listConsentLinks): an account is connected by whoever wants it connected, and by nobody else.", http.StatusForbidden)
		return
	}
	one.stage, one.base, one.verifier, one.browser = begun, s.baseOf(r), secretText(), s.knowBrowser(w, r)
	state := s.consents.add(one, s.config.Clock())
	if state == "" {
		http.Error(w, "Too many consents are under way. Try again in some minutes.", http.StatusServiceUnavailable)
		return
	}
	sendOn(w, h, i.page(one.base+ConsentPath, state, one.verifier))
}

// issuerOf is the issuer of a consent, as its connection and API are now.
func (s *Service) issuerOf(ctx context.Context, one *consent) (*issuer, error) {
	form, a, err := s.load(ctx, one.connection)
	if err != nil || !arm.SameID(form.API, one.api) {
		return nil, fmt.Errorf("The connection '%s' was deleted or changed since. Ask for a new link (listConsentLinks).", lastSegment(one.connection))
	}
	p := a.parameter(one.parameter)
	if p == nil || !p.oauth() {
		return nil, fmt.Errorf("The API of the connection has no parameter '%s' any more that a person consents to.", one.parameter)
	}
	i, problem := a.issuer(p)
	if problem != nil {
		return nil, fmt.Errorf("%s", problem.Message)
	}
	return i, nil
}

// note is what the page of the sign-in says.
func (c *consent) note(i *issuer) string {
	host := ""
	if u, err := url.Parse(i.authorize); err == nil {
		host = u.Host
	}
	return fmt.Sprintf("The connection %s is to act for you at %s. Go on only if you asked for this yourself.", c.connection, host)
}

// mayConsent judges who signed in for a link: who asked for it. A program that asked has no
// account to connect; for it does whoever could ask themselves.
func (s *Service) mayConsent(who arm.Principal, one *consent) bool {
	if who.ID == one.by {
		return true
	}
	return !s.config.People.Person(one.by) && s.config.Authorizer != nil && s.config.Authorizer.Allowed(who, connectionType+"/listConsentLinks/action", one.connection)
}

// baseOf is how a browser reaches this server: as everybody does, or over plain http, which
// only browsers on this machine can.
func (s *Service) baseOf(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + r.Host
	}
	return s.config.BaseURL
}

// Over plain http a cookie can neither be Secure nor have the prefix that other sites
// cannot write.
func browserCookie(r *http.Request) string {
	if r.TLS == nil {
		return "isle-consent"
	}
	return "__Host-isle-consent"
}

// browserOf is what is kept of a browser's cookie; false if it has none.
func browserOf(r *http.Request) (sum [sha256.Size]byte, known bool) {
	c, err := r.Cookie(browserCookie(r))
	if err != nil || len(c.Value) < 32 {
		return sum, false
	}
	return sha256.Sum256([]byte(c.Value)), true
}

// knowBrowser gives a browser its cookie, unless it has one: another tab's consent stays good.
func (s *Service) knowBrowser(w http.ResponseWriter, r *http.Request) [sha256.Size]byte {
	if sum, known := browserOf(r); known {
		return sum
	}
	secret := secretText()
	http.SetCookie(w, &http.Cookie{Name: browserCookie(r), Value: secret, Path: "/", Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(consentLife.Seconds())})
	return sha256.Sum256([]byte(secret))
}

// pageHeader sets what all pages here have: nothing is loaded or framed, and no address,
// which may hold a secret, is told to other sites.
func pageHeader(w http.ResponseWriter) http.Header {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return h
}

// sendOn sends a browser to the issuer. It is a page and no redirect: what a form leads to
// would have to stand in the policy of the sign-in's page, and that is all that the issuer
// redirects to.
func sendOn(w http.ResponseWriter, h http.Header, to string) {
	h.Set("Refresh", "0; url="+to)
	h.Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Isle</title></head><body><p><a href="%s">Continue</a></p></body></html>`, html.EscapeString(to))
}
