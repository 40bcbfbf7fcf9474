package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
)

// token is what an issuer gave for a person's consent, as stored: sealed with the
// connection, and never served.
type token struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh,omitempty"`
	Ends    time.Time `json:"ends,omitzero"` // zero: not told
	// User is whom it acts for, as far as an ID token says: name, objectId, tenantId.
	User expr.Value `json:"user"`
	// Refused is why the issuer gives no new one; "" while it does.
	Refused string `json:"refused,omitempty"`
	// Asked is when the issuer was asked for the next one, stored before it was; zero when
	// its answer is stored.
	Asked time.Time `json:"asked,omitzero"`
}

// tokenMargin is how long before its end a token is renewed.
const tokenMargin = 2 * time.Minute

// problem says why a token cannot be used any more, and what to do; "" if it can.
func (t *token) problem(now time.Time) string {
	switch {
	case t.Refused != "":
		return "The issuer gives no new token: " + strings.TrimSuffix(t.Refused, ".") + ". Consent again (listConsentLinks)."
	case t.Refresh == "" && !t.Ends.IsZero() && !now.Before(t.Ends):
		return "The token has ended, and the issuer gave none to renew it with (often by the scope offline_access). Consent again (listConsentLinks)."
	}
	return ""
}

func (f *connectionForm) setToken(parameter string, t *token) {
	if f.Tokens == nil {
		f.Tokens = map[string]*token{}
	}
	f.Tokens[parameter] = t
}

// issuer is who gives tokens for an OAuth parameter.
type issuer struct {
	authorize, token, refresh string // absolute URLs
	client, secret            string
	resource                  string // of issuers that are asked for one (aad)
	scopes                    []string
}

// issuer reads the settings of an OAuth parameter; what they leave out, the document's
// security may say.
func (a *api) issuer(p *Parameter) (*issuer, *arm.Error) {
	settings := at(p.Definition, "oAuthSettings")
	custom := at(settings, "customParameters")
	of := func(names ...string) string {
		for _, name := range names {
			v, _ := folded(custom, name)
			if v.Kind() == expr.KindObject {
				v = at(v, "value")
			}
			if s, _ := v.AsString(); strings.TrimSpace(s) != "" {
				return strings.TrimSpace(s)
			}
		}
		return ""
	}
	i := &issuer{client: text(settings, "clientId"), secret: text(settings, "clientSecret"), resource: of("resourceUri"),
		authorize: of("authorizationUrl", "authorizationUrlTemplate"), token: of("tokenUrl", "tokenUrlTemplate"), refresh: of("refreshUrl", "refreshUrlTemplate")}
	for _, scope := range at(settings, "scopes").Elements() {
		i.scopes = append(i.scopes, scope.Text())
	}
	if login := of("loginUri"); i.authorize == "" && login != "" {
		base := strings.TrimSuffix(login, "/") + "/" + orText(of("tenantId"), "common") + "/oauth2/"
		i.authorize, i.token = base+"authorize", base+"token"
	}
	if a.custom != nil {
		i.fromDocument(at(a.custom.Swagger, "securityDefinitions"))
	}
	i.refresh = orText(i.refresh, i.token)
	place := "connectionParameters." + p.Name + ".oAuthSettings"
	if i.client == "" {
		return nil, arm.Invalid("InvalidOAuthSettings", place+".clientId", "The OAuth settings of the connection parameter '%s' have no clientId: register an application at the issuer, with the redirect URI that the API shows as 'redirectUrl', and give its id and secret.", p.Name)
	}
	for _, u := range [...]struct{ name, url string }{{"authorizationUrl", i.authorize}, {"tokenUrl", i.token}, {"refreshUrl", i.refresh}} {
		if !absolute(u.url) {
			return nil, arm.Invalid("InvalidOAuthSettings", place+".customParameters."+u.name, "The OAuth settings of the connection parameter '%s' have no '%s' that is an absolute http or https URL.", p.Name, u.name)
		}
	}
	return i, nil
}

