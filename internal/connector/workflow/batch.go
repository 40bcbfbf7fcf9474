package workflow

import (
	"context"
	"net/http"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// Batch is the SendToBatch action: it hands a message to the Batch trigger of another
// workflow (wdl-semantics §11.13). What a receiver has taken is in one batch, however
// often the call is repeated.
type Batch struct{ options Options }

// NewBatch returns the operation.
func NewBatch(o Options) *Batch { return &Batch{New(o).options} }

// Message is what is sent to a batch.
type Message struct {
	Workflow  string // resource ID of the receiver
	Trigger   string // "": the only one
	Batch     string
	Partition string
	ID        string // messageId
	Content   expr.Value

	Key    string // of the call: the same when it is repeated, and of no other one
	Caller Caller
}

// DefaultPartition is that of messages that name none.
const DefaultPartition = "DEFAULT"

// Perform implements connector.Operation.
func (b *Batch) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	return connector.Reported(b.options.Clock, c, func() engine.Outcome { return b.perform(ctx, c) })
}

func (b *Batch) perform(ctx context.Context, c connector.Call) engine.Outcome {
	m, err := NewMessage(c)
	if err != nil {
		return failure(err)
	}
	if b.options.ExchangeMessage != nil {
		answer, err := b.options.ExchangeMessage(ctx, c, m)
		if err != nil {
			return failure(err)
		}
		return answer.outcome()
	}
	if b.options.Children == nil {
		return failure(&Failure{Code: "WorkflowNotFound", Message: "The action '" + c.Subject.Name + "' sends to the workflow '" + m.Workflow + "', and only one workflow runs here. Deploy both to a server, or test with a mock that has the action's name."})
	}
	if err := b.options.Children.Send(ctx, m); err != nil {
		return failure(err)
	}
	return m.accepted()
}

// NewMessage reads the inputs of a call.
func NewMessage(c connector.Call) (*Message, error) {
	text := func(name string) string {
		v, _ := c.Inputs.Get(name)
		return v.Text()
	}
	host, _ := c.Inputs.Get("host")
	trigger, _ := host.Get("triggerName")
	m := &Message{
		Workflow: Target(host, c.Workflow.ID), Trigger: trigger.Text(), Batch: text("batchName"), Partition: text("partitionName"), ID: text("messageId"),
		Key: identity(c.ID), Caller: caller(c),
	}
	m.Content, _ = c.Inputs.Get("content")
	if m.Partition == "" {
		m.Partition = DefaultPartition
	}
	if m.ID == "" {
		m.ID = m.Key
	}
	switch {
	case m.Workflow == "":
		return nil, &Failure{Code: "BadRequest", Message: "The message could not be sent: the 'host.workflow.id' is empty."}
	case m.Batch == "":
		return nil, &Failure{Code: "BadRequest", Message: "The message could not be sent: the 'batchName' is empty."}
	}
	return m, nil
}

// accepted is the outcome of a message that a receiver has taken.
func (m *Message) accepted() engine.Outcome {
	text := func(name, v string) expr.Member { return expr.Member{Name: name, Value: expr.String(v)} }
	return engine.Outcome{StatusCode: http.StatusAccepted, HasOutputs: true, Outputs: expr.Object(
		expr.Member{Name: "statusCode", Value: expr.Int(http.StatusAccepted)},
		expr.Member{Name: "headers", Value: expr.Object(text("Content-Type", "application/json; charset=utf-8"))},
		expr.Member{Name: "body", Value: expr.Object(text("batchName", m.Batch), text("messageId", m.ID), text("partitionName", m.Partition))},
	)}
}
