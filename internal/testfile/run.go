package testfile

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"time"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/connector/builtin"
	"isle/internal/connector/connection"
	httpoperation "isle/internal/connector/http"
	"isle/internal/connector/script"
	workflowoperation "isle/internal/connector/workflow"
	"isle/internal/dataplane"
	"isle/wdl"
)

// Result is what became of one case.
type Result struct {
	Name     string
	Failures []string // none: it passed
	Duration time.Duration
}

// Run runs the cases in order and hands each result to done as soon as it is there.
func (f *File) Run(ctx context.Context, done func(Result)) {
	for i := range f.Cases {
		began := time.Now()
		failures := f.Cases[i].run(ctx, f)
		done(Result{Name: f.Cases[i].Name, Failures: failures, Duration: time.Since(began)})
	}
}

// run runs a case and returns what is not as expected.
func (c *Case) run(ctx context.Context, f *File) []string {
	settings := Settings{Parameters: c.Parameters, AppSettings: c.AppSettings}.Within(f.Project)
	if c.Expect.SaveError != nil {
		return c.saveDifferences(f.Definition, settings)
	}
	workflow, problems := Compile(f.Definition, settings)
	if workflow == nil {
		return refusals(problems)
	}
	s := &stage{expected: c, script: f.InlineCode, connections: f.connections}
	ctx, s.stop = context.WithCancelCause(ctx)
	defer s.stop(nil)
	invoked, err := s.invoke(ctx, workflow)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil {
		return []string{err.Error()}
	}
	return c.differences(workflow.Program, invoked, s.made)
}

// refusals are the errors of a definition, in a report.
func refusals(problems wdl.Problems) (found []string) {
	for _, p := range problems {
		if p.Severity == wdl.Error {
			found = append(found, "the definition is refused: "+p.String())
		}
	}
	return found
}

// saveDifferences compares the problems of a definition with the one that is
// expected. A type that this server does not run is no error of the definition,
// unless it is asked for.
func (c *Case) saveDifferences(definition wdl.Source, settings Settings) []string {
	want := c.Expect.SaveError
	_, problems := Compile(definition, settings)
	var others []string
	for _, p := range problems {
		if p.Severity != wdl.Error || p.Rule == wdl.RuleUnsupported && want.Code+want.Contains == "" {
			continue
		}
		message := wdl.Problems{p}.Error()
		if (want.Code == "" || want.Code == p.Code) && (strings.Contains(message, want.Contains) || strings.Contains(p.Message, want.Contains)) {
			return nil
		}
		others = append(others, p.String())
	}
	expected := strings.TrimSpace(want.Code + " " + want.Contains)
	if others == nil {
		return []string{"the definition is accepted, expected it to be refused: " + expected}
	}
	return []string{fmt.Sprintf("the definition is refused, but not as expected (%s): %s", expected, strings.Join(others, "; "))}
}

// maxCalls is how many requests a case may make: more is an operation that is
// polled without end.
const maxCalls = 10_000

// stage is where a case plays: it answers its calls and notes them.
type stage struct {
	expected    *Case
	script      *script.Operation // nil: in this process
	connections connection.Directory
	stop        context.CancelCauseFunc
	now         time.Time
	made        []call
	used        []int // responses given by each mock
	// callbacks are those that come to webhooks whose subscription is answered.
	callbacks map[webhook]*MockCallback
}

func (s *stage) invoke(ctx context.Context, w *engine.Workflow) (*Invoked, error) {
	start := s.expected.Clock
	if start.IsZero() {
		start = time.Now()
	}
	s.now = start.UTC()
	network := dataplane.NewInproc(dataplane.Options{})
	operations, closeAll := builtin.Operations(s.options())
	defer closeAll()
	invocation := Invocation{
		Workflow: w, Trigger: s.expected.Trigger, Operations: operations,
		Dialer:  network.Dialer(dataplane.Shared, dataplane.SubnetBuiltIn),
		Caller:  s.expected.Expect.caller(),
		Start:   s.now,
		Virtual: true, Seed: seed(s.expected.Name),
		Clock:      func(now time.Time) { s.now = now },
		CalledBack: s.calledBack,
	}
	return invocation.Run(ctx)
}

