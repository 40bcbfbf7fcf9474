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

// Load reads a test file and the definition that it names.
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
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Path = path
	return f, nil
}

// parse reads the text of a test file; open finds the definition that it names, by
// a path relative to it.
func parse(content []byte, open func(definition, workflow string) (wdl.Source, *project.Project, error)) (*File, error) {
	var raw struct {
		Definition json.RawMessage `json:"definition"`
		Workflow   string          `json:"workflow"` // which one, if the definition's document holds several
		Kind       string          `json:"kind"`
		Cases      []Case          `json:"cases"`
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(content, &raw); err != nil {
		return nil, fmt.Errorf("this is not a test file: %w", malformed(content, err))
	}
	f := &File{Cases: raw.Cases}
	var name string
	var err error
	switch {
	case len(raw.Definition) == 0:
		return nil, errors.New(`this is not a test file: "definition" is missing; it is a path relative to the file, or the definition itself`)
	case json.Unmarshal(raw.Definition, &name) == nil:
		f.Definition, f.Project, err = open(name, raw.Workflow)
	default:
		f.Definition, err = OpenDefinition(raw.Definition, raw.Workflow)
	}
	if err == nil {
		f.connections, err = Connections(f.Project)
	}
	if err != nil {
		return nil, fmt.Errorf("its definition: %w", err)
	}
	if raw.Kind != "" {
		f.Definition.Kind = raw.Kind
	}
	return f, f.prepare()
}

// prepare compiles the expressions of mocks and calls and refuses what could never
// match or asserts nothing.
func (f *File) prepare() error {
	var problems []error
	if len(f.Cases) == 0 {
		problems = append(problems, errors.New("it has no cases"))
	}
	for i := range f.Cases {
		c := &f.Cases[i]
		if c.Name == "" {
			c.Name = fmt.Sprintf("case %d", i+1)
		}
		for _, err := range c.prepare() {
			problems = append(problems, fmt.Errorf("case %q: %w", c.Name, err))
		}
	}
	return errors.Join(problems...)
}

func (c *Case) prepare() (problems []error) {
	if c.Expect == nil {
		return []error{errors.New(`"expect" is missing: it would assert nothing`)}
	}
	if c.Mocks != nil {
		for i := range *c.Mocks {
			if err := (*c.Mocks)[i].prepare(); err != nil {
				problems = append(problems, fmt.Errorf("mock %d: %w", i+1, err))
			}
		}
	}
	for i := range c.Expect.Calls {
		if err := c.Expect.Calls[i].prepare(); err != nil {
			problems = append(problems, fmt.Errorf("call %d: %w", i+1, err))
		}
	}
	return problems
}
