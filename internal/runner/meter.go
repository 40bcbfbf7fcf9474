package runner

import (
	"fmt"
	"sync"
	"time"
)

// ErrThrottled says that the environment has carried out as many actions in the last
// minute as it may, so that no run can begin; it is an ErrQueueFull.
var ErrThrottled = fmt.Errorf("%w: the environment's throughput is used up", ErrQueueFull)

// throttlePause is how long what may not begin now waits until it is looked at again.
const throttlePause = 5 * time.Second

// Throughput is what an environment did within the last minute.
type Throughput struct {
	Actions int64 // actions that have ended, skipped ones left out
	Calls   int64 // requests of operations
}

// Throughput is that of an environment, by store id.
func (r *Runner) Throughput(environment string) Throughput {
	return r.meter.read(environment, r.config.Clock())
}

// throttled says whether the environment may begin no run now.
func (r *Runner) throttled(environment string) bool {
	if r.config.MaxActions == nil {
		return false
	}
	limit := r.config.MaxActions(environment)
	return limit > 0 && r.Throughput(environment).Actions >= limit
}

// meter counts by environment and second.
type meter struct {
	mu           sync.Mutex
	environments map[string]*minute
}

// minute is what was done in each of the last sixty seconds; at is the latest of them,
// since 1970.
type minute struct {
	at      int64
	seconds [60]Throughput
}

func (m *meter) count(environment string, now time.Time, done Throughput) {
	if done == (Throughput{}) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.environments == nil {
		m.environments = map[string]*minute{}
	}
	of := m.environments[environment]
	if of == nil {
		of = &minute{}
		m.environments[environment] = of
	}
	second := of.reach(now)
	second.Actions += done.Actions
	second.Calls += done.Calls
}

func (m *meter) read(environment string, now time.Time) (sum Throughput) {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.environments[environment]
	if of == nil {
		return sum
	}
	of.reach(now)
	for _, s := range of.seconds {
		sum.Actions += s.Actions
		sum.Calls += s.Calls
	}
	return sum
}

// forget drops an environment that is being removed.
func (m *meter) forget(environment string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.environments, environment)
}

// reach empties the seconds that have passed and gives the present one. A clock that
// goes back counts to the latest second.
func (m *minute) reach(now time.Time) *Throughput {
	size := int64(len(m.seconds))
	for present := now.Unix(); m.at < present; {
		m.at = max(m.at+1, present-size+1)
		m.seconds[m.at%size] = Throughput{}
	}
	return &m.seconds[m.at%size]
}
