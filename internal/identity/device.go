package identity

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	deviceLife     = 15 * time.Minute
	deviceInterval = 5 * time.Second
	codeLetters    = "BCDFGHJKLMNPQRSTVWXZ" // no vowels, no words; nothing that looks like another
	codeLength     = 9
)

// device is a sign-in that waits for its person (RFC 8628).
type device struct {
	userCode         string
	client, audience string
	user             string // who has signed in; "" while nobody has
	denied           bool
	asked            time.Time // when the client last looked
	ends             time.Time
}

// startDevice gives a client the codes of a sign-in that a person does elsewhere.
func (s *Service) startDevice(w http.ResponseWriter, r *http.Request, base string) (any, *fault) {
	if f := s.readForm(w, r); f != nil {
		return nil, f
	}
	id, _ := clientOf(r)
	c, f := s.publicClient(id)
	if f == nil && c.pages {
		f = &fault{status: http.StatusBadRequest, name: "unauthorized_client", code: 700016, description: "The portal signs people in on its own page."}
	}
	if f != nil {
		return nil, f
	}
	audience, f := s.personAudience(r.PostForm, "")
	if f != nil {
		return nil, f
	}
	code := randomText(48)
	d := &device{userCode: newUserCode(), client: c.ID, audience: audience, ends: s.now().Add(deviceLife)}
	if !s.pending.addDevice(code, d, s.now()) {
		return nil, unavailable()
	}
	page := base + "/device"
	return map[string]any{"device_code": code, "user_code": d.userCode, "verification_uri": page, "verification_url": page, "expires_in": int(deviceLife / time.Second), "interval": int(deviceInterval / time.Second),
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, d.userCode)}, nil
}

func newUserCode() string {
	code := make([]byte, 0, codeLength)
	for len(code) < codeLength {
		var b [1]byte
		rand.Read(b[:])
		if int(b[0]) < 256/len(codeLetters)*len(codeLetters) { // each letter is as likely as another
			code = append(code, codeLetters[int(b[0])%len(codeLetters)])
		}
	}
	return string(code)
}

func (p *pending) addDevice(code string, d *device, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.devices == nil {
		p.devices = map[string]*device{}
	}
	if len(p.devices) >= maxPending {
		for k, old := range p.devices {
			if now.After(old.ends) {
				delete(p.devices, k)
			}
		}
	}
	if len(p.devices) >= maxPending {
		return false
	}
	p.devices[digest(code)] = d
	return true
}

// deviceOf finds the sign-in that waits under a code that a person has entered.
func (p *pending) deviceOf(userCode string, now time.Time) *device {
	userCode = strings.ToUpper(strings.Map(func(c rune) rune {
		if c == ' ' || c == '-' {
			return -1
		}
		return c
	}, userCode))
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.devices {
		if d.userCode == userCode && userCode != "" && now.Before(d.ends) && d.user == "" && !d.denied {
			return d
		}
	}
	return nil
}

// settle notes who has signed in; "": the person declined.
func (p *pending) settle(d *device, user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.user, d.denied = user, user == ""
}

// redeemDevice is the grant by device code: it waits until the person has signed in.
func (s *Service) redeemDevice(r *http.Request, base, version string) (any, *fault) {
	c, f := s.personClient(r)
	if f != nil {
		return nil, f
	}
	code := r.PostForm.Get("device_code")
	if code == "" {
		code = r.PostForm.Get("code")
	}
	d, f := s.pending.look(code, c.ID, s.now())
	if f != nil {
		return nil, f
	}
	u, ok := s.directory.Load().user(d.user)
	if !ok || u.Disabled {
		return nil, invalidGrant(50057, "The user account is disabled or deleted.")
	}
	audience, f := s.personAudience(r.PostForm, d.audience)
	if f != nil {
		return nil, f
	}
	return s.personToken(r, u, c, signedIn{audience: audience, base: base, version: version})
}

// look gives a sign-in whose person has signed in, once; a fault says what else is.
func (p *pending) look(code, client string, now time.Time) (device, *fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := digest(code)
	d := p.devices[key]
	switch {
	case d == nil || !strings.EqualFold(d.client, client):
		return device{}, &fault{status: http.StatusBadRequest, name: "bad_verification_code", code: 70019, description: "The device code is not valid, or was redeemed already."}
	case now.After(d.ends):
		delete(p.devices, key)
		return device{}, &fault{status: http.StatusBadRequest, name: "expired_token", code: 70020, description: "The code has ended before anybody signed in. Begin again."}
	case d.denied:
		delete(p.devices, key)
		return device{}, &fault{status: http.StatusBadRequest, name: "authorization_declined", code: 70022, description: "The person declined."}
	case d.user == "" && now.Sub(d.asked) < deviceInterval/2:
		return device{}, &fault{status: http.StatusBadRequest, name: "slow_down", code: 70016, description: "Wait longer before asking again."}
	case d.user == "":
		d.asked = now
		return device{}, &fault{status: http.StatusBadRequest, name: "authorization_pending", code: 70016, description: "OAuth 2.0 device flow error. Authorization is pending. Continue polling."}
	}
	delete(p.devices, key)
	return *d, nil
}

// serveDevice is the page where a person enters the code of a device, and signs in.
func (s *Service) serveDevice(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		s.showSignIn(w, r, signInPage{Ask: true}, "")
		return
	}
	if f := s.readForm(w, r); f != nil {
		s.showFault(w, f)
		return
	}
	if !s.ownForm(r) {
		s.showSignIn(w, r, signInPage{Ask: true, Problem: "The page was too old. Please enter the code again."}, "")
		return
	}
	if f := s.limited(r); f != nil {
		s.showFault(w, f)
		return
	}
	code := r.PostForm.Get("code")
	d := s.pending.deviceOf(code, s.now())
	if d == nil {
		s.limiter.failed(s.address(r), s.now())
		s.showSignIn(w, r, signInPage{Ask: true, Problem: "That code did not work: check it, and try again."}, "")
		return
	}
	c, f := s.publicClient(d.client)
	if f != nil {
		s.showFault(w, f)
		return
	}
	s.takeDevice(w, r, d, c, code)
}

func (s *Service) takeDevice(w http.ResponseWriter, r *http.Request, d *device, c client, code string) {
	page := signInPage{App: c.Name, Code: code, User: r.PostForm.Get("username")}
	switch {
	case r.PostForm.Has("cancel"):
		s.pending.settle(d, "")
		s.showDone(w, "You have not signed in. You can close this window.")
		return
	case !r.PostForm.Has("password"):
		s.showSignIn(w, r, page, "")
		return
	}
	u, f := s.signInWith(r, page.User, r.PostForm.Get("password"))
	if f != nil {
		page.Problem = f.description
		s.showSignIn(w, r, page, "")
		return
	}
	s.pending.settle(d, u.Object)
	s.showDone(w, "You have signed in to "+c.Name+". You can close this window.")
}
