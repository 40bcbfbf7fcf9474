package logic

import (
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// The exchange of a webhook is its subscription (logic-api §2.6): its answer is shown
// until the callback has replaced it, the callback's address never.
func TestRequestHistoryOfAWebhook(t *testing.T) {
	parse := func(text string) expr.Value {
		v, err := expr.ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	const secret = "AAAABBBBCCCC"
	rec := engine.Record{
		Action: "W", Type: wdl.TypeHTTPWebhook, Status: wdl.Waiting, Start: time.Now(), Attempts: 1, HasInputs: true, HasOutputs: true,
		Callback: "https://isle/run?sig=" + secret,
		Inputs:   parse(`{"subscribe":{"method":"POST","uri":"https://s/?to=https%3A%2F%2Fisle%2Frun%3Fsig%3D` + secret + `","headers":{"Authorization":"x"}}}`),
		Outputs:  parse(`{"statusCode":201,"headers":{"Location":"/7"}}`),
	}
	shown := func() string {
		views := requestViews("/w/runs/r", "/actions/W", &rec, &linker{})
		if len(views) != 1 {
			t.Fatalf("%d exchanges", len(views))
		}
		return string(views[0].JSON())
	}
	got := shown()
	for _, want := range []string{`"method":"POST"`, `"uri":"https://s/`, `"statusCode":201`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if strings.Contains(got, secret) || strings.Contains(got, `"Authorization":"x"`) {
		t.Errorf("%s shows a secret", got)
	}
	rec.Status, rec.Outputs = wdl.Succeeded, parse(`{"statusCode":200,"headers":{}}`)
	if got := shown(); strings.Contains(got, "statusCode") {
		t.Errorf("%s shows the callback as the subscriber's answer", got)
	}
	rec.Attempts = 0
	if views := requestViews("/w/runs/r", "/actions/W", &rec, &linker{}); len(views) != 0 {
		t.Errorf("nothing was sent, but there are %d exchanges", len(views))
	}
}

// Every action that makes requests has an exchange for each attempt; what calls nobody,
// or stays in the process, has none.
func TestRequestHistoryOfEveryActionThatRequests(t *testing.T) {
	at := time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)
	attempts := []engine.Retry{{Start: at, End: at.Add(time.Second), Code: "ServiceUnavailable"}, {Start: at.Add(7 * time.Second), End: at.Add(8 * time.Second), Code: "OK"}}
	for typ, test := range map[wdl.Type]struct {
		inputs string
		want   []string // of each exchange; nil: there are none
	}{
		wdl.TypeHTTP:          {`{"method":"GET","uri":"https://a.test/x"}`, []string{`"method":"GET"`, `"uri":"https://a.test/x"`}},
		wdl.TypeAPIConnection: {`{"host":{"connection":{"name":"mail"}},"method":"post","path":"/v2/Mail","headers":{"Authorization":"planted"}}`, []string{`"method":"post"`, `"uri":"/v2/Mail"`, `sanitized`}},
		wdl.TypeAPIManagement: {`{"api":{"id":"/a"},"method":"GET","pathTemplate":{"template":"/x/{id}","parameters":{"id":1}}}`, []string{`"method":"GET"`, `"uri":"/x/{id}"`}},
		wdl.TypeFunction:      {`{"function":{"id":"/f"},"body":1}`, []string{`"request":{"method":"POST"}`}},
		wdl.TypeCompose:       {`1`, nil},
		wdl.TypeWorkflow:      {`{"host":{"triggerName":"t"}}`, nil},
	} {
		inputs, err := expr.ParseJSON([]byte(test.inputs))
		if err != nil {
			t.Fatal(err)
		}
		outputs, _ := expr.ParseJSON([]byte(`{"statusCode":200,"headers":{}}`))
		rec := engine.Record{Action: "A", Type: typ, Status: wdl.Succeeded, Start: at, End: at.Add(9 * time.Second), Attempts: 2, HasInputs: true, HasOutputs: true,
			Inputs: inputs, Outputs: outputs, RetryHistory: attempts}
		views := requestViews("/w/runs/r", "/actions/A", &rec, &linker{})
		if test.want == nil {
			if len(views) != 0 {
				t.Errorf("%s: %d exchanges", typ, len(views))
			}
			continue
		}
		if len(views) != 2 {
			t.Errorf("%s: %d exchanges", typ, len(views))
			continue
		}
		for i, v := range views {
			got := string(v.JSON())
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: %s lacks %s", typ, got, want)
				}
			}
			if strings.Contains(got, "planted") || strings.Contains(got, `"statusCode":200`) != (i == 0) { // the newest first
				t.Errorf("%s: exchange %d is %s", typ, i, got)
			}
		}
	}
}
