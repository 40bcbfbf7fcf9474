package gateway

import (
	"errors"
	"strings"
	"testing"

	"isle/expr"
	"isle/internal/connector/workflow"
	"isle/internal/dataplane"
	"isle/internal/store"
	"isle/wdl"
)

const batchTriggerText = `{"type":"Batch","inputs":{"mode":"Inline","configurations":{"Orders":{"releaseCriteria":{"messageCount":9}}}}}`

// TestAMessageReachesItsBatch: wdl-semantics §10.6; names ignore case.
func TestAMessageReachesItsBatch(t *testing.T) {
	e, g := newFamily(t)
	d := e.deploy(t, "receiver", batchTriggerText, `{"A":{"type":"Compose","inputs":1}}`)
	e.deploy(t, "plain", "", doubled)
	e.deploy(t, "off", batchTriggerText, `{"A":{"type":"Compose","inputs":1}}`).Enabled = false
	message := func(receiver, on, batch, content string) *workflow.Message {
		return &workflow.Message{Workflow: "/x/" + receiver, Trigger: on, Batch: batch, Partition: "p", ID: "1", Content: expr.String(content), Key: receiver + on + batch}
	}
	m := message("receiver", "manual", "ORDERS", "x")
	for range 2 {
		if err := g.Send(t.Context(), m); err != nil || m.Batch != "Orders" {
			t.Fatalf("%v, batch %s", err, m.Batch)
		}
	}
	if err := g.Send(t.Context(), message("receiver", "", "Orders", "y")); err != nil {
		t.Fatal(err)
	}
	if n := e.waiting(t, d.FlowID); n != 2 {
		t.Errorf("%d messages wait", n)
	}
	for _, tt := range []struct{ receiver, trigger, batch, content, code string }{
		{"receiver", "manual", "other", "", "BatchConfigurationNotFound"},
		{"receiver", "nothing", "Orders", "", "WorkflowTriggerNotFound"},
		{"plain", "manual", "Orders", "", "WorkflowTriggerNotFound"},
		{"off", "manual", "Orders", "", "WorkflowTriggerIsNotEnabled"},
		{"nobody", "manual", "Orders", "", "WorkflowNotFound"},
		{"receiver", "manual", "Orders", strings.Repeat("x", int(wdl.DefaultLimits().BatchSize)), "BatchMessageTooLarge"},
	} {
		var f *workflow.Failure
		if err := g.Send(t.Context(), message(tt.receiver, tt.trigger, tt.batch, tt.content)); !errors.As(err, &f) || f.Code != tt.code || f.Message == "" {
			t.Errorf("%s %s %s: %v", tt.receiver, tt.trigger, tt.batch, err)
		}
	}
	g.config.Network = &network{reason: "no"}
	var denied *dataplane.DeniedError
	if err := g.Send(t.Context(), message("receiver", "manual", "Orders", "z")); !errors.As(err, &denied) {
		t.Errorf("a sender whom the network does not let in: %v", err)
	}
}

// waiting counts the tasks' messages of a workflow.
func (e *endpoint) waiting(t *testing.T, flowID string) (n int) {
	t.Helper()
	err := e.db.Read(t.Context(), func(tx *store.Tx) error {
		tasks, err := tx.Tasks("batch:" + flowID)
		for _, task := range tasks {
			count, _, err := tx.WaitingMessages(task.Key[len("batch:"):])
			if err != nil {
				return err
			}
			n += count
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
