package project

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"isle/expr"
)

// Missing is a name that a workflow uses and the project does not have.
type Missing struct {
	Kind    string // "connection" or "setting"
	Name    string
	Pointer string // into the definition: where it is used
}

// Missing are the connections and application settings that a workflow names and the
// project lacks, each once, in the order of the definition. Settings are only looked
// for if the project has a local.settings.json.
func (p *Project) Missing(w Workflow) []Missing {
	m := &search{project: p}
	m.walk(w.Source.Definition, "", "")
	return m.found
}

// HasConnection reports whether connections.json has a connection of that name, in
// any of its groups: managedApiConnections, functionConnections and so on.
func (p *Project) HasConnection(name string) bool {
	for _, group := range p.Connections.Members() {
		if has(group, name) {
			return true
		}
	}
	return false
}

type search struct {
	project *Project
	found   []Missing
}

func (s *search) walk(v expr.Value, member, pointer string) {
	switch v.Kind() {
	case expr.KindString:
		s.text(v.Text(), member, pointer)
	case expr.KindArray:
		for i, e := range v.Elements() {
			s.walk(e, "", pointer+"/"+strconv.Itoa(i))
		}
	case expr.KindObject:
		for name, e := range v.Members() {
			s.walk(e, name, pointer+"/"+pointerEscape.Replace(name))
		}
	}
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

var settingName = regexp.MustCompile(`(?i)appsetting\(\s*'((?:[^']|'')+)'\s*\)`)

func (s *search) text(text, member, pointer string) {
	named := member == "referenceName" || member == "connectionName"
	if named && strings.Contains(pointer, "/inputs/") && !strings.HasPrefix(text, "@") && !s.project.HasConnection(text) {
		s.add(Missing{"connection", text, pointer})
	}
	if s.project.Settings == nil || !strings.HasPrefix(text, "@") && !strings.Contains(text, "@{") {
		return
	}
	for _, m := range settingName.FindAllStringSubmatch(text, -1) {
		name := strings.ReplaceAll(m[1], "''", "'")
		if _, ok := s.project.Settings[name]; !ok {
			s.add(Missing{"setting", name, pointer})
		}
	}
}

func (s *search) add(m Missing) {
	same := func(other Missing) bool { return other.Kind == m.Kind && other.Name == m.Name }
	if !slices.ContainsFunc(s.found, same) {
		s.found = append(s.found, m)
	}
}
