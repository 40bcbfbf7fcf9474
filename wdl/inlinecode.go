package wdl

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What inline code names is found in its text, as the service does it
// (wdl-semantics §11.13): workflowContext.actions.X, ["X"] and ?.X, and
// workflowContext.trigger. The text is scanned into the tokens of JavaScript, so that
// comments and strings are no code; nothing is run. Code that takes hold of
// workflowContext or of its actions in another way, such as
// `const {actions} = workflowContext` or `workflowContext.actions[name]`, may read any
// of them.

// codeReads is what inline code names.
type codeReads struct {
	actions []string // as written, in the order of the text, once each
	trigger bool
	any     bool // the names are computed: any action may be read
}

// scanCode finds what inline code names. Text that is no JavaScript gives what can
// be made out.
func scanCode(code string) codeReads {
	s := codeScanner{text: code}
	s.code(false)
	var found codeReads
	for i, t := range s.tokens {
		if t.kind == codeName && t.text == "workflowContext" {
			found.read(s.tokens[i+1:])
		}
	}
	return found
}

// read notes one use of workflowContext, by the tokens behind it.
func (r *codeReads) read(rest []codeToken) {
	member, rest, ok := codeMember(rest)
	switch {
	case !ok:
		r.any, r.trigger = true, true
	case member == "trigger":
		r.trigger = true
	case member == "actions":
		name, _, ok := codeMember(rest)
		if !ok {
			r.any = true
			return
		}
		for _, known := range r.actions {
			if known == name {
				return
			}
		}
		r.actions = append(r.actions, name)
	}
}

// codeMember reads .name, ?.name, ["name"] and ?.["name"].
func codeMember(t []codeToken) (name string, rest []codeToken, ok bool) {
	is := func(i int, mark string) bool { return i < len(t) && t[i].kind == codeMark && t[i].text == mark }
	i := 0
	dotted := is(0, ".") || is(0, "?.")
	if dotted {
		i++
	}
	switch {
	case dotted && i < len(t) && t[i].kind == codeName:
		return t[i].text, t[i+1:], true
	case is(i, "[") && !is(0, ".") && i+1 < len(t) && t[i+1].kind == codeString && is(i+2, "]"):
		return t[i+1].text, t[i+3:], true
	}
	return "", nil, false
}

type codeKind uint8

const (
	codeName   codeKind = iota // an identifier or a keyword
	codeString                 // a string, or a template without substitutions, decoded
	codeMark                   // one character of punctuation, or ?.
	codeOther                  // a number, a regular expression, a template with substitutions
)

type codeToken struct {
	kind codeKind
	text string
}

// codeScanner splits JavaScript into tokens.
type codeScanner struct {
	text   string
	at     int
	tokens []codeToken
	nested int // templates around this place
}

// maxCodeNesting bounds templates inside templates.
const maxCodeNesting = 100

func (s *codeScanner) add(kind codeKind, text string) {
	s.tokens = append(s.tokens, codeToken{kind, text})
}

// code scans to the end, or to the brace that closes a substitution of a template.
func (s *codeScanner) code(substitution bool) {
	for depth := 0; s.at < len(s.text); {
		c := s.text[s.at]
		switch {
		case strings.HasPrefix(s.text[s.at:], "//"):
			s.skipPast("\n")
		case strings.HasPrefix(s.text[s.at:], "/*"):
			s.at += 2
			s.skipPast("*/")
		case c == '"' || c == '\'':
			s.quoted(c)
		case c == '`':
			s.template()
		case c == '/' && s.regexp():
		case c >= '0' && c <= '9':
			s.word(codeOther)
		case s.nameBegins():
			s.word(codeName)
		case c == '}' && depth == 0 && substitution:
			s.at++
			return
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			s.at++
		default:
			switch c {
			case '{':
				depth++
			case '}':
				depth--
			}
			s.mark()
		}
	}
}

func (s *codeScanner) skipPast(end string) {
	if i := strings.Index(s.text[s.at:], end); i >= 0 {
		s.at += i + len(end)
		return
	}
	s.at = len(s.text)
}

