package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isle/internal/connector/script"
	"isle/internal/testfile"
)

// testHelp says what a test file is.
const testHelp = `Run the cases of test files. Each case starts the workflow in this process; calls
are answered by the case's mocks and time is virtual, so waits, timeouts and retries
pass at once. Only what "expect" names is asserted. Of a folder, every *.test.json below
it is run, and every other .json file that has a "definition" and "cases", in order of
their paths; folders whose name begins with a dot and node_modules are passed over.
Without an argument it is the current folder. The exit code is 1 if a case fails or a
test file is wrong, 2 if the command line is or a folder holds no tests.

A test file:

  {"definition": "../workflow.json",
   "cases": [{"name": "bad key", "clock": "2024-03-15T10:30:45Z", "parameters": {}, "appSettings": {},
     "trigger": {"method": "POST", "relativePath": "", "queries": {}, "headers": {}, "body": {}, "bodyText": null, "outputs": {}},
     "mocks": [{"action": "Get", "method": "GET", "uri": "expression", "responses": [{"status": 200, "headers": {}, "body": {}}]}],
     "expect": {"status": "Succeeded", "code": "", "error": {"code": "", "contains": ""}, "runs": 1,
       "actions": {"A": "Succeeded", "B": {"status": "", "code": "", "error": null, "inputs": {}, "outputs": {}, "repetitions": 3}},
       "response": {"status": 202, "headers": {}, "body": {}}, "polled": {"status": 200},
       "calls": [{"action": "Get", "method": "GET", "uri": "expression", "headers": {}, "body": {}}],
       "variables": {}, "saveError": {"code": "", "contains": ""}}}]}

definition is a path relative to the file, or the definition itself; "workflow" names
one of several in a template. A mock matches by action, or by method and the whole
URI; its responses are given in turn and the last one repeats;
{"error": {"code": "ServiceUnavailable", "message": ""}} is one that never comes. A response to
the subscription of a webhook action may have a "callback": {"after": "PT5M", "headers": {},
"queries": {}, "body": {}}, which calls the action back; without one nobody does, and it
waits for its limit.timeout. A webhook that sends no request takes the next response of
the mock with its name. When "mocks" is
present, a call that none matches fails the case; without it calls are really made. A
body that is a string is text, anything else JSON, unless the headers say otherwise.
An object needs the named members, an array all elements, numbers compare by value,
"error": null means none. Repetitions are a number or a list with an expectation for
each record; a list for an action in nested loops that is as long as the outermost
loop has iterations speaks of these.

The caller of a Request trigger waits as long as it takes, unless "expect" names the
response status 504 (then it gives up after 240 s) or, without a response, the code
ActionResponseSkipped (then it has left).

A file is refused with everything that is wrong with it: values of a wrong type, members
and names of actions that are spelled almost like known ones, and in "expect" every
unknown member. Other unknown members, and mocks of actions that the definition does
not have, are warned of on standard error. For the reader only, anywhere: notes,
comment, description, $schema, and names that begin with _ or //.

--record writes a test file from a run of the server that owns the data folder: its
trigger, a mock with what each call got, and what it did. "notes" in it says what was
left out and what must be filled in, such as secured values.`

