package server

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/connector"
	connectorhttp "isle/internal/connector/http"
	"isle/internal/connector/script"
	connectorworkflow "isle/internal/connector/workflow"
	"isle/wdl"
)

// Limits are those of wdl-semantics §17, and some of Isle's own, that a server can be told
// otherwise, by `--limit name=value`. Zero times and sizes are the documented ones, which
// are smaller outside an environment.
type Limits struct {
	Workflow wdl.Limits
	Code     script.Limits

	MessageSize int64 // bytes of a body, in and out
	ChunkedSize int64 // bytes of a message that is carried over in chunks
	// BufferedSize bounds the bytes of large messages in memory: of all that are taken in,
	// and of all that are fetched and sent; 0: 1 GB, or what one message may have.
	BufferedSize int64
	Parts        int // requests for the parts of one content
	Inbound      time.Duration
	Outbound     time.Duration
	NestedCalls  int // workflows that call each other in a row
}

// defaultLimits are those of a server that is told nothing.
func defaultLimits() Limits {
	return Limits{Workflow: wdl.DefaultLimits(), Parts: connectorhttp.DefaultMaxParts, NestedCalls: connectorworkflow.DefaultDepth}
}

// limit is one of them, and where it is kept.
type limit struct {
	name  string
	value any    // *int, *int64 (bytes) or *time.Duration
	most  int64  // that it can be; 0: what its type can
	unset string // what zero stands for
	means string
}

// list is all limits by name.
func (l *Limits) list() []limit {
	w := &l.Workflow
	return []limit{
		{name: "actions", value: &w.Actions, means: "actions of a workflow"},
		{name: "triggers", value: &w.Triggers, means: "triggers of a workflow"},
		{name: "parameters", value: &w.Parameters, means: "parameters of a workflow"},
		{name: "outputs", value: &w.Outputs, means: "outputs of a workflow"},
		{name: "variables", value: &w.Variables, means: "variables of a workflow"},
		{name: "nesting", value: &w.Nesting, means: "levels of actions inside actions"},
		{name: "cases", value: &w.Cases, means: "cases of a Switch"},
		{name: "nameLength", value: &w.NameLength, means: "characters of the name of an action or a trigger"},
		{name: "descriptionLength", value: &w.DescriptionLength, means: "characters of a description"},
		{name: "trackedProperties", value: &w.TrackedProperties, means: "characters of the trackedProperties of an action"},
		{name: "expressionLength", value: &w.ExpressionLength, means: "characters of an expression"},
		{name: "uriLength", value: &w.URILength, means: "bytes of the uri of a request"},
		{name: "expressionResult", value: &w.ExpressionResult, most: expr.MaxSize, means: "what a function or an interpolation may give"},
		{name: "variableSize", value: &w.VariableSize, most: expr.MaxSize, means: "a variable"},
		{name: "variableItems", value: &w.VariableItems, means: "items of a variable of type Array"},
		{name: "inlineCode", value: &w.InlineCode, means: "characters of the code of a JavaScriptCode action"},
		{name: "inlineCodeTime", value: &l.Code.Time, unset: "5s", means: "how long that code may run"},
		{name: "inlineCodeMemory", value: &l.Code.Memory, unset: "256MB", means: "memory of a process that runs it"},
		{name: "recurrenceMinimum", value: &w.RecurrenceMinimum, most: int64(recurrences), means: "shortest time between two slots of a recurrence"},
		{name: "recurrenceMaximum", value: &w.RecurrenceMaximum, most: int64(recurrences), means: "longest one"},
		{name: "triggerConcurrency", value: &w.TriggerConcurrency, means: "concurrency.runs of a trigger; 25, or this if it is less, without a number"},
		{name: "waitingRuns", value: &w.WaitingRuns, means: "concurrency.maximumWaitingRuns of a trigger"},
		{name: "splitOnItems", value: &w.SplitOnItems, means: "items of splitOn"},
		{name: "splitOnItemsWithConcurrency", value: &w.SplitOnCounted, means: "the same where the runs of the trigger are limited"},
		{name: "foreachItems", value: &w.ForeachItems, means: "items of a Foreach"},
		{name: "foreachConcurrency", value: &w.ForeachConcurrency, means: "concurrency.repetitions of a Foreach; 20, or this if it is less, without a number"},
		{name: "untilIterations", value: &w.UntilIterations, means: "limit.count of an Until; 60, or this if it is less, without a number"},
		{name: "paginationItems", value: &w.PaginationItems, means: "paginationPolicy.minimumItemCount"},
		{name: "retryCount", value: &w.RetryCount, means: "retries of a retryPolicy; 4, or this if it is less, without one"},
		{name: "retryMinimumInterval", value: &w.RetryMinimumInterval, means: "shortest interval of a retryPolicy"},
		{name: "retryMaximumInterval", value: &w.RetryMaximumInterval, means: "longest one"},
		{name: "batchMessages", value: &w.BatchMessages, means: "messages of a batch"},
		{name: "batchSize", value: &w.BatchSize, means: "bytes of a batch"},
		{name: "nestedCalls", value: &l.NestedCalls, means: "workflows that call each other in a row"},
		{name: "runDuration", value: &w.RunDuration, means: "how long a run may last and its history is kept"},
		{name: "messageSize", value: &l.MessageSize, unset: inEnvironment(writeSize(connectorhttp.EnvironmentMaxBody), writeSize(connectorhttp.SharedMaxBody)), means: "a message, in and out"},
		{name: "chunkedSize", value: &l.ChunkedSize, unset: writeSize(connectorhttp.DefaultMaxChunked), means: "a message in chunks"},
		{name: "downloadRequests", value: &l.Parts, means: "requests for the parts of one content"},
		{name: "bufferedSize", value: &l.BufferedSize, unset: writeSize(connector.DefaultBuffered), means: "all large messages in memory that are taken in, and all that requests send and get; what one may have, if that is more"},
		{name: "inboundTimeout", value: &l.Inbound, unset: inEnvironment(writeTime(defaultEnvironmentResponseLimit), writeTime(defaultResponseLimit)), means: "how long a caller waits for a Response"},
		{name: "outboundTimeout", value: &l.Outbound, unset: inEnvironment(writeTime(connectorhttp.EnvironmentTimeout), writeTime(connectorhttp.SharedTimeout)), means: "how long a request may take"},
	}
}

