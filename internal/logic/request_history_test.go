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
		views := requestViews("/w/runs/r/actions/W", &rec)
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
	if views := requestViews("/w/runs/r/actions/W", &rec); len(views) != 0 {
		t.Errorf("nothing was sent, but there are %d exchanges", len(views))
	}
}
