package testfile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/workflow"
	"isle/internal/trigger"
	"isle/wdl"
)

// batches gather the messages that workflows of a project send to batches of each
// other (wdl-semantics §10.6). They live as long as the process. A batch that is large
// enough is taken out of its queue; [Siblings.Release] runs it.
type batches struct {
	mu     sync.Mutex
	queues []*batchQueue   // in the order of their first messages; under mu
	taken  map[string]bool // messages by key: one that is sent again counts once; under mu
	due    []batch         // to be run, in the order in which they were complete; under mu
}

// batchQueue is where the messages for a batch name and partition of a workflow wait.
type batchQueue struct {
	workflow  *engine.Workflow
	on        *wdl.Trigger
	criteria  wdl.BatchConfiguration
	partition string
	messages  []trigger.BatchMessage
	size      int64
}

// batch is one that is released.
type batch struct {
	workflow *engine.Workflow
	on       *wdl.Trigger
	outputs  expr.Value
}

// Send puts a message into a batch of a sibling.
func (s *Siblings) Send(_ context.Context, m *workflow.Message) error {
	receiver, err := s.compile(m.Workflow)
	if err != nil {
		return err
	}
	on, criteria, err := batchOf(receiver, m)
	if err != nil {
		return err
	}
	content := m.Content.JSON()
	if int64(len(content)) > criteria.MostBytes {
		return &workflow.Failure{Code: "BatchMessageTooLarge", Message: fmt.Sprintf("The message could not be sent: it has %d bytes, more than the %d of a batch. Send its parts, or a link to it.", len(content), criteria.MostBytes)}
	}
	m.Batch = criteria.Name
	s.batches.mu.Lock()
	defer s.batches.mu.Unlock()
	if s.batches.taken[m.Key] {
		return nil
	}
	if s.batches.taken == nil {
		s.batches.taken = map[string]bool{}
	}
	s.batches.taken[m.Key] = true
	q := s.batches.queue(receiver, on, criteria, m.Partition)
	q.messages = append(q.messages, trigger.BatchMessage{ID: m.ID, Content: m.Content})
	q.size += int64(len(content))
	if q.complete() {
		s.batches.due = append(s.batches.due, batch{receiver, on, trigger.BatchOutputs(criteria.Name, m.Partition, q.messages)})
		q.messages, q.size = nil, 0
	}
	return nil
}

// batchOf is the Batch trigger that a message names, or the only one, with the batch.
func batchOf(receiver *engine.Workflow, m *workflow.Message) (*wdl.Trigger, wdl.BatchConfiguration, error) {
	name := m.Trigger
	if triggers := receiver.Program.Triggers; name == "" && len(triggers) == 1 {
		name = triggers[0].Name
	}
	on, ok := receiver.Program.Trigger(name)
	switch {
	case !ok:
		return nil, wdl.BatchConfiguration{}, &workflow.Failure{Code: "WorkflowTriggerNotFound", Message: "The workflow '" + receiver.Name + "' has no trigger '" + name + "'."}
	case on.Batch == nil:
		return nil, wdl.BatchConfiguration{}, &workflow.Failure{Code: "WorkflowTriggerNotFound", Message: "The trigger '" + on.Name + "' of workflow '" + receiver.Name + "' is of type '" + string(on.Type) + "' and takes no messages of a batch."}
	}
	if on.Batch.Group != "" {
		return nil, wdl.BatchConfiguration{}, &workflow.Failure{Code: "BatchConfigurationNotFound", Message: "The batches of the trigger '" + on.Name + "' of workflow '" + receiver.Name + "' stand in its integration account, which a test does not have. Mock the action."}
	}
	criteria, ok := on.Batch.Configuration(m.Batch)
	if !ok {
		return nil, criteria, &workflow.Failure{Code: "BatchConfigurationNotFound", Message: "The trigger '" + on.Name + "' of workflow '" + receiver.Name + "' has no batch '" + m.Batch + "'. Give 'batchName' one of its 'configurations'."}
	}
	return on, criteria, nil
}

// queue finds or makes the queue; the caller holds mu.
func (b *batches) queue(receiver *engine.Workflow, on *wdl.Trigger, criteria wdl.BatchConfiguration, partition string) *batchQueue {
	i := slices.IndexFunc(b.queues, func(q *batchQueue) bool {
		return strings.EqualFold(q.workflow.Name, receiver.Name) && q.on.Name == on.Name && q.criteria.Name == criteria.Name && q.partition == partition
	})
	if i >= 0 {
		return b.queues[i]
	}
	q := &batchQueue{workflow: receiver, on: on, criteria: criteria, partition: partition}
	b.queues = append(b.queues, q)
	return q
}

// complete reports whether what waits is a batch by number or size.
func (q *batchQueue) complete() bool {
	messages, bytes := q.criteria.Released()
	return len(q.messages) >= messages || q.size >= bytes
}

// Release runs the batches that are complete, in their order, and those that become so
// by that; done gets what came of each. It returns what still waits, in words.
func (s *Siblings) Release(ctx context.Context, done func(*engine.Workflow, *Invoked) error) (waiting []string, err error) {
	for {
		next, ok := s.batches.next()
		if !ok {
			return s.batches.waiting(), nil
		}
		i := Invocation{
			Workflow: next.workflow, Trigger: Trigger{Name: next.on.Name, Outputs: Value{Value: next.outputs, Given: true}},
			Operations: s.Operations, Dialer: s.Dialer, Start: s.Clock().UTC(), Seed: rand.Uint64(), Callbacks: s.Callbacks,
		}
		invoked, err := i.Run(ctx)
		if err == nil {
			err = done(next.workflow, invoked)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (b *batches) next() (batch, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.due) == 0 {
		return batch{}, false
	}
	next := b.due[0]
	b.due = b.due[1:]
	return next, true
}

// waiting says what waits for more messages, or for a time.
func (b *batches) waiting() (said []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range b.queues {
		if len(q.messages) == 0 {
			continue
		}
		var needs []string
		if q.criteria.Messages > 0 {
			needs = append(needs, fmt.Sprintf("%d messages", q.criteria.Messages))
		}
		if q.criteria.Bytes > 0 {
			needs = append(needs, fmt.Sprintf("%d bytes", q.criteria.Bytes))
		}
		if q.criteria.Recurrence != nil {
			needs = append(needs, "the time of its recurrence, which is not waited for")
		}
		said = append(said, fmt.Sprintf("%d of the messages sent are not released: the batch '%s' of workflow '%s' (partition '%s') needs %s", len(q.messages), q.criteria.Name, q.workflow.Name, q.partition, strings.Join(needs, ", or ")))
	}
	return said
}
