package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/local"
	"isle/internal/trigger"
	"isle/wdl"
)

// documented has a row for each of wdl-semantics §17: its item, what it says of an
// environment, and the settings with their defaults. Why says why a default is another one,
// or why there is no setting; DIVERGENCES.md has each of them.
var documented = []struct {
	item, says string
	limits     map[string]string
	why        string
}{
	{item: "actions / nesting / triggers / cases / variables", says: "500 / 8 / 10 / 25 / 250",
		limits: map[string]string{"actions": "500", "nesting": "8", "triggers": "10", "cases": "25", "variables": "250"}},
	{item: "parameters / outputs / trackedProperties", says: "50 / 10 / 16,000 chars",
		limits: map[string]string{"parameters": "50", "outputs": "10", "trackedProperties": "16000"}},
	{item: "expression length / evaluated size", says: "8,192 / 131,072 chars",
		limits: map[string]string{"expressionLength": "8192", "expressionResult": "100MB"},
		why:    "the evaluated size is that of later documents, 104,857,600 (§4.2)"},
	{item: "run duration and retention", says: "up to 366",
		limits: map[string]string{"runDuration": "90d"}, why: "up to is what it can be set to; 90 days are the default of ise.md (b)"},
	{item: "recurrence", says: "1 s-500 days", limits: map[string]string{"recurrenceMinimum": "1s", "recurrenceMaximum": "500d"}},
	{item: "trigger concurrency, waiting runs", says: "off; 25 when on (1-50); 10+runs…100",
		limits: map[string]string{"triggerConcurrency": "100", "waitingRuns": "200"}, why: "the newer, wider bounds (§12.3)"},
	{item: "Foreach items / concurrency", says: "100,000 / 20 (1-50)", limits: map[string]string{"foreachItems": "100000", "foreachConcurrency": "50"}},
	{item: "Until iterations", says: "60 default, 5,000 max", limits: map[string]string{"untilIterations": "5000"}},
	{item: "SplitOn", says: "100,000 (100 with concurrency)", limits: map[string]string{"splitOnItems": "100000", "splitOnItemsWithConcurrency": "100"}},
	{item: "HTTP timeout outbound / inbound", says: "240 s",
		limits: map[string]string{"outboundTimeout": "240s, 120s outside an environment", "inboundTimeout": "240s, 120s outside an environment"}},
	{item: "message size / chunked", says: "200 MB / 5 GB",
		limits: map[string]string{"messageSize": "200MB, 100MB outside an environment", "chunkedSize": "1GB"}, why: "a chunked message is in memory"},
	{item: "retry", says: "90 attempts, 5 s-1 day, default 4",
		limits: map[string]string{"retryCount": "90", "retryMinimumInterval": "5s", "retryMaximumInterval": "1d"}},
	{item: "action executions", says: "base unit about 4,000/min, +2,000 per scale unit, max 10",
		why: "no single number: --limits documented has it held by SKU and capacity"},
	{item: "actions' single-run inline code", says: "5 s", limits: map[string]string{"inlineCodeTime": "5s"}},
	{item: "batch", says: "8,000 messages / 80 MB (earlier 5,000)", limits: map[string]string{"batchMessages": "8000", "batchSize": "80MB"}},
	{item: "paginated items", says: "100,000", limits: map[string]string{"paginationItems": "100000"}},
}

// further are limits of ise.md (b) beside those of §17.
var further = map[string]string{"nameLength": "80", "descriptionLength": "256", "uriLength": "16384", "variableSize": "100MB", "variableItems": "100000",
	"downloadRequests": "1000", "inlineCode": "100000"}

// own are limits of Isle's.
var own = map[string]string{"nestedCalls": "50", "inlineCodeMemory": "256MB", "bufferedSize": "1GB"}

// wdl-semantics §17: every row is a setting with the documented default, or says why not.
func TestEveryRowOfLimitsIsASetting(t *testing.T) {
	defaults := map[string]string{}
	limits := defaultLimits()
	for _, one := range limits.list() {
		defaults[one.name] = one.text()
	}
	told := maps.Clone(own)
	maps.Copy(told, further)
	for _, row := range documented {
		maps.Copy(told, row.limits)
		if len(row.limits) == 0 && row.why == "" {
			t.Errorf("%s: neither a setting nor a reason", row.item)
		}
	}
	if !maps.Equal(defaults, told) {
		t.Errorf("the settings are\n%v\nthe documents say\n%v", defaults, told)
	}
	for i, row := range limitsOfReference(t) {
		if i >= len(documented) || documented[i].item != row[0] || documented[i].says != row[1] {
			t.Errorf("row %d of the reference is %q", i+1, row)
		}
	}
}

