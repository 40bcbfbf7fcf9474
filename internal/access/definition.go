package access

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// storedRole is a custom role as stored.
type storedRole struct {
	Version int `json:"v"`
	role
}

// customRoles reads the custom roles, by name.
func (s *Service) customRoles(tx *store.Tx) (map[string]*role, error) {
	list, err := arm.List(tx, store.Query{Type: definitionType})
	if err != nil {
		return nil, err
	}
	roles := map[string]*role{}
	for _, r := range list {
		form, err := decode[storedRole](r)
		if err != nil {
			return nil, err
		}
		form.Name = strings.ToLower(r.ID[strings.LastIndexByte(r.ID, '/')+1:])
		roles[form.Name] = &form.role
	}
	return roles, nil
}

func (s *Service) definitions() arm.Type {
	return arm.Type{Name: definitionType, APIVersions: versions(), AnyVersion: true, Extension: true, NoGroup: true, MissingCode: "RoleDefinitionDoesNotExist", ShowDeleted: true,
		ValidName: func(name string) *arm.Error {
			if guid().MatchString(name) {
				return nil
			}
			return arm.Invalid("InvalidRoleDefinitionId", "name", "The role definition ID '%s' is not valid. The role definition ID must be a GUID.", name)
		},
		Home: func(id arm.ID) arm.ID {
			home, err := arm.ParseID(definitionID(id.String(), id.Name()))
			if err != nil {
				return id
			}
			return home
		},
		Builtin:    s.builtin,
		Public:     func(id arm.ID) bool { return id.Subscription == "" || s.roles[strings.ToLower(id.Name())] != nil },
		References: func(expr.Value) expr.Value { return expr.Null() },
		Put:        s.putDefinition, Delete: s.deleteDefinition, View: s.viewDefinition, Collection: s.listDefinitions}
}

// builtin is a built-in role as a resource.
func (s *Service) builtin(id arm.ID) (arm.Resource, bool) {
	r := s.roles[strings.ToLower(id.Name())]
	if r == nil {
		return arm.Resource{}, false
	}
	return s.builtinResource(id.String(), r), true
}

func (s *Service) builtinResource(id string, r *role) arm.Resource {
	return arm.Resource{Resource: store.Resource{ID: id, Key: strings.ToLower(id), Type: definitionType, ETag: `W/"` + r.Name + `"`}}
}

// roleBody is the member properties of a PUT.
type roleBody struct {
	RoleName    string       `json:"roleName"`
	Type        string       `json:"type"`
	Description string       `json:"description"`
	Permissions []permission `json:"permissions"`
	Scopes      []string     `json:"assignableScopes"`
}