func (s *codeScanner) mark() {
	rest := s.text[s.at:]
	if strings.HasPrefix(rest, "?.") && (len(rest) == 2 || rest[2] < '0' || rest[2] > '9') {
		s.add(codeMark, "?.")
		s.at += 2
		return
	}
	_, size := utf8.DecodeRuneInString(rest)
	s.add(codeMark, rest[:size])
	s.at += size
}

func (s *codeScanner) nameBegins() bool {
	r, _ := utf8.DecodeRuneInString(s.text[s.at:])
	return isCodeName(r) || r == '\\'
}

func isCodeName(r rune) bool {
	return r == '$' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// word scans a name or a number. A name may hold Unicode escapes.
func (s *codeScanner) word(kind codeKind) {
	from := s.at
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		switch {
		case isCodeName(r):
		case r == '\\' && kind == codeName:
			size = max(size, len(`\u{`))
		case (r == '{' || r == '}') && kind == codeName && strings.Contains(s.text[from:s.at], `\u{`) && !strings.Contains(s.text[from:s.at], "}"):
		default:
			s.add(kind, decodeCode(s.text[from:s.at]))
			return
		}
		s.at = min(s.at+size, len(s.text))
	}
	s.add(kind, decodeCode(s.text[from:s.at]))
}

// quoted scans a string; one that is not closed ends with its line.
func (s *codeScanner) quoted(quote byte) {
	from := s.at + 1
	for s.at = from; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case quote:
			s.add(codeString, decodeCode(s.text[from:s.at]))
			s.at++
			return
		case '\n':
			s.add(codeOther, "")
			return
		}
	}
	s.at = len(s.text)
	s.add(codeOther, "")
}

// template scans a template literal; its substitutions are code.
func (s *codeScanner) template() {
	s.nested++
	defer func() { s.nested-- }()
	from, plain := s.at+1, true
	for s.at = from; s.at < len(s.text); {
		switch {
		case s.text[s.at] == '\\':
			s.at += 2
		case s.text[s.at] == '`':
			if plain {
				s.add(codeString, decodeCode(s.text[from:s.at]))
			} else {
				s.add(codeOther, "")
			}
			s.at++
			return
		case strings.HasPrefix(s.text[s.at:], "${") && s.nested < maxCodeNesting:
			s.at += 2
			s.add(codeOther, "")
			s.code(true)
			plain = false
		default:
			s.at++
		}
	}
	s.at = len(s.text)
}

// regexp scans a regular expression, if the slash begins one: not behind a value, and
// closed on its line.
func (s *codeScanner) regexp() bool {
	if n := len(s.tokens); n > 0 && s.tokens[n-1].isValue() {
		return false
	}
	class := false
	for i := s.at + 1; i < len(s.text) && s.text[i] != '\n'; i++ {
		switch c := s.text[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.add(codeOther, "")
			s.at = i + 1
			return true
		}
	}
	return false
}

// isValue reports whether a slash behind the token divides.
func (t codeToken) isValue() bool {
	switch t.kind {
	case codeMark:
		return t.text == ")" || t.text == "]" || t.text == "}"
	case codeName:
		switch t.text {
		case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "do", "else", "instanceof", "yield", "await":
			return false
		}
	}
	return true
}

// decodeCode replaces the escapes in a string or a name.
func decodeCode(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		i := strings.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:i])
		r, size := codeEscape(text[i+1:])
		if r >= 0 {
			b.WriteRune(r)
		}
		text = text[i+1+size:]
	}
	return b.String()
}

// codeEscape reads what follows a backslash; a negative rune is nothing.
func codeEscape(text string) (r rune, size int) {
	hex := func(from, to int) (rune, int) {
		if to > len(text) {
			return utf8.RuneError, 1
		}
		n, err := strconv.ParseUint(text[from:to], 16, 21)
		if err != nil {
			return utf8.RuneError, 1
		}
		return rune(n), to
	}
	switch text[0] {
	case 'n':
		return '\n', 1
	case 't':
		return '\t', 1
	case 'r':
		return '\r', 1
	case '\n':
		return -1, 1
	case 'x':
		return hex(1, 3)
	case 'u':
		if end := strings.IndexByte(text, '}'); strings.HasPrefix(text, "u{") && end > 0 {
			r, _ := hex(2, end)
			return r, end + 1
		}
		return hex(1, 5)
	}
	return utf8.DecodeRuneInString(text)
}
