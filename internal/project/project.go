// Package project opens the folder of a single-tenant project: host.json, what its
// workflows share (parameters.json, connections.json, local.settings.json), and one
// folder with a workflow.json for each workflow.
//
// It reads and never writes, stays inside the folder, and tells all that is wrong
// with the files at once. Values are as written: their @appsetting() and
// @parameters() are for who runs or checks a workflow.
package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// The names of a project's files.
const (
	HostFile        = "host.json"
	ParametersFile  = "parameters.json"
	ConnectionsFile = "connections.json"
	SettingsFile    = "local.settings.json"
	WorkflowFile    = "workflow.json"
)

// Project is an open project.
type Project struct {
	Folder    string
	Workflows []Workflow // by name
	// Parameters are those that all workflows may read: name → {"type", "value"}.
	// Connections is the document of the connections. Empty objects if there are none.
	Parameters, Connections expr.Value
	// Settings are the Values of local.settings.json; nil if there is no such file.
	Settings map[string]string
}

// Workflow is one workflow of a project.
type Workflow struct {
	Name   string // of its folder
	File   string // relative to the project, with slashes
	Source wdl.Source
}

// Problem is what is wrong with one file of a project.
type Problem struct {
	File  string // relative to the project, with slashes
	Cause error  // a *wdl.DocumentError where the text is no JSON
}

func (p *Problem) Error() string { return p.File + ": " + p.Cause.Error() }

func (p *Problem) Unwrap() error { return p.Cause }

// Above finds the project that a file or folder belongs to: the nearest folder from
// there upwards that has a host.json. "" if there is none.
func Above(name string) string {
	folder, err := filepath.Abs(name)
	if err != nil {
		return ""
	}
	for range maxDepth {
		if info, err := os.Stat(filepath.Join(folder, HostFile)); err == nil && info.Mode().IsRegular() {
			return folder
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			break
		}
		folder = parent
	}
	return ""
}

// maxDepth is how far above a file its project may be: folder, project, and room for
// test files that lie deeper.
const maxDepth = 8

// Open reads a project. The error joins a *Problem for each file that cannot be
// read; what could be is there all the same.
func Open(folder string) (*Project, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	r := &reader{root: root}
	p := &Project{Folder: folder, Parameters: r.object(ParametersFile), Connections: r.object(ConnectionsFile)}
	if _, err := root.Stat(HostFile); err != nil {
		r.fail(HostFile, errors.New("the project has none: it is what makes a folder a project"))
	}
	r.object(HostFile)
	p.Settings = r.settings()
	p.Workflows = r.workflows(p.Parameters)
	return p, errors.Join(r.problems...)
}

// Workflow finds a workflow by name, in any letter case; "" is the only one.
func (p *Project) Workflow(name string) (Workflow, error) {
	var names []string
	for _, w := range p.Workflows {
		if strings.EqualFold(w.Name, name) || name == "" && len(p.Workflows) == 1 {
			return w, nil
		}
		names = append(names, "'"+w.Name+"'")
	}
	switch {
	case len(names) == 0:
		return Workflow{}, fmt.Errorf("the project %s has no workflow: each has a folder with a %s", p.Folder, WorkflowFile)
	case name == "":
		return Workflow{}, fmt.Errorf("the project %s has %d workflows: choose one of %s", p.Folder, len(names), strings.Join(names, ", "))
	}
	return Workflow{}, fmt.Errorf("the project %s has no workflow '%s', only %s", p.Folder, name, strings.Join(names, ", "))
}

// At is the workflow whose file or folder that is; false if it is none of the
// project's.
func (p *Project) At(name string) (Workflow, bool) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return Workflow{}, false
	}
	for _, w := range p.Workflows {
		file := filepath.Join(p.Folder, filepath.FromSlash(w.File))
		if absolute == file || absolute == filepath.Dir(file) {
			return w, true
		}
	}
	return Workflow{}, false
}

// reader reads the files of a project and notes what is wrong.
type reader struct {
	root     *os.Root
	problems []error
}

