package logic

import (
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

// workflowBody is the properties of a workflow's request, as far as they are read.
type workflowBody struct {
	State              string     `json:"state"`
	Definition         expr.Value `json:"definition"`
	Parameters         expr.Value `json:"parameters"`
	ISE                *idBody    `json:"integrationServiceEnvironment"`
	IntegrationAccount *idBody    `json:"integrationAccount"`
	Access             accessBody `json:"accessControl"`
}

type idBody struct {
	ID string `json:"id"`
}

func (b *idBody) id() string {
	if b == nil {
		return ""
	}
	return b.ID
}

// readWorkflow decodes and checks the properties of a workflow's request by
// themselves; the definition is compiled later, when its parameters are complete.
func readWorkflow(name string, properties expr.Value, found *arm.Found) *workflowBody {
	if !validWorkflowName(name) {
		found.Add("InvalidResourceName", "name", "The name '%s' of the workflow is invalid. A name has 1 to 80 characters and only letters, numbers, hyphens (-), underscores (_), parentheses and periods (.).", name)
	}
	body := new(workflowBody)
	if !found.Decode(properties, body, "properties", wdl.CodeInvalidRequestContent) {
		return nil
	}
	switch {
	case body.Definition.IsNull():
		found.Add(wdl.CodeInvalidRequestContent, "properties.definition", "The request content is not valid and could not be deserialized: 'Required property 'definition' not found in JSON. Path 'properties'.'.")
	case body.Definition.Kind() != expr.KindObject:
		found.Add(wdl.CodeInvalidRequestContent, "properties.definition", "The request content is not valid and could not be deserialized: 'The workflow definition must be a JSON object. Path 'properties.definition'.'.")
	default:
		checkSchema(body.Definition, found)
	}
	if body.State != "" {
		state, ok := arm.Choice(body.State, "Enabled", "Disabled")
		if !ok {
			found.Add(wdl.CodeInvalidRequestContent, "properties.state", "The workflow state '%s' is not valid. Give Enabled or Disabled.", body.State)
		}
		body.State = state
	}
	checkParameters(body.Parameters, found)
	checkLifetime(properties, found)
	body.Access.check(found)
	return body
}

// checkSchema wants the member that says in which version of the language the
// definition is written; without it the service reads nothing else (logic-api §1.3).
func checkSchema(definition expr.Value, found *arm.Found) {
	schema, _ := definition.Get("$schema")
	if text, ok := schema.AsString(); !ok || text == "" {
		found.Add(wdl.CodeInvalidRequestContent, "properties.definition.$schema", "The request content is not valid and could not be deserialized: 'Required property '$schema' not found in JSON. Path 'properties.definition'.'. Give https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#.")
	}
}

// checkParameters checks the shape of supplied parameters: name → {value}.
func checkParameters(parameters expr.Value, found *arm.Found) {
	const target = "properties.parameters"
	if parameters.IsNull() {
		return
	}
	if parameters.Kind() != expr.KindObject {
		found.Add(wdl.CodeInvalidRequestContent, target, "The parameters must be a JSON object that has, for each parameter, an object with its value.")
		return
	}
	for name, p := range parameters.Members() {
		if p.Kind() != expr.KindObject {
			found.Add(wdl.CodeInvalidRequestContent, target+"."+name, "The parameter '%s' must be an object with a member 'value'.", name)
		}
	}
}

// compile compiles a definition with its parameters and reports every problem of
// it (wdl-semantics §15), in the service's words. Rules about the future hold when it
// is saved; what is stored is compiled with the zero time. One of the older schema
// version runs as what it is upgraded to.
func compile(definition, parameters expr.Value, limits wdl.Limits, now time.Time) (*wdl.Program, error) {
	definition, _ = wdl.Upgrade(definition)
	program, found := wdl.Compile(definition, parameters, wdl.Options{Supported: engine.Supported, Limits: &limits, Now: now})
	if found.Failed() {
		return nil, refusal(found)
	}
	return program, nil
}

// checkUpdate compares a definition with the one that it replaces (wdl-semantics §15
// rule 38). What the old one was saved with compiles still.
func checkUpdate(program *wdl.Program, before *version) error {
	old, err := compile(before.Definition, before.Parameters, program.Limits.Stored(), time.Time{})
	if err != nil {
		return nil
	}
	if found := wdl.CheckUpdate(old, program); found.Failed() {
		return refusal(found)
	}
	return nil
}

// checkRefused tells of each action that this server does not run, though others may.
func (s *Service) checkRefused(program *wdl.Program) error {
	var all arm.Found
	for _, a := range program.Actions {
		if reason := s.config.Refused[a.Type]; reason != "" {
			all.Add(wdl.CodeInvalidTemplate, definitionTarget("/actions/"+a.Name), "The action '%s' of type '%s' cannot be saved: %s.", a.Name, string(a.Type), reason)
		}
	}
	return all.Err()
}

// refusal is the wire's error of a definition's problems.
func refusal(found wdl.Problems) error {
	var all arm.Found
	for _, p := range found {
		if p.Severity == wdl.Error {
			all.Add(p.Code, definitionTarget(p.Pointer), "%s", wdl.Problems{p}.Error())
		}
	}
	return all.Err()
}

func definitionTarget(pointer string) string { return "/properties/definition" + pointer }

// Secure parameters. Their values are kept with the version and never served; a
// request that leaves one out keeps the value it had, so that what a GET served can
// be PUT again.

// secureTypes returns the names, in lower case, of the parameters that a
// definition declares secure.
func secureTypes(definition expr.Value) map[string]bool {
	names := map[string]bool{}
	declared, _ := definition.Get("parameters")
	for name, p := range declared.Members() {
		typ, _ := p.Get("type")
		if text, _ := typ.AsString(); isSecure(text) {
			names[strings.ToLower(name)] = true
		}
	}
	return names
}

func isSecure(typ string) bool {
	return strings.EqualFold(typ, "SecureString") || strings.EqualFold(typ, "SecureObject")
}

// keepSecure adds to the parameters those secure ones of old that the request
// leaves out.
func keepSecure(definition, parameters, oldDefinition, oldParameters expr.Value) expr.Value {
	secure, was := secureTypes(definition), secureTypes(oldDefinition)
	for name, p := range oldParameters.Members() {
		folded := strings.ToLower(name)
		if !secure[folded] || !was[folded] {
			continue
		}
		if _, given := parameters.Get(name); !given {
			if parameters.IsNull() {
				parameters = expr.Object()
			}
			parameters = parameters.With(name, p)
		}
	}
	return parameters
}

// showParameters are the supplied parameters without the secure ones.
func showParameters(definition, parameters expr.Value) expr.Value {
	secure := secureTypes(definition)
	shown := fields{}
	for name, p := range parameters.Members() {
		if !secure[strings.ToLower(name)] {
			shown.add(name, p)
		}
	}
	return shown.value()
}

// showDefinition is the definition without the default values of secure
// parameters.
func showDefinition(definition expr.Value) expr.Value {
	secure := secureTypes(definition)
	if len(secure) == 0 {
		return definition
	}
	declared, _ := definition.Get("parameters")
	for name, p := range declared.Members() {
		if secure[strings.ToLower(name)] {
			declared = declared.With(name, p.Without("defaultValue"))
		}
	}
	return definition.With("parameters", declared)
}

// exportWorkflow: what secure parameters are given, the template is asked for.
func exportWorkflow(tx *store.Tx, r arm.Resource, e *arm.Exported) error {
	form, err := decode[workflow](r.Resource)
	if err != nil {
		return err
	}
	current, err := readVersion(tx, form.FlowID, form.Current)
	if err != nil {
		return err
	}
	for name, p := range path(current.Definition, "parameters").Members() {
		typ, secure := arm.Choice(path(p, "type").Text(), "SecureString", "SecureObject")
		_, hasDefault := p.Get("defaultValue")
		if given, _ := current.Parameters.Get(name); secure && (hasDefault || !given.IsNull()) {
			e.Secrets = append(e.Secrets, arm.Secret{Path: []string{"properties", "parameters", name, "value"}, Type: typ})
		}
	}
	return nil
}

// keepDefaults puts back the default values of secure parameters that
// showDefinition took away, where the request has neither default nor value.
func keepDefaults(definition, parameters, old expr.Value) expr.Value {
	declared, _ := definition.Get("parameters")
	before, _ := old.Get("parameters")
	secure, was := secureTypes(definition), secureTypes(old)
	changed := false
	for name, p := range declared.Members() {
		if folded := strings.ToLower(name); !secure[folded] || !was[folded] {
			continue
		}
		_, given := parameters.Get(name)
		_, hasDefault := p.Get("defaultValue")
		previous, _ := before.Get(name)
		value, had := previous.Get("defaultValue")
		if !given && !hasDefault && had {
			declared, changed = declared.With(name, p.With("defaultValue", value)), true
		}
	}
	if !changed {
		return definition
	}
	return definition.With("parameters", declared)
}
