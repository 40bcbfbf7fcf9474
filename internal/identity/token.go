package identity

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// token answers a request for a token: for a client by its own credentials, for a person
// by what a sign-in has given the client, by a refresh token, or by name and password.
func (s *Service) token(w http.ResponseWriter, r *http.Request, base, version string) (any, *fault) {
	if f := s.readForm(w, r); f != nil {
		return nil, f
	}
	grant := r.PostForm.Get("grant_type")
	switch grant {
	case "":
		return nil, missing("grant_type")
	case "client_credentials":
		return s.clientToken(r, base, version)
	case "authorization_code":
		return s.redeemCode(w, r, base, version)
	case "refresh_token":
		return s.refresh(r, base, version)
	case "password":
		return s.passwordToken(r, base, version)
	case grantDevice, "device_code":
		return s.redeemDevice(r, base, version)
	}
	return nil, &fault{status: http.StatusBadRequest, name: "unsupported_grant_type", code: 70003, description: "The app requested an unsupported grant type '" + clean(grant) +
		"'. This issuer knows client_credentials, authorization_code, refresh_token, password and device_code."}
}

// readForm reads the form of a POST, bounded.
func (s *Service) readForm(w http.ResponseWriter, r *http.Request) *fault {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &fault{status: http.StatusMethodNotAllowed, name: "invalid_request", code: 900561, description: "The endpoint only accepts POST requests."}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return &fault{status: http.StatusBadRequest, name: "invalid_request", code: 900144, description: "The request body could not be read: it must be a form of at most 64 KB."}
	}
	return nil
}

// clientToken is the grant by client credentials.
func (s *Service) clientToken(r *http.Request, base, version string) (any, *fault) {
	c, f := s.login(r)
	if f != nil {
		return nil, f
	}
	audience, f := s.audience(r.PostForm, version)
	if f != nil {
		return nil, f
	}
	all := claims{Claims: s.standard(base, version, c.Object, audience), Version: version, Tenant: s.Tenant(), Object: c.Object, Type: "app"}
	all.setClient(c.ID)
	return s.answerToken(all, version, audience, nil)
}

// setClient names the client as the version of the token has it.
func (c *claims) setClient(id string) {
	if c.Version == "1.0" {
		c.AppID = id
	} else {
		c.AZP = id
	}
}

// answerToken signs a token, and adds to the answer what else it holds.
func (s *Service) answerToken(all claims, version, audience string, more map[string]any) (any, *fault) {
	token, err := s.sign(all)
	if err != nil {
		return nil, &fault{status: http.StatusInternalServerError, name: "server_error", code: 90033, description: "The token could not be signed."}
	}
	life := int64(TokenLife/time.Second) - 1
	answer := map[string]any{"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}
	if version == "1.0" {
		now := s.now().Unix()
		text := func(n int64) string { return strconv.FormatInt(n, 10) } // numbers are texts in version 1.0
		answer = map[string]any{"token_type": "Bearer", "expires_in": text(life), "ext_expires_in": text(life), "expires_on": text(now + life), "not_before": text(now),
			"resource": audience, "access_token": token}
	}
	for name, v := range more {
		answer[name] = v
	}
	return answer, nil
}

// clientOf reads id and secret of a request, from the form or from the header
// Authorization, where both are form-encoded (RFC 6749 §2.3.1).
func clientOf(r *http.Request) (id, secret string) {
	id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		var err1, err2 error
		if id, err1 = url.QueryUnescape(user); err1 != nil {
			id = user
		}
		if secret, err2 = url.QueryUnescape(password); err2 != nil {
			secret = password
		}
	}
	return id, secret
}

