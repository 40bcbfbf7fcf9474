package connection

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// File is a document in the form of a project's connections.json: the connections of
// connectors, functions and APIs, each under its name, with where it is reached.
// Workflows find an entry by its name, or by the resource ID in it.
type File struct{ entries []entry }

// entry is one of them. Its members may be expressions, of application settings and of
// parameters of the workflow that asks.
type entry struct {
	kind     Kind
	name     string
	id       *expr.Template // the resource ID; null if it has none
	content  *expr.Template
	complete bool // it says where the named one is reached
}

// groups are the parts of the document, with the member that holds the resource ID
// and the one that says where it is reached.
var groups = [...]struct {
	name string
	kind Kind
	id   []string
	url  string
}{
	{"managedApiConnections", Connector, []string{"connection", "id"}, "connectionRuntimeUrl"},
	{"functionConnections", Function, []string{"function", "id"}, "triggerUrl"},
	{"apiManagementConnections", API, []string{"apiId"}, "baseUrl"},
}

// ParseFile reads the text of such a document.
func ParseFile(text []byte) (*File, error) {
	document, err := wdl.ReadDocument(text)
	if err != nil {
		return nil, err
	}
	return ReadFile(document)
}

// ReadFile reads the document. The error joins all that is wrong with it; what is not
// wrong is there all the same.
func ReadFile(document expr.Value) (*File, error) {
	f := &File{}
	if document.Kind() != expr.KindObject {
		return f, errors.New("it must hold a JSON object")
	}
	var wrong []error
	for _, g := range groups {
		group := member(document, g.name)
		if !group.IsNull() && group.Kind() != expr.KindObject {
			wrong = append(wrong, fmt.Errorf("'%s' must be an object with a member for each connection", g.name))
		}
		for name, v := range group.Members() {
			if v.Kind() != expr.KindObject {
				wrong = append(wrong, fmt.Errorf("'%s' in '%s' must be an object", name, g.name))
				continue
			}
			e := entry{kind: g.kind, name: name, complete: has(v, g.url)}
			var err error
			if e.content, err = compile(v); err == nil {
				e.id, err = compile(at(v, g.id...))
			}
			if err != nil {
				wrong = append(wrong, fmt.Errorf("'%s' in '%s': %w", name, g.name, err))
				continue
			}
			f.entries = append(f.entries, e)
		}
	}
	return f, errors.Join(wrong...)
}

func compile(v expr.Value) (*expr.Template, error) {
	t, problems := expr.Workflow().Compile(v)
	if len(problems) > 0 {
		return nil, errors.New(strings.TrimSuffix(problems[0].Message, "."))
	}
	return t, nil
}

// Find implements Directory.
func (f *File) Find(_ context.Context, w *engine.Workflow, k Key) (Endpoint, bool, error) {
	e := f.entry(w, k)
	if e == nil || !e.complete {
		return Endpoint{}, false, nil
	}
	v, err := e.content.Eval(surroundings{w})
	if err != nil {
		return Endpoint{}, false, fmt.Errorf("The connection '%s' of the connections file cannot be evaluated: %s.", e.name, strings.TrimSuffix(err.Error(), "."))
	}
	return e.endpoint(v), true, nil
}

// entry is the one with the name or the ID; for an API also the one of its service,
// whose gateway it is behind. Nil if there is none.
func (f *File) entry(w *engine.Workflow, k Key) *entry {
	var service *entry
	for i := range f.entries {
		e := &f.entries[i]
		if e.kind != k.Kind {
			continue
		}
		if k.Name != "" {
			if strings.EqualFold(e.name, k.Name) {
				return e
			}
			continue
		}
		id := e.resource(w)
		switch {
		case id == "":
		case strings.EqualFold(id, strings.TrimRight(k.ID, "/")):
			return e
		case k.Kind == API && len(k.ID) > len(id) && k.ID[len(id)] == '/' && strings.EqualFold(k.ID[:len(id)], id):
			service = e
		}
	}
	return service
}

// resource is the entry's ID, "" if it has none or it cannot be evaluated here.
func (e *entry) resource(w *engine.Workflow) string {
	v, err := e.id.Eval(surroundings{w})
	if err != nil {
		return ""
	}
	return strings.TrimRight(strings.TrimSpace(v.Text()), "/")
}

func (e *entry) endpoint(v expr.Value) Endpoint {
	switch e.kind {
	case Function:
		return withKey(Endpoint{URL: text(v, "triggerUrl")}, member(v, "authentication"))
	case API:
		found := withKey(Endpoint{URL: text(v, "baseUrl")}, member(v, "authentication"))
		if key := text(v, "subscriptionKey"); key != "" {
			found.Headers = append(found.Headers, expr.Member{Name: keyHeader, Value: expr.String(key)})
		}
		return found
	}
	found, _ := entryEndpoint(v)
	return found
}

// withKey adds the authentication of an entry, which besides the types of actions may
// be a key in the query.
func withKey(e Endpoint, authentication expr.Value) Endpoint {
	if !strings.EqualFold(text(authentication, "type"), "QueryString") {
		e.Authentication = credentials(authentication)
		return e
	}
	if name := text(authentication, "name"); name != "" {
		e.Queries = append(e.Queries, expr.Member{Name: name, Value: member(authentication, "value")})
	}
	return e
}

// surroundings is what the expressions of connections see of a workflow. There is no
// clock and no chance: an entry means the same each time.
type surroundings struct{ workflow *engine.Workflow }

func (s surroundings) Now() time.Time { return time.Time{} }
func (s surroundings) Random() uint64 { return 0 }

func (s surroundings) Lookup(name string, args []expr.Value) (expr.Value, error) {
	if len(args) == 1 {
		switch name {
		case "appsetting":
			return s.workflow.Setting(args[0].Text())
		case "parameters":
			return s.workflow.Parameter(args[0].Text(), s)
		}
	}
	return expr.Null(), expr.NotExpected(name)
}
