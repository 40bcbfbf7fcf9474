package gateway

import (
	"context"
	"net/http"
	"strconv"

	"isle/internal/account"
	"isle/internal/trigger"
)

// Accounts finds integration accounts and what their artifacts hold. Both answer
// store.ErrNotFound for what is not there.
type Accounts interface {
	Reach(ctx context.Context, id string) (*account.Reached, error)
	Content(ctx context.Context, id, segment, name string) (account.Content, error)
}

// artifact serves what an artifact of an integration account holds (logic-api §1.7).
func (g *Gateway) artifact(w http.ResponseWriter, r *http.Request, t target) error {
	if err := onlyRead(r); err != nil {
		return err
	}
	q, err := trigger.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if g.config.Accounts == nil {
		return accountNotFound(t)
	}
	home, err := g.config.Accounts.Reach(r.Context(), t.flowID)
	if isNotFound(err) {
		return accountNotFound(t)
	}
	if err != nil {
		return err
	}
	if err := g.enter(r, t, q, home.Environment, home.Keys, g.caller(r)); err != nil {
		return err
	}
	if home.State != "Enabled" {
		return &failure{status: http.StatusForbidden, code: "IntegrationAccountNotEnabled", message: "The integration account is " + home.State + ". Enable it, and its links work again."}
	}
	c, err := g.config.Accounts.Content(r.Context(), t.flowID, t.segment, t.artifact)
	if isNotFound(err) {
		return notFound("ContentNotFound", "The integration account has no content '"+t.artifact+"' of "+t.segment+".")
	}
	if err != nil {
		return err
	}
	writeArtifact(w, c)
	return nil
}

func accountNotFound(t target) error {
	return notFound("IntegrationAccountNotFound", "The integration account '"+t.flowID+"' could not be found.")
}

// writeArtifact answers with the content. Its type is what its author said.
func writeArtifact(w http.ResponseWriter, c account.Content) {
	h := w.Header()
	contentHeaders(h)
	h["Content-Type"] = []string{c.Type}
	h["Content-Length"] = []string{strconv.Itoa(len(c.Bytes))}
	h["Etag"] = []string{c.ETag}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(c.Bytes)
}
