package main

import (
	"strings"
	"testing"
	"time"
)

func TestRunsConditions(t *testing.T) {
	now := time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		q    runsQuery
		want string // conditions, or problems, joined by " | "
	}{
		{runsQuery{}, ""},
		{runsQuery{status: []string{"failed"}}, "status eq 'Failed'"},
		{runsQuery{status: []string{"failed", "TimedOut"}, tracking: "it's"}, "(status eq 'Failed' or status eq 'TimedOut') | clientTrackingId eq 'it''s'"},
		{runsQuery{code: "ActionFailed", failure: "Not*"}, "error/code eq 'ActionFailed' | startswith(actions/error/code,'Not')"},
		{runsQuery{tracked: []string{"orderId=A=1", "region=we*"}}, "trackedProperties/orderId eq 'A=1' | startswith(trackedProperties/region,'we')"},
		{runsQuery{since: "150m", until: "2024-03-15T11:00:00+01:00"}, "startTime ge 2024-03-15T09:30:00Z | startTime lt 2024-03-15T10:00:00Z"},
		{runsQuery{since: "90m", until: "2024-03-15T11:00:00+01:00"}, "--since 90m is not before --until 2024-03-15T11:00:00+01:00"},
		{runsQuery{filter: "a eq 1 or b eq 2"}, "(a eq 1 or b eq 2)"},
		{runsQuery{status: []string{"Bad"}, tracked: []string{"x", "=1", "a b=1"}, since: "-1h", until: "soon"},
			`there is no status "Bad"; | --tracked "x" is not a property | --tracked "=1" | --tracked "a b=1" | --since "-1h" is not a time | --until "soon" is not a time`},
	} {
		if c.q.top == 0 {
			c.q.top = 30
		}
		list, err := c.q.conditions(now)
		if err != nil {
			list = strings.Split(err.Error(), "\n")
		}
		want := strings.Split(c.want, " | ")
		if c.want == "" {
			want = nil
		}
		if len(list) != len(want) {
			t.Errorf("%+v: %q, want %q", c.q, list, want)
			continue
		}
		for i := range list {
			if err == nil && list[i] != want[i] || !strings.HasPrefix(list[i], want[i]) {
				t.Errorf("%+v: %q, want %q", c.q, list[i], want[i])
			}
		}
	}
	if _, err := (&runsQuery{top: -1}).conditions(now); err == nil || !strings.Contains(err.Error(), "--top -1") {
		t.Error(err)
	}
}
