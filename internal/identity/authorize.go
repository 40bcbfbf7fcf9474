package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"isle/internal/arm"
)

// pending are sign-ins under way: codes that a client has yet to redeem, and devices
// whose person has yet to sign in. They live in memory: after a restart one begins anew.
// The zero value is ready for use.
type pending struct {
	mu      sync.Mutex
	codes   map[string]*authorization // by SHA-256 of the code
	devices map[string]*device        // by SHA-256 of the device code
}

// maxPending bounds each of the two; beyond, what has ended is forgotten, then nothing new
// begins.
const (
	maxPending = 10_000
	codeLife   = 10 * time.Minute
)

// authorization is what a code stands for.
type authorization struct {
	user, client, redirect, challenge string
	audience, nonce                   string
	ends                              time.Time
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return string(sum[:])
}

func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// addCode keeps an authorization under a new code; "" if there are too many.
func (p *pending) addCode(a *authorization, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.codes == nil {
		p.codes = map[string]*authorization{}
	}
	if len(p.codes) >= maxPending {
		for k, c := range p.codes {
			if now.After(c.ends) {
				delete(p.codes, k)
			}
		}
	}
	if len(p.codes) >= maxPending {
		return ""
	}
	code := randomText(32)
	p.codes[digest(code)] = a
	return code
}

// takeCode gives what a code stands for, once.
func (p *pending) takeCode(code string, now time.Time) *authorization {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := digest(code)
	a := p.codes[key]
	delete(p.codes, key)
	if a == nil || now.After(a.ends) {
		return nil
	}
	return a
}

// request is a request for authorization, as its client sends the person with it.
type request struct {
	client              client
	redirect, mode      string
	state, nonce        string
	challenge, audience string
	hint                string
}

// readRequest checks a request for authorization. An error that must not be sent back,
// as nobody knows whether the address is the client's, is a fault alone; another one has
// the request with it.
func (s *Service) readRequest(r *http.Request, q url.Values) (*request, *fault) {
	c, f := s.publicClient(q.Get("client_id"))
	if f != nil {
		return nil, f
	}
	a := &request{client: c, redirect: q.Get("redirect_uri"), mode: q.Get("response_mode"), state: q.Get("state"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), hint: q.Get("login_hint")}
	if a.redirect == "" && len(c.Redirects) == 1 {
		a.redirect = c.Redirects[0]
	}
	if known := c.mayReturn(a.redirect); !known && !(c.pages && s.returnsToPages(r, a.redirect)) {
		return nil, &fault{status: http.StatusBadRequest, name: "invalid_request", code: 50011, description: "The redirect URI '" + clean(a.redirect) + "' specified in the request does not match the redirect URIs configured for the application '" + c.ID + "'."}
	}
	switch a.mode {
	case "", "query", "fragment", "form_post":
	default:
		a.mode = ""
		return a, &fault{name: "invalid_request", code: 90013, description: "The response_mode must be query, fragment or form_post."}
	}
	if q.Get("response_type") != "code" {
		return a, &fault{name: "unsupported_response_type", code: 70007, description: "The response_type must be 'code'."}
	}
	if method := q.Get("code_challenge_method"); a.challenge != "" && method != "S256" {
		return a, &fault{name: "invalid_request", code: 501491, description: "The code_challenge_method must be S256."}
	}
	if a.challenge == "" && c.Public {
		return a, &fault{name: "invalid_request", code: 9002325, description: "Proof Key for Code Exchange is required: send code_challenge with the method S256."}
	}
	var g *fault
	if a.audience, g = s.personAudience(q, ""); g != nil {
		return a, g
	}
	if q.Get("prompt") == "none" {
		return a, &fault{name: "login_required", code: 50058, description: "A person has to sign in, and the request wants none to be asked."}
	}
	return a, nil
}

// redeemCode is the grant by authorization code.
func (s *Service) redeemCode(w http.ResponseWriter, r *http.Request, base, version string) (any, *fault) {
	c, f := s.personClient(r)
	if f != nil {
		return nil, f
	}
	code := r.PostForm.Get("code")
	if code == "" {
		return nil, missing("code")
	}
	a := s.pending.takeCode(code, s.now())
	switch {
	case a == nil:
		return nil, invalidGrant(70008, "The provided authorization code is not valid: it has ended, or was redeemed already.")
	case !strings.EqualFold(a.client, c.ID):
		return nil, invalidGrant(70002, "The authorization code was given to another app.")
	case r.PostForm.Get("redirect_uri") != a.redirect:
		return nil, invalidGrant(50148, "The redirect_uri is not the one that the authorization was asked with.")
	case !verifies(a.challenge, r.PostForm.Get("code_verifier")):
		return nil, invalidGrant(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	}
	u, ok := s.directory.Load().user(a.user)
	if !ok || u.Disabled {
		return nil, invalidGrant(50057, "The user account is disabled or deleted.")
	}
	audience, f := s.personAudience(r.PostForm, a.audience)
	if f != nil {
		return nil, f
	}
	in := signedIn{audience: audience, base: base, version: version, nonce: a.nonce}
	if c.pages {
		in.before, in.browser = s.browserOf(r), s.bindBrowser(w, r)
	}
	return s.personToken(r, u, c, in)
}

// verifies compares the proof key with the challenge (RFC 7636).
func verifies(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(strings.TrimRight(challenge, "="))) == 1
}

