package testfile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/connector/workflow"
	"isle/internal/dataplane"
	"isle/internal/project"
)

// Siblings are the workflows of a project that call each other while one of them is
// run without a server: each call is a run of its own in this process. They are the
// [workflow.Children] of the operations, which must be set before the first call.
type Siblings struct {
	Project    *project.Project
	Settings   Settings
	Operations connector.Operations
	Dialer     dataplane.Dialer
	Clock      func() time.Time
	Callbacks  *Callbacks // nil: the webhooks of siblings cannot be called back

	batches batches

	mu       sync.Mutex
	compiled map[string]*engine.Workflow // by the sibling's name; under mu
}

// Start runs the sibling and waits for its answer.
func (s *Siblings) Start(ctx context.Context, r *workflow.Request) (*workflow.Answer, error) {
	child, err := s.compile(r.Workflow)
	if err != nil {
		return nil, err
	}
	fire := Trigger{Name: r.Trigger, RelativePath: "?" + r.Query, Headers: NewPairs(r.Header)}
	if r.Body != nil {
		text := string(r.Body)
		fire.BodyText = &text
	}
	i := Invocation{
		Workflow: child, Trigger: fire, Operations: s.Operations, Dialer: s.Dialer,
		Start: s.Clock().UTC(), Seed: rand.Uint64(), Depth: r.Depth, Callbacks: s.Callbacks,
	}
	invoked, err := i.Run(ctx)
	if err != nil {
		return nil, &workflow.Failure{Code: "BadRequest", Message: "The workflow '" + child.Name + "' could not be called: " + err.Error() + "."}
	}
	answer := invoked.Answer
	if invoked.Polled != nil && !r.NoPolling {
		answer = invoked.Polled
	}
	if answer == nil {
		return nil, &workflow.Failure{Code: "BadRequest", Message: "The workflow '" + child.Name + "' has no trigger of type Request, so that it cannot be called. Give it one."}
	}
	return &workflow.Answer{StatusCode: answer.StatusCode, Header: answer.Header, Body: answer.Body}, nil
}

// Ask has nothing to do: Start waits for its answer.
func (s *Siblings) Ask(_ context.Context, _ workflow.Caller, reference string) (*workflow.Answer, error) {
	return nil, &workflow.Failure{Code: "WorkflowRunNotFound", Message: "There is no run '" + reference + "' to be asked."}
}

// compile makes the sibling that a resource ID names by its last segment.
func (s *Siblings) compile(id string) (*engine.Workflow, error) {
	w, err := s.Project.Workflow(id[strings.LastIndexByte(id, '/')+1:])
	if err != nil {
		return nil, &workflow.Failure{Code: "WorkflowNotFound", Message: err.Error() + "."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if child := s.compiled[w.Name]; child != nil {
		return child, nil
	}
	settings := s.Settings
	settings.Parameters = nil // those given are for the workflow that was asked for
	child, problems := Compile(w.Source, settings.Within(s.Project))
	if child == nil {
		return nil, &workflow.Failure{Code: "BadRequest", Message: fmt.Sprintf("The workflow '%s' is refused: %s", w.Name, strings.Join(refusals(problems), "; "))}
	}
	if s.compiled == nil {
		s.compiled = map[string]*engine.Workflow{}
	}
	s.compiled[w.Name] = child
	return child, nil
}

// NewPairs are the headers of a message as a test file has them.
func NewPairs(h http.Header) Pairs {
	var p Pairs
	for _, name := range sorted(h) {
		var values []expr.Value
		for _, v := range h[name] {
			values = append(values, expr.String(v))
		}
		p.members = append(p.members, expr.Member{Name: name, Value: expr.Array(values...)})
	}
	return p
}
