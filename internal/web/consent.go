package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Consent (connections §1.1): a person lets a connection act for them at the issuer of an
// API's OAuth parameter. listConsentLinks gives a link to this server (ConsentStart), where
// who asked for it signs in, so that a link that is handed on to somebody else connects
// nobody's account; from there the browser goes to the issuer's page, which sends it back
// to ConsentPath. Only the browser that was sent to the issuer is taken back, by a cookie;
// it goes on to the address that the caller gave, with a code of this server's own.
// confirmConsentCode takes that code, from the same caller, exchanges the issuer's one for
// tokens, and keeps them sealed in the connection. What is under way lives in memory: after
// a restart one begins anew.

// The paths of a browser: where a consent begins, and where issuers send it back to. An
// API's OAuth application is registered with the latter as redirect URI.
const (
	ConsentStart = "/consent/start"
	ConsentPath  = "/consent/redirect"
)

const (
	consentLife = 15 * time.Minute
	maxConsents = 10_000
	maxCode     = 8 << 10 // bytes of an issuer's code
)

// People are who signs in to the pages of this server.
type People interface {
	// SignIn shows a page where a person signs in, with a note on what for, and takes what
	// is entered there; false if it has answered.
	SignIn(w http.ResponseWriter, r *http.Request, note string) (arm.Principal, bool)
	// Person says whether an object id is that of a person who can.
	Person(object string) bool
}

// consent is one under way.
type consent struct {
	stage           stage
	connection, api string // resource IDs
	parameter       string
	redirect        string // where the caller wants the browser
	base            string // of this server, as the issuer sends the browser back to it
	verifier        string // proof key of the issuer's code (RFC 7636)
	by              string // object id of the caller
	browser         [sha256.Size]byte
	code            string // the issuer's; "" until it has sent the browser back
	ends            time.Time
}

// stage is how far a consent has come, and so what its key is good for.
type stage int

const (
	linked   stage = iota // the caller has a link
	begun                 // a browser is at the issuer; browser, base and verifier are set
	answered              // the issuer has answered; code is set
)

// consents are those under way, by SHA-256 of the link's secret, of the state that the
// issuer gives back, or of the code that the caller is to confirm. The zero value is ready
// for use.
type consents struct {
	mu sync.Mutex
	of map[[sha256.Size]byte]*consent
}

// add keeps a consent under a new key; "" if there are too many.
func (c *consents) add(one *consent, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[[sha256.Size]byte]*consent{}
	}
	if len(c.of) >= maxConsents {
		for key, old := range c.of {
			if now.After(old.ends) {
				delete(c.of, key)
			}
		}
	}
	if len(c.of) >= maxConsents {
		return ""
	}
	key := secretText()
	c.of[sha256.Sum256([]byte(key))] = one
	return key
}

// look gives a copy of what is kept under the secret of a link; nil for nothing, or what has
// ended. A link stays good while its consent lasts: who has gone back begins again.
func (c *consents) look(key string, now time.Time) *consent {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.of[sha256.Sum256([]byte(key))]
	if one == nil || one.stage != linked || now.After(one.ends) {
		return nil
	}
	next := *one
	return &next
}

// take gives what is kept under a key, once; nil for nothing, or what has ended. only says
// whether it is the one that is wanted; what is not stays.
func (c *consents) take(key string, now time.Time, only func(*consent) bool) *consent {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256([]byte(key))
	one := c.of[sum]
	if one == nil || now.After(one.ends) || !only(one) {
		return nil
	}
	delete(c.of, sum)
	return one
}

