package access

import (
	"slices"
	"strings"
)

// permission is what a role allows: what matches an action and no notAction.
type permission struct {
	Actions        []string `json:"actions"`
	NotActions     []string `json:"notActions"`
	DataActions    []string `json:"dataActions"`
	NotDataActions []string `json:"notDataActions"`
}

// role is a role definition. It never changes.
type role struct {
	Name        string       `json:"-"` // a guid
	RoleName    string       `json:"roleName"`
	Description string       `json:"description,omitempty"`
	Permissions []permission `json:"permissions"`
	Scopes      []string     `json:"assignableScopes"`
	CreatedBy   string       `json:"createdBy,omitempty"`
	UpdatedBy   string       `json:"updatedBy,omitempty"`
	builtin     bool
	// also are actions that the documented ones are meant to hold, see builtinRoles.
	also []string
}

// allows judges an action of the management plane; "" is allowed to whom any is.
func (r *role) allows(action string) bool {
	if action == "" {
		return slices.ContainsFunc(r.Permissions, func(p permission) bool { return len(p.Actions) > 0 })
	}
	return slices.ContainsFunc(r.Permissions, func(p permission) bool {
		return matchesAny(p.Actions, action) && !matchesAny(p.NotActions, action)
	}) || matchesAny(r.also, action)
}

func matchesAny(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, action) })
}

// matches compares an action with a pattern, in which * stands for any text. Letter
// case is ignored.
func matches(pattern, action string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return strings.EqualFold(pattern, action)
	}
	if len(action) < len(head) || !strings.EqualFold(action[:len(head)], head) {
		return false
	}
	action = action[len(head):]
	parts := strings.Split(rest, "*")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		at := indexFold(action, part)
		if at < 0 {
			return false
		}
		action = action[at+len(part):]
	}
	return len(action) >= len(last) && strings.EqualFold(action[len(action)-len(last):], last)
}

func indexFold(text, part string) int {
	return strings.Index(strings.ToLower(text), strings.ToLower(part))
}

// covers tells whether a scope is at or below another.
func covers(above, below string) bool {
	above, below = plainScope(above), plainScope(below)
	return above == "" || below == above || strings.HasPrefix(below, above+"/")
}

// plainScope is a scope for comparing: lower case, no slashes around it; "" is the
// tenant.
func plainScope(scope string) string { return strings.ToLower(strings.Trim(scope, "/")) }
