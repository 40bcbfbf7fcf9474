package engine

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/wdl"
)

const bad = `"type":"Compose","inputs":"@int('no')"`
const good = `"type":"Compose","inputs":1`

// late is an action that times out.
const late = `"type":"Http","inputs":{"method":"GET","uri":"http://x/late","retryPolicy":{"type":"fixed","count":1,"interval":"PT5S"}},"limit":{"timeout":"PT2S"}`

// The worked examples of wdl-semantics §13.8, each at the top level and in a scope.
func TestContainerStatus(t *testing.T) {
	any4 := `["Succeeded","Failed","Skipped","TimedOut"]`
	for _, c := range []struct {
		name, actions string
		want          wdl.Status
		skipped       string
	}{
		{"no actions", `{}`, wdl.Succeeded, ""},
		{"A fails", `{"A":{` + bad + `}}`, wdl.Failed, ""},
		{"handled", `{"A":{` + bad + `},"B":{` + good + `,"runAfter":{"A":["Failed"]}}}`, wdl.Succeeded, ""},
		{"follower skipped", `{"A":{` + bad + `},"B":{` + good + `,"runAfter":{"A":["Succeeded"]}}}`, wdl.Failed, "B"},
		{"handler and follower without join", `{"A":{` + bad + `},"B":{` + good + `,"runAfter":{"A":["Failed"]}},"C":{` + good + `,"runAfter":{"A":["Succeeded"]}}}`, wdl.Failed, "C"},
		{"the same, joined", `{"A":{` + bad + `},"B":{` + good + `,"runAfter":{"A":["Failed"]}},"C":{` + good + `,"runAfter":{"A":["Succeeded"]}},
			"D":{` + good + `,"runAfter":{"B":` + any4 + `,"C":` + any4 + `}}}`, wdl.Succeeded, "C"},
		{"two handlers", `{"A":{` + bad + `},"B":{` + good + `,"runAfter":{"A":` + any4 + `}},"C":{` + good + `,"runAfter":{"A":["Failed","TimedOut"]}}}`, wdl.Succeeded, ""},
		{"skipped join expands to the failure", `{"A":{` + bad + `},"X":{` + good + `,"runAfter":{"A":["Failed"]}},"Y":{` + good + `,"runAfter":{"A":["Succeeded"]}},
			"Z":{` + good + `,"runAfter":{"X":["Skipped"],"Y":["Skipped"]}}}`, wdl.Failed, "YZ"},
		{"failed beats timed out", `{"A":{` + bad + `},"B":{` + late + `}}`, wdl.Failed, ""},
		{"timed out", `{"B":{` + late + `}}`, wdl.TimedOut, ""},
		{"timed out, handled", `{"A":{` + late + `},"B":{` + good + `,"runAfter":{"A":["TimedOut"]}}}`, wdl.Succeeded, ""},
		{"failed scope, handled", `{"S":{"type":"Scope","actions":{"A":{` + bad + `}}},"H":{` + good + `,"runAfter":{"S":["Failed"]}}}`, wdl.Succeeded, ""},
		{"all skipped", `{"S":{"type":"Scope","actions":{}},"B":{` + good + `,"runAfter":{"S":["Failed"]}}}`, wdl.Succeeded, "B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlayer(t, compile(t, c.actions), Start{})
			p.outcome = never
			p.play()
			if p.last.Summary.Status != c.want {
				t.Errorf("run is %v, want %v", p.last.Summary.Status, c.want)
			}
			for _, r := range p.records() {
				if (r.Status == wdl.Skipped) != strings.Contains(c.skipped, r.Action) {
					t.Errorf("%s is %v", r.Action, r.Status)
				}
			}
			p = newPlayer(t, compile(t, `{"Outer":{"type":"Scope","actions":`+c.actions+`}}`), Start{})
			p.outcome = never
			p.play()
			outer := p.record("Outer")
			if outer.Status != c.want || (outer.Error != nil) != (c.want == wdl.Failed) {
				t.Errorf("scope is %v %s %v, want %v", outer.Status, outer.Code, outer.Error, c.want)
			}
		})
	}
}

// never is the outcome of a call that comes after its action has timed out.
func never(Call) Outcome { return Outcome{StatusCode: 503, RetryAfter: time.Hour} }

