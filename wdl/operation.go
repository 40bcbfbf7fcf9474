package wdl

import (
	"slices"
	"strings"
)

// operation is a type of trigger or action: what it needs and how it is read.
type operation struct {
	name     Type
	kinds    []string // allowed, ignoring case; nil: any
	required []string // member paths that must be there
	parse    func(c *compiler, a *Action, n node)
	trigger  func(c *compiler, t *Trigger, n node)
}

// actionOperations is the list of action types of the language (wdl-semantics §11).
func actionOperations() []operation {
	whole := (*compiler).inputs
	timeKinds := []string{"AddToTime", "SubtractFromTime", "ConvertTimeZone", "CurrentTime", "GetFutureTime", "GetPastTime"}
	liquidKinds := []string{"JsonToJson", "JsonToText", "XmlToJson", "XmlToText"}
	return []operation{
		{name: TypeScope, parse: (*compiler).branch},
		{name: TypeIf, required: []string{"expression"}, parse: (*compiler).ifAction},
		{name: TypeSwitch, required: []string{"expression"}, parse: (*compiler).switchAction},
		{name: TypeForeach, required: []string{"foreach", "actions"}, parse: (*compiler).foreachAction},
		{name: TypeUntil, required: []string{"expression", "actions", "limit"}, parse: (*compiler).untilAction},
		{name: TypeTerminate, required: []string{"inputs.runStatus"}, parse: (*compiler).terminateAction},
		{name: TypeResponse, kinds: []string{"Http", "PowerApp", "ApiConnection", "EventGrid", "Button", "Agent"}, required: []string{"inputs.statusCode"}, parse: (*compiler).responseAction},
		{name: TypeWait, parse: (*compiler).waitAction},

		{name: TypeCompose, parse: whole},
		{name: TypeParseJSON, required: []string{"inputs.content", "inputs.schema"}, parse: (*compiler).parseJSONAction},
		{name: TypeQuery, required: []string{"inputs.from", "inputs.where"}, parse: (*compiler).rowsAction},
		{name: TypeSelect, required: []string{"inputs.from", "inputs.select"}, parse: (*compiler).rowsAction},
		{name: TypeJoin, required: []string{"inputs.from", "inputs.joinWith"}, parse: (*compiler).rowsAction},
		{name: TypeTable, required: []string{"inputs.from", "inputs.format"}, parse: (*compiler).rowsAction},
		{name: TypeExpression, kinds: timeKinds, parse: (*compiler).expressionAction},

		{name: TypeInitializeVariable, parse: (*compiler).initializeAction},
		{name: TypeSetVariable, required: []string{"inputs.name"}, parse: (*compiler).variableAction},
		{name: TypeIncrementVariable, required: []string{"inputs.name"}, parse: (*compiler).variableAction},
		{name: TypeDecrementVariable, required: []string{"inputs.name"}, parse: (*compiler).variableAction},
		{name: TypeAppendToStringVariable, required: []string{"inputs.name"}, parse: (*compiler).variableAction},
		{name: TypeAppendToArrayVariable, required: []string{"inputs.name"}, parse: (*compiler).variableAction},

		{name: TypeHTTP, required: []string{"inputs.method", "inputs.uri"}, parse: (*compiler).requestAction},
		{name: TypeHTTPWebhook, required: []string{"inputs.subscribe"}, parse: (*compiler).webhookAction},
		{name: TypeAPIConnection, required: []string{"inputs.host"}, parse: (*compiler).requestAction},
		{name: TypeAPIConnectionWebhook, required: []string{"inputs.host"}, parse: (*compiler).connectionWebhookAction},
		{name: TypeAPIManagement, parse: (*compiler).managementAction},
		{name: TypeFunction, required: []string{"inputs.function"}, parse: (*compiler).requestAction},
		{name: TypeWorkflow, required: []string{"inputs.host.workflow", "inputs.host.workflow.id"}, parse: (*compiler).workflowAction},
		{name: TypeSendToBatch, required: []string{"inputs.batchName", "inputs.content", "inputs.host"}, parse: whole},

		{name: TypeXMLValidation, required: []string{"inputs.content"}, parse: whole},
		{name: TypeXslt, required: []string{"inputs.content"}, parse: whole},
		{name: TypeLiquid, kinds: liquidKinds, required: []string{"inputs.content"}, parse: whole},
		{name: TypeFlatFileDecoding, required: []string{"inputs.content"}, parse: whole},
		{name: TypeFlatFileEncoding, required: []string{"inputs.content"}, parse: whole},
		{name: TypeArtifactLookup, required: []string{"inputs.artifactType", "inputs.artifactName"}, parse: whole},
		{name: TypeJavaScriptCode, required: []string{"inputs.code"}, parse: (*compiler).codeAction},
	}
}

// triggerOperations is the list of trigger types of the language (wdl-semantics
// §10.2).
func triggerOperations() []operation {
	requestKinds := []string{"Http", "Button", "PowerApp", "PowerAppV2", "EventGrid", "Geofence", "Alert", "AzureMonitorAlert", "SecurityCenterAlert", "ApiConnection", "Agent"}
	scheduled := []string{"recurrence.frequency", "recurrence.interval"}
	return []operation{
		{name: TypeRequest, kinds: requestKinds, trigger: (*compiler).requestTrigger},
		{name: TypeManual, trigger: (*compiler).requestTrigger},
		{name: TypeRecurrence, required: scheduled, trigger: (*compiler).recurrenceTrigger},
		{name: TypeSlidingWindow, required: scheduled, trigger: (*compiler).slidingTrigger},
		{name: TypeHTTP, required: []string{"inputs.method", "inputs.uri", "recurrence"}, trigger: (*compiler).pollingTrigger},
		{name: TypeHTTPWebhook, required: []string{"inputs.subscribe"}, trigger: (*compiler).webhookTrigger},
		{name: TypeAPIConnection, required: []string{"inputs.host", "recurrence"}, trigger: (*compiler).pollingTrigger},
		{name: TypeAPIConnectionWebhook, required: []string{"inputs.host"}, trigger: (*compiler).connectionWebhookTrigger},
		{name: TypeAPIConnectionNotification, required: []string{"inputs.host"}, trigger: (*compiler).notificationTrigger},
		{name: TypeAPIManagement, required: []string{"inputs.api"}, trigger: (*compiler).pollingTrigger},
		{name: TypeBatch, required: []string{"inputs.mode"}, trigger: (*compiler).batchTrigger},
	}
}

// operationTable finds operations by kind of item and lower-case name.
type operationTable [2]map[string]*operation

func newOperationTable() operationTable {
	var table operationTable
	for kind, list := range [...][]operation{TriggerItem: triggerOperations(), ActionItem: actionOperations()} {
		table[kind] = make(map[string]*operation, len(list))
		for i := range list {
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

// elsewhere reports whether a type belongs to single-tenant Logic Apps only
// (wdl-semantics §10.2, §11.13).
func elsewhere(typ string) bool {
	return slices.ContainsFunc([]string{
		"ServiceProvider", "Binding", "Agent", "InvokeFunction", "ChunkText", "ParseDocument",
		"XmlParse", "XmlCompose", "CSharpScriptCode", "PowerShellCode", "RosettaNetEncode",
		"RosettaNetDecode", "RosettaNetWaitForResponse", "SwiftMTEncode", "SwiftMTDecode",
		"AS2Encode", "AS2Decode", "X12Encode", "X12Decode", "EdifactEncode", "EdifactDecode",
	}, func(name string) bool { return strings.EqualFold(name, typ) })
}
