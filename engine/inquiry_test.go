package engine

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"isle/expr"
	"isle/wdl"
)

// explain asks about the condition of an action, "If:1-0" in those repetitions, and loads
// what is needed of what is stored.
func (p *player) explain(of string) Explanation {
	p.t.Helper()
	name, indexes, _ := strings.Cut(of, ":")
	a, ok := p.w.Program.Action(name)
	if !ok {
		p.t.Fatalf("there is no action %q", name)
	}
	var path []RepetitionIndex
	for i, text := range strings.Split(indexes, "-") {
		if n, err := strconv.Atoi(text); err == nil {
			loop := a
			if i < len(a.Loops) {
				loop = p.w.Program.Actions[a.Loops[i]]
			}
			path = append(path, RepetitionIndex{loop.Name, n})
		}
	}
	return p.inquire(name, path)
}

func (p *player) inquire(name string, path []RepetitionIndex) Explanation {
	p.t.Helper()
	q, err := Inquire(p.w, p.head, name, path)
	for n := 0; n < 100 && err == nil; n++ {
		var x Explanation
		var need *Need
		if x, need, err = q.Explain(); err == nil && need == nil {
			return x
		}
		if err == nil {
			err = q.Load(p.loaded(need))
		}
	}
	p.t.Fatalf("%s %v cannot be explained: %v", name, path, err)
	return Explanation{}
}

// explained prints traces, a line each.
func explained(found []*expr.Trace, indent string) string {
	var b strings.Builder
	for _, x := range found {
		text := string(x.Value.JSON())
		if x.Err != nil {
			text = "error: " + x.Err.Error()
		}
		b.WriteString(indent + x.Text + " → " + text + "\n" + explained(x.Parts, indent+"  "))
	}
	return b.String()
}

// explainAll explains every condition that was evaluated, and holds what it came to
// against what the records say.
func (p *player) explainAll() {
	p.t.Helper()
	records, err := DecodeRecords(p.rows)
	if err != nil {
		p.t.Fatal(err)
	}
	loops := map[string][]Record{} // iterations by scope of the loop
	for _, rec := range records {
		if rec.Iteration && rec.Type == wdl.TypeUntil {
			home := ScopeOf(rec.Repetition[:len(rec.Repetition)-1]) + "|" + rec.Action
			loops[home] = append(loops[home], rec)
		}
	}
	for _, rec := range records {
		if rec.Iteration {
			continue
		}
		switch rec.Type {
		case wdl.TypeIf, wdl.TypeSwitch:
			p.matches(&rec, p.inquire(rec.Action, rec.Repetition))
		case wdl.TypeUntil:
			iterations := loops[ScopeOf(rec.Repetition)+"|"+rec.Action]
			for i, it := range iterations {
				x := p.inquire(rec.Action, it.Repetition)
				if len(x.Expressions) != 1 {
					p.t.Fatalf("iteration %d of %s has %d expressions", i, rec.Action, len(x.Expressions))
				}
				yes, isBool := x.Expressions[0].Value.AsBool()
				if more := i+1 < len(iterations); more && x.Known && (!isBool || yes) {
					p.t.Fatalf("iteration %d of %s was not the last, and its condition came to %s %v", i, rec.Action, x.Expressions[0].Value.Text(), x.Expressions[0].Err)
				}
			}
		}
	}
}

func (p *player) matches(rec *Record, x Explanation) {
	p.t.Helper()
	result, evaluated := rec.Inputs.Get("expressionResult")
	switch {
	case !evaluated && len(x.Expressions) > 0 && x.Expressions[0].Err == nil && rec.Status != wdl.Failed:
		p.t.Fatalf("%s %v has no result, and is explained", rec.Action, rec.Repetition)
	case evaluated && x.Known && rec.Type == wdl.TypeIf && (len(x.Expressions) != 1 || x.Expressions[0].Err != nil || !expr.Equal(x.Expressions[0].Value, result)):
		p.t.Fatalf("%s %v came to %s, and is explained by\n%s", rec.Action, rec.Repetition, result.Text(), explained(x.Expressions, ""))
	case evaluated && rec.Type == wdl.TypeIf && len(x.Expressions) != 1:
		p.t.Fatalf("%s %v is explained by %d expressions", rec.Action, rec.Repetition, len(x.Expressions))
	}
}

