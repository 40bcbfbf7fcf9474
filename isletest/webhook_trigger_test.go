package isletest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/isletest"
)

// publisher is a service that calls its subscribers back.
type publisher struct {
	*httptest.Server
	mu          sync.Mutex
	heard       []string
	subscribers map[string]string // id → callback URL
	refuses     int               // the status that subscribe is answered with; 0: it is accepted
	hangs       chan struct{}     // if set, requests are not answered before it is closed
}

func newPublisher(t *testing.T) *publisher {
	p := &publisher{subscribers: map[string]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct{ Callback, Topic string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	p.mu.Lock()
	defer p.mu.Unlock()
	id := fmt.Sprint(len(p.heard))
	p.heard = append(p.heard, strings.TrimSuffix(r.Method+" "+strings.Trim(r.URL.Path, "/")+" "+body.Topic, " "))
	if hangs := p.hangs; hangs != nil {
		p.mu.Unlock()
		select {
		case <-hangs:
		case <-r.Context().Done():
		}
		p.mu.Lock()
	}
	switch {
	case r.Method == http.MethodDelete:
		delete(p.subscribers, strings.Trim(r.URL.Path, "/"))
	case p.refuses != 0:
		w.WriteHeader(p.refuses)
	default:
		p.subscribers[id] = body.Callback
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": id})
	}
}

func (p *publisher) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.heard, ", ")
}

// only is the callback URL of the one subscriber.
func (p *publisher) only(t *testing.T) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.subscribers) != 1 {
		t.Fatalf("%d subscribers after %s", len(p.subscribers), p.heard)
	}
	for _, url := range p.subscribers {
		return url
	}
	return ""
}

func (p *publisher) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// subscriber is a workflow that subscribes to a topic, which is a parameter.
func subscriber(p *publisher, topic, actions string) armlogic.Workflow {
	var definition any
	text := `{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
		"parameters":{"topic":{"type":"String"}},
		"triggers":{"hook":{"type":"HttpWebhook","inputs":{
			"subscribe":{"method":"POST","uri":"` + p.URL + `","body":{"callback":"@listCallbackUrl()","topic":"@parameters('topic')"},"authentication":{"type":"Basic","username":"u","password":"planted-secret"},"retryPolicy":{"type":"none"}},
			"unsubscribe":{"method":"DELETE","uri":"` + p.URL + `/@{triggerBody()['id']}","retryPolicy":{"type":"none"}}}}},
		"actions":` + actions + `}`
	if err := json.Unmarshal([]byte(text), &definition); err != nil {
		panic(err)
	}
	return armlogic.Workflow{Location: to.Ptr("local"), Properties: &armlogic.WorkflowProperties{Definition: definition,
		Parameters: map[string]*armlogic.WorkflowParameter{"topic": {Value: topic}}}}
}

const answerTwice = `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"twice":"@mul(triggerBody()['n'],2)"}}}}`

// subscription is a workflow that the SDK has put.
type subscription struct {
	t        *testing.T
	s        *isletest.Server
	group    string
	flows    *armlogic.WorkflowsClient
	triggers *armlogic.WorkflowTriggersClient
}

func newSubscription(t *testing.T, s *isletest.Server, group string) *subscription {
	s.Group(group)
	c := newClients(t, s)
	return &subscription{t, s, group, c.logic.NewWorkflowsClient(), c.logic.NewWorkflowTriggersClient()}
}

func (w *subscription) put(body armlogic.Workflow) {
	w.t.Helper()
	_, err := w.flows.CreateOrUpdate(context.Background(), w.group, "flow", body, nil)
	must(w.t, err)
}

func (w *subscription) trigger() *armlogic.WorkflowTriggerProperties {
	w.t.Helper()
	got, err := w.triggers.Get(context.Background(), w.group, "flow", "hook", nil)
	must(w.t, err)
	return got.Properties
}

// heard waits until the publisher has heard all of it, and nothing else.
func (w *subscription) heard(p *publisher, want ...string) {
	w.t.Helper()
	all := strings.Join(want, ", ")
	until(w.t, "the publisher has heard "+all, func() bool { return len(p.log()) >= len(all) })
	if got := p.log(); got != all {
		w.t.Fatalf("the publisher has heard %s, want %s", got, all)
	}
}

