package logic_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/internal/arm/armtest"
)

const waiting = `{"location":"West US","properties":{"definition":{"$schema":"` + schema + `","contentVersion":"1.0.0.0",
	"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}%s}},
	"actions":{"Call":{"type":"Http","inputs":{"method":"GET","uri":"%s"},"runAfter":{}}}}}}`

// wdl-semantics §12.3, §13.1, §15 rule 38: runs that wait are listed, shown and
// cancelled; concurrency is not taken away again.
func TestRunsThatWaitForTheirTurn(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	peer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer peer.Close()
	defer free()
	put := func(settings string, want int) map[string]any {
		return w.send("PUT", workflows+"/turns", fmt.Sprintf(waiting, settings, peer.URL), want)
	}
	put(`,"runtimeConfiguration":{"concurrency":{"runs":1}}`, 201)
	for range 12 {
		w.send("POST", workflows+"/turns/triggers/manual/run", "", 200)
	}
	w.refused("POST", workflows+"/turns/triggers/manual/run", "", 429, "WorkflowRunsQueueFull")
	names := w.pages(workflows + "/turns/runs?$filter=status%20eq%20'Waiting'")
	if len(names) != 11 {
		t.Fatalf("%d wait: %v", len(names), names)
	}
	ctx := context.Background()
	runs, err := armlogic.NewWorkflowRunsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	one, err := runs.Get(ctx, "g", "turns", names[0], nil)
	w.must(err)
	if p := one.Properties; *p.Status != armlogic.WorkflowStatusWaiting || p.StartTime == nil || p.WaitEndTime != nil || p.EndTime != nil {
		t.Errorf("%+v", p)
	}
	if actions := w.pages(workflows + "/turns/runs/" + names[0] + "/actions"); len(actions) != 0 {
		t.Errorf("a run that waits has actions: %v", actions)
	}
	_, err = runs.Cancel(ctx, "g", "turns", names[0], nil)
	w.must(err)
	w.eventually(workflows+"/turns/runs/"+names[0], "Cancelled", "properties", "status")
	if answer := put("", 400); get(answer, "error", "code") != "InvalidConcurrencyConfiguration" {
		t.Errorf("concurrency was taken away: %v", answer)
	}
	put(`,"runtimeConfiguration":{"concurrency":{"runs":50}}`, 200) // all the others may begin
	w.until("nothing waits", func() bool {
		return len(w.pages(workflows+"/turns/runs?$filter=status%20eq%20'Waiting'")) == 0
	})
	began, err := runs.Get(ctx, "g", "turns", names[1], nil)
	w.must(err)
	if p := began.Properties; p.WaitEndTime == nil || !p.WaitEndTime.After(*p.StartTime) {
		t.Errorf("%+v", p)
	}
	w.send("DELETE", workflows+"/turns", "", 200)
	free()
}

// wdl-semantics §10.1, §14.3: a firing that splits is an entry of its own; resubmitted
// it is split again, and one of its runs is not. Deleting the workflow leaves nothing.
func TestSplitFiringsThroughTheSDK(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", workflows+"/splits", `{"location":"West US","properties":{"definition":{"$schema":"`+schema+`","contentVersion":"1.0.0.0",
		"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{},"splitOn":"@triggerBody()?['items']"}},"actions":{"A":{"type":"Compose","inputs":"@triggerBody()","runAfter":{}}}}}}`, 201)
	w.send("POST", workflows+"/splits/triggers/manual/run", `{"items":[1,2,3]}`, 200)
	runs := func(want int) []string {
		var names []string
		w.until(fmt.Sprint(want, " runs"), func() bool { names = w.pages(workflows + "/splits/runs"); return len(names) == want })
		return names
	}
	names := runs(3)
	run := w.send("GET", workflows+"/splits/runs/"+names[0], "", 200)
	firing, _ := get(run, "properties", "trigger", "originHistoryName").(string)
	entry := w.send("GET", workflows+"/splits/triggers/manual/histories/"+firing, "", 200)
	if p := get(entry, "properties"); get(p, "status") != "Succeeded" || get(p, "fired") != true || get(p, "run") != nil {
		t.Errorf("%v", entry)
	}
	if all := w.pages(workflows + "/splits/triggers/manual/histories"); len(all) != 4 {
		t.Errorf("%d histories", len(all))
	}
	w.send("POST", workflows+"/splits/triggers/manual/histories/"+firing+"/resubmit", "", 202)
	runs(6)
	w.send("POST", workflows+"/splits/triggers/manual/histories/"+names[0]+"/resubmit", "", 202)
	runs(7)
	w.refused("POST", workflows+"/splits/triggers/manual/run", `{}`, 400, "ExpressionEvaluationFailed")

	large := `{"items":["` + strings.Repeat("x", 300<<10) + `",2]}` // in content storage
	w.send("POST", workflows+"/splits/triggers/manual/run", large, 200)
	names = runs(9)
	run = w.send("GET", workflows+"/splits/runs/"+names[0], "", 200)
	firing, _ = get(run, "properties", "trigger", "originHistoryName").(string)
	entry = w.send("GET", workflows+"/splits/triggers/manual/histories/"+firing, "", 200)
	if size, _ := get(entry, "properties", "outputsLink", "contentSize").(float64); int(size) < len(large) {
		t.Errorf("%v", entry)
	}
	w.send("POST", workflows+"/splits/triggers/manual/histories/"+firing+"/resubmit", "", 202)
	runs(11)
	w.send("DELETE", workflows+"/splits", "", 200)
}

// wdl-semantics §14.1: a run shows the trackedProperties of its trigger, also of one
// without inputs and outputs, and not those of a secured one.
func TestTrackedPropertiesOfATriggerInTheHistory(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct{ trigger, want string }{
		"tracks":    {`{"type":"Request","kind":"Http","inputs":{},"trackedProperties":{"n":"@triggerBody()?['n']"}}`, "map[n:7]"},
		"ticks":     {`{"type":"Recurrence","recurrence":{"frequency":"Month","interval":1},"trackedProperties":{"name":"@trigger()['name']"}}`, "map[name:t]"},
		"is secret": {`{"type":"Request","kind":"Http","inputs":{},"trackedProperties":{"n":"@triggerBody()?['n']"},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}}`, "<nil>"},
	} {
		path := workflows + "/" + strings.ReplaceAll(name, " ", "-")
		w.send("PUT", path, scheduledFlow(test.trigger, ""), 201)
		if strings.Contains(test.trigger, "Request") {
			w.send("POST", path+"/triggers/t/run", `{"n":7}`, 200)
		}
		var runs []string
		w.until("a run", func() bool { runs = w.pages(path + "/runs"); return len(runs) > 0 })
		run := w.send("GET", path+"/runs/"+runs[0], "", 200)
		if got := fmt.Sprint(get(run, "properties", "trigger", "trackedProperties")); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
		w.send("POST", path+"/triggers/t/histories/"+runs[0]+"/resubmit", "", 202)
		w.until("it is resubmitted", func() bool { runs = w.pages(path + "/runs"); return len(runs) > 1 })
		for _, name := range runs {
			run := w.send("GET", path+"/runs/"+name, "", 200)
			if secured := strings.Contains(test.trigger, "secureData"); secured && get(run, "properties", "trigger", "outputsLink") != nil {
				t.Errorf("secured outputs are shown: %v", run)
			}
		}
	}
}
