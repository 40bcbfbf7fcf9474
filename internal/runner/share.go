package runner

import "sync"

// share lets as many steps of runs be made at once as have use for the processors, and
// environments that wait take turns: one with many runs that have much to do delays the
// others by a step, not by all of its own.
type share struct {
	mu    sync.Mutex
	free  int              // steps that may begin at once
	lines map[string]*line // that wait, by environment; empty ones are not kept
	turns []*line          // the same, next first
}

// line is who waits of one environment, first come first.
type line struct {
	environment string
	waiting     []chan struct{} // closed when it may begin
}

func newShare(steps int) *share { return &share{free: steps, lines: map[string]*line{}} }

// enter waits for the turn of a step; leave must follow it.
func (s *share) enter(environment string) {
	s.mu.Lock()
	if s.free > 0 {
		s.free--
		s.mu.Unlock()
		return
	}
	l := s.lines[environment]
	if l == nil {
		l = &line{environment: environment}
		s.lines[environment] = l
		s.turns = append(s.turns, l)
	}
	turn := make(chan struct{})
	l.waiting = append(l.waiting, turn)
	s.mu.Unlock()
	<-turn
}

// leave gives the place to the first of the environment whose turn it is.
func (s *share) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.turns) == 0 {
		s.free++
		return
	}
	l := s.turns[0]
	s.turns[0] = nil
	s.turns = s.turns[1:]
	close(l.waiting[0])
	l.waiting[0] = nil
	if l.waiting = l.waiting[1:]; len(l.waiting) > 0 {
		s.turns = append(s.turns, l)
		return
	}
	delete(s.lines, l.environment)
}

// waiting is how many steps of an environment wait.
func (s *share) waiting(environment string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lines[environment]; l != nil {
		return len(l.waiting)
	}
	return 0
}
