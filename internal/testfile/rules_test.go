package testfile

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/internal/project"
	"isle/wdl"
)

// play runs one case against triggers and actions and returns its failures.
func play(t *testing.T, triggers, actions, more string) []string {
	t.Helper()
	if triggers == "" {
		triggers = `{"manual":{"type":"Request","kind":"Http"}}`
	}
	f, err := parse([]byte(`{"definition":{"triggers":`+triggers+`,"actions":`+actions+`},"cases":[{`+more+`}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return cases(f)[0].Failures
}

func cases(f *File) (results []Result) {
	f.Run(context.Background(), func(r Result) { results = append(results, r) })
	return results
}

// rule is a sentence of the contract with a case that shows it: wanted are
// fragments of its failures, none if it passes.
type rule struct {
	sentence string
	triggers string
	actions  string
	more     string
	wanted   []string
}

func (r rule) check(t *testing.T) {
	t.Helper()
	failures := play(t, r.triggers, r.actions, r.more)
	if len(failures) != len(r.wanted) {
		t.Fatalf("failures are %q, want %q", failures, r.wanted)
	}
	for i, want := range r.wanted {
		if !strings.Contains(failures[i], want) {
			t.Errorf("failure is %q, want %q", failures[i], want)
		}
	}
}

func checkRules(t *testing.T, rules []rule) {
	for _, r := range rules {
		t.Run(r.sentence, r.check)
	}
}

const (
	get  = `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"https://h/a?x=1","headers":{"X-A":"1"}}}}`
	post = `{"Post":{"type":"Http","inputs":{"method":"POST","uri":"https://h/b","body":"@triggerBody()"}}}`
	echo = `{"Echo":{"type":"Response","inputs":{"statusCode":200,"body":"@triggerOutputs()"}}}`
	pair = `{"A":{"type":"Compose","inputs":{"a":1,"b":[1,{"c":2,"d":3}],"headers":{"X-Y":"z"}}}}`
)

func TestMocks(t *testing.T) {
	const nested = `{"Call":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"/child"}}}}}`
	checkRules(t, []rule{
		{"matches by action name", "", get, `"mocks":[{"action":"gEt","responses":[{"status":201}]}],"expect":{"actions":{"Get":{"code":"Created"}}}`, nil},
		{"matches by method and URI", "", get, `"mocks":[{"method":"POST","responses":[{"status":500}]},{"method":"get","uri":"https://h/a\\?x=1","responses":[{"status":201}]}],"expect":{"actions":{"Get":{"code":"Created"}}}`, nil},
		{"an absent member matches anything", "", get, `"mocks":[{"responses":[{}]}],"expect":{"status":"Succeeded"}`, nil},
		{"the expression is of the whole URI", "", get, `"mocks":[{"uri":"https://h/a","responses":[{}]}],"expect":{}`, []string{"no mock matches the call of Get: GET https://h/a?x=1"}},
		{"alternatives too are of the whole URI", "", get, `"mocks":[{"uri":"https|x=1","responses":[{}]}],"expect":{}`, []string{"no mock matches"}},
		{"a function's key is not told", "", `{"F":{"type":"Function","inputs":{"uri":"https://h/f?x=1&code=secret"}}}`, `"mocks":[],"expect":{}`, []string{"no mock matches the call of F: POST https://h/f?x=1&code=*sanitized*"}},
		{"all members given must match", "", get, `"mocks":[{"action":"Get","method":"PUT","responses":[{}]}],"expect":{}`, []string{"no mock matches"}},
		{"responses come in turn and the last one repeats", "",
			`{"L":{"type":"Foreach","foreach":[1,2,3],"operationOptions":"Sequential","actions":{"H":{"type":"Http","inputs":{"method":"GET","uri":"https://h/"}}}}}`,
			`"mocks":[{"responses":[{"status":201},{"status":202}]}],"expect":{"actions":{"H":{"repetitions":[{"code":"Created"},{"code":"Accepted"},{"code":"Accepted"}]}}}`, nil},
		{"a workflow that is called needs a mock of the action's name", "", nested, `"mocks":[{"action":"Other","responses":[{}]},{"method":"POST","responses":[{}]},{"uri":".*","responses":[{}]}],"expect":{}`, []string{"no mock answers for the workflow that Call turns to (/child)"}},
		{"so does one without any mocks", "", nested, `"expect":{}`, []string{"no mock answers for the workflow that Call turns to (/child)"}},
		{"so does a batch", "", `{"Send":{"type":"SendToBatch","inputs":{"batchName":"b","content":1,"host":{"triggerName":"t","workflow":{"id":"/receiver"}}}}}`, `"mocks":[],"expect":{}`, []string{"no mock answers for the workflow that Send turns to (/receiver)"}},
		{"without a match, even with no mock at all, the case fails", "", get, `"mocks":[],"expect":{"status":"Succeeded"}`, []string{"no mock matches"}},
		{"a mocked call fetches no token", "", `{"G":{"type":"Http","inputs":{"method":"GET","uri":"https://h/","authentication":{"type":"ManagedServiceIdentity"}}}}`, `"mocks":[{"responses":[{}]}],"expect":{"status":"Succeeded"}`, nil},
		{"a string is plain text", "", get, `"mocks":[{"responses":[{"body":"{\"a\":1}"}]}],"expect":{"actions":{"Get":{"outputs":{"body":"{\"a\":1}","headers":{"content-type":"text/plain"}}}}}`, nil},
		{"anything else is JSON", "", get, `"mocks":[{"responses":[{"body":[1]}]}],"expect":{"actions":{"Get":{"outputs":{"body":[1]}}}}`, nil},
		{"unless headers say otherwise", "", get, `"mocks":[{"responses":[{"headers":{"content-type":"application/json"},"body":"{\"a\":1}"}]}],"expect":{"actions":{"Get":{"outputs":{"body":{"a":1}}}}}`, nil},
		{"JSON as text, if headers say so", "", get, `"mocks":[{"responses":[{"headers":{"Content-Type":"text/plain"},"body":{"a":1}}]}],"expect":{"actions":{"Get":{"outputs":{"body":"{\"a\":1}"}}}}`, nil},
		{"an operation that is polled without end fails the case", "", get, `"mocks":[{"responses":[{"status":202,"headers":{"Location":"/again"}}]}],"expect":{}`, []string{"does not end"}},
	})
}

func TestTriggers(t *testing.T) {
	request := `{"manual":{"type":"Request","kind":"Http","inputs":{"method":"PUT","relativePath":"a/{b}"}}}`
	timer := `{"T":{"type":"Recurrence","recurrence":{"frequency":"Day","interval":1}}}`
	checkRules(t, []rule{
		{"method, path, queries and headers", request, echo,
			`"trigger":{"method":"PUT","relativePath":"a/x y","queries":{"q":1},"headers":{"x-h":"v","Authorization":"Basic eA=="}},"expect":{"response":{"body":{"relativePathParameters":{"b":"x y"},"queries":{"q":"1"},"headers":{"X-H":"v"}}}}`, nil},
		{"the definition's method is the default", request, echo, `"trigger":{"relativePath":"/a/1"},"expect":{"response":{"status":200}}`, nil},
		{"a wrong method begins no run", request, echo, `"trigger":{"method":"POST","relativePath":"a/1"},"expect":{"runs":0,"response":{"status":405,"headers":{"allow":"PUT"},"body":{"error":{"code":"TriggerRequestMethodNotValid"}}}}`, nil},
		{"a wrong path begins no run", request, echo, `"trigger":{"relativePath":"b"},"expect":{"status":"Succeeded"}`, []string{"no run began: the trigger answered 404"}},
		{"a body that is no string is JSON", "", echo, `"trigger":{"body":{"a":null}},"expect":{"response":{"body":{"body":{"a":null},"headers":{"Content-Type":"application/json","Content-Length":"10"}}}}`, nil},
		{"a string is text", "", echo, `"trigger":{"body":"{}"},"expect":{"response":{"body":{"body":"{}"}}}`, nil},
		{"bodyText is sent as it is", "", echo, `"trigger":{"headers":{"Content-Type":"application/json"},"bodyText":" [1, 2] "},"expect":{"response":{"body":{"body":[1,2]}}}`, nil},
		{"bodyText null is none", "", echo, `"trigger":{"bodyText":null,"body":1},"expect":{"response":{"body":{"body":1}}}`, nil},
		{"a body that is not what it says is refused", "", echo, `"trigger":{"headers":{"Content-Type":"application/json"},"bodyText":"{"},"expect":{"runs":0,"response":{"status":400,"body":{"error":{"code":"InvalidRequestContent"}}}}`, nil},
		{"other triggers fire by hand", timer, `{"A":{"type":"Compose","inputs":1}}`, `"expect":{"status":"Succeeded","actions":{"A":"Succeeded"}}`, nil},
		{"with outputs as theirs", timer, `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`, `"trigger":{"outputs":{"body":5}},"expect":{"actions":{"A":{"outputs":5}}}`, nil},
		{"they have no caller", timer, `{"A":{"type":"Compose","inputs":1}}`, `"expect":{"response":{"status":202}}`, []string{"response is missing"}},
		{"a condition that does not hold begins no run", `{"manual":{"type":"Request","conditions":[{"expression":"@equals(triggerBody(),1)"}]}}`, `{"A":{"type":"Compose","inputs":1}}`, `"trigger":{"body":2},"expect":{"runs":0,"response":{"status":202}}`, nil},
		{"a schema is checked if it is enabled", `{"manual":{"type":"Request","operationOptions":"EnableSchemaValidation","inputs":{"schema":{"type":"object"}}}}`, echo, `"trigger":{"body":[]},"expect":{"runs":0,"response":{"status":400,"body":{"error":{"code":"TriggerInputSchemaMismatch"}}}}`, nil},
		{"a schema is not checked otherwise", `{"manual":{"type":"Request","inputs":{"schema":{"type":"object"}}}}`, echo, `"trigger":{"body":[]},"expect":{"runs":1,"response":{"status":200}}`, nil},
		{"the caller's tracking id is kept", "", echo, `"trigger":{"headers":{"x-ms-client-tracking-id":"mine"}},"expect":{"response":{"headers":{"X-Ms-Client-Tracking-Id":"mine"}}}`, nil},
	})
}

func TestSplitOn(t *testing.T) {
	split := `{"manual":{"type":"Request","splitOn":"@triggerBody()?['v']"}}`
	one := `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`
	checkRules(t, []rule{
		{"one run for each item, and 202", split, one, `"trigger":{"body":{"v":[1,2]}},"expect":{"runs":2,"status":"Succeeded","response":{"status":202}}`, nil},
		{"the rest holds for each run", split, one, `"trigger":{"body":{"v":[1,2]}},"expect":{"runs":2,"actions":{"A":{"outputs":1}}}`, []string{"run 2: actions.A.outputs is 2, expected 1"}},
		{"calls are those of the run", split, post, `"trigger":{"body":{"v":["a","b"]}},"mocks":[{"responses":[{}]}],"expect":{"runs":2,"calls":[{"body":"a"}]}`, []string{"run 2: calls[0]"}},
		{"the number is asserted", split, one, `"trigger":{"body":{"v":[1]}},"expect":{"runs":2}`, []string{"runs is 1, expected 2"}},
		{"the firing is their origin", split, `{"A":{"type":"Compose","inputs":"@equals(trigger()?['originHistoryName'], workflow()['run']['name'])"}}`, `"trigger":{"body":{"v":[1]}},"expect":{"runs":1,"actions":{"A":{"outputs":false}}}`, nil},
		{"no array: the caller's answer", split, one, `"trigger":{"body":{"v":"x"}},"expect":{"runs":0,"response":{"status":400,"body":{"error":{"code":"ExpressionEvaluationFailed"}}}}`, nil},
		{"more than 100 items where runs are counted", `{"manual":{"type":"Request","splitOn":"@range(0,101)","runtimeConfiguration":{"concurrency":{"runs":5}}}}`, one, `"trigger":{},"expect":{"runs":0,"response":{"status":400,"body":{"error":{"code":"SplitOnItemsLimitExceeded"}}}}`, nil},
		{"Event Grid is answered", `{"manual":{"type":"Request","kind":"EventGrid"}}`, one, `"trigger":{"headers":{"aeg-event-type":"SubscriptionValidation"},"body":[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"c"}}]},"expect":{"runs":0,"response":{"status":200,"body":{"validationResponse":"c"}}}`, nil},
		{"no items, no run", split, one, `"trigger":{"body":{"v":[]}},"expect":{"runs":0}`, nil},
		{"no array, no run", split, one, `"trigger":{"body":{"v":1}},"expect":{"runs":1}`, []string{"runs is 0, expected 1: the trigger failed: ExpressionEvaluationFailed: The execution of template trigger 'manual' failed: the result of the evaluation of 'splitOn' expression '@triggerBody()?['v']' is of type 'Integer'. The result must be a valid array."}},
	})
}

func TestTime(t *testing.T) {
	clock := `"clock":"2024-03-15T10:30:45Z",`
	checkRules(t, []rule{
		{"clock is the time at the start", "", `{"A":{"type":"Compose","inputs":"@utcNow()"}}`, clock + `"expect":{"actions":{"A":{"outputs":"2024-03-15T10:30:45.0000000Z"}}}`, nil},
		{"waits pass at once", "", `{"W":{"type":"Wait","inputs":{"interval":{"count":3,"unit":"Day"}}},"A":{"type":"Compose","inputs":"@utcNow()","runAfter":{"W":["Succeeded"]}}}`, clock + `"expect":{"actions":{"A":{"outputs":"2024-03-18T10:30:45.0000000Z"}}}`, nil},
		{"retries pass at once", "", get, `"mocks":[{"responses":[{"status":500},{"status":500},{"status":200}]}],"expect":{"status":"Succeeded","calls":[{},{},{}]}`, nil},
		{"timeouts pass at once", "", `{"H":{"type":"Http","limit":{"timeout":"PT1H"},"inputs":{"method":"GET","uri":"https://h/"}}}`, `"mocks":[{"responses":[{"status":202,"headers":{"Location":"/x","Retry-After":"60"}}]}],"expect":{"actions":{"H":{"status":"TimedOut","code":"ActionTimedOut"}}}`, nil},
		{"the caller waits as long as it takes", "", `{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}},"R":{"type":"Response","inputs":{"statusCode":201},"runAfter":{"W":["Succeeded"]}}}`, `"expect":{"response":{"status":201}}`, nil},
		{"unless a timeout is expected", "", `{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}},"R":{"type":"Response","inputs":{"statusCode":201},"runAfter":{"W":["Succeeded"]}}}`, `"expect":{"response":{"status":504},"actions":{"R":{"code":"ActionResponseSkipped"}}}`, nil},
		{"a Response is skipped if its caller has left", "", `{"R":{"type":"Response","inputs":{"statusCode":200}}}`, `"expect":{"actions":{"R":{"status":"Skipped","code":"ActionResponseSkipped"}}}`, nil},
	})
}

func TestComparison(t *testing.T) {
	expect := func(outputs string) string { return `"expect":{"actions":{"A":{"outputs":` + outputs + `}}}` }
	checkRules(t, []rule{
		{"only what is named is asserted", "", pair, `"expect":{}`, nil},
		{"an object needs the named members", "", pair, expect(`{"a":1}`), nil},
		{"a named member must be there", "", pair, expect(`{"z":null}`), []string{"actions.A.outputs.z is missing, expected null"}},
		{"member names are exact", "", pair, expect(`{"A":1}`), []string{"actions.A.outputs.A is missing"}},
		{"an array needs all elements", "", pair, expect(`{"b":[1]}`), []string{"actions.A.outputs.b has 2 elements, expected 1"}},
		{"in order", "", pair, expect(`{"b":[{"c":2},1]}`), []string{"actions.A.outputs.b[0] is 1", "actions.A.outputs.b[1] is {"}},
		{"objects in arrays need the named members", "", pair, expect(`{"b":[1,{"d":3}]}`), nil},
		{"numbers compare by value", "", pair, expect(`{"a":1.0,"b":[1e0,{"c":2.00}]}`), nil},
		{"numbers and texts differ", "", pair, expect(`{"a":"1"}`), []string{`actions.A.outputs.a is 1, expected "1"`}},
		{"large integers compare exactly", "", `{"A":{"type":"Compose","inputs":9007199254740993}}`, expect(`9007199254740992`), []string{"is 9007199254740993"}},
		{"header names ignore case", "", pair, expect(`{"headers":{"x-y":"z"}}`), nil},
		{"texts are exact", "", `{"A":{"type":"Compose","inputs":"a"}}`, expect(`"A"`), []string{`actions.A.outputs is "a", expected "A"`}},
		{"null is a value", "", `{"A":{"type":"Compose","inputs":null}}`, expect(`null`), nil},
	})
}

func TestExpectations(t *testing.T) {
	fails := `{"A":{"type":"Compose","inputs":"@int('x')"}}`
	checkRules(t, []rule{
		{"status of the run", "", pair, `"expect":{"status":"Failed"}`, []string{"status is Succeeded, expected Failed"}},
		{"code and error of the run", "", fails, `"expect":{"status":"Failed","code":"ActionFailed","error":{"code":"ActionFailed","contains":"An action failed"}}`, nil},
		{"error null means none", "", fails, `"expect":{"error":null,"actions":{"A":{"error":null}}}`, []string{"error is ActionFailed: ", "actions.A.error is InvalidTemplate: "}},
		{"an expected error must be there", "", pair, `"expect":{"error":{"code":"X"},"actions":{"A":{"error":{}}}}`, []string{"error is missing, expected X", "actions.A.error is missing"}},
		{"code and message of an error", "", fails, `"expect":{"actions":{"A":{"error":{"code":"Y","contains":"zz"}}}}`, []string{`actions.A.error.code is "InvalidTemplate", expected "Y"`, "actions.A.error.message is"}},
		{"an action by its status", "", pair, `"expect":{"actions":{"A":"Skipped"}}`, []string{"actions.A.status is Succeeded, expected Skipped"}},
		{"code, inputs and outputs", "", pair, `"expect":{"actions":{"A":{"code":"Nope","inputs":{"a":2},"outputs":{"a":3}}}}`, []string{`actions.A.code is "OK"`, "actions.A.inputs.a is 1", "actions.A.outputs.a is 1"}},
		{"an action that is not defined", "", pair, `"expect":{"actions":{"B":"Succeeded"}}`, []string{"the definition has no action 'B'"}},
		{"action names ignore case", "", pair, `"expect":{"actions":{"a":"Succeeded"}}`, nil},
		{"inputs that were not recorded", "", fails, `"expect":{"actions":{"A":{"inputs":1}}}`, []string{"actions.A.inputs is missing, expected 1"}},
		{"variables", "", `{"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"v","type":"integer","value":3}]}}}`, `"expect":{"variables":{"V":3.0,"w":1}}`, []string{"variables.w was not initialised"}},
		{"a stateless run has its history", "", pair, `"expect":{"actions":{"A":{"outputs":{"a":1}}}}`, nil},
		{"secured values are compared and not shown", "", `{"A":{"type":"Http","inputs":{"method":"GET","uri":"https://h/"},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}}}`, `"mocks":[{"responses":[{"body":"hush"}]}],"expect":{"actions":{"A":{"outputs":{"body":"other"}}}}`, []string{"actions.A.outputs is not as expected; it is secured and not shown"}},
	})
}

