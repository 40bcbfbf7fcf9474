package engine

import (
	"testing"

	"isle/expr"
	"isle/wdl"
)

const orderActions = `{
	"Total":{"type":"Compose","inputs":"@mul(triggerBody()?['qty'], triggerBody()?['price'])","runAfter":{}},
	"Big":{"type":"If","expression":{"and":[{"greaterOrEquals":["@outputs('Total')",100]}]},
		"actions":{"Tier":{"type":"Compose","inputs":{"id":"@triggerBody()?['id']","total":"@outputs('Total')","tier":"big"}}},
		"else":{"actions":{"Tier_small":{"type":"Compose","inputs":{"id":"@triggerBody()?['id']","total":"@outputs('Total')","tier":"small"}}}},
		"runAfter":{"Total":["Succeeded"]}},
	"Answer":{"type":"Compose","inputs":"@coalesce(outputs('Tier'), outputs('Tier_small'))","runAfter":{"Big":["Succeeded"]}},
	"Response":{"type":"Response","kind":"Http","inputs":{"statusCode":200,"body":"@outputs('Answer')"},"runAfter":{"Answer":["Succeeded"]}}}`

func orderStart(t testing.TB) Start {
	body, err := expr.ParseJSON([]byte(`{"id":"A-17","qty":3,"price":49.5,"note":"as soon as possible"}`))
	if err != nil {
		t.Fatal(err)
	}
	headers := expr.Object(expr.Member{Name: "Content-Type", Value: expr.String("application/json")})
	return Start{RunID: "08584830000000000000000000000CU01", Time: noon, Seed: 42, Caller: true,
		Trigger: Fired{Name: "manual", Start: noon, End: noon, Status: wdl.Succeeded, TrackingID: "8e4f4b0a-0000-4000-8000-000000000001",
			HasOutputs: true, Outputs: expr.Object(expr.Member{Name: "headers", Value: headers}, expr.Member{Name: "body", Value: body})}}
}

// One step and one commit carry a request through Compose, If, Compose, Response.
func TestRequestToResponseIsOneStep(t *testing.T) {
	p := newPlayer(t, compile(t, orderActions), orderStart(t))
	res := p.step(Begin{})
	if res.More || res.Need != nil || res.Summary.Status != wdl.Succeeded || len(res.Rows) != 1 || len(res.Effects) != 2 {
		t.Fatalf("%+v", res)
	}
	respond, ok := res.Effects[0].(Respond)
	if !ok || respond.StatusCode != 200 || string(respond.Body.JSON()) != `{"id":"A-17","total":148.5,"tier":"big"}` {
		t.Fatalf("%+v", res.Effects[0])
	}
	if _, ok := res.Effects[1].(Finish); !ok {
		t.Fatalf("%+v", res.Effects[1])
	}
}

func BenchmarkRequestToResponse(b *testing.B) {
	w, s := compile(b, orderActions), orderStart(b)
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		res, err := New(w, s).Step(noon, Begin{})
		if err != nil || !res.Summary.Status.Final() {
			b.Fatal(err, res.Summary.Status)
		}
		size = len(res.Head) + len(res.Rows[0].Payload)
	}
	b.ReportMetric(float64(size), "stored-B/op")
}

// BenchmarkForeach runs 1,000 iterations of one Compose for each operation.
func BenchmarkForeach(b *testing.B) {
	w := compile(b, `{"L":{"type":"Foreach","foreach":"@range(0,1000)","actions":{"C":{"type":"Compose","inputs":"@item()"}}}}`)
	b.ReportAllocs()
	for b.Loop() {
		r := New(w, Start{RunID: "r", Time: noon})
		res, err := r.Step(noon, Begin{})
		for err == nil && res.More {
			res, err = r.Step(noon, Continue{})
		}
		if err != nil || !res.Summary.Status.Final() {
			b.Fatal(err)
		}
	}
}
