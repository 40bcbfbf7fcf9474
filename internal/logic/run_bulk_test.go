package logic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"isle/internal/store"
)

// bulk posts an operation on many runs and waits for its end.
func (w *world) bulk(path, filter string) map[string]any {
	w.t.Helper()
	_, header := w.receive("POST", path+"?$filter="+url.QueryEscape(filter), "", 202)
	at, err := url.Parse(header.Get("Location"))
	w.must(err)
	return w.eventually(at.Path, "Succeeded", "status")
}

// waitingPeer answers nobody before the test ends.
func waitingPeer(t *testing.T) *httptest.Server {
	release := make(chan struct{})
	peer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(peer.Close)
	t.Cleanup(func() { close(release) })
	return peer
}

// What a run was begun with begins another one, as it was or changed.
func TestRunsAreResubmitted(t *testing.T) {
	w := newWorld(t)
	flow := workflows + "/again"
	w.send("PUT", flow, recorder, 201)
	origin := w.fireRecorder(flow, `{"note":{"order":"1"},"parse":"x"}`)[0]
	again := func(body string) map[string]any {
		t.Helper()
		name := w.send("POST", flow+"/runs/"+origin+"/resubmit", body, 202)["name"].(string)
		run := w.send("GET", flow+"/runs/"+name, "", 200)
		w.until("the run has ended", func() bool {
			run = w.send("GET", flow+"/runs/"+name, "", 200)
			return get(run, "properties", "status") != "Running"
		})
		if from := get(run, "properties", "trigger", "originHistoryName"); from != origin {
			t.Errorf("it comes from %v, not %s", from, origin)
		}
		return run
	}
	if status := get(again(""), "properties", "status"); status != "Failed" {
		t.Errorf("as it was: %v", status)
	}
	if status := get(again(`{"body":{"note":{"order":"2"},"parse":"12"}}`), "properties", "status"); status != "Succeeded" {
		t.Errorf("with another body: %v", status)
	}
	if status := get(again(`{"outputs":{"body":{"parse":"13"}}}`), "properties", "status"); status != "Succeeded" {
		t.Errorf("with other outputs: %v", status)
	}
	before := len(w.pages(flow + "/runs"))
	for _, wrong := range []string{`[]`, `{"boddy":1}`, `{"body":1,"outputs":{}}`, `{"outputs":1}`} {
		w.refused("POST", flow+"/runs/"+origin+"/resubmit", wrong, 400, "InvalidRequestContent")
	}
	w.refused("POST", flow+"/runs/none/resubmit", "", 404, "WorkflowRunNotFound")
	w.send("POST", flow+"/disable", "", 200)
	w.refused("POST", flow+"/runs/"+origin+"/resubmit", "", 400, "WorkflowTriggerIsNotEnabled")
	if now := len(w.pages(flow + "/runs")); now != before {
		t.Errorf("%d runs became %d", before, now)
	}
}

// Many runs are cancelled and resubmitted by what they have in common; others are left.
func TestManyRunsAreCancelledAndResubmitted(t *testing.T) {
	w := newWorld(t)
	peer := waitingPeer(t)
	flow := workflows + "/many"
	w.send("PUT", flow, strings.Replace(strings.Replace(waiting, "%s", "", 1), "%s", peer.URL, 1), 201)
	const n = 120 // three pages
	for range n {
		w.send("POST", flow+"/triggers/manual/run", "", 200)
	}
	done := w.bulk(flow+"/cancelRuns", "status eq 'Running'")
	if get(done, "properties", "done") != float64(n) || get(done, "properties", "action") != "cancel" {
		t.Errorf("%v", done)
	}
	if left := w.pages(flow + "/runs?$filter=" + url.QueryEscape("status ne 'Cancelled'")); len(left) != 0 {
		t.Errorf("%d runs are left", len(left))
	}
	again := w.bulk(flow+"/resubmitRuns", "status eq 'Cancelled'")
	if get(again, "properties", "done") != float64(n) || get(again, "properties", "failed") != 0.0 {
		t.Errorf("%v", again)
	}
	if running := w.pages(flow + "/runs?$filter=" + url.QueryEscape("status eq 'Running'")); len(running) != n {
		t.Errorf("%d runs run again", len(running))
	}
	w.send("POST", flow+"/disable", "", 200)
	failed := w.bulk(flow+"/resubmitRuns", "status eq 'Cancelled'")
	if get(failed, "properties", "failed") != float64(n) || get(failed, "properties", "failures", 0, "code") != "WorkflowTriggerIsNotEnabled" || len(get(failed, "properties", "failures").([]any)) != 20 {
		t.Errorf("%v", failed)
	}
	w.refused("POST", flow+"/cancelRuns", "", 400, "MissingFilter")
	w.refused("POST", flow+"/cancelRuns?$filter="+url.QueryEscape("state eq 'x'"), "", 400, "InvalidFilterInQueryString")
	w.refused("GET", flow+"/runOperations/none", "", 404, "OperationNotFound")
}

