package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"isle/internal/arm"
	"isle/internal/store"
)

// The directory is managed by the part of Microsoft Graph that az, the SDKs and Isle's own
// commands need: users, groups, applications with their secrets and certificates, service
// principals. An application and its service principal are made and deleted together.

// Actions that a caller must be allowed at the subscription to read or change the
// directory. Who may change it can become anybody, so no role has it that cannot give
// access.
const (
	ActionReadDirectory  = "Microsoft.Authorization/directory/read"
	ActionWriteDirectory = "Microsoft.Authorization/directory/write"
)

const maxGraphBody = 1 << 20

// graphError is an error in Graph's form.
type graphError struct {
	status        int
	code, message string
}

func (e *graphError) Error() string { return e.code + ": " + e.message }

func graphInvalid(format string, args ...any) error {
	return &graphError{http.StatusBadRequest, "Request_BadRequest", fmt.Sprintf(format, args...)}
}

func graphMissing(id string) error {
	return &graphError{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + clean(id) + "' does not exist or one of its queried reference-property objects are not present."}
}

// graphCall is a request to the directory.
type graphCall struct {
	*http.Request
	who  arm.Principal
	body map[string]json.RawMessage // nil without one
}

// decode reads a member of the body; one that is not there leaves into as it is.
func (c *graphCall) decode(name string, into any) error {
	text, given := c.body[name]
	if !given || string(text) == "null" {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return graphInvalid("The property '%s' has the wrong form.", name)
	}
	return nil
}

func (c *graphCall) has(name string) bool { _, given := c.body[name]; return given }

// Graph serves the directory, at paths that begin with /v1.0/.
func (s *Service) Graph() http.Handler {
	mux := http.NewServeMux()
	read := func(pattern string, h func(*graphCall) (any, error)) {
		mux.HandleFunc("GET /v1.0/"+pattern, s.graph(ActionReadDirectory, http.StatusOK, h))
	}
	write := func(method, pattern string, status int, h func(*graphCall) (any, error)) {
		mux.HandleFunc(method+" /v1.0/"+pattern, s.graph(ActionWriteDirectory, status, h))
	}
	mux.HandleFunc("GET /v1.0/me", s.graph("", http.StatusOK, s.readMe))
	mux.HandleFunc("POST /v1.0/me/changePassword", s.graph("", http.StatusNoContent, s.changeOwnPassword))
	read("organization", s.listTenant)
	read("directoryObjects/{id}", s.readObject)
	ask := func(pattern string, h func(*graphCall) (any, error)) {
		mux.HandleFunc("POST /v1.0/"+pattern, s.graph(ActionReadDirectory, http.StatusOK, h))
	}
	ask("directoryObjects/getByIds", s.readObjects)
	s.groupRoutes(read, write)
	s.memberQuestions(ask)
	read("users", s.listUsers)
	read("users/{id}", s.readUser)
	write("POST", "users", http.StatusCreated, s.postUser)
	write("PATCH", "users/{id}", http.StatusNoContent, s.patchUser)
	write("DELETE", "users/{id}", http.StatusNoContent, s.deleteUser)
	for _, collection := range []string{"applications", "servicePrincipals"} {
		show := viewApplication
		if collection == "servicePrincipals" {
			show = s.viewServicePrincipal
		}
		read(collection, func(c *graphCall) (any, error) { return s.listClients(c, show) })
		read(collection+"/{id}", func(c *graphCall) (any, error) { return s.readClient(c, show) })
		read(collection+"/{id}/owners", func(*graphCall) (any, error) { return listOf(nil), nil })
		write("DELETE", collection+"/{id}", http.StatusNoContent, s.deleteClient)
		write("PATCH", collection+"/{id}", http.StatusNoContent, s.patchClient)
		write("POST", collection+"/{id}/addPassword", http.StatusOK, s.addPassword)
		write("POST", collection+"/{id}/removePassword", http.StatusNoContent, s.removePassword)
	}
	write("POST", "applications", http.StatusCreated, s.postApplication)
	write("POST", "servicePrincipals", http.StatusCreated, s.postServicePrincipal)
	mux.HandleFunc("/v1.0/", s.graph("", http.StatusOK, func(c *graphCall) (any, error) {
		return nil, &graphError{http.StatusNotFound, "BadRequest", "Resource not found for the segment '" + clean(strings.TrimPrefix(c.URL.Path, "/v1.0/")) + "': this directory has users, groups, applications, servicePrincipals, directoryObjects and me."}
	}))
	return mux
}

