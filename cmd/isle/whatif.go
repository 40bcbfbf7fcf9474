package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"isle/expr"
)

const subscriptionTemplateSchema = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"

// errRefused says that a deployment would not be carried out as its template is.
var errRefused = errors.New("the deployment would be refused: see the diagnostics")

// whatIf asks what the deployment would change; nothing is changed. Where its group is
// still to be made, the answer is that of a deployment of the subscription that makes it.
func (d *deployment) whatIf(ctx context.Context, template, parameters json.RawMessage) (expr.Value, error) {
	group := d.client.group(d.group)
	at, body := group, map[string]any{"properties": map[string]any{"mode": "Incremental", "template": template, "parameters": parameters}}
	if _, err := d.client.call(ctx, http.MethodGet, group+"?api-version="+resourcesVersion, nil, nil); isNotFound(err) {
		at, body = "/subscriptions/"+d.client.operator.SubscriptionID, d.withGroup(template, parameters)
	} else if err != nil {
		return expr.Null(), err
	}
	var answer json.RawMessage
	path := at + "/providers/Microsoft.Resources/deployments/" + url.PathEscape(d.name) + "/whatIf?api-version=" + resourcesVersion
	if _, err := d.client.call(ctx, http.MethodPost, path, body, &answer); err != nil {
		return expr.Null(), err
	}
	return expr.ParseJSON(answer)
}

// withGroup is the deployment with its group, for the subscription.
func (d *deployment) withGroup(template, parameters json.RawMessage) map[string]any {
	type object = map[string]any
	return object{"location": d.location, "properties": object{"mode": "Incremental", "template": object{
		"$schema": subscriptionTemplateSchema, "contentVersion": "1.0.0.0",
		"resources": []object{
			{"type": "Microsoft.Resources/resourceGroups", "apiVersion": resourcesVersion, "name": d.group, "location": d.location},
			{"type": "Microsoft.Resources/deployments", "apiVersion": resourcesVersion, "name": d.name, "resourceGroup": d.group,
				"dependsOn": []string{d.group},
				"properties": object{"mode": "Incremental", "expressionEvaluationOptions": object{"scope": "inner"},
					"template": template, "parameters": parameters}},
		},
	}}}
}

// changeKind is a kind of change as it is shown.
type changeKind struct{ name, symbol, count string }

// changeKinds are in the order in which they are counted.
var changeKinds = [...]changeKind{
	{"Create", "+", "to create"}, {"Delete", "-", "to delete"}, {"Modify", "~", "to modify"}, {"Deploy", "!", "to deploy"},
	{"NoChange", "=", "no change"}, {"Unsupported", "x", "unsupported"}, {"Ignore", "*", "to ignore"},
}

func changeKindOf(change expr.Value) changeKind {
	name := memberText(change, "changeType")
	for _, k := range changeKinds {
		if k.name == name {
			return k
		}
	}
	return changeKind{name, "?", strings.ToLower(name)}
}

// showWhatIf prints an answer as az does. The error is errRefused if the deployment would
// be.
func showWhatIf(w io.Writer, answer expr.Value) error {
	properties, _ := answer.Get("properties")
	changes, _ := properties.Get("changes")
	counts := map[string]int{}
	for _, c := range changes.Elements() {
		counts[changeKindOf(c).name]++
	}
	p := changePrinter{w}
	p.legend(counts)
	for _, c := range changes.Elements() {
		p.resource(c)
	}
	p.summary(counts)
	return p.diagnostics(properties)
}

// changePrinter prints changes of resources.
type changePrinter struct{ w io.Writer }

func (p changePrinter) legend(counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	fmt.Fprintln(p.w, "Resource and property changes are indicated with these symbols:")
	for _, k := range changeKinds {
		if counts[k.name] > 0 {
			fmt.Fprintf(p.w, "  %s %s\n", k.symbol, k.name)
		}
	}
	fmt.Fprintln(p.w)
}

// resource prints what becomes of one resource.
func (p changePrinter) resource(change expr.Value) {
	k := changeKindOf(change)
	after, _ := change.Get("after")
	if after.IsNull() {
		after, _ = change.Get("before")
	}
	version := ""
	if v := memberText(after, "apiVersion"); v != "" {
		version = " [" + v + "]"
	}
	fmt.Fprintf(p.w, "  %s %s%s\n", k.symbol, shortID(memberText(change, "resourceId")), version)
	if reason := memberText(change, "unsupportedReason"); reason != "" {
		fmt.Fprintf(p.w, "    %s\n", reason)
	}
	switch delta, _ := change.Get("delta"); {
	case delta.Len() > 0:
		p.deltas(delta, "    ")
		fmt.Fprintln(p.w)
	case k.name == "Create" || k.name == "Delete":
		fmt.Fprintln(p.w)
		p.members("", after, "      ")
		fmt.Fprintln(p.w)
	}
}

