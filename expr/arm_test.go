package expr

import "testing"

func TestResourceTemplateDialect(t *testing.T) {
	tests := []struct{ text, want string }{
		{"plain", `"plain"`},
		{"[[literal]", `"[literal]"`},
		{"[open", `"[open"`},
		{"[concat('a', 'it''s')]", `"ait's"`},
		{"[concat(createArray(1), createArray(2, 3))]", `[1,2,3]`},
		{"[format('{0}-{1:D3}-{{x}}|{2,4}|{3,-3}|', 'a', 7, 'r', 'l')]", `"a-007-{x}|   r|l  |"`},
		{"[toLower('ABC')]", `"abc"`},
		{"[length(createObject('a', 1, 'b', 2))]", `2`},
		{"[if(equals(1, 1), true(), false())]", `true`},
		{"[null()]", `null`},
		{"[padLeft('12', 5, '0')]", `"00012"`},
		{"[split('a,b;c', createArray(',', ';'))]", `["a","b","c"]`},
		{"[take('abc', -1)]", `""`},
		{"[skip(createArray(1, 2, 3), 1)]", `[2,3]`},
		{"[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]", `{"a":{"x":1,"y":2}}`},
		{"[array(createArray(1))]", `[1]`},
		{"[coalesce(null(), 'x')]", `"x"`},
		{"[uri('http://contoso.org/firstpath', 'myscript.sh')]", `"http://contoso.org/myscript.sh"`},
		{"[uri('http://contoso.org/firstpath/', 'a/b.sh')]", `"http://contoso.org/firstpath/a/b.sh"`},
		{"[dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')]", `"2023-04-07T14:53:14Z"`},
		{"[dateTimeAdd('2020-04-07T14:53:14Z', '-P1DT2H')]", `"2020-04-06T12:53:14Z"`},
		{"[dateTimeToEpoch('1970-01-02T00:00:00Z')]", `86400`},
		{"[dateTimeFromEpoch(86400)]", `"1970-01-02T00:00:00Z"`},
		{"[items(createObject('b', 2, 'a', 1))]", `[{"key":"a","value":1},{"key":"b","value":2}]`},
		{"[range(0, 0)]", `[]`},
		{"[flatten(createArray(createArray(1), createArray(2)))]", `[1,2]`},
		{"[tryGet(createObject('a', createArray(5)), 'a', 0)]", `5`},
		{"[utcNow('yyyy')]", `"2026"`},
		{"[base64ToJson(base64('{\"a\":1}'))]", `{"a":1}`},
		{"[guid('a', 'b')]", `"` + guidOf("a-b") + `"`},
		{"[createObject('p', parameters('x')).p]", `"y"`},
	}
	for _, test := range tests {
		tmpl, problems := ResourceTemplate().CompileString(test.text)
		if problems != nil {
			t.Errorf("%s: %v", test.text, problems)
			continue
		}
		got, err := tmpl.Eval(&testEnv{context: mustParse(t, `{"parameters":{"x":"y"}}`)})
		if err != nil || string(got.JSON()) != test.want {
			t.Errorf("%s\n got %s, %v\nwant %s", test.text, got.JSON(), err, test.want)
		}
	}
	for _, text := range []string{"[nope()]", "[a?.b]", "[true]", "[]"} {
		if _, problems := ResourceTemplate().CompileString(text); problems == nil {
			t.Errorf("%s compiles", text)
		}
	}
}

func TestUniqueStringIsStable(t *testing.T) {
	tmpl, _ := ResourceTemplate().CompileString("[uniqueString('a', 'b')]")
	first, _ := tmpl.Eval(&testEnv{})
	again, _ := tmpl.Eval(&testEnv{random: 7})
	if len(first.Text()) != 13 || !Equal(first, again) {
		t.Errorf("uniqueString gives %s, then %s", first.Text(), again.Text())
	}
}

func guidOf(name string) string {
	v, _ := nameGUID(invocation{call: &call{function: &Function{}}, args: []Value{String(name)}})
	return v.Text()
}

func mustParse(t testing.TB, text string) Value {
	t.Helper()
	v, err := ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// FuzzResourceTemplate: no text makes the deployment dialect panic or hang, and what it
// gives is within bounds.
func FuzzResourceTemplate(f *testing.F) {
	for _, seed := range []string{
		"[concat('a', parameters('x'))]", "[map(range(0, 10), lambda('i', mul(lambdaVariables('i'), 2)))]", "[[x]", "[format('{0,5:X4}', 255)]",
		"[cidrSubnet('fd00::/8', 64, 5)]", "[sort(createArray(3, 1), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]",
		"[reduce(range(0, 50), 'ab', lambda('c', 'n', concat(lambdaVariables('c'), lambdaVariables('c'))))]", "[a.b('c').d['e'][0]]", "[tryGet(createObject('a', 1), 'a', 0)]",
	} {
		f.Add(seed)
	}
	env := &testEnv{context: mustParse(f, `{"parameters":{"x":"y"}}`)}
	f.Fuzz(func(t *testing.T, text string) {
		template, problems := ResourceTemplate().CompileString(text)
		if (template == nil) == (len(problems) == 0) {
			t.Fatalf("template %v, problems %v", template, problems)
		}
		if template == nil {
			return
		}
		if v, err := template.Eval(env); err == nil && v.weight() > resultSize {
			t.Fatalf("a result of %d bytes", v.weight())
		}
	})
}
