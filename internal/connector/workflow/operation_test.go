package workflow

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

const self = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/parent"

func value(t testing.TB, text string) expr.Value {
	t.Helper()
	v, err := expr.ReadJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newCall(t testing.TB, inputs string) connector.Call {
	return connector.Call{
		Call: engine.Call{ID: "run/W#1", Subject: engine.Subject{Name: "W"}, Operation: wdl.TypeWorkflow, Inputs: value(t, inputs),
			Begun: time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC), Depth: 2, TrackingID: "action", ClientRequestID: "request"},
		Workflow: &engine.Workflow{ID: self, Name: "parent", FlowID: "f", Version: "08", Location: "local"},
		RunID:    "run", ClientTrackingID: "client",
	}
}

// family answers in place of other workflows.
type family struct {
	answer   Answer
	err      error
	requests []*Request
	asked    []string
	messages []*Message
}

func (f *family) Start(_ context.Context, r *Request) (*Answer, error) {
	f.requests = append(f.requests, r)
	return &f.answer, f.err
}

func (f *family) Ask(_ context.Context, _ Caller, reference string) (*Answer, error) {
	f.asked = append(f.asked, reference)
	return &f.answer, f.err
}

func (f *family) Send(_ context.Context, m *Message) error {
	f.messages = append(f.messages, m)
	return f.err
}

