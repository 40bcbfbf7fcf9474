package arm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// maxPath bounds a request's path and query, before anything is done with them.
const maxPath = 16 << 10

// ServeHTTP answers one request of a client.
func (m *Manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.framed(w, r, func(correlation string) error {
		res, err := m.answer(w, r, correlation)
		if err != nil {
			return err
		}
		for name, values := range res.Header {
			w.Header()[http.CanonicalHeaderKey(name)] = values
		}
		m.send(w, r, res.Status, res.Body)
		return nil
	})
}

// Stream answers those who may do action at scope with what serve writes: for contents
// that are too large to be held. serve gives an error only while nothing is written.
func (m *Manager) Stream(action, scope string, serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.framed(w, r, func(string) error {
			principal, err := m.authenticate(r)
			if err != nil {
				return err
			}
			if err := m.allowAction(&call{principal: principal}, action, scope); err != nil {
				return err
			}
			return serve(w, r)
		})
	})
}

// framed is what all answers have: the standard headers, and the wire's form of an error
// or a panic.
func (m *Manager) framed(w http.ResponseWriter, r *http.Request, serve func(correlation string) error) {
	requestID := NewGUID()
	correlation := printable(r.Header.Get("x-ms-correlation-request-id"))
	if !guidForm().MatchString(correlation) {
		correlation = requestID
	}
	m.standardHeaders(w.Header(), r, requestID, correlation)
	defer func() {
		if fault := recover(); fault != nil {
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			m.config.Log.Error("request panicked", "request", requestID, "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			m.fail(w, r, m.wire(errors.New("panic"), requestID))
		}
	}()
	if err := serve(correlation); err != nil {
		e := m.wire(err, requestID)
		left := errors.Is(err, context.Canceled) && r.Context().Err() != nil // as a browser does that goes to another page
		if e.Status >= http.StatusInternalServerError && !store.Unavailable(err) && !left {
			m.config.Log.Error("request failed", "request", requestID, "method", r.Method, "path", r.URL.Path, "error", err)
		}
		m.fail(w, r, e)
	}
}

func (m *Manager) answer(w http.ResponseWriter, r *http.Request, correlation string) (*Result, error) {
	if !m.hostAllowed(r.Host) {
		return nil, &Error{Status: http.StatusMisdirectedRequest, Code: "MisdirectedRequest", Message: "The host '" + printable(r.Host) + "' is not one of this server's. Use its public URL, or allow the host in its configuration."}
	}
	if len(r.URL.Path)+len(r.URL.RawQuery) > maxPath {
		return nil, &Error{Status: http.StatusRequestURITooLong, Code: "RequestUriTooLong", Message: "The path and query of the request are longer than 16 KB."}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, Invalid("InvalidRequestUri", "", "The query of the request cannot be read: %s. Encode what stands in it.", printable(err.Error()))
	}
	c := &call{method: r.Method, path: singleSlashes(r.URL.Path), query: lowerNames(query), base: m.base(r), now: m.now(),
		ifMatch: r.Header.Get("If-Match"), ifNoneMatch: r.Header.Get("If-None-Match"), correlation: correlation}
	if strings.EqualFold(c.path, "/metadata/endpoints") {
		return m.metadata(c)
	}
	principal, err := m.authenticate(r)
	if err != nil {
		return nil, err
	}
	c.principal = principal
	if m.config.Caller != nil {
		c.from = m.config.Caller(r)
	}
	if c.body, err = m.readBody(w, r, c.path); err != nil {
		return nil, err
	}
	return m.serve(r.Context(), c)
}

// readBody reads at most what the path's type may be sent; a bound that the header
// already breaks is refused before a byte is read.
func (m *Manager) readBody(w http.ResponseWriter, r *http.Request, path string) ([]byte, error) {
	limit := int64(maxBody)
	if id, err := ParseID(path); err == nil {
		if t := m.typeOf(id.Type()); t != nil && t.MaxBody > 0 {
			limit = t.MaxBody
		}
	}
	tooLarge := &Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge",
		Message: fmt.Sprintf("The request content is larger than %d MB, the most that is accepted here.", limit>>20)}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLarge
	}
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Code: "InvalidRequestContent", Message: "The request content could not be read to its end.", Cause: err}
	}
	return body, nil
}

