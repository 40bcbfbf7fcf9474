package project_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"isle/internal/project"
)

// folder writes the files of an archive and returns where they are.
func folder(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const shop = `
-- host.json --
{"version": "2.0"}
-- parameters.json --
{"greeting": {"type": "String", "value": "@appsetting('greeting')"}, "own": {"type": "Int", "value": 1}}
-- connections.json --
{"managedApiConnections": {"office": {"connectionRuntimeUrl": "https://r.example/office"}}}
-- local.settings.json --
{"IsEncrypted": false, "Values": {"greeting": "hello", "port": 8080}}
-- Orders/workflow.json --
{"kind": "Stateful", "definition": {"parameters": {"OWN": {"type": "Int", "defaultValue": 5}}, "triggers": {}, "actions": {}}}
-- Returns/workflow.json --
{"definition": {"triggers": {}, "actions": {}}}
-- Artifacts/Maps/a.xslt --
-- .git/workflow.json --
no JSON
`

func TestOpen(t *testing.T) {
	dir := folder(t, shop)
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Workflows) != 2 || p.Workflows[0].Name != "Orders" || p.Workflows[1].File != "Returns/workflow.json" {
		t.Fatalf("workflows are %v", p.Workflows)
	}
	if p.Settings["greeting"] != "hello" || p.Settings["port"] != "8080" {
		t.Errorf("settings are %v", p.Settings)
	}
	if p.Connections.Len() != 1 {
		t.Errorf("connections are %s", p.Connections.JSON())
	}
	returns := p.Workflows[1].Source
	if returns.Kind != "Stateful" || returns.Name != "Returns" {
		t.Errorf("kind %q, name %q", returns.Kind, returns.Name)
	}
	if got, want := string(returns.Definition.JSON()), `"parameters":{"greeting":{"type":"String"},"own":{"type":"Int"}}`; !strings.Contains(got, want) {
		t.Errorf("the definition is %s: the shared parameters are not declared", got)
	}
	if got, want := string(p.Workflows[0].Source.Definition.JSON()), `"parameters":{"OWN":{"type":"Int","defaultValue":5},"greeting":{"type":"String"}}`; !strings.Contains(got, want) {
		t.Errorf("the definition is %s: a parameter of its own is declared again", got)
	}
}

func TestWorkflowIsFoundByNameOrPlace(t *testing.T) {
	dir := folder(t, shop)
	p, err := project.Open(project.Above(filepath.Join(dir, "Orders", "workflow.json")))
	if err != nil {
		t.Fatal(err)
	}
	if w, err := p.Workflow("orders"); err != nil || w.Name != "Orders" {
		t.Errorf("%v, %v", w.Name, err)
	}
	for name, want := range map[string]string{"": "choose one of 'Orders', 'Returns'", "x": "no workflow 'x', only 'Orders', 'Returns'"} {
		if _, err := p.Workflow(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if w, ok := p.At(filepath.Join(dir, "Returns")); !ok || w.Name != "Returns" {
		t.Errorf("the workflow of a folder is %v, %v", w.Name, ok)
	}
	if _, ok := p.At(filepath.Join(dir, "Artifacts")); ok {
		t.Error("Artifacts is a workflow")
	}
}

func TestAboveOutsideOfProjects(t *testing.T) {
	if above := project.Above(t.TempDir()); above != "" {
		t.Errorf("the project is %s", above)
	}
}

// All that is wrong is told at once, and what is right is there.
func TestProblems(t *testing.T) {
	dir := folder(t, `
-- parameters.json --
[]
-- connections.json --
{"a": }
-- local.settings.json --
{"IsEncrypted": true, "Values": {"a": "cipher"}}
-- Good/workflow.json --
{"definition": {"triggers": {}, "actions": {}}}
-- Bad/workflow.json --
{"nothing": 1}
`)
	p, err := project.Open(dir)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"host.json: the project has none", "parameters.json: it must hold a JSON object", "connections.json: The request content is not valid",
		"local.settings.json: its values are encrypted", "Bad/workflow.json: The request content is not valid",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
	if !slices.ContainsFunc(p.Workflows, func(w project.Workflow) bool { return w.Name == "Good" }) {
		t.Error("the sound workflow is not there")
	}
	var problem *project.Problem
	if !errors.As(err, &problem) {
		t.Error("no *Problem")
	}
}

// A link cannot lead out of the project.
func TestLinksStayInside(t *testing.T) {
	dir := folder(t, shop)
	secret := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(secret, []byte(`{"definition": {"triggers": {}, "actions": {}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "Linked"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "Linked", "workflow.json")); err != nil {
		t.Skip("SKIPPED: no symbolic links here:", err)
	}
	p, err := project.Open(dir)
	if err == nil || !strings.Contains(err.Error(), "Linked/workflow.json") {
		t.Errorf("the link is not refused: %v", err)
	}
	if len(p.Workflows) != 2 {
		t.Errorf("workflows are %v", p.Workflows)
	}
}
