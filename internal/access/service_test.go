package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"

	"isle/expr"
	"isle/internal/access"
	"isle/internal/arm"
	"isle/internal/store"
)

const (
	tenant       = "11111111-1111-1111-1111-111111111111"
	subscription = "22222222-2222-2222-2222-222222222222"
	base         = "https://isle.test"
	scope        = "/subscriptions/" + subscription
	group        = scope + "/resourceGroups/g"
	thing        = group + "/providers/Test.Shop/shops/s"
	provider     = "/providers/Microsoft.Authorization/"
	owner        = "00000000-0000-0000-0000-000000000001"
	ann          = "00000000-0000-0000-0000-00000000000a"
	bob          = "00000000-0000-0000-0000-00000000000b"
	first        = "aaaaaaaa-0000-0000-0000-000000000001"
	second       = "aaaaaaaa-0000-0000-0000-000000000002"
)

// world is a manager with shops, whose callers are who their token says.
type world struct {
	*arm.Manager
	access *access.Service
	store  *store.Store
	groups map[string][]string // of each principal
}

func (w *world) Authenticate(r *http.Request) (arm.Principal, error) {
	id, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return arm.Principal{}, errors.New("no token")
	}
	return arm.Principal{ID: id, Client: id, Tenant: tenant}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{store: s}
	w.access = access.Open(access.Config{Store: s, Principal: func(_ *store.Tx, id string) (string, bool, error) {
		return "User", id == ann || id == bob, nil
	}, Groups: func(id string) []string { return w.groups[id] }})
	shop := arm.Type{Name: "Test.Shop/shops", APIVersions: []string{"2022-04-01"}, Linked: "join/action", List: &arm.ListSpec{},
		Put: func(_ context.Context, _ *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
			return &arm.Written{Body: r.Body.JSON()}, nil
		},
		Delete: func(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil },
		View: func(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
			return expr.ParseStored(r.Body)
		},
		Actions: map[string]arm.Handler{"open": func(context.Context, *arm.Request) (*arm.Response, error) { return nil, nil }}}
	w.Manager, err = arm.New(arm.Config{Store: s, Types: append(w.access.Types(), shop), Routes: w.access.Routes(func() []arm.Surface { return w.Surface() }), Authorizer: w.access, Authenticator: w, Tenant: tenant,
		Subscriptions: []arm.Subscription{{ID: subscription}}, PublicURL: base})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Control().Write(t.Context(), func(tx *store.Tx) error {
		return w.access.Assign(tx, access.Assignment{Principal: owner, Kind: "ServicePrincipal", Role: access.Owner, Scope: scope}, s.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, owner, http.MethodPut, group, `{"location":"westeurope"}`, 201, "")
	w.want(t, owner, http.MethodPut, thing, `{}`, 201, "")
	return w
}

// ask sends a request as a principal.
func (w *world) ask(who, method, path, body string) *httptest.ResponseRecorder {
	if !strings.Contains(path, "api-version") {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "api-version=2022-04-01"
	}
	r := httptest.NewRequest(method, base+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+who)
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// want sends a request and checks the status, and what the answer contains.
func (w *world) want(t *testing.T, who, method, path, body string, status int, text string) {
	t.Helper()
	rec := w.ask(who, method, path, body)
	if rec.Code != status || !strings.Contains(rec.Body.String(), text) {
		t.Errorf("%s %s: %d %s, want %d %s", method, path, rec.Code, rec.Body, status, text)
	}
}

func assign(role, principal string) string {
	return fmt.Sprintf(`{"properties":{"roleDefinitionId":"%s%sroleDefinitions/%s","principalId":"%s"}}`, scope, provider, role, principal)
}

func TestAssignments(t *testing.T) {
	w := newWorld(t)
	at := group + provider + "roleAssignments/"
	w.want(t, ann, "GET", thing, "", 403, `"code":"AuthorizationFailed"`)
	w.want(t, ann, "GET", group+"/providers/Test.Shop/shops/none", "", 403, "does not have authorization to perform action 'Test.Shop/shops/read' over scope '"+group)
	w.want(t, owner, "PUT", at+first, assign(access.Reader, ann), 201, `"principalType":"User"`)
	w.want(t, ann, "GET", thing, "", 200, "")
	w.want(t, ann, "PUT", thing, "{}", 403, "Test.Shop/shops/write")
	w.want(t, ann, "DELETE", thing, "", 403, "Test.Shop/shops/delete")
	w.want(t, ann, "POST", thing+"/open", "", 403, "Test.Shop/shops/open/action")
	w.want(t, ann, "PUT", at+second, assign(access.Owner, ann), 403, "Microsoft.Authorization/roleAssignments/write")

	w.want(t, owner, "PUT", at+first, assign(access.Reader, ann), 201, first)
	w.want(t, owner, "PUT", at+second, assign(access.Reader, ann), 409, "RoleAssignmentExists")
	w.want(t, owner, "PUT", at+first, assign(access.Reader, bob), 400, "RoleAssignmentUpdateNotPermitted")
	w.want(t, owner, "GET", strings.ToUpper(at+first), "", 200, `"scope":"`+group+`"`)
	w.want(t, owner, "GET", at+second, "", 404, "RoleAssignmentNotFound")
	w.want(t, owner, "DELETE", at+first, "", 200, first)
	w.want(t, owner, "DELETE", at+first, "", 204, "")
	w.want(t, ann, "GET", thing, "", 403, "AuthorizationFailed")
}

func TestAssignmentsAreChecked(t *testing.T) {
	w := newWorld(t)
	at := group + provider + "roleAssignments/"
	const unknown = "00000000-0000-0000-0000-0000000000ff"
	for _, c := range []struct{ name, body, code string }{
		{"x", assign(access.Reader, ann), "InvalidRoleAssignmentId"},
		{first, `{}`, "InvalidPrincipalId"},
		{first, `{"properties":{"roleDefinitionId":1}}`, "BadRequestFormat"},
		{first, assign(unknown, ann), "RoleDefinitionDoesNotExist"},
		{first, assign(access.Reader, unknown), "PrincipalNotFound"},
		{first, strings.Replace(assign(access.Reader, ann), `"principalId"`, `"principalType":"ServicePrincipal","principalId"`, 1), "UnmatchedPrincipalType"},
		{first, strings.Replace(assign(access.Reader, ann), `"principalId"`, `"condition":"@Resource[x]","principalId"`, 1), "RoleAssignmentConditionNotSupported"},
	} {
		w.want(t, owner, "PUT", at+c.name, c.body, 400, `"`+c.code+`"`)
	}
	// With a type, the principal may be about to be made: templates do so.
	w.want(t, owner, "PUT", at+first, strings.Replace(assign(access.Reader, unknown), `"principalId"`, `"principalType":"ServicePrincipal","principalId"`, 1), 201, "")
	w.want(t, owner, "PUT", group+"/providers/Test.Shop/shops/none"+provider+"roleAssignments/"+second, assign(access.Reader, ann), 404, "ResourceNotFound")
	w.want(t, owner, "PUT", group+"/providers/Test.Shop/what/none"+provider+"roleAssignments/"+second, assign(access.Reader, ann), 404, "InvalidResourceType")
}

// names are the names in an answer's value.
func names(t *testing.T, rec *httptest.ResponseRecorder) (list []string) {
	t.Helper()
	var answer struct{ Value []struct{ Name string } }
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
	for _, v := range answer.Value {
		list = append(list, v.Name[len(v.Name)-1:])
	}
	slices.Sort(list)
	return list
}

func TestAssignmentsAreListed(t *testing.T) {
	w := newWorld(t)
	w.want(t, owner, "PUT", scope+provider+"roleAssignments/"+strings.TrimSuffix(first, "1")+"2", assign(access.Reader, ann), 201, "")
	w.want(t, owner, "PUT", group+provider+"roleAssignments/"+strings.TrimSuffix(first, "1")+"3", assign(access.Contributor, bob), 201, "")
	w.want(t, owner, "PUT", thing+provider+"roleAssignments/"+strings.TrimSuffix(first, "1")+"4", assign(access.Contributor, ann), 201, "")
	for _, c := range []struct{ scope, filter, want string }{
		{group, "", "2 3 4"},
		{group, "atScope()", "2 3"},
		{thing, "", "2 3 4"},
		{scope, "principalId eq '" + ann + "'", "2 4"},
		{scope, "principalId eq " + ann, "2 4"},
		{group, "atScope() and assignedTo('" + ann + "')", "2"},
		{group, "assignedTo('" + bob + "')", "3"},
	} {
		path := c.scope + provider + "roleAssignments"
		if c.filter != "" {
			path += "?$filter=" + c.filter
		}
		got := strings.Join(slices.DeleteFunc(names(t, w.ask(owner, "GET", path, "")), func(n string) bool { return !strings.Contains("234", n) }), " ")
		if got != c.want {
			t.Errorf("%s %q: %s, want %s", c.scope, c.filter, got, c.want)
		}
	}
	w.want(t, owner, "GET", group+provider+"roleAssignments?$filter=scope eq 'x'", "", 400, "UnsupportedQueryOption")
	w.want(t, owner, "GET", group+provider+"roleAssignments?$filter=atScope( or", "", 400, "UnsupportedQueryOption")

	// What a role is at goes with its assignments.
	w.want(t, owner, "DELETE", thing, "", 200, "")
	w.want(t, owner, "GET", scope+provider+"roleAssignments?$filter=principalId eq '"+ann+"'", "", 200, `"scope":"`+scope+`"`)
	if n := len(names(t, w.ask(owner, "GET", scope+provider+"roleAssignments?$filter=principalId eq '"+ann+"'", ""))); n != 1 {
		t.Errorf("%d assignments are left", n)
	}
}

const custom = `{"properties":{"roleName":"Opener","type":"CustomRole","description":"opens","assignableScopes":["` + group + `"],
	"permissions":[{"actions":["Test.Shop/*"],"notActions":["Test.Shop/shops/delete"]}]}}`

func TestCustomRoles(t *testing.T) {
	w := newWorld(t)
	const name = "bbbbbbbb-0000-0000-0000-000000000001"
	at := scope + provider + "roleDefinitions/" + name
	w.want(t, owner, "PUT", group+provider+"roleDefinitions/"+name, custom, 201, `"id":"`+at+`"`)
	w.want(t, owner, "GET", at, "", 200, `"type":"CustomRole"`)
	w.want(t, owner, "PUT", strings.TrimSuffix(at, "1")+"2", custom, 409, "RoleDefinitionWithSameNameExists")
	w.want(t, owner, "PUT", scope+provider+"roleAssignments/"+first, assign(name, ann), 400, "RoleAssignmentScopeNotAssignableToRoleDefinition")
	w.want(t, owner, "PUT", group+provider+"roleAssignments/"+first, assign(name, ann), 201, "")
	w.want(t, ann, "PUT", thing, "{}", 200, "")
	w.want(t, ann, "DELETE", thing, "", 403, "")
	w.want(t, owner, "PUT", at, strings.Replace(custom, `"Test.Shop/*"`, `"Test.Shop/shops/read"`, 1), 201, "")
	w.want(t, ann, "PUT", thing, "{}", 403, "")
	w.want(t, ann, "GET", thing, "", 200, "")
	w.want(t, owner, "DELETE", at, "", 400, "RoleDefinitionHasAssignments")
	w.want(t, owner, "DELETE", group+provider+"roleAssignments/"+first, "", 200, "")
	w.want(t, owner, "DELETE", at, "", 200, "Opener")
	w.want(t, owner, "GET", at, "", 404, "RoleDefinitionDoesNotExist")

	w.want(t, owner, "PUT", scope+provider+"roleDefinitions/"+access.Reader, custom, 400, "built in")
	w.want(t, owner, "DELETE", scope+provider+"roleDefinitions/"+access.Reader, "", 400, "built in")
	w.want(t, owner, "PUT", scope+provider+"roleAssignments/"+second, assign(access.Contributor, bob), 201, "")
	w.want(t, bob, "PUT", at, custom, 403, "AuthorizationFailed")
	for change, code := range map[string]string{
		`"roleName":""`:    "InvalidRoleDefinitionName",
		`"permissions":[]`: "InvalidRoleDefinitionPermissions",
		`"permissions":[{"actions":["Test Shop/x"]}]`:          "InvalidActionOrNotAction",
		`"permissions":[{"actions":["read"]}]`:                 "InvalidActionOrNotAction",
		`"permissions":[{"notActions":["a/b"]}]`:               "InvalidRoleDefinitionPermissions",
		`"assignableScopes":[]`:                                "InvalidAssignableScopes",
		`"assignableScopes":["/"]`:                             "InvalidAssignableScopes",
		`"assignableScopes":["/subscriptions/` + tenant + `"]`: "InvalidAssignableScopes",
		`"type":"BuiltInRole"`:                                 "InvalidRoleDefinitionType",
		`"roleName":"reader"`:                                  "RoleDefinitionWithSameNameExists",
		`"permissions":[{"actions":["*"]},{"actions":["*"]}]`:  "InvalidRoleDefinitionPermissions",
		`"permissions":{}`:                                     "InvalidRoleDefinition",
	} {
		body := strings.TrimSuffix(custom, "}}") + "," + change + "}}"
		if rec := w.ask(owner, "PUT", at, body); rec.Code < 400 || rec.Code >= 500 || !strings.Contains(rec.Body.String(), code) {
			t.Errorf("%s: %d %s, want %s", change, rec.Code, rec.Body, code)
		}
	}
}

// Lists hold what the caller may read; who may read nothing in a scope is refused.
func TestListsAreNarrowed(t *testing.T) {
	w := newWorld(t)
	other := scope + "/resourceGroups/other"
	w.want(t, owner, "PUT", other, `{"location":"westeurope"}`, 201, "")
	w.want(t, owner, "PUT", other+"/providers/Test.Shop/shops/hidden", `{}`, 201, "")
	w.want(t, ann, "GET", scope+"/providers/Test.Shop/shops", "", 403, "AuthorizationFailed")
	w.want(t, ann, "GET", scope, "", 403, "AuthorizationFailed")
	w.want(t, owner, "PUT", group+provider+"roleAssignments/"+first, assign(access.Reader, ann), 201, "")
	for _, path := range []string{scope + "/providers/Test.Shop/shops", scope + "/resourceGroups"} {
		if got := names(t, w.ask(ann, "GET", path, "")); len(got) != 1 {
			t.Errorf("%s shows %v", path, got)
		}
	}
	w.want(t, ann, "GET", scope, "", 200, subscription)
	w.want(t, ann, "GET", "/subscriptions", "", 200, subscription)
	w.want(t, bob, "GET", "/subscriptions", "", 200, `{"value":[]}`)
	w.want(t, ann, "GET", other, "", 403, "AuthorizationFailed")
}

// ise.md #156: who places something in a resource must be allowed to join it there.
func TestPlacingNeedsJoin(t *testing.T) {
	w := newWorld(t)
	other := scope + "/resourceGroups/other"
	w.want(t, owner, "PUT", other, `{"location":"westeurope"}`, 201, "")
	w.want(t, owner, "PUT", other+provider+"roleAssignments/"+first, assign(access.Contributor, ann), 201, "")
	placed := `{"properties":{"in":[{"id":"` + strings.ToUpper(thing[:1]) + thing[1:] + `"}]}}`
	mine := other + "/providers/Test.Shop/shops/mine"
	w.want(t, ann, "PUT", mine, placed, 403, `LinkedAuthorizationFailed`)
	w.want(t, ann, "PUT", mine, placed, 403, `'Test.Shop/shops/join/action' on the linked scope(s) '`+thing)
	w.want(t, ann, "PUT", mine, `{"properties":{"in":{"`+thing+`":{}}}}`, 403, "LinkedAuthorizationFailed")
	w.want(t, ann, "PUT", mine, `{"properties":{"self":"`+mine+`"}}`, 201, "")
	w.want(t, owner, "PUT", mine, placed, 200, "")
	w.want(t, ann, "PUT", mine, placed, 200, "") // it is there already
	w.want(t, owner, "PUT", thing+provider+"roleAssignments/"+second, assign(access.Contributor, ann), 201, "")
	w.want(t, ann, "PUT", mine+"2", placed, 201, "")
}

func TestPermissions(t *testing.T) {
	w := newWorld(t)
	w.want(t, owner, "GET", thing+provider+"permissions", "", 200, `"actions":["*"]`)
	w.want(t, ann, "GET", thing+provider+"permissions", "", 403, "")
	w.want(t, ann, "GET", "/providers/Microsoft.Authorization/roleDefinitions/"+access.Owner, "", 200, `"roleName":"Owner"`)
}

// in calls the manager without a socket.
type in struct{ http.Handler }

func (h in) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
	} else {
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	res := rec.Result()
	res.Request = r
	return res, nil
}

type token string

func (t token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t)}, nil
}

