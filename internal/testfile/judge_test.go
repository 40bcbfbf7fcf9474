package testfile

import (
	"fmt"
	"strings"
	"testing"

	"isle/internal/project"
	"isle/wdl"
)

// problemsOf is what is said of a file with that text and a small definition.
func problemsOf(text string) (problems []string, warnings []*Problem) {
	f, err := parse([]byte(text), func(string, string) (wdl.Source, *project.Project, error) {
		source, err := OpenDefinition([]byte(`{"triggers":{},"actions":{"Get_customer":{"type":"Http"},"Each":{"type":"Foreach","actions":{
			"Inner":{"type":"If","actions":{},"else":{"actions":{"Other":{"type":"Compose"}}}},
			"By":{"type":"Switch","cases":{"one":{"actions":{"First":{"type":"Compose"}}}},"default":{"actions":{"Last":{"type":"Compose"}}}}}}}}`), "")
		return source, nil, err
	})
	if err != nil {
		for _, err := range separate(err) {
			problems = append(problems, err.Error())
		}
		return problems, nil
	}
	return nil, f.Warnings
}

// A file is judged in its own words, with the place of what is wrong.
func TestWrongTypes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"cases":[{"mocks":[{"responses":[{"status":"200"}]}]}]}`, "cases[0].mocks[0].responses[0].status must be a whole number, it is a string"},
		{`{"cases":[{},{"mocks":[{},{"responses":[{"status":200},{"status":true}]}]}]}`, "cases[1].mocks[1].responses[1].status must be a whole number, it is a boolean"},
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
		{`{"cases":[{"expect":{"runs":"1"}}]}`, "cases[0].expect.runs must be a whole number, it is a string"},
		{`{"cases":[{"expect":{"actions":{"A":"Failed","B":5}}}]}`, "cases[0].expect.actions.B must be a status or an object, it is a number"},
		{`{"cases":[{"expect":{"actions":{"B":{"code":5}}}}]}`, "cases[0].expect.actions.B.code must be a string, it is a number"},
		{`{"cases":[{"expect":{"actions":{"B":{"repetitions":"2"}}}}]}`, "cases[0].expect.actions.B.repetitions must be a number or an array, it is a string"},
		{`{"cases":[{"expect":{"actions":{"B":{"repetitions":["Failed",{"code":[]}]}}}}]}`, "cases[0].expect.actions.B.repetitions[1].code must be a string, it is an array"},
		{`{"cases":[{"expect":{"error":{"contains":1}}}]}`, "cases[0].expect.error.contains must be a string, it is a number"},
		{`{"cases":[{"expect":{"error":"x"}}]}`, "cases[0].expect.error must be an object, it is a string"},
		{`{"cases":[{"expect":{"calls":[{"headers":"x"}]}}]}`, "cases[0].expect.calls[0].headers must be an object, it is a string"},
	} {
		problems, _ := problemsOf(c.text)
		found := false
		for _, p := range problems {
			_, message, _ := strings.Cut(p, " ")
			if strings.HasPrefix(message, "case ") {
				_, message, _ = strings.Cut(message, ": ")
			}
			found = found || message == c.want
		}
		if !found {
			t.Errorf("%s:\n got %q\nwant %s", c.text, problems, c.want)
		}
	}
}

func TestNotJSON(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{\"cases\": [],\n  oops}", "2:3: this is not a test file: invalid character 'o'"},
		{"\xef\xbb\xbf{\"é\": x}", "1:7: this is not a test file: invalid character 'x'"},
		{"{\"a\": \"b\n\"}", "1:9: this is not a test file: invalid character '\\n'"},
		{"{\n", "1:2: this is not a test file: unexpected end of JSON input"},
	} {
		problems, _ := problemsOf(c.text)
		if len(problems) != 1 || !strings.HasPrefix(problems[0], c.want) {
			t.Errorf("%s:\n got %q\nwant %s", c.text, problems, c.want)
		}
	}
}

// Everything that is wrong is told at once, with case, line, column and path.
func TestAllProblemsAtOnce(t *testing.T) {
	problems, _ := problemsOf(`{"definition": 5, "kind": "Statefull", "casez": [], "cases": [
 {"nam": "a", "clock": "yesterday", "trigger": {"body": {}, "boddyText": ""},
  "mocks": [{"action": "Get_custmer", "url": "(", "uri": "(", "responses": []}, {"responses": [{"status": 20}, {"error": {}}, {"callback": {"after": "5 minutes"}}]}],
  "expect": {"stauts": "", "status": "Okay", "runs": -1, "actions": {"Get_custmer": "Succeded", "Inner": {"status": "Sucess", "repetitions": [5, {"foo": 1}]}},
   "response": {"status": 20000}, "calls": [{"uri": "["}], "nope": 1}},
 {"name": "b"}, null]}`)
	want := []string{
		`1:16: definition must be a path or an object, it is a number`,
		`1:27: kind is "Statefull": did you mean "Stateful"?`,
		`1:49: casez is unknown: did you mean "cases"?`,
		`2:10: case "case 1": cases[0].nam is unknown: did you mean "name"?`,
		`2:24: case "case 1": cases[0].clock is "yesterday": give a time such as "2024-03-15T10:30:45Z"`,
		`2:74: case "case 1": cases[0].trigger.boddyText is unknown: did you mean "bodyText"?`,
		`3:13: case "case 1": cases[0].mocks[0] has no responses: give "responses": [{"status": 200}]`,
		`3:46: case "case 1": cases[0].mocks[0].url is unknown: did you mean "uri"?`,
		"3:58: case \"case 1\": cases[0].mocks[0].uri is no regular expression: missing closing ): `(`",
		`3:107: case "case 1": cases[0].mocks[1].responses[0].status must be from 200 to 599, it is 20`,
		`3:122: case "case 1": cases[0].mocks[1].responses[1].error has no code: give one, such as "ServiceUnavailable"`,
		`3:150: case "case 1": cases[0].mocks[1].responses[2].callback.after is "5 minutes": give an ISO 8601 duration such as "PT5M"`,
		`4:24: case "case 1": cases[0].expect.stauts is unknown: did you mean "status"?`,
		`4:38: case "case 1": cases[0].expect.status: there is no status "Okay": give one of Succeeded, Failed, Skipped, TimedOut, Cancelled`,
		`4:54: case "case 1": cases[0].expect.runs must not be negative, it is -1`,
		`4:85: case "case 1": cases[0].expect.actions.Get_custmer: there is no status "Succeded": did you mean "Succeeded"?`,
		`4:117: case "case 1": cases[0].expect.actions.Inner.status: there is no status "Sucess": give one of Succeeded, Failed, Skipped, TimedOut, Cancelled`,
		`4:143: case "case 1": cases[0].expect.actions.Inner.repetitions[0] must be a status or an object, it is a number`,
		`4:154: case "case 1": cases[0].expect.actions.Inner.repetitions[1].foo is unknown, so it asserts nothing: the members are status, code, error, inputs, outputs, repetitions`,
		`5:27: case "case 1": cases[0].expect.response.status must be from 100 to 999, it is 20000`,
		"5:53: case \"case 1\": cases[0].expect.calls[0].uri is no regular expression: missing closing ]: `[`",
		`5:68: case "case 1": cases[0].expect.nope is unknown, so it asserts nothing: the members are status, code, error, runs, actions, response, polled, calls, variables, saveError`,
		`6:2: case "b": cases[1] has no "expect": it would assert nothing`,
		`6:17: case "case 3": cases[2] has no "expect": it would assert nothing`,
	}
	if got := strings.Join(problems, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// Names of actions are those of the definition, at any depth.
func TestNamesOfActions(t *testing.T) {
	for _, c := range []struct{ name, problem, warning string }{
		{"get_customer", "", ""}, {"Inner", "", ""}, {"Other", "", ""}, {"First", "", ""}, {"Last", "", ""},
		{"Get_custommer", `did you mean "Get_customer"?`, ""},
		{"Nobody", "", "the definition has no such action, so this never matches: its actions are By, Each, First, Get_customer, Inner, Last, Other"},
	} {
		problems, warnings := problemsOf(fmt.Sprintf(`{"definition": "x", "cases": [{"mocks": [{"action": %q, "responses": [{}]}], "expect": {}}]}`, c.name))
		if (c.problem != "") != (len(problems) == 1) || len(problems) == 1 && !strings.Contains(problems[0], c.problem) {
			t.Errorf("%s: problems %q, want %q", c.name, problems, c.problem)
		}
		if (c.warning != "") != (len(warnings) == 1) || len(warnings) == 1 && !strings.Contains(warnings[0].Error(), c.warning) {
			t.Errorf("%s: warnings %v, want %q", c.name, warnings, c.warning)
		}
	}
}

// What is only unusual is warned of; notes are for the reader.
func TestWarnings(t *testing.T) {
	problems, warnings := problemsOf(`{"$schema": "x", "definition": "x", "notes": ["n"], "author": 1, "cases": [
 {"_why": 1, "description": "d", "Name": "case does not matter", "priority": 2, "trigger": {"method": "PSOT", "body": 1, "bodyText": "1"}, "mocks": null, "expect": {}}]}`)
	var got []string
	for _, w := range warnings {
		got = append(got, w.Error())
	}
	want := []string{
		`1:63: author is unknown and does nothing: the members are definition, workflow, kind, cases`,
		`2:78: case "case does not matter": cases[0].priority is unknown and does nothing: the members are name, clock, parameters, appSettings, trigger, mocks, expect`,
		`2:92: case "case does not matter": cases[0].trigger: "bodyText" is sent, "body" is not: give one of them`,
		`2:103: case "case does not matter": cases[0].trigger.method is "PSOT": did you mean "POST"?`,
	}
	if len(problems) > 0 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("problems %q, warnings\n%s\nwant\n%s", problems, strings.Join(got, "\n"), strings.Join(want, "\n"))
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
