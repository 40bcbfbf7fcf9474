package runner

import (
	"context"
	"sync"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// Reply is what a caller gets. Without a Response action's answer, Sent is false
// and the run's end is in Finish.
type Reply struct {
	Sent       bool
	Action     string
	StatusCode int
	Headers    expr.Value
	Body       expr.Value
	HasBody    bool
	Finish     engine.Finish
}

// caller is where a run leaves the reply and somebody may wait for it. The usual
// reply is there before anybody waits, and costs no channel.
type caller struct {
	mu     sync.Mutex
	reply  *Reply
	waiter chan struct{} // closed with the reply; nil until somebody waits
}

func (c *caller) set(r *Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reply != nil {
		return
	}
	c.reply = r
	if c.waiter != nil {
		close(c.waiter)
	}
}

func (c *caller) wait(ctx context.Context) (*Reply, error) {
	c.mu.Lock()
	if r := c.reply; r != nil {
		c.mu.Unlock()
		return r, nil
	}
	if c.waiter == nil {
		c.waiter = make(chan struct{})
	}
	waiter := c.waiter
	c.mu.Unlock()
	select {
	case <-waiter:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reply, nil
}

// Started is a run that is durable.
type Started struct {
	Environment      string
	RunID            string
	TrackingID       string // of the trigger
	ClientTrackingID string
	Status           wdl.Status // after the first commit
	caller           caller
}

// Reply waits for the Response, or for the run to end without one. The error is
// the context's; see Runner.Leave.
func (s *Started) Reply(ctx context.Context) (*Reply, error) { return s.caller.wait(ctx) }
