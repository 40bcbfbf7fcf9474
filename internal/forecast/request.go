package forecast

import (
	"strconv"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// codeContent is the code of what a request itself has wrong.
const codeContent = "InvalidRequestContent"

// namespace is whose resources single changes are of: nothing else changes the policy.
const namespace = "/providers/microsoft.network/"

// question is what a request asks.
type question struct {
	group        arm.ID
	template     expr.Value // body of a deployment; null: single changes
	changes      []arm.Try
	days         int
	environments []string // resource IDs; none: all
}

// read reads the body: a template with its parameters, or single changes. The error has
// all its problems.
func (s *Service) read(r *arm.Request) (*question, error) {
	var found arm.Found
	q := &question{days: s.config.Traffic.Days()}
	id, err := arm.ParseID("/subscriptions/" + r.Values["subscription"] + "/resourceGroups/" + r.Values["group"])
	if err != nil {
		return nil, err
	}
	q.group = id
	properties, _ := r.Body.Get("properties")
	if properties.Kind() != expr.KindObject {
		return nil, arm.Invalid(codeContent, "properties", "The member 'properties' is missing: an object with 'template', or with 'changes'.")
	}
	q.readDays(properties, &found)
	q.readEnvironments(properties, &found)
	_, templated := properties.Get("template")
	_, linked := properties.Get("templateLink")
	changes, single := properties.Get("changes")
	switch {
	case (templated || linked) == single:
		found.Add(codeContent, "properties", "Give either 'template' (with 'parameters', as of a deployment), or 'changes': a list of objects with 'id', and 'body' or \"delete\": true.")
	case single:
		q.readChanges(changes, r.APIVersion, &found)
	default:
		q.readTemplate(properties, &found)
	}
	return q, found.Err()
}

// readTemplate takes the template as a deployment has it.
func (q *question) readTemplate(properties expr.Value, found *arm.Found) {
	const incremental = "Incremental"
	if mode, given := properties.Get("mode"); given && !strings.EqualFold(mode.Text(), incremental) {
		found.Add("InvalidDeploymentMode", "properties.mode", "The deployment mode '%s' cannot be judged: what it deletes is not tried. Use 'Incremental'.", mode.Text())
	}
	properties = properties.Without("days").Without("environments").With("mode", expr.String(incremental))
	q.template = expr.Object(expr.Member{Name: "properties", Value: properties})
}

// isNetwork tells whether a resource is one that the policy is made of, or may be.
func isNetwork(id string) bool { return strings.Contains(strings.ToLower(id), namespace) }

func (q *question) readDays(properties expr.Value, found *arm.Found) {
	v, given := properties.Get("days")
	if !given || v.IsNull() {
		return
	}
	days, whole := v.AsInt()
	if !whole || days < 1 || days > int64(q.days) {
		found.Add(codeContent, "properties.days", "The number of days '%s' is invalid. Give a number from 1 to %d: for so long flows are kept.", v.Text(), q.days)
		return
	}
	q.days = int(days)
}

func (q *question) readEnvironments(properties expr.Value, found *arm.Found) {
	v, given := properties.Get("environments")
	if !given || v.IsNull() {
		return
	}
	if v.Kind() != expr.KindArray {
		found.Add(codeContent, "properties.environments", "The member 'environments' must be an array of resource IDs of integration service environments.")
		return
	}
	for i, e := range v.Elements() {
		text, ok := e.AsString()
		if id, err := arm.ParseID(text); !ok || err != nil || !strings.EqualFold(id.Type(), environmentType) {
			found.Add(codeContent, "properties.environments["+strconv.Itoa(i)+"]", "'%s' is not the resource ID of an integration service environment.", e.Text())
			continue
		}
		q.environments = append(q.environments, text)
	}
}

// readChanges reads single changes.
func (q *question) readChanges(changes expr.Value, version string, found *arm.Found) {
	if changes.Kind() != expr.KindArray || changes.Len() == 0 {
		found.Add(codeContent, "properties.changes", "The member 'changes' must be an array with at least one change: an object with 'id', and 'body' or \"delete\": true.")
		return
	}
	for i, c := range changes.Elements() {
		at := "properties.changes[" + strconv.Itoa(i) + "]"
		id, _ := c.Get("id")
		text, ok := id.AsString()
		t := arm.Try{ID: text, APIVersion: version}
		if !ok || !isNetwork(text) {
			found.Add(codeContent, at+".id", "The resource ID '%s' is invalid. Give that of a resource of Microsoft.Network, with its subscription and group.", id.Text())
		}
		remove, _ := c.Get("delete")
		t.Delete, _ = remove.AsBool()
		body, given := c.Get("body")
		switch {
		case given == t.Delete:
			found.Add(codeContent, at, "Give either 'body', what a PUT of the resource would send, or \"delete\": true.")
		case given && body.Kind() != expr.KindObject:
			found.Add(codeContent, at+".body", "The body must be an object, what a PUT of the resource would send; it is of type '%s'.", body.TypeName())
		case given:
			t.Body = body.JSON()
		}
		if v, there := c.Get("apiVersion"); there {
			if t.APIVersion, ok = v.AsString(); !ok {
				found.Add(codeContent, at+".apiVersion", "The member 'apiVersion' must be a text such as '2024-05-01'.")
			}
		}
		q.changes = append(q.changes, t)
	}
}
