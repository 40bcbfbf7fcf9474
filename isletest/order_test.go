package isletest_test

import (
	"net/http"
	"os"
	"testing"

	"isle/examples"
	"isle/isletest"
)

// deployOrder deploys the example environment and the order workflow, and gives the
// workflow's ID and callback URL.
func deployOrder(t *testing.T, s *isletest.Server) (workflow, callbackURL string) {
	t.Helper()
	group := s.Group("integration")
	for _, d := range []struct {
		name     string
		template []byte
	}{{"environment", examples.Environment}, {"order", examples.Order}} {
		a := s.Deploy(group, d.name, rawJSON(d.template), struct{}{})
		if got := a.Text("properties", "provisioningState"); got != "Succeeded" {
			t.Fatalf("deploying %s: %s\n%s", d.name, got, a.Body)
		}
	}
	workflow = group + "/providers/Microsoft.Logic/workflows/order"
	a := s.Do(http.MethodPost, workflow+"/triggers/order/listCallbackUrl", nil)
	return workflow, a.Text("value")
}

// rawJSON is JSON that is sent as it is.
type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

func TestAnOrderIsAnswered(t *testing.T) {
	s := isletest.Start(t)
	workflow, callbackURL := deployOrder(t, s)
	for _, tt := range []struct {
		order map[string]any
		total string
		tier  string
	}{
		{map[string]any{"id": "A-1", "qty": 4, "price": 25}, "100", "big"},
		{map[string]any{"id": "A-2", "qty": 3, "price": 9.5, "note": "more than is asked for"}, "28.5", "small"},
	} {
		a := s.Call(callbackURL, tt.order)
		if a.Status != http.StatusOK || a.Text("tier") != tt.tier || a.Text("total") != tt.total || a.Text("id") != tt.order["id"] {
			t.Errorf("%v: %d %s", tt.order, a.Status, a.Body)
		}
	}
	runs := s.Do(http.MethodGet, workflow+"/runs", nil)
	run := runs.Text("value", 0, "name")
	if runs.Text("value", 0, "properties", "status") != "Succeeded" || runs.Text("value", 1, "name") == "" {
		t.Fatalf("runs: %s", runs.Body)
	}
	actions := s.Do(http.MethodGet, workflow+"/runs/"+run+"/actions", nil)
	t.Logf("%s", actions.Body)
}

func TestARestartFindsAllAsItWas(t *testing.T) {
	s := isletest.Start(t, isletest.WithLog(os.Stderr))
	workflow, callbackURL := deployOrder(t, s)
	s.Call(callbackURL, map[string]any{"id": "A-1", "qty": 4, "price": 25})
	endpoint := s.Endpoint
	s.Restart()
	if s.Endpoint != endpoint {
		t.Errorf("the endpoint was %s and is %s", endpoint, s.Endpoint)
	}
	if a := s.Call(callbackURL, map[string]any{"id": "A-2", "qty": 1, "price": 1}); a.Text("tier") != "small" {
		t.Errorf("the old callback URL: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodGet, workflow+"/runs", nil); a.Text("value", 1, "properties", "status") != "Succeeded" {
		t.Errorf("runs: %s", a.Body)
	}
}
