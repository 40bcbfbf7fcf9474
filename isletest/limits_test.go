package isletest_test

import (
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// wdl-semantics §17: limits that a server is told are held at save, in runs and at its
// door; what was saved under wider ones still runs.
func TestLimitsOfAServer(t *testing.T) {
	s := isletest.Start(t, isletest.WithInlineCode())
	group := s.Group("limits")
	body := workflowBody(`{"A":{"type":"Compose","inputs":1},"F":{"type":"Foreach","foreach":"@triggerBody()","actions":{},"runAfter":{"A":["Succeeded"]}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@actions('F')?['error']?['message']"},"runAfter":{"F":["Succeeded","Failed"]}}}`)
	_, call := put(t, s, group, "w", body)
	if a := s.Call(call, `[1,2,3]`); a.Status != http.StatusOK || len(a.Body) > 4 {
		t.Errorf("by default: %d %s", a.Status, a.Body)
	}
	s.Restart(isletest.WithLimits("actions=2", "foreachItems=2", "messageSize=1KB"))
	if a := s.Call(call, `[1,2,3]`); a.Status != http.StatusOK || !strings.Contains(string(a.Body), "the number of items 3 is more than the limit of 2") {
		t.Errorf("foreachItems: %d %s", a.Status, a.Body)
	}
	if a := s.Call(call, `["`+strings.Repeat("x", 2000)+`"]`); a.Status != http.StatusRequestEntityTooLarge || a.Text("error", "code") != "RequestEntityTooLarge" {
		t.Errorf("messageSize: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodPut, group+"/providers/Microsoft.Logic/workflows/other", body); a.Status != http.StatusBadRequest || !strings.Contains(string(a.Body), "The number of template actions limit exceeded: maximum '2' and actual '3'.") {
		t.Errorf("actions: %d %s", a.Status, a.Body)
	}
}
