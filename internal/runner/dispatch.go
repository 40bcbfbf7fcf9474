package runner

import "sync"

// dispatcher performs effects outside the runs: so many at once in all, so many
// for each environment, and environments that wait take turns, so that a noisy one
// delays only itself.
type dispatcher struct {
	total, each int

	mu      sync.Mutex
	running int
	lanes   map[string]*lane
	turns   []*lane // lanes with waiting work and room for it, next first
	closed  bool
	idle    sync.WaitGroup
}

// work is done in its turn; what it gives, if anything, after it has made room, by the
// same goroutine, whose stack has grown by then.
type work func() (then func())

// lane is the work of one environment.
type lane struct {
	name    string
	running int
	waiting []work
	queued  bool // is in turns
}

func newDispatcher(total, each int) *dispatcher {
	return &dispatcher{total: total, each: min(each, total), lanes: map[string]*lane{}}
}

// do runs the work in a goroutine of its own, as soon as there is room. After
// close it does nothing: what was not begun is done after the next start.
func (d *dispatcher) do(environment string, w func()) {
	d.doThen(environment, func() func() { w(); return nil })
}

// doThen is do for work that something follows.
func (d *dispatcher) doThen(environment string, w work) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	l := d.lanes[environment]
	if l == nil {
		l = &lane{name: environment}
		d.lanes[environment] = l
	}
	l.waiting = append(l.waiting, w)
	d.offer(l)
	d.pump()
}

// offer queues a lane that has both work and room. Callers hold mu.
func (d *dispatcher) offer(l *lane) {
	if !l.queued && len(l.waiting) > 0 && l.running < d.each {
		l.queued = true
		d.turns = append(d.turns, l)
	}
}

// pump starts work while there is room. Callers hold mu.
func (d *dispatcher) pump() {
	for d.running < d.total && len(d.turns) > 0 {
		l := d.turns[0]
		d.turns[0] = nil
		d.turns = d.turns[1:]
		l.queued = false
		w := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		d.running++
		l.running++
		d.offer(l)
		d.idle.Add(1)
		go d.run(l, w)
	}
}

// waiting is how much of an environment waits.
func (d *dispatcher) waiting(environment string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lanes[environment]; l != nil {
		return len(l.waiting)
	}
	return 0
}

// pressure tells how much of each environment is under way, and waits.
func (d *dispatcher) pressure(tell func(environment string, running, waiting int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, l := range d.lanes {
		tell(name, l.running, len(l.waiting))
	}
}

// crowded says that as much waits as runs.
func (d *dispatcher) crowded() bool {
	waiting := 0
	d.pressure(func(_ string, _, n int) { waiting += n })
	return waiting >= d.total
}

func (d *dispatcher) run(l *lane, w work) {
	if then := d.carryOut(l, w); then != nil {
		then()
	}
}

func (d *dispatcher) carryOut(l *lane, w work) (then func()) {
	defer d.idle.Done()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.running--
		l.running--
		if l.running == 0 && len(l.waiting) == 0 {
			delete(d.lanes, l.name)
			return
		}
		d.offer(l)
		d.pump()
	}()
	return w()
}

// close drops what has not begun.
func (d *dispatcher) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.turns = nil
	for _, l := range d.lanes {
		l.waiting = nil
	}
}

// wait returns when nothing runs any more; call close first.
func (d *dispatcher) wait() { d.idle.Wait() }
