package deploy

import (
	"slices"
	"strings"

	"isle/expr"
)

// Secrets do not reach what a deployment shows. Which expressions lead to one is
// decided by the names in them, not by values: an expression is secret when it reads
// a secure parameter, or calls a list function (keys, signatures), directly or
// through variables and defaults of parameters. A name that is computed may be any.

// secrets answers for one template; it remembers what it found.
type secrets struct {
	template *Template
	known    map[string]bool // "parameter x", "variable x"
}

func newSecrets(t *Template) *secrets { return &secrets{t, map[string]bool{}} }

// in reports whether an expression of the tree is secret.
func (s *secrets) in(v expr.Value) bool {
	template, _ := s.template.dialect.Compile(v)
	if template == nil {
		return true // it cannot be judged, and cannot be evaluated either
	}
	for _, call := range template.Calls() {
		name := strings.ToLower(call.Function)
		switch {
		case strings.HasPrefix(name, "list"):
			return true
		case name == "parameters":
			if s.named(call, "parameter ", s.template.order) {
				return true
			}
		case name == "variables":
			if s.named(call, "variable ", s.variables()) {
				return true
			}
		}
	}
	return false
}

func (s *secrets) named(call expr.Call, kind string, all []string) bool {
	if len(call.Literal) > 0 && call.Literal[0] != nil {
		return s.isSecret(kind, strings.ToLower(*call.Literal[0]))
	}
	for _, name := range all {
		if s.isSecret(kind, strings.ToLower(name)) {
			return true
		}
	}
	return false
}

// isSecret follows a name; one that leads back to itself is no secret on that way.
func (s *secrets) isSecret(kind, name string) bool {
	if secret, ok := s.known[kind+name]; ok {
		return secret
	}
	s.known[kind+name] = false
	secret := false
	if kind == "parameter " {
		p := s.template.parameters[name]
		secret = p.secure() || p.computed && s.in(p.value)
	} else {
		secret = s.in(variableSource(s.template.variables, name))
	}
	s.known[kind+name] = secret
	return secret
}

func (s *secrets) variables() []string {
	var list []string
	for name := range declaredVariables(s.template.variables) {
		list = append(list, name)
	}
	return list
}

// variableSource is what a variable is evaluated from: its own value or its entry
// in copy.
func variableSource(variables expr.Value, name string) expr.Value {
	copies, _ := member(variables, "copy")
	for _, c := range copies.Elements() {
		if n, _ := text(c, "name"); strings.EqualFold(n, name) {
			return c
		}
	}
	v, _ := member(variables, name)
	return v
}

// secureType is the secure type that stands for a plain one.
func secureType(typ string) string {
	if strings.HasSuffix(strings.ToLower(typ), "object") {
		return "SecureObject"
	}
	return "SecureString"
}

// shortest is the length from which a secret's text is looked for in messages:
// shorter ones would blot out words.
const shortest = 4

// secretTexts are the strings in secure values, for [hiding].
func secretTexts(v expr.Value, list []string) []string {
	if s, ok := v.AsString(); ok && len(s) >= shortest {
		return append(list, s)
	}
	for _, e := range v.Elements() {
		list = secretTexts(e, list)
	}
	for _, m := range v.Members() {
		list = secretTexts(m, list)
	}
	return list
}

// hiding writes "(secure)" for secret texts: for the longest first, as one may begin
// with another. It is nil for none.
func hiding(texts []string) *strings.Replacer {
	if len(texts) == 0 {
		return nil
	}
	pairs := make([]string, 0, 2*len(texts))
	for _, text := range slices.SortedFunc(slices.Values(texts), func(a, b string) int { return len(b) - len(a) }) {
		pairs = append(pairs, text, "(secure)")
	}
	return strings.NewReplacer(pairs...)
}