func testCommand() *cobra.Command {
	var asJSON bool
	var junit string
	var recording testRecording
	cmd := &cobra.Command{
		Use:   "test [FILE|FOLDER…]",
		Short: "Run test files of workflows, with mocks and a virtual clock",
		Long:  testHelp,
		Example: `  isle test
  isle test project
  isle test tests/*.json
  isle test --junit results.xml tests/order.json
  isle test --record 08584260177443276593711884190CU00 -o tests/order.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if recording.run != "" {
				return cobra.NoArgs(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if recording.run != "" {
				return recording.write(cmd)
			}
			r := &testReport{out: cmd.OutOrStdout(), json: asJSON}
			code := script.Pool(script.Options{Start: scriptWorker})
			defer code.Close()
			if len(args) == 0 {
				args = []string{"."}
			}
			for _, name := range args {
				if err := r.path(cmd, name, code); err != nil {
					return err
				}
			}
			return r.end(junit)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line for each case")
	cmd.Flags().StringVar(&junit, "junit", "", "write the results to this file as JUnit XML")
	recording.flags(cmd)
	return cmd
}

// path runs a test file, or those below a folder in order.
func (r *testReport) path(cmd *cobra.Command, name string, code *script.Operation) error {
	files := []string{name}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		if files, err = testfile.Find(name); err != nil {
			return inputError{err}
		}
	}
	for _, file := range files {
		r.file(cmd, file, code)
		if err := cmd.Context().Err(); err != nil {
			return err
		}
	}
	return nil
}

// file runs a test file. What is most likely not meant in it is warned of.
func (r *testReport) file(cmd *cobra.Command, name string, code *script.Operation) {
	f, err := testfile.Load(name)
	if err != nil {
		r.unreadable(name, err)
		return
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(cmd.ErrOrStderr(), "isle: warning: %v\n", w)
	}
	r.begin(name)
	f.InlineCode = code
	f.Run(cmd.Context(), r.add)
}

// testReport prints results as they come and keeps them for JUnit.
type testReport struct {
	out            io.Writer
	json           bool
	suites         []*junitSuite
	passed, failed int
}

func (r *testReport) begin(file string) {
	r.suites = append(r.suites, &junitSuite{Name: file})
	if !r.json {
		fmt.Fprintln(r.out, file)
	}
}

// unreadable counts a file that cannot be run as a failure.
func (r *testReport) unreadable(file string, err error) {
	r.begin(file)
	r.add(testfile.Result{Failures: strings.Split(err.Error(), "\n")})
}

func (r *testReport) add(result testfile.Result) {
	ok := len(result.Failures) == 0
	if ok {
		r.passed++
	} else {
		r.failed++
	}
	suite := r.suites[len(r.suites)-1]
	suite.add(result)
	if r.json {
		r.printJSON(suite.Name, result)
		return
	}
	mark := "ok  "
	if !ok {
		mark = "FAIL"
	}
	name := result.Name
	if name == "" {
		name = "(not run)"
	}
	fmt.Fprintf(r.out, "  %s  %s\n", mark, name)
	for _, f := range result.Failures {
		fmt.Fprintf(r.out, "        %s\n", f)
	}
}

func (r *testReport) printJSON(file string, result testfile.Result) {
	encoder := json.NewEncoder(r.out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(struct {
		File     string   `json:"file"`
		Case     string   `json:"case,omitempty"`
		Passed   bool     `json:"passed"`
		Failures []string `json:"failures,omitempty"`
		Seconds  float64  `json:"seconds"`
	}{file, result.Name, len(result.Failures) == 0, result.Failures, result.Duration.Seconds()})
}

// end sums up and writes the JUnit file, if one is wanted.
func (r *testReport) end(junit string) error {
	if !r.json {
		fmt.Fprintf(r.out, "%d passed, %d failed\n", r.passed, r.failed)
	}
	if junit != "" {
		if err := writeJUnit(junit, r.suites); err != nil {
			return err
		}
	}
	if r.failed > 0 {
		return exitError(1)
	}
	return nil
}

// junitSuite and junitCase are the parts of a JUnit report that its readers share.
type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`

	duration time.Duration
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (s *junitSuite) add(r testfile.Result) {
	c := junitCase{Name: r.Name, Class: s.Name, Time: seconds(r.Duration)}
	if len(r.Failures) > 0 {
		c.Failure = &junitFailure{Message: r.Failures[0], Text: strings.Join(r.Failures, "\n")}
		s.Failures++
	}
	s.Tests++
	s.duration += r.Duration
	s.Time = seconds(s.duration)
	s.Cases = append(s.Cases, c)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func writeJUnit(file string, suites []*junitSuite) error {
	text, err := xml.MarshalIndent(struct {
		XMLName xml.Name      `xml:"testsuites"`
		Suites  []*junitSuite `xml:"testsuite"`
	}{Suites: suites}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(xml.Header), append(text, '\n')...), 0o644)
}