// limitsOfReference are item and value in an environment of each row of §17.
func limitsOfReference(t *testing.T) (rows [][2]string) {
	text, err := os.ReadFile("../../../shared/reference/wdl-semantics.md")
	if err != nil {
		t.Skip("SKIPPED: the reference is not here")
	}
	_, table, _ := strings.Cut(string(text), "\n# 17. ")
	table, _, _ = strings.Cut(table, "\n# ")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || strings.HasPrefix(line, "| Item") {
			continue
		}
		item, says, there := strings.TrimPrefix(cells[0], "| "), cells[1], strings.TrimSuffix(strings.TrimSpace(cells[2]), " |")
		if there != "same" {
			says = there
		}
		rows = append(rows, [2]string{item, says})
	}
	if len(rows) != len(documented) {
		t.Errorf("the reference has %d rows, here are %d", len(rows), len(documented))
	}
	return rows
}

// compileWithin gives the program, or the first problem.
func compileWithin(t *testing.T, l wdl.Limits, triggers, actions, more string) (*wdl.Program, wdl.Problem) {
	t.Helper()
	v, err := expr.ReadJSON([]byte(`{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
		"contentVersion":"1.0.0.0","triggers":{` + triggers + `},"actions":{` + actions + `}` + more + `}`))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(v, expr.Null(), wdl.Options{Limits: &l})
	problem, _ := problems.First()
	return program, problem
}

const (
	oneTrigger = `"manual":{"type":"Request","kind":"Http"}`
	twoActions = `"A":{"type":"Compose","inputs":1},"B":{"type":"Compose","inputs":1}`
	retrying   = `"H":{"type":"Http","inputs":{"method":"GET","uri":"http://x","retryPolicy":{"type":"fixed","count":2,"interval":"PT20S"}}}`
)

// every is a trigger of two minutes.
const every = `"r":{"type":"Recurrence","recurrence":{"frequency":"Minute","interval":2}}`

