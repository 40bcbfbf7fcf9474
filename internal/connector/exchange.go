package connector

import (
	"fmt"
	"strconv"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// Response is what the nth request of a record, from 0, was answered with, as a history may
// show it: statusCode, headers, and body, which may be a reference. Null: there was no
// answer, or nothing is known of it, or it is secured.
func Response(rec *engine.Record, n int) expr.Value {
	webhook := rec.Type == wdl.TypeHTTPWebhook || rec.Type == wdl.TypeAPIConnectionWebhook
	answer := expr.Null()
	switch last := max(len(rec.RetryHistory), 1) - 1; {
	case rec.SecureOutputs, n < 0, n > last:
		return answer
	case n < last || len(rec.RetryHistory) > 0 && !rec.RetryHistory[n].Answer.IsNull():
		answer = rec.RetryHistory[n].Answer
	case !webhook || rec.Status != wdl.Succeeded: // else the outputs are what the callback brought
		answer = rec.Outputs
	}
	answer, _ = SanitiseOutputs(answer)
	return answer
}

const responseContent = "ActionResponse-"

// ResponseContent names the body of the nth response in links to contents.
func ResponseContent(n int) string { return fmt.Sprintf(responseContent+"%06d", n) }

// ResponseBody is the body that a name of [ResponseContent] stands for.
func ResponseBody(rec *engine.Record, name string) (expr.Value, bool) {
	if len(name) < len(responseContent) || !strings.EqualFold(name[:len(responseContent)], responseContent) {
		return expr.Null(), false
	}
	n, err := strconv.ParseUint(name[len(responseContent):], 10, 31)
	if err != nil {
		return expr.Null(), false
	}
	return Response(rec, int(n)).Get("body")
}
