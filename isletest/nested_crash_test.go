package isletest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/isletest"
)

// deployFamily deploys a workflow that calls a child three times and sends one message
// to a batch of three; child and receiver call the target.
func deployFamily(t *testing.T, s *isletest.Server, target string) (workflows map[string]string, url string) {
	group := s.Group("family")
	id := func(name string) string { return group + "/providers/Microsoft.Logic/workflows/" + name }
	call := func(kind, number string) string {
		return `{"type":"Http","inputs":{"method":"POST","uri":"` + target + `","headers":{"x-run":"@{workflow().run.name}","x-call":"` + kind + `","x-number":"` + number + `"}}`
	}
	put(t, s, group, "child", workflowBody(`{"Do":`+call("child", "@{triggerBody()['number']}")+`},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Do":["Succeeded"]}}}`))
	receiver := strings.Replace(workflowBody(`{"Each":{"type":"Foreach","foreach":"@triggerBody()['items']","actions":{"Do":`+call("item", "message-@{items('Each')['content']}")+`}}}}`),
		`"manual":{"type":"Request","kind":"Http","inputs":{}}`, `"Batch":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"all":{"releaseCriteria":{"messageCount":3}}}}}`, 1)
	if a := s.Do(http.MethodPut, id("receiver"), receiver); a.Status != http.StatusCreated {
		t.Fatalf("the receiver: %d %s", a.Status, a.Body)
	}
	_, url = put(t, s, group, "parent", workflowBody(`{"Each":{"type":"Foreach","foreach":"@range(0,3)","actions":{"Call":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"`+id("child")+`"}},"body":{"number":"@{triggerBody()['number']}-@{items('Each')}"}}}}},
		"Send":{"type":"SendToBatch","inputs":{"batchName":"all","content":"@triggerBody()['number']","host":{"triggerName":"Batch","workflow":{"id":"`+id("receiver")+`"}}}}}`))
	return map[string]string{"parent": id("parent"), "child": id("child"), "receiver": id("receiver")}, url
}

// TestKillsNeitherLoseNorDoubleNestedCallsAndMessages kills a server at random moments:
// in the end each call has one run of the child, and each message is in one batch.
func TestKillsNeitherLoseNorDoubleNestedCallsAndMessages(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	g := newCrashTarget(t)
	c := startCrashServer(t)
	<-c.ready
	s := isletest.Connect(t, c.data)
	workflows, url := deployFamily(t, s, g.URL)
	stopped := make(chan struct{})
	var callers sync.WaitGroup
	for i := range 3 {
		callers.Go(func() {
			for n := 0; ; n++ {
				resp, err := s.HTTP().Post(url, "application/json", strings.NewReader(fmt.Sprintf(`{"number":"%d.%d"}`, i, n)))
				if err == nil {
					resp.Body.Close()
				}
				select {
				case <-stopped:
					return
				case <-time.After(50 * time.Millisecond): // the pace of the load
				}
			}
		})
	}
	for range 8 {
		<-c.ready
		time.Sleep(time.Duration(50+random.IntN(500)) * time.Millisecond) // the random moment
		c.kill()
		c.start()
	}
	<-c.ready
	close(stopped)
	callers.Wait()

	began := map[string]int{}
	count := func(flow string) {
		began[flow] = len(listCrashRuns(t, s, map[string]string{flow: workflows[flow]}))
	}
	count("parent")
	count("child")
	until(t, "all whole batches are released", func() bool { return g.arrived("message-") >= began["parent"]-2 })
	count("receiver") // a batch may have more than three, if more wait
	if began["parent"] < 20 || began["child"] != 3*began["parent"] || began["receiver"] > began["parent"]/3 {
		t.Errorf("runs are %v", began)
	}
	if calls, messages := g.arrived("")-g.arrived("message-"), g.arrived("message-"); calls != began["child"] || messages > began["parent"] {
		t.Errorf("%d calls and %d messages arrived of %v", calls, messages, began)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for number, runs := range g.runs {
		if len(runs) != 1 {
			t.Errorf("%s became the runs %v", number, runs)
		}
	}
	t.Logf("%v runs; %d calls, %d of them repeated", began, g.total, g.repeat)
}

// arrived counts the numbers of a kind that runs have called with.
func (g *crashTarget) arrived(prefix string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for number := range g.runs {
		if strings.HasPrefix(number, prefix) {
			n++
		}
	}
	return n
}
