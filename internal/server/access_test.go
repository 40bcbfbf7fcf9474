package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"isle/internal/access"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
)

// rolesOfTable are the columns of the table, by their letter.
var rolesOfTable = []struct{ letter, name, role string }{
	{"O", "Owner", access.Owner},
	{"C", "Contributor", access.Contributor},
	{"R", "Reader", access.Reader},
	{"U", "User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"},
	{"L", "Logic App Contributor", "87a39d53-fc1b-424a-814c-f7e04687dc9e"},
	{"P", "Logic App Operator", "515c2055-d9d4-4321-b1b9-bd0c9a0f79fe"},
	{"E", "Integration Service Environment Contributor", "a41e2c5b-bd99-4a07-88f4-9bf657a760b8"},
	{"D", "Integration Service Environment Developer", "c7aa55d3-1abb-444a-a5ca-5e51e485d6ec"},
	{"N", "Network Contributor", "4d97b98b-1d4f-4787-a291-c67834d212e7"},
}

// accessRules say who is let in: the first row whose action begins so, and ends so.
var accessRules = []struct{ begins, ends, letters string }{
	{"Microsoft.Authorization/", "/read", "OCRULPEDN"},
	{"Microsoft.Authorization/roleAssignments/", "", "OU"},
	{"Microsoft.Authorization/", "", "OU"},
	{"Microsoft.Logic/integrationServiceEnvironments/read", "", "OCRULPED"},
	{"Microsoft.Logic/integrationServiceEnvironments/", "/read", "OCRULPE"},
	{"Microsoft.Logic/integrationServiceEnvironments/", "", "OCLE"},
	{"Microsoft.Logic/workflows/enable/action", "", "OCLP"},
	{"Microsoft.Logic/workflows/disable/action", "", "OCLP"},
	{"Microsoft.Logic/workflows/validate/action", "", "OCLP"},
	{"Microsoft.Logic/", "/read", "OCRULP"},
	{"Microsoft.Logic/", "", "OCL"},
	{"Microsoft.Network/", "/read", "OCRUN"},
	{"Microsoft.Network/", "", "OCN"},
	{"Microsoft.Web/connections/read", "", "OCRUL"},
	{"Microsoft.Web/customApis/read", "", "OCRUL"},
	{"Microsoft.Web/connections/", "/read", "OCRULP"},
	{"Microsoft.Web/customApis/", "/read", "OCRULP"},
	{"Microsoft.Web/connections/", "", "OCL"},
	{"Microsoft.Web/customApis/", "", "OCL"},
	{"Microsoft.ManagedIdentity/userAssignedIdentities/read", "", "OCRU"},
	{"Microsoft.Resources/subscriptions/resourceGroups/read", "", "OCRULPN"},
	{"Microsoft.Resources/deployments/operations/read", "", "OCRULPN"},
	{"Microsoft.Resources/deployments/", "/read", "OCRULN"},
	{"Microsoft.Resources/deployments/", "", "OCLN"},
	{"Microsoft.Insights/metricDefinitions/read", "", "OCRUL"},
	{"Microsoft.", "/read", "OCRU"}, // of whatever none of the roles names
	{"Microsoft.", "", "OC"},
	{"", "", "*"}, // narrowed to what may be read, or no secret
}

