package identity

import (
	"sync"
	"time"
)

// Failed logins: after maxFailures of one caller within failureWindow, further
// attempts are refused unlooked at until the window ends.
const (
	maxFailures   = 10
	failureWindow = time.Minute
	maxCallers    = 4096 // remembered; beyond, the whole memory starts anew
)

type limiter struct {
	mu      sync.Mutex
	callers map[string]failures
}

type failures struct {
	count int
	until time.Time
}

// wait is how long a caller must wait; 0 if it may try.
func (l *limiter) wait(caller string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.callers[caller]
	if f.count < maxFailures || !now.Before(f.until) {
		return 0
	}
	return f.until.Sub(now)
}

// failed counts a failure.
func (l *limiter) failed(caller string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.callers[caller]
	if !now.Before(f.until) {
		f = failures{until: now.Add(failureWindow)}
	}
	f.count++
	if l.callers == nil || len(l.callers) >= maxCallers {
		l.callers = map[string]failures{}
	}
	l.callers[caller] = f
}
