package wdl

import "slices"

// operation is a type of trigger or action: what it needs and how it is read.
type operation struct {
	name     Type
	kinds    []string // allowed, ignoring case; nil: any
	required []string // member paths that must be there
	members  []member // with those that every trigger or action has, once in the table
	inputs   []member // of `inputs`, which may have more
	parse    func(c *compiler, a *Action, n node)
	trigger  func(c *compiler, t *Trigger, n node)
}

// actionOperations is the list of action types of the language (wdl-semantics §11).
func actionOperations() []operation {
	whole := (*compiler).inputs
	timeKinds := []string{"AddToTime", "SubtractFromTime", "ConvertTimeZone", "CurrentTime", "GetFutureTime", "GetPastTime"}
	liquidKinds := []string{"JsonToJson", "JsonToText", "XmlToJson", "XmlToText"}
	variable := slices.Concat(texts("name"), anything("value"))
	managementPaths := []string{"inputs.method", "inputs.pathTemplate.template"}
	return []operation{
		{name: TypeScope, members: anything("actions"), parse: (*compiler).branch},
		{name: TypeIf, required: []string{"expression"}, members: anything("expression", "actions", "else"), parse: (*compiler).ifAction},
		{name: TypeSwitch, required: []string{"expression"}, members: slices.Concat(texts("expression"), anything("cases", "default")), parse: (*compiler).switchAction},
		{name: TypeForeach, required: []string{"foreach", "actions"}, members: anything("foreach", "actions"), parse: (*compiler).foreachAction},
		{name: TypeUntil, required: []string{"expression", "actions", "limit"}, members: anything("expression", "actions"), parse: (*compiler).untilAction},
		{name: TypeTerminate, required: []string{"inputs.runStatus"}, inputs: slices.Concat(texts("runStatus"), objects("runError")), parse: (*compiler).terminateAction},
		{name: TypeResponse, kinds: []string{"Http", "PowerApp", "ApiConnection", "EventGrid", "Button", "Agent"}, required: []string{"inputs.statusCode"}, inputs: slices.Concat(objects("headers"), anything("statusCode", "body", "schema")), parse: (*compiler).responseAction},
		{name: TypeWait, inputs: objects("interval", "until"), parse: (*compiler).waitAction},

		{name: TypeCompose, parse: whole},
		{name: TypeParseJSON, required: []string{"inputs.content", "inputs.schema"}, inputs: anything("content", "schema"), parse: (*compiler).parseJSONAction},
		{name: TypeQuery, required: []string{"inputs.from", "inputs.where"}, inputs: anything("from", "where"), parse: (*compiler).rowsAction},
		{name: TypeSelect, required: []string{"inputs.from", "inputs.select"}, inputs: anything("from", "select"), parse: (*compiler).rowsAction},
		{name: TypeJoin, required: []string{"inputs.from", "inputs.joinWith"}, inputs: slices.Concat(texts("joinWith"), anything("from")), parse: (*compiler).rowsAction},
		{name: TypeTable, required: []string{"inputs.from", "inputs.format"}, inputs: slices.Concat(texts("format"), anything("from", "columns")), parse: (*compiler).rowsAction},
		{name: TypeExpression, kinds: timeKinds, required: []string{"kind"}, inputs: slices.Concat(texts("baseTime", "timeUnit", "sourceTimeZone", "destinationTimeZone", "formatString"), anything("interval")), parse: (*compiler).expressionAction},

		{name: TypeInitializeVariable, inputs: anything("variables", "name", "type", "value"), parse: (*compiler).initializeAction},
		{name: TypeSetVariable, required: []string{"inputs.name"}, inputs: variable, parse: (*compiler).variableAction},
		{name: TypeIncrementVariable, required: []string{"inputs.name"}, inputs: variable, parse: (*compiler).variableAction},
		{name: TypeDecrementVariable, required: []string{"inputs.name"}, inputs: variable, parse: (*compiler).variableAction},
		{name: TypeAppendToStringVariable, required: []string{"inputs.name"}, inputs: variable, parse: (*compiler).variableAction},
		{name: TypeAppendToArrayVariable, required: []string{"inputs.name"}, inputs: variable, parse: (*compiler).variableAction},

		{name: TypeHTTP, required: []string{"inputs.method", "inputs.uri"}, inputs: requestMembers(), parse: (*compiler).requestAction},
		{name: TypeHTTPWebhook, required: []string{"inputs.subscribe"}, inputs: anything("subscribe", "unsubscribe"), parse: (*compiler).webhookAction},
		{name: TypeAPIConnection, required: []string{"inputs.host", "inputs.path"}, inputs: connectionMembers(), parse: (*compiler).requestAction},
		{name: TypeAPIConnectionWebhook, inputs: connectionMembers(), parse: (*compiler).connectionWebhookAction},
		{name: TypeAPIManagement, required: managementPaths, inputs: managementMembers(), parse: (*compiler).managementAction},
		{name: TypeFunction, inputs: slices.Concat(requestMembers(), anything("function", "functionApp")), parse: (*compiler).functionAction},
		{name: TypeWorkflow, inputs: slices.Concat(objects("host", "headers", "queries"), anything("body", "authentication", "retryPolicy")), parse: (*compiler).workflowAction},
		{name: TypeSendToBatch, required: []string{"inputs.batchName", "inputs.content"}, inputs: slices.Concat(texts("batchName", "partitionName", "messageId"), objects("host"), anything("content")), parse: (*compiler).sendToBatchAction},

		{name: TypeXMLValidation, required: []string{"inputs.content"}, inputs: artifactMembers("schema"), parse: (*compiler).schemaAction},
		{name: TypeXslt, required: []string{"inputs.content"}, inputs: slices.Concat(artifactMembers("map"), objects("xsltParameters"), texts("transformOptions")), parse: (*compiler).mapAction},
		{name: TypeLiquid, kinds: liquidKinds, required: []string{"kind", "inputs.content"}, inputs: slices.Concat(artifactMembers("map"), anything("transformedContentSchema")), parse: (*compiler).mapAction},
		{name: TypeFlatFileDecoding, required: []string{"inputs.content"}, inputs: artifactMembers("schema"), parse: (*compiler).schemaAction},
		{name: TypeFlatFileEncoding, required: []string{"inputs.content"}, inputs: slices.Concat(artifactMembers("schema"), flatFileMembers()), parse: (*compiler).schemaAction},
		{name: TypeArtifactLookup, required: []string{"inputs.artifactType", "inputs.artifactName"}, inputs: lookupMembers(), parse: whole},
		{name: TypeJavaScriptCode, required: []string{"inputs.code"}, inputs: slices.Concat(texts("code"), objects("explicitDependencies")), parse: (*compiler).codeAction},
	}
}

