package isletest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/isletest"
)

// controlled is a workflow with a secured action and a webhook action, and what opens its
// parts: they are taken while everybody may.
type controlled struct {
	*isletest.Server
	t       *testing.T
	client  clients
	name    string
	trigger string // callback URL
	hooks   chan string
}

const controlledGroup = "controlled"

func newControlled(t *testing.T) *controlled {
	c := &controlled{t: t, Server: isletest.Start(t), name: "w", hooks: make(chan string, 1)}
	peer := stub(t, func(_ http.ResponseWriter, r *http.Request) {
		url, _ := io.ReadAll(r.Body)
		c.hooks <- string(url)
	})
	c.client = newClients(t, c.Server)
	_, c.trigger = put(t, c.Server, c.Group(controlledGroup), c.name, workflowBody(`{
		"Secret": {"type": "Compose", "inputs": "@triggerBody()", "runtimeConfiguration": {"secureData": {"properties": ["inputs"]}}},
		"Open": {"type": "Compose", "inputs": "open", "runAfter": {"Secret": ["Succeeded"]}},
		"Hook": {"type": "HttpWebhook", "inputs": {"subscribe": {"method": "POST", "uri": "`+peer+`", "body": "@{listCallbackUrl()}"}}, "runAfter": {"Open": ["Succeeded"]}}}`))
	return c
}

// restrict sets whom the workflow lets in, by the SDK.
func (c *controlled) restrict(to *armlogic.FlowAccessControlConfiguration) {
	c.t.Helper()
	workflows := c.client.logic.NewWorkflowsClient()
	w, err := workflows.Get(c.t.Context(), controlledGroup, c.name, nil)
	must(c.t, err)
	w.Properties.AccessControl = to
	_, err = workflows.CreateOrUpdate(c.t.Context(), controlledGroup, c.name, w.Workflow, nil)
	must(c.t, err)
}

// begin starts a run, and gives its name, the callback URL of its webhook, and a link to its
// trigger's outputs.
func (c *controlled) begin() (run, hook, link string) {
	c.t.Helper()
	a := c.Call(c.trigger, `{"secret":1}`)
	if a.Status != http.StatusAccepted {
		c.t.Fatalf("%d %s", a.Status, a.Body)
	}
	run, hook = a.Header.Get("X-Ms-Workflow-Run-Id"), <-c.hooks
	got, err := c.client.logic.NewWorkflowRunsClient().Get(c.t.Context(), controlledGroup, c.name, run, nil)
	must(c.t, err)
	return run, hook, *got.Properties.Trigger.OutputsLink.URI
}

// management is the status of a request below the workflow.
func (c *controlled) management(run string) int {
	_, err := c.client.logic.NewWorkflowRunsClient().Get(c.t.Context(), controlledGroup, c.name, run, nil)
	if refused, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return refused.StatusCode
	}
	must(c.t, err)
	return http.StatusOK
}

func (c *controlled) contents(link string) int {
	c.t.Helper()
	res, err := c.HTTP().Get(link)
	must(c.t, err)
	_ = res.Body.Close()
	return res.StatusCode
}

func ranges(list ...string) *armlogic.FlowAccessControlConfigurationPolicy {
	p := &armlogic.FlowAccessControlConfigurationPolicy{AllowedCallerIPAddresses: []*armlogic.IPAddressRange{}}
	for _, r := range list {
		p.AllowedCallerIPAddresses = append(p.AllowedCallerIPAddresses, &armlogic.IPAddressRange{AddressRange: to.Ptr(r)})
	}
	return p
}

// TestAllowedCallers: each part of accessControl bounds who may do what it is for, and
// nothing else; callbacks of actions follow triggers where actions are not bounded.
func TestAllowedCallers(t *testing.T) {
	here, elsewhere := ranges("127.0.0.0/8", "::1"), ranges("10.0.0.0/8", "192.168.1.7-192.168.1.9")
	type policy = armlogic.FlowAccessControlConfiguration
	c := newControlled(t)
	for _, row := range []struct {
		name   string
		access *policy
		want   string // trigger, callback of the action, contents, management
	}{
		{"nothing is bounded", nil, "202 202 200 200"},
		{"all are for here", &policy{Triggers: here, Actions: here, Contents: here, WorkflowManagement: here}, "202 202 200 200"},
		{"triggers", &policy{Triggers: elsewhere}, "403 403 200 200"},
		{"triggers, for other workflows only", &policy{Triggers: ranges()}, "403 403 200 200"},
		{"triggers, actions are for here", &policy{Triggers: elsewhere, Actions: here}, "403 202 200 200"},
		{"actions", &policy{Actions: elsewhere}, "202 403 200 200"},
		{"contents", &policy{Contents: elsewhere}, "202 202 403 200"},
		{"management", &policy{WorkflowManagement: elsewhere}, "202 202 200 403"},
	} {
		run, hook, link := c.begin()
		c.restrict(row.access)
		trigger := c.Call(c.trigger, `{}`).Status
		if trigger == http.StatusAccepted {
			<-c.hooks // of the run that this began
		}
		if got := fmt.Sprint(trigger, c.Call(hook, `{}`).Status, c.contents(link), c.management(run)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		c.restrict(nil) // the workflow itself can always be changed
	}
}

// TestSecuredContents: what an action secures has no link, and its contents are served to
// nobody, whatever they sign; what it leaves open is.
func TestSecuredContents(t *testing.T) {
	c := newControlled(t)
	run, _, _ := c.begin()
	whole, err := c.client.logic.NewWorkflowsClient().ListCallbackURL(t.Context(), controlledGroup, c.name, armlogic.GetCallbackURLParameters{}, nil)
	must(t, err)
	base, query, _ := strings.Cut(*whole.Value, "?")
	for name, want := range map[string]int{"Open": http.StatusOK, "Secret": http.StatusNotFound} {
		action, err := c.client.logic.NewWorkflowRunActionsClient().Get(t.Context(), controlledGroup, c.name, run, name, nil)
		must(t, err)
		if linked := action.Properties.InputsLink != nil && action.Properties.OutputsLink != nil; linked != (want == http.StatusOK) {
			t.Errorf("%s: %v %v", name, action.Properties.InputsLink, action.Properties.OutputsLink)
		}
		for _, content := range []string{"ActionInputs", "ActionOutputs"} {
			if got := c.contents(base + "/runs/" + run + "/actions/" + name + "/contents/" + content + "?" + query); got != want {
				t.Errorf("%s of %s: %d, want %d", content, name, got, want)
			}
		}
	}
}
