package expr

import "testing"

func TestSourceHasOneForm(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                              "plain",
		"@@not an expression @{1}":           "@@not an expression @{1}",
		"a@@{b}":                             "a@@{b}",
		"a@b@":                               "a@b@",
		"@":                                  "@",
		"@concat( 'it''s' ,\n1.0,+.5,TRUE )": "@concat('it''s', 1.0, 0.5, true)",
		"@triggerBody()?.a['b'] [ 0 ]":       "@triggerBody()?['a']['b'][0]",
		"@body('A')?[add(1,2)]":              "@body('A')?[add(1, 2)]",
		"x@{ trigger() }y@{'@'}@{item()}":    "x@{trigger()}y@{'@'}@{item()}",
		"@{'@@'}{@{item()}@{1}@@{}":          "@{'@@'}{@{item()}1@@{}",
		"@{1}@{2}":                           "12",
		"@{item()}":                          "@{item()}",
		"@1e400":                             "",
	} {
		tmpl, problems := Workflow().CompileString(text)
		if problems != nil {
			t.Errorf("%q: %v", text, problems)
			continue
		}
		if got := tmpl.String(); want != "" && got != want {
			t.Errorf("%q prints as %q, not %q", text, got, want)
		}
		samePrint(t, tmpl, Workflow().Compile)
	}
}

func TestSourceOfTreesAndConditions(t *testing.T) {
	tree, problems := Workflow().Compile(mustParse(t, `{"@@a":"@@x","@{item()}":["@item( )",1,{"b":"@@{c"}],"n":null}`))
	if problems != nil {
		t.Fatal(problems)
	}
	want := `{"@@a":"@@x","@{item()}":["@item()",1,{"b":"@@{c"}],"n":null}`
	if got := tree.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	condition, problems := Workflow().CompileCondition(mustParse(t, `{"and":[{"not":{"equals":["@item( )","@@a"]}},{"or":[]},"@true"]}`))
	if problems != nil {
		t.Fatal(problems)
	}
	want = `{"and":[{"not":[{"equals":["@item()","@@a"]}]},{"or":[]},true]}`
	if got := condition.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	samePrint(t, condition, Workflow().CompileCondition)
}

// samePrint compiles the source of a template and prints it again.
func samePrint(t *testing.T, tmpl *Template, compile func(Value) (*Template, []Problem)) {
	t.Helper()
	again, problems := compile(tmpl.Source())
	if problems != nil {
		if longest := problems[0].Code == CodeLength; !longest {
			t.Errorf("%s: %v", tmpl, problems)
		}
		return
	}
	if again.String() != tmpl.String() {
		t.Errorf("%s prints as %s", tmpl, again)
	}
	for _, call := range tmpl.Calls() {
		if f := tmpl.dialect.function(call.Function); f != nil && f.Volatile {
			return // gives another result each time
		}
	}
	env := &testEnv{context: Object(Member{"item", String("x")})}
	a, errA := tmpl.Eval(env)
	b, errB := again.Eval(&testEnv{context: env.context})
	if (errA == nil) != (errB == nil) || errA == nil && string(a.JSON()) != string(b.JSON()) {
		t.Errorf("%s gives %s %v, as source %s %v", tmpl, a.JSON(), errA, b.JSON(), errB)
	}
}

func FuzzSource(f *testing.F) {
	for _, seed := range []string{"@concat('a', -1.5e3, null)?['x'][0].y", "a@{item()}@@{b@@@{c}@", "@{'@'}{@{item()}@", "@{'it''s'}", "@@{'abc'}", "@-0.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []*Dialect{Workflow(), ResourceTemplate()} {
			if tmpl, problems := d.CompileString(text); problems == nil {
				samePrint(t, tmpl, d.Compile)
			}
		}
	})
}

func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		`{"and":[{"not":{"equals":["@item()",null]}},{"or":[]},"@true"]}`, `"@equals(1,1)"`, `true`, `{"if":[true,false,"x"]}`, `{"equals":["@{item()}@@{",1.5]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseJSON([]byte(text))
		if err != nil {
			return
		}
		tmpl, problems := Workflow().CompileCondition(v)
		if (tmpl == nil) == (problems == nil) {
			t.Fatalf("%q gives %v and %v", text, tmpl, problems)
		}
		if tmpl != nil {
			samePrint(t, tmpl, Workflow().CompileCondition)
		}
	})
}

func FuzzTree(f *testing.F) {
	for _, seed := range []string{`{"@@a":"@@x","@{item()}":["@item( )",1,{"b":"@@{c"}],"n":null}`, `["[item()]","[[x]",{"[concat('a')]":"[1]"}]`, `{"@{item()}":1,"x":2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseJSON([]byte(text))
		if err != nil {
			return
		}
		for _, d := range []*Dialect{Workflow(), ResourceTemplate()} {
			tmpl, problems := d.Compile(v)
			if (tmpl == nil) == (problems == nil) {
				t.Fatalf("%q gives %v and %v", text, tmpl, problems)
			}
			if tmpl != nil {
				samePrint(t, tmpl, d.Compile)
			}
		}
	})
}
