package script

import (
	"context"
	"errors"
	"runtime"
)

// InProcess runs scripts in this process, as many at once as it has processors.
func InProcess(l Limits) *Operation {
	return &Operation{inProcess{l.orDefaults(), make(chan struct{}, runtime.GOMAXPROCS(0))}}
}

type inProcess struct {
	limits Limits
	room   chan struct{}
}

// run waits no longer than the context, even for code that cannot be stopped, which
// keeps its place until it ends.
func (p inProcess) run(ctx context.Context, j job) (answer, error) {
	select {
	case p.room <- struct{}{}:
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	done := make(chan answer, 1)
	go func() {
		defer func() { <-p.room }()
		done <- evaluate(ctx, j, p.limits)
	}()
	select {
	case a := <-done:
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

func (p inProcess) close() {}

var errInProcess = errors.New("it runs inside this process")

func (p inProcess) isolation() error { return errInProcess }
