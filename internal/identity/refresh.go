package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"isle/internal/arm"
	"isle/internal/store"
)

// A sign-in lives on in a family of refresh tokens, of which one is good at a time: each
// use makes the next one. Token number n of a family is its name, n, and a MAC of n
// under the family's key, so that only the number is kept. Who uses one before the last
// has a copy of what somebody else used: the whole family ends. The last but one is good
// for a moment more and gives the same next one, for answers that were lost and for
// processes of one person that share a cache.
//
// A page's token stays the same: all tabs of a browser use it at once. It is good only with
// the cookie that the browser got with it (portal.go).

const (
	refreshSetting = "identity/refresh/"
	refreshLife    = 90 * 24 * time.Hour // from the last use
	refreshGrace   = time.Minute
	maxFamilies    = 20_000
)

// family is a sign-in as stored.
type family struct {
	Version  int       `json:"v"`
	User     string    `json:"user"` // object id
	Client   string    `json:"client"`
	Audience string    `json:"audience"`
	Key      []byte    `json:"key"`
	Number   int       `json:"n"`
	Begun    time.Time `json:"begun"`
	Used     time.Time `json:"used"`
	Browser  []byte    `json:"browser,omitempty"` // of a page's: SHA-256 of the browser's cookie
}

func (f *family) token(name string) string {
	n := strconv.Itoa(f.Number)
	return name + "." + n + "." + base64.RawURLEncoding.EncodeToString(f.mac(n))
}

func (f *family) mac(n string) []byte {
	h := hmac.New(sha256.New, f.Key)
	h.Write([]byte(n))
	return h.Sum(nil)
}

// ofPage tells whether a sign-in is to a page of this server.
func (f *family) ofPage() bool { return strings.EqualFold(f.Client, PortalClient) }

// ended tells whether a sign-in is over: nobody used it for long, or it was to a page and
// has lasted as long as such a one may.
func (f *family) ended(now time.Time) bool {
	return now.After(f.Used.Add(refreshLife)) || f.ofPage() && now.After(f.Begun.Add(pagesLife))
}

// endFamily ends the sign-in that a refresh token of a client belongs to, whichever of
// its numbers the token has; store.ErrNotFound if there is none.
func (s *Service) endFamily(ctx context.Context, token, client string) error {
	name, n, mac, ok := refreshParts(token)
	if !ok {
		return store.ErrNotFound
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(refreshSetting + name)
		if err != nil {
			return err
		}
		var f family
		if err := json.Unmarshal(text, &f); err != nil {
			return err
		}
		if !strings.EqualFold(f.Client, client) || subtle.ConstantTimeCompare(mac, f.mac(n)) != 1 {
			return store.ErrNotFound
		}
		return tx.DeleteSetting(refreshSetting + name)
	})
}

// refreshParts takes a refresh token apart.
func refreshParts(token string) (name, n string, mac []byte, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(parts[0]) != 36 {
		return "", "", nil, false
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[2])
	return parts[0], parts[1], mac, err == nil
}

// beginFamily stores a sign-in, and gives its first refresh token. One to a page is bound to
// the browser's new cookie, and ends the one that the browser had before.
func (s *Service) beginFamily(ctx context.Context, user, client string, in signedIn) (string, error) {
	f := family{Version: 1, User: user, Client: client, Audience: in.audience, Key: make([]byte, 32), Number: 1, Begun: s.now(), Used: s.now()}
	name := arm.NewGUID()
	if f.ofPage() {
		f.Browser = []byte(digest(in.browser))
		name, _, _ = strings.Cut(in.browser, ".")
	}
	rand.Read(f.Key)
	text, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	return f.token(name), s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.endBrowser(tx, in.before); err != nil {
			return err
		}
		return tx.PutSetting(refreshSetting+name, text)
	})
}

// errReused is a refresh token that was used before; errElsewhere a page's in another
// browser than the one that it was given to.
var (
	errReused    = errors.New("reused")
	errElsewhere = errors.New("elsewhere")
)

// rotate checks a refresh token and gives the next one of its family, in one transaction.
// browser is the cookie that came with a page's.
func (s *Service) rotate(ctx context.Context, token, browser string) (found family, next string, err error) {
	name, number, mac, ok := refreshParts(token)
	if !ok {
		return family{}, "", store.ErrNotFound
	}
	var copied error
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		found, next, copied = family{}, "", nil
		text, err := tx.Setting(refreshSetting + name)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &found); err != nil {
			return err
		}
		n, err := strconv.Atoi(number)
		if err != nil || subtle.ConstantTimeCompare(mac, found.mac(number)) != 1 {
			return store.ErrNotFound
		}
		now := s.now()
		switch {
		case found.ended(now):
			return tx.DeleteSetting(refreshSetting + name)
		case found.ofPage() && subtle.ConstantTimeCompare(found.Browser, []byte(digest(browser))) != 1:
			copied = errElsewhere
			return tx.DeleteSetting(refreshSetting + name)
		case found.ofPage():
			next = found.token(name)
			return nil
		case n == found.Number:
			found.Number, found.Used = n+1, now
		case n == found.Number-1 && now.Before(found.Used.Add(refreshGrace)):
			next = found.token(name)
			return nil
		default:
			copied = errReused
			return tx.DeleteSetting(refreshSetting + name)
		}
		next = found.token(name)
		text, err = json.Marshal(found)
		if err != nil {
			return err
		}
		return tx.PutSetting(refreshSetting+name, text)
	})
	if err == nil {
		err = copied
	}
	if err == nil && next == "" {
		err = store.ErrNotFound
	}
	return found, next, err
}

