package engine

import (
	"strings"
	"testing"

	"isle/expr"
)

// What is kept of the answers of attempts is bounded, as an action may be tried often: of
// bodies a little with the record, more as a content, and the largest not at all.
func TestAnswersOfAttemptsAreBounded(t *testing.T) {
	text := func(size int) expr.Value { return expr.String(strings.Repeat("x", size-2)) }
	for _, test := range []struct {
		body, headers    int
		inline, contents int
		members          string
	}{
		{answerInline, 100, answerInline, 0, "statusCode headers body"},
		{answerInline + 1, answerHeaders, 0, 1, "statusCode headers body"},
		{answerMost, 100, 0, 1, "statusCode headers body"},
		{answerMost + 1, answerHeaders + 1, 0, 0, "statusCode"},
	} {
		r := &Run{}
		kept := r.attemptAnswer(expr.Object(expr.Member{Name: "statusCode", Value: expr.Int(503)},
			expr.Member{Name: "headers", Value: text(test.headers)}, expr.Member{Name: "body", Value: text(test.body)}))
		var names []string
		for name := range kept.Members() {
			names = append(names, name)
		}
		body, _ := kept.Get("body")
		_, outside := body.AsReference()
		if strings.Join(names, " ") != test.members || len(r.contents) != test.contents || outside != (test.contents == 1) {
			t.Errorf("a body of %d bytes, headers of %d: %v, %d contents", test.body, test.headers, names, len(r.contents))
		}
		if test.inline > 0 && body.Size() != int64(test.inline) {
			t.Errorf("a body of %d bytes became %d", test.body, body.Size())
		}
	}
}