// login finds the client, and checks its secret or the assertion that it signed.
func (s *Service) login(r *http.Request) (client, *fault) {
	id, text := clientOf(r)
	if id == "" && r.PostForm.Get("client_assertion") != "" {
		id = assertedClient(r.PostForm.Get("client_assertion"))
	}
	c, found := s.directory.Load().client(id)
	switch assertion := r.PostForm.Get("client_assertion"); {
	case id == "":
		return client{}, missing("client_id")
	case text == "" && assertion != "" && found:
		return s.loginByAssertion(r, c, assertion)
	case text == "" && assertion == "":
		return client{}, &fault{status: http.StatusUnauthorized, name: "invalid_client", code: 7000218, description: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	}
	valid := c.valid(s.now())
	for _, v := range valid {
		if s.checker.remembered(c.ID+"/"+v.ID, v.Hash, text) {
			return c, nil
		}
	}
	if f := s.limited(r); f != nil {
		return client{}, f
	}
	for _, v := range valid {
		if s.checker.right(c.ID+"/"+v.ID, v.Hash, text) {
			return c, nil
		}
	}
	s.limiter.failed(s.address(r), s.now())
	switch {
	case !found:
		return client{}, &fault{status: http.StatusBadRequest, name: "unauthorized_client", code: 700016,
			description: fmt.Sprintf("Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant. You may have sent your authentication request to the wrong tenant.", clean(id), s.config.TenantName)}
	case len(valid) == 0 && len(c.Secrets) > 0:
		return client{}, &fault{status: http.StatusUnauthorized, name: "invalid_client", code: 7000222,
			description: fmt.Sprintf("The provided client secret keys for app '%s' are expired. Add a new secret: isle app reset %s.", c.ID, c.ID)}
	}
	return client{}, &fault{status: http.StatusUnauthorized, name: "invalid_client", code: 7000215,
		description: fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", c.ID)}
}

// limited refuses an address that has failed too often, unlooked at.
func (s *Service) limited(r *http.Request) *fault {
	if wait := s.limiter.wait(s.address(r), s.now()); wait > 0 {
		return &fault{status: http.StatusTooManyRequests, name: "temporarily_unavailable", code: 50196, after: wait, description: "Too many failed logins from this address. Wait before the next one."}
	}
	return nil
}

// audience is whom a client's token is for: a scope that ends with /.default, or a
// resource.
func (s *Service) audience(form url.Values, version string) (string, *fault) {
	audience, name := form.Get("resource"), "resource"
	if version == "2.0" {
		name = "scope"
		scopes := strings.Fields(form.Get("scope"))
		audience = ""
		for _, scope := range scopes {
			if before, ok := strings.CutSuffix(scope, "/.default"); ok {
				audience = before
			}
		}
		if len(scopes) > 0 && audience == "" {
			return "", &fault{status: http.StatusBadRequest, name: "invalid_scope", code: 1002012,
				description: "The provided value for scope " + clean(form.Get("scope")) + " is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
		}
	}
	return s.knownAudience(audience, name)
}

func (s *Service) knownAudience(audience, name string) (string, *fault) {
	switch {
	case audience == "":
		return "", missing(name)
	case !s.isAudience(audience):
		return "", &fault{status: http.StatusBadRequest, name: "invalid_resource", code: 500011,
			description: fmt.Sprintf("The resource principal named %s was not found in the tenant named %s. Ask for %s.", clean(audience), s.config.TenantName, s.config.Audiences[0])}
	}
	return audience, nil
}

// ofOpenID are the scopes that ask for no access to anything.
func ofOpenID(scope string) bool {
	switch scope {
	case "openid", "profile", "email", "offline_access":
		return true
	}
	return false
}

// personAudience is whom a token for a person is for: the resource of the scopes, else
// what the sign-in was for, else the resource manager. Scopes are all of one resource.
func (s *Service) personAudience(form url.Values, signedInFor string) (string, *fault) {
	audience := form.Get("resource")
	for _, scope := range strings.Fields(form.Get("scope")) {
		if ofOpenID(scope) {
			continue
		}
		cut := strings.LastIndexByte(scope, '/')
		if cut < 0 || strings.HasSuffix(scope[:cut], ":/") {
			continue // a client's own id, or a scope without a resource: none of ours
		}
		audience = scope[:cut]
	}
	if audience == "" {
		audience = signedInFor
	}
	if audience == "" {
		audience = s.config.Audiences[0]
	}
	return s.knownAudience(audience, "scope")
}

// clientInfo is what MSAL knows an account by, when it asks for it.
func clientInfo(object, tenant string) string {
	text, _ := json.Marshal(map[string]string{"uid": object, "utid": tenant})
	return base64.RawURLEncoding.EncodeToString(text)
}
