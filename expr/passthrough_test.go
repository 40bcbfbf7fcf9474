package expr

import (
	"runtime"
	"strings"
	"testing"
)

// largeBody is a body of about 1 MB: an object whose member x is nearly all of it.
func largeBody(t *testing.T) Value {
	return mustParse(t, `{"id":1,"x":[`+strings.Repeat(orderBody+",", 7000)+orderBody+`]}`)
}

// passing are templates that hand on what they get, or a part of it.
var passing = []string{
	`"@triggerBody()"`,
	`{"body":"@triggerBody()"}`,
	`{"a":[{"b":"@body('A')"}],"c":"text"}`,
	`"@body('A')?['x']"`,
	`"@outputs('A')['X']"`,
	`"@triggerBody().x[17]"`,
	`"@coalesce(null, triggerBody()?['none'], triggerBody())"`,
	`"@if(equals(triggerBody()?['id'], 1), triggerBody(), null)"`,
	`"@createArray(triggerBody(), body('A')?['x'])"`,
	`"@first(createArray(outputs('A')))"`,
	`"@setProperty(triggerBody(), 'id', 2)"`,
}

// TestPassingOnCopiesNothing: an evaluation that hands a body of 1 MB on allocates as
// little as for a small one.
func TestPassingOnCopiesNothing(t *testing.T) {
	body := largeBody(t)
	for _, text := range passing {
		tmpl, problems := Workflow().Compile(mustParse(t, text))
		if problems != nil {
			t.Fatal(text, problems)
		}
		env := &bodyEnv{body}
		eval := func() {
			if _, err := tmpl.Eval(env); err != nil {
				t.Fatal(text, err)
			}
		}
		eval() // decodes what is looked into, once
		if n := testing.AllocsPerRun(50, eval); n > 12 {
			t.Errorf("%s makes %v allocations", text, n)
		}
		if size := allocated(50, eval); size > 2000 {
			t.Errorf("%s allocates %d bytes", text, size)
		}
	}
}

// allocated is how many bytes a call allocates on average.
func allocated(runs int, call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		call()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / uint64(runs)
}

// TestPassedBodyIsWrittenAsItWasRead: a body that is handed on is still its text.
func TestPassedBodyIsWrittenAsItWasRead(t *testing.T) {
	body := largeBody(t)
	tmpl, _ := Workflow().Compile(mustParse(t, `{"body":"@triggerBody()"}`))
	v, err := tmpl.Eval(&bodyEnv{body})
	if err != nil {
		t.Fatal(err)
	}
	if passed, _ := v.Get("body"); passed.node != body.node {
		t.Error("the body is another one")
	}
	if len(body.node.elems)+len(body.node.members) > 0 {
		t.Error("the body was decoded")
	}
	dst := make([]byte, 0, 2*v.Size())
	if n := testing.AllocsPerRun(5, func() { dst = v.AppendJSON(dst[:0]) }); n > 0 {
		t.Errorf("writing it makes %v allocations", n)
	}
}

// TestCountingDecodesNothing: a large array knows its length.
func TestCountingDecodesNothing(t *testing.T) {
	body := mustParse(t, "["+strings.Repeat(orderBody+",", 7000)+orderBody+"]")
	tmpl, _ := Workflow().CompileString("@add(length(triggerBody()), if(empty(triggerBody()), 1, 0))")
	v, err := tmpl.Eval(&bodyEnv{body})
	if n, _ := v.AsInt(); n != 7001 || err != nil || body.node.elems != nil {
		t.Errorf("%d elements, %v; decoded: %v", n, err, body.node.elems != nil)
	}
}

// TestCompactTextIsKept: JSON in a string is not copied when it is compact already.
func TestCompactTextIsKept(t *testing.T) {
	text := string(largeBody(t).JSON())
	if size := allocated(5, func() { _, _ = ReadJSON(text) }); size > uint64(len(text)/4) {
		t.Errorf("reading %d bytes of compact JSON allocates %d", len(text), size)
	}
}

// TestReferencesAreHandedOn: a value in content storage is never loaded to be handed
// on.
func TestReferencesAreHandedOn(t *testing.T) {
	ref := Reference(ContentReference{ID: "c1", Size: 100_000_000, Kind: KindObject, ContentType: "application/json"})
	for _, text := range []string{
		`"@triggerBody()"`, `{"body":"@triggerBody()"}`, `[["@body('A')"]]`, `"@coalesce(null, triggerBody())"`, `"@if(true, triggerBody(), null)"`,
		`"@createArray(triggerBody(), 1)"`, `"@first(createArray(outputs('A')))"`,
		`"@setProperty(json('{}'), 'x', triggerBody())"`, `"@setProperty(addProperty(json('{}'), 'x', triggerBody()), 'y', body('B'))"`,
	} {
		tmpl, _ := Workflow().Compile(mustParse(t, text))
		v, err := tmpl.Eval(&bodyEnv{ref})
		if err != nil || !v.HasReference() || !strings.Contains(string(v.JSON()), `{"$isle.content":{"id":"c1",`) {
			t.Errorf("%s gives %s, %v", text, v.JSON(), err)
		}
	}
	within := Object(Member{"statusCode", Int(200)}, Member{"body", ref})
	for text, loads := range map[string]bool{
		`"@outputs('A')"`: false, `"@outputs('A')?['body']"`: false, `"@outputs('A')['statusCode']"`: false, `{"b":"@outputs('A').body"}`: false,
		`"@outputs('A')?['body']?['x']"`: true, `"@{outputs('A')}"`: true,
		`"@setProperty(outputs('A'), 'x', 1)"`: false, `"@setProperty(outputs('A')?['body'], 'x', 1)"`: true,
	} {
		tmpl, _ := Workflow().Compile(mustParse(t, text))
		if _, err := tmpl.Eval(&bodyEnv{within}); (err != nil) != loads {
			t.Errorf("%s: %v", text, err)
		}
	}
}
