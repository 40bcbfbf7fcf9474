package expr

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.50,"x\u00e9"],"a":null}`, ` [ ] `, `1e999`, `"\ud800"`, "\"\xff\"", `{"\u0061":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := ParseJSON(text)
		if err != nil {
			return
		}
		if utf8.Valid(text) && !json.Valid(text) && !(len(text) > 3 && text[0] == 0xEF) {
			t.Fatalf("%q is accepted", text)
		}
		out := v.JSON()
		again, err := ParseJSON(out)
		if err != nil || string(again.JSON()) != string(out) {
			t.Fatalf("%q gives %q, which gives %q, %v", text, out, again.JSON(), err)
		}
		if tree := decoded(v); string(tree.JSON()) != string(out) {
			t.Fatalf("%q: text %q, tree %q", text, out, tree.JSON())
		}
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{`{a:'x',b:[1,,0x1F,017,.5,],/*c*/}`, `NaN`, `{'it\'s':undefined}`, "// c\n[-Infinity]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := ReadJSON(text)
		if err != nil {
			return
		}
		if _, err := ParseJSON(v.JSON()); err != nil {
			t.Fatalf("%q gives %q: %v", text, v.JSON(), err)
		}
	})
}

func fuzzDialect(f *testing.F, d *Dialect, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, problems := d.CompileString(text)
		if (tmpl == nil) == (problems == nil) {
			t.Fatalf("%q gives %v and %v", text, tmpl, problems)
		}
		for _, p := range problems {
			if p.Offset < 0 || p.Offset > len(text) || p.Message == "" {
				t.Fatalf("%q: bad problem %+v", text, p)
			}
		}
		if tmpl != nil {
			_, _ = tmpl.Eval(&testEnv{context: Object(Member{"item", String(text)})})
		}
	})
}

func FuzzWorkflowExpression(f *testing.F) {
	fuzzDialect(f, Workflow(), "@concat('a', string(1.5e3))?['x'][0].y", "a@{item()}b@@{c}", "@if(equals(1,2),add(1,2),div(1,0))", "@json('[1]')[0]", "@xpath(xml('<a/>'),'/a')", "@chunk('a😀b',2)")
}

func FuzzTemplateExpression(f *testing.F) {
	fuzzDialect(f, ResourceTemplate(), "[concat('a', format('{0:N2}', 5))]", "[[x]", "[createObject('a',1).a]", "[split('a;b', createArray(';'))]", "[dateTimeAdd('2020-01-01T00:00:00Z','P1D')]")
}
