package runner

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/internal/trigger"
)

// A run that only waits leaves memory; it does not while the outcome of a call is on
// its way, or it would be loaded and the call made again.
func TestACallThatHasEndedIsNotMadeAgain(t *testing.T) {
	w := newWorld(t)
	g := newTarget(t, nil)
	d := w.library.deploy(t, "each", "", `{"Each":{"type":"Foreach","foreach":"@range(0,4)","actions":{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+g.URL+`"}}},"runAfter":{}}}`)
	const runs = 500
	names := make([]string, runs)
	for i := range names {
		names[i] = w.start(t, d, "", false).RunID
	}
	for _, name := range names {
		w.finished(t, name)
	}
	if n := g.total(); n != 4*runs {
		t.Errorf("%d runs of 4 calls made %d calls", runs, n)
	}
}

// stalling holds up who looks a workflow up, and then fails, while it is told to.
type stalling struct {
	*library
	entered chan struct{} // one for each that is held up; nil: nobody is
	fail    chan error
}

func (s *stalling) Workflow(ctx context.Context, environment, flowID, version string) (*engine.Workflow, error) {
	if s.entered != nil {
		s.entered <- struct{}{}
		if err := <-s.fail; err != nil {
			return nil, err
		}
	}
	return s.library.Workflow(ctx, environment, flowID, version)
}

// Who loads a run loads it for all: that it cannot be loaded, or that who asked has gone,
// loses the wake of none.
func TestAWakeIsNotLostWithWhoLoadsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stalling{library: &library{flows: map[string]*Deployed{}}}
		w := open(t, t.TempDir(), s.library, func(c *Config) { c.Programs = s })
		defer w.close(t)
		d := s.deploy(t, "waits", "", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}}`)
		run := w.start(t, d, "", false).RunID
		time.Sleep(time.Hour - time.Second)
		s.entered, s.fail = make(chan struct{}), make(chan error)
		ctx, hangUp := context.WithCancel(t.Context())
		refused := make(chan error)
		go func() {
			refused <- w.CallBack(ctx, CallbackRequest{Environment: environment, Run: run, Action: "Wait"})
		}()
		<-s.entered
		s.entered = nil
		time.Sleep(time.Minute) // the run is woken meanwhile
		hangUp()
		s.fail <- errors.New("the workflow cannot be looked up")
		if err := <-refused; err == nil {
			t.Error("it was called back")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if run := w.run(t, run); run.Status != "Succeeded" {
			t.Errorf("it is %s", run.Status)
		}
	})
}

// An event that the engine refuses does not stop a run between two steps of a long loop.
func TestARefusedEventStopsNoLoop(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "long", "", `{"Each":{"type":"Foreach","foreach":"@range(0,20000)","actions":{"In":{"type":"Compose","inputs":"@item()"}},"runAfter":{}}}`)
	run := w.start(t, d, "", false).RunID
	for range 3 {
		if err := w.CallBack(t.Context(), CallbackRequest{Environment: environment, Run: run, Action: "In"}); err == nil {
			t.Error("it was called back")
		}
	}
	w.finished(t, run)
}

// A run that is begun again by its name, as after a crash, is not in memory beside the one
// that is there: events that are on their way to that one would end there.
func TestARunBegunAgainIsNotBegunInMemory(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "again", "", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`)
	q := FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0], Name: trigger.RunName(time.Now(), 1)}
	if _, err := w.Fire(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	k := runKey{environment, q.Name}
	q.Also = func(*store.Tx) error {
		if _, there := w.live.Load(k); there {
			t.Error("it is in memory twice")
		}
		return nil
	}
	if _, err := w.Fire(t.Context(), q); !errors.Is(err, store.ErrExists) {
		t.Errorf("begun again: %v", err)
	}
}
