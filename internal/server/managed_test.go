package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"isle/internal/access"
)

// A managed identity gets tokens at the endpoint, and may do what its roles say, until it
// is deleted.
func TestManagedIdentityEndpoint(t *testing.T) {
	s := start(t, t.TempDir())
	group := "/subscriptions/" + s.issuer.Subscription() + "/resourceGroups/g"
	id := group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
	p := s.principal()
	put := func(path, body string) string {
		t.Helper()
		res, err := s.manager.Put(t.Context(), p, path, "2023-01-31", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return string(res.Body.JSON())
	}
	put(group, `{"location":"westeurope"}`)
	var made struct{ Properties struct{ PrincipalID string } }
	if err := json.Unmarshal([]byte(put(id, `{"location":"westeurope"}`)), &made); err != nil || made.Properties.PrincipalID == "" {
		t.Fatal(err)
	}
	if again := put(id, `{"location":"westeurope","tags":{"a":"b"}}`); !strings.Contains(again, made.Properties.PrincipalID) {
		t.Error("a second PUT changes the principal", again)
	}
	res, err := s.manager.Post(t.Context(), p, id+"/listIdentityEndpoint", "2023-01-31", nil)
	if err != nil {
		t.Fatal(err)
	}
	var endpoint struct{ Endpoint, Header string }
	if err := json.Unmarshal(res.Body.JSON(), &endpoint); err != nil || !strings.HasSuffix(endpoint.Endpoint, "/msi/token") {
		t.Fatal(endpoint, err)
	}
	token := func(header, audience string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "https://localhost/msi/token?api-version=2019-08-01&resource="+url.QueryEscape(audience), nil)
		r.Header.Set("X-IDENTITY-HEADER", header)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		var answer struct {
			Token string `json:"access_token"`
		}
		_ = json.Unmarshal(w.Body.Bytes(), &answer)
		return w.Code, answer.Token
	}
	for _, bad := range []string{"", "x.y", endpoint.Header[:len(endpoint.Header)-2] + "AA", strings.Split(endpoint.Header, ".")[0] + "."} {
		if status, _ := token(bad, "https://management.azure.com/"); status != http.StatusUnauthorized {
			t.Errorf("%q: %d", bad, status)
		}
	}
	if status, _ := token(endpoint.Header, ""); status != http.StatusBadRequest {
		t.Error(status)
	}
	status, text := token(endpoint.Header, "https://management.azure.com/")
	if status != http.StatusOK {
		t.Fatal(status)
	}
	header := http.Header{"Authorization": {"Bearer " + text}}
	read := func() int { return ask(s, group+"?api-version=2021-04-01", here, header).Code }
	if got := read(); got != http.StatusForbidden {
		t.Error("without a role:", got)
	}
	put(group+"/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-0000-0000-000000000001",
		`{"properties":{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/`+access.Reader+`","principalId":"`+made.Properties.PrincipalID+`"}}`)
	if got := read(); got != http.StatusOK {
		t.Error("with a role:", got)
	}
	_, other := token(endpoint.Header, "https://vault.example")
	if got := ask(s, group+"?api-version=2021-04-01", here, http.Header{"Authorization": {"Bearer " + other}}).Code; got != http.StatusUnauthorized {
		t.Error("a token for somebody else:", got)
	}
	if _, err := s.manager.Delete(t.Context(), p, id, "2023-01-31"); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != http.StatusUnauthorized {
		t.Error("after its deletion:", got)
	}
	if status, _ := token(endpoint.Header, "https://management.azure.com/"); status != http.StatusUnauthorized {
		t.Error("after its deletion:", status)
	}
}
