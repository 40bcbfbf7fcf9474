package kernel

import (
	"slices"
	"testing"

	"isle/netpol/layout"
)

func TestCounters(t *testing.T) {
	got, err := parseCounters([]byte(`{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "inet", "name": "isle"}},
		{"rule": {"family": "inet", "chain": "a", "comment": "web-1", "expr": [{"match": {"op": "=="}}, {"counter": {"packets": 3, "bytes": 180}}, {"return": null}]}},
		{"rule": {"family": "inet", "chain": "b", "comment": "web-1", "expr": [{"counter": {"packets": 1, "bytes": 60}}]}},
		{"rule": {"family": "inet", "chain": "b", "comment": "named", "expr": [{"counter": "total"}]}},
		{"rule": {"family": "inet", "chain": "b", "expr": [{"counter": {"packets": 9, "bytes": 9}}]}}]}`))
	if err != nil || len(got) != 1 || got["web-1"] != (Counter{Packets: 4, Bytes: 240}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseCounters([]byte("no JSON")); err == nil {
		t.Error("no error")
	}
	sums := byRule(map[string]Counter{"a": {Packets: 1}, "b": {Packets: 2}, "c": {Packets: 4}}, []layout.Comment{{Text: "a", Rule: "/rule"}, {Text: "b", Rule: "/rule"}})
	if !slices.Equal(sums, []Counter{{Rule: "/rule", Packets: 3}, {Rule: "c", Packets: 4}}) {
		t.Errorf("%v", sums)
	}
}

func TestVersionsOfNft(t *testing.T) {
	for text, ok := range map[string]bool{
		"nftables v1.0.6 (Lester Gooch #5)\n": true, "nftables v1.0.1 (Fearless Fosdick #3)": true, "nftables v1.1.0": true, "nftables v2.0.0": true,
		"nftables v1.0.0 (Fearless Fosdick #2)": false, "nftables v0.9.8 (E.D.S.)": false, "what?": false, "": false,
	} {
		if err := checkVersion(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzCounters(f *testing.F) {
	f.Add([]byte(`{"nftables":[{"rule":{"comment":"a","expr":[{"counter":{"packets":1,"bytes":2}}]}}]}`))
	f.Add([]byte(`{"nftables":[{"rule":null},{"rule":{"comment":"a","expr":[null,{"counter":[]}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		counters, err := parseCounters(text)
		if err != nil && counters != nil {
			t.Errorf("counters beside %v", err)
		}
	})
}