// The unmodified SDK gives and takes roles.
func TestSDK(t *testing.T) {
	w := newWorld(t)
	options := &azarm.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: in{w}, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: base,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: base, Audience: base}}}}}
	factory, err := armauthorization.NewClientFactory(subscription, token(owner), options)
	if err != nil {
		t.Fatal(err)
	}
	definitions, assignments := factory.NewRoleDefinitionsClient(), factory.NewRoleAssignmentsClient()
	pager := definitions.NewListPager(scope, &armauthorization.RoleDefinitionsClientListOptions{Filter: to.Ptr("roleName eq 'Logic App Operator'")})
	page, err := pager.NextPage(t.Context())
	if err != nil || len(page.Value) != 1 || *page.Value[0].Name != "515c2055-d9d4-4321-b1b9-bd0c9a0f79fe" {
		t.Fatal(page.Value, err)
	}
	made, err := assignments.Create(t.Context(), group, first, armauthorization.RoleAssignmentCreateParameters{Properties: &armauthorization.RoleAssignmentProperties{
		RoleDefinitionID: page.Value[0].ID, PrincipalID: to.Ptr(ann), PrincipalType: to.Ptr(armauthorization.PrincipalTypeUser)}}, nil)
	if err != nil || *made.Properties.PrincipalID != ann || *made.Properties.Scope != group {
		t.Fatal(made, err)
	}
	if got, err := assignments.GetByID(t.Context(), *made.ID, nil); err != nil || *got.Name != first {
		t.Error(got, err)
	}
	found := 0
	for list := assignments.NewListForScopePager(group, &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: to.Ptr("atScope()")}); list.More(); {
		page, err := list.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found += len(page.Value)
	}
	if found != 2 {
		t.Errorf("%d assignments at the group", found)
	}
	_, err = assignments.Create(t.Context(), group, second, armauthorization.RoleAssignmentCreateParameters{Properties: &armauthorization.RoleAssignmentProperties{
		RoleDefinitionID: page.Value[0].ID, PrincipalID: to.Ptr(ann)}}, nil)
	var failed *azcore.ResponseError
	if !errors.As(err, &failed) || failed.ErrorCode != "RoleAssignmentExists" || failed.StatusCode != 409 {
		t.Error(err)
	}
	gone, err := assignments.DeleteByID(t.Context(), *made.ID, nil)
	if err != nil || gone.Name == nil || *gone.Name != first {
		t.Error(gone, err)
	}
	role, err := definitions.CreateOrUpdate(t.Context(), scope, second, armauthorization.RoleDefinition{Properties: &armauthorization.RoleDefinitionProperties{
		RoleName: to.Ptr("Opener"), RoleType: to.Ptr("CustomRole"), AssignableScopes: []*string{to.Ptr(group)},
		Permissions: []*armauthorization.Permission{{Actions: []*string{to.Ptr("Test.Shop/shops/open/action")}}}}}, nil)
	if err != nil || *role.Properties.RoleName != "Opener" {
		t.Fatal(role, err)
	}
	if _, err := definitions.Delete(t.Context(), scope, second, nil); err != nil {
		t.Error(err)
	}
	if list, err := factory.NewPermissionsClient().NewListForResourceGroupPager("g", nil).NextPage(t.Context()); err != nil || len(list.Value) != 1 {
		t.Error(list, err)
	}
}
