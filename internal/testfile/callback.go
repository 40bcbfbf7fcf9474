package testfile

import (
	"fmt"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/local"
	"isle/internal/runner"
	"isle/internal/trigger"
	"isle/wdl"
)

// MockCallback is a call of the callback URL that a webhook has handed on with the
// request that a mock answers. A webhook without such a request is called back by the
// next response of the mock with its name.
type MockCallback struct {
	After   string `json:"after"` // ISO 8601 duration since the answer; "": at once
	Headers Pairs  `json:"headers"`
	Queries Pairs  `json:"queries"`
	Body    Value  `json:"body"`

	after wdl.Duration
}

func (c *MockCallback) prepare() (err error) {
	if c == nil || c.After == "" {
		return nil
	}
	c.after, err = wdl.ParseDuration(c.After)
	return err
}

// webhook is one webhook that waits, in one repetition of one run.
type webhook struct{ run, scope, action string }

// callBack remembers what will call back the webhook of a call. The case fails if the
// call is of something else.
func (s *stage) callBack(c connector.Call, callback *MockCallback) {
	if c.Callback == "" {
		if callback != nil {
			s.stop(fmt.Errorf("a mock calls back '%s', which is no webhook", c.Subject.Name))
		}
		return
	}
	if s.callbacks == nil {
		s.callbacks = map[webhook]*MockCallback{}
	}
	s.callbacks[webhook{c.RunID, engine.ScopeOf(c.Repetition), c.Subject.Name}] = callback
}

// calledBack is what calls back a webhook that begins to wait.
func (s *stage) calledBack(w *engine.Workflow, run string, rec engine.Record) *local.Callback {
	callback := s.callbacks[webhook{run, engine.ScopeOf(rec.Repetition), rec.Action}]
	if callback == nil && rec.Attempts == 0 {
		callback = s.unasked(rec.Action)
	}
	action, ok := w.Program.Action(rec.Action)
	if callback == nil || !ok {
		return nil
	}
	outputs, err := callback.outputs(action)
	if err != nil {
		s.stop(fmt.Errorf("the callback of '%s': %w", rec.Action, err))
		return nil
	}
	return &local.Callback{After: callback.after.From(s.now).Sub(s.now), Outputs: outputs}
}

// unasked is the callback of a webhook that sends no request.
func (s *stage) unasked(action string) *MockCallback {
	if s.expected.Mocks == nil {
		return nil
	}
	response := s.mocked(func(m *Mock) bool { return m.Action != "" && matches(m.Action, action) })
	if response == nil {
		return nil
	}
	return response.Callback
}

// outputs are those of the webhook when this has called it.
func (c *MockCallback) outputs(a *wdl.Action) (expr.Value, error) {
	request := &trigger.Request{}
	request.Header, request.Body = message(c.Headers, c.Body)
	for name, value := range c.Queries.all {
		request.Query = append(request.Query, trigger.QueryParameter{Name: name, Value: value})
	}
	return trigger.CallbackOutputs(a.Options, request)
}

// callbackURL is what listCallbackUrl() gives in a run: in the form of a server's, but
// nobody listens there.
func (i *Invocation) callbackURL(run string) engine.Callback {
	const address, version, key = "https://localhost", "2016-10-01", "in this process"
	return func(action string, repetition []engine.RepetitionIndex) string {
		return runner.CallbackLink(i.Workflow.FlowID, run, action, engine.RepetitionName(repetition), version).URL(address, []byte(key))
	}
}
