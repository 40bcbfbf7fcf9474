package expr

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestHostileInputEndsInAnError holds the bounds of the language: whatever the text,
// compiling and evaluating it is over soon and takes bounded memory.
func TestHostileInputEndsInAnError(t *testing.T) {
	body := Object(Member{"triggerBody", String(strings.Repeat("x", 1<<20))})
	doubled := func(function string, times int) string {
		text := "triggerBody()"
		for range times {
			text = function + "(" + text + "," + text + ")"
		}
		return "@" + text
	}
	for name, text := range map[string]string{
		"open calls":            "@" + strings.Repeat("not(", 2000),
		"nested calls":          "@" + strings.Repeat("not(", 600) + "true" + strings.Repeat(")", 600),
		"nested unknown calls":  "@" + strings.Repeat("a(", 4000),
		"nested indexes":        "@item()" + strings.Repeat("[item()", 1000),
		"brackets":              "@item()" + strings.Repeat("[", 8000),
		"quotes":                "@" + strings.Repeat("''", 4095) + "'",
		"open interpolations":   strings.Repeat("@{", 100_000),
		"broken interpolations": strings.Repeat("@{}", 1000),
		"too long":              "@concat('" + strings.Repeat("a", 8192) + "')",
		"huge range":            "@range(0,1000000000)",
		"texts doubled":         doubled("concat", 8),
		"texts of arrays":       "@concat(" + doubled("createArray", 8)[1:] + ")",
		"interpolations":        strings.Repeat("@{triggerBody()}", 200),
		"wide format":           "@formatNumber(1,'N999999999')",
		"text in text":          "@replace(triggerBody(),'x',triggerBody())",
		"texts between texts":   "@join(split(triggerBody(),'x'),triggerBody())",
		"escapes of escapes":    "@" + strings.Repeat("uriComponent(", 300) + "'%'" + strings.Repeat(")", 300)[:299],
	} {
		t.Run(name, func(t *testing.T) {
			tmpl, problems := Workflow().CompileString(text)
			if problems != nil {
				return
			}
			if v, err := tmpl.Eval(&testEnv{context: body}); err == nil {
				t.Errorf("it gives %d bytes", v.weight())
			}
		})
	}
}

func TestLongChainsNeedNoRecursion(t *testing.T) {
	tmpl, problems := Workflow().CompileString("@item()" + strings.Repeat("?.a", 2700))
	if problems != nil {
		t.Fatal(problems)
	}
	if v, err := tmpl.Eval(&testEnv{context: mustParse(t, `{"item":{"a":{"a":1}}}`)}); err == nil {
		t.Errorf("a member of a number is %s", v.JSON())
	}
}

func TestProblemsAreManyAndSoonFound(t *testing.T) {
	_, problems := Workflow().CompileString(strings.Repeat("@{nope()}", 10_000))
	if len(problems) != 10_000 {
		t.Fatalf("%d problems", len(problems))
	}
	last := problems[len(problems)-1]
	if last.Offset != 9999*9+2 || last.Line != 1 || last.Column != last.Offset+1 {
		t.Errorf("the last is at %+v", last)
	}
}

func TestProblemsHaveLineAndColumn(t *testing.T) {
	for text, want := range map[string]string{
		"@concat('a',\n  nope())":        "2:3",
		"é@{\n\n\tnope()}":               "3:2",
		"@concat('😀',\r\n'é', nope(1) )": "2:6",
		"a\nb@{x":                        "2:2",
		"@{'ü' 1}":                       "1:7",
	} {
		_, problems := Workflow().CompileString(text)
		if len(problems) != 1 {
			t.Errorf("%q has %d problems", text, len(problems))
			continue
		}
		if got := fmt.Sprintf("%d:%d", problems[0].Line, problems[0].Column); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestProblemsInNames(t *testing.T) {
	_, problems := Workflow().Compile(mustParse(t, `{"a":{"@nope()":"@nope()"}}`))
	if len(problems) != 2 || !problems[0].InName || problems[1].InName || problems[0].Pointer != "/a/@nope()" {
		t.Errorf("%+v", problems)
	}
}

func TestFailuresNameExpressionAndString(t *testing.T) {
	tree := mustParse(t, `{"a":[1,"x @{trim(1)}"],"b":"@item().c.d","@{concat('c')}":"@if(true, div(1, 0), 1)"}`)
	for name, want := range map[string]string{"a": "trim(1) at /a/1", "b": "item().c.d at /b", "@{concat('c')}": "if(true, div(1, 0), 1) at /@{concat('c')}"} {
		member, _ := tree.Get(name)
		tmpl, problems := Workflow().Compile(Object(Member{name, member}))
		if problems != nil {
			t.Fatal(problems)
		}
		_, err := tmpl.Eval(&testEnv{context: mustParse(t, `{"item":{"c":1}}`)})
		var failure *Error
		if !errors.As(err, &failure) || failure.Expression+" at "+failure.Pointer != want {
			t.Errorf("%s fails with %+v, want %s", name, err, want)
		}
	}
}
