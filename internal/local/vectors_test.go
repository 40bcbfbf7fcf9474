package local_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/local"
	"isle/wdl"
)

// vector is one entry of workflow-vectors.json.
type vector struct {
	ID         string          `json:"id"`
	Title      string          `json:"title"`
	Definition json.RawMessage `json:"definition"`
	Trigger    struct {
		Body json.RawMessage `json:"body"`
	} `json:"trigger"`
	Mock      map[string]mock `json:"mock"`
	Disputed  bool            `json:"disputed"`
	Note      string          `json:"note"`
	SaveError *struct {
		Code     string `json:"code"`
		Contains string `json:"contains"`
	} `json:"expectSaveError"`
	Expected struct {
		RunStatus string                    `json:"runStatus"`
		RunCode   string                    `json:"runCode"`
		RunError  *engine.Error             `json:"runError"`
		Actions   map[string]expectedAction `json:"actions"`
		Mock      map[string]mock           `json:"mock"`
	} `json:"expected"`
}

type mock struct {
	Status  int             `json:"status"`
	Headers json.RawMessage `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

type expectedAction struct {
	Status, Code, ErrorCode, ErrorMessage, ErrorMessageContains string
	Inputs, Outputs, OutputsContain                             json.RawMessage
	RepetitionCount, IterationCount                             *int
	Repetitions                                                 []struct {
		ItemIndexes []int
		Outputs     json.RawMessage
	}
}

// sharedFile reads a file of the reference data that lies beside the repository.
func sharedFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", name))
	if err != nil {
		t.Skipf("SKIPPED: the shared reference data is not there: %v", err)
	}
	return text
}

func TestWorkflowVectors(t *testing.T) {
	var vectors []vector
	if err := json.Unmarshal(sharedFile(t, "vectors/workflow-vectors.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			def := parse(t, v.Definition)
			for _, typ := range typesOf(def) {
				if !engine.Supported(wdl.ActionItem, typ) {
					t.Skipf("uses the type %s", typ)
				}
			}
			program, problems := wdl.Compile(def, expr.Null(), wdl.Options{Supported: engine.Supported})
			if v.SaveError != nil {
				if program != nil {
					t.Fatal("accepted")
				}
				return
			}
			if program == nil {
				if v.Disputed {
					return
				}
				t.Fatal(problems)
			}
			ran++
			v.check(t, v.run(t, program))
		})
	}
	if ran < 20 {
		t.Errorf("only %d scenarios ran", ran)
	}
}

func (v *vector) run(t *testing.T, program *wdl.Program) *local.Result {
	t.Helper()
	var body expr.Value
	if v.Trigger.Body != nil {
		body = parse(t, v.Trigger.Body)
	}
	mocks := v.Mock
	if mocks == nil {
		mocks = v.Expected.Mock
	}
	res, err := local.Run(context.Background(), local.Config{
		Workflow: &engine.Workflow{Program: program, ID: "/workflows/w", Name: "w"},
		Trigger: engine.Fired{Name: program.Triggers[0].Name, HasOutputs: true,
			Outputs: expr.Object(expr.Member{Name: "headers", Value: expr.Object()}, expr.Member{Name: "body", Value: body})},
		Virtual: true, Check: true, Caller: !strings.Contains(v.Note, "disconnected"),
		Start: time.Date(2024, 3, 15, 10, 30, 45, 0, time.UTC),
		Perform: func(_ context.Context, c engine.Call) engine.Outcome {
			request := c.Inputs
			if subscribe, ok := request.Get("subscribe"); ok {
				request = subscribe
			}
			method, _ := request.Get("method")
			uri, _ := request.Get("uri")
			m, ok := mocks[method.Text()+" "+uri.Text()]
			if !ok {
				t.Errorf("no mock for %s %s", method.Text(), uri.Text())
			}
			return m.outcome(t)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (m mock) outcome(t *testing.T) engine.Outcome {
	members := []expr.Member{{Name: "statusCode", Value: expr.Int(int64(m.Status))}}
	o := engine.Outcome{StatusCode: m.Status}
	if m.Headers != nil {
		h := parse(t, m.Headers)
		members = append(members, expr.Member{Name: "headers", Value: h})
		if location, ok := h.Get("Location"); ok && m.Status == 202 {
			o.Poll = &engine.Poll{URL: location.Text()}
		}
	}
	if m.Body != nil {
		members = append(members, expr.Member{Name: "body", Value: parse(t, m.Body)})
	}
	o.Outputs = expr.Object(members...)
	return o
}

func (v *vector) check(t *testing.T, res *local.Result) {
	e := &v.Expected
	if e.RunStatus != "" && res.Summary.Status.String() != e.RunStatus {
		t.Errorf("run is %v, want %s", res.Summary.Status, e.RunStatus)
	}
	if e.RunCode != "" && res.Summary.Code != e.RunCode {
		t.Errorf("run has code %q, want %q", res.Summary.Code, e.RunCode)
	}
	if e.RunError != nil && (res.Summary.Error == nil || *res.Summary.Error != *e.RunError) {
		t.Errorf("run has error %v, want %v", res.Summary.Error, e.RunError)
	}
	for name, want := range e.Actions {
		var records []engine.Record
		for _, r := range res.Records {
			if r.Action == name && !r.Iteration {
				records = append(records, r)
			}
		}
		if len(records) == 0 {
			t.Errorf("%s has no record", name)
			continue
		}
		want.check(t, name, records)
	}
}

func (want *expectedAction) check(t *testing.T, name string, records []engine.Record) {
	got := records[len(records)-1]
	same := func(what, got, want string) {
		if want != "" && got != want {
			t.Errorf("%s: %s is %q, want %q", name, what, got, want)
		}
	}
	same("status", got.Status.String(), want.Status)
	same("code", got.Code, want.Code)
	var failure engine.Error
	if got.Error != nil {
		failure = *got.Error
	}
	same("error code", failure.Code, want.ErrorCode)
	same("error message", failure.Message, want.ErrorMessage)
	if !strings.Contains(failure.Message, want.ErrorMessageContains) {
		t.Errorf("%s: error message is %q, want something with %q", name, failure.Message, want.ErrorMessageContains)
	}
	value := func(what string, got expr.Value, want json.RawMessage) {
		if want != nil && !expr.Equal(got, parse(t, want)) {
			t.Errorf("%s: %s is %s, want %s", name, what, got.JSON(), want)
		}
	}
	value("inputs", got.Inputs, want.Inputs)
	value("outputs", got.Outputs, want.Outputs)
	if want.OutputsContain != nil {
		for member, v := range parse(t, want.OutputsContain).Members() {
			if have, _ := got.Outputs.Get(member); !expr.Equal(have, v) {
				t.Errorf("%s: outputs.%s is %s, want %s", name, member, have.JSON(), v.JSON())
			}
		}
	}
	if want.RepetitionCount != nil && len(records) != *want.RepetitionCount {
		t.Errorf("%s: %d repetitions, want %d", name, len(records), *want.RepetitionCount)
	}
	if want.IterationCount != nil && got.IterationCount != *want.IterationCount {
		t.Errorf("%s: %d iterations, want %d", name, got.IterationCount, *want.IterationCount)
	}
	for i, r := range want.Repetitions {
		for depth, index := range r.ItemIndexes {
			if records[i].Repetition[depth].Index != index {
				t.Errorf("%s: repetition %d is %v, want %v", name, i, records[i].Repetition, r.ItemIndexes)
			}
		}
		value("outputs", records[i].Outputs, r.Outputs)
	}
}

// typesOf lists the types of all actions in a definition.
func typesOf(v expr.Value) (types []string) {
	for _, holder := range []string{"actions", "else", "default", "cases"} {
		children, ok := v.Get(holder)
		if !ok {
			continue
		}
		types = append(types, typesOf(children)...)
		for _, child := range children.Members() {
			if typ, ok := child.Get("type"); ok {
				types = append(types, typ.Text())
			}
			types = append(types, typesOf(child)...)
		}
	}
	return types
}

func parse(t *testing.T, text []byte) expr.Value {
	t.Helper()
	v, err := expr.ReadJSON(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
