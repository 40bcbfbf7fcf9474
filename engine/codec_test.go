package engine

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"

	"isle/expr"
)

func TestValuesComeBack(t *testing.T) {
	ref := expr.Reference(expr.ContentReference{ID: "c1", Size: 70000, Kind: expr.KindArray, ContentType: "application/json"})
	forged, err := expr.ParseJSON([]byte(`{"$isle.content":{"id":"c1","size":70000}}`))
	if err != nil {
		t.Fatal(err)
	}
	dec := expr.Decimal(apd.New(150, -2))
	for _, v := range []expr.Value{
		expr.Null(), expr.Float(math.NaN()), expr.Bool(true), expr.Bool(false), expr.Int(-5), expr.Int(1 << 62), expr.Float(1), expr.Float(-0.25),
		expr.String(""), expr.String(strings.Repeat("é", 300)), dec, expr.Array(), expr.Object(),
		expr.Array(expr.Int(1), ref, expr.Object(expr.Member{Name: "a", Value: ref}, expr.Member{Name: "b", Value: expr.Float(2)})),
		expr.Array(expr.Object(expr.Member{Name: "a", Value: dec})), expr.Array(expr.Float(math.NaN()), expr.Float(math.Inf(-1))),
		expr.Object(expr.Member{Name: "long", Value: expr.String(strings.Repeat("x", 40000))}), ref, forged,
	} {
		d := decoder{rest: appendValue([]byte{}, v)}
		got := d.value()
		if d.err != nil || len(d.rest) > 0 || got.Kind() != v.Kind() || got.SurvivesJSON() != v.SurvivesJSON() || string(got.JSON()) != string(v.JSON()) || got.HasReference() != v.HasReference() {
			t.Errorf("%s comes back as %s, %v", v.JSON(), got.JSON(), d.err)
		}
	}
}

func TestScopesComeBack(t *testing.T) {
	for _, path := range [][]RepetitionIndex{
		nil, {{"Loop", 3}}, {{"Loop", 3}, {"Inner", 100000}}, {{"a/b:c%$", 0}, {"%2F", 12}}, {{"$variables", 0}},
	} {
		scope := ScopeOf(path)
		got, err := parseScope(scope)
		if err != nil || !reflect.DeepEqual(got, path) || strings.HasPrefix(scope, "$") {
			t.Errorf("%v as %q comes back as %v, %v", path, scope, got, err)
		}
	}
	if got := ScopeOf([]RepetitionIndex{{"Loop", 3}, {"Inner", 1}}); got != "Loop:000003/Inner:000001" {
		t.Error(got)
	}
	if got := RepetitionName([]RepetitionIndex{{"Loop", 1}, {"Inner", 0}}); got != "000001-000000" {
		t.Error(got)
	}
}

// sample is a workflow with a bit of everything open, for the fuzzers.
const sample = `{"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"list","type":"array"},{"name":"s","type":"string"}]}},
	"L":{"type":"Foreach","foreach":"@range(0,5)","actions":{"H":{"type":"Http","inputs":{"method":"GET","uri":"http://x"}},
		"A":{"type":"AppendToArrayVariable","inputs":{"name":"list","value":"@item()"}},
		"S":{"type":"AppendToStringVariable","inputs":{"name":"s","value":"@item()"}},
		"U":{"type":"Until","expression":"@equals(1,2)","limit":{"count":2},"actions":{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}}},
		"runAfter":{"V":["Succeeded"]}},
	"K":{"type":"HttpWebhook","inputs":{"subscribe":{"uri":"http://x","body":"@listCallbackUrl()"},"unsubscribe":{"uri":"http://y"}},"runAfter":{"V":["Succeeded"]}},
	"F":{"type":"Compose","inputs":"@int('x')","runAfter":{"V":["Succeeded"]}}}`

