package wdl

import (
	"slices"
	"strings"

	"isle/expr"
)

// EditorSchema is a JSON schema (draft 7) of definitions, from which an editor tells what
// may stand where: members, types of triggers and actions, statuses, options. It is made
// for completion, not for judgement: an expression may stand nearly everywhere, and only
// [Compile] knows all rules. supported says which types are offered; nil: all.
func EditorSchema(supported func(kind ItemKind, typ string) bool) expr.Value {
	table := newOperationTable()
	steps := func(name string) expr.Value { return schemaOf("additionalProperties", reference(name)) }
	root := schemaMembers(definitionMembers())
	root = root.With("triggers", steps("trigger"))
	root = root.With("actions", steps("action"))
	root = root.With("parameters", schemaOf("additionalProperties", schemaOf("properties", schemaMembers(parameterMembers()))))
	root = root.With("outputs", schemaOf("additionalProperties", schemaOf("properties", schemaMembers(outputMembers()))))
	return expr.Object(
		expr.Member{Name: "$schema", Value: expr.String("http://json-schema.org/draft-07/schema#")},
		expr.Member{Name: "type", Value: expr.String("object")},
		expr.Member{Name: "required", Value: schemaTexts("$schema", "triggers", "actions")},
		expr.Member{Name: "properties", Value: root},
		expr.Member{Name: "definitions", Value: expr.Object(
			expr.Member{Name: "trigger", Value: table.stepSchema(TriggerItem, triggerOperations(), supported)},
			expr.Member{Name: "action", Value: table.stepSchema(ActionItem, actionOperations(), supported)},
		)},
	)
}

// stepSchema is the schema of a trigger or action: what all have, and by type the rest.
func (t *operationTable) stepSchema(kind ItemKind, list []operation, supported func(ItemKind, string) bool) expr.Value {
	common := commonActionMembers()
	if kind == TriggerItem {
		common = commonTriggerMembers()
	}
	var types []string
	var branches []expr.Value
	for _, o := range list {
		if supported != nil && !supported(kind, string(o.name)) {
			continue
		}
		types = append(types, string(o.name))
		branches = append(branches, expr.Object(
			expr.Member{Name: "if", Value: expr.Object(
				expr.Member{Name: "required", Value: schemaTexts("type")},
				expr.Member{Name: "properties", Value: expr.Object(expr.Member{Name: "type", Value: schemaOf("const", expr.String(string(o.name)))})})},
			expr.Member{Name: "then", Value: t.find(kind, string(o.name)).schema()}))
	}
	members := schemaMembers(common).With("type", schemaOf("enum", schemaTexts(types...)))
	members = members.With("operationOptions", schemaOf("enum", schemaTexts(optionNames[:]...)))
	members = members.With("runtimeConfiguration", schemaOf("properties", schemaMembers(runtimeMembers())))
	if kind == TriggerItem {
		members = members.With("recurrence", schemaOf("properties", schemaMembers(recurrenceMembers())))
	} else {
		members = members.With("runAfter", runAfterSchema())
	}
	return expr.Object(
		expr.Member{Name: "type", Value: expr.String("object")},
		expr.Member{Name: "required", Value: schemaTexts("type")},
		expr.Member{Name: "properties", Value: members},
		expr.Member{Name: "allOf", Value: expr.Array(branches...)},
	)
}

// schema is what a type adds: its own members, its kinds and inputs, and what it needs.
func (o *operation) schema() expr.Value {
	branch := schemaOf("properties", expr.Object(expr.Member{Name: "actions", Value: schemaOf("additionalProperties", reference("action"))}))
	properties := expr.Object()
	for _, m := range o.members {
		switch m.name {
		case "actions":
			properties = properties.With(m.name, schemaOf("additionalProperties", reference("action")))
		case "else", "default":
			properties = properties.With(m.name, branch)
		case "cases":
			properties = properties.With(m.name, schemaOf("additionalProperties", branch))
		}
	}
	if o.kinds != nil {
		properties = properties.With("kind", schemaOf("enum", schemaTexts(o.kinds...)))
	}
	var required, inputs []string
	for _, path := range o.required {
		if name, ok := strings.CutPrefix(path, "inputs."); !ok {
			required = append(required, strings.Split(path, ".")[0])
		} else {
			inputs = append(inputs, strings.Split(name, ".")[0])
			required = append(required, "inputs")
		}
	}
	if o.inputs != nil {
		properties = properties.With("inputs", expr.Object(
			expr.Member{Name: "required", Value: schemaTexts(unique(inputs)...)}, expr.Member{Name: "properties", Value: schemaMembers(o.inputs)}))
	}
	return expr.Object(expr.Member{Name: "required", Value: schemaTexts(unique(required)...)}, expr.Member{Name: "properties", Value: properties})
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func runAfterSchema() expr.Value {
	var statuses []string
	for _, s := range []Status{Succeeded, Failed, Skipped, TimedOut} {
		statuses = append(statuses, s.String())
	}
	return schemaOf("additionalProperties", schemaOf("items", schemaOf("enum", schemaTexts(statuses...))))
}

// schemaMembers are the properties of a list of members.
func schemaMembers(list []member) expr.Value {
	properties := expr.Object()
	for _, m := range list {
		one := expr.Object()
		if m.values != nil {
			one = schemaOf("enum", schemaTexts(m.values...))
		} else if m.form == formObject {
			one = schemaOf("type", schemaTexts("object", "string")) // which is an expression
		} else if m.form == formArray {
			one = schemaOf("type", schemaTexts("array", "string"))
		}
		properties = properties.With(m.name, one)
	}
	return properties
}

func schemaOf(name string, v expr.Value) expr.Value {
	return expr.Object(expr.Member{Name: name, Value: v})
}

func reference(name string) expr.Value {
	return schemaOf("$ref", expr.String("#/definitions/"+name))
}

func schemaTexts(names ...string) expr.Value {
	list := make([]expr.Value, len(names))
	for i, n := range names {
		list[i] = expr.String(n)
	}
	return expr.Array(list...)
}