func TestRepetitions(t *testing.T) {
	nested := `{"O":{"type":"Foreach","foreach":[1,2],"actions":{"I":{"type":"Foreach","foreach":"@range(0,item())","actions":{"C":{"type":"Compose","inputs":"@add(mul(items('O'),10),item())"}}},"D":{"type":"Compose","inputs":"@item()"}}}}`
	checkRules(t, []rule{
		{"the number of an outermost loop is of its iterations", "", nested, `"expect":{"actions":{"O":{"repetitions":2}}}`, nil},
		{"of an action in loops, of its records", "", nested, `"expect":{"actions":{"C":{"repetitions":3},"D":{"repetitions":2},"I":{"repetitions":2}}}`, nil},
		{"a wrong number", "", nested, `"expect":{"actions":{"O":{"repetitions":3},"C":{"repetitions":2}}}`, []string{"actions.C.repetitions is 3, expected 2", "actions.O.repetitions is 2, expected 3"}},
		{"a list has an expectation for each record, outermost first", "", nested, `"expect":{"actions":{"C":{"repetitions":[{"outputs":10},{"outputs":20},{"status":"Succeeded","outputs":21}]}}}`, nil},
		{"each is asserted", "", nested, `"expect":{"actions":{"C":{"repetitions":[{"outputs":10},{"outputs":20},{"outputs":22}]},"D":{"repetitions":["Succeeded","Failed"]}}}`, []string{"actions.C.repetitions[2].outputs is 21, expected 22", "actions.D.repetitions[1].status is Succeeded, expected Failed"}},
		{"iterations of an outermost loop", "", nested, `"expect":{"actions":{"O":{"repetitions":["Succeeded","Succeeded"]}}}`, nil},
		{"nested loops may be spoken of by outermost iteration", "", nested, `"expect":{"actions":{"C":{"repetitions":["Succeeded","Succeeded"]}}}`, nil},
		{"a list of another length", "", nested, `"expect":{"actions":{"C":{"repetitions":["Succeeded"]}}}`, []string{"actions.C.repetitions is 3, expected 1"}},
		{"an empty list", "", `{"O":{"type":"Foreach","foreach":[],"actions":{"C":{"type":"Compose","inputs":1}}}}`, `"expect":{"actions":{"O":{"repetitions":[]}}}`, nil},
		{"an Until is counted too", "", `{"U":{"type":"Until","expression":"@equals(iterationIndexes('U'),2)","limit":{"count":9},"actions":{"C":{"type":"Compose","inputs":"@iterationIndexes('U')"}}}}`, `"expect":{"actions":{"U":{"repetitions":3},"C":{"repetitions":[{"outputs":0},{"outputs":1},{"outputs":2}]}}}`, nil},
	})
}

