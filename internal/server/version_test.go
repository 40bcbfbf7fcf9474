package server

import (
	"net/http"
	"strings"
	"testing"

	"isle/internal/arm"
)

// An api-version that nothing has is refused by whatever is asked, with those that there
// are; types of Microsoft.Logic take no other than theirs.
func TestUnknownVersionsAreRefused(t *testing.T) {
	s := start(t, t.TempDir())
	ask := func(f arm.Surface, version string) *arm.Error {
		path := strings.ReplaceAll(f.Pattern, "{subscription}", s.issuer.Subscription())
		path = named.ReplaceAllString(strings.ReplaceAll(path, "{namespace}", "Microsoft.Logic"), "x")
		var err error
		switch f.Method {
		case http.MethodGet:
			_, err = s.manager.Get(t.Context(), s.principal(), path, version)
		case http.MethodPut:
			_, err = s.manager.Put(t.Context(), s.principal(), path, version, []byte(`{"location":"westeurope"}`))
		case http.MethodPatch:
			_, err = s.manager.Patch(t.Context(), s.principal(), path, version, []byte(`{}`))
		case http.MethodDelete:
			_, err = s.manager.Delete(t.Context(), s.principal(), path, version)
		default:
			_, err = s.manager.Post(t.Context(), s.principal(), path, version, []byte(`{}`))
		}
		return arm.AsError(err)
	}
	types := 0
	for _, f := range s.manager.Surface() {
		e := ask(f, "2099-01-01")
		switch {
		case e == nil || e.Status != http.StatusBadRequest:
			t.Errorf("%s %s: %v", f.Method, f.Pattern, e)
		case e.Code == "NoRegisteredProviderFound" && strings.Contains(e.Message, "supported api-versions are '20"):
			types++
		case e.Code != "InvalidApiVersionParameter":
			t.Errorf("%s %s: %v", f.Method, f.Pattern, e)
		}
		if e != nil && e.Code == "NoRegisteredProviderFound" && strings.HasPrefix(f.Action, "Microsoft.Logic/") {
			if e := ask(f, "2019-05-02"); e == nil || e.Code != "NoRegisteredProviderFound" {
				t.Errorf("%s %s: %v", f.Method, f.Pattern, e)
			}
		}
	}
	if types < 100 {
		t.Errorf("only %d requests are about types", types)
	}
	e := ask(arm.Surface{Method: http.MethodPut, Pattern: "/subscriptions/{subscription}/resourceGroups/x/providers/Microsoft.Logic/workflows/w"}, "2019-05-02")
	if e == nil || !strings.HasPrefix(e.Message, "No registered resource provider found for location 'westeurope' and API version '2019-05-02' for type 'workflows'.") {
		t.Errorf("%v", e)
	}
	for _, version := range []string{"2019-05-01", "2018-07-01-preview", "2017-07-01", "2016-10-01", "2016-06-01", "2015-08-01-preview", "2015-02-01-preview"} {
		if e := ask(arm.Surface{Method: http.MethodGet, Pattern: "/subscriptions/{subscription}/providers/Microsoft.Logic/workflows"}, version); e != nil {
			t.Errorf("%s: %v", version, e)
		}
	}
}