func (s *Service) putDefinition(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	name := strings.ToLower(r.ID.Name())
	if s.roles[name] != nil {
		return nil, builtinRefusal(s.roles[name])
	}
	var found arm.Found
	body := new(roleBody)
	if !found.Decode(r.Properties(), body, "properties", "InvalidRoleDefinition") {
		return nil, found.Err()
	}
	body.check(r.ID, &found)
	if err := s.checkRoleName(tx, name, body.RoleName, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	for _, scope := range body.Scopes {
		if !s.Allowed(r.Principal, definitionType+"/write", scope) {
			return nil, &arm.Error{Status: http.StatusForbidden, Code: "LinkedAuthorizationFailed", Target: "properties.assignableScopes",
				Message: fmt.Sprintf("The client '%s' with object id '%s' does not have permission to perform action '%s/write' on the linked scope '%s'.", r.Principal.Client, r.Principal.ID, definitionType, scope)}
		}
	}
	next := storedRole{Version: formVersion, role: role{RoleName: body.RoleName, Description: body.Description, Permissions: body.Permissions, Scopes: body.Scopes,
		CreatedBy: r.Principal.ID, UpdatedBy: r.Principal.ID}}
	if r.Old != nil {
		old, err := decode[storedRole](*r.Old)
		if err != nil {
			return nil, err
		}
		next.CreatedBy = old.CreatedBy
	}
	stored, err := json.Marshal(next)
	s.changed(tx)
	return &arm.Written{Body: stored, Status: http.StatusCreated}, err
}

func builtinRefusal(r *role) error {
	return arm.Invalid("InvalidRoleDefinition", "", "The role '%s' is built in: it can be neither changed nor deleted. Make a custom role with another GUID.", r.RoleName)
}

const maxRoleName = 512

// check reports what is wrong with a custom role.
func (b *roleBody) check(id arm.ID, found *arm.Found) {
	if strings.TrimSpace(b.RoleName) == "" || len(b.RoleName) > maxRoleName {
		found.Add("InvalidRoleDefinitionName", "properties.roleName", "A role has a name of 1 to %d characters.", maxRoleName)
	}
	if b.Type != "" && !strings.EqualFold(b.Type, "CustomRole") {
		found.Add("InvalidRoleDefinitionType", "properties.type", "The type '%s' of a role that is made must be CustomRole.", b.Type)
	}
	if len(b.Permissions) != 1 {
		found.Add("InvalidRoleDefinitionPermissions", "properties.permissions", "A custom role has one permission; this one has %d.", len(b.Permissions))
	}
	for i := range b.Permissions {
		b.Permissions[i].check(fmt.Sprintf("properties.permissions[%d]", i), found)
	}
	if len(b.Scopes) == 0 {
		found.Add("InvalidAssignableScopes", "properties.assignableScopes", "A role needs at least one scope where it can be assigned, such as '/subscriptions/%s'.", id.Subscription)
	}
	for i, scope := range b.Scopes {
		parsed, err := arm.ParseID(scope)
		if err != nil || parsed.Provider != "" || !strings.EqualFold(parsed.Subscription, id.Subscription) {
			found.Add("InvalidAssignableScopes", fmt.Sprintf("properties.assignableScopes[%d]", i), "'%s' is not a scope where a custom role of this server can be assigned: give the subscription '/subscriptions/%s' or a resource group in it.", scope, id.Subscription)
		}
	}
}

func (p *permission) check(target string, found *arm.Found) {
	if len(p.Actions)+len(p.DataActions) == 0 {
		found.Add("InvalidRoleDefinitionPermissions", target, "The permission allows nothing: give actions or dataActions.")
	}
	for _, set := range []struct {
		name string
		list *[]string
	}{{"actions", &p.Actions}, {"notActions", &p.NotActions}, {"dataActions", &p.DataActions}, {"notDataActions", &p.NotDataActions}} {
		if *set.list == nil {
			*set.list = []string{}
		}
		for i, a := range *set.list {
			if !isAction(a) {
				found.Add("InvalidActionOrNotAction", fmt.Sprintf("%s.%s[%d]", target, set.name, i), "'%s' does not match any of the actions supported by the providers. An action looks like 'Microsoft.Logic/workflows/read', with * for any text.", a)
			}
		}
	}
}

// isAction tells whether a text looks like an action or a pattern of them.
func isAction(text string) bool {
	if text == "*" {
		return true
	}
	for _, c := range text {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("/.*-_", c) {
			return false
		}
	}
	return strings.Contains(text, "/") && !strings.Contains(text, "//") && !strings.HasPrefix(text, "/") && !strings.HasSuffix(text, "/") && len(text) <= 512
}

func (s *Service) checkRoleName(tx *store.Tx, name, roleName string, found *arm.Found) error {
	custom, err := s.customRoles(tx)
	if err != nil {
		return err
	}
	for _, set := range []map[string]*role{s.roles, custom} {
		for _, o := range set {
			if o.Name != name && strings.EqualFold(o.RoleName, roleName) {
				*found = append(*found, arm.Conflict("RoleDefinitionWithSameNameExists", "properties.roleName", "A role with the name '%s' exists already in this directory: %s. Use a different name.", roleName, o.Name))
				return nil
			}
		}
	}
	return nil
}

func (s *Service) deleteDefinition(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	name := strings.ToLower(r.ID.Name())
	if s.roles[name] != nil {
		return builtinRefusal(s.roles[name])
	}
	list, err := arm.List(tx, store.Query{Type: assignmentType})
	if err != nil {
		return err
	}
	for _, a := range list {
		form, err := decode[assignment](a)
		if err != nil {
			return err
		}
		if form.Role == name {
			return arm.Invalid("RoleDefinitionHasAssignments", "", "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments). Delete them first, such as '%s'.", a.ID)
		}
	}
	s.changed(tx)
	return nil
}

func (s *Service) viewDefinition(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	shown := s.roles[strings.ToLower(r.ID[strings.LastIndexByte(r.ID, '/')+1:])]
	created, changed, kind := "2015-02-02T21:55:09.8806423Z", "2021-11-11T20:13:28.6061853Z", "BuiltInRole"
	if shown == nil {
		form, err := decode[storedRole](r)
		if err != nil {
			return expr.Null(), err
		}
		shown, created, changed, kind = &form.role, arm.Timestamp(r.Created), arm.Timestamp(r.Changed), "CustomRole"
	}
	return object("properties", object("roleName", shown.RoleName, "type", kind, "description", expr.String(shown.Description), "assignableScopes", texts(shown.Scopes),
		"permissions", shown.permissions(), "createdOn", created, "updatedOn", changed, "createdBy", shown.CreatedBy, "updatedBy", shown.UpdatedBy)), nil
}

func (r *role) permissions() expr.Value {
	var list []expr.Value
	for _, p := range r.Permissions {
		list = append(list, object("actions", texts(p.Actions), "notActions", texts(p.NotActions), "dataActions", texts(p.DataActions), "notDataActions", texts(p.NotDataActions)))
	}
	return expr.Array(list...)
}

func texts(list []string) expr.Value {
	values := make([]expr.Value, len(list))
	for i, t := range list {
		values[i] = expr.String(t)
	}
	return expr.Array(values...)
}

// listDefinitions answers the roles that can be assigned at a scope; with
// atScopeAndBelow() also those that can be only below it.
func (s *Service) listDefinitions(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	scope := orRoot(r.ID.String())
	filter, err := conditions(r.Query.Get("$filter"), "atScopeAndBelow()", "roleName", "type")
	if err != nil {
		return nil, err
	}
	below := false
	fits := func(shown *role, kind string) bool {
		for _, c := range filter {
			below = below || c.name == "atscopeandbelow"
			if c.name == "rolename" && !strings.EqualFold(c.value, shown.RoleName) || c.name == "type" && !strings.EqualFold(c.value, kind) {
				return false
			}
		}
		return true
	}
	var first []expr.Value
	for _, b := range builtinRoles() {
		if fits(b, "BuiltInRole") {
			v, err := s.view(ctx, nil, s.builtinResource(definitionID(scope, b.Name), b))
			if err != nil {
				return nil, err
			}
			first = append(first, v)
		}
	}
	return s.page(ctx, r, definitionType, func(res arm.Resource) (bool, error) {
		form, err := decode[storedRole](res)
		if err != nil || !fits(&form.role, "CustomRole") {
			return false, err
		}
		for _, at := range form.Scopes {
			if covers(at, scope) || below && covers(scope, at) {
				return true, nil
			}
		}
		return false, nil
	}, first)
}

// permissions lists what the caller may do at a scope: one entry for each of its roles
// there.
func (s *Service) permissions() arm.Type {
	return arm.Type{Name: permissionType, APIVersions: versions(), AnyVersion: true, Extension: true, NoGroup: true,
		View: func(context.Context, *store.Tx, arm.Resource) (expr.Value, error) { return expr.Object(), nil },
		Collection: func(_ context.Context, r *arm.Request) (*arm.Response, error) {
			list := []expr.Value{}
			for _, g := range s.grantsOf(r.Principal) {
				if covers(g.scope, r.ID.String()) {
					for _, p := range g.role.permissions().Elements() {
						list = append(list, p)
					}
				}
			}
			return arm.Page(list, ""), nil
		}}
}
