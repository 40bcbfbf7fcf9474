package http

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // x5t is defined with it
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// DefaultAuthority issues the tokens of authentications that name no authority.
const DefaultAuthority = "https://login.microsoftonline.com"

const (
	maxTokenBody = 1 << 20
	maxTokens    = 1024
	// maxTokenError bounds what is told of an authority's refusal, in bytes.
	maxTokenError = 1024
	// tokenMargin is how long before its end a token is renewed.
	tokenMargin = 5 * time.Minute
)

// directoryToken gets a token for the credentials of an ActiveDirectoryOAuth
// object from its authority, over the network of the action.
func (o *Operation) directoryToken(ctx context.Context, c connector.Call, a object) (string, error) {
	// Tokens of one environment are never given to another.
	key := tokenKey(c.Dialer.Source().Environment, a)
	if token, ok := o.tokens.get(key, o.options.Clock()); ok {
		return token, nil
	}
	endpoint, err := o.tokenEndpoint(a)
	if err != nil {
		return "", err
	}
	form, err := o.tokenForm(a, endpoint)
	if err != nil {
		return "", err
	}
	token, life, err := o.requestToken(ctx, c, endpoint, form)
	if err != nil {
		return "", err
	}
	o.tokens.put(key, token, o.options.Clock(), life)
	return token, nil
}

func (o *Operation) tokenEndpoint(a object) (string, error) {
	u, err := parseAddress(cmp.Or(a.text("authority"), o.options.Authority, DefaultAuthority))
	if err != nil {
		return "", invalidf("the 'authority' of the authentication is not an http or https address.")
	}
	return u.JoinPath(url.PathEscape(a.text("tenant")), "oauth2", "token").String(), nil
}

// tokenForm is the client credentials grant, with a secret or a signed assertion.
func (o *Operation) tokenForm(a object, endpoint string) (url.Values, error) {
	form := url.Values{
		"grant_type": {"client_credentials"},
		"client_id":  {a.text("clientId")},
		"resource":   {a.text("audience")},
	}
	if a.text("pfx") == "" && !strings.EqualFold(a.text("credentialType"), "Certificate") {
		form.Set("client_secret", a.text("secret"))
		return form, nil
	}
	assertion, err := o.assertion(a, endpoint)
	if err != nil {
		return nil, err
	}
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return form, nil
}

// assertion is the JWT, signed with the certificate's key, that stands for a secret.
func (o *Operation) assertion(a object, endpoint string) (string, error) {
	certificate, err := readPFX(a.text("pfx"), a.text("password"))
	if err != nil {
		return "", err
	}
	key, ok := certificate.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		return "", invalidf("the key of the 'pfx' of the authentication is not an RSA key.")
	}
	thumbprint := sha1.Sum(certificate.Certificate[0])
	now := o.options.Clock()
	header, _ := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "x5t": base64.RawURLEncoding.EncodeToString(thumbprint[:])})
	claims, _ := json.Marshal(map[string]any{
		"aud": endpoint, "iss": a.text("clientId"), "sub": a.text("clientId"), "jti": rand.Text(),
		"nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	})
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// requestToken makes the one request, which follows no redirect: its body is the
// credential.
func (o *Operation) requestToken(ctx context.Context, c connector.Call, endpoint string, form url.Values) (string, time.Duration, error) {
	request, err := http.NewRequestWithContext(told(ctx), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, invalidf("the 'authority' of the authentication is not valid.")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	answer, err := o.transports.of(c.Dialer).RoundTrip(request)
	if err != nil {
		return "", 0, err
	}
	defer answer.Body.Close()
	body, err := readAll(answer, true, maxTokenBody, nil)
	if err != nil {
		return "", 0, err
	}
	var reply struct {
		AccessToken      string          `json:"access_token"`
		ExpiresIn        json.RawMessage `json:"expires_in"` // a number, or a number as text
		Error            string          `json:"error"`
		ErrorDescription string          `json:"error_description"`
	}
	err = json.Unmarshal(body, &reply)
	switch {
	case answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500:
		return "", 0, &authError{code: codeUnavailable, retryable: true,
			message: fmt.Sprintf("Http request failed as there is an error getting AD OAuth token: 'the authority answered with status %d'.", answer.StatusCode)}
	case reply.Error != "":
		return "", 0, tokenFailure("%s", without(firstLine(reply.Error+": "+reply.ErrorDescription), form))
	case err != nil || reply.AccessToken == "" || answer.StatusCode != http.StatusOK:
		return "", 0, tokenFailure("the authority answered with status %d and no token", answer.StatusCode)
	}
	seconds, _ := strconv.Atoi(strings.Trim(string(reply.ExpiresIn), `"`))
	return reply.AccessToken, time.Duration(seconds) * time.Second, nil
}

// without takes the credentials of a request out of what its answer says.
func without(text string, form url.Values) string {
	for _, name := range [...]string{"client_secret", "client_assertion"} {
		if secret := form.Get(name); secret != "" {
			text = strings.ReplaceAll(text, secret, engine.Sanitised)
		}
	}
	return strings.ToValidUTF8(text[:min(len(text), maxTokenError)], "")
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.TrimSpace(s)
}

// tokenCache keeps tokens in memory, under a hash of what they were given for.
type tokenCache struct {
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]cachedToken // guarded by mu
}

type cachedToken struct {
	text  string
	until time.Time
}

func tokenKey(environment string, a object) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(environment))
	h.Write([]byte{0})
	h.Write(a.v.AppendJSON(nil))
	return [sha256.Size]byte(h.Sum(nil))
}

func (t *tokenCache) get(key [sha256.Size]byte, now time.Time) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.tokens[key]
	return c.text, ok && now.Before(c.until)
}

// forget drops a token that its audience has refused, so that the next attempt gets a
// new one.
func (t *tokenCache) forget(environment string, authentication expr.Value) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tokens, tokenKey(environment, object{authentication}))
}

func (t *tokenCache) put(key [sha256.Size]byte, token string, now time.Time, life time.Duration) {
	if life <= tokenMargin {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tokens == nil || len(t.tokens) >= maxTokens {
		t.tokens = map[[sha256.Size]byte]cachedToken{}
	}
	t.tokens[key] = cachedToken{token, now.Add(life - tokenMargin)}
}
