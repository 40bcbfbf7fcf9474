package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// UserAssignedType is the type of identities that are resources of their own.
const UserAssignedType = "Microsoft.ManagedIdentity/userAssignedIdentities"

// userAssigned is such an identity as stored.
type userAssigned struct {
	Version   int    `json:"v"`
	Principal string `json:"principal"` // object id
	Client    string `json:"client"`    // application id
}

// Types are the resource types of the package.
func (s *Service) Types() []arm.Type {
	return []arm.Type{{
		Name: UserAssignedType, APIVersions: []string{"2024-11-30", "2023-07-31-preview", "2023-01-31", "2022-01-31-preview", "2021-09-30-preview", "2018-11-30", "2015-08-31-preview"}, AnyVersion: true, Tracked: true, Linked: "assign/action",
		References: func(expr.Value) expr.Value { return expr.Null() },
		Put:        putUserAssigned, Patch: arm.PatchTags, View: s.viewUserAssigned, List: &arm.ListSpec{},
		ReadOnly: []string{"properties.tenantId", "properties.principalId", "properties.clientId"},
		Delete:   func(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil },
		Actions:  map[string]arm.Handler{"listIdentityEndpoint": s.listEndpoint},
	}}
}

// TypeNames are the names of the types, for who checks templates without a server.
func TypeNames() []string { return arm.Names(new(Service).Types()) }

func putUserAssigned(_ context.Context, _ *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	if r.Old != nil {
		return &arm.Written{Body: r.Old.Body}, nil
	}
	body, err := json.Marshal(userAssigned{Version: 1, Principal: arm.NewGUID(), Client: arm.NewGUID()})
	return &arm.Written{Body: body}, err
}

func (s *Service) viewUserAssigned(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	var form userAssigned
	if err := json.Unmarshal(r.Body, &form); err != nil {
		return expr.Null(), err
	}
	member := func(name, text string) expr.Member { return expr.Member{Name: name, Value: expr.String(text)} }
	return expr.Object(expr.Member{Name: "properties", Value: expr.Object(member("tenantId", s.Tenant()), member("principalId", form.Principal), member("clientId", form.Client))}), nil
}

// UserAssigned finds the principal and the application id of a user-assigned identity by
// its resource ID; store.ErrNotFound if there is none.
func UserAssigned(tx *store.Tx, id string) (principal, client string, err error) {
	form, err := loadUserAssigned(tx, id)
	return form.Principal, form.Client, err
}

func loadUserAssigned(tx *store.Tx, id string) (form userAssigned, err error) {
	r, err := arm.Load(tx, id)
	if err == nil && !strings.EqualFold(r.Type, UserAssignedType) {
		err = store.ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal(r.Body, &form)
	}
	return form, err
}

// IsUserAssigned says whether an object id is that of a user-assigned identity.
func IsUserAssigned(tx *store.Tx, principal string) (bool, error) {
	list, err := arm.List(tx, store.Query{Type: UserAssignedType})
	for _, r := range list {
		var form userAssigned
		if json.Unmarshal(r.Body, &form) == nil && strings.EqualFold(form.Principal, principal) {
			return true, nil
		}
	}
	return false, err
}

// The token endpoint is for programs that act as an identity: they ask it as they ask the
// platform's (IDENTITY_ENDPOINT and IDENTITY_HEADER of an app service), with a header that
// listIdentityEndpoint gives. The header is the ID of the resource that has or is the
// identity, and a MAC over it and its principal, so it ends with the identity.

// EndpointPath is the path of the token endpoint.
const EndpointPath = "/msi/token"

const endpointSetting = "identity/endpoint"

// endpointKey reads the key of the headers, and makes it on first use.
func (s *Service) endpointKey(ctx context.Context) (key []byte, err error) {
	err = readSetting(ctx, s.db, endpointSetting, &key)
	if !errors.Is(err, store.ErrNotFound) {
		return key, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if err = readSetting(ctx, s.db, endpointSetting, &key); !errors.Is(err, store.ErrNotFound) {
		return key, err
	}
	key = make([]byte, 32)
	rand.Read(key)
	return key, writeSetting(ctx, s.db, endpointSetting, key)
}

func endpointMAC(key []byte, id, principal string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(strings.ToLower(id) + "\x00" + principal))
	return h.Sum(nil)
}