func inEnvironment(there, outside string) string {
	return there + ", " + outside + " outside an environment"
}

// recurrences is the longest interval that a recurrence can be given (wdl-semantics §17).
const recurrences = 500 * 24 * time.Hour

// LimitsHelp lists all limits, one to a line: name, default and meaning.
func LimitsHelp() string {
	var b strings.Builder
	limits := defaultLimits()
	for _, one := range limits.list() {
		fmt.Fprintf(&b, "  %-28s %s (%s)\n", one.name, one.means, one.text())
	}
	return b.String()
}

// text is the value in the form that it can be given in.
func (l limit) text() string {
	switch v := l.value.(type) {
	case *int:
		return strconv.Itoa(*v)
	case *int64:
		return cmp.Or(writeSize(*v), l.unset)
	case *time.Duration:
		return cmp.Or(writeTime(*v), l.unset)
	}
	return ""
}

// writeSize and writeTime are the other directions of readSize and readTime; "" for zero.
func writeSize(n int64) string {
	units := []string{"", "KB", "MB", "GB"}
	for n > 0 && n%1024 == 0 && len(units) > 1 {
		n, units = n/1024, units[1:]
	}
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10) + units[0]
}

func writeTime(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return ""
	case d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	case d%time.Second == 0:
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return d.String()
}

// readLimits reads entries name=value over the defaults. The error has all their
// problems.
func readLimits(entries []string) (Limits, error) {
	l := defaultLimits()
	all := l.list()
	var found []error
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		i := slices.IndexFunc(all, func(one limit) bool { return strings.EqualFold(one.name, name) })
		if i < 0 {
			found = append(found, fmt.Errorf("--limit %s: there is no limit '%s'; the limits are %s", entry, name, names(all)))
			continue
		}
		if err := all[i].set(value); err != nil {
			found = append(found, fmt.Errorf("--limit %s: %w", entry, err))
		}
	}
	for _, pair := range [][2]*time.Duration{
		{&l.Workflow.RetryMinimumInterval, &l.Workflow.RetryMaximumInterval},
		{&l.Workflow.RecurrenceMinimum, &l.Workflow.RecurrenceMaximum},
	} {
		if *pair[0] > *pair[1] {
			low, high := all[placeIn(all, pair[0])], all[placeIn(all, pair[1])]
			found = append(found, fmt.Errorf("--limit %s=%s: it must not be longer than %s, which is %s", low.name, low.text(), high.name, high.text()))
		}
	}
	return l, errors.Join(found...)
}

// placeIn is the place of the limit that is kept there.
func placeIn(all []limit, value any) int {
	return slices.IndexFunc(all, func(one limit) bool { return one.value == value })
}

// Buffered is the bound of the messages in memory: never below what one message may have.
func (l *Limits) Buffered() int64 {
	if l.BufferedSize > 0 {
		return l.BufferedSize
	}
	return max(connector.DefaultBuffered, l.ChunkedSize, l.MessageSize)
}

func names(all []limit) string {
	list := make([]string, len(all))
	for i, one := range all {
		list[i] = one.name
	}
	return strings.Join(list, ", ")
}

// most bounds what a limit can be set to, so that sums of limits stay numbers.
const most = 1 << 30

func (l limit) set(text string) (err error) {
	switch into := l.value.(type) {
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			return fmt.Errorf("give a whole number from 1 to %d", most)
		}
		*into = n
	case *int64:
		n, err := readSize(text)
		if err != nil {
			return err
		}
		if l.most > 0 && n > l.most {
			return fmt.Errorf("give no more than %s", writeSize(l.most))
		}
		*into = n
	case *time.Duration:
		d, err := readTime(text, cmp.Or(time.Duration(l.most), longest))
		if err != nil {
			return err
		}
		*into = d
	}
	return nil
}

// longest is the longest time that most limits can be: that of a run in an environment.
const longest = 366 * 24 * time.Hour

// readTime reads a time in days, such as 366d, or as Go writes it.
func readTime(text string, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, 1000)) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > most {
		return 0, fmt.Errorf("give a time above zero and up to %s, such as 90d, 240s or 4m", writeTime(most))
	}
	return d, nil
}

// readSize reads bytes: a number, alone or with KB, MB or GB.
func readSize(text string) (int64, error) {
	shift := 0
	for i, unit := range []string{"KB", "MB", "GB"} {
		if before, ok := strings.CutSuffix(strings.ToUpper(text), unit); ok {
			text, shift = strings.TrimSpace(before), 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > 1<<40>>shift {
		return 0, errors.New("give a size in bytes, or with KB, MB or GB, such as 200MB")
	}
	return n << shift, nil
}
