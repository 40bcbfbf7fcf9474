package wdl

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"isle/expr"
)

// PathPattern is the relativePath of a Request trigger: segments that are either
// literal or one parameter in braces (wdl-semantics §10.2).
type PathPattern struct {
	text     string
	segments []segment
}

type segment struct {
	literal   string
	parameter string // not empty: the whole segment is this parameter
}

// ParsePath reads a pattern such as "orders/{id}/lines/{line}".
func ParsePath(text string) (*PathPattern, error) {
	p := &PathPattern{text: text}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.Trim(text, "/"), "/") {
		name, opened := strings.CutPrefix(part, "{")
		name, closed := strings.CutSuffix(name, "}")
		switch {
		case part == "":
			return nil, fmt.Errorf("the relative path '%s' has an empty segment", text)
		case !opened && !closed && !strings.ContainsAny(part, "{}"):
			p.segments = append(p.segments, segment{literal: part})
		case opened && closed && name != "" && !strings.ContainsAny(name, "{}"):
			if !isWord(name) {
				return nil, fmt.Errorf("the placeholder '%s' of the relative path '%s' can only hold letters, digits and '_'", name, text)
			}
			if seen[fold(name)] {
				return nil, fmt.Errorf("the relative path '%s' names the parameter '%s' twice", text, name)
			}
			seen[fold(name)] = true
			p.segments = append(p.segments, segment{parameter: name})
		default:
			return nil, fmt.Errorf("the segment '%s' of the relative path '%s' must be literal or one parameter in braces", part, text)
		}
	}
	return p, nil
}

// isWord reports whether a name holds letters, digits and '_' only.
func isWord(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) < 0
}

// String returns the pattern as written.
func (p *PathPattern) String() string { return p.text }

// Parameters returns the names of the parameters in order.
func (p *PathPattern) Parameters() []string {
	var names []string
	for _, s := range p.segments {
		if s.parameter != "" {
			names = append(names, s.parameter)
		}
	}
	return names
}

// Match compares a path, still escaped, with the pattern: the number of segments
// must be equal, literal ones exact. It returns the decoded parameters as an
// object, null if the pattern has none. A nil pattern matches the empty path.
func (p *PathPattern) Match(escaped string) (parameters expr.Value, ok bool) {
	escaped = strings.Trim(escaped, "/")
	if p == nil {
		return expr.Null(), escaped == ""
	}
	var members []expr.Member
	rest := escaped
	for i, s := range p.segments {
		part, tail, more := strings.Cut(rest, "/")
		if more != (i < len(p.segments)-1) || part == "" {
			return expr.Null(), false
		}
		rest = tail
		decoded, err := url.PathUnescape(part)
		if err != nil {
			return expr.Null(), false
		}
		if s.parameter == "" {
			if decoded != s.literal && part != s.literal {
				return expr.Null(), false
			}
			continue
		}
		members = append(members, expr.Member{Name: s.parameter, Value: expr.String(strings.ToValidUTF8(decoded, "\uFFFD"))})
	}
	if members == nil {
		return expr.Null(), true
	}
	return expr.Object(members...), true
}
