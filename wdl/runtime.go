package wdl

import (
	"fmt"
	"slices"
	"strings"
)

// The runtime configuration of triggers and actions (wdl-semantics §12.3, §12.6,
// §12.7): numbers that are read when a workflow is saved, what is hidden, and results
// that stand in.

// pagination reads how many items a list is followed for; too many in the words of a
// public error report.
func (c *compiler) pagination(a *Action, n node) int {
	if value, known, isInteger := c.integer(n); known && isInteger && value > c.bounds.PaginationItems {
		c.report(n.at, RuleConcurrency, "The pagination policy of workflow run action '%s' of type '%s' is not valid. The value specified for property 'minimumItemsCount' exceeds the maximum allowed. Actual: '%d'. Maximum: '%d'.", a.Name, a.Type, value, c.bounds.PaginationItems)
		return 0
	}
	return c.literalInteger(n, c.owner(a), "paginationPolicy.minimumItemCount", 1, c.bounds.PaginationItems)
}

// runtimeMembers checks the members of a runtimeConfiguration.
func (c *compiler) runtimeMembers(runtime node, o owner) {
	c.members(runtime, o, runtimeMembers(), complete)
	for _, part := range [...]struct {
		name string
		list []member
	}{
		{"concurrency", anything("runs", "maximumWaitingRuns", "repetitions")},
		{"paginationPolicy", anything("minimumItemCount")},
		{"contentTransfer", slices.Concat(texts("transferMode"), anything("uploadChunkSizeInMB", "downloadChunkSizeInMB"))},
		{"secureData", anything("properties")},
		{"staticResult", texts("name", "staticResultOptions")},
	} {
		if m, ok := runtime.member(part.name); ok {
			c.members(m, o, part.list, complete)
		}
	}
}

// maxChunkSize is in MB: a chunk is a message of its own (wdl-semantics §17).
const maxChunkSize = 200

// chunkSizes reads the sizes of a contentTransfer (wdl-semantics §12.3).
func (c *compiler) chunkSizes(a *Action, runtime node) {
	for _, size := range [...]struct {
		name string
		into *int
	}{{"uploadChunkSizeInMB", &a.UploadChunk}, {"downloadChunkSizeInMB", &a.DownloadChunk}} {
		if m, ok := runtime.path("contentTransfer." + size.name); ok && !m.IsNull() {
			*size.into = c.literalInteger(m, c.owner(a), "contentTransfer."+size.name, 1, maxChunkSize)
		}
	}
}

// literalInteger reads a number of the runtime configuration, which the service
// reads when the definition is saved: it cannot be an expression.
func (c *compiler) literalInteger(n node, o owner, name string, low, high int) int {
	value, known, isInteger := c.integer(n)
	switch {
	case c.unknown(n):
		return 0
	case !known:
		c.invalid(n, o, RuleConcurrency, "%s must be a number, not an expression: it is read when the workflow is saved", name)
		return 0
	case !isInteger || value < low || value > high:
		c.invalid(n, o, RuleConcurrency, "%s must lie between %d and %d", name, low, high)
		return 0
	}
	return value
}

// actionConcurrency reads runtimeConfiguration.concurrency of an action
// (wdl-semantics §12.3).
func (c *compiler) actionConcurrency(a *Action, runtime node, o owner) {
	concurrency, ok := runtime.member("concurrency")
	if !ok || !concurrency.isObject() {
		return
	}
	for _, name := range [...]string{"runs", "maximumWaitingRuns"} {
		if m, ok := concurrency.member(name); ok {
			c.invalid(m, o, RuleConcurrency, "concurrency.%s is for triggers only", name)
		}
	}
	repetitions, ok := concurrency.member("repetitions")
	if !ok || c.unknown(repetitions) {
		return
	}
	if a.Type != TypeForeach && c.parsed[a.Index].known {
		c.invalid(repetitions, o, RuleConcurrency, "concurrency.repetitions is for actions of type 'Foreach' only")
		return
	}
	a.Concurrency = c.literalInteger(repetitions, o, "concurrency.repetitions", 1, c.most(c.bounds.ForeachConcurrency))
	if a.Options.Has(Sequential) && a.Concurrency > 1 {
		c.invalid(repetitions, o, RuleConflict, "the operation option 'Sequential' and concurrency.repetitions exclude each other")
	}
}

// secureData reads runtimeConfiguration.secureData (wdl-semantics §12.6).
func (c *compiler) secureData(runtime node, o owner) (inputs, outputs bool) {
	properties, ok := runtime.path("secureData.properties")
	if !ok || c.dynamic(properties) {
		return false, false
	}
	if !properties.isArray() {
		c.invalid(properties, o, RuleSecureData, "secureData.properties must be an array of 'inputs' and 'outputs'")
	}
	for _, p := range properties.elements() {
		switch {
		case strings.EqualFold(p.text(), "inputs"):
			inputs = true
		case strings.EqualFold(p.text(), "outputs"):
			outputs = true
		default:
			c.invalid(p, o, RuleSecureData, "secureData.properties may hold 'inputs' and 'outputs', not '%s'", p.Text())
		}
	}
	return inputs, outputs
}

// secureAction checks which actions can hide what (wdl-semantics §12.6).
func (c *compiler) secureAction(a *Action, runtime node, o owner) {
	at, _ := runtime.member("secureData")
	plain := a.Type.IsContainer() || a.Type.IsVariable() || a.Type == TypeTerminate
	if a.SecureInputs && plain {
		c.invalid(at, o, RuleSecureData, "inputs of an action of type '%s' cannot be secured", a.Type)
	}
	noOutputs := plain || slices.Contains([]Type{TypeCompose, TypeParseJSON, TypeResponse, TypeWait}, a.Type)
	if a.SecureOutputs && noOutputs {
		c.invalid(at, o, RuleSecureData, "outputs of an action of type '%s' cannot be secured", a.Type)
	}
	if (a.SecureInputs || a.SecureOutputs) && a.TrackedProperties != nil {
		c.warn(at.at, RuleTracked, "The %s %s has secured data, so its trackedProperties are not emitted", o.where, position)
	}
}

// staticResult reads runtimeConfiguration.staticResult (wdl-semantics §12.7).
func (c *compiler) staticResult(a *Action, runtime node, o owner) {
	static, ok := runtime.member("staticResult")
	if !ok || !static.isObject() {
		return
	}
	name, _ := static.member("name")
	if name.text() == "" {
		c.add(Problem{Pointer: static.at, Code: CodeInvalidStaticResultName, Rule: RuleStaticResult,
			Message: fmt.Sprintf("The 'name' of the static result of action '%s' cannot be null or empty.", a.Name)})
		return
	}
	option, _ := static.member("staticResultOptions")
	if !strings.EqualFold(option.text(), "Enabled") || c.unknown(name) {
		return
	}
	result, ok := c.program.StaticResults[fold(name.text())]
	if !ok {
		c.invalid(static, o, RuleStaticResult, "the static result '%s' is not defined in 'staticResults'", name.text())
		return
	}
	a.StaticResult = &result
}
