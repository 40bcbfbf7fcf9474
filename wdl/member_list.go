package wdl

import "slices"

// The members of the objects that definitions are made of (wdl-semantics §2, §3,
// §10.1, §10.4, §11.1, §12), with those that published files have besides.

func definitionMembers() []member {
	return slices.Concat(texts("$schema", "contentVersion", "description"),
		objects("parameters", "triggers", "outputs", "staticResults"), anything("actions", "metadata"))
}

func parameterMembers() []member {
	return slices.Concat(texts("type", "description"), []member{{name: "allowedValues", form: formArray}},
		anything("defaultValue", "metadata", "value"))
}

func outputMembers() []member {
	return slices.Concat(texts("type", "description"), anything("value", "metadata"))
}

// commonTriggerMembers are those of every trigger; `trackedProperties` and
// `evaluatedRecurrence` stand in exported files.
func commonTriggerMembers() []member {
	return slices.Concat(texts("type", "kind", "operationOptions", "description"),
		objects("recurrence", "evaluatedRecurrence", "correlation", "splitOnConfiguration", "runtimeConfiguration", "limit", "trackedProperties"),
		[]member{{name: "conditions", form: formArray}},
		anything("inputs", "splitOn", "metadata"))
}

// commonActionMembers are those of every action; `conditions` is of the older schemas and
// stands in some files of this one.
func commonActionMembers() []member {
	return slices.Concat(texts("type", "kind", "operationOptions", "description"),
		objects("limit", "runtimeConfiguration", "trackedProperties"),
		anything("runAfter", "inputs", "metadata", "conditions"))
}

func runtimeMembers() []member {
	return slices.Concat(objects("concurrency", "paginationPolicy", "contentTransfer", "secureData", "staticResult", "requestOptions"), anything("retryPolicy"))
}

func recurrenceMembers() []member {
	return slices.Concat(texts("frequency", "timeZone"),
		anything("interval", "startTime", "endTime", "count", "schedule"))
}

// requestMembers are the inputs of an operation that makes a request
// (wdl-semantics §11.10); `path` of an Http action stands in published files.
func requestMembers() []member {
	return slices.Concat(texts("method", "path", "cookie"), objects("headers", "queries"),
		anything("uri", "body", "authentication", "retryPolicy"))
}

// connectionMembers are the inputs of a connector's operation.
func connectionMembers() []member {
	return slices.Concat(texts("method", "path"), objects("host", "headers", "queries"),
		anything("body", "authentication", "retryPolicy", "subscribe", "unsubscribe"))
}

// managementMembers are the inputs of an API management operation.
func managementMembers() []member {
	return slices.Concat(texts("method", "subscriptionKey"), objects("api", "apiManagement", "pathTemplate", "headers", "queries"),
		anything("body", "authentication", "retryPolicy"))
}

// notificationMembers are those of `fetch` and `subscribe` of an
// ApiConnectionNotification (wdl-semantics §10.2).
func notificationMembers() []member {
	return slices.Concat(texts("method"), objects("pathTemplate", "queries", "headers"), anything("body"))
}

// artifactMembers are the inputs of an action that uses a map or a schema, in both
// forms (wdl-semantics §11.13).
func artifactMembers(artifact string) []member {
	return slices.Concat(objects("integrationAccount", artifact), anything("content"))
}

func flatFileMembers() []member {
	modes := []string{"ForcedDisabled", "HonorSchemaNodeProperty", "ForcedEnabled"}
	return []member{{name: "emptyNodeGenerationMode", form: formText, values: modes}, {name: "xmlNormalization", form: formBool}}
}

func lookupMembers() []member {
	types := []string{"Schema", "Map", "Partner", "Agreement"}
	return append(texts("artifactName"), member{name: "artifactType", form: formText, values: types})
}