func TestResponses(t *testing.T) {
	later := `{"W":{"type":"Wait","inputs":{"interval":{"count":5,"unit":"Minute"}}},"R":{"type":"Response","operationOptions":"Asynchronous","inputs":{"statusCode":201,"body":{"done":true}},"runAfter":{"W":["Succeeded"]}}}`
	checkRules(t, []rule{
		{"response is the caller's first answer", "", later, `"expect":{"response":{"status":202,"headers":{"retry-after":"2"}}}`, nil},
		{"polled is what polling ends with", "", later, `"expect":{"polled":{"status":201,"body":{"done":true}}}`, nil},
		{"nothing to poll", "", echo, `"expect":{"polled":{"status":200}}`, []string{"polled is missing"}},
		{"without a Response action, 202", "", pair, `"expect":{"response":{"status":202}}`, nil},
		{"a run without its Response, 502", "", `{"A":{"type":"Compose","inputs":"@int('x')"},"R":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"A":["Succeeded"]}}}`, `"expect":{"response":{"status":502,"body":{"error":{"code":"NoResponse"}}}}`, nil},
		{"text and JSON have their types", "", `{"R":{"type":"Response","inputs":{"statusCode":200,"body":"hi","headers":{"Set-Cookie":"no","X-Y":"z"}}}}`, `"expect":{"response":{"headers":{"content-type":"text/plain; charset=utf-8","x-y":"z","set-cookie":null},"body":"hi"}}`, nil},
		{"differences", "", `{"R":{"type":"Response","inputs":{"statusCode":200,"body":{"a":1}}}}`, `"expect":{"response":{"status":400,"headers":{"X":"y"},"body":{"a":2}}}`, []string{"response.status is 200, expected 400", "response.headers.X is missing", "response.body.a is 1, expected 2"}},
	})
}