// TestARequestIsRead: wdl-semantics §11.12, §12.10 and §14.4.
func TestARequestIsRead(t *testing.T) {
	c := newCall(t, `{"host":{"triggerName":"manual","workflow":{"id":" /subscriptions/S/x "}},"body":{"a":1},
		"headers":{"X-Own":"1","x-ms-client-tracking-id":"mine","Cookie":"no","Empty":null},"queries":{"q":"a b","n":1}}`)
	r, err := NewRequest(c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Workflow != "/subscriptions/S/x" || r.Trigger != "manual" || string(r.Body) != `{"a":1}` || r.Query != "q=a%20b&n=1" || r.Depth != 3 {
		t.Errorf("%+v", r)
	}
	if r.ClientTrackingID != "mine" || r.Header.Get("X-Own") != "1" || r.Header.Get("Content-Type") != "application/json; charset=utf-8" || r.Header.Get("Cookie") != "" {
		t.Errorf("%s %v", r.ClientTrackingID, r.Header)
	}
	for name, want := range map[string]string{"x-ms-workflow-run-id": "run", "x-ms-client-tracking-id": "mine"} {
		if got := sent(r.Header, name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is sent as %q", name, got)
		}
	}
	plain, err := NewRequest(newCall(t, `{"host":{"workflow":{"id":"sibling"}}}`))
	if err != nil || plain.ClientTrackingID != "client" || plain.Workflow != "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/sibling" || plain.Body != nil {
		t.Errorf("%+v, %v", plain, err)
	}
	if other, _ := NewRequest(newCall(t, `{"host":{"id":"sibling"}}`)); other.Workflow != plain.Workflow {
		t.Errorf("the older form of a host means %q", other.Workflow)
	}
}

// sent are the values of a header in whatever case it stands.
func sent(h http.Header, name string) (values []string) {
	for n, v := range h {
		if strings.EqualFold(n, name) {
			values = append(values, v...)
		}
	}
	return values
}

// TestACallIsTheSameWhenItIsRepeated: another attempt is another call.
func TestACallIsTheSameWhenItIsRepeated(t *testing.T) {
	id := func(effect engine.EffectID) string {
		c := newCall(t, `{"host":{"workflow":{"id":"x"}}}`)
		c.ID = effect
		r, err := NewRequest(c)
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	if first, again := id("run/W#1"), id("run/W#1"); first != again || first == id("run/W#2") {
		t.Error("calls are not told apart by their effect")
	}
}

func TestBadInputsFailClearly(t *testing.T) {
	for _, inputs := range []string{
		`{"host":{"triggerName":"manual","workflow":{"id":""}}}`,
		`{"host":{"triggerName":"manual","workflow":{"id":"x"}},"headers":{"a b":"1"}}`,
		`{"host":{"triggerName":"manual","workflow":{"id":"x"}},"headers":{"a":"1\r\nx: 2"}}`,
	} {
		f := &family{}
		o := New(Options{Children: f}).Perform(t.Context(), newCall(t, inputs))
		if o.Status != wdl.Failed || o.Code != "BadRequest" || o.Error == nil || o.Error.Message == "" || o.Retryable || len(f.requests) > 0 {
			t.Errorf("%s: %+v", inputs, o)
		}
	}
}

// TestAnAnswerBecomesTheOutputs: wdl-semantics §11.12.
func TestAnAnswerBecomesTheOutputs(t *testing.T) {
	f := &family{answer: Answer{StatusCode: 404, Header: http.Header{"Content-Type": {"application/json"}, "x-ms-request-id": {":r"}}, Body: []byte(`{"no":true}`)}}
	o := New(Options{Children: f}).Perform(t.Context(), newCall(t, `{"host":{"workflow":{"id":"x"}},"body":"s","headers":{"Authorization":"secret"}}`))
	want := `{"statusCode":404,"headers":{"x-ms-request-id":":r","Content-Type":"application/json"},"body":{"no":true}}`
	if got := string(o.Outputs.JSON()); got != want || o.StatusCode != 404 || o.Error != nil {
		t.Errorf("%s %+v", got, o)
	}
	if headers, _ := o.Inputs.Get("headers"); string(headers.JSON()) != `{"Authorization":"*sanitized*"}` {
		t.Errorf("recorded inputs: %s", o.Inputs.JSON())
	}
}

// TestAChildThatHasNotAnsweredIsAskedAgain: the parent waits without holding anything
// (wdl-semantics §11.12).
func TestAChildThatHasNotAnsweredIsAskedAgain(t *testing.T) {
	f := &family{answer: Answer{Reference: "env/child", After: 7 * time.Second}}
	operation := New(Options{Children: f})
	c := newCall(t, `{"host":{"workflow":{"id":"x"}}}`)
	o := operation.Perform(t.Context(), c)
	if o.Poll == nil || o.Poll.URL != "env/child" || o.Poll.RetryAfter != 7*time.Second {
		t.Fatalf("%+v", o)
	}
	c.Poll = o.Poll
	if o = operation.Perform(t.Context(), c); o.Poll == nil || len(f.requests) != 1 || len(f.asked) != 1 || f.asked[0] != "env/child" {
		t.Errorf("%+v, %d calls, asked %v", o, len(f.requests), f.asked)
	}
}

func TestFailures(t *testing.T) {
	deep := newCall(t, `{"host":{"workflow":{"id":"x"}}}`)
	deep.Depth = DefaultDepth
	shallow := newCall(t, `{"host":{"workflow":{"id":"x"}}}`)
	for _, tt := range []struct {
		name        string
		options     Options
		call        connector.Call
		code, error string
		retryable   bool
	}{
		{"no other workflow", Options{}, shallow, "WorkflowNotFound", "WorkflowNotFound", false},
		{"too deep", Options{Children: &family{}}, deep, "NestedWorkflowDepthExceeded", "NestedWorkflowDepthExceeded", false},
		{"no response", Options{Children: &family{err: &Failure{Code: "BadGateway", ErrorCode: "NoResponse"}}}, shallow, "BadGateway", "NoResponse", false},
		{"a defect", Options{Children: &family{err: errors.New("disk: secret path")}}, shallow, "InternalServerError", "InternalServerError", true},
	} {
		o := New(tt.options).Perform(t.Context(), tt.call)
		if o.Status != wdl.Failed || o.Code != tt.code || o.Error == nil || o.Error.Code != tt.error || o.Retryable != tt.retryable || o.HasOutputs {
			t.Errorf("%s: %+v %v", tt.name, o, o.Error)
		}
	}
}