// beyond is, for each limit of definitions, a setting and a definition that goes beyond
// it; says is what is told of this limit only. The code is the service's for every wrong
// definition.
var beyond = map[string]struct {
	set                     string
	triggers, actions, more string
	says                    string
}{
	"actions":              {"1", oneTrigger, twoActions, "", "number of template actions limit exceeded: maximum '1' and actual '2'"},
	"triggers":             {"1", oneTrigger + `,"other":{"type":"Request","kind":"Http"}`, "", "", "number of template triggers limit exceeded"},
	"parameters":           {"1", oneTrigger, "", `,"parameters":{"a":{"type":"int","defaultValue":1},"b":{"type":"int","defaultValue":1}}`, "number of template parameters limit exceeded"},
	"outputs":              {"1", oneTrigger, "", `,"outputs":{"a":{"type":"int","value":1},"b":{"type":"int","value":1}}`, "number of template outputs limit exceeded"},
	"variables":            {"1", oneTrigger, `"A":{"type":"InitializeVariable","inputs":{"variables":[{"name":"a","type":"integer"}]}},"B":{"type":"InitializeVariable","inputs":{"variables":[{"name":"b","type":"integer"}]},"runAfter":{"A":["Succeeded"]}}`, "", "number of template variables limit exceeded"},
	"nesting":              {"1", oneTrigger, `"S":{"type":"Scope","actions":{"T":{"type":"Scope","actions":{"A":{"type":"Compose","inputs":1}}}}}`, "", "levels deep, the limit is 1"},
	"cases":                {"1", oneTrigger, `"S":{"type":"Switch","expression":"@length('a')","cases":{"a":{"case":1,"actions":{}},"b":{"case":2,"actions":{}}},"default":{"actions":{}}}`, "", "the switch has 2 cases, the limit is 1"},
	"nameLength":           {"6", oneTrigger, `"Another":{"type":"Compose","inputs":1}`, "", "has 7 characters, the limit is 6"},
	"descriptionLength":    {"1", oneTrigger, `"A":{"type":"Compose","inputs":1}`, `,"description":"ab"`, "exceeded the length limit: maximum '1' and actual '2'"},
	"uriLength":            {"7", oneTrigger, `"H":{"type":"Http","inputs":{"method":"GET","uri":"http://x"}}`, "", "the uri has 8 bytes, the limit is 7"},
	"trackedProperties":    {"1", oneTrigger, `"A":{"type":"Compose","inputs":1,"trackedProperties":{"a":"b"}}`, "", "the trackedProperties have 9 characters, the limit is 1"},
	"expressionLength":     {"7", oneTrigger, `"A":{"type":"Compose","inputs":"@add(1, 2)"}`, "", "expression is longer than the limit of 7 characters"},
	"inlineCode":           {"1", oneTrigger, `"J":{"type":"JavaScriptCode","inputs":{"code":"1;"}}`, "", "the code has 2 characters, the limit is 1"},
	"recurrenceMinimum":    {"3m", every, "", "", "the limits of a recurrence, PT3M and P500D"},
	"recurrenceMaximum":    {"1m", every, "", "", "the limits of a recurrence, PT1S and PT1M"},
	"triggerConcurrency":   {"1", `"manual":{"type":"Request","kind":"Http","runtimeConfiguration":{"concurrency":{"runs":2}}}`, "", "", "concurrency.runs must lie between 1 and 1"},
	"waitingRuns":          {"1", `"manual":{"type":"Request","kind":"Http","runtimeConfiguration":{"concurrency":{"runs":1,"maximumWaitingRuns":20}}}`, "", "", "concurrency.maximumWaitingRuns must lie between 1 and 1"},
	"foreachConcurrency":   {"1", oneTrigger, `"F":{"type":"Foreach","foreach":"@createArray(1)","actions":{},"runtimeConfiguration":{"concurrency":{"repetitions":2}}}`, "", "concurrency.repetitions must lie between 1 and 1"},
	"untilIterations":      {"1", oneTrigger, `"U":{"type":"Until","expression":"@equals(1,1)","limit":{"count":2,"timeout":"PT1H"},"actions":{}}`, "", "limit.count must lie between 1 and 1"},
	"paginationItems":      {"1", oneTrigger, `"H":{"type":"Http","inputs":{"method":"GET","uri":"http://x"},"runtimeConfiguration":{"paginationPolicy":{"minimumItemCount":2}}}`, "", "'minimumItemsCount' exceeds the maximum allowed. Actual: '2'. Maximum: '1'"},
	"retryCount":           {"1", oneTrigger, retrying, "", "the retry policy's count must lie between 1 and 1, but is '2'"},
	"retryMinimumInterval": {"30s", oneTrigger, retrying, "", "the retry policy's interval 'PT20S' must lie between PT30S and P1D"},
	"retryMaximumInterval": {"10s", oneTrigger, retrying, "", "the retry policy's interval 'PT20S' must lie between PT5S and PT10S"},
	"batchMessages":        {"1", `"b":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"b":{"releaseCriteria":{"messageCount":2}}}}}`, "", "", "releaseCriteria.messageCount must lie between 1 and 1"},
	"batchSize":            {"1", `"b":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"b":{"releaseCriteria":{"batchSize":2}}}}}`, "", "", "releaseCriteria.batchSize must lie between 1 and 1"},
}

// wdl-semantics §17, §15 rule 20: a definition beyond a limit is refused, and one that is
// stored still runs.
func TestDefinitionsBeyondALimit(t *testing.T) {
	defaults := defaultLimits()
	for name, c := range beyond {
		t.Run(name, func(t *testing.T) {
			if _, problem := compileWithin(t, defaults.Workflow, c.triggers, c.actions, c.more); problem.Code != "" {
				t.Fatalf("refused by default: %s", problem)
			}
			l, err := readLimits([]string{name + "=" + c.set})
			if err != nil {
				t.Fatal(err)
			}
			if _, problem := compileWithin(t, l.Workflow, c.triggers, c.actions, c.more); problem.Code != wdl.CodeInvalidTemplate || !strings.Contains(problem.Message, c.says) {
				t.Errorf("beyond it: %s", problem)
			}
			if program, problem := compileWithin(t, l.Workflow.Stored(), c.triggers, c.actions, c.more); program == nil {
				t.Errorf("what is stored is refused: %s", problem)
			}
		})
	}
}