func TestCalls(t *testing.T) {
	two := `{"A":{"type":"Http","inputs":{"method":"GET","uri":"https://h/1"}},"B":{"type":"Http","inputs":{"method":"GET","uri":"https://h/2","authentication":{"type":"Basic","username":"u","password":"p"}}}}`
	mocks := `"mocks":[{"responses":[{}]}],`
	checkRules(t, []rule{
		{"order is not asserted", "", two, mocks + `"expect":{"calls":[{"action":"B"},{"action":"A"}]}`, nil},
		{"further requests are not asserted", "", two, mocks + `"expect":{"calls":[{"uri":"https://h/2"}]}`, nil},
		{"each needs a request of its own", "", two, mocks + `"expect":{"calls":[{"action":"A"},{"action":"A"}]}`, []string{"calls[1] (A) was not made"}},
		{"a general one leaves the particular one its request", "", two, mocks + `"expect":{"calls":[{"method":"GET"},{"action":"A"}]}`, nil},
		{"retries count", "", get, `"mocks":[{"responses":[{"status":503},{}]}],"expect":{"calls":[{"action":"Get"},{"action":"Get"}]}`, nil},
		{"polls count", "", get, `"mocks":[{"responses":[{"status":202,"headers":{"Location":"/s"}},{}]}],"expect":{"calls":[{"uri":"https://h/a\\?x=1"},{"uri":"https://h/s"}]}`, nil},
		{"the expression is of the whole URI", "", get, mocks + `"expect":{"calls":[{"uri":"https://h/a"}]}`, []string{"its uri does not match"}},
		{"headers ignore case", "", get, mocks + `"expect":{"calls":[{"headers":{"x-a":"1","X-Ms-Workflow-Operation-Name":"Get"}}]}`, nil},
		{"credentials are as sent", "", two, mocks + `"expect":{"calls":[{"headers":{"authorization":"Basic dTpw"}}]}`, nil},
		{"and not shown", "", two, mocks + `"expect":{"calls":[{"action":"B","headers":{"authorization":"Basic x"}}]}`, []string{"headers.authorization is not the expected one"}},
		{"a body as JSON", "", post, `"trigger":{"body":{"a":1,"b":2}},` + mocks + `"expect":{"calls":[{"body":{"b":2.0}}]}`, nil},
		{"a body as text", "", post, `"trigger":{"body":"text"},` + mocks + `"expect":{"calls":[{"body":"text","headers":{"Content-Type":"text/plain; charset=utf-8"}}]}`, nil},
		{"another body", "", post, `"trigger":{"body":{"a":1}},` + mocks + `"expect":{"calls":[{"body":{"a":2}}]}`, []string{"the nearest is Post: POST https://h/b, but body.a is 1, expected 2"}},
		{"no calls at all", "", pair, `"expect":{"calls":[{}]}`, []string{"there were no calls"}},
	})
}

