package isletest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"isle/isletest"
)

// TestAGroupsRole: a person may what a group that they are in may, as long as they are in
// it; who changed the directory, and who was refused, is in the activity log.
func TestAGroupsRole(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("team")
	const password = "correct horse battery"
	made := func(path string, body any) string {
		t.Helper()
		a := s.Do(http.MethodPost, path, body)
		if a.Status != 201 {
			t.Fatalf("%s: %d %s", path, a.Status, a.Body)
		}
		return a.Text("id")
	}
	ann := made("/v1.0/users", map[string]any{"userPrincipalName": "ann", "displayName": "Ann", "accountEnabled": true, "passwordProfile": map[string]any{"password": password}})
	team := made("/v1.0/groups", map[string]any{"displayName": "team", "mailNickname": "team", "mailEnabled": false, "securityEnabled": true})
	const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	role := map[string]any{"properties": map[string]any{"roleDefinitionId": "/subscriptions/" + s.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + reader, "principalId": team, "principalType": "Group"}}
	if a := s.Do(http.MethodPut, group+"/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-0000-0000-000000000001?api-version=2022-04-01", role); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}

	res, err := s.HTTP().PostForm(s.Authority+"/common/oauth2/v2.0/token", url.Values{"grant_type": {"password"}, "client_id": {"04b07795-8ddb-461a-bbee-02f9e1bf7b46"}, "username": {"ann"}, "password": {password}, "scope": {"https://management.azure.com/.default"}})
	must(t, err)
	token := answered(t, res, "access_token")
	asAnn := func(method, path string) int {
		t.Helper()
		r, err := http.NewRequest(method, s.Endpoint+path, nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := s.HTTP().Do(r)
		must(t, err)
		_ = res.Body.Close()
		return res.StatusCode
	}
	workflows := group + "/providers/Microsoft.Logic/workflows?api-version=2019-05-01"
	if got := asAnn("GET", workflows); got != 403 {
		t.Error(got)
	}
	if a := s.Do(http.MethodPost, "/v1.0/groups/"+team+"/members/$ref", map[string]any{"@odata.id": s.Endpoint + "/v1.0/directoryObjects/" + ann}); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := asAnn("GET", workflows); got != 200 {
		t.Error(got)
	}
	if got := asAnn("DELETE", "/v1.0/users/"+ann); got != 403 {
		t.Error(got)
	}
	s.Restart()
	if got := asAnn("GET", workflows); got != 200 {
		t.Error("membership does not outlive a restart", got)
	}
	if a := s.Do(http.MethodDelete, "/v1.0/groups/"+team+"/members/"+ann+"/$ref", nil); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := asAnn("GET", workflows); got != 403 {
		t.Error(got)
	}

	log := string(s.Do(http.MethodGet, "/subscriptions/"+s.SubscriptionID+"/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$filter="+url.QueryEscape("resourceProvider eq 'Microsoft.Graph'")+"&$select=operationName,caller,status,resourceId", nil).Body)
	for _, want := range []string{`"Microsoft.Graph/users/write"`, `"Microsoft.Graph/groups/members/write"`, `"caller":"` + s.ClientID + `"`, `"caller":"ann@isle.local"`, `"Microsoft.Graph/users/delete"`, `"Failed"`, "Microsoft.Graph/users/" + ann} {
		if !strings.Contains(log, want) {
			t.Errorf("the activity log does not have %s: %s", want, log)
		}
	}
	if strings.Contains(log, password) {
		t.Error("the activity log holds a password")
	}
}

// answered is a member of a JSON answer.
func answered(t *testing.T, res *http.Response, name string) string {
	t.Helper()
	defer res.Body.Close()
	var body map[string]any
	must(t, json.NewDecoder(res.Body).Decode(&body))
	v, _ := body[name].(string)
	if v == "" {
		t.Fatalf("%d %v", res.StatusCode, body)
	}
	return v
}
