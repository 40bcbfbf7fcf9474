package workflow

import (
	"testing"

	"isle/internal/connector"
	"isle/wdl"
)

const sending = `{"batchName":"orders","content":{"a":1},"host":{"triggerName":"Batch","workflow":{"id":"receiver"}}`

// TestAMessageIsSent: wdl-semantics §11.13, with the defaults of partition and id.
func TestAMessageIsSent(t *testing.T) {
	f := &family{}
	o := NewBatch(Options{Children: f}).Perform(t.Context(), newCall(t, sending+`}`))
	if len(f.messages) != 1 {
		t.Fatalf("%d messages, %+v", len(f.messages), o)
	}
	m := f.messages[0]
	if m.Workflow != "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/receiver" || m.Trigger != "Batch" || m.Batch != "orders" ||
		m.Partition != "DEFAULT" || m.ID != m.Key || m.Key == "" || string(m.Content.JSON()) != `{"a":1}` || m.Caller.RunID != "run" {
		t.Errorf("%+v", m)
	}
	want := `{"statusCode":202,"headers":{"Content-Type":"application/json; charset=utf-8"},"body":{"batchName":"orders","messageId":"` + m.ID + `","partitionName":"DEFAULT"}}`
	if got := string(o.Outputs.JSON()); got != want || o.StatusCode != 202 {
		t.Errorf("%s", got)
	}
}

func TestAMessageKeepsItsNames(t *testing.T) {
	f := &family{}
	operation := NewBatch(Options{Children: f})
	for range 2 {
		operation.Perform(t.Context(), newCall(t, sending+`,"partitionName":"north","messageId":"A-1"}`))
	}
	first, second := f.messages[0], f.messages[1]
	if first.Partition != "north" || first.ID != "A-1" || first.Key != second.Key || first.Key == first.ID {
		t.Errorf("%+v, %+v", first, second)
	}
}

func TestAMessageThatCannotBeSent(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options Options
		inputs  string
		code    string
	}{
		{"no other workflow", Options{}, sending + `}`, "WorkflowNotFound"},
		{"no batch", Options{Children: &family{}}, `{"batchName":"","content":1,"host":{"workflow":{"id":"x"}}}`, "BadRequest"},
		{"no receiver", Options{Children: &family{}}, `{"batchName":"b","content":1,"host":{"workflow":{"id":""}}}`, "BadRequest"},
		{"refused", Options{Children: &family{err: &Failure{Code: "BatchMessageTooLarge", Message: "too large"}}}, sending + `}`, "BatchMessageTooLarge"},
	} {
		o := NewBatch(tt.options).Perform(t.Context(), newCall(t, tt.inputs))
		if o.Status != wdl.Failed || o.Code != tt.code || o.Error == nil || o.HasOutputs {
			t.Errorf("%s: %+v", tt.name, o)
		}
	}
}

var _ connector.Operation = (*Batch)(nil)
