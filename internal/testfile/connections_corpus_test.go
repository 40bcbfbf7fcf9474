package testfile

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"isle/expr"
)

// TestCorpusConnections runs each ApiConnection, Function and ApiManagement of the
// real definitions by itself, with a mock: in all their forms, inputs become one
// request of the right method and path.
func TestCorpusConnections(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "[0-9]*.json"))
	if len(files) == 0 {
		t.Skip("SKIPPED: the shared corpus is not there (../shared/corpus): nothing was tested")
	}
	made := map[string]int{}
	for _, name := range files {
		alone(corpusSource(t, name).Definition, func(action string, a expr.Value) {
			if failure := playAlone(a); failure != "" {
				t.Errorf("%s %s: %s: %s", filepath.Base(name), action, failure, a.JSON())
			}
			typ, _ := a.Get("type")
			made[strings.ToLower(typ.Text())]++
		})
	}
	t.Log(made)
	if made["apiconnection"] < 300 || made["apimanagement"] < 20 || made["function"] < 10 {
		t.Error("too few")
	}
}

// alone finds the actions of a definition, at any depth.
func alone(v expr.Value, found func(name string, a expr.Value)) {
	actions, _ := v.Get("actions")
	for name, a := range actions.Members() {
		typ, _ := a.Get("type")
		switch strings.ToLower(typ.Text()) {
		case "apiconnection", "function", "apimanagement":
			found(name, a)
		}
		alone(a, found)
		for _, branch := range []string{"else", "default"} {
			inner, _ := a.Get(branch)
			alone(inner, found)
		}
		cases, _ := a.Get("cases")
		for _, c := range cases.Members() {
			alone(c, found)
		}
	}
}

var connectionKey = regexp.MustCompile(`parameters\('\$connections'\)\??\['([^']+)'\]`)

// playAlone runs one action and returns what fails. What its inputs take from the rest of
// the definition becomes a text, or an object where one is needed; its connections are
// there.
func playAlone(a expr.Value) string {
	typ, _ := a.Get("type")
	inputs, _ := a.Get("inputs")
	inputs = settled(inputs, "").Without("retryPolicy")
	connections := expr.Object()
	entry, _ := expr.ParseJSON([]byte(`{"connectionId":"/connections/x","connection":{"id":"/connections/x"}}`))
	for _, m := range connectionKey.FindAllStringSubmatch(string(inputs.JSON()), -1) {
		connections = connections.With(m[1], entry)
	}
	connections = connections.With("servicebus_1", entry).With("servicebus_2", entry) // chosen by chance in some
	method, _ := inputs.Get("method")
	want := strings.ToUpper(method.Text())
	if want == "" {
		want = "POST"
	}
	f, err := parse(fmt.Appendf(nil, `{"definition":{"parameters":{"$connections":{"type":"Object","defaultValue":{}}},
		"triggers":{"manual":{"type":"Request"}},"actions":{"A":{"type":%s,"inputs":%s}}},
		"cases":[{"parameters":{"$connections":%s},"mocks":[{"responses":[{}]}],
		"expect":{"status":"Succeeded","calls":[{"action":"A","method":%q,"uri":%q}]}}]}`,
		typ.JSON(), inputs.JSON(), connections.JSON(), want, `https?://[^/?]+(/[^/].*)?`), nil)
	if err != nil {
		return err.Error()
	}
	return strings.Join(cases(f)[0].Failures, "; ")
}

// settled replaces expressions, but for those that name a connection.
func settled(v expr.Value, member string) expr.Value {
	switch v.Kind() {
	case expr.KindString:
		text := v.Text()
		switch {
		case strings.Contains(text, "$connections"):
			return v
		case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") || strings.HasPrefix(text, "@") && !strings.HasPrefix(text, "@{"):
			if member == "headers" || member == "queries" {
				return expr.Object()
			}
			if member == "path" {
				return expr.String("/x")
			}
			return expr.String("x")
		case member == "method" && strings.Contains(text, "@{"):
			return expr.String("post")
		}
		return expr.String(interpolation.ReplaceAllString(text, "x"))
	case expr.KindArray:
		var items []expr.Value
		for _, item := range v.Elements() {
			items = append(items, settled(item, ""))
		}
		return expr.Array(items...)
	case expr.KindObject:
		for name, item := range v.Members() {
			v = v.With(name, settled(item, name))
		}
	}
	return v
}

var interpolation = regexp.MustCompile(`@\{(?:[^{}']|'[^']*')*\}`)
