package arm_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/internal/arm"
)

const activityPath = "/subscriptions/" + subscription + "/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01"

type entry struct {
	Caller        string
	CorrelationID string
	Timestamp     string                 `json:"eventTimestamp"`
	Operation     struct{ Value string } `json:"operationName"`
	Status        struct{ Value string }
	Group         string `json:"resourceGroupName"`
	Resource      string `json:"resourceId"`
	Properties    struct{ StatusCode, StatusMessage string }
}

func (w *world) activity(t *testing.T, filter string) (list []entry, next string) {
	t.Helper()
	path := activityPath
	if filter != "" {
		path += "&" + filter
	}
	rec := send(w, http.MethodGet, path, "")
	var page struct {
		Value    []entry
		NextLink string
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &page); err != nil || rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
	return page.Value, page.NextLink
}

func filterOf(text string) string { return "$filter=" + url.QueryEscape(text) }

// Who did what: each change, each action, the end of what takes long, and what was
// refused; no read.
func TestActivityLog(t *testing.T) {
	w := newWorld(t, virtual)
	const shopPath = groupPath + "/providers/Test.Shop/shops/s"
	start := w.now
	send(w, http.MethodPut, groupPath+version, `{"location":"westus"}`)
	w.now = w.now.Add(time.Minute)
	send(w, http.MethodPut, shopPath+version, `{"location":"westus","properties":{"size":1,"slow":true,"secret":"planted"}}`, "x-ms-correlation-request-id", "99999999-9999-9999-9999-999999999999")
	w.now = w.now.Add(time.Minute)
	w.runTasks(t)
	w.now = w.now.Add(time.Minute)
	send(w, http.MethodGet, shopPath+version, "")
	send(w, http.MethodPost, shopPath+"/open"+version, "")
	w.who = arm.Principal{ID: "p", Client: "other", Tenant: tenant}
	send(w, http.MethodPut, shopPath+version, `{"location":"westus","properties":{"size":0}}`)
	send(w, http.MethodPut, strings.Replace(shopPath, "/g/", "/closed/", 1)+version, `{}`)
	send(w, http.MethodDelete, shopPath+version, "")
	send(w, http.MethodDelete, shopPath+version, "")
	list, _ := w.activity(t, "")
	var got []string
	for _, e := range list {
		got = append(got, fmt.Sprintf("%s %s %s %s", e.Caller, e.Operation.Value, e.Status.Value, e.Properties.StatusCode))
	}
	want := []string{
		"other Test.Shop/shops/delete Succeeded OK",
		"other Test.Shop/shops/write Failed Forbidden",
		"other Test.Shop/shops/write Failed BadRequest",
		"c Test.Shop/shops/open/action Succeeded OK",
		"c Test.Shop/shops/write Succeeded OK",
		"c Test.Shop/shops/write Accepted Created",
		"c Microsoft.Resources/subscriptions/resourceGroups/write Succeeded Created",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for filter, count := range map[string]int{
		"eventTimestamp ge '" + start.Format(time.RFC3339) + "' and eventTimestamp le '" + start.Add(90*time.Second).Format(time.RFC3339) + "'": 2,
		"resourceGroupName eq 'CLOSED'":                                   1,
		"resourceUri eq '" + shopPath + "'":                               5,
		"resourceProvider eq 'Microsoft.Resources'":                       1,
		"correlationId eq '99999999-9999-9999-9999-999999999999'":         2,
		"caller eq 'other' and status eq 'Failed'":                        2,
		"eventTimestamp ge '2024-03-15T00:00:00Z' and caller eq 'nobody'": 0,
		"eventTimestamp ge " + start.Format("2006-01-02T15:04:05.000000") + " and eventTimestamp le " + start.Add(90*time.Second).Format("2006-01-02T15:04:05.000000"): 2, // as az writes it
	} {
		if list, _ := w.activity(t, filterOf(filter)); len(list) != count {
			t.Errorf("%s: %d entries, want %d", filter, len(list), count)
		}
	}
	page, next := w.activity(t, "$top=3")
	if len(page) != 3 || next == "" {
		t.Fatal(page, next)
	}
	rec := send(w, http.MethodGet, strings.TrimPrefix(next, base), "")
	if !strings.Contains(rec.Body.String(), "Test.Shop/shops/open/action") {
		t.Error(rec.Body)
	}
	if rec := send(w, http.MethodGet, activityPath, ""); strings.Contains(rec.Body.String(), "planted") {
		t.Error("the log holds what a body says")
	}
	if rec := send(w, http.MethodGet, activityPath+"&"+filterOf("x eq 'y'"), ""); rec.Code != 400 {
		t.Error(rec.Code)
	}
	if rec := send(w, http.MethodGet, activityPath+"&$select=caller,eventTimestamp", ""); strings.Contains(rec.Body.String(), "operationName") || !strings.Contains(rec.Body.String(), "caller") {
		t.Error(rec.Body)
	}

	// What is older than 90 days goes.
	w.now = w.now.Add(91 * 24 * time.Hour)
	if err := w.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(-91 * 24 * time.Hour)
	if list, _ := w.activity(t, ""); len(list) != 0 {
		t.Errorf("%d entries are kept", len(list))
	}
}