func (r *reader) fail(file string, err error) {
	r.problems = append(r.problems, &Problem{File: file, Cause: err})
}

// maxFile bounds a file of a project, in bytes: that of a workflow's resource.
const maxFile = 8 << 20

// read is the text of a file, nil if it is not there.
func (r *reader) read(file string) []byte {
	f, err := r.root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		r.fail(file, err)
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("it is larger than %d MB", maxFile>>20)
	}
	if err != nil {
		r.fail(file, err)
		return nil
	}
	return text
}

// object reads a file that holds a JSON object, an empty one if it is not there.
func (r *reader) object(file string) expr.Value {
	text := r.read(file)
	if text == nil {
		return expr.Object()
	}
	v, err := wdl.ReadDocument(text)
	if err == nil && v.Kind() != expr.KindObject {
		err = errors.New("it must hold a JSON object")
	}
	if err != nil {
		r.fail(file, err)
		return expr.Object()
	}
	return v
}

// settings reads the application's settings, as the tools of the host keep them.
func (r *reader) settings() map[string]string {
	document := r.object(SettingsFile)
	if document.Len() == 0 {
		return nil
	}
	if encrypted, _ := document.Get("IsEncrypted"); encrypted.Text() == "True" {
		r.fail(SettingsFile, errors.New("its values are encrypted: decrypt them with the tool that encrypted them"))
		return nil
	}
	values, _ := document.Get("Values")
	settings := map[string]string{}
	for name, v := range values.Members() {
		if v.Kind() == expr.KindObject || v.Kind() == expr.KindArray {
			r.fail(SettingsFile, fmt.Errorf("the value of '%s' must be a text", name))
			continue
		}
		settings[name] = v.Text()
	}
	return settings
}

// workflows opens the workflow of each folder that has one.
func (r *reader) workflows(shared expr.Value) []Workflow {
	entries, err := fs.ReadDir(r.root.FS(), ".")
	if err != nil {
		r.fail(".", err)
	}
	var found []Workflow
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		file := path.Join(e.Name(), WorkflowFile)
		if text := r.read(file); text != nil {
			if source, err := open(text); err != nil {
				r.fail(file, err)
			} else {
				found = append(found, Workflow{Name: e.Name(), File: file, Source: joined(source, e.Name(), shared)})
			}
		}
	}
	return found
}

func open(text []byte) (wdl.Source, error) {
	sources, err := wdl.Open(text)
	switch {
	case err != nil:
		return wdl.Source{}, err
	case len(sources) != 1 || sources[0].Deployment:
		return wdl.Source{}, errors.New("it must hold one definition, as {\"definition\": …, \"kind\": \"Stateful\"}")
	}
	return sources[0], nil
}

// joined is a workflow with what the project says of it: its name, its kind where it
// names none, and the parameters that all workflows share.
func joined(s wdl.Source, name string, shared expr.Value) wdl.Source {
	s.Name, s.InProject = name, true
	if s.Kind == "" {
		s.Kind = "Stateful"
	}
	s.Definition, s.Parameters = WithParameters(s.Definition, s.Parameters, shared)
	return s
}

// WithParameters declares the shared parameters in a definition that lacks them, and
// gives those their values that have none yet.
func WithParameters(definition, values, shared expr.Value) (expr.Value, expr.Value) {
	declared, _ := definition.Get("parameters")
	if declared.Kind() != expr.KindObject {
		declared = expr.Object()
	}
	if values.Kind() != expr.KindObject {
		values = expr.Object()
	}
	added := false
	for name, p := range shared.Members() {
		if typ, ok := p.Get("type"); ok && !has(declared, name) {
			declared = declared.With(name, expr.Object(expr.Member{Name: "type", Value: typ}))
			added = true
		}
		if !has(values, name) {
			values = values.With(name, p)
		}
	}
	if added {
		definition = definition.With("parameters", declared)
	}
	return definition, values
}

// has looks for a member in any letter case, as names of parameters are.
func has(object expr.Value, name string) bool {
	for other := range object.Members() {
		if strings.EqualFold(other, name) {
			return true
		}
	}
	return false
}