// A loop is of constant size in memory and head, its steps are bounded, and its
// closed iterations are never asked for.
func TestLongLoopStaysSmall(t *testing.T) {
	n := "100000"
	w := compile(t, `{"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"sum","type":"integer"},{"name":"list","type":"array"}]}},
		"L":{"type":"Foreach","foreach":"@range(0,`+n+`)","actions":{
			"I":{"type":"IncrementVariable","inputs":{"name":"sum","value":"@item()"}},
			"A":{"type":"AppendToArrayVariable","inputs":{"name":"list","value":"@item()"},"runAfter":{"I":["Succeeded"]}}},"runAfter":{"V":["Succeeded"]}},
		"C":{"type":"Compose","inputs":["@variables('sum')","@length(variables('list'))"],"runAfter":{"L":["Succeeded"]}}}`)
	r := New(w, Start{RunID: "r", Time: noon})
	res, err := r.Step(noon, Begin{})
	steps, rows, head, open := 0, 0, 0, 0
	var contents map[string]Content
	stored := map[string][]Row{}
	for ; err == nil && !res.Summary.Status.Final(); steps++ {
		if !res.More || res.Need != nil {
			t.Fatalf("step %d: %v, need %+v", steps, res.Summary.Status, res.Need)
		}
		records, size := 0, 0
		for _, row := range res.Rows {
			size += len(row.Payload)
			rows++
			stored[row.Scope] = append(stored[row.Scope], row)
			if strings.HasPrefix(row.Scope, "$") {
				continue
			}
			list, err := DecodeRecords([]Row{row})
			if err != nil {
				t.Fatal(err)
			}
			records += len(list)
		}
		if records > MaxStepRecords+10 || size > MaxStepBytes+Inline {
			t.Fatalf("a step of %d records and %d bytes", records, size)
		}
		head, open = max(head, len(res.Head)), max(open, len(r.openFrames()))
		for _, c := range res.Contents {
			if contents == nil {
				contents = map[string]Content{}
			}
			contents[c.ID] = c
		}
		if steps%100 == 99 { // a crash: only what is open and the variables are read
			scopes, _ := OpenScopes(res.Head)
			var replay []Row
			for _, s := range scopes {
				replay = append(replay, stored[s]...)
			}
			if len(scopes) > 3 || len(replay) > 600 {
				t.Fatalf("%d rows of %d scopes are open", len(replay), len(scopes))
			}
			if r, err = Load(w, res.Head, replay); err != nil {
				t.Fatal(err)
			}
			again := mustStep(t, r, Resume{})
			if again.Need == nil || len(again.Need.Contents) != 1 {
				t.Fatalf("needs %+v", again.Need)
			}
			res = mustStep(t, r, Loaded{Contents: []Content{contents[again.Need.Contents[0].ID]}})
			continue
		}
		res, err = r.Step(noon, Continue{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if steps < 250 || head > 1000 || open > 3 {
		t.Errorf("%d steps, head of up to %d bytes, %d frames open at once", steps, head, open)
	}
	for _, v := range r.Variables() {
		if v.Name == "sum" && v.Value.Text() != "4999950000" || v.Name == "list" && v.Value.Len() != 100000 {
			t.Errorf("%s is %.40s", v.Name, v.Value.Text())
		}
	}
}

// Contents that came first give way; what a step needs stays until it has all.
func TestContentsGiveWayOldestFirst(t *testing.T) {
	r := New(compile(t, `{"A":{"type":"Compose","inputs":1}}`), Start{RunID: "r", Time: noon})
	text := expr.String(strings.Repeat("x", 1<<20))
	for i := range 100 {
		r.keep(strconv.Itoa(i), text)
	}
	if len(r.loaded) != 100 {
		t.Error("a content was dropped before the step had all it needs")
	}
	r.forget()
	if _, newest := r.loaded["99"]; !newest || r.loadedSize > maxLoaded || len(r.loaded) != len(r.loadedIDs) || len(r.loaded) < 60 {
		t.Error("kept", len(r.loaded), "of", r.loadedSize, "bytes")
	}
	if _, oldest := r.loaded["0"]; oldest {
		t.Error("the oldest content was kept")
	}
}

func mustStep(t *testing.T, r *Run, ev Event) Result {
	t.Helper()
	res, err := r.Step(noon, ev)
	if err != nil {
		t.Fatal(err)
	}
	return res
}