func TestSaveErrors(t *testing.T) {
	bad := `{"A":{"type":"Compose","inputs":"@nope()"}}`
	checkRules(t, []rule{
		{"with any error", "", bad, `"expect":{"saveError":{}}`, nil},
		{"with code and text", "", bad, `"expect":{"saveError":{"code":"InvalidTemplate","contains":"'nope' is not defined"}}`, nil},
		{"with another one", "", bad, `"expect":{"saveError":{"code":"Other"}}`, []string{"refused, but not as expected (Other)"}},
		{"accepted", "", pair, `"expect":{"saveError":{}}`, []string{"the definition is accepted, expected it to be refused"}},
		{"an unsupported type is no error of the definition", "", `{"A":{"type":"Xslt","inputs":{"content":"<a/>","integrationAccount":{"map":{"name":"m"}}}}}`, `"expect":{"saveError":{}}`, []string{"the definition is accepted"}},
		{"a refused definition fails other cases", "", bad, `"expect":{}`, []string{"the definition is refused: "}},
	})
}

// What a mock says about a callback is judged.
func TestCallbacks(t *testing.T) {
	ask := `{"Ask":{"type":"HttpWebhook","limit":{"timeout":"PT1H"},"inputs":{"subscribe":{"uri":"https://h/"}}}}`
	checkRules(t, []rule{
		{"of what is no webhook", "", get, `"mocks":[{"responses":[{"callback":{}}]}],"expect":{}`, []string{"a mock calls back 'Get', which is no webhook"}},
		{"not what its type says", "", ask, `"mocks":[{"responses":[{"callback":{"headers":{"Content-Type":"application/json"},"body":"{"}}]}],"expect":{}`, []string{"the callback of 'Ask': InvalidRequestContent"}},
		{"a subscription is a call", "", ask, `"mocks":[],"expect":{}`, []string{"no mock matches the call of Ask: POST https://h/"}},
	})
	if _, err := parse([]byte(`{"definition":{"actions":{}},"cases":[{"mocks":[{"responses":[{"callback":{"after":"soon"}}]}],"expect":{}}]}`), nil); err == nil || !strings.Contains(err.Error(), `responses[0].callback.after is "soon"`) {
		t.Error(err)
	}
}