// shortID is what follows the last provider of a resource's ID, or the whole of the ID's end.
func shortID(id string) string {
	if i := strings.LastIndex(id, "/providers/"); i >= 0 {
		return id[i+len("/providers/"):]
	}
	if i := strings.Index(strings.ToLower(id), "/resourcegroups/"); i >= 0 {
		return id[i+1:]
	}
	return id
}

// deltas prints the changes of properties; in a list, paths are the places of its elements.
func (p changePrinter) deltas(list expr.Value, indent string) {
	for _, d := range list.Elements() {
		path := memberText(d, "path")
		before, _ := d.Get("before")
		after, _ := d.Get("after")
		children, _ := d.Get("children")
		switch kind := memberText(d, "propertyChangeType"); {
		case kind == "Create":
			p.value(indent+"+ "+path+": ", after, indent+"  ")
		case kind == "Delete":
			p.value(indent+"- "+path+": ", before, indent+"  ")
		case children.Len() > 0:
			fmt.Fprintf(p.w, "%s~ %s: [\n", indent, path)
			p.deltas(children, indent+"  ")
			fmt.Fprintf(p.w, "%s  ]\n", indent)
		default:
			p.exchange(indent, path, before, after)
		}
	}
}

// exchange prints a value and the one that takes its place, in one line if they are short.
func (p changePrinter) exchange(indent, path string, before, after expr.Value) {
	if from, to := before.JSON(), after.JSON(); len(from)+len(to) <= longValue {
		fmt.Fprintf(p.w, "%s~ %s: %s => %s\n", indent, path, from, to)
		return
	}
	p.value(indent+"~ "+path+": ", before, indent+"  ")
	p.value(indent+"  => ", after, indent+"  ")
}

// members prints what is in an object, each leaf behind its path.
func (p changePrinter) members(path string, v expr.Value, indent string) {
	for name, m := range v.Members() {
		if path != "" {
			name = path + "." + name
		}
		if m.Kind() == expr.KindObject && m.Len() > 0 {
			p.members(name, m, indent)
			continue
		}
		p.value(indent+name+": ", m, indent)
	}
}

// longValue is how many bytes of JSON are left on one line.
const longValue = 60

// value prints a value behind a label; what is long goes over several lines.
func (p changePrinter) value(label string, v expr.Value, indent string) {
	text := v.JSON()
	if len(text) > longValue && (v.Kind() == expr.KindArray || v.Kind() == expr.KindObject) {
		text = indented(text, indent)
	}
	fmt.Fprintf(p.w, "%s%s\n", label, text)
}

func (p changePrinter) summary(counts map[string]int) {
	var parts []string
	for _, k := range changeKinds {
		if n := counts[k.name]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+k.count)
		}
	}
	if len(parts) == 0 {
		parts = []string{"no change"}
	}
	fmt.Fprintf(p.w, "Resource changes: %s.\n", strings.Join(parts, ", "))
}

// diagnostics prints what the server has to say about the deployment.
func (p changePrinter) diagnostics(properties expr.Value) (err error) {
	list, _ := properties.Get("diagnostics")
	if list.Len() > 0 {
		fmt.Fprintf(p.w, "\nDiagnostics (%d):\n", list.Len())
	}
	for _, d := range list.Elements() {
		level := memberText(d, "level")
		fmt.Fprintf(p.w, "  %s %s: %s (%s)\n", level, memberText(d, "code"), memberText(d, "message"), shortID(memberText(d, "target"))+placeOf(d))
		if level == "Error" {
			err = errRefused
		}
	}
	return err
}

// placeOf is the member that a diagnostic is about, behind a comma; "" for none.
func placeOf(diagnostic expr.Value) string {
	more, _ := diagnostic.Get("additionalInfo")
	for _, m := range more.Elements() {
		info, _ := m.Get("info")
		if member := memberText(info, "member"); member != "" {
			return ", " + member
		}
	}
	return ""
}

func indented(text []byte, indent string) []byte {
	var b bytes.Buffer
	if json.Indent(&b, text, indent, "  ") != nil {
		return text
	}
	return b.Bytes()
}

func memberText(v expr.Value, name string) string {
	m, _ := v.Get(name)
	text, _ := m.AsString()
	return text
}
