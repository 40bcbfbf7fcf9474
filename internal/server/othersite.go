package server

import (
	"net/http"
	"strings"

	"isle/internal/identity"
)

// A page of another site can have a browser post to this server, though it reads no answer:
// nothing here allows other origins to (CORS). What needs a token, a signature or a cookie
// of the server's own is safe from that. Asking for tokens is not: it would use up the tries
// of a sign-in, for this machine's address and for a person.

// ofOtherSite tells whether a browser changes something for a page of another site. The
// origin of the sign-in page's own form is null, as that page sends no referrer; there
// Sec-Fetch-Site decides, which browsers of today send.
func ofOtherSite(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site != "same-origin" && site != "none"
	}
	scheme := "https://"
	if r.TLS == nil {
		scheme = "http://"
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != "null" && origin != scheme+r.Host
}

// signsInForOtherSite tells whether such a page has the issuer asked. It may send a person
// to the page where they sign in, whose form no other site can fill.
func signsInForOtherSite(r *http.Request) bool {
	return ofOtherSite(r) && identity.Owns(r.URL.Path) && !strings.HasSuffix(strings.ToLower(r.URL.Path), "/authorize")
}

func refuseOtherSite(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(`{"error":"invalid_request","error_description":"A page of another site cannot ask for tokens from a browser. Sign in by the page of this server, with an authorization code."}`))
}