// exceeding is, for each limit that runs are held to, an action that goes beyond it, and
// the code of its own.
var exceeding = map[string]struct{ set, action, code string }{
	"foreachItems":         {"2", `{"type":"Foreach","foreach":"@range(0,3)","actions":{}}`, "ForeachItemsLimitExceeded"},
	"untilIterations":      {"3", `{"type":"Until","expression":"@equals(1,1)","limit":{"count":"@add(2,2)","timeout":"PT1H"},"actions":{}}`, "UntilIterationsLimitExceeded"},
	"expressionResult":     {"8", `{"type":"Compose","inputs":"@concat('12345','6789')"}`, "ExpressionResultLimitExceeded"},
	"variableSize":         {"8", `{"type":"InitializeVariable","inputs":{"variables":[{"name":"v","type":"string","value":"@concat('12345','6789')"}]}}`, "VariableSizeLimitExceeded"},
	"variableItems":        {"2", `{"type":"InitializeVariable","inputs":{"variables":[{"name":"v","type":"array","value":"@range(0,3)"}]}}`, "VariableItemsLimitExceeded"},
	"retryCount":           {"2", `{"type":"Http","inputs":{"method":"GET","uri":"http://x","retryPolicy":{"type":"fixed","count":"@add(1,2)","interval":"PT5S"}}}`, "RetryCountLimitExceeded"},
	"retryMinimumInterval": {"6s", `{"type":"Http","inputs":{"method":"GET","uri":"http://x","retryPolicy":{"type":"fixed","count":1,"interval":"@concat('PT','5S')"}}}`, "RetryIntervalLimitExceeded"},
	"retryMaximumInterval": {"6s", `{"type":"Http","inputs":{"method":"GET","uri":"http://x","retryPolicy":{"type":"exponential","count":1,"interval":"PT5S","maximumInterval":"@concat('PT','7S')"}}}`, "RetryIntervalLimitExceeded"},
}

