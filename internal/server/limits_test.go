package server

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/local"
	"isle/internal/trigger"
	"isle/wdl"
)

// compileWithin gives the program, or the code of the first problem.
func compileWithin(t *testing.T, l wdl.Limits, triggers, actions, more string) (*wdl.Program, string) {
	t.Helper()
	v, err := expr.ReadJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
		"contentVersion":"1.0.0.0","triggers":{` + triggers + `},"actions":{` + actions + `}` + more + `}`))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(v, expr.Null(), wdl.Options{Limits: &l})
	if program == nil {
		return nil, problems[0].Code + " " + string(problems[0].Rule)
	}
	return program, ""
}

const (
	oneTrigger = `"manual":{"type":"Request","kind":"Http"}`
	twoActions = `"A":{"type":"Compose","inputs":1},"B":{"type":"Compose","inputs":1}`
)

// overOne gives, for each limit of definitions that is set to 1, what goes beyond it.
var overOne = map[string][3]string{
	"actions":            {oneTrigger, twoActions},
	"triggers":           {oneTrigger + `,"other":{"type":"Request","kind":"Http"}`},
	"parameters":         {oneTrigger, "", `,"parameters":{"a":{"type":"int","defaultValue":1},"b":{"type":"int","defaultValue":1}}`},
	"outputs":            {oneTrigger, "", `,"outputs":{"a":{"type":"int","value":1},"b":{"type":"int","value":1}}`},
	"variables":          {oneTrigger, `"A":{"type":"InitializeVariable","inputs":{"variables":[{"name":"a","type":"integer"}]}},"B":{"type":"InitializeVariable","inputs":{"variables":[{"name":"b","type":"integer"}]},"runAfter":{"A":["Succeeded"]}}`},
	"nesting":            {oneTrigger, `"S":{"type":"Scope","actions":{"T":{"type":"Scope","actions":{"A":{"type":"Compose","inputs":1}}}}}`},
	"cases":              {oneTrigger, `"S":{"type":"Switch","expression":"@length('a')","cases":{"a":{"case":1,"actions":{}},"b":{"case":2,"actions":{}}},"default":{"actions":{}}}`},
	"trackedProperties":  {oneTrigger, `"A":{"type":"Compose","inputs":1,"trackedProperties":{"a":"b"}}`},
	"untilIterations":    {oneTrigger, `"U":{"type":"Until","expression":"@equals(1,1)","limit":{"count":2,"timeout":"PT1H"},"actions":{}}`},
	"foreachConcurrency": {oneTrigger, `"F":{"type":"Foreach","foreach":"@createArray(1)","actions":{},"runtimeConfiguration":{"concurrency":{"repetitions":2}}}`},
	"triggerConcurrency": {`"manual":{"type":"Request","kind":"Http","runtimeConfiguration":{"concurrency":{"runs":2}}}`},
	"waitingRuns":        {`"manual":{"type":"Request","kind":"Http","runtimeConfiguration":{"concurrency":{"runs":1,"maximumWaitingRuns":20}}}`},
	"paginationItems":    {oneTrigger, `"H":{"type":"Http","inputs":{"method":"GET","uri":"http://x"},"runtimeConfiguration":{"paginationPolicy":{"minimumItemCount":2}}}`},
	"retryCount":         {oneTrigger, `"H":{"type":"Http","inputs":{"method":"GET","uri":"http://x","retryPolicy":{"type":"fixed","count":2,"interval":"PT5S"}}}`},
	"batchMessages":      {`"b":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"b":{"releaseCriteria":{"messageCount":2}}}}}`},
	"inlineCode":         {oneTrigger, `"J":{"type":"JavaScriptCode","inputs":{"code":"1;"}}`},
}

// wdl-semantics §17: every limit is a setting with the code that is told beyond it.
func TestEveryLimitIsASetting(t *testing.T) {
	defaults, _ := readLimits(nil)
	for _, one := range defaults.list() {
		if _, isCount := one.value.(*int); !isCount || strings.HasPrefix(one.name, "foreachItems") || strings.HasPrefix(one.name, "splitOn") || one.name == "nestedCalls" {
			continue // see TestLimitsOfRuns, and isletest
		}
		t.Run(one.name, func(t *testing.T) {
			parts, ok := overOne[one.name]
			if !ok {
				t.Fatal("no definition goes beyond it")
			}
			if _, code := compileWithin(t, defaults.Workflow, parts[0], parts[1], parts[2]); code != "" {
				t.Fatalf("refused by default: %s", code)
			}
			l, err := readLimits([]string{one.name + "=1"})
			if err != nil {
				t.Fatal(err)
			}
			if _, code := compileWithin(t, l.Workflow, parts[0], parts[1], parts[2]); !strings.HasPrefix(code, wdl.CodeInvalidTemplate) && !strings.HasPrefix(code, wdl.CodeInputsInvalidProperty) {
				t.Errorf("beyond it: %q", code)
			}
			if program, code := compileWithin(t, l.Workflow.Stored(), parts[0], parts[1], parts[2]); program == nil {
				t.Errorf("what is stored is refused: %s", code)
			}
		})
	}
}

// wdl-semantics §17: items of a Foreach, iterations of an Until, items of splitOn.
func TestLimitsOfRuns(t *testing.T) {
	l, err := readLimits([]string{"foreachItems=2", "untilIterations=3", "splitOnItems=2", "splitOnItemsWithConcurrency=1"})
	if err != nil {
		t.Fatal(err)
	}
	program, code := compileWithin(t, l.Workflow, `"manual":{"type":"Request","kind":"Http","splitOn":"@triggerBody()"}`,
		`"F":{"type":"Foreach","foreach":"@range(0,3)","actions":{}},"U":{"type":"Until","expression":"@equals(1,1)","limit":{"count":"@add(2,2)","timeout":"PT1H"},"actions":{}}`, "")
	if program == nil {
		t.Fatal(code)
	}
	w := &engine.Workflow{Program: program, Name: "w"}
	result, err := local.Run(context.Background(), local.Config{Workflow: w, Virtual: true, Trigger: engine.Fired{Name: "manual"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range result.Records {
		want := map[string]string{"F": "more than the limit of 2", "U": "not an integer between 1 and 3"}[r.Action]
		if r.Error == nil || !strings.Contains(r.Error.Message, want) {
			t.Errorf("%s: %v", r.Action, r.Error)
		}
	}
	fired := &engine.Fired{Name: "manual", HasOutputs: true, Outputs: expr.Object(expr.Member{Name: "body", Value: expr.Array(expr.Int(1), expr.Int(2), expr.Int(3))})}
	if _, err := trigger.Split(w, program.Triggers[0], fired, "run", time.Time{}); err == nil || !strings.Contains(err.Error(), "SplitOnItemsLimitExceeded") {
		t.Errorf("splitOn: %v", err)
	}
}

func TestReadLimits(t *testing.T) {
	l, err := readLimits([]string{"messageSize=50MB", "CHUNKEDSIZE=1gb", "inboundTimeout=1m30s", "foreachItems=7", "inlineCodeTime=2s", "inlineCodeMemory=1024"})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(l.MessageSize, l.ChunkedSize, l.Inbound, l.Workflow.ForeachItems, l.Code.Time, l.Code.Memory); got != "52428800 1073741824 1m30s 7 2s 1024" {
		t.Error(got)
	}
	_, err = readLimits([]string{"nothing=1", "actions=0", "actions=x", "actions", "messageSize=0", "messageSize=9999999GB", "messageSize=MB", "inboundTimeout=5", "inboundTimeout=-1s", "runDuration=367d", "runDuration=xd"})
	for _, want := range []string{
		"--limit nothing=1: there is no limit 'nothing'; the limits are actions, triggers,", "--limit actions=0: give a whole number", "--limit actions=x:", "--limit actions:",
		"--limit messageSize=0: give a size in bytes", "--limit messageSize=9999999GB:", "--limit messageSize=MB:", "--limit inboundTimeout=5: give a time above zero", "--limit inboundTimeout=-1s:", "--limit runDuration=367d: give a time above zero and up to 366d", "--limit runDuration=xd:",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in %v", want, err)
		}
	}
}
