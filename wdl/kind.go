package wdl

import "strings"

// ItemKind says whether a type is one of triggers or of actions.
type ItemKind uint8

// The kinds of item.
const (
	TriggerItem ItemKind = iota
	ActionItem
)

// String returns "trigger" or "action".
func (k ItemKind) String() string {
	if k == TriggerItem {
		return "trigger"
	}
	return "action"
}

// Type is the canonical spelling of a trigger's or action's type.
type Type string

// Types of triggers; those that name an action type too stand there
// (wdl-semantics §10.2).
const (
	TypeRequest                   Type = "Request"
	TypeRecurrence                Type = "Recurrence"
	TypeSlidingWindow             Type = "SlidingWindow"
	TypeBatch                     Type = "Batch"
	TypeManual                    Type = "Manual" // 2015 preview, like Request
	TypeAPIConnectionNotification Type = "ApiConnectionNotification"
)

// Types of actions (wdl-semantics §11).
const (
	TypeScope     Type = "Scope"
	TypeIf        Type = "If"
	TypeSwitch    Type = "Switch"
	TypeForeach   Type = "Foreach"
	TypeUntil     Type = "Until"
	TypeTerminate Type = "Terminate"
	TypeResponse  Type = "Response"
	TypeWait      Type = "Wait"

	TypeCompose    Type = "Compose"
	TypeParseJSON  Type = "ParseJson"
	TypeQuery      Type = "Query"
	TypeSelect     Type = "Select"
	TypeJoin       Type = "Join"
	TypeTable      Type = "Table"
	TypeExpression Type = "Expression"

	TypeInitializeVariable     Type = "InitializeVariable"
	TypeSetVariable            Type = "SetVariable"
	TypeIncrementVariable      Type = "IncrementVariable"
	TypeDecrementVariable      Type = "DecrementVariable"
	TypeAppendToStringVariable Type = "AppendToStringVariable"
	TypeAppendToArrayVariable  Type = "AppendToArrayVariable"

	TypeHTTP                 Type = "Http"
	TypeHTTPWebhook          Type = "HttpWebhook"
	TypeAPIConnection        Type = "ApiConnection"
	TypeAPIConnectionWebhook Type = "ApiConnectionWebhook"
	TypeAPIManagement        Type = "ApiManagement"
	TypeFunction             Type = "Function"
	TypeWorkflow             Type = "Workflow"
	TypeSendToBatch          Type = "SendToBatch"

	TypeXMLValidation    Type = "XmlValidation"
	TypeXslt             Type = "Xslt"
	TypeLiquid           Type = "Liquid"
	TypeFlatFileDecoding Type = "FlatFileDecoding"
	TypeFlatFileEncoding Type = "FlatFileEncoding"
	TypeArtifactLookup   Type = "IntegrationAccountArtifactLookup"
	TypeJavaScriptCode   Type = "JavaScriptCode"
)

// IsVariable reports whether the type reads or writes a variable.
func (t Type) IsVariable() bool {
	return strings.HasSuffix(string(t), "Variable")
}

// IsLoop reports whether the type repeats its children.
func (t Type) IsLoop() bool { return t == TypeForeach || t == TypeUntil }

// IsContainer reports whether the type holds other actions.
func (t Type) IsContainer() bool {
	return t == TypeScope || t == TypeIf || t == TypeSwitch || t.IsLoop()
}

// OptionSet is the set of operationOptions of a trigger or action
// (wdl-semantics §12.2).
type OptionSet uint16

// The options.
const (
	DisableAsyncPattern OptionSet = 1 << iota
	Asynchronous
	Sequential
	FailWhenLimitsReached
	SuppressWorkflowHeaders
	DisableAutomaticDecompression
	SingleInstance
	EnableSchemaValidation
	IncludeAuthorizationHeadersInOutputs
	SuppressWorkflowHeadersOnResponse
)

var optionNames = [...]string{
	"DisableAsyncPattern", "Asynchronous", "Sequential", "FailWhenLimitsReached",
	"SuppressWorkflowHeaders", "DisableAutomaticDecompression", "SingleInstance",
	"EnableSchemaValidation", "IncludeAuthorizationHeadersInOutputs",
	"SuppressWorkflowHeadersOnResponse",
}

// Has reports whether all options of o are in the set.
func (s OptionSet) Has(o OptionSet) bool { return s&o == o }

// parseOptions reads a list separated by commas or blanks, ignoring case, and
// returns the tokens it does not know.
func parseOptions(list string) (set OptionSet, unknown []string) {
	separator := func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\n' }
tokens:
	for _, token := range strings.FieldsFunc(list, separator) {
		if strings.EqualFold(token, "None") {
			continue
		}
		for i, name := range optionNames {
			if strings.EqualFold(name, token) {
				set |= 1 << i
				continue tokens
			}
		}
		unknown = append(unknown, token)
	}
	return set, unknown
}