// triggerOperations is the list of trigger types of the language (wdl-semantics
// §10.2).
func triggerOperations() []operation {
	requestKinds := []string{"Http", "Button", "PowerApp", "PowerAppV2", "EventGrid", "Geofence", "Alert", "AzureMonitorAlert", "SecurityCenterAlert", "ApiConnection", "Agent"}
	scheduled := []string{"recurrence", "recurrence.frequency", "recurrence.interval"}
	polled := func(paths ...string) []string { return append(paths, scheduled...) }
	managementPaths := []string{"inputs.method", "inputs.pathTemplate.template"}
	batchModes := []string{"Inline", "IntegrationAccount"}
	return []operation{
		{name: TypeRequest, kinds: requestKinds, inputs: slices.Concat(texts("method", "relativePath"), anything("schema")), trigger: (*compiler).requestTrigger},
		{name: TypeManual, inputs: slices.Concat(texts("method", "relativePath"), anything("schema")), trigger: (*compiler).requestTrigger},
		{name: TypeRecurrence, required: scheduled, trigger: (*compiler).recurrenceTrigger},
		{name: TypeSlidingWindow, required: scheduled, inputs: texts("delay"), trigger: (*compiler).slidingTrigger},
		{name: TypeHTTP, required: polled("inputs.method", "inputs.uri"), inputs: requestMembers(), trigger: (*compiler).pollingTrigger},
		{name: TypeHTTPWebhook, required: []string{"inputs.subscribe"}, inputs: anything("subscribe", "unsubscribe"), trigger: (*compiler).webhookTrigger},
		{name: TypeAPIConnection, required: polled("inputs.host", "inputs.path"), inputs: connectionMembers(), trigger: (*compiler).pollingTrigger},
		{name: TypeAPIConnectionWebhook, required: []string{"inputs.host"}, inputs: connectionMembers(), trigger: (*compiler).connectionWebhookTrigger},
		{name: TypeAPIConnectionNotification, required: []string{"inputs.host", "inputs.fetch", "inputs.subscribe"}, inputs: objects("host", "fetch", "subscribe"), trigger: (*compiler).notificationTrigger},
		{name: TypeAPIManagement, required: managementPaths, inputs: managementMembers(), trigger: (*compiler).pollingTrigger},
		{name: TypeBatch, inputs: slices.Concat([]member{{name: "mode", form: formText, values: batchModes}}, texts("batchGroupName"), objects("configurations")), trigger: (*compiler).batchTrigger},
	}
}