// What is secured is told by no part of a condition, nor by the message of its failure;
// which way it went is.
func TestSecuredDataIsNotExplained(t *testing.T) {
	const planted = "planted-secret"
	secure := func(what string) string {
		return `"runtimeConfiguration":{"secureData":{"properties":["` + what + `"]}}`
	}
	for name, c := range map[string]struct{ actions, members string }{
		"outputs":   {`"Get":{"type":"Http","inputs":{"method":"GET","uri":"https://x"},` + secure("outputs") + `},"If":{"type":"If","expression":"@equals(body('Get'),'x')","actions":{},"runAfter":{"Get":["Succeeded"]}}`, ""},
		"inputs":    {`"Get":{"type":"Http","inputs":{"method":"POST","uri":"https://x","body":"` + planted + `"},` + secure("inputs") + `},"If":{"type":"If","expression":"@equals(actions('Get')['inputs']['body'],'x')","actions":{},"runAfter":{"Get":["Succeeded"]}}`, ""},
		"result":    {`"S":{"type":"Scope","actions":{"Get":{"type":"Http","inputs":{"method":"POST","uri":"https://x","body":"` + planted + `"},` + secure("inputs") + `}}},"If":{"type":"If","expression":"@equals(result('S')[0]['inputs']['body'],'x')","actions":{},"runAfter":{"S":["Succeeded"]}}`, ""},
		"parameter": {`"If":{"type":"If","expression":"@equals(parameters('p'),'x')","actions":{}}`, `"parameters":{"p":{"type":"securestring","defaultValue":"` + planted + `"}}`},
		"failure":   {`"If":{"type":"If","expression":"@equals(int(parameters('p')),1)","actions":{}}`, `"parameters":{"p":{"type":"securestring","defaultValue":"` + planted + `"}}`},
		"travels": {`"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"v","type":"string"}]}},
			"Get":{"type":"Http","inputs":{"method":"GET","uri":"https://x"},"runAfter":{"V":["Succeeded"]},` + secure("outputs") + `},
			"Set":{"type":"SetVariable","inputs":{"name":"v","value":"@body('Get')"},"runAfter":{"Get":["Succeeded"]}},
			"If":{"type":"If","expression":"@equals(variables('v'),'x')","actions":{},"runAfter":{"Set":["Succeeded"]}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var more []string
			if c.members != "" {
				more = append(more, c.members)
			}
			p := newPlayer(t, compile(t, "{"+c.actions+"}", more...), Start{})
			p.outcome = func(Call) Outcome {
				return Outcome{StatusCode: 200, Outputs: expr.Object(expr.Member{Name: "body", Value: expr.String(planted)})}
			}
			p.play()
			x := p.explain("If")
			if text := explained(x.Expressions, ""); len(x.Expressions) != 1 || len(x.Expressions[0].Parts) != 0 || strings.Contains(text, planted) || x.Expressions[0].Err != nil {
				t.Errorf("%s", text)
			}
			if result := x.Expressions[0].Value; x.Known != (name != "failure") || x.Known && !expr.Equal(result, expr.Bool(false)) {
				t.Errorf("%v %s", x.Known, result.Text())
			}
		})
	}
}

// Rows of the form before have no moments: a condition tells its text and which way it
// went.
func TestConditionsOfTheOlderFormAreExplained(t *testing.T) {
	p := newPlayer(t, compile(t, `{"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"v","type":"integer","value":1}]}},
		"Plain":{"type":"If","expression":"@equals(triggerBody()['n'],7)","actions":{},"runAfter":{"V":["Succeeded"]}},
		"Reads":{"type":"If","expression":"@equals(variables('v'),1)","actions":{},"runAfter":{"Plain":["Succeeded"]}}}`), Start{})
	p.play()
	for name, want := range map[string]string{
		"Plain": "equals(triggerBody()['n'], 7) → true\n  triggerBody()['n'] → 7\n",
		"Reads": "equals(variables('v'), 1) → true\n  variables('v') → 1\n",
	} {
		if got := explained(p.explain(name).Expressions, ""); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for i, row := range p.rows {
		if row.Scope == "" {
			p.rows[i].Payload = withoutMoments(t, row.Payload)
		}
	}
	for name, want := range map[string]string{
		"Plain": "equals(triggerBody()['n'], 7) → true\n",
		"Reads": "equals(variables('v'), 1) → true\n",
	} {
		if got := explained(p.explain(name).Expressions, ""); got != want {
			t.Errorf("older form, %s: %s", name, got)
		}
	}
}

func TestInquiriesAreRefused(t *testing.T) {
	p := newPlayer(t, compile(t, `{"Each":{"type":"Foreach","foreach":[1],"actions":{"If":{"type":"If","expression":"@true","actions":{}}}},"C":{"type":"Compose","inputs":1}}`), Start{})
	p.play()
	for _, c := range []struct {
		action string
		path   []RepetitionIndex
	}{{"none", nil}, {"C", []RepetitionIndex{{"Each", 0}}}} {
		if _, err := Inquire(p.w, p.head, c.action, c.path); err == nil {
			t.Errorf("%v is answered", c)
		}
	}
	if x := p.explain("If:5"); len(x.Expressions) != 0 {
		t.Error(explained(x.Expressions, ""))
	}
	for _, none := range []string{"C", "Each", "Each:0", "If"} {
		if x := p.explain(none); len(x.Expressions) != 0 {
			t.Error(none, explained(x.Expressions, ""))
		}
	}
	q, err := Inquire(p.w, p.head, "If", []RepetitionIndex{{"C", 0}})
	if err != nil {
		t.Fatal(err)
	}
	_, need, err := q.Explain()
	if err == nil && need != nil {
		if err = q.Load(Loaded{}); err == nil {
			_, _, err = q.Explain()
		}
	}
	if err == nil {
		t.Error("a repetition of what is no loop is answered")
	}
	if err := q.Load(Loaded{Rows: []Row{{Scope: "", Payload: []byte{99}}}}); err == nil || errors.Is(err, ErrNotWaiting) {
		t.Errorf("a row that cannot be read: %v", err)
	}
}

// withoutMoments is a row of the form before.
func withoutMoments(t *testing.T, row []byte) []byte {
	t.Helper()
	d := decoder{rest: row}
	d.version(rowVersion)
	d.uint()
	out := append([]byte{2}, row[1:len(row)-len(d.rest)]...)
	for d.more() {
		before := d.rest
		it := item{flags: d.uint()}
		flags := len(before) - len(d.rest)
		if it.flags&itemTrigger != 0 {
			d.inputsOutputs(&it)
			out = append(out, before[:len(before)-len(d.rest)]...)
			continue
		}
		d.record(&it, 0)
		body := before[flags : len(before)-len(d.rest)]
		if it.flags&itemJudged != 0 {
			body = body[:len(body)-len(it.judged.append(nil))]
		}
		out = append(appendUint(out, it.flags&^itemJudged), body...)
	}
	if d.err != nil {
		t.Fatal(d.err)
	}
	return slices.Clip(out)
}
