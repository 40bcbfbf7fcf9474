package isletest_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"isle/internal/server"
	"isle/isletest"
)

// A workflow's lifetime is how long its runs may last and are kept (ise.md #172, #173);
// it is shown as it was saved, and a wrong one is refused with both its problems.
func TestLifetimeOfRuns(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	s := isletest.Start(t, func(c *server.Config) {
		c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	group := s.Group("lifetimes")
	const wait = `{"Wait":{"type":"Wait","inputs":{"interval":{"count":300,"unit":"Day"}}}}`
	body := func(lifetime string) string {
		return strings.Replace(workflowBody(wait), `"properties":{`, `"properties":{"runtimeConfiguration":{"lifetime":`+lifetime+`},`, 1)
	}
	path := group + "/providers/Microsoft.Logic/workflows/short"
	a := s.Do(http.MethodPut, path, body(`{"unit":"hour","count":367}`))
	if a.Status != http.StatusBadRequest || !strings.Contains(string(a.Body), "lifetime.unit") || !strings.Contains(string(a.Body), "lifetime.count") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	short, shortURL := put(t, s, group, "short", body(`{"unit":"day","count":7}`))
	_, longURL := put(t, s, group, "long", body(`{"unit":"Day","count":366}`))
	if count := s.Do(http.MethodGet, short, nil).Text("properties", "runtimeConfiguration", "lifetime", "count"); count != "7" {
		t.Errorf("count is %q", count)
	}
	for _, url := range []string{shortURL, longURL} {
		if a := s.Call(url, `{}`); a.Status != http.StatusAccepted {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	ahead.Store(int64(8 * 24 * time.Hour))
	s.Restart()
	until(t, "the run that may last 7 days has timed out, and is deleted at the next look", func() bool {
		run := lastRun(s, short).Text("value", 0, "properties", "status")
		if run == "TimedOut" {
			s.Restart()
		}
		return run == ""
	})
	if run := lastRun(s, group+"/providers/Microsoft.Logic/workflows/long").Text("value", 0, "properties", "status"); run != "Running" {
		t.Errorf("the run that may last a year is %q", run)
	}
}
