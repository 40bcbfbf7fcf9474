package server

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"isle/internal/gateway"
	"isle/internal/identity"
	"isle/internal/portal"
	"isle/internal/web"
)

// routes sends each request to the part of the server that answers it. All routes
// of the server are here.
//
//	/, /portal/…                       portal: the web UI
//	/healthz, /readyz                  whether the server is well, and takes work
//	/metrics                           what it counts
//	/network                           what the kernel holds of the networks
//	/backup, /restore                  an archive of everything, and back
//	/workflows/…                       gateway: request triggers, content links
//	/integrationAccounts/…             gateway: what artifacts hold
//	/packetCaptures/…                  gateway: what packet captures have captured
//	/{tenant}/…, /common/…, /device    identity: tokens, discovery, keys, signing in
//	/consent/…                         web: to the issuer of a connection's OAuth tokens, and back
//	/msi/token                         identity: tokens of managed identities
//	/v1.0/…                            identity: the directory, as Microsoft Graph has it
//	all else                           arm: the resource manager
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.portal)
	mux.Handle("GET /portal", s.portal)
	mux.Handle("GET "+portal.Root, s.portal)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /metrics", s.serveMetrics())
	subscription := "/subscriptions/" + s.issuer.Subscription()
	mux.Handle("GET "+networkPath, s.manager.Stream(networkRead, subscription, s.serveNetwork))
	mux.Handle("POST /backup", s.manager.Stream(backupAction, subscription, s.serveBackup))
	mux.Handle("POST /restore", s.manager.Stream(restoreAction, subscription, s.serveRestore))
	access := s.whileReady(s.gateway) // judges the pace of its large bodies itself
	mux.Handle("/workflows/", access)
	mux.Handle("/integrationAccounts/", access)
	mux.Handle("/packetCaptures/", access)
	directory := s.issuer.Graph()
	mux.HandleFunc(identity.EndpointPath, s.issuer.Endpoint)
	mux.HandleFunc("GET "+web.ConsentPath, s.web.ServeConsent)
	startConsent := timely(bodyTimeout, http.HandlerFunc(s.web.StartConsent))
	mux.Handle("GET "+web.ConsentStart, startConsent)
	mux.Handle("POST "+web.ConsentStart, startConsent)
	manager := s.inForce(s.manager)
	management := timely(bodyTimeout, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case signsInForOtherSite(r):
			refuseOtherSite(w)
		case identity.Owns(r.URL.Path):
			s.issuer.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/v1.0/"):
			directory.ServeHTTP(w, r)
		default:
			manager.ServeHTTP(w, r)
		}
	}))
	mux.Handle("/", management)
	return s.observed(s.hosts(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Of a path with a slash too many the mux would make a redirect and a page.
		switch doubled := strings.Contains(r.URL.Path, "//"); {
		case doubled && (strings.HasPrefix(r.URL.Path, "/workflows/") || strings.HasPrefix(r.URL.Path, "/integrationAccounts/") || strings.HasPrefix(r.URL.Path, "/packetCaptures/")):
			access.ServeHTTP(w, r)
		case doubled:
			management.ServeHTTP(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})))
}

// observed counts and logs requests, by whichever listener they come.
func (s *Server) observed(next http.Handler) http.Handler {
	return s.metrics.HTTP(s.routeOf(knownTypes()), s.logRequest, next)
}

// timely cuts off a sender whose body does not arrive in time.
func timely(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(limit)) // not supported by a recorder
		next.ServeHTTP(w, r)
	})
}

// hosts answers 421 to a Host that is not this server's: absolute URLs are made from
// it, and a page of another site must not reach the server by a name of its own.
func (s *Server) hosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.allowHost(r.Host) && !probe(r) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusMisdirectedRequest)
			_, _ = w.Write([]byte(`{"error":{"code":"MisdirectedRequest","message":"This server does not answer for that Host. Use its own name, or start it with --public-url or --allowed-host."}}`))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// probe says that a request is one of a supervisor, which calls by whatever address it
// knows: its answers hold no URLs and nothing that must not be known.
func probe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// allowHost reports whether a Host header, with or without a port, is answered.
func (s *Server) allowHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "localhost" {
		return true
	}
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback() || slices.Contains(s.names(), ip.String())
	}
	return slices.Contains(s.names(), name)
}

// names are the host names and addresses that the server goes by, in lower case.
func (s *Server) names() []string {
	names := make([]string, 0, len(s.config.AllowedHosts)+2)
	for _, h := range s.config.AllowedHosts {
		names = append(names, strings.ToLower(h))
	}
	if u, err := url.Parse(s.base); err == nil {
		names = append(names, strings.ToLower(u.Hostname()))
	}
	if host, _, err := net.SplitHostPort(s.config.Listen); err == nil && host != "" {
		names = append(names, strings.ToLower(host))
	}
	return names
}

// Bounds of the HTTP server: headers, and clients that send or read slowly. Bodies
// have bounds of their own, where their size is known.
const (
	maxHeaderBytes    = 64 << 10
	readHeaderTimeout = 20 * time.Second
	bodyTimeout       = time.Minute // of a management or token request
	idleTimeout       = 2 * time.Minute
)

// httpServer is the server of one kind of listener.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           lingering(h),
		TLSConfig:         s.tls.Clone(), // net/http writes to it
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		ConnState:         s.unused.watch,
		ConnContext:       gateway.ConnContext,
		ErrorLog:          s.errorLog(),
	}
}
