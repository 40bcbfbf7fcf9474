package identity

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"isle/internal/arm"
	"isle/internal/store"
)

// TokenLife is how long a token is valid.
const TokenLife = time.Hour

// leeway is how far clocks may differ.
const leeway = time.Minute

// Config of a service.
type Config struct {
	Store *store.Store
	// TenantName is the tenant's domain, which paths may name instead of its id; "" is
	// isle.local.
	TenantName string
	// Audiences are what tokens may be for, besides the server's own URLs; none is
	// arm.DefaultAudiences.
	Audiences []string
	// AllowHost says under which hosts the issuer answers and whose tokens it accepts;
	// nil allows loopback names.
	AllowHost func(host string) bool
	// Allow says whether a principal may read or change the directory; nil: nobody may.
	Allow func(p arm.Principal, action string) bool
	// Managed is the principal of the managed identity that a resource has, or is; "" for
	// none. nil: none has one that the resource manager knows.
	Managed func(ctx context.Context, resource string) (principal string)
	// Caller is the address that a request comes from, for counting failed logins; nil: its
	// socket's.
	Caller func(*http.Request) netip.Addr
	// Record notes who changes the directory, in the transaction of the change, and what
	// was refused; nil: nobody wants to know.
	Record func(tx *store.Tx, e Entry) error
	// Clock is nil for time.Now.
	Clock func() time.Time
}

// Service is issuer, verifier and directory. Safe for concurrent use.
type Service struct {
	config  Config
	db      *store.DB
	checker *checker
	limiter limiter
	replays replays
	pending pending
	trusted atomic.Pointer[[]*trusted] // nil: none

	changing  sync.Mutex // held while directory or keys are replaced
	directory atomic.Pointer[directory]
	keys      atomic.Pointer[keyRing]
}

