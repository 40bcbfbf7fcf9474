package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/connector/connection"
	"isle/internal/project"
	"isle/wdl"
)

// checkedProject is a project that files belong to, opened once.
type checkedProject struct {
	*project.Project
	problems map[string]error // by file, relative to the project
}

// project opens the project in a folder.
func (c *checker) project(folder string) *checkedProject {
	if p, ok := c.projects[folder]; ok {
		return p
	}
	p := &checkedProject{problems: map[string]error{}}
	opened, err := project.Open(folder)
	p.Project = opened
	for _, err := range joined(err) {
		var problem *project.Problem
		if errors.As(err, &problem) {
			p.problems[problem.File] = problem.Cause
		}
	}
	if c.projects == nil {
		c.projects = map[string]*checkedProject{}
	}
	c.projects[folder] = p
	return p
}

// joined are the errors that errors.Join has put together.
func joined(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.Clone(several.Unwrap())
	}
	return nil
}

// ofProject checks a file that a single-tenant project has a place for: what its
// workflows share, or one of them. False if it is no such file.
func (c *checker) ofProject(name string) ([]finding, bool) {
	base := strings.ToLower(filepath.Base(name))
	switch base {
	case project.HostFile, project.ParametersFile, project.ConnectionsFile, project.SettingsFile, project.WorkflowFile:
	default:
		return nil, false
	}
	folder := project.Above(filepath.Dir(name))
	absolute, err := filepath.Abs(name)
	if folder == "" || err != nil {
		return nil, false
	}
	p := c.project(folder)
	relative, err := filepath.Rel(folder, absolute)
	if err != nil || p.Project == nil {
		return nil, false
	}
	relative = filepath.ToSlash(relative)
	if cause := p.problems[relative]; cause != nil {
		return []finding{unreadable(name, cause)}, true
	}
	if relative == project.ConnectionsFile {
		return connectionFindings(name, p.Connections), true
	}
	if base != project.WorkflowFile {
		return nil, relative == base && base != project.HostFile
	}
	w, ok := p.At(name)
	if !ok {
		return nil, false
	}
	findings := c.check(document{name: name, sources: []wdl.Source{w.Source}})
	return append(findings, missing(name, p.Project, w)...), true
}

// connectionFindings are what is wrong with the entries of connections.json.
func connectionFindings(name string, connections expr.Value) (findings []finding) {
	content, _ := os.ReadFile(name)
	_, err := connection.ReadFile(connections)
	for _, err := range joined(err) {
		f := finding{File: name, Severity: wdl.Error.String(), Code: wdl.CodeInvalidTemplate, Rule: "connection", Message: err.Error()}
		var entry *connection.EntryError
		if errors.As(err, &entry) {
			f.Pointer = entry.Pointer
			f.Line, f.Column = wdl.Place(trimBOM(content), entry.Pointer)
		}
		findings = append(findings, f)
	}
	return findings
}

// missing tells what a workflow names and its project lacks. A connection must be
// there for the workflow to start (connections §1.3); a setting may come from where it
// runs, and is warned of.
func missing(name string, p *project.Project, w project.Workflow) (findings []finding) {
	for _, m := range p.Missing(w) {
		severity := wdl.Error
		message := fmt.Sprintf("The workflow uses the connection '%s', which %s does not have.", m.Name, project.ConnectionsFile)
		if m.Kind == "setting" {
			severity = wdl.Warning
			message = fmt.Sprintf("The workflow uses the application setting '%s', which %s does not have.", m.Name, project.SettingsFile)
		}
		line, column := wdl.Place(w.Source.Text, w.Source.Pointer+m.Pointer)
		findings = append(findings, finding{
			File: name, Workflow: w.Name, Line: line, Column: column, Severity: severity.String(), Code: wdl.CodeInvalidTemplate,
			Rule: m.Kind + "-unknown", Message: message, Pointer: w.Source.Pointer + m.Pointer,
		})
	}
	return findings
}
