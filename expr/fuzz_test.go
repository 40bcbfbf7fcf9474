package expr

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// jsonSeeds are the texts of the scripts in testdata/json, and some that are beyond a
// script.
func jsonSeeds(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.50,"x\u00e9"],"a":null}`, ` [ ] `, `1e999`, `"\ud800"`, "\"\xff\xe2\x82\"", `{"\u0061":1,"a":2}`, "{\"\xff\":1,\"\\ufffd\":2}",
		"[" + strings.Repeat(`{"id":"abc","n":[1.5,true,null]},`, 40) + "0]", strings.Repeat("[", 130) + "1" + strings.Repeat("]", 130),
		`{"a":` + strings.Repeat(`[{"b":`, 40) + `"` + strings.Repeat("x", 600) + `"` + strings.Repeat("}]", 40) + `}`,
		`{a:'x',b:[1,,0x1F,017,.5,],/*c*/}`, `{'it\'s':undefined}`, "// c\n[-Infinity]", "0.27027027027027023", "[65.613616999999977,1E-05]",
	} {
		f.Add([]byte(seed))
	}
	files, _ := filepath.Glob("testdata/json/*.txt")
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(script)) {
			if _, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
				f.Add([]byte(text))
			}
		}
	}
}

// FuzzParseJSON: what is accepted is JSON; it is printed and read to the same text; as
// text and as a tree it is written alike.
func FuzzParseJSON(f *testing.F) {
	jsonSeeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := ParseJSON(text)
		if err != nil {
			return
		}
		if utf8.Valid(text) && !json.Valid(text) && !(len(text) > 3 && text[0] == 0xEF) {
			t.Fatalf("%q is accepted", text)
		}
		checkPrinted(t, text, v)
	})
}

// checkPrinted: v, which text gave, is printed and read to the same text, and written
// alike from text and tree.
func checkPrinted(t *testing.T, text []byte, v Value) {
	out := v.JSON()
	again, err := ParseJSON(out)
	if err != nil || string(again.JSON()) != string(out) || v.Size() != int64(len(out)) {
		t.Fatalf("%q gives %q of size %d, which gives %q, %v", text, out, v.Size(), again.JSON(), err)
	}
	tree := decoded(again)
	if string(tree.JSON()) != string(out) || tree.Size() != int64(len(out)) || !Equal(tree, again) || tree.depth() != again.depth() {
		t.Fatalf("%q: text %q, tree %q", text, out, tree.JSON())
	}
	if string(decoded(v).JSON()) != string(out) {
		t.Fatalf("%q is decoded to %q", text, decoded(v).JSON())
	}
}

// FuzzReadJSON: what the lenient reader accepts can be printed and read; it agrees with
// the strict one; a fault has a place in the text.
func FuzzReadJSON(f *testing.F) {
	jsonSeeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := readLenient(trimBOM(string(text)), MaxDepth, true)
		strict, fault := readStrict(trimBOM(string(text)), MaxDepth)
		if fault == nil && (err != nil || string(v.JSON()) != string(strict.JSON())) {
			t.Fatalf("%q: strict %q, lenient %q, %v", text, strict.JSON(), v.JSON(), err)
		}
		if err != nil {
			var where *SyntaxError
			if !errors.As(err, &where) || where.Offset > 3*len(text) || where.Line < 0 || where.Position < 0 || !utf8.ValidString(err.Error()) || len(err.Error()) > 4000 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		checkPrinted(t, text, v)
	})
}

// FuzzJSONString: a string is written so that the standard library reads it back.
func FuzzJSONString(f *testing.F) {
	for _, seed := range []string{"", "a\"b\\c/\b\f\n\r\t\x00\x1f\x7f", "é€😀\u0085\u2028\u2029\ufeff", strings.Repeat("x", 30) + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = validUTF8(s)
		out := appendStringJSON(nil, s)
		var back string
		if err := json.Unmarshal(out, &back); err != nil || back != s || sizeStringJSON(s) != int64(len(out)) {
			t.Fatalf("%q is written as %s of size %d and read as %q, %v", s, out, sizeStringJSON(s), back, err)
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