func secretText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// listConsentLinks gives, for each parameter that a person must consent to, where. The
// parameters come as a list or as one object.
func (s *Service) listConsentLinks(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, a, err := s.load(ctx, r.Resource.ID)
	if err != nil {
		return nil, err
	}
	asked := at(r.Body, "parameters")
	if asked.Kind() == expr.KindObject {
		asked = expr.Array(asked)
	}
	if asked.Kind() != expr.KindArray || asked.Len() == 0 {
		return nil, arm.Invalid(codeInvalidContent, "parameters", "Give 'parameters': a list of objects with 'parameterName' and 'redirectUrl'.")
	}
	var found arm.Found
	var links []expr.Value
	for _, one := range asked.Elements() {
		if link := s.consentLink(r, form, a, one, &found); !link.IsNull() {
			links = append(links, link)
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	return arm.Reply(object("value", expr.Array(links...))), nil
}

// consentLink is the link for one parameter.
func (s *Service) consentLink(r *arm.Request, form *connectionForm, a *api, asked expr.Value, found *arm.Found) expr.Value {
	name, redirect := text(asked, "parameterName"), text(asked, "redirectUrl")
	p := a.parameter(name)
	if p == nil || !p.oauth() {
		found.Add("InvalidConsentParameter", "parameters", "The API '%s' has no connection parameter '%s' that a person consents to.", a.name, name)
		return expr.Null()
	}
	if !mayReturnTo(redirect) {
		found.Add("InvalidConsentRedirect", "parameters", "The redirectUrl '%.200s' must be an https URL, or http on localhost.", redirect)
		return expr.Null()
	}
	if _, problem := a.issuer(p); problem != nil {
		*found = append(*found, problem)
		return expr.Null()
	}
	key := s.consents.add(&consent{connection: r.Resource.ID, api: form.API, parameter: p.Name, redirect: redirect, by: r.Principal.ID, ends: s.config.Clock().Add(consentLife)}, s.config.Clock())
	if key == "" {
		found.Add("TooManyConsents", "parameters", "Too many consents are under way. Try again in some minutes.")
		return expr.Null()
	}
	status := "Unauthenticated"
	if t := form.Tokens[p.Name]; t != nil {
		status = "Authenticated"
		if t.problem(s.config.Clock()) != "" {
			status = "Error"
		}
	}
	return object("link", s.config.BaseURL+ConsentStart+"?link="+key, "displayName", form.DisplayName, "status", status)
}

// mayReturnTo judges where a browser is sent after a consent.
func mayReturnTo(redirect string) bool {
	u, err := url.Parse(redirect)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(redirect) > 2048 {
		return false
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (strings.EqualFold(u.Hostname(), "localhost") || ip.IsLoopback())
}

// ServeConsent answers ConsentPath, to which an issuer sends a browser back: it goes on to
// where the caller of listConsentLinks wants it.
func (s *Service) ServeConsent(w http.ResponseWriter, r *http.Request) {
	h := pageHeader(w)
	q, now := r.URL.Query(), s.config.Clock()
	browser, _ := browserOf(r)
	one := s.consents.take(q.Get("state"), now, func(c *consent) bool { return c.stage == begun && c.browser == browser })
	if one == nil {
		http.Error(w, "This consent has ended, was given already, or was begun in another browser. Ask for a new link (listConsentLinks).", http.StatusBadRequest)
		return
	}
	one.stage = answered
	answer := url.Values{}
	if one.code = q.Get("code"); len(one.code) > maxCode {
		answer.Set("error", "invalid_request")
		answer.Set("error_description", "The issuer's code is too long.")
	} else if one.code == "" {
		answer.Set("error", bounded(q.Get("error"), 64))
		answer.Set("error_description", bounded(q.Get("error_description"), 300))
	} else if code := s.consents.add(one, now); code != "" {
		answer.Set("code", code)
	} else {
		answer.Set("error", "temporarily_unavailable")
	}
	to, err := url.Parse(one.redirect)
	if err != nil {
		http.Error(w, "The redirectUrl cannot be read.", http.StatusBadRequest)
		return
	}
	query := to.Query()
	for name, values := range answer {
		query[name] = values
	}
	to.RawQuery = query.Encode()
	h.Set("Location", to.String())
	w.WriteHeader(http.StatusFound)
}

// bounded is a part of what somebody else has written, for people to read.
func bounded(text string, most int) string {
	text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text), "?")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// confirmConsentCode exchanges what the issuer gave for tokens, and keeps them. It answers
// the connection.
func (s *Service) confirmConsentCode(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	code := text(r.Body, "code")
	if code == "" {
		return nil, arm.Invalid(codeInvalidContent, "code", "Give 'code': what the address of listConsentLinks' redirectUrl was called with.")
	}
	one := s.consents.take(code, s.config.Clock(), func(c *consent) bool {
		return c.stage == answered && c.by == r.Principal.ID && arm.SameID(c.connection, r.Resource.ID)
	})
	if one == nil {
		return nil, arm.Invalid("InvalidConsentCode", "code", "The consent code is not one of this connection that was given to who asked for the link; or it has ended (after %d minutes, or when the server started anew), or was confirmed already. Ask for a new link with listConsentLinks.", int(consentLife/time.Minute))
	}
	form, a, err := s.load(ctx, r.Resource.ID)
	if err != nil {
		return nil, err
	}
	p := a.parameter(one.parameter)
	if !arm.SameID(form.API, one.api) || p == nil || !p.oauth() {
		return nil, arm.Invalid("InvalidConsentCode", "code", "The connection is to another API since the consent was asked for. Ask for a new link with listConsentLinks.")
	}
	i, problem := a.issuer(p)
	if problem != nil {
		return nil, problem
	}
	next, err := s.exchange(ctx, form.Environment, i, url.Values{"grant_type": {"authorization_code"}, "code": {one.code}, "redirect_uri": {one.base + ConsentPath}, "code_verifier": {one.verifier}})
	if refused, ok := errors.AsType[*refusal](err); ok {
		return nil, arm.Invalid("ConsentCodeExchangeFailed", "code", "The issuer of tokens has refused the consent: %s", refused.Error())
	}
	if err != nil {
		return nil, &arm.Error{Status: http.StatusBadGateway, Code: "ConsentCodeExchangeFailed", Message: "The issuer of tokens could not be asked: " + err.Error()}
	}
	var shown expr.Value
	err = s.control.Write(ctx, func(tx *store.Tx) error {
		stored, err := keepToken(tx, one.connection, r.Now, func(f *connectionForm) bool {
			f.ChangedBy = r.Principal.ID
			f.setToken(p.Name, next)
			return arm.SameID(f.API, one.api)
		})
		if errors.Is(err, store.ErrNotFound) {
			return arm.Missing("ApiConnectionNotFound", "The connection '%s' was deleted meanwhile.", r.ID.Name())
		}
		if err != nil {
			return err
		}
		shown, err = s.whole(ctx, tx, stored)
		return err
	})
	if err != nil {
		return nil, err
	}
	return arm.Reply(shown), nil
}

// keepToken changes the stored form of a connection, if edit says so. With a time it is a
// change of the connection, which its ETag shows.
func keepToken(tx *store.Tx, id string, changed time.Time, edit func(*connectionForm) bool) (arm.Resource, error) {
	stored, err := arm.Load(tx, id)
	if err != nil {
		return stored, err
	}
	form, err := decode[connectionForm](stored.Resource)
	if err != nil || !edit(form) {
		return stored, err
	}
	if !changed.IsZero() {
		form.Changed, stored.ETag, stored.Changed = changed, arm.NewETag(), changed
	}
	if stored.Body, err = json.Marshal(form); err != nil {
		return stored, err
	}
	return stored, arm.Save(tx, stored)
}

// whole is a connection as a GET shows it.
func (s *Service) whole(ctx context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	view, err := s.viewConnection(ctx, tx, r)
	shown := object("id", r.ID, "name", lastSegment(r.ID), "type", connectionType, "location", r.Location, "tags", r.Tags)
	for name, v := range view.Members() {
		shown = shown.With(name, v)
	}
	return shown, err
}
