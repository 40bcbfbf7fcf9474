package wdl

import "time"

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

	// Of runs.
	ForeachItems   int
	SplitOnItems   int
	SplitOnCounted int // items of splitOn where the runs of the trigger are limited
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
// length of inline code, 1,024 characters, refuses public workflows.
func DefaultLimits() Limits {
	return Limits{
		Actions: 500, Triggers: 10, Parameters: 50, Outputs: 10, Variables: 250, Nesting: 8, Cases: 25,
		TrackedProperties: 16_000, UntilIterations: 5000, ForeachConcurrency: 50,
		TriggerConcurrency: 100, WaitingRuns: 200, PaginationItems: 100_000, InlineCode: 100_000, RetryCount: maxRetries,
		ForeachItems: 100_000, SplitOnItems: 100_000, SplitOnCounted: 100, BatchMessages: 8_000, BatchSize: 83_886_080,
		RunDuration: 90 * 24 * time.Hour,
	}
}

// Stored are the limits for a definition that was saved before, under limits that may
// have been wider: those of definitions are lifted, those of runs stay.
func (l Limits) Stored() Limits {
	const none = 1 << 30
	stored := Limits{
		Actions: none, Triggers: none, Parameters: none, Outputs: none, Variables: none, Nesting: none, Cases: none,
		TrackedProperties: none, UntilIterations: l.UntilIterations, ForeachConcurrency: none,
		TriggerConcurrency: none, WaitingRuns: none, PaginationItems: none, InlineCode: none, RetryCount: l.RetryCount,
		ForeachItems: l.ForeachItems, SplitOnItems: l.SplitOnItems, SplitOnCounted: l.SplitOnCounted, RunDuration: l.RunDuration,
		BatchMessages: l.BatchMessages, BatchSize: l.BatchSize, stored: true,
	}
	return stored
}

// beyond is so many times a limit that nothing more than that is worth telling.
func beyond(limit int) int { return min(limit, 1<<30) * 10 }
