package runner

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	connectorhttp "isle/internal/connector/http"
)

// An environment that is removed has its peers told first: those of its triggers, and
// those of actions that wait, whose runs end. Who does not answer in time is in the log,
// without addresses.
func TestPeersOfARemovedEnvironmentAreTold(t *testing.T) {
	const waits = `{"Wait":{"type":"HttpWebhook","inputs":{"subscribe":{"method":"POST","uri":"http://peer/wait?key=planted"},"unsubscribe":{"method":"DELETE","uri":"http://peer/forget?key=planted"}}}}`
	for _, answers := range []bool{true, false} {
		playWebhook(t, strings.Replace(hook(""), "unsubscribe/", "unsubscribe/planted", 1), func(t *testing.T, w *world, p *peer, d *Deployed) {
			var log bytes.Buffer
			w.config.Log = slog.New(slog.NewTextHandler(&log, nil))
			w.subscribe(t, d, true)
			run := w.start(t, w.library.deploy(t, "waits", "", waits), "", false)
			synctest.Wait()
			if !answers {
				p.answers(func(string) (*connectorhttp.Response, error) { return nil, errors.New("no answer") })
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			if err := w.Part(ctx, environment); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); answers != (took < 5*time.Second) || took > 11*time.Second {
				t.Errorf("it took %v", took)
			}
			if s := w.run(t, run.RunID); s.Status != "Cancelled" {
				t.Errorf("the run is %s", s.Status)
			}
			if heard := p.heard(); !strings.Contains(heard, "unsubscribe/planted7") || !strings.Contains(heard, "forget") {
				t.Errorf("the peer heard %s", heard)
			}
			for _, name := range []string{"trigger=hook", "action=Wait"} {
				if n := strings.Count(log.String(), name); answers != (n == 0) || n > 1 {
					t.Errorf("answers %v: %s is %d times in the log:\n%s", answers, name, n, log.String())
				}
			}
			if strings.Contains(log.String(), "planted") || strings.Contains(log.String(), "http:") {
				t.Errorf("an address is in the log:\n%s", log.String())
			}
		})
	}
}

// One that is gone already is not made again.
func TestNobodyIsToldOfAnEnvironmentThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.Forget(environment)
	if err := w.store.RemoveEnvironment(t.Context(), environment); err != nil {
		t.Fatal(err)
	}
	if err := w.Part(t.Context(), environment); err != nil || len(w.store.Environments()) != 0 {
		t.Errorf("%v, %v", err, w.store.Environments())
	}
}
