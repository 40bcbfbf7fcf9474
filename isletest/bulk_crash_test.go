package isletest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"isle/isletest"
)

// bulkCrash is a server that is killed while one operation works on many runs.
type bulkCrash struct {
	*testing.T
	process *crashServer
	server  *isletest.Server
	random  *rand.Rand
	flow    string // the workflow's ID
}

// operate begins an operation on the runs that match, kills the server at random moments,
// starting up included, and gives the counts when the operation has ended.
func (b *bulkCrash) operate(verb, filter string) (counts string) {
	b.Helper()
	<-b.process.ready
	begun := b.server.Do(http.MethodPost, b.flow+"/"+verb+"?$filter="+url.QueryEscape(filter), nil)
	if begun.Status != http.StatusAccepted {
		b.Fatalf("%s: %d %s", verb, begun.Status, begun.Body)
	}
	at, err := url.Parse(begun.Header.Get("Location"))
	must(b.T, err)
	for i := range 8 {
		if i%4 != 0 {
			<-b.process.ready
		}
		time.Sleep(time.Duration(b.random.IntN(250)) * time.Millisecond) // the random moment
		b.process.kill()
		b.process.start()
	}
	<-b.process.ready
	var state struct {
		Status     string
		Properties struct{ Done, Skipped, Failed int }
	}
	until(b.T, "the operation "+verb+" ends", func() bool {
		must(b.T, json.Unmarshal(b.server.Do(http.MethodGet, at.Path, nil).Body, &state))
		return state.Status != "InProgress"
	})
	return fmt.Sprint(state.Status, state.Properties.Done, state.Properties.Skipped, state.Properties.Failed)
}

// runs are the runs of the workflow with a status: names, with those that they come from.
func (b *bulkCrash) runs(status string) map[string]string {
	b.Helper()
	found := map[string]string{}
	link := b.flow + "/runs?$top=250&$filter=" + url.QueryEscape("status eq '"+status+"'")
	for link != "" {
		var page struct {
			Value []struct {
				Name       string
				Properties struct {
					Trigger struct{ OriginHistoryName string }
				}
			}
			NextLink string
		}
		must(b.T, json.Unmarshal(b.server.Do(http.MethodGet, link, nil).Body, &page))
		for _, run := range page.Value {
			found[run.Name] = run.Properties.Trigger.OriginHistoryName
		}
		link = page.NextLink
	}
	return found
}

// TestKillsLeaveOperationsOnManyRunsExact: each run is resubmitted once and cancelled once,
// and counted once, however often the server is killed meanwhile; and what was resubmitted
// goes on.
func TestKillsLeaveOperationsOnManyRunsExact(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	g := newCrashTarget(t)
	b := &bulkCrash{T: t, random: rand.New(rand.NewPCG(seed, 0)), process: startCrashServer(t)}
	<-b.process.ready
	b.server = isletest.Connect(t, b.process.data)
	var callback string
	b.flow, callback = put(t, b.server, b.server.Group("many"), "many", workflowBody(
		`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+g.URL+`","headers":{"x-run":"@{workflow().run.name}","x-call":"Call","x-number":"@{workflow().run.name}"}}},
		"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{"Call":["Succeeded"]}}}`))
	const n = 200
	for range n {
		if a := b.server.Call(callback, nil); a.Status != http.StatusAccepted {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if got, want := b.operate("resubmitRuns", "startTime ge 2000-01-01T00:00:00Z"), fmt.Sprint("Succeeded", n, 0, 0); got != want {
		t.Errorf("resubmitted: %s, want %s", got, want)
	}
	open := b.runs("Running")
	of := map[string]int{} // how many come from each, itself and what it was resubmitted as
	for _, origin := range open {
		of[origin]++
	}
	maps.DeleteFunc(of, func(_ string, runs int) bool { return runs == 2 })
	if len(open) != 2*n || len(of) != 0 {
		t.Errorf("%d runs; not two each of %v", len(open), of)
	}
	until(t, "every run has made its call", func() bool { return g.arrived("") == 2*n })
	if got, want := b.operate("cancelRuns", "status eq 'Running'"), fmt.Sprint("Succeeded", 2*n, 0, 0); got != want {
		t.Errorf("cancelled: %s, want %s", got, want)
	}
	if left, ended := b.runs("Running"), b.runs("Cancelled"); len(left) != 0 || len(ended) != 2*n {
		t.Errorf("%d runs are left, %d are cancelled", len(left), len(ended))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for run, calls := range g.calls {
		if ids := calls["Call"]; len(ids) != 1 {
			t.Errorf("run %s called under the ids %s", run, strings.Join(ids, ", "))
		}
	}
}
