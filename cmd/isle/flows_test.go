package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestFlowsAsk(t *testing.T) {
	now := time.Date(2026, 11, 27, 21, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		query flowsQuery
		want  map[string]any
		err   string
	}{
		{query: flowsQuery{}, want: map[string]any{}},
		{query: flowsQuery{denied: true, since: "90m", to: "sql", workflow: "order"}, want: map[string]any{"verdict": "Deny", "since": "2026-11-27T19:30:00Z", "to": "sql", "workflow": "order"}},
		{query: flowsQuery{allowed: true}, want: map[string]any{"verdict": "Allow"}},
		{query: flowsQuery{allowed: true, denied: true}, err: "not both"},
		{query: flowsQuery{since: "yesterday"}, err: `--since "yesterday" is not a time`},
		{query: flowsQuery{top: -1}, err: "--top -1"},
	} {
		got, err := c.query.properties(now)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v: %v, want %s", c.query, err, c.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %v %v, want %v", c.query, got, err, c.want)
		}
	}
}

func TestFlowsArePrinted(t *testing.T) {
	var flows []flowItem
	text := `[{"workflow":"/w/order","action":"Look","direction":"Outbound","protocol":"tcp","host":"sql.example","addresses":["10.0.2.4"],"port":1433,"count":7,"lastSeen":"2026-11-27T21:00:00Z","verdict":"Deny"},
		{"workflow":"/w/order","action":"Ask","direction":"Outbound","protocol":"udp","host":"10.0.2.5","addresses":["10.0.2.5"],"port":53,"count":1,"lastSeen":"t","verdict":"Allow"},
		{"workflow":"/w/order","trigger":"manual","direction":"Inbound","protocol":"tcp","addresses":["203.0.113.9"],"port":443,"count":1,"lastSeen":"t","verdict":"Allow"},
		{"workflow":"/w/child","trigger":"manual","caller":{"workflow":"/w/order"},"direction":"Inbound","protocol":"tcp","addresses":[],"port":443,"count":1,"lastSeen":"t","verdict":"Allow"}]`
	if err := json.Unmarshal([]byte(text), &flows); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printFlows(&out, flows); err != nil {
		t.Fatal(err)
	}
	want := `LAST SEEN COUNT VERDICT WORKFLOW STEP FLOW
2026-11-27T21:00:00Z 7 Deny order Look to sql.example:1433 (10.0.2.4)
t 1 Allow order Ask to 10.0.2.5:53/udp
t 1 Allow order manual from 203.0.113.9
t 1 Allow child manual from workflow order
`
	var got strings.Builder
	for line := range strings.Lines(out.String()) {
		got.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	if got.String() != want {
		t.Errorf("%s\nwant\n%s", got.String(), want)
	}
	if out.Reset(); printFlows(&out, nil) != nil || out.String() != "No flows.\n" {
		t.Errorf("%q", out.String())
	}
}
