package isletest_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"isle/isletest"
)

// TestPagesGoOnAfterARestart: the pages that a list has given are stored with the open
// action, so a server that is stopped while a page is retried asks for none of them
// again (wdl-semantics §12.3, §12.4).
func TestPagesGoOnAfterARestart(t *testing.T) {
	t.Parallel()
	var first, second atomic.Int32
	peer := stub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Query().Get("page") {
		case "":
			first.Add(1)
			fmt.Fprint(w, `{"value":["`+strings.Repeat("x", 100_000)+`"],"nextLink":"?page=2"}`) // too large for a row
		default:
			if second.Add(1) == 1 {
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			fmt.Fprint(w, `{"value":["y"]}`)
		}
	})
	s := isletest.Start(t)
	id, callback := put(t, s, s.Group("lists"), "list", workflowBody(`{"List":{"type":"Http","inputs":{"method":"GET","uri":"`+peer+`/list"},"runtimeConfiguration":{"paginationPolicy":{"minimumItemCount":10}}},
		"Count":{"type":"Compose","inputs":"@{length(body('List')?['value'])} @{length(first(body('List')?['value']))}","runAfter":{"List":["Succeeded"]}}}`))
	if a := s.Call(callback, `{}`); a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	until(t, "the second page has failed", func() bool {
		list := lastRun(s, id).Text("value", 0, "id") + "/actions/List"
		return s.Do(http.MethodGet, list, nil).Text("properties", "status") == "Waiting" && second.Load() == 1
	})
	s.Restart()
	until(t, "the run has succeeded", func() bool {
		return lastRun(s, id).Text("value", 0, "properties", "status") == "Succeeded"
	})
	run := lastRun(s, id).Text("value", 0, "id")
	action := s.Do(http.MethodGet, run+"/actions/List", nil)
	if action.Text("properties", "retryHistory", 0, "code") != "ServiceUnavailable" || action.Text("properties", "retryHistory", 1, "code") != "OK" {
		t.Errorf("%s", action.Body)
	}
	if first.Load() != 1 || second.Load() != 2 {
		t.Errorf("asked %d and %d times", first.Load(), second.Load())
	}
	count := s.Do(http.MethodGet, run+"/actions/Count", nil).Text("properties", "outputsLink", "uri")
	answer, err := s.HTTP().Get(count)
	must(t, err)
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); string(text) != `"2 100000"` {
		t.Errorf("%s", text)
	}
}

// TestAWorkflowHasAnIdentity: a workflow's own identity gets tokens of this server; one
// without is told so (wdl-semantics §11.10).
func TestAWorkflowHasAnIdentity(t *testing.T) {
	var token string
	peer := stub(t, func(w http.ResponseWriter, r *http.Request) { token = r.Header.Get("Authorization") })
	s := isletest.Start(t)
	group := s.Group("identities")
	body := workflowBody(`{"Call":{"type":"Http","inputs":{"method":"GET","uri":"` + peer + `","authentication":{"type":"managedServiceIdentity","audience":"https://vault.example"}}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@actions('Call')"},"runAfter":{"Call":["Succeeded","Failed"]}}}`)
	_, without := put(t, s, group, "without", body)
	if a := s.Call(without, `{}`); a.Text("code") != "Unauthorized" || !strings.Contains(a.Text("error", "message"), "has no managed identity") || token != "" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	id, with := put(t, s, group, "with", strings.Replace(body, `"location"`, `"identity":{"type":"SystemAssigned"},"location"`, 1))
	if a := s.Call(with, `{}`); a.Text("code") != "OK" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	_, claims, _ := strings.Cut(token, ".")
	claims, _, _ = strings.Cut(claims, ".")
	text, err := base64.RawURLEncoding.DecodeString(claims)
	must(t, err)
	principal := s.Do(http.MethodGet, id, nil).Text("identity", "principalId")
	if !strings.HasPrefix(token, "Bearer ") || principal == "" || !strings.Contains(string(text), `"oid":"`+principal+`"`) || !strings.Contains(string(text), "https://vault.example") {
		t.Errorf("%s of %q", text, principal)
	}
}
