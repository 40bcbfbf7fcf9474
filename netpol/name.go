package netpol

import (
	"fmt"
	"strings"
)

// names are those that an application rule or a list of threats is about. A star is only
// at the left end: "*.example.com" has "www.example.com" and not "example.com", which
// "*example.com" has as well (network.md §A6).
type names struct {
	any     bool
	exact   map[string]struct{}
	endings []string
}

func newNames(list []string) names {
	n := names{}
	for _, text := range list {
		text = plainName(text)
		ending, wild := strings.CutPrefix(text, "*")
		switch {
		case wild && ending == "":
			n.any = true
		case wild:
			n.endings = append(n.endings, ending)
		default:
			if n.exact == nil {
				n.exact = map[string]struct{}{}
			}
			n.exact[text] = struct{}{}
		}
	}
	return n
}

// has tells whether a name is among them.
func (n *names) has(name string) bool {
	if n.any {
		return true
	}
	name = plainName(name)
	if _, ok := n.exact[name]; ok {
		return true
	}
	for _, ending := range n.endings {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

// plainName is a name in the form in which names compare.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// maxName is the longest name of DNS.
const maxName = 253

// CheckName tells what is wrong with a name of an application rule or of a threat.
func CheckName(text string) error {
	rest, wild := strings.CutPrefix(text, "*")
	if wild && rest == "" {
		return nil
	}
	rest = strings.TrimSuffix(strings.TrimPrefix(rest, "."), ".")
	if len(text) > maxName || text == "." || strings.HasPrefix(text, ".") {
		return fmt.Errorf("%q is not the name of a host", text)
	}
	labels := strings.Split(rest, ".")
	if last := labels[len(labels)-1]; last != "" && strings.Trim(last, "0123456789") == "" {
		return fmt.Errorf("%q is not the name of a host: it ends in a number", text)
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool { return !nameLetter(r) }) {
			return fmt.Errorf("%q is not the name of a host, such as example.com, with at most a star at its left end", text)
		}
	}
	return nil
}

func nameLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}