func (i *issuer) fromDocument(definitions expr.Value) {
	for _, d := range definitions.Members() {
		if text(d, "type") != "oauth2" {
			continue
		}
		i.authorize, i.token = orText(i.authorize, text(d, "authorizationUrl")), orText(i.token, text(d, "tokenUrl"))
		if len(i.scopes) == 0 {
			for scope := range at(d, "scopes").Members() {
				i.scopes = append(i.scopes, scope)
			}
		}
		return
	}
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func absolute(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// page is where a person consents.
func (i *issuer) page(redirect, state, verifier string) string {
	u, err := url.Parse(i.authorize)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(verifier))
	q := u.Query()
	for name, v := range map[string]string{"response_type": "code", "client_id": i.client, "redirect_uri": redirect, "state": state, "scope": strings.Join(i.scopes, " "), "resource": i.resource,
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256"} {
		if v != "" {
			q.Set(name, v)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// refusal is an issuer's answer that gives no token: asking again changes nothing.
type refusal struct{ code, description string }

func (r *refusal) Error() string {
	return strings.TrimSpace(bounded(r.code, 64) + " " + bounded(r.description, 300))
}

// exchange asks an issuer for tokens, from inside the network as the API's calls are. The
// error is a *refusal, or says why the issuer could not be asked; it holds no secret.
func (s *Service) exchange(ctx context.Context, environment string, i *issuer, form url.Values) (*token, error) {
	if s.config.Call == nil {
		return nil, errors.New("this server makes no calls")
	}
	form.Set("client_id", i.client)
	if i.secret != "" {
		form.Set("client_secret", i.secret)
	}
	if i.resource != "" {
		form.Set("resource", i.resource)
	}
	to := i.token
	if form.Get("grant_type") == "refresh_token" {
		to = i.refresh
	}
	outcome := s.config.Call(ctx, environment, object("method", "POST", "uri", to, "body", form.Encode(),
		"headers", object("Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json")))
	status, _ := at(outcome.Outputs, "statusCode").AsInt()
	answer := tokenAnswer(at(outcome.Outputs, "body"))
	switch {
	case status >= 200 && status < 300 && text(answer, "access_token") != "":
		return s.tokenOf(answer), nil
	case status >= 200 && status < 300 && text(answer, "error") == "":
		return nil, &refusal{"invalid_response", "the answer holds no access_token"}
	case status >= 200 && status < 300, status >= 400 && status < 500 && status != 408 && status != 429:
		return nil, &refusal{orText(text(answer, "error"), fmt.Sprint("HTTP ", status)), text(answer, "error_description")}
	case outcome.Error != nil:
		return nil, errors.New(outcome.Error.Code + ": " + outcome.Error.Message)
	}
	return nil, fmt.Errorf("it answered with HTTP %d", status)
}

// tokenAnswer is the answer as an object, whatever its type says.
func tokenAnswer(body expr.Value) expr.Value {
	if s, ok := body.AsString(); ok {
		if v, err := expr.ParseJSON([]byte(s)); err == nil {
			return v
		}
		if q, err := url.ParseQuery(s); err == nil && q.Has("access_token") { // as some issuers of early days do
			return object("access_token", q.Get("access_token"), "refresh_token", q.Get("refresh_token"), "expires_in", q.Get("expires_in"))
		}
	}
	return body
}

func (s *Service) tokenOf(answer expr.Value) *token {
	t := &token{Access: text(answer, "access_token"), Refresh: text(answer, "refresh_token"), User: userOf(text(answer, "id_token"))}
	t.Ends = s.endOf(at(answer, "expires_in").Text())
	return t
}

// endOf is the end of a token that is good for a number of seconds, which some issuers write
// as a text or with a fraction; zero if that is no number.
func (s *Service) endOf(seconds string) time.Time {
	n, err := strconv.ParseFloat(strings.TrimSpace(seconds), 64)
	if err != nil || !(n > 0 && n < 1<<31) {
		return time.Time{}
	}
	return s.config.Clock().Add(time.Duration(n) * time.Second).UTC()
}

// userOf is what an ID token says of whom it is for. It came from the issuer itself, and
// only names the person to people.
func userOf(idToken string) expr.Value {
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return expr.Null()
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return expr.Null()
	}
	claims, err := expr.ParseJSON(payload)
	if err != nil {
		return expr.Null()
	}
	name := orText(text(claims, "preferred_username"), orText(text(claims, "upn"), orText(text(claims, "email"), text(claims, "name"))))
	return object("name", bounded(name, 256), "objectId", bounded(text(claims, "oid"), 64), "tenantId", bounded(text(claims, "tid"), 64))
}

// oauthParameter is the one whose token calls carry; nil if the API has none.
func (a *api) oauthParameter() *Parameter {
	for i := range a.parameters {
		if a.parameters[i].oauth() {
			return &a.parameters[i]
		}
	}
	return nil
}
