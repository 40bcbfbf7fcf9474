package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxAssertionLife is how far in the future an assertion may end.
const maxAssertionLife = 24 * time.Hour

// assertedClient is whom an assertion says it is from; nothing of it is checked.
func assertedClient(assertion string) string {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c struct {
		Subject string `json:"sub"`
	}
	if err != nil || json.Unmarshal(text, &c) != nil {
		return ""
	}
	return c.Subject
}

// loginByAssertion checks an assertion that a client has signed with the key of one of
// its certificates (RFC 7523): from it, about it, for this issuer, now, and once.
func (s *Service) loginByAssertion(r *http.Request, c client, assertion string) (client, *fault) {
	if f := s.limited(r); f != nil {
		return client{}, f
	}
	code, wrong := s.checkAssertion(c, r.PostForm.Get("client_assertion_type"), assertion)
	if wrong == "" {
		return c, nil
	}
	s.limiter.failed(s.address(r), s.now())
	return client{}, &fault{status: http.StatusUnauthorized, name: "invalid_client", code: code, description: "Client assertion: " + wrong}
}

func (s *Service) checkAssertion(c client, typ, assertion string) (code int, wrong string) {
	if typ != assertionType {
		return 50027, "the parameter client_assertion_type must be '" + assertionType + "'."
	}
	parsed, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
	if err != nil || len(parsed.Headers) != 1 {
		return 50027, "it is not a JWT signed with RS256 or PS256."
	}
	key, ok := s.assertionKey(c, parsed.Headers[0])
	if !ok {
		return 700027, "the key that signed it is not one of the app's certificates, or the certificate has ended. Give the app this certificate: isle app certificate " + c.ID + " FILE."
	}
	var got jwt.Claims
	if err := parsed.Claims(key, &got); err != nil {
		return 700027, "its signature is wrong."
	}
	now := s.now()
	switch {
	case !strings.EqualFold(got.Issuer, c.ID) || !strings.EqualFold(got.Subject, c.ID):
		return 700021, "its iss and sub must be the app's id."
	case len(got.Audience) != 1 || !s.assertsToUs(got.Audience[0]):
		return 700023, "its aud must be the token endpoint of this issuer."
	case got.Expiry == nil || now.After(got.Expiry.Time().Add(leeway)) || got.NotBefore != nil && now.Add(leeway).Before(got.NotBefore.Time()):
		return 700024, "it is not within its valid time range."
	case got.Expiry.Time().After(now.Add(maxAssertionLife)):
		return 700024, "it ends more than a day from now."
	case got.ID != "" && !s.replays.first(c.ID+"\x00"+got.ID, got.Expiry.Time().Add(leeway), now):
		return 700030, "it was used before: its jti must be a new one each time."
	}
	return 0, ""
}

// assertionKey finds the certificate that the header names, by x5t, x5t#S256 or kid.
func (s *Service) assertionKey(c client, h jose.Header) (any, bool) {
	name := func(member string) string {
		text, _ := h.ExtraHeaders[jose.HeaderKey(member)].(string)
		// Some libraries write them in the other alphabet of base64.
		return strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
	}
	for _, k := range c.Keys {
		sum := sha256.Sum256(k.DER)
		thumb256 := base64.RawURLEncoding.EncodeToString(sum[:])
		if name("x5t") != k.Thumb && name("x5t#S256") != thumb256 && h.KeyID != k.Thumb && h.KeyID != thumb256 && !strings.EqualFold(h.KeyID, hexThumb(k.Thumb)) {
			continue
		}
		certificate, err := x509.ParseCertificate(k.DER)
		if err == nil && !s.now().After(certificate.NotAfter) {
			return certificate.PublicKey, true
		}
	}
	return nil, false
}

// hexThumb is a thumbprint as it is shown to people.
func hexThumb(thumb string) string {
	b, err := base64.RawURLEncoding.DecodeString(thumb)
	if err != nil {
		return ""
	}
	const digits = "0123456789ABCDEF"
	text := make([]byte, 0, 2*len(b))
	for _, c := range b {
		text = append(text, digits[c>>4], digits[c&15])
	}
	return string(text)
}

// assertsToUs accepts the URLs of the token endpoints, and the issuer's own.
func (s *Service) assertsToUs(audience string) bool {
	u, err := url.Parse(audience)
	if err != nil || u.Scheme != "https" || !s.config.AllowHost(u.Host) {
		return false
	}
	tenant, rest, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	switch rest {
	case "oauth2/v2.0/token", "oauth2/token", "v2.0", "":
		return s.isTenant(tenant)
	}
	return false
}

// replays remembers what may be used once, until it has ended. The zero value is ready
// for use.
type replays struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// maxReplays bounds the memory; beyond, what has ended is forgotten, then all.
const maxReplays = 65536

func (p *replays) first(name string, ends, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until, ok := p.seen[name]; ok && now.Before(until) {
		return false
	}
	if p.seen == nil {
		p.seen = map[string]time.Time{}
	}
	if len(p.seen) >= maxReplays {
		for n, until := range p.seen {
			if !now.Before(until) {
				delete(p.seen, n)
			}
		}
	}
	if len(p.seen) >= maxReplays {
		return false // refuse rather than accept one twice
	}
	p.seen[name] = ends
	return true
}
