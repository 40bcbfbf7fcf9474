package access

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// assignment is a role assignment as stored.
type assignment struct {
	Version     int    `json:"v"`
	Principal   string `json:"principal"`
	Kind        string `json:"kind"`
	Role        string `json:"role"` // guid
	Scope       string `json:"scope"`
	Description string `json:"description,omitempty"`
	Delegated   string `json:"delegated,omitempty"` // delegatedManagedIdentityResourceId
	CreatedBy   string `json:"createdBy,omitempty"`
	UpdatedBy   string `json:"updatedBy,omitempty"`
}

const formVersion = 1

// decode reads a stored form.
func decode[T any](r arm.Resource) (*T, error) {
	form := new(T)
	if err := json.Unmarshal(r.Body, form); err != nil {
		return nil, fmt.Errorf("access: %s: %w", r.ID, err)
	}
	return form, nil
}

// assignmentBody is the member properties of a PUT.
type assignmentBody struct {
	Role        string `json:"roleDefinitionId"`
	Principal   string `json:"principalId"`
	Kind        string `json:"principalType"`
	Description string `json:"description"`
	Condition   string `json:"condition"`
	Delegated   string `json:"delegatedManagedIdentityResourceId"`
}

var guid = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
})

func versions() []string {
	return []string{"2022-04-01", "2022-05-01-preview", "2020-10-01-preview", "2020-08-01-preview", "2020-04-01-preview", "2018-09-01-preview", "2018-07-01", "2018-01-01-preview", "2015-07-01"}
}

func (s *Service) assignments() arm.Type {
	return arm.Type{Name: assignmentType, APIVersions: versions(), AnyVersion: true, Extension: true, NoGroup: true, MissingCode: "RoleAssignmentNotFound", ShowDeleted: true,
		ValidName: func(name string) *arm.Error {
			if guid().MatchString(name) {
				return nil
			}
			return arm.Invalid("InvalidRoleAssignmentId", "name", "The role assignment ID '%s' is not valid. The role assignment ID must be a GUID.", name)
		},
		References: func(expr.Value) expr.Value { return expr.Null() },
		Put:        s.putAssignment, Delete: s.deleted, View: viewAssignment, Collection: s.listAssignments}
}

func (s *Service) deleted(_ context.Context, tx *store.Tx, _ *arm.DeleteRequest) error {
	s.changed(tx)
	return nil
}

// scopeOf is what a resource of Microsoft.Authorization is at.
func scopeOf(id arm.ID) string {
	text := id.String()
	return orRoot(text[:strings.LastIndex(strings.ToLower(text), "/providers/")])
}

func orRoot(scope string) string {
	if scope == "" {
		return "/"
	}
	return scope
}

