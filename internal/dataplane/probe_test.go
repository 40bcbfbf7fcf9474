package dataplane

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestAProbeThatBeginsHasItsTime: what is slow to answer is not cut off at the end of all
// probes, which would count as a failure; nor does the wait before the first one count.
func TestAProbeThatBeginsHasItsTime(t *testing.T) {
	answersAfter := func(d time.Duration) probeWays {
		return probeWays{dial: func(ctx context.Context) (net.Conn, error) {
			select {
			case <-time.After(d):
				c, other := net.Pipe()
				return c, other.Close()
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
	}
	for _, c := range []struct {
		what         string
		after        time.Duration
		sent, failed int
	}{
		{"at once", 0, maxProbes, 0},
		{"slowly", 1900 * time.Millisecond, 5, 0},
		{"never", time.Hour, 5, 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			room := make(chan struct{}, 1)
			room <- struct{}{}
			go func() {
				time.Sleep(probesTimeout - time.Second)
				<-room
			}()
			begun := time.Now()
			done := (&Probe{Protocol: ProbeTCP}).send(t.Context(), room, answersAfter(c.after))
			if done.Sent != c.sent || done.Failed != c.failed || len(room) > 0 {
				t.Errorf("%s: %+v, want %d of %d failed", c.what, done, c.failed, c.sent)
			}
			if took := time.Since(begun); took > 2*probesTimeout {
				t.Errorf("%s: it took %s", c.what, took)
			}
		})
	}
}

// TestProbesWaitForRoom: not for ever, and not longer than who asks.
func TestProbesWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := make(chan struct{})
		if done := (&Probe{Protocol: ProbeTCP}).send(t.Context(), full, probeWays{}); done.Sent > 0 || done.Err == nil {
			t.Errorf("%+v", done)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if done := (&Probe{Protocol: ProbeTCP}).send(gone, full, probeWays{}); done.Sent > 0 || !errors.Is(done.Err, context.Canceled) {
			t.Errorf("%+v", done)
		}
	})
}
