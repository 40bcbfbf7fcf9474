package network

import (
	"unicode/utf8"

	"isle/internal/arm"
)

// naming is the rule for the names of one kind of resource.
type naming struct {
	min, max        int
	underscoreFirst bool
}

var (
	networkNaming = naming{min: 2, max: 64}                        // §A1
	subnetNaming  = naming{min: 1, max: 80, underscoreFirst: true} // §A2; an ISE's subnet may begin with '_'
	ruleNaming    = naming{min: 1, max: 80}                        // §A3, also groups, tables and routes
)

// check reports a name that breaks the rule: letters, digits, '_', '.', '-';
// begins with a letter or digit; ends with a letter, digit or '_'.
func (n naming) check(name, target string, found *arm.Found) {
	if !n.valid(name) {
		found.Add("InvalidResourceName", target, "Resource name '%s' is invalid. The name can be %d to %d characters long. It must begin with a letter or digit%s, end with a letter, digit or '_', and may contain letters, digits, '.', '-' and '_'.", name, n.min, n.max, n.first())
	}
}

func (n naming) first() string {
	if n.underscoreFirst {
		return " or '_'"
	}
	return ""
}

func (n naming) valid(name string) bool {
	if len(name) < n.min || len(name) > n.max || !utf8.ValidString(name) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
		case c == '_':
			if i == 0 && !n.underscoreFirst {
				return false
			}
		case c == '.' || c == '-':
			if i == 0 || i == len(name)-1 {
				return false
			}
		default:
			return false
		}
	}
	return true
}
