package identity

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"isle/internal/arm"
)

// maxForm bounds the body of a token request.
const maxForm = 64 << 10

// Owns reports whether a path is one of the issuer's:
// /{tenant}/oauth2/…, /{tenant}/v2.0/…, /{tenant}/discovery/…, /{tenant}/.well-known/…
// and /common/userrealm/….
func Owns(path string) bool {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) < 3 {
		return false
	}
	switch strings.ToLower(segments[1]) {
	case "oauth2", "v2.0", "discovery", ".well-known", "userrealm":
		return true
	}
	return false
}

// fault is an error in Entra's form.
type fault struct {
	status      int
	name        string // OAuth's word
	code        int    // AADSTS number
	description string
	after       time.Duration // Retry-After
}

func (f *fault) Error() string { return f.name + ": " + f.description }

// ServeHTTP answers the issuer's paths.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	arm.StrictTransport(h, r.Host)
	if !s.config.AllowHost(r.Host) {
		s.fail(w, r, &fault{status: http.StatusMisdirectedRequest, name: "invalid_request", code: 90002, description: "The host of the request is not one of this issuer's."})
		return
	}
	answer, f := s.answer(w, r)
	if f != nil {
		s.fail(w, r, f)
		return
	}
	send(w, http.StatusOK, answer)
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request) (any, *fault) {
	tenant, path, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	base := "https://" + r.Host
	path = strings.ToLower(path)
	if path == "discovery/instance" {
		return s.instance(r.Host), nil
	}
	if strings.HasPrefix(path, "userrealm/") {
		return map[string]any{"ver": "1.0", "account_type": "Managed", "domain_name": s.config.TenantName, "cloud_instance_name": r.Host, "cloud_audience_urn": "urn:federation:" + r.Host}, nil
	}
	if !s.isTenant(tenant) {
		return nil, &fault{status: http.StatusBadRequest, name: "invalid_tenant", code: 90002,
			description: fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", clean(tenant))}
	}
	switch path {
	case "v2.0/.well-known/openid-configuration":
		return s.configuration(base, "2.0"), nil
	case ".well-known/openid-configuration":
		if strings.EqualFold(tenant, adfs) {
			return s.configuration(base, "2.0"), nil
		}
		return s.configuration(base, "1.0"), nil
	case "discovery/v2.0/keys", "discovery/keys":
		return s.keys.Load().set(), nil
	case "oauth2/v2.0/token":
		return s.token(w, r, base, "2.0")
	case "oauth2/token":
		return s.token(w, r, base, "1.0")
	}
	return nil, &fault{status: http.StatusNotFound, name: "invalid_request", code: 900144, description: "This issuer has no such endpoint: it serves client credentials at oauth2/v2.0/token."}
}

// adfs is the tenant of an authority whose URL ends in /adfs. MSAL takes such an
// authority as it is and asks no public service whether it is known; az before the
// setting core.instance_discovery has no other way to an issuer of one's own.
const adfs = "adfs"

// isTenant accepts the tenant's id and name, and the words by which clients mean the
// tenant they do not know.
func (s *Service) isTenant(name string) bool {
	for _, t := range []string{s.Tenant(), s.config.TenantName, "common", "organizations", adfs} {
		if strings.EqualFold(name, t) {
			return true
		}
	}
	return false
}

// configuration is the OpenID Connect discovery document.
func (s *Service) configuration(base, version string) map[string]any {
	root := base + "/" + s.Tenant()
	infix := "/v2.0"
	if version == "1.0" {
		infix = ""
	}
	return map[string]any{
		"issuer": issuer(base, s.Tenant(), version), "token_endpoint": root + "/oauth2" + infix + "/token", "authorization_endpoint": root + "/oauth2" + infix + "/authorize",
		"jwks_uri": root + "/discovery" + infix + "/keys", "device_authorization_endpoint": root + "/oauth2" + infix + "/devicecode",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"}, "grant_types_supported": []string{"client_credentials"},
		"response_types_supported": []string{"token"}, "response_modes_supported": []string{"form_post"}, "subject_types_supported": []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{".default"},
		"claims_supported":              []string{"sub", "iss", "aud", "exp", "iat", "nbf", "tid", "oid", "ver", "azp", "appid"},
		"tenant_region_scope":           "NA",
		"cloud_instance_name":           strings.TrimPrefix(base, "https://"),
		"frontchannel_logout_supported": false, "request_uri_parameter_supported": false,
	}
}

// instance answers instance discovery: this authority is known, under its own name.
func (s *Service) instance(host string) map[string]any {
	return map[string]any{"tenant_discovery_endpoint": "https://" + host + "/" + s.Tenant() + "/v2.0/.well-known/openid-configuration", "api-version": "1.1",
		"metadata": []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}}}
}