// Open reads tenant, clients and keys, and makes them on first start.
func Open(ctx context.Context, c Config) (*Service, error) {
	if c.TenantName == "" {
		c.TenantName = "isle.local"
	}
	if len(c.Audiences) == 0 {
		c.Audiences = arm.DefaultAudiences()
	}
	if c.AllowHost == nil {
		c.AllowHost = isLoopback
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	s := &Service{config: c, db: c.Store.Control(), checker: newChecker()}
	if err := s.openDirectory(ctx); err != nil {
		return nil, err
	}
	return s, s.openKeys(ctx)
}

func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Tenant is the tenant's id.
func (s *Service) Tenant() string { return s.directory.Load().Tenant }

// Subscription is the id of the tenant's subscription.
func (s *Service) Subscription() string { return s.directory.Load().Subscription }

func (s *Service) now() time.Time { return s.config.Clock().UTC() }

// claims of a token, as Entra names them.
type claims struct {
	jwt.Claims
	Version string `json:"ver"`
	Tenant  string `json:"tid"`
	Object  string `json:"oid"`
	AppID   string `json:"appid,omitempty"` // version 1.0
	AZP     string `json:"azp,omitempty"`   // version 2.0
	Type    string `json:"idtyp,omitempty"`
	// Of a person.
	UPN       string `json:"upn,omitempty"`
	Name      string `json:"name,omitempty"`
	Preferred string `json:"preferred_username,omitempty"`
	Scope     string `json:"scp,omitempty"`
	Nonce     string `json:"nonce,omitempty"`
	Session   string `json:"sid,omitempty"` // of a page: the sign-in that the token ends with
	// Resource is the resource ID of a managed identity: the one that has a
	// system-assigned identity, or the user-assigned one.
	Resource string `json:"xms_mirid,omitempty"`
}

// ManagedToken makes a token for a managed identity, as resources get it from the
// platform: version 1.0, for any audience. base is the server's URL. The resource
// manager takes it while the resource has the identity; roles are given to its principal.
func (s *Service) ManagedToken(base, principal, resource, audience string) (token string, expires time.Time, err error) {
	now := s.now()
	expires = now.Add(TokenLife)
	tenant := s.Tenant()
	all := claims{Claims: jwt.Claims{Issuer: issuer(base, tenant, "1.0"), Subject: principal, Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(expires), ID: arm.NewGUID()},
		Version: "1.0", Tenant: tenant, Object: principal, AppID: principal, Type: "app", Resource: resource}
	token, err = s.sign(all)
	return token, expires, err
}

// issuer is the iss of tokens: as in Entra, the two versions differ.
func issuer(base, tenant, version string) string {
	if version == "1.0" {
		return base + "/" + tenant + "/"
	}
	return base + "/" + tenant + "/v2.0"
}

// Verify checks a token: RS256 by a key of the issuer, named by its id; issuer, audience
// and times. The error says which, and nothing of the token; it is an *arm.Error if the
// token was not judged.
func (s *Service) Verify(token string) (arm.Principal, error) {
	if p, is, err := s.verifyExternal(token); is {
		return p, err
	}
	var c claims
	if err := s.open(token, &c); err != nil {
		return arm.Principal{}, err
	}
	if err := s.current(c); err != nil {
		return arm.Principal{}, err
	}
	if len(c.Audience) != 1 || !s.isAudience(c.Audience[0]) {
		return arm.Principal{}, errors.New("it is for another audience")
	}
	if c.Resource != "" {
		return s.managed(c)
	}
	if c.Session != "" {
		switch on, err := s.goesOn(c.Session); {
		case err != nil:
			return arm.Principal{}, &arm.Error{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "Whether the sign-in goes on cannot be read just now. Try again.", Cause: err}
		case !on:
			return arm.Principal{}, errors.New("its sign-in has ended: sign in again")
		}
	}
	return principal(s.directory.Load(), c)
}

// managed is the principal of a managed identity, if its resource still has it.
func (s *Service) managed(c claims) (arm.Principal, error) {
	if s.config.Managed == nil || c.Object == "" || s.config.Managed(context.Background(), c.Resource) != c.Object {
		return arm.Principal{}, errors.New("its managed identity is not there any more")
	}
	return arm.Principal{ID: c.Object, Client: c.AppID, Tenant: c.Tenant, Name: c.Resource}, nil
}

// open checks the signature of a token of this issuer, and reads its claims.
func (s *Service) open(token string, into ...any) error {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(parsed.Headers) != 1 {
		return errors.New("it is not a token signed with RS256")
	}
	key := s.keys.Load().public(parsed.Headers[0].KeyID)
	if key == nil {
		return errors.New("its key id is not one of this issuer's keys: get a new token")
	}
	if err := parsed.Claims(key, into...); err != nil {
		return errors.New("its signature is wrong")
	}
	return nil
}

// current checks issuer and times of a token of this issuer.
func (s *Service) current(c claims) error {
	tenant := s.Tenant()
	if !s.isIssuer(c.Issuer, tenant, c.Version) || c.Tenant != tenant {
		return errors.New("it is from another issuer")
	}
	return within(c.Claims, s.now())
}

func within(c jwt.Claims, now time.Time) error {
	switch {
	case c.Expiry == nil || now.After(c.Expiry.Time().Add(leeway)):
		return errors.New("it has expired: get a new one")
	case c.NotBefore != nil && now.Add(leeway).Before(c.NotBefore.Time()):
		return errors.New("it is not valid yet: compare the clocks")
	}
	return nil
}

// Claims reads the claims of a token, for who decides by them: it is signed by this
// issuer or one that is trusted, and has not ended; whom it is for is the caller's to check.
func (s *Service) Claims(token string) (map[string]any, error) {
	var c claims
	all := map[string]any{}
	if _, is, err := s.external(token, &all); is {
		return all, err
	}
	if err := s.open(token, &c, &all); err != nil {
		return nil, err
	}
	return all, s.current(c)
}

// principal is the client or person a token was made for, if still there.
func principal(d *directory, c claims) (arm.Principal, error) {
	id := c.AppID
	if c.Version != "1.0" {
		id = c.AZP
	}
	if c.Type == "user" {
		u, ok := d.user(c.Object)
		if !ok || u.Disabled || c.IssuedAt == nil || c.IssuedAt.Time().Before(u.Since.Truncate(time.Second)) {
			return arm.Principal{}, errors.New("its user is disabled or deleted, or has another password since: sign in again")
		}
		return u.principal(d.Tenant), nil
	}
	found, ok := d.client(id)
	if !ok || found.Object != c.Object {
		return arm.Principal{}, errors.New("its client is not in the tenant any more")
	}
	return found.principal(d.Tenant), nil
}

func (s *Service) isIssuer(text, tenant, version string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && s.config.AllowHost(u.Host) && text == issuer("https://"+u.Host, tenant, version)
}

// isAudience accepts the configured audiences and the server's own URLs, with or
// without a slash at the end.
func (s *Service) isAudience(audience string) bool {
	plain := strings.TrimSuffix(audience, "/")
	if slices.ContainsFunc(s.config.Audiences, func(a string) bool { return strings.TrimSuffix(a, "/") == plain }) {
		return true
	}
	u, err := url.Parse(plain)
	return err == nil && u.Scheme == "https" && u.Path == "" && u.Host != "" && u.User == nil && s.config.AllowHost(u.Host)
}

// Authenticate implements arm.Authenticator: a bearer token in the header
// Authorization.
func (s *Service) Authenticate(r *http.Request) (arm.Principal, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return arm.Principal{}, errors.New("the header Authorization must be 'Bearer' and a token")
	}
	return s.Verify(strings.TrimSpace(token))
}