// options of the operations: with mocks no request leaves the process, and no name of
// a connection need lead anywhere.
func (s *stage) options() builtin.Options {
	o := builtin.Options{
		HTTP:       httpoperation.Options{Clock: func() time.Time { return s.now }},
		Connection: connection.Options{Directory: s.connections},
		Workflow:   workflowoperation.Options{Clock: func() time.Time { return s.now }, Exchange: s.nested, ExchangeMessage: s.sent},
		Script:     s.script,
	}
	if o.Script == nil {
		o.Script = script.InProcess(script.Limits{})
	}
	if s.expected.Mocks == nil {
		o.HTTP.Observe = func(c connector.Call, r *httpoperation.Request) {
			_ = s.note(newCall(c, r)) // past the limit the context has ended
		}
		return o
	}
	s.used = make([]int, len(*s.expected.Mocks))
	o.HTTP.Exchange = s.exchange
	o.Connection.Default = placeholder
	return o
}

// seed makes what is random the same whenever the case runs.
func seed(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

// note takes a call down, up to a limit.
func (s *stage) note(c call) error {
	if len(s.made) == maxCalls {
		err := fmt.Errorf("the case has made %d calls and does not end; the last is %s", maxCalls, c)
		s.stop(err)
		return err
	}
	s.made = append(s.made, c)
	return nil
}

// exchange answers a request with the first mock that matches. Without one the case
// has failed and ends.
func (s *stage) exchange(_ context.Context, c connector.Call, r *httpoperation.Request) (*httpoperation.Response, error) {
	made := newCall(c, r)
	if err := s.note(made); err != nil {
		return nil, err
	}
	if r := s.mocked(func(m *Mock) bool { return m.matches(made.action, made.method, made.uri) }); r != nil {
		s.callBack(c, r.Callback)
		return r.answer()
	}
	err := errors.New("no mock matches the call of " + made.String())
	s.stop(err)
	return nil, err
}

// mocked is the next response of the first mock that matches.
func (s *stage) mocked(matches func(*Mock) bool) *MockResponse {
	i, r := s.next(matches)
	if r != nil {
		s.used[i]++
	}
	return r
}

// next is the mock that would answer, and with what.
func (s *stage) next(matches func(*Mock) bool) (int, *MockResponse) {
	mocks := *s.expected.Mocks
	for i := range mocks {
		if m := &mocks[i]; matches(m) {
			return i, &m.Responses[min(s.used[i], len(m.Responses)-1)]
		}
	}
	return 0, nil
}

// nested answers for the workflow that an action calls: a mock with the action's name
// does, as a case has one workflow. An answer 202 with a Location is asked again after
// its Retry-After, as the child's asynchronous Response is, if the mocks have a further
// response for it: one that repeats for ever is the answer.
func (s *stage) nested(_ context.Context, c connector.Call, r *workflowoperation.Request) (*workflowoperation.Answer, error) {
	made := call{run: c.RunID, action: c.Subject.Name, method: http.MethodPost, uri: r.Workflow, header: canonical(r.Header), body: r.Body}
	if c.Poll != nil {
		made.method, made.uri, made.body = http.MethodGet, c.Poll.URL, nil
	}
	given, answer, err := s.standIn(made)
	if err != nil || r.NoPolling || answer.StatusCode != http.StatusAccepted || answer.Header.Get("Location") == "" {
		return answer, err
	}
	made.method, made.uri = http.MethodGet, answer.Header.Get("Location")
	if _, more := s.next(made.answeredBy); more == given {
		return answer, nil
	}
	return &workflowoperation.Answer{Reference: made.uri, After: httpoperation.RetryAfter(answer.Header.Get("Retry-After"), s.now)}, nil
}

// sent answers for the batch that an action sends to; the message is the call's body.
func (s *stage) sent(_ context.Context, c connector.Call, m *workflowoperation.Message) (*workflowoperation.Answer, error) {
	header, body := message(Pairs{}, Value{Value: m.Content, Given: true})
	_, answer, err := s.standIn(call{run: c.RunID, action: c.Subject.Name, method: http.MethodPost, uri: m.Workflow, header: header, body: body})
	return answer, err
}

// standIn answers for another workflow, with the response of a mock.
func (s *stage) standIn(made call) (*MockResponse, *workflowoperation.Answer, error) {
	if err := s.note(made); err != nil {
		return nil, nil, err
	}
	if s.expected.Mocks != nil {
		if r := s.mocked(made.answeredBy); r != nil {
			answer, err := r.nestedAnswer()
			return r, answer, err
		}
	}
	err := fmt.Errorf("no mock answers for the workflow that %s turns to (%s): give a mock with \"action\": %q", made.action, made.uri, made.action)
	s.stop(err)
	return nil, nil, err
}

// canonical has the names of a header as a receiver reads them.
func canonical(h http.Header) http.Header {
	read := make(http.Header, len(h))
	for name, values := range h {
		read[http.CanonicalHeaderKey(name)] = values
	}
	return read
}
