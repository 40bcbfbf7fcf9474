package engine

import (
	"fmt"
	"time"

	"isle/wdl"
)

// How long a run may last (wdl-semantics §13.1, §17; ise.md A12 174: counted from its
// start, by the setting of that moment). Then it ends as TimedOut: what is open has
// timed out, what has not started is skipped, and webhooks are unsubscribed, as when it
// is cancelled. A run that waits for its turn is counted too.

// codeRunTimedOut is the code of a run that is older than it may become.
const codeRunTimedOut = "WorkflowRunTimedOut"

// deadline is that of a run which may last so long; most 0: for ever.
func (s *Start) deadline(most time.Duration) time.Time {
	if s.Deadline.IsZero() && most > 0 {
		return precise(s.Time.Add(most))
	}
	return precise(s.Deadline)
}

// overdue ends a run that is older than it may become.
func (r *Run) overdue() *Need {
	if r.status.Final() || r.start.Deadline.IsZero() || r.now.Before(r.start.Deadline) {
		return nil
	}
	partings, err := r.partings()
	if err != nil {
		return r.wanted(err)
	}
	r.close(closing{status: wdl.TimedOut, code: codeRunTimedOut, open: wdl.TimedOut, reason: codeTimedOut,
		err: &Error{codeRunTimedOut, fmt.Sprintf("The workflow run '%s', which began at '%s', did not end by '%s': no run may last longer.",
			r.start.RunID, r.start.Time.Format(time.RFC3339), r.start.Deadline.Format(time.RFC3339))}}, partings)
	return nil
}