// Every request that the resource manager answers, held against every role at the
// subscription: it lets in those of whom the rules have the letter, and nobody without a
// role but where the rules say "*".
func TestAccessTable(t *testing.T) {
	s := start(t, t.TempDir())
	for i, r := range rolesOfTable {
		err := s.store.Control().Write(t.Context(), func(tx *store.Tx) error {
			return s.access.Assign(tx, access.Assignment{Principal: principalOf(i), Role: r.role, Scope: "/subscriptions/" + s.issuer.Subscription()}, s.store.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	group := "/subscriptions/" + s.issuer.Subscription() + "/resourceGroups/x"
	if _, err := s.manager.Put(t.Context(), arm.Principal{ID: principalOf(0)}, group, "2021-04-01", []byte(`{"location":"westeurope"}`)); err != nil {
		t.Fatal(err)
	}
	for _, f := range s.manager.Surface() {
		want := ""
		for _, r := range slices.Backward(accessRules) {
			if strings.HasPrefix(f.Action, r.begins) && strings.HasSuffix(f.Action, r.ends) {
				want = r.letters
			}
		}
		got := s.letIn(t, f)
		if f.Action == "" && strings.HasPrefix(f.Pattern, "/subscriptions/{subscription}") {
			want = "OCRULPEDN" // whoever has a role there
		}
		if got != want {
			t.Errorf("%s %s (%s): %q is let in, want %q", f.Method, f.Pattern, f.Action, got, want)
		}
	}
}

func principalOf(i int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", i) }

var named = regexp.MustCompile(`\{\w+\}`)

// letIn asks as each role, about what is not there.
func (s *Server) letIn(t *testing.T, f arm.Surface) string {
	t.Helper()
	if f.Method == http.MethodDelete && strings.HasSuffix(f.Pattern, "{group}") {
		f.Pattern = strings.TrimSuffix(f.Pattern, "{group}") + "none" // the group is needed
	}
	path := strings.ReplaceAll(f.Pattern, "{subscription}", s.issuer.Subscription())
	path = strings.ReplaceAll(path, "{namespace}", "Microsoft.Logic")
	path = named.ReplaceAllString(path, "x")
	if s.asks(t, "", f.Method, path) {
		return "*"
	}
	in := ""
	for i, r := range rolesOfTable {
		if s.asks(t, principalOf(i), f.Method, path) {
			in += r.letter
		}
	}
	return in
}

// asks sends a request, and tells whether it was let in. Others than those that only
// read say nothing that can be carried out.
func (s *Server) asks(t *testing.T, principal, method, path string) bool {
	t.Helper()
	p := arm.Principal{ID: principal}
	var err error
	switch method {
	case http.MethodPost:
		_, err = s.manager.Post(t.Context(), p, path, "2019-05-01", []byte("{}"))
	case http.MethodPut:
		_, err = s.manager.Put(t.Context(), p, path, "2019-05-01", []byte(`{"properties":"none"}`))
	case http.MethodDelete:
		_, err = s.manager.Delete(t.Context(), p, path, "2019-05-01")
	case http.MethodPatch:
		_, err = s.manager.Patch(t.Context(), p, path, "2019-05-01", []byte(`{"tags":1}`))
	default:
		_, err = s.manager.Get(t.Context(), p, path, "2019-05-01")
	}
	e := arm.AsError(err)
	if err != nil && e == nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return e == nil || e.Code != "AuthorizationFailed"
}

// Security: a signature opens what it names at the access endpoint and never the resource
// manager, the directory or a backup.
func TestSignaturesDoNotOpenTheResourceManager(t *testing.T) {
	s := start(t, t.TempDir())
	subscription := "/subscriptions/" + s.issuer.Subscription()
	link := runner.Link{FlowID: "f", Permission: "//*", APIVersion: "2019-05-01"}
	for _, path := range []string{"/subscriptions", subscription, subscription + "/resourceGroups", subscription + "/resourceGroups/g/providers/Microsoft.Logic/workflows/w",
		subscription + "/resourceGroups/g/providers/Microsoft.Logic/workflows/w/runs", "/v1.0/users", "/tenants", "/providers/Microsoft.Logic"} {
		link.Path = path
		for _, key := range [][]byte{nil, []byte("key")} {
			r := httptest.NewRequest(http.MethodGet, link.URL("https://localhost", key), nil)
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" && !strings.HasPrefix(path, "/v1.0") {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	}
	for _, path := range []string{"/backup", "/restore"} {
		r := httptest.NewRequest(http.MethodPost, "https://localhost"+path+"?sp=%2F%2F*&sv=1.0&sig=x", nil)
		w := httptest.NewRecorder()
		if s.handler.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