// runWithin runs a workflow under a limit and gives the record of its action A. Requests
// fail as those that are retried.
func runWithin(t *testing.T, setting, actions string) engine.Record {
	t.Helper()
	l, err := readLimits([]string{setting})
	if err != nil {
		t.Fatal(err)
	}
	program, problem := compileWithin(t, l.Workflow, oneTrigger, actions, "")
	if program == nil {
		t.Fatal(problem)
	}
	result, err := local.Run(context.Background(), local.Config{Workflow: &engine.Workflow{Program: program, Name: "w"}, Virtual: true, Trigger: engine.Fired{Name: "manual"},
		Perform: func(context.Context, engine.Call) engine.Outcome {
			return engine.Outcome{Status: wdl.Failed, StatusCode: 503}
		}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(result.Records, func(r engine.Record) bool { return r.Action == "A" && !r.Iteration })
	return result.Records[i]
}

// initialized are a string and an array variable to be changed.
const initialized = `,"runAfter":{"I":["Succeeded"]}},"I":{"type":"InitializeVariable","inputs":{"variables":[{"name":"s","type":"string","value":"12345"},{"name":"l","type":"array","value":[1,2]}]}}`

// ise.md (b): a variable is held to its limits by each action that changes it.
func TestVariablesBeyondALimit(t *testing.T) {
	for _, c := range []struct{ setting, action, code string }{
		{"variableSize=8", `{"type":"AppendToStringVariable","inputs":{"name":"s","value":"6789"}`, "VariableSizeLimitExceeded"},
		{"variableSize=9", `{"type":"AppendToStringVariable","inputs":{"name":"s","value":"6789"}`, "NotSpecified"},
		{"variableSize=8", `{"type":"SetVariable","inputs":{"name":"s","value":"123456789"}`, "VariableSizeLimitExceeded"},
		{"variableSize=8", `{"type":"AppendToArrayVariable","inputs":{"name":"l","value":"6789"}`, "VariableSizeLimitExceeded"},
		{"variableSize=20", `{"type":"AppendToArrayVariable","inputs":{"name":"l","value":"6789"}`, "NotSpecified"},
		{"variableItems=2", `{"type":"AppendToArrayVariable","inputs":{"name":"l","value":3}`, "VariableItemsLimitExceeded"},
		{"variableItems=3", `{"type":"AppendToArrayVariable","inputs":{"name":"l","value":3}`, "NotSpecified"},
		{"variableItems=2", `{"type":"SetVariable","inputs":{"name":"l","value":[1,2,3]}`, "VariableItemsLimitExceeded"},
	} {
		if record := runWithin(t, c.setting, `"A":`+c.action+initialized); record.Code != c.code {
			t.Errorf("%s %s: %s %s %v", c.setting, c.action, record.Status, record.Code, record.Error)
		}
	}
}

// wdl-semantics §17: what a run does beyond a limit fails with a code of its own.
func TestRunsBeyondALimit(t *testing.T) {
	for name, c := range exceeding {
		t.Run(name, func(t *testing.T) {
			record := runWithin(t, name+"="+c.set, `"A":`+c.action)
			if record.Status != wdl.Failed || record.Code != c.code || record.Error == nil || record.Error.Code != c.code {
				t.Errorf("%s %s %v", record.Status, record.Code, record.Error)
			}
			if record := runWithin(t, "actions=9", `"A":`+c.action); record.Code == c.code {
				t.Errorf("by default: %s %s %v", record.Status, record.Code, record.Error)
			}
		})
	}
}

// wdl-semantics §11.5, §12.3, §12.4: what a definition does not say is the documented
// default, or the limit where that is less.
func TestDefaultsKeepToTheLimits(t *testing.T) {
	iterations := func(setting string) int {
		return runWithin(t, setting, `"A":{"type":"Until","expression":"@equals(1,2)","limit":{"timeout":"PT1H"},"actions":{}}`).IterationCount
	}
	retries := func(setting string) int {
		return runWithin(t, setting, `"A":{"type":"Http","inputs":{"method":"GET","uri":"http://x"}}`).Attempts - 1
	}
	runs := func(setting string) int {
		l, _ := readLimits([]string{setting})
		program, _ := compileWithin(t, l.Workflow.Stored(), `"manual":{"type":"Request","kind":"Http","runtimeConfiguration":{"concurrency":{}}}`, "", "")
		return program.Triggers[0].Runs
	}
	parallel := func(setting string) (most int) {
		l, _ := readLimits([]string{setting})
		program, _ := compileWithin(t, l.Workflow.Stored(), oneTrigger, `"F":{"type":"Foreach","foreach":"@range(0,30)","actions":{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}}`, "")
		open := map[string]bool{}
		_, err := local.Run(context.Background(), local.Config{Workflow: &engine.Workflow{Program: program, Name: "w"}, Virtual: true, Trigger: engine.Fired{Name: "manual"},
			Observe: func(_ time.Time, _ engine.Event, r *engine.Result) {
				records, _ := engine.DecodeRecords(r.Rows)
				for _, rec := range records {
					if rec.Action == "W" {
						open[fmt.Sprint(rec.Repetition)] = !rec.Status.Final()
					}
				}
				waiting := 0
				for _, is := range open {
					if is {
						waiting++
					}
				}
				most = max(most, waiting)
			}})
		if err != nil {
			t.Fatal(err)
		}
		return most
	}
	for _, c := range []struct {
		setting string
		got     func(string) int
		want    int
	}{
		{"untilIterations=1000", iterations, 60}, {"untilIterations=7", iterations, 7},
		{"retryCount=10", retries, 4}, {"retryCount=2", retries, 2},
		{"triggerConcurrency=30", runs, 25}, {"triggerConcurrency=3", runs, 3},
		{"foreachConcurrency=30", parallel, 20}, {"foreachConcurrency=3", parallel, 3},
	} {
		if got := c.got(c.setting); got != c.want {
			t.Errorf("%s: %d, want %d", c.setting, got, c.want)
		}
	}
}

// wdl-semantics §10.1, §17: items of splitOn, fewer where the runs of the trigger are
// limited.
func TestSplitOnBeyondALimit(t *testing.T) {
	const concurrency = `,"runtimeConfiguration":{"concurrency":{"runs":1}}`
	for _, c := range []struct {
		setting, more string
		refused       bool
	}{
		{"splitOnItems=2", "", true}, {"splitOnItems=3", "", false},
		{"splitOnItemsWithConcurrency=2", concurrency, true}, {"splitOnItemsWithConcurrency=3", concurrency, false},
		{"splitOnItemsWithConcurrency=2", "", false}, {"splitOnItems=2", concurrency, false},
	} {
		l, err := readLimits([]string{c.setting})
		if err != nil {
			t.Fatal(err)
		}
		program, problem := compileWithin(t, l.Workflow, `"manual":{"type":"Request","kind":"Http","splitOn":"@triggerBody()"`+c.more+`}`, "", "")
		if program == nil {
			t.Fatal(problem)
		}
		fired := &engine.Fired{Name: "manual", HasOutputs: true, Outputs: expr.Object(expr.Member{Name: "body", Value: expr.Array(expr.Int(1), expr.Int(2), expr.Int(3))})}
		_, err = trigger.Split(&engine.Workflow{Program: program, Name: "w"}, program.Triggers[0], fired, "run", time.Time{})
		var refusal *engine.Error
		if refused := errors.As(err, &refusal) && refusal.Code == "SplitOnItemsLimitExceeded"; refused != c.refused {
			t.Errorf("%s%s: %v", c.setting, c.more, err)
		}
	}
}

// provoked are the limits that are gone beyond on a server, in isletest/limits_test.go, and
// the code that is told there.
var provoked = map[string]string{
	"uriLength": "UriLengthLimitExceeded", "downloadRequests": "DownloadRequestsLimitExceeded",
	"messageSize": "RequestSizeLimitExceeded", "chunkedSize": "ResponseSizeLimitExceeded", "bufferedSize": "BufferedSizeLimitExceeded",
	"inboundTimeout": "GatewayTimeout", "outboundTimeout": "RequestTimeout", "nestedCalls": "NestedWorkflowDepthExceeded", "batchSize": "BatchMessageTooLarge",
	"splitOnItemsWithConcurrency": "SplitOnItemsLimitExceeded", "runDuration": "WorkflowRunTimedOut", "inlineCodeTime": "InlineCodeScriptRuntimeFailure",
}

// Every limit is gone beyond somewhere, with its code.
func TestEveryLimitIsProvoked(t *testing.T) {
	source, err := os.ReadFile("../../isletest/limits_test.go")
	if err != nil {
		t.Fatal(err)
	}
	// What a worker process may take is gone beyond in the package script: TestMemoryBombs.
	elsewhere := []string{"splitOnItems", "inlineCodeMemory"} // the first: TestSplitOnBeyondALimit
	for name, code := range provoked {
		if !strings.Contains(string(source), `"`+name+"=") || !strings.Contains(string(source), code) {
			t.Errorf("no server is told %s=… and answers %s", name, code)
		}
	}
	limits := defaultLimits()
	for _, one := range limits.list() {
		_, defined := beyond[one.name]
		_, run := exceeding[one.name]
		if !defined && !run && provoked[one.name] == "" && !slices.Contains(elsewhere, one.name) {
			t.Errorf("nothing goes beyond %s", one.name)
		}
	}
}

// README and help name every limit.
func TestLimitsAreListed(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	limits, help := defaultLimits(), LimitsHelp()
	for _, one := range limits.list() {
		if !regexp.MustCompile("`" + one.name + "[`=]").Match(readme) {
			t.Errorf("README.md does not name %s", one.name)
		}
		if !strings.Contains(help, "  "+one.name+" ") || !strings.Contains(help, "("+one.text()+")") {
			t.Errorf("the help does not name %s", one.name)
		}
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
	_, err = readLimits([]string{"nothing=1", "actions=0", "actions=x", "actions", "messageSize=0", "messageSize=9999999GB", "messageSize=MB", "inboundTimeout=5", "inboundTimeout=-1s", "runDuration=367d", "runDuration=xd",
		"recurrenceMaximum=501d", "expressionResult=101MB", "retryMinimumInterval=2d", "recurrenceMinimum=500d", "recurrenceMaximum=1h"})
	for _, want := range []string{
		"--limit nothing=1: there is no limit 'nothing'; the limits are actions, triggers,", "--limit actions=0: give a whole number", "--limit actions=x:", "--limit actions:",
		"--limit messageSize=0: give a size in bytes", "--limit messageSize=9999999GB:", "--limit messageSize=MB:", "--limit inboundTimeout=5: give a time above zero", "--limit inboundTimeout=-1s:", "--limit runDuration=367d: give a time above zero and up to 366d", "--limit runDuration=xd:",
		"--limit recurrenceMaximum=501d: give a time above zero and up to 500d", "--limit expressionResult=101MB: give no more than 100MB",
		"--limit retryMinimumInterval=2d: it must not be longer than retryMaximumInterval, which is 1d", "--limit recurrenceMinimum=500d: it must not be longer than recurrenceMaximum, which is 3600s",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in %v", want, err)
		}
	}
}
