package arm

import (
	"strings"
)

// The types of the two scopes that are not below a provider.
const (
	TypeSubscription = "Microsoft.Resources/subscriptions"
	TypeGroup        = "Microsoft.Resources/resourceGroups"
)

// ID is a parsed resource ID in the casing it was given in. Two IDs name the same
// resource if their keys are equal (logic-api §1.1).
type ID struct {
	text         string
	Subscription string   // "" at tenant scope
	Group        string   // "" above resource groups
	Base         string   // for a resource that extends another: the ID of that one, else ""
	Provider     string   // namespace, "Microsoft.Logic"; "" for a subscription or group
	Types        []string // "virtualNetworks", "subnets"
	Names        []string // one for each of Types
}

// ParseID reads the ID of a subscription, a resource group or a resource. The
// error is an [*Error] with the code LinkedInvalidPropertyId.
func ParseID(text string) (ID, error) {
	id := ID{text: "/" + strings.Trim(text, "/")}
	segments := strings.Split(id.text[1:], "/")
	for _, s := range segments {
		if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "?#\\\x00") {
			return ID{}, invalidID(text)
		}
	}
	rest := id.scope(segments)
	if len(rest) == 0 && id.Subscription != "" {
		return id, nil
	}
	// The last "providers" at a place where a type could stand begins the resource;
	// what precedes it is the resource that is extended.
	if !id.resource(rest) {
		return ID{}, invalidID(text)
	}
	return id, nil
}

func invalidID(text string) *Error {
	return Invalid("LinkedInvalidPropertyId", "", "The ID '%s' is not a valid resource ID: it must look like '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/{namespace}/{type}/{name}'.", printable(text))
}

// scope takes subscription and group off the front and returns what follows.
func (id *ID) scope(segments []string) []string {
	if len(segments) >= 2 && strings.EqualFold(segments[0], "subscriptions") {
		id.Subscription, segments = segments[1], segments[2:]
		if len(segments) >= 2 && strings.EqualFold(segments[0], "resourceGroups") {
			id.Group, segments = segments[1], segments[2:]
		}
	}
	return segments
}

// resource reads "providers/namespace/type/name…", once for each provider.
func (id *ID) resource(segments []string) bool {
	used := len(strings.Split(id.text[1:], "/")) - len(segments)
	for i := 0; ; {
		if i+4 > len(segments) || !strings.EqualFold(segments[i], "providers") {
			return false
		}
		id.Provider, id.Types, id.Names = segments[i+1], nil, nil
		for i += 2; i < len(segments); i += 2 {
			if strings.EqualFold(segments[i], "providers") && len(id.Types) > 0 {
				id.Base = "/" + strings.Join(strings.Split(id.text[1:], "/")[:used+i], "/")
				break
			}
			if i+1 == len(segments) {
				return false
			}
			id.Types, id.Names = append(id.Types, segments[i]), append(id.Names, segments[i+1])
		}
		if i >= len(segments) {
			return true
		}
	}
}

// String returns the ID as it was given, with a slash in front and none at its end.
func (id ID) String() string { return id.text }

// Key is the ID in lower case: its identity.
func (id ID) Key() string { return strings.ToLower(id.text) }

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id.text == "" }

// Type is the full type, "Microsoft.Network/virtualNetworks/subnets".
func (id ID) Type() string {
	switch {
	case id.Provider != "":
		return id.Provider + "/" + strings.Join(id.Types, "/")
	case id.Group != "":
		return TypeGroup
	}
	return TypeSubscription
}

// Name is the last name: of the resource itself.
func (id ID) Name() string {
	switch {
	case len(id.Names) > 0:
		return id.Names[len(id.Names)-1]
	case id.Group != "":
		return id.Group
	}
	return id.Subscription
}

// An ID within a text is sought no further than this: contents may begin with a slash, too.
const (
	maxLeading  = 8 << 10 // bytes
	maxSegments = 64
)

// LeadingID finds the longest ID, among those that known has by their keys, that a text
// is or begins with, up to a slash: the first n bytes of it.
func LeadingID(text string, known func(key string) bool) (n int, found bool) {
	if !strings.HasPrefix(text, "/") {
		return 0, false
	}
	at := 0 // the slash before a segment
	for range maxSegments {
		end, next := len(text), strings.IndexByte(text[at+1:], '/')
		if next >= 0 {
			end = at + 1 + next
		}
		if end > maxLeading {
			break
		}
		if known(strings.ToLower(text[:end])) {
			n = end
		}
		if next < 0 {
			break
		}
		at = end
	}
	return n, n > 0
}

// Parent is the resource that a nested one is in; false for one that is directly in
// its scope.
func (id ID) Parent() (ID, bool) {
	if len(id.Types) < 2 {
		return ID{}, false
	}
	n := len(id.Types) - 1
	parent := id
	parent.Types, parent.Names = id.Types[:n:n], id.Names[:n:n]
	cut := strings.LastIndexByte(id.text, '/')
	cut = strings.LastIndexByte(id.text[:cut], '/')
	parent.text = id.text[:cut]
	return parent, true
}

// parentKey is the key of what the resource goes with: the one it is nested in, or the
// one that it extends; "" if there is none.
func (id ID) parentKey() string {
	if parent, nested := id.Parent(); nested {
		return parent.Key()
	}
	return strings.ToLower(id.Base)
}

// Child is the ID of a resource nested in this one, or, for a subscription or
// group, of a resource in it; then typ has the namespace: "Microsoft.Logic/workflows".
func (id ID) Child(typ, name string) ID {
	child := id
	if id.Provider == "" {
		namespace, first, _ := strings.Cut(typ, "/")
		child.Provider, typ = namespace, first
		child.text += "/providers/" + namespace
	}
	n := len(id.Types)
	child.Types, child.Names = append(id.Types[:n:n], typ), append(id.Names[:n:n], name)
	child.text += "/" + typ + "/" + name
	return child
}

// GroupID is the resource group the ID is in, or the zero ID.
func (id ID) GroupID() ID {
	if id.Group == "" {
		return ID{}
	}
	cut := 0
	for range 4 {
		if next := strings.IndexByte(id.text[cut+1:], '/'); next >= 0 {
			cut += 1 + next
		} else {
			cut = len(id.text)
		}
	}
	return ID{text: id.text[:cut], Subscription: id.Subscription, Group: id.Group}
}

// Equal reports whether both name the same resource.
func (id ID) Equal(other ID) bool { return strings.EqualFold(id.text, other.text) }

// SameID reports whether two texts are IDs of the same resource.
func SameID(a, b string) bool {
	return strings.EqualFold(strings.Trim(a, "/"), strings.Trim(b, "/"))
}

// printable bounds a text of the caller for a message.
func printable(s string) string {
	const most = 256
	s = strings.ToValidUTF8(s, "?")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