// token answers a request for a token by client credentials.
func (s *Service) token(w http.ResponseWriter, r *http.Request, base, version string) (any, *fault) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &fault{status: http.StatusMethodNotAllowed, name: "invalid_request", code: 900561, description: "The endpoint only accepts POST requests."}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, &fault{status: http.StatusBadRequest, name: "invalid_request", code: 900144, description: "The request body could not be read: it must be a form of at most 64 KB."}
	}
	if grant := r.PostForm.Get("grant_type"); grant == "" {
		return nil, missing("grant_type")
	} else if grant != "client_credentials" {
		return nil, &fault{status: http.StatusBadRequest, name: "unsupported_grant_type", code: 70003, description: "The app requested an unsupported grant type '" + clean(grant) + "'. This issuer knows client_credentials."}
	}
	c, f := s.login(w, r)
	if f != nil {
		return nil, f
	}
	audience, f := s.audience(r.PostForm, version)
	if f != nil {
		return nil, f
	}
	token, err := s.issue(c, base, audience, version)
	if err != nil {
		return nil, &fault{status: http.StatusInternalServerError, name: "server_error", code: 90000, description: "The token could not be signed."}
	}
	return s.response(token, audience, version), nil
}

func (s *Service) response(token, audience, version string) map[string]any {
	life := int64(TokenLife/time.Second) - 1
	if version == "2.0" {
		return map[string]any{"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}
	}
	now := s.now().Unix()
	text := func(n int64) string { return strconv.FormatInt(n, 10) } // numbers are texts in version 1.0
	return map[string]any{"token_type": "Bearer", "expires_in": text(life), "ext_expires_in": text(life), "expires_on": text(now + life), "not_before": text(now),
		"resource": audience, "access_token": token}
}

// login finds the client and checks its secret, from the form or from the header
// Authorization.
func (s *Service) login(w http.ResponseWriter, r *http.Request) (client, *fault) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok { // both are form-encoded (RFC 6749 §2.3.1)
		var err1, err2 error
		if id, err1 = url.QueryUnescape(user); err1 != nil {
			id = user
		}
		if secret, err2 = url.QueryUnescape(password); err2 != nil {
			secret = password
		}
	}
	switch {
	case id == "":
		return client{}, missing("client_id")
	case secret == "" && r.PostForm.Get("client_assertion") != "":
		return client{}, &fault{status: http.StatusUnauthorized, name: "invalid_client", code: 700027, description: "Client assertions are not accepted by this issuer: log in with a client secret."}
	case secret == "":
		return client{}, &fault{status: http.StatusUnauthorized, name: "invalid_client", code: 7000218, description: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	}
	c, found := s.directory.Load().client(id)
	if found && s.checker.remembered(c, secret) {
		return c, nil
	}
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	if wait := s.limiter.wait(address, s.now()); wait > 0 {
		return client{}, &fault{status: http.StatusTooManyRequests, name: "temporarily_unavailable", code: 50196, after: wait, description: "Too many failed logins from this address. Wait before the next one."}
	}
	if found && s.checker.right(c, secret) {
		return c, nil
	}
	s.limiter.failed(address, s.now())
	if !found {
		return client{}, &fault{status: http.StatusBadRequest, name: "unauthorized_client", code: 700016,
			description: fmt.Sprintf("Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant. You may have sent your authentication request to the wrong tenant.", clean(id), s.config.TenantName)}
	}
	return client{}, &fault{status: http.StatusUnauthorized, name: "invalid_client", code: 7000215,
		description: fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", c.ID)}
}

// audience is whom the token is for: a scope that ends with /.default, or a resource.
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
	switch {
	case audience == "":
		return "", missing(name)
	case !s.isAudience(audience):
		return "", &fault{status: http.StatusBadRequest, name: "invalid_resource", code: 500011,
			description: fmt.Sprintf("The resource principal named %s was not found in the tenant named %s. Ask for %s.", clean(audience), s.config.TenantName, s.config.Audiences[0])}
	}
	return audience, nil
}

func missing(parameter string) *fault {
	return &fault{status: http.StatusBadRequest, name: "invalid_request", code: 900144, description: "The request body must contain the following parameter: '" + parameter + "'."}
}

// fail writes an error as Entra does.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, f *fault) {
	correlation := r.Header.Get("client-request-id")
	if len(correlation) != 36 || clean(correlation) != correlation {
		correlation = arm.NewGUID()
	}
	trace, now := arm.NewGUID(), s.now().Format("2006-01-02 15:04:05Z")
	if f.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.after.Seconds()))))
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+s.config.TenantName+`"`)
	}
	send(w, f.status, map[string]any{"error": f.name, "error_codes": []int{f.code}, "timestamp": now, "trace_id": trace, "correlation_id": correlation,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", f.code, f.description, trace, correlation, now)})
}

func send(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write(text)
}

// clean bounds what is repeated of a request.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' || strings.ContainsRune(`<>"'`, r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > 128 {
		s = strings.ToValidUTF8(s[:128], "") + "…"
	}
	return s
}
