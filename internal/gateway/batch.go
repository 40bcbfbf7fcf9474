package gateway

import (
	"context"
	"errors"

	"isle/internal/connector/workflow"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// Send implements workflow.Children: a message of a SendToBatch action for a Batch
// trigger (wdl-semantics §10.6). Who may send is judged as who may call is.
func (g *Gateway) Send(ctx context.Context, m *workflow.Message) error {
	d, err := g.child(ctx, m.Workflow, m.Caller)
	if err != nil {
		return unanswered(err)
	}
	on, err := batchTrigger(d, m.Trigger)
	if err != nil {
		return unanswered(err)
	}
	configuration, err := g.config.Runner.Batch(ctx, d, on, m.Batch)
	if errors.Is(err, store.ErrNotFound) {
		return noBatch(d, on, m.Batch)
	}
	if err != nil {
		return err
	}
	m.Batch = configuration.Name
	err = g.config.Runner.Collect(context.WithoutCancel(ctx), runner.Message{
		Deployed: d, Trigger: on, Batch: m.Batch, Partition: m.Partition, ID: m.ID, Content: m.Content,
		Key: m.Key, SenderEnvironment: m.Caller.Source.Environment, SenderRun: m.Caller.RunID,
	})
	var large *runner.MessageTooLargeError
	if errors.As(err, &large) {
		return &workflow.Failure{Code: "BatchMessageTooLarge", Message: "The message could not be sent: " + large.Error() + ". Send its parts, or a link to it."}
	}
	return err
}

func noBatch(d *runner.Deployed, on *wdl.Trigger, name string) *workflow.Failure {
	advice := "Give 'batchName' one of its 'configurations'."
	if on.Batch.Group != "" {
		advice = "Give 'batchName' the name of a batch configuration of its integration account, of the batch group '" + on.Batch.Group + "'."
	}
	return &workflow.Failure{Code: "BatchConfigurationNotFound", Message: "The trigger '" + on.Name + "' of workflow '" + d.Name + "' has no batch '" + name + "'. " + advice}
}

// batchTrigger is the Batch trigger that a message names, or the only one.
func batchTrigger(d *runner.Deployed, name string) (*wdl.Trigger, error) {
	if triggers := d.Workflow.Program.Triggers; name == "" && len(triggers) == 1 {
		name = triggers[0].Name
	}
	on, ok := d.Workflow.Program.Trigger(name)
	switch {
	case !ok:
		return nil, notFound("WorkflowTriggerNotFound", "The workflow '"+d.Name+"' has no trigger '"+name+"'.")
	case on.Batch == nil:
		return nil, notFound("WorkflowTriggerNotFound", "The trigger '"+on.Name+"' of workflow '"+d.Name+"' is of type '"+string(on.Type)+"' and takes no messages of a batch.")
	case !d.Enabled:
		return nil, notFound("WorkflowTriggerIsNotEnabled", "Could not execute workflow '"+d.Name+"' trigger '"+on.Name+"' with state 'Disabled': trigger is not enabled.")
	}
	return on, nil
}