// graph makes a handler that lets in who may carry out the action; "" is everybody who
// is signed in.
func (s *Service) graph(action string, status int, h func(*graphCall) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		arm.StrictTransport(w.Header(), r.Host)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		answer, err := s.answerGraph(w, r, action, h)
		switch {
		case err != nil:
			sendGraphError(w, err)
		case answer == nil || status == http.StatusNoContent:
			w.WriteHeader(http.StatusNoContent)
		default:
			send(w, status, answer)
		}
	}
}

func (s *Service) answerGraph(w http.ResponseWriter, r *http.Request, action string, h func(*graphCall) (any, error)) (any, error) {
	who, err := s.Authenticate(r)
	if err != nil {
		return nil, &graphError{http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid: " + err.Error() + "."}
	}
	answer, err := s.carryOut(w, s.authored(r, who), who, action, h)
	if e, ok := errors.AsType[*graphError](err); ok && action == ActionWriteDirectory {
		s.refused(r, who, e)
	}
	return answer, err
}

// carryOut lets in who may, and gives errors Graph's form.
func (s *Service) carryOut(w http.ResponseWriter, r *http.Request, who arm.Principal, action string, h func(*graphCall) (any, error)) (any, error) {
	if action != "" && (s.config.Allow == nil || !s.config.Allow(who, action)) {
		return nil, &graphError{http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation: the client '" + who.Client + "' with object id '" + who.ID + "' is not allowed '" + action + "' at the subscription."}
	}
	c := &graphCall{Request: r, who: who}
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxGraphBody))
		if err := decoder.Decode(&c.body); err != nil {
			return nil, graphInvalid("The body must be a JSON object of at most 1 MB.")
		}
	}
	answer, err := h(c)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, graphMissing(r.PathValue("id"))
	case errors.Is(err, errTaken):
		return nil, &graphError{http.StatusBadRequest, "Request_BadRequest", "Another object with the same value for property userPrincipalName already exists."}
	case errors.Is(err, errRefused):
		return nil, graphInvalid("%s.", strings.TrimPrefix(err.Error(), errRefused.Error()+": "))
	}
	return answer, err
}

func sendGraphError(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*graphError](err)
	if !ok {
		e = &graphError{http.StatusServiceUnavailable, "ServiceUnavailable", "The request could not be carried out just now. Try again."}
	}
	id := arm.NewGUID()
	send(w, e.status, map[string]any{"error": map[string]any{"code": e.code, "message": e.message, "innerError": map[string]any{"request-id": id, "client-request-id": id}}})
}

func listOf(values []map[string]any) map[string]any {
	if values == nil {
		values = []map[string]any{}
	}
	return map[string]any{"value": values}
}

// graphTerm is a comparison of a $filter: field eq 'text', startswith(field,'text'), or
// field/any(x:x eq 'text').
var graphTerm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\s*(?:(\w+)\s+eq\s+'((?:[^']|'')*)'|startswith\(\s*(\w+)\s*,\s*'((?:[^']|'')*)'\s*\)|(\w+)/any\(\s*(\w+)\s*:\s*\w+\s+eq\s+'((?:[^']|'')*)'\s*\))\s*$`)
})

