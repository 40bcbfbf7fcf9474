package server

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/internal/connector/script"
	connectorworkflow "isle/internal/connector/workflow"
	"isle/wdl"
)

// Limits are those of wdl-semantics §17 that a server can be told otherwise, by `--limit
// name=value`. Zero times and sizes are the documented ones, which are smaller outside
// an environment.
type Limits struct {
	Workflow wdl.Limits
	Code     script.Limits

	MessageSize int64 // bytes of a body, in and out
	ChunkedSize int64 // bytes of a message that is carried over in chunks
	Inbound     time.Duration
	Outbound    time.Duration
	NestedCalls int // workflows that call each other in a row
}

// limit is one of them, and where it is kept.
type limit struct {
	name  string
	value any // *int, *int64 (bytes) or *time.Duration
}

// list is all limits by name.
func (l *Limits) list() []limit {
	w := &l.Workflow
	return []limit{
		{"actions", &w.Actions},
		{"triggers", &w.Triggers},
		{"parameters", &w.Parameters},
		{"outputs", &w.Outputs},
		{"variables", &w.Variables},
		{"nesting", &w.Nesting},
		{"cases", &w.Cases},
		{"trackedProperties", &w.TrackedProperties},
		{"untilIterations", &w.UntilIterations},
		{"foreachConcurrency", &w.ForeachConcurrency},
		{"triggerConcurrency", &w.TriggerConcurrency},
		{"waitingRuns", &w.WaitingRuns},
		{"paginationItems", &w.PaginationItems},
		{"inlineCode", &w.InlineCode},
		{"foreachItems", &w.ForeachItems},
		{"splitOnItems", &w.SplitOnItems},
		{"splitOnItemsWithConcurrency", &w.SplitOnCounted},
		{"retryCount", &w.RetryCount},
		{"batchMessages", &w.BatchMessages},
		{"batchSize", &w.BatchSize},
		{"nestedCalls", &l.NestedCalls},
		{"runDuration", &w.RunDuration},
		{"messageSize", &l.MessageSize},
		{"chunkedSize", &l.ChunkedSize},
		{"inboundTimeout", &l.Inbound},
		{"outboundTimeout", &l.Outbound},
		{"inlineCodeTime", &l.Code.Time},
		{"inlineCodeMemory", &l.Code.Memory},
	}
}

// readLimits reads entries name=value over the defaults. The error has all their
// problems.
func readLimits(entries []string) (Limits, error) {
	l := Limits{Workflow: wdl.DefaultLimits(), NestedCalls: connectorworkflow.DefaultDepth}
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
	return l, errors.Join(found...)
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
		if *into, err = readSize(text); err != nil {
			return err
		}
	case *time.Duration:
		if *into, err = readTime(text); err != nil {
			return err
		}
	}
	return nil
}

// longest is the longest time that a limit can be: that of a run in an environment.
const longest = 366 * 24 * time.Hour

// readTime reads a time in days, such as 366d, or as Go writes it.
func readTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, 1000)) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > longest {
		return 0, errors.New("give a time above zero and up to 366d, such as 90d, 240s or 4m")
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