// authenticate finds out who asks. The challenge names the authority, which clients
// read the tenant from.
func (m *Manager) authenticate(r *http.Request) (Principal, error) {
	fault := errors.New("nobody can log in to this server")
	if m.config.Authenticator != nil {
		p, err := m.config.Authenticator.Authenticate(r)
		if err == nil {
			return p, nil
		}
		if e := AsError(err); e != nil {
			return Principal{}, e // nothing was wrong with the token
		}
		fault = err
	}
	code, message, detail := "InvalidAuthenticationToken", "The access token is invalid: "+printable(fault.Error())+".", "invalid_token"
	if r.Header.Get("Authorization") == "" {
		code, message = "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing. Get a token from the authority in the header WWW-Authenticate."
	}
	challenge := fmt.Sprintf(`Bearer authorization_uri="%s/%s", error="%s", error_description="%s", resource_id="%s"`, m.authority(m.base(r)), m.config.Tenant, detail,
		strings.ReplaceAll(strings.ReplaceAll(message, `\`, `\\`), `"`, `\"`), m.config.Audiences[0])
	return Principal{}, &Error{Status: http.StatusUnauthorized, Code: code, Message: message, Header: http.Header{"Www-Authenticate": {challenge}}, Cause: fault}
}

func (m *Manager) authority(base string) string {
	if m.config.Authority != "" {
		return m.config.Authority
	}
	return base
}

// base is the start of absolute URLs: the public URL, or the allowed host the client
// used.
func (m *Manager) base(r *http.Request) string {
	if m.config.PublicURL != "" {
		return m.config.PublicURL
	}
	return "https://" + r.Host
}

func (m *Manager) hostAllowed(host string) bool {
	if m.config.AllowHost != nil {
		return m.config.AllowHost(host)
	}
	if u, err := url.Parse(m.config.PublicURL); err == nil && u.Host != "" && strings.EqualFold(u.Host, host) {
		return true
	}
	name := hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// hostname is a Host without its port and the brackets of an IPv6 address.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.Trim(host, "[]")
}

// localHost says whether a Host is an address or a name of this machine. A browser
// that is told there to use https would do so on every other port of it.
func localHost(host string) bool {
	name := strings.TrimSuffix(strings.ToLower(hostname(host)), ".")
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost" || strings.HasSuffix(name, ".localhost")
}

func lowerNames(q url.Values) url.Values {
	lower := make(url.Values, len(q))
	for name, values := range q {
		key := strings.ToLower(name)
		lower[key] = append(lower[key], values...)
	}
	return lower
}

// standardHeaders are on every answer (logic-api §1.2).
func (m *Manager) standardHeaders(h http.Header, r *http.Request, requestID, correlation string) {
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	StrictTransport(h, r.Host)
	h.Set("X-Content-Type-Options", "nosniff")
	kind, remaining := remainingRequests(r.Method)
	h.Set("x-ms-ratelimit-remaining-subscription-"+kind, remaining)
	h.Set("x-ms-request-id", requestID)
	h.Set("x-ms-correlation-request-id", correlation)
	h.Set("x-ms-routing-request-id", "LOCAL:"+m.now().Format("20060102T150405Z")+":"+requestID)
	if id := r.Header.Get("x-ms-client-request-id"); id != "" && strings.EqualFold(r.Header.Get("x-ms-return-client-request-id"), "true") {
		h.Set("x-ms-client-request-id", printable(id))
	}
}

// StrictTransport tells browsers to keep to https, unless that would bind every other
// port of this machine too.
func StrictTransport(h http.Header, host string) {
	if !localHost(host) {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// remainingRequests is what a client may still send: Azure's numbers, which nobody
// uses up here.
func remainingRequests(method string) (kind, remaining string) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return "reads", "11999"
	case http.MethodDelete:
		return "deletes", "14999"
	}
	return "writes", "1199"
}

// fail writes an error's body (logic-api §1.3).
func (m *Manager) fail(w http.ResponseWriter, r *http.Request, e *Error) {
	for name, values := range e.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.Header().Set("x-ms-failure-cause", "gateway")
	w.Header().Set("x-ms-error-code", e.Code)
	m.send(w, r, e.Status, expr.Object(expr.Member{Name: "error", Value: e.Value()}))
}

func (m *Manager) send(w http.ResponseWriter, r *http.Request, status int, body expr.Value) {
	if body.IsNull() || r.Method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified {
		if r.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified {
			w.Header().Set("Content-Length", "0")
		}
		w.WriteHeader(status)
		return
	}
	text := body.JSON()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write(text)
}

// metadata answers /metadata/endpoints, which needs no token, in the shape that the
// api-version asks for (logic-api §5.5): one cloud from 2022-09-01 on, a list of
// clouds before, the first form in 2015-01-01.
func (m *Manager) metadata(c *call) (*Result, error) {
	if c.method != http.MethodGet && c.method != http.MethodHead {
		return nil, notAllowed(c.method, http.MethodGet)
	}
	if err := c.checkVersion(); err != nil {
		return nil, err
	}
	audiences := make([]expr.Value, len(m.config.Audiences))
	for i, a := range m.config.Audiences {
		audiences[i] = expr.String(a)
	}
	login := m.authority(c.base) + "/"
	if c.version < "2018" {
		return &Result{Status: http.StatusOK, Body: object("galleryEndpoint", c.base+"/", "graphEndpoint", c.base+"/", "portalEndpoint", c.base+"/",
			"authentication", object("loginEndpoint", login, "audiences", expr.Array(audiences...)))}, nil
	}
	suffixes := object("storage", "core.windows.net", "keyVaultDns", "vault.azure.net", "sqlServerHostname", "database.windows.net", "acrLoginServer", "azurecr.io",
		"azureDataLakeStoreFileSystem", "azuredatalakestore.net", "azureDataLakeAnalyticsCatalogAndJob", "azuredatalakeanalytics.net",
		"mysqlServerEndpoint", "mysql.database.azure.com", "postgresqlServerEndpoint", "postgres.database.azure.com", "mariadbServerEndpoint", "mariadb.database.azure.com",
		"synapseAnalytics", "dev.azuresynapse.net", "attestationEndpoint", "attest.azure.net", "storageSyncEndpointSuffix", "afs.azure.net", "mhsmDns", "managedhsm.azure.net",
		"azureFrontDoorEndpointSuffix", "azurefd.net")
	cloud := object("name", "Isle", "portal", c.base+"/", "resourceManager", c.base+"/",
		"authentication", object("loginEndpoint", login, "audiences", expr.Array(audiences...), "tenant", "common", "identityProvider", "AAD"),
		"graph", c.base+"/", "graphAudience", c.base+"/", "microsoftGraphResourceId", c.base+"/", "gallery", c.base+"/", "batch", c.base+"/", "media", c.base+"/",
		"sqlManagement", c.base+"/", "activeDirectoryDataLake", c.base+"/", "logAnalyticsResourceId", c.base+"/", "synapseAnalyticsResourceId", c.base+"/",
		"appInsightsResourceId", c.base+"/", "appInsightsTelemetryChannelResourceId", c.base+"/", "attestationResourceId", c.base+"/", "ossrdbmsResourceId", c.base+"/",
		"vmImageAliasDoc", "", "suffixes", suffixes)
	if c.version < "2022-09-01" {
		return &Result{Status: http.StatusOK, Body: expr.Array(cloud)}, nil
	}
	return &Result{Status: http.StatusOK, Body: cloud}, nil
}
