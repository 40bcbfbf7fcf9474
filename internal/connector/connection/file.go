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
	url      string         // the member that says where it is reached
	id       *expr.Template // the resource ID; null if it has none
	content  *expr.Template
	complete bool // it says where the named one is reached
}

// group is a part of the document, with the member that holds the resource ID and the
// one that says where it is reached.
type group struct {
	name string
	kind Kind
	id   []string
	url  string
}

var groups = [...]group{
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

// EntryError is what is wrong with a member of the document.
type EntryError struct {
	Pointer string // into the document
	Cause   error
}

func (e *EntryError) Error() string {
	return pointerUnescape.Replace(strings.ReplaceAll(strings.TrimPrefix(e.Pointer, "/"), "/", ".")) + " " + e.Cause.Error()
}

func (e *EntryError) Unwrap() error { return e.Cause }

var (
	pointerEscape   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// ReadFile reads the document. The error joins all that is wrong with it, an
// *EntryError for each; what is not wrong is there all the same.
func ReadFile(document expr.Value) (*File, error) {
	f := &File{}
	if document.Kind() != expr.KindObject {
		return f, errors.New("it must hold a JSON object")
	}
	var wrong []error
	for i := range groups {
		g := &groups[i]
		members, place := member(document, g.name), "/"+g.name
		if !members.IsNull() && members.Kind() != expr.KindObject {
			wrong = append(wrong, &EntryError{place, errors.New("must be an object with a member for each connection")})
		}
		for name, v := range members.Members() {
			if problems := g.problems(v, place+"/"+pointerEscape.Replace(name)); len(problems) > 0 {
				wrong = append(wrong, problems...)
				continue
			}
			e := entry{kind: g.kind, name: name, url: g.url, complete: has(v, g.url)}
			e.content, _ = compile(v)
			e.id, _ = compile(at(v, g.id...))
			f.entries = append(f.entries, e)
		}
	}
	return f, errors.Join(wrong...)
}

// problems are what is wrong with an entry: the types of what is read of it, and its
// expressions.
func (g *group) problems(v expr.Value, pointer string) (wrong []error) {
	if v.Kind() != expr.KindObject {
		return []error{&EntryError{pointer, errors.New("must be an object")}}
	}
	wrong = textProblems(v, pointer, g.url, "apiId", "subscriptionKey")
	for _, name := range [...]string{"api", "connection", "function", "authentication"} {
		wrong = append(wrong, objectProblems(member(v, name), pointer+"/"+name)...)
	}
	if _, err := compile(v); err != nil {
		wrong = append(wrong, &EntryError{pointer, fmt.Errorf("has an expression that is wrong: %w", err)})
	}
	return wrong
}

// objectProblems judge a part of an entry that is an object, or an expression that
// gives one, and the texts in it.
func objectProblems(v expr.Value, pointer string) []error {
	text, isText := v.AsString()
	switch {
	case v.IsNull() || isText && strings.HasPrefix(text, "@"):
		return nil
	case v.Kind() != expr.KindObject:
		return []error{&EntryError{pointer, fmt.Errorf("must be an object, it is %s", kindOf(v))}}
	}
	return textProblems(v, pointer, "id", "type")
}

// textProblems judge the members of an object that are texts if they are there.
func textProblems(v expr.Value, pointer string, names ...string) (wrong []error) {
	for _, name := range names {
		if m := member(v, name); !m.IsNull() && m.Kind() != expr.KindString {
			wrong = append(wrong, &EntryError{pointer + "/" + name, fmt.Errorf("must be a text, it is %s", kindOf(m))})
		}
	}
	return wrong
}

func kindOf(v expr.Value) string {
	switch v.Kind() {
	case expr.KindString:
		return "a text"
	case expr.KindBool:
		return "a boolean"
	case expr.KindArray:
		return "an array"
	case expr.KindObject:
		return "an object"
	}
	return "a number"
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
	if url := member(v, e.url); !absolute(url) {
		return Endpoint{}, false, fmt.Errorf("The connection '%s' of the connections file has the '%s' %s, which is not an absolute http or https address.", e.name, e.url, shown(url))
	}
	return e.endpoint(v), true, nil
}

// absolute reports whether a value is an address that can be called.
func absolute(url expr.Value) bool {
	text, ok := url.AsString()
	text = strings.ToLower(strings.TrimSpace(text))
	return ok && (strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://"))
}

// shown is what an error may tell of what should be an address: no user, no query and
// nothing of another type, where a key can be.
func shown(url expr.Value) string {
	text, isText := url.AsString()
	if !isText {
		return "(" + kindOf(url) + ")"
	}
	text, _, _ = strings.Cut(text, "?")
	text = text[strings.LastIndexByte(text, '@')+1:]
	return "'" + strings.ToValidUTF8(text[:min(len(text), maxShown)], "") + "'"
}

// maxShown bounds what is told of an address, in bytes.
const maxShown = 200

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
