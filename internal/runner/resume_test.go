package runner

import (
	"testing"
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
