package identity

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"isle/internal/arm"
)

// maxForm bounds the body of a token request.
const maxForm = 64 << 10

// Owns reports whether a path is one of the issuer's:
// /{tenant}/oauth2/…, /{tenant}/v2.0/…, /{tenant}/discovery/…, /{tenant}/.well-known/…,
// /common/userrealm/… and /device.
func Owns(path string) bool {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) == 1 && strings.EqualFold(segments[0], "device") {
		return true
	}
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
	if s.serveSignIn(w, r) {
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
	case "oauth2/v2.0/revoke", "oauth2/revoke":
		return s.revoke(w, r)
	case "oauth2/v2.0/devicecode", "oauth2/devicecode":
		return s.startDevice(w, r, base)
	}
	return nil, &fault{status: http.StatusNotFound, name: "invalid_request", code: 900144, description: "This issuer has no such endpoint: it serves oauth2/v2.0/token, oauth2/v2.0/authorize and oauth2/v2.0/devicecode."}
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
		"jwks_uri": root + "/discovery" + infix + "/keys", "device_authorization_endpoint": root + "/oauth2" + infix + "/devicecode", "revocation_endpoint": root + "/oauth2" + infix + "/revoke",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt"},
		"grant_types_supported":                 []string{"client_credentials", "authorization_code", "refresh_token", "password", grantDevice}, "code_challenge_methods_supported": []string{"S256"},
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query", "fragment", "form_post"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{".default", "openid", "profile", "offline_access"},
		"claims_supported":              []string{"sub", "iss", "aud", "exp", "iat", "nbf", "tid", "oid", "ver", "azp", "appid", "upn", "name", "preferred_username"},
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
