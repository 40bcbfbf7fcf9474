package testfile

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/project"
	"isle/wdl"
)

// OpenDefinition finds the workflow of a document, in any form that wdl.Open takes.
// Name chooses among several; it may be empty if there is one. In a deployment
// template, what its parameters' defaults and its variables decide is filled in.
func OpenDefinition(document []byte, name string) (wdl.Source, error) {
	sources, err := wdl.Open(document)
	if err != nil {
		return wdl.Source{}, err
	}
	var names []string
	var found []wdl.Source
	for _, s := range sources {
		if s.Deployment {
			s = fillIn(s)
		}
		names = append(names, "'"+s.Name+"'")
		if name == "" || strings.EqualFold(name, s.Name) {
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return wdl.Source{}, fmt.Errorf("the document holds no workflow '%s', only %s", name, strings.Join(names, ", "))
	}
	return wdl.Source{}, fmt.Errorf("the document holds %d workflows: choose one of %s", len(found), strings.Join(names, ", "))
}

// Open finds the workflow that a path names: a file in any form that wdl.Open takes,
// the folder of a single-tenant project or of one of its workflows, or the
// workflow.json in it. Name chooses among several; it may be empty if there is one.
// The project is nil for what belongs to none.
func Open(path, name string) (wdl.Source, *project.Project, error) {
	info, err := os.Stat(path)
	folder := err == nil && info.IsDir()
	if folder || strings.EqualFold(filepath.Base(path), project.WorkflowFile) {
		if above := project.Above(path); above != "" {
			return openProject(above, path, name)
		}
	}
	if folder {
		return wdl.Source{}, nil, fmt.Errorf("%s is a folder without %s: name a file, or the folder of a project", path, project.HostFile)
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return wdl.Source{}, nil, err
	}
	s, err := OpenDefinition(document, name)
	return s, nil, err
}

func openProject(folder, path, name string) (wdl.Source, *project.Project, error) {
	p, err := project.Open(folder)
	if err != nil {
		return wdl.Source{}, nil, err
	}
	w, ok := p.At(path)
	if !ok {
		w, err = p.Workflow(name)
	}
	return w.Source, p, err
}

// Settings are what a definition is run with.
type Settings struct {
	Parameters  map[string]expr.Value // by name; they win over the document's
	AppSettings map[string]string     // what appsetting() gives in a single-tenant workflow
	// AnyType accepts types that this engine does not run.
	AnyType bool
}

// Within are the settings for a workflow of a project: its own settings, and the
// project's where it has none. A nil project adds nothing.
func (s Settings) Within(p *project.Project) Settings {
	if p == nil {
		return s
	}
	settings := maps.Clone(p.Settings)
	if settings == nil {
		settings = map[string]string{}
	}
	maps.Copy(settings, s.AppSettings)
	s.AppSettings = settings
	return s
}

// Compile makes the workflow that is run. It is nil if a problem is an error.
func Compile(s wdl.Source, with Settings) (*engine.Workflow, wdl.Problems) {
	s.Parameters = withParameters(s.Parameters, with.Parameters)
	o := wdl.Options{Supported: engine.Supported}
	if with.AnyType {
		o.Supported = nil
	}
	program, problems := s.Compile(o)
	if program == nil {
		return nil, problems
	}
	name := s.Name
	if name == "" {
		name = "workflow"
	}
	w := &engine.Workflow{
		Program:    program,
		Parameters: map[string]expr.Value{},
		ID:         "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Logic/workflows/" + name,
		Name:       name,
		Location:   "local",
		Version:    "08584000000000000000",
		FlowID:     "00000000000000000000000000000001",
		Tags:       expr.Object(),
	}
	if s.Kind == "" {
		return w, problems
	}
	if w.Settings = with.AppSettings; w.Settings == nil {
		w.Settings = map[string]string{}
	}
	// Values of single-tenant parameters may be expressions (wdl-semantics §3).
	for _, p := range program.Parameters {
		v, err := settingValue(p.Value, with.AppSettings)
		if err != nil {
			return nil, append(problems, wdl.Problem{
				Pointer: "/parameters/" + p.Name, Code: wdl.CodeInvalidTemplate, Rule: wdl.RuleParameter,
				Message: fmt.Sprintf("The value of the workflow parameter '%s' cannot be evaluated: %v", p.Name, err),
			})
		}
		w.Parameters[p.Name] = v
	}
	return w, problems
}

// withParameters sets values in an object of name → {"value": …}.
func withParameters(object expr.Value, values map[string]expr.Value) expr.Value {
	if object.Kind() != expr.KindObject {
		object = expr.Object()
	}
	for _, name := range sorted(values) {
		for existing := range object.Members() {
			if strings.EqualFold(existing, name) {
				object = object.Without(existing)
			}
		}
		object = object.With(name, expr.Object(expr.Member{Name: "value", Value: values[name]}))
	}
	return object
}

// settingValue evaluates a parameter's value, which may read application settings
// and nothing else.
func settingValue(v expr.Value, settings map[string]string) (expr.Value, error) {
	template, problems := expr.Workflow().Compile(v)
	if len(problems) > 0 {
		return v, fmt.Errorf("%s", problems[0].Message)
	}
	return template.Eval(settingsEnv{settings: settings})
}
