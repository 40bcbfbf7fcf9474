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
	left   bool          // nobody is going to reply
	waiter chan struct{} // closed with the reply, or when there will be none; nil until somebody waits
}

func (c *caller) set(r *Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reply != nil || c.left {
		return
	}
	c.reply = r
	c.tell()
}

// leave says that there will be no reply.
func (c *caller) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reply != nil || c.left {
		return
	}
	c.left = true
	c.tell()
}

// tell wakes who waits. Callers hold mu.
func (c *caller) tell() {
	if c.waiter != nil {
		close(c.waiter)
	}
}

// outcome is what there is to have, if there is. Callers hold mu.
func (c *caller) outcome() (reply *Reply, err error) {
	if c.left {
		return nil, ErrStopped
	}
	return c.reply, nil
}

func (c *caller) wait(ctx context.Context) (*Reply, error) {
	c.mu.Lock()
	if reply, err := c.outcome(); reply != nil || err != nil {
		c.mu.Unlock()
		return reply, err
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
	return c.outcome()
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
// the context's, see Runner.Leave; or ErrStopped, see Runner.LetGo.
func (s *Started) Reply(ctx context.Context) (*Reply, error) { return s.caller.wait(ctx) }
