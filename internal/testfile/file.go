// Package testfile runs test files of workflows: each case starts the workflow in
// this process with a virtual clock and mocks for its calls, and compares what the
// run did with what the case expects. Only what a case names is asserted.
//
// Load reads a file and tells all its problems at once; File.Run runs its cases, one
// after another, each independent of the others and with the same result every
// time. The same machinery starts one run with real calls: see Invocation.
//
// Nothing is stored. Requests go through the operations of the server (bodies,
// headers, retries, polling), only their exchange is replaced by a mock; a case
// without the member "mocks" really calls.
package testfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"isle/expr"
	"isle/internal/connector/connection"
	"isle/internal/connector/script"
	"isle/internal/project"
	"isle/wdl"
)

// File is a test file: a definition and the cases that are run against it.
type File struct {
	Path       string
	Definition wdl.Source
	Project    *project.Project // that the definition belongs to; nil: none
	Cases      []Case
	// Warnings are what is most likely not meant; the cases are run all the same.
	Warnings []*Problem
	// InlineCode runs JavaScriptCode actions; nil: this process does. Inline code is
	// not mocked, it really runs.
	InlineCode *script.Operation

	connections connection.Directory // of the project
}

// Case is one run and what is expected of it.
type Case struct {
	Name        string                `json:"name"`
	Clock       time.Time             `json:"clock"` // the time at the start; zero: now
	Parameters  map[string]expr.Value `json:"parameters"`
	AppSettings map[string]string     `json:"appSettings"`
	Trigger     Trigger               `json:"trigger"`
	Mocks       *[]Mock               `json:"mocks"` // present, even empty: what no mock matches fails the case
	Expect      *Expectation          `json:"expect"`
}

// Load reads a test file and the definition that it names. The error joins everything
// that is wrong, each with the file and the place.
func Load(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder: name the test files in it", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(content, func(definition, workflow string) (wdl.Source, *project.Project, error) {
		return Open(filepath.Join(filepath.Dir(path), filepath.FromSlash(definition)), workflow)
	})
	if err != nil {
		return nil, inFile(path, err)
	}
	f.Path = path
	for _, w := range f.Warnings {
		w.File = path
	}
	return f, nil
}

// opener finds the definition that a test file names, by a path relative to it.
type opener func(definition, workflow string) (wdl.Source, *project.Project, error)

// parse reads the text of a test file: it is judged whole, and decoded if nothing is
// wrong.
func parse(content []byte, open opener) (*File, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	var text json.RawMessage
	if err := json.Unmarshal(content, &text); err != nil {
		return nil, notJSON(content, err)
	}
	root, err := expr.ParseJSON(content)
	if err != nil {
		return nil, notJSON(content, err)
	}
	j := &judge{content: content}
	f := &File{}
	if root.Kind() == expr.KindObject {
		j.definition(f, root, open)
	}
	j.file(root)
	if len(j.problems) > 0 {
		return nil, together(j.problems)
	}
	f.Warnings = j.warnings
	var raw struct{ Cases []Case }
	if err := json.Unmarshal(content, &raw); err != nil {
		return nil, fmt.Errorf("this is not a test file: %w", err)
	}
	f.Cases = raw.Cases
	return f, f.prepare()
}

// definition opens what the cases are run against.
func (j *judge) definition(f *File, root expr.Value, open opener) {
	definition, _ := root.Get("definition")
	workflow, _ := root.Get("workflow")
	at := spot{}.member("definition")
	var err error
	switch path, isPath := definition.AsString(); {
	case definition.IsNull():
		j.problem(spot{}, ` has no "definition": give a path relative to the file, or the definition itself`)
		return
	case isPath:
		f.Definition, f.Project, err = open(path, workflow.Text())
	case definition.Kind() == expr.KindObject:
		f.Definition, err = OpenDefinition(definition.JSON(), workflow.Text())
	default:
		j.problem(at, " must be a path or an object, it is %s", shown(definition, &shape{}))
		return
	}
	for _, err := range separate(err) {
		j.problem(at, ": %v", err)
	}
	if err != nil {
		return
	}
	if f.connections, err = Connections(f.Project); err != nil {
		for _, err := range separate(err) {
			j.problem(at, ": %v", err)
		}
	}
	if kind, _ := root.Get("kind"); kind.Text() != "" {
		f.Definition.Kind = kind.Text()
	}
	j.actions = typesOf(f.Definition)
}

// file judges all but the definition.
func (j *judge) file(root expr.Value) {
	if cases, _ := root.Get("cases"); root.Kind() == expr.KindObject && (cases.IsNull() || cases.Kind() == expr.KindArray && cases.Len() == 0) {
		j.problem(spot{}, ` has no cases: give "cases": [{"expect": {"status": "Succeeded"}}]`)
	}
	j.value(root, spot{}, fileShape())
}

// together are problems as one error.
func together(problems []*Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// prepare names the cases and compiles the expressions of mocks and calls.
func (f *File) prepare() error {
	var problems []error
	for i := range f.Cases {
		c := &f.Cases[i]
		if c.Name == "" {
			c.Name = caseName(i)
		}
		problems = append(problems, c.prepare())
	}
	return errors.Join(problems...)
}

// caseName is that of a case that has none.
func caseName(i int) string { return fmt.Sprintf("case %d", i+1) }

func (c *Case) prepare() error {
	var problems []error
	if c.Mocks != nil {
		for i := range *c.Mocks {
			problems = append(problems, (*c.Mocks)[i].prepare())
		}
	}
	for i := range c.Expect.Calls {
		problems = append(problems, c.Expect.Calls[i].prepare())
	}
	return errors.Join(problems...)
}

// ParseTrigger reads what fires a workflow, as a case has it. The error joins
// everything that is wrong.
func ParseTrigger(content []byte) (t Trigger, err error) {
	var text json.RawMessage
	if err := json.Unmarshal(content, &text); err != nil {
		return t, err
	}
	v, err := expr.ParseJSON(content)
	if err != nil {
		return t, err
	}
	j := &judge{content: content}
	if j.value(v, spot{}, triggerShape()); len(j.problems) > 0 {
		return t, together(j.problems)
	}
	return t, json.Unmarshal(content, &t)
}
