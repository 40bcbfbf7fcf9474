package wdl

import (
	"math"
	"time"

	"isle/expr"
)

// Limits bound what a definition may hold, and what its runs may do (wdl-semantics §17).
// They are settings of who runs workflows; a Program keeps those it was compiled with.
type Limits struct {
	// Of a definition, when it is saved.
	Actions, Triggers, Parameters, Outputs, Variables int
	Nesting                                           int // levels of actions inside actions
	Cases                                             int // of a Switch
	TrackedProperties                                 int // characters
	UntilIterations                                   int // limit.count; held at run time too, where it may be an expression
	ForeachConcurrency                                int // concurrency.repetitions
	TriggerConcurrency                                int // concurrency.runs
	WaitingRuns                                       int // concurrency.maximumWaitingRuns
	PaginationItems                                   int // paginationPolicy.minimumItemCount
	InlineCode                                        int // characters of the code of one JavaScriptCode
	RetryCount                                        int // count of a retry policy; held at run time too, where it may be an expression
	// RetryMinimumInterval and RetryMaximumInterval bound each interval of a retry policy,
	// held at run time too.
	RetryMinimumInterval, RetryMaximumInterval time.Duration
	ExpressionLength                           int // characters of one expression
	NameLength, DescriptionLength              int // characters of those of actions and triggers
	URILength                                  int // bytes of the uri of a request, as it is written out
	// RecurrenceMinimum and RecurrenceMaximum bound the time between two slots.
	RecurrenceMinimum, RecurrenceMaximum time.Duration

	// Of runs.
	ExpressionResult int64 // bytes of what a function or an interpolation gives; at most [expr.MaxSize]
	VariableSize     int64 // bytes of a variable
	VariableItems    int   // of a variable of type Array
	ForeachItems     int
	SplitOnItems     int
	SplitOnCounted   int // items of splitOn where the runs of the trigger are limited
	// Messages of one batch, and their bytes; no release criterion may say more.
	BatchMessages int
	BatchSize     int64
	// RunDuration is how long a run may last, counted from its start by what is set then;
	// 0: for ever.
	RunDuration time.Duration

	stored bool // see Stored
}

// DefaultLimits are the documented ones. Where newer documents have a wider bound it is
// that; parameters of single-tenant workflows may be ten times as many. The documented
// length of inline code, 1,024 characters, refuses public workflows. What an expression
// gives had 131,072 characters in 2019, later 104,857,600 (wdl-semantics §4.2).
func DefaultLimits() Limits {
	return Limits{
		Actions: 500, Triggers: 10, Parameters: 50, Outputs: 10, Variables: 250, Nesting: 8, Cases: 25,
		TrackedProperties: 16_000, UntilIterations: 5000, ForeachConcurrency: 50,
		TriggerConcurrency: 100, WaitingRuns: 200, PaginationItems: 100_000, InlineCode: 100_000, RetryCount: maxRetries,
		RetryMinimumInterval: minRetryInterval, RetryMaximumInterval: maxRetryInterval,
		ExpressionLength: expr.Workflow().Bounds().Length, ExpressionResult: expr.MaxSize,
		NameLength: 80, DescriptionLength: 256, URILength: 16_384, VariableSize: expr.MaxSize, VariableItems: 100_000,
		RecurrenceMinimum: time.Second, RecurrenceMaximum: 500 * 24 * time.Hour,
		ForeachItems: 100_000, SplitOnItems: 100_000, SplitOnCounted: 100, BatchMessages: 8_000, BatchSize: 83_886_080,
		RunDuration: 90 * 24 * time.Hour,
	}
}

// Stored are the limits for a definition that was saved before, under limits that may
// have been wider: those of definitions are lifted, those of runs and defaults stay.
func (l Limits) Stored() Limits {
	for _, lifted := range []*int{&l.Actions, &l.Triggers, &l.Parameters, &l.Outputs, &l.Variables, &l.Nesting, &l.Cases,
		&l.TrackedProperties, &l.WaitingRuns, &l.PaginationItems, &l.InlineCode, &l.ExpressionLength, &l.NameLength, &l.DescriptionLength, &l.URILength} {
		*lifted = unlimited
	}
	l.RecurrenceMinimum, l.RecurrenceMaximum = 0, math.MaxInt64
	l.stored = true
	return l
}

// unlimited is more than anything that a limit counts.
const unlimited = 1 << 30

// most is the limit for a member that is written, which also decides its default.
func (c *compiler) most(limit int) int {
	if c.bounds.stored {
		return unlimited
	}
	return limit
}

// retry are the bounds of a retry policy.
func (l Limits) retry() RetryBounds {
	return RetryBounds{Count: l.RetryCount, Shortest: l.RetryMinimumInterval, Longest: l.RetryMaximumInterval}
}

// LimitError says that what was evaluated is beyond a limit of runs.
type LimitError struct{ Code, Message string }

func (e *LimitError) Error() string { return e.Message }

// beyond is so many times a limit that nothing more than that is worth telling.
func beyond(limit int) int { return min(limit, unlimited) * 10 }
