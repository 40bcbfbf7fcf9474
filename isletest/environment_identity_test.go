package isletest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/isletest"
)

// tokenOf asks the local endpoint for a token of the identity of a resource, as a program
// that acts for it does.
func (s *site) tokenOf(id string) (status int, token, client string) {
	s.t.Helper()
	a := s.Do(http.MethodPost, id+"/listIdentityEndpoint", nil)
	if a.Status != http.StatusOK {
		return a.Status, "", ""
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, a.Text("endpoint")+"?api-version=2019-08-01&resource="+url.QueryEscape("https://management.azure.com/"), nil)
	must(s.t, err)
	r.Header.Set("X-IDENTITY-HEADER", a.Text("header"))
	res, err := s.HTTP().Do(r)
	must(s.t, err)
	defer res.Body.Close()
	var answer struct {
		Token  string `json:"access_token"`
		Client string `json:"client_id"`
	}
	must(s.t, json.NewDecoder(res.Body).Decode(&answer))
	return res.StatusCode, answer.Token, answer.Client
}

// reads asks for a resource with a token.
func (s *site) reads(id, token string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.Endpoint+id+"?api-version=2019-05-01", nil)
	must(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := s.HTTP().Do(r)
	must(s.t, err)
	res.Body.Close()
	return res.StatusCode
}

// readsWhatItIs gives an identity the role of a reader at its resource. What it is need not
// be told, and must not be told wrong.
func (s *site) readsWhatItIs(resource, principal string) {
	s.t.Helper()
	assign := func(properties map[string]any) isletest.Answer {
		properties["roleDefinitionId"], properties["principalId"] = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7", principal
		return s.Do(http.MethodPut, resource+"/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-0000-0000-000000000001?api-version=2022-04-01", map[string]any{"properties": properties})
	}
	if a := assign(map[string]any{"principalType": "User"}); a.Status != http.StatusBadRequest || a.Text("error", "code") != "UnmatchedPrincipalType" {
		s.t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := assign(map[string]any{}); a.Status != http.StatusCreated || a.Text("properties", "principalType") != "ServicePrincipal" {
		s.t.Fatalf("%d %s", a.Status, a.Body)
	}
}

// An environment may have an identity of its own, whose tokens programs get at the local
// endpoint and which does what its roles say; and user-assigned ones, which are there
// before and are shown with their principals (ise.md #33, #152).
func TestIdentitiesOfAnEnvironment(t *testing.T) {
	s := newSite(t, 2)
	ctx := t.Context()
	own := s.environmentBody(0, external)
	own.Identity = &armlogic.ManagedServiceIdentity{Type: to.Ptr(armlogic.ManagedServiceIdentityTypeSystemAssigned)}
	client := s.logic.NewIntegrationServiceEnvironmentsClient()
	made := await(client.BeginCreateOrUpdate(ctx, siteGroup, "own", own, nil))(t)
	status, token, _ := s.tokenOf(*made.ID)
	if status != http.StatusOK || token == "" {
		t.Fatal(status)
	}
	if got := s.reads(*made.ID, token); got != http.StatusForbidden {
		t.Errorf("without a role: %d", got)
	}
	s.readsWhatItIs(*made.ID, *made.Identity.PrincipalID)
	if got := s.reads(*made.ID, token); got != http.StatusOK {
		t.Errorf("with a role: %d", got)
	}
	// A PUT without identity leaves it, None takes it.
	again := await(client.BeginCreateOrUpdate(ctx, siteGroup, "own", s.environmentBody(0, external), nil))(t)
	if *again.Identity.PrincipalID != *made.Identity.PrincipalID {
		t.Error("the principal is another one")
	}
	own.Identity = &armlogic.ManagedServiceIdentity{Type: to.Ptr(armlogic.ManagedServiceIdentityTypeNone)}
	await(client.BeginCreateOrUpdate(ctx, siteGroup, "own", own, nil))(t)
	if got := s.reads(*made.ID, token); got != http.StatusUnauthorized {
		t.Errorf("after the identity is gone: %d", got)
	}
	if status, _, _ := s.tokenOf(*made.ID); status != http.StatusConflict {
		t.Errorf("without an identity: %d", status)
	}

	assigned := s.group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
	body := s.environmentBody(1, external)
	body.Identity = &armlogic.ManagedServiceIdentity{Type: to.Ptr(armlogic.ManagedServiceIdentityTypeUserAssigned), UserAssignedIdentities: map[string]*armlogic.UserAssignedIdentity{assigned: {}}}
	_, err := client.BeginCreateOrUpdate(ctx, siteGroup, "assigned", body, nil)
	refusedWith(t, "an identity that is not there", err, "FailedIdentityOperation")
	identity := s.Do(http.MethodPut, assigned+"?api-version=2023-01-31", map[string]any{"location": siteLocation})
	other := await(client.BeginCreateOrUpdate(ctx, siteGroup, "assigned", body, nil))(t)
	shown := other.Identity.UserAssignedIdentities[assigned]
	if shown == nil || *shown.PrincipalID != identity.Text("properties", "principalId") || *shown.ClientID != identity.Text("properties", "clientId") {
		t.Errorf("%+v", shown)
	}
	if _, _, client := s.tokenOf(assigned); client != *shown.ClientID {
		t.Errorf("the token is of the application %s", client)
	}
}

// A workflow's identities have the same form and the same endpoint.
func TestIdentityEndpointOfAWorkflow(t *testing.T) {
	s := newSite(t, 0)
	assigned := s.group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
	identity := s.Do(http.MethodPut, assigned+"?api-version=2023-01-31", map[string]any{"location": siteLocation})
	workflow := func(name, kind string) isletest.Answer {
		return s.Do(http.MethodPut, s.group+"/providers/Microsoft.Logic/workflows/"+name, `{"location":"`+siteLocation+`","identity":`+kind+`,"properties":{"definition":`+
			`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":{},"actions":{}}}}`)
	}
	own := workflow("own", `{"type":"SystemAssigned"}`)
	if status, token, client := s.tokenOf(own.Text("id")); status != http.StatusOK || token == "" || len(client) != 36 {
		t.Errorf("%d %q", status, client)
	}
	s.readsWhatItIs(own.Text("id"), own.Text("identity", "principalId"))
	given := workflow("given", `{"type":"UserAssigned","userAssignedIdentities":{"`+assigned+`":{}}}`)
	if got := given.Text("identity", "userAssignedIdentities", assigned, "clientId"); got != identity.Text("properties", "clientId") {
		t.Errorf("%s", given.Body)
	}
}
