package testfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// differences compares what came of a case with its expectation.
func (c *Case) differences(program *wdl.Program, invoked *Invoked, made []call) (found []string) {
	e := c.Expect
	if e.Runs != nil && *e.Runs != len(invoked.Runs) {
		text := fmt.Sprintf("runs is %d, expected %d", len(invoked.Runs), *e.Runs)
		if invoked.Reason != "" && len(invoked.Runs) == 0 {
			text += ": " + invoked.Reason
		}
		found = append(found, text)
	} else if len(invoked.Runs) == 0 && e.ofRun() && (e.Runs == nil || *e.Runs > 0) {
		found = append(found, "no run began: "+invoked.Reason)
	}
	found = append(found, e.Response.differences("response", invoked.Answer)...)
	found = append(found, e.Polled.differences("polled", invoked.Polled)...)
	for i, run := range invoked.Runs {
		where := ""
		if len(invoked.Runs) > 1 {
			where = fmt.Sprintf("run %d: ", i+1)
		}
		for _, d := range e.runDifferences(program, run, made) {
			found = append(found, where+d)
		}
	}
	return found
}

func (e *ExpectedResponse) differences(path string, actual *Answer) (found []string) {
	if e == nil {
		return nil
	}
	if actual == nil {
		return []string{path + " is missing: nothing was answered"}
	}
	if e.Status != 0 && e.Status != actual.StatusCode {
		found = append(found, fmt.Sprintf("%s.status is %d, expected %d: %s", path, actual.StatusCode, e.Status, brief(expr.String(string(actual.Body)))))
	}
	found = append(found, headerDifferences(path+".headers", e.Headers, actual.Header)...)
	if e.Body.Given {
		found = append(found, bodyDifferences(path+".body", e.Body.Value, actual.Header, actual.Body)...)
	}
	return found
}

func (e *Expectation) runDifferences(program *wdl.Program, run Run, made []call) (found []string) {
	s := &run.Summary
	if e.Status != "" && !strings.EqualFold(e.Status, s.Status.String()) {
		text := fmt.Sprintf("status is %s, expected %s", s.Status, e.Status)
		if s.Error != nil {
			text += ": " + s.Error.Error()
		}
		if s.Status == wdl.Failed {
			text += causes(program, run.Records)
		}
		found = append(found, text)
	}
	found = append(found, codeDifferences("code", e.Code, s.Code)...)
	found = append(found, e.Error.differences("error", s.Error)...)
	for _, name := range sorted(e.Actions) {
		want := e.Actions[name]
		path := "actions." + name
		action, ok := program.Action(name)
		if !ok {
			found = append(found, fmt.Sprintf("%s: the definition has no action '%s'", path, name))
			continue
		}
		found = append(found, want.differences(path, action, run.Records)...)
	}
	own := slices.DeleteFunc(slices.Clone(made), func(c call) bool { return c.run != run.Name })
	found = append(found, callDifferences(e.Calls, own)...)
	return append(found, variableDifferences(e.Variables, run.Variables)...)
}

func codeDifferences(path string, expected *string, actual string) []string {
	if expected == nil || *expected == actual || *expected == "" && actual == "NotSpecified" {
		return nil
	}
	return []string{fmt.Sprintf("%s is %q, expected %q", path, actual, *expected)}
}

func (e *ExpectedError) differences(path string, actual *engine.Error) (found []string) {
	switch {
	case !e.Given || e.None && actual == nil:
		return nil
	case e.None:
		return []string{fmt.Sprintf("%s is %v, expected none", path, actual)}
	case actual == nil:
		return []string{fmt.Sprintf("%s is missing, expected %s", path, strings.TrimSpace(e.Code+" "+e.Contains))}
	}
	if e.Code != "" && e.Code != actual.Code {
		found = append(found, fmt.Sprintf("%s.code is %q, expected %q", path, actual.Code, e.Code))
	}
	if !strings.Contains(actual.Message, e.Contains) {
		found = append(found, fmt.Sprintf("%s.message is %q, expected it to contain %q", path, actual.Message, e.Contains))
	}
	return found
}

func variableDifferences(expected map[string]expr.Value, actual []engine.Variable) (found []string) {
	for _, name := range sorted(expected) {
		i := slices.IndexFunc(actual, func(v engine.Variable) bool { return strings.EqualFold(v.Name, name) })
		if i < 0 {
			found = append(found, fmt.Sprintf("variables.%s was not initialised", name))
			continue
		}
		found = append(found, differences("variables."+name, expected[name], actual[i].Value)...)
	}
	return found
}

