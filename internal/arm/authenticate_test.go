package arm_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"isle/internal/arm"
)

// busy knows nobody just now.
type busy struct{}

func (busy) Authenticate(*http.Request) (arm.Principal, error) {
	return arm.Principal{}, &arm.Error{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "Try again."}
}

// TestWhoCannotBeJudgedIsNotRefused: a client that is told 401 throws its sign-in away.
func TestWhoCannotBeJudgedIsNotRefused(t *testing.T) {
	w := newWorld(t, virtual)
	m, err := arm.New(arm.Config{Store: w.store, Authenticator: busy{}, Tenant: tenant, Subscriptions: []arm.Subscription{{ID: subscription}}, PublicURL: base})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, base+"/subscriptions?api-version=2022-12-01", nil)
	r.Header.Set("Authorization", "Bearer good")
	rec := httptest.NewRecorder()
	m.ServeHTTP(rec, r)
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Www-Authenticate") != "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
