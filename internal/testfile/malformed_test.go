package testfile

import (
	"strings"
	"testing"
)

// A file is judged in its own words, with the place of what is wrong.
func TestMalformedFiles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"cases":[{"mocks":[{"responses":[{"status":"200"}]}]}]}`, "cases[0].mocks[0].responses[0].status must be a number, it is a string"},
		{`{"cases":[{},{"mocks":[{},{"responses":[{"status":200},{"status":true}]}]}]}`, "cases[1].mocks[1].responses[1].status must be a number, it is a boolean"},
		{`{"cases":[{"mocks":[{"responses":[{"status":200.5}]}]}]}`, "cases[0].mocks[0].responses[0].status must be a whole number, it is 200.5"},
		{`{"cases":[{"mocks":{"responses":[]}}]}`, "cases[0].mocks must be an array, it is an object"},
		{`{"cases":[{"mocks":[{},"x"]}]}`, "cases[0].mocks[1] must be an object, it is a string"},
		{`{"cases":[{"mocks":[[]]}]}`, "cases[0].mocks[0] must be an object, it is an array"},
		{`{"cases":[{"expect":{"actions":[]}}]}`, "cases[0].expect.actions must be an object, it is an array"},
		{`{"cases":[{"expect":{"actions":{"status":{"status":[]}}}}]}`, "cases[0].expect.actions.status.status must be a string, it is an array"},
		{`{"cases":[{"expect":{"actions":{"A":{"repetitions":[[]]}}}}]}`, "cases[0].expect.actions.A.repetitions[0] must be a status or an object, it is an array"},
		{`{"cases":[{"expect":{"actions":{"A":{"repetitions":{}}}}}]}`, "cases[0].expect.actions.A.repetitions must be a number or an array, it is an object"},
		{`{"cases":{}}`, "cases must be an array, it is an object"},
		{`{"Cases":[{"name":5}]}`, "Cases[0].name must be a string, it is a number"},
		{`[]`, "it must be an object, it is an array"},
		{`{"cases":[{"appSettings":{"a":"b","c":{}}}]}`, "cases[0].appSettings.c must be a string, it is an object"},
		{`{"cases":[{"trigger":{"headers":[1]}}]}`, "cases[0].trigger.headers must be an object, it is an array"},
		{`{"cases":[{"trigger":{"bodyText":{}}}]}`, "cases[0].trigger.bodyText must be a string, it is an object"},
		{`{"cases":[{"expect":{"runs":"1"}}]}`, "cases[0].expect.runs must be a number, it is a string"},
		{`{"cases":[{"expect":{"actions":{"A":"Failed","B":5}}}]}`, "cases[0].expect.actions.B must be a status or an object, it is a number"},
		{`{"cases":[{"expect":{"actions":{"B":{"code":5}}}}]}`, "cases[0].expect.actions.B.code must be a string, it is a number"},
		{`{"cases":[{"expect":{"actions":{"B":{"repetitions":"2"}}}}]}`, "cases[0].expect.actions.B.repetitions must be a number or an array, it is a string"},
		{`{"cases":[{"expect":{"actions":{"B":{"repetitions":["Failed",{"code":[]}]}}}}]}`, "cases[0].expect.actions.B.repetitions[1].code must be a string, it is an array"},
		{`{"cases":[{"expect":{"error":{"contains":1}}}]}`, "cases[0].expect.error.contains must be a string, it is a number"},
		{`{"cases":[{"expect":{"error":"x"}}]}`, "cases[0].expect.error must be an object, it is a string"},
		{`{"cases":[{"expect":{"calls":[{"headers":"x"}]}}]}`, "cases[0].expect.calls[0].headers must be an object, it is a string"},
		{`{"cases":[{"expect":{"nope":1}}]}`, `unknown field "nope"`},
		{"{\"cases\": [],\n  oops}", "line 2: column 3: invalid character 'o'"},
		{"\xef\xbb\xbf{\"é\": x}", "line 1: column 7: invalid character 'x'"},
		{"{\"a\": \"b\n\"}", "line 1: column 9: invalid character '\\n'"},
		{"{\n", "line 1: column 2: unexpected end of JSON input"},
	} {
		_, err := parse([]byte(c.text), nil)
		if err == nil || !strings.HasPrefix(err.Error(), "this is not a test file: "+c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.text, err, c.want)
			continue
		}
		for _, word := range []string{"json:", "Go ", "testfile", "struct"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v", c.text, err)
			}
		}
	}
}

// A run that failed otherwise than expected says which actions failed.
func TestCauses(t *testing.T) {
	const run = "status is Failed, expected Succeeded: ActionFailed: An action failed. No dependent actions succeeded."
	const want = `"expect":{"status":"Succeeded"}`
	secured := `,"runtimeConfiguration":{"secureData":{"properties":["inputs"]}}`
	fails := func(name, more string) string {
		return `"` + name + `":{"type":"Compose","inputs":"@int('x` + name + `')"` + more + `}`
	}
	for _, c := range []struct{ name, actions, mocks, want string }{
		{"an action", `{` + fails("A", "") + `}`, "", "; actions.A is Failed: BadRequest: InvalidTemplate: Unable to process template language expressions in action 'A' inputs"},
		{"one in a scope, and not the scope", `{"S":{"type":"Scope","actions":{` + fails("A", "") + `}}}`, "", "; actions.A is Failed: BadRequest: InvalidTemplate: Unable"},
		{"an answer", get, `"mocks":[{"action":"Get","responses":[{"status":404}]}],`, "; actions.Get is Failed: NotFound"},
		{"in loops", `{"O":{"type":"Foreach","foreach":[1,2],"actions":{"I":{"type":"Foreach","foreach":[1,0],"actions":{"D":{"type":"Compose","inputs":"@div(1,item())"}}}}}}`, "",
			"; actions.D[0][1] is Failed: BadRequest: InvalidTemplate: |; actions.D[1][1] is Failed: "},
		{"a container by an error of its own", `{"L":{"type":"Foreach","foreach":"@triggerBody()","actions":{"A":{"type":"Compose","inputs":1}}}}`, "", "; actions.L is Failed: "},
		{"at most three", `{` + fails("A", "") + "," + fails("B", "") + "," + fails("C", "") + "," + fails("D", "") + "," + fails("E", "") + `}`, "", "actions.A is |actions.B is |actions.C is |; 2 more failed"},
		{"secured", `{` + fails("A", secured) + `}`, "", "; actions.A is Failed: BadRequest"},
		{"secured elsewhere", `{"S":{"type":"Compose","inputs":"hush"` + secured + `},"A":{"type":"Compose","inputs":"@int(outputs('S'))","runAfter":{"S":["Succeeded"]}}}`, "", "; actions.A is Failed: BadRequest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			failures := play(t, "", c.actions, c.mocks+want)
			if len(failures) != 1 {
				t.Fatalf("%q", failures)
			}
			rest, ok := strings.CutPrefix(failures[0], run)
			for _, part := range strings.Split(c.want, "|") {
				if !ok || !strings.Contains(rest, part) {
					t.Errorf("%q, want %q", failures[0], part)
				}
			}
			if strings.HasPrefix(c.name, "secured") && rest != c.want {
				t.Errorf("%q shows more than %q", rest, c.want)
			}
			if strings.Contains(rest, "actions.S ") || strings.Contains(rest, "actions.I") || strings.Contains(rest, "actions.O") {
				t.Errorf("%q names a container", rest)
			}
			t.Log(rest)
		})
	}
}
