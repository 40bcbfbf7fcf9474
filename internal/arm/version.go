package arm

import (
	"net/http"
	"strings"
	"time"
)

// Which api-versions are taken. A type takes those that it lists; one of a provider that
// makes new ones all the time takes any that is dated from its oldest until today, as all
// of them ask for what is served here. What belongs to no type takes any until today.

// takes says whether a type has an api-version, which is well-formed. One that lists none
// has all.
func (t *Type) takes(version string, now time.Time) bool {
	if len(t.APIVersions) == 0 {
		return true
	}
	for _, v := range t.APIVersions {
		if strings.EqualFold(v, version) {
			return true
		}
	}
	return t.AnyVersion && version >= oldest(t.APIVersions) && !future(version, now)
}

func oldest(versions []string) string {
	first := ""
	for _, v := range versions {
		if first == "" || v < first {
			first = v
		}
	}
	return first
}

// future says whether an api-version is dated later than today, wherever that is.
func future(version string, now time.Time) bool {
	return version[:len(time.DateOnly)] > now.Add(24*time.Hour).Format(time.DateOnly)
}

// checkType wants the type to have the api-version that is asked for.
func (c *call) checkType(t *Type) error {
	if t == nil || t.takes(c.version, c.now) {
		return nil
	}
	_, name, _ := strings.Cut(t.Name, "/")
	where := ""
	if c.method == http.MethodPut {
		if body, err := c.document(false); err == nil {
			if location, _ := body.Get("location"); location.Text() != "" {
				where = "location '" + printable(location.Text()) + "' and "
			}
		}
	}
	return Invalid("NoRegisteredProviderFound", "api-version", "No registered resource provider found for %sAPI version '%s' for type '%s'. The supported api-versions are '%s'.",
		where, printable(c.version), name, strings.Join(t.APIVersions, ", "))
}

// checkRoute wants an api-version that there can be.
func (c *call) checkRoute() error {
	if !future(c.version, c.now) {
		return nil
	}
	return Invalid("InvalidApiVersionParameter", "api-version", "The api-version '%s' is invalid: it lies in the future. Ask for one that your client knows, such as '2021-04-01'.", printable(c.version))
}