func TestWithoutMocksCallsAreMade(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))
	defer server.Close()
	rule{actions: `{"G":{"type":"Http","inputs":{"method":"GET","uri":"` + server.URL + `/p"}}}`,
		more: `"expect":{"actions":{"G":{"outputs":{"body":"/p"}}},"calls":[{"action":"G"}]}`}.check(t)
}

// Definitions come by path or in the file, in every form.
func TestDefinitionForms(t *testing.T) {
	bare := `{"parameters":{"p":{"type":"String","defaultValue":"d"}},"triggers":{"manual":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":"@parameters('p')"}}}`
	single := `{"triggers":{"manual":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":"@concat(parameters('p'),appsetting('s'))"}}}`
	resource := `{"type":"Microsoft.Logic/workflows","apiVersion":"2019-05-01","name":"w","location":"l","properties":{"parameters":{"p":{"value":"r"}},"definition":` + bare + `}}`
	for _, c := range []struct{ name, definition, more, output string }{
		{"bare", bare, ``, "d"},
		{"wrapped", `{"definition":` + bare + `}`, ``, "d"},
		{"resource", resource, ``, "r"},
		{"parameters of the case win", resource, `"parameters":{"P":"c"},`, "c"},
		{"template", `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","parameters":{"x":{"type":"string","defaultValue":"[variables('v')]"}},"variables":{"v":"t"},"resources":[` + strings.Replace(resource, `"r"`, `"[parameters('x')]"`, 1) + `]}`, ``, "t"},
		{"single-tenant", `{"kind":"Stateful","definition":` + single + `}`, `"parameters":{"p":"@appsetting('s')"},"appSettings":{"s":"s"},`, "ss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := `"cases":[{` + c.more + `"expect":{"actions":{"A":{"outputs":"` + c.output + `"}}}}]}`
			folder := t.TempDir()
			for name, text := range map[string]string{"workflow.json": c.definition, "inside.json": `{"definition":` + c.definition + `,` + more, "tests/beside.json": `{"definition":"../workflow.json",` + more} {
				path := filepath.Join(folder, name)
				_ = os.MkdirAll(filepath.Dir(path), 0o755)
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"inside.json", "tests/beside.json"} {
				f, err := Load(filepath.Join(folder, name))
				if err != nil {
					t.Fatal(err)
				}
				if failures := cases(f)[0].Failures; failures != nil {
					t.Errorf("%s: %q", name, failures)
				}
			}
		})
	}
}

