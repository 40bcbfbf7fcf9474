package access_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"isle/internal/access"
)

// What clients ask Microsoft.Authorization for besides roles and assignments.
func TestProviderQuestions(t *testing.T) {
	w := newWorld(t)
	const nobody = "00000000-0000-0000-0000-0000000000ee"
	w.want(t, owner, "GET", scope+provider+"denyAssignments", "", 200, `{"value":[]}`)
	w.want(t, owner, "GET", thing+provider+"denyAssignments", "", 200, `{"value":[]}`)
	w.want(t, owner, "GET", scope+provider+"denyAssignments/"+first, "", 404, "DenyAssignmentNotFound")
	w.want(t, owner, "PUT", scope+provider+"denyAssignments/"+first, "{}", 405, "")
	w.want(t, owner, "GET", scope+provider+"classicAdministrators", "", 200, `{"value":[]}`)
	w.want(t, nobody, "GET", scope+provider+"classicAdministrators", "", 403, "AuthorizationFailed")
	w.want(t, owner, "POST", provider+"elevateAccess", "", 403, "ElevateAccessNotSupported")

	w.want(t, owner, "GET", provider+"providerOperations", "", 200, `"name":"Test.Shop"`)
	if rec := w.ask(owner, "GET", provider+"providerOperations", ""); strings.Contains(rec.Body.String(), "Test.Shop/shops/open/action") {
		t.Error("operations are shown unasked")
	}
	w.want(t, owner, "GET", provider+"providerOperations/test.shop?$expand=resourceTypes", "", 200,
		`{"name":"shops","displayName":"shops","operations":[{"name":"Test.Shop/shops/read",`)
	w.want(t, owner, "GET", provider+"providerOperations/Test.Shop?$expand=resourceTypes", "", 200, `"name":"Test.Shop/shops/open/action"`)
	w.want(t, owner, "GET", provider+"providerOperations/None", "", 404, "ProviderOperationsNotFound")
}

// A role that is given to a group is its members'; assignedTo() shows it with theirs.
func TestGroupsHaveRoles(t *testing.T) {
	w := newWorld(t)
	const developers = "00000000-0000-0000-0000-0000000000d0"
	w.groups = map[string][]string{ann: {developers}}
	at := group + provider + "roleAssignments/"
	w.want(t, owner, "PUT", at+first, strings.Replace(assign(access.Reader, developers), `"principalId"`, `"principalType":"Group","principalId"`, 1), 201, `"principalType":"Group"`)
	w.want(t, ann, "GET", thing, "", 200, "")
	w.want(t, bob, "GET", thing, "", 403, "")
	for who, n := range map[string]int{ann: 1, bob: 0} {
		if got := names(t, w.ask(owner, http.MethodGet, scope+provider+fmt.Sprintf("roleAssignments?$filter=assignedTo('%s')", who), "")); len(got) != n {
			t.Error(who, got)
		}
		if got := names(t, w.ask(owner, http.MethodGet, scope+provider+fmt.Sprintf("roleAssignments?$filter=principalId eq '%s'", who), "")); len(got) != 0 {
			t.Error(who, got)
		}
	}
	w.groups = nil // she leaves
	w.want(t, ann, "GET", thing, "", 403, "")
}
