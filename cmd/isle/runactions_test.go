package main

import (
	"encoding/json"
	"testing"
)

// TestFailureOfAnAction: the code stands where no error says it, and attempts are counted.
func TestFailureOfAnAction(t *testing.T) {
	for item, want := range map[string]string{
		`{"status":"Failed","code":"InternalServerError","retryHistory":[{"code":"InternalServerError"},{"code":"InternalServerError"}]}`: "  InternalServerError  2 attempts",
		`{"status":"Failed","code":"NotFound"}`:                                           "  NotFound",
		`{"status":"Failed","code":"Denied","error":{"code":"Denied","message":"no"}}`:    "",
		`{"status":"TimedOut","code":"ActionTimedOut"}`:                                   "  ActionTimedOut",
		`{"status":"Succeeded","code":"OK"}`:                                              "",
		`{"status":"Succeeded","code":"OK","retryHistory":[{"code":"Busy"},{"code":""}]}`: "  2 attempts",
		`{"status":"Skipped","code":"ActionSkipped"}`:                                     "",
	} {
		var a actionItem
		if err := json.Unmarshal([]byte(`{"name":"A","properties":`+item+`}`), &a); err != nil {
			t.Fatal(err)
		}
		if got := a.failure(); got != want {
			t.Errorf("%s: %q, want %q", item, got, want)
		}
	}
}