// differences compares an action with its records. Of an action in loops the last
// record counts, as in the history's list of actions.
func (e *ExpectedAction) differences(path string, a *wdl.Action, all []engine.Record) (found []string) {
	var records, iterations []engine.Record
	for _, r := range all {
		switch {
		case r.Index != a.Index:
		case r.Iteration:
			iterations = append(iterations, r)
		default:
			records = append(records, r)
		}
	}
	if len(records) == 0 {
		if e.Status != "" || e.Code != nil || e.Error.Given || e.Inputs.Given || e.Outputs.Given {
			found = append(found, path+" has no record: it was never reached")
		}
	} else {
		found = e.recordDifferences(path, &records[len(records)-1])
	}
	if e.Repetitions == nil {
		return found
	}
	// An outermost loop is counted by its iterations, an action in loops by its
	// records.
	if a.Type.IsLoop() && a.Depth == 0 {
		records = iterations
	} else if a.Depth > 1 && len(e.Repetitions.Each) != len(records) {
		records = e.Repetitions.summed(records)
	}
	return append(found, e.Repetitions.differences(path+".repetitions", a, records, all)...)
}

// summed replaces the records of an action in nested loops by one for each iteration
// of the outermost loop, if the list has as many entries: then it speaks of these.
// Each has the status that weighs most.
func (e *ExpectedRepetitions) summed(records []engine.Record) []engine.Record {
	weight := map[wdl.Status]int{wdl.Skipped: 1, wdl.Succeeded: 2, wdl.Cancelled: 3, wdl.TimedOut: 4, wdl.Failed: 5}
	outer := map[int]engine.Record{}
	for _, r := range records {
		i := r.Repetition[0].Index
		if sum, ok := outer[i]; !ok || weight[r.Status] > weight[sum.Status] {
			outer[i] = r
		}
	}
	if e.Each == nil || len(outer) != len(e.Each) {
		return records
	}
	return slices.Collect(maps.Values(outer))
}

func (e *ExpectedRepetitions) differences(path string, a *wdl.Action, records, all []engine.Record) (found []string) {
	if len(records) != e.Count {
		return []string{fmt.Sprintf("%s is %d, expected %d", path, len(records), e.Count)}
	}
	slices.SortStableFunc(records, func(x, y engine.Record) int {
		return slices.CompareFunc(x.Repetition, y.Repetition, func(i, j engine.RepetitionIndex) int { return i.Index - j.Index })
	})
	for i := range e.Each {
		each := &e.Each[i]
		at := fmt.Sprintf("%s[%d]", path, i)
		found = append(found, each.recordDifferences(at, &records[i])...)
		if each.Repetitions != nil {
			found = append(found, each.Repetitions.differences(at+".repetitions", a, within(a, records[i], all), all)...)
		}
	}
	return found
}

// within are the iterations of a nested loop that one of its records stands for.
func within(a *wdl.Action, of engine.Record, all []engine.Record) (iterations []engine.Record) {
	for _, r := range all {
		if r.Index == a.Index && r.Iteration && len(r.Repetition) == len(of.Repetition)+1 && slices.Equal(r.Repetition[:len(of.Repetition)], of.Repetition) {
			iterations = append(iterations, r)
		}
	}
	return iterations
}

func (e *ExpectedAction) recordDifferences(path string, r *engine.Record) (found []string) {
	if e.Status != "" && !strings.EqualFold(e.Status, r.Status.String()) {
		text := fmt.Sprintf("%s.status is %s, expected %s", path, r.Status, e.Status)
		if r.Error != nil {
			text += ": " + r.Error.Error()
		}
		found = append(found, text)
	}
	found = append(found, codeDifferences(path+".code", e.Code, r.Code)...)
	found = append(found, e.Error.differences(path+".error", r.Error)...)
	found = append(found, valueDifferences(path+".inputs", e.Inputs, r.Inputs, r.HasInputs, r.SecureInputs)...)
	return append(found, valueDifferences(path+".outputs", e.Outputs, r.Outputs, r.HasOutputs, r.SecureOutputs)...)
}

// valueDifferences compares inputs or outputs; secured ones are compared, but not
// shown.
func valueDifferences(path string, expected Value, actual expr.Value, has, secured bool) []string {
	switch {
	case !expected.Given:
		return nil
	case !has && expected.IsNull():
		return nil
	case !has:
		return []string{fmt.Sprintf("%s is missing, expected %s", path, brief(expected.Value))}
	}
	found := differences(path, expected.Value, actual)
	if secured && len(found) > 0 {
		return []string{path + " is not as expected; it is secured and not shown"}
	}
	return found
}
