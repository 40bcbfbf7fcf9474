package capture

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"isle/netpol/packet"
)

const (
	// tick is how often a capture looks at the time, and writes what waits.
	tick = 100 * time.Millisecond
	// enough is how much waits at most before it is written.
	enough = 64 << 10
)

// session is a capture under way. A goroutine for each tap reads it; run waits for what
// ends it.
type session struct {
	request Request
	clock   func() time.Time
	until   time.Time
	taps    []Tap
	ended   chan struct{} // closed when all is done and told

	stop chan struct{} // closed by the first end

	mu      sync.Mutex
	outcome *Outcome // set by the first end; guarded by mu
	files   files    // guarded by mu
	packets int64    // guarded by mu
	gone    int      // taps whose link has gone; guarded by mu
}

func newSession(r Request, folder string, clock func() time.Time) *session {
	return &session{request: r, clock: clock, until: clock().Add(r.Length), ended: make(chan struct{}), stop: make(chan struct{}),
		files: files{folder: folder, first: r.File, most: r.Files, bytes: r.Bytes, ring: r.Ring}}
}

// end has the capture end; the first reason stays.
func (s *session) end(reason string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(reason, err)
}

func (s *session) endLocked(reason string, err error) {
	if s.outcome == nil {
		s.outcome = &Outcome{Reason: reason, Err: err, End: s.clock().UTC()}
		close(s.stop)
	}
}

// run captures until the end.
func (s *session) run() Outcome {
	var reading sync.WaitGroup
	for _, tap := range s.taps {
		reading.Go(func() { s.read(tap) })
	}
	s.watch()
	dropped := s.dropped()
	s.closeTaps()
	reading.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.files.close(); err != nil && s.outcome.Err == nil {
		s.outcome.Reason, s.outcome.Err = FileFailed, err
	}
	s.outcome.Progress = Progress{Packets: s.packets, Bytes: s.files.total, Dropped: dropped}
	return *s.outcome
}

// watch looks at the time until something ends the capture.
func (s *session) watch() {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticks.C:
			if !s.clock().Before(s.until) {
				s.end(TimeExceeded, nil)
				return
			}
			s.flush()
		}
	}
}

func (s *session) closeTaps() {
	for _, tap := range s.taps {
		_ = tap.Close()
	}
}

func (s *session) dropped() (n int64) {
	for _, tap := range s.taps {
		n += tap.Dropped()
	}
	return n
}

// read writes what a tap gives.
func (s *session) read(tap Tap) {
	for {
		frame, err := tap.Next()
		switch {
		case err == nil:
		case errors.Is(err, ErrGone):
			s.lost()
			return
		default:
			s.end(Failed, err) // nothing new where the end has closed the tap
			return
		}
		if !s.take(&frame) {
			return
		}
	}
}

// lost notes that a link has gone; with the last one the capture ends.
func (s *session) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone++; s.gone == len(s.taps) {
		s.endLocked(TargetRemoved, nil)
	}
}

// take writes a frame; false if nothing is taken any more.
func (s *session) take(frame *packet.Record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outcome != nil {
		return false
	}
	switch err := s.files.add(frame); {
	case errors.Is(err, errFull):
		s.endLocked(BytesExceeded, nil)
		return false
	case err != nil:
		s.endLocked(FileFailed, err)
		return false
	}
	if s.packets++; s.packets == s.request.Packets {
		s.endLocked(PacketsExceeded, nil)
		return false
	}
	return true
}

// flush writes what waits.
func (s *session) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outcome != nil {
		return
	}
	if err := s.files.flush(); err != nil {
		s.endLocked(FileFailed, fmt.Errorf("writing: %w", err))
	}
}

func (s *session) progress() Progress {
	dropped := s.dropped()
	s.mu.Lock()
	defer s.mu.Unlock()
	return Progress{Packets: s.packets, Bytes: s.files.total, Dropped: dropped}
}
