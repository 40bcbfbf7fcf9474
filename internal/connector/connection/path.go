package connection

import (
	"fmt"
	"net/url"
	"strings"

	"isle/expr"
)

// pathOf is the evaluated path of the inputs, or what their pathTemplate gives.
func pathOf(inputs expr.Value) (string, error) {
	if template, ok := inputs.Get("pathTemplate"); ok {
		return expand(text(template, "template"), member(template, "parameters"))
	}
	return text(inputs, "path"), nil
}

// expand puts the parameters into a template such as /orders/{id}. Their values are
// encoded by the author, as the designer writes them: what is escaped stays so, and
// only what would end the path is escaped here.
func expand(template string, parameters expr.Value) (string, error) {
	var b strings.Builder
	for rest := template; ; {
		before, after, open := strings.Cut(rest, "{")
		b.WriteString(before)
		if !open {
			return b.String(), straight(template, b.String())
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", badRequest(fmt.Sprintf("The path template '%s' has a '{' without its '}'.", template))
		}
		v, ok := parameterOf(parameters, name)
		if !ok {
			return "", badRequest(fmt.Sprintf("The path template '%s' names the parameter '%s', which has no value: give it one in the 'parameters' of the 'pathTemplate'.", template, name))
		}
		b.WriteString(escapePath(v.Text()))
		rest = tail
	}
}

// straight refuses a path that parameters lead elsewhere: their values often come with a
// run's data, and the request has the credentials of the connection.
func straight(template, path string) error {
	for segment := range strings.FieldsFuncSeq(path, func(c rune) bool { return c == '/' || c == '\\' }) {
		if plain, err := url.PathUnescape(segment); err == nil && (plain == "." || plain == "..") {
			return badRequest(fmt.Sprintf("The parameters of the path template '%s' make the segment '%s' in the path, which leads out of it.", template, plain))
		}
	}
	return nil
}

func parameterOf(parameters expr.Value, name string) (expr.Value, bool) {
	if v, ok := parameters.Get(name); ok {
		return v, true
	}
	for other, v := range parameters.Members() {
		if strings.EqualFold(other, name) {
			return v, true
		}
	}
	return expr.Null(), false
}

// escapePath escapes what cannot stand in a path, and a percent sign that escapes
// nothing.
func escapePath(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		_, err := url.PathUnescape(s[i:min(i+3, len(s))])
		if c == '?' || c == '#' || c <= ' ' || c == '%' && err != nil {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