func FuzzDecodeRecords(f *testing.F) {
	p := newPlayer(f, compile(f, sample), Start{})
	p.step(Begin{})
	p.step(p.next())
	for _, row := range p.rows {
		f.Add(row.Scope, row.Payload)
	}
	f.Fuzz(func(t *testing.T, scope string, payload []byte) {
		records, err := DecodeRecords([]Row{{scope, payload}, {scope, payload}})
		if err == nil && strings.HasPrefix(scope, "$") && len(records) > 0 {
			t.Error("records of a scope that has none")
		}
	})
}

func FuzzDecodeHead(f *testing.F) {
	p := newPlayer(f, compile(f, sample), Start{})
	p.step(Begin{})
	f.Add(p.head)
	p.step(p.next())
	f.Add(p.head)
	f.Fuzz(func(t *testing.T, head []byte) {
		if _, err := DecodeHead(head); err == nil {
			OpenScopes(head)
		}
	})
}

// FuzzLoad damages what is stored: Load must refuse it or make a run that can be
// stepped, but never panic.
func FuzzLoad(f *testing.F) {
	w := compile(f, sample)
	p := newPlayer(f, w, Start{})
	p.step(Begin{})
	p.step(p.next())
	for i := range p.rows {
		f.Add(p.head, i, p.rows[i].Payload)
	}
	rows := p.rows
	f.Fuzz(func(t *testing.T, head []byte, at int, payload []byte) {
		damaged := append([]Row(nil), rows...)
		if at >= 0 && at < len(damaged) {
			damaged[at].Payload = payload
		}
		r, err := Load(w, head, damaged)
		if err != nil {
			return
		}
		ev := Event(Resume{})
		for range 20 {
			res, err := r.Step(noon, ev)
			if err != nil || res.Need != nil || res.Summary.Status.Final() {
				return
			}
			ev = Continue{}
			for _, e := range res.Effects {
				if c, ok := e.(Call); ok {
					ev = Completed{c.ID, Outcome{StatusCode: 200}, c.Repeated}
				}
			}
		}
	})
}

// What older versions wrote is read: the first knows no webhooks, none what is kept.
func TestOlderVersionsComeBack(t *testing.T) {
	for version := byte(1); version < max(headVersion, rowVersion); version++ {
		t.Run(string('0'+rune(version)), func(t *testing.T) { comesBack(t, version) })
	}
}

func comesBack(t *testing.T, version byte) {
	w := compile(t, sample)
	p := newPlayer(t, w, Start{})
	p.step(Begin{})
	p.step(p.next())
	p.head[0] = version
	for i := range p.rows {
		if !strings.HasPrefix(p.rows[i].Scope, "$") {
			p.rows[i].Payload[0] = version
		}
	}
	s, err := DecodeHead(p.head)
	if err != nil || s.RunID != "run1" {
		t.Fatal(s, err)
	}
	before := p.records()
	p.twice = false
	p.run = p.load()
	if p.play(); len(p.records()) < len(before) {
		t.Error("records are lost")
	}
	p.head[0] = headVersion + 1
	if _, err := DecodeHead(p.head); err == nil {
		t.Error("a newer version is read")
	}
}

// FuzzKeep damages the run of which something is kept: it is refused, or another one can
// go on from it, but there is no panic.
func FuzzKeep(f *testing.F) {
	w := compile(f, sample)
	p := newPlayer(f, w, Start{})
	p.step(Begin{})
	p.step(p.next())
	p.step(Cancel{})
	o := p.origin()
	for i := range o.Rows {
		f.Add(o.Head, i, o.Rows[i].Payload, "L")
	}
	f.Fuzz(func(t *testing.T, head []byte, at int, payload []byte, name string) {
		damaged := Origin{w, head, append([]Row(nil), o.Rows...)}
		if at >= 0 && at < len(o.Rows) {
			damaged.Rows[at].Payload = payload
		}
		if _, err := Failures(damaged); err != nil {
			return
		}
		kept, err := Keep(w, damaged, []string{name, "K"})
		if err != nil {
			return
		}
		r := New(w, Start{RunID: "run2", Time: noon, Kept: kept})
		for _, ev := range []Event{Begin{}, Continue{}, Cancel{}} {
			if res, err := r.Step(noon, ev); err != nil || res.Need != nil {
				return
			}
		}
	})
}