// refresh is the grant by refresh token.
func (s *Service) refresh(r *http.Request, base, version string) (any, *fault) {
	c, f := s.personClient(r)
	if f != nil {
		return nil, f
	}
	token := r.PostForm.Get("refresh_token")
	if token == "" {
		return nil, missing("refresh_token")
	}
	found, next, err := s.rotate(r.Context(), token, s.browserOf(r))
	switch {
	case errors.Is(err, errElsewhere):
		return nil, invalidGrant(54005, "The refresh token of a page was used without the cookie of the browser that signed in, so somebody may have a copy of it: the sign-in has ended. Sign in again.")
	case errors.Is(err, errReused):
		return nil, invalidGrant(54005, "The refresh token was used before, so somebody may have a copy of it: the sign-in has ended. Sign in again.")
	case errors.Is(err, store.ErrNotFound):
		return nil, invalidGrant(70000, "The refresh token is not valid, or has ended. Sign in again.")
	case err != nil:
		return nil, unavailable()
	case !strings.EqualFold(found.Client, c.ID):
		return nil, invalidGrant(700007, "The refresh token was given to another app.")
	}
	u, ok := s.directory.Load().user(found.User)
	if !ok || u.Disabled || found.Begun.Before(u.Since) {
		return nil, invalidGrant(50173, "The sign-in has ended, as the password was changed or the user is disabled or deleted. Sign in again.")
	}
	audience, f := s.personAudience(r.PostForm, found.Audience)
	if f != nil {
		return nil, f
	}
	return s.personToken(r, u, c, signedIn{audience: audience, base: base, version: version, refresh: next})
}

// signedIn is what a sign-in of a person gives.
type signedIn struct {
	audience, base, version string
	nonce                   string
	refresh                 string // the next refresh token; "" begins a family
	browser, before         string // the cookie that a page's family is bound to, and the browser's last one
}

// personToken answers with what a person's client gets: access, ID and refresh token.
func (s *Service) personToken(r *http.Request, u user, c client, in signedIn) (any, *fault) {
	if in.refresh == "" {
		var err error
		if in.refresh, err = s.beginFamily(r.Context(), u.Object, c.ID, in); err != nil {
			return nil, unavailable()
		}
	}
	tenant := s.Tenant()
	access := claims{Claims: s.standard(in.base, in.version, u.Object, in.audience), Version: in.version, Tenant: tenant, Object: u.Object, Type: "user",
		UPN: u.UPN, Name: u.Name, Scope: "user_impersonation"}
	access.setClient(c.ID)
	if c.pages {
		access.Session, _, _, _ = refreshParts(in.refresh)
	}
	id := claims{Claims: s.standard(in.base, in.version, u.Object, c.ID), Version: in.version, Tenant: tenant, Object: u.Object, Preferred: u.UPN, UPN: u.UPN, Name: u.Name, Nonce: in.nonce}
	idToken, err := s.sign(id)
	if err != nil {
		return nil, unavailable()
	}
	return s.answerToken(access, in.version, in.audience, map[string]any{"id_token": idToken, "refresh_token": in.refresh, "client_info": clientInfo(u.Object, tenant),
		"scope": strings.TrimSuffix(in.audience, "/") + "/user_impersonation " + strings.TrimSuffix(in.audience, "/") + "/.default openid profile offline_access", "foci": "1"})
}

func invalidGrant(code int, description string) *fault {
	return &fault{status: http.StatusBadRequest, name: "invalid_grant", code: code, description: description}
}

func unavailable() *fault {
	return &fault{status: http.StatusServiceUnavailable, name: "temporarily_unavailable", code: 90033, description: "The request could not be carried out just now. Try again."}
}

// standard are the claims that every token has.
func (s *Service) standard(base, version, subject, audience string) jwt.Claims {
	now := s.now()
	return jwt.Claims{Issuer: issuer(base, s.Tenant(), version), Subject: subject, Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(TokenLife)), ID: arm.NewGUID()}
}

func (s *Service) sign(c claims) (string, error) {
	return jwt.Signed((*s.keys.Load())[0].signer).Claims(c).Serialize()
}

// forgetFamilies deletes the sign-ins that have ended, and the oldest beyond the bound.
func (s *Service) forgetFamilies(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		names, err := tx.Settings(refreshSetting)
		if err != nil {
			return err
		}
		for i, name := range names {
			text, err := tx.Setting(name)
			if err != nil {
				return err
			}
			var f family
			u, known := user{}, false
			if json.Unmarshal(text, &f) == nil {
				u, known = s.directory.Load().user(f.User)
			}
			if known && !f.Begun.Before(u.Since) && !f.ended(s.now()) && len(names)-i <= maxFamilies {
				continue
			}
			if err := tx.DeleteSetting(name); err != nil {
				return err
			}
		}
		return nil
	})
}