// wdl-semantics §10.5, through the real SDK against a publisher that calls back.
func TestAWebhookTriggerLivesWithItsWorkflow(t *testing.T) {
	ctx, s, p := context.Background(), isletest.Start(t), newPublisher(t)
	w := newSubscription(t, s, "hooks")
	disabled := subscriber(p, "news", answerTwice)
	disabled.Properties.State = to.Ptr(armlogic.WorkflowStateDisabled)
	w.put(disabled)
	_, err := w.flows.Enable(ctx, w.group, "flow", nil)
	must(t, err)
	w.heard(p, "POST  news")

	// The callback, and what the run shows of it.
	until(t, "it is subscribed", func() bool { return *w.trigger().ProvisioningState == "Succeeded" })
	if a := s.Call(p.only(t), `{"n":21}`); a.Status != http.StatusOK || a.Text("twice") != "42" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	listed, err := w.triggers.ListCallbackURL(ctx, w.group, "flow", "hook", nil)
	must(t, err)
	if signature := *listed.Queries.Sig; *listed.Method != "POST" || !strings.HasSuffix(p.only(t), "sig="+signature) {
		t.Errorf("listed %s, handed on %s", *listed.Value, p.only(t))
	}
	run := lastRun(s, s.Group(w.group)+"/providers/Microsoft.Logic/workflows/flow")
	inputs := s.Call(run.Text("value", 0, "properties", "trigger", "inputsLink", "uri"), nil)
	link, _ := http.NewRequest(http.MethodGet, run.Text("value", 0, "properties", "trigger", "inputsLink", "uri"), nil)
	res, err := s.HTTP().Do(link)
	must(t, err)
	defer res.Body.Close()
	var shown struct {
		Subscribe struct {
			Body struct{ Callback, Topic string }
		}
	}
	must(t, json.NewDecoder(res.Body).Decode(&shown))
	if shown.Subscribe.Body.Topic != "news" || !strings.HasSuffix(shown.Subscribe.Body.Callback, "sig=*sanitized*") || strings.Contains(string(inputs.Body), "planted-secret") {
		t.Errorf("recorded inputs %+v", shown)
	}

	// A change of the parameters, of something else, a restart.
	w.put(subscriber(p, "sports", answerTwice))
	w.heard(p, "POST  news", "DELETE 0", "POST  sports")
	w.put(subscriber(p, "sports", strings.Replace(answerTwice, "200", "201", 1)))
	s.Restart()
	w = newSubscription(t, s, "hooks")
	until(t, "it is subscribed", func() bool { return *w.trigger().ProvisioningState == "Succeeded" })
	w.heard(p, "POST  news", "DELETE 0", "POST  sports")

	// Disable and enable.
	_, err = w.flows.Disable(ctx, w.group, "flow", nil)
	must(t, err)
	w.heard(p, "POST  news", "DELETE 0", "POST  sports", "DELETE 2")
	_, err = w.flows.Enable(ctx, w.group, "flow", nil)
	must(t, err)
	w.heard(p, "POST  news", "DELETE 0", "POST  sports", "DELETE 2", "POST  sports")
	until(t, "it is subscribed", func() bool { return *w.trigger().ProvisioningState == "Succeeded" })

	// A new access key makes the old URL invalid, so another is handed on.
	_, err = w.flows.RegenerateAccessKey(ctx, w.group, "flow", armlogic.RegenerateActionParameter{KeyType: to.Ptr(armlogic.KeyTypePrimary)}, nil)
	must(t, err)
	w.heard(p, "POST  news", "DELETE 0", "POST  sports", "DELETE 2", "POST  sports", "DELETE 4", "POST  sports")
	until(t, "it is subscribed", func() bool { return *w.trigger().ProvisioningState == "Succeeded" })

	_, err = w.flows.Delete(ctx, w.group, "flow", nil)
	must(t, err)
	w.heard(p, "POST  news", "DELETE 0", "POST  sports", "DELETE 2", "POST  sports", "DELETE 4", "POST  sports", "DELETE 6")
}

// wdl-semantics §10.5: after a failed subscribe the trigger shows an error; there are no
// runs. Saved again it is tried again.
func TestAWebhookTriggerShowsThatItCouldNotSubscribe(t *testing.T) {
	ctx, s, p := context.Background(), isletest.Start(t), newPublisher(t)
	w := newSubscription(t, s, "refused")
	p.set(func() { p.refuses = http.StatusForbidden })
	w.put(subscriber(p, "news", answerTwice))
	until(t, "it has failed", func() bool { return *w.trigger().ProvisioningState == armlogic.WorkflowTriggerProvisioningStateFailed })
	if got := w.trigger(); *got.Status != armlogic.WorkflowStatusFailed || *got.State != armlogic.WorkflowStateEnabled {
		t.Errorf("%s %s", *got.Status, *got.State)
	}
	id := s.Group(w.group) + "/providers/Microsoft.Logic/workflows/flow/triggers/hook"
	if a := s.Do(http.MethodGet, id, nil); a.Text("properties", "error", "code") != "Forbidden" || !strings.Contains(a.Text("properties", "error", "message"), "403") {
		t.Errorf("%s", a.Body)
	}
	page, err := newClients(t, s).logic.NewWorkflowTriggerHistoriesClient().NewListPager(w.group, "flow", "hook", nil).NextPage(ctx)
	must(t, err)
	if len(page.Value) != 1 || *page.Value[0].Properties.Status != "Failed" || *page.Value[0].Properties.Code != "Forbidden" || *page.Value[0].Properties.Fired {
		t.Errorf("%d entries", len(page.Value))
	}
	p.set(func() { p.refuses = 0 })
	w.put(subscriber(p, "news", answerTwice))
	until(t, "it is subscribed", func() bool { return *w.trigger().ProvisioningState == "Succeeded" })
	if got := w.trigger(); *got.Status != armlogic.WorkflowStatusWaiting {
		t.Errorf("status %s", *got.Status)
	}
}

// A peer that never answers keeps nobody waiting: the workflow is gone at once, its
// name and its group can be used again.
func TestADeletionDoesNotWaitForThePeer(t *testing.T) {
	ctx, s, p := context.Background(), isletest.Start(t), newPublisher(t)
	w := newSubscription(t, s, "slow")
	w.put(subscriber(p, "news", answerTwice))
	until(t, "it is subscribed", func() bool { return *w.trigger().ProvisioningState == "Succeeded" })
	hangs := make(chan struct{})
	defer close(hangs)
	p.set(func() { p.hangs = hangs })
	_, err := w.flows.Delete(ctx, w.group, "flow", nil)
	must(t, err)
	w.heard(p, "POST  news", "DELETE 0")
	id := s.Group(w.group)
	gone(t, s, id)
}
