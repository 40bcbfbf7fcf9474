package server

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"isle/internal/identity"
	"isle/internal/portal"
	"isle/internal/web"
)

// TrustFile is the file in the data folder that says that the machine trusts the server's
// authority. `isle trust` writes it; while it is there, browsers are sent on to https.
const TrustFile = "trust.json"

// plainRoutes is what plain http answers, so that the first sight of the portal is no
// warning of a browser: to callers on this machine, at its loopback names, until the
// machine trusts the server's authority. That is the portal, signing in to it, the API
// with a token, the links of contents that a run history holds, and consents. What a proxy brings
// is from elsewhere, and so is what a browser posts for a page of another site, which could
// use up the tries of a sign-in. Nothing here tells browsers to keep to https, as that would bind
// every other port of the machine (arm.StrictTransport).
func (s *Server) plainRoutes() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		here, host := portal.Local(r, s.caller(r)), plainHost(r.Host)
		switch {
		case !here || !host || ofOtherSite(r):
			refusePlain(w)
		case s.machineTrusts() && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		case s.machineTrusts() || !plainly(r):
			refusePlain(w)
		default:
			s.handler.ServeHTTP(w, r)
		}
	})
}

// plainHost tells whether a Host is a loopback name: a page of another site that has its
// own name lead here must not be answered.
func plainHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// plainly tells whether a request is one that plain http answers.
func plainly(r *http.Request) bool {
	read, path := r.Method == http.MethodGet || r.Method == http.MethodHead, r.URL.Path
	switch {
	case read && (path == "/" || path == "/portal" || strings.HasPrefix(path, portal.Root) || probe(r)):
		return true
	case strings.HasPrefix(path, "/workflows/"), strings.HasPrefix(path, "/integrationAccounts/"), strings.HasPrefix(path, "/packetCaptures/"): // signed links of contents
		return read
	case identity.Owns(path), path == web.ConsentStart:
		return true
	case path == web.ConsentPath:
		return read
	}
	return strings.HasPrefix(strings.ToLower(r.Header.Get("Authorization")), "bearer ") && path != "/backup" && path != "/restore"
}

func refusePlain(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(`{"error":{"code":"HttpsRequired","message":"Plain http is for the portal on this machine alone. Use https, with the CA certificate ca.pem of the server's data folder."}}`))
}

// machineTrusts tells whether the machine trusts the server's authority.
func (s *Server) machineTrusts() bool {
	_, err := os.Stat(filepath.Join(s.config.Data, TrustFile))
	return !errors.Is(err, os.ErrNotExist)
}
