package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

func opened(t *testing.T) *DB {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Control()
}

// wantFault checks what a write, and the health, say.
func wantFault(t *testing.T, d *DB, want Fault) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *Tx) error {
		return tx.PutResource(Resource{ID: "/big", Body: randomBytes(200_000)})
	})
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Fault != want || unavailable.Database != "control" {
		t.Errorf("a write gives %v", err)
	}
	if err := d.Health(t.Context()); !errors.As(err, &unavailable) || unavailable.Fault != want {
		t.Errorf("the health is %v", err)
	}
}

// wantHealthy lets the last commit grow old, so that Health looks for itself.
func wantHealthy(t *testing.T, d *DB) {
	t.Helper()
	d.health.mu.Lock()
	d.health.at = time.Time{}
	d.health.mu.Unlock()
	if err := d.Health(t.Context()); err != nil {
		t.Errorf("the health is %v", err)
	}
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.PutSetting("after", nil) }); err != nil {
		t.Error(err)
	}
}

func TestFullDiskIsSaid(t *testing.T) {
	d := opened(t)
	pages := func(n int) {
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.c.script(fmt.Sprintf(`PRAGMA max_page_count = %d`, n)) }); err != nil {
			t.Fatal(err)
		}
	}
	pages(1)
	wantFault(t, d, FaultFull)
	pages(1_000_000)
	wantHealthy(t, d)
}

func TestLockedDatabaseIsSaid(t *testing.T) {
	d := opened(t)
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.c.script(`PRAGMA busy_timeout = 1`) }); err != nil {
		t.Fatal(err)
	}
	other, err := openConn(d.path, "rw")
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	if err := other.script(`BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	wantFault(t, d, FaultLocked)
	if err := d.Read(t.Context(), func(tx *Tx) error { return nil }); err != nil {
		t.Errorf("a locked database can be read: %v", err)
	}
	if err := other.script(`ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	wantHealthy(t, d)
}

// A commit that hangs is told as soon as the asker's time is over.
func TestSlowDiskIsSaid(t *testing.T) {
	d := opened(t)
	release, begun := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- d.Write(context.Background(), func(*Tx) error { close(begun); <-release; return nil })
	}()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var slow *UnavailableError
	if err := d.Health(ctx); !errors.As(err, &slow) || slow.Fault != FaultSlow {
		t.Errorf("the health is %v", err)
	}
	if err := d.Slow(); err != nil {
		t.Errorf("a commit that has just begun: %v", err)
	}
	d.writer.began.Store(time.Now().Add(-slowCommit - time.Second).UnixNano()) // it grows old
	for _, err := range []error{d.Slow(), d.Health(t.Context())} {
		if !errors.As(err, &slow) || slow.Fault != FaultSlow || slow.Database != "control" {
			t.Errorf("a commit that hangs: %v", err)
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := d.Slow(); err != nil {
		t.Errorf("when it has ended: %v", err)
	}
	wantHealthy(t, d)
}

// A commit that took long does not speak for the next one: that is looked at.
func TestHealthLooksAgainAfterASlowCommit(t *testing.T) {
	d := opened(t)
	d.observe(1, slowCommit+time.Second, nil)
	if err := d.Health(t.Context()); err != nil {
		t.Errorf("the health is %v", err)
	}
	d.health.mu.Lock()
	defer d.health.mu.Unlock()
	if d.health.slow {
		t.Error("nothing was looked at")
	}
}

// What fails for a reason of the store's own is no fault of the disk.
func TestFaultOf(t *testing.T) {
	for err, want := range map[error]Fault{
		ErrNotFound: "", ErrCorrupt: "", errors.New("x"): "", os.ErrPermission: "",
		&os.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}: FaultFull,
		fmt.Errorf("content: %w", syscall.EIO):                     FaultFailing,
	} {
		if got := faultOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestObserverHearsOfCommits(t *testing.T) {
	var heard []Commit
	s, err := Open(t.Context(), t.TempDir(), Options{Observe: func(c Commit) { heard = append(heard, c) }})
	if err != nil {
		t.Fatal(err)
	}
	put := func() {
		if err := s.Control().Write(t.Context(), func(tx *Tx) error { return tx.PutSetting("x", nil) }); err != nil {
			t.Error(err)
		}
	}
	put()
	put()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(heard) != 2 || heard[0].Database != "control" || heard[0].Calls != 1 || heard[0].Took <= 0 || heard[0].Fault != nil || heard[0].Changed {
		t.Errorf("%+v", heard)
	}
}
