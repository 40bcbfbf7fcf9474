package logic_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/internal/arm/armtest"
)

func TestRequestHistories(t *testing.T) {
	w := newWorld(t)
	var calls atomic.Int32
	peer := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			rw.WriteHeader(http.StatusTeapot)
		}
	}))
	defer peer.Close()
	w.send("PUT", workflows+"/calls", `{"location":"West US","properties":{"definition":{"$schema":"`+schema+`","contentVersion":"1.0.0.0",
	 "triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},
	 "actions":{"Each":{"type":"Foreach","foreach":"@createArray(1,2)","operationOptions":"Sequential","runAfter":{"Ask":["Failed"]},"actions":{"In":{"type":"Http","inputs":{"method":"POST","uri":"`+peer.URL+`/@{item()}"}}}},
	  "Ask":{"type":"Http","inputs":{"method":"GET","uri":"`+peer.URL+`/?a=b","headers":{"Authorization":"planted-secret","X-Id":"7"}},"runAfter":{}}}}}}`, 201)
	w.send("POST", workflows+"/calls/triggers/manual/run", "", 200)
	run := ""
	w.until("the run succeeds", func() bool {
		names := w.pages(workflows + "/calls/runs?$filter=status%20eq%20'Succeeded'")
		if len(names) > 0 {
			run = names[0]
		}
		return run != ""
	})
	for _, list := range []string{"/calls/runs", "/calls/triggers/manual/histories"} {
		if page := w.send("GET", workflows+list+"?$top=1", "", 200); page["nextLink"] != nil {
			t.Errorf("%s: a last page that is full has a link: %v", list, page["nextLink"])
		}
	}
	ctx := context.Background()
	requests, err := armlogic.NewWorkflowRunActionRequestHistoriesClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	page, err := requests.NewListPager("g", "calls", run, "ask", nil).NextPage(ctx)
	w.must(err)
	if len(page.Value) != 1 {
		t.Fatalf("%d exchanges of a call that is not retried", len(page.Value))
	}
	one, err := requests.Get(ctx, "g", "calls", run, "ask", *page.Value[0].Name, nil)
	w.must(err)
	request, response := one.Properties.Request, one.Properties.Response
	if *request.Method != "GET" || *request.URI != peer.URL+"/?a=b" || *response.StatusCode != http.StatusTeapot {
		t.Errorf("%+v %+v", request, response)
	}
	if headers := request.Headers.(map[string]any); headers["X-Id"] != "7" || headers["Authorization"] == "planted-secret" {
		t.Errorf("headers: %v", headers)
	}
	inner, err := armlogic.NewWorkflowRunActionRepetitionsRequestHistoriesClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	second, err := inner.NewListPager("g", "calls", run, "In", "000001", nil).NextPage(ctx)
	w.must(err)
	if len(second.Value) != 1 || *second.Value[0].Properties.Request.URI != peer.URL+"/2" {
		t.Errorf("%+v", second.Value)
	}
	all := workflows + "/calls/runs/" + run + "/actions/"
	if names := w.pages(all + "In/requestHistories"); len(names) > 0 {
		t.Errorf("exchanges of an action in a loop stand with its repetitions: %v", names)
	}
	w.refused("GET", all+"Ask/requestHistories/none", "", 404, "WorkflowRunActionRequestHistoryNotFound")
	w.refused("GET", all+"Nobody/requestHistories", "", 404, "WorkflowRunActionNotFound")
}
