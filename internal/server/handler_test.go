package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// An endpoint that ends in a slash, joined with a path, is answered and not
// redirected.
func TestASlashTooManyIsNotRedirected(t *testing.T) {
	s := start(t, t.TempDir())
	for path, want := range map[string]int{
		"//subscriptions?api-version=2022-12-01":         http.StatusUnauthorized,
		"/subscriptions//x?api-version=2022-12-01":       http.StatusUnauthorized,
		"//metadata/endpoints?api-version=2022-09-01":    http.StatusOK,
		"/workflows/x/triggers//paths/invoke?sig=nobody": http.StatusNotFound,
	} {
		r := httptest.NewRequest(http.MethodGet, "https://localhost/", nil)
		r.URL, _ = r.URL.Parse("https://localhost" + path)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