func (s *Service) listEndpoint(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var form userAssigned
	if err := json.Unmarshal(r.Resource.Body, &form); err != nil {
		return nil, err
	}
	return s.ManagedEndpoint(ctx, r, form.Principal)
}

// ManagedEndpoint answers where programs get tokens of the identity of the resource that
// the request is about, and with which header.
func (s *Service) ManagedEndpoint(ctx context.Context, r *arm.Request, principal string) (*arm.Response, error) {
	key, err := s.endpointKey(ctx)
	if err != nil {
		return nil, err
	}
	header := base64.RawURLEncoding.EncodeToString([]byte(r.Resource.ID)) + "." + base64.RawURLEncoding.EncodeToString(endpointMAC(key, r.Resource.ID, principal))
	return arm.Reply(expr.Object(expr.Member{Name: "endpoint", Value: expr.String(r.BaseURL + EndpointPath)}, expr.Member{Name: "header", Value: expr.String(header)})), nil
}

// Endpoint serves the token endpoint.
func (s *Service) Endpoint(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	answer, status, problem := s.endpointToken(r)
	if problem != "" {
		send(w, status, map[string]any{"statusCode": status, "message": problem})
		return
	}
	send(w, http.StatusOK, answer)
}

func (s *Service) endpointToken(r *http.Request) (answer any, status int, problem string) {
	if r.Method != http.MethodGet {
		return nil, http.StatusMethodNotAllowed, "The endpoint is asked with GET."
	}
	resource := r.URL.Query().Get("resource")
	if resource == "" {
		return nil, http.StatusBadRequest, "The parameter 'resource' is missing: whom the token is for."
	}
	if f := s.limited(r); f != nil {
		return nil, http.StatusTooManyRequests, f.description
	}
	id, principal, ok := s.endpointIdentity(r.Context(), r.Header.Get("X-IDENTITY-HEADER"))
	if !ok {
		s.limiter.failed(s.address(r), s.now())
		return nil, http.StatusUnauthorized, "The header X-IDENTITY-HEADER is missing or not valid: take what listIdentityEndpoint of the identity gives."
	}
	token, expires, err := s.ManagedToken("https://"+r.Host, principal, id, resource)
	if err != nil {
		return nil, http.StatusInternalServerError, "The token could not be signed."
	}
	return map[string]any{"access_token": token, "expires_on": strconv.FormatInt(expires.Unix(), 10), "resource": resource, "token_type": "Bearer", "client_id": s.clientOf(r.Context(), id, principal)}, 0, ""
}

// endpointIdentity finds the resource and the principal that a header is of.
func (s *Service) endpointIdentity(ctx context.Context, header string) (id, principal string, ok bool) {
	name, mac, _ := strings.Cut(header, ".")
	text, err1 := base64.RawURLEncoding.DecodeString(name)
	sum, err2 := base64.RawURLEncoding.DecodeString(mac)
	key, err3 := s.endpointKey(ctx)
	if err := errors.Join(err1, err2, err3); err != nil || len(sum) == 0 || s.config.Managed == nil {
		return "", "", false
	}
	principal = s.config.Managed(ctx, string(text))
	return string(text), principal, principal != "" && hmac.Equal(sum, endpointMAC(key, string(text), principal))
}

// clientOf is the application id of a managed identity: a user-assigned one has its own.
func (s *Service) clientOf(ctx context.Context, id, principal string) (client string) {
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		_, client, err = UserAssigned(tx, id)
		return err
	})
	if err != nil {
		return ManagedClient(principal)
	}
	return client
}

// ManagedClient is the application id of a managed identity that is no resource of its
// own: it follows from the principal.
func ManagedClient(principal string) string {
	sum := sha256.Sum256([]byte("managedIdentityClient\x00" + strings.ToLower(principal)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
