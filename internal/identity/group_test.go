package identity_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"isle/internal/arm"
	"isle/internal/identity"
	"isle/internal/store"
)

// recorded is a fixture that keeps what is recorded.
func recorded(t *testing.T) (*fixture, *[]identity.Entry) {
	f := people(t)
	var entries []identity.Entry
	var err error
	f.Service, err = identity.Open(context.Background(), identity.Config{Store: f.store, Clock: f.clock, Allow: func(p arm.Principal, action string) bool { return p.Client == f.creds.ClientID },
		Record: func(_ *store.Tx, e identity.Entry) error { entries = append(entries, e); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return f, &entries
}

func (f *fixture) ids(t *testing.T, method, path string, body any) (list []string) {
	t.Helper()
	for _, v := range f.graph(t, method, path, body, 200)["value"].([]any) {
		switch v := v.(type) {
		case string:
			list = append(list, v)
		case map[string]any:
			list = append(list, v["id"].(string))
		}
	}
	return list
}

func reference(id any) map[string]any {
	return map[string]any{"@odata.id": "https://graph.example/v1.0/directoryObjects/" + id.(string)}
}

func newGroup(t *testing.T, f *fixture, name string, more ...any) string {
	t.Helper()
	body := map[string]any{"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return f.graph(t, "POST", "groups", body, 201)["id"].(string)
}

// Members of a group in a group are in both; circles end; who is deleted leaves.
func TestGroups(t *testing.T) {
	f := people(t)
	ann := f.graph(t, "GET", "users/ann@isle.local", nil, 200)["id"].(string)
	app := f.graph(t, "POST", "applications", map[string]any{"displayName": "pipe"}, 201)["appId"].(string)
	principal := f.graph(t, "POST", "servicePrincipals", map[string]any{"appId": app}, 201)["id"].(string)
	inner := newGroup(t, f, "inner", "members@odata.bind", []string{"https://graph.example/v1.0/users/" + ann})
	outer := newGroup(t, f, "outer", "description", "all")
	f.graph(t, "POST", "groups/"+outer+"/members/$ref", reference(inner), 204)
	f.graph(t, "POST", "groups/"+inner+"/members/$ref", reference(outer), 204) // a circle
	f.graph(t, "POST", "groups/"+outer+"/members/$ref", reference(principal), 204)

	if got := f.Groups(strings.ToUpper(ann)); !slices.Equal(got, []string{inner, outer}) && !slices.Equal(got, []string{inner, outer, inner}) {
		t.Error(got)
	}
	if got := f.ids(t, "GET", "groups/"+outer+"/members", nil); !slices.Equal(got, []string{inner, principal}) {
		t.Error(got)
	}
	if got := f.ids(t, "GET", "groups/"+outer+"/transitiveMembers", nil); !slices.Contains(got, ann) {
		t.Error(got)
	}
	if got := f.ids(t, "GET", "users/"+ann+"/memberOf", nil); !slices.Equal(got, []string{inner}) {
		t.Error(got)
	}
	if got := f.ids(t, "POST", "users/ann@isle.local/getMemberGroups", map[string]any{"securityEnabledOnly": true}); !slices.Equal(got, []string{inner, outer}) {
		t.Error(got)
	}
	if got := f.ids(t, "POST", "directoryObjects/"+principal+"/checkMemberGroups", map[string]any{"groupIds": []string{outer, ann}}); !slices.Equal(got, []string{outer}) {
		t.Error(got)
	}
	if got := f.ids(t, "GET", "groups?$filter=displayName eq 'outer'", nil); !slices.Equal(got, []string{outer}) {
		t.Error(got)
	}
	f.graph(t, "PATCH", "groups/"+outer, map[string]any{"description": "everybody"}, 204)
	if g := f.graph(t, "GET", "groups/"+outer, nil, 200); g["description"] != "everybody" || g["displayName"] != "outer" {
		t.Error(g)
	}
	if kind, ok := f.Kind(inner); kind != "Group" || !ok {
		t.Error(kind)
	}
	f.graph(t, "DELETE", "groups/"+outer+"/members/"+principal+"/$ref", nil, 204)
	f.graph(t, "DELETE", "users/"+ann, nil, 204)
	f.graph(t, "DELETE", "groups/"+outer, nil, 204)
	if got := f.ids(t, "GET", "groups/"+inner+"/members", nil); len(got) > 0 || len(f.Groups(ann))+len(f.Groups(principal)) > 0 {
		t.Error("who is deleted is still a member", got)
	}
}

func TestGroupsAreChecked(t *testing.T) {
	f := people(t)
	g := newGroup(t, f, "g")
	ann := f.graph(t, "GET", "users/ann@isle.local", nil, 200)["id"].(string)
	f.graph(t, "POST", "groups/"+g+"/members/$ref", reference(ann), 204)
	for _, c := range []struct {
		method, path string
		body         any
		status       int
	}{
		{"POST", "groups", map[string]any{"displayName": "x"}, 400},
		{"POST", "groups", map[string]any{"displayName": "", "mailNickname": "x"}, 400},
		{"POST", "groups", map[string]any{"displayName": "x", "mailNickname": "x", "mailEnabled": true}, 400},
		{"POST", "groups", map[string]any{"displayName": "x", "mailNickname": "x", "groupTypes": []string{"DynamicMembership"}}, 400},
		{"POST", "groups", map[string]any{"displayName": "x", "mailNickname": "x", "members@odata.bind": []string{"https://x/nobody"}}, 404},
		{"POST", "groups/" + g + "/members/$ref", reference(ann), 400},
		{"POST", "groups/" + g + "/members/$ref", reference(g), 400},
		{"POST", "groups/" + g + "/members/$ref", reference("nobody"), 404},
		{"POST", "groups/" + g + "/members/$ref", map[string]any{}, 400},
		{"POST", "groups/none/members/$ref", reference(ann), 404},
		{"DELETE", "groups/" + g + "/members/nobody/$ref", nil, 404},
		{"GET", "groups/none", nil, 404},
		{"GET", "groups/none/members", nil, 404},
		{"GET", "users/nobody/memberOf", nil, 404},
	} {
		f.graph(t, c.method, c.path, c.body, c.status)
	}
	if got := f.ids(t, "GET", "groups", nil); len(got) != 1 {
		t.Error("a group that was refused is there", got)
	}
}

// Who changes the directory is recorded with what was changed, and so is who was refused;
// passwords and secrets have names of their own, and are in no entry.
func TestChangesOfTheDirectoryAreRecorded(t *testing.T) {
	f, entries := recorded(t)
	ann := f.graph(t, "GET", "users/ann@isle.local", nil, 200)["id"].(string)
	last := func(action, object, code string) {
		t.Helper()
		if len(*entries) == 0 {
			t.Fatalf("nothing is recorded; want %s", action)
		}
		e := (*entries)[len(*entries)-1]
		if e.Action != "Microsoft.Graph/"+action || !strings.HasPrefix(e.Object, object) || e.Code != code || e.By.Client == "" {
			t.Errorf("%+v, want %s of %s %s", e, action, object, code)
		}
	}
	f.graph(t, "PATCH", "users/"+ann, map[string]any{"displayName": "Anna"}, 204)
	last("users/write", "users/"+ann, "")
	f.graph(t, "PATCH", "users/"+ann, map[string]any{"passwordProfile": map[string]any{"password": "another one to know"}, "displayName": "Anna"}, 204)
	last("users/password/write", "users/"+ann, "")
	app := f.graph(t, "POST", "applications", map[string]any{"displayName": "pipe"}, 201)["id"].(string)
	last("applications/write", "applications/"+app, "")
	f.graph(t, "POST", "applications/"+app+"/addPassword", map[string]any{}, 200)
	last("applications/credentials/write", "applications/"+app, "")
	g := newGroup(t, f, "g")
	last("groups/write", "groups/"+g, "")
	f.graph(t, "POST", "groups/"+g+"/members/$ref", reference(ann), 204)
	last("groups/members/write", "groups/"+g, "")
	f.graph(t, "DELETE", "groups/"+g, nil, 204)
	last("groups/delete", "groups/"+g, "")
	n := len(*entries)
	f.graph(t, "POST", "users", map[string]any{"userPrincipalName": "ann"}, 400)
	last("users/write", "users", "Request_BadRequest")
	if len(*entries) != n+1 {
		t.Error(len(*entries) - n)
	}

	_, body := f.byPassword("ann", "another one to know")
	r := httptest.NewRequest("DELETE", "https://localhost/v1.0/users/"+ann, nil)
	r.Header.Set("Authorization", "Bearer "+body["access_token"].(string))
	w := httptest.NewRecorder()
	if f.Graph().ServeHTTP(w, r); w.Code != 403 {
		t.Fatal(w.Code)
	}
	last("users/delete", "users/"+ann, "Authorization_RequestDenied")
	if e := (*entries)[len(*entries)-1]; e.By.Client != "ann@isle.local" || e.Status != 403 || e.Method != "DELETE" {
		t.Errorf("%+v", e)
	}
}