// What a trigger brought in secret is not begun with where it would be shown, by none of
// the ways to resubmit; one run that cannot be read does not hold the others up.
func TestSecuredAndDamagedRunsAreNotResubmitted(t *testing.T) {
	w := newWorld(t)
	flow := workflows + "/secret"
	definition := func(settings string) string {
		return strings.Replace(recorder, `"inputs":{},"correlation"`, `"inputs":{},`+settings+`"correlation"`, 1)
	}
	const secured = `"runtimeConfiguration":{"secureData":{"properties":["outputs"]}},`
	w.send("PUT", flow, definition(secured), 201)
	names := w.fireRecorder(flow, `{"note":{"order":"planted"},"parse":"1"}`, `{"note":{"order":"planted"},"parse":"2"}`)
	history := flow + "/triggers/manual/histories/" + names[0] + "/resubmit"
	before := len(w.pages(flow + "/runs"))

	w.send("PUT", flow, definition(""), 200)
	w.refused("POST", flow+"/runs/"+names[0]+"/resubmit", "", 409, "SecuredOutputsNotResubmittable")
	w.refused("POST", flow+"/runs/"+names[0]+"/resubmit", `{"body":1}`, 409, "SecuredOutputsNotResubmittable")
	w.refused("POST", history, "", 409, "SecuredOutputsNotResubmittable")
	done := w.bulk(flow+"/resubmitRuns", "startTime ge 2000-01-01T00:00:00Z")
	if get(done, "properties", "failed") != 2.0 || get(done, "properties", "failures", 0, "code") != "SecuredOutputsNotResubmittable" {
		t.Errorf("%v", done)
	}
	if now := len(w.pages(flow + "/runs")); now != before {
		t.Errorf("%d runs became %d", before, now)
	}

	// With other outputs nothing of what was secured is left to be shown.
	other := w.send("POST", flow+"/runs/"+names[0]+"/resubmit", `{"outputs":{"body":{"parse":"3"}}}`, 202)["name"].(string)
	if from := get(w.send("GET", flow+"/runs/"+other, "", 200), "properties", "trigger", "originHistoryName"); from != names[0] {
		t.Errorf("it comes from %v", from)
	}

	w.send("PUT", flow, definition(secured), 200)
	w.send("POST", history, "", 202)
	db, err := w.store.Environment(t.Context(), store.Shared)
	w.must(err)
	w.must(db.Write(t.Context(), func(tx *store.Tx) error {
		run, err := tx.Run(names[1])
		run.Head = []byte("damaged")
		return errors.Join(err, tx.UpdateRun(run))
	}))
	done = w.bulk(flow+"/resubmitRuns", "startTime ge 2000-01-01T00:00:00Z")
	if get(done, "properties", "failed") != 1.0 || get(done, "properties", "done") != 3.0 || get(done, "properties", "failures", 0, "run") != names[1] {
		t.Errorf("%v", done)
	}
}

// cutShort puts an operation on many runs back to where a crash would have left it: the
// runs of its page are worked on, and not counted. Its task goes on.
func (w *world) cutShort(location string, page []string) {
	w.t.Helper()
	parts := strings.Split(location, "/")
	name := parts[len(parts)-1]
	id := strings.ToLower(location)
	w.must(w.store.Control().Write(w.t.Context(), func(tx *store.Tx) error {
		op, err := tx.Operation(id)
		if err != nil {
			return err
		}
		var kept map[string]any
		if err := json.Unmarshal(op.Error, &kept); err != nil {
			return err
		}
		kept["page"], kept["done"], kept["skipped"], kept["failed"], kept["failures"] = page, 0, 0, 0, nil
		op.Status, op.End = "InProgress", time.Time{}
		op.Error, err = json.Marshal(kept)
		return errors.Join(err, tx.PutOperation(op), tx.PutTask(store.Task{Key: "runs:" + name, Kind: "logic.runs", Due: time.Now(), Payload: []byte(id)}))
	}))
}

// What was done before a crash is counted as done, and only that.
func TestCountsOfManyRunsAreRightAfterACrash(t *testing.T) {
	w := newWorld(t)
	peer := waitingPeer(t)
	flow := workflows + "/counted"
	w.send("PUT", flow, strings.Replace(strings.Replace(waiting, "%s", "", 1), "%s", peer.URL, 1), 201)
	for range 4 {
		w.send("POST", flow+"/triggers/manual/run", "", 200)
	}
	page := w.pages(flow + "/runs")
	w.send("POST", flow+"/runs/"+page[0]+"/cancel", "", 200)
	counts := func(verb string, again bool, page []string) string {
		t.Helper()
		_, header := w.receive("POST", flow+"/"+verb+"?$filter="+url.QueryEscape("startTime ge 2000-01-01T00:00:00Z"), "", 202)
		at, err := url.Parse(header.Get("Location"))
		w.must(err)
		done := w.eventually(at.Path, "Succeeded", "status")
		if again {
			w.cutShort(at.Path, page)
			done = w.eventually(at.Path, "Succeeded", "status")
		}
		return fmt.Sprint(get(done, "properties", "done"), get(done, "properties", "skipped"), get(done, "properties", "failed"))
	}
	if got := counts("cancelRuns", true, page); got != "3 1 0" {
		t.Errorf("cancelled: %s", got)
	}
	if got := counts("cancelRuns", true, append(page, "gone")); got != "0 5 0" {
		t.Errorf("cancelled by another operation: %s", got)
	}
	if got := counts("resubmitRuns", false, nil); got != "4 0 0" {
		t.Errorf("resubmitted: %s", got)
	}
	if got := counts("resubmitRuns", true, page); got != "4 0 0" {
		t.Errorf("resubmitted, again: %s", got)
	}
	if all := w.pages(flow + "/runs"); len(all) != 4+4+8 {
		t.Errorf("there are %d runs", len(all))
	}
}
