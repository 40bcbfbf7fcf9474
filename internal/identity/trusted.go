package identity

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"isle/internal/arm"
)

// TrustedIssuer is an OpenID Connect issuer whose tokens are taken like the server's own,
// if they are for one of the audiences. Whoever it names has no role until one is given.
type TrustedIssuer struct {
	URL       string // as the tokens' iss has it
	Audiences []string
}

// Check says what is wrong with an issuer.
func (t TrustedIssuer) Check() error {
	u, err := url.Parse(t.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q is not an https URL of an issuer, such as https://login.example/realms/work", t.URL)
	}
	if len(t.Audiences) == 0 {
		return fmt.Errorf("%s: name the audience that its tokens for this server have", t.URL)
	}
	return nil
}

// Fetch gets a document of an issuer, bounded; it is internal/fetch's.
type Fetch func(ctx context.Context, url string, limit int64) ([]byte, error)

const (
	maxIssuerDocument = 1 << 20
	keysFresh         = time.Hour        // after which an issuer's keys are read again
	keysUsable        = 24 * time.Hour   // how long they are used when they cannot be
	keysPause         = 30 * time.Second // between reads for the sake of an unknown key
)

// trusted is an issuer with its keys. mu guards what follows it.
type trusted struct {
	TrustedIssuer
	fetch Fetch

	mu    sync.Mutex
	keys  []jose.JSONWebKey
	read  time.Time // when keys were read
	tried time.Time // when reading was tried last
}

// Trust sets the issuers whose tokens are taken, besides the service's own.
func (s *Service) Trust(issuers []TrustedIssuer, fetch Fetch) {
	var list []*trusted
	for _, i := range issuers {
		list = append(list, &trusted{TrustedIssuer: i, fetch: fetch})
	}
	s.trusted.Store(&list)
}

// ExternalID is the object id of whom a trusted issuer names by sub: what roles are given
// to. No issuer can name who is in the directory, or in another issuer's.
func ExternalID(issuer, subject string) string {
	sum := sha256.Sum256([]byte("external\x00" + strings.TrimSuffix(issuer, "/") + "\x00" + subject))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// issuerOf finds the trusted issuer that a token says it is from; nil if there is none.
func (s *Service) issuerOf(token *jwt.JSONWebToken) *trusted {
	var c jwt.Claims
	list := s.trusted.Load()
	if list == nil || token.UnsafeClaimsWithoutVerification(&c) != nil {
		return nil
	}
	i := slices.IndexFunc(*list, func(t *trusted) bool { return t.URL == c.Issuer })
	if i < 0 {
		return nil
	}
	return (*list)[i]
}

// external checks a token of a trusted issuer; false if it is of none.
func (s *Service) external(token string, into ...any) (from *trusted, is bool, err error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA})
	if err != nil || len(parsed.Headers) != 1 {
		return nil, false, nil
	}
	t := s.issuerOf(parsed)
	if t == nil {
		return nil, false, nil
	}
	keys, err := t.find(parsed.Headers[0].KeyID, s.now())
	if err != nil {
		return t, true, err
	}
	err = errors.New("its signature is wrong")
	for _, k := range keys {
		if k.Algorithm != "" && k.Algorithm != parsed.Headers[0].Algorithm {
			continue
		}
		if parsed.Claims(k.Key, into...) == nil {
			err = nil
			break
		}
	}
	var c jwt.Claims
	if err == nil {
		err = parsed.UnsafeClaimsWithoutVerification(&c)
	}
	if err == nil {
		err = within(c, s.now())
	}
	return t, true, err
}

// find gives the public keys that a token may be signed with, by the key id. Keys that
// are not known are looked for at the issuer: it may have changed them.
func (t *trusted) find(id string, now time.Time) ([]jose.JSONWebKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.named(id)
	if (len(found) == 0 || now.Sub(t.read) > keysFresh) && now.Sub(t.tried) > keysPause {
		t.tried = now
		if keys, err := t.fetchKeys(); err == nil {
			t.keys, t.read = keys, now
		} else if len(t.keys) == 0 {
			return nil, errors.New("the keys of its issuer " + t.URL + " cannot be read: " + err.Error())
		}
		found = t.named(id)
	}
	switch {
	case len(found) == 0:
		return nil, errors.New("its key id is not one of its issuer's keys")
	case now.Sub(t.read) > keysUsable:
		return nil, errors.New("the keys of its issuer could not be read for a day")
	}
	return found, nil
}

func (t *trusted) named(id string) (found []jose.JSONWebKey) {
	for _, k := range t.keys {
		if k.KeyID == id && k.Valid() && (k.Use == "" || k.Use == "sig") {
			found = append(found, k.Public())
		}
	}
	return found
}

func (t *trusted) fetchKeys() ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	text, err := t.fetch(ctx, strings.TrimSuffix(t.URL, "/")+"/.well-known/openid-configuration", maxIssuerDocument)
	if err != nil {
		return nil, err
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &document); err != nil || document.Issuer != t.URL {
		return nil, errors.New("its discovery document does not name it as the issuer")
	}
	if !strings.HasPrefix(document.Keys, "https://") {
		return nil, errors.New("the jwks_uri of its discovery document is not an https URL")
	}
	if text, err = t.fetch(ctx, document.Keys, maxIssuerDocument); err != nil {
		return nil, err
	}
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, errors.New("its keys are not a JSON Web Key Set")
	}
	var keys []jose.JSONWebKey
	for _, k := range raw.Keys { // of kinds that are not known here there may be others
		var key jose.JSONWebKey
		if json.Unmarshal(k, &key) == nil && key.IsPublic() {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// verifyExternal is Verify for tokens of trusted issuers; false if it is of none.
func (s *Service) verifyExternal(token string) (p arm.Principal, is bool, err error) {
	var c claims
	var app struct {
		Client string `json:"client_id"`
	}
	t, is, err := s.external(token, &c, &app)
	if !is || err != nil {
		return arm.Principal{}, is, err
	}
	switch {
	case !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(t.Audiences, a) }):
		return arm.Principal{}, true, errors.New("it is for another audience")
	case c.Subject == "":
		return arm.Principal{}, true, errors.New("it names nobody (sub)")
	}
	p = arm.Principal{ID: ExternalID(t.URL, c.Subject), Tenant: s.Tenant()}
	for _, name := range []string{c.Preferred, c.UPN, c.Name, c.AZP, c.AppID, app.Client, c.Subject} {
		if p.Client == "" {
			p.Client = clean(name)
		}
	}
	p.Name = p.Client
	return p, true, nil
}