func (s *Service) putAssignment(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	body := new(assignmentBody)
	if !found.Decode(r.Properties(), body, "properties", "BadRequestFormat") {
		return nil, found.Err()
	}
	next := &assignment{Version: formVersion, Principal: body.Principal, Scope: scopeOf(r.ID), Description: body.Description, Delegated: body.Delegated,
		CreatedBy: r.Principal.ID, UpdatedBy: r.Principal.ID}
	if err := errors.Join(s.checkRole(tx, next, body.Role, &found), s.checkPrincipal(tx, next, body, &found)); err != nil {
		return nil, err
	}
	if body.Condition != "" {
		found.Add("RoleAssignmentConditionNotSupported", "properties.condition", "This server does not evaluate conditions of role assignments: leave the condition out, or give a role that allows less.")
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := checkAgain(tx, r, next); err != nil {
		return nil, err
	}
	stored, err := json.Marshal(next)
	s.changed(tx)
	return &arm.Written{Body: stored, Status: http.StatusCreated}, err
}

// checkRole finds the role that is to be given, and whether it may be given there.
func (s *Service) checkRole(tx *store.Tx, next *assignment, id string, found *arm.Found) error {
	const target = "properties.roleDefinitionId"
	parsed, err := arm.ParseID(id)
	if err != nil || !strings.EqualFold(parsed.Type(), definitionType) {
		found.Add("BadRequestFormat", target, "'%s' is not the ID of a role definition: give '/subscriptions/{subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/{guid}'.", id)
		return nil
	}
	next.Role = strings.ToLower(parsed.Name())
	r := s.roles[next.Role]
	if r == nil {
		custom, err := s.customRoles(tx)
		if err != nil {
			return err
		}
		r = custom[next.Role]
	}
	if r == nil {
		found.Add("RoleDefinitionDoesNotExist", target, "The specified role definition with ID '%s' does not exist.", parsed.Name())
		return nil
	}
	for _, scope := range r.Scopes {
		if covers(scope, next.Scope) {
			return nil
		}
	}
	found.Add("RoleAssignmentScopeNotAssignableToRoleDefinition", target, "The role '%s' cannot be assigned at the scope '%s': its assignableScopes are %s.", r.RoleName, next.Scope, strings.Join(r.Scopes, ", "))
	return nil
}

func (s *Service) checkPrincipal(tx *store.Tx, next *assignment, body *assignmentBody, found *arm.Found) error {
	const target = "properties.principalId"
	if !guid().MatchString(body.Principal) {
		found.Add("InvalidPrincipalId", target, "A valid principal ID must be provided for role assignment: '%s' is not the object id, a GUID, of a person or service principal.", body.Principal)
		return nil
	}
	for _, kind := range []string{"User", "Group", "ServicePrincipal", "ForeignGroup", "Device"} {
		if strings.EqualFold(kind, body.Kind) {
			next.Kind = kind
		}
	}
	if body.Kind != "" && next.Kind == "" {
		found.Add("BadRequestFormat", "properties.principalType", "The principal type '%s' is not one of User, Group, ServicePrincipal, ForeignGroup, Device.", body.Kind)
	}
	kind, known := "ServicePrincipal", true
	if s.config.Principal != nil {
		var err error
		if kind, known, err = s.config.Principal(tx, body.Principal); err != nil {
			return err
		}
	}
	switch {
	case !known && body.Kind == "": // with a type it may be about to be made, as in Azure
		found.Add("PrincipalNotFound", target, "Principal %s does not exist in the directory. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, set principalType.", body.Principal)
	case known && body.Kind != "" && next.Kind != kind:
		found.Add("UnmatchedPrincipalType", "properties.principalType", "The PrincipalId '%s' has type '%s', which is different from the specified principal type '%s'.", body.Principal, kind, body.Kind)
	case next.Kind == "":
		next.Kind = kind
	}
	return nil
}

// checkAgain compares with what is there: of an assignment only the description can be
// changed, and a principal has a role at a scope once.
func checkAgain(tx *store.Tx, r *arm.PutRequest, next *assignment) error {
	if r.Old != nil {
		old, err := decode[assignment](*r.Old)
		if err != nil {
			return err
		}
		if !strings.EqualFold(old.Principal, next.Principal) || old.Role != next.Role {
			return arm.Invalid("RoleAssignmentUpdateNotPermitted", "properties", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated. Delete the role assignment, and make another one.")
		}
		next.CreatedBy, next.Kind = old.CreatedBy, old.Kind
		return nil
	}
	same, err := arm.List(tx, store.Query{Type: assignmentType, ScopePrefix: strings.TrimSuffix(next.Scope, "/")})
	if err != nil {
		return err
	}
	for _, o := range same {
		old, err := decode[assignment](o)
		if err != nil {
			return err
		}
		if strings.EqualFold(old.Principal, next.Principal) && old.Role == next.Role && plainScope(old.Scope) == plainScope(next.Scope) {
			return arm.Conflict("RoleAssignmentExists", "", "The role assignment already exists. The ID of the existing role assignment is %s.", o.ID[strings.LastIndexByte(o.ID, '/')+1:])
		}
	}
	return nil
}

// definitionID is the ID of a role as it is seen from a scope.
func definitionID(scope, name string) string {
	parts := strings.Split(strings.Trim(scope, "/"), "/")
	if len(parts) >= 2 && strings.EqualFold(parts[0], "subscriptions") {
		return "/subscriptions/" + parts[1] + "/providers/" + definitionType + "/" + name
	}
	return "/providers/" + definitionType + "/" + name
}

func viewAssignment(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[assignment](r)
	if err != nil {
		return expr.Null(), err
	}
	return object("properties", object("roleDefinitionId", definitionID(form.Scope, form.Role), "principalId", form.Principal, "principalType", form.Kind,
		"scope", form.Scope, "condition", "", "conditionVersion", "", "createdOn", arm.Timestamp(r.Created), "updatedOn", arm.Timestamp(r.Changed),
		"createdBy", form.CreatedBy, "updatedBy", form.UpdatedBy, "delegatedManagedIdentityResourceId", form.Delegated, "description", form.Description)), nil
}

// object makes an object of names and values in turn; an empty text is null.
func object(pairs ...any) expr.Value {
	members := make([]expr.Member, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		v, _ := pairs[i+1].(expr.Value)
		if text, ok := pairs[i+1].(string); ok && text != "" {
			v = expr.String(text)
		}
		members = append(members, expr.Member{Name: pairs[i].(string), Value: v})
	}
	return expr.Object(members...)
}

// Assign gives a role within a transaction, without asking anybody: for who sets a
// server up. Twice is once.
func (s *Service) Assign(tx *store.Tx, a Assignment, now time.Time) error {
	sum := sha256.Sum256([]byte(strings.ToLower(a.Principal + "\x00" + a.Role + "\x00" + a.Scope)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	name := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	id := strings.TrimSuffix(a.Scope, "/") + "/providers/" + assignmentType + "/" + name
	if _, err := arm.Load(tx, id); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	stored, err := json.Marshal(assignment{Version: formVersion, Principal: a.Principal, Kind: a.Kind, Role: a.Role, Scope: a.Scope})
	if err != nil {
		return err
	}
	s.changed(tx)
	return arm.Save(tx, arm.Resource{Resource: store.Resource{ID: id, Type: assignmentType, ETag: arm.NewETag(), State: "Succeeded", Created: now, Changed: now, Body: stored}})
}
