package testfile

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/connector/builtin"
	"isle/internal/dataplane"
)

// Other triggers than Request fire once by hand, with outputs as theirs; the rules of
// wdl-semantics §10.1 to §10.3 hold as on a server.
func TestTriggersByHand(t *testing.T) {
	const minute = `"recurrence":{"frequency":"Minute","interval":1}`
	polls := func(members string) string {
		return `{"p":{"type":"Http","inputs":{"method":"GET","uri":"https://h/?sig=s"},` + minute + members + `}}`
	}
	when := func(expression string) string { return `,"conditions":[{"expression":"` + expression + `"}]` }
	const one, two, window = `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`, `{"A":{"type":"Compose","inputs":"@trigger()?['code']"}}`, `{"A":{"type":"Compose","inputs":"@triggerOutputs()"}}`
	fired := func(trigger, actions, rest string) rule {
		return rule{"", trigger, actions, rest, nil}
	}
	rules := map[string]rule{
		"a poll with outputs":                       fired(polls(""), one, `"trigger":{"outputs":{"statusCode":200,"body":{"a":1}}},"mocks":[],"expect":{"runs":1,"actions":{"A":{"outputs":{"a":1}}}}`),
		"a poll is not made, and 200 if none":       fired(polls(""), two, `"trigger":{"outputs":{"body":1}},"mocks":[],"expect":{"runs":1,"actions":{"A":{"outputs":"OK"}}}`),
		"202 is no news":                            fired(polls(""), one, `"trigger":{"outputs":{"statusCode":202}},"expect":{"runs":0}`),
		"201 is none":                               fired(polls(""), one, `"trigger":{"outputs":{"statusCode":201}},"expect":{"runs":0}`),
		"unless a condition says so":                fired(polls(when("@equals(triggers().code,'Created')")), two, `"trigger":{"outputs":{"statusCode":201}},"expect":{"runs":1,"actions":{"A":{"outputs":"Created"}}}`),
		"a condition on the status code may fail":   fired(polls(when("@equals(triggers().code,'Created')")), two, `"trigger":{"outputs":{"statusCode":200}},"expect":{"runs":0}`),
		"an error begins no run":                    fired(polls(""), one, `"trigger":{"outputs":{"statusCode":500}},"expect":{"runs":0}`),
		"splitOn of a poll":                         fired(polls(`,"splitOn":"@triggerBody()?['value']"`), one, `"trigger":{"outputs":{"body":{"value":[1,2]}}},"expect":{"runs":2}`),
		"a connection's trigger":                    fired(`{"p":{"type":"ApiConnection","inputs":{"host":{"connection":{"name":"c"}},"method":"get","path":"/x"},`+minute+`}}`, one, `"trigger":{"outputs":{"body":5}},"mocks":[],"expect":{"actions":{"A":{"outputs":5}}}`),
		"an API's trigger":                          fired(`{"p":{"type":"ApiManagement","inputs":{"api":{"id":"/x"},"method":"GET","pathTemplate":{"template":"/x","parameters":{}}}}}`, one, `"trigger":{"outputs":{"body":5}},"mocks":[],"expect":{"actions":{"A":{"outputs":5}}}`),
		"a window with outputs":                     fired(`{"w":{"type":"SlidingWindow",`+minute+`}}`, window, `"trigger":{"outputs":{"windowStartTime":"a"}},"expect":{"actions":{"A":{"outputs":{"windowStartTime":"a"}}}}`),
		"a window without: the one in progress":     fired(`{"w":{"type":"SlidingWindow","recurrence":{"frequency":"Hour","interval":6,"startTime":"2024-03-01T00:00:00Z"}}}`, window, `"clock":"2024-03-15T10:30:45Z","expect":{"actions":{"A":{"outputs":{"windowStartTime":"2024-03-15T06:00:00Z","windowEndTime":"2024-03-15T12:00:00Z"}}}}`),
		"a recurrence has no outputs":               fired(`{"r":{"type":"Recurrence",`+minute+`}}`, window, `"expect":{"actions":{"A":{"outputs":null}}}`),
		"the inputs are recorded without secrets":   fired(polls(""), `{"A":{"type":"Compose","inputs":"@trigger()?['inputs']?['uri']"}}`, `"expect":{"actions":{"A":{"outputs":"https://h/?sig=*sanitized*"}}}`),
		"a trigger in the history of a single case": fired(polls(`,"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}`), one, `"trigger":{"outputs":{"body":5}},"expect":{"actions":{"A":{"outputs":5}}}`),
	}
	var list []rule
	for name, r := range rules {
		r.sentence = name
		list = append(list, r)
	}
	checkRules(t, list)
}

// Without a server and without outputs a polling trigger really asks, once.
func TestAPollByHandIsMade(t *testing.T) {
	status := 200
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
	}))
	defer peer.Close()
	definition, err := expr.ParseJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
		"triggers":{"p":{"type":"Http","inputs":{"method":"GET","uri":"` + peer.URL + `"},"recurrence":{"frequency":"Minute","interval":1}}},"actions":{"A":{"type":"Compose","inputs":"@triggerOutputs()?['statusCode']"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	source, err := OpenDefinition(definition.JSON(), "")
	if err != nil {
		t.Fatal(err)
	}
	workflow, problems := Compile(source, Settings{})
	if workflow == nil {
		t.Fatal(problems)
	}
	operations, end := builtin.Operations(builtin.Options{})
	defer end()
	invocation := Invocation{Workflow: workflow, Operations: operations, Start: time.Now(), Seed: 1,
		Dialer: dataplane.NewInproc(dataplane.Options{}).Dialer(dataplane.Shared, dataplane.SubnetBuiltIn)}
	for _, want := range []string{"", "answered Accepted", "answered NotFound"} {
		invoked, err := invocation.Run(context.Background())
		if err != nil || !strings.Contains(invoked.Reason, want) || (len(invoked.Runs) == 1) != (status == 200) {
			t.Errorf("%d: %+v, %v", status, invoked, err)
		}
		status = map[int]int{200: 202, 202: 404}[status]
	}
	peer.Close()
	if _, err := invocation.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "trigger 'p': ServiceUnavailable") {
		t.Errorf("no answer: %v", err)
	}
}