// A case has the same result every time.
func TestCasesRepeat(t *testing.T) {
	f, err := parse([]byte(`{"definition":{"triggers":{"manual":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":"@guid()"},"B":{"type":"Compose","inputs":"@workflow().run.name"}}},
		"cases":[{"clock":"2024-03-15T10:30:45Z","expect":{"actions":{"A":{"outputs":0},"B":{"outputs":0}}}}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := cases(f)[0].Failures
	if again := cases(f)[0].Failures; len(first) != 2 || strings.Join(first, "\n") != strings.Join(again, "\n") {
		t.Errorf("%q, then %q", first, again)
	}
}

func TestMatching(t *testing.T) {
	for _, c := range []struct {
		fits [][]int
		n    int
		want string
	}{
		{nil, 0, "[]"},
		{[][]int{{0, 1}, {0}}, 2, "[]"},
		{[][]int{{0, 1}, {0, 2}, {0}}, 3, "[]"},
		{[][]int{{0}, {0}}, 1, "[1]"},
		{[][]int{{}, {0}}, 1, "[0]"},
	} {
		if got := fmt.Sprint(unmatched(c.fits, c.n)); got != c.want {
			t.Errorf("%v: %s, want %s", c.fits, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"definition":{"triggers":{},"actions":{}},"cases":[{"expect":{"actions":{"A":{"repetitions":[1]}},"error":null}}]}`))
	f.Add([]byte(`{"definition":"x","cases":[{"mocks":[{"uri":"("}],"trigger":{"headers":{"a":[1]}},"expect":{}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parse(text, func(string, string) (wdl.Source, *project.Project, error) {
			return wdl.Source{}, nil, os.ErrNotExist
		})
		if err == nil && len(file.Cases) == 0 {
			t.Fatal("a file without cases was accepted")
		}
	})
}