// The form of a page goes only together with the cookie that came with it, so that no
// other site can sign a browser in. Over plain http, which is for browsers on this machine,
// a cookie can neither be Secure nor have the prefix that other sites cannot write.
const (
	formCookie      = "__Host-isle-form"
	plainFormCookie = "isle-form"
)

func formCookieOf(r *http.Request) string {
	if r.TLS == nil {
		return plainFormCookie
	}
	return formCookie
}

// formToken is what the form carries for its cookie.
func (s *Service) formToken(cookie string) string {
	h := hmac.New(sha256.New, s.checker.key[:])
	h.Write([]byte("form\x00" + cookie))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (s *Service) ownForm(r *http.Request) bool {
	c, err := r.Cookie(formCookieOf(r))
	return err == nil && len(c.Value) >= 32 && hmac.Equal([]byte(s.formToken(c.Value)), []byte(r.PostForm.Get("form")))
}

// serveAuthorize shows the page where a person signs in, and takes what is entered there.
func (s *Service) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		s.showFault(w, &fault{status: http.StatusMethodNotAllowed, description: "The page is read with GET."})
		return
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.showFault(w, &fault{status: http.StatusBadRequest, description: "The form could not be read."})
			return
		}
		if q.Get("client_id") == "" && r.PostForm.Has("client_id") { // the parameters may be posted (OpenID Connect Core §3.1.2.1)
			http.Redirect(w, r, r.URL.Path+"?"+r.PostForm.Encode(), http.StatusSeeOther)
			return
		}
	}
	a, f := s.readRequest(r, q)
	switch {
	case a == nil:
		s.showFault(w, f)
	case f != nil:
		s.sendBack(w, a, url.Values{"error": {f.name}, "error_description": {f.text()}})
	case r.Method == http.MethodGet:
		s.showSignIn(w, r, signInPage{App: a.client.Name, User: a.hint}, a.redirect)
	default:
		s.takeSignIn(w, r, a)
	}
}

func (s *Service) takeSignIn(w http.ResponseWriter, r *http.Request, a *request) {
	if r.PostForm.Has("cancel") && s.ownForm(r) {
		s.sendBack(w, a, url.Values{"error": {"access_denied"}, "error_description": {"The person declined."}})
		return
	}
	page := signInPage{App: a.client.Name}
	u, ok := s.entered(r, &page)
	if !ok {
		s.showSignIn(w, r, page, a.redirect)
		return
	}
	code := s.pending.addCode(&authorization{user: u.Object, client: a.client.ID, redirect: a.redirect, challenge: a.challenge, audience: a.audience, nonce: a.nonce, ends: s.now().Add(codeLife)}, s.now())
	if code == "" {
		s.sendBack(w, a, url.Values{"error": {"temporarily_unavailable"}, "error_description": {"Too many sign-ins are under way."}})
		return
	}
	s.sendBack(w, a, url.Values{"code": {code}, "session_state": {randomText(16)}, "client_info": {clientInfo(u.Object, s.Tenant())}})
}

// entered is who signs in with the form of a page; false, with the page to show again, for
// nobody.
func (s *Service) entered(r *http.Request, page *signInPage) (user, bool) {
	page.User = r.PostForm.Get("username")
	if !s.ownForm(r) {
		page.Problem = "The page was too old. Please sign in again."
		return user{}, false
	}
	u, f := s.signInWith(r, page.User, r.PostForm.Get("password"))
	if f != nil {
		page.Problem = f.description
	}
	return u, f == nil
}

// SignIn shows a page where a person signs in to go on with something of this server, which
// the note tells, and takes what is entered there. It is false if it has answered.
func (s *Service) SignIn(w http.ResponseWriter, r *http.Request, note string) (arm.Principal, bool) {
	page := signInPage{Note: note}
	if r.Method != http.MethodPost {
		s.showSignIn(w, r, page, "")
		return arm.Principal{}, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.showFault(w, &fault{status: http.StatusBadRequest, description: "The form could not be read."})
		return arm.Principal{}, false
	}
	if r.PostForm.Has("cancel") && s.ownForm(r) {
		s.showDone(w, "You have declined. This page can be closed.")
		return arm.Principal{}, false
	}
	u, ok := s.entered(r, &page)
	if !ok {
		s.showSignIn(w, r, page, "")
		return arm.Principal{}, false
	}
	return u.principal(s.Tenant()), true
}

// Person says whether an object id is that of a person of the tenant.
func (s *Service) Person(object string) bool {
	_, is := s.directory.Load().user(object)
	return is
}

// sendBack sends the browser back to the client.
func (s *Service) sendBack(w http.ResponseWriter, a *request, answer url.Values) {
	if a.state != "" {
		answer.Set("state", a.state)
	}
	if a.mode == "form_post" {
		s.showPost(w, a.redirect, answer)
		return
	}
	target, err := url.Parse(a.redirect)
	if err != nil {
		s.showFault(w, &fault{status: http.StatusBadRequest, description: "The redirect URI cannot be read."})
		return
	}
	if a.mode == "fragment" {
		w.Header().Set("Location", target.String()+"#"+answer.Encode())
	} else {
		q := target.Query()
		for name, values := range answer {
			q[name] = values
		}
		target.RawQuery = q.Encode()
		w.Header().Set("Location", target.String())
	}
	w.WriteHeader(http.StatusFound)
}
