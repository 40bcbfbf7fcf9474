package wdl

// Rule names a rule of the language, for tools and documents; the script
// testdata/rules/<rule>.txt shows a definition that breaks it.
type Rule string

// The rules; numbers are those of wdl-semantics §15.
const (
	RuleDocument         Rule = "document"          // 39: a definition is a JSON object with actions
	RuleSchemaVersion    Rule = "schema-version"    // §2: $schema is that of 2016-06-01
	RuleShape            Rule = "shape"             // members have the JSON type they need
	RuleRunAfterUnknown  Rule = "run-after-unknown" // 1, 2: runAfter names a sibling
	RuleRunAfterCycle    Rule = "run-after-cycle"   // 3
	RuleRunAfterShape    Rule = "run-after-shape"   // 4
	RuleExpression       Rule = "expression"        // 5, 6: parses, known functions, argument counts
	RuleContext          Rule = "context"           // 6, 13: a function that cannot stand here
	RuleActionUnknown    Rule = "action-unknown"    // 7
	RuleActionReach      Rule = "action-reach"      // 8, 9
	RuleTriggerReference Rule = "trigger-reference" // 10: triggers read no actions and no variables
	RuleItem             Rule = "item"              // 11
	RuleIteration        Rule = "iteration"         // 12
	RuleParameterUnknown Rule = "parameter-unknown" // 14
	RuleVariableUse      Rule = "variable-use"      // 15
	RuleVariableInit     Rule = "variable-init"     // 16
	RuleVariableSelf     Rule = "variable-self"     // 17
	RuleVariableType     Rule = "variable-type"     // 18
	RuleDuplicateName    Rule = "duplicate-name"    // 19
	RuleLimit            Rule = "limit"             // 20
	RuleType             Rule = "type"              // 21: unknown type or kind
	RuleUnsupported      Rule = "unsupported"       // a type of the language that this server does not run
	RuleMissing          Rule = "missing"           // 22
	RuleUntilLimit       Rule = "until-limit"       // 23
	RuleSwitchCase       Rule = "switch-case"       // 24
	RuleResponse         Rule = "response"          // 25
	RuleResponseParallel Rule = "response-parallel" // 25, a warning
	RuleTerminate        Rule = "terminate"         // 26
	RuleConcurrency      Rule = "concurrency"       // 27
	RuleConflict         Rule = "conflict"          // 28
	RuleRetry            Rule = "retry"             // 29
	RuleRecurrence       Rule = "recurrence"        // 30
	RuleRequest          Rule = "request"           // 31
	RuleURI              Rule = "uri"               // 32: uri and method
	RuleCallback         Rule = "callback"          // 33: a webhook hands its address on
	RuleStaticResult     Rule = "static-result"     // 34
	RuleTracked          Rule = "tracked"           // 35
	RuleParameter        Rule = "parameter"         // 36
	RuleAsyncResponse    Rule = "async-response"    // 40
	RuleConnection       Rule = "connection"        // connections §1: what an operation reads of an entry of $connections
	RuleOption           Rule = "option"            // §12.2: unknown token, a warning
	RuleSecureData       Rule = "secure-data"       // §12.6
	RuleSplitOn          Rule = "split-on"          // §10.1
	RuleNoTrigger        Rule = "no-trigger"        // §2: nothing starts it, a warning
	RuleName             Rule = "name"              // §2: what names may not hold
	RuleUnknownMember    Rule = "unknown-member"    // §2: a member that is not known there, a warning
)

// Rules lists every rule.
func Rules() []Rule {
	return []Rule{
		RuleDocument,
		RuleSchemaVersion,
		RuleShape,
		RuleRunAfterUnknown,
		RuleRunAfterCycle,
		RuleRunAfterShape,
		RuleExpression,
		RuleContext,
		RuleActionUnknown,
		RuleActionReach,
		RuleTriggerReference,
		RuleItem,
		RuleIteration,
		RuleParameterUnknown,
		RuleVariableUse,
		RuleVariableInit,
		RuleVariableSelf,
		RuleVariableType,
		RuleDuplicateName,
		RuleLimit,
		RuleType,
		RuleUnsupported,
		RuleMissing,
		RuleUntilLimit,
		RuleSwitchCase,
		RuleResponse,
		RuleResponseParallel,
		RuleTerminate,
		RuleConcurrency,
		RuleConflict,
		RuleRetry,
		RuleRecurrence,
		RuleRequest,
		RuleURI,
		RuleCallback,
		RuleStaticResult,
		RuleTracked,
		RuleParameter,
		RuleAsyncResponse,
		RuleConnection,
		RuleOption,
		RuleSecureData,
		RuleSplitOn,
		RuleNoTrigger,
		RuleName,
		RuleUnknownMember,
	}
}