// filtered keeps what a $filter holds for: comparisons joined by or, or by and.
func filtered(r *http.Request, values []map[string]any) (any, error) {
	text := strings.TrimSpace(r.URL.Query().Get("$filter"))
	if text == "" {
		return listOf(values), nil
	}
	every := false
	terms := regexp.MustCompile(`(?i)\s+or\s+`).Split(text, -1)
	if len(terms) == 1 {
		every = true
		terms = regexp.MustCompile(`(?i)\s+and\s+`).Split(text, -1)
	}
	var kept []map[string]any
	for _, v := range values {
		held := 0
		for _, term := range terms {
			m := graphTerm().FindStringSubmatch(term)
			if m == nil {
				return nil, graphInvalid("Unsupported or invalid query filter clause specified: '%s'. Supported are eq, startswith and any, joined by 'or' or by 'and'.", clean(text))
			}
			if holds(v, m) {
				held++
			}
		}
		if held == len(terms) || !every && held > 0 {
			kept = append(kept, v)
		}
	}
	return listOf(kept), nil
}

func holds(v map[string]any, m []string) bool {
	unquoted := func(t string) string { return strings.ReplaceAll(t, "''", "'") }
	field, want, prefix := m[1], unquoted(m[2]), false
	switch {
	case m[3] != "":
		field, want, prefix = m[3], unquoted(m[4]), true
	case m[5] != "":
		field, want = m[5], unquoted(m[7])
	}
	for name, have := range v {
		if !strings.EqualFold(name, field) {
			continue
		}
		texts, _ := have.([]string)
		if text, ok := have.(string); ok {
			texts = []string{text}
		}
		for _, text := range texts {
			if strings.EqualFold(text, want) || prefix && len(text) >= len(want) && strings.EqualFold(text[:len(want)], want) {
				return true
			}
		}
	}
	return false
}

func (s *Service) listTenant(*graphCall) (any, error) {
	return listOf([]map[string]any{{"id": s.Tenant(), "displayName": "Isle", "verifiedDomains": []map[string]any{{"name": s.config.TenantName, "isDefault": true, "isInitial": true}}}}), nil
}

func (s *Service) readMe(c *graphCall) (any, error) {
	d := s.directory.Load()
	if u, ok := d.user(c.who.ID); ok {
		return viewUser(u), nil
	}
	if app, ok := d.clientOf(c.who.ID); ok {
		return s.viewServicePrincipal(app), nil
	}
	return nil, graphMissing(c.who.ID)
}

func (s *Service) object(ctx context.Context, id string) map[string]any {
	d := s.directory.Load()
	if u, ok := d.user(id); ok && strings.EqualFold(u.Object, id) {
		return typed(viewUser(u), "user")
	}
	if app, ok := d.clientOf(id); ok {
		return typed(s.viewServicePrincipal(app), "servicePrincipal")
	}
	if app, ok := d.client(id); ok {
		return typed(viewApplication(app), "application")
	}
	if g, ok := d.group(id); ok {
		return typed(viewGroup(g), "group")
	}
	if s.isIdentity(ctx, id) {
		return typed(map[string]any{"id": id, "displayName": id, "servicePrincipalType": "ManagedIdentity", "accountEnabled": true}, "servicePrincipal")
	}
	return nil
}

func typed(v map[string]any, typ string) map[string]any {
	v["@odata.type"] = "#microsoft.graph." + typ
	return v
}

func (s *Service) readObject(c *graphCall) (any, error) {
	if v := s.object(c.Context(), c.PathValue("id")); v != nil {
		return v, nil
	}
	return nil, store.ErrNotFound
}

// readObjects finds those of many ids that are there, as lists of role assignments need.
func (s *Service) readObjects(c *graphCall) (any, error) {
	var ids []string
	if err := c.decode("ids", &ids); err != nil {
		return nil, err
	}
	if len(ids) > 1000 {
		return nil, graphInvalid("At most 1000 ids are looked up at once.")
	}
	var values []map[string]any
	for _, id := range ids {
		if v := s.object(c.Context(), id); v != nil {
			values = append(values, v)
		}
	}
	return listOf(values), nil
}