// operationTable finds operations by kind of item and lower-case name.
type operationTable [2]map[string]*operation

func newOperationTable() operationTable {
	var table operationTable
	for kind, list := range [...][]operation{TriggerItem: triggerOperations(), ActionItem: actionOperations()} {
		table[kind] = make(map[string]*operation, len(list))
		common := commonActionMembers()
		if ItemKind(kind) == TriggerItem {
			common = commonTriggerMembers()
		}
		for i := range list {
			list[i].members = slices.Concat(common, list[i].members)
			table[kind][fold(string(list[i].name))] = &list[i]
		}
	}
	return table
}

// find returns the operation of that type, ignoring case, or nil.
func (t *operationTable) find(kind ItemKind, typ string) *operation { return t[kind][fold(typ)] }

// Types lists the types of the language that triggers or actions may have.
func Types(kind ItemKind) []Type {
	list := actionOperations()
	if kind == TriggerItem {
		list = triggerOperations()
	}
	types := make([]Type, len(list))
	for i := range list {
		types[i] = list[i].name
	}
	return types
}

// elsewhere says where a type belongs that is not one of the language here, and what
// to use instead (wdl-semantics §10.2, §11.10, §11.13).
func elsewhere(typ string) (where, instead string, ok bool) {
	const tenant = "exists in single-tenant Logic Apps only and is not part of the language here"
	for _, foreign := range [...]struct {
		where, instead string
		types          []string
	}{
		{tenant, "use the connector's managed form, of type 'ApiConnection'", []string{"ServiceProvider"}},
		{tenant, "leave it out, or call what it does by an action of type 'Http'", []string{
			"Binding", "Agent", "InvokeFunction", "ChunkText", "ParseDocument", "XmlParse", "XmlCompose",
			"CSharpScriptCode", "PowerShellCode", "RosettaNetEncode", "RosettaNetDecode", "RosettaNetWaitForResponse",
			"SwiftMTEncode", "SwiftMTDecode", "AS2Encode", "AS2Decode", "X12Encode", "X12Decode", "X12BatchEncode",
			"EdifactEncode", "EdifactDecode", "EdifactBatchEncode", "McpServer", "McpClientTool",
		}},
		{"exists in Power Automate only", "write it as 'ApiConnection', with 'host.connection.name', 'method' and 'path'", []string{"OpenApiConnection"}},
		{"exists in Power Automate only", "write it as 'ApiConnectionWebhook', with 'host.connection.name' and 'path'", []string{"OpenApiConnectionWebhook", "OpenApiConnectionNotification"}},
		{"is of an older schema version", "use 'Http' or 'ApiConnection'", []string{"ApiApp"}},
		{"is of an older schema version", "use 'Recurrence' with 'conditions'", []string{"Condition"}},
	} {
		if containsFold(foreign.types, typ) {
			return foreign.where, foreign.instead, true
		}
	}
	return "", "", false
}
