package gateway

import (
	"net/http"
	"strings"

	"isle/internal/runner"
	"isle/internal/trigger"
)

// Tokens reads the claims of a token that an issuer whom the server trusts has signed,
// and that has not ended.
type Tokens interface {
	Claims(token string) (map[string]any, error)
}

// authorizeTrigger is authorize for what is below a workflow: a trigger with OAuth
// policies can be called with a token instead of a signature, never with both
// (ise.md #161).
func (g *Gateway) authorizeTrigger(r *http.Request, t target, q trigger.Query, d *runner.Deployed) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case t.kind == targetTrigger && len(d.Policies) > 0 && strings.EqualFold(scheme, "Bearer") && !q.Values().Has("sig"):
		return g.authorizeToken(strings.TrimSpace(token), d)
	case t.kind == targetTrigger && d.Unsigned && q.Values().Has("sig"):
		return unauthorized("DirectApiAuthorizationRequired", "The workflow takes no signatures (accessControl.triggers.sasAuthenticationPolicy): send a token that one of its authorization policies allows.")
	}
	return authorize(d.Keys, r, t, q, g.config.Clock())
}

func (g *Gateway) authorizeToken(token string, d *runner.Deployed) error {
	if g.config.Tokens == nil {
		return bearer("DirectApiInvalidAuthorizationToken", "This server accepts no tokens.")
	}
	claims, err := g.config.Tokens.Claims(token)
	if err != nil {
		return bearer("DirectApiInvalidAuthorizationToken", "The token is not valid: "+err.Error()+".")
	}
	for _, p := range d.Policies {
		if p.Allows(claims) {
			return nil
		}
	}
	return bearer("MisMatchingOAuthClaims", "One or more claims either missing or does not match with the open authentication access control policy.")
}

func bearer(code, message string) error {
	return &failure{status: http.StatusUnauthorized, code: code, message: message, header: http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}}}
}
