package trigger

import (
	"net/http"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// Handshake is the answer to Event Grid, which asks a callback URL whether it wants its
// events before it sends any: the code that it brought, and no run begins. The service
// answers for workflows of kind EventGrid, and for those that have no Response action
// and could not answer by themselves. false: the request is another one.
func Handshake(p *wdl.Program, t *wdl.Trigger, h http.Header, outputs expr.Value) (answer expr.Value, ok bool) {
	if !strings.EqualFold(h.Get("aeg-event-type"), "SubscriptionValidation") || t.Request == nil {
		return answer, false
	}
	if !strings.EqualFold(t.Kind, "EventGrid") && p.ResponseExpected() {
		return answer, false
	}
	body, _ := outputs.Get("body")
	event := body.Index(0)
	kind, _ := event.Get("eventType")
	data, _ := event.Get("data")
	code, _ := data.Get("validationCode")
	text, isText := code.AsString()
	if kind.Text() != "Microsoft.EventGrid.SubscriptionValidationEvent" || !isText || text == "" {
		return answer, false
	}
	return expr.Object(expr.Member{Name: "validationResponse", Value: code}), true
}
