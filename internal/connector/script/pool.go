package script

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// grace is what a worker has beyond the time of a script before it is killed.
const grace = time.Second

// Options are those of a Pool.
type Options struct {
	Limits
	// Start makes, but does not start, a process that calls Work with its standard
	// input and output. Its environment is emptied.
	Start   func() (*exec.Cmd, error)
	Workers int           // most at once; 0: as many as there are processors, at least 2
	Idle    time.Duration // after which a worker without work ends; 0: a minute
}

// Pool runs each script in one of its processes. They start when they are needed.
func Pool(o Options) *Operation { return &Operation{newPool(o)} }

func newPool(o Options) *pool {
	o.Limits = o.Limits.orDefaults()
	if o.Workers <= 0 {
		o.Workers = max(2, runtime.GOMAXPROCS(0))
	}
	if o.Idle <= 0 {
		o.Idle = time.Minute
	}
	p := &pool{options: o, room: make(chan struct{}, o.Workers)}
	p.unconfined = sync.OnceValue(p.tryConfined)
	p.stopped, p.stop = context.WithCancel(context.Background())
	return p
}

type pool struct {
	options Options
	room    chan struct{}   // a place for each worker that is at work
	stopped context.Context // ends with the pool
	stop    context.CancelFunc
	// unconfined is why the system does not let workers be locked in, nil if it does. It
	// finds out once, with mu held.
	unconfined func() error

	mu    sync.Mutex
	idle  []*worker // longest idle first
	ended bool

	alive sync.WaitGroup // workers whose process has not been waited for
}

var errStopped = errors.New("the server is stopping")

// run has a worker run the job. One that ends without an answer, by no fault of the
// script, is replaced once.
func (p *pool) run(ctx context.Context, j job) (answer, error) {
	select {
	case p.room <- struct{}{}:
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-p.stopped.Done():
		return answer{}, errStopped
	}
	defer func() { <-p.room }()
	for again := true; ; again = false {
		w, err := p.worker()
		if err != nil {
			return answer{}, err
		}
		a, err := w.run(ctx, j)
		if err == nil {
			p.keep(w)
			return a, nil
		}
		a, known := w.died(err)
		switch {
		case p.stopped.Err() != nil:
			return answer{}, errStopped
		case ctx.Err() != nil:
			return answer{}, ctx.Err()
		case known:
			return a, nil
		case !again:
			return exceeded("the process that ran the code was ended from outside, twice"), nil
		}
	}
}

// worker is an idle worker, or a new one.
func (p *pool) worker() (*worker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, errStopped
	}
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		w.timer.Stop()
		return w, nil
	}
	return p.begin(p.unconfined() == nil)
}

// tryConfined locks in a worker that has no work.
func (p *pool) tryConfined() error {
	w, err := p.begin(true)
	if err != nil {
		return err
	}
	_ = w.in.Close()
	late := time.AfterFunc(time.Minute, w.kill)
	defer late.Stop()
	<-w.ended
	if w.cmd.ProcessState.Success() {
		return nil
	}
	return fmt.Errorf("a process for it cannot be locked in: %s (%v)", strings.TrimSpace(w.stderr.String()), w.cmd.ProcessState)
}

func (p *pool) isolation() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unconfined()
}

// keep puts a worker aside for the next script.
func (p *pool) keep(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		w.end()
		return
	}
	p.idle = append(p.idle, w)
	w.timer = time.AfterFunc(p.options.Idle, func() { p.retire(w) })
}

// retire ends a worker that is idle still.
func (p *pool) retire(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.idle {
		if other == w {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			w.end()
			return
		}
	}
}

// close ends every worker and waits until none is left. Scripts that run are stopped.
func (p *pool) close() {
	p.mu.Lock()
	p.ended = true
	for _, w := range p.idle {
		w.timer.Stop()
		w.end()
	}
	p.idle = nil
	p.mu.Unlock()
	p.stop()
	p.alive.Wait()
}
